#!/usr/bin/env bats
# Things that few ask for, each of which does what the manual says.
# shellcheck disable=SC2016 # dollar quotes are SQL's

load ../lib/common
load ../lib/faults
load ../lib/parts

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	make_source
}

@test "limits are what progress and receipts count with; a header's name in the middle may not be missing" {
	seq 500 | sed 's/$/,x/; 1i id,v' >rows.csv
	portl-extract --csv=rows.csv --limit=3 -F ndjson | head -n 1 | jq -e '.["$portl"].rows_estimate == 3'
	portl-extract -d "$src" -t t --limit=3 -F ndjson | head -n 1 | jq -e '.["$portl"].rows_estimate == 3'
	printf 'a,,b\n1,2,3\n' >gap.csv
	try portl-extract --csv=gap.csv -o out
	[ "$status" -ne 0 ]
	assert_stderr_has name
}

@test "a cursor of some rows; ranges of a text in its own order" {
	q "$src" "CREATE TABLE c AS SELECT i AS id, i::text COLLATE \"C\" AS v, timestamptz '2025-01-01' + i * interval '1 hour' AS at FROM generate_series(1, 3000) i"
	portl-extract -d "$src" -t c --cursor=at --since=none --where='id <= 100' -o stream
	assert_eq "$(portl-ls --json stream | jq -r '.. | objects | .rows? // empty' | head -n 1)" 100
	portl-extract -d "$src" -t c --make-plan --split-by=v --parts=4 -o split
	for k in 1 2 3 4; do portl-extract --plan=split --part=$k -F ndjson | grep -v portl; done | sort >rows
	portl-extract -d "$src" -t c -F ndjson | grep -v portl | sort | cmp - rows
}

@test "check says how --since would find rows, or why it cannot" {
	q "$src" 'CREATE VIEW w AS TABLE t; CREATE TABLE x (id int PRIMARY KEY, by xid8 NOT NULL)'
	try portl-extract -d "$src" -t w --since=none --check=plan
	[[ $output$stderr == *since* ]] || show_run view
	try portl-extract -d "$src" -t x --cursor=by --since=none --check=plan
	[[ $output$stderr == *'if each write sets it'* ]] || show_run xid8
}

@test "one pipe by a snapshot that somebody else holds" {
	make_plan -t t --parts=2 -- --create
	portl run -q -d "$src" -t t "${held[@]}" -- -d "$dst" --create -t copy
	same_table "$src" t "$dst" copy
	let_snapshot_go
}

@test "a query's rows have no table to be compared with, and a foreign table is not replaced" {
	portl-extract -d "$src" -c 'SELECT 1 AS id' -o one
	try portl-load -d "$dst" --verify one
	assert_status 64
	assert_stderr_has 'say with which to compare it with -t'
	q "$dst" 'CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw;
		CREATE FOREIGN TABLE f (id int) SERVER s'
	try portl-load -d "$dst" -t f --replace one
	assert_status 5
	assert_stderr_has '--replace: it is no table'
	try portl-load -v -d "$dst" -t f --conflict=overwrite one
	assert_status 5
	try portl-load -v -d "$dst" -t f -n one
	assert_stderr_has 'foreign table'
	q "$src" 'CREATE TABLE b (id int PRIMARY KEY)'
	portl-extract -d "$src" -t t -t b -o two
	portl-load -q -d "$dst" --create two
	try portl-load -d "$dst" --replace two
	[ "$status" -ne 0 ]
}

@test "names that are loosely alike; keys of another type and an order of their own" {
	q "$dst" 'CREATE TABLE loose (order_date int); CREATE TABLE k (id text COLLATE "C" PRIMARY KEY, v text); INSERT INTO k VALUES ($$7$$, $$old$$)'
	printf ' Order\302\240-- Date _ \n7\n' >names.csv
	portl-extract --csv=names.csv | portl-load -d "$dst" -t loose --names=loose
	is_true "$dst" 'EXISTS (SELECT FROM loose WHERE order_date = 7)'
	portl-extract -d "$src" -t t | portl-load -d "$dst" -t k --conflict=overwrite
	assert_eq "$(q "$dst" 'SELECT count(*) FILTER (WHERE v <> $$old$$) FROM k')" 3000
}

@test "jobs: a relation that is a word; an option that is off" {
	printf '%s\n' "destination: {database: $dst}" 'tables:' '  t: 5' >bad.yaml
	portl-extract -d "$src" -t t -o stream
	try portl-load --job=bad.yaml stream
	assert_status 78
	assert_stderr_has 'keys and values are expected below it'
	printf '%s\n' "destination: {database: $dst, table: t}" 'create: no' >off.yaml
	try portl-load --job=off.yaml stream
	assert_status 5
}

@test "ranges of values from a sample of a large table; a column that goes away meanwhile" {
	q "$src" "CREATE TABLE l (id int PRIMARY KEY, v int, pad text); ALTER TABLE l ALTER pad SET STORAGE PLAIN;
		INSERT INTO l SELECT i, i % 1000, repeat('x', 5000) FROM generate_series(1, 4500) i; ANALYZE l"
	portl-extract -d "$src" -t l --make-plan --split-by=v --parts=4 -o cut
	assert_eq "$(jq '.parts | length' cut)" 4
	for k in 1 2 3 4; do portl-extract --plan=cut --part=$k -F ndjson | grep -v portl | jq .id; done | sort -n >ids
	seq 4500 | cmp - ids
	q "$src" 'ALTER TABLE l DROP COLUMN v'
	try portl-extract --plan=cut --part=2 -o part
	assert_status 1
	assert_stderr_has '"l" has no column "v" any more'
	[ ! -e part ]
}

@test "CSV in an encoding that only iconv knows: what is none is refused with its place" {
	printf 'id,v\n1,\x88\x9f\n' >good.csv
	portl-extract --csv=good.csv --encoding=CP932 -F ndjson | grep -v portl >rows
	assert_eq "$(jq -r .v rows)" 亜
	printf 'id,v\n1,a\n2,\xfd\xff\n' >bad.csv
	try portl-extract --csv=bad.csv --encoding=CP932 -o out
	assert_status 1
	assert_stderr_has 'bad.csv:3: byte 3: byte 0xfd is not valid in CP932'
	[ ! -e out ]
}

@test "a condition of a job is for a database, not for a folder of files" {
	mkdir files
	printf 'id\n1\n' >files/public.t.csv
	printf '%s\n' 'source: {path: files/}' 'tables:' '  public.t: {where: id > 1}' >job.yaml
	try portl-extract --job=job.yaml -o out
	assert_status 78
	assert_stderr_has 'where needs a database, and this is a CSV file'
}

@test "a condition, or a query, that ends before it should: not taken for two" {
	for where in 'id < 100) OR (id = 2000' 'true) OR (false' 'id < 3] OR ARRAY[id = 4' 'true, true' 'SELECT true'; do
		try portl-extract -d "$src" -t t --where="$where" -o out
		assert_status 1
		[ ! -e out ]
		try portl run -q -d "$src" -t t --parts=4 "${by[@]}" --where="$where" -- -d "$dst" --create
		[ "$status" -ne 0 ]
		assert_eq "$(q "$dst" "SELECT to_regclass('t')")" ''
	done
	assert_stderr_has 'syntax error'
	try portl-extract -d "$src" -c 'SELECT 1 AS a) x, (SELECT 2 AS b' --columns=a -o out
	assert_status 1
	assert_stderr_has 'syntax error at or near ")"'
	for where in 'x = 2) UNION (SELECT 7' 'true) LIMIT (1' 'x = 2) OR (true'; do
		try portl-extract -d "$src" -c 'SELECT 1 AS x' --where="$where" -o out
		assert_status 1
		assert_stderr_has '--where: syntax error'
	done
	for where in NULL "'f'"; do
		assert_eq "$(portl-extract -d "$src" -t t --where="$where" -F ndjson | grep -cv portl)" 0
	done
	for where in 'id < 3 -- )' "v <> ')' AND id < 3" 'id = ANY (ARRAY[1, 2])' '(id) < (3)' 'id < 3 /* ( */'; do
		assert_eq "$(portl-extract -d "$src" -t t --where="$where" -F ndjson | grep -cv portl)" 2
	done
	assert_eq "$(portl-extract -d "$src" -c 'SELECT 1 AS a, 2 AS b, 3 AS c' --columns=c,a -F ndjson | sed -n 2p)" '{"c":3,"a":1}'
}

@test "a pattern that the server refuses, a plan of another program, one file for two things" {
	try portl-extract -d "$src" -t t --exclude-table='a[' -o out
	assert_status 64
	assert_stderr_has '--exclude-table "a[": invalid regular expression'
	portl-extract -d "$src" -t t --make-plan --parts=2 | sed 's/"--table=t"/"--colour=t"/' >plan
	try portl-extract --plan=plan --part=1 -o out
	assert_status 78
	assert_stderr_has "the plan's option --colour is none of this program's"
	try portl-extract -d "$src" -t t -o no/where --summary=no/where
	assert_status 64
	assert_stderr_has '--output and --summary are the same file'
	[ ! -e out ]
}

@test "a header line with lines within, or behind a blank one; more sequences than one question asks for" {
	printf 'a,"x\ny","x\ny"\n1,2,3\n' >twice.csv
	try portl-extract --csv=twice.csv --header=yes -o out
	assert_status 1
	assert_stderr_has 'twice.csv:1: columns 2 and 3 are both called "x'
	[ ! -e out ]
	printf '\nid\n1\n' >below.csv
	assert_eq "$(portl-extract --csv=below.csv --header=yes -F ndjson | grep -v portl)" '{"id":"1"}'
	for db in "$src" "$dst"; do
		q "$db" "CREATE SCHEMA many; DO \$\$ BEGIN FOR i IN 1..501 LOOP
			EXECUTE format('CREATE SEQUENCE many.s%s', i); END LOOP; END \$\$"
	done
	q "$src" "SELECT setval('many.s' || i, i) FROM generate_series(1, 501) i" >moved
	portl-extract -d "$src" --schema=many | portl-load -d "$dst"
	assert_eq "$(q "$dst" "SELECT count(*) FROM pg_sequences WHERE schemaname = 'many' AND sequencename = 's' || last_value")" 501
}
