#!/usr/bin/env bats
# shellcheck disable=SC2154 # fresh_db and start set a, b and pid_load
# --indexes=rebuild: indexes are dropped before the rows and are what they were behind them.

load ../lib/common
load ../lib/faults
load ../lib/load

setup()
{
	fresh_db a b
	stream=$BATS_TEST_TMPDIR/stream
}

# shape: the indexes and constraints of $b, and what is said of both.
shape()
{
	q "$b" "SET search_path = ''; SELECT n.nspname, t.relname, c.relname, pg_catalog.pg_get_indexdef(c.oid), i.indisprimary, i.indimmediate,
			i.indisclustered, i.indisreplident, i.indisvalid, c.reltablespace, c.reloptions, c.relowner, t.relreplident,
			pg_catalog.obj_description(c.oid, 'pg_class'), (SELECT pg_catalog.array_agg(attstattarget ORDER BY attnum)
				FROM pg_catalog.pg_attribute WHERE attrelid = c.oid)
		FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
		JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname <> 'pg_toast' AND n.nspname <> 'pg_catalog' ORDER BY 1, 2, 3;
		SELECT conrelid::pg_catalog.regclass, conname, pg_catalog.pg_get_constraintdef(oid), convalidated, conislocal, coninhcount,
			pg_catalog.obj_description(oid, 'pg_constraint')
		FROM pg_catalog.pg_constraint WHERE conrelid <> 0 AND connamespace <> 'pg_catalog'::pg_catalog.regnamespace
		AND connamespace <> 'information_schema'::pg_catalog.regnamespace ORDER BY 1::text, 2;
		SELECT attrelid::pg_catalog.regclass, attname, attnotnull FROM pg_catalog.pg_attribute
		WHERE attrelid IN (SELECT oid FROM pg_catalog.pg_class WHERE relkind = 'r' AND relname !~ '^(pg|sql)_') AND attnum > 0 ORDER BY 1::text, 2"
}

# keep: what $b looks like; kept: it still does, or again.
keep()
{
	shape >"$BATS_TEST_TMPDIR/before"
}

kept()
{
	shape >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

oids()
{
	q "$b" "SELECT indexrelid FROM pg_index i JOIN pg_class c ON c.oid = indrelid WHERE c.relname = '${1-t}' ORDER BY 1"
}

# alone TABLE: a row that comes while the table has an index is an error.
alone()
{
	q "$b" "CREATE OR REPLACE FUNCTION alone() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
			IF EXISTS (SELECT FROM pg_index WHERE indrelid = TG_RELID) THEN RAISE ''% has an index'', TG_RELNAME; END IF; RETURN NEW; END';
		CREATE TRIGGER alone BEFORE INSERT ON $1 FOR EACH ROW EXECUTE FUNCTION alone()"
}

# plain: table t with a key and an index; the stream has three rows.
plain()
{
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE INDEX by_v ON t (v); INSERT INTO t VALUES (1, 'old')"
	portl-extract -d "$a" -c "SELECT g AS id, 'v' || g AS v FROM generate_series(2, 4) g" -o "$stream"
}

# refused TEXT [OPTION...]: nothing is loaded into t, for that reason.
refused()
{
	keep
	try portl-load -d "$b" -t t --indexes=rebuild "${@:2}" "$stream"
	assert_status 5
	assert_stderr_has "$1"
	kept
}

@test "every kind of index is what it was, with other rows" {
	local nulls='' space=''

	since 15 'NULLS NOT DISTINCT, tablespaces in the place of the data' && {
		nulls='NULLS NOT DISTINCT' space="TABLESPACE \"$b\""
		psql -Xq -v ON_ERROR_STOP=1 -d "$b" -c 'SET allow_in_place_tablespaces = on' -c "CREATE TABLESPACE \"$b\" LOCATION ''"
	}
	q "$b" "CREATE SCHEMA \"S s\"; CREATE TABLE \"S s\".\"t;--\" (o int, id int, \"V v\" text, n int NOT NULL, r int4range, w int[], gone int);
		ALTER TABLE \"S s\".\"t;--\" DROP COLUMN gone;
		SET search_path = \"S s\";
		CREATE INDEX \"first 'x'\" ON \"t;--\" (\"V v\" COLLATE \"C\" text_pattern_ops DESC NULLS LAST, n) INCLUDE (o) WITH (fillfactor = 71);
		ALTER TABLE \"t;--\" ADD CONSTRAINT \"the key\" PRIMARY KEY (id) INCLUDE (o) WITH (fillfactor = 80) ${space/TABLESPACE/USING INDEX TABLESPACE},
			ADD CONSTRAINT \"one V\" UNIQUE (\"V v\") DEFERRABLE INITIALLY DEFERRED,
			ADD CONSTRAINT later UNIQUE (n, o) DEFERRABLE,
			ADD CONSTRAINT apart EXCLUDE USING gist (r WITH &&) WHERE (n > 0) DEFERRABLE;
		CREATE UNIQUE INDEX part ON \"t;--\" ((lower(\"V v\")), (n + 1)) $nulls $space WHERE n > 0 AND \"V v\" <> 'it''s';
		ALTER INDEX part ALTER COLUMN 1 SET STATISTICS 33;
		CREATE UNIQUE INDEX ident ON \"t;--\" (n);
		CREATE INDEX by_hash ON \"t;--\" USING hash (o) $space; CREATE INDEX by_gin ON \"t;--\" USING gin (w) WITH (fastupdate = off);
		CREATE INDEX by_brin ON \"t;--\" USING brin (id) WITH (pages_per_range = 4, autosummarize = on);
		ALTER TABLE \"t;--\" CLUSTER ON ident; ALTER TABLE \"t;--\" REPLICA IDENTITY USING INDEX ident;
		COMMENT ON INDEX part IS 'it''s an index'; COMMENT ON INDEX \"the key\" IS 'index of the key';
		COMMENT ON CONSTRAINT \"the key\" ON \"t;--\" IS 'key'; COMMENT ON CONSTRAINT apart ON \"t;--\" IS 'ex';
		INSERT INTO \"t;--\" VALUES (1, -1, 'old', 5)"
	alone '"S s"."t;--"'
	keep
	before=$(oids 't;--')
	portl-extract -d "$a" -c "SELECT g % 7 AS o, g AS id, 'v' || g AS \"V v\", g AS n, int4range(g, g + 1) AS r, ARRAY[g, 1] AS w
		FROM generate_series(10, 300) g" -o "$stream"
	for options in '' --truncate; do
		try portl-load -d "$b" -t '"S s"."t;--"' --indexes=rebuild $options "$stream"
		assert_status 0
		assert_silent
		kept
		[ -z "$(comm -12 <(echo "$before" | sort) <(oids 't;--' | sort))" ]
		assert_eq "$(q "$b" 'SELECT count(*), min(id), max(id) FROM "S s"."t;--"')" "$([ -n "$options" ] && echo '291|10|300' || echo '292|-1|300')"
		# they are used, and do their work
		assert_eq "$(q "$b" "SET enable_seqscan = off; SELECT n FROM \"S s\".\"t;--\" WHERE id = 77")" 77
		q "$b" 'ALTER TABLE "S s"."t;--" DISABLE TRIGGER alone'
		try psql -Xq -d "$b" -c "INSERT INTO \"S s\".\"t;--\" (id, n, r) VALUES (1000, 1000, '[77,78)')"
		assert_stderr_has 'exclusion constraint "apart"'
		q "$b" 'ALTER TABLE "S s"."t;--" ENABLE TRIGGER ALL; DELETE FROM "S s"."t;--"'
	done
	q "$b" 'DROP SCHEMA "S s" CASCADE'
	[ -z "$space" ] || psql -Xq -d "$b" -c "DROP TABLESPACE \"$b\""
}

@test "an index whose definition the server words otherwise when it is made from that" {
	plain
	q "$b" "DROP INDEX by_v; ALTER TABLE t ALTER v TYPE varchar(9); CREATE UNIQUE INDEX few ON t (id) WHERE v IN ('v2', 'v3') AND v || 'x' <> 'y';
		ALTER TABLE t ADD r int4range, ADD CONSTRAINT apart EXCLUDE USING gist (r WITH &&) WHERE (v IN ('v2', 'v3'))"
	for options in '' --truncate; do
		try portl-load -d "$b" -t t --indexes=rebuild $options "$stream"
		assert_status 0
	done
	t_is '2|v2|' '3|v3|' '4|v4|'
	assert_eq "$(q "$b" "SELECT indexdef ~ 'v2.*v3.*y' FROM pg_indexes WHERE indexname = 'few'")" t
}

@test "a function that needs the role's search_path: what helps is said" {
	plain
	q "$b" "CREATE FUNCTION g(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower(\$1)'; TRUNCATE t;
		CREATE FUNCTION f(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN g(\$1); END'; CREATE INDEX by_f ON t (f(v))"
	for how in --indexes=rebuild --replace; do
		try portl-load -d "$b" -t t $how "$stream"
		assert_status 1
		assert_stderr_has 'function g(text) does not exist'
		assert_stderr_has 'SET search_path), or '
	done
	q "$b" 'ALTER FUNCTION f SET search_path = public'
	for how in --indexes=rebuild --replace; do
		try portl-load -d "$b" -t t $how "$stream"
		assert_status 0
		q "$b" 'DELETE FROM t'
	done
}

@test "an index on what was renamed since" {
	plain
	q "$b" "CREATE FUNCTION f(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower(\$1)'; CREATE INDEX by_f ON t (f(v));
		CREATE INDEX with_id ON t (v) INCLUDE (id); ALTER FUNCTION f RENAME TO g; ALTER TABLE t RENAME v TO w"
	keep
	try portl-load -d "$b" -t t --indexes=rebuild --map=v=w "$stream"
	assert_status 0
	kept
	t_is '1|old' '2|v2' '3|v3' '4|v4'
}

@test "the primary key is built first; plan, log and step say what is done" {
	local log=$BATS_TEST_TMPDIR/log

	plain
	q "$b" 'ALTER TABLE t DROP CONSTRAINT t_pkey; CREATE UNIQUE INDEX other ON t (id) INCLUDE (v); ALTER TABLE t ADD CONSTRAINT "last" PRIMARY KEY (id)'
	keep
	try portl-load -d "$b" -t t -vv --indexes=rebuild -L "$log" --log-format=json "$stream"
	assert_status 0
	kept
	t_is '1|old' '2|v2' '3|v3' '4|v4'
	[[ $stderr == *'Its indexes are dropped before the rows and built behind them.'*'  ALTER TABLE public.t DROP CONSTRAINT '*'  COPY "public"."t"'*'CREATE UNIQUE INDEX last ON public.t '*'ADD CONSTRAINT last PRIMARY KEY USING INDEX last'*'CREATE INDEX by_v'*'CREATE UNIQUE INDEX other'*';'* ]] ||
		show_run 'no such plan'
	assert_eq "$(jq -r 'select(.event == "step") | .step' "$log" | paste -sd ' ')" 'constraints indexes target'
	# what the settings were, they are
	[[ $(jq -r 'select(.event == "sql") | .message' "$log" | tail -n 3) != *CREATE* ]]
	try portl-load -n -d "$b" -t t -vv --indexes=rebuild --truncate "$stream"
	assert_status 0
	[[ $stderr == *'SQL: ALTER TABLE public.t DROP CONSTRAINT '*'SQL: TRUNCATE TABLE'*'SQL: COPY "public"."t"'*'CREATE UNIQUE INDEX last ON public.t '*'ROLLBACK'* ]] ||
		show_run 'not run so'
	kept
	t_is '1|old' '2|v2' '3|v3' '4|v4'
	try portl-load --check=plan -d "$b" -t t --indexes=rebuild "$stream"
	assert_status 0
	assert_out_has 'straight by COPY, indexes are built behind the rows'
}

@test "plan, log and server name the same statements" {
	plain
	try portl-load -d "$b" -t t -v --log-format=json --indexes=rebuild --truncate -L "$BATS_TEST_TMPDIR/log" "$stream"
	assert_status 0
	python3 - "$BATS_TEST_TMPDIR/log" <<-'END'
		import json, sys
		events = [json.loads(line) for line in open(sys.argv[1])]
		ran = [e["message"][5:] for e in events if e["event"] == "sql"]
		plan = [s for e in events if e["event"] == "plan" for s in e["statements"] if "DEFAULT VALUES" not in s]
		places = [next((i for i, r in enumerate(ran) if s in r), -1) for s in plan]
		assert len(plan) == 4 and -1 not in places and places == sorted(places), (plan, ran)
	END
}

@test "rows are frozen with --truncate, and staged ones come so as well" {
	plain
	alone t
	keep
	try portl-load -d "$b" -t t --indexes=rebuild --truncate "$stream"
	assert_status 0
	kept
	q "$b" 'CREATE EXTENSION pageinspect'
	assert_eq "$(q "$b" "SELECT count(*) FROM heap_page_items(get_raw_page('t', 0)) WHERE t_infomask & 768 = 768")" 3
	# a cast, and two streams
	q "$b" 'DROP EXTENSION pageinspect; ALTER TABLE t ALTER v TYPE int USING 0'
	portl-extract -d "$a" -c "SELECT g AS id, g::bigint AS v FROM generate_series(5, 6) g" -o "$stream.2"
	portl-extract -d "$a" -c "SELECT g AS id, g::bigint AS v FROM generate_series(7, 9) g" -o "$stream"
	keep
	try portl-load -d "$b" -t t --indexes=rebuild --truncate --streams=2 < <(cat "$stream" "$stream.2")
	assert_status 0
	kept
	t_is '5|5' '6|6' '7|7' '8|8' '9|9'
}

@test "keys that come twice are refused by the constraint's name, and all is as it was" {
	plain
	q "$b" 'CREATE UNIQUE INDEX one ON t (lower(v))'
	keep
	before=$(oids)
	portl-extract -d "$a" -c "SELECT 1 AS id, 'again' AS v" -o "$stream"
	try portl-load -d "$b" -t t --indexes=rebuild "$stream"
	assert_status 1
	assert_stderr_has 'could not create unique index "t_pkey"'
	assert_stderr_has 'Key (id)=(1) is duplicated.'
	assert_stderr_has 'before COMMIT: building the indexes of "t"'
	assert_stderr_has 'none can be named; run without it to have the row'
	kept
	portl-extract -d "$a" -c "SELECT 2 AS id, 'OLD' AS v" -o "$stream"
	try portl-load -d "$b" -t t --indexes=rebuild "$stream"
	assert_status 1
	assert_stderr_has 'could not create unique index "one"'
	kept
	t_is '1|old'
	assert_eq "$(oids)" "$before"
	# a cut stream
	plain_bytes=$(wc -c <"$stream")
	try portl-load -d "$b" -t t --indexes=rebuild < <(head -c $((plain_bytes - 20)) "$stream")
	assert_status 4
	kept
	assert_eq "$(oids)" "$before"
}

@test "killed with its rows in, or while it builds: all is as it was" {
	plain
	q "$b" "CREATE FUNCTION waits(t text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
			'BEGIN IF t = ''v3'' THEN PERFORM pg_catalog.pg_advisory_xact_lock(42); END IF; RETURN t; END';
		CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END'"
	for where in 'CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()' \
		'DROP TRIGGER wait ON t; CREATE INDEX slow ON t (waits(v))'; do
		q "$b" "$where"
		keep
		before=$(oids)
		hold "$b"
		start load portl-load -q -d "$b" -t t --truncate --indexes=rebuild "$stream"
		backend_does "$b" portl-load "$waits_for_lock AND wait_event = 'advisory'"
		kill -KILL "$pid_load"
		terminate_backend "$b" portl-load
		finish load
		release
		no_backends "$b"
		kept
		assert_eq "$(oids)" "$before"
		t_is '1|old'
	done
}

# family DB: a parent, its child, one that refers to itself, one without index.
family()
{
	q "$1" "CREATE TABLE p (id int PRIMARY KEY, v text UNIQUE);
		CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE, v text REFERENCES p (v) DEFERRABLE);
		CREATE INDEX \"c p\" ON c (p); CREATE TABLE s (id int PRIMARY KEY, up int CONSTRAINT upward REFERENCES s); CREATE TABLE none (id int);
		COMMENT ON CONSTRAINT upward ON s IS 'up'"
}

@test "a set: foreign keys go first and come last, with --foreign-keys=recheck" {
	local t

	family "$a"
	family "$b"
	q "$a" "INSERT INTO p SELECT g, g FROM generate_series(1, 50) g; INSERT INTO c SELECT g, 1 + g % 50, g FROM generate_series(1, 50) g;
		INSERT INTO s SELECT g, nullif(g - 1, 0) FROM generate_series(1, 50) g; INSERT INTO none SELECT generate_series(1, 5)"
	q "$b" "INSERT INTO p VALUES (77, 'x')"
	keep
	portl-extract -d "$a" -t 'public.*' -o "$stream"
	try portl-load -d "$b" --truncate --indexes=rebuild "$stream"
	assert_status 5
	assert_stderr_has '--indexes=rebuild: foreign key "c_p_fkey" of public.c refers to public.p; use --foreign-keys=recheck'
	assert_stderr_has 'foreign key "c_v_fkey" of public.c refers to public.p; use'
	assert_stderr_has 'foreign key "upward" of public.s refers to public.s; use'
	kept
	for t in p c s; do alone "$t"; done
	for options in '' '--truncate' '-n --truncate'; do
		[ -n "$options" ] || q "$b" 'TRUNCATE p, c'
		# shellcheck disable=SC2086 # options are words
		try portl-load -d "$b" $options --indexes=rebuild --foreign-keys=recheck -L "$BATS_TEST_TMPDIR/log" --log-format=json "$stream"
		assert_status 0
		kept
		for t in p c s none; do same_table "$a" "$t" "$b" "$t"; done
	done
	jq -r 'select(.event == "step") | .step' "$BATS_TEST_TMPDIR/log" | paste -sd ' ' | grep -q 'constraints indexes foreign-keys target'
	# one of them alone, which refers and is not referred to
	try portl-load -d "$b" -t c --truncate --indexes=rebuild "$stream"
	assert_status 0
	kept
	# a row that is wrong for each
	q "$a" 'ALTER TABLE c DROP CONSTRAINT c_p_fkey; UPDATE c SET p = 1000 WHERE id = 7'
	try portl-load -d "$b" --truncate --indexes=rebuild --foreign-keys=recheck < <(portl-extract -d "$a" -t 'public.*')
	assert_status 1
	assert_stderr_has '"c_p_fkey"'
	kept
	assert_eq "$(q "$b" 'SELECT count(*) FROM c WHERE p = 1000')" 0
}

@test "a set: where few rows come, indexes stay" {
	q "$a" 'CREATE TABLE few (id int PRIMARY KEY); INSERT INTO few SELECT generate_series(1, 19000); CREATE TABLE many (id int PRIMARY KEY);
		INSERT INTO many SELECT generate_series(1, 20000); ANALYZE; CREATE TABLE unknown (id int PRIMARY KEY); INSERT INTO unknown VALUES (1)'
	q "$b" 'CREATE TABLE few (id int PRIMARY KEY); CREATE TABLE many (id int PRIMARY KEY); CREATE TABLE unknown (id int PRIMARY KEY)'
	portl-extract -d "$a" -t 'public.*' -o "$stream"
	few=$(oids few) many=$(oids many) unknown=$(oids unknown)
	try portl-load -v -d "$b" --indexes=rebuild "$stream"
	assert_status 0
	assert_eq "$(grep -o 'Its indexes.*' <<<"$stderr" | sort | uniq -c | sed 's/^ *//')" \
		$'2 Its indexes are dropped before the rows and built behind them.\n1 Its indexes stay: few rows come.'
	[ "$few" = "$(oids few)" ]
	[ "$many" != "$(oids many)" ]
	[ "$unknown" != "$(oids unknown)" ]
	# of a single one it is done as it was said
	portl-extract -d "$a" -t few | portl-load -d "$b" --truncate --indexes=rebuild
	[ "$few" != "$(oids few)" ]
}

@test "a foreign key that stays is a reason against it, by its name" {
	plain
	q "$b" 'CREATE TABLE other (t int CONSTRAINT "to t" REFERENCES t)'
	refused '--indexes=rebuild: foreign key "to t" of public.other, which is not among the relations, refers to public.t'
	refused 'foreign key "to t"' --foreign-keys=recheck
	q "$b" 'DROP TABLE other; ALTER TABLE t ADD up int; ALTER TABLE t ADD CONSTRAINT self FOREIGN KEY (up) REFERENCES t NOT VALID'
	refused 'foreign key "self" of public.t refers to public.t, and cannot be added again as it is'
	q "$b" 'ALTER TABLE t VALIDATE CONSTRAINT self'
	refused 'foreign key "self" of public.t refers to public.t; use --foreign-keys=recheck'
	try portl-load -d "$b" -t t --indexes=rebuild --foreign-keys=recheck "$stream"
	assert_status 0
	kept
	if since 18 'NOT ENFORCED'; then
		q "$b" 'ALTER TABLE t DROP CONSTRAINT self; CREATE TABLE idle (t int CONSTRAINT asleep REFERENCES t NOT ENFORCED); DELETE FROM t WHERE id > 1'
		refused 'constraint asleep on table public.idle depends on index "t_pkey"'
	fi
}

@test "what depends on an index, and what it cannot be made from, is a reason by its name" {
	plain
	q "$b" 'CREATE VIEW groups AS SELECT id, v FROM t GROUP BY id'
	refused 'rule _RETURN on view public.groups depends on constraint "t_pkey"'
	q "$b" 'DROP VIEW groups; ALTER INDEX by_v DEPENDS ON EXTENSION plpgsql'
	refused 'index "by_v" belongs to extension plpgsql'
	q "$b" "DROP INDEX by_v; INSERT INTO t VALUES (0, 'old')"
	try psql -Xq -d "$b" -c 'CREATE UNIQUE INDEX CONCURRENTLY half ON t (v)'
	refused 'index "half" is not valid'
	q "$b" 'DROP INDEX half; ALTER TABLE t ADD r int4range, ADD CONSTRAINT apart EXCLUDE USING gist (r WITH &&) WITH (fillfactor = 70)'
	refused 'constraint "apart" has options'
}

@test "who is not the owner, or may not make an index, is told before the rows" {
	for role in portl_indexer portl_outsider; do
		q postgres "DO 'BEGIN CREATE ROLE $role LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN END'"
	done
	plain
	q "$b" 'REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC; GRANT ALL ON t TO portl_outsider; ALTER TABLE t OWNER TO portl_indexer'
	PGUSER=portl_outsider refused '--indexes=rebuild: only its owner portl_indexer, or a member of that role, may drop its indexes'
	PGUSER=portl_indexer refused '--indexes=rebuild: no CREATE privilege on schema public'
	q "$b" 'GRANT CREATE ON SCHEMA public TO portl_indexer'
	try portl-load -d "$b" -U portl_indexer -t t --indexes=rebuild "$stream"
	assert_status 0
	kept
	# nothing is asked of a table without any
	q "$b" 'ALTER TABLE t DROP CONSTRAINT t_pkey; DROP INDEX by_v'
	try portl-load -d "$b" -U portl_outsider -t t --indexes=rebuild "$stream"
	assert_status 0
}

@test "indexes of a partitioned table and of partitions stay, and so does what is no table" {
	plain
	q "$b" "DROP TABLE t; CREATE TABLE root (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
		CREATE TABLE t PARTITION OF root FOR VALUES FROM (0) TO (100); CREATE INDEX own ON t (v); CREATE TABLE free (id int PRIMARY KEY, v text)"
	refused '--indexes=rebuild: it is a partition, and its indexes stay'
	try portl-load -d "$b" -t root --indexes=rebuild "$stream"
	assert_status 5
	assert_stderr_has '--indexes=rebuild: it is partitioned, and its indexes stay'
	q "$a" "CREATE TABLE root (id int PRIMARY KEY, v text); INSERT INTO root VALUES (1, 'x'); CREATE TABLE free AS TABLE root"
	alone free
	keep
	try portl-load -v -d "$b" --indexes=rebuild < <(portl-extract -d "$a" -t root -t free)
	assert_status 0
	assert_stderr_has 'Its indexes stay: it is partitioned.'
	assert_stderr_has 'Its indexes are dropped before the rows'
	kept
	q "$b" 'DROP TABLE root; CREATE VIEW t AS SELECT 1 AS id'
	refused '--indexes=rebuild: a view has no indexes'
	try portl-load -d "$b" -t new --create --indexes=rebuild "$stream"
	assert_status 0
}

@test "a table that has heirs, and an heir" {
	plain
	q "$b" 'CREATE TABLE heir (PRIMARY KEY (id)) INHERITS (t); CREATE INDEX too ON heir (v)'
	alone t
	alone heir
	keep
	for options in '' --truncate; do
		for table in t heir; do
			try portl-load -d "$b" -t "$table" --indexes=rebuild $options "$stream"
			assert_status 0
			kept
		done
	done
	assert_eq "$(q "$b" 'SELECT tableoid::regclass, count(*) FROM t GROUP BY 1 ORDER BY 1')" $'t|3\nheir|3'
}

@test "a key of an heir whose NOT NULL is inherited; an heir that may have NULL where its parent has a key" {
	plain
	q "$b" 'CREATE TABLE above (id int NOT NULL); CREATE TABLE heir (v text) INHERITS (above); ALTER TABLE heir ADD PRIMARY KEY (id);
		CREATE TABLE free () INHERITS (t)'
	((SERVER_VERSION >= 180000)) || q "$b" 'ALTER TABLE free ALTER id DROP NOT NULL; INSERT INTO free VALUES (NULL)'
	keys="SELECT attrelid::regclass, attnotnull FROM pg_attribute WHERE attname = 'id' AND attrelid IN ('heir'::regclass, 'free'::regclass) ORDER BY 1"
	before=$(q "$b" "$keys")
	for table in heir t; do
		try portl-load -d "$b" -t "$table" --indexes=rebuild "$stream"
		assert_status 0
	done
	assert_eq "$(q "$b" "$keys")" "$before"
	assert_eq "$(q "$b" 'SELECT count(*) FROM heir WHERE id > 1')" 3
}

@test "an index that has come since the plan is not lost" {
	plain
	mkfifo "$BATS_TEST_TMPDIR/in"
	start load portl-load -d "$b" -t t --indexes=rebuild -L "$BATS_TEST_TMPDIR/log" --log-format=json "$BATS_TEST_TMPDIR/in"
	exec {in}>"$BATS_TEST_TMPDIR/in"
	portl-extract -d "$a" -F ndjson -c "SELECT g AS id, 'v' || g AS v FROM generate_series(2, 4) g" >"$stream"
	head -n 1 "$stream" >&"$in"
	wait_until 10 grep -q '"event":"plan"' "$BATS_TEST_TMPDIR/log"
	q "$b" 'CREATE INDEX late ON t (id)'
	keep
	tail -n +2 "$stream" >&"$in"
	exec {in}>&-
	finish load
	assert_status 1
	assert_stderr_has 'the table "t" was altered just now'
	kept
}

@test "what is made that is not as it was undoes all" {
	plain
	q "$b" "CREATE FUNCTION meddle() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN
			IF EXISTS (SELECT FROM pg_catalog.pg_class WHERE relname = ''by_v'') THEN COMMENT ON INDEX public.by_v IS ''mine''; END IF; END'"
	keep
	q "$b" "CREATE EVENT TRIGGER meddle ON ddl_command_end WHEN tag IN ('CREATE INDEX') EXECUTE FUNCTION meddle()"
	try portl-load -d "$b" -t t --indexes=rebuild "$stream"
	assert_status 5
	assert_stderr_has 'the indexes of "t" cannot be built again as they were'
	assert_stderr_has 'mine'
	kept
	t_is '1|old'
}

@test "the lock is waited for no longer than is said, and readers wait for the rows" {
	plain
	hold "$b" 'BEGIN; SELECT * FROM t'
	try portl-load -d "$b" -t t --indexes=rebuild --lock-wait-timeout=100 "$stream"
	assert_status 1
	assert_stderr_has 'lock timeout'
	release
	q "$b" "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END';
		CREATE TRIGGER wait BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION wait()"
	hold "$b"
	start load portl-load -d "$b" -t t --indexes=rebuild "$stream"
	backend_does "$b" portl-load "$waits_for_lock AND wait_event = 'advisory'"
	try psql -X -d "$b" -c "SET lock_timeout = 100" -c 'SELECT count(*) FROM t'
	assert_status 1
	release
	finish load
	assert_status 0
	t_is '1|old' '2|v2' '3|v3' '4|v4'
}

@test "what does not go with --indexes=rebuild is said" {
	for option in --conflict=skip '--conflict=overwrite --delete' --commit=batch --add-columns --rejects=x --replace --verify \
		'--make-plan --commit=part'; do
		# shellcheck disable=SC2086 # two words
		try portl-load -d "$b" -t t --indexes=rebuild $option x
		assert_status 64
		assert_stderr_has -- --indexes
	done
	try portl-load -d "$b" -t t --indexes=no x
	assert_status 64
}

@test "a job says it as well, of all relations or of one" {
	family "$a"
	q "$a" "INSERT INTO p VALUES (1, 'x')"
	q "$b" 'CREATE TABLE p (id int PRIMARY KEY, v text UNIQUE); CREATE TABLE s (id int PRIMARY KEY, up int)'
	alone p
	keep
	cat >"$BATS_TEST_TMPDIR/job.yaml" <<-END
		source: {database: $a, tables: [p, s]}
		destination: {database: $b}
		foreign_keys: recheck
		tables:
		  p: {indexes: rebuild}
		  s: {}
	END
	try portl run "$BATS_TEST_TMPDIR/job.yaml"
	assert_status 0
	kept
	same_table "$a" p "$b" p
	try portl check "$BATS_TEST_TMPDIR/job.yaml"
	assert_status 0
	[[ $output$stderr == *'indexes are built behind the rows'* ]] || show_run 'not said'
}
