#!/usr/bin/env bats
# portl's commands of parts on real servers: all parts are there, or none is seen; whatever is
# killed on the way.
# shellcheck disable=SC2016,SC2154 # other shells' own dollars; bats sets stderr

load ../lib/common
load ../lib/faults
load ../lib/parts
load ../lib/meanwhile

setup()
{
	cd "$T" || return
	fresh_db src dst
	q "$src" "CREATE TABLE t (id int PRIMARY KEY, amount numeric, name text, pad text);
		INSERT INTO t SELECT i, i / 7.0, 'name ' || i, repeat('x', 200) FROM generate_series(1, 4000) i"
}

# slowly: a part takes about a second.
slowly=(--where='id % 100 > 0 OR pg_sleep(0.1) IS NOT NULL')

plan()
{
	portl plan -o plan -d "$src" -t t --parts=4 "${by[@]}" "$@" -- -d "$dst" --create
}

# nothing_left: no table, no row of the ledger's that is a run's.
nothing_left()
{
	assert_eq "$(q "$dst" "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname = 'portl_ledger' AND relkind = 'r' AND relname NOT IN ('run', 'part', 'states')")" ''
	assert_eq "$(q "$dst" 'SELECT count(*) FROM portl_ledger.run')" 0
	no_portl "$src" 5
	no_portl "$dst" 5
}

is_not_seen()
{
	assert_eq "$(q "$dst" "SELECT to_regclass('public.t') IS NULL")" t
}

@test "run -j: several relations, all at once, with one receipt, and nothing is left" {
	q "$src" "CREATE TABLE u (a text, b int); INSERT INTO u SELECT 'x', i FROM generate_series(1, 300) i"
	try portl run -j 2 --part-size=200kB --summary=receipt -d "$src" -t t -t u -- -d "$dst" --create
	assert_silent
	assert_status 0
	same_table "$src" t "$dst" t
	same_table "$src" u "$dst" u
	assert_eq "$(jq -c '[.tool, .status, .relation, .rows.read, .rows.inserted, .committed, .error]' receipt)" \
		'["portl",0,"2 relations",4300,4300,true,null]'
	[[ $(jq -r '.source + " " + .target' receipt) == "stdin database \"$dst\" as \"portl\" at $PGHOST"* ]]
	nothing_left
}

@test "run -j: the receipt has what became of rows that were staged, whoever of its parts published" {
	local way

	for way in '' --own; do
		q "$dst" "DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, amount numeric, name text, pad text)"
		portl-extract -d "$src" -t t --where='id > 10' | portl-load -q -d "$dst" --conflict=overwrite --delete --scope=true
		q "$dst" "UPDATE t SET name = 'old' WHERE id <= 30; INSERT INTO t VALUES (5000, 1)"
		# shellcheck disable=SC2086 # a word or none
		try portl run -j 2 --parts=4 "${by[@]}" $way --summary=receipt -d "$src" -t t -- -d "$dst" --conflict=overwrite --delete
		assert_status 0
		assert_eq "$(jq -c .rows receipt)" \
			'{"read":4000,"inserted":10,"updated":20,"unchanged":3970,"skipped":0,"rejected":0,"deleted":1}'
	done
	# each part by itself, and none of them
	q "$dst" 'DELETE FROM t WHERE id <= 5'
	try portl run -j 2 --parts=4 "${by[@]}" --summary=receipt -d "$src" -t t -- -d "$dst" --conflict=skip --commit=part
	assert_eq "$(jq -c '[.rows.read, .rows.inserted, .rows.unchanged + .rows.skipped]' receipt)" '[4000,5,3995]'
	q "$dst" 'DELETE FROM t WHERE id <= 5; ALTER TABLE t ADD CHECK (id > 1)'
	try portl run -j 2 --parts=4 "${by[@]}" --summary=receipt -d "$src" -t t -- -d "$dst" --conflict=skip
	assert_status 1
	assert_eq "$(jq -c '[.committed, .rows.inserted]' receipt)" '[false,0]'
	q "$dst" 'ALTER TABLE t DROP CONSTRAINT t_id_check'
	try portl run -j 2 --parts=4 "${by[@]}" --summary=/dev/full -d "$src" -t t -- -d "$dst" --conflict=skip
	assert_status 1
	assert_stderr_has 'detail: The rows are committed.'
}

@test "run -j: parts that are committed by themselves stay when the run fails, and it says so" {
	q "$dst" 'CREATE TABLE t (id int PRIMARY KEY CHECK (id <> 2500), amount numeric, name text, pad text)'
	try portl run -j 1 --parts=8 "${by[@]}" --retries=0 -d "$src" -t t -- -d "$dst" --commit=part
	assert_status 1
	assert_stderr_has 'are committed, and stay in the table'
	is_true "$dst" 'EXISTS (SELECT FROM t)'
	nothing_left
}

@test "a job file, and one that is to be overwritten" {
	cat >job.yaml <<-END
		source: {database: $src, table: t}
		destination: {database: $dst}
		conflict: overwrite
	END
	q "$dst" "CREATE TABLE t (id int PRIMARY KEY, amount numeric, name text, pad text); INSERT INTO t VALUES (7, 7), (8000, 1)"
	try portl run job.yaml -j 3 --parts=5
	assert_status 0
	q "$dst" 'DELETE FROM t WHERE id = 8000'
	same_table "$src" t "$dst" t
	nothing_left
}

@test "plan, hold, part, parts, publish, drop, by hand" {
	plan
	try portl parts plan
	assert_out_has '0 of 4 parts done, not published'
	try portl hold plan sh -ec 'portl part plan 2; portl part plan 2; portl part plan 4; portl part plan 1'
	assert_status 0
	is_not_seen
	assert_eq "$(portl parts plan --json | jq -c '[.parts[] | .status]')" '["done","done","missing","done"]'
	try portl publish plan
	assert_status 1
	assert_stderr_has '1 of 4 parts'
	is_not_seen
	try portl drop plan
	assert_status 0
	nothing_left
	portl hold plan sh -c 'seq 4 | xargs -P 2 -n 1 portl part plan'
	same_table "$src" t "$dst" t
	try portl publish plan
	assert_status 0
	portl drop plan
	nothing_left
	same_table "$src" t "$dst" t
}

@test "either program of a part killed, either server's backend: the part is brought again" {
	local what

	for what in 'pkill -KILL -P $pid_run portl-load' 'kill -KILL $(pgrep -P $pid_run -f [-]-part= | head -n 1)' \
		"terminate_backend $src portl-extract" \
		"backend_does $dst portl-load \"query LIKE 'COPY %'\" && terminate_backend $dst portl-load"; do
		start run portl run -j 2 --parts=4 "${by[@]}" -d "$src" -t t "${slowly[@]}" -- -d "$dst" --create
		backend_does "$src" portl-extract "wait_event = 'PgSleep'"
		case $what in
		terminate_backend*src*extract) q postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = '$src' AND application_name = 'portl-extract' AND wait_event = 'PgSleep'" >/dev/null ;;
		*) eval "$what" ;;
		esac
		finish run 60
		assert_status 0
		assert_stderr_has 'has failed, and is tried again'
		same_table "$src" t "$dst" t
		nothing_left
		q "$dst" 'DROP TABLE t'
	done
}

@test "the front end killed: nothing runs on, nothing is seen; what is missing is brought by the next" {
	local snapshot first

	plan "${slowly[@]}"
	start hold portl hold plan
	wait_until 10 test -s hold.out
	snapshot=$(<hold.out)
	start run portl run --resume=plan -j 1 --snapshot="$snapshot"
	wait_for "$dst" "EXISTS (SELECT FROM pg_class WHERE relname = 'part' AND relnamespace = 'portl_ledger'::regnamespace)"
	wait_for "$dst" 'EXISTS (SELECT FROM portl_ledger.part WHERE at IS NOT NULL)' 30
	kill -KILL "$pid_run"
	no_portl "$dst" 5
	is_not_seen
	first=$(q "$dst" 'SELECT number, at FROM portl_ledger.part ORDER BY 1')
	try portl run --resume=plan -j 2 --snapshot="$snapshot" --summary=receipt
	assert_status 0
	same_table "$src" t "$dst" t
	assert_eq "$(q "$dst" 'SELECT number, at FROM portl_ledger.part ORDER BY 1' | head -n "$(wc -l <<<"$first")")" "$first"
	[ "$(jq .rows.read receipt)" -lt 4000 ]
	kill -TERM "$pid_hold"
	finish hold
	portl drop plan
	nothing_left
}

some_parts_are_there()
{
	[ "$(q "$dst" "SELECT to_regclass('portl_ledger.part') IS NOT NULL")" = t ] &&
		[ "$(q "$dst" 'SELECT count(*) FROM portl_ledger.part WHERE at IS NOT NULL')" -gt 0 ]
}

# hold_back FIRST: from part FIRST on none can be noted as done, for another transaction has, until
# it is rolled back.
hold_back()
{
	open_session "$dst"
	cat >&"$session_in" <<-SQL
		BEGIN;
		DO \$\$ DECLARE n int := 0; BEGIN
			WHILE n = 0 LOOP
				IF EXISTS (SELECT FROM pg_tables WHERE schemaname = 'portl_ledger' AND tablename = 'part') THEN
					EXECUTE 'INSERT INTO portl_ledger.part (run, number) SELECT id, n FROM portl_ledger.run, generate_series($1, 12) n';
					GET DIAGNOSTICS n = ROW_COUNT;
				END IF;
				PERFORM pg_sleep(0.002);
			END LOOP;
		END \$\$;
	SQL
}

@test "the snapshot is lost on the way: what is published is the source of the last stream" {
	q "$src" "UPDATE t SET pad = repeat('x', 1500)" # more than fits into pipes
	hold_back 3
	start run portl run -j 1 --parts=12 "${by[@]}" --keep=plan --summary=receipt -d "$src" -t t -- -d "$dst" --create
	wait_until 30 some_parts_are_there
	q postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = '$src' AND application_name = 'portl-extract'" >/dev/null
	say ROLLBACK
	close_session
	q "$src" "UPDATE t SET name = 'new' WHERE id % 7 = 0; DELETE FROM t WHERE id % 11 = 0; INSERT INTO t VALUES (5000, 1, 'x', 'y')"
	finish run 60
	assert_status 0
	assert_stderr_has 'the snapshot of the first parts is gone'
	assert_eq "$(jq -r .snapshot plan)" own
	same_table "$src" t "$dst" t
	assert_eq "$(jq .committed receipt)" true
	portl drop plan
	nothing_left
}

@test "the front end and all that it had started killed: --resume brings what is missing, hours later" {
	local first

	hold_back 6
	start run portl run -j 2 --parts=12 "${by[@]}" --keep=plan -d "$src" -t t -- -d "$dst" --create
	wait_until 30 some_parts_are_there
	kill -KILL "$pid_run"
	say ROLLBACK
	close_session
	no_portl "$dst" 5
	no_portl "$src" 5
	is_not_seen
	q "$src" "UPDATE t SET name = 'new' WHERE id % 7 = 0; DELETE FROM t WHERE id % 11 = 0; INSERT INTO t VALUES (5000, 1, 'x', 'y')"
	first=$(q "$dst" 'SELECT count(*) FROM portl_ledger.part WHERE at IS NOT NULL')
	try portl run --resume=plan -j 2 --summary=receipt
	assert_status 0
	same_table "$src" t "$dst" t
	portl drop plan
	nothing_left
	[ "$first" -lt 12 ]
}

@test "--resume of what several snapshots cannot bring: refused, with a way out that is one" {
	local options

	q "$src" 'ALTER TABLE t DROP CONSTRAINT t_pkey'
	for options in --create --commit=part; do
		portl plan -o plan -d "$src" -t t --parts=4 --split-by=id -- -d "$dst" "$options"
		portl hold plan portl part plan 1
		try portl run --resume=plan -j 2 --summary=receipt
		assert_status 5
		assert_stderr_has "the snapshot of the parts that are there is gone, and the others cannot be read by another: public.t: it"
		assert_stderr_has another\ run
		assert_stderr_lacks 'brings what is missing'
		assert_eq "$(jq -r .snapshot plan)" held
		assert_eq "$(jq -c '[.status, .committed]' receipt)" '[5,false]'
		portl drop plan
		nothing_left
		q "$dst" 'CREATE TABLE IF NOT EXISTS t (id int, amount numeric, name text, pad text)'
	done
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 1000
	portl run -q -j 2 --parts=4 "${by[@]}" -d "$src" -t t -- -d "$dst" --truncate
	same_table "$src" t "$dst" t
}

# runs QUERY: what portl runs says, by jq
runs()
{
	portl runs -d "$dst" --json | jq -c "$1"
}

@test "what runs leave that were killed, and whose plans are gone, is listed and removed" {
	local id other

	start run portl run -j 2 --parts=12 "${by[@]}" -d "$src" -t t "${slowly[@]}" -- -d "$dst" --create
	wait_until 30 some_parts_are_there
	kill -KILL "$pid_run"
	no_portl "$dst" 5
	no_portl "$src" 5
	id=$(runs '.[].run' | tr -d '"')
	is_true "$dst" "EXISTS (SELECT FROM pg_class WHERE relname = 'portl_${id}_1')"
	assert_eq "$(runs '.[] | [.parts, .there > 0, .published, .at_work, .tables, .bytes > 8192]')" '[12,true,false,false,1,true]'
	assert_eq "$(portl runs -d "$dst" | sed 1d | grep -c "^$id .* of 12 *1 .* quiet$")" 1
	# another one is at work
	portl plan -o plan -d "$src" -t t --parts=2 "${by[@]}" -- -d "$dst" --create -t u
	portl hold plan sh -ec 'portl part plan 1; portl-extract --plan=plan --part=2 --snapshot=$PORTL_SNAPSHOT >last'
	mkfifo half
	in=half start two portl-load --plan=plan --part=2
	exec {half}>half
	head -c 300000 last >&"$half"
	wait_until 10 eval '[ "$(runs "map(.at_work)")" = "[false,true]" ]'
	other=$(runs '.[1].run' | tr -d '"')
	try portl runs -d "$dst" --drop-run="$other"
	assert_status 75
	assert_stderr_has "run $other is in use"
	try portl runs -d "$dst" --drop-stale=1h
	assert_silent
	assert_eq "$(runs length)" 2
	try portl runs -d "$dst" --drop-stale=0s
	assert_status 0
	assert_eq "$output" "$id"
	tail -c +300001 last >&"$half"
	exec {half}>&-
	finish two
	assert_status 0
	same_table "$src" t "$dst" u
	portl drop plan
	nothing_left
	is_not_seen
	try portl runs -d "$dst" --drop-run="$id"
	assert_status 1
	assert_stderr_has "there is no run $id"
	assert_eq "$(portl runs -d "$dst" | wc -l)" 1
}

@test "a run that is being published is in use; one that is published is listed until it is removed" {
	plan
	portl hold plan sh -ec 'for k in 1 2 3; do portl part plan $k; done; portl-extract --plan=plan --part=4 --snapshot=$PORTL_SNAPSHOT >last'
	q "$dst" "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END';
		CREATE CONSTRAINT TRIGGER wait AFTER UPDATE OF published ON portl_ledger.run DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION wait()"
	hold "$dst"
	in=last start last portl-load --plan=plan --part=4
	backend_does "$dst" portl-load "$waits_for_lock AND query = 'COMMIT'"
	assert_eq "$(runs '.[] | [.parts, .there, .published, .at_work]')" '[4,4,false,true]'
	try portl runs -d "$dst" --drop-stale=0s
	assert_silent
	release
	finish last
	assert_status 0
	assert_eq "$(runs '.[] | [.parts, .there, .published, .at_work]')" '[4,4,true,false]'
	same_table "$src" t "$dst" t
	portl runs -d "$dst" --drop-stale=0s
	nothing_left
	same_table "$src" t "$dst" t
}

@test "portl runs: no ledger, ages that are none, two things at once" {
	assert_eq "$(portl runs -d "$dst" | wc -l)" 1
	assert_eq "$(runs .)" '[]'
	try portl runs -d "$dst" --drop-stale=1h
	assert_silent
	assert_status 0
	for words in --drop-stale=1 --drop-stale=h --drop-stale=-1h --drop-stale=99999999999d '--drop-run=x --drop-stale=1h' '--list-runs --drop-run=x' '--drop-run=x --json'; do
		# shellcheck disable=SC2086 # words
		try portl runs -d "$dst" $words
		assert_status 64
	done
}

@test "INT: all of it ends, nothing is seen, and nothing is left" {
	start run portl run -j 2 --parts=4 "${by[@]}" -d "$src" -t t "${slowly[@]}" -- -d "$dst" --create
	backend_does "$src" portl-extract "wait_event = 'PgSleep'"
	wait_for "$dst" "to_regclass('portl_ledger.part') IS NOT NULL" # what nothing_left looks into
	kill -INT "$pid_run"
	finish run
	assert_status 130
	is_not_seen
	nothing_left
}

@test "a stream that is damaged on the way, or of another version, is not tried again; one that is cut is" {
	local how

	mkdir bin
	cp "$BUILD/portl" "$BUILD/portl-load" bin
	for how in 's/"version":\d/"version":9/' 's/name 7/name 8/' 's/name \d*77.*//s'; do
		cat >bin/portl-extract <<-END
			#!/bin/bash
			[[ \$* == *--part=* && ! -e $T/passed ]] || exec $BUILD/portl-extract "\$@"
			[ -z "$([[ $how == *77* ]] && echo once)" ] || touch $T/passed
			$BUILD/portl-extract "\$@" | perl -0777 -pe '$how'
		END
		chmod +x bin/portl-extract
		try bin/portl run -j 2 --parts=2 "${by[@]}" -d "$src" -t t -- -d "$dst" --create
		if [[ $how == *77* ]]; then
			assert_status 0
			assert_stderr_has 'tried again'
		else
			assert_status 4
			assert_stderr_lacks 'tried again'
			is_not_seen
		fi
		nothing_left
	done
}

@test "what cannot be loaded is said once, and nothing is begun" {
	q "$dst" 'CREATE TABLE t (id int PRIMARY KEY, nom text)'
	try portl run -j 2 -d "$src" -t t -- -d "$dst" --summary=receipt
	assert_status 5
	assert_eq "$(grep -c 'error:' <<<"$stderr")" 1
	assert_eq "$(jq -c '[.status, .committed]' receipt)" '[5,false]'
	try portl run -j 2 -d "$src" -t none -- -d "$dst"
	assert_status 1
	assert_eq "$(grep -c 'error:' <<<"$stderr")" 1
	try portl run -j 2 -d none -t t -- -d "$dst"
	assert_status 2
	try portl run -j 2 -n -d "$src" -t t -- -d "$dst"
	assert_status 64
}

@test "two hosts: portl-load over there is sent the plan with the stream" {
	use_ssh
	try portl run -j 2 --parts=3 "${by[@]}" --via='ssh warehouse' -d "$src" -t t -- -d "dbname='$dst'" --create
	assert_status 0
	assert_silent
	same_table "$src" t "$dst" t
	nothing_left
	q "$dst" 'DROP TABLE t'
	plan
	try portl hold plan sh -ec 'for k in 1 2 3 4; do portl part plan $k --via="ssh warehouse"; done'
	assert_status 0
	try portl parts plan --via='ssh warehouse'
	assert_out_has '4 of 4 parts done, published'
	same_table "$src" t "$dst" t
	try portl drop plan --via='ssh warehouse'
	nothing_left
	# a line that breaks
	start run portl run -j 2 --parts=4 "${by[@]}" --via='ssh warehouse' -d "$src" -t t "${slowly[@]}" -- -d "$dst" --conflict=overwrite
	backend_does "$src" portl-extract "wait_event = 'PgSleep'"
	backend_does "$dst" portl-load true
	pkill -KILL -P "$pid_run" ssh
	finish run 60
	assert_status 0
	assert_stderr_has 'has failed, and is tried again'
	same_table "$src" t "$dst" t
	nothing_left
}

@test "plan without -o, and one that is no plan" {
	try portl plan -d "$src" -t t --parts=2 "${by[@]}" -- -d "$dst" --create
	assert_status 0
	assert_eq "$(jq -c '[.portl_plan, (.parts | length)]' <<<"$output")" '[1,2]'
	echo '{}' >none
	for command in part parts publish hold drop; do
		try portl "$command" none
		[ "$status" = 78 ] || { [ "$command" = part ] && [ "$status" = 64 ]; } || show_run "$command"
		try portl "$command"
		assert_status 64
		assert_stderr_has 'which plan?'
	done
	try portl run --resume=none
	assert_status 78
}

@test "run -j with a state, of a table that exists: the plan is one that can keep it" {
	local words

	for words in '-j 2 -- --conflict=overwrite --state=s' '-j 4 -- --state=s'; do
		q "$dst" 'DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, amount numeric, name text, pad text)'
		# shellcheck disable=SC2086 # words
		try portl run ${words%%--*} -d "$src" -t t -- -d "$dst" ${words#*--} --reset-state
		assert_status 0
		same_table "$src" t "$dst" t
		assert_eq "$(portl-load -d "$dst" --list-states | grep -c 'public.t')" 1
		nothing_left
	done
}

@test "run --resume with another job than the plan's is refused" {
	printf '%s\n' "source: {database: $src, table: t}" "destination: {database: $dst}" 'create: true' >one.yaml
	sed 's/table: t/table: u/' one.yaml >other.yaml
	portl plan one.yaml --parts=2 -o one.plan
	plan
	for words in 'other.yaml --resume=one.plan' 'one.yaml --resume=plan'; do
		# shellcheck disable=SC2086 # words
		try portl run $words
		assert_status 64
		assert_stderr_has "the plan ${words#*=} is not of the job ${words%% *}"
	done
	is_not_seen
	try portl run ./one.yaml --resume=one.plan
	assert_status 0
	same_table "$src" t "$dst" t
}

@test "all parts are there, and their rows clash with the table's: the message says so, and what would help" {
	portl run -j 2 --parts=4 "${by[@]}" -d "$src" -t t -- -d "$dst" --create
	try portl run -j 2 --parts=4 "${by[@]}" -d "$src" -t t -- -d "$dst"
	assert_status 1
	assert_stderr_has 'duplicate key value'
	assert_stderr_has 'hint: A row with this key is in the table, or came before. Use --conflict'
	assert_stderr_has 'public.t: is there, but the parts could not be published'
	portl run -j 2 --parts=4 "${by[@]}" -d "$src" -t t -- -d "$dst" --conflict=overwrite
}
