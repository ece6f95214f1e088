# shellcheck shell=bash disable=SC2154,SC2034 # set and used by bats and common.bash
# For tests of what goes wrong: `load ../lib/faults` after lib/common.  A file that defines
# its own teardown() calls stop_started there.

T=$BATS_TEST_TMPDIR
started=()

# [in=FILE] start NAME COMMAND...: run it in the background with input from FILE, its output in
# $T/NAME.out and $T/NAME.err, its pid in $pid_NAME.  INT is not ignored there, as it else
# would be.
start()
{
	local name=$1

	shift
	env --default-signal=INT,HUP "$@" <"${in:-/dev/null}" >"$T/$name.out" 2>"$T/$name.err" 3>&- &
	printf -v "pid_$name" %s $!
	started+=($!)
}

# finish NAME [SECONDS]: wait for it; sets status (128 + n after signal n), output, stderr.
finish()
{
	local pid=pid_$1

	wait_until "${2:-10}" is_over "${!pid}" || return
	status=0
	wait "${!pid}" 2>/dev/null || status=$?
	output=$(tr -d '\0' <"$T/$1.out") stderr=$(<"$T/$1.err")
}

# Gone, or a zombie that only waits for us.
is_over()
{
	local stat

	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
	[[ ${stat##*) } == Z* ]]
}

stop_started()
{
	local pid

	for pid in "${started[@]}"; do
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	started=()
}

teardown()
{
	stop_started
	leave_dbs
}

# make_rows DB TABLE N: a table with N rows of about 60 bytes.
make_rows()
{
	q "$1" "CREATE TABLE $2 (id int PRIMARY KEY, amount numeric, name text);
		INSERT INTO $2 SELECT i, i / 7.0, 'name ' || i FROM generate_series(1, $3) i"
}

# is_like_before DB TABLE: the rows are those that remember() saw.
remember()
{
	rows "$1" "$2" >"$T/before"
}

is_like_before()
{
	rows "$1" "$2" >"$T/now"
	cmp "$T/before" "$T/now" || fail "$2 has changed"
}

# no_portl DB [SECONDS]: until no backend of ours is left there.
no_portl()
{
	wait_for postgres "NOT EXISTS (SELECT FROM pg_stat_activity
		WHERE datname = '$1' AND application_name LIKE 'portl-%')" "${2:-10}" || {
		q postgres "SELECT pid, application_name, state, wait_event, query
			FROM pg_stat_activity WHERE datname = '$1'"
		return 1
	}
}

# backend_does DB PROGRAM CONDITION: until a backend of PROGRAM fulfils it.
backend_does()
{
	wait_for postgres "EXISTS (SELECT FROM pg_stat_activity
		WHERE datname = '$1' AND application_name = '$2' AND $3)"
}

waits_for_lock="wait_event_type = 'Lock'"
# It has connected, and has asked its server for the first time.
waits_for_input="state = 'idle' AND query = 'ROLLBACK'"

terminate_backend()
{
	q postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = '$1' AND application_name = '$2'" >/dev/null
}

# hold DB [SQL]: run SQL in a session that stays open; without it, take advisory lock 42.
hold()
{
	mkfifo "$T/hold"
	psql -Xq -v ON_ERROR_STOP=1 -d "$1" <"$T/hold" >/dev/null 3>&- &
	started+=($!)
	exec {held}>"$T/hold"
	printf 'SET application_name = held;\n%s;\nSELECT 1;\n' \
		"${2:-SELECT pg_advisory_lock(42)}" >&"$held"
	wait_for postgres "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$1'
		AND application_name = 'held' AND query = 'SELECT 1;' AND state LIKE 'idle%')"
}

# End that session, which gives its locks back.
release()
{
	printf '%s\n' '\q' >&"$held"
	exec {held}>&-
	rm "$T/hold"
}

# A stream on the way: feed opens $T/feed for a reader in the background, feed_more sends.
feed_open()
{
	exec {feed}>"$T/feed"
}

feed_close()
{
	exec {feed}>&-
}
