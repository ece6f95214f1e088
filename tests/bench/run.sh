#!/bin/bash
# Compare Portl with psql and other rivals, for `make bench`.  Nothing here is a test: the
# status is 0 if every group ran, whatever the figures are.
#
#   BENCH="pipe csv"    only these groups (default: all); a group is tests/bench/NAME.sh
#   BENCH_CELLS="create:* append:wide"  of the group rivals only these ACTION:TABLE
#   BENCH_RUNS=5        rounds; the contestants of a round take turns
#   BENCH_SCALE=1       a part of all row counts, such as 0.01 for a quick look
#   BENCH_ADD=0         1: add the rounds to those of earlier calls for the same build, and
#                       keep their other figures; so hours can be had a minute at a time
#   BENCH_BUFFERS=512MB the server's shared_buffers
#   BUILD=build         the build to measure
#
# Prints tables and writes them to BUILD/bench/result.json after each group.
set -u
cd "$(dirname "$0")/../.." || exit
BUILD=$(cd "${BUILD:-build}" && pwd) || exit
export BUILD PATH="$BUILD:$PATH" LC_ALL=C
BENCH_RUNS=${BENCH_RUNS:-5}
BENCH_SCALE=${BENCH_SCALE:-1}
BENCH_ADD=${BENCH_ADD:-0}

# shellcheck source=tests/lib/cluster.sh
. tests/lib/cluster.sh
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh
# shellcheck source=tests/bench/tables.sh
. tests/bench/tables.sh

settings=("shared_buffers = ${BENCH_BUFFERS:-512MB}" 'max_wal_size = 8GB' 'checkpoint_timeout = 1h'
	'autovacuum = off' 'work_mem = 64MB' 'maintenance_work_mem = 256MB')

work=$(cluster_dir) # the server's files and ours
cluster_start "$work" "${settings[@]}" || exit
cluster_env "$work"
server=$(head -n 1 "$work/data/postmaster.pid")
trap 'cluster_drop "$work"' EXIT
trap 'exit 1' HUP INT TERM
[ "$BENCH_ADD" = 1 ] || rm -rf "$BUILD/bench/samples"

report_begin
failed=()
for group in ${BENCH:-pipe ndjson csv upsert rejects sets again parts ways verify rivals}; do
	samples=$BUILD/bench/samples/$group@$BENCH_SCALE
	mkdir -p "$samples"
	# No group finds what another has left.
	PGOPTIONS='-c client_min_messages=error' psql -Xq -v ON_ERROR_STOP=1 -d postgres \
		-c 'DROP DATABASE IF EXISTS src' -c 'CREATE DATABASE src' \
		-c 'DROP DATABASE IF EXISTS dst' -c 'CREATE DATABASE dst' || exit
	# A subshell: `set -e` is a group's own, and so are its variables.
	(
		set -e
		# shellcheck disable=SC1090 # by name
		. "tests/bench/$group.sh"
	)
	status=$?
	[ $status -eq 0 ] || failed+=("$group")
	report_write
done
jq -r '[(.rows | if . == [] then empty else "\(length) figures of \(map(.group) | unique | join(", ")), " +
		"\(map(select(.ok != null)) | length) with a limit, \(map(select(.ok == false)) | length) above it" end),
	(.rivals | if . == [] then empty else "\(map(select(.first)) | length) of \(length) rows of rivals first" end),
	"PostgreSQL \(.server | split(" ")[0]), \(.cores) cores"] | join("; ")' "$BUILD/bench/result.json"
((${#failed[@]} == 0)) || {
	echo "bench: did not run to the end: ${failed[*]}" >&2
	exit 1
}
