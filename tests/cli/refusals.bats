#!/usr/bin/env bats
# What cannot be meant is refused by its name before anything is opened, with status 64.

load ../lib/common

# Status, message, command: a line each; quotes are the shell's.
refused()
{
	local message command

	while IFS='|' read -r message command; do
		try_sh "$command </dev/null"
		[ "$status" -eq 64 ] || show_run "$command" || return
		[[ $stderr == *"error: $message"* ]] || fail "$command: not \"$message\"" "$stderr" || return
	done
}

@test "portl-extract: options that say nothing, or two things" {
	refused <<-'END'
		"a.b" is not the name of a schema|portl-extract -d x --schema=a.b
		"a.b" is not the name of a schema|portl-extract -d x -t t --exclude-schema=a.b
		a quote is not closed in "a|portl-extract -d x -t t --exclude-table='"a'
		--overlap needs --cursor|portl-extract -d x -t t --overlap=1h --since=none
		--cursor takes one column, not "a,b"|portl-extract -d x -t t --cursor=a,b --since=none
		--cursor: a quote is not closed|portl-extract -d x -t t --cursor='"a' --since=none
		--cursor is for relations, not for queries|portl-extract -d x -c 'SELECT 1' --cursor=a --since=none
		--only-keys and plans exclude each other|portl-extract -d x -t t --only-keys=k --make-plan
		--part-size takes a size like 256MB, not "0"|portl-extract -d x -t t --make-plan --part-size=0
		--split-by takes one column, not "a,b"|portl-extract -d x -t t --make-plan --split-by=a,b
		--split-by: a quote is not closed|portl-extract -d x -t t --make-plan --split-by='"a'
		--parts and --part-size exclude each other|portl-extract -d x -t t --make-plan --parts=2 --part-size=1MB
		--parts: at most 100000|portl-extract -d x -t t --make-plan --parts=99999999
		--date-order needs --infer|portl-extract --csv=x.csv --date-order=dmy
	END
}

@test "portl-load and portl: options that say nothing, or two things" {
	refused <<-'END'
		--map takes SRC=DST, not "abc"|portl-load -d x --map=abc s
		--map takes SRC=DST, not ""a"|portl-load -d x --map='"a' s
		--into-schema: |portl-load -d x --into-schema=a.b s
		--ledger: |portl-load -d x --ledger=a.b --list-states
		--print-state needs --state=NAME|portl-load -d x --print-state
		--state needs a name|portl-load -d x --state= s
		--foreign-keys=recheck refuses all rows or none|portl-load -d x --foreign-keys=recheck --rejects=r s
		--foreign-keys=recheck needs --commit=end|portl-load -d x --foreign-keys=recheck --commit=batch s
		--foreign-keys does not go with --csv|portl-load --csv=x --foreign-keys=recheck s
		--foreign-keys=recheck and --add-columns exclude each other|portl-load -d x --foreign-keys=recheck --add-columns s
		--differences=-: standard output is the receipt's|portl-load -d x --verify --differences=- --summary=- s
		--verify compares one stream or a set|portl-load -d x --verify --streams=2 s
		--differences needs --verify|portl-load -d x --differences=d s
		one thing at a time: --drop-stale is the second|portl-load -d x --drop-run=1 --drop-stale=2d
		unexpected argument "extra"|portl run job extra
		unexpected argument "a": no stream is read|portl runs a
	END
}

@test "a connection string where none belongs is not repeated: a password may be in it" {
	local conninfo command

	for conninfo in 'host=x password=geheim' 'user=u password = geheim' postgresql://u:geheim@h/d \
		'dbname=postgres://u:geheim@h' u:geheim@h/d //u:geheim@h/d 'port=5 password  =  geheim'; do
		for command in 'portl-extract WORD -t t' 'portl-load WORD' 'portl-load -d x s WORD' 'portl-ls WORD' 'portl WORD' \
			'portl help WORD' 'portl run WORD' 'portl run job.yaml WORD' 'portl check WORD' 'portl hold WORD' \
			'portl-extract -d x -t WORD' 'portl-extract -d x -t t --limit=WORD' 'portl-load -d x --conflict=WORD s' \
			'portl-load -d x -k WORD s' 'portl-extract -d x --schema=WORD' 'portl-extract -d x --schema=s --exclude-table=WORD' \
			'portl run -j WORD job.yaml' 'portl-extract -U WORD -t t -o out' 'portl-extract --WORD -t t' 'portl run --WORD job.yaml' \
			'portl-extract -p WORD -t t -o out' 'portl-load -h WORD s'; do
			try_sh "cd $BATS_TEST_TMPDIR; ${command//WORD/\'$conninfo\'} -L log 2>&1; cat log 2>/dev/null"
			[[ $output == *error:* && $output != *geheim* ]] || show_run "$command, $conninfo" || return
		done
	done
	try portl-extract -d '"u:geheim@h/d"' -t t -o out # quotes mean nothing there
	[[ $status == 64 && $output$stderr != *geheim* ]] || show_run || return
	cd "$BATS_TEST_TMPDIR" # a file that is there is one
	printf 'id\n1\n' | portl-extract --csv=- -o shop:orders@today.portl
	printf 'a:b@c,v\n1,2\n' | portl-extract --csv=- --header=yes --columns='"a:b@c"' -F ndjson | grep -qxF '{"a:b@c":"1"}'
	portl-ls shop:orders@today.portl
	for command in 'portl-extract -f WORD' 'portl-extract --csv=WORD' 'portl-load -d x --rejects=WORD s' 'portl run --keep=WORD job.yaml'; do
		try_sh "cd $BATS_TEST_TMPDIR; ${command//WORD/postgresql://u:geheim@h/d} 2>&1"
		[[ $output == *'takes no connection string'* && $output != *geheim* ]] || show_run "$command" || return
	done
}

@test "plans that say what no plan says are refused with 78" {
	cd "$BATS_TEST_TMPDIR"
	fresh_db a b
	q "$a" 'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)'
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY)'
	portl-extract -d "$a" -t t --make-plan | portl-load -d "$b" --conflict=skip --make-plan >plan
	portl-extract --plan=plan --part=1 >part
	refused <<-END
		--since does not go with --part|portl-extract --plan=plan --part=1 --since=none
		--bare|portl-extract --plan=plan --part=1 --bare
		--digest-only|portl-extract --plan=plan --part=1 --digest-only
		--hold takes a snapshot of its own|portl-extract --plan=plan --hold --snapshot=1-1-1
	END
	for damage in '.relations[0].way = "by air"' '.parts = []' '.relations[0].header = 1' \
		'.relations[0].header = {}' '.relations += [.relations[0] | .number = 2]' 'del(.relations[0].way)' \
		'.relations[0].header.columns = 7'; do
		jq "$damage" plan >damaged
		try portl-load -q -d "$b" --plan=damaged --part=1 part
		((status == 78 || status == 5)) || show_run "$damage" || return
		is_true "$b" 'NOT EXISTS (TABLE t)'
	done
}

@test "plans that their target's way does not go with" {
	cd "$BATS_TEST_TMPDIR"
	fresh_db a b
	q "$a" 'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE k (id int); INSERT INTO k VALUES (1)'
	try_sh "portl-extract -d $a -t t --make-plan=own | portl-load -d $b --create --commit=part --make-plan"
	assert_status 64
	assert_stderr_has '--commit=part needs one snapshot for all parts'
	try_sh "portl-extract -d $a -t k --make-plan | jq '.snapshot = \"own\"' | portl-load -d $b --create --make-plan"
	assert_status 5
	assert_stderr_has 'has no primary key, by which rows of several snapshots could be told apart'
	try_sh "portl-extract -d $a -t t -t k --make-plan | portl-load -d $b --create -t x --make-plan"
	assert_status 64
	assert_stderr_has '-t is for one relation, and the plan has 2'
	portl-extract -d "$a" -t t --make-plan | portl-load -d "$b" --create --make-plan >plan
	jq '.id = "0000000000000000"' plan >another
	try portl-load -d "$b" --plan=another --publish
	assert_status 1
	assert_stderr_has 'no part of run 0000000000000000 is there'
	portl-extract --plan=plan --part=1 >part
	for damage in '.snapshot = "own" | .relations[0].header.primary_key = []' '.snapshot = "own" | .load += ["--commit=part"]'; do
		jq "$damage" plan >other
		try portl-load -q -d "$b" --plan=other --part=1 part
		[ "$status" -ne 0 ]
		is_true "$b" "to_regclass('t') IS NULL"
	done
	try portl-load -d "$b" --plan=another --print-position
	[ "$status" -ne 0 ]
}
