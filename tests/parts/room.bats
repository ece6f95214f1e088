#!/usr/bin/env bats
# What servers have room for: connections, as many as parts are brought at a time, and locks.
# shellcheck disable=SC2154 # bats' and fresh_db's variables

load ../lib/common
load ../lib/parts

setup_file()
{
	own_server 'max_connections = 10' 'max_locks_per_transaction = 10'
}

teardown_file()
{
	cluster_drop "$own"
}

setup()
{
	make_source
	cd "$T" || return
}

@test "run -j and plan warn where either server has no room for so many parts, and go on" {
	try portl run -j 12 --parts=2 -d "$src" -t t -- -d "$dst" --create
	assert_status 0
	assert_eq "$(grep -cE "^portl-extract: warning: database \"$src\" has room for [0-9]+ connections, and 12 parts at a time need 13 with that of the snapshot$" <<<"$stderr")" 1
	assert_eq "$(grep -cE "^portl-load: warning: database \"$dst\" has room for [0-9]+ connections, and 12 parts at a time need 12$" <<<"$stderr")" 1
	same_table "$src" t "$dst" t
	try portl run -j 2 --parts=2 -d "$src" -t t -- -d "$dst" --conflict=overwrite
	assert_silent
	try portl plan -j 12 -o plan -d "$src" -t t -- -d "$dst" --conflict=overwrite
	assert_status 0
	assert_eq "$(grep -c 'warning: .* at a time need' <<<"$stderr")" 2
	assert_eq "$(grep -c at-once plan)" 0
}

@test "limits of a role and of a database count, for whoever is no superuser" {
	q postgres "DROP ROLE IF EXISTS few; CREATE ROLE few LOGIN CONNECTION LIMIT 3"
	q postgres "GRANT CREATE ON DATABASE $dst TO few"
	q "$dst" 'GRANT CREATE ON SCHEMA public TO few'
	portl-extract -d "$src" --make-plan --parts=4 -t t >draft
	for n in 3 4; do
		try portl-load -d "dbname='$dst' user=few" --make-plan --at-once="$n" -o plan --create draft
		assert_status 0
		[ "$n" = 4 ] || assert_silent
	done
	assert_stderr_has 'has room for 3 connections, and 4 parts at a time need 4'
	q postgres "ALTER DATABASE $dst CONNECTION LIMIT 2; ALTER ROLE few CONNECTION LIMIT -1"
	try portl-load -d "dbname='$dst' user=few" --make-plan --at-once=4 -o plan --create draft
	assert_stderr_has 'has room for'
	try portl-load -d "dbname='$dst'" --make-plan --at-once=4 -o plan --create draft
	assert_silent
	q postgres "ALTER DATABASE $dst CONNECTION LIMIT -1"
}

@test "--at-once is said of a plan that is made" {
	try portl-extract -d "$src" -t t --at-once=4
	assert_status 64
	try portl-load -d "$dst" --at-once=4 </dev/null
	assert_status 64
}

@test "a run of more tables than the server has locks for is removed all the same" {
	local drop run

	kind=own make_plan -t t -- --create
	run=$(jq -r .id "$plan")
	for drop in "--plan=$plan --drop-parts" "--drop-run=$run"; do
		bring 1
		psql -XAtq -d "$dst" <<-EOF
			SELECT format('CREATE TABLE portl_ledger.portl_${run}_%s (v text)', i) FROM generate_series(2, 700) i \gexec
		EOF
		q "$dst" "INSERT INTO portl_ledger.part (run, number, relation) SELECT '$run', i, i FROM generate_series(2, 700) i"
		try psql -XAtq -d "$dst" -c "DO 'BEGIN EXECUTE (SELECT ''DROP TABLE '' || string_agg(''portl_ledger.'' || relname, '', '')
			FROM pg_class WHERE relkind = ''r'' AND relname ~ ''^portl_$run''); END'"
		assert_stderr_has 'out of shared memory'
		# shellcheck disable=SC2086 # words
		portl-load -q -d "$dst" $drop
		assert_eq "$(left_of_run)" ''
		assert_eq "$(q "$dst" 'SELECT (SELECT count(*) FROM portl_ledger.part), (SELECT count(*) FROM portl_ledger.run)')" '0|0'
	done
}

@test "plan warns where one transaction cannot have the locks of all relations" {
	q "$src" "DO 'BEGIN FOR i IN 10..69 LOOP EXECUTE format(''CREATE TABLE m%s (id int)'', i); END LOOP; END'"
	try portl plan -o plan -d "$src" -t 'm[1-4]*' -t m50 -- -d "$dst" --create
	assert_silent
	try portl plan -o plan -d "$src" -t 'm*' -- -d "$dst" --create
	assert_status 0
	assert_stderr_has "60 relations are published by one transaction, which takes some 240 locks, and the server of database \"$dst\" is sure to have 200: max_locks_per_transaction may have to be raised"
}
