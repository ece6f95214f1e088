#!/usr/bin/env bats
# shellcheck disable=SC2016 # "$" is sed's
# The envelope around NDJSON rows: cut, damaged, edited, joined.

load ../lib/common

# The stream of a small table, and a target for it.
small_stream()
{
	fresh_db a b
	q "$a" "CREATE TABLE t (id int, note text, extra json); INSERT INTO t VALUES (1, 'one', '{}'), (2, NULL, NULL), (3, 'three', 'null')"
	q "$b" 'CREATE TABLE t (id int, note text, extra json)'
	portl-extract -d "dbname=$a" -t t -F ndjson -o "$BATS_TEST_TMPDIR/good"
	bad=$BATS_TEST_TMPDIR/bad
}

@test 'a stream that is cut, damaged or lengthened leaves the target alone' {
	small_stream
	local size cut

	size=$(stat -c %s "$BATS_TEST_TMPDIR/good")
	for cut in 1 10 100 $((size - 150)) $((size - 100)) $((size - 70)) $((size - 60)) $((size - 2)) $((size - 1)); do
		head -c "$cut" "$BATS_TEST_TMPDIR/good" >"$bad"
		try portl-load -d "dbname=$b" "$bad"
		assert_status 4
	done
	for edit in 's/one/two/' 's/"note":"three"/"note": "three"/' '3d' '2G' 's/$/\r/' 's/"rows":3/"rows":2/' \
		's/"integer"/"bigint"/' '$p' '$s/$/x/' '2{p}' 's/"end":true/"end":1/'; do
		sed "$edit" "$BATS_TEST_TMPDIR/good" >"$bad"
		try portl-load -d "dbname=$b" "$bad"
		assert_status 4
	done
	try_sh "(cat $BATS_TEST_TMPDIR/good; echo) | portl-load -d dbname=$b"
	assert_status 4
	assert_stderr_has 'bytes behind the stream'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	try portl-load -d "dbname=$b" "$BATS_TEST_TMPDIR/good"
	assert_status 0
	same_table "$a" t "$b" t
}

@test '--edited takes changed rows, but an end there must be' {
	small_stream
	sed '2s/one/ONE/; 3d; 4s/"extra":null/"extra" : [ 1 ]/' "$BATS_TEST_TMPDIR/good" >"$bad"
	try portl-load -d "dbname=$b" --edited "$bad"
	assert_status 0
	assert_eq "$(q "$b" 'SELECT * FROM t ORDER BY id')" $'1|ONE|{}\n3|three|[ 1 ]'
	head -n -1 "$bad" >"$bad.cut"
	try portl-load -d "dbname=$b" --edited "$bad.cut"
	assert_status 4
	sed '2s/"note"/"notes"/' "$bad" >"$bad.key"
	try portl-load -d "dbname=$b" --edited "$bad.key"
	assert_status 4
	assert_stderr_has 'key "notes" is not one of the stream'"'s columns"
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 2
}

@test 'streams one behind the other, of either format, compressed too' {
	small_stream
	portl-extract -d "dbname=$a" -t t -o "$BATS_TEST_TMPDIR/binary"
	try_sh "cat $BATS_TEST_TMPDIR/{good,binary,good} | portl-load -d dbname=$b --streams=3"
	assert_status 0
	assert_eq "$(q "$b" 'SELECT count(*), count(extra) FROM t')" '9|6'
	try_sh "(cat $BATS_TEST_TMPDIR/good; head -n -1 $BATS_TEST_TMPDIR/good) | portl-load -d dbname=$b --streams=2"
	assert_status 4
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 9
	try_sh "portl-extract -d $a -t t -F ndjson -Z zstd | portl-load -d $b --truncate"
	assert_status 0
	same_table "$a" t "$b" t
}

@test 'the receipts of both sides agree' {
	small_stream
	try_sh "portl-extract -d $a -t t -F ndjson --summary=$BATS_TEST_TMPDIR/a |
		portl-load -d $b --summary=$BATS_TEST_TMPDIR/b"
	assert_status 0
	assert_eq "$(jq -c '[.rows.read, .xxh3]' "$BATS_TEST_TMPDIR/a")" \
		"$(jq -c '[.rows.read, .xxh3]' "$BATS_TEST_TMPDIR/b")"
}
