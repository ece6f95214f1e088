#!/usr/bin/env bats
# What the receipt of a run in parts says where the run fails.

load ../lib/common
load ../lib/faults
load ../lib/parts

setup()
{
	make_source
	cd "$BATS_TEST_TMPDIR" || return
}

# run_parts [LOAD-OPTION...]: of t, with a receipt
run_parts()
{
	try portl run -j 2 --summary=sum -d "$src" -t t --parts=4 "${by[@]}" -- -d "$dst" "$@"
}

@test "a run that fails before its first part has an error in its receipt" {
	try portl run -j 2 --summary=sum -d dbname=nobody_has_it -t t --parts=4 -- -d "$dst" --create
	assert_status 2
	jq -e '.status == 2 and (.error.message | length > 0) and .committed == false' sum
	run_parts
	assert_status 5
	jq -e '.status == 5 and (.error.message | length > 0)' sum
	try portl run -j 2 --summary=sum -d "$src" -t t --limit=3 --parts=2 -- -d "$dst" --create
	assert_status 64
	jq -e '.status == 64 and (.error.message | length > 0)' sum
}

@test "its relation is the target's, as that of one pipe" {
	run_parts --create -t copy
	assert_status 0
	jq -e '.relation == "public.copy" and .error == null' sum
}

@test "parts that are committed by themselves are in, though the run has failed" {
	q "$dst" "CREATE TABLE copy (id int, v text);
		CREATE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
			IF EXISTS (SELECT FROM copy) THEN RAISE ''once''; END IF; RETURN NULL; END';
		CREATE TRIGGER once BEFORE INSERT ON copy EXECUTE FUNCTION once()"
	try portl run --summary=sum -d "$src" -t t --parts=4 "${by[@]}" -- -d "$dst" --commit=part -t copy
	assert_status 1
	assert_eq "$(jq -c '[.status, .committed, .rows.inserted]' sum)" "[1,true,$(q "$dst" 'SELECT count(*) FROM copy')]"
	[ "$(jq .rows.inserted sum)" -gt 0 ]
}

@test "a run that a signal ends says which" {
	local signal

	q "$dst" 'CREATE TABLE copy (id int, v text)'
	for signal in INT TERM HUP; do
		hold "$dst" 'BEGIN; LOCK TABLE copy'
		start run portl run -j 2 --summary=sum -d "$src" -t t --parts=4 "${by[@]}" -- -d "$dst" -t copy --commit=part
		backend_does "$dst" portl-load "$waits_for_lock"
		kill -$signal "$pid_run"
		finish run
		release
		[ "$status" -gt 128 ]
		assert_eq "$(jq .status sum)" "$status"
	done
}
