#!/bin/bash
# proof.sh [STEP...]: all campaigns whole, or these, one after the other: `make proof`.
#
# What a step said last is kept in build/proof/STEP with the commit and the seconds it took.
# A step that is done is run again when the programs' sources have changed, or what it has of
# its own below tests/; so after an interruption, or a commit of other things, the same command
# goes on where it was.  One that failed is run again.  Of a work tree with changes nothing is
# kept.  The table comes at the end; the last line is `N passed, N failed`.
set -u
cd "$(dirname "$0")/.." || exit
kept=${BUILD:-build}/proof
mkdir -p "$kept"

# STEP, where it stands, TARGET and variables; the short ones first.
steps='hostile	tests/property/hostile.py	hostile HOSTILE_CASES=5000
meanwhile	tests/property/meanwhile.py	meanwhile MEANWHILE_CASES=2000
names	tests/property/names.py	names NAMES_CASES=2000
costs	tests/property/costs.py	costs COSTS_CASES=500
verify	tests/property/verify.py	verify VERIFY_CASES=500
sets	tests/property/sets.py	sets SETS_CASES=300
conflict	tests/property/conflict.py	property PROPERTY=conflict PROPERTY_CASES=2000
rejects	tests/property/rejects.py	property PROPERTY=rejects PROPERTY_CASES=2000
random	tests/property/tables.py	random RANDOM_TABLES=2000
plans	tests/property/plans.py	plans PLANS_CASES=500
plans-own	tests/property/plans.py	plans PLANS_CASES=200 CALM=own
plans-held	tests/property/plans.py	plans PLANS_CASES=200 CALM=held
since	tests/since	since SINCE_SECONDS=600
check	tests	check
recipes	tests/recipes	deps-mariadb mariadb
asan	tests	asan
matrix	tests	matrix
regress	tests/regress	regress
valgrind	tests	valgrind
coverage	tests	deps-coverage coverage
faults	tests/faults	faults FAULT_RUNS=3000 SWEEP=none
sweep	tests/faults	faults SWEEP=all
calls	tests/calls	calls CALLS=3000
scale	tests	scale SCALE_ROWS=100000000'
for fuzzer in tests/fuzz/fuzz_*.c; do
	fuzzer=$(basename "$fuzzer" .c)
	steps+=$'\n'"${fuzzer/_/-}	tests/fuzz	fuzz FUZZ=${fuzzer#fuzz_} FUZZ_RUNS=10000000"
done

# field N STEP: of the list above.
field()
{
	awk -F '\t' -v n="$1" -v step="$2" '$1 == step { print $n }' <<<"$steps"
}

# made_of FUZZER: the sources of the objects that the linker took, as the debugger's
# information names them, their headers, and what else a run of it rests on.
made_of()
{
	local out=${BUILD:-build}/fuzz source

	echo tests/fuzz/run.sh "tests/fuzz/corpus/${1#fuzz_}"
	readelf --debug-dump=info --dwarf-depth=1 "$out/fuzz/$1" |
		sed -n 's/.*DW_AT_name .*: \(.*\)\.c$/\1/p' |
		while read -r source; do
			cat "$out/obj/$source.d"
		done | grep -oP '(^| )\K(common|extract|load|tests)/[^\s:]+'
}

# imported SCRIPT: it, the modules beside it that it imports, and what starts it.
imported()
{
	python3 -c '
import modulefinder, os, sys
here = os.path.dirname(sys.argv[1])
finder = modulefinder.ModuleFinder([here])
finder.run_script(sys.argv[1])
print(here + "/run.sh", *(os.path.relpath(m.__file__) for m in finder.modules.values() if m.__file__))' "$1"
}

# sources STEP: what it is about; of a fuzzer that has been run, what it was made of then.
sources()
{
	local own

	own=$(field 2 "$1")
	if [[ $1 != fuzz-* ]]; then
		[[ $own != *.py ]] || own=$(imported "$own")
		echo common extract load "$own"
	elif [ -f "$kept/$1.sources" ]; then
		cat "$kept/$1.sources"
	fi
}

# of STEP [COMMIT]: the commit, and the sources it is about, if all of them are committed.
of()
{
	local paths commit=${2:-HEAD}

	read -ra paths < <(tr '\n' ' ' < <(sources "$1"))
	[ ${#paths[@]} -gt 0 ] &&
		git diff --quiet "$commit" -- "${paths[@]}" 2>&1 &&
		printf '%s %s\n' "$(git rev-parse --short "$commit")" \
			"$(git rev-parse "${paths[@]/#/$commit:}" 2>&1 | git hash-object --stdin)"
}

# is_done STEP: of these sources.
is_done()
{
	local of at

	of=$(of "$1") && [ -f "$kept/$1" ] && read -r _ at _ <"$kept/$1" && [ "$at" = "${of#* }" ]
}

# run STEP TARGET VARIABLE...: nothing is kept of one that fails but its output.
run()
{
	local start=$SECONDS of commit

	commit=$(git rev-parse HEAD)
	rm -f "$kept/$1"
	"${MAKE:-make}" --no-print-directory "${@:2}" >"$kept/$1.log" 2>&1 </dev/null || return
	[[ $1 != fuzz-* ]] || made_of "${1/-/_}" | sort -u >"$kept/$1.sources"
	of=$(of "$1" "$commit") || of='changed -'
	printf '%s\t%s\t%s\n' "$of" $((SECONDS - start)) \
		"$(tail -n 1 "$kept/$1.log")" >"$kept/$1"
}

passed=0 failed=0
names=${*:-$(cut -f 1 <<<"$steps")}
for name in $names; do
	words=$(field 3 "$name")
	if [ -z "$words" ]; then
		echo "proof: no step is called \"$name\"" >&2
		exit 64
	fi
	# shellcheck disable=SC2086 # a target and its variables
	if is_done "$name"; then
		echo "$name: done"
	elif echo "$name: make $words" && ! run "$name" $words; then
		echo "$name: FAILED, see $kept/$name.log"
		tail -n 20 "$kept/$name.log"
	fi
done

printf '\n| step | commit | seconds | what it said last |\n|---|---|---|---|\n'
for name in $names; do
	if [ -f "$kept/$name" ]; then
		IFS=$'\t' read -r at seconds said <"$kept/$name"
		passed=$((passed + 1))
	else
		at='' seconds='' said="FAILED: $(tail -n 1 "$kept/$name.log")"
		failed=$((failed + 1))
	fi
	echo "| $name | ${at% *} | $seconds | ${said//|/\\|} |"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
