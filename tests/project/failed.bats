# What a failing test says: the file, the line, the command; and that it fails.
# shellcheck disable=SC2016 # small files expand it
load ../lib/common

# outcome DESCRIPTION: print what was told of this test, one line.
outcome()
{
	awk -v name="$1" '/^(not )?ok / { now = $0 ~ " " name "$" } now' <<<"$output"
}

# says DESCRIPTION LINE: the test failed with LINE.
says()
{
	[[ $(outcome "$1") == "not ok "*"$2"* ]] || fail "$1" "$(outcome "$1")" "want: $2"
}

# small FILE: run it without what this run put into the environment.
small()
{
	try env -i PATH=/usr/bin:/bin BUILD="$BUILD" LIB="$ROOT/tests/lib" ${LIMIT:+BATS_TEST_TIMEOUT="$LIMIT"} \
		"$BATS_ROOT/bin/bats" --formatter tap "$1"
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

@test "a test fails by each command that fails, and says where" {
	sed s/%/@/ >small.bats <<-'END' # bats looks here for tests, too
		load "$LIB/common"
		helper()
		{
			[ "$1" = "$2" ]
			true
		}
		setup()
		{
			[ "$BATS_TEST_DESCRIPTION" != setup ]
			true
		}
		teardown()
		{
			[ "$BATS_TEST_DESCRIPTION" != teardown ]
		}
		%test "brackets" {
			[[ a == b ]]
			true
		}
		%test "arithmetic" {
			((1 == 2))
			true
		}
		%test "program" {
			grep -q b <<<a
			true
		}
		%test "pipe" {
			true | false
			true
		}
		%test "helper" {
			helper a b
			true
		}
		%test "assertion" {
			try true
			assert_status 1
			true
		}
		%test "run" {
			run -3 true
			true
		}
		%test "subshell" {
			(
				helper a a
				false
			)
			true
		}
		%test "substitution" {
			local x
			x=$(false)
			true
		}
		%test "loop" {
			for i in 1 2; do
				helper "$i" 1
			done
			true
		}
		%test "list" {
			true &&
				false
			true
		}
		%test "query" {
			BATS_TEST_TMPDIR=/nowhere q nowhere 'SELECT 1'
			true
		}
		%test "setup" {
			true
		}
		%test "teardown" {
			true
		}
		%test "exit" {
			exit 0
		}
		%test "return" {
			return 3
		}
		%test "unset" {
			: "${nothing:?is missing}"
		}
		%test "passed" {
			try false
			! true
			helper a a
		}
	END
	small small.bats
	assert_status 1
	says brackets "(in test file small.bats, line 17)"$'\n'"#   \`[[ a == b ]]' failed"
	says arithmetic '(in test file small.bats, line 21)'
	says program '(in test file small.bats, line 25)'
	says pipe '(in test file small.bats, line 29)'
	says helper $'(from function `helper\' in file small.bats, line 4,\n#  in test file small.bats, line 33)'
	says assertion 'in test file small.bats, line 38)'
	says run "in test file small.bats, line 42)"$'\n'"#   \`run -3 true' failed, expected exit code 3, got 0"
	says subshell '(in test file small.bats, line 49)'
	says substitution '(in test file small.bats, line 54)'
	says loop $'line 4,\n#  in test file small.bats, line 59)'
	says list '(in test file small.bats, line 65)'
	says query 'in test file small.bats, line 69)'
	says setup 'in test file small.bats, line 9)'
	says teardown '(from function `teardown'\'' in test file small.bats, line 1' # its first or its last
	says exit 'small.bats, line 7'
	says return 'small.bats, line 8'
	says unset 'small.bats, line 8'
	assert_eq "$(outcome passed)" "ok 18 passed"
}

@test "what fails around the tests of a file says where" {
	for name in setup_file teardown_file; do
		printf '%s\n' 'load "$LIB/common"' "$name()" '{' '	true' '	[ "$X" = a ]' '}' '@test "t" { true; }' >small.bats
		small small.bats
		assert_status 1
		assert_out_has "$name failed"$'\n'"# (from function \`$name' in test file small.bats, line 5)"
	done
	printf '%s\n' 'load "$LIB/common"' 'false' '@test "t" { true; }' >small.bats
	small small.bats
	assert_status 1
	[[ $output$stderr == *'(in test file small.bats, line 2)'* ]]
}

@test "a test that is stopped by a limit of time says where" {
	# The FIFO that nobody writes to holds it.
	mkfifo fifo
	printf '%s\n' 'load "$LIB/common"' 'helper() { cat fifo; }' '@test "t" {' '	true' '	helper' '}' >small.bats
	LIMIT=1 small small.bats
	assert_status 1
	assert_out_has 'timeout after 1s'
	assert_out_has 'in test file small.bats, line 5)'
}
