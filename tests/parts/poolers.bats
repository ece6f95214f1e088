#!/usr/bin/env bats
# Through PgBouncer, whose pools lend server sessions: one for each client, or one for each
# transaction.
# shellcheck disable=SC2016,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common
load ../lib/parts

setup_file()
{
	local program libraries mode

	program=$(PATH=$ROOT/build/tools/usr/sbin:$PATH:/usr/sbin command -v pgbouncer) || skip 'no PgBouncer: run make deps'
	libraries=$(printf '%s:' "$ROOT"/build/tools/usr/lib/*-linux-gnu)
	LD_LIBRARY_PATH=$libraries "$program" --version >/dev/null || skip 'PgBouncer lacks a library'
	own_server
	pools=$own/pools
	mkdir "$pools"
	for mode in session transaction statement; do
		cat >"$pools/$mode.ini" <<-END
			[databases]
			* = host=$PGHOST port=$PGPORT user=$PGUSER
			[pgbouncer]
			listen_port = $((6431 + ${#mode}))
			unix_socket_dir = $pools
			auth_type = any
			pool_mode = $mode
			logfile = $pools/$mode.log
			pidfile = $pools/$mode.pid
		END
	done
	[ -z "$cluster_user" ] || chown -R "$cluster_user" "$pools"
	for mode in session transaction statement; do
		${cluster_user:+runuser -u "$cluster_user" --} env LD_LIBRARY_PATH="$libraries" "$program" -q -d "$pools/$mode.ini" 3>&- || return
		wait_until 10 test -S "$pools/.s.PGSQL.$((6431 + ${#mode}))"
	done
	export pools
}

teardown_file()
{
	local file

	[ -n "${pools:-}" ] || return 0
	for file in "$pools"/*.pid; do
		kill "$(<"$file")"
	done
	cluster_drop "$own"
}

setup()
{
	make_source
	cd "$T" || return
	q "$src" "CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES t); INSERT INTO child SELECT i, i FROM generate_series(1, 500) i"
}

# through MODE DATABASE: the connection string
through()
{
	echo "host=$pools port=$((6431 + ${#1})) dbname=$2"
}

# is_clean MODE: the sessions that the pool keeps are as they were: nothing is locked, no
# statement stays, and settings are the server's.
is_clean()
{
	local db

	for db in "$src" "$dst"; do
		assert_eq "$(psql -XAtq -d "$(through "$1" "$db")" -c "SELECT (SELECT count(*) FROM pg_prepared_statements),
			(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'),
			(SELECT count(*) FROM pg_settings WHERE source = 'session' AND name NOT IN ('application_name', 'client_encoding', 'DateStyle', 'TimeZone')),
			(SELECT count(*) FROM pg_class WHERE relpersistence = 't')")" '0|0|0|0'
	done
}

@test "one pipe, a set, and the same once more, through pools of sessions and of transactions" {
	for mode in session transaction; do
		try bash -o pipefail -c 'portl-extract -d "$1" -t t -t child | portl-load -d "$2" --create' - "$(through $mode "$src")" "$(through $mode "$dst")"
		assert_status 0
		same_table "$src" t "$dst" t
		same_table "$src" child "$dst" child
		is_clean $mode
		q "$dst" "DELETE FROM child WHERE id > 400; UPDATE child SET parent = 1"
		for how in --conflict=overwrite --conflict=merge --truncate --replace; do
			q "$dst" "DELETE FROM child WHERE id > 450"
			try bash -o pipefail -c 'portl-extract -d "$1" -t child | portl-load -d "$2" "$3"' - "$(through $mode "$src")" "$(through $mode "$dst")" $how
			assert_status 0
			same_table "$src" child "$dst" child
			is_clean $mode
		done
		q "$dst" 'DROP TABLE child, t'
	done
}

@test "parts, whose snapshot is held, or by snapshots of their own, through both" {
	for mode in session transaction; do
		for kind in '' --own; do
			for how in --create --conflict=overwrite; do
				# shellcheck disable=SC2086 # words or none
				try portl run -j 3 --parts=3 $kind -d "$(through $mode "$src")" -t t -- -d "$(through $mode "$dst")" $how
				assert_status 0
				same_table "$src" t "$dst" t
				is_clean $mode
			done
			q "$dst" 'DROP TABLE t'
		done
	done
}

@test "a state through both: what has changed since the last run" {
	for mode in session transaction; do
		for n in 1 2; do
			q "$src" "UPDATE t SET v = '$mode $n' WHERE id % 100 = 0"
			since=$(portl-load -d "$(through $mode "$dst")" --print-state --state=s)
			try bash -o pipefail -c 'portl-extract -d "$1" -t t --since="$3" | portl-load -d "$2" --state=s --create --conflict=overwrite' - "$(through $mode "$src")" "$(through $mode "$dst")" "$since"
			assert_status 0
			same_table "$src" t "$dst" t
			is_clean $mode
		done
		q "$dst" 'DROP TABLE t; DROP SCHEMA portl_ledger CASCADE'
	done
}

@test "a pool that lends sessions for one statement only is refused, by itself" {
	try bash -o pipefail -c 'portl-extract -d "$1" -t t | portl-load -d "$2" --create' - "$(through statement "$src")" "$dst"
	[ "$status" != 0 ]
	assert_stderr_has 'statement pooling'
	try bash -o pipefail -c 'portl-extract -d "$1" -t t | portl-load -d "$2" --create' - "$src" "$(through statement "$dst")"
	[ "$status" != 0 ]
	assert_stderr_has 'statement pooling'
	is_true "$dst" "to_regclass('t') IS NULL"
}
