# shellcheck shell=bash disable=SC2154 # run.sh sets work
# Comparing with a keyed table that holds the same rows, against loading them into an empty
# one; what the client needs for it, and that its memory does not grow with the rows.

rows=$(scaled 1000000)
ordered=$work/ordered.portl
twice=$work/twice.portl

make_tables mixed
reset src "CREATE TABLE more (LIKE mixed, PRIMARY KEY (id)); INSERT INTO more SELECT * FROM mixed;
	INSERT INTO more SELECT id + $rows, created, customer, status, amount, paid, note, detail FROM mixed; ANALYZE more"
reset dst 'CREATE TABLE equal (LIKE mixed, PRIMARY KEY (id)); CREATE TABLE equal2 (LIKE mixed, PRIMARY KEY (id))'
portl-extract -d src -t mixed --order=key -o "$ordered"
portl-extract -d src -t more --order=key -o "$twice"
portl-load -d dst -t equal "$ordered"
portl-load -d dst -t equal2 "$twice"
reset dst 'ANALYZE'

verify_merged()
{
	sample merged portl-extract -d src -t mixed --order=key '|' portl-load -d dst -t equal --verify
}

verify_staged()
{
	sample staged portl-extract -d src -t mixed '|' portl-load -d dst -t equal --verify
}

verify_load()
{
	reset dst 'TRUNCATE mixed'
	sample load portl-extract -d src -t mixed --order=key '|' portl-load -d dst -t mixed
}

verify_file()
{
	sample client portl-load -d dst -t equal --verify "$ordered"
	sample client2 portl-load -d dst -t equal2 --verify "$twice"
}

# What a transfer keeps: the source's part is in neither.
verify_load_file()
{
	reset dst 'TRUNCATE mixed'
	sample load_file portl-load -d dst -t mixed "$ordered"
}

rounds verify_merged verify_load verify_staged verify_file verify_load_file
compare "$rows rows in key order: verify against load into a keyed table" wall merged load 0.9
compare "$rows rows in key order, from a file: verify against load into a keyed table" wall client load_file 0.9
compare "$rows rows staged: verify against load into a keyed table" wall staged load
at_least "$rows rows in key order: rows for a CPU second of portl-load --verify" \
	"$(values client cpu | median | awk -v rows="$rows" '{ printf "%.2f", rows / 1e6 / $1 }')" 2 M/s
at_most "$rows rows in key order: peak memory of portl-load --verify" rss1 client 16
at_most "twice the rows: peak memory of portl-load --verify" rss1 client2 16

reset src 'DROP TABLE more'
reset dst 'DROP TABLE equal, equal2'
rm -f "$ordered" "$twice"
