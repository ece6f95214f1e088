#!/usr/bin/env bats
# shellcheck disable=SC2261 # the second one is for the reader that has gone
# What is written is what was planned: whatever somebody does to the target, its name or its
# schema between the header and the first row, or until all rows are staged, is noticed.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common
load ../lib/faults
load ../lib/meanwhile

setup()
{
	fresh_db src dst
	q "$src" 'CREATE TABLE t AS SELECT i AS id, i AS n FROM generate_series(1, 1000) i'
	portl-extract -d "$src" -t t -o "$BATS_TEST_TMPDIR/s"
	q "$dst" 'CREATE TABLE t (id int PRIMARY KEY, n int);
		CREATE SCHEMA other; CREATE TABLE other.t (id int CONSTRAINT o_pkey PRIMARY KEY, n date)'
}

# begin OPTION...: a load that waits for its stream.
begin()
{
	rm -f "$BATS_TEST_TMPDIR/fifo"
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	portl-load -vv -d "$dst" "$@" "$BATS_TEST_TMPDIR/fifo" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
	exec {fifo}>"$BATS_TEST_TMPDIR/fifo"
	size=$(($(od -An -j15 -N4 -tu4 --endian=big "$BATS_TEST_TMPDIR/s") + 19))
}

send_header()
{
	head -c "$size" "$BATS_TEST_TMPDIR/s" >&"$fifo"
}

# send_rows SQL: when the plan is made, and SQL run.
send_rows()
{
	wait_until 10 grep -qE '^  (COPY|INSERT)' "$BATS_TEST_TMPDIR/err"
	q "$dst" "$1"
	tail -c +$((size + 1)) "$BATS_TEST_TMPDIR/s" >&"$fifo" 2>"$BATS_TEST_TMPDIR/tail" || :
	exec {fifo}>&-
	status=0
	wait "$pid" || status=$?
	stderr=$(cat "$BATS_TEST_TMPDIR/err")
}

# altered SQL OPTION...: load with SQL run when the plan is made and no row has come.
altered()
{
	local fifo size pid

	begin "${@:2}"
	send_header
	send_rows "$1"
}

# refused SQL UNDO: neither route loads a row.
refused()
{
	local options

	for options in '' --conflict=overwrite '--conflict=skip --rejects=/dev/null'; do
		# shellcheck disable=SC2086 # several options
		altered "$1" -t public.t $options
		assert_status 1
		assert_stderr_has 'was altered just now'
		q "$dst" "$2"
		assert_eq "$(q "$dst" 'SELECT count(*) FROM public.t')" 0
	done
}

@test "another table gets the name" {
	refused 'ALTER TABLE t RENAME TO old; ALTER TABLE other.t SET SCHEMA public' \
		'ALTER TABLE public.t SET SCHEMA other; ALTER TABLE old RENAME TO t'
	assert_eq "$(q "$dst" 'SELECT count(*) FROM other.t')" 0
}

@test "another schema gets the name" {
	refused 'ALTER SCHEMA public RENAME TO old; ALTER SCHEMA other RENAME TO public' \
		'ALTER SCHEMA public RENAME TO other; ALTER SCHEMA old RENAME TO public'
	assert_eq "$(q "$dst" 'SELECT count(*) FROM other.t')" 0
}

@test "rules, triggers, checks, policies and unique indexes appear" {
	q "$dst" 'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$'
	refused 'CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING' 'DROP RULE r ON t'
	refused 'CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()' \
		'DROP TRIGGER g ON t'
	refused 'ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0)' 'ALTER TABLE t DROP CONSTRAINT c'
	refused 'CREATE POLICY p ON t USING (true)' 'DROP POLICY p ON t'
	refused 'CREATE UNIQUE INDEX u ON t (n)' 'DROP INDEX u'
}

@test "a column's type, collation, or whether it may be NULL changes" {
	refused 'ALTER TABLE t ALTER n TYPE real' 'ALTER TABLE t ALTER n TYPE int'
	refused 'ALTER TABLE t ALTER n SET NOT NULL' 'ALTER TABLE t ALTER n DROP NOT NULL'
}

# stream QUERY: send these rows as table t's.
stream()
{
	q "$src" "$1"
	portl-extract -d "$src" -t t -o "$BATS_TEST_TMPDIR/s"
}

# noticed SQL OPTION...: once SQL is run, t keeps its rows.
noticed()
{
	local before

	before=$(q "$dst" 'SELECT * FROM t ORDER BY t::text')
	altered "$@"
	assert_status 1
	assert_stderr_has 'was altered just now'
	assert_eq "$(q "$dst" 'SELECT * FROM t ORDER BY t::text')" "$before"
}

@test "attributes change their names, also inside an array, a domain and a range" {
	q "$src" 'CREATE TYPE c AS (a int, b int); CREATE DOMAIN d AS c; CREATE TYPE r AS RANGE (SUBTYPE = c)'
	q "$dst" 'CREATE TYPE c AS (a int, b int); CREATE DOMAIN d AS c; CREATE TYPE r AS RANGE (SUBTYPE = c)'
	for type in 'c|(1,2)' 'c[]|{"(1,2)"}' 'd|(1,2)' 'd[]|{"(1,2)"}' 'r|["(1,2)","(3,4)")' 'r[]|{}'; do
		[[ $type != *'[]|'* ]] || since 14 'binary arrays of other types' || continue
		stream "DROP TABLE t; CREATE TABLE t (id int, v ${type%|*}); INSERT INTO t VALUES (1, '${type#*|}')"
		q "$dst" "DROP TABLE public.t; CREATE TABLE t (id int, v ${type%|*})"
		noticed 'ALTER TYPE c RENAME ATTRIBUTE a TO x; ALTER TYPE c RENAME ATTRIBUTE b TO a;
			ALTER TYPE c RENAME ATTRIBUTE x TO b' -t public.t
		q "$dst" 'ALTER TYPE c RENAME ATTRIBUTE a TO x; ALTER TYPE c RENAME ATTRIBUTE b TO a;
			ALTER TYPE c RENAME ATTRIBUTE x TO b'
	done
}

@test "another type gets the name by which values are staged" {
	q "$src" 'CREATE DOMAIN d AS int'
	stream 'DROP TABLE t; CREATE TABLE t (id int, v d); INSERT INTO t VALUES (1, 1000000)'
	q "$dst" 'CREATE DOMAIN d AS int; DROP TABLE public.t; CREATE TABLE t (id int PRIMARY KEY, v d)'
	noticed 'ALTER DOMAIN d RENAME TO e; CREATE DOMAIN d AS real' -t public.t --conflict=overwrite
}

@test "the primary key moves, NULLs become distinct, columns change their names" {
	stream 'DROP TABLE t; CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 10)'
	q "$dst" 'DROP TABLE public.t; CREATE TABLE t (a int NOT NULL, b int NOT NULL, CONSTRAINT k PRIMARY KEY (a));
		CREATE UNIQUE INDEX ON t (a); CREATE UNIQUE INDEX ON t (b); INSERT INTO t VALUES (1, 100)'
	noticed 'ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k PRIMARY KEY (b)' -t public.t \
		--conflict=overwrite --key=a
	q "$dst" 'ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k PRIMARY KEY (a)'
	noticed 'ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME x TO b' \
		-t public.t --conflict=overwrite --key=a
	[ "$(q "$dst" 'SHOW server_version_num')" -ge 150000 ] || return 0
	stream 'DELETE FROM t; INSERT INTO t VALUES (NULL, 5)'
	q "$dst" 'DROP TABLE t; CREATE TABLE t (a int CONSTRAINT k UNIQUE NULLS NOT DISTINCT, b int);
		INSERT INTO t VALUES (NULL, 1)'
	noticed 'ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a)' -t public.t \
		--conflict=overwrite --key=a
}

@test "a foreign key that is dropped for the time is another one by then" {
	q "$dst" 'CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p SELECT generate_series(1, 1000);
		ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (n) REFERENCES p'
	altered 'ALTER TABLE t DROP CONSTRAINT f, ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES p' \
		-t public.t --foreign-keys=recheck
	assert_status 1
	assert_stderr_has 'was altered just now'
	assert_eq "$(q "$dst" "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'f'")" \
		'FOREIGN KEY (id) REFERENCES p(id)'
}

@test "what the plan does not rely on may change" {
	local sql

	q "$dst" 'CREATE TYPE e AS ENUM ($$a$$); ALTER TABLE t ADD v e'
	for sql in 'CREATE INDEX i ON t (n)' 'COMMENT ON TABLE t IS $$x$$' \
		'REINDEX INDEX CONCURRENTLY t_pkey' 'ANALYZE t' 'ALTER TYPE e ADD VALUE $$b$$'; do
		altered "$sql" -t t --conflict=overwrite
		assert_status 0
	done
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 1000
}

@test "a table that was made for the stream is swapped between batches" {
	q "$dst" 'DROP TABLE t'
	rm -f "$BATS_TEST_TMPDIR/fifo"
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	portl-extract -d "$src" -t t --format=ndjson -o "$BATS_TEST_TMPDIR/s"
	portl-load -d "$dst" -t public.t --create --commit=batch --batch-size=100 \
		"$BATS_TEST_TMPDIR/fifo" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	exec {fifo}>"$BATS_TEST_TMPDIR/fifo"
	head -n 101 "$BATS_TEST_TMPDIR/s" >&"$fifo"
	wait_until 10 committed
	q "$dst" 'ALTER TABLE t RENAME TO old; ALTER TABLE other.t ALTER n TYPE text;
		ALTER TABLE other.t SET SCHEMA public'
	tail -n +102 "$BATS_TEST_TMPDIR/s" >&"$fifo" 2>"$BATS_TEST_TMPDIR/tail" || :
	exec {fifo}>&-
	status=0
	wait $! || status=$?
	stderr=$(cat "$BATS_TEST_TMPDIR/err")
	assert_status 1
	assert_stderr_has 'was altered just now'
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 0
	assert_eq "$(q "$dst" 'SELECT count(*) FROM old')" 100
}

committed()
{
	[ "$(q "$dst" "SELECT count(*) FROM pg_class WHERE relname = 't' AND relnamespace = 'public'::regnamespace")" = 1 ]
}

# come_back THERE GONE OPTION...: THERE is done before, GONE while the plan has read what the
# table is, and not yet what is in it, and THERE again before the rows come.
come_back()
{
	local there=$1 gone=$2 fifo size pid

	q "$dst" "$there"
	begin -t public.t --lock-wait-timeout=60000 "${@:3}"
	backend_does "$dst" portl-load "$waits_for_input"
	open_session "$dst"
	say 'BEGIN; LOCK TABLE pg_catalog.pg_extension IN ACCESS EXCLUSIVE MODE'
	send_header
	backend_does "$dst" portl-load "$waits_for_lock"
	say "$gone; COMMIT"
	close_session
	send_rows "$there"
	assert_status 1
	assert_stderr_has 'was altered just now'
	assert_eq "$(q "$dst" 'SELECT count(*) FROM public.t')" 0
	q "$dst" "$gone"
}

@test "what was gone while the plan was made has come back" {
	q "$dst" 'CREATE TABLE taken (id int); ALTER TABLE t ADD m text;
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$'
	# rows that are inserted go by the rule, and are counted as if they were in the table
	come_back 'CREATE RULE r AS ON INSERT TO t DO INSTEAD INSERT INTO taken VALUES (NEW.id)' \
		'DROP RULE r ON t' --map=n=m
	assert_eq "$(q "$dst" 'SELECT count(*) FROM taken')" 0
	come_back 'CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()' \
		'DROP TRIGGER g ON t'
	come_back 'ALTER TABLE t ALTER n TYPE int' 'ALTER TABLE t ALTER n TYPE real'
}
