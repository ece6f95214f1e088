#!/bin/bash
# run.sh BUILD: run the tests with the programs of `make VARIANT=coverage`, then say what
# of common/, extract/ and load/ they have not run, and why; see report.py.  Fails if a
# test does, if a function was never called, or if fewer lines were run than should be.
# COVERAGE_MORE is a command that is run besides, with BUILD in its environment.
set -u
BUILD=$(cd "$1" && pwd) || exit
export BUILD
cd "$(dirname "$0")/../.." || exit

# Whatever runs the programs can be added here, a command a line.
runs=("tests/check.sh $BUILD" ${COVERAGE_MORE:+"$COVERAGE_MORE"})

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
