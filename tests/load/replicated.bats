#!/usr/bin/env bats
# A COMMIT that waits for a synchronous standby, and is not let wait to the end.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common

setup()
{
	cluster=$(cluster_dir)
	cluster_start "$cluster" "synchronous_standby_names = 'nobody'" "synchronous_commit = 'local'"
	there="host=$cluster port=5432 user=portl dbname=postgres"
	q "$there" 'CREATE TABLE t (id int)'
}

teardown()
{
	cluster_drop "$cluster"
	drop_dbs
}

# commit_ended_by FUNCTION [OPTIONS]: load a row, of a role with these settings, and call FUNCTION of the backend that waits.
commit_ended_by()
{
	echo '{"id":1}' >"$BATS_TEST_TMPDIR/in"
	PGOPTIONS="-c synchronous_commit=on ${2-}" portl-load -d "$there" -t t --bare \
		--summary="$BATS_TEST_TMPDIR/sum" "$BATS_TEST_TMPDIR/in" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	wait_for "$there" "EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')"
	q "$there" "SELECT $1(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
	status=0
	wait $! || status=$?
	stderr=$(cat "$BATS_TEST_TMPDIR/err")
}

@test "rows that are committed, but might not be replicated, are not told as done" {
	local how heard n=0

	for how in pg_cancel_backend pg_terminate_backend; do for heard in notice error; do
		commit_ended_by $how "-c client_min_messages=$heard"
		n=$((n + 1))
		assert_status 2
		assert_stderr_has 'the rows are committed, but might not have been replicated to the standby'
		assert_stderr_has 'server detail: The transaction has already committed locally'
		assert_eq "$(jq -r .committed "$BATS_TEST_TMPDIR/sum")" locally
		assert_eq "$(jq -r .rows.inserted "$BATS_TEST_TMPDIR/sum")" 1
		assert_eq "$(q "$there" 'SELECT count(*) FROM t')" $n
	done; done
}
