# shellcheck shell=bash disable=SC2154 # run.sh sets work
# Many small tables as one set, against a loop of single pipes and against pg_dump; and what
# foreign keys cost that are checked at once behind all rows.

tables=$(scaled 1000)
rows=$(scaled 1000000)

# make_tables DATABASE: empty.
make_tables()
{
	psql -Xq -v ON_ERROR_STOP=1 -d "$1" -c "CREATE SCHEMA many; DO \$\$ BEGIN FOR i IN 1..$tables LOOP
		EXECUTE format('CREATE TABLE many.t%s (id int PRIMARY KEY, a text, b timestamptz, c numeric(10,2))', i);
		END LOOP; END \$\$;
		CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent SELECT generate_series(1, 1000);
		CREATE TABLE child (id int, parent int REFERENCES parent, note text)"
}

make_tables src
make_tables dst
psql -Xq -v ON_ERROR_STOP=1 -d src -c "DO \$\$ BEGIN FOR i IN 1..$tables LOOP
	EXECUTE format('INSERT INTO many.t%s SELECT g, md5(g::text), now(), g FROM generate_series(1, 100) g', i);
	END LOOP; END \$\$;
	INSERT INTO child SELECT g, 1 + g % 1000, 'note ' || g FROM generate_series(1, $rows) g" -c 'VACUUM ANALYZE'
names=$(psql -XAtq -d src -c "SELECT string_agg('many.t' || i, ' ') FROM generate_series(1, $tables) i")
empty_many="TRUNCATE ${names// /, }"
psql -Xq -d dst -c 'VACUUM ANALYZE'

# One sample of a loop is a script.
loop=$work/loop.sh
# shellcheck disable=SC2016 # the script's own
printf 'for t in %s; do portl-extract -d src -t $t | portl-load -d dst || exit; done\n' "$names" >"$loop"

set_portl()
{
	reset dst "$empty_many"
	sample set_portl portl-extract -d src --schema=many '|' portl-load -d dst
}

set_loop()
{
	reset dst "$empty_many"
	sample set_loop bash "$loop"
}

set_dump()
{
	reset dst "$empty_many"
	sample set_dump pg_dump --data-only --schema=many src '|' psql -Xq1 -v ON_ERROR_STOP=1 -o /dev/null -d dst
}

# keys NAME OPTION...: the child, whose key is there.
keys()
{
	reset dst 'TRUNCATE child'
	sample "$1" portl-extract -d src -t child '|' portl-load -d dst "${@:2}"
}

rounds set_portl set_loop set_dump 'keys keys_check' 'keys keys_recheck --foreign-keys=recheck'

compare "$tables tables of 100 rows: against a loop of single pipes" wall set_portl set_loop 0.5
compare "$tables tables of 100 rows: against pg_dump --data-only | psql -1" wall set_portl set_dump 1.2
compare "$rows rows, --foreign-keys=recheck: against check" wall keys_recheck keys_check 0.45
at_most "$tables tables: peak memory of both programs" rss set_portl 60
