#!/usr/bin/env bats
# The plan, as people read it: --dry-run and -v.

load ../lib/common
load ../lib/faults

setup()
{
	fresh_db from to
}

# load_t OPTION...: the table t from one database to the other.
load_t()
{
	portl-extract -d "$from" -t t >"$BATS_TEST_TMPDIR/stream" || return
	try portl-load -d "$to" "$@" "$BATS_TEST_TMPDIR/stream"
}

# said: what was printed before the receipt, with the names of temporary tables made the
# same.
said()
{
	sed -E 's/(pg_temp\.portl_[a-z]+_)[0-9a-f]{16}/\1ID/g; /rows read/d' <<<"$stderr"
}

@test "the plan of a direct load, and nothing is loaded" {
	q "$from" "CREATE TABLE t (id int, price numeric(10,4), note text); INSERT INTO t VALUES (1, 2.00, 'x')"
	q "$to" "CREATE TABLE t (at timestamptz DEFAULT now(), id int, g int GENERATED ALWAYS AS (1) STORED,
	         free text, cost numeric(10,2))"
	load_t --dry-run --map price=cost,note=
	assert_status 0
	assert_eq "$(said)" "$(cat <<-'EOF'
		portl-load: warning: column "cost": numeric(10,4) is rounded to numeric(10,2)
		Plan for public.t (table):
		  stream  type           -> target  type                      values
		  id      integer        -> id      integer                   as they are
		  price   numeric(10,4)  -> cost    numeric(10,2)             as they are; is rounded to numeric(10,2)
		  note    text           -> -                                 dropped
		  -                      -> at      timestamp with time zone  default
		  -                      -> g       integer                   generated
		  -                      -> free    text                      NULL
		Rows go straight into it by COPY.
	EOF
	)"
	assert_eq "$(q "$to" 'TABLE t')" ''
}

@test "the plan of a staged load shows ways, reason and statements" {
	q "$from" "CREATE TABLE t (id int, note text); INSERT INTO t VALUES (1, '2')"
	q "$to" 'CREATE TABLE t (id bigint, note int)'
	load_t --dry-run -vv
	assert_status 0
	assert_eq "$(said | sed -n '/^Plan/,$p' | sed -n '3,5p')" "$(cat <<-'EOF'
		  id      integer  -> id      bigint   cast
		  note    text     -> note    integer  cast through text
		Rows are staged in a temporary table and inserted from there: values are cast.
	EOF
	)"
	[[ $(said) == *'CREATE TEMPORARY TABLE pg_temp.portl_stage_ID (c1 integer, c2 pg_catalog.text, '* ]]
	[[ $(said) == *'COPY pg_temp.portl_stage_ID (c1, c2) FROM STDIN (FORMAT binary, FREEZE);'* ]]
	[[ $(said) == *'INSERT INTO "public"."t" AS t ("id", "note") SELECT "c1", CAST(CAST("c2" AS pg_catalog.text) AS integer)'* ]]
	assert_eq "$(q "$to" 'TABLE t')" ''
}

@test "the plan of a table to be created, with its key afterwards" {
	q "$from" 'CREATE TABLE t (id int PRIMARY KEY, "a b" text COLLATE "C" NOT NULL)'
	load_t --dry-run --create -t New -vv
	assert_status 0
	assert_eq "$(said | sed '1,/^Plan/{/^Plan/!d}; /^portl-load: /d')" "$(cat <<-'EOF'
		Plan for public.new (to be created):
		  stream  type     -> target  type     values
		  id      integer  -> id      integer  as they are
		  a b     text     -> a b     text     as they are
		Rows go straight into it by COPY.
		  CREATE TABLE "public"."new" ("id" integer NOT NULL, "a b" pg_catalog.text COLLATE pg_catalog."C" NOT NULL);
		  COPY "public"."new" ("id", "a b") FROM STDIN (FORMAT binary, FREEZE);
		  ALTER TABLE "public"."new" ADD PRIMARY KEY ("id");
	EOF
	)"
	assert_eq "$(q "$to" "SELECT to_regclass('new')")" ''
}

# was_run LINE: the plan's statement is among those that were run afterwards.
was_run()
{
	local sql=${1#  }

	grep -F 'SQL: ' <<<"${stderr#*values are cast}" | grep -qF "${sql%;}" || fail "not run: $sql" "$stderr"
}

@test "statements of the plan are those that are run" {
	local line

	q "$from" "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'x')"
	q "$to" "CREATE TABLE t (id bigint PRIMARY KEY, v text)"
	load_t -vv --conflict=merge
	assert_status 0
	for line in 'CREATE TEMPORARY TABLE' 'COPY pg_temp' 'INSERT INTO "public"."t"'; do
		was_run "$(grep -m 1 "^  $line" <<<"$stderr")"
	done
	load_t -vv --truncate --min-rows=0
	assert_status 0
	[[ $stderr == *'  TRUNCATE TABLE "public"."t";'*'SQL: TRUNCATE TABLE "public"."t"'* ]]
}

@test "both INSERTs are in the plan, one for rows in key order and one for others" {
	local -a inserts

	q "$from" "CREATE TABLE t (id int, v text); INSERT INTO t VALUES (2, 'x'), (1, 'y')"
	q "$to" "CREATE TABLE t (id bigint PRIMARY KEY, v text)"
	load_t -vv --conflict=merge
	assert_status 0
	mapfile -t inserts < <(grep '^  INSERT INTO "public"."t"' <<<"$stderr")
	assert_eq "${#inserts[@]}" 2
	was_run "${inserts[1]}"
	assert_eq "$(grep -F 'SQL: ' <<<"$stderr" | grep -cF "${inserts[0]:2:-1}")" 0
	assert_stderr_lacks 'MERGE INTO'
}

@test "MERGE is in the plan of a plain table without casts, and is what is run" {
	[ "$(q "$to" 'SHOW server_version_num')" -ge 150000 ] || skip 'the server has no MERGE'
	q "$from" "CREATE TABLE t (id int, v text); INSERT INTO t VALUES (2, 'x'), (1, 'y'), (3, 'z')"
	q "$to" "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'old')"
	load_t -vv --conflict=overwrite
	assert_status 0
	[[ $stderr == *'  SET LOCAL enable_nestloop = on;'*$'\n  MERGE INTO ONLY "public"."t" AS t'* ]]
	merge=$(grep '^  MERGE' <<<"$stderr")
	assert_eq "$(grep -c 'SQL: SAVEPOINT portl; CREATE UNIQUE INDEX ON pg_temp' <<<"$stderr")" 1
	assert_eq "$(grep -c "SQL: SAVEPOINT portl; SET LOCAL.*${merge:2:40}" <<<"$stderr")" 1
	assert_eq "$(grep -c 'SQL: SELECT 1 FROM' <<<"$stderr")" 0
	assert_stderr_has '3 rows read, 2 inserted, 1 updated'
	assert_eq "$(q "$to" 'SHOW enable_seqscan')" on
}

# numbered N: how often were staged rows numbered, and did MERGE write them?
numbered()
{
	assert_status 0
	assert_eq "$(grep -c 'SQL: ALTER TABLE pg_temp.* ADD COLUMN n ' <<<"$stderr")" "$1"
	assert_eq "$(grep -c 'SQL: SAVEPOINT portl; .*MERGE INTO' <<<"$stderr")" "$2"
	[ "$2" = 1 ] || [[ $stderr == *'SQL: SAVEPOINT portl;'*'INSERT INTO "public"."t"'* ]]
}

@test "rows that come in key order, or nearly so, have numbers only if these are needed" {
	[ "$(q "$to" 'SHOW server_version_num')" -ge 150000 ] || skip 'the server has no MERGE'
	q "$from" "CREATE TABLE t (id int, v text); INSERT INTO t SELECT i, 'new' FROM generate_series(1, 100) i"
	q "$to" "CREATE TABLE t (id int PRIMARY KEY, v text CHECK (v <> 'bad')); INSERT INTO t VALUES (1, 'old')"
	load_t -vv --conflict=overwrite
	numbered 0 1
	assert_stderr_has '100 rows read, 99 inserted, 1 updated'
	# a row that lies elsewhere
	q "$from" "DELETE FROM t WHERE id = 50; INSERT INTO t VALUES (50, 'newer')"
	load_t -vv --conflict=overwrite
	numbered 0 1
	assert_stderr_has '100 rows read, 1 updated, 99 unchanged'
	# a key that comes twice: the last row counts
	q "$from" "INSERT INTO t VALUES (70, 'once'), (70, 'again')"
	load_t -vv --conflict=overwrite
	numbered 1 0
	assert_eq "$(q "$to" 'SELECT v FROM t WHERE id = 70')" again
	# no order at all
	q "$from" 'CREATE TABLE u AS TABLE t; TRUNCATE t; INSERT INTO t SELECT * FROM u ORDER BY hashint4(id)'
	load_t -vv --conflict=overwrite
	numbered 1 0
	# a row that MERGE meets is named by its number
	q "$from" "TRUNCATE t; INSERT INTO t SELECT id, CASE WHEN id = 77 THEN 'bad' ELSE v END FROM u WHERE v = 'new' ORDER BY id"
	load_t -vv --conflict=overwrite
	assert_status 1
	assert_stderr_has ':76: new row for relation "t" violates'
}

@test "who minds that tables are rewritten, or altered, has staged rows numbered at once" {
	local on

	q "$from" "CREATE TABLE t (id int, v text); INSERT INTO t SELECT i, 'new' FROM generate_series(1, 100) i; INSERT INTO t VALUES (7, 'last')"
	q "$to" "CREATE TABLE t (id int PRIMARY KEY, v text);
		CREATE FUNCTION minds() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN IF tg_tag = \$\$ALTER TABLE\$\$ THEN RAISE EXCEPTION \$\$no\$\$; END IF; END'"
	for on in table_rewrite ddl_command_start "ddl_command_end WHEN TAG IN ('ALTER TABLE')"; do
		q "$to" "TRUNCATE t; CREATE EVENT TRIGGER minds ON $on EXECUTE FUNCTION minds()"
		load_t --conflict=overwrite
		assert_status 0
		assert_eq "$(q "$to" 'SELECT v FROM t WHERE id = 7')" last
		q "$to" 'DROP EVENT TRIGGER minds'
	done
	q "$to" "CREATE EVENT TRIGGER minds ON ddl_command_end WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION minds()"
	load_t --dry-run -vv --conflict=overwrite
	assert_status 0
	[ "$(q "$to" 'SHOW server_version_num')" -lt 150000 ] || assert_stderr_has 'ADD COLUMN n'
}

@test "the route is explained" {
	q "$from" "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'x')"
	q "$to" "CREATE TABLE t (id int PRIMARY KEY, v text)"
	load_t --dry-run --conflict=skip
	assert_status 0
	assert_stderr_has 'inserted from there: --conflict=skip.'
}

@test "names and types that are wide or hostile stay in their cells" {
	q "$from" "CREATE TABLE t (\"имя\" text, \"two
lines\" int, \"bell$(printf '\a')\" int, \"%s%n\" int)"
	q "$to" "CREATE TABLE t (\"имя\" text, \"two
lines\" int, \"bell$(printf '\a')\" int, \"%s%n\" int)"
	load_t --dry-run
	assert_status 0
	assert_eq "$(said | sed -n '1,6p')" "$(cat <<-'EOF'
		Plan for public.t (table):
		  stream      type     -> target      type     values
		  имя         text     -> имя         text     as they are
		  two\nlines  integer  -> two\nlines  integer  as they are
		  bell\u0007  integer  -> bell\u0007  integer  as they are
		  %s%n        integer  -> %s%n        integer  as they are
	EOF
	)"
}

@test "the plan is short; statements come with -vv only" {
	local options

	q "$from" "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'x')"
	q "$to" "CREATE TABLE t (id int PRIMARY KEY, v text)"
	for options in -v -n -nv; do
		load_t $options --conflict=overwrite
		assert_status 0
		assert_stderr_has 'Plan for public.t'
		assert_stderr_lacks INSERT
		assert_stderr_lacks 'CREATE TEMPORARY'
		[ "$(said | wc -l)" -le 14 ] || show_run 'the plan is long'
	done
	for options in -vv '-v -v' -nvv; do
		# shellcheck disable=SC2086 # words are meant
		load_t $options --conflict=overwrite
		assert_status 0
		assert_stderr_has '  CREATE TEMPORARY TABLE'
		assert_stderr_has 'SQL: '
	done
}

@test "without -v or --dry-run there is no plan to read" {
	q "$from" "CREATE TABLE t (id int); INSERT INTO t VALUES (1)"
	q "$to" "CREATE TABLE t (id bigint)"
	load_t
	assert_status 0
	assert_silent
	assert_eq "$(q "$to" 'TABLE t')" 1
}

@test "extract's --dry-run shows the plan of the transfer to come" {
	q "$from" "CREATE TABLE t (id int); INSERT INTO t VALUES (1)"
	q "$to" "CREATE TABLE t (id date)"
	try_sh "portl-extract -d $from -t t --dry-run | portl-load -d $to"
	assert_status 5
	assert_stderr_has 'column "id" cannot take integer as date'
	q "$to" 'ALTER TABLE t ADD x bigint'
	try_sh "portl-extract -d $from -t t --dry-run | portl-load -d $to --map id=x -vv"
	assert_status 0
	assert_stderr_has 'id      integer  -> x       bigint  cast'
	assert_eq "$(q "$to" 'TABLE t')" ''
}

@test "while nothing comes, the server's process learns what planning needs; a file waits for nobody" {
	q "$from" "CREATE TABLE t (id int); INSERT INTO t VALUES (1)"
	q "$to" "CREATE TABLE t (id bigint)"
	portl-extract -d "$from" -t t >"$T/stream"
	mkfifo "$T/pipe"
	in=$T/pipe start load portl-load -vv -d "$to"
	exec {out}>"$T/pipe"
	wait_until 10 grep -q 'SQL: ROLLBACK' "$T/load.err"
	cat "$T/stream" >&"$out"
	exec {out}>&-
	finish load
	assert_status 0
	assert_eq "$(q "$to" 'TABLE t')" 1
	assert_eq "$(grep -c 'SQL: ROLLBACK' <<<"$stderr")" 2
	try portl-load -vv -d "$to" "$T/stream"
	assert_status 0
	assert_eq "$(grep -c 'SQL: ROLLBACK' <<<"$stderr")" 1
}
