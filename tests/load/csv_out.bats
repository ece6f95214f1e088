# CSV files as a target: byte for byte what COPY TO CSV HEADER writes, without a server.

load ../lib/common

setup_file()
{
	fresh_db db
	q "$db" <<-'SQL'
		CREATE EXTENSION hstore;
		CREATE EXTENSION citext;
		CREATE EXTENSION ltree;
		CREATE SCHEMA "odd schema";
		CREATE TYPE "odd schema".mood AS ENUM ('ok', 'not "ok"', 'a,b', '', 'null');
		CREATE DOMAIN "odd schema".price AS numeric(12,2) CHECK (VALUE >= -1);
		CREATE DOMAIN "odd schema".prices AS "odd schema".price[];
		CREATE TYPE "odd schema".pair AS (a int, b text, c "odd schema".mood[]);
		CREATE TYPE "odd schema".span AS RANGE (subtype = text);
	SQL
	export db
}

teardown_file()
{
	drop_dbs
}

# In a directory that has nothing but what the programs leave there.
setup()
{
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
}

teardown()
{
	:
}

# as_server QUERY: the same bytes by the server's COPY, from binary values and from text.
as_server()
{
	local values
	local -x PGTZ=UTC PGOPTIONS='-c extra_float_digits=3 -c client_min_messages=error'

	q "$db" "SET seed = 0.5; DROP TABLE IF EXISTS v; CREATE TABLE v AS $1"
	q "$db" "\\copy (TABLE v) TO 'want.csv' (format csv, header)"
	for values in binary text; do
		portl-extract -d "$db" -t v --values=$values | portl-load --csv got.csv || return
		cmp -s want.csv got.csv || {
			echo "$values values:"
			diff want.csv got.csv | cut -c 1-300 | head -n 20
			return 1
		}
	done
}

# each_since MAJOR WHAT TYPE LITERAL: the same for values that older servers do not have.
each_since()
{
	since "$1" "$2" || return 0
	each "${@:3}"
}

# each TYPE LITERAL: one row for each element of the array literal.
each()
{
	as_server "SELECT unnest(\$\$$2\$\$::$1[]) AS v UNION ALL SELECT NULL"
}

@test "numbers" {
	each boolean '{t,f}'
	each smallint '{-32768,0,32767}'
	each integer '{-2147483648,-1,0,2147483647}'
	each bigint '{-9223372036854775808,0,9223372036854775807,9007199254740993}'
	each oid '{0,4294967295}'
	each xid8 '{0,18446744073709551615}'
	each money '{0,0.01,-0.01,1,999.99,1000,-1234567.89,92233720368547758.07,-92233720368547758.08}'
	each numeric '{NaN,0,0.0,-0.00,1,10,1000,10000,123456789.123456789,0.00000001,-0.1,1e100,1e-100,99999999999999999999999999999999.9999,1.50,12340000,0.0001}'
	each_since 14 'infinite numerics' numeric '{Infinity,-Infinity,NaN}'
	as_server "SELECT 10::numeric ^ i AS a, 10::numeric ^ -i AS b, (random() * 10 ^ (i % 20))::numeric(40, 10) AS c,
		random()::numeric(30, 17) AS d FROM generate_series(0, 400) AS i"
	as_server "SELECT repeat('9', 131072)::numeric AS a, ('1e-16383')::numeric AS b"
}

@test "floating-point numbers have the server's digits" {
	each 'double precision' '{NaN,Infinity,-Infinity,-0,0,5e-324,1.7976931348623157e308,2.2250738585072014e-308,2.225073858507201e-308,0.1,0.30000000000000004,999999999999999,1e15,1e14,123456789012345,1234567890123456,0.0001,0.00001,9007199254740993,1e22,1e23,4.35}'
	each real '{NaN,Infinity,-Infinity,-0,0,1e-45,3.4028235e38,1.1754944e-38,0.1,1e5,999999,1e6,1234567,0.0001,0.00001,16777217}'
	as_server "SELECT power(2::float8, i) AS a, (power(2::float8, greatest(least(i, 127), -126)))::real AS b,
		('9.999999999999999e' || i % 308)::float8 AS c, ('1e' || i % 308)::float8 AS d, ('1e' || i % 38)::real AS e
		FROM generate_series(-1022, 1023) AS i"
	as_server "SELECT random() * power(2::float8, i % 1000) AS a, 5e-324::float8 * (random() * 1e6)::int AS b,
		(random() * power(2::float8, i % 120))::real AS c, 1.4e-45::float8::real * (random() * 1e6)::int AS d,
		(random() * 100000)::numeric(12, 2)::float8 AS e,
		((random() * 1e9)::bigint * power(2::float8, abs(i) % 60))::real AS f,
		(random() * 1e9)::bigint * power(2::float8, abs(i) % 100) AS g
		FROM generate_series(-2000, 2000) AS i"
}

@test "text and bytes" {
	as_server "SELECT * FROM (VALUES ('a', 'b'::varchar, 'c'::char(5), 'n'::name), ('', '', '', ''),
		(NULL, NULL, NULL, NULL), ('\\.', '\\N', 'a,b', 'q\"q'), (E'l1\nl2', E'l\r', 'é€😀', ' lead'),
		('NULL', 'null', 'x', 'trail '), (E'\t', E'\b\f\v', '\\', '\"')) AS x (a, b, c, d)"
	as_server "SELECT * FROM (VALUES (''), (NULL), ('\\.'), ('\\.x'), (E'\n'), (' ')) AS x (\"\\.\")"
	if since 15 '"char" beyond ASCII has a text'; then
		as_server 'SELECT (i - 128)::"char" AS c FROM generate_series(0, 255) AS i'
	fi
	as_server "SELECT * FROM (VALUES ('\\x00ff'::bytea), (''), (NULL), ('abc')) AS x (a)"
	as_server "SELECT '{\"a\":  [1, 2]}'::json AS a, '{\"a\":  [1, 2]}'::jsonb AS b, 'null'::jsonb AS c,
		'\$.a[*] ? (@ > 1)'::jsonpath AS d, 'c'::refcursor AS e"
	as_server "SELECT 1 AS \"a,b\", 2 AS \"q\"\"q\", 3 AS \" é \", 4 AS \"A\""
}

@test "dates and times" {
	each date '{infinity,-infinity,4713-11-24 BC,0001-01-01,0001-12-31 BC,5874897-12-31,2000-02-29,1900-02-28,1999-12-31,2000-01-01,10000-01-01}'
	as_server "SELECT '0005-01-01 BC'::date + i * 370 AS d FROM generate_series(0, 6000) AS i"
	each time '{00:00,24:00,23:59:59.999999,12:00:00.1,12:34:56.00001}'
	each timetz '{00:00+00,24:00-12,23:59:59.999999+15:59:59,12:00:00.1-15:59:59,12:34:56.00001+05:30,01:02:03+00:00:01,01:02:03-00:30}'
	each timestamp '{infinity,-infinity,4713-11-24 00:00:00 BC,294276-12-31 23:59:59.999999,1999-12-31 23:59:59.999999,1970-01-01 00:00:00.5,0001-12-31 23:59:59.1 BC}'
	each timestamptz '{infinity,-infinity,4713-11-24 00:00:00 BC,294276-12-31 23:59:59.999999,1999-12-31 23:59:59.999999+05,0001-12-31 23:59:59.1 BC}'
	as_server "SELECT '2000-01-01'::timestamp + (random() * 1e11 - 7e10) * interval '1 s' AS a,
		'2000-01-01'::timestamptz + (random() * 1e9 - 5e8) * interval '1 s' AS b FROM generate_series(1, 3000)"
	each interval '{0,1 day,-1 day,1 year 2 mons -3 days 04:05:06.7,-1 year 2 mons -3 days -04:05:06.7,1 mon -1 day,-1 mon 1 day 00:00:01,-1 day 01:00,178000000 years,-178000000 years,2147483647 days,-00:00:00.000001,1 year,-1 year,11 mons,13 mons,-13 mons 1 day,2147483647:00:54.775807}'
	each_since 15 'the longest intervals' interval '{2562047788:00:54.775807,-2562047788:00:54.775807}'
	as_server "SELECT make_interval(months => (random() * 100 - 50)::int, days => (random() * 10 - 5)::int,
		secs => random() * 1e6 - 5e5) AS i FROM generate_series(1, 3000)"
}

@test "addresses, bits, geometry, text search, the server's own" {
	as_server 'SELECT md5(i::text)::uuid AS u FROM generate_series(1, 50) AS i'
	each inet '{1.2.3.4,1.2.3.4/24,0.0.0.0/0,::1,::,::/0,::ffff:1.2.3.4,::1.2.3.4,::1234,::1:2,1:2:3:4:5:6:7:8/64,fe80::1/10,1::,2001:db8:0:0:1:0:0:1,1:0:0:2:0:0:0:3,0:0:1::,::ffff:0:0,::fffe:1.2.3.4,::100,1:2:3:4:5:6:0:8,0:1:2:3:4:5:6:7}'
	each cidr '{1.2.3.0/24,10.0.0.0/8,1.2.3.4,0.0.0.0/0,::/0,::1,2001:db8::/32,::ffff:1.2.3.0/120}'
	each macaddr '{08:00:2b:01:02:03}'
	each macaddr8 '{08:00:2b:01:02:03:04:05}'
	each 'bit(5)' '{10101,00000}'
	each 'bit varying' '{1,"",101010101010101010}'
	as_server "SELECT '(1.5,-2)'::point AS a, '[(0,0),(1,1e300)]'::lseg AS b, '(1,1),(0,0)'::box AS c,
		'((0,0),(1,1))'::path AS d, '[(0,0),(1,1)]'::path AS e, '((0,0),(1,0),(1,1))'::polygon AS f,
		'{1,2,3}'::line AS g, '<(0,0),5>'::circle AS h, ARRAY['(1,1),(0,0)'::box, '(3,3),(2,2)'] AS i"
	as_server "SELECT 'a fat cat:3A sat:2B,4C on ''q''\\\\ x:5'::tsvector AS a, ''::tsvector AS b"
	as_server "SELECT '16/B374D848'::pg_lsn AS a, '(1,2)'::tid AS b, '10:20:10,14,15'::pg_snapshot AS c,
		'10:20:'::txid_snapshot AS d, '7'::xid AS e, '8'::cid AS f"
}

@test "arrays and ranges" {
	as_server "SELECT '{}'::int[] AS a, '{1,NULL,3}'::int[] AS b, '[2:3]={1,2}'::int[] AS c, '{{1,2},{3,4}}'::int[] AS d,
		'{a,\"b c\",\"\",\"NULL\",null,\"q\\\"\",\"b\\\\\",\"x,y\",\"{\",é}'::text[] AS e,
		'[-1:0][5:6]={{a,b},{c,d}}'::text[] AS f, ARRAY['2020-01-01 10:00'::timestamp, 'infinity'] AS g,
		ARRAY[1.5, NULL]::float8[] AS h, '{t,f}'::bool[] AS i, ARRAY['\\x00'::bytea] AS j, '{{{1}}}'::int[] AS k,
		ARRAY[E' \t\n\v', 'nUlL'] AS l, ARRAY['2020-01-01'::date] AS m, ARRAY['a'::char(3)] AS n"
	as_server "SELECT 'empty'::int4range AS a, '[1,5)'::int4range AS b, '(,)'::int8range AS c, '[1.5,2.5]'::numrange AS d,
		'[2020-01-01 10:00,)'::tsrange AS e, '[2020-01-01 10:00+02,2021-01-01)'::tstzrange AS f,
		'(,2020-01-01)'::daterange AS g, ARRAY['[1,2)'::int4range, 'empty'] AS k"
	since 14 multiranges || return 0
	as_server "SELECT '{[1,2),[5,6)}'::int4multirange AS h, '{}'::datemultirange AS i,
		'{[2020-01-01 10:00,2021-01-01),[2022-01-01,)}'::tsmultirange AS j"
}

@test "enums, domains, composites, user-defined ranges, extensions" {
	as_server "SELECT 'ok'::\"odd schema\".mood AS a, ''::\"odd schema\".mood AS b,
		'{ok,\"not \\\"ok\\\"\",\"a,b\",\"\",\"null\",NULL}'::\"odd schema\".mood[] AS c, 12.5::\"odd schema\".price AS d,
		(1, 'x \"y\" \\ (z), é', ARRAY['ok', 'null']::\"odd schema\".mood[])::\"odd schema\".pair AS e,
		(NULL, NULL, NULL)::\"odd schema\".pair AS f, (1, '', NULL)::\"odd schema\".pair AS g,
		ARRAY[(1, 'a b', NULL)::\"odd schema\".pair, NULL] AS h, '[\"a b\",\"c\"\"d\"]'::\"odd schema\".span AS i,
		'[\"\\\\\",a]'::\"odd schema\".span AS j, '[\"\",)'::\"odd schema\".span AS k,
		ARRAY[12.5, NULL]::\"odd schema\".prices AS l"
	if since 14 multiranges; then
		as_server "SELECT '{[a,b],[c,\"d e\"]}'::\"odd schema\".span_multirange AS m"
	fi
	as_server "SELECT 'Aé'::citext AS a, 'a=>1, b=>NULL, \"q\\\"\"=>\"x\\\\y\", \"\"=>\"\"'::hstore AS b, ''::hstore AS c,
		'a.b.c'::ltree AS d, 'a.*{1,2}.b'::lquery AS e, 'a & !b'::ltxtquery AS f, ARRAY['a=>1'::hstore] AS g"
}

@test "fields larger than a block, many rows, no rows, no columns" {
	as_server "SELECT repeat('x\"y', 200000) AS a, i AS b, decode(repeat('ab', 300000), 'hex') AS c FROM generate_series(1, 3) AS i"
	as_server "SELECT i AS a, 'row ' || i AS b FROM generate_series(1, 100000) AS i"
	as_server 'SELECT 1 AS a, NULL::text AS b WHERE false'
	as_server 'SELECT FROM generate_series(1, 5)'
}

@test "what only a server can print is refused at the header" {
	try_sh "portl-extract -d $db -c \"SELECT 1 AS a, 'x & y'::tsquery AS q\" | portl-load --csv out.csv"
	assert_status 5
	assert_stderr_has 'column "q": the text of binary values of type tsquery'
	assert_stderr_has '--values=text'
	[ -z "$(ls)" ]
	try_sh "portl-extract -d $db -c \"SELECT 1 AS a, 'x & y'::tsquery AS q\" | portl-load --csv - -m q="
	assert_eq "$output" $'a\n1'
	try_sh "portl-extract -d $db --values=text -c \"SELECT 'x & y'::tsquery AS q\" | portl-load --csv -"
	assert_eq "$output" $'q\n\'x\' & \'y\''
	q "$db" "\\copy (SELECT 1) TO 'plain.bin' (format binary)"
	try portl-load --csv out.csv plain.bin
	assert_status 5
	assert_stderr_has 'names neither its columns nor their types'
}

@test "--map renames and drops, names are exact" {
	try_sh "portl-extract -d $db -c 'SELECT 1 AS a, 2 AS b, 3 AS c' | portl-load --csv - -m 'a=\"X y\",b='"
	assert_status 0
	assert_eq "$output" $'X y,c\n1,3'
	try_sh "portl-extract -d $db -c 'SELECT 1 AS a, 2 AS b' | portl-load --csv out.csv -m bb=x,a=b"
	assert_status 5
	assert_stderr_has 'the stream has no column "bb"'
	assert_stderr_has 'two columns go into "b"'
	[ ! -e out.csv ]
}

@test "the file is complete or absent" {
	echo old >out.csv
	try_sh "portl-extract -d $db -c 'SELECT 1 / (5000 - i) AS a FROM generate_series(1, 9000) AS i' | portl-load --csv out.csv"
	assert_status 4
	assert_stderr_has 'upstream failed: division by zero'
	assert_eq "$(cat out.csv)" old
	portl-extract -d "$db" -c 'SELECT i FROM generate_series(1, 1000) AS i' >whole
	try_sh 'head -c 5000 whole | portl-load --csv out.csv'
	assert_status 4
	assert_eq "$(cat out.csv; ls)" $'old\nout.csv\nwhole'
	try_sh 'portl-load --csv /no/such/directory/x <whole'
	assert_status 1
	try portl-load --csv '' whole
	assert_status 1
	assert_stderr_has 'could not open ""'
	try_sh 'portl-load --csv - <whole >/dev/full'
	assert_status 1
	assert_stderr_has 'No space left'
	try portl-load --csv out.csv whole
	assert_status 0
	assert_silent
	assert_eq "$(wc -l <out.csv)" 1001
}

@test "a byte order mark that a name begins with is not taken for the file's" {
	q "$db" "CREATE TABLE marked AS SELECT 1 AS U&\"\\FEFFa\", U&'\\FEFFb' AS b"
	portl-extract -d "$db" -t marked --values=text | portl-load --csv got.csv
	assert_eq "$(cat got.csv)" $'"\ufeffa",b\n1,\ufeffb'
	portl-extract --csv got.csv | portl-load -d "$db" -t marked
	assert_eq "$(q "$db" "SELECT count(*), count(DISTINCT marked) FROM marked")" '2|1'
}

@test "receipts balance" {
	portl-extract -d "$db" -c 'SELECT i FROM generate_series(1, 1000) AS i' >whole
	portl-load --csv out.csv --summary=s whole
	assert_eq "$(jq -c '[.status, .relation, .rows.read, .rows.inserted, .committed, .dry_run]' s)" \
		'[0,"out.csv",1000,1000,true,false]'
	rm out.csv
	try portl-load --csv out.csv --dry-run --summary=s whole
	assert_status 0
	assert_stderr_has 'Plan for out.csv (CSV)'
	assert_eq "$(jq -c '[.status, .rows.read, .rows.inserted, .committed, .dry_run]' s)" '[0,1000,1000,false,true]'
	[ ! -e out.csv ]
	try portl-load --csv out.csv --min-rows=1001 --summary=s whole
	assert_status 1
	assert_stderr_has 'only 1000 rows have come'
	assert_eq "$(jq -c '[.status, .rows.read, .rows.inserted, .committed]' s)" '[1,1000,0,false]'
	[ ! -e out.csv ]
}

@test "no name of a stream's moves the cursor when the plan is shown" {
	try portl-load --csv out.csv --bare --dry-run <<<'{"a\u001b[2J\nb":1}'
	assert_status 0
	assert_stderr_has 'a\u001b[2J\nb '
	assert_stderr_lacks $'\33'
}

@test "several streams become one file if their columns are the same" {
	portl-extract -d "$db" -c 'SELECT 1 AS a' >one
	portl-extract -d "$db" -c "SELECT 'x' AS a" >two
	portl-extract -d "$db" -c 'SELECT 1 AS b' >three
	try_sh 'cat one two | portl-load --streams=2 --csv -'
	assert_eq "$output" $'a\n1\nx'
	try_sh 'cat one three | portl-load --streams=2 --csv out.csv'
	assert_status 5
	assert_stderr_has 'different columns'
	[ ! -e out.csv ]
}

@test "a reader that goes away ends it quietly" {
	try_sh "portl-extract -d $db -c 'SELECT i FROM generate_series(1, 3000000) AS i' 2>/dev/null |
		portl-load --csv - | head -n 2"
	assert_eq "$output" $'i\n1'
	assert_eq "$stderr" ''
}

@test "no server is asked, and its options are refused" {
	local option words

	printf 'a\n1\n' >in.csv
	try_sh "portl-extract --csv in.csv | PGHOST=/nowhere PORTL_DESTINATION='host=/nowhere' portl-load --csv out.csv"
	assert_status 0
	for option in '-t x' '-d x' '-h x' '-p 1' '-U x' -w -W --create --truncate \
		--extra-columns=ignore '--lock-wait-timeout=1' --conflict=skip --key=a --newer=a \
		--duplicates=last --commit=batch --batch-size=5 --no-sync-sequences; do
		read -ra words <<<"$option"
		try portl-load --csv out.csv "${words[@]}"
		assert_status 64
		assert_stderr_has 'does not go with --csv'
	done
}

@test "delimiter, quote, null, --quote-all, --header=no: what COPY writes with these options; --bom" {
	local select="SELECT * FROM (VALUES (1, 'a;b', NULL), (NULL, '', 'NULL'), (3, 'x''\"y', 'z')) v(i, \"t;t\", u)"

	portl-extract -d "$db" -c "$select" >stream
	portl-load --csv=- --delimiter=';' --quote="'" --null=NULL --quote-all stream >ours
	q "$db" "COPY ($select) TO STDOUT (FORMAT csv, HEADER, DELIMITER ';', QUOTE '''', NULL 'NULL', FORCE_QUOTE *)" |
		tail -n +2 | cmp - <(tail -n +2 ours)
	assert_eq "$(head -1 ours)" "'i';'t;t';'u'"
	portl-load --csv=- --delimiter='\t' --header=no stream >ours
	q "$db" "COPY ($select) TO STDOUT (FORMAT csv, DELIMITER E'\\t')" | cmp - ours
	portl-load --csv=with --bom stream
	portl-load --csv=without stream
	{ printf '\xef\xbb\xbf'; cat without; } | cmp - with
	portl-extract --csv=with --columns='"t;t"' --header=yes -F ndjson >/dev/null
	for option in --delimiter=x --quote=x --null=x --header=no --quote-all --bom; do
		try portl-load -d "$db" -t t $option stream
		assert_status 64
		assert_stderr_has "${option%=*} needs --csv"
	done
	printf 'source:\n  type: csv\n  path: with\ndestination:\n  type: csv\n  path: job.csv\n  delimiter: "|"\n  bom: true\n  quote_all: true\n' >job.yaml
	portl-extract -f job.yaml | portl-load -f job.yaml
	assert_eq "$(head -1 job.csv)" $'\ufeff"i"|"t;t"|"u"'
}
