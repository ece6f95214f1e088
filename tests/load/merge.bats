#!/usr/bin/env bats
# Loads by MERGE: when it is done, how, and what keeps it exact.

load ../lib/common
load ../lib/load

setup()
{
	fresh_db b
	needs 15 MERGE
}

make_t()
{
	q "$b" "CREATE TABLE t (id int NOT NULL, v text, n int);
		CREATE UNIQUE INDEX t_id ON t (id);
		INSERT INTO t VALUES (1, 'one', 1), (2, 'two', NULL), (3, 'three', 3)"
}

# numbers ID...: rows as a binary stream.
numbers()
{
	portl-extract -d "$b" -c "SELECT id, 'new' AS v, id AS n FROM unnest('{$*}'::int[]) id"
}

# runs STATEMENT: how often it was run, be it among others.
runs()
{
	grep '^portl-load: SQL: ' <<<"$stderr" | grep -cF "$1"
}

# load_numbers OPTION... <STREAM
load_numbers()
{
	load_rows --key=id -vv "$@"
}

@test "rows whose keys are there are skipped by MERGE, if none comes twice" {
	make_t
	load_numbers --conflict=skip < <(numbers 1,3,5,7)
	loaded '4 2 0 0 2'
	assert_eq "$(runs 'MERGE INTO ONLY "public"."t"')" 1
	assert_eq "$(runs 'ON CONFLICT ("id") DO NOTHING')" 0
	t_is '1|one|1' '2|two|' '3|three|3' '5|new|5' '7|new|7'
	load_numbers --conflict=skip < <(numbers 9,2,9,10)
	loaded '4 2 0 0 2'
	assert_eq "$(runs 'MERGE INTO ONLY "public"."t"')" 0
	assert_eq "$(runs 'ON CONFLICT ("id") DO NOTHING')" 1
}

@test "MERGE of keys alone leaves rows that are there unchanged" {
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, v text DEFAULT 'x'); INSERT INTO t VALUES (2, 'two')"
	load_numbers --conflict=overwrite --map v=,n= < <(numbers 1,2,3)
	loaded '3 2 0 1 0'
	assert_eq "$(runs 'MERGE INTO ONLY "public"."t"')" 1
	t_is '1|x' '2|two' '3|x'
}

@test "where a trigger is, nothing is skipped by MERGE" {
	make_t
	q "$b" "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN RETURN NULL; END \$\$;
		CREATE TRIGGER a AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"
	load_numbers --conflict=skip < <(numbers 1,3,5,7)
	loaded '4 2 0 0 2'
	assert_eq "$(runs 'MERGE INTO ONLY "public"."t"')" 0
}

@test "an index of the staged rows is made unless the target is much larger" {
	make_t
	load_numbers --conflict=overwrite < <(numbers 1,2,3)
	loaded '3 0 3 0 0'
	assert_eq "$(runs 'SAVEPOINT portl; CREATE UNIQUE INDEX ON pg_temp.')" 1
	q "$b" 'INSERT INTO t (id) SELECT generate_series(10, 10000)'
	load_numbers --conflict=overwrite < <(numbers 1,2,10)
	loaded '3 0 1 2 0'
	assert_eq "$(runs 'SAVEPOINT portl; SET LOCAL')" 1
}

@test "with that index, the two are read side by side, and nothing is sorted" {
	local sql stage

	make_t
	q "$b" 'TRUNCATE t; INSERT INTO t SELECT generate_series(1, 20000)'
	load_numbers --dry-run --conflict=overwrite < <(numbers 1)
	assert_status 0
	sql=$(grep -E '^  (CREATE TEMP|CREATE UNIQUE INDEX|SET LOCAL.* = on;)' <<<"$stderr")
	stage=$(grep -o 'pg_temp.portl_stage_[0-9a-f]*' <<<"$sql" | head -n 1)
	sql=${sql/  CREATE UNIQUE INDEX/"INSERT INTO $stage SELECT i FROM generate_series(1, 20000) i; CREATE UNIQUE INDEX"}
	run q "$b" "BEGIN; $sql EXPLAIN (COSTS OFF) $(grep '^  MERGE' <<<"$stderr")"
	[[ $output == *'Merge Left Join'*'Index Scan'*'Index Scan'* ]]
	[[ $output != *Sort* ]]
}

@test "that index has the key's columns as the target's has them, not as --key" {
	make_t
	q "$b" 'DROP INDEX t_id; CREATE UNIQUE INDEX ON t (n, id); UPDATE t SET n = 0'
	load_rows --key=id,n -vv --conflict=overwrite < <(numbers 1,2,3)
	loaded '3 3 0 0 0'
	[[ $stderr == *"CREATE UNIQUE INDEX ON pg_temp."*" (c3, c1)"* ]] || fail "$stderr"
}

# begin_load OPTION...: start a load of t of which all but the end has come.
begin_load()
{
	numbers 1,2,5 >"$BATS_TEST_TMPDIR/stream"
	rm -f "$BATS_TEST_TMPDIR/in"
	mkfifo "$BATS_TEST_TMPDIR/in"
	portl-load -d "$b" -t t -k id --summary="$BATS_TEST_TMPDIR/sum" "$@" \
		<"$BATS_TEST_TMPDIR/in" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	loader=$!
	exec 9>"$BATS_TEST_TMPDIR/in"
	head -c -20 "$BATS_TEST_TMPDIR/stream" >&9
	wait_for "$b" "EXISTS (SELECT FROM pg_stat_activity
		WHERE datname = '$b' AND query ~ '^COPY' AND state = 'active')"
}

go_on()
{
	tail -c 20 "$BATS_TEST_TMPDIR/stream" >&9
	exec 9>&-
}

# refuses_for_index: the load fails, by whichever look notices the lack first, and nothing is changed.
refuses_for_index()
{
	local status=0

	wait $loader || status=$?
	assert_eq $status 1
	grep -qE 'was altered just now|no unique or exclusion constraint matching' "$BATS_TEST_TMPDIR/err"
	t_is '1|one|1' '2|two|' '3|three|3'
}

@test "a key's index that is dropped while rows come is missed" {
	local how

	for how in overwrite skip; do
		q "$b" 'DROP TABLE IF EXISTS t'
		make_t
		begin_load --conflict=$how
		q "$b" 'DROP INDEX t_id'
		go_on
		refuses_for_index
	done
}

@test "a key's index that is dropped during MERGE is missed" {
	make_t
	open_session 'BEGIN; SELECT FROM t WHERE id = 1 FOR UPDATE'
	begin_load --conflict=overwrite
	go_on
	wait_for "$b" "EXISTS (SELECT FROM pg_stat_activity
		WHERE datname = '$b' AND query ~ 'MERGE' AND wait_event = 'transactionid')"
	psql -Xq -d "$b" -c 'DROP INDEX CONCURRENTLY t_id' 3>&- &
	wait_for "$b" "NOT (SELECT indisvalid FROM pg_index WHERE indexrelid = 't_id'::regclass)"
	close_session COMMIT
	refuses_for_index
	wait
}

@test "a key's index that is replaced while rows come does as well" {
	make_t
	begin_load --conflict=overwrite
	q "$b" 'CREATE UNIQUE INDEX other ON t (id); DROP INDEX t_id'
	go_on
	wait $loader
	assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" '3 1 2 0 0'
	t_is '1|new|1' '2|new|2' '3|three|3' '5|new|5'
}

@test "the key's index is used though it has another collation than the column" {
	q "$b" "CREATE TABLE t (id text COLLATE \"POSIX\" NOT NULL, v int);
		INSERT INTO t SELECT i, i FROM generate_series(1, 3000) i;
		CREATE UNIQUE INDEX t_key ON t (id COLLATE \"C.utf8\")"
	portl-extract -d "$b" -c 'SELECT id, v + 1 AS v FROM t ORDER BY v' >"$BATS_TEST_TMPDIR/in"
	portl-load -d "$b" -t t --key=id --conflict=overwrite "$BATS_TEST_TMPDIR/in"
	assert_eq "$(q "$b" 'SELECT count(*), sum(v) FROM t')" '3000|4504500'
	wait_for "$b" "(SELECT idx_scan > 0 FROM pg_stat_user_indexes WHERE indexrelname = 't_key')"
}
