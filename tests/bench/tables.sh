# shellcheck shell=bash
# The tables that the groups share: full in database src, empty in database dst, both with
# their primary key.
#
#   make_tables NAME...     mixed (1,000,000 rows, 8 columns), narrow (3,000,000 rows of two
#                           integers), wide (50,000 rows of 10 kB), docs (200,000 rows of
#                           a jsonb of 1 kB), empty
#   columns_of NAME, rows_of NAME   what they are made of
#   title_of NAME           what to call their rows

columns_of()
{
	case $1 in
	mixed)
		echo 'id bigint PRIMARY KEY, created timestamptz NOT NULL, customer int NOT NULL,
			status text NOT NULL, amount numeric(12,2), paid boolean, note text, detail jsonb'
		;;
	narrow) echo 'id int PRIMARY KEY, value int' ;;
	wide) echo 'id int PRIMARY KEY, body bytea NOT NULL' ;;
	docs) echo 'id int PRIMARY KEY, doc jsonb NOT NULL' ;;
	empty) echo 'id int PRIMARY KEY, value text' ;;
	esac
}

title_of()
{
	case $1 in
	mixed) echo "$(scaled 1000000) mixed rows" ;;
	narrow) echo "$(scaled 3000000) narrow rows" ;;
	wide) echo "$(scaled 50000) rows of 10 kB" ;;
	docs) echo "$(scaled 200000) rows of jsonb" ;;
	empty) echo 'empty table' ;;
	esac
}

rows_of()
{
	case $1 in
	mixed)
		echo "SELECT i, timestamptz '2024-01-01 00:00 UTC' + i * interval '17 s', i % 50021,
			(ARRAY['new', 'paid', 'shipped', 'returned'])[1 + i % 4],
			(i * 7919 % 10000000) / 100.0, i % 3 <> 0,
			CASE WHEN i % 10 > 0 THEN 'order ' || i || ' ' || md5(i::text) END,
			jsonb_build_object('sku', md5((i % 977)::text), 'qty', i % 7)
			FROM generate_series(1::int8, $(scaled 1000000)) i"
		;;
	narrow) echo "SELECT i, i % 1000 FROM generate_series(1, $(scaled 3000000)) i" ;;
	wide) # nothing that can be compressed, or it is the server's compression that is measured
		echo "SELECT i, (SELECT substr(string_agg(sha512(int4send(i * 200 + j)), ''::bytea), 1, 10000)
			FROM generate_series(1, 157) j) FROM generate_series(1, $(scaled 50000)) i"
		;;
	docs) # an order with its customer and lines
		echo "SELECT i, jsonb_build_object('id', i, 'placed', timestamp '2024-01-01' + i * interval '17 s',
			'customer', jsonb_build_object('name', 'customer ' || i % 5003, 'mail', md5(i::text) || '@example.org',
				'address', jsonb_build_object('street', md5((i * 7)::text), 'zip', i % 99991, 'town', null)),
			'lines', (SELECT jsonb_agg(jsonb_build_object('sku', md5((i * j % 9973)::text), 'qty', j,
				'price', (i * j % 100000) / 100.0, 'gift', j % 2 = 0, 'tags', ARRAY['a', 'b' || j]))
				FROM generate_series(1, 6) j))
			FROM generate_series(1, $(scaled 200000)) i"
		;;
	empty) echo "SELECT 1, '' WHERE false" ;;
	esac
}

make_tables()
{
	local table db

	for table; do
		for db in src dst; do
			reset "$db" "DROP TABLE IF EXISTS $table; CREATE TABLE $table ($(columns_of "$table"))"
		done
		psql -Xq -v ON_ERROR_STOP=1 -d src -c "INSERT INTO $table $(rows_of "$table")" \
			-c "VACUUM (FREEZE, ANALYZE) $table"
	done
}
