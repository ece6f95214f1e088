#!/usr/bin/env bats
# Other sessions at work while portl-extract starts and runs: what it sends is the
# relation as it was at one moment, old or new, never empty and never between.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common
load ../lib/meanwhile

# ids: what was sent, as "count:min-max"
ids()
{
	q "$dst" 'TRUNCATE t' && portl-load -d "$dst" -t t -q "$BATS_TEST_TMPDIR/out" &&
		q "$dst" "SELECT count(*) || ':' || min(id) || '-' || max(id) FROM t"
}

OLD='SELECT i AS id FROM generate_series(1, 10) i'
NEW='SELECT i AS id FROM generate_series(101, 120) i'

setup()
{
	fresh_db src dst
	q "$src" "CREATE TABLE t AS $OLD"
	q "$dst" 'CREATE TABLE t (id int)'
}

@test "a table truncated and refilled" {
	meanwhile 'TRUNCATE t' "INSERT INTO t $NEW" -t t
	assert_status 0
	assert_eq "$(ids)" 20:101-120
}

@test "a table truncated and refilled, read by a query, a view, --where, a subquery" {
	q "$src" "CREATE TABLE one AS SELECT 1 AS id;
		CREATE VIEW v AS TABLE t; CREATE VIEW vv AS SELECT * FROM v WHERE id > 0"
	while read -r options; do
		eval "meanwhile 'TRUNCATE t' 'INSERT INTO t $NEW' $options"
		assert_status 0
		assert_eq "$(ids)" 20:101-120
	done <<-'EOF'
		-c 'SELECT * FROM t'
		-t vv
		-t t --where='id > 0'
		-c 'SELECT t.id FROM one, LATERAL (SELECT id FROM t) t'
	EOF
	meanwhile 'TRUNCATE t' "INSERT INTO t $NEW" -t one --where='(SELECT count(*) FROM t) = 20'
	assert_status 0
	assert_eq "$(ids)" 1:1-1
}

@test "a table truncated and refilled, read by a role that may only SELECT a column" {
	q "$src" "CREATE ROLE ${src}_r LOGIN; GRANT SELECT (id) ON t TO ${src}_r"
	meanwhile 'TRUNCATE t' "INSERT INTO t $NEW" -U "${src}_r" -t t
	assert_status 0
	assert_eq "$(ids)" 20:101-120
	q "$src" "DROP OWNED BY ${src}_r; DROP ROLE ${src}_r"
}

@test "one partition, or one child, truncated and refilled" {
	q "$src" "CREATE TABLE p (id int) PARTITION BY RANGE (id);
		CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
		CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200);
		INSERT INTO p VALUES (50), (150);
		CREATE TABLE heir () INHERITS (t); INSERT INTO heir VALUES (50)"
	meanwhile 'TRUNCATE p2' 'INSERT INTO p2 VALUES (151), (152)' -t p
	assert_status 0
	assert_eq "$(ids)" 3:50-152
	meanwhile 'TRUNCATE p2' 'INSERT INTO p2 VALUES (153)' -c 'SELECT id FROM p'
	assert_status 0
	assert_eq "$(ids)" 2:50-153
	meanwhile 'TRUNCATE heir' 'INSERT INTO heir VALUES (51), (52)' -t t
	assert_status 0
	assert_eq "$(ids)" 12:1-52
}

@test "a materialized view refreshed, read by itself, through a view, by a query" {
	local first=1

	q "$src" 'CREATE MATERIALIZED VIEW m AS TABLE t; CREATE VIEW v AS TABLE m'
	for options in '-t m' '-t v' '-c TABLE|m'; do
		first=$((first + 1000))
		q "$src" 'UPDATE t SET id = id + 1000'
		IFS='| ' read -ra words <<<"$options"
		meanwhile 'REFRESH MATERIALIZED VIEW m' 'SELECT 1' "${words[0]}" "${words[*]:1}"
		assert_status 0
		assert_eq "$(ids)" "10:$first-$((first + 9))"
	done
}

@test "a relation dropped and made anew, or replaced by another under its name" {
	q "$src" "CREATE MATERIALIZED VIEW m AS TABLE t"
	meanwhile 'DROP TABLE t CASCADE' "CREATE TABLE t AS $NEW" -t t
	assert_status 0
	assert_eq "$(ids)" 20:101-120
	q "$src" "CREATE MATERIALIZED VIEW m AS TABLE t"
	meanwhile 'DROP MATERIALIZED VIEW m' "CREATE MATERIALIZED VIEW m AS $OLD" -t m
	assert_status 0
	assert_eq "$(ids)" 10:1-10
	meanwhile 'ALTER TABLE t RENAME TO gone' "CREATE TABLE t AS $OLD" -t t
	assert_status 0
	assert_eq "$(ids)" 10:1-10
	meanwhile 'ALTER TABLE t RENAME TO gone2' "CREATE TABLE t AS $NEW" -c 'SELECT id FROM t'
	assert_status 0
	assert_eq "$(ids)" 20:101-120
}

@test "a table rewritten or given another column: the header is of the new one" {
	meanwhile 'LOCK t' "ALTER TABLE t ALTER id TYPE bigint, ADD more text DEFAULT 'x'" -t t
	assert_status 0
	portl-load -d "$dst" -q -t made --create "$BATS_TEST_TMPDIR/out"
	same_table "$src" t "$dst" made
}

@test "a table dropped meanwhile is an error" {
	meanwhile 'LOCK t' 'DROP TABLE t' -t t
	assert_status 1
	assert_stderr_has '"t" does not exist'
}

@test "--lock-wait-timeout and a role's lock_timeout end the wait for a lock" {
	open_session "$src"
	say 'BEGIN; LOCK t'
	try portl-extract -d "$src" -t t --lock-wait-timeout=20
	assert_status 1
	assert_stderr_has 'lock timeout'
	try env PGOPTIONS='-c lock_timeout=20' portl-extract -d "$src" -c 'TABLE t'
	assert_status 1
	assert_stderr_has 'lock timeout'
	close_session
}

@test "money moved between rows, tables and partitions: the sum is always the same" {
	q "$src" "
		CREATE TABLE account (id int PRIMARY KEY, half int, amount bigint);
		INSERT INTO account SELECT i, i % 2, 1000 FROM generate_series(0, 199) i;
		CREATE TABLE parted (id int, half int, amount bigint) PARTITION BY LIST (half);
		CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0);
		CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
		INSERT INTO parted TABLE account;
		CREATE PROCEDURE move() LANGUAGE plpgsql AS \$\$
			DECLARE a int; b int;
			BEGIN PERFORM setseed(0.5); LOOP
				a := random() * 199; b := random() * 199;
				UPDATE account SET amount = amount - 7 WHERE id = a;
				UPDATE account SET amount = amount + 7 WHERE id = b;
				UPDATE parted SET half = 1 - half WHERE id = a;
				COMMIT;
			END LOOP; END \$\$"
	q "$dst" 'CREATE TABLE t2 (id int, half int, amount bigint)'
	psql -Xq -d "$src" -c 'CALL move()' >/dev/null 2>&1 3>&- &
	wait_for "$src" "(SELECT max(amount) FROM account) > 1020"
	for _ in 1 2 3 4 5; do
		for what in account parted; do
			portl-extract -d "$src" -t "$what" | portl-load -q -d "$dst" -t t2
			assert_eq "$(q "$dst" 'SELECT count(*), count(DISTINCT id), sum(amount) FROM t2')" \
				'200|200|200000'
			q "$dst" 'TRUNCATE t2'
		done
	done
	q postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = '$src' AND query ~ 'CALL move'" >/dev/null
	wait $! || :
}

# held: open a session that exports its snapshot, and set $held to its name.
held()
{
	open_session "$src"
	printf 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_export_snapshot();\n' >&"$session_in"
	read -r -t 10 held <&"$session_out"
}

@test "--snapshot: rows as of another session's snapshot, of a table, a query, a set" {
	q "$src" "CREATE TABLE u AS $OLD"
	held
	q "$src" "INSERT INTO t $NEW; DELETE FROM u"
	portl-extract -d "$src" -t t --snapshot="$held" >"$BATS_TEST_TMPDIR/out"
	assert_eq "$(ids)" 10:1-10
	portl-extract -d "$src" -c 'SELECT t.id FROM t JOIN u USING (id)' --snapshot="$held" >"$BATS_TEST_TMPDIR/out"
	assert_eq "$(ids)" 10:1-10
	portl-extract -d "$src" --schema=public --snapshot="$held" -F ndjson |
		jq -es 'map(select(.id)) | length == 20'
	close_session
	try portl-extract -d "$src" -t t --snapshot="$held" -o x
	assert_status 1
	assert_stderr_has '--snapshot: ' 'has to be open still'
	try portl-extract -d "$src" -t t --snapshot="1'; DROP TABLE t; --" -o x
	assert_status 1
	assert_stderr_has 'invalid snapshot identifier'
	assert_eq "$(q "$src" 'SELECT count(*) FROM t')" 30
}

@test "--snapshot: what was altered after it is refused" {
	local change what
	local -a options

	while IFS='|' read -r change what; do
		read -ra options <<<"$what"
		q "$src" "SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public;
			CREATE TABLE t AS SELECT i AS id, -i AS n FROM generate_series(1, 10) i;
			CREATE TABLE u (LIKE t); CREATE VIEW v AS TABLE t"
		held
		q "$src" "$change"
		try portl-extract -d "$src" "${options[@]}" --snapshot="$held" -o "$BATS_TEST_TMPDIR/none"
		[ "$status" -eq 1 ] || fail "$change: $what: status $status: $stderr"
		assert_stderr_has 'altered after the snapshot'
		assert_stderr_lacks 'run it again'
		[ ! -e "$BATS_TEST_TMPDIR/none" ]
		close_session
	done <<-'EOF'
		TRUNCATE t|-t t
		TRUNCATE t|-t t -t u
		TRUNCATE t|-t v
		ALTER TABLE t RENAME id TO x; ALTER TABLE t RENAME n TO id; ALTER TABLE t RENAME x TO n|-t t
		ALTER TABLE t RENAME id TO x; ALTER TABLE t RENAME n TO id; ALTER TABLE t RENAME x TO n|-t t -t u
		ALTER TABLE t RENAME TO w; ALTER TABLE u RENAME TO t|-t t
		CREATE OR REPLACE VIEW v AS TABLE u|-t v
		VACUUM FULL t|-t t
		ALTER TABLE u INHERIT t|-t t
	EOF
}
