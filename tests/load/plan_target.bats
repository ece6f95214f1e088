#!/usr/bin/env bats
# shellcheck disable=SC2016 # dollar quotes are the bodies of functions
# What rows can be written into, and what is refused at the header, with nothing touched.

load ../lib/common

setup()
{
	fresh_db from to
	ROLE=${to}_role
	q "$to" "CREATE ROLE $ROLE LOGIN"
	q "$from" "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, NULL)"
	STREAM=$BATS_TEST_TMPDIR/stream
	portl-extract -d "$from" -t t >"$STREAM"
}

teardown()
{
	drop_dbs
	q postgres "SET client_min_messages = error; DROP ROLE IF EXISTS $ROLE"
}

# load_it OPTION...: load the stream of t.
load_it()
{
	try portl-load -d "$to" "$@" "$STREAM"
}

# as_role OPTION...: the same without a superuser's privileges.
as_role()
{
	load_it -U "$ROLE" "$@"
}

# target SQL: make what is loaded into (a table t must come of it).
target()
{
	q "$to" "$1"
	BEFORE=$(state)
}

# Relations, the sizes of their files, and the rows of t.
state()
{
	q "$to" "SELECT oid, relfilenode, (pg_stat_file(pg_relation_filepath(oid), true)).size
	         FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'S', 't') ORDER BY oid"
	q "$to" 'TABLE t'
}

# refused REASON: by the plan, in one message, and all is as `target` left it.
refused()
{
	assert_status 5
	assert_stderr_has "$1"
	assert_eq "$(grep -c error: <<<"$stderr")" 1
	assert_eq "$(state)" "$BEFORE"
}

@test "a materialized view, a sequence, a composite type are refused" {
	target 'CREATE TABLE t (a int, b text); CREATE MATERIALIZED VIEW m AS TABLE t;
	        CREATE SEQUENCE s; CREATE TYPE c AS (a int, b text)'
	load_it -t m
	refused 'it is a materialized view'
	load_it -t s
	refused 'it is a sequence'
	load_it -t c
	refused 'relation "c" does not exist'
}

@test "system catalogs are refused, to superusers too" {
	target 'CREATE TABLE t (a int, b text)'
	load_it -t pg_catalog.pg_class --extra-columns=ignore
	refused 'it is a system catalog'
	load_it -t information_schema.sql_features --extra-columns=ignore
	refused 'it is a system catalog'
}

@test "a table with rules for INSERT is refused" {
	target 'CREATE TABLE t (a int, b text); CREATE TABLE log (a int);
	        CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO log VALUES (new.a)'
	load_it
	refused 'it has rules for INSERT'
}

@test "a view of a table with rules for INSERT is refused, however deep" {
	local rule

	for rule in 'NOTHING' 'ALSO INSERT INTO log VALUES (new.a)' 'INSTEAD INSERT INTO log VALUES (new.a)'; do
		target "DROP TABLE IF EXISTS log, t CASCADE; CREATE TABLE t (a int, b text); CREATE TABLE log (a int);
		        CREATE RULE r AS ON INSERT TO t DO ${rule/#NOTHING/INSTEAD NOTHING};
		        CREATE VIEW v AS SELECT * FROM t; CREATE VIEW w AS SELECT b, a FROM v"
		load_it -t v
		refused 'it is a view of "t", which has rules for INSERT'
		load_it -t w
		refused 'it is a view of "t", which has rules for INSERT'
	done
	q "$to" 'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$;
	         CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f()'
	load_it -t w # the trigger hides what is under v
	assert_status 0
}

@test "another unique index on the key's columns by which other values are equal is refused" {
	target "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
	        CREATE TABLE t (a int, b text PRIMARY KEY); CREATE UNIQUE INDEX z ON t (b COLLATE ci)"
	load_it --conflict=overwrite
	refused 'the index "z" on the key ("b") has an operator class or collation by which other values are equal'
	q "$to" 'DROP INDEX z; CREATE INDEX z ON t (b COLLATE ci)' # no arbiter
	load_it --conflict=overwrite
	[[ $stderr != *'operator class'* ]]
}

@test "rules for UPDATE are in the way of conflicts only" {
	target 'CREATE TABLE t (a int PRIMARY KEY, b text); CREATE RULE r AS ON UPDATE TO t DO NOTHING'
	load_it --conflict=skip
	refused 'it has rules for UPDATE, with which PostgreSQL cannot do --conflict=skip'
	load_it
	assert_status 0
	same_table "$from" t "$to" t
}

@test "a row too wide for what a mode needs is refused before it comes" {
	local wide

	wide=$(seq -f 'c%g int' -s, 1597)
	target "CREATE TABLE t (a int PRIMARY KEY, b text, $wide);
	        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
	wide=$(seq -f '1 AS c%g' -s, 1597)
	try_sh "portl-extract -d $from -c 'SELECT *, $wide FROM t' | portl-load -d $to -t t --conflict=overwrite"
	refused 'a temporary table, which holds 1598 columns, not 1599'
	try_sh "portl-extract -d $from -c 'SELECT *, $wide FROM t' |
		portl-load -d $to -t t --conflict=overwrite --duplicates=first"
	assert_status 0
	q "$to" 'CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()'
	wide=$(seq -f '1 AS c%g' -s, 828)
	try_sh "portl-extract -d $from -c 'SELECT *, $wide FROM t' | portl-load -d $to -t t --conflict=overwrite"
	assert_status 0
	BEFORE=$(state)
	wide=$(seq -f '1 AS c%g' -s, 829)
	try_sh "portl-extract -d $from -c 'SELECT *, $wide FROM t' | portl-load -d $to -t t --conflict=overwrite"
	refused 'it has BEFORE INSERT triggers'
}

@test "another session's temporary table is refused" {
	target 'CREATE TABLE t (a int, b text)'
	local schema session pid

	coproc psql -XAtq -d "$to"
	session=${COPROC[1]} pid=$COPROC_PID
	echo 'CREATE TEMP TABLE mine (a int, b text);
	      SELECT pg_my_temp_schema()::regnamespace;' >&"$session"
	read -r schema <&"${COPROC[0]}"
	BEFORE=$(state)
	load_it -t "$schema.mine"
	refused 'it is a temporary table of another session'
	exec {session}>&-
	wait "$pid"
}

@test "a standby is refused" {
	local primary standby

	primary=$(cluster_dir)
	standby=$(cluster_dir)
	cluster_start "$primary" 'wal_level = replica'
	psql -Xq -h "$primary" -d postgres -c 'CREATE TABLE t (a int, b text)'
	cluster_standby "$standby" "$primary"
	try portl-load -h "$standby" -d postgres "$STREAM"
	assert_status 5
	assert_stderr_has 'the server is a read-only standby'
	try portl-load -h "$standby" -d postgres --create -t new "$STREAM"
	assert_status 5
	assert_stderr_has 'the server is a read-only standby'
	cluster_drop "$standby"
	cluster_drop "$primary"
}

@test "no INSERT privilege, on the table or on one column" {
	target 'CREATE TABLE t (a int, b text)'
	as_role
	refused 'no INSERT privilege'
	assert_stderr_lacks 'column "a"'
	target "GRANT INSERT (a) ON t TO $ROLE"
	as_role
	refused $'column "b" may not be written: no INSERT privilege; drop it with --map \'b=\''
	assert_stderr_lacks 'column "a"'
	as_role --map b=
	assert_status 0
	assert_eq "$(q "$to" 'SELECT a FROM t ORDER BY a')" $'1\n2'
}

@test "no USAGE privilege on the schema" {
	target "CREATE TABLE t (a int, b text); CREATE SCHEMA s; CREATE TABLE s.t (a int, b text);
	        GRANT INSERT ON s.t TO $ROLE"
	as_role -t s.t
	refused 'no USAGE privilege on schema "s"'
}

@test "--truncate wants the privilege, a table, and no references" {
	target "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (0, 'old');
	        GRANT INSERT, SELECT ON t TO $ROLE; CREATE VIEW v AS TABLE t"
	as_role --truncate
	refused '--truncate: no TRUNCATE privilege'
	load_it --truncate -t v
	refused '--truncate: a view cannot be truncated'
	target 'ALTER TABLE t ADD PRIMARY KEY (a); CREATE TABLE child (a int REFERENCES t)'
	load_it --truncate
	refused '--truncate: foreign keys of other tables refer to it'
	target "DROP TABLE child; GRANT TRUNCATE ON t TO $ROLE"
	as_role --truncate
	assert_status 0
	assert_eq "$(q "$to" 'SELECT a, b FROM t ORDER BY a')" $'1|x\n2|'
}

@test "--truncate of a table that refers to itself" {
	target 'CREATE TABLE t (a int PRIMARY KEY, b text, up int REFERENCES t);
	        INSERT INTO t VALUES (5, NULL, NULL), (6, NULL, 5)'
	load_it --truncate
	assert_status 0
	assert_eq "$(q "$to" 'SELECT a FROM t ORDER BY a')" $'1\n2'
}

@test "--create wants the privilege and the schema" {
	target 'CREATE TABLE t (a int, b text); CREATE SCHEMA s'
	as_role --create -t s.new
	refused '--create: no CREATE privilege on schema "s"'
	load_it --create -t nowhere.new
	refused 'schema "nowhere" does not exist'
	target "GRANT CREATE, USAGE ON SCHEMA s TO $ROLE"
	as_role --create -t s.new
	assert_status 0
	same_table "$from" t "$to" s.new
}

@test "a view that cannot be written through is refused, with INSTEAD OF it is not" {
	target 'CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT DISTINCT a, b FROM t'
	load_it -t v
	refused 'it is a view that PostgreSQL cannot write through'
	q "$to" <<-'SQL'
		CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS
		$$BEGIN INSERT INTO t VALUES (new.a + 10, new.b); RETURN new; END$$;
		CREATE TRIGGER put INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION put()
	SQL
	load_it -t v
	assert_status 0
	assert_eq "$(q "$to" 'SELECT a, b FROM t ORDER BY a')" $'11|x\n12|'
}

@test "a computed column of a view is refused by name" {
	target 'CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT a, upper(b) AS b FROM t'
	load_it -t v
	refused $'column "b" is computed by the view; drop it with --map \'b=\''
	assert_stderr_lacks 'column "a"'
}

@test "a foreign table is written where its server can, else refused" {
	target "CREATE TABLE t (a int, b text); CREATE EXTENSION file_fdw;
	        CREATE EXTENSION postgres_fdw;
	        CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
	        CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw
	            OPTIONS (host '$PGHOST', port '$PGPORT', dbname '$to');
	        CREATE USER MAPPING FOR PUBLIC SERVER here OPTIONS (user '$PGUSER');
	        CREATE FOREIGN TABLE file (a int, b text) SERVER files
	            OPTIONS (filename '/nonexistent');
	        CREATE FOREIGN TABLE far (a int, b text) SERVER here OPTIONS (table_name 't')"
	load_it -t file
	refused 'it is a foreign table that cannot be written'
	load_it -t far
	assert_status 0
	same_table "$from" t "$to" t
}

@test "partitions: rows go where they belong, or the load fails and nothing is in" {
	q "$to" 'CREATE TABLE t (b text, a int) PARTITION BY LIST (a);
	         CREATE TABLE t1 (x int, b text, a int); ALTER TABLE t1 DROP x;
	         ALTER TABLE t ATTACH PARTITION t1 FOR VALUES IN (1)'
	load_it
	assert_status 1
	assert_stderr_has 'no partition of relation "t" found for row'
	assert_eq "$(q "$to" 'TABLE t')" ''
	q "$to" 'CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2)'
	load_it
	assert_status 0
	assert_eq "$(q "$to" 'SELECT tableoid::regclass, a, b FROM t ORDER BY a')" $'t1|1|x\nt2|2|'
	load_it --truncate
	assert_status 0
	same_table "$from" t "$to" t a,b
}

@test "triggers change and drop rows, and the receipt says so" {
	q "$to" <<-'SQL'
		CREATE TABLE t (a int, b text);
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
		$$BEGIN IF new.b IS NULL THEN RETURN NULL; END IF; new.b := upper(new.b); RETURN new; END$$;
		CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()
	SQL
	load_it --summary="$BATS_TEST_TMPDIR/receipt"
	assert_status 0
	output=$(jq -c '.rows | [.read, .inserted, .skipped]' "$BATS_TEST_TMPDIR/receipt")
	assert_eq "$output" '[2,1,1]'
	assert_eq "$(q "$to" 'TABLE t')" '1|X'
}

@test "constraints are named when a row breaks them" {
	local clause

	for clause in 'CONSTRAINT broken CHECK (a < 2)' \
		'CONSTRAINT broken UNIQUE (c)' \
		'CONSTRAINT broken EXCLUDE USING btree (c WITH =)' \
		'CONSTRAINT broken UNIQUE (c) DEFERRABLE INITIALLY DEFERRED' \
		'CONSTRAINT broken FOREIGN KEY (c) REFERENCES keys DEFERRABLE INITIALLY DEFERRED'; do
		q "$to" "CREATE TABLE keys (k int PRIMARY KEY);
		         CREATE TABLE t (a int, b text, c int DEFAULT 0, $clause)"
		load_it
		assert_status 1
		assert_stderr_has broken
		assert_eq "$(q "$to" 'TABLE t')" ''
		q "$to" 'DROP TABLE t, keys'
	done
}

@test "a view that PostgreSQL can write through takes rows by INSERT" {
	q "$to" 'CREATE TABLE t (a int, b text, c int DEFAULT 7);
	         CREATE VIEW v AS SELECT b, a FROM t WHERE a < 2 WITH CHECK OPTION'
	load_it -t v
	assert_status 1
	assert_stderr_has 'new row violates check option for view "v"'
	assert_eq "$(q "$to" 'TABLE t')" ''
	q "$to" 'CREATE OR REPLACE VIEW v AS SELECT b, a FROM t WHERE a < 3 WITH CHECK OPTION'
	load_it -t v -vv
	assert_status 0
	assert_stderr_has 'inserted from there: COPY cannot write through a view'
	assert_eq "$(q "$to" 'TABLE t')" $'1|x|7\n2||7'
}

@test "row security: rows that the policies allow, or none at all" {
	q "$to" "CREATE TABLE t (a int, b text); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
	         GRANT INSERT, SELECT ON t TO $ROLE; GRANT TEMP ON DATABASE $to TO $ROLE;
	         CREATE POLICY few ON t TO $ROLE USING (true) WITH CHECK (a < 2)"
	as_role
	assert_status 1
	assert_stderr_has 'new row violates row-level security policy for table "t"'
	assert_eq "$(q "$to" 'TABLE t')" ''
	q "$to" 'ALTER POLICY few ON t WITH CHECK (a < 3)'
	as_role -vv
	assert_status 0
	assert_stderr_has 'inserted from there: row security is active for this role'
	same_table "$from" t "$to" t
	load_it -vv # a superuser is not bound by policies
	assert_status 0
	assert_stderr_has 'Rows go straight into it by COPY'
	target "ALTER ROLE $ROLE SET row_security = off"
	as_role
	refused 'row security is active for this role, and row_security is off'
}

@test "staging wants the TEMP privilege, and COPY does not" {
	target "CREATE TABLE t (a bigint, b text); GRANT INSERT ON t TO $ROLE;
	        REVOKE TEMP ON DATABASE $to FROM PUBLIC"
	as_role
	refused 'there is no TEMP privilege on the database'
	q "$to" 'ALTER TABLE t ALTER a TYPE int'
	as_role
	assert_status 0
	same_table "$from" t "$to" t
}

@test "conflicts want the privileges to read and update, by column" {
	target "CREATE TABLE t (a int PRIMARY KEY, b text); GRANT INSERT ON t TO $ROLE"
	as_role --conflict=overwrite
	refused 'column "a" may not be compared: no SELECT privilege'
	assert_stderr_has 'column "b" may not be compared: no SELECT privilege'
	as_role --conflict=skip
	refused 'column "a" may not be compared: no SELECT privilege; grant it, for it is of the key'
	assert_stderr_lacks 'column "b"'
	target "GRANT SELECT (a, b) ON t TO $ROLE"
	as_role --conflict=overwrite
	refused 'column "b" may not be updated: no UPDATE privilege'
	assert_stderr_lacks 'column "a"'
	as_role --conflict=skip
	assert_status 0
	q "$to" "UPDATE t SET b = 'old'; GRANT UPDATE (b) ON t TO $ROLE"
	as_role --conflict=overwrite
	assert_status 0
	same_table "$from" t "$to" t
}

@test "where nothing is set, the privilege to update is not needed" {
	target "CREATE TABLE t (a int PRIMARY KEY); GRANT SELECT, INSERT ON t TO $ROLE;
	        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
	        CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
	        INSERT INTO t VALUES (1)"
	as_role --conflict=overwrite --map b=
	assert_status 0
	assert_eq "$(q "$to" 'SELECT a FROM t ORDER BY a')" $'1\n2'
}

@test "identity ALWAYS and generated columns take their part when rows are staged" {
	q "$to" 'CREATE TABLE t (a bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, b text,
	         g int GENERATED ALWAYS AS (a + 1) STORED)'
	load_it
	assert_status 0
	assert_eq "$(q "$to" 'SELECT * FROM t ORDER BY a')" $'1|x|2\n2||3'
	q "$to" "INSERT INTO t (b) VALUES ('next')"
	load_it --conflict=overwrite
	assert_status 0
	assert_eq "$(q "$to" 'SELECT * FROM t ORDER BY a')" $'1|x|2\n2||3\n3|next|4'
}

@test "all reasons come at once, and with -v beside the columns" {
	target "CREATE TABLE t (a date, b name, c int NOT NULL); GRANT INSERT (a, c) ON t TO $ROLE"
	as_role -vv --map x=a
	assert_status 5
	assert_stderr_has '--map: the stream has no column "x"'
	assert_stderr_has 'column "c" is NOT NULL without a default'
	assert_stderr_has 'column "b" may not be written: no INSERT privilege'
	assert_stderr_has 'column "a" cannot take integer as date'
	assert_stderr_has 'column "b" has type name'
	assert_eq "$(grep -c 'refused$' <<<"$stderr")" 3
	refused 'there is no assignment cast'
}

@test "a table whose updates are published needs a replica identity before it is updated" {
	[ "$(q "$to" 'SHOW wal_level')" != minimal ] || skip 'nothing is published'
	target 'CREATE TABLE t (a int NOT NULL, b text); CREATE UNIQUE INDEX i ON t (a);
	        INSERT INTO t VALUES (1, NULL); CREATE PUBLICATION p FOR TABLE t'
	load_it --conflict=overwrite -k a
	refused '"t" has no replica identity, and publication "p" publishes updates of it'
	assert_stderr_has 'hint: This would help: ALTER TABLE public.t REPLICA IDENTITY FULL;'
	load_it --conflict=skip -k a
	assert_status 0
	target "DROP PUBLICATION p; CREATE PUBLICATION p FOR TABLE t WITH (publish = 'insert')"
	load_it --conflict=overwrite -k a
	assert_status 0
	target 'DROP PUBLICATION p; CREATE PUBLICATION p FOR ALL TABLES; TRUNCATE t'
	load_it --conflict=merge -k a
	refused 'publication "p" publishes'
	target 'ALTER TABLE t REPLICA IDENTITY USING INDEX i; INSERT INTO t VALUES (1, NULL)'
	load_it --conflict=overwrite -k a
	assert_status 0
	assert_eq "$(q "$to" 'SELECT b FROM t WHERE a = 1')" x
}

@test "of a partitioned table whose updates are published each partition needs one" {
	[ "$(q "$to" 'SHOW wal_level')" != minimal ] || skip 'nothing is published'
	target 'CREATE TABLE t (a int NOT NULL, b text) PARTITION BY RANGE (a); CREATE UNIQUE INDEX i ON t (a);
		CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9); CREATE TABLE "T 2" PARTITION OF t DEFAULT;
		INSERT INTO t VALUES (1, NULL); CREATE PUBLICATION p FOR TABLE t'
	load_it --conflict=overwrite -k a
	refused 'has no replica identity'
	target "${stderr#*This would help: }"
	load_it --conflict=overwrite -k a
	assert_status 0
	assert_eq "$(q "$to" 'SELECT b FROM t WHERE a = 1')" x
}

@test "privileges that are missing bring the GRANT that would help, on both sides" {
	local grants

	target "CREATE TABLE t (a int PRIMARY KEY, b text); CREATE SCHEMA s; CREATE TABLE s.t (a int, b text)"
	as_role --conflict=overwrite
	refused 'no INSERT privilege'
	assert_stderr_has "hint: This would help: GRANT INSERT, SELECT, UPDATE ON \"public\".\"t\" TO $ROLE;"
	as_role --truncate
	assert_stderr_has 'GRANT TRUNCATE, INSERT ON'
	as_role -t s.t
	assert_stderr_has "GRANT USAGE ON SCHEMA \"s\" TO $ROLE; GRANT INSERT ON"
	grants=$(grep -o 'GRANT.*' <<<"$stderr")
	q "$to" "$grants"
	as_role -t s.t
	assert_status 0
	try portl-extract -d "$to" -U "$ROLE" -t t
	assert_status 1
	assert_stderr_has "hint: This would help: GRANT SELECT ON public.t TO $ROLE;"
	q "$to" "$(grep -o 'GRANT.*' <<<"$stderr")"
	try portl-extract -d "$to" -U "$ROLE" -t t
	assert_status 0
}

@test "--truncate of a table that others refer to: what else there is" {
	target 'CREATE TABLE t (a int PRIMARY KEY, b text); CREATE TABLE c (a int REFERENCES t)'
	load_it --truncate
	refused 'foreign keys of other tables refer to it; change its rows with --conflict=overwrite instead'
}
