#!/bin/bash
# proof.sh [STEP...]: all campaigns whole, or these, one after the other, on one commit: `make proof`.
#
# What a step said last is kept in build/proof/STEP with the commit and the seconds it took.
# After an interruption the same command goes on where it was: a step that is done at this
# commit is not run again, one that failed is.  A work tree with changes has no commit, so
# nothing of it is kept.  The table comes at the end; the last line is `N passed, N failed`.
set -u
cd "$(dirname "$0")/.." || exit
kept=${BUILD:-build}/proof
mkdir -p "$kept"

# The short ones first.
steps='hostile	hostile HOSTILE_CASES=5000
meanwhile	meanwhile MEANWHILE_CASES=2000
names	names NAMES_CASES=2000
costs	costs COSTS_CASES=500
verify	verify VERIFY_CASES=500
sets	sets SETS_CASES=300
conflict	property PROPERTY=conflict PROPERTY_CASES=2000
rejects	property PROPERTY=rejects PROPERTY_CASES=2000
random	random RANDOM_TABLES=2000
plans	plans PLANS_CASES=500
plans-own	plans PLANS_CASES=200 CALM=own
plans-held	plans PLANS_CASES=200 CALM=held
since	since SINCE_SECONDS=600
check	check
recipes	deps-mariadb mariadb
asan	asan
matrix	matrix
regress	regress
valgrind	valgrind
coverage	coverage
faults	faults FAULT_RUNS=3000
sweep	faults SWEEP=all
scale	scale SCALE_ROWS=100000000
fuzz	fuzz FUZZ_RUNS=10000000'

commit()
{
	[ -z "$(git status --porcelain --untracked-files=no 2>&1)" ] && git rev-parse HEAD
}

# is_done STEP: at this commit.
is_done()
{
	local at

	[ -n "$head" ] && [ -f "$kept/$1" ] && read -r at _ <"$kept/$1" && [ "$at" = "$head" ]
}

# run STEP TARGET VARIABLE...: nothing is kept of one that fails but its output.
run()
{
	local start=$SECONDS

	rm -f "$kept/$1"
	"${MAKE:-make}" --no-print-directory "${@:2}" >"$kept/$1.log" 2>&1 </dev/null || return
	printf '%s\t%s\t%s\n' "${head:-changed}" $((SECONDS - start)) \
		"$(tail -n 1 "$kept/$1.log")" >"$kept/$1"
}

head=$(commit)
passed=0 failed=0
names=${*:-$(cut -f 1 <<<"$steps")}
for name in $names; do
	words=$(sed -n "s/^$name	//p" <<<"$steps")
	if [ -z "$words" ]; then
		echo "proof: no step is called \"$name\"" >&2
		exit 64
	fi
	# shellcheck disable=SC2086 # a target and its variables
	if is_done "$name"; then
		echo "$name: done at this commit"
	elif echo "$name: make $words" && ! run "$name" $words; then
		echo "$name: FAILED, see $kept/$name.log"
		tail -n 20 "$kept/$name.log"
	fi
done

printf '\n| step | seconds | what it said last |\n|---|---|---|\n'
for name in $names; do
	if [ -f "$kept/$name" ]; then
		IFS=$'\t' read -r _ seconds said <"$kept/$name"
		passed=$((passed + 1))
	else
		seconds='' said="FAILED: $(tail -n 1 "$kept/$name.log")"
		failed=$((failed + 1))
	fi
	echo "| $name | $seconds | ${said//|/\\|} |"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
