#!/usr/bin/env bats
# `make bench` at a thousandth of its size: every group runs to its end and reports each
# of its figures.  What the figures are is not looked at: the machine is busy with tests.

load lib/common

# bench GROUP: run it; its rows as JSON lines are in $rows.
bench()
{
	local -x BENCH=$1 BENCH_SCALE=0.001 BENCH_RUNS=1

	try "$ROOT/tests/bench/run.sh"
	assert_status 0
	rows=$(jq -c '.rows[]' "$BUILD/bench/result.json")
}

# has_rows GROUP NUMBER: so many, all with figures.
has_rows()
{
	assert_eq "$(jq -s "map(select(.group == \"$1\" and .portl > 0 and
		(.ratio == null or (.ratio > 0 and .rival > 0)))) | length" <<<"$rows")" "$2"
	assert_eq "$(wc -l <<<"$rows")" "$2"
}

@test "the pipe's benchmark compares time, CPU, --create and memory" {
	bench pipe
	has_rows pipe 14
	assert_out_has 'PostgreSQL'
	assert_out_has 'shared_buffers = 512MB'
	assert_out_has '1000 mixed rows: CPU of both programs'
	assert_out_has 'empty table: end to end'
	assert_out_has 'peak memory of portl-load'
}
