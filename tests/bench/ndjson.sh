# shellcheck shell=bash disable=SC2154 # run.sh sets work
# NDJSON out and in, against COPY text and against row_to_json(); then the transcoders alone.

declare -A title=([mixed]="$(scaled 1000000) mixed rows" [narrow]="$(scaled 3000000) narrow rows"
	[wide]="$(scaled 50000) rows of 10 kB")
rows=$work/ndjson

out_portl()
{
	sample "out.$1.portl" portl-extract -d src -t "$1" -F ndjson >/dev/null
}

out_copy()
{
	sample "out.$1.copy" psql -Xq -d src -c "COPY $1 TO STDOUT" >/dev/null
}

out_json()
{
	sample "out.$1.json" psql -Xq -d src -c "COPY (SELECT row_to_json(t) FROM $1 t) TO STDOUT" >/dev/null
}

in_portl()
{
	reset dst "TRUNCATE $1"
	sample "in.$1.portl" portl-load -d dst -t "$1" <"$rows.json"
}

in_copy()
{
	reset dst "TRUNCATE $1"
	sample "in.$1.copy" psql -Xq -d dst -c "COPY $1 FROM STDIN" <"$rows.text"
}

make_tables mixed narrow wide
for table in mixed narrow wide; do
	rounds "out_portl $table" "out_copy $table" "out_json $table"
	compare "${title[$table]}: extract against COPY TO STDOUT" wall \
		out.$table.portl out.$table.copy 1.15
	compare "${title[$table]}: extract against row_to_json()" wall \
		out.$table.portl out.$table.json 0.6
	portl-extract -d src -t "$table" -F ndjson -o "$rows.json"
	psql -Xq -d src -c "COPY $table TO STDOUT" >"$rows.text"
	rounds "in_portl $table" "in_copy $table"
	compare "${title[$table]}: load against COPY FROM STDIN" wall \
		in.$table.portl in.$table.copy 1.15
	at_most "${title[$table]}: peak memory of portl-extract" rss1 out.$table.portl 20
	at_most "${title[$table]}: peak memory of portl-load" rss1 in.$table.portl 20
	[ $table != mixed ] || mv "$rows.text" "$rows.mixed"
done

# In MB of the JSON a second, on one core.
read -r writer reader < <("$BUILD/bench/transcode" "$BENCH_RUNS" "$rows.mixed")
at_least 'mixed rows: the writer alone' "$writer" 400 MB/s
at_least 'mixed rows: the scanner alone' "$reader" 400 MB/s
rm -f "$rows".*
