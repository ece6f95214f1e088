#!/usr/bin/env bats
# Which column goes where: by exact name, after --map and --extra-columns.

load ../lib/common

setup()
{
	fresh_db from to
}

# pipe TABLE LOAD-OPTION...: from one database to the other.
pipe()
{
	local table=$1

	shift
	portl-extract -d "$from" -t "$table" >"$BATS_TEST_TMPDIR/stream" || return
	portl-load -d "$to" "$@" "$BATS_TEST_TMPDIR/stream"
}

@test "columns are matched by name, whatever their order" {
	q "$from" "CREATE TABLE t (a int, b text, c int); INSERT INTO t VALUES (1, 'x', 2)"
	q "$to" 'CREATE TABLE t (c int, gone int, a int, b text, d int DEFAULT 7);
	         ALTER TABLE t DROP gone'
	try pipe t
	assert_status 0
	assert_eq "$(q "$to" 'SELECT a, b, c, d FROM t')" '1|x|2|7'
}

@test "--map renames, in lists and repeated" {
	q "$from" 'CREATE TABLE t (a int, b int, c int); INSERT INTO t VALUES (1, 2, 3)'
	q "$to" 'CREATE TABLE t (x int, y int, z int)'
	try pipe t --map a=x,b=y -m ' c = z '
	assert_status 0
	assert_eq "$(q "$to" 'SELECT x, y, z FROM t')" '1|2|3'
}

@test "--map swaps two columns, and turns three around" {
	q "$from" 'CREATE TABLE t (a int, b int, c int); INSERT INTO t VALUES (1, 2, 3)'
	q "$to" 'CREATE TABLE t (a int, b int, c int)'
	try pipe t --map a=b,b=a
	assert_status 0
	try pipe t --map a=b,b=c,c=a
	assert_status 0
	assert_eq "$(q "$to" 'SELECT a, b, c FROM t ORDER BY a')" $'2|1|3\n3|1|2'
}

@test "--map SRC= drops the column, of any type" {
	q "$from" "CREATE TYPE odd AS ENUM ('x'); CREATE TABLE t (a int, b odd);
	           INSERT INTO t VALUES (1, 'x')"
	q "$to" 'CREATE TABLE t (a int, b int)'
	try pipe t --map 'b='
	assert_status 0
	assert_eq "$(q "$to" 'SELECT a, b FROM t')" '1|'
}

@test "hostile names are mapped onto hostile names" {
	local -a names=('a b' A select 'x""y' имя $'new\nline' "\$1" '%s%n' 'a,b=c' "it's"
		"'; drop table t; --" "$(printf 'n%.0s' {1..63})")
	local from_list='' to_list='' values='' name i=0
	local -a options=()

	for name in "${names[@]}"; do
		from_list+=", \"$name\" int"
		to_list+=", \"to ${name:0:59}\" int"
		values+=", $((++i))"
		options+=(--map "\"$name\"=\"to ${name:0:59}\"")
	done
	q "$from" "CREATE TABLE t (${from_list:2}); INSERT INTO t VALUES (${values:2})"
	q "$to" "CREATE TABLE t (${to_list:2})"
	try pipe t "${options[@]}"
	assert_status 0
	assert_eq "$(q "$to" 'TABLE t')" "$(q "$from" 'TABLE t')"
}

@test "names on the command line fold unless quoted; names in the stream do not" {
	q "$from" 'CREATE TABLE t ("Id" int); INSERT INTO t VALUES (1)'
	q "$to" 'CREATE TABLE t (id int)'
	try pipe t
	assert_status 5
	assert_stderr_has $'column "Id" is not in the table, which has "id"; use --names=loose, --map \'"Id"=id\''
	try pipe t --map Id=id
	assert_status 5
	assert_stderr_has '--map: the stream has no column "id"; perhaps "Id"'
	try pipe t --map '"Id"=ID'
	assert_status 0
	assert_eq "$(q "$to" 'TABLE t')" 1
}

@test "unknown names are refused, all at once, with the nearest one" {
	q "$from" 'CREATE TABLE t (amount int, customer int, note int, zzzzzz int)'
	q "$to" 'CREATE TABLE t (amount int, client int, customer int)'
	try pipe t --map custumer=client,amount=amont
	assert_status 5
	assert_stderr_has '--map: the stream has no column "custumer"; perhaps "customer"'
	assert_stderr_has '--map: the table has no column "amont"; perhaps "amount"'
	assert_stderr_has $'column "zzzzzz" is not in the table; drop it with --map \'zzzzzz=\''
	assert_eq "$(grep -c error: <<<"$stderr")" 1
}

@test "the remedy in the message works as it stands" {
	local name=$'it\'s "A"' option

	q "$from" "CREATE TABLE t (a int, \"it's \"\"A\"\"\" int); INSERT INTO t VALUES (1, 2)"
	q "$to" 'CREATE TABLE t (a int)'
	try pipe t
	assert_status 5
	assert_stderr_has "column \"$name\" is not in the table"
	option=$(sed -n 's/.*drop it with \(--map .*\) or .*/\1/p' <<<"$stderr")
	try_sh "portl-load -d $to $option '$BATS_TEST_TMPDIR/stream'"
	assert_status 0
	assert_eq "$(q "$to" 'TABLE t')" 1
}

@test "two columns into one are refused" {
	q "$from" 'CREATE TABLE t (a int, b int)'
	q "$to" 'CREATE TABLE t (a int, b int)'
	try pipe t --map a=b
	assert_status 5
	assert_stderr_has 'two columns go into "b"'
	try pipe t --map a=b,b=b
	assert_status 64
	assert_stderr_has '--map sends two columns to "b"'
	try pipe t --map a=b,a=
	assert_status 64
	assert_stderr_has '--map names column "a" twice'
}

@test "what is not SRC=DST is a usage error" {
	local bad

	q "$from" 'CREATE TABLE t (a int)'
	q "$to" 'CREATE TABLE t (a int)'
	for bad in '' a =b 'a=b,' 'a=b=c' '"a=b' 'a="b' 'a=""' 'a=b c=d'; do
		try pipe t --map "$bad"
		[ "$status" -eq 64 ] || show_run "--map '$bad'"
		assert_stderr_has error:
	done
}

@test "a mapped column may become a generated one nowhere" {
	q "$from" 'CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 9)'
	q "$to" 'CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a * 2) STORED)'
	try pipe t --map b=g
	assert_status 5
	assert_stderr_has $'column "g" is generated in the table; drop it with --map \'b=\''
	try pipe t --map b=
	assert_status 0
	assert_eq "$(q "$to" 'TABLE t')" '1|2'
}

@test "a column generated on both sides is left to the target" {
	q "$from" 'CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a + 1) STORED);
	           INSERT INTO t VALUES (1)'
	q "$to" 'CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a + 2) STORED, h int)'
	try pipe t
	assert_status 0
	try pipe t --map g=h
	assert_status 0
	assert_eq "$(q "$to" 'SELECT * FROM t ORDER BY h')" $'1|3|2\n1|3|'
}

@test "identity columns take what is mapped onto them" {
	q "$from" 'CREATE TABLE t (k int); INSERT INTO t VALUES (41)'
	q "$to" 'CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY,
	                         alt int GENERATED BY DEFAULT AS IDENTITY)'
	try pipe t --map k=id
	assert_status 0
	try pipe t --map k=alt
	assert_status 0
	assert_eq "$(q "$to" 'SELECT * FROM t WHERE 41 IN (id, alt) ORDER BY id DESC' | wc -l)" 2
}

@test "--extra-columns=ignore leaves out what the table lacks, but not what --map names" {
	q "$from" 'CREATE TABLE t (a int, b int, c int); INSERT INTO t VALUES (1, 2, 3)'
	q "$to" 'CREATE TABLE t (a int)'
	try pipe t
	assert_status 5
	try pipe t --extra-columns=ignore
	assert_status 0
	assert_eq "$(q "$to" 'TABLE t')" 1
	try pipe t --extra-columns=ignore --map b=x
	assert_status 5
	assert_stderr_has '--map: the table has no column "x"'
	try pipe t --extra-columns=ignore --map a=
	assert_status 5
	assert_stderr_has 'the stream carries none of its columns'
	assert_eq "$(q "$to" 'TABLE t')" 1
}

@test "columns that nothing goes into must be able to do without" {
	q "$from" 'CREATE TABLE t (a int); INSERT INTO t VALUES (1)'
	q "$to" 'CREATE TABLE t (a int, b int NOT NULL, c int NOT NULL, d int NOT NULL DEFAULT 1)'
	try pipe t
	assert_status 5
	assert_stderr_has 'column "b" is NOT NULL without a default'
	assert_stderr_has 'column "c" is NOT NULL without a default'
	assert_stderr_lacks 'column "d"'
}

@test "--map with --create makes the columns under their new names" {
	q "$from" "CREATE TABLE t (a int PRIMARY KEY, b text, c int);
	           INSERT INTO t VALUES (1, 'x', 2)"
	try pipe t --create --map 'a="New Key",c='
	assert_status 0
	assert_eq "$(q "$to" 'SELECT "New Key", b FROM t')" '1|x'
	assert_eq "$(q "$to" "SELECT count(*) FROM pg_index WHERE indisprimary
	                      AND indrelid = 't'::regclass")" 1
}

@test "--map has nothing to go by in a file without names" {
	q "$from" 'CREATE TABLE t (a int); INSERT INTO t VALUES (1)'
	q "$to" 'CREATE TABLE t (a int)'
	psql -Xq -d "$from" -c 'COPY t TO STDOUT (FORMAT binary)' >"$BATS_TEST_TMPDIR/bare"
	try portl-load -d "$to" -t t --bare --map a=a "$BATS_TEST_TMPDIR/bare"
	assert_status 5
	assert_stderr_has '--map: a plain PGCOPY file has no column names'
	assert_eq "$(q "$to" 'TABLE t')" ''
}
