#!/usr/bin/env bats
# Job files in both programs: what they say, what wins over what, and what is wrong with
# them.
# shellcheck disable=SC2016 # dollars are for the job

load ../lib/common
load ../lib/faults

setup_file()
{
	fresh_db a b c
}

teardown_file()
{
	drop_dbs
}

setup()
{
	cd "$T" || return
	umask 077
}

fresh()
{
	local db

	for db in "$@"; do
		q "$db" 'SET client_min_messages = error; DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS "S p" CASCADE; CREATE SCHEMA public'
	done
}

# A job in job.yaml, from standard input; $a and $b stand for databases.
job()
{
	sed "s/\$a/$a/; s/\$b/$b/" >job.yaml
}

two_tables()
{
	fresh "$a" "$b"
	q "$a" "CREATE TABLE t (id int PRIMARY KEY, \"Name\" text, n int);
		INSERT INTO t SELECT i, 'name ' || i, i % 7 FROM generate_series(1, 100) i"
	q "$b" 'CREATE TABLE u (key int PRIMARY KEY, name text)'
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
	job <<-'EOF'
		source:
		  type: postgres
		  database: $a
		  table: t
		  columns: [id, Name, n]
		  where: n = ${N:-3}
		destination:
		  database: $b
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
	assert_eq "$(q "$b" 'SELECT count(*), min(key), min(name) FROM u')" '10|3|name 10'
	N=4 try_sh 'portl-extract -f job.yaml | portl-load -f job.yaml'
	assert_status 0
	assert_eq "$(q "$b" 'SELECT count(*), min(key) FROM u')" '20|3'
}

@test "a query of several lines, with dollars" {
	two_tables
	job <<-'EOF'
		source:
		  database: $a
		  query: |
		    SELECT id AS key, $$$$it's: [a, "b"]$$$$ AS name -- $1
		      FROM t
		     WHERE "Name" ~ '^name [12]$';
		destination: {database: $b, table: u}
	EOF
	pipe
	assert_status 0
	assert_eq "$(q "$b" 'SELECT * FROM u ORDER BY 1')" $'1|it\'s: [a, "b"]\n2|it\'s: [a, "b"]'
}

@test "names in a job are exact" {
	fresh "$a" "$b"
	q "$a" 'CREATE SCHEMA "S p"; CREATE TABLE "S p"."T.x" ("A, b" int PRIMARY KEY, "C" int, c int);
		INSERT INTO "S p"."T.x" VALUES (1, 2, 3)'
	q "$b" 'CREATE TABLE "U" ("A, b" int, "D""d" int)'
	job <<-'EOF'
		source:
		  database: $a
		  table: S p."T.x"
		  columns: ["A, b", C]
		destination: {database: $b, table: U}
		schema_mapping: {C: 'D"d'}
	EOF
	pipe
	assert_status 0
	assert_eq "$(q "$b" 'SELECT * FROM "U"')" '1|2'
	sed -i 's/C\]/c]/; s/{C:/{c:/' job.yaml
	pipe
	assert_status 0
	assert_eq "$(q "$b" 'SELECT sum("D""d") FROM "U"')" 5
}

@test "flags win over the job, the job over PORTL_SOURCE and PORTL_DESTINATION" {
	two_tables
	fresh "$c"
	q "$c" 'CREATE TABLE u (id int)'
	job <<-'EOF'
		source: {database: $a, table: t, columns: id}
		destination: {database: $b, table: u}
		schema_mapping: {id: key}
		limit: 3
	EOF
	export PORTL_SOURCE=dbname=none PORTL_DESTINATION=dbname=none
	try_sh 'portl-extract -f job.yaml --limit=5 | portl-load --job=job.yaml'
	assert_status 0
	assert_eq "$(q "$b" 'SELECT count(*) FROM u')" 5
	try_sh "portl-extract -f job.yaml | portl-load -f job.yaml --map=id=id -d $c"
	assert_status 0
	assert_eq "$(q "$c" 'SELECT count(*) FROM u')" 3
	try_sh "portl-extract -f job.yaml -c 'SELECT 7 AS id' | portl-load -f job.yaml -d $c --map=id=id"
	assert_status 0
	assert_eq "$(q "$c" 'SELECT max(id) FROM u')" 7

	# a job that does not say where leaves it to the environment
	printf '%s\n' 'source: {table: t}' 'destination: {table: u}' 'schema_mapping: {id: key, Name: name, n: }' >job.yaml
	export PORTL_SOURCE=$a PORTL_DESTINATION=$b
	pipe --where=id=90
	assert_status 0
	assert_eq "$(q "$b" 'SELECT max(key) FROM u')" 90
}

@test "services, URIs, ports" {
	two_tables
	export PGSERVICEFILE=$T/services
	printf '[there]\ndbname=%s\n' "$a" >services
	job <<-EOF
		source: {service: there, table: t, columns: [id]}
		destination:
		  uri: postgresql:///none?host=/nowhere
		  host: $PGHOST
		  port: $PGPORT
		  database: $b
		  table: u
		schema_mapping: {id: key}
	EOF
	pipe
	assert_status 0
	assert_eq "$(q "$b" 'SELECT count(*) FROM u')" 100
}

@test "CSV files in and out" {
	fresh "$b"
	printf '%s\n' 'id;Name' '1;a' '2;"b;c"' >in.csv
	job <<-'EOF'
		source:
		  type: csv
		  path: ${DIR:-.}/in.csv
		  delimiter: ';'
		  header: true
		destination: {database: $b, table: people, create: true}
		schema_mapping: {Name: Who}
		lock_wait_timeout: 1000
	EOF
	export PORTL_SOURCE=dbname=none
	pipe
	assert_status 0
	assert_eq "$(q "$b" 'SELECT id || "Who" FROM people ORDER BY id')" $'1a\n2b;c'
	printf '%s\n' "source: {database: $b, table: people}" 'destination: {type: csv, path: out.csv}' \
		'lock_wait_timeout: 1000' >job.yaml
	pipe
	assert_status 0
	assert_eq "$(<out.csv)" $'id,Who\n1,a\n2,b;c'
	# a flag turns to a database, or to a file
	try_sh "portl-extract -f job.yaml | portl-load -f job.yaml -d $b -t people --truncate"
	assert_status 0
	printf '%s\n' "source: {database: $b, host: nowhere, table: people}" >job.yaml
	try portl-extract -f job.yaml --csv in.csv --delimiter=';' -F ndjson --bare
	assert_status 0
	assert_out_has '"Name":"b;c"'
	printf '%s\n' "source: {path: out.csv, table: people}" "destination: {database: $b}" 'tables:' \
		'  people: {conflict: skip}' >job.yaml
	q "$b" 'ALTER TABLE people ADD PRIMARY KEY (id)'
	try portl run job.yaml --summary=receipt
	assert_status 0
	assert_eq "$(jq .rows.skipped receipt)" 2
}

@test "what does not go with a CSV file" {
	printf '%s\n' 'source:' '  type: csv' '  path: x' '  host: y' >job.yaml
	try portl-extract -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:4: source.host: a CSV file has no connection'
	printf '%s\n' 'source: {type: csv, path: x, where: a > 1}' >job.yaml
	try portl-extract -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:1: source.where: --where does not go with --csv'
	printf '%s\n' 'source: {table: x, delimiter: x}' >job.yaml
	try portl-extract -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:1: source.delimiter: --delimiter needs --csv'
}

@test "conflicts: every key of theirs" {
	two_tables
	q "$b" "INSERT INTO u VALUES (1, 'old'), (200, 'kept')"
	job <<-'EOF'
		source: {database: $a, query: 'SELECT id AS key, "Name" AS name FROM t'}
		destination: {database: $b, table: u}
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
	echo '{}' >job.yaml
	refused 'job.yaml: the file has no keys'
	rm job.yaml
	refused 'could not read the job file "job.yaml": No such file or directory'
	printf 'source:\n\ttable: t\n' >job.yaml
	refused 'job.yaml:2: not YAML'
	printf 'source: {table: t}\nlimti: 1\n' >job.yaml
	refused 'job.yaml:2: limti: unknown key'
	# what may stand in a block is known to the program that it is for
	printf 'source:\n  table: t\n  tabel: u\n' >job.yaml
	try portl-extract -f job.yaml -o out
	assert_status 78
	assert_stderr_has 'job.yaml:3: source.tabel: unknown key'
	assert_stderr_has 'hint: Perhaps you meant "table".'
	printf 'source:\n  table: t\nsource:\n' >job.yaml
	refused 'job.yaml:3: source is given twice, first in line 1'
	printf 'source: &s\n  table: t\ndestination: *s\n' >job.yaml
	refused 'job.yaml:1: anchors (&name) are not allowed'
	printf 'source: {table: t}\nlock_wait_timeout: {name: t}\n' >job.yaml
	refused 'job.yaml:2: lock_wait_timeout: a value is expected here, not keys and values'
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
	assert_stderr_has 'job.yaml:1: source.query: -t, -c and --query-file exclude each other'
	printf 'schema_mapping: {a: c, b: c}\n' >job.yaml
	try portl-load -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:1: schema_mapping.b: --map sends two columns to "c"'
	printf 'conflict: skip\nnewer: x\n' >job.yaml
	try portl-load -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:2: newer: --newer needs --conflict=overwrite'
	try portl-load -f job.yaml --conflict=fail --newer=y
	assert_status 64 # the option at fault is on the command line
	assert_stderr_has 'error: --newer needs'
}

@test "a variable's content is never taken for YAML, or for another variable" {
	two_tables
	job <<-'EOF'
		source:
		  database: $a
		  query: SELECT 1 AS key, '${VALUE}' AS name
		destination: {database: $b, table: u}
	EOF
	export VALUE=$'x"\n  table: t\n# ${HOME} $$ [{&*!|>%@'
	pipe
	assert_status 0
	assert_eq "$(q "$b" 'SELECT name FROM u')" "$VALUE"
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
			printf '%s:\n  %s: [a, b]\n' $block "$key" >job.yaml
			try $program -f job.yaml
			[[ $stderr == *"job.yaml:2: $block.$key: unknown key"* ]] && unknown=1 || unknown=0
			case $option in
			# the connection has keys of its own, and a mapping is one; what is of one call
			dbname | source | destination | map | csv | job | check | help | version | completion | \
				snapshot | digest-only | only-keys | differing-keys | print-state | list-states | reset-state | json | \
				plan | part | parts | part-size | split-by | at-once | make-plan | hold | catch-up | publish | \
				list-parts | print-position | drop-parts | list-runs | drop-run | drop-stale)
				((unknown)) || wrong+=" $block.$key"
				;;
			*)
				((!unknown)) || wrong+=" $block.$key"
				;;
			esac
		done
	done
	assert_eq "$wrong" ''
	known=" $(options_of portl-extract | tr '\n' ' ')$(options_of portl-load | tr '\n' ' ')"
	while read -r key; do
		case $key in
		tables | schemas | exclude_tables | exclude_schemas) key=${key%s} ;; # lists of what the option takes
		esac
		[[ $known == *" ${key//_/-} "* ]] || wrong+=" $key"
	done < <(sed -n 's/^\t{"\([a-z_]*\)", .*JOBKEY_OPTION.*/\1/p' "$ROOT/common/cli/jobkeys.c")
	assert_eq "$wrong" ''
}
