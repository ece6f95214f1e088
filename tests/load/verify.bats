#!/usr/bin/env bats
# --verify: the verdict is true, nothing is written, and each row that differs is named.
# shellcheck disable=SC2016,SC2034,SC2154 # jq's and SQL's dollars; fresh_db's variables

load ../lib/common
load ../lib/meanwhile

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# verify OPTION... [-- OPTION...]: compare table t of $src with $dst; extract's options, load's.
# Sets counts: "equal missing extra different merged" of the receipt and the plan.
verify()
{
	local -a from=() to=()

	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		from+=("$1")
		shift
	done
	to=("${@:2}")
	rm -f diff.ndjson
	portl-extract -d "$src" "${from[@]}" >stream || return
	try portl-load -d "$dst" --verify --differences=diff.ndjson --summary=sum.json --log-file=log --log-format=json \
		"${to[@]}" stream
	counts=$(jq -r '.verified | "\(.equal) \(.missing) \(.extra) \(.different)"' sum.json)
	merged=$(jq -r 'select(.event == "plan") | .merged' log | tail -n 1)
	rm -f log
}

both()
{
	q "$src" "$1"
	q "$dst" "$1"
}

@test "equal rows, in order and staged; a missing, an extra and a different one" {
	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY, a text, b numeric); INSERT INTO t SELECT i, i::text, i / 3.0 FROM generate_series(1, 1000) i'
	for options in --order=key '' '--values=text --order=key' '-F ndjson'; do
		# shellcheck disable=SC2086 # words
		verify -t t $options
		assert_status 0
		assert_eq "$counts" '1000 0 0 0'
		assert_eq "$(wc -c <diff.ndjson)" 0
		[[ $options != *order* ]] || assert_eq "$merged" true
		[[ $options == *order* ]] || assert_eq "$merged" false
	done
	q "$dst" "DELETE FROM t WHERE id = 10; INSERT INTO t VALUES (0, 'x', 1), (2000, NULL, 1);
		UPDATE t SET b = NULL WHERE id = 500; UPDATE t SET a = '', b = b + 1 WHERE id = 1000"
	for options in --order=key '' '--values=text --order=key' '-F ndjson'; do
		# shellcheck disable=SC2086 # words
		verify -t t $options
		assert_status 6
		assert_eq "$counts" '997 1 2 2'
		assert_stderr_has 'public.t differs from the stream: 1 missing, 2 extra, 2 different, 997 equal'
		assert_eq "$(LC_ALL=C sort diff.ndjson)" '{"kind":"different","relation":"public.t","key":{"id":1000},"columns":["a","b"]}
{"kind":"different","relation":"public.t","key":{"id":500},"columns":["b"]}
{"kind":"extra","relation":"public.t","key":{"id":0}}
{"kind":"extra","relation":"public.t","key":{"id":2000}}
{"kind":"missing","relation":"public.t","key":{"id":10}}'
	done
}
