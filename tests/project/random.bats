#!/usr/bin/env bats
# Slices of the random tables and sets, and of runs under writers; `make random`, `make sets` and
# `make since` and `make plans` carry many more.

load ../lib/common

@test "random tables arrive bit by bit, there and back, in every form" {
	run python3 "$ROOT/tests/property/tables.py" --jobs 1 --seed 1 --cases "$(under_asan && echo 4 || echo 6)"
	echo "$output" | tail -n 60
	[ "$status" -eq 0 ]
}

@test "random schemas arrive as sets, or are refused because they have to be" {
	run python3 "$ROOT/tests/property/sets.py" --seed 1 --cases 9
	echo "$output" | tail -n 60
	[ "$status" -eq 0 ]
}

@test "runs by xmin and by a cursor of xid8 miss nothing under writers, loads killed" {
	run env SEED=1 SINCE_SECONDS=5 SINCE_WRITERS=8 BUILD="$BUILD" "$ROOT/tests/since/run.sh"
	echo "$output" | tail -n 20
	[ "$status" -eq 0 ]
}

@test "plans of parts under writers, all that runs killed: old, then one snapshot, and nothing left" {
	run env BUILD="$BUILD" "$ROOT/tests/property/run.sh" plans --seed 1 --cases 2
	echo "$output" | tail -n 60
	[ "$status" -eq 0 ]
}

@test "the faults' judge sees a state that is ahead of its rows, and one that is behind" {
	run perl "$ROOT/tests/faults/judged.pl"
	assert_eq "$output" ok
	[ "$status" -eq 0 ]
}
