#!/usr/bin/env bats
# portl-load and its server fail in every phase: the target is as before or as after,
# never between, and no backend is left.

load ../lib/common
load ../lib/faults

# A server of our own, to be stopped; its files may have 17 MiB, as if a disk were full.
setup_file()
{
	OTHER=$(cluster_dir)
	export OTHER
	(ulimit -f 17408 && cluster_start "$OTHER")
}

teardown_file()
{
	cluster_drop "$OTHER"
}

setup()
{
	fresh_db a b
	make_rows "$a" t 2000
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, amount numeric, name text);
		INSERT INTO t VALUES (0, 0, 'old')"
	portl-extract -d "$a" -t t >"$T/s"
	mkfifo "$T/feed"
	remember "$b" t
}

# The table waits for our lock when COPY ends, or in COMMIT.
wait_in()
{
	q "$b" 'CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$'
	case $1 in
	copy-end) q "$b" 'CREATE TRIGGER w AFTER INSERT ON t EXECUTE FUNCTION wait()' ;;
	commit) q "$b" 'CREATE CONSTRAINT TRIGGER w AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW WHEN (new.id = 7) EXECUTE FUNCTION wait()' ;;
	esac
	hold "$b"
}

# load_until PHASE: start a load and return when it is there.
load_until()
{
	case $1 in copy-end | commit) wait_in "$1" ;; esac
	in=$T/feed start load portl-load -d "$b" --summary="$T/sum" ${how:+"$how"}
	feed_open
	case $1 in
	header)
		backend_does "$b" portl-load "$waits_for_input"
		;;
	copying)
		head -c 30000 "$T/s" >&"$feed"
		backend_does "$b" portl-load "query LIKE 'COPY%'"
		;;
	*)
		cat "$T/s" >&"$feed"
		feed_close
		backend_does "$b" portl-load "$waits_for_lock"
		[ "$1" != commit ] || backend_does "$b" portl-load "query = 'COMMIT'"
		;;
	esac
}

# kill_in PHASE: kill -9 there, and find the old table and a rerun that works.
kill_in()
{
	load_until "$1"
	kill -KILL "$pid_load"
	finish load
	assert_status 137
	no_portl "$b"
	is_like_before "$b" t
	case $1 in copy-end | commit) release ;; *) feed_close ;; esac
	portl-load -d "$b" "$T/s"
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 2001
}

@test "load killed while it waits for the header" { kill_in header; }
@test "load killed while it copies" { kill_in copying; }

@test "load killed at the end of COPY" {
	needs 14 'client_connection_check_interval'
	kill_in copy-end
}

@test "load killed in COMMIT, which then fails" {
	needs 14 'client_connection_check_interval'
	kill_in commit
}

@test "load killed in COMMIT, which then succeeds: all rows" {
	load_until commit
	kill -KILL "$pid_load"
	release
	finish load
	assert_status 137
	no_portl "$b"
	count=$(q "$b" 'SELECT count(*) FROM t')
	[ "$count" = 2001 ] || is_like_before "$b" t
}

@test "load killed while it connects" {
	mkdir "$T/d"
	perl "$ROOT/tests/lib/proxy.pl" "$T/d" "$PGHOST" hang >"$T/proxy" 3>&- &
	started+=($!)
	wait_until 5 grep -q ready "$T/proxy"
	in=$T/s start load portl-load -h "$T/d" -d "$b" --rejects="$T/rejects"
	wait_until 5 grep -q held "$T/proxy"
	kill -TERM "$pid_load" # heard at once, though libpq waits
	finish load 2
	assert_status 143
	assert_eq "$(compgen -G "$T/rejects*")" ''
	is_like_before "$b" t
}

@test "idle_session_timeout does not end a load that waits for a slow source" {
	needs 14 idle_session_timeout
	q "$b" "ALTER DATABASE $b SET idle_session_timeout = 100"
	in=$T/feed start load portl-load -vv -d "$b"
	feed_open
	backend_does "$b" portl-load "state = 'idle' AND clock_timestamp() > state_change + interval '300 ms'"
	cat "$T/s" >&"$feed"
	feed_close
	finish load
	assert_status 0
	# the session may be a pooler's
	assert_stderr_has "SQL: SELECT pg_catalog.set_config('idle_session_timeout', '100ms', false) WHERE pg_catalog.pg_backend_pid()"
}

# terminate_in PHASE: the administrator ends the backend.
terminate_in()
{
	load_until "$1"
	terminate_backend "$b" portl-load
	finish load
	assert_status 2
	assert_stderr_has 'terminating connection due to administrator command'
	assert_eq "$(jq -c '[.status, .committed]' "$T/sum")" '[2,false]'
	no_portl "$b"
	is_like_before "$b" t
}

@test "the backend is terminated while the header is waited for" { terminate_in header; }
@test "the backend is terminated in COPY" { terminate_in copying; }
@test "the backend is terminated at the end of COPY" { terminate_in copy-end; }
@test "the backend is terminated in COMMIT" {
	terminate_in commit
	assert_stderr_has 'was rolled back: nothing is loaded'
}

# proxy WHAT [OTHER]: one that fails, with its socket in $T/d.
proxy()
{
	mkdir -p "$T/d"
	rm -f "$T/d"/.s.* "$T/proxy"
	perl "$ROOT/tests/lib/proxy.pl" "$T/d" "$PGHOST" "$@" >"$T/proxy" 3>&- &
	started+=($!)
	wait_until 5 grep -qs ready "$T/proxy"
}

# through_proxy WHAT [OTHER [LOAD-OPTION...]]: load by way of a proxy that fails at COMMIT.
through_proxy()
{
	proxy "$1" ${2:+"$2"}
	in=${stream:-$T/s} start load portl-load -h "$T/d" -d "$b" --summary="$T/sum" "${@:3}"
}

@test "stopped while a relation is looked up: dead of the signal, and no relation is missed" {
	q "$a" 'CREATE TABLE u (id int)'
	q "$b" 'CREATE TABLE u (id int)'
	portl-extract -d "$a" -t t -t u -o "$T/set"
	portl-extract -d "$a" -t t -o "$T/s"
	for options in "$T/set" "--create $T/set" "$T/s" "--create $T/s" "--verify $T/set"; do
		proxy 'silent=c.relkind OPERATOR(pg_catalog.<>) ALL'
		# shellcheck disable=SC2086
		start load portl-load -h "$T/d" -d "$b" $options
		wait_until 5 grep -q held "$T/proxy"
		kill -TERM "$pid_load"
		finish load
		assert_status 143
		assert_stderr_has 'error: stopped by signal 15'
	done
}

@test "a server that does not answer when it is asked to cancel is not waited for forever" {
	proxy 'deaf=COPY'
	start extract portl-extract -h "$T/d" -d "$a" -t t
	wait_until 5 grep -q held "$T/proxy"
	kill -TERM "$pid_extract"
	finish extract
	assert_status 143
	assert_stderr_has 'error: stopped by signal 15'
}

@test "connection lost while the server is asked what a name may have meant: lost, and not mistyped" {
	q "$b" 'DROP TABLE t'
	for at in 'DESC NULLS LAST, 1 LIMIT 1' 'END LIMIT 10000'; do
		proxy "at=$at"
		try portl-extract -h "$T/d" -d "$a" -t no_such
		assert_status 2
		assert_stderr_has 'connection'
		for create in '' --create; do
			in=$T/s start load portl-load -h "$T/d" -d "$b" $create
			finish load
			assert_status 2
			assert_stderr_has 'connection'
		done
	done
}

@test "connection lost in COMMIT, before the server had it: rolled back, and found out" {
	through_proxy before
	finish load
	assert_status 2
	assert_stderr_has 'the connection was lost during COMMIT; asking the server'
	assert_stderr_has 'was rolled back: nothing is loaded'
	assert_eq "$(jq -c '[.committed, .rows.inserted, .rows.skipped]' "$T/sum")" '[false,0,0]'
	is_like_before "$b" t
}

@test "connection lost in COMMIT, after it: committed, and found out" {
	through_proxy after
	finish load
	assert_status 0
	assert_stderr_has 'was committed'
	assert_eq "$(jq -c '[.status, .committed, .rows.inserted]' "$T/sum")" '[0,true,2000]'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 2001
}

@test "connection lost in COMMIT, and no server to ask: unknown" {
	through_proxy gone
	wait_until 10 grep -q 'asking the server' "$T/load.err"
	kill -TERM "$pid_load" # or wait for half a minute
	finish load
	assert_status 2
	assert_stderr_has 'is not known'
	assert_eq "$(jq -c '[.status, .committed, .rows.inserted]' "$T/sum")" '[2,"unknown",2000]'
}

@test "connection lost in the COMMIT of a later batch: which rows are in, and which are in doubt" {
	through_proxy gone:2 '' --commit=batch -b 1500
	wait_until 10 grep -q 'asking the server' "$T/load.err"
	kill -TERM "$pid_load" # or wait for half a minute
	finish load
	assert_status 2
	assert_stderr_has 'This is about the last 500 rows; those before are committed.'
	assert_eq "$(jq -c '[.committed, .rows.inserted]' "$T/sum")" '["unknown",2000]'
}

# not_asked_of_another: the server in OTHER answers in the target's place, and is not believed.
not_asked_of_another()
{
	PGHOST=$OTHER q postgres "CREATE DATABASE $b"
	through_proxy elsewhere "$OTHER"
	finish load
	assert_status 2
	assert_stderr_has 'is not known'
	assert_eq "$(jq -r .committed "$T/sum")" unknown
	PGHOST=$OTHER q postgres "DROP DATABASE $b WITH (FORCE)"
}

@test "connection lost in COMMIT, and another server answers: unknown" {
	not_asked_of_another
}

@test "connection lost in COMMIT, and another server knows that number: unknown" {
	xid=$(q "$b" 'SELECT pg_current_xact_id()')
	# after a failover the number may have been given to somebody else's transaction
	PGHOST=$OTHER q postgres "DO \$\$ BEGIN WHILE pg_current_xact_id()::text::int < $xid + 1000 LOOP COMMIT; END LOOP; END \$\$"
	not_asked_of_another
}

@test "a role that may not ask which server it is on can commit all the same" {
	q "$b" "CREATE ROLE ${b}_r LOGIN; GRANT INSERT ON t TO ${b}_r;
		REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC"
	portl-load -U "${b}_r" -d "$b" "$T/s"
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 2001
	q "$b" "DROP OWNED BY ${b}_r; DROP ROLE ${b}_r"
}

@test "a server that reports a setting in the middle of COPY: stopped, and why" {
	stream=$T/feed through_proxy status
	feed_open
	head -c 30000 "$T/s" >&"$feed"
	finish load
	assert_status 1
	assert_stderr_has 'is not an error'
	assert_stderr_has 'hint: Servers before 14'
	is_like_before "$b" t
}

@test "a connection that takes 7 bytes at a time" {
	through_proxy drip
	finish load 30
	assert_status 0
	q "$b" 'DELETE FROM t WHERE id = 0'
	same_table "$a" t "$b" t
}

@test "the target's disk is full: refused, and a retry works" {
	export PGHOST=$OTHER
	q postgres 'CREATE TABLE full_disk (i int, x text)'
	big="SELECT i, repeat('x', 1000) AS x FROM generate_series(1, 20000) i"
	for options in '' --truncate; do
		try_sh "portl-extract -c \"$big\" | portl-load -d postgres -t full_disk $options"
		assert_status 1
		assert_stderr_has 'could not extend file'
		assert_eq "$(q postgres 'SELECT count(*) FROM full_disk')" 0
	done
	q postgres 'VACUUM full_disk' # or the dead rows would fill the disk
	try_sh "portl-extract -c \"$big\" --limit 100 | portl-load -d postgres -t full_disk"
	assert_status 0
	assert_eq "$(q postgres 'SELECT count(*) FROM full_disk')" 100
}

# stop_other HOW PROGRAM: when PROGRAM's backend is at work there.
stop_other()
{
	PGHOST=$OTHER backend_does postgres "$2" "query LIKE 'COPY%'"
	cluster_stop "$OTHER" "$1"
}

@test "the target's server stops at once: exit 2, unchanged, and a retry works" {
	PGHOST=$OTHER q postgres 'CREATE TABLE t (id int, amount numeric, name text)'
	in=$T/feed start load portl-load -h "$OTHER" -d postgres
	feed_open
	head -c 30000 "$T/s" >&"$feed"
	stop_other immediate portl-load
	finish load
	assert_status 2
	cluster_start "$OTHER"
	assert_eq "$(PGHOST=$OTHER q postgres 'SELECT count(*) FROM t')" 0
	portl-load -h "$OTHER" -d postgres "$T/s"
	assert_eq "$(PGHOST=$OTHER q postgres 'SELECT count(*) FROM t')" 2000
}

@test "the source's server stops: load says why and commits nothing" {
	for how in fast immediate; do
		in=$T/feed start load portl-load -d "$b" -t t
		start extract portl-extract -h "$OTHER" -d postgres -o "$T/feed" \
			-c "SELECT i AS id, CASE WHEN i > 1000 THEN pg_sleep(60)::text END AS name
			FROM generate_series(1, 2000) i"
		stop_other "$how" portl-extract
		finish load
		assert_status 4
		assert_stderr_has 'upstream failed: '
		finish extract
		assert_status 2
		is_like_before "$b" t
		cluster_start "$OTHER"
	done
}
