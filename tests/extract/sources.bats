#!/usr/bin/env bats
# What portl-extract can read, and what it refuses to run.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common

# carry EXTRACT-OPTION... [-- LOAD-OPTION...]: the pipe from $src to $dst.
carry()
{
	local -a from=() to=()

	while (($#)) && [ "$1" != -- ]; do
		from+=("$1")
		shift
	done
	to=("${@:2}")
	portl-extract -d "$src" "${from[@]}" | portl-load -d "$dst" -q "${to[@]}"
}

# extract EXTRACT-OPTION...: what comes out of $src, bytes thrown away.
extract()
{
	portl-extract -d "$src" "$@" >/dev/null
}

# arrives RELATION: all of its rows, whatever kind it is, reach a new table.
arrives()
{
	carry -t "$1" -- -t copy --create &&
		same_table "$src" "$1" "$dst" copy && q "$dst" 'DROP TABLE copy'
}

@test "tables of every kind: plain, unlogged, partitioned with a child of a child, inherited" {
	fresh_db src dst
	q "$src" "
		CREATE TABLE plain (id int PRIMARY KEY, t text);
		INSERT INTO plain SELECT i, 'row ' || i FROM generate_series(1, 1000) i;
		CREATE UNLOGGED TABLE unlogged AS TABLE plain;
		CREATE TABLE parted (id int, t text) PARTITION BY RANGE (id);
		CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (500);
		CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (500) TO (1000)
			PARTITION BY LIST (t);
		CREATE TABLE parted_21 PARTITION OF parted_2 DEFAULT;
		INSERT INTO parted SELECT i, 'p' || i FROM generate_series(0, 999) i;
		CREATE TABLE parent (LIKE plain INCLUDING ALL);
		CREATE TABLE child (more int) INHERITS (parent);
		INSERT INTO parent VALUES (1, 'parent');
		INSERT INTO child VALUES (1, 'child with the same key', 7), (2, NULL, 8);"
	for relation in plain unlogged parted parted_2 parent child; do
		arrives "$relation"
	done
}

@test "views, materialized views, sequences" {
	fresh_db src dst
	q "$src" "
		CREATE TABLE t AS SELECT i AS id, i % 7 AS grp FROM generate_series(1, 100) i;
		CREATE VIEW v AS SELECT grp, count(*) AS n FROM t GROUP BY grp;
		CREATE MATERIALIZED VIEW m AS TABLE t;
		CREATE VIEW vm AS SELECT id FROM m WHERE id > 50;
		CREATE SEQUENCE s START 41;
		SELECT nextval('s');"
	for relation in v m vm s; do
		arrives "$relation"
	done
}

@test "foreign tables, and partitions that are foreign" {
	fresh_db src dst
	q "$src" "
		CREATE TABLE here AS SELECT i AS id, repeat('x', i) AS t FROM generate_series(1, 50) i;
		CREATE EXTENSION postgres_fdw;
		CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw
			OPTIONS (host '$PGHOST', port '$PGPORT', dbname '$src');
		CREATE USER MAPPING FOR CURRENT_USER SERVER loop OPTIONS (user '$PGUSER');
		CREATE FOREIGN TABLE there (id int, t text) SERVER loop OPTIONS (table_name 'here');
		CREATE TABLE mixed (id int, t text) PARTITION BY RANGE (id);
		CREATE TABLE near PARTITION OF mixed FOR VALUES FROM (100) TO (200);
		CREATE FOREIGN TABLE far PARTITION OF mixed FOR VALUES FROM (0) TO (100)
			SERVER loop OPTIONS (table_name 'here');
		INSERT INTO near VALUES (150, 'near');
		CREATE VIEW over AS TABLE there;"
	for relation in there mixed over; do
		arrives "$relation"
	done
}

@test "queries: from the command line, from a file, with comments, as TABLE and VALUES" {
	fresh_db src dst
	q "$src" 'CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 10) i'
	q "$dst" 'CREATE TABLE t (id int)'
	printf 'SELECT id\n  FROM t -- the rest\n WHERE id > 5;\n\n' >"$BATS_TEST_TMPDIR/q.sql"
	carry --query-file "$BATS_TEST_TMPDIR/q.sql" -- -t t
	printf '\357\273\277SELECT 5555 AS id\r\n;\r\n' >"$BATS_TEST_TMPDIR/windows.sql"
	carry --query-file "$BATS_TEST_TMPDIR/windows.sql" -- -t t
	carry -c 'SELECT id + 100 AS id FROM t WHERE id < 3 -- and so on' -- -t t
	carry -c 'TABLE t' -- -t t
	carry -c 'VALUES (1000), (2000) /* column1 */' -- -t t --map column1=id
	carry -c 'WITH x AS (SELECT 7777 AS id) (SELECT id FROM x) ;;' -- -t t
	assert_eq "$(q "$dst" "SELECT string_agg(id::text, ' ' ORDER BY id) FROM t")" \
		'1 2 3 4 5 6 6 7 7 8 8 9 9 10 10 101 102 1000 2000 5555 7777'
}

@test "NOT NULL of a table does not hold for a query: an outer join makes NULLs" {
	fresh_db src dst
	q "$src" 'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int NOT NULL);
		INSERT INTO a VALUES (1), (2); INSERT INTO b VALUES (1)'
	carry -c 'SELECT a.id, b.id AS other FROM a LEFT JOIN b USING (id)' -- -t j --create
	assert_eq "$(q "$dst" 'SELECT * FROM j ORDER BY id')" $'1|1\n2|'
}

@test "--columns, --exclude-columns, --where and --limit, on tables and on queries" {
	fresh_db src dst
	q "$src" 'CREATE TABLE t (id int, "Odd One" text, secret text);
		INSERT INTO t SELECT i, i || $$o$$, i || $$s$$ FROM generate_series(1, 100) i'
	carry -t t --columns='"Odd One", id' --where='id <= 10 -- few' -- -t a --create
	assert_eq "$(q "$dst" 'SELECT * FROM a ORDER BY id')" \
		"$(q "$src" 'SELECT "Odd One", id FROM t WHERE id <= 10 ORDER BY id')"
	carry -t t --exclude-columns=SECRET --limit=0 -- -t b --create
	assert_eq "$(q "$dst" "SELECT string_agg(attname, ',' ORDER BY attnum), (SELECT count(*) FROM b)
		FROM pg_attribute WHERE attrelid = 'b'::regclass AND attnum > 0")" 'id,Odd One|0'
	carry -c 'SELECT * FROM t ORDER BY id' --exclude-columns=secret --where='id > 50' --limit=3 \
		-- -t c --create
	assert_eq "$(q "$dst" 'SELECT * FROM c')" $'51|51o\n52|52o\n53|53o'
}

@test "a column that is not there is an error with a suggestion, for queries as well" {
	fresh_db src
	q "$src" 'CREATE TABLE t (customer int, secret text)'
	for options in '-t t --columns=custoner' '-t t --exclude-columns=custoner'; do
		# shellcheck disable=SC2086
		try extract $options
		assert_status 64
		assert_stderr_has 'no column "custoner"'
		assert_stderr_has 'Perhaps you meant "customer"'
	done
	try extract -c 'SELECT * FROM t' --exclude-columns=secert
	assert_status 64
	assert_stderr_has 'no column "secert"'
	try extract -c 'SELECT * FROM t' --columns=custoner
	assert_status 1
	try extract -c 'SELECT 1 AS a, 2 AS a'
	assert_status 64
	assert_stderr_has 'two columns are called "a"'
}

@test "the source is only read: nothing that writes comes through" {
	fresh_db src
	q "$src" "
		CREATE TABLE t AS SELECT 1 AS id;
		CREATE SEQUENCE s;
		CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql AS \$\$
			BEGIN INSERT INTO t VALUES (2); RETURN 1; END \$\$;
		CREATE VIEW v AS SELECT writes() AS w;"
	for query in 'SELECT writes()' "SELECT nextval('s')" "SELECT setval('s', 9)" \
		'WITH d AS (DELETE FROM t RETURNING id) SELECT * FROM d' \
		'DELETE FROM t RETURNING id' 'INSERT INTO t VALUES (3) RETURNING id' \
		"SELECT set_config('transaction_read_only', 'off', false), writes()" \
		'SELECT id FROM t FOR UPDATE' 'SELECT 1 AS x INTO other'; do
		try extract -c "$query"
		[ "$status" -ne 0 ] || fail "went through: $query" || return
	done
	extract -c 'SELECT lo_create(4711)' || : # allowed before 16, and undone
	assert_eq "$(q "$src" 'SELECT count(*) FROM pg_largeobject_metadata')" 0
	try extract -t t --where='writes() = 1'
	assert_status 1
	assert_stderr_has 'read-only transaction'
	try extract -t v
	assert_status 1
	assert_eq "$(q "$src" 'SELECT count(*), max(id) FROM t')" '1|1'
	assert_eq "$(q "$src" 'SELECT last_value, is_called FROM s')" '1|f'
}

@test "a query is one statement and stays inside its parentheses" {
	fresh_db src
	q "$src" 'CREATE TABLE t AS SELECT 1 AS id'
	for query in 'SELECT 1; DELETE FROM t' 'SELECT 1; SELECT 2' \
		'select 1) to stdout; commit; delete from t; copy (select 1' \
		'select 1) to stdout --' "select 1) to program 'touch $BATS_TEST_TMPDIR/hit' --" \
		'COMMIT' 'COPY t TO STDOUT' 'DROP TABLE t' 'SELECT (1' '' ' ; ' '-- nothing' \
		'TRUNCATE t' 'CREATE TABLE x AS SELECT 1' 'DO $$ BEGIN DELETE FROM t; END $$'; do
		try extract -c "$query"
		[ "$status" -ne 0 ] || fail "went through: $query" || return
		[ -n "$stderr" ] || fail "without a word: $query" || return
		try extract -c "$query" --limit=1
		[ "$status" -ne 0 ] || fail "went through, narrowed: $query" || return
	done
	for where in 'true)' 'true) --' '(true' 'true); DELETE FROM t; SELECT (1' \
		'true) limit 0 --' '1' '' '/*' "'" '$$'; do
		try extract -t t --where="$where"
		[ "$status" -ne 0 ] || fail "went through: $where" || return
	done
	[ ! -e "$BATS_TEST_TMPDIR/hit" ]
	assert_eq "$(q "$src" 'SELECT count(*) FROM t')" 1
}

@test "parameters have no values, and that is said" {
	fresh_db src
	q "$src" 'CREATE TABLE t (id int)'
	for options in "-c|SELECT * FROM t WHERE id = \$1" "-t|t|--where|id = \$1"; do
		IFS='|' read -ra words <<<"$options"
		try extract "${words[@]}"
		assert_status 64
		assert_stderr_has 'parameters'
	done
}

@test "what is not a table or view: index, type, nothing, another case" {
	fresh_db src
	q "$src" 'CREATE TABLE "Orders" (id int PRIMARY KEY); CREATE TYPE pair AS (a int, b int)'
	for name in '"Orders_pkey"' pair nothing; do
		try extract -t "$name"
		assert_status 1
		assert_stderr_has 'does not exist'
	done
	try extract -t Orders
	assert_status 1
	assert_stderr_has 'There is public."Orders"'
	assert_stderr_has 'double quotes'
}

@test "a role's settings: deferrable, serializable, read only, timeouts, search_path" {
	fresh_db src dst
	q "$src" "
		CREATE SCHEMA other;
		CREATE TABLE other.t AS SELECT i AS id FROM generate_series(1, 5000) i;
		CREATE TABLE pg_class (evil int);
		CREATE FUNCTION slow(int) RETURNS int LANGUAGE plpgsql AS \$\$
			BEGIN PERFORM pg_sleep(0.3); RETURN \$1; END \$\$;
		ALTER DATABASE $src SET search_path = public, other, pg_catalog;
		ALTER DATABASE $src SET statement_timeout = 200;
		ALTER DATABASE $src SET idle_in_transaction_session_timeout = 200;
		ALTER DATABASE $src SET default_transaction_isolation = serializable;
		ALTER DATABASE $src SET default_transaction_deferrable = on;
		ALTER DATABASE $src SET default_transaction_read_only = on;"
	q "$dst" "
		ALTER DATABASE $dst SET default_transaction_isolation = serializable;
		ALTER DATABASE $dst SET default_transaction_deferrable = on;
		ALTER DATABASE $dst SET default_transaction_read_only = on;
		ALTER DATABASE $dst SET statement_timeout = 200;
		ALTER DATABASE $dst SET idle_in_transaction_session_timeout = 200;"
	carry -t t -- -t t --create
	same_table "$src" other.t "$dst" t
	carry -c 'SELECT slow(1) AS id' -- -t t
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 5001
}

@test "row security that hides rows is an error, unless --enable-row-security" {
	fresh_db src dst
	q "$src" "
		CREATE ROLE ${src}_r LOGIN;
		CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 10) i;
		ALTER TABLE t ENABLE ROW LEVEL SECURITY;
		CREATE POLICY low ON t USING (id <= 4);
		GRANT SELECT ON t TO ${src}_r;"
	whats=('-t t' '-c TABLE t')
	if since 15 'views with security_invoker'; then
		q "$src" "CREATE VIEW v WITH (security_invoker) AS TABLE t; GRANT SELECT ON v TO ${src}_r"
		whats+=('-t v')
	fi
	q "$dst" 'CREATE TABLE t (id int)'
	for what in "${whats[@]}"; do
		try extract -U "${src}_r" "${what%% *}" "${what#* }"
		assert_status 1
		assert_stderr_has 'row-level security'
		assert_stderr_has '--enable-row-security sends those that the policies show'
	done
	carry -U "${src}_r" -t t --enable-row-security -- -t t
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 4
	carry -t t -- -t t # its owner sees everything
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 14
	q "$src" "DROP OWNED BY ${src}_r; DROP ROLE ${src}_r"
}

@test "column privileges: only what is granted, and the server's word for the rest" {
	fresh_db src dst
	q "$src" "
		CREATE ROLE ${src}_r LOGIN;
		CREATE TABLE t AS SELECT i AS id, 'x' AS secret FROM generate_series(1, 10) i;
		GRANT SELECT (id) ON t TO ${src}_r;"
	carry -U "${src}_r" -t t --columns=id -- -t t --create
	same_table "$src" t "$dst" t id
	try extract -U "${src}_r" -t t
	assert_status 1
	assert_stderr_has 'permission denied for table t'
	q "$src" "DROP OWNED BY ${src}_r; DROP ROLE ${src}_r"
}
