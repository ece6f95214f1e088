#!/usr/bin/env bats
# shellcheck disable=SC2016 # "$portl" is a key
# What a stream or a server says is shown, and not obeyed: no byte of it reaches a
# terminal as a command, and none begins a line that looks like a message of ours.

load ../lib/common

evil='\u001b[2J\u009b31m\r\nportl-load: error: forged\u202e\u007f'

setup()
{
	fresh_db a b
	cd "$BATS_TEST_TMPDIR" || return
}

# Neither standard error nor the log has anything that is obeyed or forged.
harmless()
{
	local file

	printf '%s' "$stderr" >stderr
	for file in stderr log; do
		[ -e $file ] || continue
		! LC_ALL=C grep -nP '[\x01-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' $file ||
			fail "$1: obeyed characters in $file"
		! grep -n '^portl-load: error: forged' $file || fail "$1: a forged line in $file"
	done
}

# load ARGUMENT...: load the stream in ./s, with both logs.
load_it()
{
	local format

	for format in text json; do
		rm -f log
		try portl-load -d "$b" -L log --log-format=$format "$@" s
		harmless "$what"
	done
	try portl-load -d "$b" --log-format=json "$@" s
	harmless "$what"
}

@test "each member of a header, whatever is in it" {
	local member option table

	q "$b" 'CREATE TABLE t (id int)'
	for member in producer run values encoding backend relation.schema relation.name name \
		type base collation types key xxh3 version; do
		what=$member
		printf '{"$portl":{"version":1,"columns":[{"name":"id","type":"integer"}],"values":"text"}}\n{"id":1}\n' |
			jq -c --argjson evil "\"$evil\"" --arg m "$member" '
				if has("$portl") | not then . else .["$portl"] |=
				if $m == "relation.schema" then .relation = {schema: $evil, name: "t"}
				elif $m == "relation.name" then .relation = {schema: "public", name: $evil}
				elif $m == "name" or $m == "type" or $m == "base" or $m == "collation" then .columns[0][$m] = $evil
				elif $m == "types" then .columns[0].type = "x.y" | .types = {"x.y": {kind: $evil, extension: $evil, base: $evil}}
				elif $m == "key" then .primary_key = [$evil]
				else .[$m] = $evil end end' >s
		printf '{"$portl":{"end":true,"rows":1,"xxh3":"0"}}\n' >>s
		[[ $member = relation.* ]] && table='' || table='-t t'
		# shellcheck disable=SC2086 # words
		load_it --edited $table -v
		for option in '-n --create' '--check=plan'; do
			# shellcheck disable=SC2086 # words
			try portl-load -d "$b" --log-format=json --edited $table $option s
			harmless "$what"
		done
	done
}

@test "the reason of an abort, keys of rows, what the server says of a value" {
	what=abort
	printf '{"$portl":{"abort":"%s","sqlstate":"\\u001b[2J","run":"%s"}}\n' "$evil" "$evil" >s
	load_it -t t
	assert_status 4
	assert_stderr_has 'upstream failed'
	q "$b" 'CREATE TABLE t (id int, note text CHECK (note IS NULL))'
	what=key
	printf '{"%s":1}\n' "$evil" >s
	load_it -t t --bare
	assert_status 5
	what=value
	printf '{"id":"%s"}\n' "$evil" >s
	load_it -t t --bare
	assert_status 1
	what=detail
	printf '{"id":1,"note":"%s"}\n' "$evil" >s
	load_it -t t --bare
	assert_status 1
	load_it -t t --bare --conflict=skip --key=id
}

@test "messages of the server, and names of files" {
	local level

	q "$b" 'CREATE TABLE t (id int)'
	for level in NOTICE WARNING EXCEPTION; do
		q "$b" "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS \$\$
			BEGIN RAISE $level '%', E'\\u001b[2J\\u009b31m\\r\\nportl-load: error: forged\\u202e\\u007f'
			  USING DETAIL = E'\\u001b\\nportl-load: error: forged', HINT = E'\\u001b\\nportl-load: error: forged'; RETURN NEW; END \$\$;
			DROP TRIGGER IF EXISTS f ON t;
			CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"
		what=$level
		printf '{"id":1}\n' >s
		load_it -t t --bare
	done
	what='a name of a file'
	try portl-load -d "$b" -t t "$(printf 'x\033[2J\nportl-load: error: forged')"
	assert_status 1
	harmless "$what"
}
