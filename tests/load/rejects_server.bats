#!/usr/bin/env bats
# --rejects: the server alone says which rows it refuses.  What looks as if it broke a
# constraint and does not goes in, beside a row that is refused indeed.
# shellcheck disable=SC2016 # dollar quotes are SQL's

load ../lib/common
load ../lib/load

setup()
{
	fresh_db b
	T=$BATS_TEST_TMPDIR
}

# Rows go straight into a table with nothing else in it, and are staged for one with a foreign key.
ways=('' ', staged int REFERENCES elsewhere')

# in_way: t is not there, and what a way needs is.
in_way()
{
	q "$b" 'DROP TABLE IF EXISTS t CASCADE; CREATE TABLE IF NOT EXISTS elsewhere (id int PRIMARY KEY)' 2>/dev/null
	rm -f "$T/rej"
}

# refuses IDS OPTION...: rows from stdin; exactly those with these ids are refused.
refuses()
{
	load_rows --rejects="$T/rej" "${@:2}"
	assert_status 3 && assert_eq "$(jq -r 'select(has("id")) | .id' "$T/rej" | xargs)" "$1"
}

@test "a composite of NULLs in a NOT NULL column" {
	q "$b" 'CREATE TYPE pair AS (a int, b int)'
	for way in "${ways[@]}"; do
		in_way
		q "$b" "CREATE TABLE t (id int PRIMARY KEY, c pair NOT NULL $way)"
		refuses 2 --columns=id,c < <(printf '{"id":%s,"c":%s}\n' 1 '"(,)"' 2 null 3 '"(1,)"' 4 '"(,)"')
		assert_eq "$(q "$b" 'SELECT id FROM t ORDER BY id' | xargs)" '1 3 4'
	done
}

@test "an index that refuses a value, beside equal rows" {
	for way in "${ways[@]}"; do
		in_way
		q "$b" "CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE, d int $way); CREATE INDEX ON t ((10 / d))"
		refuses '2 3' < <(printf '{"id":%s,"u":%s,"d":%s}\n' 1 5 1 2 5 1 3 7 0 4 7 1)
		assert_eq "$(q "$b" 'SELECT id FROM t ORDER BY id' | xargs)" '1 4'
	done
}

@test "a foreign key that the update does not touch" {
	q "$b" "CREATE TABLE r (f int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, f int REFERENCES r, v text);
		SET session_replication_role = replica; INSERT INTO t VALUES (1, 9, 'old')"
	refuses 2 --conflict=overwrite < <(printf '{"id":%s,"f":9,"v":"new"}\n' 1 2)
	assert_eq "$(q "$b" 'SELECT * FROM t')" '1|9|new'
}

@test "a foreign key whose triggers are off" {
	q "$b" "CREATE TABLE r (f int PRIMARY KEY);
		CREATE TABLE t (id int PRIMARY KEY, f int REFERENCES r);
		ALTER TABLE t DISABLE TRIGGER ALL"
	refuses 2 < <(printf '{"id":%s,"f":9}\n' 1 2 2 3)
	assert_eq "$(q "$b" 'SELECT id FROM t ORDER BY id' | xargs)" '1 2 3'
}

@test "a foreign key to rows that row security hides" {
	q "$b" "CREATE TABLE r (f int PRIMARY KEY); INSERT INTO r VALUES (9); ALTER TABLE r ENABLE ROW LEVEL SECURITY;
		CREATE TABLE t (id int PRIMARY KEY, f int REFERENCES r);
		CREATE ROLE ${b}_r LOGIN; GRANT INSERT, SELECT ON t, r TO ${b}_r"
	refuses 2 -U "${b}_r" < <(printf '{"id":%s,"f":%s}\n' 1 9 2 8 3 9)
	assert_eq "$(q "$b" 'SELECT id FROM t ORDER BY id' | xargs)" '1 3'
}

@test "a row equal to one of a table that inherits" {
	for way in "${ways[@]}"; do
		in_way
		q "$b" "CREATE TABLE t (id int PRIMARY KEY $way); CREATE TABLE heir () INHERITS (t); INSERT INTO heir VALUES (1), (2)"
		refuses 3 < <(printf '{"id":%s}\n' 1 3 3)
		assert_eq "$(q "$b" 'SELECT id FROM ONLY t ORDER BY id' | xargs)" '1 3'
	done
}

# What goes in twice takes room: a table as large as this took these rows.  Where they go straight
# in, those of a part are written before its index refuses one, be they a third of the table.
@test "refused rows that a query could have told do not take others back with them" {
	local kind size most

	q "$b" "CREATE TABLE r AS SELECT i AS f FROM generate_series(0, 99) i; ALTER TABLE r ADD PRIMARY KEY (f);
		CREATE TABLE rows AS SELECT i AS id, i % 100 AS f, repeat('v', 200) AS v, i AS u FROM generate_series(1, 20000) i"
	for kind in 'CHECK (f >= 0)|f = -1' 'FOREIGN KEY (f) REFERENCES r|f = -1' 'UNIQUE (u)|u = u - 1'; do
		q "$b" "DROP TABLE IF EXISTS t, bad; CREATE TABLE t (LIKE rows, ${kind%|*}); CREATE TABLE bad AS TABLE rows;
			UPDATE bad SET ${kind#*|} WHERE id % 1000 = 500"
		portl-extract -d "$b" -c 'TABLE bad ORDER BY id' -o "$T/stream"
		run --separate-stderr portl-load -d "$b" -t t --rejects="$T/rej" "$T/stream"
		assert_status 3 && assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 19980
		size=$(q "$b" "SELECT 100 * pg_relation_size('t') / pg_relation_size('rows')")
		most=115
		[[ $kind != UNIQUE* ]] || most=135
		[ "$size" -le $most ] || fail "$kind: the table is $size % of what it holds"
	done
}

@test "a trigger that makes two keys one" {
	q "$b" 'CREATE TABLE t (id text PRIMARY KEY, v text NOT NULL);
		CREATE FUNCTION lower_id() RETURNS trigger LANGUAGE plpgsql AS
			$$BEGIN new.id := lower(new.id); RETURN new; END$$;
		CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION lower_id()'
	refuses b --columns=id,v --conflict=overwrite < <(printf '{"id":"%s","v":%s}\n' A '"1"' a '"2"' b null)
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 1
}

@test "values of which the type says 42601, 42P01, 54000 …" {
	q "$b" 'CREATE TABLE t (id int, q tsquery, j jsonpath, c regclass, v text)'
	refuses '2 3 4' --columns=id,q,j,c <<-'EOF'
		{"id":1,"q":"a & b","j":"$.a","c":"pg_class"}
		{"id":2,"q":"a &"}
		{"id":3,"j":"$."}
		{"id":4,"c":"none"}
		{"id":5}
	EOF
	assert_stderr_has ':3: rejected: column "j"'
	q "$b" 'TRUNCATE t; CREATE INDEX ON t (v)'
	q "$b" "SELECT json_build_object('id', i, 'v', CASE WHEN i = 2 THEN (SELECT string_agg(sha512(j::text::bytea)::text, '')
		FROM generate_series(1, 200) j) ELSE 'v' END) FROM generate_series(1, 3) i" >"$T/rows"
	refuses 2 --columns=id,v <"$T/rows"
	assert_stderr_has '(54000)'
}

@test "what a trigger raises, whatever its SQLSTATE" {
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, v text);
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$DECLARE i int; BEGIN
			IF new.v = $a$state$a$ THEN RAISE $a$no$a$ USING ERRCODE = $a$ZX123$a$;
			ELSIF new.v = $a$assert$a$ THEN ASSERT false;
			ELSIF new.v = $a$strict$a$ THEN SELECT 1 INTO STRICT i WHERE false; END IF; RETURN new; END$$;
		CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()'
	refuses '2 3 5' < <(printf '{"id":%s,"v":"%s"}\n' 1 a 2 state 3 assert 4 b 5 strict 6 c)
	assert_eq "$(q "$b" 'SELECT id FROM t ORDER BY id' | xargs)" '1 4 6'
}

@test "a row too large for a page: it, and not the last one that was written with it" {
	for way in "${ways[@]}"; do
		in_way
		q "$b" "DO \$\$BEGIN EXECUTE (SELECT 'CREATE TABLE t (id int, ' || string_agg('c' || i || ' text', ', ') || '$way)'
			FROM generate_series(1, 700) i); END\$\$"
		q "$b" "SELECT json_object_agg(k, v) FROM (SELECT n, 'id' AS k, n::text AS v FROM generate_series(1, 9) n UNION ALL
			SELECT n, 'c' || i, CASE WHEN n IN (3, 4) THEN repeat('x', 20) ELSE 'x' END FROM generate_series(1, 9) n,
			generate_series(1, 700) i) s GROUP BY n ORDER BY n" >"$T/rows"
		refuses '3 4' <"$T/rows"
		assert_stderr_has ':3: rejected: row is too big'
		assert_eq "$(q "$b" 'SELECT id FROM t ORDER BY id' | xargs)" '1 2 5 6 7 8 9'
	done
}

@test "what is raised for a whole statement is no row's fault" {
	q "$b" "CREATE TABLE t (id int PRIMARY KEY); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
			\$\$BEGIN RAISE 'never'; END\$\$;
		CREATE TRIGGER f BEFORE INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION f()"
	load_rows --rejects="$T/rej" < <(printf '{"id":%s}\n' 1 2)
	assert_status 1
	assert_stderr_has 'never'
	[ ! -e "$T/rej" ]
}

@test "the query for suspects: what it says is not shown, and a signal ends it" {
	local pid

	q "$b" 'CREATE FUNCTION f(i int) RETURNS bool LANGUAGE plpgsql AS $$BEGIN
			IF i < 0 THEN RAISE WARNING $a$negative %$a$, i; END IF; RETURN i >= 0; END$$;
		CREATE TABLE r (id int PRIMARY KEY); CREATE TABLE t (id int CHECK (f(id)), r int REFERENCES r)'
	printf '{"id":%s}\n' 1 -2 3 4 -5 6 >"$T/rows"
	refuses '-2 -5' <"$T/rows"
	assert_eq "$(grep -c 'negative -5' <<<"$stderr")" 1
	rm "$T/rej"
	q "$b" 'TRUNCATE t; CREATE OR REPLACE FUNCTION f(i int) RETURNS bool LANGUAGE plpgsql AS $$BEGIN
			IF current_setting($a$search_path$a$) LIKE $a$pg_catalog%$a$ THEN PERFORM pg_sleep(60); END IF; RETURN i >= 0; END$$'
	portl-load -d "$b" -t t --bare --rejects="$T/rej" "$T/rows" 2>"$T/err" 3>&- &
	pid=$!
	wait_for "$b" "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$b' AND wait_event = 'PgSleep')"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	stderr=$(<"$T/err")
	assert_status 143
	assert_stderr_lacks 'in progress'
	[ ! -e "$T/rej" ]
}
