#!/usr/bin/env bats
# Way attach: a partition that parts have filled aside is exchanged for the one that is there.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common
load ../lib/faults
load ../lib/meanwhile
load ../lib/parts

setup()
{
	fresh_db src dst
	q "$src" "CREATE TABLE t (id int, day date, v text, PRIMARY KEY (id, day));
		INSERT INTO t SELECT i, date '2026-11-01' + i % 30, repeat(i::text, 20) FROM generate_series(1, 3000) i; ANALYZE"
	q "$dst" "CREATE TABLE m (id int, day date, v text DEFAULT 'x' NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
		CREATE INDEX ON m (v) WHERE id > 7;
		CREATE TABLE o PARTITION OF m FOR VALUES FROM ('2026-10-01') TO ('2026-11-01');
		CREATE TABLE t PARTITION OF m FOR VALUES FROM ('2026-11-01') TO ('2026-12-01');
		ALTER TABLE t ADD CHECK (id > 0); GRANT SELECT ON t TO PUBLIC; COMMENT ON TABLE t IS 'november';
		INSERT INTO m VALUES (1, '2026-10-07', 'october')"
}

# way: what the plan says of the relation
way()
{
	jq -r '.relations[0] | .way + ": " + .reason' "$plan"
}

# looks: the partition as psql and the catalog show it
looks()
{
	psql -XAtqd "$dst" -c '\d+ t' -c '\dp t'
	q "$dst" "SELECT obj_description('t'::regclass), relowner::regrole, relacl, reloptions FROM pg_class WHERE oid = 't'::regclass"
}

is_attached()
{
	same_table "$src" t "$dst" t
	assert_eq "$(q "$dst" 'SELECT count(*) FROM m')" "$(($(q "$src" 'SELECT count(*) FROM t') + 1))"
	assert_eq "$(looks)" "$looked"
	assert_eq "$(left_of_run)" ''
}

@test "an empty partition: nothing is seen, then all, without a scan; what hangs on it stays" {
	looked=$(looks)
	q postgres "ALTER DATABASE $dst SET log_min_messages = debug1"
	log_from_here
	make_plan -t t --parts=3 --
	assert_eq "$(way)" 'attach: it is a partition, and has no rows'
	bring_all 2
	assert_eq "$(q "$dst" 'SELECT count(*) FROM m')" 1
	q "$dst" "INSERT INTO m VALUES (2, '2026-10-07', 'written meanwhile'); DELETE FROM m WHERE id = 2"
	bring 1 --log-file="$T/events" --log-format=json
	is_attached
	logged "$dst" | grep -q 'partition constraint for table "t" is implied by existing constraints'
	printf '# the publishing transaction took %s ms\n' "$(jq 'select(.event == "published") | .ms' "$T/events")" >&3
	publish
}

@test "one that has rows: they go with --truncate; else it is another way, or refused when they came late" {
	q "$dst" "INSERT INTO t VALUES (9000, '2026-11-30', 'old')"
	make_plan -t t --parts=3 --
	assert_eq "$(way)" 'apply: it is a partition that cannot be exchanged: it has rows'
	looked=$(looks)
	make_plan -t t --parts=3 -- --truncate
	assert_eq "$(way)" 'attach: it is a partition, and is emptied'
	bring_all 2
	assert_eq "$(q "$dst" 'SELECT count(*) FROM m')" 2
	bring 1
	is_attached
	q "$dst" 'TRUNCATE t'
	make_plan -t t --parts=3 --
	bring_all 2
	q "$dst" "INSERT INTO t VALUES (9000, '2026-11-30', 'late')"
	try bring 1
	assert_status 5
	assert_stderr_has 'has rows now'
	assert_eq "$(q "$dst" 'SELECT v FROM t')" late
	q "$dst" 'TRUNCATE t'
	publish
	is_attached
}

@test "what hangs on it and cannot be made anew, or other modes, lead to another way" {
	q "$dst" 'CREATE VIEW w AS SELECT * FROM t'
	make_plan -t t --parts=3 --
	[[ $(way) == 'apply: it is a partition that cannot be exchanged: '*'depends on it' ]]
	bring_all
	same_table "$src" t "$dst" t
	q "$dst" 'DROP VIEW w; TRUNCATE t'
	make_plan -t t --parts=3 -- --conflict=overwrite
	assert_eq "$(way)" 'apply: it exists'
}

@test "altered between two parts, it is found out; the rest of a run whose snapshot is gone is caught up" {
	make_plan -t t --parts=3 --
	bring 1
	q "$dst" 'ALTER TABLE t ADD CHECK (id > -1)'
	try bring 2
	assert_status 5
	portl-load --plan="$plan" --drop-parts
	looked=$(looks)
	bring_all 2
	let_snapshot_go
	held=()
	jq -c '.snapshot = "own"' "$plan" >"$T/own" && mv "$T/own" "$plan"
	q "$src" "UPDATE t SET v = 'new' WHERE id % 11 = 1; DELETE FROM t WHERE id % 13 = 1"
	bring 1
	portl-load --plan="$plan" --print-position >"$T/positions"
	portl-extract --plan="$plan" --catch-up --since="@$T/positions" | portl-load -q --plan="$plan" --publish
	is_attached
}

@test "several partitions: while one cannot be had yet, readers of the others go on" {
	q "$src" "CREATE TABLE u (LIKE t INCLUDING ALL); INSERT INTO u SELECT id, day + 30, v FROM t; ANALYZE u"
	q "$dst" "CREATE TABLE u PARTITION OF m FOR VALUES FROM ('2026-12-01') TO ('2026-12-31')"
	make_plan -t t -t u --
	assert_eq "$(jq -r '[.relations[].way] | join(" ")' "$plan")" 'attach attach'
	open_session "$dst"
	say 'BEGIN; SELECT count(*) FROM u'
	bring 1
	bring 2 2>"$T/err" 3>&- &
	pid=$!
	wait_for "$dst" "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
		AND application_name = 'portl-load' AND query LIKE '%pg_sleep%')"
	assert_eq "$(q "$dst" "SET lock_timeout = '5s'; SELECT count(*) FROM m; SELECT count(*) FROM t")" $'1\n0'
	say COMMIT
	close_session
	wait "$pid"
	assert_eq "$(q "$dst" 'SELECT count(*) FROM m')" 6001
	assert_eq "$(left_of_run)" ''
}
