# shellcheck shell=bash disable=SC2154 # run.sh sets work
# How rows come into a table that has some: by one pipe, by what `portl run -j 2` makes of it,
# and in two parts that were asked for.  What the plan chooses is to be the fastest.
# BENCH_SCALE=10: ten million rows.

make_tables mixed
rows=$(scaled 1000000)

# As many rows that are there: of other keys, and of half of the keys.
reset dst 'CREATE TABLE others (LIKE mixed); CREATE TABLE half (LIKE mixed)'
psql -Xq -d src -c 'COPY mixed TO STDOUT (FORMAT binary)' |
	psql -Xq -v ON_ERROR_STOP=1 -d dst -c 'COPY others FROM STDIN (FORMAT binary)' \
		-c "UPDATE others SET id = id + $rows, amount = amount + 1" -c "INSERT INTO half SELECT
			CASE WHEN id % 2 = 0 THEN id ELSE id - $rows END, created, customer, status, amount, paid, note, detail
			FROM others" -c 'VACUUM (FREEZE, ANALYZE) others, half'

# there TABLE: its rows are what the target has, and no run is in the ledger.
there()
{
	reset dst "DROP SCHEMA IF EXISTS portl_ledger CASCADE; TRUNCATE mixed; INSERT INTO mixed SELECT * FROM $1"
}

# pipe NAME TABLE LOAD-OPTION...
pipe()
{
	there "$2"
	sample "$1" portl-extract -d src -t mixed '|' portl-load -q -d dst "${@:3}"
}

# run NAME TABLE EXTRACT-OPTION... -- LOAD-OPTION...
run()
{
	there "$2"
	sample "$1" portl run -q -j 2 -d src -t mixed "${@:3}"
}

rounds 'pipe add_pipe others' 'run add others -- -d dst' 'run add_parts others --parts=2 -- -d dst' \
	'run add_seen others --parts=2 -- -d dst --commit=part'
title="$rows rows to as many of other keys"
compare "$title: run -j 2 against one pipe" wall add add_pipe 1.05
compare "$title: run -j 2 against two parts, seen at once" wall add add_parts 1
compare "$title: two parts, seen one by one, against one pipe" wall add_seen add_pipe

rounds 'pipe over_pipe half --conflict=overwrite' 'run over half -- -d dst --conflict=overwrite' \
	'run over_parts half --parts=2 -- -d dst --conflict=overwrite'
title="$rows rows, half of them there, overwrite"
compare "$title: run -j 2 against one pipe" wall over over_pipe 1.05
compare "$title: run -j 2 against two parts, seen at once" wall over over_parts 1

reset dst 'DROP TABLE others, half'
