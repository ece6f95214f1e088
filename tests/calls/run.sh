#!/bin/bash
# Each system call of each journey fails once, and is met by a signal once: `make calls`.
#
#   CALLS=N           only so many of them, by chance
#   CALL=CASE:CALL:N:FATE  only this one; FATE is fail, TERM or KILL
#   BUILD=build       the build to try; a plain one, for the shim and ASan want the same place
#
# The last line is `N passed, N failed`.
set -u
cd "$(dirname "$0")/../.." || exit
PORTL=$(cd "${BUILD:-build}" && pwd) || exit
export PORTL SHIM_SO=$PORTL/faults/shim.so PERL5LIB=$PWD/tests/faults LC_ALL=C.UTF-8
ulimit -c 0

# shellcheck source=tests/lib/cluster.sh
. tests/lib/cluster.sh
SERVER=$(cluster_dir) WORK=$(cluster_dir)
export SERVER WORK TMPDIR=$WORK/tmp
mkdir "$WORK"/{tmp,out,kept} && chmod 755 "$WORK"

# shellcheck disable=SC2317 # called by the trap
clean()
{
	cluster_drop "$SERVER"
	rm -rf "$WORK"
}
trap clean EXIT
trap 'exit 130' HUP INT TERM

cluster_start "$SERVER" 'shared_buffers = 32MB' 'autovacuum = off' 'max_wal_size = 1GB' || exit
cluster_env "$SERVER"
for name in src dst; do
	psql -Xq -d postgres -c "CREATE DATABASE $name" &&
		psql -Xq -v ON_ERROR_STOP=1 -d $name -f tests/calls/tables.sql >/dev/null || exit
done
psql -Xq -d src -c 'CALL fill(40, 60, 400); ANALYZE' || exit
unset PGHOST
perl tests/calls/calls.pl "${CALLS:-0}" ${CALL:+"$CALL"}
