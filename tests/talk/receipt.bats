#!/usr/bin/env bats
# The receipt and the exit codes: what programs and people are told of a run.

load ../lib/common
load ../lib/faults

setup()
{
	fresh_db a b
	make_rows "$a" t 100
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, amount numeric, name text)'
}

# balanced FILE STATUS: one line of valid JSON, whose rows add up; of those of a run that has
# failed nothing is said, for nothing has become of them.
balanced()
{
	assert_eq "$(wc -l <"$1")" 1
	jq -e --argjson status "$2" '.tool == "portl-load" and .status == $status and (.version | length > 0)
		and (.run | test("^[0-9a-f]{16}$")) and (.seconds >= 0) and (.bytes >= 0)
		and (.rows | .inserted + .updated + .unchanged + .skipped + .rejected == if $status == 0 then .read else 0 end)
		and (.error == null) == ($status == 0)
		and (.started <= .finished) and (.finished | test("^20..-..-..T..:..:..Z$"))
		and (.committed == ($status == 0))' "$1" >/dev/null || fail "$(<"$1")"
}

@test "both sides agree on run, rows, bytes and digest" {
	try_sh "portl-extract -d '$a' -t t --summary='$T/x' | tee '$T/s' | portl-load -d '$b' --summary='$T/l'"
	assert_status 0
	assert_silent
	balanced "$T/l" 0
	both='[.run, .rows.read, .bytes, .xxh3, .relation, .dry_run]'
	assert_eq "$(jq -c "$both" "$T/x")" "$(jq -c "$both" "$T/l")"
	assert_eq "$(jq -r .bytes "$T/l")" "$(stat -c %s "$T/s")"
	assert_eq "$(jq -c '[.tool, .status, .rows, .committed]' "$T/x")" '["portl-extract",0,{"read":100},null]'
	assert_eq "$(jq -c '[.rows.read, .rows.inserted, .committed]' "$T/l")" '[100,100,true]'
	try_sh "head -c -20 '$T/s' | portl-load -d '$b' --summary='$T/l'"
	balanced "$T/l" 4
	assert_eq "$(jq -c '[.rows.read, .rows_digest]' "$T/l")" '[100,null]'
	q "$b" 'TRUNCATE t'
	try_sh "portl-extract -d '$a' -t t -Z zstd --summary='$T/x' | portl-load -d '$b' --summary='$T/l'"
	assert_eq "$(jq -c '[.rows.read, .bytes, .xxh3]' "$T/x")" "$(jq -c '[.rows.read, .bytes, .xxh3]' "$T/l")"
}

@test "text values, NDJSON and bare streams have one digest on both sides, too" {
	local form

	for form in --values=text --bare '-F ndjson' '-F ndjson --bare'; do
		q "$b" 'TRUNCATE t'
		try_sh "portl-extract -d '$a' -t t $form --summary='$T/x' |
			portl-load -d '$b' -t t $([[ $form != *--bare ]] || echo --bare) --summary='$T/l'"
		assert_status 0
		assert_eq "$form $(jq -r '.xxh3, .rows_digest' "$T/x")" "$form $(jq -r '.xxh3, .rows_digest' "$T/l")"
	done
}

@test "rows digest: equal for equal rows, whatever their order and the form between" {
	local form

	q "$a" "CREATE TABLE v (i int, b bool, n numeric, f float8, t text, d timestamptz, iv interval, y bytea,
			ia int[], ta text[], ba bool[], j json, jb jsonb, ja json[], jn json[], x box[], r int4range);
		INSERT INTO v VALUES (1, true, 1.50, 1e-7, E'a\tb\nc\\\\d\x01', now(), '1 mon', '\x00ff',
				'{{1,NULL},{3,4}}', E'{\"\",NULL,\"null\",\"a b\",\"a\\\\\"\\\\\\\\\b\n\"}', '{t,f,NULL}', E'{\"a\" :\n1}', '{\"a\":[1]}',
				array[E'[1,\n2]'::json, '\"x\"'], array[E'\n1'::json, NULL], '{(1,1),(0,0);(2,2),(1,1)}', '[1,3)'),
			(2, false, 'NaN', '-Infinity', '', 'infinity', '0', '', '{}', '{}', '[0:1]={t,f}', 'null', 'null', '{}', NULL, NULL, 'empty'),
			(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
		CREATE TABLE w AS TABLE v ORDER BY i DESC; CREATE TABLE twice AS TABLE v UNION ALL TABLE v"
	portl-extract -d "$a" -t v --where=false | portl-load -q -d "$b" --create
	for form in '' --values=text '-F ndjson'; do
		read -ra words <<<"$form"
		q "$b" 'TRUNCATE v'
		try_sh "portl-extract -d '$a' -t v $form --summary='$T/x' | tee '$T/s' | portl-load -d '$b' --map=b= --summary='$T/l'"
		assert_status 0
		digest=$(jq -r .rows_digest "$T/x")
		[[ $digest =~ ^$([[ -z $form ]] && echo binary || echo text):[0-9a-f]{32}$ ]]
		assert_eq "$form $(jq -r .rows_digest "$T/l")" "$form $digest"
		grep -qa "\"rows_digest\":\"$digest\"}" "$T/s"
		portl-extract -d "$a" -t w "${words[@]}" --summary="$T/x" >/dev/null
		assert_eq "$form $(jq -r .rows_digest "$T/x")" "$form $digest"
		portl-extract -d "$a" -t twice "${words[@]}" --summary="$T/x" >/dev/null
		[[ $(jq -r .rows_digest "$T/x") != "$digest" ]]
	done
	# but for json with newlines, text is text
	for form in --values=text '-F ndjson'; do
		read -ra words <<<"$form"
		portl-extract -d "$a" -t v --exclude-columns=j,ja,jn "${words[@]}" --summary="$T/$form" >/dev/null
	done
	assert_eq "$(jq -r .rows_digest "$T/--values=text")" "$(jq -r .rows_digest "$T/-F ndjson")"
}

@test "--digest-only: a line for people, and no stream" {
	portl-extract -d "$a" -t t --summary="$T/x" >/dev/null
	digest=$(jq -r .rows_digest "$T/x")
	try portl-extract -d "$a" -t t --digest-only --summary="$T/y"
	assert_status 0
	assert_eq "$output" "$digest  100  public.t"
	assert_eq "$(jq -c '[.rows.read, .xxh3, .rows_digest]' "$T/y")" "[100,null,\"$digest\"]"
	try_sh "portl-extract -d '$a' -c 'SELECT * FROM t ORDER BY random()' --digest-only | portl-load -d '$b' -t t"
	assert_status 4
	assert_eq "$(portl-extract -d "$a" -c 'SELECT * FROM t ORDER BY id DESC' --digest-only)" "$digest  100  query"
	try portl-extract -d "$a" -t t --digest-only --dry-run
	assert_status 64
	portl-extract -d "$a" -t t | portl-load --csv="$T/c"
	[[ $(portl-extract --csv="$T/c" --digest-only) == text:*"  100  $T/c" ]]
}

@test "files whose names are not UTF-8 have receipts, too" {
	printf 'a\n1\n' >"$T/in"$'\xff'
	portl-extract --csv="$T/in"$'\xff' --summary="$T/x" |
		portl-load --csv="$T/out"$'\xff' --summary="$T/l"
	balanced "$T/l" 0
	assert_eq "$(jq -r .relation "$T/x" "$T/l")" "$T/in?"$'\n'"$T/out?"
}

@test "rows that a trigger suppresses are skipped" {
	q "$b" 'CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RETURN CASE WHEN new.id > 30 THEN new END; END $$;
		CREATE TRIGGER d BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION drop_row()'
	try_sh "portl-extract -d '$a' -t t | portl-load -d '$b' --summary='$T/l'"
	balanced "$T/l" 0
	assert_eq "$(jq -c '[.rows.inserted, .rows.skipped]' "$T/l")" '[70,30]'
}

@test "each way to fail has its exit code and a balanced receipt" {
	fails() # CODE COMMAND: run `COMMAND | portl-load`
	{
		rm -f "$T/l"
		try_sh "$2 2>/dev/null | portl-load --summary='$T/l' $3"
		assert_status "$1"
		[[ $stderr == 'portl-load: error: '* ]] || fail "$stderr"
		balanced "$T/l" "$1"
	}
	portl-extract -d "$a" -t t >"$T/s"
	q "$b" 'INSERT INTO t VALUES (50)'
	fails 1 "cat '$T/s'" "-d '$b'"
	fails 1 "cat '$T/s'" "-d '$b' -t t --min-rows=101"
	fails 2 "cat '$T/s'" "-h '$T/nowhere' -d '$b'"
	fails 2 "cat '$T/s'" "-d '${b}_none'"
	fails 4 "head -c 3000 '$T/s'" "-d '$b'"
	fails 4 "portl-extract -d '$a' -c 'SELECT 1/0 AS id'" "-d '$b' -t t"
	fails 4 : "-d '$b'"
	fails 5 "cat '$T/s'" "-d '$b' -t none"
	fails 5 "portl-extract -d '$a' -t t --columns=amount" "-d '$b'"
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 1
}

@test "a receipt says from where to where, when, and what went wrong" {
	portl-extract -d "$a" -t t --summary="$T/x" -o "$T/s"
	portl-load -d "$b" --summary="$T/l" "$T/s"
	assert_eq "$(jq -r .target "$T/x")" "$T/s"
	[[ $(jq -r .source "$T/x") == "database \"$a\" as \"portl\""* ]]
	assert_eq "$(jq -r .source "$T/l")" "$T/s"
	[[ $(jq -r .target "$T/l") == "database \"$b\" as \"portl\""* ]]
	try portl-load -d "$b" --summary="$T/l" "$T/s"
	assert_status 1
	assert_eq "$(jq -c '[.status, .error.sqlstate, .committed, .rows.read, .rows.skipped]' "$T/l")" '[1,"23505",false,100,0]'
	assert_eq "$(jq -r .error.message "$T/l")" "$(sed -n 's/^portl-load: error: //p' <<<"$stderr" | head -n 1)"
	# what quotes a row's values is not in it
	assert_stderr_has '(id)=(1)'
	[[ $(<"$T/l") != *'(id)=(1)'* ]]
	try_sh "portl-extract -d '$a' -c 'SELECT 1/0 AS id' 2>/dev/null | portl-load -d '$b' -t t --summary='$T/l'"
	assert_eq "$(jq -c '[.status, .error.sqlstate]' "$T/l")" '[4,"22012"]'
	PGPASSWORD=s3cr3t portl-extract -d "$a" -t t --summary="$T/x" -o "$T/s"
	[[ $(<"$T/x") != *s3cr3t* ]]
}

@test "a receipt is there when the run has ended, and is whole" {
	echo old >"$T/l"
	ln -s l "$T/link"
	mkfifo "$T/feed"
	in=$T/feed start load portl-load -d "$b" --summary="$T/link"
	feed_open
	backend_does "$b" portl-load "$waits_for_input"
	[ ! -e "$T/l" ] && [ ! -e "$T/l.part" ]
	feed_close
	finish load
	balanced "$T/l" 4
	[ -L "$T/link" ] && [ ! -e "$T/l.part" ]
	try portl-load -d "$b" --summary="$T" "$T/none"
	assert_status 1
	assert_stderr_has 'Is a directory'
}

@test "extract's own exit codes" {
	try portl-extract -d "$a" -c 'SELECT 1/0' --summary="$T/x"
	assert_status 1
	jq -e '.status == 1' "$T/x"
	try portl-extract -h "$T/nowhere" -d "$a" -t t --summary="$T/x"
	assert_status 2
	jq -e '.status == 2 and .rows.read == 0' "$T/x"
	try portl-extract -d "$a"
	assert_status 64
	assert_stderr_has 'say what to read'
	try portl-load --nonsense
	assert_status 64
	try portl-load -d "$b" one two
	assert_status 64
}

@test "a stopped load writes its receipt" {
	mkfifo "$T/feed"
	in=$T/feed start load portl-load -d "$b" --summary="$T/l"
	feed_open
	backend_does "$b" portl-load "$waits_for_input"
	kill -TERM "$pid_load"
	finish load
	assert_status 143
	balanced "$T/l" 143
}

@test "a summary that cannot be written fails before anything is done" {
	portl-extract -d "$a" -t t >"$T/s"
	try portl-load -d "$b" --summary="$T/none/l" "$T/s"
	assert_status 1
	assert_stderr_has 'No such file or directory'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	try_sh "portl-load -d $b --summary=- $T/s >&-"
	assert_status 1
	assert_stderr_has 'standard output is not open for writing'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	try portl-extract -d "$a" -t t --summary="$T/none/x"
	assert_status 1
	assert_eq "$output" ''
}

@test "a summary or a log never takes the place of what is read or written" {
	mkdir "$T/dir" && cd "$T/dir" || return
	portl-extract -d "$a" -t t >s
	printf 'n\n1\n' >in.csv
	echo "SELECT 1 AS n" >query
	printf 'source: {database: %s, table: t}\ndestination: {database: %s}\n' "$a" "$b" >job
	ln s hard
	ln -s in.csv soft
	cp s whole

	same_file() # COMMAND...: refused, and every file is what it was
	{
		try_sh "$*"
		assert_status 64
		assert_stderr_has 'are the same file'
		cmp s whole && assert_eq "$(head -n 1 in.csv query)" "$(printf '==> %s <==\n%s\n\n' in.csv n query 'SELECT 1 AS n')"
	}
	same_file portl-load -d "$b" --summary=s s
	same_file portl-load -d "$b" --summary=./s '<s'
	same_file portl-load -d "$b" --summary=hard s
	same_file portl-load -d "$b" -L hard s
	same_file portl-load -d "$b" --rejects=new --summary=new s
	same_file portl-load --csv=new -L new s
	same_file portl-load -d "$b" --summary=new -L new s
	same_file portl-extract --csv=in.csv --summary=soft -o out
	same_file portl-extract --csv=- --summary=in.csv -o out '<in.csv'
	same_file portl-extract -d "$a" --query-file=query --summary=query -o out
	same_file portl-extract -d "$a" -t t -o out --summary=out
	same_file portl-extract -d "$a" -t t --summary=out '>out'
	same_file portl run job --summary=job
	assert_eq "$(ls)" "$(printf '%s\n' hard in.csv job out query s soft whole)"
	[ ! -s out ]
	try portl-load -d "$b" --summary=/dev/null -L /dev/null s
	assert_status 0
}

@test "a summary that is lost at the end: an error that says that the rows are in" {
	portl-extract -d "$a" -t t >"$T/s"
	try portl-load -d "$b" --summary=/dev/full "$T/s"
	assert_status 1
	assert_stderr_has 'could not write "/dev/full": No space left on device'
	assert_stderr_has 'The rows are committed.'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 100
}

@test "a line for people: on a terminal or with -v, not with -q, and no word else" {
	portl-extract -d "$a" -t t >"$T/s"
	line='public.t: 100 rows read, 100 inserted;'
	try portl-load -d "$b" -vv "$T/s"
	assert_status 0
	assert_stderr_has "$line"
	assert_stderr_has 'SQL: COMMIT'
	assert_eq "$output" ''
	q "$b" 'TRUNCATE t'
	run script -qec "portl-load -d $b $T/s" /dev/null
	assert_out_has "$line"
	q "$b" 'TRUNCATE t'
	run script -qec "portl-load -q -d $b $T/s" /dev/null
	assert_eq "$output" ''
	q "$b" 'TRUNCATE t'
	try portl-load -d "$b" "$T/s"
	assert_silent
	run script -qec "portl-extract -d $a -t t -o $T/s2" /dev/null
	assert_out_has 'portl-extract: public.t: 100 rows read'
}

@test "--summary=-: standard output, where that is free" {
	portl-extract -d "$a" -t t -o "$T/s" --summary=- >"$T/x"
	assert_eq "$(jq -r .rows.read "$T/x")" 100
	portl-load -d "$b" --summary=- "$T/s" >"$T/l"
	balanced "$T/l" 0
	try portl-extract -d "$a" -t t --summary=-
	assert_status 64
	assert_eq "$output" ''
	assert_stderr_has '--summary=-'
	try portl-load --csv=- --summary=- "$T/s"
	assert_status 64
	portl-load --csv="$T/csv" --summary=- "$T/s" >"$T/l"
	assert_eq "$(jq -r .status "$T/l")" 0
	[ ! -e - ]
}

@test "what is open already is written at its place: no file takes its name, no link goes" {
	local what

	cd "$BATS_TEST_TMPDIR"
	portl-extract -d "$a" -t t >s
	for what in "portl-load -d $b --conflict=skip --summary=link s" "portl-extract -d $a -t t -o link" \
		'portl-load --csv=link s' "portl-extract -d $a -t t -L link -o o"; do
		rm -f link file
		ln -s /proc/self/fd/7 link
		(
			exec 7>file
			rm file # it has no name any more
			eval "$what"
			[ -s /proc/self/fd/7 ]
		)
		[ "$(readlink link)" = /proc/self/fd/7 ]
		ln -sf /dev/fd/7 link
		(
			exec 7>>file
			echo first >&7
			eval "$what"
			echo last >&7
		)
		[ "$(readlink link)" = /dev/fd/7 ]
		assert_eq "$(head -n 1 file) $(tail -n 1 file | tail -c 5)" 'first last'
		[ "$(stat -c %s file)" -gt 50 ]
		[ ! -e link.part ]
	done
}
