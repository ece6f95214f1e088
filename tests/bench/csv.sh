# shellcheck shell=bash disable=SC2154 # run.sh sets work
# A CSV file into a table, against psql's \copy.

declare -A title=([mixed]="$(scaled 1000000) mixed rows" [narrow]="$(scaled 3000000) narrow rows")
rows=$work/rows.csv

csv_portl()
{
	reset dst "TRUNCATE $1"
	sample "csv.$1.portl" portl-extract --csv "$rows" '|' portl-load -d dst -t "$1"
}

csv_psql()
{
	reset dst "TRUNCATE $1"
	sample "csv.$1.psql" psql -Xq -d dst -c "\\copy $1 from '$rows' csv header"
}

make_tables mixed narrow
for table in mixed narrow; do
	psql -Xq -d src -c "COPY $table TO STDOUT (FORMAT csv, HEADER)" >"$rows"
	rounds "csv_portl $table" "csv_psql $table"
	compare "${title[$table]}: CSV file into the table" wall csv.$table.portl csv.$table.psql 1.15
	at_most "${title[$table]}: peak memory of portl-extract" rss1 csv.$table.portl 20
	at_most "${title[$table]}: peak memory of portl-load" rss2 csv.$table.portl 20
done
rm -f "$rows"
