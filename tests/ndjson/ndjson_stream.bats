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
	assert_status 4
	assert_stderr_has 'has 2 rows, but its end document says 3'
	try portl-load -d "dbname=$b" --edited=rows "$bad"
	assert_status 0
	assert_eq "$(q "$b" 'SELECT * FROM t ORDER BY id')" $'1|ONE|{}\n3|three|[ 1 ]'
	head -n -1 "$bad" >"$bad.cut"
	try portl-load -d "dbname=$b" --edited=rows "$bad.cut"
	assert_status 4
	sed '2s/"note"/"notes"/' "$bad" >"$bad.key"
	try portl-load -d "dbname=$b" --edited=rows "$bad.key"
	assert_status 4
	assert_stderr_has 'key "notes" is not one of the stream'"'s columns"
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 2
}

@test 'newlines that a terminal has changed: said, and no advice to call that an edit' {
	local form

	small_stream
	portl-extract -d "dbname=$a" -t t -o "$BATS_TEST_TMPDIR/binary"
	for form in good binary; do
		sed 's/$/\r/' "$BATS_TEST_TMPDIR/$form" >"$bad"
		try portl-load -d "dbname=$b" "$bad"
		assert_status 4
		assert_stderr_has 'a terminal is in the way'
		assert_stderr_lacks '--edited'
	done
	sed 's/$/\r/; 2d' "$BATS_TEST_TMPDIR/good" >"$bad"
	try portl-load -d "dbname=$b" --edited "$bad"
	assert_status 4
	assert_stderr_has 'a terminal is in the way'
	assert_stderr_lacks '--edited='
	# a frame whose first block is of the kind that does not exist
	{ printf '\x28\xb5\x2f\xfd\x00\x58\x07\x00\x00' && seq 100; } >"$bad"
	try portl-load -d "dbname=$b" "$bad"
	assert_status 4
	assert_stderr_has 'leave out -t of ssh'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
}

@test 'a zstd window that is too large, and NaN: what to do' {
	small_stream
	seq 100 | zstd -q --ultra -22 --long=31 -c >"$bad"
	try portl-load -d "dbname=$b" "$bad"
	assert_status 4
	assert_stderr_has 'zstd -dc --long=31 |'
	q "$b" 'CREATE TABLE f (x float8)'
	for value in NaN Infinity -Infinity; do
		echo "{\"x\":$value}" >"$bad"
		try portl-load -d "dbname=$b" -t f --bare "$bad"
		assert_status 4
		assert_stderr_has 'JSON has no NaN and no Infinity; in quotes'
	done
	printf '{"x":"%s"}\n' NaN Infinity -Infinity >"$bad"
	portl-load -d "dbname=$b" -t f --bare "$bad"
	assert_eq "$(q "$b" 'SELECT count(*) FROM f')" 3
}

# hostile SIZE UNIT: a header that repeats UNIT, SIZE bytes of it, as NDJSON and as PGCOPY.
hostile()
{
	perl -e 'my ($n, $unit) = @ARGV;
		 my $doc = qq({"version":1,"columns":[],"x":[) . substr($unit x ($n / length $unit), 0, -1) . "]}";
		 open my $f, ">", "ndjson"; print $f qq({"\$portl":$doc}\n);
		 open $f, ">", "pgcopy"; print $f "PGCOPY\n\377\r\n\0", pack("NN", 0, 8 + length $doc), "PRTL", pack("N", length $doc), $doc, pack("n", 65535)' "$@"
}

@test "a header takes some memory, whatever is in it" {
	local unit form

	small_stream
	cd "$BATS_TEST_TMPDIR"
	for unit in '0,' '{},' '[],' '"",' '{"a":0},'; do
		for size in 7000000 15000000; do
			hostile $size "$unit"
			for form in ndjson pgcopy; do
				try_sh "$(memory 400000) exec portl-load -d dbname=$b -t t $form"
				assert_status 4
				assert_stderr_has 'too large'
			done
		done
	done
	hostile 100000000 '[],'
	try_sh "$(memory 400000) exec portl-load -d dbname=$b -t t ndjson"
	assert_status 4
	assert_stderr_has 'too large'
}

@test "quotes inside quotes inside quotes: --csv gives up in time" {
	local i value='"'

	small_stream
	for ((i = 1; i <= 26; i++)); do
		q "$a" "CREATE TYPE c$i AS (a $([ $i = 1 ] && echo text || echo c$((i - 1))))"
	done
	q "$a" 'CREATE TABLE deep (a c26)'
	for ((i = 1; i <= 26; i++)); do
		value="ROW($([ $i = 1 ] && echo "'\"'" || echo "$value"))::c$i"
	done
	q "$a" "INSERT INTO deep SELECT $value"
	try_sh "portl-extract -d dbname=$a -t deep --values=binary | ($(memory 300000) exec portl-load --csv -) | wc -c"
	assert_stderr_has 'the bytes are no value of type'
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
