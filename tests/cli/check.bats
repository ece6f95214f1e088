#!/usr/bin/env bats
# portl check: what a run would find is found, and nothing is touched.

load ../lib/common
load ../lib/faults
load ../lib/onejob

setup_file()
{
	fresh_db a b
	q postgres 'SET client_min_messages = error; DROP ROLE IF EXISTS portl_plain; CREATE ROLE portl_plain LOGIN'
}

teardown_file()
{
	drop_dbs
	q postgres 'DROP ROLE portl_plain'
}

@test "check says what it found, and moves no row" {
	try portl check job.yaml --truncate
	assert_status 0
	assert_eq "$stderr" ''
	while read -r line; do
		assert_out_has "$line"
	done <<-EOF
		job          job.yaml
		source       database "$a" as "portl" at $PGHOST
		rows         public.t, 3 columns, may be read
		destination  database "$b" as "portl" at $PGHOST
		target       public.t
		plan         3 columns, straight by COPY
		result       the run can start
	EOF
	assert_eq "$(count)" 0
	q "$b" 'DROP TABLE t'
	try portl check job.yaml --create
	assert_status 0
	assert_out_has 'plan         3 columns'
	assert_eq "$(q "$b" "SELECT to_regclass('t') IS NULL")" t
}

@test "check of a comparison; and what the run could not write is found, and nothing is left" {
	try portl check job.yaml --verify
	assert_status 0
	assert_out_has 'the run can start'
	check_fails 1 none/x --summary=none/x
	check_fails 1 none/x --rejects=none/x
	check_fails 1 none/x --verify --differences=none/x
	echo 'rejects: none/x' >>job.yaml
	check_fails 1 none/x
	before=$(ls)
	try portl check job.yaml --rejects=rejects --summary=receipt
	assert_status 0
	assert_eq "$(ls)" "$before"
}

@test "check says how a run in parts would be published, and why so, or why there is none" {
	try portl check job.yaml --conflict=skip
	assert_status 0
	assert_eq "$(tail -n 2 <<<"$output")" $'in parts     public.t: apply, it exists\nresult       the run can start'
	try portl check job.yaml --conflict=skip -j 2
	assert_out_has 'in parts     public.t: part, it exists, and one pipe into it is the fastest; --parts=N cuts it'
	try portl check job.yaml -j 2 --split-by=id --summary=receipt
	assert_status 0
	assert_out_has $'parts        1, 2 at a time\nin parts     public.t: apply, it exists\n'
	[ ! -e receipt ]
	q "$b" 'DROP TABLE t'
	try portl check job.yaml --create -j 3
	assert_status 0
	assert_out_has 'in parts     public.t: rename, it does not exist'
	try portl check job.yaml --create --limit=3
	assert_status 0
	[[ $output$stderr != *parts* ]]
	check_fails 64 '--limit does not go with --make-plan' --create --limit=3 -j 2
	assert_stderr_has 'One pipe takes the rest: without -j.'
	assert_eq "$(q "$b" "SELECT to_regclass('t') IS NULL AND to_regnamespace('portl_ledger') IS NULL")" t
}

@test "check and run take CSV files, and standard input for one" {
	printf '%s\n' id,name 1,x >in.csv
	printf '%s\n' 'source: {type: csv, path: in.csv}' "destination: {database: $b, table: t}" >job.yaml
	try portl check job.yaml
	assert_status 0
	assert_out_has 'source       CSV file in.csv'
	assert_out_has 'rows         in.csv, 2 columns'
	printf '%s\n' "source: {database: $a, table: t}" 'destination: {type: csv, path: out.csv}' 'limit: 1' >out.yaml
	try portl check out.yaml
	assert_status 0
	assert_out_has 'destination  a CSV file'
	assert_eq "$stderr" ''
	[ ! -e out.csv ]
	try portl run out.yaml
	assert_status 0
	assert_eq "$(wc -l <out.csv)" 2
	sed -i 's/in.csv/"-"/' job.yaml
	try_sh 'printf "id,name\n5,y\n" | portl run job.yaml'
	assert_status 0
	assert_eq "$(q "$b" 'SELECT id, name FROM t')" '5|y'
}

@test "check says how rows that conflict get in, and what the role lacks for it" {
	q "$b" 'GRANT USAGE ON SCHEMA public TO portl_plain; GRANT INSERT ON t TO portl_plain'
	try portl check job.yaml --conflict=overwrite --commit=batch --batch-size=5
	assert_status 0
	assert_out_has 'plan         3 columns, staged and inserted (--conflict=overwrite), key id'
	check_fails 5 'no SELECT privilege' --conflict=overwrite --destination="dbname=$b user=portl_plain"
	q "$b" 'GRANT SELECT ON t TO portl_plain'
	check_fails 5 'no UPDATE privilege' --conflict=overwrite --destination="dbname=$b user=portl_plain"
	q "$b" 'GRANT UPDATE ON t TO portl_plain'
	try portl check job.yaml --conflict=overwrite --destination="dbname=$b user=portl_plain"
	assert_status 0
	q "$b" "REVOKE TEMP ON DATABASE $b FROM PUBLIC"
	check_fails 5 'TEMP privilege' --conflict=overwrite --destination="dbname=$b user=portl_plain"
	q "$b" "GRANT TEMP ON DATABASE $b TO PUBLIC; ALTER TABLE t DROP CONSTRAINT t_pkey"
	check_fails 5 'key' --conflict=overwrite
	q "$b" 'DROP TABLE t'
	check_fails 5 'no CREATE privilege' --create --destination="dbname=$b user=portl_plain"
}

@test "check waits for nobody's lock on the target, and takes none that hurts" {
	hold "$b" 'BEGIN; SELECT * FROM t'
	try timeout 20 portl check job.yaml --truncate
	assert_status 0
	release
}

@test "check leaves receipts and output alone" {
	echo kept >receipt.json
	echo 'summary: receipt.json' >>job.yaml
	try portl check job.yaml
	assert_status 0
	assert_eq "$(cat receipt.json)" kept
}

# check_fails STATUS TEXT [ARGUMENT...]
check_fails()
{
	local code=$1 text=$2

	shift 2
	try portl check job.yaml "$@"
	assert_status "$code"
	assert_stderr_has "$text"
	[[ $output != *'result '* ]] || show_run 'it cannot start'
}

@test "check fails where the run would: job, connections, relations, columns" {
	check_fails 2 'database "none" does not exist' --source=dbname=none
	assert_out_has "destination  database \"$b\""
	check_fails 2 'database "none" does not exist' --destination=dbname=none
	assert_out_has 'rows         public.t'
	check_fails 1 'syntax error' --where='id <'
	q "$b" 'ALTER TABLE t RENAME COLUMN name TO nom'
	check_fails 5 'name'
	q "$b" 'DROP TABLE t'
	check_fails 5 'does not exist'
	q "$a" 'DROP TABLE t'
	check_fails 1 'relation "t" does not exist'
	echo 'tabel: x' >>job.yaml
	check_fails 78 'job.yaml:3: tabel: unknown key'
	assert_eq "$output" ''
}

@test "check looks for the privilege to read" {
	q "$a" 'GRANT USAGE ON SCHEMA public TO portl_plain'
	check_fails 1 'permission denied' --source="dbname=$a user=portl_plain"
	q "$a" 'GRANT SELECT (id, name) ON t TO portl_plain'
	check_fails 1 'permission denied' --source="dbname=$a user=portl_plain"
	q "$a" 'GRANT SELECT ON t TO portl_plain'
	try portl check job.yaml --source="dbname=$a user=portl_plain"
	assert_status 0
	q "$a" 'ALTER TABLE t ENABLE ROW LEVEL SECURITY'
	check_fails 1 'row-level security' --source="dbname=$a user=portl_plain"
}

@test "check looks for the privilege to write" {
	q "$b" 'GRANT USAGE ON SCHEMA public TO portl_plain'
	check_fails 5 'INSERT' --destination="dbname=$b user=portl_plain"
	q "$b" 'GRANT INSERT ON t TO portl_plain'
	try portl check job.yaml --destination="dbname=$b user=portl_plain"
	assert_status 0
}
