#!/usr/bin/env bats
# Slices of the random tables and sets; `make random` and `make sets` carry many more.

load ../lib/common

@test "random tables arrive bit by bit, there and back, in every form" {
	run python3 "$ROOT/tests/property/tables.py" --jobs 1 --seed 1 --cases "$(under_asan && echo 6 || echo 8)"
	echo "$output" | tail -n 60
	[ "$status" -eq 0 ]
}

@test "random schemas arrive as sets, or are refused because they have to be" {
	run python3 "$ROOT/tests/property/sets.py" --seed 1 --cases 12
	echo "$output" | tail -n 60
	[ "$status" -eq 0 ]
}
