# shellcheck shell=bash disable=SC2154 # bats sets status, output, stderr
# What every .bats file begins with: `load ../lib/common`.  A file that defines its own
# teardown() calls drop_dbs or leave_dbs there.  BUILD says which build is tested.

bats_require_minimum_version 1.5.0

# Without processes where that can be: each test comes by here.
ROOT=${BATS_TEST_DIRNAME%/tests/*}
[ "$ROOT/tests/lib/common.bash" -ef "${BASH_SOURCE[0]}" ] || ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
[[ ${BUILD:-} == /* ]] || BUILD=$(cd "$ROOT" && cd "${BUILD:-build}" && pwd)
export ROOT BUILD
export PATH="$BUILD:$PATH"
# shellcheck source=tests/lib/cluster.sh
. "$ROOT/tests/lib/cluster.sh"

# shellcheck source=tests/lib/failed.bash
. "$ROOT/tests/lib/failed.bash"

# bats' own asks date(1), twice a test.
get_mills_since_epoch()
{
	local now=${EPOCHREALTIME/[.,]/}

	now=${now%???}
	if (($#)); then
		printf -v "$1" %s "$now"
	else
		echo "$now"
	fi
}

# --- databases ---------------------------------------------------------------

dbs_made=()

# drop_left: drop what tests of this file have left.  DROP DATABASE waits for each COPY of the
# server that waits for its client, and other tests have streams that are slow: so several
# are dropped at a time, and nobody waits.  A file's own server has no others; there the SQL
# is printed.
drop_left()
{
	local left=$BATS_FILE_TMPDIR/left drops=() name

	[ -s "$left" ] || return 0
	while read -r name; do
		drops+=(-c "DROP DATABASE IF EXISTS $name WITH (FORCE);")
	done <"$left"
	if [ -n "${own:-}" ]; then
		printf '%s ' "${drops[@]#-c}"
	elif ((${#drops[@]} >= 16)); then
		(setsid psql -Xq -d postgres "${drops[@]}" </dev/null >/dev/null 2>&1 3>&- 9>&- &)
	else
		return 0
	fi
	: >"$left"
}

# fresh_db NAME... [-- CLAUSE]: make empty databases; $NAME is each one's real name, which
# no other test has.  CLAUSE is of CREATE DATABASE, such as "ENCODING 'LATIN1'".  Where
# fresh_from is a database, which a setup_file made and nobody is in, they are its copies.
fresh_db()
{
	local sql='SET client_min_messages = error;' words=" $*" clause='' strategy='' name
	local pid=$$ template=template0

	# Copied as files, a database takes an eighth of the work.
	((SERVER_VERSION < 150000)) || strategy='STRATEGY FILE_COPY'
	if [[ $words == *' -- '* ]]; then
		clause=${words#* -- }
	elif [ -n "${fresh_from:-}" ]; then
		template=$fresh_from
	elif [ -e "$PGHOST/fresh" ]; then
		template=fresh
	fi
	sql+=$(drop_left)
	for name in "$@"; do
		[ "$name" != -- ] || break
		export "$name=t${BATS_SUITE_TEST_NUMBER:-f}_$$_$name"
		sql+="CREATE DATABASE ${!name} TEMPLATE $template $strategy $clause;"
		dbs_made+=("${!name}")
	done
	# One client for the tests of a file; it ends with the process that runs them.
	[ -z "${BATS_SUITE_TEST_NUMBER:-}" ] || pid=$PPID
	[ -p "$BATS_FILE_TMPDIR/sql.in" ] ||
		"$BUILD/lib/client" "$BATS_FILE_TMPDIR" "$pid" || return
	ask s postgres "$sql"
}

# own_server: a server that no other file's transactions disturb, from setup_file() on; it
# ends with the file.
own_server()
{
	own=$(cluster_dir)
	cluster_start "$own" 'shared_buffers = 16MB' 'max_prepared_transactions = 10' 'autovacuum = off' \
		'jit = off' "log_line_prefix = '%m [%p] %d '" "$@" || return
	cluster_env "$own"
	cluster_template || return
	export own
}

# leave_dbs: a later test of the file drops them.  The last ones go with the server.
leave_dbs()
{
	((${#dbs_made[@]} == 0)) || printf '%s\n' "${dbs_made[@]}" >>"$BATS_FILE_TMPDIR/left"
	dbs_made=()
}

drop_dbs()
{
	local sql='SET client_min_messages = error;' db

	for db in "${dbs_made[@]}"; do
		sql+="DROP DATABASE IF EXISTS $db WITH (FORCE);"
	done
	dbs_made=()
	ask s postgres "$sql"
}

teardown()
{
	leave_dbs
}

# ask MODE DB SQL: have the file's client run it (see client.c), or a psql where there is no
# client, where another process asks it just now, or where only psql understands the SQL.
ask()
{
	local LC_ALL=C at=$BATS_FILE_TMPDIR/sql name status='-' out err answer='' errors='' token=''

	[[ $3 == \\* || $3 == *[Ff][Rr][Oo][Mm]\ [Ss][Tt][Dd][Ii][Nn]* || ! -p $at.token ]] ||
		read -r -N 1 -t 0.1 token <>"$at.token" || :
	if [ "$token" = t ]; then
		{
			printf '%s\0' "$1"
			for name in "${!PG@}"; do
				[ -z "${!name}" ] || printf '%s=%s\0' "$name" "${!name}"
			done
			printf '\0%s\0%s\0' "$2" "$3"
		} >"$at.in"
		{
			read -r status out err || fail 'the client is gone' || return
			case $out in
			0) ;;
			-) cat "$at.big" ;;
			*) IFS= read -r -N "$out" answer || : ;;
			esac
			[ "$err" = 0 ] || IFS= read -r -N "$err" errors || :
		} <"$at.out"
		printf t 1<>"$at.token"
		[ -z "$answer" ] || printf %s "$answer"
		[ -z "$errors" ] || printf %s "$errors" >&2
	fi
	if [ "$status" = - ]; then
		ask_psql "$@"
	else
		return "$status"
	fi
}

ask_psql()
{
	local -a psql=(psql -XAtq -v ON_ERROR_STOP=1 -d "$2")

	case $1 in
	c) "${psql[@]}" -c "$3" ;;
	s) "${psql[@]}" <<<"$3" ;;
	r) "${psql[@]}" <<<"$3" | LC_ALL=C sort ;;
	esac
}

# q DB [SQL]: run SQL (or stdin), print bare tuples; an error fails the test.
q()
{
	local sql

	if (($# > 1)); then
		ask c "$1" "$2"
	else
		IFS= LC_ALL=C read -r -N 1000000000 sql || :
		ask s "$1" "$sql"
	fi
}

# rows DB TABLE [COLUMN,...]: print the rows in a form that depends on neither their
# order nor the columns', the database's encoding nor its OIDs: one sorted line a row,
# in it each value's binary form, or its text where that form holds OIDs or is missing.
rows()
{
	local list table=${2//\'/\'\'} only=${3-}
	local -x PGOPTIONS=''
	local set="SET client_encoding = UTF8; SET timezone = 'UTC'; SET datestyle = ISO; SET intervalstyle = postgres;
		SET extra_float_digits = 3; SET bytea_output = hex; SET lc_monetary = 'C'; SET search_path = public;
		SET standard_conforming_strings = on; SET quote_all_identifiers = on;" # keywords differ by version

	only=${only//\'/\'\'}
	list=$(ask s "$1" "$set
		SELECT string_agg(
		    CASE WHEN t.typname ~ '^_?xml\$' THEN format('%I::text', a.attname)
		         WHEN t.oid < 16384 AND t.typsend::oid <> 0 AND t.typname !~ '^_?(reg|refcur)'
		         THEN format('%s(%I)', t.typsend::regproc, a.attname)
		         ELSE quote_ident(a.attname) END, ', ' ORDER BY a.attname COLLATE \"C\")
		  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
		 WHERE a.attrelid = '$table'::regclass AND a.attnum > 0 AND NOT a.attisdropped
		   AND ('$only' = '' OR a.attname = ANY (string_to_array('$only', ',')))") || return
	printf '%s\n' "$list" # other columns or types are a difference, too
	ask r "$1" "$set COPY (SELECT $list FROM $2) TO STDOUT"
}

# same_table DB1 TABLE1 DB2 TABLE2 [COLUMN,...]: fail unless both hold the same rows,
# bit by bit.
same_table()
{
	local a=$BATS_TEST_TMPDIR/same.a b=$BATS_TEST_TMPDIR/same.b

	rows "$1" "$2" ${5+"$5"} >"$a" && rows "$3" "$4" ${5+"$5"} >"$b" || return
	cmp -s "$a" "$b" || {
		echo "tables differ: $1 $2 ($(($(wc -l <"$a") - 1)) rows)," \
			"$3 $4 ($(($(wc -l <"$b") - 1)) rows)"
		diff "$a" "$b" | cut -c 1-200 | head -n 20
		return 1
	}
}

# --- running -----------------------------------------------------------------

# try COMMAND...: run it; sets status, output (stdout) and stderr, as bats' `run` does, with
# fewer processes.
try()
{
	local flags=$- program=

	declare -F "$1" >/dev/null || ! type -P "$1" >/dev/null || program=1
	set +eET
	output=$(${program:+exec} "$@" 2>"$BATS_TEST_TMPDIR/try.err") && status=0 || status=$?
	read -r -d '' stderr <"$BATS_TEST_TMPDIR/try.err" || :
	# shellcheck disable=SC2034 # for the tests
	mapfile -t lines <<<"$output"
	set "-$flags"
}

# try_sh SCRIPT: the same for a line of shell, such as a pipe; without pipefail.
try_sh()
{
	try bash -c "$1"
}

# seed: what random parts of a test begin with, always the same but for THOROUGH=1 or SEED=N.
# Prints it, and sets RANDOM and seed.
seed()
{
	seed=${SEED:-${THOROUGH:+$RANDOM}}
	seed=${seed:-1}
	echo "SEED=$seed repeats this"
	RANDOM=$seed
}

under_asan()
{
	[[ ${BUILD##*/} == asan ]]
}

# needs_own_memory: skip where the programs' memory is not theirs alone.
needs_own_memory()
{
	[[ ${BUILD##*/} != @(asan|valgrind) ]] || skip "${BUILD##*/} has memory of its own"
}

# memory KIB: print a command that limits it, where the programs' memory is theirs alone.
memory()
{
	[[ ${BUILD##*/} == @(asan|valgrind) ]] || echo "ulimit -v $1;"
}

# use_ssh: put an `ssh` on PATH that reaches a real sshd, whatever host it is asked for.
# No port is opened: sshd -i is the ProxyCommand.  Over there the programs under test
# are on PATH and libpq's environment is ours.  As root, "there" is the servers' user.
use_ssh()
{
	local dir=$SUITE_CLUSTER/ssh.$$ sshd key

	sshd=$(PATH=$ROOT/build/tools/usr/sbin:/usr/sbin:$PATH command -v sshd) ||
		fail 'no sshd: run make deps' || return
	mkdir -p "$dir/bin" "$dir/client"
	cp "$BUILD"/portl-* "$dir/bin"
	for key in client/key host; do
		ssh-keygen -q -t ed25519 -N '' -f "$dir/$key"
	done
	cat >"$dir/config" <<-EOF
		HostKey $dir/host
		AuthorizedKeysFile $dir/client/key.pub
		StrictModes no
		UsePAM no
		PidFile none
		SetEnv PATH=$dir/bin:/usr/bin:/bin PGHOST=$PGHOST PGPORT=$PGPORT PGUSER=$PGUSER
	EOF
	cat >"$dir/client/ssh" <<-EOF
		#!/bin/sh
		exec /usr/bin/ssh -F none -i $dir/client/key -l ${cluster_user:-$(id -un)} \\
			-o ProxyCommand='${cluster_user:+runuser -u $cluster_user --} $sshd -i -f $dir/config' \\
			-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \\
			-o BatchMode=yes -o LogLevel=ERROR "\$@"
	EOF
	chmod +x "$dir/client/ssh"
	[ -z "$cluster_user" ] || chown "$cluster_user" "$dir/host"
	PATH="$dir/client:$PATH"
}

# --- versions of the server ------------------------------------------------------

# since MAJOR WHAT: is the server of this version at least?  If not, WHAT is left out of
# the test, and check.sh says so at the end.
since()
{
	((SERVER_VERSION >= $1 * 10000)) && return
	printf '%s, "%s": %s (PostgreSQL %d)\n' "${BATS_TEST_FILENAME##*/}" "$BATS_TEST_DESCRIPTION" \
		"$2" "$1" >>"${LEFT_OUT:-/dev/null}"
	return 1
}

# needs MAJOR WHAT: skip the whole test on servers before this version.
needs()
{
	((SERVER_VERSION >= $1 * 10000)) || skip "$2: PostgreSQL $1"
}

# needs_pg_dump: skip the whole test where pg_dump is older than the server, which it refuses then.
needs_pg_dump()
{
	local version

	version=$(pg_dump --version)
	[[ $version =~ [0-9]+ ]]
	((BASH_REMATCH[0] >= SERVER_VERSION / 10000)) || skip "$version does not read this server"
}

# --- assertions ----------------------------------------------------------------

fail()
{
	printf '%s\n' "$@"
	return 1
}

# Shown with every failed assertion on a command.
show_run()
{
	fail "$@" "  status: $status" "  stdout: ${output:0:2000}" "  stderr: ${stderr:0:2000}"
}

assert_status()
{
	[ "$status" -eq "$1" ] || show_run "expected exit status $1"
}

assert_out_has()
{
	[[ $output == *"$1"* ]] || show_run "stdout lacks: $1"
}

assert_stderr_has()
{
	[[ $stderr == *"$1"* ]] || show_run "stderr lacks: $1"
}

assert_stderr_lacks()
{
	[[ $stderr != *"$1"* ]] || show_run "stderr has: $1"
}

# Neither stdout nor stderr has a byte.
assert_silent()
{
	[ -z "$output$stderr" ] || show_run 'expected silence'
}

# assert_eq GOT WANT
assert_eq()
{
	[ "$1" = "$2" ] || fail "  got: $1" " want: $2"
}

# --- the server's log --------------------------------------------------------------

# log_from_here, logged DB: what the server has logged since then of sessions of DB.
log_from_here()
{
	log_start=$(($(stat -c %s "$PGHOST/log") + 1))
}

logged()
{
	tail -c "+$log_start" "$PGHOST/log" | awk -v "db=$1" '/^[0-9-]+ [0-9:.]+ UTC \[/ { ours = $5 == db } ours'
}

# --- waiting ---------------------------------------------------------------------

# Nobody writes to it: to wait there takes no process.  Opened once, for <(:) sets $!, which
# a test that waits may want to kill.
exec {never}<> <(:)

# wait_until SECONDS COMMAND...: try again until COMMAND succeeds; fail when time is up.  Who
# waits long is asked less often.
wait_until()
{
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000)) pause ms=15

	shift
	"$@" && return
	until "$@"; do
		((${EPOCHREALTIME/[.,]/} < end)) || fail "in vain waited for: $*" || return
		printf -v pause 0.%03d "$ms"
		read -r -t "$pause" -u "$never" || :
		((ms = ms < 150 ? ms * 5 / 4 : ms))
	done
}

is_true()
{
	[ "$(q "$1" "SELECT ($2)")" = t ]
}

# wait_for DB CONDITION [SECONDS]: until the SQL condition is true.
wait_for()
{
	wait_until "${3:-10}" is_true "$1" "$2"
}

# no_backends DB [SECONDS]: until nobody but our client is connected to DB.
no_backends()
{
	wait_for postgres "NOT EXISTS (SELECT FROM pg_stat_activity
		WHERE datname = '$1' AND application_name <> 'tests')" \
		"${2:-10}" || {
		q postgres "SELECT pid, state, query FROM pg_stat_activity WHERE datname = '$1'"
		return 1
	}
}
