#!/usr/bin/env bats
# Logs: enough to see afterwards who moved what from where to where, and what became of
# it.  Colours, where people read.

load ../lib/common
load ../lib/faults

setup()
{
	fresh_db a b
	make_rows "$a" t 100
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, amount numeric, name text)'
}

# events FILTER: what jq makes of the log's events, all of them together, one line each.
events()
{
	jq -ecs "$1" "$T/log"
}

# logged FILTER: the log has an event for which it is true.
logged()
{
	jq -es "any(.[]; $1)" "$T/log" >/dev/null || fail "not logged: $1" "$(<"$T/log")"
}

json="-L '$BATS_TEST_TMPDIR/log' --log-format=json"

@test "CSV files are in the log: who reads and writes which, and the plan" {
	cd "$T" || return
	printf 'id,name\n1,x\n' >in.csv
	try_sh "portl-extract --csv=in.csv $json | portl-load --csv=out.csv --map=id= $json"
	assert_status 0
	assert_silent
	cmp out.csv - <<<$'name\nx'
	logged ".event == \"file\" and .program == \"portl-extract\" and .path == \"$T/in.csv\"
		and .use == \"reading\" and .user == \"$(id -un)\""
	logged ".event == \"file\" and .program == \"portl-load\" and .path == \"$T/out.csv\"
		and .use == \"writing\" and .user == \"$(id -un)\""
	logged '.event == "plan" and .relation == "out.csv" and .kind == "CSV file" and
		.columns == [{"source":"id","target":null},{"source":"name","target":"name"}]'
	assert_eq "$(events 'map(.run) | unique | length')" 1
	try_sh "printf 'a\n1\n' | portl-extract --csv=- -v | portl-load --csv=- -v"
	assert_stderr_has 'reading CSV file -'
	assert_stderr_has 'writing CSV file -'
}

@test "both sides log to one file in JSON, under one run" {
	try_sh "portl-extract -d '$a' -t t --where='id < 50' $json | portl-load -d '$b' $json --summary='$T/l'"
	assert_status 0
	assert_silent
	assert_eq "$(events 'map(.run) | unique')" "[$(jq .run "$T/l")]"
	assert_eq "$(events 'map(.program) | unique')" '["portl-extract","portl-load"]'
	assert_eq "$(events 'map(keys_unsorted[0:7]) | unique')" \
		'[["time","severity","program","pid","run","event","message"]]'
	assert_eq "$(events 'all(.[]; .time | test("^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9][.][0-9]{3}Z$"))')" true
	assert_eq "$(events 'map(select(.program == "portl-extract" and .event != "sql").event)')" \
		'["connect","stream","receipt"]'
	assert_eq "$(events 'map(select(.program == "portl-load" and .event != "sql").event)')" \
		'["connect","stream","plan","step","commit","receipt"]'
}

@test "who connected where, which relation, by which plan, with what outcome" {
	try_sh "portl-extract -d '$a' -t t $json | portl-load -d '$b' -t t --map=name= --truncate $json"
	assert_status 0
	for side in extract:$a load:$b; do
		logged ".event == \"connect\" and .program == \"portl-${side%:*}\" and .database == \"${side#*:}\"
			and .user == \"$PGUSER\" and .host == \"$PGHOST\" and .port == \"$PGPORT\" and .tls == null
			and .server_version >= 130000 and .backend_pid > 1"
	done
	logged '.event == "stream" and .program == "portl-extract" and .relation == "public.t"
		and .values == "binary" and .columns[1] == {name: "amount", type: "numeric"}'
	logged '.event == "plan" and .relation == "public.t" and .kind == "table"
		and .columns[2] == {source: "name", target: null}
		and (.statements | any(startswith("TRUNCATE")) and any(startswith("COPY")))'
	logged '.event == "sql" and .severity == "debug" and (.message | startswith("SQL: COPY"))'
	logged '.event == "commit" and (.xid | test("^[0-9]+$"))'
	logged '.event == "receipt" and .program == "portl-load" and .status == 0 and .rows.inserted == 100
		and .committed and .seconds >= 0 and (.xxh3 | length == 16)'
}

@test "the way through a staging table, and each batch" {
	try_sh "portl-extract -d '$a' -t t $json | portl-load -d '$b' --conflict=skip --commit=batch -b 30 $json"
	assert_status 0
	logged '.event == "plan" and .route == "staged" and .conflict == "skip"
		and any(.statements[]; startswith("INSERT INTO")) and any(.statements[]; contains("TEMP"))'
	assert_eq "$(events 'map(select(.event == "commit").xid) | unique | length')" 4
}

@test "errors of both sides, with SQLSTATE, detail and the receipt" {
	q "$b" 'INSERT INTO t VALUES (50)'
	try_sh "portl-extract -d '$a' -t t $json 2>/dev/null | portl-load -q -d '$b' $json"
	assert_status 1
	logged '.event == "error" and .severity == "error" and .program == "portl-load" and .code == 1
		and .sqlstate == "23505" and (.detail | contains("Key (id)=(50)"))'
	logged '.event == "receipt" and .program == "portl-load" and .status == 1 and .committed == false'
	rm "$T/log"
	try_sh "portl-extract -d '$a' -c 'SELECT 1/0 AS id' $json 2>/dev/null | portl-load -d '$b' -t t $json 2>/dev/null"
	assert_status 4
	assert_eq "$(events 'map(select(.event == "error") | [.program, .code, .sqlstate]) | sort')" \
		'[["portl-extract",1,"22012"],["portl-load",4,"22012"]]'
	assert_eq "$(events 'map(.run) | unique | length')" 1
}

@test "warnings and the server's notices are logged, with -q as well" {
	q "$b" "CREATE FUNCTION speak() RETURNS trigger LANGUAGE plpgsql AS
		\$\$ BEGIN RAISE NOTICE 'row %', new.id; RETURN new; END \$\$;
		CREATE TRIGGER s BEFORE INSERT ON t FOR EACH ROW WHEN (new.id = 7) EXECUTE FUNCTION speak()"
	try_sh "portl-extract -d '$a' -t t --bare | portl-load -q -d '$b' -t t $json"
	assert_status 0
	assert_silent
	logged '.severity == "warning" and .event == "warning" and (.message | startswith("no end record"))'
	logged '.event == "server" and .message == "row 7" and .server_severity == "NOTICE"'
	assert_eq "$(events 'map(.run) | unique | map(test("^[0-9a-f]{16}$"))')" '[true]'
}

@test "a log in text has the same, one event a line that begins with its time" {
	try_sh "portl-extract -d '$a' -t t -L '$T/log' | portl-load -d '$b' -L '$T/log' --summary='$T/l'"
	assert_status 0
	assert_silent
	run=$(jq -r .run "$T/l")
	assert_eq "$(grep -cvE $'^(\t|20[0-9-]+T[0-9:.]+Z portl-(extract|load)\\[[0-9]+\\] '"$run"' (info|debug) [a-z]+: )' "$T/log")" 0
	grep -qF "$run info connect: connected to database \"$a\" as \"$PGUSER\"" "$T/log"
	grep -qF "$run info receipt: public.t: 100 rows read, 100 inserted" "$T/log"
	grep -qF "	columns: [{\"source\":\"id\",\"target\":\"id\"}" "$T/log"
}

@test "standard error as the log: JSON and nothing else; -vv adds SQL, -q leaves errors" {
	portl-extract -d "$a" -t t --bare >"$T/s"
	try portl-load -n -d "$b" -t t --log-format=json "$T/s"
	assert_status 0
	assert_eq "$(jq -cs 'map(.event)' <<<"$stderr")" '["connect","stream","warning","plan","step","receipt"]'
	try portl-load -vv -n -d "$b" -t t --log-format=json "$T/s"
	assert_eq "$(jq -cs 'map(.event) | unique' <<<"$stderr")" '["connect","plan","receipt","sql","step","stream","warning"]'
	try portl-load -q -d "$b" -t t --log-format=json "$T/s"
	assert_silent
	try portl-load -q -d "$b" -t t --log-format=json "$T/s"
	assert_status 1
	assert_eq "$(jq -cs 'map([.event, .sqlstate])' <<<"$stderr")" '[["error","23505"]]'
	try_sh "portl-extract -P -d '$a' -t t --log-format=json 2>'$T/log' | cat >/dev/null"
	logged '.event == "progress" and .rows == 100 and .bytes > 0'
}

@test "what was done is in the log though the program is killed" {
	portl-extract -d "$a" -t t >"$T/s"
	mkfifo "$T/feed"
	in=$T/feed start load portl-load -d "$b" -L "$T/log" --log-format=json
	feed_open
	head -c 2000 "$T/s" >&"$feed"
	backend_does "$b" portl-load "query LIKE 'COPY%'"
	kill -KILL "$pid_load"
	finish load
	feed_close
	logged '.event == "connect"'
	logged '.event == "sql" and (.message | startswith("SQL: COPY"))'
	assert_eq "$(events 'map(.run) | unique | length')" 1
}

@test "a load that never sees a header logs under a run of its own" {
	mkfifo "$T/feed"
	in=$T/feed start load portl-load -d "$b" -L "$T/log" --log-format=json
	feed_open
	backend_does "$b" portl-load "$waits_for_input"
	kill -TERM "$pid_load"
	finish load
	feed_close
	assert_status 143
	assert_eq "$(events 'map(select(.event != "sql").event)')" '["connect","error","receipt"]'
	logged '.event == "error" and .signal == 15'
	assert_eq "$(events 'map(.run) | unique | map(test("^[0-9a-f]{16}$"))')" '[true]'
}

@test "a new log is for its owner, an old one keeps its mode and what is in it" {
	portl-extract -d "$a" -t t -L "$T/log" >/dev/null
	assert_eq "$(stat -c %a "$T/log")" 600
	chmod 640 "$T/log"
	cp "$T/log" "$T/before"
	portl-extract -d "$a" -t t -L "$T/log" >/dev/null
	assert_eq "$(stat -c %a "$T/log")" 640
	cmp -n "$(stat -c %s "$T/before")" "$T/before" "$T/log"
	[ "$(grep -c ' connect: ' "$T/log")" -eq 2 ]
}

@test "programs that log to one file at the same time do not mix their lines" {
	for n in 1 2 3 4; do
		start "x$n" portl-extract -d "$a" -c "$(printf 'SELECT %d /*%8000d*/' $n 0)" -L "$T/log" --log-format=json -o "$T/s$n"
	done
	for n in 1 2 3 4; do
		finish "x$n"
		assert_eq "$status" 0
	done
	assert_eq "$(events 'map(.run) | unique | length')" 4
	assert_eq "$(events 'map(select(.event == "receipt")) | length')" 4
}

@test "a log that cannot be written: nothing is committed" {
	portl-extract -d "$a" -t t >"$T/s"
	try portl-load -d "$b" -L "$T/none/log" "$T/s"
	assert_status 1
	assert_stderr_has 'could not open the log file'
	try portl-load -d "$b" -L /dev/full "$T/s"
	assert_status 1
	assert_stderr_has 'could not write the log file "/dev/full": No space left on device'
	assert_eq "$(grep -c 'error: ' <<<"$stderr")" 1
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	try portl-extract -d "$a" -t t -L /dev/full -o "$T/s2"
	assert_status 1
	assert_stderr_has 'could not write the log file'
}

@test "no password gets into a log" {
	secret='Xy7,zzyzx'
	portl-extract -d "$a" -t t >"$T/s"
	PGPASSWORD=$secret try portl-load -v -d "dbname=$b password=$secret" -L "$T/log" "$T/s"
	assert_status 0
	try portl-load -v -d "postgresql://x:$secret@127.0.0.1:1/none" -L "$T/log" "$T/s"
	assert_status 2
	logged_lines=$(<"$T/log")
	[[ $logged_lines == *connect:* && $logged_lines$stderr != *zzyzx* ]]
}

@test "colours as PG_COLOR, PG_COLORS and NO_COLOR say" {
	red=$'\e[01;31merror:\e[0m' bold=$'\e[01mportl-extract:\e[0m'
	bad="portl-extract -d $a -t none -o '$T/s'"
	try_sh "PG_COLOR=always $bad"
	assert_stderr_has "$bold $red "
	try_sh "PG_COLOR=auto $bad"
	assert_stderr_lacks $'\e'
	PG_COLOR=auto run script -qec "$bad" /dev/null
	assert_out_has "$bold $red "
	run script -qec "$bad" /dev/null
	[[ $output != *$'\e'* ]]
	NO_COLOR=1 PG_COLOR=auto run script -qec "$bad" /dev/null
	[[ $output != *$'\e'* ]]
	PG_COLORS=error=4 PG_COLOR=always try_sh "$bad"
	assert_stderr_has $'portl-extract: \e[4merror:\e[0m '
}
