#!/usr/bin/env bats
# The tests' own client, lib/client.c: it is psql to them, and leaves nothing behind.
# shellcheck disable=SC2016 # dollar quotes are SQL's

load ../lib/common

setup()
{
	fresh_db a
}

# as_psql MODE SQL: what the client prints, says and returns is what psql does.
as_psql()
{
	local got want status=0 at=$BATS_TEST_TMPDIR

	[ -p "$BATS_FILE_TMPDIR/sql.token" ] || fail 'there is no client' || return
	ask "$1" "$a" "$2" >"$at/got" 2>"$at/got.err" || status=$?
	got=$status status=0
	ask_psql "$1" "$a" "$2" >"$at/want" 2>"$at/want.err" || status=$?
	want=$status
	assert_eq "$got" "$want" && cmp "$at/got" "$at/want" &&
		sed -E 's/^psql:<stdin>:[0-9]+: //' "$at/want.err" | diff - "$at/got.err"
}

@test "the client prints, says and returns what psql does" {
	local all='' i

	for ((i = 1; i < 256; i++)); do
		printf -v all '%s\\x%02x' "$all" "$i"
	done
	printf -v all %b "$all"
	q "$a" "CREATE DATABASE ${a}_raw TEMPLATE template0 ENCODING 'SQL_ASCII'"
	a=${a}_raw as_psql c "SELECT E'${all//[\'\\]/}\\\\\\''"
	for mode in c s; do
		as_psql $mode "SELECT 1, NULL, '', 'a|b', E'\\t\\n  x  \\n', true, 1.50; SELECT; SELECT FROM generate_series(1, 3); SELECT 1 WHERE false; SELECT 2"
		as_psql $mode "CREATE TEMP TABLE t (x int); INSERT INTO t VALUES (1) RETURNING x; COPY t TO STDOUT; SHOW search_path"
		as_psql $mode "SELECT 1; SELECT 1/0; SELECT 2"
		as_psql $mode "SELECT 1; SELEC; SELECT 2"
		as_psql $mode "DO \$\$ BEGIN RAISE NOTICE 'a; %', 'b'; RAISE WARNING 'c' USING HINT = 'd'; END \$\$"
		as_psql $mode "COPY (SELECT repeat('x', 100000), i FROM generate_series(1, 100) i) TO STDOUT"
		as_psql $mode "COPY (SELECT 1, 'x') TO STDOUT (FORMAT binary)"
		as_psql $mode ''
	done
	as_psql s "SELECT ';', \$a\$;\$\$;\$a\$, E'\\';', \"?column?\" FROM (SELECT 1) s; -- ; '
		/* ; /* ' */ ; */ SELECT 1;; SELECT (2)"
	as_psql s 'SELECT 1 AS x \gset
		SELECT :x'
	as_psql r "COPY (SELECT chr(i) FROM generate_series(33, 1000) i) TO STDOUT"
	as_psql c '\echo a'
	try ask c none 'SELECT 1'
	assert_status 2
	assert_stderr_has 'database "none" does not exist'
	# psql would have asked standard input.
	assert_eq "$(echo 5 | q "$a" 'CREATE TEMP TABLE t (x int); COPY t FROM STDIN; TABLE t')" 5
}

@test "each of the client's requests finds a new session" {
	local seen="SELECT current_setting('search_path'), (SELECT count(*) FROM pg_prepared_statements),
		to_regclass('pg_temp.t') IS NULL, (SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
			WHERE locktype = 'advisory' AND datname = current_database()),
		current_user, (SELECT count(*) FROM pg_listening_channels()), current_setting('client_encoding')"
	local new sql

	new=$(q "$a" "$seen")
	for sql in "SET search_path = x" "SET SESSION AUTHORIZATION pg_monitor" "LISTEN x" "BEGIN; SELECT 1/0" \
		"CREATE TEMP TABLE t (x int)" "SELECT pg_advisory_lock(1)" "PREPARE p AS SELECT 1" \
		"BEGIN; SET search_path = x; SELECT pg_advisory_lock(1)" "SET client_encoding = LATIN1" \
		"SELECT pg_terminate_backend(pg_backend_pid())"; do
		q "$a" "$sql" >"$BATS_TEST_TMPDIR/out" 2>&1 || :
		assert_eq "$(q "$a" "$seen")" "$new"
	done
	q "$a" "ALTER DATABASE $a SET search_path = other"
	assert_eq "$(q "$a" 'SHOW search_path')" other
	q postgres "ALTER DATABASE $a SET search_path = third"
	assert_eq "$(q "$a" 'SHOW search_path')" third
	assert_eq "$(PGOPTIONS='-c search_path=mine' q "$a" 'SHOW search_path')" mine
	q postgres "CREATE DATABASE ${a}_copy TEMPLATE $a"
	q "${a}_copy" 'SELECT 1'
	q postgres "DROP DATABASE ${a}_copy"
}

@test "requests at the same time: each has its answer, none waits for another's end" {
	local i

	q "$a" 'CREATE TABLE t (x int)'
	for ((i = 0; i < 8; i++)); do
		q "$a" "INSERT INTO t SELECT $i; SELECT repeat('$i', 100000)" >"$BATS_TEST_TMPDIR/out.$i" 3>&- &
	done
	wait
	for ((i = 0; i < 8; i++)); do
		assert_eq "$(tr -d "$i" <"$BATS_TEST_TMPDIR/out.$i" | wc -c)" 1
	done
	assert_eq "$(q "$a" 'SELECT count(*) FROM t')" 8
	q "$a" "SELECT pg_advisory_lock_shared(1); SELECT FROM (SELECT pg_sleep(60)) s" 3>&- 2>&- &
	wait_for "$a" "EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = '$a')"
	q "$a" "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = '$a'"
	if wait $!; then
		fail 'it was not ended'
	fi
}
