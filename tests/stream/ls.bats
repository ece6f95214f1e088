#!/usr/bin/env bats
# portl ls: what is in streams and whether they are whole, without a server.

load ../lib/common

setup()
{
	printf 'id,name\n1,x\n2,y\n' >"$T/c.csv"
	portl-extract --csv="$T/c.csv" -o "$T/s"
}

# states: what the last portl-ls --json has found
states()
{
	jq -r .state <<<"$output" | paste -sd ' '
}

@test "a stream, compressed or not, binary or NDJSON, is whole; a part of it is cut; a changed one damaged" {
	local size at

	portl-extract --csv="$T/c.csv" -Z zstd -o "$T/z"
	portl-extract --csv="$T/c.csv" -F ndjson -o "$T/n"
	try portl ls --json "$T/s" "$T/z" "$T/n"
	assert_status 0
	assert_eq "$(states)" 'whole whole whole'
	assert_eq "$(jq -c '[.rows, [.columns[].name], .values, .xxh3 != null]' <<<"$output" | uniq)" '[2,["id","name"],"text",true]'
	assert_eq "$(jq -r .rows_digest <<<"$output" | uniq)" "$(portl-extract --csv="$T/c.csv" --digest-only | cut -d ' ' -f 1)"
	assert_eq "$(jq -r '.bytes' <<<"$output" | head -n 1)" "$(stat -c %s "$T/s")"
	[[ $(jq -r .created <<<"$output" | head -n 1) =~ ^20..-..-..T..:..:..Z$ ]]
	for form in s n; do
		size=$(stat -c %s "$T/$form")
		for at in 30 $((size / 2)) $((size - 130)) $((size - 1)); do
			head -c "$at" "$T/$form" >"$T/part"
			try portl ls --json "$T/part"
			assert_status 4
			assert_eq "$form $at $(states) $(jq -c '[.xxh3, .rows_digest]' <<<"$output")" "$form $at cut [null,null]"
		done
		perl -0777 -pe 's/x(.*)y/y$1x/s' "$T/$form" >"$T/damaged"
		try portl ls --json - <"$T/damaged"
		assert_status 4
		assert_eq "$(states)" damaged
		cat "$T/$form" <(echo) >"$T/longer"
		try portl ls --json "$T/longer"
		assert_status 4
		assert_eq "$(states)" damaged
	done
}

@test "several files: all are said, the status is the worst" {
	head -c 100 "$T/s" >"$T/part"
	try portl ls --json "$T/part" "$T/s"
	assert_status 4
	assert_eq "$(states)" 'cut whole'
	try portl ls --json "$T/s" "$T/none" "$T/s"
	assert_status 1
	assert_eq "$(states)" 'whole whole'
	assert_stderr_has 'could not open'
	: >"$T/empty"
	try portl ls "$T/empty"
	assert_status 4
	try portl ls "$T/s" </dev/null
	assert_status 0
	[[ $output == 'whole '*' 2 rows '*" $T/s" ]]
	try portl-ls --jsn "$T/s"
	assert_status 64
}

@test "bare streams and plain files are bare; what a writer gave up is aborted" {
	portl-extract --csv="$T/c.csv" --bare -o "$T/b"
	printf '{"a":1}\n{"a":"x"}\n' >"$T/j"
	printf '{"a":1}\n{"b":2}\n' >"$T/k"
	try portl ls --json "$T/b" "$T/j" "$T/k"
	assert_status 0
	assert_eq "$(states)" 'bare bare bare'
	assert_eq "$(jq -c '[.rows, .faults]' <<<"$output" | paste -sd ' ')" '[2,null] [2,null] [2,1]'
	printf 'id,n\n1,2\n3\n' >"$T/bad.csv"
	try_sh "portl-extract --csv='$T/bad.csv' 2>/dev/null | portl ls --json"
	assert_status 4
	assert_eq "$(states)" aborted
	assert_stderr_has 'upstream failed'
}

@test "a set: each member, from which server, and the one in front of which it ends" {
	fresh_db a
	q "$a" "CREATE TABLE m (i int, \"n$(printf '\033')[31m\" text); INSERT INTO m VALUES (1, 'x'); CREATE TABLE n (d date)"
	portl-extract -d "$a" -t m -t n -o "$T/set"
	try portl ls --json "$T/set"
	assert_status 0
	assert_eq "$(jq -c '[.state, .relation.name, .rows, .set.number, .set.of, .server_version > 0]' <<<"$output" | paste -sd ' ')" \
		'["whole","m",1,1,2,true] ["whole","n",0,2,2,true]'
	try portl ls -v "$T/set"
	assert_status 0
	[[ $output == *' PostgreSQL '*' public.m '* && $output == *'    d date'* ]]
	[[ $output != *$'\e'* && $output == *'n\u001b[31m text'* ]]
	head -c -150 "$T/set" >"$T/part"
	try portl ls --json "$T/part"
	assert_status 4
	assert_eq "$(states)" 'whole cut'
	assert_eq "$(jq -r '.relation.name' <<<"$output" | tail -n 1)" n
}

@test "a reader that has seen enough ends the list, without a word" {
	local -a files

	portl-extract --csv=/dev/stdin <<<$'a\n1' >"$T/s"
	mapfile -t files < <(yes "$T/s" | head -n 1000)
	set +o pipefail
	portl ls --json "${files[@]}" 2>"$T/err" | head -n 1 | grep -q whole
	assert_eq "${PIPESTATUS[0]} $(cat "$T/err")" '141 '
}

@test "it needs nothing of libpq, whose libraries take longer to load than a small stream" {
	for program in portl portl-ls; do
		try ldd "$BUILD/$program"
		assert_status 0
		[[ $output == *libjansson* && $output != *libpq* ]] || fail "$program: $output"
	done
}

@test "a connection string in place of a file is not shown" {
	try portl-ls 'postgres://u:hush@h/db'
	assert_status 64
	assert_stderr_has 'a connection string'
	[[ $stderr != *hush* ]] || fail "$stderr"
}
