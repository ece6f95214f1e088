#!/usr/bin/env bats
# portl run and its sisters: the two programs on one job, and the truth about them.
# shellcheck disable=SC2016 # jobs have their own dollars

load ../lib/common
load ../lib/faults
load ../lib/onejob

setup_file()
{
	fresh_db a b
}

teardown_file()
{
	drop_dbs
}

@test "run moves the rows, and is silent" {
	try portl run job.yaml
	assert_status 0
	assert_silent
	same_table "$a" t "$b" t
	try portl run --job job.yaml
	assert_status 1
	assert_stderr_has 'duplicate key'
}

@test "flags go to the program that has them" {
	try portl run job.yaml --limit=7 --truncate --min-rows 3 -q --summary=receipt.json
	assert_status 0
	assert_eq "$(count)" 7
	assert_eq "$(jq -c '[.tool, .rows.read, .committed]' receipt.json)" '["portl-load",7,true]'
	try portl run --where='id > 900' job.yaml -qm id=
	assert_status 5
	assert_stderr_has 'column "id" is NOT NULL'
	try portl run --where "name = 'it''s'; --" job.yaml
	assert_status 1
	assert_stderr_has 'syntax error'
	try portl run --where "name = 'name 5' OR '\$(touch x)\`touch x\`' = ''" -fjob.yaml --truncate
	assert_status 0
	assert_eq "$(count)" 1
	[ ! -e x ]
	q "$b" 'CREATE TABLE other (x int)'
	try portl run job.yaml --source="dbname=$b" --destination="dbname=$a"
	assert_status 1
}

@test "a query on standard input" {
	printf '%s\n' "source: {database: $a}" "destination: {database: $b, table: t}" >job.yaml
	try_sh 'echo "SELECT 7 AS id" | portl run job.yaml --query-file=-'
	assert_status 0
	assert_eq "$(q "$b" 'SELECT id FROM t')" 7
}

@test "--dry-run loads everything and rolls back" {
	for flag in --dry-run -n; do
		try portl run job.yaml "$flag" --summary=receipt.json
		assert_status 0
		assert_stderr_has 'Plan for public.t'
		assert_eq "$(jq -c '[.rows.inserted, .dry_run, .committed]' receipt.json)" '[1000,true,false]'
		assert_eq "$(count)" 0
	done
	echo 'dry_run: true' >>job.yaml
	try portl run job.yaml
	assert_status 0
	assert_eq "$(count)" 0
}

@test "a mistake is reported once, before anything runs" {
	for mistake in 'tabel: x' 'limit: many' 'truncate: perhaps' 'schema_mapping: {a: b, c: b}'; do
		cp job.yaml bad.yaml
		echo "$mistake" >>bad.yaml
		try portl run bad.yaml
		assert_status 78
		assert_stderr_has 'bad.yaml:'
		assert_eq "$(grep -c error: <<<"$stderr")" 1
	done
	try portl run none.yaml
	assert_status 78
	assert_eq "$(grep -c error: <<<"$stderr")" 1
	try portl run <(cat job.yaml)
	assert_status 78
	assert_stderr_has 'is not a file'
	assert_eq "$(count)" 0
}

@test "output in a job is for portl-extract by itself" {
	echo 'output: out.portl' >>job.yaml
	for command in run check verify plan 'run -j2'; do
		# shellcheck disable=SC2086 # words
		try portl $command job.yaml
		assert_status 78
		assert_stderr_has 'job.yaml:3: output'
		assert_eq "$(grep -c error: <<<"$stderr")" 1
		[ ! -e out.portl ]
	done
	assert_eq "$(count)" 0
	try portl-extract -f job.yaml
	assert_status 0
	[ -s out.portl ]
}

@test "the command line's own mistakes" {
	while IFS='|' read -r arguments message; do
		eval "try portl $arguments"
		assert_status 64
		assert_stderr_has "portl: error: $message"
	done <<-'EOF'
		|what shall be done?
		job.yaml|"job.yaml" is no command
		run|which job?
		run job.yaml other.yaml|unexpected argument "other.yaml"
		run job.yaml --batchsize=1|unknown option --batchsize
		run job.yaml -y|unknown option -y
		run job.yaml --limit|option --limit needs an argument
		run job.yaml -m|option -m needs an argument
		run job.yaml --create=yes|option --create takes no argument
		run job.yaml -d x|-d could be meant for either side
		run job.yaml --table=x|--table could be meant for either side
		run job.yaml -o x|-o has no meaning here
		run job.yaml --check=job|--check has no meaning here
		run job.yaml --summary=a --summary=b|--summary is given twice
		run job.yaml -n --dry-run|--dry-run is given twice
		run job.yaml -j2 -j3|-j is given twice
		run job.yaml --retries=5|--retries is for parts
		run job.yaml -j2 --differences=x|--differences is for a comparison
		run --resume=a --keep=b|--keep and --resume exclude each other
		run --resume=a --own|--own and --resume exclude each other
		verify job.yaml -n|-n does nothing with portl verify
		plan job.yaml --summary=a|--summary does nothing with portl plan
		run -d x -t y --create -- -d z|--create is an option of portl-load
		run -d x -t y -- -d z --where=x|--where is an option of portl-extract
		run -d x -t y -- -d z -F ndjson|-F is an option of portl-extract
	EOF
	try portl run -d shop -t orders -d dw
	assert_status 64
	assert_stderr_has 'Put -- between the options of both sides: portl run -d shop -t orders -- -d dw'
	try portl run -d x -t y --create -- -d z
	assert_stderr_has 'hint: Put it behind --.'
	try portl-extract -d x -t y --scope=x
	assert_stderr_has 'hint: It is an option of portl-load.'
	try portl-load -d x --where=x
	assert_stderr_has 'hint: It is an option of portl-extract.'
	try portl run job.yaml --sumary=x
	assert_stderr_has 'hint: Perhaps you meant --summary.'
	try portl run job.yaml --retrys=1
	assert_stderr_has 'hint: Perhaps you meant --retries.'
	try portl run job.yaml --limit=many
	assert_status 64
	assert_stderr_has 'portl-extract: error: --limit takes'
	assert_eq "$(count)" 0
}

@test "help and version" {
	for flag in --help '-?'; do
		try portl "$flag"
		assert_status 0
		assert_out_has 'portl run JOB'
		try portl run job.yaml "$flag"
		assert_status 0
		assert_out_has 'portl run JOB'
	done
	assert_eq "$(portl --version)" "portl ${v=$(portl-load --version)}" || assert_eq "$(portl -V)" "portl ${v#* }"
	for command in run check verify plan part parts publish hold drop state ls; do
		try portl help "$command"
		assert_status 0
		assert_out_has "portl $command "
		[ "$command" = state ] || [ "$command" = ls ] || assert_eq "$(portl "$command" --help)" "$output"
	done
	for flag in -h 'help --help' 'help -h'; do
		# shellcheck disable=SC2086 # words
		try portl $flag
		assert_status 0
		assert_eq "$output" "$(portl --help)"
	done
	for command in run check state; do
		try portl "$command" -h
		assert_status 0
		assert_eq "$output" "$(portl help "$command")"
	done
	try portl help rnu
	assert_status 64
	assert_stderr_has 'Perhaps you meant "portl run"'
	assert_eq "$(count)" 0
}

@test "both sides on the line, with -- between, need no job" {
	try portl run -d "$a" -t t --limit=3 -- -d "$b" -q
	assert_status 0
	assert_eq "$(count)" 3
	try portl verify -d "$a" -t t -- -d "$b"
	assert_status 6
	try portl check -d "$a" -t t -- -d "$b"
	assert_status 0
	assert_out_has 'the run can start'
	try portl run -d "$a" -t t -- -d "$b" --limit=3
	assert_status 64
	assert_stderr_has '--limit is an option of portl-extract'
}

@test "no server is asked by the front end itself" {
	run ! grep -c libpq <(ldd "$BUILD/portl")
}

@test "started with descriptors closed, as by a daemon: run and check do their work" {
	local closed

	for closed in '<&-' '2>&-' '<&- >&- 2>&-'; do
		try_sh "portl run job.yaml --truncate $closed"
		assert_status 0
		assert_silent
		assert_eq "$(count)" 1000
		q "$b" 'TRUNCATE t'
	done
	try_sh 'portl check job.yaml <&- 2>&-'
	assert_status 0
	assert_out_has 'the run can start'
	try_sh 'portl run missing.yaml <&- >&- 2>&-'
	assert_status 78
	printf '%s\n' 'source: {type: csv, path: "-"}' "destination: {database: $b, table: t}" >csv.yaml
	try_sh 'portl run csv.yaml <&-'
	assert_status 1
	assert_stderr_has 'standard input is not open for reading'
}

@test "what cannot be printed is an error, and an end" {
	local words

	for words in --help --version 'run --help' 'check -V' --completion=bash --completion=fish; do
		try_sh "timeout 10 portl $words >/dev/full"
		assert_status 1
		assert_stderr_lacks 'which job'
	done
}

@test "the status is load's, or extract's where load only knows that something is missing" {
	try portl run job.yaml --source=dbname=none
	assert_status 2
	try portl run job.yaml --destination=dbname=none
	assert_status 2
	try portl run job.yaml --where='1 / (id - 900) > 1'
	assert_status 1
	assert_stderr_has 'division by zero'
	q "$b" 'ALTER TABLE t DROP COLUMN name'
	try portl run job.yaml
	assert_status 5
	q "$b" 'ALTER TABLE t ADD COLUMN name text, ADD CHECK (id < 900)'
	try portl run job.yaml
	assert_status 1
	assert_stderr_has 'violates check constraint'
	try portl run job.yaml --source=dbname=none --destination=dbname=none
	assert_status 2
	assert_eq "$(count)" 0
}

@test "the receipt has the status that the run ends with" {
	try portl run job.yaml --summary=receipt --source=dbname=none
	assert_eq "$status $(jq .status receipt)" '2 2'
	try portl run job.yaml --summary=receipt --where='1 / (id - 900) > 1'
	assert_eq "$status $(jq -c '[.status, .error.sqlstate]' receipt)" '1 [1,"22012"]'
	try portl run job.yaml --summary=receipt --destination=dbname=none
	assert_eq "$status $(jq .status receipt)" '2 2'
	# before portl-load has begun: no receipt of another run stays, and the job may name it
	for named in flag job; do
		[ $named = flag ] || printf '%s\n' 'state: s' 'summary: ${NAMED:-receipt}' >>job.yaml
		echo '{"status":0}' >receipt
		try portl run -f job.yaml --state=s --summary=receipt --destination=dbname=none
		[ $named = flag ] || try portl run job.yaml --destination=dbname=none
		assert_eq "$status $(jq -c '[.status, .committed]' receipt)" '2 [2,false]'
	done
}

@test "in parts a job's summary is written, too" {
	printf '%s\n' 'summary: ${NAMED:-receipt}' >>job.yaml
	portl run -j2 job.yaml
	assert_eq "$(jq -c '[.status, .rows.inserted]' receipt)" "[0,$(count)]"
	NAMED=other try portl run -j2 job.yaml
	assert_eq "$status $(jq -c '.status' other)" '1 1'
	cp job.yaml before
	NAMED=job.yaml try portl run -j2 job.yaml
	assert_status 78
	assert_stderr_has '--summary and the job are the same file'
	cmp job.yaml before
}

@test "extract killed: nothing is loaded, and run says so" {
	start run portl run job.yaml --where='id < 500 OR pg_sleep(60) IS NOT NULL'
	backend_does "$a" portl-extract "wait_event = 'PgSleep'"
	pkill -KILL -P "$pid_run" -f '^[^ ]*portl-extract '
	finish run
	assert_status 4
	assert_eq "$(count)" 0
	terminate_backend "$a" portl-extract # before 14 it does not notice
}

@test "INT, TERM, HUP stop both programs, and run dies of the signal" {
	for signal in INT TERM HUP; do
		start run portl run job.yaml --where='id < 500 OR pg_sleep(60) IS NOT NULL'
		backend_does "$a" portl-extract "wait_event = 'PgSleep'"
		backend_does "$b" portl-load "true"
		children=$(pgrep -P "$pid_run")
		kill -"$signal" "$pid_run"
		finish run 5
		assert_status $((128 + $(kill -l "$signal")))
		for child in $children; do
			run ! kill -0 "$child"
		done
		no_portl "$a" 1
		no_portl "$b" 1
	done
	assert_eq "$(count)" 0
}

@test "killed: both programs end, and nothing is loaded" {
	local child children

	start run portl run job.yaml --where='id < 500 OR pg_sleep(60) IS NOT NULL'
	backend_does "$a" portl-extract "wait_event = 'PgSleep'"
	backend_does "$b" portl-load "true"
	children=$(pgrep -P "$pid_run")
	assert_eq "$(wc -w <<<"$children")" 2
	kill -KILL "$pid_run"
	for child in $children; do
		wait_until 10 is_over "$child"
	done
	no_portl "$a" 1
	no_portl "$b" 1
	assert_eq "$(count)" 0
}

@test "children get signals as they were: HUP stays ignored, PIPE is not" {
	mkdir fake
	printf '#!/bin/sh\ngrep "^Sig[BI]" /proc/self/status >signals\n' >fake/portl-extract
	printf '#!/bin/sh\nexit 0\n' >fake/portl-load
	chmod +x fake/*
	cp "$BUILD/portl" fake
	(env --default-signal --ignore-signal=HUP fake/portl run job.yaml)
	# without those that the C library keeps for itself
	mapfile -t masks < <(awk '{ print $2 }' signals)
	assert_eq "$((16#${masks[0]} & 0x7fffffff)) $((16#${masks[1]} & 0x7fffffff))" '0 1'
}

@test "a failing load ends extract as well" {
	q "$b" 'ALTER TABLE t ADD CHECK (id <> 3)'
	start run portl run job.yaml --where='id < 500 OR pg_sleep(60) IS NOT NULL'
	wait_until 10 is_over "$pid_run"
	finish run
	assert_status 1
	no_portl "$a" 1
}

@test "nothing is left in the temporary directory" {
	mkdir tmp
	export TMPDIR=$T/tmp
	portl run job.yaml
	portl check job.yaml
	start run portl run job.yaml --where='pg_sleep(60) IS NOT NULL'
	backend_does "$a" portl-extract "wait_event = 'PgSleep'"
	assert_eq "$(ls tmp)" ''
	start check portl check job.yaml --lock-wait-timeout=60000
	kill -TERM "$pid_run"
	finish run
	finish check
	assert_eq "$(ls tmp)" ''
}

@test "the programs are found beside portl, or on PATH" {
	mkdir here there
	cp "$BUILD/portl" here
	ln -s "$BUILD/portl" there/linked
	run -127 --separate-stderr env PATH="$T/here:/usr/bin:/bin" portl run job.yaml
	assert_stderr_has 'portl: error: portl-extract is neither beside portl nor on PATH'
	try env PATH="$BUILD:/usr/bin:/bin" here/portl run job.yaml
	assert_status 0
	try env PATH=/usr/bin:/bin there/linked run job.yaml --truncate
	assert_status 0
}

@test "one receipt on a terminal" {
	run script -qec 'portl run job.yaml' /dev/null
	assert_status 0
	assert_eq "$(grep -c 'rows read' <<<"$output")" 1
	assert_out_has 'portl-load: public.t: 1000 rows read, 1000 inserted'
}

@test "verify has one receipt, that of the last comparison, wherever it is written" {
	try portl verify job.yaml --summary=-
	assert_status 6
	assert_eq "$(jq -c .verified <<<"$output")" '{"equal":0,"missing":1000,"extra":0,"different":0}'
	portl run job.yaml
	try portl verify job.yaml --summary=-
	assert_status 0
	assert_eq "$(jq -c .verified <<<"$output")" '{"equal":1000,"missing":0,"extra":0,"different":0}'
	q "$b" 'DELETE FROM t WHERE id = 7'
	echo 'summary: "-"' >>job.yaml
	try portl verify job.yaml
	assert_status 6
	assert_eq "$(jq -c .verified.missing <<<"$output")" 1
	mkfifo fifo
	jq -c .verified.missing <fifo >missing &
	try portl verify job.yaml --summary=fifo
	wait "$!"
	assert_eq "$(<missing)" 1
}

@test "a ledger that is none, where states or runs are listed or removed" {
	echo 'state: s' >>job.yaml
	for words in 'state -v -f job.yaml' 'runs --json -f job.yaml' 'runs --drop-stale=7d -f job.yaml'; do
		# shellcheck disable=SC2086 # words
		try portl $words
		assert_status 0
		# shellcheck disable=SC2086 # words
		try portl $words --ledger=typo
		assert_status 5
		assert_stderr_has 'there is no ledger in "typo"'
	done
}

@test "--since and a state: the state says where to go on from" {
	echo 'state: s' >>job.yaml
	for command in run check; do
		try portl "$command" job.yaml --since=none
		assert_status 64
		assert_stderr_has "--since and the job's state exclude each other"
		assert_stderr_has '--reset-state begins anew'
	done
	assert_eq "$(count)" 0
}

@test "--own without a key is refused, and what to leave out is said" {
	q "$a" 'CREATE TABLE bare AS SELECT 1 AS x'
	try portl run --own -d "$a" -t bare -- -d "$b" --create
	assert_status 5
	assert_stderr_has 'hint: Leave out --own'
	q "$b" 'DROP TABLE t'
	try portl run --own -d "$a" -t t -- -d "$b" --create --map=id=
	assert_status 5
	assert_stderr_has 'hint: Leave out --own'
}

@test "a password that others can see is warned of once" {
	local words

	for words in 'run --truncate' 'check' 'verify'; do
		# shellcheck disable=SC2086 # words
		try portl $words job.yaml --source="dbname=$a password=x"
		assert_status 0
		assert_eq "$(grep -c 'warning: a password on the command line' <<<"$stderr")" 1
	done
	sed -i 's/table: t/&, password: x/' job.yaml
	chmod 644 job.yaml
	for words in 'run --truncate' 'check' 'check -j2' 'run -j2 --parts=2 --conflict=skip' 'verify'; do
		# shellcheck disable=SC2086 # words
		try portl $words job.yaml
		assert_status 0
		assert_eq "$(grep -c 'warning: others can read the password' <<<"$stderr")" 1
	done
	q "$b" 'SET client_min_messages = error; DROP SCHEMA portl_ledger CASCADE'
}
