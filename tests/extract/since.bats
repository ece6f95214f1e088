#!/usr/bin/env bats
# What changed since a position: each row that did, by whatever transaction; what cannot be
# gone on from is refused by name.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common
load ../lib/meanwhile

# Every transaction of a server holds positions back.
setup_file()
{
	own_server
}

teardown_file()
{
	cluster_drop "$own"
}

setup()
{
	fresh_db src
	q "$src" 'CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, i FROM generate_series(1, 5) i'
}

teardown()
{
	[ -z "${cluster:-}" ] || cluster_drop "$cluster"
	[ -z "${standby:-}" ] || cluster_drop "$standby"
	leave_dbs
}

# header MEMBER ARGUMENT...: print a member of the header, or null.
header()
{
	local member=$1

	shift
	portl-extract -F ndjson "$@" 2>/dev/null | head -n 1 | jq -r "select(.\"\$portl\") | .\"\$portl\".$member"
}

# position ARGUMENT...
position()
{
	local line

	line=$(portl-extract -d "$src" -F ndjson "$@" 2>/dev/null | head -n 1)
	if [[ $line =~ ^'{"$portl":'.*'"position":"'([^\"]+)'"' ]]; then
		echo "${BASH_REMATCH[1]}"
	else
		echo null
	fi
}

# ids ARGUMENT...: print the ids of the rows that come, in their order.
ids()
{
	portl-extract -d "$src" -F ndjson --bare "$@" | sed -E 's/^\{(.*,)?"id":([0-9]+)[,}].*/\2/' | sort -n | tr '\n' ' '
}

# refused MESSAGE ARGUMENT...: a full run is needed, and that is why.
refused()
{
	local message=$1

	shift
	try portl-extract -d "$src" -F ndjson "$@"
	assert_status 5
	assert_stderr_has "$message"
	[[ $output != *'"id":'* ]] || fail 'a row has come'
}

@test "the word is whole or refused, and names what it is of" {
	word=$(position -t t)
	[[ $word == 1:xmin:*:????????  ]] || [[ $word =~ ^1:xmin:[0-9]+:[0-9]+:1:[0-9]+:[0-9]+:2:[0-9a-f]{16}:0{16}:[0-9a-f]{16}:-:-:-:[0-9a-f]{8}$ ]]
	for bad in "${word}0" "${word%?}" "${word/xmin/xmax}" "x$word" "2${word#1}" "$word,$word," '' NONE; do
		try portl-extract -d "$src" -t t -F ndjson --since="$bad"
		assert_status 64
		assert_stderr_has 'that is no position'
	done
	assert_eq "$(ids -t t --since="$word")" ''
	assert_eq "$(ids -t t --since=none)" '1 2 3 4 5 '
	assert_eq "$(header since -d "$src" -t t --since=none)" none
	assert_eq "$(header since -d "$src" -t t --since="$word")" "$word"
	assert_eq "$(header since -d "$src" -t t)" null
	assert_eq "$(header 'partial[]' -d "$src" -t t --since="$word")" since
	printf '%s\n' "$word" >"$BATS_TEST_TMPDIR/word"
	assert_eq "$(header since -d "$src" -t t --since="@$BATS_TEST_TMPDIR/word")" "$word"
	try portl-extract -d "$src" -t t --since="@$BATS_TEST_TMPDIR/missing" -o /dev/null
	assert_status 1
}

@test "inserted, updated, by parts of transactions, prepared, late: all of it; nothing else" {
	word=$(position -t t)
	q "$src" "INSERT INTO t VALUES (6); UPDATE t SET v = 'x' WHERE id = 2"
	q "$src" "BEGIN; SAVEPOINT a; INSERT INTO t VALUES (7); SAVEPOINT b; UPDATE t SET v = 'y' WHERE id = 3; RELEASE a;
		SAVEPOINT c; UPDATE t SET v = 'z' WHERE id = 4; ROLLBACK TO c; COMMIT"
	q "$src" 'BEGIN; INSERT INTO t VALUES (8); ROLLBACK'
	assert_eq "$(ids -t t --since="$word")" '2 3 6 7 '

	# What has begun and is not committed holds the position back.
	open_session "$src"
	say "BEGIN; SAVEPOINT a; INSERT INTO t VALUES (9)"
	q "$src" "BEGIN; INSERT INTO t VALUES (10); PREPARE TRANSACTION 'p_$src'"
	q "$src" 'INSERT INTO t VALUES (11)'
	word=$(position -t t)
	q "$src" 'INSERT INTO t VALUES (12)'
	say 'COMMIT'
	close_session
	assert_eq "$(ids -t t --since="$word")" '9 11 12 '
	again=$(position -t t)
	q "$src" "COMMIT PREPARED 'p_$src'"
	assert_eq "$(ids -t t --since="$again")" '10 11 12 '
	assert_eq "$(ids -t t --since="$word")" '9 10 11 12 '
	assert_eq "$(ids -t t --since="$(position -t t)")" ''
}

@test "frozen, clustered, locked, moved to another tablespace: rows stay what they are; a rewrite makes them new" {
	q "$src" 'INSERT INTO t VALUES (6)'
	word=$(position -t t)
	q "$src" 'INSERT INTO t VALUES (7)'
	q "$src" 'VACUUM (FREEZE) t'
	assert_eq "$(ids -t t --since="$word")" '7 '
	q "$src" 'VACUUM FULL t'
	q "$src" 'CLUSTER t USING t_pkey'
	q "$src" 'BEGIN; SELECT FROM t FOR UPDATE; COMMIT'
	assert_eq "$(ids -t t --since="$word")" '7 '
	q "$src" 'BEGIN; TRUNCATE t; COPY t FROM PROGRAM '"'seq 20 21 | sed s/$/,x/'"' WITH (FREEZE, FORMAT csv); COMMIT'
	assert_eq "$(ids -t t --since="$word")" '20 21 '
	word=$(position -t t)
	q "$src" 'ALTER TABLE t ALTER v TYPE varchar(100) USING v || 1' # another type, too
	refused 'other columns are read, or they were altered' -t t --since="$word"
	assert_eq "$(ids -t t --columns=id --since="$(position -t t --columns=id)")" ''
}

@test "columns, conditions, types, relations: what makes old rows new is refused" {
	word=$(position -t t)
	q "$src" 'ALTER TABLE t ADD n int DEFAULT 3'
	refused 'public.t: a full run is needed: column "n" was added' -t t --since="$word"
	assert_eq "$(ids -t t --columns=v,id --since="$word")" ''
	refused 'the condition on rows is another one' -t t --columns=id,v --where='id > 2' --since="$word"
	refused 'other columns are read' -t t --columns=id --since="$word"
	q "$src" 'ALTER TABLE t RENAME v TO w'
	refused 'other columns are read' -t t --exclude-columns=n --since="$word"
	q "$src" 'ALTER TABLE t RENAME TO old; CREATE TABLE t AS TABLE old'
	refused 'that of another relation' -t t --since="$word"

	q "$src" "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TABLE m (id int, mood mood); INSERT INTO m VALUES (1, 'sad')"
	word=$(position -t m)
	q "$src" "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'"
	refused 'a type of its columns was altered' -t m --since="$word"

	if since 18 'virtual generated columns'; then
		q "$src" 'CREATE TABLE g (id int, n int GENERATED ALWAYS AS (id + 1) VIRTUAL); INSERT INTO g VALUES (1)'
		word=$(position -t g)
		q "$src" 'ALTER TABLE g ALTER n SET EXPRESSION AS (id + 2)'
		refused 'other columns are read, or they were altered' -t g --since="$word"
	fi
}

@test "partitions: one that is attached, or inherits, comes whole; one that is new, too; the others do not" {
	q "$src" 'CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
		CREATE TABLE p2 (id int); INSERT INTO p2 VALUES (11), (12); INSERT INTO p VALUES (1), (2)'
	empty=$(position -t p)
	q "$src" 'INSERT INTO p VALUES (3); ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20)'
	assert_eq "$(ids -t p --since="$empty")" '3 11 12 '
	both=$(position -t p)
	q "$src" 'CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30) PARTITION BY LIST (id);
		CREATE TABLE p31 PARTITION OF p3 FOR VALUES IN (21); INSERT INTO p VALUES (4), (21)'
	assert_eq "$(ids -t p --since="$both")" '4 21 '
	q "$src" 'ALTER TABLE p DETACH PARTITION p2'
	word=$(position -t p)
	q "$src" 'ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20)'
	assert_eq "$(ids -t p --since="$word")" '11 12 '
	assert_eq "$(header since -d "$src" -t p --since="$both")" "$both"
	# while it was detached, its rows have got another value without being written
	q "$src" 'ALTER TABLE p ADD v int'
	word=$(position -t p)
	q "$src" 'ALTER TABLE p DETACH PARTITION p2; ALTER TABLE p2 DROP v; ALTER TABLE p2 ADD v int DEFAULT 7;
		ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20)'
	assert_eq "$(ids -t p --since="$word")" '11 12 '
	assert_eq "$(ids -t p --since="$(position -t p)")" ''

	q "$src" 'CREATE TABLE child (id int); INSERT INTO child VALUES (7); CREATE TABLE parent (id int); INSERT INTO parent VALUES (1)'
	word=$(position -t parent)
	q "$src" 'ALTER TABLE child INHERIT parent'
	assert_eq "$(ids -t parent --since="$word")" '7 '

	q "$src" 'CREATE TABLE none (id int) PARTITION BY LIST (id)'
	word=$(position -t none)
	q "$src" 'CREATE TABLE first (id int); INSERT INTO first VALUES (1); ALTER TABLE none ATTACH PARTITION first DEFAULT'
	assert_eq "$(ids -t none --since="$word")" '1 '
}

@test "what has no position says why, in its header and where one is needed" {
	q "$src" "CREATE VIEW v AS TABLE t; CREATE TABLE reg (id regclass); CREATE SEQUENCE s; CREATE FUNCTION f() RETURNS int STABLE LANGUAGE sql AS 'SELECT 3';
		CREATE TABLE acl (id aclitem[]); CREATE FUNCTION is_open(t) RETURNS bool STABLE LANGUAGE sql AS 'SELECT true';
		CREATE FUNCTION near(int, int) RETURNS bool STABLE LANGUAGE sql AS 'SELECT true';
		CREATE OPERATOR ## (LEFTARG = int, RIGHTARG = int, FUNCTION = near)"
	while IFS='|' read -r arguments why; do
		# shellcheck disable=SC2086 # words
		assert_eq "$(eval "header no_position -d '$src' $arguments")" "$why"
		# shellcheck disable=SC2086
		assert_eq "$(eval "position $arguments")" null
		[[ $arguments == *--limit* || $arguments == -c* ]] || eval "refused 'nothing can be read since a position: $why' $arguments --since=none"
	done <<-'EOF'
		-t v|it is a view, whose rows have no xmin (see --cursor)
		-c 'TABLE t'|it is a query
		-t t --limit=3|--limit leaves rows out
		-t reg|it has values of a reg* type, whose text changes with what they name
		-t t --enable-row-security|--enable-row-security leaves rows out that policies hide
		-t t --where='id IN (SELECT 1)'|its condition on rows says "select", which may mean other rows at another time
		-t t --where='id < extract(hour FROM now())'|its condition on rows says "now", which may mean other rows at another time
		-t t --where='id < f()'|its condition on rows says "f", which may mean other rows at another time
		-t t --where='v < CURRENT_DATE::text'|its condition on rows says "current_date", which may mean other rows at another time
		-t t --where="v = user"|its condition on rows says "user", which may mean other rows at another time
		-t t --where="v = current_schema"|its condition on rows says "current_schema", which may mean other rows at another time
		-t t --where=t.is_open|its condition on rows says "is_open", which may mean other rows at another time
		-t t --where='id ## 3'|its condition on rows says "##", which may mean other rows at another time
		-t t --where="tableoid = 'public.t'::regclass"|its condition on rows says "regclass", which may mean other rows at another time
		-t t --where="pg_has_role('portl', 'usage')"|its condition on rows says "pg_has_role", which may mean other rows at another time
		-t acl|it has values of type aclitem, whose text changes with the names of roles
		-t pg_catalog.pg_class|it is a system catalog, whose rows are also changed in place
	EOF
	try portl-extract -d "$src" -t t --limit=3 --since=none
	assert_status 64
	try portl-extract -d "$src" -c 'TABLE t' --since=none
	assert_status 64
	q "$src" 'CREATE TABLE aged (id int, age int, now text); INSERT INTO aged VALUES (1, 5)'
	[[ $(position -t aged --where='age > 3') == 1:* ]] || fail 'a column called age is no clock'
	q "$src" 'CREATE TABLE named (id int, "user" int, region text)'
	[[ $(position -t named --where="\"user\" > 3 AND named.user<-3 AND region ~ '^x'") == 1:* ]] ||
		fail 'nor is one called user a role'
}

@test "rows of another access method, or of a foreign partition, have no xmin that says anything" {
	# the same handler by another name is heap; another function, whatever it is made of, is not known
	q "$src" "CREATE ACCESS METHOD alias TYPE TABLE HANDLER heap_tableam_handler;
		CREATE FUNCTION other(internal) RETURNS table_am_handler LANGUAGE internal AS 'heap_tableam_handler';
		CREATE ACCESS METHOD other TYPE TABLE HANDLER other;
		CREATE TABLE a (id int) USING alias; CREATE TABLE o (id int) USING other; INSERT INTO o VALUES (1);
		CREATE TABLE p (id int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)"
	[[ $(position -t a) == 1:xmin:* ]] || fail 'heap by another name'
	word=$(position -t p)
	refused 'public.o: nothing can be read since a position: its access method is not heap' -t o --since=none
	assert_eq "$(header no_position -d "$src" -t o)" 'its access method is not heap'
	assert_eq "$(ids -t o)" '1 '
	q "$src" 'CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2) USING other'
	refused 'public.p: nothing can be read since a position: its access method is not heap' -t p --since="$word"
	q "$src" 'DROP TABLE p2; CREATE FOREIGN DATA WRAPPER f; CREATE SERVER f FOREIGN DATA WRAPPER f;
		CREATE FOREIGN TABLE p2 PARTITION OF p FOR VALUES IN (2) SERVER f'
	refused 'a foreign table is among its partitions, whose rows have no xmin' -t p --since="$word"
	q "$src" 'DROP FOREIGN TABLE p2; INSERT INTO p VALUES (1)'
	assert_eq "$(ids -t p --since="$word")" '1 '
}

@test "another server, another database, newer than the snapshot" {
	fresh_db other
	word=$(position -t t)
	IFS=: read -r -a field <<<"$word"
	q "$other" "CREATE TABLE t (id int PRIMARY KEY, v text)"
	try portl-extract -d "$other" -t t -F ndjson --since="$word"
	assert_status 5
	assert_stderr_has 'another database'
	cluster=$(cluster_dir)
	cluster_start "$cluster"
	here="host=$cluster port=5432 user=portl dbname=postgres"
	q "$here" "CREATE TABLE t (id int PRIMARY KEY, v text)"
	try portl-extract -d "$here" -t t -F ndjson --since="$word"
	assert_status 5
	assert_stderr_has 'made on another server'
}

@test "a server that is set back is found out: files of before, started as if nothing was" {
	cluster=$(cluster_dir)
	cluster_start "$cluster"
	src="host=$cluster port=5432 user=portl dbname=postgres"
	q "$src" 'CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1)'
	cluster_stop "$cluster"
	cluster_as cp -a "$cluster/data" "$cluster/before"
	cluster_start "$cluster"
	q "$src" 'INSERT INTO t VALUES (2)'
	word=$(position -t t)
	cluster_stop "$cluster"
	cluster_as rm -rf "$cluster/data"
	cluster_as mv "$cluster/before" "$cluster/data"
	cluster_start "$cluster"
	refused 'is newer than the snapshot' -t t --since="$word"
}

@test "a standby has no position; promoted it is on another timeline, and what it lost is not gone on from" {
	cluster=$(cluster_dir) standby=$(cluster_dir)
	cluster_start "$cluster" 'wal_level = replica'
	src="host=$cluster port=5432 user=portl dbname=postgres"
	q "$src" 'CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1)'
	cluster_standby "$standby" "$cluster"
	second="host=$standby port=5432 user=portl dbname=postgres"
	lsn=$(q "$src" 'SELECT pg_current_wal_lsn()')
	wait_for "$second" "pg_last_wal_replay_lsn() >= '$lsn'"
	word=$(position -t t)
	assert_eq "$(header no_position -d "$second" -t t)" \
		'the server is a standby, whose snapshots say too little of transactions that are running'
	try portl-extract -d "$second" -t t -F ndjson --since="$word"
	assert_status 5
	assert_stderr_has 'the server is a standby'

	# The primary dies with transactions that nobody has; their numbers are given out again.
	q "$second" 'SELECT pg_wal_replay_pause()' >/dev/null
	for i in 2 3 4 5; do
		q "$src" "INSERT INTO t VALUES ($i)"
	done
	word=$(position -t t)
	cluster_stop "$cluster" immediate
	q "$second" 'SELECT pg_wal_replay_resume(), pg_promote()' >/dev/null
	src=$second
	wait_for "$src" 'NOT pg_is_in_recovery()'
	q "$src" 'INSERT INTO t SELECT i FROM generate_series(10, 19) i'
	refused 'the server is on timeline 2, the position on 1' -t t --since="$word"
	assert_eq "$(ids -t t --since="$(position -t t)")" ''
}

@test "a server that crashes gives numbers out again: a position waits until the disk knows those before it" {
	cluster=$(cluster_dir)
	cluster_start "$cluster" 'synchronous_commit = off' 'wal_writer_delay = 10s' 'autovacuum = off'
	src="host=$cluster port=5432 user=portl dbname=postgres"
	q "$src" 'CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE other (id int); INSERT INTO t VALUES (1);
		CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader; ALTER ROLE reader SET default_transaction_read_only = on'
	q "$src" 'CHECKPOINT'
	for i in 2 3 4; do
		q "$src" "INSERT INTO t VALUES ($i)"
		q "$src" 'BEGIN; INSERT INTO t VALUES (9); ROLLBACK'
	done
	open_session "$src"
	say 'BEGIN; INSERT INTO other VALUES (1)' # writes behind those, and stays
	portl-extract -d "${src/user=portl/user=reader}" -t t -F ndjson -o "$BATS_TEST_TMPDIR/out" &
	extract=$!
	waits_or_ended()
	{
		! kill -0 "$extract" 2>/dev/null || is_true "$src" "EXISTS (SELECT FROM pg_stat_activity
			WHERE usename = 'reader' AND query LIKE '%pg_current_wal_flush_lsn%')"
	}
	wait_until 10 waits_or_ended
	if kill -0 "$extract" 2>/dev/null; then
		q "$src" 'SET synchronous_commit = on; INSERT INTO other VALUES (2)'
	fi
	wait "$extract"
	word=$(head -n 1 "$BATS_TEST_TMPDIR/out" | jq -r '."$portl".position')
	cluster_stop "$cluster" immediate
	close_session || :
	cluster_start "$cluster"
	for i in {11..20}; do
		q "$src" "INSERT INTO t VALUES ($i)"
	done
	assert_eq "$(q "$src" 'SELECT count(*) FROM t WHERE id < 5')" 4
	assert_eq "$(ids -t t --since="$word")" '11 12 13 14 15 16 17 18 19 20 '
}

@test "transaction numbers that have gone round: since, frozen rows of long ago, a position too old" {
	cluster=$(cluster_dir)
	cluster_start "$cluster" 'autovacuum = off'
	src="host=$cluster port=5432 user=portl dbname=postgres"
	# to_xid EPOCH XID: as if so many transactions had been
	to_xid()
	{
		local db

		for db in postgres template0 template1; do
			q "${src/%postgres/$db}" 'VACUUM FREEZE'
		done
		cluster_stop "$cluster"
		cluster_as dd if=/dev/zero of="$cluster/data/pg_xact/$(printf %04X $(($2 / 1048576)))" bs=256k count=1 status=none
		cluster_as "$(cluster_bindir)/pg_resetwal" -f -x "$2" -u "$2" -e "$1" -D "$cluster/data" >/dev/null 2>&1 ||
			cluster_as "$(cluster_bindir)/pg_resetwal" -f -x "$2" -e "$1" -D "$cluster/data" >/dev/null
		cluster_start "$cluster"
	}
	command -v "$(cluster_bindir)/pg_resetwal" >/dev/null || skip 'no pg_resetwal'
	q "$src" 'CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1)'
	q "$src" 'UPDATE pg_database SET datallowconn = true'
	first=$(position -t t)
	to_xid 0 1000000000
	assert_eq "$(ids -t t --since="$first")" ''
	q "$src" 'INSERT INTO t VALUES (2)'
	assert_eq "$(ids -t t --since="$first")" '2 '
	middle=$(position -t t)
	to_xid 0 2147000000
	assert_eq "$(ids -t t --since="$middle")" ''
	refused 'transactions old, and rows know theirs within 2^31 only' -t t --since="$first"
	to_xid 0 3200000000
	to_xid 0 4294900000
	q "$src" 'INSERT INTO t VALUES (3)'
	refused 'within 2^31 only' -t t --since="$middle"
	last=$(position -t t)
	assert_eq "$(ids -t t --since="$last")" ''
	q "$src" 'INSERT INTO t VALUES (4)'
	to_xid 1 1000
	q "$src" 'INSERT INTO t VALUES (5); UPDATE t SET v = 1 WHERE id = 2'
	[[ $(position -t t) =~ :4294968[0-9]+: ]] || fail 'no 64 bits'
	# The first row, frozen, has the number of a new one by now: it comes twice.
	assert_eq "$(ids -t t --since="$last")" '1 2 4 5 '
	last=$(position -t t)
	q "$src" 'INSERT INTO t VALUES (6)'
	assert_eq "$(ids -t t --since="$last")" '6 '
}

@test "a cursor: values from there on, less an overlap, and rows without one; never ahead of the clock" {
	q "$src" "CREATE TABLE u (id int, at timestamptz, n numeric(10,1)); CREATE VIEW v AS TABLE u;
		INSERT INTO u VALUES (1, '2026-01-01 10:00', 1), (2, '2026-01-01 11:00', 2.5), (3, NULL, NULL)"
	at=$(position -t v --cursor=at)
	n=$(position -t u --cursor=n)
	[[ $at == 1:cursor:*:at:2026%2D01%2D01%2011%3A00%3A00* && $n == *:n:2%2E5:* ]]
	assert_eq "$(ids -t v --cursor=at --since="$at")" '2 3 '
	assert_eq "$(ids -t v --cursor=at --overlap='59 minutes' --since="$at")" '2 3 '
	assert_eq "$(ids -t v --cursor=at --overlap='1 hour' --since="$at")" '1 2 3 '
	assert_eq "$(ids -t u --cursor=n --overlap=1.5 --since="$n")" '1 2 3 '
	assert_eq "$(ids -t u --cursor=n --overlap=1.4 --since="$n")" '2 3 '
	try portl-extract -d "$src" -t u --cursor=n --overlap=-1 --since="$n" -F ndjson
	assert_status 64
	assert_stderr_has 'goes forward'
	# in the first run too, behind which nobody looks at the next one
	try portl-extract -d "$src" -t u --cursor=n --overlap='1 day' -F ndjson
	assert_status 1
	assert_stderr_has "--overlap=1 day cannot be taken"
	try portl-extract -d "$src" -t u --cursor=n --overlap='1 day' --since="$n" -F ndjson
	assert_status 1
	assert_stderr_has 'cannot be taken from type numeric'
	try portl-extract -d "$src" -t v --cursor=at --check=plan -o "$BATS_TEST_TMPDIR/header"
	assert_out_has 'since        by "at", which cannot see rows that come late with older values'
	try portl-extract -d "$src" -t u --since=none --check=plan -o "$BATS_TEST_TMPDIR/header"
	assert_out_has 'since        by the transactions that wrote the rows'
	q "$src" "INSERT INTO u VALUES (4, '2026-01-01 10:30', 4)"
	assert_eq "$(ids -t v --cursor=at --since="$at")" '2 3 ' # what a cursor cannot see
	refused 'the position is that of cursor "at", not "n"' -t v --cursor=n --since="$at"
	refused "the position is a cursor" -t u --since="$n"
	refused 'the position is none of a cursor' -t u --cursor=n --since="$(position -t u)"

	q "$src" "INSERT INTO u VALUES (5, 'infinity', 'NaN')"
	ahead=$(position -t u --cursor=at)
	q "$src" 'INSERT INTO u VALUES (6, now(), 5)'
	assert_eq "$(ids -t u --cursor=at --since="$ahead")" '3 5 6 '
	assert_eq "$(header no_position -d "$src" -t u --cursor=n)" 'no row could come behind the greatest "n", which is NaN'
	q "$src" 'CREATE OR REPLACE VIEW v AS SELECT * FROM u WHERE id > 0'
	refused 'the view was altered' -t v --cursor=at --since="$at"

	q "$src" 'CREATE TABLE e (id int, at timestamptz)'
	empty=$(position -t e --cursor=at)
	q "$src" "INSERT INTO e VALUES (1, '1999-01-01')"
	assert_eq "$(ids -t e --cursor=at --since="$empty")" '1 '
	try portl-extract -d "$src" -t e --cursor=att
	assert_status 64
	assert_stderr_has 'has no column "att"'
}

@test "a cursor of a domain: the clock, numbers that nothing is beyond, the overlap, xid8" {
	q "$src" "CREATE DOMAIN d1 AS timestamptz(3); CREATE DOMAIN d2 AS d1; CREATE DOMAIN dn AS numeric(10,2);
		CREATE DOMAIN dx AS xid8;
		CREATE TABLE u (id int, at d2, n dn, x dx DEFAULT pg_current_xact_id());
		INSERT INTO u VALUES (1, '2026-01-01 10:00', 1), (2, '2026-01-01 11:00', 2)"
	at=$(position -t u --cursor=at)
	assert_eq "$(ids -t u --cursor=at --overlap='59 minutes' --since="$at")" '2 '
	assert_eq "$(ids -t u --cursor=at --overlap='1 hour' --since="$at")" '1 2 '
	assert_eq "$(ids -t u --cursor=n --overlap=1 --since="$(position -t u --cursor=n)")" '1 2 '
	open_session "$src"
	say 'BEGIN; INSERT INTO u VALUES (3)'
	q "$src" 'INSERT INTO u VALUES (4)'
	word=$(position -t u --cursor=x)
	say COMMIT
	close_session
	assert_eq "$(ids -t u --cursor=x --since="$word")" '3 4 '
	q "$src" "INSERT INTO u VALUES (5, 'infinity', 'NaN')"
	ahead=$(position -t u --cursor=at)
	q "$src" 'INSERT INTO u VALUES (6, clock_timestamp())'
	assert_eq "$(ids -t u --cursor=at --since="$ahead")" '3 4 5 6 '
	assert_eq "$(header no_position -d "$src" -t u --cursor=n)" 'no row could come behind the greatest "n", which is NaN'
}

@test "a cursor of citext: the greatest value is that of the order in which rows are compared" {
	q "$src" "CREATE EXTENSION citext; CREATE DOMAIN dc AS citext;
		CREATE TABLE u (id int, c citext COLLATE \"C\", d dc COLLATE \"C\");
		INSERT INTO u VALUES (1, 'a', 'a'), (2, 'Z', 'Z')"
	for column in c d; do
		word=$(position -t u --cursor=$column)
		[[ $word == *:$column:a:* ]] || fail "$word is not up to a"
		assert_eq "$(ids -t u --cursor=$column --since="$word")" '1 '
	done
	q "$src" 'CREATE TABLE w (id int, p point)'
	try portl-extract -d "$src" -t w --cursor=p -o "$BATS_TEST_TMPDIR/s"
	assert_status 1
	assert_stderr_has '--cursor=p: '
}

@test "a cursor: rows without a value come from a view and from children, whatever NOT NULL is said" {
	q "$src" "CREATE DOMAIN d AS timestamptz NOT NULL; CREATE TABLE a (id int); CREATE TABLE b (id int, at d);
		CREATE VIEW v AS SELECT a.id, b.at FROM a LEFT JOIN b USING (id);
		CREATE TABLE p (id int, at timestamptz NOT NULL); CREATE TABLE c () INHERITS (p);
		INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, now() - interval '1 day');
		INSERT INTO p VALUES (1, now() - interval '1 day')"
	word=$(position -t v --cursor=at)
	q "$src" 'INSERT INTO a VALUES (2)'
	assert_eq "$(ids -t v --cursor=at --since="$word")" '1 2 '
	[ "$(q "$src" 'SHOW server_version_num')" -lt 180000 ] || return 0 # NOT NULL is inherited from 18 on
	q "$src" 'ALTER TABLE c ALTER at DROP NOT NULL; INSERT INTO c VALUES (2)'
	below=$(position -t p --cursor=at)
	assert_eq "$(ids -t p --cursor=at --since="$below")" '1 2 '
}

@test "a cursor of xid8 that the source sets is as exact as xmin, through a view and by its index" {
	q "$src" "CREATE TABLE x (id int, ver xid8 NOT NULL DEFAULT pg_current_xact_id()); CREATE INDEX ON x (ver);
		CREATE VIEW xv AS TABLE x; INSERT INTO x SELECT i FROM generate_series(1, 3) i"
	open_session "$src"
	say 'BEGIN; SAVEPOINT a; INSERT INTO x VALUES (4)'
	q "$src" 'INSERT INTO x VALUES (5)'
	word=$(position -t xv --cursor=ver)
	q "$src" 'INSERT INTO x VALUES (6)'
	say COMMIT
	close_session
	assert_eq "$(ids -t xv --cursor=ver --since="$word")" '4 5 6 '
	assert_eq "$(ids -t xv --cursor=ver --since="$(position -t xv --cursor=ver)")" ''
	word=$(position -t x --columns=id --cursor=ver)
	q "$src" 'DROP VIEW xv; ALTER TABLE x ALTER ver DROP DEFAULT, ALTER ver TYPE text'
	refused 'other columns are read, or they were altered' -t x --columns=id --cursor=ver --since="$word"
}

@test "a cursor of xid8 whose numbers are not from the server, or come late: from the greatest on" {
	q "$src" "CREATE TABLE x (id int, ver xid8); INSERT INTO x VALUES (1, '3'), (2, '4');
		CREATE MATERIALIZED VIEW xm AS TABLE x; CREATE VIEW xmv AS TABLE xm; CREATE VIEW local AS TABLE x;
		CREATE FUNCTION f() RETURNS SETOF x LANGUAGE sql STABLE AS 'TABLE x'; CREATE VIEW xf AS SELECT * FROM f();
		CREATE TABLE p (id int, ver xid8) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)"
	relations='xm xmv xf'
	if q "$src" 'CREATE EXTENSION postgres_fdw' 2>/dev/null; then
		q "$src" "DO \$\$ BEGIN EXECUTE format('CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)',
				current_setting('unix_socket_directories'), current_setting('port'), current_database());
			EXECUTE format('CREATE USER MAPPING FOR PUBLIC SERVER here OPTIONS (user %L)', current_user); END \$\$;
			CREATE FOREIGN TABLE far (id int, ver xid8) SERVER here OPTIONS (table_name 'x');
			DROP TABLE p1; CREATE FOREIGN TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9) SERVER here OPTIONS (table_name 'x')"
		relations+=' far p'
	fi
	declare -A was
	for relation in $relations; do
		was[$relation]=$(position -t "$relation" --cursor=ver)
	done
	q "$src" "INSERT INTO x VALUES (3, '5'); REFRESH MATERIALIZED VIEW xm"
	for relation in $relations; do
		assert_eq "$(ids -t "$relation" --cursor=ver --since="${was[$relation]}")" '2 3 '
	done
	# never ahead of the transactions that are here
	q "$src" "UPDATE x SET ver = '18446744073709551615' WHERE id = 3; REFRESH MATERIALIZED VIEW xm"
	word=$(position -t xm --cursor=ver)
	q "$src" "INSERT INTO x VALUES (4, pg_current_xact_id()); REFRESH MATERIALIZED VIEW xm"
	assert_eq "$(ids -t xm --cursor=ver --since="$word")" '3 4 '
	assert_eq "$(ids -t local --cursor=ver --since="$(position -t local --cursor=ver)")" '3 '
}

@test "a set: a word for each relation, one without comes whole, sequences as always" {
	q "$src" 'CREATE TABLE a (id int); CREATE TABLE b (id int); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); CREATE SEQUENCE seq'
	words=$(portl-extract -d "$src" -t '[ab]' -F ndjson | jq -rs '[.[]."$portl".position | select(.)] | unique | join(",")')
	q "$src" 'INSERT INTO a VALUES (2); CREATE TABLE c (id int); INSERT INTO c VALUES (7)'
	got=$(portl-extract -d "$src" -t '[abc]' -t seq -F ndjson --since="$words" |
		jq -rc 'select(.id // ."$portl".relation | . != null) | .id // (."$portl" | select(.manifest | not) | .relation.name + " " + (.since // "-")[:4])')
	assert_eq "$(tr '\n' ' ' <<<"$got")" 'a 1:xm 2 b 1:xm c none 7 seq - '
}
