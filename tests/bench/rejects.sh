# shellcheck shell=bash disable=SC2154 # run.sh sets work
# Loading rows of which one in a thousand is refused; against the same command on clean
# rows, and against that without --rejects, which is a plain COPY.

title="$(scaled 1000000) rows, 0.1 % refused"

clean_portl()
{
	reset dst 'TRUNCATE mixed'
	sample "$1" portl-extract -d src -t mixed '|' portl-load -d dst -t mixed "${@:2}"
}

# With rejected rows the status is 3, which must not count as a failure.
rejects_portl()
{
	reset dst 'TRUNCATE mixed'
	sample "$1" portl-extract -d src -t "$2" '|' \
		sh -c 'portl-load "$@"; test $? -eq 3' sh -d dst -t mixed --rejects="$work/rejects"
}

make_tables mixed
# A CHECK and a second unique index, by which one in a thousand equals the row before it.
for kind in check unique; do
	reset src "DROP TABLE IF EXISTS spoilt_$kind; CREATE TABLE spoilt_$kind (LIKE mixed INCLUDING INDEXES);
		INSERT INTO spoilt_$kind SELECT id, CASE WHEN spoilt AND '$kind' = 'unique' THEN created - interval '17 s'
			ELSE created END, CASE WHEN spoilt AND '$kind' = 'check' THEN -1 ELSE customer END,
			status, amount, paid, note, detail
			FROM (SELECT *, hashint8(id) % 1000 = 0 AND id > 1 AS spoilt FROM mixed) AS s;
		ANALYZE spoilt_$kind"
done
reset dst 'ALTER TABLE mixed ADD CHECK (customer >= 0), ADD UNIQUE (created)'
rounds 'rejects_portl check spoilt_check' 'rejects_portl unique spoilt_unique' 'clean_portl clean' \
	"clean_portl clean.rejects --rejects=$work/rejects"
for kind in check unique; do
	compare "$title by $kind: against clean rows" wall $kind clean.rejects 1.5
	compare "$title by $kind: against clean rows without --rejects" wall $kind clean 1.5
	at_most "$title by $kind: peak memory of portl-load" rss2 $kind 24
done
