#!/bin/bash
# check.sh BUILD [NAME...]: run the unit tests and the bats suite against a build, or just
# what is named: a bats file by its path or its name (stream/stream.bats, stream.bats,
# stream), a folder of them (stream/), a unit test (test_buf), all of these (unit).  The
# last line is `N passed, N failed`; the status is 0 only if something ran and nothing failed.
# EMULATOR runs the unit tests of another machine.
set -u
BUILD=$(cd "$1" && pwd) || exit
export BUILD
shift
cd "$(dirname "$0")" || exit

out=$BUILD/check
rm -rf "$out"
mkdir -p "$out/san"
chmod 1777 "$out/san" # servers' users and ssh's write there as well
failed=() passed=0 skipped=0

# Sanitizers report to files (see below) and use a status that no test expects.
san="log_path=$out/san/report:exitcode=99:detect_leaks=1:abort_on_error=0"
export ASAN_OPTIONS="$san:detect_stack_use_after_return=1"
export UBSAN_OPTIONS="$san:print_stacktrace=1"
export LC_ALL=C.UTF-8 # names of tests are not all ASCII
export LEFT_OUT=$out/left_out # parts of tests that the server is too old for

# room_in_memory: are 6 GB free there, and twice that of memory, for all and for us?
room_in_memory()
{
	local free available limit

	free=$(df --output=avail -BG /dev/shm 2>/dev/null | tr -dc '0-9')
	available=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
	limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
	((${free:-0} >= 6 && ${available:-0} >= 12 << 20)) || return
	[ "$limit" = max ] || ((limit >= 12 << 30))
}

# Databases are made and dropped in half the time where files are in memory.
if [ -z "${TMPDIR:-}" ] && room_in_memory && ! findmnt -no OPTIONS /dev/shm | grep -qw noexec; then
	export TMPDIR=/dev/shm
fi

# count NAME FILE STATUS: add up one TAP file.  A missing plan, or a plan not
# fulfilled, is a failure as well: something died.
count()
{
	local ok bad skip plan

	ok=$(grep -c '^ok ' "$2")
	bad=$(grep -c '^not ok ' "$2")
	skip=$(grep -c '^ok .*# skip' "$2")
	plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$2" | tail -n 1)
	passed=$((passed + ok - skip))
	skipped=$((skipped + skip))
	while IFS= read -r line; do
		failed+=("$1: $line")
	done < <(grep '^not ok ' "$2")
	if [ "${plan:--}" != $((ok + bad)) ]; then
		failed+=("$1: ended after $((ok + bad)) of ${plan:-?} tests, status $3")
	elif [ "$3" -ne 0 ] && [ "$bad" -eq 0 ]; then
		failed+=("$1: status $3")
	fi
}

finish()
{
	local report

	for report in "$out"/san/*; do
		[ -s "$report" ] || continue
		cat "$report"
		failed+=("sanitizer: $report")
	done
	if ((${#failed[@]})); then
		printf '\nFAILED:\n'
		printf '  %s\n' "${failed[@]}"
	fi
	((skipped == 0)) || printf '\n%d skipped\n' "$skipped"
	[ ! -f "$LEFT_OUT" ] || printf '\n%d parts of tests left out:\n%s\n' "$(wc -l <"$LEFT_OUT")" \
		"$(sort "$LEFT_OUT" | sed 's/^/  /')"
	printf '\n%d passed, %d failed\n' "$passed" "${#failed[@]}"
	((passed > 0 && ${#failed[@]} == 0))
	exit
}

# The running tests are a process group of their own (set -m): tell them first.
# shellcheck disable=SC2317 # called by the trap
interrupted()
{
	local group

	for group in $(jobs -p); do
		kill -TERM -- "-$group"
	done
	wait
	failed+=(interrupted)
	finish
}

trap interrupted HUP INT TERM
set -m

all_units()
{
	local test

	for test in unit/test_*.c; do
		units+=("$(basename "$test" .c)")
	done
}

# find_tests NAME...: add each to units or to bats_files.
units=() bats_files=()
find_tests()
{
	local name found

	for name in "$@"; do
		if [ "$name" = unit ]; then
			all_units
			continue
		elif [[ $name == test_* ]] && [ -f "unit/$name.c" ]; then
			units+=("$name")
			continue
		elif [[ $name == */ ]]; then
			found=("$name"*.bats)
		elif [ -f "$name" ]; then
			found=("$name")
		else
			mapfile -t found < <(find . -name "$(basename "$name" .bats).bats" -printf '%P\n')
		fi
		if [ ${#found[@]} -eq 0 ] || [ ! -f "${found[0]}" ]; then
			failed+=("$name: there is no such test")
		else
			bats_files+=("${found[@]}")
		fi
	done
}

run_units()
{
	local test

	for test in "${units[@]}"; do
		${EMULATOR:-} "$BUILD/unit/$test" >"$out/$test.tap" 2>"$out/$test.err" </dev/null
		echo $? >"$out/$test.status"
	done
}

count_units()
{
	local test status

	for test in "${units[@]}"; do
		status=$(cat "$out/$test.status")
		count "$test" "$out/$test.tap" "$status"
		if [ "$status" -ne 0 ]; then
			echo "unit/$test: status $status"
			grep -A4 '^not ok' "$out/$test.tap"
			tail -n 20 "$out/$test.err"
		fi
	done
	echo "unit tests: $passed passed"
}

# Files run side by side; within a file one test follows the other.  Tests wait a lot, for
# which there are two jobs more than there are processors.
run_bats()
{
	local suite

	suite=$(dirname "${bats_files[0]}")/setup_suite.bash
	[ -f "$suite" ] || suite=./setup_suite.bash
	{
		bats --setup-suite-file "$suite" --jobs "$(($(nproc) + 2))" --no-parallelize-within-files \
			--timing --formatter tap "${bats_files[@]}"
		echo $? >"$out/bats.status"
	} </dev/null | tee "$out/bats.tap"
}

if (($# == 0)); then
	all_units
	# What stands in bench/, matrix/ and recipes/ has targets of its own; see campaigns.mk.
	# Those of many tests first, so that none is left alone in the end; before them the one
	# that waits for most of its time.
	mapfile -t bats_files < <(find . -name '*.bats' ! -path './bench/*' ! -path './matrix/*' \
		! -path './recipes/*' -printf '%P\n' | xargs grep -c '^@test' |
		sed 's,^parts/slurm.*:,&99,' | sort -t : -k 2nr -k 1 | cut -d : -f 1)
else
	find_tests "$@"
fi

((${#bats_files[@]} == 0)) || run_bats &
bats=$!
((${#units[@]} == 0)) || run_units &
wait -f $! # not until they are stopped
((${#units[@]} == 0)) || count_units
wait -f "$bats"
((${#bats_files[@]} == 0)) || count bats "$out/bats.tap" "$(cat "$out/bats.status")"
finish
