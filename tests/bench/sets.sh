# shellcheck shell=bash disable=SC2154 # run.sh sets work
# Many small tables as one set, against a loop of single pipes and against pg_dump; a schema
# of four tables with keys and foreign keys in place; what foreign keys cost that are checked
# at once behind all rows; and how fast a stream is looked through.

tables=$(scaled 1000)
rows=$(scaled 1000000)
customers=$(scaled 50000) products=$(scaled 10000) orders=$(scaled 235000)

# make_tables DATABASE: empty.
make_tables()
{
	psql -Xq -v ON_ERROR_STOP=1 -d "$1" -c "CREATE SCHEMA many; DO \$\$ BEGIN FOR i IN 1..$tables LOOP
		EXECUTE format('CREATE TABLE many.t%s (id int PRIMARY KEY, a text, b timestamptz, c numeric(10,2))', i);
		END LOOP; END \$\$;
		CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent SELECT generate_series(1, 1000);
		CREATE TABLE child (id int, parent int REFERENCES parent, note text);
		CREATE SCHEMA shop;
		CREATE TABLE shop.customer (id int PRIMARY KEY, name text NOT NULL, mail text UNIQUE);
		CREATE TABLE shop.product (id int PRIMARY KEY, name text, price numeric(10,2));
		CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer int NOT NULL REFERENCES shop.customer,
			placed timestamptz NOT NULL, note text);
		CREATE TABLE shop.line (orders bigint REFERENCES shop.orders, n int, product int REFERENCES shop.product,
			quantity int, price numeric(10,2), PRIMARY KEY (orders, n))"
}

make_tables src
make_tables dst
psql -Xq -v ON_ERROR_STOP=1 -d src -c "DO \$\$ BEGIN FOR i IN 1..$tables LOOP
	EXECUTE format('INSERT INTO many.t%s SELECT g, md5(g::text), now(), g FROM generate_series(1, 100) g', i);
	END LOOP; END \$\$;
	INSERT INTO child SELECT g, 1 + g % 1000, 'note ' || g FROM generate_series(1, $rows) g;
	INSERT INTO shop.customer SELECT g, 'customer ' || g, md5(g::text) || '@example.org' FROM generate_series(1, $customers) g;
	INSERT INTO shop.product SELECT g, 'product ' || g, g / 7.0 FROM generate_series(1, $products) g;
	INSERT INTO shop.orders SELECT g, 1 + g % $customers, '2026-01-01'::timestamptz + g * interval '17 s', md5(g::text)
		FROM generate_series(1, $orders) g;
	INSERT INTO shop.line SELECT 1 + g / 3, g % 3, 1 + g % $products, g % 9, g / 11.0 FROM generate_series(0, 3 * $orders - 1) g" \
	-c 'VACUUM ANALYZE'
names=$(psql -XAtq -d src -c "SELECT string_agg('many.t' || i, ' ') FROM generate_series(1, $tables) i")
psql -Xq -d dst -c 'VACUUM ANALYZE'

# One sample of a loop is a script.
loop=$work/loop.sh
# shellcheck disable=SC2016 # the script's own
printf 'for t in %s; do portl-extract -d src -t $t | portl-load -d dst || exit; done\n' "$names" >"$loop"

# What autovacuum does, which is off: a TRUNCATE leaves a dead tuple of each table in pg_class.
empty_many()
{
	reset dst "TRUNCATE ${names// /, }"
	psql -Xq -v ON_ERROR_STOP=1 -d dst -c 'VACUUM pg_class'
}

# many NAME
many()
{
	empty_many
	sample "$1" portl-extract -d src --schema=many '|' portl-load -d dst
}

set_loop()
{
	empty_many
	sample set_loop bash "$loop"
}

set_dump()
{
	empty_many
	sample set_dump pg_dump --data-only --schema=many src '|' psql -Xq1 -v ON_ERROR_STOP=1 -o /dev/null -d dst
}

empty_shop='TRUNCATE shop.customer, shop.product, shop.orders, shop.line'

# schema NAME OPTION...
schema()
{
	reset dst "$empty_shop"
	sample "$1" portl-extract -d src --schema=shop '|' portl-load -d dst "${@:2}"
}

schema_dump()
{
	reset dst "$empty_shop"
	sample schema_dump pg_dump --data-only --schema=shop src '|' psql -Xq1 -v ON_ERROR_STOP=1 -o /dev/null -d dst
}

# The rivals with jobs fill tables without keys, which they make behind the rows; so indexes are
# made, and foreign keys checked, behind all rows on both sides there.
fresh_copy()
{
	psql -Xq -d postgres -c 'DROP DATABASE IF EXISTS copied' -c 'CREATE DATABASE copied' -c CHECKPOINT 2>&1 |
		grep -v NOTICE || :
	rm -rf "$work/archive" "$work/pgcopydb"
}

# The archive is written and read, for there is no other way with jobs.
cat >"$work/dump2.sh" <<-EOF
	pg_dump --schema=shop -Fd -j2 "\$@" -f "$work/archive" src &&
		pg_restore -j2 -d copied "$work/archive"
EOF

# schema_jobs NAME OPTION...
schema_jobs()
{
	fresh_copy
	sample "$1" bash "$work/dump2.sh" "${@:2}"
}

schema_pgcopydb()
{
	fresh_copy
	sample schema_pgcopydb pgcopydb clone --source "postgres://$PGUSER@/shop?host=$PGHOST" \
		--target "postgres://$PGUSER@/copied?host=$PGHOST" --dir "$work/pgcopydb" --table-jobs 1 \
		--index-jobs 1 --no-acl --no-owner --no-comments >"$work/pgcopydb.log" 2>&1
}

# keys NAME OPTION...: the child, whose key is there.
keys()
{
	reset dst 'TRUNCATE child'
	sample "$1" portl-extract -d src -t child '|' portl-load -d dst "${@:2}"
}

echo "exec portl-ls '$work/stream' >/dev/null" >"$work/listed.sh"
echo "exec xxhsum -H2 '$work/stream' >/dev/null" >"$work/summed.sh"
listed()
{
	sample listed bash "$work/listed.sh"
	sample summed bash "$work/summed.sh"
}

contestants=('schema schema_portl' schema_dump 'schema schema_recheck --foreign-keys=recheck'
	'schema schema_rebuild --foreign-keys=recheck --indexes=rebuild' 'schema_jobs schema_dump2'
	'schema_jobs schema_plain2 --compress=0')
if command -v pgcopydb >/dev/null; then
	contestants+=(schema_pgcopydb)
	psql -Xq -d postgres -c 'CREATE DATABASE shop TEMPLATE src'
	psql -Xq -d shop -c 'DROP SCHEMA many CASCADE' -c 'DROP TABLE child, parent' 2>"$work/dropped"
else
	echo 'pgcopydb: not installed (make deps-bench)'
fi
# The loop takes minutes, a look at a stream a moment.
rounds=$BENCH_RUNS
BENCH_RUNS=1
rounds 'many set_once' set_loop
portl-extract -d src --schema=shop >"$work/stream"
sync "$work/stream"
BENCH_RUNS=$((3 * rounds))
rounds listed
BENCH_RUNS=$rounds
rounds 'many set_portl' set_dump 'keys keys_check' 'keys keys_recheck --foreign-keys=recheck' \
	"${contestants[@]}"

compare "$tables tables of 100 rows: against a loop of single pipes" wall set_once set_loop 0.5
compare "$tables tables of 100 rows: against pg_dump --data-only | psql -1" wall set_portl set_dump 1.2
compare "$rows rows, --foreign-keys=recheck: against check" wall keys_recheck keys_check 0.45
at_most "$tables tables: peak memory of both programs" rss set_portl 60
schema="$((customers + products + 4 * orders)) rows of 4 tables, keys in place"
compare "$schema: against pg_dump --data-only | psql -1" wall schema_portl schema_dump
compare "$schema, --foreign-keys=recheck: against pg_dump --data-only | psql -1" wall schema_recheck schema_dump 0.95
behind="$schema, --foreign-keys=recheck --indexes=rebuild"
compare "$behind: against without" wall schema_rebuild schema_recheck
compare "$behind: against pg_dump -Fd -j2, pg_restore -j2" wall schema_rebuild schema_dump2 0.9
compare "$behind: the same with --compress=0" wall schema_rebuild schema_plain2
if command -v pgcopydb >/dev/null; then
	compare "$behind: against pgcopydb with one job" wall schema_rebuild schema_pgcopydb 0.9
fi
at_most "$schema: peak memory of both programs" rss schema_portl 30
at_least 'portl ls: a stream in memory is looked through' \
	"$(values listed wall | median | awk -v bytes="$(stat -c %s "$work/stream")" '{ printf "%.5f", bytes / $1 / 1e9 }')" 1 GB/s
compare 'portl ls: against xxhsum -H2 of the same file' wall listed summed
