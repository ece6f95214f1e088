# shellcheck shell=bash disable=SC2154 # run.sh sets work
# Loading rows of which one in a thousand or one in a hundred is refused, for each kind of
# reason; against the same command on clean rows, and against that without --rejects, which
# is a plain COPY.

# rejects_portl NAME KIND ROWS [STATUS]: with rejected rows the status is 3, which must not
# count as a failure.
rejects_portl()
{
	local values=auto

	[ "$2" != value ] || values=text
	reset dst "TRUNCATE into_$2"
	sample "$1" portl-extract -d src --values=$values -t "$3" '|' sh -c 'portl-load -q "$@"; test $? -eq '"${4:-3}" \
		sh -d dst -t "into_$2" --rejects="$work/rejects"
}

clean_portl()
{
	reset dst 'TRUNCATE into_check'
	sample "$1" portl-extract -d src -t mixed '|' portl-load -d dst -t into_check
}

# Every PER-th row is one that the target of this kind refuses, as good as at random.
# spoilt KIND PER VALUE [CAST]: VALUE is what stands for the customer then.
spoilt()
{
	reset src "DROP TABLE IF EXISTS spoilt_$1_$2; CREATE TABLE spoilt_$1_$2 AS
		SELECT id, CASE WHEN spoilt AND '$1' = 'unique' THEN created - interval '17 s' ELSE created END AS created,
			CASE WHEN spoilt THEN $3 ELSE customer${4-} END AS customer,
			status, amount, paid, note, detail
		FROM (SELECT *, hashint8(id) % $2 = 0 AND id > 1 AS spoilt FROM mixed) AS s"
}

make_tables mixed
reset src "DROP TABLE IF EXISTS mixed_text; CREATE TABLE mixed_text AS
	SELECT id, created, customer::text, status, amount, paid, note, detail FROM mixed"
reset dst 'DROP TABLE IF EXISTS into_check, into_unique, into_foreign, into_value, customers;
	CREATE TABLE customers AS SELECT generate_series(0, 50020) AS id; ALTER TABLE customers ADD PRIMARY KEY (id)'
for kind in check unique foreign value; do
	reset dst "CREATE TABLE into_$kind (LIKE mixed INCLUDING ALL)"
	for per in 1000 100; do
		case $kind in
		check) spoilt $kind $per -1 ;;
		unique) spoilt $kind $per customer ;;
		foreign) spoilt $kind $per 60000 ;;
		value) spoilt $kind $per "'x'" ::text ;;
		esac
	done
done
reset dst 'ALTER TABLE into_check ADD CHECK (customer >= 0); ALTER TABLE into_unique ADD UNIQUE (created);
	ALTER TABLE into_foreign ADD FOREIGN KEY (customer) REFERENCES customers'

calls=('clean_portl clean')
for kind in check unique foreign value; do
	clean=mixed
	[ $kind != value ] || clean=mixed_text
	calls+=("rejects_portl $kind.0 $kind $clean 0" "rejects_portl $kind.1000 $kind spoilt_${kind}_1000"
		"rejects_portl $kind.100 $kind spoilt_${kind}_100")
done
rounds "${calls[@]}"
title="$(scaled 1000000) rows"
for kind in check unique foreign value; do
	compare "$title, 0.1 % refused by $kind: against clean rows" wall $kind.1000 $kind.0 1.5
	compare "$title, 1 % refused by $kind: against clean rows" wall $kind.100 $kind.0
	at_most "$title, 1 % refused by $kind: peak memory of portl-load" rss2 $kind.100 24
done
compare "$title, 0.1 % refused by check: against a plain COPY of clean rows" wall check.1000 clean 1.3
compare "$title, clean, with --rejects: against a plain COPY" wall check.0 clean 1.15
