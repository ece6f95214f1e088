#!/usr/bin/env bats
# Values of every type arrive bit for bit, in binary form and in text form.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common

# carry TABLE [EXTRACT-OPTION...]
carry()
{
	portl-extract -d "$src" -t "$@" | portl-load -q -d "$dst" --create --truncate
}

# arrives TABLE [EXTRACT-OPTION...]: and is bit by bit the same.
arrives()
{
	carry "$@" && same_table "$src" "$1" "$dst" "$1"
}

built_in()
{
	since 14 'infinite numerics, multiranges' || :
	since 15 'numerics of negative scale, the longest intervals' || :
	PGOPTIONS='-c client_min_messages=error' q "$1" <"$ROOT/tests/sql/values.sql"
}

# Leave away what has no binary form, or none that the server itself reads.
has_binary_form()
{
	q "$1" "ALTER TABLE scalars DROP xml, DROP oidvector, DROP int2vector; ALTER TABLE arrays DROP xml;
		UPDATE scalars SET tsquery = 'x' WHERE id = 1; UPDATE arrays SET tsquery = NULL"
}

# Types made before mean other OIDs for those made afterwards.
shift_oids()
{
	q "$1" "DO 'BEGIN FOR i IN 1..50 LOOP EXECUTE format(''CREATE TYPE shift_%s AS (a int)'', i);
		END LOOP; END'"
}

@test "every built-in type with its extremes, alone and in arrays" {
	fresh_db src dst
	built_in "$src"
	arrives scalars
	arrives arrays
	arrives named
	assert_eq "$(q "$dst" 'SELECT max(length(num::text)) FROM scalars WHERE num > 1e100000')" 131072
	assert_eq "$(q "$dst" "SELECT string_agg(xml::text, '|' ORDER BY id) FROM scalars WHERE id IN (5, 6)")" \
		$'<?xml version="1.0" encoding="UTF-8"?><a/>|<?xml version="1.0"?>\n<a/>'
	for table in scalars arrays named; do
		arrives "$table" --values=text
	done
	q "$dst" 'DROP TABLE scalars, arrays'
	q "$src" "CREATE TABLE q AS SELECT ''::tsquery AS tsquery"
	try carry q # binary input knows an empty one since 15.20 (and its siblings) only
	if [ "$status" -eq 0 ]; then
		same_table "$src" q "$dst" q
	else
		assert_status 1
		assert_stderr_has 'column "tsquery": malformed tsquery'
	fi
	has_binary_form "$src"
	for table in scalars arrays; do
		arrives "$table" --values=binary
	done
}

# The settings that change how values are written or read.  Each would spoil something.
odd_settings()
{
	q "$1" "
		ALTER DATABASE $1 SET DateStyle = 'SQL, DMY';
		ALTER DATABASE $1 SET IntervalStyle = sql_standard;
		ALTER DATABASE $1 SET TimeZone = 'Asia/Kathmandu';
		ALTER DATABASE $1 SET bytea_output = escape;
		ALTER DATABASE $1 SET extra_float_digits = -15;
		ALTER DATABASE $1 SET lc_monetary = 'C.UTF-8';
		ALTER DATABASE $1 SET client_encoding = LATIN1;
		ALTER DATABASE $1 SET standard_conforming_strings = off;
		ALTER DATABASE $1 SET escape_string_warning = off;
		ALTER DATABASE $1 SET backslash_quote = off;
		ALTER DATABASE $1 SET quote_all_identifiers = on;
		ALTER DATABASE $1 SET array_nulls = off;
		ALTER DATABASE $1 SET xmloption = document;
		ALTER DATABASE $1 SET default_text_search_config = 'pg_catalog.german';
		ALTER DATABASE $1 SET transform_null_equals = on;"
}

@test "settings of the role or database on either side change nothing" {
	local odd

	for odd in src dst; do
		fresh_db src dst
		built_in "$src"
		# The longest numbers are only slow here.
		q "$src" 'UPDATE arrays SET num = num[1:8]; UPDATE scalars SET num = 7 WHERE length(num::text) > 20000'
		for table in scalars arrays; do
			q "$src" "CREATE TABLE \"$table ü\\\" AS TABLE $table"
		done
		has_binary_form "$src"
		odd_settings "${!odd}"
		for table in scalars arrays; do
			arrives "\"$table ü\\\"" # some columns make it text
			arrives $table --values=binary
		done
		drop_dbs
	done
}

@test "random bit patterns of float8 and float4" {
	fresh_db src dst
	q "$src" 'CREATE TABLE f (id int, f8 float8, f4 float4)'
	q "$src" "COPY (SELECT i, decode(substr(md5(i::text), 1, 16), 'hex'), decode(substr(md5(i::text), 17, 8), 'hex')
			FROM generate_series(1, 50000) i) TO STDOUT (FORMAT binary)" |
		q "$src" 'COPY f FROM STDIN (FORMAT binary)'
	arrives f --values=binary
	# A NaN's payload has no text.
	q "$src" "DELETE FROM f WHERE f8 = 'NaN' OR f4 = 'NaN'"
	arrives f --values=text
}

# types DB: what people make themselves, the same by name in any database
types()
{
	local multirange=', multirange_type_name = moods'

	since 14 'multiranges of user types' || multirange=
	q "$1" "
		CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;
		CREATE EXTENSION cube;
		CREATE TYPE mood AS ENUM ('sad', 'it''s \"ok\"', 'a,b', '', '(x)', 'ü {}', 'NULL');
		CREATE DOMAIN positive AS numeric(10,2) CHECK (value > 0);
		CREATE DOMAIN deeper AS positive;
		CREATE DOMAIN ints AS int[];
		CREATE TYPE pair AS (a int, gone text, b text, m mood, d deeper);
		ALTER TYPE pair DROP ATTRIBUTE gone;
		CREATE TYPE nest AS (p pair, ps pair[], h hstore);
		CREATE DOMAIN pair_domain AS pair CHECK ((value).a IS DISTINCT FROM 0);
		CREATE TYPE textrange AS RANGE (subtype = text);
		CREATE TYPE moodrange AS RANGE (subtype = mood$multirange);
		CREATE TABLE rowtype (x int, y text);
		CREATE SCHEMA \"Odd \"\"One\";
		CREATE TYPE \"Odd \"\"One\".\"my (int)\" AS ENUM ('x');"
}

user_values()
{
	local multi=moods

	((SERVER_VERSION >= 140000)) || multi=moodrange # types() says so
	q "$1" "
		CREATE TABLE u (id int PRIMARY KEY, mood mood, moods mood[], positive positive, deeper deeper,
			deepers deeper[], ints ints, intss ints[], pair pair, pairs pair[], nest nest, nests nest[],
			pair_domain pair_domain, textrange textrange, textranges textrange[], moodrange moodrange,
			multi $multi, rowtype rowtype, rows rowtype[], h hstore, hs hstore[], citext citext, citexts citext[],
			ltree ltree, cube cube, odd \"Odd \"\"One\".\"my (int)\", odds \"Odd \"\"One\".\"my (int)\"[]);
		INSERT INTO u (id) VALUES (0);
		INSERT INTO u SELECT i, m, ARRAY[m, NULL, 'sad'], 0.01, 99999999.99, '{1.10,NULL}', '{1,NULL}'::int[],
			'{\"{1,2}\",NULL}', ROW(1, 'x, \"y\" (z)', m, 2.5::deeper)::pair, ARRAY[ROW(NULL, '', m, 1::deeper)::pair, NULL],
			ROW(ROW(1, NULL, m, 3::deeper)::pair, ARRAY[ROW(2, '{}', NULL, NULL)::pair], 'a=>1')::nest,
			ARRAY[ROW(NULL, NULL, NULL)::nest, NULL], ROW(7, '\\\\', m, NULL)::pair, textrange('a', 'b\",(', '[]'),
			ARRAY['empty'::textrange, textrange(NULL, '')], moodrange('sad', m, '[]'), (CASE WHEN '$multi' = 'moods' THEN '{[sad,\"a,b\")}' ELSE '[sad,\"a,b\")' END)::$multi,
			ROW(1, E'\t')::rowtype, ARRAY[ROW(2, NULL)::rowtype], 'k=>NULL, \"\"=>\"\"'::hstore,
			ARRAY['a=>b'::hstore, NULL], 'CamelCase', '{Ab,NULL}', 'Top.Sub_1.x', '(1,2),(3,-0)', 'x', '{x,NULL}'
		FROM unnest(enum_range(NULL::mood)) WITH ORDINALITY AS e(m, i)"
}

@test "enums, domains, composites, arrays, ranges of them, extension types: their OIDs differ" {
	fresh_db src dst
	types "$src"
	shift_oids "$dst"
	types "$dst"
	user_values "$src"
	arrives u --values=text
	if since 14 'containers of user types in binary form'; then
		arrives u --values=binary
		arrives u
	fi
	q "$dst" 'DROP TABLE u'
	arrives u --values=text
	q "$dst" "INSERT INTO u (id, mood) VALUES (100, 'sad')" # it has the types, not just the text
}

@test "a type without binary form travels as text; --values=binary refuses it" {
	fresh_db src dst
	for db in "$src" "$dst"; do
		q "$db" "
			SET client_min_messages = error;
			CREATE TYPE odd;
			CREATE FUNCTION odd_in(cstring) RETURNS odd AS 'int4in' LANGUAGE internal STRICT IMMUTABLE;
			CREATE FUNCTION odd_out(odd) RETURNS cstring AS 'int4out' LANGUAGE internal STRICT IMMUTABLE;
			CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out, LIKE = int4)"
	done
	q "$src" "CREATE TABLE t AS SELECT i::text::odd AS o, ARRAY[i::text::odd, NULL] AS os FROM generate_series(-5, 5) i"
	arrives t
	try portl-extract -d "$src" -t t --values=binary
	assert_status 1
	assert_stderr_has 'type public.odd has no binary form'
	assert_stderr_has '--values'
}

@test "anonymous records and pseudo-types are refused by name" {
	fresh_db src
	q "$src" 'CREATE TABLE t AS SELECT 1 AS id'
	for query in 'SELECT ROW(1, 2) AS r' 'SELECT ARRAY[ROW(1, 2)] AS r' 'SELECT pg_sleep(0) AS r' \
		"SELECT histogram_bounds FROM pg_stats LIMIT 1"; do
		for values in auto text binary; do
			try portl-extract -d "$src" -c "$query" --values=$values
			assert_status 1
			assert_stderr_has 'has no values that could be read elsewhere'
		done
	done
}

# refused SQL-HERE SQL-THERE TYPE REASON [VALUES...]: a table of TYPE, made by SQL on either side
refused()
{
	local values reason

	q "$src" "DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; SET search_path = s; $1; CREATE TABLE t (id int, c $3)"
	q "$dst" "DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; SET search_path = s; $2; CREATE TABLE t (id int, c $3)"
	for values in "${@:5}"; do
		reason=$4
		# servers before 14 cannot read bytes that hold OIDs of types, whatever they mean
		if ((SERVER_VERSION < 140000)) && [[ $values == binary && ($3 == *'[]' || $1 == *'y y'*) ]]; then
			reason='whose binary form servers before 14 cannot read'
		fi
		try_sh "portl-extract -d $src -t s.t --values=$values | portl-load -d $dst"
		assert_status 5
		assert_stderr_has 'column "c"'
		assert_stderr_has "$reason"
		q "$dst" 'ALTER TABLE s.t RENAME TO kept'
		try_sh "portl-extract -d $src -t s.t --values=$values | portl-load -d $dst --create"
		assert_status 5
		assert_stderr_has 'column "c"'
		q "$dst" 'ALTER TABLE s.kept RENAME TO t'
	done
}

@test "a type of the same name with another meaning is refused at the header" {
	fresh_db src dst
	PGOPTIONS='-c client_min_messages=error'
	export PGOPTIONS
	refused 'CREATE DOMAIN x AS int' 'CREATE DOMAIN x AS real' x 'domain over integer' binary
	refused 'CREATE DOMAIN x AS int[]' 'CREATE DOMAIN x AS real[]' x 'integer[]' binary
	refused 'CREATE TYPE x AS (a int, b int)' 'CREATE TYPE x AS (b int, a int)' x attributes binary text
	refused 'CREATE TYPE x AS (a int, b int)' 'CREATE TYPE x AS (b int, a int)' 'x[]' attributes binary text
	refused 'CREATE TYPE y AS (a int, b int); CREATE TYPE x AS (c int, y y[])' \
		'CREATE TYPE y AS (b int, a int); CREATE TYPE x AS (c int, y y[])' x attributes binary text
	refused 'CREATE TYPE y AS (a int, b int); CREATE TYPE x AS RANGE (subtype = y)' \
		'CREATE TYPE y AS (b int, a int); CREATE TYPE x AS RANGE (subtype = y)' x attributes binary text
	refused 'CREATE TYPE x AS (a int)' 'CREATE TYPE x AS (a real)' x 'integer' binary
	refused 'CREATE TYPE x AS (a int)' 'CREATE TYPE x AS (a int, b int)' x attributes binary text
	refused "CREATE TYPE x AS ENUM ('a', 'b')" "CREATE TYPE x AS ENUM ('a', 'c')" x labels binary
	refused "CREATE TYPE x AS ENUM ('a')" 'CREATE TYPE x AS (a int)' x kind binary
	refused 'CREATE TYPE x AS RANGE (subtype = int4)' 'CREATE TYPE x AS RANGE (subtype = float4)' x 'integer' binary
}

@test "the same labels in another order are the same enum" {
	fresh_db src dst
	q "$src" "CREATE TYPE x AS ENUM ('a', 'b'); CREATE TABLE t AS SELECT unnest(enum_range(NULL::x)) AS c"
	q "$dst" "CREATE TYPE x AS ENUM ('b', 'a'); CREATE TABLE t (c x)"
	arrives t
}

@test "LATIN1, EUC_JP and SQL_ASCII databases: equal, or refused" {
	fresh_db src -- "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
	fresh_db dst
	fresh_db narrow -- "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
	fresh_db jp -- "ENCODING 'EUC_JP' LC_COLLATE 'C' LC_CTYPE 'C'"
	fresh_db ascii -- "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
	fresh_db ascii2 -- "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
	for db in "$src" "$jp" "$ascii"; do
		q "$db" 'CREATE TABLE "ascii" (id int, t text); INSERT INTO "ascii" VALUES (1, $$plain$$)'
		for to in "$dst" "$narrow" "$ascii2"; do
			portl-extract -d "$db" -t ascii | portl-load -q -d "$to" --create --truncate
			same_table "$db" ascii "$to" ascii
		done
	done
	PGCLIENTENCODING=UTF8 q "$src" "CREATE TABLE \"té\" AS SELECT i AS \"clé\", chr(i) AS t
		FROM generate_series(1, 255) i WHERE i NOT BETWEEN 128 AND 159"
	for values in binary text; do
		for to in "$dst" "$narrow"; do
			portl-extract -d "$src" -t 'tÉ' --values=$values 2>/dev/null && fail 'found tÉ'
			portl-extract -d "$src" -t 'té' --values=$values | portl-load -q -d "$to" --create --truncate
			same_table "$src" 'té' "$to" 'té'
		done
	done
	PGCLIENTENCODING=UTF8 q "$jp" "CREATE TABLE j AS SELECT '日本語' AS t"
	portl-extract -d "$jp" -t j | portl-load -q -d "$dst" --create
	assert_eq "$(q "$dst" 'SELECT t FROM j')" 日本語
	try_sh "portl-extract -d $jp -t j | portl-load -d $narrow --create"
	assert_status 1
	assert_stderr_has 'has no equivalent in encoding "LATIN1"'
	assert_eq "$(q "$narrow" "SELECT to_regclass('j') IS NULL")" t
}

@test "SQL_ASCII bytes that are not UTF-8 are refused, in values and in names" {
	fresh_db src -- "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
	fresh_db dst
	q "$src" "CREATE TABLE t AS SELECT convert_from('\xe9', 'SQL_ASCII') AS t"
	q "$dst" 'CREATE TABLE t (t text)'
	for values in binary text; do
		try_sh "portl-extract -d $src -t t --values=$values | portl-load -d $dst"
		assert_status 4
		assert_stderr_has 'invalid byte sequence for encoding "UTF8": 0xe9'
	done
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 0
	printf 'ALTER TABLE t RENAME t TO "\xe9"' | q "$src"
	try portl-extract -d "$src" -t t -o "$BATS_TEST_TMPDIR/file"
	assert_status 1
	assert_stderr_has 'invalid byte sequence for encoding "UTF8": 0xe9'
	[ ! -e "$BATS_TEST_TMPDIR/file" ]
}

@test "a field of 64 MB and rows larger than any window" {
	fresh_db src dst
	q "$src" "CREATE TABLE t (id int, b bytea, t text);
		ALTER TABLE t ALTER b SET STORAGE external, ALTER t SET STORAGE external;
		INSERT INTO t SELECT i, decode(repeat(md5(i::text), 20000), 'hex'), repeat(E'x\t\\\\', 100000)
			FROM generate_series(1, 2) i"
	for values in text binary; do
		arrives t --values=$values
	done
	under_asan || q "$src" "INSERT INTO t SELECT 4, convert_to(repeat('0123456789abcdef', 1 << 22), 'UTF8')"
	carry t
	for db in "$src" "$dst"; do
		q "$db" 'SELECT id, length(b), md5(b), md5(t) FROM t ORDER BY id' >"$BATS_TEST_TMPDIR/$db"
	done
	cmp "$BATS_TEST_TMPDIR/$src" "$BATS_TEST_TMPDIR/$dst"
}

@test "a huge value in NDJSON: in memory twice beside libpq's buffer, and the next one, too" {
	# libpq's buffer has a power of two, and what is behind a row may fill it: 128 MiB here.
	local d=$BATS_TEST_TMPDIR kb size=134000000

	needs_own_memory
	fresh_db src
	"$BUILD/bench/measure" "$d/sample" portl-extract -q -d "$src" -F ndjson -o /dev/null \
		-c "SELECT repeat('x', $size) AS t FROM generate_series(1, 2)"
	kb=$(cut -d ' ' -f 4 "$d/sample")
	echo "$kb kB"
	[ $((kb * 1024)) -lt $((size * 3 + (16 << 20))) ]
}

@test "an xml that could not keep its declaration is refused, and sent where it can" {
	fresh_db src dst
	cd "$BATS_TEST_TMPDIR"
	q "$src" "CREATE TYPE xc AS (n int, x xml); CREATE DOMAIN dx AS xml; CREATE DOMAIN dxs AS xml[]; CREATE TYPE deep AS (c xc[]);
		CREATE TABLE a (id int, c xc); CREATE TABLE b (id int, c xc[]); CREATE TABLE c (id int, c dx[]); CREATE TABLE d (id int, c deep);
		CREATE TABLE fine (id int, x xml, xs xml[], d dx, ds dxs);
		INSERT INTO fine SELECT 1, x, ARRAY[x], x, ARRAY[x] FROM xmlparse(document '<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>') AS x"
	for table in a b c d; do
		for form in binary ndjson; do
			try portl-extract -d "$src" -t $table -F $form -o out
			assert_status 1
			assert_stderr_has 'cannot send column "c": an xml inside of type public.'
			[ ! -e out ]
		done
		portl-extract -d "$src" -t $table --exclude-columns=c -o out && rm out
	done
	q "$dst" 'CREATE DOMAIN dx AS xml; CREATE DOMAIN dxs AS xml[]; CREATE TABLE fine (id int, x xml, xs xml[], d dx, ds dxs)'
	portl-extract -d "$src" -t fine | portl-load -d "$dst"
	assert_eq "$(q "$dst" 'SELECT x::text, xs::text[]::text, d::text, ds::text[]::text FROM fine')" \
		"$(q "$src" 'SELECT x::text, xs::text[]::text, d::text, ds::text[]::text FROM fine')"
	q "$dst" 'SELECT x::text FROM fine' | grep '^<?xml'
}
