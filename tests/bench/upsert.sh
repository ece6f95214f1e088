# shellcheck shell=bash disable=SC2154 # run.sh sets work
# Loading rows of which half are there already, with other values; against the best script
# for psql that we know: COPY into a temporary table, one INSERT … SELECT … ON CONFLICT.
# And many rows of one key, against rows of distinct keys.

title="$(scaled 1000000) rows, half of them there"
statements=$work/insert.sql
set_all='created = excluded.created, customer = excluded.customer, status = excluded.status,
	amount = excluded.amount, paid = excluded.paid, note = excluded.note, detail = excluded.detail'

as_values="format('(%L, %L, %L, %L, %L, %L, %L, %L)', id, created, customer, status, amount, paid, note, detail)"
last=$(scaled 1000000)

# The odd half of the rows, changed.
half()
{
	reset dst "TRUNCATE mixed; INSERT INTO mixed SELECT * FROM half"
}

full()
{
	reset dst "TRUNCATE mixed; INSERT INTO mixed SELECT * FROM whole"
}

none()
{
	reset dst "TRUNCATE mixed"
}

# upsert_portl NAME BEFORE TABLE OPTION...
upsert_portl()
{
	$2
	sample "$1" portl-extract -d src -t "$3" '|' portl-load -d dst -t mixed "${@:4}"
}

# upsert_psql NAME BEFORE ACTION
upsert_psql()
{
	local action="DO NOTHING"

	[ "$3" = skip ] || action="DO UPDATE SET $set_all"
	$2
	sample "$1" psql -Xq -d src -c 'COPY mixed TO STDOUT (FORMAT binary)' '|' \
		psql -Xq -v ON_ERROR_STOP=1 -d dst -c BEGIN \
		-c 'CREATE TEMP TABLE stage (LIKE mixed) ON COMMIT DROP' \
		-c 'COPY stage FROM STDIN (FORMAT binary)' \
		-c "INSERT INTO mixed SELECT * FROM stage ON CONFLICT (id) $action" -c COMMIT
}

# The same in INSERTs of 1,000 rows, which the source makes of its rows while they are sent;
# all or nothing, as the others.
upsert_inserts()
{
	half
	sample "$1" psql -XAtq -v FETCH_COUNT=1000 -d src -c "SELECT
			CASE id % 1000 WHEN 1 THEN 'INSERT INTO mixed VALUES ' ELSE ', ' END || $as_values ||
			CASE WHEN id % 1000 = 0 OR id = $last THEN ' ON CONFLICT (id) DO UPDATE SET $set_all;' ELSE '' END
		FROM mixed ORDER BY id" '|' psql -Xq -v ON_ERROR_STOP=1 -1 -d dst -f -
}

upsert_client()
{
	half
	sample "$1" tests/bench/inserts.py "$set_all"
}

upsert_ready()
{
	half
	sample "$1" psql -Xq -v ON_ERROR_STOP=1 -1 -d dst -f "$statements"
}

make_tables mixed
reset dst "CREATE TABLE half (LIKE mixed); CREATE TABLE whole (LIKE mixed)"
psql -Xq -d src -c 'COPY mixed TO STDOUT (FORMAT binary)' |
	psql -Xq -d dst -c 'COPY whole FROM STDIN (FORMAT binary)' \
		-c "INSERT INTO half SELECT id, created, customer + 1, status, amount + 1, paid, note, detail
			FROM whole WHERE id % 2 = 1"
psql -XAtq -d src -o "$statements" -c "SELECT 'INSERT INTO mixed VALUES ' || string_agg($as_values, ', '
		ORDER BY id) || ' ON CONFLICT (id) DO UPDATE SET $set_all;'
	FROM mixed GROUP BY (id - 1) / 1000"

rounds 'upsert_portl overwrite half mixed --conflict=overwrite' 'upsert_psql overwrite.psql half overwrite' \
	'upsert_portl batch half mixed --conflict=overwrite --commit=batch --batch-size=10000'
compare "$title: overwrite" wall overwrite overwrite.psql 0.85
compare "$title: overwrite, committed every 10,000" wall batch overwrite.psql 1.25
at_most "$title: peak memory of portl-load" rss2 overwrite 24
at_most "$title: peak memory of portl-load, committed every 10,000" rss2 batch 24

rounds 'upsert_portl skip half mixed --conflict=skip' 'upsert_psql skip.psql half skip' \
	'upsert_portl skip.batch half mixed --conflict=skip --commit=batch --batch-size=10000'
compare "$title: skip" wall skip skip.psql 1.10
compare "$title: skip, committed every 10,000" wall skip.batch skip.psql 1.25

# The limit is for a client that sends its rows as INSERTs.  What the server alone needs for
# such statements is told without one: psql makes them of format()'s text, or has them ready.
rounds 'upsert_portl again half mixed --conflict=overwrite' 'upsert_client client' \
	'upsert_inserts inserts' 'upsert_ready ready'
compare "$title: overwrite, against INSERTs of 1,000 rows by a client" wall again client 0.25
compare "$title: overwrite, against INSERTs of 1,000 rows made by the source" wall again inserts
compare "$title: overwrite, against INSERTs of 1,000 rows from a file" wall again ready

rounds 'upsert_portl equal full mixed --conflict=overwrite' 'upsert_psql equal.psql full overwrite'
compare "$(scaled 1000000) rows, all there and equal: against a blind update" wall equal equal.psql 0.42

# Many rows of one key must not cost the square of their number: against distinct keys.
reset src "CREATE TABLE ten AS SELECT id % 10 AS id, created, customer, status, amount, paid,
	CASE WHEN id % 3 = 0 THEN note END AS note, detail FROM mixed ORDER BY mixed.id"
for mode in overwrite newer merge skip; do
	options=--conflict=$mode
	[ $mode != newer ] || options='--conflict=overwrite --newer=created'
	rounds "upsert_portl ten.$mode none ten $options" "upsert_portl distinct.$mode none mixed $options"
	compare "$(scaled 1000000) rows of ten keys, against distinct keys: $mode" wall ten.$mode distinct.$mode 3
done

reset src 'DROP TABLE ten'
reset dst 'DROP TABLE half, whole'
rm -f "$statements"
