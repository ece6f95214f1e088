#!/usr/bin/env bats
# Messages and turns that no other test comes by: `make coverage` found them.
# shellcheck disable=SC2016 # ${NOPE} is the job file's

load ../lib/common

setup()
{
	fresh_db db
	q "$db" "CREATE TABLE t (id int PRIMARY KEY, name text, n name); INSERT INTO t VALUES (1, 'a', 'b')"
	cd "$BATS_TEST_TMPDIR" || return
}

# says STATUS MESSAGE COMMAND...: ends so, and says so
says()
{
	try "${@:3}"
	assert_status "$1"
	assert_stderr_has "$2"
}

# says_sh STATUS MESSAGE SCRIPT: the same for a line of shell
says_sh()
{
	try_sh "$3"
	assert_status "$1"
	assert_stderr_has "$2"
}

@test "option values that are no names: which option, and what is wrong" {
	local quote='a quote is not closed in the name "x'

	says 64 '--map takes SRC=DST, not "abc"' portl-load -d "$db" -t t --map=abc
	says 64 "--key: $quote" portl-load -d "$db" -t t --key='"x'
	says 64 "--newer: $quote" portl-load -d "$db" -t t --conflict=overwrite --newer='"x'
	says 64 "--columns: $quote" portl-load -d "$db" -t t --bare --columns='"x'
	says 64 "--exclude-columns: $quote" portl-extract -d "$db" -t t --exclude-columns='"x'
	says 64 'unknown option --ffff' portl-extract -d "$db" -t t "--$(printf 'f%.0s' {1..80})"
	printf 'SELECT 1 \0' >query.sql
	says 64 'query.sql: the query holds a NUL byte' portl-extract -d "$db" --query-file=query.sql
}

@test "job files: empty, too long, variables that are not set, blanks around names" {
	: >job.yaml
	says 78 'job.yaml: the file is empty' portl-extract -f job.yaml
	head -c 1100000 /dev/zero | tr '\0' '#' >job.yaml
	says 78 'job.yaml: longer than a job file may be (1 MiB)' portl-extract -f job.yaml
	echo 'source: {type: "${NOPE}", database: x, table: t}' >job.yaml
	says 78 'source.type: the environment variable NOPE is not set' portl-extract -f job.yaml
	echo 'source: {database: x, table: t, columns: ["${NOPE}"]}' >job.yaml
	says 78 'source.columns: the environment variable NOPE is not set' portl-extract -f job.yaml
	cat >job.yaml <<-END
		source: {database: x, table: t}
		destination: {database: $db, table: "public . t"}
		schema_mapping: {id: "\${NOPE}"}
	END
	says 78 'schema_mapping.id: the environment variable NOPE is not set' portl-load -f job.yaml
	sed -i 's/schema_mapping: .*/schema_mapping: {id: zzz}/' job.yaml
	says_sh 0 '' "portl-extract -d $db -c 'SELECT 2 AS id' | portl-load -f job.yaml --map=id=id"
	assert_eq "$(q "$db" 'SELECT count(*) FROM t')" 2
}

@test "--check=connection of a database and of a CSV file" {
	try portl-extract --check=connection -d "$db" -t t
	assert_status 0
	assert_out_has "$db"
	echo id >in.csv
	try portl-extract --check=connection --csv in.csv
	assert_status 0
	assert_out_has 'a CSV file'
}

@test "CSV: columns named twice, misspelt, a relation with its schema, bytes in names" {
	printf 'id,name\n1,x\n' >in.csv
	says 64 '--columns names "id" twice' portl-extract --csv in.csv --header=yes --columns=id,id -o out
	says 64 "Perhaps you meant 'name'" portl-extract --csv in.csv --exclude-columns=nama -o out
	says 1 'a name in the relation is not valid UTF-8' portl-extract --csv in.csv -t $'r\xe9' -o out
	try_sh 'portl-extract --csv in.csv -t s.r -F ndjson'
	assert_out_has '"relation":{"schema":"s","name":"r"}'
	printf 'id\n1\n"2\n' >$'\xe9.csv'
	says_sh 4 'upstream failed: ?.csv:3: a quoted field is not closed' \
		"portl-extract --csv \$'\\xe9.csv' | portl-load -d $db -t t"
	printf 'a\n10.0\n1.500\n' >in.csv
	try portl-extract --csv in.csv --infer -F ndjson --bare
	assert_eq "$output" $'{"a":10.0}\n{"a":1.500}'
}

@test "what is no stream but SQL; bare rows for a column that cuts; a sequence and a TOAST table" {
	says_sh 4 'This looks like SQL; psql runs it.' "echo '-- x' | portl-load -d $db -t t"
	says_sh 1 'value too long for type name' \
		"echo '{\"id\":9,\"n\":\"$(printf '%064d' 0)\"}' | portl-load -d $db -t t --bare"
	q "$db" 'CREATE SEQUENCE seq'
	try portl-extract -d "$db" -t seq -F ndjson
	assert_status 0
	assert_out_has '{"last_value":1,"log_cnt":0,"is_called":false}'
	says 64 'TOAST table "pg_toast_1255" has no column "x"' \
		portl-extract -d "$db" -t pg_toast.pg_toast_1255 --columns=x -o out
}

@test "keys: an index that is not valid, one of another collation, --newer that does not come" {
	q "$db" "CREATE TABLE i (id int, c text); INSERT INTO i VALUES (1), (1)"
	run q "$db" 'CREATE UNIQUE INDEX CONCURRENTLY i_id ON i (id)'
	q "$db" "TRUNCATE i; CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE UNIQUE INDEX i_c ON i (c COLLATE ci)"
	says_sh 5 'the index "i_id" on the key ("id") is not valid; REINDEX it' \
		"portl-extract -d $db -t i | portl-load -d $db -t i --key=id --conflict=skip"
	says_sh 5 'the index "i_c" on the key ("c") has an operator class or collation by which other values are equal' \
		"portl-extract -d $db -t i | portl-load -d $db -t i --key=c --conflict=skip"
	says_sh 5 '--newer: the stream does not carry "name"' \
		"portl-extract -d $db -t t --columns=id | portl-load -d $db -t t --conflict=overwrite --newer=name"
}

@test "a plain COPY file: no table to be made of it, generated columns left out, rejects with the table's names" {
	q "$db" 'CREATE TABLE g (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a + 1) STORED, c text); INSERT INTO g VALUES (1)'
	q "$db" "COPY (VALUES (1, 'x'), (2, 'y')) TO STDOUT (FORMAT binary)" >rows
	says 5 'the stream has no column types to create a table from' portl-load -d "$db" -t nope --create --bare rows
	says 3 'rejected: duplicate key value' portl-load -d "$db" -t g --bare --rejects=rejects rows
	assert_eq "$(q "$db" 'SELECT * FROM g ORDER BY a')" $'1|2|\n2|3|y'
	q "$db" 'TRUNCATE g'
	portl-load -d "$db" rejects
	assert_eq "$(q "$db" 'TABLE g')" '1|2|x'
}

@test "columns that are all generated, staged: rows of defaults" {
	q "$db" 'CREATE TABLE gen (a int GENERATED ALWAYS AS (7) STORED); INSERT INTO gen DEFAULT VALUES; INSERT INTO gen DEFAULT VALUES;
		CREATE TABLE gen2 (LIKE gen INCLUDING ALL)'
	for values in binary text; do
		portl-extract -d "$db" -t gen --values=$values | portl-load -d "$db" -t gen2 --rejects=rejects
	done
	portl-extract -d "$db" -t gen -F ndjson | portl-load -d "$db" -t gen2 --rejects=rejects
	assert_eq "$(q "$db" 'SELECT count(*), sum(a) FROM gen2')" '6|42'
}

@test "binary values that are none do not become CSV" {
	says_sh 4 'stdin:1: column "a": the bytes are no value of type integer' "portl-extract -d $db -c 'SELECT 258 AS a' |
		perl -pe 's/\\x00\\x00\\x00\\x04\\x00\\x00\\x01\\x02/\\x00\\x00\\x00\\x02\\x01\\x02/' | portl-load --edited --csv -"
}

@test "--rejects whose name is taken by a directory meanwhile: nothing loaded, or the batches" {
	mkfifo in
	q "$db" 'CREATE TABLE r (id int)'
	portl-extract -d "$db" -c 'SELECT generate_series(1, 5) AS id' -o rows
	for mode in end 'batch -b 2'; do
		# shellcheck disable=SC2086 # words
		portl-load -d "$db" -t r --commit=$mode --rejects=taken in 2>err 3>&- &
		pid=$!
		exec {to}>in
		wait_until 10 compgen -G 'taken.*.part'
		mkdir taken
		cat rows >&"$to"
		exec {to}>&-
		status=0
		wait $pid || status=$?
		rmdir taken
		assert_status 1
		grep -q 'error: could not .* "taken' err || grep -q 'error: could not .*/taken"' err || fail "$(cat err)"
		assert_eq "$(compgen -G 'taken*')" ''
		assert_eq "$(q "$db" 'SELECT count(*) FROM r')" "$([ "$mode" = end ] && echo 0 || echo 5)"
	done
	grep -q 'detail: The rows are committed.' err
}

@test "--rejects of many blocks: rows that COPY refuses in each part, in either form" {
	local values

	fresh_db src
	q "$src" 'CREATE DOMAIN d AS int; CREATE TABLE big AS SELECT i::d AS "i""\\", repeat($$x$$, 1000) AS x FROM generate_series(1, 24000) i'
	q "$db" 'CREATE DOMAIN d AS int CHECK (VALUE % 5000 <> 7); CREATE TABLE big ("i""\\" d, x text, CHECK ("i""\\" <> 9))'
	for values in binary text; do
		says_sh 3 'violates check constraint' "portl-extract -d $src -t big --values=$values |
			portl-load -d $db --rejects=rejects"
		assert_eq "$(q "$db" 'SELECT count(*), sum("i""\\"), min(length(x)) FROM big')" "23994|$((24000 * 24001 / 2 - 50035 - 9))|1000"
		q "$src" 'CREATE TABLE rejected (LIKE big)'
		portl-load -d "$src" -t rejected rejects
		assert_eq "$(q "$src" 'SELECT array_agg("i""\\" ORDER BY 1) FROM rejected')" '{7,9,5007,10007,15007,20007}'
		q "$src" 'DROP TABLE rejected'
		q "$db" 'TRUNCATE big'
	done
}

@test "a domain's own NULL in a key: the row is named" {
	q "$db" 'CREATE DOMAIN need AS int NOT NULL; CREATE TABLE k (id need PRIMARY KEY, v int)'
	says_sh 1 'domain need does not allow null values' \
		"printf '{\"id\":1}\n{\"id\":null}\n' | portl-load -d $db -t k --bare --conflict=skip"
	assert_stderr_has 'stdin:2'
	assert_eq "$(q "$db" 'SELECT count(*) FROM k')" 0
}

@test "--create: a name that is too long is refused before a row, and --newer works" {
	printf 'id,at\n1,2\n1,1\n' >in.csv
	says_sh 5 'longer than PostgreSQL keeps names; give it another with -t' \
		"portl-extract -d $db -t t -F ndjson | sed 's/\"name\":\"t\"/\"name\":\"$(printf 'x%.0s' {1..70})\"/' |
			portl-load -d $db --create --edited"
	try_sh "portl-extract --csv in.csv -t made --infer | portl-load -d $db --create --conflict=overwrite --key=id --newer=at"
	echo "$status $stderr"
	assert_status 5
	assert_stderr_has "--create makes the stream's primary key and no other"
	q "$db" 'CREATE TABLE s (id int PRIMARY KEY, at int); INSERT INTO s VALUES (1, 2)'
	try_sh "portl-extract -d $db -t s | portl-load -d $db -t made --create --conflict=overwrite --newer=at"
	assert_status 0
	assert_eq "$(q "$db" 'SELECT * FROM made')" '1|2'
}

@test "files that cannot be had, and a name given twice: said before anything is sent" {
	says 1 'could not open "none/query.sql"' portl-extract -d "$db" --query-file=none/query.sql
	says 1 'could not create a file beside "none/out"' portl-extract -d "$db" -t t -o none/out
	says 64 'invalid connection option "nope"' portl-load -d nope=1 -t t rows
	says 1 'cannot send type regclass from a query' portl-extract -d "$db" -c "SELECT 'pg_class'::regclass AS r" -o out
	says_sh 1 'columns 1 and 2 are both called "id"' \
		'portl-extract --csv=/dev/null --header=no --columns=id,id -F ndjson >out'
}
