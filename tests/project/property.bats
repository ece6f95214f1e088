#!/usr/bin/env bats
# A slice of the random cases; `make property` runs many more.

load ../lib/common

@test "random loads do what a plain model of rows applied one by one does" {
	fresh_db p
	PGDATABASE=$p run python3 "$ROOT/tests/property/conflict.py" --seed 1 --cases "$(under_asan && echo 20 || echo 30)"
	echo "$output" | tail -n 60
	[ "$status" -eq 0 ]
}
