#!/bin/bash
# run.sh BUILD: run the tests, faults, failing calls, the largest field and what depends on old
# and new servers with the programs of `make VARIANT=coverage`, then say what of common/,
# extract/ and load/ they have not run, and why; see report.py.
# Fails if one of them does, if a function was never called, or if fewer lines were run
# than should be.
#
#   FAULT_RUNS=500    as for `make faults`; 0 leaves the faults out
#   CALLS=1500        as for `make calls`; none leaves them out
#   COVERAGE_MORE     a command that is run besides, with BUILD in its environment
set -u
BUILD=$(cd "$1" && pwd) || exit
export BUILD FAULT_RUNS=${FAULT_RUNS:-500} CALLS=${CALLS:-1500}
cd "$(dirname "$0")/../.." || exit

runs=("tests/check.sh $BUILD")
((FAULT_RUNS == 0)) || runs+=(tests/faults/run.sh)
[ "$CALLS" = none ] || runs+=(tests/calls/run.sh)
runs+=('SCALE_PARTS=csv tests/scale.sh'
	"MATRIX='13 18' MATRIX_FILES='between load/casts_within.bats load/casts.bats' tests/matrix/run.sh")
[ -z "${COVERAGE_MORE:-}" ] || runs+=("$COVERAGE_MORE")

# Servers' users and ssh's write counters, too: they exist and are everybody's.
find "$BUILD/obj" -name '*.gcda' -delete
find "$BUILD/obj" -name '*.gcno' -print0 | while IFS= read -r -d '' notes; do
	: >"${notes%.gcno}.gcda"
	chmod 666 "${notes%.gcno}.gcda"
done

failed=0
for run in "${runs[@]}"; do
	echo "coverage: $run"
	bash -c "$run" || failed=$((failed + 1))
done

gcovr --root . --json "$BUILD/coverage.json" "$BUILD"/obj/{common,extract,load} || exit
python3 tests/coverage/report.py "$BUILD/coverage.json" tests/coverage/reasons.txt ||
	failed=$((failed + 1))
exit $((failed > 0))
