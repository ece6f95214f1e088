# A plan's parts are the table, bit for bit.
# shellcheck disable=SC2016,SC2119,SC2120,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common

setup()
{
	fresh_db src
	cd "$BATS_TEST_TMPDIR" || return
}

# plan OPTION...: a plan in ./plan
plan()
{
	portl-extract -d "$src" --make-plan "$@" -o plan
}

# read_parts OPTION...: all parts of ./plan, in files of their own, and the rows of all of
# them, sorted, in ./rows
read_parts()
{
	local k parts

	rm -f part.*
	parts=$(grep -cE '^  \{"number": [0-9]+, "relation": ' plan)
	for k in $(seq "$parts"); do
		portl-extract --plan=plan --part="$k" -F ndjson "$@" >"part.$k" || return
		[[ $(tail -n 1 "part.$k") == *'"end":true'* ]] || fail "part $k has no end" || return
	done
	for ((; k > 0; k--)); do
		head -n 1 "part.$k"
	done | jq -es --argjson parts "$parts" '[.[]."$portl".part | select(.run != null) | .number] == [range($parts; 0; -1)]' \
		>/dev/null || fail 'a part does not say that it is one' || return
	cat part.* | grep -v '^{"$portl"' | LC_ALL=C sort >rows
}

# whole OPTION...: the same rows by one stream, in ./whole
whole()
{
	portl-extract -d "$src" -F ndjson "$@" | grep -v '^{"$portl"' | LC_ALL=C sort >whole
}

same()
{
	[ -s whole ] || fail 'there are no rows' || return
	cmp rows whole
}

@test "parts by blocks are the table" {
	needs 14 'ranges of blocks'
	q "$src" "CREATE TABLE t AS SELECT i AS id, repeat('x', i % 90) AS v FROM generate_series(1, 8000) i"
	plan -t t --part-size=32kB
	[ "$(jq '.parts | length' plan)" -ge 10 ]
	read_parts
	whole -t t
	same
	plan -t t --parts=3
	assert_eq "$(jq '.parts | length' plan)" 3
	read_parts
	same
	# the largest first, one line each
	assert_eq "$(jq -c '[.parts[].bytes]' plan)" "$(jq -c '[.parts[].bytes] | sort | reverse' plan)"
	assert_eq "$(grep -c '^  {"number"' plan)" 4
}

@test "the last part has no end: what the table has grown by is in it, what was cut off is not missed" {
	q "$src" 'CREATE TABLE t (id int, v text); ALTER TABLE t SET (autovacuum_enabled = off);
		INSERT INTO t SELECT i, repeat($$x$$, 90) FROM generate_series(1, 5000) i'
	plan -t t --parts=4
	q "$src" "INSERT INTO t SELECT i, repeat('y', 90) FROM generate_series(5001, 15000) i"
	read_parts
	whole -t t
	same
	q "$src" 'DELETE FROM t WHERE id > 500'
	q "$src" 'VACUUM t'
	[ "$(q "$src" "SELECT pg_relation_size('t') / 8192")" -lt 20 ]
	read_parts
	whole -t t
	same
}

@test "an empty table, one of one block, one of dead rows only" {
	q "$src" 'CREATE TABLE empty (id int); CREATE TABLE one (id int); INSERT INTO one VALUES (1);
		CREATE TABLE dead (id int, v text); ALTER TABLE dead SET (autovacuum_enabled = off)'
	q "$src" 'INSERT INTO dead SELECT i, repeat($$x$$, 90) FROM generate_series(1, 500) i'
	q "$src" 'DELETE FROM dead WHERE id <> 3'
	plan -t '*' --part-size=8kB
	assert_eq "$(jq -c '[.relations[].name]' plan)" '["dead","empty","one"]'
	read_parts
	assert_eq "$(cat rows)" '{"id":1}
{"id":3,"v":"'"$(printf 'x%.0s' {1..90})"'"}'
}

@test "partitions are read one by one, by a role that may; their streams are the root's" {
	needs 14 'ranges of blocks'
	q "$src" 'CREATE TABLE p (id int, v text) PARTITION BY RANGE (id);
		CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
		CREATE TABLE p2 (v text, gone int, id int); ALTER TABLE p2 DROP gone;
		ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (100) TO (9000);
		CREATE TABLE "P ""3" PARTITION OF p FOR VALUES FROM (9000) TO (20000) PARTITION BY RANGE (id);
		CREATE TABLE "p 4" PARTITION OF "P ""3" DEFAULT;
		INSERT INTO p SELECT i, repeat($$x$$, 50) FROM generate_series(0, 19999, 4) i'
	plan -t p --part-size=50kB
	assert_eq "$(jq -c '[.parts[].leaf_name] | unique' plan)" '["p 4","p1","p2"]'
	read_parts
	whole -t p
	same
	assert_eq "$(head -qn1 part.* | jq -c '.["$portl"] | [.relation.name, [.columns[].name]]' | sort -u)" \
		'["p",["id","v"]]'
	# a role that may read the root only
	q "$src" "CREATE ROLE ${src}_r LOGIN; GRANT SELECT ON p TO ${src}_r"
	plan -t p -U "${src}_r" --part-size=50kB
	assert_eq "$(jq -c '[.parts[].leaf_name] | unique' plan)" '[null]'
	[ "$(jq '.parts | length' plan)" -gt 5 ]
	read_parts
	same
	q "$src" "DROP OWNED BY ${src}_r; DROP ROLE ${src}_r"
}

@test "partitions whose virtual columns say something else are read as the root shows them" {
	needs 18 'virtual generated columns'
	q "$src" 'CREATE TABLE t (id int, v int GENERATED ALWAYS AS (id * 2) VIRTUAL) PARTITION BY RANGE (id);
		CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (50); CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (50) TO (5000);
		INSERT INTO t SELECT generate_series(1, 3000); ALTER TABLE t1 ALTER v SET EXPRESSION AS (id * 3)'
	plan -t t --part-size=8kB
	read_parts
	whole -t t
	same
	q "$src" 'ALTER TABLE t1 ALTER v SET EXPRESSION AS (id * 2)'
	plan -t t --part-size=8kB
	assert_eq "$(jq '[.parts[].leaf_name] | unique | length' plan)" 2
}

@test "a partition that is none any more is refused" {
	q "$src" 'CREATE TABLE p (id int) PARTITION BY RANGE (id);
		CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (5000);
		CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (5000) TO (10000);
		INSERT INTO p SELECT i FROM generate_series(0, 9999) i'
	plan -t p --parts=2
	q "$src" 'ALTER TABLE p DETACH PARTITION p1'
	run -1 --separate-stderr portl-extract --plan=plan --part="$(jq '.parts[] | select(.leaf_name == "p1").number' plan)"
	assert_stderr_has 'public.p1 is no partition of public.p any more'
}

@test "parents of inheritance: with their children alone, without them in a set" {
	needs 14 'ranges of blocks'
	q "$src" 'CREATE TABLE a (id int); CREATE TABLE b () INHERITS (a); CREATE TABLE c () INHERITS (a);
		INSERT INTO a SELECT i FROM generate_series(1, 3000) i;
		INSERT INTO b SELECT i FROM generate_series(3001, 10000) i; INSERT INTO c VALUES (1)'
	plan -t a --part-size=64kB
	[ "$(jq '.parts | length' plan)" -gt 4 ]
	read_parts
	whole -t a
	same
	plan -t a -t b --part-size=64kB
	read_parts
	whole -t a -t b
	same
}

@test "by the values of a column, NULLs and all" {
	q "$src" "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
		CREATE DOMAIN small AS int CHECK (VALUE < 1000000);
		CREATE TABLE t AS SELECT i AS id, nullif(i % 11, 0)::small AS d,
		  ('{sad,ok,happy}'::mood[])[1 + i % 4] AS m, nullif(i % 13, 5) / 0.7 AS n,
		  CASE i % 5 WHEN 0 THEN 'NaN' WHEN 1 THEN '-Infinity' ELSE i::float8 / 3 END AS f,
		  chr(200 + i % 100) || '''\"' || chr(92) AS \"te xt\", i % 2 = 0 AS b,
		  now() + i * interval '1 s' AS ts, md5(i::text)::uuid AS u, array[i % 7, i] AS a,
		  (i % 5)::text::bpchar(7) AS c, ('10.0.0.' || i % 256)::inet AS ip, i % 3 * interval '1 d' AS iv,
		  decode(md5(i::text), 'hex') AS by, ROW(i % 9, NULL)::record IS NULL AS r,
		  int4range(i % 50, i) AS rg
		FROM generate_series(1, 1500) i"
	whole -t t
	for column in id d m n f '"te xt"' b ts u a c ip iv by rg; do
		plan -t t --split-by="$column" --parts=3
		jq -e '.parts | length >= 2 and all(.column != null)' plan >/dev/null || fail "$column: $(cat plan)"
		read_parts
		same || fail "$column"
	done
}

@test "by a column that is NOT NULL, and has NULLs in a child, or in a view" {
	q "$src" "CREATE DOMAIN d AS int NOT NULL; CREATE TABLE t (id int, k d, v text);
		CREATE TABLE p (id int, k int NOT NULL, v text); CREATE TABLE c () INHERITS (p);
		INSERT INTO t SELECT i, i, repeat('x', 50) FROM generate_series(1, 1000) i;
		INSERT INTO p SELECT * FROM t; CREATE VIEW w AS SELECT i AS id, k, v FROM generate_series(1, 1500) i LEFT JOIN t ON t.id = i"
	# from 18 on a child's column is NOT NULL as its parent's is
	[ "$SERVER_VERSION" -ge 180000 ] || q "$src" 'ALTER TABLE c ALTER k DROP NOT NULL; INSERT INTO c (id) VALUES (1), (2)'
	for relation in p w; do
		whole -t "$relation"
		plan -t "$relation" --split-by=k --parts=4
		jq -e '.parts | length > 2' plan
		read_parts
		same
	done
}

@test "by a column: where there is none, of no order, a range that runs backwards" {
	q "$src" "CREATE TABLE t AS SELECT i AS id, '{}'::json AS j FROM generate_series(1, 2000) i;
		CREATE VIEW v AS TABLE t; CREATE TABLE other (x int)"
	run -64 --separate-stderr portl-extract -d "$src" -t t --make-plan --parts=2 --split-by=nothing
	assert_stderr_has 'there is no column "nothing"'
	run -1 --separate-stderr portl-extract -d "$src" -t t --make-plan --parts=2 --split-by=j
	assert_stderr_has '--split-by=j: '
	plan -t v --split-by=id --parts=3
	assert_eq "$(jq -c '[.parts[].column]' plan)" '["id","id","id"]'
	read_parts
	whole -t v
	same
	plan -t v
	assert_eq "$(jq '.parts | length' plan)" 1
	plan -t t --split-by=id --parts=2
	jq '.parts |= [{number: 1, relation: 1, column: "id", to: "500"},
		{number: 2, relation: 1, column: "id", from: "500", to: "200"},
		{number: 3, relation: 1, column: "id", from: "200"}]' plan >bad
	run -78 --separate-stderr portl-extract --plan=bad --part=2
	assert_stderr_has 'ends before it begins'
}

@test "a plan keeps what is read and where, and no password; the command line counts more" {
	q "$src" 'CREATE TABLE t AS SELECT i AS id, i AS v FROM generate_series(1, 9) i'
	plan -t t --where='id > 3' --exclude-columns=v
	read_parts
	assert_eq "$(cat rows)" "$(printf '{"id":%d}\n' {4..9})"
	run -2 --separate-stderr portl-extract --plan=plan --part=1 -d 'nobody_has_this_db'
	run -64 --separate-stderr portl-extract --plan=plan --part=1 --where='id > 4'
	assert_stderr_has '--where does not go with --plan'
	run -64 --separate-stderr portl-extract -d "postgres://me:secret@/$src" -t t --make-plan
	assert_stderr_has 'a plan would keep the password in it'
	assert_stderr_lacks secret
	portl-extract -d "$src" -t t --make-plan >draft
	run -64 --separate-stderr portl-load -d "dbname=$src bogus=1" --make-plan draft
	assert_stderr_has 'the connection string cannot be understood'
	assert_stderr_has 'bogus'
	run -64 --separate-stderr portl-extract -d "$src" -c 'SELECT 1' --make-plan
	assert_stderr_has '--query does not go with --make-plan'
}

@test "which part: none, one that is not there, the plan of another database" {
	fresh_db other
	q "$src" 'CREATE TABLE t AS SELECT 1 AS id'
	q "$other" 'CREATE TABLE t AS SELECT 2 AS id'
	plan -t t
	run -64 --separate-stderr portl-extract --plan=plan
	assert_stderr_has 'needs one of --part, --hold and --catch-up'
	run -64 --separate-stderr portl-extract --plan=plan --part=2
	assert_stderr_has 'plan has no part 2: its parts are 1 to 1'
	run -64 --separate-stderr portl-extract --plan=plan --part=0
	run -64 --separate-stderr portl-extract --part=1 -d "$src" -t t
	assert_stderr_has '--part needs --plan'
	run -64 --separate-stderr portl-extract --plan=plan --part=1 -d "$other"
	assert_stderr_has 'plan is the plan of another database'
	run -78 --separate-stderr portl-extract --plan=nothing --part=1
	# as often as it is asked for
	portl-extract --plan=plan --part=1 -F ndjson | grep -c '^{"id":1}$'
	portl-extract --plan=plan --part=1 -F ndjson | grep -c '^{"id":1}$'
}

@test "a materialized view, a role that may read some columns, a job with its tables" {
	q "$src" "CREATE TABLE t AS SELECT i AS id, i AS secret FROM generate_series(1, 6000) i;
		CREATE MATERIALIZED VIEW m AS TABLE t;
		CREATE ROLE ${src}_r LOGIN; GRANT SELECT (id) ON t TO ${src}_r"
	plan -t m --parts=4
	! since 14 'ranges of blocks' || assert_eq "$(jq '.parts | length' plan)" 4
	read_parts
	whole -t m
	same
	# nobody but who may read all columns may ask for ctid
	plan -t t --columns=id --parts=4 -U "${src}_r"
	assert_eq "$(jq '.parts | length' plan)" 1
	read_parts
	whole -t t --columns=id
	same
	plan -t t --columns=id --parts=4 --split-by=id -U "${src}_r"
	assert_eq "$(jq '.parts | length' plan)" 4
	read_parts
	same
	q "$src" "DROP OWNED BY ${src}_r; DROP ROLE ${src}_r"
	printf '%s\n' 'source:' "  database: $src" '  table: [public.t, public.m]' 'tables:' '  public.t:' '    where: id > 5990' \
		'  public.m:' '    columns: [id]' >job.yaml
	portl-extract --job=job.yaml --make-plan --part-size=30kB -o plan
	read_parts
	portl-extract --job=job.yaml -F ndjson | grep -v '^{"$portl"' | LC_ALL=C sort >whole
	same
}

@test "settings of the role do not change what a part is" {
	q "$src" "CREATE TABLE t AS SELECT i AS id, i::text || 'x' AS v FROM generate_series(1, 6000) i"
	plan -t t --parts=4
	whole -t t
	q "$src" "ALTER DATABASE $src SET enable_tidscan = off; ALTER DATABASE $src SET max_parallel_workers_per_gather = 4;
		ALTER DATABASE $src SET parallel_setup_cost = 0; ALTER DATABASE $src SET min_parallel_table_scan_size = 0;
		ALTER DATABASE $src SET parallel_tuple_cost = 0"
	read_parts
	same
	plan -t t --split-by=v --parts=3
	read_parts
	same
}

@test "a plan of many relations takes memory for each of them, not for each pair" {
	needs_own_memory
	q "$src" "DO 'BEGIN FOR i IN 1..2000 LOOP EXECUTE format(''CREATE TABLE m%s (id int PRIMARY KEY)'', i); END LOOP; END'"
	try_sh "$(memory 120000) portl-extract -d '$src' --make-plan=own -t 'm*' -o plan"
	assert_status 0
	assert_eq "$(jq '.parts | length' plan)" 2000
}

# inherits_read: how many rows of pg_inherits were read in $src
inherits_read()
{
	wait_for "$src" "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'portl-extract')"
	q "$src" 'SELECT pg_stat_force_next_flush()' >>flushed # what our own client has read
	q "$src" "SELECT t.seq_tup_read + (SELECT sum(i.idx_tup_read) FROM pg_stat_sys_indexes i WHERE i.relid = t.relid)
		FROM pg_stat_sys_tables t WHERE relid = 'pg_inherits'::regclass"
}

@test "a part of a partition by its own snapshot does not ask for all the others" {
	needs 15 'statistics are there when the session ends'
	q "$src" "CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id)"
	q "$src" "DO 'BEGIN FOR i IN 0..299 LOOP EXECUTE format(''CREATE TABLE p%s PARTITION OF t FOR VALUES FROM (%s) TO (%s)'', i, i, i + 1); END LOOP; END'"
	q "$src" "INSERT INTO t SELECT generate_series(0, 299); ANALYZE"
	portl-extract -d "$src" --make-plan=own -t t --part-size=8kB -o plan
	assert_eq "$(jq '.parts | length' plan)" 300
	before=$(inherits_read)
	portl-extract --plan=plan --part=7-16 >parts
	assert_eq "$(portl ls parts | grep -c ' 1 rows\? ')" 10
	read=$(($(inherits_read) - before))
	((read < 300)) || fail "$read rows of pg_inherits were read for ten parts"
}
