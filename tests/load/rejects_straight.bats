#!/usr/bin/env bats
# --rejects where COPY names each row that the target refuses: rows go straight into it, in
# parts under savepoints, until so many are refused that staging the others costs less.
# shellcheck disable=SC2016 # dollar quotes are SQL's

load ../lib/common
load ../lib/load

setup()
{
	fresh_db b
	T=$BATS_TEST_TMPDIR
}

# stream QUERY: its rows in $T/stream.
stream()
{
	portl-extract -q -d "$b" -c "$1" -o "$T/stream" "${@:2}"
}

# straight OPTION...: the stream into t, with rejects; sets status and stderr, and staged if it has
# come to that.
straight()
{
	rm -f "$T/rej"
	run --separate-stderr portl-load -vv -d "$b" -t t --rejects="$T/rej" --summary="$T/sum" "$@" "$T/stream"
	staged=
	! grep -q 'SQL: CREATE TEMPORARY TABLE' <<<"$stderr" || staged=1
}

# came_out BAD: exactly the rows of table s for which BAD, an expression, does not hold are in t,
# and the others in the file, in their order.
came_out()
{
	assert_status 3
	assert_eq "$(q "$b" "SELECT count(*) FROM ((SELECT * FROM s WHERE NOT ($1)) EXCEPT ALL TABLE t) x")" 0
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" "$(q "$b" "SELECT count(*) FROM s WHERE NOT ($1)")"
	q "$b" 'DROP TABLE IF EXISTS refused; CREATE TABLE refused (LIKE s); ALTER TABLE refused ADD nr int GENERATED ALWAYS AS IDENTITY'
	portl-load -q -d "$b" -t refused "$T/rej"
	assert_eq "$(q "$b" 'SELECT md5(string_agg(id::text, $$ $$ ORDER BY nr)) FROM refused')" \
		"$(q "$b" "SELECT md5(string_agg(id::text, ' ' ORDER BY id)) FROM s WHERE $1")"
	assert_eq "$(jq -c '.rows | [.rejected, .read - .inserted - .rejected]' "$T/sum")" \
		"[$(q "$b" "SELECT count(*) FROM s WHERE $1"),0]"
}

# parts: how many COPYs into t were announced.
parts()
{
	grep 'SQL: ' <<<"$stderr" | grep -o 'COPY "public"."t"' | wc -l
}

@test "clean rows cost one COPY, and no privilege to make a temporary table" {
	q "$b" "CREATE TABLE s AS SELECT i AS id, i % 7 AS v FROM generate_series(1, 3000) i; CREATE TABLE t (LIKE s, CHECK (v >= 0));
		CREATE ROLE ${b}_r LOGIN; GRANT INSERT ON t TO ${b}_r; REVOKE TEMP ON DATABASE $b FROM PUBLIC"
	stream 'TABLE s ORDER BY id'
	straight -U "${b}_r"
	assert_status 0
	assert_stderr_has 'Rows go straight into it by COPY'
	assert_eq "$(parts) $staged" '1 '
	same_table "$b" s "$b" t
	q "$b" 'TRUNCATE t; UPDATE s SET v = -1 WHERE id IN (1, 1500, 3000)'
	stream 'TABLE s ORDER BY id'
	straight -U "${b}_r"
	came_out 'v < 0'
	q "$b" "DROP OWNED BY ${b}_r; DROP ROLE ${b}_r"
}

# Refused are values, NULLs, a CHECK, a unique index and an exclusion constraint; some stand so
# that COPY finds them before one that stands before them.
@test "rare, dense, rare: exactly these rows, whatever they are refused by" {
	local format batch

	q "$b" "CREATE TABLE s AS SELECT i AS id, i::text AS n, i AS u, 1 AS c, repeat(md5(i::text), 24) AS pad,
			int4range(i * 2, i * 2 + 1) AS x FROM generate_series(1, 45000) i;
		CREATE TABLE bad AS SELECT id, id % 5 AS kind FROM s
			WHERE id IN (7, 8, 9, 40, 41) OR id % 1999 = 3 OR (id BETWEEN 22000 AND 24000 AND (id * 7919) % 40 < 3);
		UPDATE s SET n = CASE kind WHEN 0 THEN n || 'x' ELSE n END, u = CASE kind WHEN 1 THEN s.id - 1 ELSE u END,
			c = CASE kind WHEN 2 THEN NULL WHEN 3 THEN -1 ELSE 1 END,
			x = CASE kind WHEN 4 THEN int4range(s.id * 2 - 2, s.id * 2 + 1) ELSE x END FROM bad WHERE bad.id = s.id;
		CREATE TABLE bad_for_good AS SELECT id FROM bad AS b WHERE kind NOT IN (1, 4)
			OR NOT EXISTS (SELECT FROM bad AS before WHERE before.id = b.id - 1)"
	# who meets only a row that is refused itself is taken
	for format in binary ndjson; do
		for batch in '' '--commit=batch --batch-size=9000'; do
			q "$b" 'DROP TABLE IF EXISTS t; CREATE TABLE t (id int, n numeric, u int UNIQUE, c int NOT NULL CHECK (c > 0),
				pad text, x int4range, EXCLUDE USING gist (x WITH &&))'
			stream 'SELECT id, n, u, c, pad, x FROM s ORDER BY id' -F $format --values=text
			# shellcheck disable=SC2086 # options are words
			straight $batch
			assert_status 3
			(($(parts) > 50)) || fail "only $(parts) parts"
			assert_eq "$(q "$b" "SELECT count(*), count(*) FILTER (WHERE id IN (TABLE bad_for_good)) FROM t")" \
				"$(q "$b" 'SELECT count(*) - (SELECT count(*) FROM bad_for_good) FROM s')|0"
			assert_eq "$(q "$b" 'SELECT count(*) FROM s JOIN t USING (id, u, c, pad, x) WHERE s.n = t.n::text')" \
				"$(q "$b" 'SELECT count(*) FROM t')"
			assert_eq "$(grep -c ': rejected: ' <<<"$stderr")" "$(q "$b" 'SELECT count(*) FROM bad_for_good')"
			assert_eq "$(sed -n 's/.*stream:\([0-9]*\): rejected: .*/\1/p' <<<"$stderr" | xargs)" \
				"$(q "$b" 'SELECT id FROM bad_for_good ORDER BY id' | xargs)"
		done
	done
}

@test "so many are refused that the others are staged: as if none were" {
	q "$b" "CREATE TABLE s AS SELECT i AS id, CASE WHEN i % 10 = 3 THEN i - 1 ELSE i END AS u, repeat('p', 200) AS pad
			FROM generate_series(1, 40000) i;
		CREATE TABLE t (id int, u int UNIQUE, pad text)"
	stream 'TABLE s ORDER BY id'
	straight
	assert_eq "$staged" 1
	came_out 'id % 10 = 3'
	# that a row is equal to one that went straight in is found, too
	q "$b" 'TRUNCATE t; UPDATE s SET u = 1 WHERE id > 39990'
	stream 'TABLE s ORDER BY id'
	straight
	came_out 'id % 10 = 3 OR id > 39990'
	# the next batches are staged from their first row on
	q "$b" 'TRUNCATE t'
	straight --commit=batch --batch-size=10000
	came_out 'id % 10 = 3 OR id > 39990'
	assert_eq "$(sed '1,/SQL: CREATE TEMPORARY TABLE/d' <<<"$stderr" | grep -c 'SQL: .*COPY "public"."t"')" 0
	# who cannot stage goes on as before
	q "$b" "TRUNCATE t; CREATE ROLE ${b}_r LOGIN; GRANT INSERT ON t TO ${b}_r; REVOKE TEMP ON DATABASE $b FROM PUBLIC"
	straight -U "${b}_r"
	assert_eq "$staged" ''
	came_out 'id % 10 = 3 OR id > 39990'
	q "$b" "DROP OWNED BY ${b}_r; DROP ROLE ${b}_r"
}

@test "all rows are refused, or all but the first, or the last" {
	local good

	q "$b" 'CREATE TABLE s (id int, v int); CREATE TABLE t (id int, v int CHECK (v > 0))'
	for good in 0 1 2500; do
		q "$b" "TRUNCATE s, t; INSERT INTO s SELECT i, CASE i WHEN $good THEN 1 ELSE -1 END FROM generate_series(1, 2500) i"
		stream 'TABLE s ORDER BY id'
		straight
		came_out 'v < 0'
	done
}

@test "rows longer than a part, and one too long for an index" {
	q "$b" "CREATE TABLE s AS SELECT i AS id, CASE WHEN i IN (3, 4, 9) THEN -1 ELSE i END AS v,
			repeat(md5(i::text), CASE WHEN i % 3 = 0 THEN 200000 ELSE 10 END) AS pad, '' AS k FROM generate_series(1, 12) i;
		UPDATE s SET k = (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) i) WHERE id = 8;
		CREATE TABLE t (id int, v int CHECK (v > 0), pad text, k text UNIQUE);
		UPDATE s SET k = id WHERE k = ''"
	stream 'TABLE s ORDER BY id'
	straight
	came_out 'v < 0 OR id = 8'
	grep -q 'stream:8: rejected: index row .*(54000)' <<<"$stderr"
}

# The context of an error has the value, be it of several lines, and functions' own lines.
@test "a value or a function that looks like what COPY says does not name another row" {
	local name

	for name in t SQL 'PL/pgSQL' 'COPY t' 't, line 1'; do
		q "$b" "DROP SCHEMA public CASCADE; CREATE SCHEMA public;
			CREATE FUNCTION f(v text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS \$\$BEGIN RETURN 1 / length(v) > 0; END\$\$;
			CREATE FUNCTION g(v text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT f(v) UNION ALL SELECT true LIMIT 1';
			CREATE TABLE s AS SELECT i AS id, 'x' AS v, i::text AS n FROM generate_series(1, 40) i;
			UPDATE s SET v = '' WHERE id IN (7, 30);
			UPDATE s SET n = E'x\nCOPY $name, line 1: x\n$name, line 2' WHERE id IN (11, 39);
			CREATE TABLE \"$name\" (id int, v text CHECK (g(v)), n int)"
		stream 'TABLE s ORDER BY id' --values=text
		rm -f "$T/rej"
		try portl-load -d "$b" -t "\"$name\"" --rejects="$T/rej" "$T/stream"
		assert_status 3
		assert_eq "$(sed -n 's/.*stream:\([0-9]*\): rejected: .*/\1/p' <<<"$stderr" | xargs)" '7 11 30 39'
		assert_eq "$(q "$b" "SELECT count(*) FROM \"$name\" WHERE id NOT IN (7, 11, 30, 39)")" 36
	done
}

# Errors of class 54 name the row, or one that was written with it.
@test "a row too large: found behind rows and among many, and one refused once only goes in" {
	q "$b" "CREATE TABLE s AS SELECT i AS id, CASE WHEN i % 900 = 5 THEN repeat('x', 9000) ELSE 'v' END AS v FROM generate_series(1, 4000) i;
		CREATE TABLE t (id int, v text); ALTER TABLE t ALTER v SET STORAGE PLAIN"
	stream 'TABLE s ORDER BY id'
	straight
	came_out 'id % 900 = 5'
	(($(parts) <= 120)) || fail "$(parts) parts"
	assert_eq "$(sed -n 's/.*stream:\([0-9]*\): rejected: row is too big.*/\1/p' <<<"$stderr" | xargs)" '5 905 1805 2705 3605'
	q "$b" "DROP TABLE s, t; CREATE TABLE s AS SELECT i AS id FROM generate_series(1, 8) i; CREATE SEQUENCE once;
		CREATE FUNCTION f(i int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS \$\$BEGIN
			IF i = 6 AND nextval('once') = 1 THEN RAISE EXCEPTION 'once' USING ERRCODE = '54000'; END IF; RETURN i <> 1; END\$\$;
		CREATE TABLE t (id int CHECK (f(id)))"
	stream 'TABLE s ORDER BY id'
	straight
	came_out 'id = 1'
}

@test "what is no row's fault names the row that COPY was at" {
	q "$b" "CREATE TABLE s AS SELECT i AS id, CASE WHEN i % 500 = 9 THEN -1 ELSE i END AS v FROM generate_series(1, 8000) i;
		CREATE FUNCTION f(i int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS \$\$BEGIN
			IF i = 7007 THEN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END IF; RETURN i > 0; END\$\$;
		CREATE TABLE t (id int, v int CHECK (f(v)))"
	stream 'TABLE s ORDER BY id'
	straight
	assert_status 1
	assert_stderr_has 'stream:7007: no room'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	[ ! -e "$T/rej" ]
}

@test "staged rows that COPY and that the target refuses: their numbers, and the file's order" {
	seq 400 | jq -c '{id: ., v: (if . % 50 == 0 then "zz" else 1 end), p: ("p" * 300)}' >"$T/stream"
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY CHECK (id % 50 <> 1), v int, p text)'
	straight --bare --columns=id,v,p --conflict=skip
	assert_status 3
	assert_eq "$(jq -c 'select(has("id")) | .id' "$T/rej" | xargs)" '1 50 51 100 101 150 151 200 201 250 251 300 301 350 351 400'
	assert_eq "$(sed -n 's/.*stream:\([0-9]*\): rejected: .*/\1/p' <<<"$stderr" | sort -n | xargs)" \
		'1 50 51 100 101 150 151 200 201 250 251 300 301 350 351 400'
}

@test "where the server answers late, parts are longer" {
	local near far

	q "$b" "CREATE TABLE s AS SELECT i AS id, CASE WHEN i % 700 = 9 THEN -1 ELSE i END AS v, repeat('p', 200) AS pad
			FROM generate_series(1, 10000) i; CREATE TABLE t (id int, v int CHECK (v > 0), pad text)"
	stream 'TABLE s ORDER BY id'
	straight
	came_out 'v < 0'
	near=$(parts)
	q "$b" 'TRUNCATE t'
	mkdir "$T/d"
	perl "$ROOT/tests/lib/proxy.pl" "$T/d" "$PGHOST" late=15 >"$T/proxy" 3>&- &
	proxy=$!
	wait_until 5 grep -qs ready "$T/proxy"
	straight -h "$T/d"
	kill "$proxy"
	came_out 'v < 0'
	far=$(parts)
	((far * 2 < near)) || fail "$far parts, not less than half of $near"
}

@test "created, emptied, partitioned: the same" {
	q "$b" "CREATE TABLE s (id int PRIMARY KEY, v int);
		INSERT INTO s SELECT i, CASE WHEN i % 500 = 9 THEN -1 ELSE i END FROM generate_series(1, 3000) i;
		CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v > 0)) PARTITION BY RANGE (id);
		CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (1200);
		CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (1200) TO (2991); INSERT INTO t VALUES (5, 5)"
	portl-extract -q -d "$b" -t s -o "$T/stream"
	straight --truncate
	assert_eq "$staged" ''
	came_out 'v < 0 OR id > 2990'
	q "$b" 'DROP TABLE t'
	portl-extract -q -d "$b" -t s -o "$T/stream"
	straight --create
	assert_status 0
	assert_eq "$staged" ''
	same_table "$b" s "$b" t
	assert_eq "$(q "$b" "SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass AND indisprimary")" 1
}

# What would be told behind the rows, by a trigger or by another server.
@test "where COPY does not name the row, all are staged" {
	local what

	q "$b" 'CREATE TABLE r (id int PRIMARY KEY); CREATE TABLE s AS SELECT 1 AS id, 1 AS v;
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
		CREATE FUNCTION others(int) RETURNS int STABLE LANGUAGE sql AS $$SELECT count(*)::int + 1 FROM r$$;
		CREATE DOMAIN positive AS int CHECK (VALUE < others(VALUE) + 5)'
	stream 'TABLE s'
	for what in 'ALTER TABLE t ADD FOREIGN KEY (v) REFERENCES r ON DELETE CASCADE; INSERT INTO r VALUES (1)' \
		'ALTER TABLE t ADD UNIQUE (v) DEFERRABLE' 'CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()' \
		'CREATE TRIGGER f AFTER INSERT ON t EXECUTE FUNCTION f()' \
		'ALTER TABLE t ADD CHECK (others(id) > 0)' 'ALTER TABLE t ALTER id TYPE positive' \
		'ALTER TABLE t ALTER v TYPE bigint' 'ALTER TABLE t RENAME TO base; CREATE VIEW t AS TABLE base'; do
		q "$b" "DROP VIEW IF EXISTS t; DROP TABLE IF EXISTS base" 2>/dev/null || :
		q "$b" "DROP TABLE IF EXISTS t; CREATE TABLE t (id int, v int); $what"
		straight
		assert_status 0
		[ -n "$staged" ] || fail "$what"
		assert_eq "$(q "$b" 'SELECT * FROM t')" '1|1'
	done
}
