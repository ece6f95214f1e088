#!/usr/bin/env bats
# Loaders beside other sessions: locks, races, and other loaders of the same table.

load ../lib/common
load ../lib/load
load ../lib/faults

setup()
{
	fresh_db b
}

@test "the target is not locked while rows come, and nothing of the staging stays" {
	make_t
	mkfifo "$BATS_TEST_TMPDIR/in"
	portl-load -d "$b" -t t --bare --conflict=overwrite <"$BATS_TEST_TMPDIR/in" 3>&- &
	exec 9>"$BATS_TEST_TMPDIR/in"
	for ((i = 5; i < 5000; i++)); do
		echo "{\"id\":$i,\"v\":\"x\"}"
	done >&9
	wait_for "$b" "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$b' AND query ~ '^COPY' AND state = 'active')"
	assert_eq "$(q "$b" "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass")" 0
	q "$b" 'BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE NOWAIT; COMMIT'
	exec 9>&-
	wait $!
	assert_eq "$(q "$b" "SELECT count(*) FROM pg_class WHERE relname LIKE 'portl%'")" 0
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 4998
}

# PRTL as a number, and the table
lock_of_t()
{
	echo "1347572300, 't'::regclass::oid::int"
}

# swapped: a binary stream whose keys are distinct but out of order.
swapped()
{
	portl-extract -d "$b" -c "SELECT id, 'new' AS v, id AS n FROM unnest('{2,1,4,3,5}'::int[]) id"
}

@test "rows out of key order go in as they come while no other loader is at work" {
	needs 15 MERGE
	make_t
	load=(portl-load -d "$b" -t t --conflict=overwrite -vv --summary="$BATS_TEST_TMPDIR/sum")
	swapped >"$BATS_TEST_TMPDIR/in"
	run --separate-stderr "${load[@]}" --dry-run "$BATS_TEST_TMPDIR/in"
	assert_stderr_has 'SQL: SAVEPOINT portl; CREATE UNIQUE INDEX'
	open_session "BEGIN; SELECT pg_advisory_xact_lock_shared($(lock_of_t))"
	run --separate-stderr "${load[@]}" "$BATS_TEST_TMPDIR/in"
	assert_status 0
	assert_stderr_lacks 'SQL: SAVEPOINT portl; CREATE UNIQUE INDEX'
	close_session COMMIT
	assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" '5 2 3 0 0'
	open_session "BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE; SELECT pg_advisory_xact_lock($(lock_of_t))"
	run --separate-stderr "${load[@]}" --lock-wait-timeout=100 "$BATS_TEST_TMPDIR/in"
	assert_status 1
	assert_stderr_has 'another loader writes the table, and the time to wait for locks is over'
	start patient "${load[@]}" --lock-wait-timeout=20000 "$BATS_TEST_TMPDIR/in"
	backend_does "$b" portl-load "wait_event = 'advisory'"
	close_session COMMIT
	finish patient 20
	assert_status 0
}

@test "the lock of whoever may not write the table holds nobody up" {
	make_t
	swapped >"$BATS_TEST_TMPDIR/in"
	open_session "BEGIN; SELECT * FROM t; SELECT pg_advisory_xact_lock($(lock_of_t))"
	run --separate-stderr timeout 20 portl-load -d "$b" -t t --conflict=overwrite \
		--summary="$BATS_TEST_TMPDIR/sum" "$BATS_TEST_TMPDIR/in"
	assert_status 0
	close_session COMMIT
	assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" '5 2 3 0 0'
}

@test "a row that another session inserts meanwhile is overwritten all the same" {
	local how

	for how in overwrite merge skip; do
		q "$b" 'DROP TABLE IF EXISTS t'
		make_t
		open_session "BEGIN; INSERT INTO t VALUES (4, 'theirs', 0)"
		swapped | portl-load -d "$b" -t t --conflict=$how --summary="$BATS_TEST_TMPDIR/sum" 3>&- &
		wait_for "$b" "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$b' AND wait_event = 'transactionid')"
		close_session COMMIT
		wait $!
		if [ $how = skip ]; then
			assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" '5 1 0 0 4'
			t_is '1|one|1' '2|two|' '3|three|3' '4|theirs|0' '5|new|5'
		else
			assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" '5 1 4 0 0'
			t_is '1|new|1' '2|new|2' '3|new|3' '4|new|4' '5|new|5'
		fi
	done
}

@test "a row that another session changes or deletes meanwhile is seen as it is then" {
	make_t
	q "$b" "INSERT INTO t VALUES (4, 'four', 0); UPDATE t SET n = 0 WHERE id = 3"
	open_session "BEGIN; UPDATE t SET v = 'new', n = 1 WHERE id = 1; UPDATE t SET n = 9 WHERE id = 4; DELETE FROM t WHERE id = 3"
	swapped | portl-load -d "$b" -t t --conflict=overwrite --newer=n --summary="$BATS_TEST_TMPDIR/sum" 3>&- &
	wait_for "$b" "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$b' AND wait_event = 'transactionid')"
	close_session COMMIT
	wait $!
	assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" '5 2 1 0 2'
	t_is '1|new|1' '2|new|2' '3|new|3' '4|four|9' '5|new|5'
}

@test "merge: a row that has just come and is changed at once keeps what it was changed to" {
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, x int NOT NULL, y int); INSERT INTO t VALUES (2, 2, 2)"
	coproc psql -XAtq -d "$b" # another loads key 1 and is not done
	other=${COPROC[1]} other_pid=$COPROC_PID
	echo "BEGIN; INSERT INTO t VALUES (1, 1, 1); SELECT 'there';" >&"$other"
	read -r <&"${COPROC[0]}"
	mkfifo "$BATS_TEST_TMPDIR/hold"
	psql -Xq -d "$b" <"$BATS_TEST_TMPDIR/hold" >/dev/null 3>&- &
	exec 8>"$BATS_TEST_TMPDIR/hold"
	echo 'BEGIN; SELECT FROM t WHERE id = 2 FOR UPDATE;' >&8
	wait_for "$b" "EXISTS (SELECT FROM pg_locks WHERE relation = 't'::regclass AND mode = 'RowShareLock')"
	printf '{"id":%d,"x":%s,"y":9}\n' 1 1 2 2 5 null |
		portl-load -d "$b" -t t --bare --conflict=merge 3>&- 8>&- &
	loader=$!
	waits() # for somebody's lock, with a statement that begins so
	{
		wait_for "$b" "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$b' AND application_name = 'portl-load'
			AND wait_event_type = 'Lock' AND query ~ '$1')"
	}
	waits '^SELECT'
	q "$b" 'INSERT INTO t VALUES (5, 1, 1)'
	echo 'COMMIT;' >&8
	exec 8>&-
	waits '^INSERT'
	PGAPPNAME=changer q "$b" 'UPDATE t SET x = 2 WHERE id = 5' 3>&- &
	changer=$!
	wait_for "$b" "EXISTS (SELECT FROM t WHERE id = 5 AND x = 2) OR EXISTS (SELECT FROM pg_stat_activity
		WHERE datname = '$b' AND application_name = 'changer' AND wait_event_type = 'Lock')"
	echo 'COMMIT;' >&"$other"
	exec {other}>&-
	wait "$other_pid"
	wait "$loader"
	wait "$changer"
	t_is '1|1|9' '2|2|9' '5|2|9'
}

@test "rows of one key that come back to the old value are applied in turn" {
	make_t
	for rows in "(1, 'x', 1), (1, 'one', 1)" "(9, 'x', 1), (1, 'x', 1), (1, 'one', 1), (10, '', 0), (5, '', 0)"; do
		portl-extract -d "$b" -c "SELECT * FROM (VALUES $rows) AS x (id, v, n)" |
			portl-load -d "$b" -t t --conflict=overwrite --summary="$BATS_TEST_TMPDIR/sum"
		assert_eq "$(jq .rows.updated "$BATS_TEST_TMPDIR/sum")" 2
		assert_eq "$(q "$b" 'SELECT v FROM t WHERE id = 1')" one
	done
}

@test "a lock that is not had in time ends the load at once" {
	local session pid

	make_t
	coproc psql -XAtq -d "$b"
	session=${COPROC[1]} pid=$COPROC_PID
	echo 'BEGIN; SELECT id FROM t WHERE id = 2 FOR UPDATE;' >&"$session"
	read -r <&"${COPROC[0]}"
	load_rows -vv --conflict=overwrite --lock-wait-timeout=100 < <(printf '{"id":%d,"v":"x"}\n' 1 2 3)
	assert_status 1
	assert_stderr_has 'error: canceling statement due to lock timeout'
	assert_stderr_has 'hint: Another session has held a lock on it for too long'
	assert_eq "$(grep -c '^portl-load: SQL: SAVEPOINT portl; .* INTO ' <<<"$stderr")" 1
	# another mode, of the table: whose lock it is, is said
	load_rows --truncate --lock-wait-timeout=100 < <(printf '{"id":%d,"v":"x"}\n' 1 2 3)
	assert_status 1
	assert_stderr_has 'Another session, or a transaction of pg_prepared_xacts, holds a lock on "t".'
	exec {session}>&-
	wait "$pid"
	t_is '1|one|1' '2|two|' '3|three|3'
}

@test "eight loaders with overlapping keys: no deadlock, no lost row, counts that add up" {
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, v text, n int)'
	pids=()
	for i in 1 2 3 4 5 6 7 8; do
		orders=('g' 'g DESC' 'g + 100 * (g % 97 = 0)::int') # the last: alone, if it can be
		order=${orders[i % 3]}
		portl-extract -d "$b" -c "SELECT g AS id, 'v$i' AS v, $i AS n
			FROM generate_series($i * 100, $i * 100 + 3000) g ORDER BY $order" |
			portl-load -d "$b" -t t --conflict=overwrite --newer=n \
				--summary="$BATS_TEST_TMPDIR/sum$i" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	assert_eq "$(q "$b" 'SELECT count(*), bool_and(n = LEAST(id / 100, 8)) FROM t')" '3701|t'
	assert_eq "$(jq -s 'map(.rows.inserted) | add' "$BATS_TEST_TMPDIR"/sum?)" 3701
	assert_eq "$(jq -s 'map(.rows.inserted + .rows.updated + .rows.skipped) | add' \
		"$BATS_TEST_TMPDIR"/sum?)" 24008
}

@test "a lock that the sender holds, by itself or through postgres_fdw, is not waited for forever" {
	local a

	fresh_db a
	q "$b" "CREATE TABLE t (i int, s text); INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 5000) i"
	q "$a" "CREATE EXTENSION postgres_fdw;
		CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$PGHOST', dbname '$b');
		CREATE USER MAPPING FOR CURRENT_USER SERVER loop OPTIONS (user '$PGUSER');
		CREATE FOREIGN TABLE t (i int, s text) SERVER loop"
	try_sh "portl-extract -d $a -t t | portl-load -d $b --truncate"
	assert_status 5
	assert_stderr_has 'the lock on "t" is held by process'
	assert_stderr_has 'postgres_fdw, idle in transaction'
	assert_stderr_has 'portl-extract -o FILE'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 5000
}

@test "an ALTER between the sender's lock and ours: refused, not waited for" {
	local alter loader

	q "$b" "CREATE TABLE t (i int, s text); INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 5000) i"
	mkfifo "$BATS_TEST_TMPDIR/begin"
	cd "$BATS_TEST_TMPDIR"
	(
		portl-extract -d "$b" -t t | {
			read -r _ <begin
			cat
		} | portl-load -d "$b" 2>errors && echo 0 || echo $?
	) >status 3>&- &
	loader=$!
	wait_for "$b" "EXISTS (SELECT FROM pg_locks WHERE relation = 't'::regclass AND mode = 'AccessShareLock')"
	psql -XAtq -d "$b" -c 'ALTER TABLE t ADD COLUMN later int' 3>&- &
	alter=$!
	wait_for "$b" "EXISTS (SELECT FROM pg_locks WHERE relation = 't'::regclass AND NOT granted)"
	echo >begin
	wait "$loader"
	wait "$alter"
	assert_eq "$(<status)" 5
	grep -q 'waited for forever: the sender reads the same table' errors
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 5000
}

@test "a set that waits for a loader which waits for the set: the server sees the deadlock" {
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int PRIMARY KEY, v text);
		INSERT INTO t VALUES (1, 'old'); INSERT INTO u VALUES (1, 'old')"
	portl-extract -d "$b" -t t -t u -o "$T/set"
	q "$b" "UPDATE t SET v = 'x'; UPDATE u SET v = 'x'"
	open_session "BEGIN; LOCK TABLE u IN ROW EXCLUSIVE MODE; SELECT pg_advisory_xact_lock(1347572300, 'u'::regclass::oid::int)"
	start set portl-load -d "$b" --conflict=overwrite "$T/set"
	backend_does "$b" portl-load "wait_event = 'advisory'"
	echo "UPDATE t SET v = 'session'; COMMIT;" >&"$session"
	finish set 20
	close_session '' || :
	case $status in
	0) assert_eq "$(q "$b" 'SELECT v FROM t UNION ALL SELECT v FROM u')" $'old\nold' ;;
	1) assert_stderr_has 'deadlock detected' && assert_eq "$(q "$b" 'SELECT v FROM t UNION ALL SELECT v FROM u')" $'session\nx' ;;
	*) show_run ;;
	esac
}

@test "two sets whose relations come in opposite orders do not wait for each other forever" {
	local options one

	q "$b" "CREATE SCHEMA x; CREATE TABLE x.p (id int PRIMARY KEY); CREATE TABLE x.c (id int PRIMARY KEY, p int);
		CREATE SCHEMA y; CREATE TABLE y.p (id int PRIMARY KEY); CREATE TABLE y.c (id int PRIMARY KEY, p int REFERENCES y.p);
		CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int);
		INSERT INTO x.p VALUES (1); INSERT INTO x.c VALUES (1); INSERT INTO y.p VALUES (2); INSERT INTO y.c VALUES (2)"
	portl-extract -d "$b" --schema=x -o "$T/x" # by name: c, p
	portl-extract -d "$b" --schema=y -o "$T/y" # by the foreign key: p, c
	assert_eq "$(portl-ls "$T/x" "$T/y" | grep -oE '[xy]\.[pc]' | tr '\n' ' ')" 'x.c x.p y.p y.c '
	for options in '--conflict=overwrite --delete --max-delete=100%' --truncate; do
		open_session 'BEGIN; LOCK TABLE p, c IN ROW EXCLUSIVE MODE'
		# shellcheck disable=SC2086 # words
		for one in x y; do
			start "$one" portl-load -d "$b" --into-schema=public $options "$T/$one"
		done
		wait_for postgres "2 = (SELECT count(*) FROM pg_stat_activity WHERE datname = '$b' AND application_name = 'portl-load' AND wait_event_type = 'Lock')"
		sleep 1 # a glance at all locks at once is over then
		close_session COMMIT
		finish x 20
		one=$status said=$stderr
		finish y 20
		[[ $one$status == @(00|01|10) ]] || show_run "$one $said" || return
		[[ $one$status == 00 || $said$stderr == *'deadlock detected'* ]] || show_run "$said" || return
	done
}

@test "the lock on a table that a dropped key refers to, or that it is of: not waited for forever" {
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, s text); INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 5000) i;
		CREATE TABLE child (id int PRIMARY KEY REFERENCES t, s text);
		CREATE TABLE own (id int PRIMARY KEY REFERENCES own, s text); INSERT INTO own TABLE t"
	try_sh "portl-extract -d $b -t t | portl-load -d $b -t child --foreign-keys=recheck"
	assert_status 5
	assert_stderr_has 'the lock on "public.t" would be waited for forever: the sender reads the same table'
	assert_eq "$(q "$b" 'SELECT count(*) FROM child')" 0
	try_sh "portl-extract -d $b -t own | portl-load -d $b -t own --foreign-keys=recheck --conflict=overwrite"
	assert_status 5
	assert_stderr_has 'would be waited for forever: the sender reads the same table'
	assert_eq "$(q "$b" "SELECT count(*) FROM pg_constraint WHERE contype = 'f'")" 2
}
