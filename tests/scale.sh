#!/bin/bash
# make scale: memory does not grow with the rows, and the largest values arrive.
#
#   SCALE_ROWS=100000000    narrow rows to send through the pipe; 36 bytes of disk each
#   SCALE_FIELD=1073740800  bytes of the largest value: 1 GB minus 1 kB
#   SCALE_PARTS="rows fields csv"  which of the three
#
# rows: an unlogged table without a key, so that a small disk and an hour suffice.  Several
# times a second the memory of both programs and the number of rows are noted.  In the
# last tenth of the rows neither may have more than 1 MB above its most of the first tenth.
# The rate is printed, and not judged.
#
# fields: one row with a text, and one with a bytea, in both formats.  It has to be equal
# in the target, or refused with a hint that names the limit; neither program may take more
# than three times the value as it travels (a bytea in NDJSON has two digits a byte), and
# the 16 MB that a pipe of small rows may take.
#
# csv: a bytea that arrives in binary form, but whose text would be longer than a field of
# a CSV file can be: refused, and no file is left.
#
# Samples and figures stay in BUILD/scale.  The status is 0 if all of this holds.
set -u
cd "$(dirname "$0")/.." || exit
BUILD=$(cd "${BUILD:-build}" && pwd) || exit
export PATH="$BUILD:$PATH" LC_ALL=C
SCALE_ROWS=${SCALE_ROWS:-100000000}
SCALE_FIELD=${SCALE_FIELD:-1073740800}
# shellcheck source=tests/lib/cluster.sh
. tests/lib/cluster.sh

out=$BUILD/scale
mkdir -p "$out"
work=$(cluster_dir)
cluster_start "$work" 'shared_buffers = 256MB' 'max_wal_size = 2GB' 'autovacuum = off' || exit
cluster_env "$work"
trap 'cluster_drop "$work"' EXIT
trap 'exit 1' HUP INT TERM
bad=0
page=$(getconf PAGESIZE)

# miss TEXT...: say what does not hold.
miss()
{
	echo "scale: $*" >&2
	bad=1
}

# ask DB SQL...
ask()
{
	PGOPTIONS='-c client_min_messages=error' psql -XAtq -v ON_ERROR_STOP=1 -d "$1" -c "$2"
}

# enough_disk: for the rows of the table, and as much again to be on the safe side.
enough_disk()
{
	local free need

	free=$(df --output=avail -B 1 "$work" | tail -n 1)
	need=$((SCALE_ROWS * 36))
	echo "$SCALE_ROWS narrow rows into an unlogged table without a key:" \
		"$(numfmt --to=iec "$need")B of disk, $(numfmt --to=iec "$free")B are free"
	[ "$free" -gt $((2 * need)) ] || {
		miss "too little disk; SCALE_ROWS=$((free / 72)) would do"
		return 1
	}
}

# rss_of PID: its memory in kB, as $rss; fails when it has ended.  (Not from "status",
# which is longer than what read takes at once, and other when it reads again.)
rss_of()
{
	local pages=

	{ read -r _ pages _ <"/proc/$1/statm"; } 2>/dev/null
	rss=$((${pages:-0} * page / 1024))
	[ "$rss" -gt 0 ]
}

# take_samples EXTRACT LOAD: as long as both run, a line each: rows, seconds, kB, kB.
take_samples()
{
	local rows extract

	# psql's clock is ours: a line of output every 0.05 s.
	psql -XAtq -d dst 2>"$out/watch.log" <<<"SELECT COALESCE(max(tuples_processed), 0)
		FROM pg_stat_progress_copy WHERE command = 'COPY FROM' \watch 0.05" |
		while read -r rows; do
			rss_of "$1" || break
			extract=$rss
			rss_of "$2" || break
			[ "${rows:-0}" = 0 ] || echo "$rows $EPOCHREALTIME $extract $rss"
		done >"$out/samples"
}

# The table that is printed: of each tenth the rate and the most memory; the last line is
# the verdict, in words that begin with "flat" if it is.
tenths()
{
	awk -v total="$SCALE_ROWS" '
		{ t = int($1 * 10 / total); if (t > 9) t = 9
		  if (!(t in n)) { from[t] = $1; began[t] = $2 }
		  n[t]++; to[t] = $1; ended[t] = $2
		  if ($3 > extract[t]) extract[t] = $3
		  if ($4 > load[t]) load[t] = $4 }
		END {
			printf "%12s %12s %18s %18s\n", "rows", "rows/s", "portl-extract, kB", "portl-load, kB"
			for (t = 0; t < 10; t++) {
				seconds = ended[t] - began[t]
				if (seconds > 0)
					printf "%12d %12d %18d %18d\n", to[t], (to[t] - from[t]) / seconds, extract[t], load[t]
			}
			if (!(0 in n) || !(9 in n)) print "too few samples: more rows, please"
			else if (extract[9] > extract[0] + 1024 || load[9] > load[0] + 1024) print "memory grows"
			else printf "flat: from the first tenth to the last %+d kB in portl-extract, %+d kB in portl-load\n",
				extract[9] - extract[0], load[9] - load[0]
		}' "$out/samples"
}

many_rows()
{
	local extract load status query

	enough_disk || return
	ask dst 'CREATE UNLOGGED TABLE many (id int, value int)'
	# A set in the select list comes row by row; in FROM it would be stored first.
	query="SELECT i AS id, i % 1000 AS value FROM (SELECT generate_series(1, $SCALE_ROWS) AS i) s"
	mkfifo "$work/pipe"
	portl-extract -d src -c "$query" >"$work/pipe" &
	extract=$!
	portl-load -d dst -t many --summary="$out/receipt.json" <"$work/pipe" &
	load=$!
	take_samples "$extract" "$load"
	wait "$load"
	status=$?
	[ "$status" -eq 0 ] || {
		miss "portl-load ended with status $status"
		return
	}
	tenths | tee "$out/tenths"
	tail -n 1 "$out/tenths" | grep -q ^flat || miss "$(tail -n 1 "$out/tenths")"
	jq -r '"\(.rows.inserted) rows in \(.seconds) s: \(.rows.inserted / .seconds | floor) rows/s"' "$out/receipt.json"
	[ "$(ask dst 'SELECT count(*), sum(id), sum(value) FROM many')" = \
		"$(ask src "SELECT count(*), sum(id), sum(value) FROM ($query) q")" ] ||
		miss 'the rows are not the same'
	ask dst 'DROP TABLE many'
}

# most_memory STAGE: of a process of the last measurement, in bytes.
most_memory()
{
	awk -v i="$((2 + 2 * $1))" 'END { printf "%.0f\n", $i * 1024 }' "$out/field"
}

# field TYPE FORMAT: send one value.
field()
{
	local value="repeat('x', $SCALE_FIELD)::$1" limit=$((3 * SCALE_FIELD + (16 << 20))) i

	[ "$1 $2" != 'bytea ndjson' ] || limit=$((limit + 3 * SCALE_FIELD))
	ask dst "DROP TABLE IF EXISTS field; CREATE TABLE field (id int, body $1)"
	printf '%-6s as %-7s ' "$1" "$2:"
	rm -f "$out/field"
	if "$BUILD/bench/measure" "$out/field" portl-extract -d src -F "$2" -c "SELECT 1 AS id, $value AS body" '|' \
		portl-load -d dst -t field 2>"$out/error"; then
		printf 'arrived; portl-extract %s, portl-load %s\n' \
			"$(numfmt --to=iec "$(most_memory 1)")B" "$(numfmt --to=iec "$(most_memory 2)")B"
		[ "$(ask dst "SELECT body = $value FROM field")" = t ] || miss "$1 as $2: not what was sent"
		for i in 1 2; do
			[ "$(most_memory $i)" -le "$limit" ] || miss "$1 as $2: more than 3 times the value"
		done
	elif grep -q 'hint: .*1 GB' "$out/error"; then
		echo "refused: $(sed -n 's/.*hint: //p' "$out/error" | head -n 1)"
		[ "$(ask dst 'SELECT count(*) FROM field')" = 0 ] || miss "$1 as $2: refused, and something is there"
	else
		echo failed
		cat "$out/error" >&2
		miss "$1 as $2: neither arrived nor refused by name"
	fi
}

largest_fields()
{
	local type format

	echo "one value of $SCALE_FIELD bytes:"
	for type in text bytea; do
		for format in binary ndjson; do
			field "$type" "$format"
		done
	done
}

longest_text()
{
	if portl-extract -d src -c "SELECT convert_to(repeat('x', 537000000), 'UTF8') AS bytes" |
		portl-load --csv "$work/out.csv" 2>"$out/error"; then
		miss 'a field of more than 1 GB is in a CSV file'
	fi
	cat "$out/error"
	grep -q 'column "bytes": the value.s text is too long' "$out/error" || miss 'csv: not refused by name'
	grep -q 'hint: A field of CSV has less than 1 GB' "$out/error" || miss 'csv: no hint'
	[ ! -e "$work/out.csv" ] || miss 'csv: a file is left'
}

psql -Xq -c 'CREATE DATABASE src' -c 'CREATE DATABASE dst' || exit
for part in ${SCALE_PARTS:-rows fields csv}; do
	case $part in
	rows) many_rows ;;
	fields) largest_fields ;;
	csv) longest_text ;;
	*) miss "no part $part" ;;
	esac
done
exit "$bad"
