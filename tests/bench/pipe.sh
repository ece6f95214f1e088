# shellcheck shell=bash disable=SC2154 # run.sh sets work
# The binary pipe between two databases, against psql's.

declare -A title=([mixed]="$(scaled 1000000) mixed rows" [narrow]="$(scaled 3000000) narrow rows"
	[wide]="$(scaled 50000) rows of 10 kB" [empty]='empty table')
many=$(scaled 10000000)
field=$(scaled $((256 * 1024 * 1024))) # bytes

pipe_psql()
{
	reset dst "TRUNCATE $1"
	sample "$1.psql" psql -Xq -d src -c "COPY $1 TO STDOUT (FORMAT binary)" '|' \
		psql -Xq -d dst -c "COPY $1 FROM STDIN (FORMAT binary)"
}

pipe_portl()
{
	reset dst "TRUNCATE $1"
	sample "$1.portl" portl-extract -d src -t "$1" '|' portl-load -d dst -t "$1"
}

pipe_create()
{
	reset dst "DROP TABLE IF EXISTS made"
	sample "$1.create" portl-extract -d src -t "$1" '|' portl-load -d dst -t made --create
}

# share TABLE OURS FIELD WHAT [LIMIT]
share()
{
	local whole ratio ok=null

	whole=$(values "$1.portl" "$3" | median)
	ratio=$(awk -v a="$2" -v b="$whole" 'BEGIN { print a / b }')
	[ $# -lt 5 ] || ok=$(holds "$ratio <= $5")
	row "${title[$1]}: the rows digest of both sides, $4" "$3" s "$2" "$whole" \
		"$ratio" "${5-null}" "$ok"
}

# digest_share TABLE: what the sum over rows costs both programs, of what the pipe takes: of
# all its processes, the server's two among them, and, for those who look at Portl alone, of
# the programs.  The cost is measured by itself; in two pipes with and without it, it would
# be less than what one pipe differs from the next.
digest_share()
{
	local ours

	psql -Xq -d src -c "COPY $1 TO STDOUT (FORMAT binary)" >"$work/rows.$1"
	ours=$("$BUILD/bench/digest" "$BENCH_RUNS" "$work/rows.$1" | awk '{ print 2 * $1 }')
	share "$1" "$ours" all 'of CPU of the whole pipe' 0.03
	share "$1" "$ours" cpu 'of CPU of both programs'
	rm "$work/rows.$1"
}

make_tables mixed narrow wide empty
for table in mixed narrow wide; do
	rounds "pipe_psql $table" "pipe_portl $table" "pipe_create $table"
	compare "${title[$table]}: pipe into the table, its key in place" wall \
		$table.portl $table.psql 1.03
	compare "${title[$table]}: CPU of both programs" cpu $table.portl $table.psql 0.9
	compare "${title[$table]}: --create against psql with the key in place" wall \
		$table.create $table.psql 0.85
	digest_share $table
done

# A start takes milliseconds: more rounds cost nothing.
rounds=$BENCH_RUNS
BENCH_RUNS=$((rounds * 4))
rounds 'pipe_psql empty' 'pipe_portl empty'
compare "${title[empty]}: end to end" wall empty.portl empty.psql 3
BENCH_RUNS=$rounds

reset dst 'CREATE UNLOGGED TABLE many (id int, value int)'
sample many portl-extract -d src -c "SELECT i AS id, i AS value FROM generate_series(1, $many) i" '|' \
	portl-load -d dst -t many
at_most "$many narrow rows: peak memory of portl-extract" rss1 many 20
at_most "$many narrow rows: peak memory of portl-load" rss2 many 20

reset dst 'DROP TABLE many; CREATE TABLE huge (id int, body text)'
sample huge portl-extract -d src -c "SELECT 1 AS id, repeat('x', $field) AS body" '|' \
	portl-load -d dst -t huge
at_most "one field of $(numfmt --to=iec "$field"): peak memory of portl-extract" rss1 huge \
	$((field * 5 / 2 >> 20))
at_most "one field of $(numfmt --to=iec "$field"): peak memory of portl-load" rss2 huge 24
reset dst 'DROP TABLE huge'
