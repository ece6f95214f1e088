#!/usr/bin/env bats
# A slice of the random tables; `make random` carries many more.

load ../lib/common

@test "random tables arrive bit by bit, there and back, in every form" {
	run python3 "$ROOT/tests/property/tables.py" --jobs 1 --seed 1 --cases "$(under_asan && echo 6 || echo 8)"
	echo "$output" | tail -n 60
	[ "$status" -eq 0 ]
}
