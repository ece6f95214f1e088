#!/usr/bin/env bats
# `make bench` at a thousandth of its size: every group runs to its end and reports each
# of its figures.  What the figures are is not looked at: the machine is busy with tests.

load ../lib/common

# bench GROUPS [RUNS]: run these, on one server.
bench()
{
	BENCH=$1 BENCH_SCALE=0.001 BENCH_RUNS=${2:-1} BENCH_BUFFERS=16MB "$ROOT/tests/bench/run.sh"
}

# The groups of figures share a server, which takes as long as most of them.
setup_file()
{
	local status=0

	cd "$BATS_FILE_TMPDIR" || return
	bench 'pipe upsert sets parts ways verify again' >output 2>stderr || status=$?
	echo $status >status
	cp "$BUILD/bench/result.json" .
}

# has_rows GROUP NUMBER: it has run, and has so many figures; output is what was said.
has_rows()
{
	cd "$BATS_FILE_TMPDIR" || return
	status=$(<status) output=$(<output)
	# shellcheck disable=SC2034 # shown with what fails
	stderr=$(<stderr)
	assert_status 0
	rows=$(jq -c --arg group "$1" '.rows[] | select(.group == $group)' result.json)
	assert_eq "$(jq -s 'map(select(.portl > 0 and (.ratio == null or (.ratio > 0 and .rival > 0)))) | length' <<<"$rows")" "$2"
	assert_eq "$(wc -l <<<"$rows")" "$2"
}

@test "the pipe's benchmark compares time, CPU, --create and memory" {
	has_rows pipe 20
	assert_out_has 'PostgreSQL'
	assert_out_has 'shared_buffers = 16MB'
	assert_out_has '1000 mixed rows: CPU of both programs'
	assert_out_has 'empty table: end to end'
	assert_out_has 'peak memory of portl-load'
}

@test "the upsert's benchmark tells two ratios that have no limit" {
	has_rows upsert 14
	assert_eq "$(jq -r 'select(.limit == null) | "\(.what | sub(".*, "; "")) \(.ok)"' <<<"$rows")" \
		$'against INSERTs of 1,000 rows made by the source null\nagainst INSERTs of 1,000 rows from a file null'
	assert_out_has 'INSERTs of 1,000 rows by a client'
}

@test "the sets' benchmark compares a loop of pipes, pg_dump and keys checked behind all rows" {
	command -v pgcopydb >/dev/null || cells=12
	has_rows sets "${cells:-13}"
	assert_out_has 'against a loop of single pipes'
}

@test "the parts' benchmark has files, the way as a whole, the servers' CPU and publication" {
	command -v pgcopydb >/dev/null || cells=16
	has_rows parts "${cells:-18}"
	assert_out_has 'publication by rename'
	assert_out_has 'run -j 2 against one pipe, CPU of all'
	assert_out_has 'pg_restore -j2'
}

@test "the ways' benchmark has what the plan chooses beside one pipe and parts" {
	has_rows ways 5
	assert_out_has 'run -j 2 against two parts, seen at once'
}

@test "the comparison's benchmark has its time, CPU and memory" {
	has_rows verify 6
	assert_out_has 'verify against load into a keyed table'
}

@test "the benchmark of second runs compares what changed with all rows" {
	has_rows again 6
	assert_out_has '--delete against without'
}

# cells ACTION: the contestants of the one cell of that action, `name state` each.
cells()
{
	jq -r --arg action "$1" '.rivals[] | select(.action == $action) | .contestants[] |
		"\(.name) \(.state)"' "$BUILD/bench/result.json"
}

# links: a PATH of links to all that is installed, to take some away.
links()
{
	rm -rf "${SUITE_CLUSTER:?}/bin"
	mkdir "$SUITE_CLUSTER/bin"
	ln -s /usr/bin/* "$SUITE_CLUSTER/bin"
	PATH="$SUITE_CLUSTER/bin:/usr/sbin:/sbin"
}

@test "rivals take turns, have to bring every row, and are missing by name" {
	local -x BENCH_CELLS='upsert:narrow'

	try bench rivals
	assert_status 0
	assert_out_has 'upsert: 3000 narrow rows'
	assert_out_has 'above the floor'
	assert_eq "$(cells upsert)" $'portl measured\npsql_stage measured\ninserts measured\nfloor_to measured\nfloor_from measured'

	# Another round of that, and another cell; with all programs that are installed, but for
	# one, and one that does nothing and says that it did.
	links
	rm -f "$SUITE_CLUSTER/bin/pgloader"
	ln -sf /bin/true "$SUITE_CLUSTER/bin/pgcopydb"
	BENCH_ADD=1 BENCH_CELLS+=' create:narrow' try bench rivals
	assert_status 0
	assert_out_has 'missing, and not counted as beaten: pgloader'
	assert_eq "$(jq -c '.rivals | map([.action, .rounds]) | sort' "$BUILD/bench/result.json")" \
		'[["create",1],["upsert",2]]'
	cells create >"$BATS_TEST_TMPDIR/states"
	grep -qx 'pgloader missing' "$BATS_TEST_TMPDIR/states"
	grep -qx 'pgcopydb failed' "$BATS_TEST_TMPDIR/states"
	assert_out_has 'failed in 1 of 1 rounds: ERROR:  relation "narrow" does not exist'
	for name in portl psql_binary psql_text pg_dump inserts floor_to floor_from; do
		grep -qx "$name measured" "$BATS_TEST_TMPDIR/states"
	done
	assert_eq "$(jq '[.rivals[].contestants[] | select(.state == "measured") | select(.wall > 0 and .cpu >= 0 and
		.rss > 1 and .times > 0 and .wall_min <= .wall_max | not)] | length' "$BUILD/bench/result.json")" 0
}

@test "a rival that fails in some rounds has the figures of the others, and the report says so" {
	links
	# only the first time it works
	cat >"$SUITE_CLUSTER/clone" <<-EOF
		#!/bin/sh
		mkdir "$BATS_TEST_TMPDIR/once" 2>/dev/null || { echo 'Heap exhausted, game over.'; exit 1; }
		pg_dump -d src | psql -Xq -d dst
	EOF
	chmod +x "$SUITE_CLUSTER/clone"
	ln -sf "$SUITE_CLUSTER/clone" "$SUITE_CLUSTER/bin/pgcopydb"
	BENCH_CELLS='create:narrow' try bench rivals 2
	assert_status 0
	assert_out_has 'failed in 1 of 2 rounds: Heap exhausted, game over.'
	assert_out_has 'failed, and measured by its other rounds, if any: pgcopydb clone (create: 3000 narrow rows, 1 of 2 rounds)'
	assert_stderr_lacks 'jq:'
	assert_eq "$(jq -c '.rivals[].contestants[] | select(.name == "pgcopydb") | [.state, .rounds, .failed, .why, .wall > 0,
		(.wall - .wall_min | fabs) < 0.001, .rss > 1, .times > 0]' "$BUILD/bench/result.json")" \
		'["measured",2,1,"Heap exhausted, game over.",true,true,true,true]'
	# and the file that has this keeps what is added
	BENCH_ADD=1 BENCH_CELLS='create:narrow' try bench rivals
	assert_status 0
	assert_out_has 'failed in 2 of 3 rounds'
}
