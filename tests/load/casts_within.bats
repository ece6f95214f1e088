#!/usr/bin/env bats
# What is lost within a value: in elements, bounds, attributes, and in domains over them.
# It is told, counted or refused as in a column of its own.

load ../lib/common

setup_file()
{
	fresh_db within there
	q "$within" "
		CREATE DOMAIN dnum AS numeric(5,1); CREATE DOMAIN dnums AS numeric(5,1)[];
		CREATE DOMAIN ddate AS date; CREATE DOMAIN dvar AS varchar(3);
		CREATE DOMAIN dname AS name; CREATE DOMAIN dchar AS \"char\";
		CREATE DOMAIN dint AS int; CREATE DOMAIN dtext AS text;
		CREATE TYPE numbers AS RANGE (subtype = numeric); CREATE TYPE doubles AS RANGE (subtype = float8);
		CREATE TYPE reals AS RANGE (subtype = float4); CREATE TYPE texts AS RANGE (subtype = text);
		CREATE TYPE names AS RANGE (subtype = name);
		CREATE TYPE deep AS (x dnum[]); CREATE TYPE label AS ENUM ('a');
		CREATE TYPE comp AS (a numeric, t timestamp, c varchar(10));
		CREATE TYPE outer_ AS (i int, c comp[]); CREATE TYPE cn AS (a text); CREATE TYPE cd AS (a text);
		CREATE DOMAIN dmn AS numeric(20,10)"
	# the same names, made of other things
	q "$there" "
		CREATE TYPE comp AS (a numeric(5,1), t timestamp(0), c varchar(3));
		CREATE TYPE outer_ AS (i int, c comp[]); CREATE TYPE cn AS (a name);
		CREATE DOMAIN dname AS name; CREATE TYPE cd AS (a dname);
		CREATE DOMAIN dmn AS numeric(5,1); CREATE TYPE numbers AS RANGE (subtype = dmn)"
}

teardown_file()
{
	drop_dbs
}

# send TYPE VALUE [OPTION...]: a stream of one row with it.
send()
{
	q "$within" "SET client_min_messages = error; DROP TABLE IF EXISTS s; CREATE TABLE s (v $1); INSERT INTO s VALUES ('${2//\'/\'\'}')"
	portl-extract -d "$within" -t s "${@:3}" >"$BATS_TEST_TMPDIR/stream"
}

# take DB TYPE [OPTION...]: load it into a column of this type; $got is what is there then.
take()
{
	q "$1" "SET client_min_messages = error; DROP TABLE IF EXISTS t; CREATE TABLE t (v $2)"
	try portl-load -d "$1" -t t "${@:3}" "$BATS_TEST_TMPDIR/stream"
	got=$(q "$1" 'TABLE t')
}

# told LOSS DB TYPE WANT: it is told and done, or refused.
told()
{
	take "$2" "$3" -v
	assert_status 0
	assert_stderr_has "$1"
	assert_eq "$got" "$4"
	take "$2" "$3"
	assert_status 0
	assert_silent
	take "$2" "$3" --rounding=error
	assert_status 5
	assert_stderr_has "--rounding=error: column \"v\": "
	assert_stderr_has "$1"
	assert_eq "$got" ''
}

@test "within arrays, ranges and domains what is rounded is told, and refused with --rounding=error" {
	local from value to loss want

	export PGTZ=Europe/Berlin
	while IFS='|' read -r from value to loss want; do
		send "$from" "$value"
		told "$loss" "$within" "$to" "$want"
	done <<-'EOF'
		numeric[]|{1.2345,NULL}|dnum[]|is rounded to numeric(5,1)|{1.2,NULL}
		numeric[]|{1.2345}|dnums|is rounded to numeric(5,1)|{1.2}
		timestamp[]|{2020-01-01 12:00}|ddate[]|loses the time of day|{2020-01-01}
		text[]|{"abc   "}|dvar[]|loses blanks beyond 3 characters|{abc}
		text|{1.25}|dnum[]|is rounded to numeric(5,1)|{1.3}
		int8range|[9007199254740993,9007199254740995)|doubles|is rounded to double precision|[9.007199254740992e+15,9.007199254740996e+15)
		numrange|[1.23456789,2)|reals|is rounded to real|[1.2345679,2)
		tsrange|[2020-01-01,2020-01-02)|tstzrange|is taken as local time of the session's TimeZone|["2020-01-01 00:00:00+01","2020-01-02 00:00:00+01")
	EOF
	send 'text[]' '{1.25}' --values=text
	told 'is rounded to numeric(5,1)' "$within" 'dnum[]' '{1.3}'
	echo '{"v":[1.25]}' >"$BATS_TEST_TMPDIR/stream"
	take "$within" 'dnum[]' --bare --rounding=error
	assert_status 5
	assert_stderr_has 'is rounded to numeric(5,1)'
	echo '{"v":["1.2"]}' >"$BATS_TEST_TMPDIR/stream"
	take "$within" 'dvar[]' --bare --rounding=error
	assert_status 0
	assert_eq "$got" '{1.2}'
	send numbers '[1.234,2)'
	told 'is rounded to numeric(5,1)' "$there" numbers '[1.2,2.0)'
	((SERVER_VERSION >= 140000)) || return 0
	send tsmultirange '{[2020-01-01,2020-01-02)}'
	told "is taken as local time of the session's TimeZone" "$within" tstzmultirange \
		'{["2020-01-01 00:00:00+01","2020-01-02 00:00:00+01")}'
}

@test "attributes with other modifiers are rounded, which is told with their names" {
	local values value='(1.23456,"2020-01-01 12:00:00.987654","x         ")' quoted

	for values in text auto; do
		((SERVER_VERSION >= 140000)) || values=text # does not read the bytes
		send comp "$value" --values=$values
		told 'public.comp is rounded to numeric(5,1) in attribute "a"' "$there" comp \
			'(1.2,"2020-01-01 12:00:01","x  ")'
		quoted=${value//\"/\"\"}
		send outer_ "(1,\"{\"\"${quoted//\"\"/\\\\\"\"\\\\\"\"}\"\"}\")" --values=$values
		told 'public.outer_ is rounded to numeric(5,1) in attribute "a"' "$there" outer_ \
			'(1,"{""(1.2,\\""2020-01-01 12:00:01\\"",\\""x  \\"")""}")'
	done
}

@test "a stream that says no modifiers of attributes may hold any value" {
	local T=$BATS_TEST_TMPDIR

	q "$within" "CREATE TYPE told AS (a numeric(5,1)); CREATE TABLE of_told AS SELECT '(1.5)'::told AS v"
	portl-extract -d "$within" -t of_told -F ndjson >"$T/new"
	sed '1s/,"numeric(5,1)"\]/]/' "$T/new" >"$T/stream"
	try cmp -s "$T/new" "$T/stream"
	assert_status 1
	take "$within" told -v --edited
	assert_status 0
	assert_eq "$got" '(1.5)'
	assert_stderr_has 'is rounded to numeric(5,1) in attribute "a"'
	cp "$T/new" "$T/stream"
	take "$within" told --rounding=error
	assert_status 0
	assert_silent
}

@test "--create: types that are there with other modifiers round, which is told" {
	local type value

	for pair in 'dmn|1.123456789|numeric(5,1)' 'dmn[]|{2.123456789}|numeric(5,1)' \
		'comp|(1.25,,)|numeric(5,1) in attribute "a"'; do
		IFS='|' read -r type value loss <<<"$pair"
		send "$type" "$value" --values=text
		q "$there" 'SET client_min_messages = error; DROP TABLE IF EXISTS t'
		try portl-load -d "$there" -t t --create --rounding=error "$BATS_TEST_TMPDIR/stream"
		assert_status 5
		assert_stderr_has "column \"v\": public.$type is rounded to $loss"
		try portl-load -v -d "$there" -t t --create "$BATS_TEST_TMPDIR/stream"
		assert_status 0
		assert_stderr_has "warning: column \"v\": public.$type is rounded to $loss"
	done
	send cn '(abc)' --values=text
	q "$there" 'SET client_min_messages = error; DROP TABLE IF EXISTS t'
	try portl-load -d "$there" -t t --create "$BATS_TEST_TMPDIR/stream"
	assert_status 5
	assert_stderr_has 'column "v" has type public.cn, which silently keeps only 63 bytes of public.cn'
}

@test "within a value, too, types that cut silently are refused" {
	local from value to values cut

	while IFS='|' read -r from value to cut; do
		for values in auto text; do
			send "$from" "$value" --values=$values
			take "$within" "$to"
			assert_status 5
			assert_stderr_has "column \"v\" has type"
			assert_stderr_has "which silently keeps only $cut of "
		done
	done <<-'EOF'
		text|{abc}|name[]|63 bytes
		text|{abc}|"char"[]|one byte
		text[]|{abc}|dname[]|63 bytes
		text[]|{abc}|dchar[]|one byte
		dtext|{abc}|dchar[]|one byte
	EOF
	for values in auto text; do
		send texts '[a,b)' --values=$values
		take "$within" names
		assert_status 5
		assert_stderr_has 'silently keeps only 63 bytes'
	done
	for to in cn cd; do
		for values in auto text; do
			send $to '(abc)' --values=$values
			take "$there" $to
			assert_status 5
			((SERVER_VERSION < 140000)) || assert_stderr_has "column \"v\" has type public.$to, which silently keeps only 63 bytes of public.$to; drop it"
			echo '{"v":"(abc)"}' >"$BATS_TEST_TMPDIR/stream"
			take "$there" $to --bare
			assert_status 5
			assert_stderr_has 'which silently keeps only 63 bytes of longer values'
		done
	done
	# what fits goes on
	send 'label[]' '{a}' --values=text
	take "$within" 'dname[]'
	assert_status 0
	send 'name[]' '{abc}'
	take "$within" 'dname[]'
	assert_status 0
	assert_eq "$got" '{abc}'
}

@test "bare NDJSON: an array's string that a domain over name would cut is refused at its row" {
	printf '{"v":["abc",null]}\n{"v":["%064d"]}\n' 1 >"$BATS_TEST_TMPDIR/stream"
	take "$within" 'dname[]' --bare
	assert_status 1
	assert_stderr_has ':2: column "v": value too long for type public.dname[]'
	sed -i 2d "$BATS_TEST_TMPDIR/stream"
	take "$within" 'dname[]' --bare
	assert_status 0
	assert_eq "$got" '{abc,NULL}'
}
