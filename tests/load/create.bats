#!/usr/bin/env bats
# --create, --truncate and FREEZE: a new or emptied table comes with its rows, or not at all.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common

# carry TABLE [LOAD-OPTION...]
carry()
{
	portl-extract -d "$src" -t "$1" --values="${values:-binary}" | portl-load -q -d "$dst" "${@:2}"
}

# description DB TABLE: columns and primary key as \d would show them
description()
{
	q "$1" "SELECT attname, format_type(atttypid, atttypmod), attnotnull, collname
		FROM pg_attribute LEFT JOIN pg_collation c ON c.oid = attcollation
		WHERE attrelid = '$2'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
	q "$1" "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '$2'::regclass AND contype = 'p'"
}

# frozen DB TABLE: how many of its rows are frozen (pageinspect's word for it)
frozen()
{
	q "$1" "CREATE EXTENSION IF NOT EXISTS pageinspect"
	q "$1" "SELECT count(*) FROM generate_series(0, pg_relation_size('$2') / 8192 - 1) page,
		LATERAL heap_page_items(get_raw_page('$2', page::int)) i WHERE i.t_infomask & 768 = 768"
}

absent()
{
	assert_eq "$(q "$dst" "SELECT count(*) FROM pg_class WHERE relname = 't'")" 0
}

@test "--create: types with modifiers, collations, NOT NULL, the key in its own order" {
	fresh_db src dst
	n='numeric(3,-1)'
	since 15 'negative scales' || n='numeric(3,1)'
	since 14 'arrays of enums in binary' || values=text
	for db in "$src" "$dst"; do
		q "$db" "CREATE COLLATION \"Odd c\" (provider = icu, locale = 'de'); CREATE TYPE mood AS ENUM ('a', 'b');
			CREATE DOMAIN word AS varchar(5) COLLATE \"C\" DEFAULT 'w' CHECK (value <> '')"
	done
	q "$src" "
		CREATE TABLE t (z numeric(10,2) NOT NULL, gone int, n $n, v varchar(7) COLLATE \"C\" NOT NULL,
			c char(3), \"char\" \"char\", b bit(5), vb varbit(9), ts timestamp(3) with time zone, tm time(0), tz timetz(2),
			iv interval day to second(1), iy interval year to month, i3 interval(3), vs varchar(3)[], ns numeric(5,1)[][],
			o text COLLATE \"Odd c\", d word, m mood NOT NULL, ms mood[], id serial,
			g int GENERATED ALWAYS AS (1) STORED, i int GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (v, \"z\"));
		ALTER TABLE t DROP gone;
		INSERT INTO t (z, v, m, vs, o) SELECT i, i, 'b', ARRAY['x', NULL], 'ö' FROM generate_series(1, 20) i"
	carry t --create
	assert_eq "$(description "$dst" t)" "$(description "$src" t)"
	same_table "$src" t "$dst" t
	assert_eq "$(frozen "$dst" t)" 20
	# Defaults stay behind: they belong to the source's sequences and functions.
	assert_eq "$(q "$dst" 'SELECT count(*) FROM pg_attrdef')" 0
	carry t -t 'Second' --create --map v=w
	assert_eq "$(q "$dst" "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'second'::regclass AND contype <> 'n'")" \
		'PRIMARY KEY (w, z)'
	carry t -t third --create --map v= # a part of a key is no key
	assert_eq "$(q "$dst" "SELECT count(*) FROM pg_constraint WHERE conrelid = 'third'::regclass AND contype <> 'n'")" 0
}

@test "--create: where the table goes, and when it is there already" {
	fresh_db src dst
	q "$src" 'CREATE SCHEMA here; CREATE TABLE here.t AS SELECT 1 AS id'
	try_sh "portl-extract -d $src -t here.t | portl-load -d $dst --create"
	assert_status 5
	assert_stderr_has 'schema "here" does not exist'
	q "$dst" 'CREATE SCHEMA other; CREATE SCHEMA here'
	carry here.t --create
	carry here.t --create # now a plain load
	assert_eq "$(q "$dst" 'SELECT count(*) FROM here.t')" 2
	carry here.t -t other.t --create
	q "$dst" "ALTER DATABASE $dst SET search_path = other"
	carry here.t -t new --create
	assert_eq "$(q "$dst" 'SELECT count(*) FROM other.new')" 1
	q "$dst" "ALTER DATABASE $dst SET search_path = nowhere"
	try_sh "portl-extract -d $src -t here.t | portl-load -d $dst -t new --create"
	assert_status 5
	assert_stderr_has '"new" cannot take this stream'
	assert_stderr_has 'write -t SCHEMA.TABLE'
}

@test "--create: types and collations that are not here are named, and nothing is made" {
	fresh_db src dst
	q "$src" "CREATE TYPE mood AS ENUM ('a'); CREATE COLLATION odd (provider = icu, locale = 'de'); CREATE DOMAIN d AS int;
		CREATE TABLE t (id int, m mood, ms mood[], o text COLLATE odd, d d)"
	try_sh "portl-extract -d $src -t t | portl-load -d $dst --create"
	assert_status 5
	assert_stderr_has 'column "m": type public.mood does not exist'
	assert_stderr_has 'column "ms": type public.mood[] does not exist'
	assert_stderr_has 'column "o": collation public.odd does not exist'
	assert_stderr_has 'column "d": type public.d does not exist'
	absent
}

@test "--create: a header that smuggles SQL into types and names is refused" {
	fresh_db dst
	q "$dst" 'CREATE TABLE victims (i int)'
	for type in 'int4 --' 'int4 /*'; do
		printf '{"$portl":{"version":1,"relation":{"name":"t"},"columns":[{"name":"a","type":"%s","base":"integer"},{"name":"*/\\n); DROP TABLE victims; COMMIT; --","type":"int4","base":"integer"}],"bare":true}}\n' "$type" >"$BATS_TEST_TMPDIR/s"
		try portl-load --bare -d "$dst" --create "$BATS_TEST_TMPDIR/s"
		assert_status 4
		assert_stderr_has 'is not just a name'
		assert_eq "$(q "$dst" "SELECT string_agg(relname, ',') FROM pg_class WHERE relnamespace = 'public'::regnamespace")" victims
	done
}

@test "--create: a stream that fails leaves no table, whatever the reason" {
	fresh_db src dst
	q "$src" 'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 50000);
		CREATE TABLE twice (id int PRIMARY KEY); CREATE TABLE heir () INHERITS (twice);
		INSERT INTO twice VALUES (1); INSERT INTO heir VALUES (1)'
	try_sh "portl-extract -d $src -c 'SELECT 1 / (50000 - i) AS id FROM generate_series(1, 60000) i' | portl-load -d $dst -t t --create"
	assert_status 4
	assert_stderr_has 'division by zero'
	absent
	portl-extract -d "$src" -t t -o "$BATS_TEST_TMPDIR/s"
	for cut in 5 400 100000 -9 -1; do
		try_sh "head -c $cut $BATS_TEST_TMPDIR/s | portl-load -d $dst --create"
		assert_status 4
		absent
	done
	try_sh "portl-extract -d $src -t t | portl-load -d $dst --create --min-rows=50001"
	assert_status 1
	assert_stderr_has '50000 rows'
	absent
	carry t --create --dry-run 2>/dev/null
	absent
	carry t --create --min-rows=50000
	carry twice --create # and claims no key that children may repeat
	assert_eq "$(q "$dst" 'SELECT count(*) FROM twice')" 2
}

# slowly FILE [LOAD-OPTION...]: a source that is the slower side: some rows, nothing once the server
# takes them, the rest
slowly()
{
	{
		head -c 300000 "$1"
		wait_for postgres "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$dst' AND query LIKE 'COPY %')"
		sleep 1.2
		tail -c +300001 "$1"
	} | portl-load -v -d "$dst" "${@:2}"
}

@test "--create: where rows come slowly and in order, the key is made before the last" {
	fresh_db src dst
	q "$src" "CREATE TABLE t (\"c d\" text COLLATE \"C\", n int, note text, PRIMARY KEY (n, \"c d\"));
		INSERT INTO t SELECT 'k' || i % 7, i, repeat('x', 20) FROM generate_series(1, 30000) i"
	for f in binary ndjson; do
		q "$dst" "DROP TABLE IF EXISTS t"
		portl-extract -q -d "$src" -t t -F $f >"$BATS_TEST_TMPDIR/t"
		try slowly "$BATS_TEST_TMPDIR/t" --create
		assert_status 0
		assert_stderr_has "the primary key is made while rows come"
		assert_eq "$(description "$dst" t)" "$(description "$src" t)"
		assert_eq "$(q "$dst" "SELECT count(*), sum(n) FROM t")" "$(q "$src" "SELECT count(*), sum(n) FROM t")"
		assert_eq "$(frozen "$dst" t)" 30000
	done

	# a dry run makes it and undoes it; a cut stream leaves nothing, a row with a key of another is named
	q "$dst" "DROP TABLE t"
	try slowly "$BATS_TEST_TMPDIR/t" --create --dry-run
	assert_status 0
	assert_stderr_has "the primary key is made while rows come"
	absent
	head -n -100 "$BATS_TEST_TMPDIR/t" >"$BATS_TEST_TMPDIR/cut"
	try slowly "$BATS_TEST_TMPDIR/cut" --create
	assert_status 4
	absent
	sed '29000s/"n":28999/"n":28992/' "$BATS_TEST_TMPDIR/t" >"$BATS_TEST_TMPDIR/twice"
	try slowly "$BATS_TEST_TMPDIR/twice" --create --edited
	assert_status 1
	assert_stderr_has ':28999: duplicate key value violates unique constraint "t_pkey"'
	absent
}

@test "--create: of a set whose rows come slowly, each member has its key" {
	fresh_db src dst
	for t in a b; do
		q "$src" "CREATE TABLE $t (n int PRIMARY KEY, note text);
			INSERT INTO $t SELECT i, repeat('x', 20) FROM generate_series(1, 30000) i"
	done
	for f in binary ndjson; do
		q "$dst" 'DROP TABLE IF EXISTS a, b'
		portl-extract -q -d "$src" -t a -t b -F $f >"$BATS_TEST_TMPDIR/set"
		try slowly "$BATS_TEST_TMPDIR/set" --create
		assert_status 0
		assert_stderr_has "the primary key is made while rows come"
		for t in a b; do
			assert_eq "$(description "$dst" $t)" "$(description "$src" $t)"
			assert_eq "$(q "$dst" "SELECT count(*), sum(n) FROM $t")" "$(q "$src" "SELECT count(*), sum(n) FROM $t")"
		done
	done
}

@test "--create: where rows come slowly and in no order, the key comes last, as for twins at the front" {
	fresh_db src dst
	q "$src" "CREATE TABLE t (n int PRIMARY KEY, note text);
		INSERT INTO t SELECT i * 7919 % 30011, repeat('x', 20) FROM generate_series(1, 30000) i"
	portl-extract -q -d "$src" -t t -F ndjson >"$BATS_TEST_TMPDIR/t"
	try slowly "$BATS_TEST_TMPDIR/t" --create
	assert_status 0
	run ! grep 'made while rows come' <<<"$stderr"
	assert_eq "$(description "$dst" t)" "$(description "$src" t)"

	q "$dst" "DROP TABLE t"
	q "$src" "TRUNCATE t; INSERT INTO t SELECT i, repeat('x', 20) FROM generate_series(1, 30000) i"
	portl-extract -q -d "$src" -t t -F ndjson | sed '4s/"n":3/"n":2/' >"$BATS_TEST_TMPDIR/t"
	try slowly "$BATS_TEST_TMPDIR/t" --create --edited
	assert_status 1
	assert_stderr_has 'could not create unique index "t_pkey"'
	assert_stderr_has 'adding the primary key'
	absent
}

@test "--create: of two loaders one makes the table, the other fails whole" {
	fresh_db src dst
	q "$src" 'CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 10) i'
	portl-extract -d "$src" -t t -o "$BATS_TEST_TMPDIR/s"
	size=$(stat -c %s "$BATS_TEST_TMPDIR/s")
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	portl-load -d "$dst" --create "$BATS_TEST_TMPDIR/fifo" 3>&- 2>"$BATS_TEST_TMPDIR/err" &
	first=$!
	exec {fifo}>"$BATS_TEST_TMPDIR/fifo"
	head -c $((size - 30)) "$BATS_TEST_TMPDIR/s" >&"$fifo"
	wait_for postgres "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$dst' AND query ~ '^COPY')"
	portl-load -d "$dst" --create "$BATS_TEST_TMPDIR/s" 3>&- {fifo}>&- 2>"$BATS_TEST_TMPDIR/err2" &
	second=$!
	wait_for postgres "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$dst' AND wait_event_type = 'Lock')"
	tail -c 30 "$BATS_TEST_TMPDIR/s" >&"$fifo"
	exec {fifo}>&-
	wait "$first"
	status=0
	wait "$second" || status=$?
	stderr=$(cat "$BATS_TEST_TMPDIR/err2")
	assert_status 1
	assert_stderr_has already
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 10
}

@test "--truncate: new rows for old ones in one transaction, frozen" {
	fresh_db src dst
	q "$src" 'CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 1000) i; CREATE TABLE none (id int)'
	q "$dst" 'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (-1), (-2)'
	try_sh "portl-extract -d $src -t t | head -c 2000 | portl-load -d $dst --truncate"
	assert_status 4
	assert_eq "$(q "$dst" 'SELECT count(*), max(id) FROM t')" '2|-1'
	try_sh "portl-extract -d $src -t none | portl-load -d $dst -t t --truncate"
	assert_status 1
	assert_stderr_has 'only 0 rows have come'
	assert_stderr_has '--min-rows=0'
	try_sh "portl-extract -d $src -t t --where 'id > 0 AND id / 0 = 1' | portl-load -d $dst --truncate"
	assert_status 4
	assert_eq "$(q "$dst" 'SELECT count(*), max(id) FROM t')" '2|-1'
	carry t --truncate
	same_table "$src" t "$dst" t
	assert_eq "$(frozen "$dst" t)" 1000
	carry none -t t --truncate --min-rows=0
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 0
	carry t # without --truncate rows are not frozen: others may see the table
	assert_eq "$(frozen "$dst" t)" 0
}

@test "--truncate: a table that others refer to, a view, a partitioned table" {
	fresh_db src dst
	q "$src" 'CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 10) i'
	q "$dst" 'CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t); INSERT INTO t VALUES (99, 99);
		CREATE TABLE r (t int REFERENCES t); CREATE VIEW v AS SELECT 1 AS id;
		CREATE TABLE p (id int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p DEFAULT; INSERT INTO p VALUES (99)'
	try_sh "portl-extract -d $src -t t | portl-load -d $dst --truncate"
	assert_status 5
	assert_stderr_has 'foreign keys of other tables refer to it'
	try_sh "portl-extract -d $src -t t | portl-load -d $dst -t v --truncate"
	assert_status 5
	assert_stderr_has 'a view cannot be truncated'
	q "$dst" 'DROP TABLE r'
	carry t --truncate
	carry t -t p --truncate
	assert_eq "$(q "$dst" 'SELECT count(*), (SELECT count(*) FROM p) FROM t')" '10|10'
}

@test "names longer than the server keeps are refused, and may be mapped" {
	local long

	long=$(printf 'é%.0s' {1..32})
	printf 'id,%s\n1,2\n' "$long" >"$BATS_TEST_TMPDIR/csv"
	portl-extract --csv "$BATS_TEST_TMPDIR/csv" >"$BATS_TEST_TMPDIR/s"
	try portl-load -d "$dst" -t named --create "$BATS_TEST_TMPDIR/s"
	assert_status 5
	assert_stderr_has "column \"$long\": the name is longer than PostgreSQL keeps names"
	try portl-load -d "$dst" -t named --create --map="$long=x$long" "$BATS_TEST_TMPDIR/s"
	assert_status 5
	portl-load -q -d "$dst" -t named --create --map="$long=v" "$BATS_TEST_TMPDIR/s"
	assert_eq "$(q "$dst" 'SELECT v FROM named')" 2
}
