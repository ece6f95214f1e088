#!/usr/bin/env bats
# `make scale` in small, and what happens at PostgreSQL's own limit of 1 GB.

load ../lib/common

@test "memory does not grow with the rows, and large values arrive" {
	needs_own_memory
	needs 14 pg_stat_progress_copy
	SCALE_PARTS="rows fields" SCALE_ROWS=4000000 SCALE_FIELD=4000000 try "$ROOT/tests/scale.sh"
	assert_status 0
	assert_out_has 'flat: '
	assert_eq "$(grep -c ' arrived; ' <<<"$output")" 4
}

@test "a program whose memory grows does not pass for flat" {
	local programs=$BATS_TEST_TMPDIR/programs

	needs_own_memory
	needs 14 pg_stat_progress_copy
	mkdir "$programs"
	ln -s "$BUILD/portl-extract" "$programs"
	cat >"$programs/portl-load" <<END
#!/usr/bin/python3
import subprocess, sys
load = subprocess.Popen(["$BUILD/portl-load"] + sys.argv[1:], stdin=subprocess.PIPE)
kept = []
while block := sys.stdin.buffer.read(65536):
    kept.append(block)
    load.stdin.write(block)
load.stdin.close()
sys.exit(load.wait())
END
	chmod +x "$programs/portl-load"
	BUILD=$programs SCALE_PARTS=rows SCALE_ROWS=4000000 try "$ROOT/tests/scale.sh"
	assert_status 1
	assert_stderr_has 'scale: memory grows'
}

@test "what PostgreSQL cannot take, for it has 1 GB or more, is refused with a hint" {
	fresh_db db
	try portl-extract -d "$db" -o /dev/null -c "SELECT format('%1073741824s', '') AS wide"
	assert_status 1
	assert_stderr_has 'hint: PostgreSQL takes no row of 1 GB or more'
}
