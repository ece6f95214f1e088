#!/usr/bin/env bats
# A slice of the random cases; `make property` runs many more.

load ../lib/common

@test "random tables: equal to what was loaded of them, until a row is changed, missing or extra" {
	run python3 "$ROOT/tests/property/verify.py" --jobs 1 --seed 1 --cases "$(under_asan && echo 4 || echo 6)"
	echo "$output" | tail -n 60
	[ "$status" -eq 0 ]
}

@test "random loads do what a plain model of rows applied one by one does" {
	fresh_db p
	PGDATABASE=$p run python3 "$ROOT/tests/property/conflict.py" --seed 1 --cases "$(under_asan && echo 15 || echo 20)"
	echo "$output" | tail -n 60
	[ "$status" -eq 0 ]
}
