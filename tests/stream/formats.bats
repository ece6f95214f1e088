# Formats meet: whatever is read can be written as whatever is written, and the rows
# are the same.  One test a row of the table in portl-stream(5).

load ../lib/common

setup_file()
{
	fresh_db db
	q "$db" <<-'SQL'
		CREATE TYPE mood AS ENUM ('ok', 'so "so"');
		CREATE TABLE source (id bigint, price numeric, r float8, ok bool, day date, at timestamp,
		    z timestamptz, u uuid, j jsonb, tags text[], span int4range, m mood, t text);
		INSERT INTO source VALUES
		    (1, 1.50, 1e300, true, '2024-02-29', '2024-02-29 10:00', '2024-02-29 10:00:00.5+00',
		     '0d0e1f20-0000-4000-8000-000000000001', '{"a": [1, null]}', '{a,NULL,"b c"}', '[1,5)',
		     'so "so"', E'two\nlines, "q"\t\\'),
		    (9007199254740993, -0.10, 'NaN', false, 'infinity', '-infinity', '0044-03-15 12:00+00 BC',
		     NULL, 'null', '{}', 'empty', 'ok', ''),
		    (NULL, 'NaN', '-0', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	SQL
	export db PGTZ=UTC
}

teardown_file()
{
	drop_dbs
}

setup()
{
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	q "$db" 'DROP TABLE IF EXISTS target; CREATE TABLE target (LIKE source)'
}

teardown()
{
	:
}

# The two halves of a journey, joined by a pipe: the file that the server would write.
server_csv()
{
	PGOPTIONS='-c extra_float_digits=3' q "$db" "\\copy (TABLE ${1:-source}) TO 'want.csv' (format csv, header)"
}

# into_table STREAM [OPTION...]
into_table()
{
	portl-load -d "$db" -t target "${@:2}" <"$1"
	same_table "$db" source "$db" target
}

# into_csv STREAM [OPTION...]
into_csv()
{
	server_csv
	portl-load --csv got.csv "${@:2}" <"$1"
	cmp want.csv got.csv
}

@test "a table as binary values" {
	portl-extract -d "$db" -t source >stream
	into_table stream
	into_csv stream
}

@test "a table as text values" {
	portl-extract -d "$db" -t source --values=text >stream
	into_table stream
	into_csv stream
}

@test "a table as NDJSON" {
	portl-extract -d "$db" -t source -F ndjson >stream
	into_table stream
	into_csv stream
}

@test "a table as a compressed stream" {
	portl-extract -d "$db" -t source -Z zstd >stream
	into_table stream
	into_csv stream
}

@test "a table as bare binary values: into tables, and into CSV with the header that is there" {
	portl-extract -d "$db" -t source --bare >stream
	into_table stream --bare
	into_csv stream --bare
}

@test "a table as bare NDJSON: JSON null and SQL NULL are one, CSV has JSON's text" {
	q "$db" "UPDATE source SET j = NULL WHERE j = 'null'"
	portl-extract -d "$db" -t source -F ndjson --bare >stream
	into_table stream --bare
	portl-load --csv got.csv --bare <stream
	assert_eq "$(head -n 1 got.csv)" 'id,price,r,ok,day,at,z,u,j,tags,span,m,t'
	assert_eq "$(grep ^9007 got.csv)" \
		'9007199254740993,-0.10,NaN,false,infinity,-infinity,0044-03-15 12:00:00+00 BC,,,[],empty,ok,""'
	assert_eq "$(grep -c '^,NaN,-0,,,,,,,,,,$' got.csv)" 1
	q "$db" "UPDATE source SET j = 'null' WHERE t = ''"
}

@test "a plain PGCOPY file: into tables by position, not into CSV" {
	q "$db" "\\copy source TO 'stream' (format binary)"
	into_table stream --bare
	try portl-load --csv got.csv --bare stream
	assert_status 5
	[ ! -e got.csv ]
}

@test "CSV as text values" {
	server_csv
	portl-extract --csv want.csv >stream
	into_table stream
	into_csv stream
}

@test "CSV as NDJSON" {
	server_csv
	portl-extract --csv want.csv -F ndjson >stream
	into_table stream
	into_csv stream
}

@test "CSV as bare NDJSON: its strings are strings in json columns, too" {
	server_csv
	portl-extract --csv want.csv -F ndjson --bare >stream
	into_csv stream --bare
	portl-load --bare -d "$db" -t target stream
	same_table "$db" source "$db" target id,price,r,ok,day,at,z,u,tags,span,m,t
	assert_eq "$(q "$db" "SELECT j FROM target WHERE id = 1")" '"{\"a\": [1, null]}"'
}

@test "CSV with inferred types, binary and NDJSON" {
	local format

	cat >want.csv <<-'CSV'
		id,price,r,ok,day,at,z,u,j,zip,t
		1,1.50,1e300,t,2024-02-29,2024-02-29 10:00:00,2024-02-29 10:00:00.5+00,0d0e1f20-0000-4000-8000-000000000001,"{""a"": [1, null]}",01234,"two
		lines, ""q"""
		9007199254740993,-0.10,NaN,f,2024-03-01,2024-02-29 10:00:00.000001,1999-12-31 12:00:00+00,,[],1,""
		,,,,,,,,,,
	CSV
	for format in binary ndjson; do
		q "$db" 'DROP TABLE IF EXISTS made'
		portl-extract --csv want.csv --infer -F $format >stream
		portl-load -d "$db" -t made --create <stream
		mv want.csv kept.csv
		server_csv made
		sed 's/1e300/1e+300/' kept.csv | cmp - want.csv
		mv kept.csv want.csv
		portl-load --csv got.csv <stream
		cmp want.csv got.csv
	done
	assert_eq "$(sed -n '2,3{s/,"j":.*//p}' stream)" \
		'{"id":1,"price":1.50,"r":1e300,"ok":true,"day":"2024-02-29","at":"2024-02-29 10:00:00","z":"2024-02-29 10:00:00.5+00","u":"0d0e1f20-0000-4000-8000-000000000001"
{"id":9007199254740993,"price":-0.10,"r":"NaN","ok":false,"day":"2024-03-01","at":"2024-02-29 10:00:00.000001","z":"1999-12-31 12:00:00+00","u":null'
}

@test "no value of another type gets into inferred NDJSON" {
	{ printf 'id,ok\n'; yes 1,true | head -n 3000; echo 01,true; } >in.csv
	try_sh 'portl-extract --csv in.csv --infer -F ndjson | portl-load --csv got.csv'
	assert_status 4
	assert_stderr_has 'upstream failed: in.csv:3002: byte 1: column "id": the value is not of the inferred type bigint'
	sed -i 's/^01/1/' in.csv
	portl-extract --csv in.csv --infer -F ndjson --columns ok,id --header=yes | sed 1d | sed '$d' | sort -u >got
	assert_eq "$(cat got)" '{"ok":true,"id":1}'
}

@test "an end or an abort without its header is not a row, whatever is ignored" {
	local end

	q "$db" 'CREATE TABLE x (a int)'
	for end in '"end":true,"rows":1' '"abort":"boom","rows":1'; do
		try_sh "printf '%s\n' '{\"a\":1}' '{\"\$portl\":{$end}}' |
			portl-load -d $db -t x --bare --columns=a --extra-columns=ignore"
		assert_status 4
		# shellcheck disable=SC2016 # "$portl" is a key
		assert_stderr_has 'stdin:2: byte 2: key "$portl" is not one of the stream'"'s columns"
		assert_stderr_has 'whose first line is missing'
		assert_eq "$(q "$db" 'SELECT count(*) FROM x')" 0
	done
}

@test "rows edited by jq on the way become CSV" {
	server_csv
	try_sh "portl-extract -d $db -t source -F ndjson --bare --quote-numbers |
		jq -c 'select(.ok) | {id, t}' | portl-load --bare --csv -"
	assert_status 0
	assert_eq "$output" $'id,t\n1,"two\nlines, ""q""\t\\"'
}
