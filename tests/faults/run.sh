#!/bin/bash
# What goes wrong, thousands of times: `make faults`.
#
#   FAULT_RUNS=2000   transfers of the campaign; fewer also make the sweep a sample
#   SEED=N            only the run with this seed
#   FIRST=N           the first seed, else a random one
#   SWEEP=CASE:CALL:N only this one of the sweep; SWEEP=all: only the sweep, whole;
#                     SWEEP=none: all but the sweep
#   BUILD=build       the build to try; a plain one, for the shim and ASan want the same place
#
# The last line is `N passed, N failed`.  Needs root, for it mounts small disks to fill.
set -u
cd "$(dirname "$0")/../.." || exit
PORTL=$(cd "${BUILD:-build}" && pwd) || exit
export PORTL SHIM_SO=$PORTL/faults/shim.so PERL5LIB=$PWD/tests/faults LC_ALL=C.UTF-8
ulimit -c 0

# In a place of our own, where mounts end with us.
if [ -z "${FAULTS_APART:-}" ]; then
	FAULTS_APART=1 unshare --mount "$0" "$@"
	status=$?
	[ $status -ne 1 ] || unshare --mount true || {
		echo 'faults: CANNOT MOUNT small disks to fill: be root'
		echo '0 passed, 1 failed'
	}
	exit $status
fi

# The whole sweep mostly waits for answers, so there is one for each processor, with servers
# of its own and a share of the calls.
if [ "${SWEEP:-}" = all ] && [ -z "${SHARE:-}" ]; then
	processors=$(nproc)
	seq "$processors" | xargs -P "$processors" -I '{}' env "SHARE={}/$processors" "$0" |
		awk -v shares="$processors" '
			/^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3; shares--; next }
			{ print; fflush() }
			END {
				failed += shares
				printf "%d passed, %d failed\n", passed, failed
				exit !(passed > 0 && failed == 0)
			}'
	exit
fi

# shellcheck source=tests/lib/cluster.sh
. tests/lib/cluster.sh
SOURCE=$(cluster_dir) TARGET=$(cluster_dir) WORK=$(cluster_dir)
SMALL=$WORK/small
export SOURCE TARGET WORK SMALL TMPDIR=$WORK/tmp
mkdir "$WORK"/{tmp,out,full,small,csv} && chmod 755 "$WORK"

# shellcheck disable=SC2317 # called by the trap
clean()
{
	cluster_drop "$SOURCE"
	cluster_drop "$TARGET"
	umount "$WORK/full" "$SMALL" 2>/dev/null
	rm -rf "$WORK"
}
trap clean EXIT
trap 'exit 130' HUP INT TERM

if ! mount -t tmpfs -o size=640k faults "$WORK/full" ||
	! mount -t tmpfs -o size=6m faults "$SMALL"; then
	echo 'faults: CANNOT MOUNT small disks to fill'
	echo '0 passed, 1 failed'
	exit 1
fi
for dir in "$SOURCE" "$TARGET"; do
	cluster_start "$dir" 'shared_buffers = 32MB' 'autovacuum = off' 'max_wal_size = 1GB' || exit
	cluster_env "$dir"
	psql -Xq -d postgres -c 'CREATE DATABASE faults' &&
		psql -Xq -v ON_ERROR_STOP=1 -d faults -f tests/faults/tables.sql >/dev/null || exit
done
mkdir "$SMALL/space"
[ -z "$cluster_user" ] || chown "$cluster_user" "$SMALL/space"
psql -Xq -d faults -c "CREATE TABLESPACE small LOCATION '$SMALL/space'" || exit
for n in 0 1 10 300 3000 20000; do
	psql -Xq -d faults -c "COPY good_$n TO STDOUT (FORMAT csv, HEADER)" >"$WORK/csv/$n.csv" || exit
done
unset PGHOST

passed=0 failed=0
# tally COMMAND...: run it, show it, add up what its last line says.
tally()
{
	local p f

	"$@" 2>&1 | tee "$WORK/said"
	read -r p f < <(sed -nE 's/^[a-z]+: ([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$WORK/said" | tail -n 1)
	passed=$((passed + ${p:-0}))
	failed=$((failed + ${f:-1}))
}

runs=${FAULT_RUNS:-2000}
if [ -n "${SEED:-}" ]; then
	tally perl tests/faults/campaign.pl 1 "$SEED"
elif [[ ${SWEEP:-none} = none ]]; then
	seed=${FIRST:-$((SRANDOM % 1000000 * 1000))}
	echo "campaign: seeds $seed to $((seed + runs - 1))"
	tally perl tests/faults/campaign.pl "$runs" "$seed"
fi
[[ -n ${SEED:-} || ${SWEEP:-} = none ]] || tally perl tests/faults/sweep.pl "$runs" ${SWEEP:+"$SWEEP"}
printf '\n%d passed, %d failed\n' "$passed" "$failed"
((passed > 0 && failed == 0))
