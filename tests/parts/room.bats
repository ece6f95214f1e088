#!/usr/bin/env bats
# Whether servers take as many connections as parts are brought at a time is said beforehand.
# shellcheck disable=SC2154 # bats' and fresh_db's variables

load ../lib/common
load ../lib/parts

setup_file()
{
	own_server 'max_connections = 10'
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
