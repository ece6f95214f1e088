#!/usr/bin/env bats
# A set as a folder of CSV files, and what stands beside it: the listing, the progress.

load ../lib/common
load ../lib/faults

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	fresh_db a
	q "$a" "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text); INSERT INTO s.t SELECT i, 'v' || i FROM generate_series(1, 50) i;
		CREATE TABLE s.u AS SELECT 1 AS x; CREATE SEQUENCE s.q; SELECT setval('s.q', 7)"
	portl-extract -d "$a" --schema=s -o set
}

@test "a folder has a file for each relation, and none for a sequence, which is said" {
	try portl-load -v --csv=dir/ set
	assert_status 0
	assert_stderr_has 'sequence "q" becomes no file'
	assert_eq "$(ls dir | xargs)" 's.t.csv s.u.csv'
	assert_eq "$(wc -l <dir/s.t.csv)" 51
	try portl-load --csv=dir/ set
	assert_status 1
	assert_stderr_has '/dir" is not empty'
	touch file
	try portl-load --csv=file/ set
	assert_status 1
	assert_stderr_has '/file" is there, and no folder'
	try portl-load --csv=missing/dir/ set
	assert_status 1
	assert_stderr_has 'could not make folder'
	try portl-load --csv=one.csv set
	[ "$status" -ne 0 ]
	[ ! -e one.csv ]
	try portl-load --csv=dry/ -n set
	assert_status 0
	[ ! -e dry ]
	portl-load -q --csv="$PWD/whole/path/" set || mkdir -p whole && portl-load -q --csv="$PWD/whole/path/" set
	diff -r dir whole/path
}

@test "portl-ls: a sequence's place, what cannot be read, and no terminal" {
	assert_eq "$(portl-ls --json set | jq -c '.. | objects | .sequence? // empty | .last_value')" 7
	try portl-ls "$PWD"
	[ "$status" -ne 0 ]
	start tty script -qefc 'exec portl-ls' typed
	finish tty
	assert_status 64
	grep -q 'a stream is expected' typed
}

@test "progress as JSON says which relation of how many" {
	q "$a" "CREATE VIEW s.w AS SELECT i AS id, pg_sleep(0.2)::text AS p FROM generate_series(1, 14) i"
	try_sh "portl-extract -d '$a' -t s.t -t s.u -t s.w -P --log-format=json >out"
	assert_status 0
	assert_eq "$(jq -c 'select(.event == "progress") | .relations' <<<"$stderr" | sort -u)" 3
}
