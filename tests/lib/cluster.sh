# shellcheck shell=sh
# Throw-away PostgreSQL servers, for check, demo and bench.  Source this file.
#
#   dir=$(cluster_dir)                  a new short directory below TMPDIR
#   cluster_start DIR [LINE...]         make a server there, or start it again; LINEs go
#                                       to postgresql.conf
#   cluster_standby DIR PRIMARY [LINE...]   make a hot standby of the server in PRIMARY
#   cluster_env DIR                     point libpq's environment at it
#   cluster_template                    have the database "fresh" there, to copy others from
#   cluster_copies DIR                  from now on the first server that a shell below this one
#                                       makes is copied from there, where initdb runs once
#   cluster_stop DIR [smart|fast|immediate]
#   cluster_drop DIR                    stop it and remove DIR
#   cluster_as COMMAND...               run COMMAND as the user who runs the servers
#
# A server listens on a unix socket in DIR only, trusts its superuser "portl", does
# not sync, and logs to DIR/log.  PG_BINDIR chooses another version (initdb, pg_ctl and
# postgres suffice).  When the shell that made a server ends, however it ends, the
# server is dropped within a second: a watcher outlives the shell.

# Asked once for all the shells that come after.
if [ -z "${cluster_user+known}" ]; then
	cluster_user=
	if [ "$(id -u)" -eq 0 ]; then # PostgreSQL refuses to run as root
		cluster_user=nobody
		if id postgres >/dev/null 2>&1; then
			cluster_user=postgres
		fi
	fi
	export cluster_user
fi

# The subshell's cd: that user may not be allowed to be where we are.
cluster_as()
(
	cd /
	if [ -n "$cluster_user" ]; then
		exec runuser -u "$cluster_user" -- "$@"
	fi
	exec "$@"
)

if [ -z "${cluster_found:-}" ]; then
	cluster_found=$(pg_config --bindir 2>/dev/null) || :
	if [ ! -x "$cluster_found/initdb" ]; then
		cluster_found=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	fi
	export cluster_found
fi

cluster_bindir()
{
	echo "${PG_BINDIR:-$cluster_found}"
}

cluster_dir()
{
	_cl_tmp=${TMPDIR:-/tmp}
	if [ ${#_cl_tmp} -gt 60 ]; then # a socket's path has to fit into 107 bytes
		_cl_tmp=/tmp
	fi
	mktemp -d "$_cl_tmp/portl.XXXXXX"
}

cluster_start()
{
	_cl_dir=$1
	shift
	if [ ! -d "$_cl_dir/data" ]; then
		_cl_prepare "$_cl_dir" || return
		case ${cluster_copies:-} in
		"$(cluster_bindir):"*) _cl_copied "${cluster_copies#*:}" "$_cl_dir" || return ;;
		*) _cl_initdb "$_cl_dir" || return ;;
		esac
	fi
	_cl_configure "$_cl_dir" "unix_socket_directories = '$_cl_dir'" "$@"
	_cl_run "$_cl_dir"
}

cluster_copies()
{
	mkdir -p "$1" || return
	[ -z "$cluster_user" ] || chown "$cluster_user" "$1" || return
	cluster_copies=$(cluster_bindir):$1
	export cluster_copies
}

_cl_copied()
{
	(
		flock 9
		[ -f "$1/made" ] || { _cl_initdb "$1" && touch "$1/made"; }
	) 9>"$1.lock" && cluster_as cp -R --sparse=always "$1/data" "$2/data" || return
	cluster_copies= # another one is another by its identifier, too
}

_cl_initdb()
{
	cluster_as "$(cluster_bindir)/initdb" --pgdata="$1/data" --username=portl \
		--auth=trust --encoding=UTF8 --locale=C --no-sync >"$1/initdb.log" 2>&1 || {
		cat "$1/initdb.log" >&2
		return 1
	}
	_cl_configure "$1" "listen_addresses = ''" 'fsync = off' \
		'full_page_writes = off' "log_timezone = 'UTC'" "timezone = 'UTC'" \
		"lc_messages = 'C'" "password_encryption = 'scram-sha-256'"
}

cluster_standby()
{
	_cl_dir=$1 _cl_primary=$2
	shift 2
	_cl_prepare "$_cl_dir" || return
	_cl_copy "$_cl_primary" "$_cl_dir" || return
	_cl_configure "$_cl_dir" "unix_socket_directories = '$_cl_dir'" "$@"
	_cl_run "$_cl_dir"
}

# Everything of libpq's that the caller's environment says is undone.  Debian's psql is
# a wrapper that takes longer than a whole session: the real one goes first on PATH.
cluster_env()
{
	for _cl_var in $(env | sed -n 's/^\(PG[A-Z]*\)=.*/\1/p'); do
		unset "$_cl_var"
	done
	export PGHOST="$1" PGPORT=5432 PGUSER=portl PGDATABASE=postgres
	export PGPASSFILE="$1/pgpass" PGSERVICEFILE="$1/pg_service.conf" # a test may make them
	case :$PATH: in
	*:"$cluster_found":*) ;;
	*) [ ! -x "$cluster_found/psql" ] || PATH=$cluster_found:$PATH ;;
	esac
}

# What connects to a new database first makes a cache of its catalogs, which takes longer than
# most tests' queries.  This one has been connected to, and its copies have the cache, too.
cluster_template()
{
	psql -Xq -v ON_ERROR_STOP=1 -d postgres -c 'CREATE DATABASE fresh TEMPLATE template0' &&
		psql -Xq -v ON_ERROR_STOP=1 -d fresh -c 'SELECT FROM pg_class LIMIT 0' >/dev/null &&
		psql -Xq -v ON_ERROR_STOP=1 -d postgres \
			-c 'ALTER DATABASE fresh WITH IS_TEMPLATE true ALLOW_CONNECTIONS false' &&
		touch "$PGHOST/fresh"
}

cluster_stop()
{
	[ ! -f "$1/data/postmaster.pid" ] ||
		cluster_as "$(cluster_bindir)/pg_ctl" -D "$1/data" -m "${2:-fast}" -w stop >/dev/null
}

cluster_drop()
{
	cluster_stop "$1" immediate || :
	rm -rf "$1"
}

# Own DIR by the right user, and have it dropped when this shell is gone.  The
# watcher holds none of our descriptors (bats waits for its own to be closed) and
# has a session of its own, so that a terminal's INT passes it by.
_cl_prepare()
{
	mkdir -p "$1" || return
	[ -z "$cluster_user" ] || chown "$cluster_user" "$1" || return
	# shellcheck disable=SC2016 # expanded by the inner shell
	setsid sh -c '
		trap "" HUP INT TERM
		cd /
		tail --pid="$1" -s 0.5 -f /dev/null
		dir=$2 && shift 2
		[ ! -f "$dir/data/postmaster.pid" ] || "$@" -D "$dir/data" -m immediate -w stop
		rm -rf "$dir"
	' watcher "$$" "$1" ${cluster_user:+runuser -u "$cluster_user" --} \
		"$(cluster_bindir)/pg_ctl" \
		<>/dev/null >&0 2>&0 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
}

# A base backup by hand: pg_basebackup knows no server newer than itself, and those that
# consist of initdb, pg_ctl and postgres come without one.  Of the log nothing is copied,
# for the standby asks the primary for it.
_cl_copy()
{
	# shellcheck disable=SC2016 # expanded by the inner shell
	cluster_as psql -XAtq -v ON_ERROR_STOP=1 -v "from=$1" -v "to=$2" \
		-d "host=$1 user=portl dbname=postgres" <<-'EOF' || return
		SELECT :SERVER_VERSION_NUM < 150000 AS old \gset
		\setenv FROM :from
		\setenv TO :to
		\if :old
			SELECT FROM pg_start_backup('standby', true, false);
		\else
			SELECT FROM pg_backup_start('standby', true);
		\endif
		\! cp -R "$FROM/data" "$TO/data"
		\! rm -rf "$TO/data/postmaster.pid" "$TO"/data/pg_wal/*
		\! mkdir "$TO/data/pg_wal/archive_status"
		\o :to/data/backup_label
		\if :old
			SELECT labelfile FROM pg_stop_backup(false, false);
		\else
			SELECT labelfile FROM pg_backup_stop(false);
		\endif
	EOF
	cluster_as touch "$2/data/standby.signal"
	_cl_configure "$2" "primary_conninfo = 'host=$1 user=portl'"
}

_cl_configure()
{
	_cl_conf=$1/data/postgresql.conf
	shift
	printf '%s\n' "$@" | cluster_as tee -a "$_cl_conf" >/dev/null
}

# A server that is not the system's has its modules find the libraries that came with it.  Each
# session is a copy of the server: what that has bound beforehand, none has to look up, which is
# an eighth of the work of short ones.
# A server that was stopped at once may have sessions that outlive it for a moment, and no other
# one starts there while one of them has its memory.
_cl_run()
{
	_cl_tries=25
	until cluster_as env LD_BIND_NOW=1 ${cluster_tunables:+"GLIBC_TUNABLES=$cluster_tunables"} \
		${PG_BINDIR:+"LD_LIBRARY_PATH=$PG_BINDIR/../lib"} \
		"$(cluster_bindir)/pg_ctl" -D "$1/data" -l "$1/log" -w -t 60 start \
		>/dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; do
		_cl_tries=$((_cl_tries - 1))
		if [ "$_cl_tries" -eq 0 ] ||
			! tail -n 4 "$1/log" | grep -q 'pre-existing shared memory block'; then
			tail -n 20 "$1/log" >&2
			return 1
		fi
		sleep 0.2
	done
}
