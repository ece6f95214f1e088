#!/usr/bin/env bats
# Which rows --conflict=overwrite finds changed: those whose values would be written otherwise.
# shellcheck disable=SC2016 # dollar quotes are SQL's

load ../lib/common
load ../lib/load

setup()
{
	fresh_db b
}

@test "overwrite: a value of any type is changed if it is written otherwise, from NULL or to it" {
	local columns first second changes column counts

	q "$b" "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE TABLE t (id int PRIMARY KEY, bo bool, by bytea, ch \"char\", i8 int8, i2 int2, i4 int4, te text, oi oid,
			va varchar(9), da date, ti time, ts timestamp, tz timestamptz, uu uuid, nu numeric, fl float8, bp char(4),
			iv interval, tt timetz, js jsonb, ar int[], ci text COLLATE ci)"
	columns=$(q "$b" "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 1")
	first="true, 'a', 'a', 1, 1, 1, 'a', 1, 'a', '2026-01-01', '1:00', '2026-01-01', '2026-01-01', '$(printf '%032d' 1)',
		1.0, 0, 'a', '1 day', '1:00+1', '1', '{1}', 'a'"
	second="false, 'b', 'b', 2, 2, 2, 'A', 2, 'A', '2026-01-02', '1:01', 'infinity', '-infinity', '$(printf '%032d' 2)',
		1.00, '-0', 'b', '24 hours', '0:00+0', '1.0', '[0:0]={1}', 'A'"
	q "$b" "CREATE TABLE s (LIKE t); INSERT INTO s VALUES (0, $first); INSERT INTO s VALUES (-1, $second); INSERT INTO s VALUES (-2)"
	# of the rows of a column the first becomes another value, the second NULL, the third was NULL
	changes=0
	for column in $columns; do
		q "$b" "INSERT INTO t SELECT (jsonb_populate_record(s, jsonb_build_object('id', $changes + k, '$column', CASE WHEN k = 3 THEN NULL ELSE to_jsonb(s)->'$column' END))).*
			FROM s, generate_series(1, 3) k WHERE id = 0"
		changes=$((changes + 3))
	done
	portl-extract -q -d "$b" -t t -o "$BATS_TEST_TMPDIR/before"
	changes=0
	for column in $columns; do
		q "$b" "UPDATE t SET $column = s.$column FROM s WHERE t.id = $changes + 1 AND s.id = -1;
			UPDATE t SET $column = NULL WHERE t.id = $changes + 2;
			UPDATE t SET $column = s.$column FROM s WHERE t.id = $changes + 3 AND s.id = 0"
		changes=$((changes + 3))
	done
	for counts in '66 0 66 0 0' '66 0 0 66 0'; do
		portl-load -q -d "$b" -t t --conflict=overwrite --summary="$BATS_TEST_TMPDIR/sum" "$BATS_TEST_TMPDIR/before"
		assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" "$counts"
	done
}

# odd_type NAME: a type of floats that have many NaNs, all of which are equal and written so
odd_type()
{
	q "$b" "CREATE TYPE $1;
		CREATE FUNCTION ${1}_in(cstring) RETURNS $1 LANGUAGE internal STRICT IMMUTABLE AS 'float8in';
		CREATE FUNCTION ${1}_out($1) RETURNS cstring LANGUAGE internal STRICT IMMUTABLE AS 'float8out';
		CREATE FUNCTION ${1}_send($1) RETURNS bytea LANGUAGE internal STRICT IMMUTABLE AS 'float8send';
		CREATE FUNCTION ${1}_receive(internal) RETURNS $1 LANGUAGE internal STRICT IMMUTABLE AS 'float8recv';
		CREATE TYPE $1 (input = ${1}_in, output = ${1}_out, send = ${1}_send, receive = ${1}_receive, like = float8);
		CREATE CAST (bigint AS $1) WITHOUT FUNCTION" 2>/dev/null
}

# equality NAME: give the type operators and an order
equality()
{
	local op function

	q "$b" "CREATE FUNCTION ${1}_cmp($1, $1) RETURNS int LANGUAGE internal STRICT IMMUTABLE AS 'btfloat8cmp'"
	for op in '< lt' '<= le' '= eq' '>= ge' '> gt'; do
		function=${op#* } op=${op% *}
		q "$b" "CREATE FUNCTION ${1}_$function($1, $1) RETURNS bool LANGUAGE internal STRICT IMMUTABLE AS 'float8$function';
			CREATE OPERATOR $op (leftarg = $1, rightarg = $1, function = ${1}_$function)"
	done
	q "$b" "CREATE OPERATOR CLASS ${1}_ops DEFAULT FOR TYPE $1 USING btree AS OPERATOR 1 <, OPERATOR 2 <=,
		OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 ${1}_cmp($1, $1)"
}

@test "overwrite: unchanged is what is equal and written so, where a type has several images of it" {
	odd_type odd
	equality odd
	odd_type bare # nothing is known of it but its bytes
	nan='(-2251799813685247)'
	q "$b" "CREATE DOMAIN dom AS odd; CREATE TYPE pair AS (a odd, b int);
		CREATE TABLE t (id int PRIMARY KEY, o odd, d dom, a odd[], p pair, n numeric, x bare);
		INSERT INTO t SELECT i, $nan::bigint::odd, $nan::bigint::odd, ARRAY[$nan::bigint::odd, NULL],
			ROW($nan::bigint::odd, 1)::pair, 1.0 FROM generate_series(1, 4) i;
		INSERT INTO t (id, x) VALUES (5, $nan::bigint::bare)"
	cat >"$BATS_TEST_TMPDIR/rows" <<-'EOF'
		{"id":1,"o":"NaN","d":"NaN","a":["NaN",null],"p":"(NaN,1)","n":"1.0"}
		{"id":2,"o":"NaN","d":"1","a":["NaN",null],"p":"(NaN,1)","n":"1.0"}
		{"id":3,"o":"NaN","d":"NaN","a":["NaN",null],"p":"(NaN,1)","n":"1.00"}
		{"id":4,"o":null,"d":"NaN","a":["NaN",null],"p":"(NaN,1)","n":"1.0"}
		{"id":5,"x":"NaN"}
	EOF
	for options in '' '--commit=batch --batch-size=2'; do
		# shellcheck disable=SC2086 # words
		load_rows --conflict=overwrite --columns=id,o,d,a,p,n,x $options --dry-run <"$BATS_TEST_TMPDIR/rows"
		loaded '5 0 4 1 0'
	done
	load_rows --conflict=overwrite --columns=id,o,d,a,p,n,x <"$BATS_TEST_TMPDIR/rows"
	loaded '5 0 4 1 0'
	assert_eq "$(q "$b" 'SELECT id, o, d, n, x FROM t ORDER BY id')" $'1|NaN|NaN|1.0|\n2|NaN|1|1.0|\n3|NaN|NaN|1.00|\n4||NaN|1.0|\n5||||NaN'
	load_rows --conflict=overwrite --columns=id,o,d,a,p,n,x <"$BATS_TEST_TMPDIR/rows"
	loaded '5 0 0 5 0'
	# not MERGE: a trigger, and a merge of NULLs
	q "$b" "UPDATE t SET o = $nan::bigint::odd WHERE id = 1;
		CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
		CREATE TRIGGER k BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION keep()"
	for mode in overwrite merge; do
		load_rows --conflict=$mode --columns=id,o,d,a,p,n,x <"$BATS_TEST_TMPDIR/rows"
		loaded '5 0 0 5 0'
	done
}
