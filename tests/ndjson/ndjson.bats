#!/usr/bin/env bats
# shellcheck disable=SC2016 # "$portl" is a key
# NDJSON, from tables to lines and back: every value as it was, every damage refused.

load ../lib/common

# Tables of all types there are.
make_tables()
{
	since 14 'multiranges, infinite numerics' || :
	q "$1" <<-'SQL'
		SELECT :SERVER_VERSION_NUM >= 140000 AS has_14 \gset
		\set multirange nummultirange
		\if :has_14
		\else
			\set multirange text
		\endif
		CREATE TYPE mood AS ENUM ('sad', 'so "so"', 'it''s, ok', E'tab\there');
		CREATE DOMAIN big AS bigint;
		CREATE DOMAIN ints AS int[];
		CREATE DOMAIN boxy AS box;
		CREATE TYPE pair AS (a int, b text);
		CREATE TYPE span AS RANGE (subtype = float8);
		CREATE EXTENSION IF NOT EXISTS hstore;
		CREATE EXTENSION IF NOT EXISTS citext;
		CREATE TABLE numbers (id serial, a int2, b int4, c int8, d numeric, e numeric(20,5),
		                      f float4, g float8, h big, i money, j oid);
		CREATE TABLE texts (id serial, a text, b varchar(5), c char(6), d name, e "char", f bytea, g citext,
		                    "h ""\	ü" text);
		CREATE TABLE words (id serial, a bool, b json, c jsonb, d json, e mood, f pair, g hstore, h xml, i uuid);
		CREATE TABLE times (id serial, a date, b timestamp, c timestamptz, d time, e timetz, f interval);
		CREATE TABLE shapes (id serial, a point, b line, c lseg, d box, e path, f polygon, g circle, h inet, i cidr,
		                     j macaddr, k macaddr8, l bit(5), m varbit, n tsvector, o tsquery, p pg_lsn, q int4range,
		                     r :multirange, s span, t tsrange, u boxy, v regclass, w txid_snapshot);
		CREATE TABLE arrays (id serial, a int[], b text[], c bool[], d json[], e jsonb[], f box[], g numeric[], h float8[],
		                     i mood[], j big[], k ints, l pair[], m timestamptz[], n bytea[], o boxy[], p hstore[], q varchar(5)[], r int2vector);
	SQL
}

# Each type's extremes, NULL, and what is hard to write.
fill_tables()
{
	q "$1" <<-'SQL'
		SELECT :SERVER_VERSION_NUM >= 140000 AS has_14 \gset
		\set infinity '\'Infinity\''
		\set list '{1.10,NaN,Infinity,9007199254740993}'
		\if :has_14
		\else
			\set infinity 1
			\set list '{1.10,NaN,9007199254740993}'
		\endif
		INSERT INTO numbers (a, b, c, d, e, f, g, h, i, j) VALUES
		 (-32768, -2147483648, -9223372036854775808, 'NaN', 0, '-0', '-0', 9007199254740993, '-92233720368547758.08', 0),
		 (32767, 2147483647, 9223372036854775807, :infinity, 1.10, 'NaN', 'NaN', -1, 0.01, 4294967295),
		 (0, 0, 9007199254740993, -(:infinity)::numeric, -99999.99999, 'Infinity', '-Infinity', 0, NULL, NULL),
		 (NULL, NULL, NULL, ('9' || repeat('9', 131071))::numeric, NULL, 1e-45, 5e-324, NULL, NULL, NULL),
		 (NULL, NULL, NULL, ('-0.' || repeat('0', 16382) || '1')::numeric, NULL, 3.4028235e38, 1.7976931348623157e308, NULL, NULL, NULL),
		 (1, 1, 1, 1.10, 1.1, 0.1, 0.1::float8 + 0.2::float8, 1, 1, 1),
		 (1, 1, 1, 0.0000000000000000000000001, 1.1, 1e16, 1e16, 1, 1, 1);
		INSERT INTO texts (a, b, c, d, e, f, g, "h ""\	ü") VALUES
		 ('', '', '', '', '', '', '', ''),
		 (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		 ('\N', 'null', 'NULL', '\.', '\', '\x00ff5c22', 'ABC', '{"a":1}'),
		 (E'a\tb\nc\rd\r\ne\bf\fg\vh\\i"j''k/', E'\\.', E'\t', E'\n', '"', '\x', E'\x01', '[1]'),
		 ((SELECT string_agg(chr(i), '') FROM generate_series(1, 55295, 7) i), 'é€', '  x', 'n', E'\x7f', '\x0a', 'é', ' '),
		 ((SELECT string_agg(chr(i), '') FROM generate_series(57344, 1114111, 97) i), E'\u2028', 'x', 'n', 'n', '\xdeadbeef', 'ü', 'true'),
		 (repeat('"\', 100000), '1', '1', '1', '1', decode(repeat('00', 100000), 'hex'), '1', '1.50');
		INSERT INTO words (a, b, c, d, e, f, g, h, i) VALUES
		 (true, 'null', 'null', '{"a" : 1, "a": [2 ,{}]}', 'so "so"', '(1,"a ""b"" \\ c")', 'a=>1, "b c"=>NULL', '<a b="c">d&amp;</a>', '8c6f0d2a-3b1e-4f59-9a77-0123456789ab'),
		 (false, NULL, NULL, '"\u0000 \ud800 \/ \u00e9"', E'tab\there', '(,)', '', '', NULL),
		 (NULL, '"text"', '"te\"xt"', ' [1.10, 1e400, -0, 12345678901234567890] ', 'it''s, ok', NULL, NULL, NULL, NULL),
		 (NULL, 'true', '{"b": [], "a": {"é": null}}', (repeat('[', 5000) || repeat(']', 5000))::json, 'sad', ROW(2, NULL), NULL, NULL, NULL),
		 (NULL, '1.10', '1.10', E'{"tab"\t:1}', NULL, NULL, NULL, NULL, NULL);
		INSERT INTO times (a, b, c, d, e, f) VALUES
		 ('infinity', 'infinity', 'infinity', '24:00', '24:00+15:59:59', '-1 year 2 mons -3 days +04:05:06.7'),
		 ('-infinity', '-infinity', '-infinity', '00:00', '00:00-15:59:59', '178000000 years'),
		 ('4713-01-01 BC', '4713-01-01 00:00 BC', '4713-11-24 00:00 BC', '12:34:56.789012', '01:02+05:45', '0'),
		 ('5874897-12-31', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999', NULL, NULL, NULL);
		INSERT INTO shapes (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w) VALUES
		 ('(-0,1e300)', '{1,2,3}', '[(0,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,1)]', '((0,0),(1,1))', '<(0,0),1>',
		  '1.2.3.4', '10/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '10101', '1', '''a b'':1A c', '''a'' & !b',
		  '16/B374D848', 'empty', '{[1,2),(3,)}', '[-infinity,0.1]', '["2020-01-01 00:00","infinity")', '(1,1),(0,0)', 'pg_class', '10:20:10,14'),
		 ('(NaN,Infinity)', NULL, NULL, NULL, '((0,0))', NULL, NULL, '::1/64', '::/0', NULL, NULL, NULL, '', '', '', '0/0', '(,)', '{}', '(,)', 'empty', NULL, NULL, NULL);
		INSERT INTO arrays (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r) VALUES
		 ('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', ''),
		 ('{1,NULL,-3}', '{NULL,"NULL","",null,"a,b","{}","\"\\"," ",é}', '{t,f,NULL}', ARRAY[' 1', E'"x"\t', '{"a": [1, null]}', 'null', '"\n\u0000"']::json[],
		  ARRAY['null', '[1,2]', '"\"\\"']::jsonb[], '{(1,1),(0,0);(3,3),(2,2)}', (:'list'),
		  '{-0,NaN,5e-324}', '{sad,"so \"so\"",NULL}', '{9223372036854775807}', '[5:6]={1,2}', ARRAY[ROW(1, 'a"b')::pair, NULL, ROW(NULL, '')::pair],
		  '{infinity,"2020-01-01 00:00:00+00"}', '{"\\x00","\\x"}', '{(1,1),(0,0);(3,3),(2,2)}', ARRAY['a=>"b\"c"'::hstore, NULL], '{abcde,""}', '1 2 3'),
		 ('[0:1]={1,2}', '[-1:0][2:3]={{a,b},{c,d}}', '{{t,f},{f,t}}', ARRAY['1', NULL]::json[], ARRAY[['1', '2'], ['3', '4']]::jsonb[], '{{(1,1),(0,0)}}',
		  '{{{1},{2}},{{3},{4}}}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		 (ARRAY(SELECT generate_series(1, 10000)), ARRAY(SELECT chr(i) FROM generate_series(1, 1000) i), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
		  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	SQL
}

tables=(numbers texts words times shapes arrays)

# load_table A B TABLE EXTRACT-OPTION... -- LOAD-OPTION...
load_table()
{
	local from=$1 to=$2 table=$3
	local -a left=()

	shift 3
	while (($#)) && [ "$1" != -- ]; do
		left+=("$1")
		shift
	done
	shift
	portl-extract -d "dbname=$from" -t "$table" -F ndjson "${left[@]}" |
		portl-load -d "dbname=$to" -t "$table" "$@"
}

@test "a column called \$portl: refused with a hint that helps" {
	fresh_db a b
	q "$a" 'CREATE TABLE "the $" ("$portl" int, x int); INSERT INTO "the $" VALUES (1, 2)'
	q "$b" 'CREATE TABLE "the $" ("$portl" int, x int)'
	try portl-extract -d "dbname=$a" -t '"the $"' -F ndjson
	assert_status 1
	assert_stderr_has 'a column called "$portl"'
	assert_stderr_has '-F binary, or give it another name with -c'
	try_sh "portl-extract -d dbname=$a -t '\"the \$\"' | portl-load -d dbname=$b"
	assert_status 0
	same_table "$a" '"the $"' "$b" '"the $"'
}

@test 'every type survives the journey, enveloped, bare, with quoted numbers' {
	fresh_db a b
	make_tables "$a"
	make_tables "$b"
	fill_tables "$a"
	for table in "${tables[@]}"; do
		load_table "$a" "$b" "$table" --
		same_table "$a" "$table" "$b" "$table"
	done
	for table in numbers arrays; do
		load_table "$a" "$b" "$table" --quote-numbers -- --truncate
		same_table "$a" "$table" "$b" "$table"
	done
	# what a bare stream cannot say: JSON null, white space around json
	q "$a" "UPDATE words SET b = nullif(b::text, 'null')::json, c = nullif(c, 'null'), d = btrim(d::text, ' ')::json"
	for table in words arrays; do
		load_table "$a" "$b" "$table" --bare -- --truncate --bare
		same_table "$a" "$table" "$b" "$table"
	done
}

# random_floats DB N: table floats with N random bit patterns of each float type, always
# the same ones.  A NaN's payload has no text, so every NaN is the one that is called NaN.
random_floats()
{
	q "$1" 'CREATE UNLOGGED TABLE raw (f float8, r float4)'
	perl -e '
		binmode STDOUT;
		srand 42;
		print "PGCOPY\n\377\r\n\0", pack("NN", 0, 0);
		for (1 .. $ARGV[0]) {
			print pack("nNNNNN", 2, 8, int rand 2**32, int rand 2**32, 4, int rand 2**32);
		}
		print pack("n", 0xffff);' "$2" |
		psql -XAtq -d "$1" -c 'COPY raw FROM STDIN (FORMAT binary)'
	q "$1" <<-'SQL'
		CREATE TABLE floats AS SELECT CASE WHEN f = 'NaN' THEN 'NaN' ELSE f END AS f,
		                              CASE WHEN r = 'NaN' THEN 'NaN' ELSE r END AS r FROM raw;
		DROP TABLE raw;
	SQL
}

# same_bytes A B TABLE: the rows' binary form, in the order in which they are stored.
same_bytes()
{
	cmp <(psql -Xq -d "$1" -c "COPY $3 TO STDOUT (FORMAT binary)") \
		<(psql -Xq -d "$2" -c "COPY $3 TO STDOUT (FORMAT binary)")
}

@test 'random bits as floats come back bit by bit' { # a million: FLOATS=1000000
	fresh_db a b
	random_floats "$a" "${FLOATS:-50000}"
	load_table "$a" "$b" floats -- --create
	assert_eq "$(q "$b" 'SELECT count(*) FROM floats')" "${FLOATS:-50000}"
	same_bytes "$a" "$b" floats
}

@test 'lines say what they should' {
	fresh_db a
	q "$a" <<-'SQL'
		CREATE TABLE t (i int8, n numeric, b bool, t text, j json, jb jsonb, a int[], "k ""\" text);
		INSERT INTO t VALUES (9223372036854775807, 1.10, true, E'q"\t', '{"a" : 1}', 'null', '{1,NULL}', ''),
		 (NULL, 'NaN', NULL, NULL, NULL, NULL, '[2:2]={7}', NULL);
	SQL
	try portl-extract -d "dbname=$a" -t t -F ndjson --bare
	assert_status 0
	assert_eq "$output" '{"i":9223372036854775807,"n":1.10,"b":true,"t":"q\"\t","j":{"a" : 1},"jb":null,"a":[1,null],"k \"\\":""}
{"i":null,"n":"NaN","b":null,"t":null,"j":null,"jb":null,"a":"[2:2]={7}","k \"\\":null}'
	try_sh "portl-extract -d dbname=$a -t t -F ndjson --quote-numbers | sed '1d;\$d'"
	assert_eq "$output" '{"i":"9223372036854775807","n":"1.10","b":true,"t":"q\"\t","j":{"a" : 1},"jb":null,"a":[1,null],"k \"\\":""}
{"i":null,"n":"NaN","b":null,"t":null,"a":"[2:2]={7}","k \"\\":null}'
	try portl-extract -d "dbname=$a" -t t -F ndjson
	[[ ${lines[0]} == '{"$portl":{"version":1,'* ]]
	[[ ${lines[-1]} == '{"$portl":{"end":true,"rows":2,"xxh3":"'* ]]
}

@test 'any shape of table' {
	local wide

	fresh_db a b
	wide=$(seq -f 'c%g int DEFAULT 7' -s ', ' 1600)
	q "$a" "CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES;
	        CREATE TABLE empty (a int, b text); CREATE TABLE one (a text); INSERT INTO one VALUES (''), (NULL), ('\.');
	        CREATE TABLE wide ($wide); INSERT INTO wide DEFAULT VALUES;
	        CREATE TABLE names (\"a b\" int, \"A\" int, \"select\" int, \"x\"\"y\" int, \"имя\" int, \"new
line\" int, \"\$1\" int, \"%s\" int, \"'; drop table t; --\" int, \"\\u0041\" int);
	        INSERT INTO names VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)"
	for table in nothing empty one wide names; do
		load_table "$a" "$b" "$table" -- --create
		same_table "$a" "$table" "$b" "$table"
	done
	assert_eq "$(portl-extract -d "dbname=$a" -t nothing -F ndjson --bare)" $'{}\n{}'
	load_table "$a" "$b" nothing --bare -- --bare
	assert_eq "$(q "$b" 'SELECT count(*) FROM nothing')" 4
}

@test 'a query, some columns, a limit' {
	fresh_db a b
	q "$a" 'CREATE TABLE t (a int, b text, c int); INSERT INTO t SELECT i, i, i FROM generate_series(1, 10) i'
	try_sh "portl-extract -d dbname=$a -t t --columns=c,a --where='a > 3' --limit=2 -F ndjson --bare"
	assert_eq "$output" $'{"c":4,"a":4}\n{"c":5,"a":5}'
	try_sh "portl-extract -d dbname=$a -c 'SELECT 1 AS x, NULL AS y' -F ndjson --bare"
	assert_eq "$output" '{"x":1,"y":null}'
}

@test 'a terminal gets NDJSON' {
	fresh_db a
	q "$a" "CREATE TABLE t (a text); INSERT INTO t VALUES ('shown')"
	try script -qec "portl-extract -d dbname=$a -t t" /dev/null
	assert_status 0
	assert_out_has '{"a":"shown"}'
	assert_out_has '{"$portl":{"end":true,"rows":1,'
	try script -qec "portl-extract -d dbname=$a -t t -F binary" /dev/null
	assert_status 64
	assert_out_has 'not for a terminal'
}

@test 'head gets its lines at once and extract ends quietly' {
	fresh_db a
	local query='SELECT i, md5(i::text) FROM (SELECT generate_series(1, 1000000000) AS i) AS s'

	try_sh "timeout 20 portl-extract -d dbname=$a -F ndjson --bare -c '$query' | head -n 3; echo \${PIPESTATUS[0]}"
	assert_eq "${lines[2]}" '{"i":3,"md5":"eccbc87e4b5ce2fe28308fd9f2a7baf3"}'
	assert_eq "${lines[3]}" 141 # of SIGPIPE
	[ -z "$stderr" ]
	no_backends "$a"
	# A slow source: lines that the server has sent are not held back.  (It sends 8 kB at once.)
	query="SELECT repeat('x', 10000) AS x, CASE WHEN i > 3 THEN pg_sleep(600)::text END FROM generate_series(1, 100) i"
	try_sh "timeout 20 portl-extract -d dbname=$a -F ndjson --bare -c \"$query\" | head -n 2 | wc -l"
	assert_eq "$output" 2
	no_backends "$a"
}

# A table for bare streams, and the shell command that loads one.
bare_target()
{
	fresh_db b
	q "$b" 'CREATE TABLE t (id int, name text, price numeric, tags text[], grid int[], doc jsonb, ok bool, at timestamptz)'
	load="portl-load -d dbname=$b -t t --bare"
}

@test 'a bare stream from any producer' {
	bare_target
	printf '%s\n' \
		'{"id":1,"name":"x","price":1.10,"tags":["a","b c",null],"grid":[[1,2],[3,4]],"doc":{"a":[1,{"b":null}]},"ok":true,"at":"2024-02-29T12:00:00Z"}' \
		'{"doc": [1, 2], "name": "\u00e9\ud83d\ude00\n", "id": "2"}' \
		'' \
		'{"id":3,"price":"4.50","name":5,"ok":false,"tags":"{q}","grid":[],"doc":"text"}' \
		' { "ok" : null } ' \
		'{}' >"$BATS_TEST_TMPDIR/in"
	try_sh "$load <$BATS_TEST_TMPDIR/in"
	assert_status 0
	assert_silent
	assert_eq "$(PGTZ=UTC q "$b" 'SELECT * FROM t ORDER BY id')" \
		$'1|x|1.10|{a,"b c",NULL}|{{1,2},{3,4}}|{"a": [1, {"b": null}]}|t|2024-02-29 12:00:00+00\n2|é😀\n||||[1, 2]||\n3|5|4.50|{q}|{}|"text"|f|\n|||||||\n|||||||'
	sed 's/$/\r/' "$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/crlf"
	try_sh "$load --truncate <$BATS_TEST_TMPDIR/crlf"
	assert_status 0
	assert_eq "$(q "$b" 'SELECT count(*), count(doc) FROM t')" '5|3'
}

@test 'a bare stream warns unless --bare says that it is meant' {
	bare_target
	try_sh "echo '{\"id\":1}' | portl-load -d dbname=$b -t t"
	assert_status 0
	assert_stderr_has 'no end record'
	try_sh "printf '{\"id\":1}' | $load"
	assert_status 4
	assert_stderr_has 'ends too early'
	assert_stderr_has 'If it is whole, add the newline'
	try_sh "printf '{\"id\":1}\n{\"id\":2}' | $load"
	assert_status 4
	assert_stderr_has 'If it is whole, add the newline'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 1
}

@test 'rows vary: what the first line lacks and the table has is no surprise' {
	bare_target
	printf '%s\n' '{"id":1}' '{"id":2,"name":"x"}' '{"tags":["a"],"id":3}' >"$BATS_TEST_TMPDIR/in"
	try_sh "$load <$BATS_TEST_TMPDIR/in"
	assert_status 0
	assert_eq "$(q "$b" 'SELECT id, name, tags FROM t ORDER BY id')" $'1||\n2|x|\n3||{a}'
	q "$b" 'ALTER TABLE t ADD UNIQUE (id)'
	try_sh "$load --conflict=merge --key id <$BATS_TEST_TMPDIR/in" # its NULLs change nothing
	assert_status 0
	assert_eq "$(q "$b" 'SELECT id, name, tags FROM t ORDER BY id')" $'1||\n2|x|\n3||{a}'
	# overwrite: a row without name would lose the one that it has
	try_sh "$load --conflict=overwrite --key id --extra-columns=ignore <$BATS_TEST_TMPDIR/in"
	assert_status 4
	assert_stderr_has 'stdin:2: byte 9: key "name" is not one of the stream'"'s columns"
	assert_stderr_has 'The table has it, but the first line has not'
	# and a column with a default would not get it
	q "$b" "TRUNCATE t; ALTER TABLE t ALTER name SET DEFAULT 'd'"
	for extra in error ignore; do
		try_sh "$load --extra-columns=$extra <$BATS_TEST_TMPDIR/in"
		assert_status 4
		assert_stderr_has 'The table has it, but the first line has not'
	done
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	try_sh "printf '{\"id\":1}\n{\"ID\":2,\"new\":[{}]}\n' | $load --extra-columns=ignore"
	assert_status 0
	assert_eq "$(q "$b" 'SELECT id, name FROM t ORDER BY id')" $'1|d\n|d'
}

@test 'the first line decides the columns where --columns does not' {
	bare_target
	try_sh "printf '{\"id\":1}\n{\"id\":2,\"nmae\":\"x\"}\n' | $load"
	assert_status 4
	assert_stderr_has 'stdin:2: byte 9: key "nmae" is not one of the stream'"'s columns"
	assert_stderr_has '--columns=LIST'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	try_sh "printf '{\"id\":1}\n{\"name\":\"x\",\"id\":2}\n' | $load --columns=id,name"
	assert_status 0
	assert_eq "$(q "$b" 'SELECT id, name FROM t ORDER BY id')" $'1|\n2|x'
	try_sh "printf '{\"id\":3,\"other\":[1]}\n{\"new\":0,\"id\":4}\n' | $load --columns=id --extra-columns=ignore"
	assert_status 0
	try_sh "printf '{\"id\":5,\"other\":1}\n' | $load --extra-columns=ignore"
	assert_status 0
	try_sh "printf '{\"id\":6,\"nmae\":1}\n' | $load"
	assert_status 5
	assert_stderr_has '"nmae" is not in the table'
	try_sh "printf '{\"nr\":7,\"x\":1}\n' | $load -m nr=id,x="
	assert_status 0
	assert_eq "$(q "$b" 'SELECT string_agg(id::text, $$,$$ ORDER BY id) FROM t')" 1,2,3,4,5,7
	try_sh "portl-extract -d dbname=$b -t t -F ndjson | portl-load -d dbname=$b -t t --columns=id"
	assert_status 64
	assert_stderr_has '--columns is for bare NDJSON'
	try_sh "echo '{\"id\":1}' | portl-load -d dbname=$b --create -t none"
	assert_status 5
	assert_stderr_has 'no column types to create a table from'
}

# refused LINE MESSAGE: the second row is LINE.
refused()
{
	printf '{"id":1,"name":"","doc":0,"tags":[]}\n%b\n{"id":3}\n' "$1" >"$BATS_TEST_TMPDIR/bad"
	try_sh "$load <$BATS_TEST_TMPDIR/bad"
	assert_status 4
	assert_stderr_has "error: stdin:2: byte $2"
}

@test 'what is not right is refused with row, byte and column' {
	bare_target
	refused '{"id":01}' '7: column "id": no'
	refused '{"id":1,}' '9: no key in quotes'
	refused '{"id":1}}' '9: something follows the object'
	refused '{"id":1} {"id":2}' '10: something follows the object'
	refused '{"id":1,"id":2}' '9: column "id": the key comes twice'
	refused '{"name":"\\ud800"}' '10: column "name": half of a surrogate pair'
	refused '{"name":"a\\u0000"}' '11: column "name": \u0000'
	refused '{"name":"\xff"}' '10: column "name": bytes that are not UTF-8'
	refused '{"name":"\xed\xa0\x80"}' '10: column "name": bytes that are not UTF-8'
	refused '{"doc":"\xc0\x80"}' '9: column "doc": bytes that are not UTF-8'
	refused '{"doc":{"a":tru}}' '13: column "doc": no JSON value'
	refused '{"name":{"a":1}}' '9: column "name": an object, which only json and jsonb columns take'
	refused '{"name":["a"]}' '9: column "name": an array, which only array, json and jsonb'
	refused '{"tags":[{"a":1}]}' '10: column "tags": an object in an array'
	refused '[1]' '1: a row is a JSON object'
	refused 'id=1' '1: a row is a JSON object'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	# what the types refuse is told by the server
	try_sh "printf '{\"id\":1}\n{\"id\":\"one\"}\n' | $load"
	assert_status 1
	assert_stderr_has 'error: stdin:2: column "id": invalid input syntax for type integer: "one"'
	# JSON may say what text cannot, and json keeps it
	q "$b" 'CREATE TABLE j (a json)'
	try_sh "echo '{\"a\":\"\\u0000\\ud800\"}' | portl-load -d dbname=$b -t j --bare"
	assert_status 0
	assert_eq "$(q "$b" 'SELECT a FROM j')" '"\u0000\ud800"'
}

@test '--max-line: a longer line is refused, whether its end is there or not' {
	bare_target
	try_sh "printf '{\"id\":1}\n{\"id\":22}\n' | $load --max-line=8"
	assert_status 4
	assert_stderr_has 'error: stdin:2: the line is longer than 8 bytes'
	try_sh "{ echo '{\"id\":1}'; printf '{\"name\":\"'; yes | tr -d '\n'; } | $load --columns=id,name --max-line=1000000"
	assert_status 4
	assert_stderr_has 'error: stdin:2: the line is longer than 1000000 bytes'
	assert_stderr_has 'hint: --max-line=BYTES sets the limit'
	try_sh "printf '{\"id\":1}\n{\"id\":2}\n' | $load --max-line=8"
	assert_status 0
}

@test 'a line of more keys than a stream can have columns is refused before it is looked at' {
	bare_target
	{ seq -s ',' -f '"k%g":1' 40000; } | sed 's/.*/{&}/' >"$BATS_TEST_TMPDIR/wide"
	try_sh "$load <$BATS_TEST_TMPDIR/wide"
	assert_status 4
	assert_stderr_has 'more keys than a stream can have columns'
}

@test 'a byte order mark, UTF-16, an array of rows, and nothing are refused with a hint' {
	bare_target
	try_sh "printf '{\"id\":1}\n' | iconv -t UTF-16 | $load"
	assert_status 4
	assert_stderr_has 'This is UTF-16; put `iconv'
	try_sh "printf '\xef\xbb\xbf{\"id\":1}\n' | $load"
	assert_status 4
	assert_stderr_has 'byte order mark'
	try_sh "printf '[{\"id\":1}]\n' | $load"
	assert_status 4
	assert_stderr_has "jq -c '.[]'"
	try_sh "printf '{ \n \"id\":1}\n' | $load"
	assert_status 4
	assert_stderr_has 'hint: Each line has to hold one whole row; `jq -c .`'
	try_sh "printf '{\"id\":1}\n{\n \"id\":2\n}\n' | $load"
	assert_status 4
	assert_stderr_has 'hint: Each line has to hold one whole row; `jq -c .`'
	try_sh "printf '{\"id\":NaN}\n' | $load" # of which jq would make something else
	assert_status 4
	assert_stderr_lacks 'jq'
	try_sh "printf '\n\n' | $load"
	assert_status 4
	try_sh "printf '' | $load"
	assert_status 4
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
}

@test 'a row larger than every window' {
	fresh_db a b
	q "$a" "CREATE TABLE t (i int, a text, j json, n int[]);
	        INSERT INTO t SELECT i, repeat('x\"\\', 1000000), to_json(repeat(E'y\n', 700000)), array_fill(i, ARRAY[300000])
	          FROM generate_series(1, 3) i"
	load_table "$a" "$b" t -- --create
	same_table "$a" t "$b" t
}
