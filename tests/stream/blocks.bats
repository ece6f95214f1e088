#!/usr/bin/env bats
# Rows travel in blocks of 256 kB: rows that end at a block's very end, begin there, or are
# larger than a block, in each form that rows have.

load ../lib/common

setup()
{
	fresh_db src dst
	q "$src" "CREATE TABLE t (id int, body text)"
	q "$dst" "CREATE TABLE t (id int, body text)"
}

# transfer OPTION...: extract with OPTIONs, load, compare.
transfer()
{
	try_sh "portl-extract -d $src -t t $* | portl-load -d $dst -t t --summary=$BATS_TEST_TMPDIR/receipt"
	assert_status 0
	same_table "$src" t "$dst" t
	assert_eq "$(jq .rows.read "$BATS_TEST_TMPDIR/receipt")" "$(q "$src" 'SELECT count(*) FROM t')"
	q "$dst" 'TRUNCATE t'
}

# A binary row here is 14 bytes longer than its body, a text row at least 3; the first
# block begins with a header of 19 bytes.
@test "rows that fill a block to its last byte, or miss it by a few" {
	q "$src" "INSERT INTO t SELECT i, repeat(chr(97 + i % 26), 262144 - i)
		FROM generate_series(-10, 45) i"
	transfer
	transfer --values=text
	transfer -F ndjson
}

@test "a row of each length ends at the end of a block" {
	q "$src" "INSERT INTO t SELECT i, repeat('x', i % 41) FROM generate_series(1, 200000) i"
	transfer
	transfer --values=text
}

@test "rows of many blocks among rows of a few bytes" {
	q "$src" "INSERT INTO t SELECT i, CASE WHEN i % 100 = 0 THEN repeat(md5(i::text), i * 100) END
		FROM generate_series(1, 1000) i"
	transfer
	transfer --values=text
	transfer -F ndjson
}

# The server itself holds back 8 kB.
@test "rows that come slowly are passed on before a block is full" {
	try_sh "timeout 20 portl-extract -F ndjson --bare -d $src -c \"SELECT i, repeat('x', 9000),
		pg_sleep(CASE WHEN i > 2 THEN 100 ELSE 0 END)::text FROM generate_series(0, 9) i\" | head -n 1"
	assert_status 0
	assert_out_has '{"i":0,'
	no_backends "$src"
}
