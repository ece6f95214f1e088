# shellcheck shell=bash disable=SC2034,SC2154 # bats' and fresh_db's variables
# Another session at work while portl-extract starts: `load ../lib/meanwhile`, behind common.

# A psql that stays.  say SQL: run it there and wait until it is done.
open_session()
{
	coproc psql -XAtq -v ON_ERROR_STOP=1 -d "$1" 3>&- 2>&1
	session_in=${COPROC[1]} session_out=${COPROC[0]} session_pid=$!
}

say()
{
	local line

	printf '%s;\n\\echo said\n' "$1" >&"$session_in"
	while read -r -t 10 line <&"$session_out"; do
		[ "$line" != said ] || return 0
	done
	fail "the session did not finish: $1"
}

close_session()
{
	exec {session_in}>&-
	wait "$session_pid" || :
}

waits_for_lock()
{
	wait_for postgres "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$src'
		AND application_name = 'portl-extract' AND wait_event_type = 'Lock')"
}

# meanwhile LOCK SQL EXTRACT-OPTION...: while another transaction has done SQL after LOCK,
# start extract, see it wait, commit; $status, $stderr and $sent say what came of it.
meanwhile()
{
	local first=$1 rest=$2 pid

	shift 2
	open_session "$src"
	say "BEGIN; $first"
	portl-extract -d "$src" "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
	pid=$!
	waits_for_lock
	say "$rest; COMMIT"
	close_session
	status=0
	wait "$pid" || status=$?
	output='' stderr=$(cat "$BATS_TEST_TMPDIR/err")
}
