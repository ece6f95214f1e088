#!/usr/bin/env bats
# What names mean changes while portl-extract starts and reads: what it sends is a state
# that was committed, header and rows of the same, or it refuses.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common
load ../lib/meanwhile

setup()
{
	fresh_db src
}

# sent: the rows as text, sorted, one line
sent()
{
	portl-load --csv=- -q "$BATS_TEST_TMPDIR/out" | tail -n +2 | LC_ALL=C sort | paste -sd ' '
}

# reading SQL EXTRACT-OPTION...: while extract stands in the middle of its rows, for nobody
# reads them, run SQL, or have it wait where it says "queued: SQL"; then read on.
reading()
{
	local sql=$1 pid fifo=$BATS_TEST_TMPDIR/fifo hold

	shift
	rm -f "$fifo"
	mkfifo "$fifo"
	portl-extract -d "$src" "$@" >"$fifo" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
	exec {hold}<"$fifo"
	wait_for postgres "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$src'
		AND application_name = 'portl-extract' AND wait_event = 'ClientWrite')"
	case $sql in
	queued:*)
		psql -Xq -d "$src" -c "${sql#queued:}" >/dev/null 2>&1 3>&- {hold}<&- &
		wait_for postgres "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$src'
			AND application_name = 'psql' AND wait_event_type = 'Lock')"
		;;
	*) q "$src" "$sql" ;;
	esac
	cat <&"$hold" >"$BATS_TEST_TMPDIR/out"
	exec {hold}<&-
	status=0
	wait "$pid" || status=$?
	output='' stderr=$(cat "$BATS_TEST_TMPDIR/err")
}

@test "a view repointed to a table that is filled in the same transaction" {
	q "$src" 'CREATE TABLE a AS SELECT 1 AS id; CREATE TABLE b (id int); CREATE VIEW v AS TABLE a'
	for options in '-c TABLE v' '-t v' '-c SELECT * FROM v AS x'; do
		meanwhile 'LOCK v' "INSERT INTO b VALUES (2), (3);
			CREATE OR REPLACE VIEW v AS TABLE b" "${options%% *}" "${options#* }"
		assert_status 0
		assert_eq "$(sent)" '2 3'
		q "$src" 'TRUNCATE b; CREATE OR REPLACE VIEW v AS TABLE a'
	done
}

@test "a materialized view's name passes to another of other columns" {
	q "$src" "CREATE MATERIALIZED VIEW m AS SELECT 1::bigint AS x;
		CREATE MATERIALIZED VIEW m2 AS SELECT timestamptz '2000-01-01 00:00:00.000007+00' AS x"
	meanwhile 'LOCK TABLE pg_class IN SHARE ROW EXCLUSIVE MODE; ALTER MATERIALIZED VIEW m RENAME TO m0' \
		'ALTER MATERIALIZED VIEW m2 RENAME TO m' -t m --values=binary
	assert_status 0
	PGTZ=UTC portl-load --csv=- -q "$BATS_TEST_TMPDIR/out" | tail -n 1 | grep -q 2000-01-01
}

@test "tables swap their names under a query and a UNION" {
	q "$src" 'CREATE TABLE a AS SELECT 1 AS id; CREATE TABLE b AS SELECT 2 AS id'
	meanwhile 'ALTER TABLE a RENAME TO c' 'ALTER TABLE b RENAME TO a; ALTER TABLE c RENAME TO b;
		INSERT INTO a VALUES (20)' -c 'SELECT id FROM a'
	assert_status 0
	assert_eq "$(sent)" '2 20'
}

@test "partitions detached with their rows moved, copies attached" {
	q "$src" 'CREATE TABLE p (id int) PARTITION BY RANGE (id);
		CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
		CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
		INSERT INTO p VALUES (1), (11); CREATE TABLE p3 (id int)'
	meanwhile 'LOCK p IN ACCESS EXCLUSIVE MODE' 'ALTER TABLE p DETACH PARTITION p2;
		INSERT INTO p3 TABLE p2;
		ALTER TABLE p ATTACH PARTITION p3 FOR VALUES FROM (10) TO (20)' -t p
	assert_status 0
	assert_eq "$(sent)" '1 11'
	meanwhile 'LOCK p IN ACCESS EXCLUSIVE MODE' 'ALTER TABLE p DETACH PARTITION p3;
		INSERT INTO p2 VALUES (12);
		ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20)' -c 'SELECT id FROM p'
	assert_status 0
	assert_eq "$(sent)" '1 11 12'
}

@test "a child inherits a copy meanwhile" {
	q "$src" 'CREATE TABLE t AS SELECT 1 AS id; CREATE TABLE c () INHERITS (t);
		CREATE TABLE copy (id int)'
	meanwhile 'LOCK c IN ACCESS EXCLUSIVE MODE' 'INSERT INTO copy TABLE t; DELETE FROM ONLY t;
		ALTER TABLE copy INHERIT t' -t t
	assert_status 0
	assert_eq "$(sent)" 1
}

@test "with privileges on a column only: the name passes to another table" {
	q "$src" "CREATE ROLE ${src}_r LOGIN; CREATE TABLE t AS SELECT 1 AS id, 0 AS secret;
		CREATE TABLE u (id int, secret int);
		GRANT SELECT (id) ON t, u TO ${src}_r"
	meanwhile 'ALTER TABLE t RENAME TO gone' 'INSERT INTO u VALUES (2, 0), (3, 0);
		ALTER TABLE u RENAME TO t' -U "${src}_r" -t t --columns=id
	assert_status 0
	assert_eq "$(sent)" '2 3'
	q "$src" "DROP OWNED BY ${src}_r; DROP ROLE ${src}_r"
}

@test "a schema renamed while the rows are read, its name passing on" {
	q "$src" "CREATE SCHEMA s; CREATE SCHEMA u; CREATE TABLE u.t AS SELECT 'x' AS v;
		CREATE TABLE s.t AS SELECT repeat('x', 1000) AS v FROM generate_series(1, 20000)"
	reading 'ALTER SCHEMA s RENAME TO s0; ALTER SCHEMA u RENAME TO s' -t s.t
	assert_status 1
	assert_stderr_has 'was altered while the rows were read'
	try portl-load --csv=/dev/null -q "$BATS_TEST_TMPDIR/out"
	assert_status 4
}

@test "a function that a query, a view or another function calls is replaced while the rows are read" {
	q "$src" "CREATE TABLE t AS SELECT i AS id, repeat('x', 1000) AS v FROM generate_series(1, 20000) i;
		CREATE FUNCTION low(i int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN i; END';
		CREATE FUNCTION high(i int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN low(i); END';
		CREATE VIEW w AS SELECT high(id) AS id, v FROM t"
	for options in '-c SELECT low(id), v FROM t' '-c SELECT high(id), v FROM t' '-t w'; do
		reading "CREATE OR REPLACE FUNCTION low(i int) RETURNS int LANGUAGE plpgsql AS
			'BEGIN RETURN -i; END'" "${options%% *}" "${options#* }"
		assert_status 1
		assert_stderr_has 'function "low" was altered while the rows were read'
	done
	# others may come and go
	reading 'CREATE FUNCTION other() RETURNS int LANGUAGE sql AS $$SELECT 1$$' -t w
	assert_status 0
}

@test "an enum's label renamed while the rows are read; a new one is no change" {
	q "$src" "CREATE TYPE mood AS ENUM ('a', 'b');
		CREATE TABLE t AS SELECT 'a'::mood AS m, repeat('x', 1000) AS v FROM generate_series(1, 20000)"
	reading "ALTER TYPE mood ADD VALUE 'c'" -t t
	assert_status 0
	reading "ALTER TYPE mood RENAME VALUE 'a' TO 'z'" -t t
	assert_status 1
	assert_stderr_has 'type "mood" was altered while the rows were read'
}

@test "DDL that has queued up behind the reading does not spoil it" {
	q "$src" "CREATE TABLE p (id int, v text) PARTITION BY RANGE (id);
		CREATE TABLE p1 PARTITION OF p DEFAULT;
		INSERT INTO p SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i;
		CREATE VIEW w AS TABLE p"
	local n=0 options

	for options in '-t p' '-t w' '-c TABLE w'; do
		reading "queued:ALTER TABLE p ADD COLUMN n$((n++)) int" "${options%% *}" "${options#* }"
		assert_status 0
	done
}

@test "no transaction is left open, in success or failure" {
	local log=$BATS_TEST_TMPDIR/log.json options pid

	q "$src" "CREATE TABLE t AS SELECT i AS id, repeat('x', 1000) AS v FROM generate_series(1, 20000) i;
		CREATE VIEW w AS TABLE t"
	for options in '-t t' '-t w' '-c TABLE t' '-c SELECT 1/(id-9000), v FROM t' '-c SELECT' gone; do
		rm -f "$log"
		if [ "$options" = gone ]; then
			portl-extract -d "dbname=$src options='-c log_statement=all'" -L "$log" \
				--log-format=json -t t | head -c 1000 >/dev/null
		else
			portl-extract -d "dbname=$src options='-c log_statement=all'" -L "$log" \
				--log-format=json "${options%% *}" "${options#* }" >/dev/null 2>&1 || :
		fi
		pid=$(sed -n 's/.*"backend_pid": *\([0-9]*\).*/\1/p' "$log" | head -n 1)
		[ -n "$pid" ]
		grep -F "[$pid]" "$SUITE_CLUSTER/log" | grep -E 'LOG:  statement: (BEGIN|COMMIT|ROLLBACK)\>' |
			tail -n 1 | grep -q 'statement: ROLLBACK' || fail "$options: left in a transaction"
	done
}

@test "check, --dry-run and the run agree on what may be read" {
	q "$src" 'CREATE TABLE t AS SELECT 1 AS id'
	while read -r query; do
		for how in --check=plan --dry-run --limit=5 ''; do
			[ "$how" != --limit=5 ] || continue
			try portl-extract -d "$src" -o /dev/null ${how:+"$how"} -c "$query"
			[ "$status" = 1 ] || fail "$how $query: status $status"
			assert_stderr_has 'portl-extract: error: '
		done
		assert_eq "$(q "$src" 'SELECT count(*) FROM t')" 1
	done <<-'EOF'
		SELECT id FROM t FOR UPDATE
		UPDATE t SET id = 2 RETURNING id
		WITH d AS (DELETE FROM t RETURNING id) TABLE d
		SELECT id INTO x FROM t
		SELECT 1; SELECT 2
	EOF
	while IFS= read -r query; do
		for how in --check=plan --dry-run ''; do
			try portl-extract -d "$src" -o /dev/null ${how:+"$how"} -c "$(printf '%b' "$query")"
			assert_status 0
		done
	done <<-'EOF'
		SELECT 1; -- comment
		SELECT 1; /* a ; b */ ; -- c
		SELECT ';' AS x; \n-- last
		SELECT 1 AS x -- no semicolon
		SELECT $$;$$ AS x;
		SELECT E'\\';' AS x;--;
	EOF
}
