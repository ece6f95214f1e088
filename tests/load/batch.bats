#!/usr/bin/env bats
# --commit=batch: every batch is committed when it is complete, and what is in is said.

load ../lib/common
load ../lib/load

setup()
{
	fresh_db b
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, v text)'
	T=$BATS_TEST_TMPDIR
}

# rows FROM TO [VALUE]: lines of NDJSON.
rows_from()
{
	local i

	for ((i = $1; i <= $2; i++)); do
		printf '{"id":%d,"v":"%s"}\n' "$i" "${3:-x}"
	done
}

# How many transactions wrote table t.
writers()
{
	q "$b" 'SELECT count(DISTINCT xmin::text) FROM t'
}

@test "every batch has exactly its rows, in every encoding" {
	fresh_db a
	q "$a" "CREATE TABLE t (gone int, id int, v text);
		INSERT INTO t SELECT 0, i, repeat('v', i * 37 % 3000) FROM generate_series(1, 300) i"
	for how in '-F binary' '-F binary --values=text' '-F ndjson' '-F binary -- -m v='; do
		# shellcheck disable=SC2086 # words
		portl-extract -d "$a" -c 'SELECT id, v FROM t ORDER BY id' ${how% -- *} >"$T/stream"
		for size in 300 299 37 8; do
			q "$b" 'TRUNCATE t'
			# shellcheck disable=SC2046 # words
			portl-load -d "$b" -t t --conflict=skip --commit=batch -b $size \
				--summary="$T/sum" $([[ $how != *--\ * ]] || echo "${how#* -- }") "$T/stream"
			assert_eq "$(counts "$T/sum")" '300 300 0 0 0'
			assert_eq "$(writers)" $(((300 + size - 1) / size))
			assert_eq "$(q "$b" "SELECT DISTINCT count(*) FROM t GROUP BY (id - 1) / $size
				HAVING count(DISTINCT xmin::text) > 1 OR count(*) NOT IN ($size, 300 % $size)")" ''
		done
	done
	portl-extract -d "$a" -t t | portl-load -d "$b" --extra-columns=ignore --conflict=overwrite \
		--commit=batch -b 100
	same_table "$a" t "$b" t id,v
}

@test "without --commit=batch a batch size is refused, unless it is a job's and its commit is not heeded" {
	load_rows -b 7 < <(rows_from 1 50)
	assert_status 64
	assert_stderr_has '--batch-size needs --commit=batch'
	load_rows -b 7 --commit=end < <(rows_from 1 50)
	assert_status 64
	echo 'batch_size: 7' >"$T/job"
	load_rows -f "$T/job" < <(rows_from 1 50)
	assert_status 78
	assert_stderr_has ':1: batch_size: --batch-size needs --commit=batch'
	echo 'commit: batch' >>"$T/job"
	load_rows -f "$T/job" --commit=end < <(rows_from 1 50)
	loaded '50 50 0 0 0'
	assert_eq "$(writers)" 1
	try portl-load -d "$b" -t t --bare -f "$T/job" --verify < <(rows_from 1 50)
	assert_status 0
}

@test "conflict=fail in batches, straight into the table" {
	load_rows --commit=batch -b 10 < <(rows_from 1 25)
	loaded '25 25 0 0 0'
	assert_eq "$(writers)" 3
	load_rows --commit=batch -b 10 < <(rows_from 26 47; rows_from 3 3)
	assert_status 1
	assert_stderr_has 'stdin:23: duplicate key'
	assert_stderr_has 'The first 20 rows are committed'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 45
}

@test "a failure in batch k: message and receipt say what is in, a rerun completes it" {
	q "$b" "ALTER TABLE t ADD CHECK (v <> 'bad'); INSERT INTO t VALUES (2, 'x'), (3, 'old')"
	for k in 1 2 4; do
		q "$b" "DELETE FROM t WHERE id > 3; UPDATE t SET v = 'old' WHERE id = 3"
		load_rows --conflict=overwrite --commit=batch -b 10 < <(
			rows_from 1 $((k * 10 - 4))
			rows_from $((k * 10 - 3)) $((k * 10 - 3)) bad
			rows_from $((k * 10 - 2)) 50
		)
		assert_status 1
		assert_stderr_has "stdin:$((k * 10 - 3)): new row"
		in=$(((k - 1) * 10))
		assert_eq "$(jq -c '[.status, .committed, .rows.inserted, .rows.updated, .rows.unchanged]' "$T/sum")" \
			"$( ((k == 1)) && echo '[1,false,0,0,0]' || echo "[1,true,$((in - 2)),1,1]")"
		if ((k == 1)); then
			assert_stderr_lacks 'are committed'
		else
			assert_stderr_has "The first $in rows are committed: $((in - 2)) inserted, 1 updated, 1 unchanged, 0 skipped."
		fi
		assert_eq "$(q "$b" 'SELECT count(*) FROM t')" $((in > 3 ? in : 2))
		load_rows --conflict=overwrite --commit=batch -b 10 < <(rows_from 1 50)
		assert_status 0
		assert_eq "$(q "$b" "SELECT count(*), count(*) FILTER (WHERE v = 'x') FROM t")" '50|50'
		q "$b" 'DELETE FROM t WHERE id = 1'
	done
}

@test "a stream that is cut or aborted: whole batches are in, and it is said" {
	fresh_db a
	q "$a" "CREATE TABLE t AS SELECT i AS id, 'x' AS v FROM generate_series(1, 100) i"
	portl-extract -d "$a" -t t >"$T/s"
	size=$(stat -c %s "$T/s")
	for cut in $((size - 1)) $((size / 2)); do
		q "$b" 'TRUNCATE t'
		run --separate-stderr portl-load -d "$b" --conflict=skip --commit=batch -b 20 \
			--summary="$T/sum" < <(head -c "$cut" "$T/s")
		assert_status 4
		in=$(q "$b" 'SELECT count(*) FROM t')
		((in % 20 == 0 && in > 0))
		assert_stderr_has "The first $in rows are committed"
		assert_eq "$(jq .rows.inserted "$T/sum")" "$in"
	done
	q "$b" 'TRUNCATE t'
	try_sh "portl-extract -d $a -c 'SELECT id, (10 / (90000 - id))::text AS v
			FROM generate_series(1, 100000) id' |
		portl-load -d $b -t t --conflict=overwrite --commit=batch -b 2000"
	assert_status 4
	assert_stderr_has 'upstream failed: division by zero'
	in=$(q "$b" 'SELECT count(*) FROM t')
	((in % 2000 == 0 && in > 0))
	assert_stderr_has "The first $in rows are committed"
}

@test "an exact number of batches, no rows, and two streams" {
	fresh_db a
	q "$a" "CREATE TABLE t AS SELECT i AS id, 'x' AS v FROM generate_series(1, 40) i"
	portl-extract -d "$a" -t t >"$T/s"
	portl-load -d "$b" --conflict=overwrite --commit=batch -b 20 --summary="$T/sum" "$T/s"
	assert_eq "$(counts "$T/sum") $(jq .committed "$T/sum")" '40 40 0 0 0 true'
	assert_eq "$(writers)" 2
	portl-extract -d "$a" -t t --where=false |
		portl-load -d "$b" --conflict=overwrite --commit=batch --summary="$T/sum"
	assert_eq "$(counts "$T/sum") $(jq .committed "$T/sum")" '0 0 0 0 0 true'
	portl-extract -d "$a" -c "SELECT id + 30 AS id, 'y' AS v FROM t" >"$T/s2"
	cat "$T/s" "$T/s2" | portl-load -d "$b" -t t --conflict=overwrite --commit=batch -b 15 \
		--streams=2 --summary="$T/sum"
	assert_eq "$(counts "$T/sum")" '80 30 10 40 0'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 70
}

@test "a dry run in batches commits none of them and counts as if" {
	load_rows -n --conflict=overwrite --commit=batch -b 2 < <(rows_from 1 5; rows_from 1 5; rows_from 1 2 y)
	loaded '12 5 2 5 0'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
}

@test "a table made in the first batch" {
	fresh_db a
	q "$a" "CREATE TABLE new (id int PRIMARY KEY, v text);
		INSERT INTO new SELECT i, 'x' FROM generate_series(1, 50) i"
	for conflict in fail overwrite; do
		q "$b" 'DROP TABLE IF EXISTS new'
		portl-extract -d "$a" -t new |
			portl-load -d "$b" --create --conflict=$conflict --commit=batch -b 20
		same_table "$a" new "$b" new
		assert_eq "$(q "$b" "SELECT count(*) FROM pg_index WHERE indrelid = 'new'::regclass AND indisprimary")" 1
	done
}

@test "kill -9 between batches and inside one: whole batches are in, nothing else is left" {
	mkfifo "$T/in"
	for sent in 20 25; do
		q "$b" 'TRUNCATE t'
		portl-load -d "$b" -t t --bare --conflict=overwrite --commit=batch -b 10 <"$T/in" 3>&- &
		exec 9>"$T/in"
		rows_from 1 "$sent" >&9
		wait_for "$b" '(SELECT count(*) FROM t) = 20'
		kill -KILL $!
		wait $! || true
		exec 9>&-
		no_backends "$b"
		assert_eq "$(q "$b" "SELECT count(*) FROM pg_class WHERE relname LIKE 'portl%'")" 0
		load_rows --conflict=overwrite --commit=batch -b 10 < <(rows_from 1 50)
		loaded '50 30 0 20 0'
	done
}

@test "a signal between batches: the rows that are in are said" {
	mkfifo "$T/in"
	portl-load -d "$b" -t t --bare --conflict=overwrite --commit=batch -b 10 --summary="$T/sum" \
		<"$T/in" 2>"$T/err" 3>&- &
	exec 9>"$T/in"
	rows_from 1 15 >&9
	wait_for "$b" '(SELECT count(*) FROM t) = 10'
	kill -TERM $!
	wait $! && status=0 || status=$?
	exec 9>&-
	assert_status 143
	grep -q 'The first 10 rows are committed' "$T/err"
	assert_eq "$(jq -c '[.status, .committed, .rows.inserted]' "$T/sum")" '[143,true,10]'
	no_backends "$b"
}

@test "the server goes away between batches: the rows that are in are said" {
	mkfifo "$T/in"
	portl-load -d "$b" -t t --bare --conflict=overwrite --commit=batch -b 10 --summary="$T/sum" \
		<"$T/in" 2>"$T/err" 3>&- &
	exec 9>"$T/in"
	rows_from 1 10 >&9
	wait_for "$b" '(SELECT count(*) FROM t) = 10'
	q "$b" "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'portl-load'"
	wait $! && status=0 || status=$?
	exec 9>&-
	assert_status 2
	grep -q 'The first 10 rows are committed' "$T/err"
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 10
}
