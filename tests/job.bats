#!/usr/bin/env bats
# Job files in both programs: what they say, what wins over what, what is wrong with them,
# and where their passwords go.
# shellcheck disable=SC2016 # dollars are for the job

load lib/common
load lib/faults

secret='Xy7:zzyzx $5'

# A server that wants a password of one role, with three databases.
setup_file()
{
	SAFE=$(cluster_dir)
	export SAFE
	cluster_start "$SAFE"
	PGHOST=$SAFE psql -Xq -c "CREATE ROLE guarded LOGIN SUPERUSER PASSWORD '$secret'" \
		-c 'CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 50) i' \
		-c 'CREATE DATABASE a' -c 'CREATE DATABASE b' -c 'CREATE DATABASE c'
	cluster_stop "$SAFE"
	printf '%s\n' 'local all portl trust' 'local all guarded scram-sha-256' |
		cluster_as tee "$SAFE/data/pg_hba.conf" >/dev/null
	cluster_start "$SAFE"
}

teardown_file()
{
	cluster_drop "$SAFE"
}

setup()
{
	cd "$T" || return
	umask 077
	export PGHOST=$SAFE PGPORT=5432 PGUSER=portl
}

fresh()
{
	local db

	for db in "$@"; do
		PGOPTIONS='-c client_min_messages=error' q "$db" 'DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS "S p" CASCADE; CREATE SCHEMA public'
	done
}

two_tables()
{
	fresh a b
	q a "CREATE TABLE t (id int PRIMARY KEY, \"Name\" text, n int);
		INSERT INTO t SELECT i, 'name ' || i, i % 7 FROM generate_series(1, 100) i"
	q b 'CREATE TABLE u (key int PRIMARY KEY, name text)'
}

pipe()
{
	try_sh "portl-extract -f job.yaml $* | portl-load -f job.yaml"
}

# refused TEXT: both programs refuse job.yaml and say TEXT.
refused()
{
	try portl-load -f job.yaml </dev/null
	assert_status 78
	assert_stderr_has "portl-load: error: $1"
	try portl-extract -f job.yaml -o out
	assert_status 78
	assert_stderr_has "portl-extract: error: $1"
}

@test "one file is read by both programs, each its own part" {
	two_tables
	cat >job.yaml <<-'EOF'
		source:
		  type: postgres
		  database: a
		  table: t
		  columns: [id, Name, n]
		  where: n = ${N:-3}
		destination:
		  database: b
		  table: public.u
		schema_mapping:
		  id: key
		  Name: name
		  n:
		limit: 10
	EOF
	pipe
	assert_status 0
	assert_silent
	assert_eq "$(q b 'SELECT count(*), min(key), min(name) FROM u')" '10|3|name 10'
	N=4 try_sh 'portl-extract -f job.yaml | portl-load -f job.yaml'
	assert_status 0
	assert_eq "$(q b 'SELECT count(*), min(key) FROM u')" '20|3'
}

@test "a query of several lines, with dollars" {
	two_tables
	cat >job.yaml <<-'EOF'
		source:
		  database: a
		  query: |
		    SELECT id AS key, $$$$it's: [a, "b"]$$$$ AS name -- $1
		      FROM t
		     WHERE "Name" ~ '^name [12]$';
		destination: {database: b, table: u}
	EOF
	pipe
	assert_status 0
	assert_eq "$(q b 'SELECT * FROM u ORDER BY 1')" $'1|it\'s: [a, "b"]\n2|it\'s: [a, "b"]'
}

@test "names in a job are exact" {
	fresh a b
	q a 'CREATE SCHEMA "S p"; CREATE TABLE "S p"."T.x" ("A, b" int PRIMARY KEY, "C" int, c int);
		INSERT INTO "S p"."T.x" VALUES (1, 2, 3)'
	q b 'CREATE TABLE "U" ("A, b" int, "D""d" int)'
	cat >job.yaml <<-'EOF'
		source:
		  database: a
		  table: S p."T.x"
		  columns: ["A, b", C]
		destination: {database: b, table: U}
		schema_mapping: {C: 'D"d'}
	EOF
	pipe
	assert_status 0
	assert_eq "$(q b 'SELECT * FROM "U"')" '1|2'
	sed -i 's/C\]/c]/; s/{C:/{c:/' job.yaml
	pipe
	assert_status 0
	assert_eq "$(q b 'SELECT sum("D""d") FROM "U"')" 5
}

@test "flags win over the job, the job over PORTL_SOURCE and PORTL_DESTINATION" {
	two_tables
	fresh c
	q c 'CREATE TABLE u (id int)'
	cat >job.yaml <<-'EOF'
		source: {database: a, table: t, columns: id}
		destination: {database: b, table: u}
		schema_mapping: {id: key}
		limit: 3
	EOF
	export PORTL_SOURCE=dbname=none PORTL_DESTINATION=dbname=none
	try_sh 'portl-extract -f job.yaml --limit=5 | portl-load --job=job.yaml'
	assert_status 0
	assert_eq "$(q b 'SELECT count(*) FROM u')" 5
	try_sh "portl-extract -f job.yaml | portl-load -f job.yaml --map=id=id -d c"
	assert_status 0
	assert_eq "$(q c 'SELECT count(*) FROM u')" 3
	try_sh "portl-extract -f job.yaml -c 'SELECT 7 AS id' | portl-load -f job.yaml -d c --map=id=id"
	assert_status 0
	assert_eq "$(q c 'SELECT max(id) FROM u')" 7

	# a job that does not say where leaves it to the environment
	printf '%s\n' 'source: {table: t}' 'destination: {table: u}' 'schema_mapping: {id: key, Name: name, n: }' >job.yaml
	export PORTL_SOURCE=a PORTL_DESTINATION=b
	pipe --where=id=90
	assert_status 0
	assert_eq "$(q b 'SELECT max(key) FROM u')" 90
}

@test "a flag that names another database takes nothing of the job's connection along" {
	fresh a
	cat >job.yaml <<-EOF
		source: {host: $SAFE, username: guarded, password: '$secret', table: pg_am}
	EOF
	try portl-extract -f job.yaml -d a -v -F ndjson --bare
	assert_status 0
	assert_stderr_has "database \"a\" as \"portl\" at $PGHOST"
	try portl-extract -f job.yaml -h "$PGHOST" -U portl -F ndjson --bare
	assert_status 0
}

@test "services, URIs, ports" {
	two_tables
	export PGSERVICEFILE=$T/services
	printf '[there]\ndbname=a\n' >services
	cat >job.yaml <<-EOF
		source: {service: there, table: t, columns: [id]}
		destination:
		  uri: postgresql:///none?host=/nowhere
		  host: $PGHOST
		  port: $PGPORT
		  database: b
		  table: u
		schema_mapping: {id: key}
	EOF
	pipe
	assert_status 0
	assert_eq "$(q b 'SELECT count(*) FROM u')" 100
}

@test "CSV files in and out" {
	fresh b
	printf '%s\n' 'id;Name' '1;a' '2;"b;c"' >in.csv
	cat >job.yaml <<-'EOF'
		source:
		  type: csv
		  path: ${DIR:-.}/in.csv
		  delimiter: ';'
		  header: true
		destination: {database: b, table: people, create: true}
		schema_mapping: {Name: Who}
		lock_wait_timeout: 1000
	EOF
	export PORTL_SOURCE=dbname=none
	pipe
	assert_status 0
	assert_eq "$(q b 'SELECT id || "Who" FROM people ORDER BY id')" $'1a\n2b;c'
	printf '%s\n' 'source: {database: b, table: people}' 'destination: {type: csv, path: out.csv}' \
		'lock_wait_timeout: 1000' >job.yaml
	pipe
	assert_status 0
	assert_eq "$(<out.csv)" $'id,Who\n1,a\n2,b;c'
	# a flag turns to a database, or to a file
	PGDATABASE=b try_sh 'portl-extract -f job.yaml | portl-load -f job.yaml -d b -t people --truncate'
	assert_status 0
	printf '%s\n' 'source: {database: b, host: nowhere, table: people}' >job.yaml
	try portl-extract -f job.yaml --csv in.csv --delimiter=';' -F ndjson --bare
	assert_status 0
	assert_out_has '"Name":"b;c"'
}

@test "what does not go with a CSV file" {
	printf '%s\n' 'source:' '  type: csv' '  path: x' '  host: y' >job.yaml
	try portl-extract -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:4: source.host: a CSV file has no connection'
	printf '%s\n' 'source: {type: csv, path: x, where: a > 1}' >job.yaml
	try portl-extract -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml: --where does not go with --csv'
	printf '%s\n' 'source: {table: x, delimiter: x}' >job.yaml
	try portl-extract -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml: --delimiter needs --csv'
}

@test "conflicts: every key of theirs" {
	two_tables
	q b "INSERT INTO u VALUES (1, 'old'), (200, 'kept')"
	cat >job.yaml <<-'EOF'
		source: {database: a, query: 'SELECT id AS key, "Name" AS name FROM t'}
		destination: {database: b, table: u}
		conflict: overwrite
		key: [key]
		newer: name
		duplicates: last
		commit: batch
		batch_size: 7
		no_sync_sequences: true
		summary: receipt
	EOF
	pipe
	assert_status 0
	assert_eq "$(jq -c '[.rows.inserted, .rows.updated, .rows.skipped, .committed]' receipt)" '[99,0,1,true]'
	sed -i 's/overwrite/skip/; /newer/d' job.yaml
	pipe
	assert_status 0
	assert_eq "$(jq -c '.rows.skipped' receipt)" 100
	sed -i 's/skip/skpi/' job.yaml
	try portl-load -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:3: conflict takes fail|skip|overwrite|merge, not "skpi"'
	assert_stderr_has 'hint: Perhaps you meant "skip".'
}

@test "what is wrong with the file: file, line and key, exit 78, nothing done" {
	: >job.yaml
	refused 'job.yaml: the file is empty'
	rm job.yaml
	refused 'could not read the job file "job.yaml": No such file or directory'
	printf 'source:\n\ttable: t\n' >job.yaml
	refused 'job.yaml:2: not YAML'
	printf 'source:\n  table: t\n  tabel: u\n' >job.yaml
	refused 'job.yaml:3: source.tabel: unknown key'
	assert_stderr_has 'hint: Perhaps you meant "table".'
	printf 'source:\n  table: t\nsource:\n' >job.yaml
	refused 'job.yaml:3: source is given twice, first in line 1'
	printf 'source: &s\n  table: t\ndestination: *s\n' >job.yaml
	refused 'job.yaml:1: anchors (&name) are not allowed'
	printf 'source:\n  table: {name: t}\n' >job.yaml
	refused 'job.yaml:2: source.table: a value is expected here, not keys and values'
	printf 'source: {table: t}\n---\nsource: {table: u}\n' >job.yaml
	refused 'job.yaml:2: a second document begins'
	printf 'source: {table: t}\nlock_wait_timeout: soon\n' >job.yaml
	refused 'job.yaml:2: lock_wait_timeout takes a whole number of at least 0, not "soon"'
	[ ! -e out ]
}

@test "what only one program can know is wrong with its part" {
	printf 'source:\n  table: t\n  database: ${PORTL_NOT_SET}\nstreams: 0\n' >job.yaml
	try portl-extract -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:3: source.database: the environment variable PORTL_NOT_SET is not set'
	assert_stderr_has 'hint: Set it, or give a default: ${PORTL_NOT_SET:-default}.'
	try portl-load -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:4: streams takes a whole number of at least 1'
	printf 'source:\n  database: x\n' >job.yaml
	try portl-extract -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:1: source: it does not say what to read'
	printf 'source: {table: t, query: SELECT 1}\n' >job.yaml
	try portl-extract -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml: -t, -c and --query-file exclude each other'
	printf 'schema_mapping: {a: c, b: c}\n' >job.yaml
	try portl-load -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml: --map sends two columns to "c"'
}

@test "a variable's content is never taken for YAML, or for another variable" {
	two_tables
	cat >job.yaml <<-'EOF'
		source:
		  database: a
		  query: SELECT 1 AS key, '${VALUE}' AS name
		destination: {database: b, table: u}
	EOF
	export VALUE=$'x"\n  table: t\n# ${HOME} $$ [{&*!|>%@'
	pipe
	assert_status 0
	assert_eq "$(q b 'SELECT name FROM u')" "$VALUE"
}

# --- passwords -------------------------------------------------------------------

keeps_quiet()
{
	[[ $output$stderr != *zzyzx* ]] || show_run 'a password was told'
}

guarded_job()
{
	cat >job.yaml <<-EOF
		source:
		  host: $SAFE
		  username: guarded
		  $1
		  query: SELECT pg_sleep(60)::text AS x
		destination:
		  host: $SAFE
		  username: guarded
		  $1
		  table: x
	EOF
}

guarded_runs()
{
	[ "$(PGHOST=$SAFE q postgres "SELECT count(*) FROM pg_stat_activity
		WHERE usename = 'guarded' AND (wait_event = 'PgSleep' OR application_name = 'portl-load')")" = 2 ]
}

@test "a password in the file reaches the server, and no argument, environment, log or stream" {
	guarded_job "password: '${secret}'"
	start both bash -c 'portl-extract -v -f job.yaml | tee stream | portl-load -v -f job.yaml --summary=receipt'
	wait_until 10 guarded_runs
	mapfile -t pids < <(pgrep -P "$pid_both" -f '^portl-(extract|load) ')
	assert_eq "${#pids[@]}" 2
	for pid in "${pids[@]}"; do
		tr '\0' '\n' <"/proc/$pid/cmdline"
		tr '\0' '\n' <"/proc/$pid/environ"
	done >seen
	ps -ef >>seen
	grep -q -- '-f' seen
	run ! grep -q zzyzx seen
	kill -TERM "${pids[@]}"
	finish both
	assert_stderr_has 'connected to database'
	keeps_quiet
	run ! grep -q zzyzx stream receipt "$SAFE/log"
}

@test "a password from the environment into the file, and into a URI" {
	export PW=$secret
	guarded_job 'password: ${PW}'
	sed -i 's/query:.*/table: t/' job.yaml
	chmod 644 job.yaml
	try_sh 'portl-extract -v -f job.yaml 2>x | portl-load -v -f job.yaml --create --dry-run'
	assert_status 0
	assert_stderr_has '50 inserted'
	stderr+=$(<x)
	keeps_quiet
	assert_stderr_lacks warning
	sed -i "s|password:.*|uri: postgresql://guarded:\${PW}@/postgres|" job.yaml
	PW='Xy7%3Azzyzx%20$5' try_sh 'portl-extract -v -f job.yaml 2>x | portl-load -v -f job.yaml --create --dry-run'
	assert_status 0
	stderr+=$(<x)
	keeps_quiet
	assert_stderr_lacks warning
}

@test "a wrong password, a bad URI and a misplaced one are not repeated" {
	guarded_job 'password: wrong-zzyzx'
	try portl-extract -v -f job.yaml -o out
	assert_status 2
	assert_stderr_has 'password authentication failed'
	keeps_quiet
	guarded_job 'uri: postgresql://guarded:a@zzyzx@/postgres'
	try portl-load -v -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:9: destination.uri: the connection string cannot be understood'
	keeps_quiet
	guarded_job 'password: [zzyzx]'
	try portl-load -v -f job.yaml
	assert_status 78
	keeps_quiet
	guarded_job 'password: a: zzyzx'
	try portl-load -v -f job.yaml
	assert_status 78
	keeps_quiet
}

@test "a file with a password that others can read draws a warning" {
	guarded_job "password: '${secret}'"
	sed -i 's/query:.*/table: t/' job.yaml
	for mode in 600 640 604; do
		chmod $mode job.yaml
		try portl-extract -f job.yaml --check=plan -o out
		assert_status 0
		if [ $mode = 600 ]; then
			assert_stderr_lacks warning
		else
			assert_stderr_has 'warning: others can read the password in job.yaml (source.password); run chmod 600 job.yaml'
		fi
	done
	guarded_job "uri: 'host=$SAFE password=x'"
	chmod 644 job.yaml
	try portl-load -f job.yaml --check=connection
	assert_stderr_has '(destination.uri)'
	keeps_quiet
}

# --- the list of keys ---------------------------------------------------------------

options_of()
{
	"$1" --help | sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/\2/p'
}

@test "every long option of either program is a key of its block, and no other key is" {
	local wrong=

	for program in portl-extract portl-load; do
		block=source
		[ $program = portl-extract ] || block=destination
		for option in $(options_of $program); do
			key=${option//-/_}
			printf '%s:\n  %s: {}\n' $block "$key" >job.yaml
			try $program -f job.yaml
			case $option in
			# the connection has keys of its own, and a mapping is one
			dbname | source | destination | map | csv | job | check | help | version)
				[[ $stderr == *"job.yaml:2: $block.$key: "*key* ]] || wrong+=" $block.$key"
				;;
			*)
				[[ $stderr == *"job.yaml:2: $block.$key: a value is expected"* ]] || wrong+=" $block.$key"
				;;
			esac
		done
	done
	assert_eq "$wrong" ''
	known=" $(options_of portl-extract | tr '\n' ' ')$(options_of portl-load | tr '\n' ' ')"
	while read -r key; do
		[[ $known == *" ${key//_/-} "* ]] || wrong+=" $key"
	done < <(sed -n 's/^\t{"\([a-z_]*\)", .*JOBKEY_\(OPTION\|NAMES\|TABLE\).*/\1/p' "$ROOT/common/jobkeys.c")
	assert_eq "$wrong" ''
}
