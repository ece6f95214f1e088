# shellcheck shell=bash disable=SC2154 # run.sh sets work
# A second run, one row in a hundred changed since the first: what changed, all rows, what is
# gone; and how fast a table is looked through of which nothing has changed.

rows=$(scaled 1000000)
title="$rows rows, one in a hundred changed"

make_tables mixed
position()
{
	portl-extract -d src -t mixed --dry-run -F ndjson | head -n 1 | jq -r '."$portl".position'
}

psql -Xq -v ON_ERROR_STOP=1 -d src -c 'CREATE TABLE old AS TABLE mixed'
portl-extract -d src -t old | portl-load -q -d dst --create
before=$(position)
psql -Xq -v ON_ERROR_STOP=1 -d src -c "UPDATE mixed SET note = 'changed' WHERE id % 100 = 0" -c 'VACUUM ANALYZE mixed'
now=$(position)

# as_before [ROWS]: the target as the first run has left it, with so many rows that are gone.
as_before()
{
	reset dst "TRUNCATE mixed; INSERT INTO mixed SELECT * FROM old;
		INSERT INTO mixed SELECT id + 2 * $rows, created, customer, status, amount, paid, note, detail FROM old LIMIT ${1:-0}"
}

again_full()
{
	as_before
	sample again_full portl-extract -d src -t mixed '|' portl-load -d dst --conflict=overwrite
}

again_since()
{
	as_before
	sample again_since portl-extract -d src -t mixed --since="$before" '|' portl-load -d dst --conflict=overwrite
}

again_keys()
{
	as_before $((rows / 100))
	sample again_keys portl-extract -d src -t mixed --since="$before" --with-keys '|' \
		portl-load -d dst --conflict=overwrite --delete
}

again_delete()
{
	as_before $((rows / 100))
	sample again_delete portl-extract -d src -t mixed '|' portl-load -d dst --conflict=overwrite --delete
}

again_nothing()
{
	sample again_nothing portl-extract -d src -t mixed --since="$now" -o "$work/nothing"
	sample again_psql psql -Xq -d src -c "COPY ($looks) TO STDOUT" -o "$work/nothing"
}

# The CPU time of the second of two in one session: the first has to map each page of shared
# memory into the new backend, which is the kernel's work and differs a lot with huge_pages.
again_scan()
{
	PGOPTIONS='-c log_statement_stats=on -c client_min_messages=log' psql -XAtq -d src \
		-c "COPY ($looks) TO STDOUT" -c "COPY ($looks) TO STDOUT" 2>&1 |
		awk '/s user,.*elapsed$/ { s = $2 + $5 } END { print s, s }' >>"$round/again_scan"
}

# What portl-extract sends.
looks=$(portl-extract -vv -d src -t mixed --since="$now" -o "$work/nothing" 2>&1 |
	awk '/^\t\) TO STDOUT/ { exit } copy { print } /SQL: COPY \($/ { copy = 1 }')

rounds again_full again_since again_keys again_delete again_nothing again_scan

compare "$title: --since against all rows, both overwrite" wall again_since again_full 0.25
compare "$title: --since --with-keys, --delete, against all rows" wall again_keys again_full 0.5
compare "$title: all rows, --delete against without" wall again_delete again_full 1.15
at_least "nothing changed: rows that a backend looks through for --since" \
	"$(values again_scan cpu | median | awk -v n="$rows" '{ printf "%.5f", n / $1 / 1e6 }')" 8 'M rows/s'
compare "nothing changed: --since against the same COPY by psql" wall again_nothing again_psql
at_most "$title: peak memory of both programs" rss again_keys 30
