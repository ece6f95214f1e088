#!/usr/bin/env bats
# --delete, --scope, --max-delete: what becomes of rows that are not in the stream.

load ../lib/common
load ../lib/load

setup()
{
	fresh_db a b
	q "$a" "CREATE TABLE t (id int PRIMARY KEY, v text, n int);
		INSERT INTO t VALUES (1, 'one', 1), (2, 'two', NULL), (3, 'three', 3)"
	make_t
	stream=$BATS_TEST_TMPDIR/stream
}

# bring [EXTRACT-OPTION... :] LOAD-OPTION...: what $a has in t to $b; sets receipt and deleted.
# load_stream ARGUMENT...: the file $stream.
bring()
{
	local options=(-t t)

	if [[ " $* " == *" : "* ]]; then
		while [ "$1" != : ]; do
			options+=("$1") && shift
		done
		shift
	fi
	[ "${options[2]-}" != -t ] || options=("${options[@]:2}")
	portl-extract -d "$a" "${options[@]}" -o "$stream"
	load_stream "$@"
}

load_stream()
{
	[[ $* == *--conflict* ]] || set -- --conflict=overwrite "$@"
	try portl-load -d "$b" --summary="$BATS_TEST_TMPDIR/sum" "$@" "$stream"
	receipt=$(counts "$BATS_TEST_TMPDIR/sum")
	deleted=$(sed -n 's/.*"rows":{[^}]*"deleted":\([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/sum")
}

# kept CODE TEXT: the load was refused so, and t is as it was.
kept()
{
	assert_status "$1"
	assert_stderr_has "$2"
	t_is '1|one|1' '2|two|' '3|three|3'
}

@test "rows that are not in the stream are deleted, others are as with --conflict alone" {
	q "$a" "DELETE FROM t WHERE id = 2; UPDATE t SET v = 'drei' WHERE id = 3; INSERT INTO t VALUES (4, 'vier', 4)"
	bring --delete
	loaded '3 1 1 1 0'
	assert_eq "$deleted" 1
	t_is '1|one|1' '3|drei|3' '4|vier|4'
}

@test "skip and merge delete as well" {
	q "$a" "DELETE FROM t WHERE id = 1; UPDATE t SET v = NULL, n = 2 WHERE id = 2"
	bring --delete --conflict=skip
	assert_status 0
	t_is '2|two|' '3|three|3'
	q "$a" "DELETE FROM t WHERE id = 3"
	bring --delete --conflict=merge
	assert_status 0
	t_is '2|two|2'
}

@test "a row that stays as it is for --newer is not absent, nor is one that comes twice" {
	q "$b" "UPDATE t SET n = 9"
	bring --delete --newer=n
	assert_status 0
	t_is '1|one|9' '2|two|9' '3|three|9'
	portl-extract -d "$a" -c 'SELECT id, v, n FROM t UNION ALL SELECT 3, v, 7 FROM t WHERE id = 3' -o "$stream"
	load_stream -t t --delete --scope=true
	assert_status 0
	t_is '1|one|1' '2|two|' '3|three|7'
}

@test "--max-delete: beyond it nothing is committed; an empty source deletes nothing" {
	q "$a" "DELETE FROM t"
	bring --delete
	kept 1 '3 of 3 rows of "t" are not in the stream, more than --max-delete=50%'
	q "$a" "INSERT INTO t VALUES (3, 'neu', 3)"
	bring --delete
	kept 1 '2 of 3 rows of "t"'
	bring --delete --max-delete=1
	kept 1 '2 rows of "t" are not in the stream, more than --max-delete=1 lets'
	bring --delete --max-delete=66%
	kept 1 '2 of 3 rows'
	bring --delete --max-delete=67%
	assert_status 0
	assert_eq "$deleted" 2
	t_is '3|neu|3'
	q "$a" "DELETE FROM t"
	bring --delete --max-delete=0
	assert_status 1
	bring --delete --max-delete=1
	assert_status 0
	t_is
}

@test "a cut stream deletes nothing" {
	q "$a" "DELETE FROM t WHERE id = 2"
	portl-extract -d "$a" -t t -o "$stream.whole"
	size=$(stat -c %s "$stream.whole")
	for cut in 1 30 $((size / 2)); do
		head -c -"$cut" "$stream.whole" >"$stream"
		load_stream --delete
		kept 4 ''
	done
	portl-extract -d "$a" -t t -F ndjson | sed '$d' >"$stream"
	load_stream --delete
	kept 4 ''
}

@test "a stream that has not all rows deletes nothing without --scope" {
	bring --where 'id <> 2' : --delete
	kept 5 'the stream has not all rows of its relation (where)'
	bring --limit 2 : --delete
	kept 5 '(limit)'
	bring --limit 5 --where true : --delete
	kept 5 '(where, limit)'
	portl-extract -d "$a" -c 'SELECT * FROM t' -o "$stream"
	load_stream -t t --delete
	kept 5 '(query)'
	portl-extract -d "$a" -t t -F ndjson | sed '1s/,"partial":\[\]//' >"$stream"
	load_stream --delete --edited
	kept 5 'the stream does not say that it has all rows'
	portl-extract -d "$a" -t t -F ndjson | sed '1s/"partial":\[\]/"partial":["moon"]/' >"$stream"
	load_stream --delete --edited
	kept 5 '(other)'
	portl-extract -d "$a" -t t -F ndjson --bare >"$stream"
	load_stream -t t --delete
	kept 5 'no end document'
	psql -XAtq -d "$a" -c 'COPY t TO STDOUT (FORMAT binary)' >"$stream"
	load_stream -t t --delete --scope=true
	kept 5 'no end document'
}

@test "rows that policies may hide are not absent" {
	q "$a" "CREATE ROLE portl_$a LOGIN; GRANT SELECT ON t TO portl_$a; ALTER TABLE t ENABLE ROW LEVEL SECURITY;
		CREATE POLICY p ON t USING (id <> 2); CREATE VIEW w AS SELECT * FROM t; GRANT SELECT ON w TO portl_$a"
	bring -U "portl_$a" --enable-row-security : --delete
	kept 5 '(row_security)'
	bring -t w -U "portl_$a" --enable-row-security : -t t --delete
	kept 5 '(row_security)'
	q "$a" "DROP OWNED BY portl_$a; DROP ROLE portl_$a"
}

@test "an edited stream needs --scope" {
	portl-extract -d "$a" -t t -F ndjson | sed 's/three/drei/' >"$stream"
	load_stream --delete --edited
	kept 5 'the stream was edited on the way'
	load_stream --delete --edited --scope=true
	loaded '3 0 1 2 0'
	t_is '1|one|1' '2|two|' '3|drei|3'
}

@test "what --rejects has written is not all that there is" {
	q "$b" "ALTER TABLE t ADD CHECK (id <> 4)"
	q "$a" "INSERT INTO t VALUES (4, 'vier', 4)"
	portl-extract -d "$a" -t t | portl-load -d "$b" --conflict=overwrite --rejects="$stream" || [ $? -eq 3 ]
	q "$b" "ALTER TABLE t DROP CONSTRAINT t_id_check"
	load_stream --delete
	kept 5 '(rejects)'
}

@test "a CSV file speaks for itself" {
	printf 'id,v,n\n1,one,1\n3,drei,3\n' >"$BATS_TEST_TMPDIR/t.csv"
	portl-extract --csv "$BATS_TEST_TMPDIR/t.csv" -o "$stream"
	load_stream -t t --delete
	assert_status 0
	t_is '1|one|1' '3|drei|3'
	portl-extract --csv "$BATS_TEST_TMPDIR/t.csv" --limit 1 -o "$stream"
	load_stream -t t --delete
	assert_status 5
	assert_stderr_has '(limit)'
}

@test "what does not go with --delete is refused before anything is read" {
	for other in --conflict=fail --commit=batch --truncate --rejects=x --edited=rows --bare; do
		try portl-load -d "$b" --conflict=overwrite $other --delete /dev/null
		[ "$other" != --conflict=fail ] || try portl-load -d "$b" --delete /dev/null
		assert_status 64
		assert_stderr_has -- --delete
	done
	for most in -1 101% 5%% x '' 1.5% 99999999999999999999; do
		try portl-load -d "$b" --conflict=skip --delete --max-delete="$most" /dev/null
		assert_status 64
		assert_stderr_has -- '--max-delete takes'
	done
	try portl-load -d "$b" --conflict=skip --scope=true /dev/null
	assert_status 64
	try portl-load -d "$b" --conflict=skip --max-delete=1 /dev/null
	assert_status 64
}

@test "--scope: rows outside of it stay, and are not counted" {
	q "$b" "INSERT INTO t VALUES (7, 'ours', 70), (8, 'ours', 80), (9, 'theirs', 90)"
	q "$a" "DELETE FROM t WHERE id = 1"
	bring --where "v <> 'ours'" : --delete --scope="v <> 'ours' -- theirs"
	assert_status 0
	assert_eq "$deleted" 2
	t_is '2|two|' '3|three|3' '7|ours|70' '8|ours|80'
	q "$a" "DELETE FROM t WHERE id = 2"
	bring --delete --scope='t.id < 3 AND id IN (SELECT id FROM public.t)' --max-delete=0%
	assert_status 1
	assert_stderr_has '1 of 1 rows of "t" in its scope'
}

@test "--scope is one expression, whatever it holds" {
	q "$a" "DELETE FROM t WHERE id = 2"
	for text in 'false) OR (true' 'true) -- ' 'true; DROP TABLE t' 'true) OR EXISTS (SELECT 1' \
		'true]) [1] OR (ARRAY[true' 'true /*' '' 'true, true' 1 'NULL' 'count(*) > 0' 'nix = 1' \
		'false)) AS o, (SELECT id AS k1 FROM t WHERE (true'; do
		portl-extract -d "$a" -t t -o "$stream"
		load_stream --delete --scope="$text"
		kept 5 '--scope: '
	done
	# brackets of both kinds within the expression
	load_stream --delete --scope="(ARRAY[id])[1] < 3 AND v <> ')]' /* ) ] */"
	assert_status 0
	t_is '1|one|1' '3|three|3'
}
