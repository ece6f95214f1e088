#!/usr/bin/env bats
# --delete beside others: readers wait for nothing and see the old or the new state.
# shellcheck disable=SC2034,SC2154 # bats' and our variables

load ../lib/common
load ../lib/load

setup()
{
	fresh_db a b
	q "$a" "CREATE TABLE t (id int PRIMARY KEY, v text, n int)"
	make_t
	stream=$BATS_TEST_TMPDIR/stream
}

@test "other writers wait until COMMIT, readers for nothing; each sees the old or the new state" {
	local i

	q "$a" "TRUNCATE t; INSERT INTO t SELECT i, 'new', 7 FROM generate_series(1, 2000) i WHERE i % 4 > 0"
	q "$b" "TRUNCATE t; INSERT INTO t SELECT i, 'old', 7 FROM generate_series(1, 2000) i;
		CREATE TABLE child (t int REFERENCES t); INSERT INTO child VALUES (1);
		CREATE VIEW w AS SELECT * FROM t; CREATE PUBLICATION p FOR TABLE t;
		ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (n = 7)"
	portl-extract -d "$a" -t t -o "$stream"
	# of a row that is to be deleted: the load waits for it with all its locks taken
	open_session "BEGIN; SELECT FROM t WHERE id = 2000 FOR KEY SHARE"
	portl-load -d "$b" --conflict=overwrite --delete --summary="$BATS_TEST_TMPDIR/sum" "$stream" 2>"$stream.err" &
	pid=$!
	wait_for "$b" "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'portl-load'
		AND datname = '$b' AND wait_event_type = 'Lock' AND query LIKE '%DELETE FROM%')"
	# a lock that is not granted at once would be an error
	for i in 1 2 3 4 5 6 7 8; do
		psql -XAtq -d "$b" -c "SET lock_timeout = 1; SELECT count(*), min(v) FROM w" >>"$stream.seen"
	done
	assert_eq "$(sort -u "$stream.seen")" '2000|old'
	psql -XAtq -d "$b" -c "SET lock_timeout = 1; INSERT INTO child VALUES (5)" # of a row that stays
	run psql -XAtq -d "$b" -c "SET lock_timeout = 1; INSERT INTO t VALUES (9999, 'late', 7)"
	[[ $output == *'lock timeout'* ]] || fail "$output"
	assert_eq "$(q "$b" "SELECT string_agg(DISTINCT mode, ' ' ORDER BY mode) FROM pg_locks JOIN pg_stat_activity USING (pid)
		WHERE application_name = 'portl-load' AND datname = '$b' AND locktype = 'relation' AND relation = 't'::regclass")" \
		'AccessShareLock RowExclusiveLock ShareRowExclusiveLock'
	psql -XAtq -d "$b" -c "INSERT INTO t VALUES (9999, 'late', 7)" &
	writer=$!
	wait_for "$b" "EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 't'::regclass)"
	close_session COMMIT
	wait "$pid" || fail "$(<"$stream.err")"
	wait "$writer"
	assert_eq "$(q "$b" "SELECT count(*), min(v), max(v) FROM t")" '1501|late|new'
	assert_eq "$(jq -c '.rows.deleted' "$BATS_TEST_TMPDIR/sum")" 500
}

# reader SQL: ask that again and again until $stream.stop is there; its pid, then the answers, into files.
reader()
{
	{
		echo 'SELECT pg_backend_pid();'
		while [ ! -e "$stream.stop" ] && kill -0 $$; do
			echo "$1;"
		done
	} 3>&- | psql -XAtq -d "$b" >"$stream.reader$2" 2>&1 3>&- &
	readers+=($!)
}

# waited: the server has seen a reader wait for longer than its database's deadlock_timeout.
waited()
{
	logged "$b" |
		grep -qE "process ($(head -qn 1 "$stream".reader? | paste -sd '|')) still waiting"
}

@test "readers all the time: none waits, each answer is of the old or of the new state" {
	local i side pid readers=()

	q "$a" "TRUNCATE t; INSERT INTO t SELECT i, 'even', 7 FROM generate_series(1, 3000) i WHERE i % 4 > 0"
	portl-extract -d "$a" -t t -o "$stream.even"
	q "$a" "TRUNCATE t; INSERT INTO t SELECT i, 'odd', 7 FROM generate_series(1, 3000) i WHERE i % 3 > 0"
	portl-extract -d "$a" -t t -o "$stream.odd"
	portl-load -d "$b" --conflict=overwrite --delete --max-delete=100% "$stream.even"
	q "$b" "CREATE TABLE child (t int REFERENCES t); INSERT INTO child VALUES (1); CREATE VIEW w AS SELECT * FROM t;
		CREATE PUBLICATION p FOR TABLE t; ALTER DATABASE $b SET log_lock_waits = on; ALTER DATABASE $b SET deadlock_timeout = 50"
	log_from_here
	reader 'SELECT count(*), min(v), max(v) FROM w' 1
	reader 'SELECT count(*), min(v), max(v) FROM t JOIN (SELECT count(*) FROM child) c ON true' 2
	wait_for "$b" "(SELECT count(*) FROM pg_stat_activity WHERE datname = '$b' AND application_name = 'psql') = 2"
	for i in 1 2; do
		for side in odd even; do
			portl-load -q -d "$b" --conflict=overwrite --delete "$stream.$side"
		done
	done
	! waited || fail 'a reader has waited'
	# that it would have been seen
	open_session 'BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE'
	wait_until 10 waited
	close_session COMMIT
	touch "$stream.stop"
	wait "${readers[@]}"
	assert_eq "$(tail -qn +2 "$stream".reader? | sort -u)" $'2000|odd|odd\n2250|even|even'
}
