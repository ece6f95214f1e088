#!/usr/bin/env bats
# --into-schema for a stream of one relation: as for those of a set, in all that is done with it.
# shellcheck disable=SC2154,SC2016 # fresh_db and bats set a, b, stderr; dollar quotes are SQL's

load ../lib/common

# What is in production must never change: public.t of $b.
setup()
{
	fresh_db a b
	d=$BATS_TEST_TMPDIR
	q "$a" 'CREATE TABLE t (id int PRIMARY KEY, v text);
		INSERT INTO t VALUES (1, $$new$$), (2, $$new$$)'
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, v text);
		INSERT INTO t VALUES (1, $$old$$), (3, $$old$$);
		CREATE SCHEMA staging; CREATE TABLE staging.t (LIKE t INCLUDING ALL)'
}

# held TABLE: its rows, in order.
held()
{
	q "$b" "SELECT * FROM $1 ORDER BY 1"
}

# production: that is what it was.
production()
{
	assert_eq "$(held t)" $'1|old\n3|old'
}

# take OPTION...: the table of $a into schema staging of $b; sets status, output and stderr.
take()
{
	try portl-load -d "$b" --into-schema=staging --summary="$d/sum" "$@" \
		< <(portl-extract -d "$a" -t "${source-t}")
}

# staged ROW...: the last run went well, and these are in staging.t.
staged()
{
	assert_status 0
	assert_eq "$(jq -r .relation "$d/sum")" staging.t
	assert_eq "$(held staging.t)" "$(printf '%s\n' "$@")"
	production
}

@test "--into-schema: rows of one relation go there, however they are loaded" {
	take
	staged '1|new' '2|new'
	q "$b" "INSERT INTO staging.t VALUES (9, 'x'), (8, 'x')"
	take --conflict=skip --delete --max-delete=100%
	staged '1|new' '2|new'
	take --truncate
	staged '1|new' '2|new'
	q "$b" "INSERT INTO staging.t VALUES (9, 'x')"
	take --replace
	staged '1|new' '2|new'
	q "$b" 'DROP TABLE staging.t'
	take --create
	staged '1|new' '2|new'
	take --conflict=overwrite --state=s
	staged '1|new' '2|new'
	assert_eq "$(q "$b" 'SELECT count(*) FROM pg_class WHERE relname = $$t$$ AND relkind = $$r$$')" 2
}

@test "--into-schema: check, dry run and comparison are about the table there" {
	take --check=plan
	assert_status 0
	assert_out_has 'staging.t'
	take -n
	assert_status 0
	assert_eq "$(held staging.t)" ''
	take --verify
	assert_status 6
	assert_stderr_has '2 missing'
	take
	assert_status 0
	take --verify
	assert_status 0
}

@test "--into-schema: a schema that is not there is refused" {
	try portl-load -d "$b" --into-schema=nowhere < <(portl-extract -d "$a" -t t)
	assert_status 5
	assert_stderr_has 'relation "nowhere.t" does not exist'
	try portl-load -d "$b" --into-schema=nowhere --create < <(portl-extract -d "$a" -t t)
	assert_status 5
	assert_stderr_has 'schema "nowhere" does not exist; create it, or name another with --into-schema'
	try portl-load -d "$b" --into-schema=nowhere --verify < <(portl-extract -d "$a" -t t)
	assert_status 5
}

@test "a set: a name that is longer than the server keeps is no other one that begins so" {
	long=$(printf 'n%.0s' {1..64})
	q "$a" 'CREATE TABLE u (id int)'
	q "$b" "CREATE SCHEMA ${long%n}; CREATE TABLE ${long%n}.t (LIKE t INCLUDING ALL); CREATE TABLE ${long%n}.u (id int)"
	for more in '' --create --verify; do
		try_sh "portl-extract -d '$a' -t t -t u | portl-load -d '$b' --into-schema=$long $more"
		assert_status 5
		assert_stderr_has "$long"
		assert_eq "$(held "${long%n}.t")" ''
	done
	production
}

@test "--into-schema goes with -t NAME; two schemas for one relation are refused" {
	q "$a" 'ALTER TABLE t RENAME TO other'
	source=other take -t t
	staged '1|new' '2|new'
	source=other take -t staging.t --truncate
	assert_status 64
	assert_stderr_has '--into-schema=staging and -t staging.t name two schemas for one relation'
	source=other take -t public.t --verify
	assert_status 64
	try portl run -j2 -d "$a" -t other -- -d "$b" -t public.t --into-schema=staging --truncate
	assert_status 64
	assert_stderr_has 'name two schemas for one relation'
	staged_by_parts -t t
}

# staged_by_parts OPTION...: staging.t is filled anew by portl run -j.
staged_by_parts()
{
	q "$b" 'TRUNCATE staging.t'
	try portl run -j2 -d "$a" -t other -- -d "$b" --into-schema=staging "$@"
	assert_status 0
	assert_eq "$(held staging.t)" $'1|new\n2|new'
	production
}

@test "into_schema of a job: portl check, run, run -j and verify" {
	cat >"$d/job.yaml" <<-END
		source: {database: "$a", table: t}
		destination: {database: "$b"}
		into_schema: staging
		truncate: true
	END
	try portl check "$d/job.yaml"
	assert_status 0
	assert_out_has 'staging.t'
	try portl run "$d/job.yaml" --summary="$d/sum"
	staged '1|new' '2|new'
	q "$b" 'TRUNCATE staging.t'
	try portl run -j2 "$d/job.yaml"
	assert_status 0
	assert_eq "$(held staging.t)" $'1|new\n2|new'
	production
	try portl verify "$d/job.yaml"
	assert_status 0
}

@test "a job's block for one relation is heeded for its stream by itself" {
	printf '%s\n' "destination: {database: $b}" 'into_schema: staging' 'tables:' \
		'  t: {map: w=v, conflict: overwrite}' >"$d/job.yaml"
	q "$b" "INSERT INTO staging.t VALUES (1, 'old')"
	q "$a" 'ALTER TABLE t RENAME v TO w'
	try portl-load -f "$d/job.yaml" --summary="$d/sum" < <(portl-extract -d "$a" -t t)
	staged '1|new' '2|new'
}
