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
	assert_eq "$(cd dir && echo *)" 's.t.csv s.u.csv'
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

@test "relations that cannot be files are refused together, names that are several are asked about" {
	q "$a" "CREATE SCHEMA z; CREATE TABLE z.t (id int); CREATE EXTENSION cube; CREATE TABLE z.odd (x cube); CREATE TABLE z.odd2 (x cube)"
	portl-extract -d "$a" --schema=s --schema=z -o two
	if since 14 'binary cubes'; then
		try portl-load --csv=dir/ two
		assert_status 5
		assert_stderr_has 'relations cannot be written as CSV'
		[ ! -e dir ]
	fi
	fresh_db b
	try portl-load -d "$b" --create -t t two
	assert_status 64
	assert_stderr_has '-t t: 2 relations of the set have this name; write SCHEMA.TABLE'
	printf '%s\n' "destination: {database: $b}" 'tables:' '  t: {conflict: skip}' >job.yaml
	try portl-load --job=job.yaml two
	[ "$status" -ne 0 ]
	assert_stderr_has 'several relations have this name'
	mkdir files
	printf 'id\n1\n' >files/x.csv
	printf '%s\n' 'source: {path: files/}' 'tables:' '  x: {where: id > 1}' >from.yaml
	try portl-extract --job=from.yaml -o out
	[ "$status" -ne 0 ]
	assert_stderr_has 'where needs a database'
}

@test "differences of values with quotes and backslashes, column by column" {
	fresh_db b
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, v text, n int); INSERT INTO t VALUES (1, E'a\\\\b \"q\", (c)', 1), (3, NULL, 2)"
	q "$a" "CREATE TABLE t (id int PRIMARY KEY, v text, n int); INSERT INTO t VALUES (1, E'a\\\\b \"q\", (d)', 5), (2, '', 1)"
	portl-extract -d "$a" -t t -o t
	try portl-load -d "$b" --verify --map=n= --differences=d --differing-keys=k t
	assert_status 6
	assert_eq "$(jq -r 'select(.kind == "different").columns[]' d)" v
	assert_eq "$(jq -r .kind d | sort | xargs)" 'different extra missing'
}
