#!/usr/bin/env bats
# --infer: a table for rows that say nothing of their types, such as an API's.
# shellcheck disable=SC2154 # bats' and fresh_db's variables

load ../lib/common

setup()
{
	fresh_db db
	cd "$BATS_TEST_TMPDIR" || return
}

# infer [LOAD-OPTION...]: load the rows of stdin into t, which is made for them.
infer()
{
	portl-load --bare -d "$db" -t t --create --infer "$@"
}

# types: the columns of t and their types
types()
{
	q "$db" "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0"
}

absent()
{
	assert_eq "$(q "$db" "SELECT count(*) FROM pg_class WHERE relname = 't'")" 0
}

@test '--infer: a table is made for rows that vary, and none is lost' {
	cat >in <<-'J'
	{"id":1,"name":"x","price":1.10,"at":"2024-02-29T12:00:00Z","tags":["a",{"b":null}],"none":null}
	{"name":"2024-02-29","id":2,"day":"2024-02-29","who":{"a":[1,1e40]},"f":1e-7,"f2":-0.0}

	{"id":3,"price":12345678901234567890.5,"ok":false,"mixed":1,"uuid":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}
	{"id":9223372036854775807,"mixed":"1","code":"007","tags":"a"}
	J
	try infer <in
	assert_status 0
	assert_silent
	assert_eq "$(types)" 'id bigint, name text, price numeric, at timestamp with time zone, tags jsonb, none text, day date, who jsonb, f double precision, f2 double precision, ok boolean, mixed text, uuid uuid, code text'
	assert_eq "$(PGTZ=UTC q "$db" "SELECT id, name, price, at, tags, none, day, who->'a'->0, f, f2, ok, mixed, uuid, code FROM t ORDER BY id")" \
		"1|x|1.10|2024-02-29 12:00:00+00|[\"a\", {\"b\": null}]|||||||||
2|2024-02-29|||||2024-02-29|1|1e-07|-0||||
3||12345678901234567890.5||||||||f|1|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|
9223372036854775807||||\"a\"|||||||1||007"
	# the table is there now, and its types count
	try infer <in
	assert_status 0
	assert_eq "$(q "$db" 'SELECT count(*), count(DISTINCT t) FROM t')" '8|4'
}

@test '--infer: the types of a table that is there count, --add-columns has only its own guessed' {
	q "$db" 'CREATE TABLE t (id text, tags text[], price int)'
	try infer <<<'{"tags":["a"],"id":7,"price":1}'
	assert_status 0
	try_sh "printf '{\"id\":8}\n{\"id\":9,\"new\":{\"x\":1},\"n\":2}\n' | portl-load --bare -d $db -t t --add-columns --infer"
	assert_status 0
	assert_eq "$(types)" 'id text, tags text[], price integer, new jsonb, n bigint'
	assert_eq "$(q "$db" 'SELECT * FROM t ORDER BY id')" $'7|{a}|1||\n8||||\n9|||{"x": 1}|2'
}

@test '--infer: one row, a row of nothing, rows of nulls, and no rows' {
	try infer <<<'{"a":1}'
	assert_status 0
	assert_eq "$(types)" 'a bigint'
	q "$db" 'DROP TABLE t'
	try_sh "printf '{\"a\":null}\n{\"a\":null,\"b\":null}\n' | portl-load --bare -d $db -t t --create --infer"
	assert_status 0
	assert_eq "$(types)" 'a text, b text'
	assert_eq "$(q "$db" 'SELECT count(*) FROM t')" 2
	q "$db" 'DROP TABLE t'
	for rows in '' $'\n\n'; do
		try_sh "printf '$rows' | portl-load --bare -d $db -t t --create --infer"
		assert_status 4
		assert_stderr_has 'no rows and no header' || assert_stderr_has 'the input is empty'
	done
	try infer <<<'{}'
	assert_status 0
	assert_eq "$(q "$db" 'SELECT count(*) FROM t')" 1
}

@test '--infer: what comes behind the sample fits, or is named with row and column' {
	seq 1200 | sed 's/.*/{"id":&,"price":1.5,"day":"2024-01-31","none":null,"doc":{},"s":"x"}/' >rows
	# takes ROW SQL WANT: it is row 1,201
	takes()
	{
		{ cat rows; echo "$1"; } >in
		try infer <in
		assert_status 0
		assert_eq "$(q "$db" "SELECT $2 FROM t WHERE id = 9")" "$3"
		assert_eq "$(q "$db" 'SELECT count(*) FROM t')" 1201
		q "$db" 'DROP TABLE t'
	}
	sed -i 's/"id":9,/"id":10,/' rows
	takes '{"price":1e-7,"id":9,"none":"found","doc":[1],"s":2.50}' 'price, none, doc, s' '0.0000001|found|[1]|2.50'
	takes '{"id":9.0,"price":7,"doc":null}' 'id, price, doc' '9|7|'
	# refuses ROW BYTE COLUMN TYPE
	refuses()
	{
		{ cat rows; echo "$1"; } >in
		try infer <in
		assert_status 1
		assert_stderr_has "error: stdin:1201: byte $2: column \"$3\": the value is not of the inferred type $4"
		assert_stderr_has 'Create the table first'
		absent
	}
	refuses '{"id":1.5}' 7 id bigint
	refuses '{"id":"9"}' 7 id bigint
	refuses '{"day":"2024-02-30"}' 8 day date
	refuses '{"s":"","price":"1.5"}' 17 price numeric
	refuses '{"s":{}}' 6 s text
	refuses '{"doc":{"a":1,"a":2}}' 8 doc jsonb
	{ cat rows; echo '{"id":9,"new":1}'; } >in
	try infer <in
	assert_status 4
	assert_stderr_has 'stdin:1201: byte 9: key "new" is not one of the stream'"'s columns"
	assert_stderr_has 'with --infer the first rows'
	absent
	try infer --extra-columns=ignore <in
	assert_status 0
	assert_eq "$(types)" 'id bigint, price numeric, day date, none text, doc jsonb, s text'
	q "$db" 'DROP TABLE t'
	try infer --columns=new,id --extra-columns=ignore <in # a type for what no row of the sample has
	assert_status 0
	assert_eq "$(types)" 'new text, id bigint'
	q "$db" 'DROP TABLE t'
	{ cat rows; echo '{"id":"x"}'; echo '{"id":9}'; } >in
	try infer --rejects=bad <in
	assert_status 3
	assert_eq "$(q "$db" 'SELECT count(*) FROM t')" 1201
}

@test '--infer: a bad row in the sample is told where it is, and makes no columns' {
	printf '{"id":1}\n{"id":2\n{"z":1,"id":3}}\n{"id":4}\n' >in
	try infer <in
	assert_status 4
	assert_stderr_has 'stdin:2: byte 8: no comma and no end of the object'
	absent
	try infer --rejects=bad <in
	assert_status 3
	assert_eq "$(types)" 'id bigint'
	assert_eq "$(q "$db" 'SELECT count(*) FROM t')" 2
	q "$db" 'DROP TABLE t'
	printf '{"id":1}\n{"id":2}' >in
	try infer <in
	assert_status 4
	assert_stderr_has 'ends too early'
	printf '{"id":1}\n{"\x24portl":{"end":true}}\n' >in
	try infer <in
	assert_status 4
	assert_stderr_has "key \"\$portl\""
	absent
}

@test '--infer: rows that are larger than the sample, in a stream that is too' {
	{
		printf '{"id":1,"t":"%s"}\n' "$(head -c 3000000 /dev/zero | tr '\0' x)"
		printf '{"id":2,"u":"late"}\n'
	} >in
	try infer <in # the first row is sample enough
	assert_status 4
	assert_stderr_has 'key "u"'
	{ echo '{"u":0}'; cat in; } >first
	try infer <first
	assert_status 1
	assert_stderr_has 'stdin:3: byte 13: column "u": the value is not of the inferred type bigint'
	sed 's/"late"/1/' first >good
	try infer <good
	assert_status 0
	assert_eq "$(q "$db" 'SELECT id, length(t), u FROM t ORDER BY id')" $'1|3000000|\n2||1\n||0'
	q "$db" 'DROP TABLE t'
	try infer --max-line=1000 <good
	assert_status 4
	assert_stderr_has 'stdin:2: the line is longer than 1000 bytes'
	# memory does not depend on how much comes
	seq 400000 | sed 's/.*/{"id":&,"text":"some text to be copied"}/' >in
	try_sh "$(memory 60000) portl-load --bare -d $db -t t --create --infer <in"
	assert_status 0
}

@test '--infer is for rows without types, and says what to do where it is not' {
	q "$db" 'CREATE TABLE s (id int)'
	try_sh "portl-extract -d $db -t s | portl-load -d $db -t t --create --infer"
	assert_status 64
	assert_stderr_has '--infer is for bare NDJSON'
	assert_stderr_has 'The stream says by itself which types it has'
	try_sh "portl-extract -d $db -t s -F ndjson | portl-load -d $db -t t --create --infer"
	assert_status 64
	try portl-load --bare -d "$db" -t s --infer </dev/null
	assert_status 64
	assert_stderr_has '--infer needs --create or --add-columns'
	try_sh "echo '{\"id\":1}' | portl-load --bare -d $db -t t --create"
	assert_status 5
	assert_stderr_has 'guess them from its first rows with --infer'
	try_sh "echo '{\"id\":1,\"n\":2}' | portl-load --bare -d $db -t s --add-columns"
	assert_status 5
	assert_stderr_has 'column "n": the stream does not say its type; --infer guesses it'
	cat >job <<-Y
	source: {type: postgres, database: $db, table: s}
	destination: {type: postgres, database: $db, table: t, create: true, infer: true, bare: true}
	Y
	try_sh "echo '{\"id\":1}' | portl-load -f job"
	assert_status 0
	assert_eq "$(types)" 'id bigint'
}
