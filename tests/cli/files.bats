#!/usr/bin/env bats
# What is written is never what is read or written otherwise, under whatever name.
# shellcheck disable=SC2154 # fresh_db and bats set a, b, stderr

load ../lib/common

setup_file()
{
	fresh_db a b
	q "$a" 'CREATE TABLE t (n int PRIMARY KEY); INSERT INTO t VALUES (1), (2)'
	q "$b" 'CREATE TABLE t (n int PRIMARY KEY)'
	portl plan -d "$a" -t t -o "$BATS_FILE_TMPDIR/plan" -- -d "$b"
}

teardown_file()
{
	drop_dbs
}

setup()
{
	T=$BATS_TEST_TMPDIR
	mkdir "$T/dir" "$T/dir/set" "$T/dir/elsewhere" && cd "$T/dir" || return
	printf 'source: {database: %s, table: t}\ndestination: {database: %s}\n' "$a" "$b" >job
	printf 'n\n1\n' >in.csv
	cp in.csv set/t.csv
	echo 'SELECT 1 AS n' >query
	echo none >since
	portl-extract -d "$a" -t t >stream
	cp "$BATS_FILE_TMPDIR/plan" plan
	ln -s in.csv soft
	ln stream hard
	ln -s elsewhere link
	ln -s new dangling
	find . -type f -exec sha256sum {} + | sort >"$T/before"
}

# refused OPTION OTHER COMMAND...: both are named, and every file is what it was.
refused()
{
	local said="$1 and $2 are the same file"

	shift 2
	try_sh "$*"
	assert_status 64
	assert_stderr_has "$said"
	assert_eq "$(find . -type f -exec sha256sum {} + | sort)" "$(<"$T/before")"
}

@test "portl-extract: output, summary and log are none of what is read, and not each other" {
	refused --output 'the job' portl-extract -f job -o job
	refused --output --query-file portl-extract -d "$a" --query-file=query -o query
	refused --output --csv portl-extract --csv=in.csv -o soft
	refused --output --csv portl-extract --csv=- -o in.csv '<in.csv'
	refused --output --csv portl-extract --csv=set/ -o set/t.csv
	refused --output --plan portl-extract --plan=plan --part=1 -o plan
	refused --output --only-keys portl-extract -d "$a" -t t --only-keys=query -o query
	refused --output --since portl-extract -d "$a" -t t --since=@since -o since
	refused 'the output' --csv portl-extract --csv=in.csv '>>in.csv'
	refused --output --summary portl-extract -d "$a" -t t -o new --summary=./new
	refused --output --log-file portl-extract -d "$a" -t t -o elsewhere/x -L link/x
	refused --output --summary portl-extract -d "$a" -t t -o dangling --summary=new
}

@test "portl-load: nothing that is written is read, or written otherwise" {
	refused --csv 'the input' portl-load --csv=hard stream
	refused --csv 'the input' portl-load --csv=stream '<stream'
	refused --rejects 'the input' portl-load -d "$b" --rejects=stream stream
	refused --rejects 'the job' portl-load -f job --rejects=job stream
	refused --rejects --summary portl-load -d "$b" --rejects=link/x --summary=elsewhere/x stream
	refused --differences 'the input' portl-load -d "$b" --verify --differences=stream stream
	refused --differing-keys --differences portl-load -d "$b" --verify --differences=new \
		--differing-keys=new stream
	refused --differing-keys --only-keys portl-load -d "$b" --verify --only-keys=query \
		--differing-keys=query stream
	refused --output 'the input' portl-load -d "$b" --make-plan -o stream stream
	printf 'destination: {database: %s}\nrejects: stream\n' "$b" >"$T/j"
	try portl-load -f "$T/j" stream
	assert_status 78
	assert_stderr_has ':2: rejects: --rejects and the input are the same file'
}

@test "portl: of both programs and the plan" {
	refused --summary 'the job' portl run -j2 job --summary=job
	refused --differences 'the job' portl verify job --differences=job
	refused --rejects 'the job' portl run job --rejects=job
	refused --output 'the job' portl plan job -o job
	refused --keep 'the job' portl run -j2 job --keep=job
	refused --summary --keep portl run -j2 job --keep=p --summary=p
	refused --log-file --keep portl run -j2 job --keep=p -L p
	refused --summary 'the plan' portl part plan 1 --summary=plan
	refused --summary 'the plan' portl publish plan --summary=plan
	refused --log-file 'the plan' portl parts plan -L plan
	refused --log-file 'the plan' portl drop plan -L plan
	refused --log-file 'the plan' portl hold -L plan plan
	refused --keep --resume portl run --resume=plan --keep=plan
	refused --csv --csv portl run --csv=in.csv -- --csv=in.csv
	refused --rejects --csv portl run --csv=in.csv -- -d "$b" -t t --rejects=soft
}

@test "what a job says of the other program's files is known as well" {
	printf 'source: {path: in.csv}\ndestination: {path: in.csv}\n' >"$T/j"
	try portl run "$T/j"
	assert_status 78
	assert_stderr_has "are the same file"
	printf 'source: {path: in.csv}\ndestination: {database: %s, table: t}\nrejects: soft\n' "$b" >"$T/j"
	try portl run "$T/j"
	assert_status 78
	assert_stderr_has "--csv and the job's rejects are the same file"
	assert_eq "$(<in.csv)" $'n\n1'
}

@test "pipes, devices and standard output may be given twice; so may a log, to both programs" {
	try portl run job --summary=/dev/null --rejects=/dev/null -L /dev/null
	assert_status 0
	try_sh "portl-load -d $b --conflict=skip --summary=/dev/stderr -L /dev/stderr stream 2>&1 | cat"
	assert_status 0
	try portl run -L log -d "$a" -t t -- -d "$b" --conflict=skip -L log
	assert_status 0
	try portl run -j2 -d "$a" -t t -- -d "$b" --conflict=skip --summary=- --keep=p -L log
	assert_status 0
	try portl-extract --csv=set/ -o set/t.portl
	assert_status 0
}

@test "a receipt without a name is refused before the first row; a refused command line has none in the log" {
	fresh_db src dst
	cd "$BATS_TEST_TMPDIR"
	q "$src" 'CREATE TABLE t AS SELECT 1 AS id'
	portl-extract -d "$src" -t t -o t.portl
	try portl-load -d "$dst" --create --summary= t.portl
	assert_status 1
	assert_stderr_has 'could not create ""'
	assert_eq "$(q "$dst" "SELECT to_regclass('t')")" ''
	try portl-extract -d "$src" -t t --summary= -o other
	assert_status 1
	[ ! -e other ]
	try portl-load -d "$dst" -k id -L log --log-format=json t.portl
	assert_status 64
	jq -e 'select(.event == "error" and .code == 64)' log
	jq -se 'all(.event != "receipt")' log
}

@test "what is completed to a plan does not come from a terminal" {
	try script -qec 'portl-load --make-plan -d nowhere' /dev/null
	assert_status 64
	assert_out_has 'standard input is a terminal, and what portl-extract --make-plan writes is expected'
}
