#!/usr/bin/env bats
# A hot standby as source: it can be read, its conflicts are errors; it cannot be loaded.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common

# on_primary SQL: run it and wait until the standby has it.
on_primary()
{
	local lsn

	q "$primary" "$1"
	lsn=$(q "$primary" 'SELECT pg_current_wal_lsn()')
	wait_for "$standby" "pg_last_wal_replay_lsn() >= '$lsn'"
}

setup()
{
	local first second

	fresh_db dst
	first=$(cluster_dir) second=$(cluster_dir)
	clusters=("$second" "$first")
	cluster_start "$first" 'wal_level = replica' 'autovacuum = off'
	primary="host=$first port=5432 user=portl dbname=postgres"
	q "$primary" "CREATE TABLE t (id int PRIMARY KEY, t text); INSERT INTO t SELECT i, i FROM generate_series(1, 5000) i;
		CREATE TABLE parted (id int) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parted DEFAULT;
		INSERT INTO parted VALUES (1), (2); CREATE VIEW v AS TABLE t; CREATE MATERIALIZED VIEW m AS TABLE t;
		CREATE UNLOGGED TABLE unlogged (id int)"
	cluster_standby "$second" "$first" 'max_standby_streaming_delay = 0'
	standby="host=$second port=5432 user=portl dbname=postgres"
	on_primary 'SELECT 1'
}

teardown()
{
	for dir in "${clusters[@]}"; do
		cluster_drop "$dir"
	done
	drop_dbs
}

@test "a hot standby: tables, partitions, views, queries; conflicts; nothing can be loaded there" {
	for relation in t parted v m; do
		PGOPTIONS='-c default_transaction_isolation=serializable' portl-extract -d "$standby" -t $relation | portl-load -q -d "$dst" --create
		same_table "$primary" $relation "$dst" $relation
	done
	portl-extract -d "$standby" -c 'SELECT id FROM t WHERE id <= 7' | portl-load -q -d "$dst" -t parted
	assert_eq "$(q "$dst" 'SELECT count(*) FROM parted')" 9
	try_sh "portl-extract -d '$standby' -t unlogged | portl-load -d '$dst' --create" # its rows are not there
	assert_status 4
	try_sh "portl-extract -d '$standby' -t t | portl-load -d '$standby'"
	assert_status 5
	assert_stderr_has 'read-only standby'

	# It can be compared with, while rows in order pass; temporary tables it has none.
	portl-extract -d "$primary" -t t --order=key | portl-load -d "$standby" --verify --summary="$BATS_TEST_TMPDIR/sum"
	jq -e '.verified == {equal: 5000, missing: 0, extra: 0, different: 0}' "$BATS_TEST_TMPDIR/sum"
	try_sh "portl-extract -d '$primary' -t t --order=key --where 'id <> 7' | portl-load -d '$standby' --scope='id < 9' --verify --differences=-"
	assert_status 6
	assert_eq "$(wc -l <<<"$output")" 4993
	try_sh "portl-extract -d '$primary' -t t | portl-load -d '$standby' --verify"
	assert_status 5
	assert_stderr_has 'rows would have to be staged, which a standby cannot do: the stream is in no order'

	# Neither parts nor what has changed between them would be exact.
	try portl-extract -d "$standby" -t t --make-plan
	assert_status 1
	assert_stderr_has '--make-plan: the server is a standby'
	portl-extract -d "$primary" -t t --make-plan -o "$BATS_TEST_TMPDIR/plan"
	try portl-extract -d "$standby" --plan="$BATS_TEST_TMPDIR/plan" --hold
	assert_status 1
	assert_stderr_has '--hold: the server is a standby'

	# The primary takes away what a query on the standby reads.
	q "$dst" 'TRUNCATE t'
	portl-extract -d "$standby" -c "SELECT id, t FROM t, pg_sleep(CASE WHEN id > 4000 THEN 10 ELSE 0 END)" \
		3>&- 2>"$BATS_TEST_TMPDIR/x" | portl-load -d "$dst" -t t 3>&- 2>"$BATS_TEST_TMPDIR/err" &
	wait_for "$standby" "EXISTS (SELECT FROM pg_stat_activity WHERE query ~ '^COPY' AND wait_event = 'PgSleep')"
	on_primary 'DROP TABLE t CASCADE'
	status=0
	wait $! || status=$?
	stderr=$(cat "$BATS_TEST_TMPDIR/err")
	assert_status 4
	assert_stderr_has 'conflict with recovery'
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 0
}

@test "a set from a standby: the sum over tables stays the same while money moves between them" {
	local i pid

	cd "$BATS_TEST_TMPDIR"
	q "$standby" "ALTER SYSTEM SET max_standby_streaming_delay = -1"
	q "$standby" "SELECT pg_reload_conf()" >reloaded
	on_primary "CREATE TABLE ma AS SELECT i AS id, 1000 AS money FROM generate_series(1, 500) i; CREATE TABLE mb AS TABLE ma;
		CREATE PROCEDURE move() LANGUAGE plpgsql AS \$\$ BEGIN LOOP
		UPDATE ma SET money = money - 7 WHERE id = (SELECT 1 + (random() * 499)::int);
		UPDATE mb SET money = money + 7 WHERE id = (SELECT 1 + (random() * 499)::int); COMMIT; END LOOP; END \$\$"
	psql -XAtqd "$primary" -c 'CALL move()' 3>&- 2>moves &
	pid=$!
	for i in 1 2 3 4 5; do
		wait_for "$standby" "(SELECT sum(money) FROM ma) < $((500000 - 100 * i))"
		portl-extract -d "$standby" -t 'm[ab]' -F ndjson >out.set
		assert_eq "$(jq -n '[inputs | .money // 0] | add' out.set)" 1000000
	done
	q "$primary" "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query ~ '^CALL'" >killed
	wait "$pid" || :
	# Unlogged tables have no rows there: patterns leave them out, a name is an error.
	try portl-extract -d "$standby" -t 'u*' -o x
	assert_status 1
	assert_stderr_has 'matches no table'
	try portl-extract -d "$standby" -t unlogged -t t -o x
	assert_status 1
	portl-extract -d "$standby" -t '*' -n -F ndjson | head -n 1 |
		jq -e '[."$portl".manifest.members[].relation.name] == ["ma", "mb", "parted", "t"]'
}
