#!/bin/bash
# The tests on other versions of PostgreSQL, for `make matrix`: the suite on each server,
# then between the oldest and the newest of them, both ways.  The last line is
# `N passed, N failed`, all versions together.
#
#   MATRIX="13 18"       these servers only (default: all of versions)
#   MATRIX_FILES="a.bats b.bats"   these files only; `between` is the way between two
#                        servers (default: all that talk to a server, and between)
#   MATRIX_OPTIONAL=1    a server that cannot be had is said and left out, not a failure
#   BUILD=build          the build to test
#
# What a server is too old for is skipped or left out by the tests themselves, and is
# counted and printed with its reason for each version.
set -u
cd "$(dirname "$0")/../.." || exit
BUILD=$(cd "${BUILD:-build}" && pwd) || exit

servers=$(mktemp -d)
chmod 755 "$servers"
trap 'rm -rf "$servers"' EXIT
trap 'exit 1' HUP INT TERM

read -ra majors <<<"${MATRIX:-$(sed -n 's/^\([0-9]*\) .*/\1/p' tests/matrix/versions | tr '\n' ' ')}"
if [ -n "${MATRIX_FILES:-}" ]; then
	read -ra files <<<"$MATRIX_FILES"
else
	# The others do not ask a server for anything that depends on its version.
	mapfile -t files < <(cd tests && printf '%s\n' */*.bats |
		grep -vE '^(matrix/|bench/|recipes/|project/(make|property)|cli/(cli|completion))')
	files+=(between)
fi

passed=0 failed=0 had=() summary=()

# tally NAME COMMAND...: run it, add what its last lines say.
tally()
{
	local log=$servers/log p f s l

	"${@:2}" 2>&1 | tee "$log"
	read -r p f < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$log" | tail -n 1)
	s=$(sed -nE 's/^([0-9]+) skipped$/\1/p' "$log" | tail -n 1)
	l=$(sed -nE 's/^([0-9]+) parts of tests left out:$/\1/p' "$log" | tail -n 1)
	passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
	summary+=("$1: ${p:-0} passed, ${f:-1} failed, ${s:-0} skipped, ${l:-0} parts left out")
}

for major in "${majors[@]}"; do
	if bin=$(tests/matrix/fetch.sh "$major" "$servers" 2>"$servers/why"); then
		had+=("$major")
		suite=()
		for file in "${files[@]}"; do
			[ "$file" = between ] || suite+=("$file")
		done
		echo "== $("$bin/postgres" --version)"
		((${#suite[@]} == 0)) || PG_BINDIR=$bin tally "PostgreSQL $major" tests/check.sh "$BUILD" "${suite[@]}"
	else
		summary+=("PostgreSQL $major: NOT TESTED: $(tr '\n' ' ' <"$servers/why")")
		[ -n "${MATRIX_OPTIONAL:-}" ] || failed=$((failed + 1))
	fi
done

if [[ " ${files[*]} " == *' between '* ]]; then
	if ((${#had[@]} > 1)); then
		mapfile -t had < <(printf '%s\n' "${had[@]}" | sort -n)
		old=${had[0]} new=${had[-1]}
		echo "== between PostgreSQL $old and $new"
		OLD_BINDIR=$servers/$old/bin NEW_BINDIR=$servers/$new/bin \
			tally "between $old and $new" tests/check.sh "$BUILD" matrix/between.bats
	else
		summary+=('between two servers: NOT TESTED: there are not two')
	fi
fi

echo
printf '%s\n' "${summary[@]}"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && { [ "$passed" -gt 0 ] || [ -n "${MATRIX_OPTIONAL:-}" ]; }
