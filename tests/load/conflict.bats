#!/usr/bin/env bats
# --conflict, --key, --newer, --duplicates: what becomes of rows that are there already.
# shellcheck disable=SC2016 # dollar quotes are SQL's

load ../lib/common
load ../lib/load

setup()
{
	fresh_db b
}

@test "skip keeps the rows that are there" {
	make_t
	load_rows --conflict=skip <<-'EOF'
		{"id":2,"v":"zwei","n":2}
		{"id":4,"v":"vier","n":4}
		{"id":4,"v":"four","n":4}
	EOF
	loaded '3 1 0 0 2'
	t_is '1|one|1' '2|two|' '3|three|3' '4|vier|4'
}

@test "overwrite replaces what the stream carries and nothing else" {
	make_t
	load_rows --conflict=overwrite <<-'EOF'
		{"id":1,"v":"eins"}
		{"id":2,"v":null}
		{"id":3,"v":"three"}
		{"id":4,"v":"vier"}
	EOF
	loaded '4 1 2 1 0'
	t_is '1|eins|1' '2||' '3|three|3' '4|vier|'
}

@test "merge: an incoming NULL erases nothing, not even into NOT NULL columns" {
	make_t
	q "$b" "ALTER TABLE t ALTER v SET NOT NULL, ADD CHECK (v <> '')"
	load_rows --conflict=merge <<-'EOF'
		{"id":1,"v":null,"n":10}
		{"id":2,"v":"zwei","n":null}
		{"id":3,"v":null,"n":null}
		{"id":4,"v":"vier","n":null}
		{"id":4,"v":null,"n":4}
	EOF
	loaded '5 1 3 1 0'
	t_is '1|one|10' '2|zwei|' '3|three|3' '4|vier|4'
	load_rows --conflict=merge <<<'{"id":5,"v":null,"n":5}'
	assert_status 1
	assert_stderr_has 'stdin:1: null value in column "v"'
}

@test "merge: an incoming NULL is none for a domain either, however deep its NOT NULL is" {
	q "$b" "CREATE DOMAIN price AS numeric(8,2) NOT NULL; CREATE DOMAIN net AS price CHECK (VALUE >= 0);
		CREATE DOMAIN word AS text CHECK (VALUE IS NOT NULL);
		CREATE TABLE t (id int PRIMARY KEY, v word, n net);
		INSERT INTO t VALUES (1, 'one', 1.50), (2, 'two', 2)"
	load_rows --conflict=merge <<-'EOF'
		{"id":1,"v":null,"n":3.25}
		{"id":2,"v":"zwei","n":null}
		{"id":3,"v":"three","n":0}
	EOF
	loaded '3 1 2 0 0'
	load_rows --conflict=merge \
		< <(portl-extract -d "$b" -c "SELECT 1 AS id, NULL::varchar AS v, 4::bigint AS n")
	loaded '1 0 1 0 0'
	t_is '1|one|4.00' '2|zwei|2.00' '3|three|0.00'
	load_rows --conflict=merge <<<'{"id":4,"v":"four","n":null}'
	assert_status 1
	assert_stderr_has 'domain net does not allow null values'
}

# one_by_one FILE fill newer: what becomes of table u and of its rows when they come one after
# the other, as "inserted updated unchanged skipped"; fill: NULLs are filled, newer: by n.
one_by_one()
{
	q "$b" "SET client_min_messages = error; DROP TABLE IF EXISTS u, raw; DROP FUNCTION IF EXISTS apply;
		CREATE TABLE u (id int PRIMARY KEY, v text, n numeric);
		INSERT INTO u SELECT id, v, n FROM t;
		CREATE TABLE raw (at serial, j jsonb)"
	q "$b" '\copy raw (j) FROM '"$1"
	q "$b" "CREATE FUNCTION apply(OUT i int, OUT u int, OUT s int, OUT k int) LANGUAGE plpgsql AS \$\$
		DECLARE r record; o u; BEGIN i := 0; u := 0; s := 0; k := 0;
		FOR r IN SELECT (j->>'id')::int AS id, j->>'v' AS v, (j->>'n')::numeric AS n FROM raw ORDER BY at LOOP
			SELECT * INTO o FROM u AS x WHERE x.id = r.id;
			IF NOT FOUND THEN INSERT INTO u VALUES (r.id, r.v, r.n); i := i + 1; CONTINUE;
			ELSIF $3 AND (r.n IS NULL OR r.n <= o.n) THEN k := k + 1; CONTINUE; END IF;
			IF $2 THEN r.v := COALESCE(r.v, o.v); r.n := COALESCE(r.n, o.n); END IF;
			IF record_image_ne(ROW(o.v, o.n), ROW(r.v, r.n)) THEN
				UPDATE u AS x SET v = r.v, n = r.n WHERE x.id = r.id; u := u + 1;
			ELSE s := s + 1; END IF;
		END LOOP; END \$\$"
	q "$b" "SELECT concat_ws(' ', i, u, s, k) FROM apply()"
}

# many_rows SEED VALUES NUMBERS: rows of eight keys.
many_rows()
{
	awk -v seed="$1" -v values="$2" -v numbers="$3" 'BEGIN {
		srand(seed); nv = split(values, v); nn = split(numbers, n)
		for (i = 0; i < 4000; i++) printf "{\"id\":%d,\"v\":%s,\"n\":%s}\n", 1 + rand() * 8,
			v[1 + int(rand() * nv)], n[1 + int(rand() ^ 3 * nn)] }'
}

# in_turn FILL NEWER OPTION...: the rows come to what they do one by one, in one block.
in_turn()
{
	q "$b" "TRUNCATE t; INSERT INTO t SELECT i, 'a', nullif(i % 3, 0) FROM generate_series(1, 4) i"
	expected=$(one_by_one "$BATS_TEST_TMPDIR/rows" "$1" "$2")
	load_rows "${@:3}" <"$BATS_TEST_TMPDIR/rows"
	loaded "4000 $expected"
	assert_eq "$(q "$b" 'SELECT id, v, n FROM t EXCEPT ALL SELECT * FROM u')" ''
	assert_eq "$(q "$b" 'SELECT count(*), min(d), max(d) FROM t')" '8|7|7'
	assert_eq "$(q "$b" "SELECT pg_relation_size('t') <= 8192")" t
}

@test "many rows of a key: as if one came after the other, but written twice at most" {
	local seed=${SEED:-$RANDOM}
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL, n numeric, d int DEFAULT 7);
		CREATE UNIQUE INDEX ON t (v, n, id)"
	echo "SEED=$seed"
	many_rows "$seed" '"a" "b"' '1 1.0 2 null' >"$BATS_TEST_TMPDIR/rows"
	in_turn false false --conflict=overwrite
	many_rows "$seed" '"a" "b"' 'null 1 1.0 2 -1 2.00 3 4 5 6 7' >"$BATS_TEST_TMPDIR/rows"
	in_turn false true --conflict=overwrite --newer=n
	in_turn true true --conflict=merge --newer=n
	awk 'BEGIN { for (i = 0; i < 4000; i++)
		printf "{\"id\":%d,\"v\":\"a\",\"n\":%d}\n", 1 + i % 8, i - i % 3 }' >"$BATS_TEST_TMPDIR/rows"
	in_turn false true --conflict=overwrite --newer=n
	{
		printf '{"id":%d,"v":"a","n":null}\n' 1 2 3 4 5 6 7 8
		many_rows "$seed" '"a" null null null' 'null null null 1 1.0 2'
	} | head -n 4000 >"$BATS_TEST_TMPDIR/rows"
	in_turn true false --conflict=merge
	in_turn true true --conflict=merge --newer=n
}

# (,) is NULL to IS NULL, but no NULL; json has no equality; the arrays have no common shape.
@test "many rows of a key: composite values, arrays, json and a domain, merged" {
	q "$b" "CREATE TYPE pair AS (a int, b int); CREATE DOMAIN known AS int NOT NULL;
		CREATE TABLE t (id int PRIMARY KEY, p pair, l int[], j json, d known);
		INSERT INTO t VALUES (1, '(9,9)', '{9}', '9', 9);
		CREATE TABLE s (nr int, id int, p pair, l int[], j json, d int);
		INSERT INTO s VALUES (1, 1, NULL, NULL, '{}', NULL), (2, 1, '(,)', NULL, NULL, NULL),
			(3, 1, NULL, '{{1,2},{3,4}}', NULL, 3), (4, 1, '(1,)', '{}', NULL, NULL),
			(5, 1, NULL, '{}', '{}', NULL), (6, 2, NULL, '{1}', NULL, 6),
			(7, 2, '(,)', NULL, NULL, NULL), (8, 2, NULL, '{{1}}', '1', NULL)"
	portl-extract -d "$b" --values=text -c 'SELECT id, p, l, j, d FROM s ORDER BY nr' >"$BATS_TEST_TMPDIR/s"
	try portl-load -d "$b" -t t --conflict=merge -vv --summary="$BATS_TEST_TMPDIR/sum" <"$BATS_TEST_TMPDIR/s"
	assert_status 0
	[[ $stderr == *'filled AS'* ]]
	assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" '8 1 6 1 0'
	assert_eq "$(q "$b" 'SELECT * FROM t ORDER BY id')" $'1|(1,)|{}|{}|3\n2|(,)|{{1}}|1|6'
}

# The type has an order, but no max().
@test "many rows of a key: newer by a type's own order" {
	q "$b" "CREATE TYPE pair AS (a int, b int); CREATE TABLE s (nr int, id int, p pair);
		INSERT INTO s VALUES (1, 1, '(1,2)'), (2, 1, '(1,1)'), (3, 1, NULL), (4, 1, '(1,)'), (5, 1, '(1,)'),
			(6, 2, NULL), (7, 2, NULL), (8, 2, '(0,0)'), (9, 2, '(0,0)'), (10, 2, '(0,1)')"
	q "$b" 'CREATE TABLE t (nr int, id int PRIMARY KEY, p pair)'
	portl-extract -d "$b" --values=text -c 'TABLE s ORDER BY nr' >"$BATS_TEST_TMPDIR/s"
	for expected in '10 2 3 0 5' '10 0 0 0 10'; do
		try portl-load -d "$b" -t t --conflict=overwrite --newer=p --summary="$BATS_TEST_TMPDIR/sum" <"$BATS_TEST_TMPDIR/s"
		assert_status 0
		assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" "$expected"
		t_is '4|1|(1,)' '10|2|(0,1)'
	done
}

@test "many rows of a key: one that is replaced is refused nonetheless for what it is" {
	make_t
	printf '{"id":9,"v":%s}\n' '"a"' null '"c"' >"$BATS_TEST_TMPDIR/rows"
	for rule in 'ALTER v SET NOT NULL' 'ADD CHECK (v IS NOT NULL)'; do
		q "$b" "ALTER TABLE t $rule"
		load_rows --conflict=overwrite <"$BATS_TEST_TMPDIR/rows"
		assert_status 1
		assert_stderr_has 'stdin:2: '
		q "$b" 'ALTER TABLE t ALTER v DROP NOT NULL'
	done
}

@test "newer: an old NULL is older than all, a new NULL never newer" {
	make_t
	load_rows --conflict=overwrite --newer=n <<-'EOF'
		{"id":1,"v":"older","n":0}
		{"id":2,"v":"first","n":-5}
		{"id":3,"v":"null","n":null}
		{"id":4,"v":"new","n":null}
		{"id":4,"v":"newer","n":1}
		{"id":4,"v":"same","n":1}
		{"id":4,"v":"less","n":0}
	EOF
	loaded '7 1 2 0 4'
	t_is '1|one|1' '2|first|-5' '3|three|3' '4|newer|1'
}

@test "rows with one key: in order, the first, or an error that names both" {
	make_t
	printf '{"id":%d,"v":"%s"}\n' 1 a 5 b 1 one 5 b 5 c >"$BATS_TEST_TMPDIR/rows"
	load_rows --conflict=overwrite --duplicates=error <"$BATS_TEST_TMPDIR/rows"
	assert_status 1
	assert_stderr_has 'stdin:3: the key is that of row 1'
	t_is '1|one|1' '2|two|' '3|three|3'
	load_rows --conflict=overwrite --duplicates=first <"$BATS_TEST_TMPDIR/rows"
	loaded '5 1 1 0 3'
	t_is '1|a|1' '2|two|' '3|three|3' '5|b|'
	q "$b" 'DELETE FROM t WHERE id = 5'
	load_rows --conflict=overwrite <"$BATS_TEST_TMPDIR/rows"
	loaded '5 1 2 2 0'
	t_is '1|one|1' '2|two|' '3|three|3' '5|c|'
}

@test "a hundred rows with one key, merged" {
	make_t
	load_rows --conflict=merge < <(for ((i = 1; i <= 100; i++)); do
		((i % 2)) && echo "{\"id\":7,\"v\":\"v$i\",\"n\":null}" || echo "{\"id\":7,\"v\":null,\"n\":$i}"
	done)
	loaded '100 1 99 0 0'
	t_is '1|one|1' '2|two|' '3|three|3' '7|v99|100'
}

@test "unchanged rows are not written: same place, no trigger, nothing dead" {
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, j json, n numeric, x xml);
		INSERT INTO t SELECT i, '{\"a\": 1}', 1.0, '<a/>' FROM generate_series(1, 500) i;
		CREATE TABLE fired (what text);
		CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
			INSERT INTO fired VALUES (TG_OP); RETURN NEW; END \$\$;
		CREATE TRIGGER a BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION fire();
		CREATE TRIGGER b AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION fire()"
	places="SELECT md5(string_agg(ctid::text, ' ' ORDER BY id)) FROM t WHERE id <> 7"
	before=$(q "$b" "$places")
	for trigger in '' 'CREATE TRIGGER c BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION fire()'; do
		for mode in overwrite merge; do
			[ -z "$trigger" ] || q "$b" "DROP TRIGGER IF EXISTS c ON t; $trigger"
			q "$b" "TRUNCATE fired; UPDATE t SET n = 1.00 WHERE id = 7; TRUNCATE fired"
			portl-extract -d "$b" -c "SELECT id, j, 1.0 AS n, x FROM t" |
				portl-load -d "$b" -t t --conflict=$mode --summary="$BATS_TEST_TMPDIR/sum"
			assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" '500 0 1 499 0'
			assert_eq "$(q "$b" "$places")" "$before"
			assert_eq "$(q "$b" "SELECT count(*) FROM fired WHERE what = 'UPDATE'")" 2
			assert_eq "$(q "$b" 'SELECT count(*) > 3 FROM fired')" f
		done
	done
}

@test "the key may be another unique index; key, primary key and identity stay" {
	q "$b" "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text, region text,
			serial int GENERATED ALWAYS AS (length(code)) STORED, v text, UNIQUE (code, region));
		INSERT INTO t (code, region, v) VALUES ('a', 'x', 'old'), ('b', 'x', 'old')"
	load_rows --conflict=overwrite --key=region,code <<-'EOF'
		{"id":70,"code":"a","region":"x","v":"new"}
		{"id":71,"code":"a","region":"y","v":"new"}
	EOF
	loaded '2 1 1 0 0'
	t_is '1|a|x|1|new' '2|b|x|1|old' '71|a|y|1|new'
}

@test "a NULL in the key is refused with its row, unless NULLs are equal" {
	q "$b" 'CREATE TABLE t (k text, v int); CREATE UNIQUE INDEX i ON t (k)'
	printf '{"k":%s,"v":%d}\n' '"a"' 1 null 2 null 3 >"$BATS_TEST_TMPDIR/rows"
	load_rows --conflict=skip -k k <"$BATS_TEST_TMPDIR/rows"
	assert_status 1
	assert_stderr_has 'stdin:2: column "k": a NULL in the key'
	assert_eq "$(q "$b" 'TABLE t')" ''
	since 15 'NULLS NOT DISTINCT' || return 0
	q "$b" 'DROP INDEX i; CREATE UNIQUE INDEX ON t (k) NULLS NOT DISTINCT'
	load_rows --conflict=overwrite -k k <"$BATS_TEST_TMPDIR/rows"
	loaded '3 2 1 0 0'
	t_is 'a|1' '|3'

	# to an index a composite without values is no NULL, though IS NULL says so
	fresh_db a
	for db in "$a" "$b"; do
		q "$db" 'CREATE TYPE pair AS (a int, b int); CREATE TABLE c (k pair, v int)'
	done
	q "$a" 'INSERT INTO c VALUES (NULL, 2), ((5, 5), 5)'
	q "$b" 'INSERT INTO c VALUES ((NULL, NULL), 2); CREATE UNIQUE INDEX ON c (k) NULLS NOT DISTINCT;
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$;
		CREATE TRIGGER f BEFORE INSERT ON c FOR EACH ROW EXECUTE FUNCTION f()'
	for mode in skip overwrite; do
		portl-extract -d "$a" -t c | portl-load -q -d "$b" -t c --conflict=$mode --key=k
		assert_eq "$(q "$b" 'SELECT * FROM c ORDER BY v, k')" $'(,)|2\n|2\n(5,5)|5'
		q "$b" 'DELETE FROM c WHERE k IS DISTINCT FROM (NULL::int, NULL::int)::pair'
	done
}

# no_key REASON [OPTION...]: refused before any row.
no_key()
{
	load_rows --conflict=overwrite "${@:2}" <<<'{"id":1,"v":"x","w":"y"}'
	assert_status 5
	assert_stderr_has "$1"
}

@test "a key without a usable unique index is refused, and the index named" {
	q "$b" 'CREATE TABLE t (id int, v text, w text)'
	no_key 'it has no primary key; name the columns of a unique index with --key'
	no_key 'it has no unique index on exactly the key ("id")' -k id
	no_key 'the table has no column "nix"' -k nix
	q "$b" 'CREATE INDEX plain ON t (id)'
	no_key 'the index "plain" on the key ("id") is not unique' -k id
	q "$b" 'CREATE UNIQUE INDEX part ON t (id) WHERE id > 0'
	no_key 'the index "part" on the key ("id") is partial' -k id
	q "$b" 'CREATE UNIQUE INDEX low ON t (lower(v))'
	no_key 'the index "low" on the key ("v") is on an expression' -k v
	q "$b" 'ALTER TABLE t ADD CONSTRAINT later UNIQUE (w) DEFERRABLE'
	no_key 'the index "later" on the key ("w") is deferrable' -k w
	q "$b" 'CREATE UNIQUE INDEX two ON t (v, w)'
	no_key 'it has no unique index on exactly the key ("v", "id")' -k v,id
	q "$b" 'ALTER TABLE t ADD PRIMARY KEY (id)'
	load_rows --conflict=skip <<<'{"v":"x"}'
	assert_status 5
	assert_stderr_has 'the stream does not carry "id" of the key'
	q "$b" 'ALTER TABLE t ADD j json'
	load_rows --conflict=overwrite --newer=j <<<'{"id":1,"j":{}}'
	assert_status 5
	assert_stderr_has 'values of type json have no order'
	load_rows --conflict=overwrite --newer=id <<<'{"id":1,"j":{}}'
	assert_status 5
	q "$b" 'CREATE VIEW s AS SELECT * FROM t'
	load_rows -t s --conflict=skip <<<'{"id":1}'
	assert_status 5
	assert_stderr_has 'a view has none'
	assert_eq "$(q "$b" 'TABLE t')" ''
}

@test "options that contradict each other are usage errors" {
	for options in '--key=a' '--conflict=skip --newer=a' '--newer=a' '--duplicates=first' \
		'--conflict=overwrite --newer=a --key=a,b' '--conflict=merge --newer=a,b' \
		'--conflict=skip --duplicates=first --commit=batch' \
		'--conflict=skip --duplicates=error --streams=2' '--commit=batch --truncate' \
		'--commit=batch --min-rows=1' '--conflict=upsert' '--batch-size=0'; do
		# shellcheck disable=SC2086 # words
		load_rows $options <<<'{"a":1}'
		assert_status 64
	done
}

@test "hostile names of table, columns and key" {
	q "$b" 'CREATE SCHEMA "S ""x"; CREATE TABLE "S ""x"."excluded" ("o" int, "n" int, "a""b" text,
		"c1" text, "t" text, "r" text, PRIMARY KEY ("o", "a""b"));
		INSERT INTO "S ""x"."excluded" VALUES (1, 1, $$k$$, $$x$$, $$y$$, $$z$$)'
	for i in 1 2; do
		load_rows -t '"S ""x".excluded' --conflict=merge --newer=n <<-'EOF'
			{"t":"t","n":2,"a\"b":"k","o":1,"c1":null,"r":"$1"}
			{"t":"%s","n":1,"a\"b":"'; DROP TABLE t; --","o":1,"c1":"\n","r":null}
		EOF
		assert_status 0
	done
	assert_eq "$receipt" '2 0 0 0 2'
	assert_eq "$(q "$b" 'SELECT * FROM "S ""x"."excluded" ORDER BY n DESC' | head -1)" '1|2|k|x|t|$1'
}

@test "partitioned tables, with a column dropped and a partition of another shape" {
	q "$b" "CREATE TABLE t (gone int, id int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
		ALTER TABLE t DROP gone;
		CREATE TABLE p1 PARTITION OF t FOR VALUES FROM (0) TO (10);
		CREATE TABLE p2 (v text, id int NOT NULL);
		ALTER TABLE t ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20);
		INSERT INTO t VALUES (1, 'a'), (11, 'b'), (12, 'c')"
	load_rows --conflict=overwrite < <(printf '{"id":%d,"v":"%s"}\n' 1 x 11 b 12 y 13 z 12 y2)
	loaded '5 1 3 1 0'
	t_is '1|x' '11|b' '12|y2' '13|z'
	load_rows --conflict=overwrite < <(printf '{"id":%d,"v":"%s"}\n' 2 x 99 b)
	assert_status 1
	assert_stderr_has 'stdin:2: no partition of relation "t" found'
}

@test "rows of tables that inherit from the target are not its own" {
	make_t
	q "$b" "ALTER TABLE t ALTER v SET NOT NULL;
		CREATE TABLE child () INHERITS (t); INSERT INTO child VALUES (5, 'child', 5)"
	load_rows --conflict=merge <<-'EOF'
		{"id":5,"v":"child","n":null}
		{"id":1,"v":"eins","n":null}
	EOF
	loaded '2 1 1 0 0'
	t_is '1|eins|1' '2|two|' '3|three|3' '5|child|5' '5|child|'
}

@test "a constraint that is violated is named with the row, and nothing is changed" {
	make_t
	q "$b" 'ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 0), ADD CONSTRAINT other UNIQUE (v)'
	load_rows --conflict=overwrite < <(printf '{"id":%d,"v":"%s","n":%d}\n' 9 nine 9 8 x 8 7 y -7 1 z 1)
	assert_status 1
	assert_stderr_has 'stdin:3: new row for relation "t" violates check constraint "positive"'
	load_rows --conflict=overwrite < <(printf '{"id":%d,"v":"%s"}\n' 9 nine 1 eins 2 three)
	assert_status 1
	assert_stderr_has 'stdin:3: duplicate key value violates unique constraint "other"'
	q "$b" 'CREATE TABLE f (id int PRIMARY KEY); INSERT INTO f VALUES (1), (2), (3);
		ALTER TABLE t ADD CONSTRAINT parent FOREIGN KEY (id) REFERENCES f'
	load_rows --conflict=skip <<<'{"id":9,"v":"nine"}'
	assert_status 1
	assert_stderr_has 'violates foreign key constraint "parent"'
	t_is '1|one|1' '2|two|' '3|three|3'
	q "$b" 'ALTER TABLE t DROP CONSTRAINT parent, ADD FOREIGN KEY (n) REFERENCES t DEFERRABLE'
	load_rows --conflict=skip < <(printf '{"id":%d,"n":%d}\n' 8 9 9 8)
	loaded '2 2 0 0 0'
}

@test "what fails after all rows are in names no row" {
	make_t
	q "$b" "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
			IF NEW.id = 5 THEN RAISE 'no five'; END IF; RETURN NULL; END \$\$;
		CREATE TRIGGER a AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
		ALTER TABLE t ADD UNIQUE (n) DEFERRABLE, ADD CHECK (v <> '')"
	load_rows --conflict=overwrite < <(printf '{"id":%d,"v":"x"}\n' 4 5 6)
	assert_status 1
	assert_stderr_has 'error: no five'
	load_rows --conflict=overwrite < <(printf '{"id":%d,"n":%d}\n' 4 3 6 6 7 7)
	assert_status 1
	assert_stderr_has 'error: duplicate key value violates unique constraint "t_n_key"'
	load_rows --conflict=overwrite <<<$'{"id":4,"v":"x"}\n{"id":6,"v":""}\n{"id":7,"v":"x"}'
	assert_status 1
	assert_stderr_has 'stdin:2: new row for relation "t" violates check'
}

@test "rows that triggers suppress count as skipped" {
	make_t
	q "$b" "CREATE FUNCTION drop_odd() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
			RETURN CASE WHEN NEW.n % 2 = 0 THEN NEW END; END \$\$;
		CREATE TRIGGER i BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION drop_odd()"
	load_rows --conflict=overwrite < <(printf '{"id":%d,"v":"x","n":%d}\n' 5 5 6 6 1 1 2 2)
	loaded '4 1 1 0 2'
	q "$b" 'DROP TRIGGER i ON t; TRUNCATE t;
		CREATE TRIGGER u BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION drop_odd()'
	load_rows --conflict=overwrite < <(printf '{"id":%d,"v":"x","n":%d}\n' 1 1 2 2 1 3 2 4 2 4)
	loaded '5 2 1 1 1'
	t_is '1|x|1' '2|x|4'
}

@test "values that are cast: conflicts after the cast, refused rows named" {
	fresh_db a
	make_t
	q "$a" "CREATE TABLE s (nr int, id text, v varchar(9), n bigint);
		INSERT INTO s VALUES (1, '1', 'eins', 1), (2, '01', 'ein', 5), (3, ' 4', 'vier', 4)"
	load=(portl-load -d "$b" -t t --conflict=overwrite --newer=n --summary="$BATS_TEST_TMPDIR/sum")
	portl-extract -d "$a" -c 'SELECT id, v, n FROM s ORDER BY nr' | "${load[@]}"
	assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" '3 1 1 0 1'
	t_is '1|ein|5' '2|two|' '3|three|3' '4|vier|4'
	q "$a" "UPDATE s SET id = '2' || id"
	try_sh "portl-extract -d $a -c 'SELECT id, v, n FROM s ORDER BY nr' | portl-load -d $b -t t"
	assert_status 1
	assert_stderr_has 'stdin:3: column "id": invalid input syntax for type integer: "2 4"'
	q "$a" "UPDATE s SET id = CASE nr WHEN 2 THEN '3' ELSE '2' || nr END"
	try_sh "portl-extract -d $a -c 'SELECT id, v, n FROM s ORDER BY nr' | portl-load -d $b -t t"
	assert_status 1
	assert_stderr_has 'stdin:2: duplicate key value violates unique constraint "t_pkey"'
	t_is '1|ein|5' '2|two|' '3|three|3' '4|vier|4'
}

@test "keys of a type with its own equality, in a schema off the path" {
	q "$b" 'CREATE SCHEMA x; CREATE EXTENSION citext SCHEMA x;
		CREATE TABLE t (k x.citext PRIMARY KEY, v x.citext NOT NULL, w int CHECK (w > 0));
		INSERT INTO t VALUES ($$Ab$$, $$m$$, 1)'
	load_rows --conflict=merge --newer=v < <(printf '{"k":"%s","v":"%s"}\n' aB M AB n Q a q B)
	loaded '4 1 2 0 1'
	t_is 'Ab|n|1' 'Q|B|'
}

@test "operators that search_path puts before pg_catalog's are not taken" {
	local op

	make_t
	q "$b" "CREATE SEQUENCE s OWNED BY t.id; CREATE SCHEMA evil;
		CREATE FUNCTION evil.no(bigint, int) RETURNS bool LANGUAGE sql AS 'SELECT false';
		CREATE FUNCTION evil.no(bigint, bigint) RETURNS bool LANGUAGE sql AS 'SELECT false';
		CREATE FUNCTION evil.none(bigint, int) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';
		CREATE OPERATOR evil.- (LEFTARG = bigint, RIGHTARG = int, FUNCTION = evil.none)"
	for op in '=' '<>' '<' '>' '<=' '>='; do
		q "$b" "CREATE OPERATOR evil.$op (LEFTARG = bigint, RIGHTARG = int, FUNCTION = evil.no);
			CREATE OPERATOR evil.$op (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.no)"
	done
	q "$b" "ALTER DATABASE $b SET search_path = evil, pg_catalog, public;
		CREATE TRIGGER a BEFORE UPDATE ON t FOR EACH ROW
			EXECUTE FUNCTION suppress_redundant_updates_trigger()"
	printf '{"id":%d,"v":"%s"}\n' 7 a 1 eins 7 b 2 two >"$BATS_TEST_TMPDIR/rows"
	load_rows --conflict=overwrite <"$BATS_TEST_TMPDIR/rows"
	loaded '4 1 2 1 0'
	t_is '1|eins|1' '2|two|' '3|three|3' '7|b|'
	assert_eq "$(q "$b" "SELECT nextval('s')")" 8
	q "$b" "ALTER TABLE t ADD CHECK (n < 10)"
	load_rows --conflict=overwrite <<-'EOF'
		{"id":9,"v":"x","n":1}
		{"id":8,"v":"y","n":11}
	EOF
	assert_status 1
	assert_stderr_has 'stdin:2: new row for relation "t" violates check constraint'
	printf '{"id":9,"v":"x","n":1}\n{"id":8,"v":"y","n":11}\n' >"$BATS_TEST_TMPDIR/bad"
	try portl-load -d "$b" -t t --bare -q --conflict=overwrite \
		--rejects="$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/bad"
	assert_status 3
	t_is '1|eins|1' '2|two|' '3|three|3' '7|b|' '9|x|1'
}

@test "a table made on the way has the stream's key from the start" {
	fresh_db a
	q "$a" "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b')"
	portl-extract -d "$a" -t t >"$BATS_TEST_TMPDIR/s"
	cat "$BATS_TEST_TMPDIR/s" "$BATS_TEST_TMPDIR/s" | portl-load -d "$b" --create --streams=2 \
		--conflict=overwrite --summary="$BATS_TEST_TMPDIR/sum"
	assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" '4 2 0 2 0'
	try portl-load -d "$b" -t u --create --conflict=skip --key=v "$BATS_TEST_TMPDIR/s"
	assert_status 5
	assert_stderr_has 'primary key and no other'
}

@test "missing privileges are named before the first row" {
	make_t
	q "$b" "CREATE ROLE r$b; GRANT INSERT ON t TO r$b; GRANT SELECT (id) ON t TO r$b"
	export PGOPTIONS="-c role=r$b"
	load_rows --conflict=overwrite <<<'{"id":1,"v":"x"}'
	assert_status 5
	assert_eq "$(grep -c privilege <<<"$stderr")" 2 # each once
	assert_stderr_has 'column "v" may not be compared: no SELECT privilege; drop it'
	assert_stderr_has 'column "v" may not be updated: no UPDATE privilege; drop it'
	load_rows --conflict=skip < <(printf '{"id":%d,"v":"x"}\n' 1 4)
	loaded '2 1 0 0 1'
	PGOPTIONS='' q "$b" "REVOKE TEMP ON DATABASE $b FROM PUBLIC"
	load_rows --conflict=skip <<<'{"id":1,"v":"x"}'
	assert_status 5
	assert_stderr_has 'no TEMP privilege'
	PGOPTIONS='' q "$b" "DROP OWNED BY r$b; DROP ROLE r$b"
}

@test "a trigger that makes two keys one: the message says so, and which row" {
	q "$b" 'CREATE TABLE t (id text COLLATE "C" PRIMARY KEY, v text);
		CREATE FUNCTION fold() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.id := lower(NEW.id); RETURN NEW; END$$;
		CREATE TRIGGER fold BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION fold()'
	load_rows --conflict=overwrite < <(printf '{"id":"%s","v":"%s"}\n' x 1 a 2 A 3)
	assert_status 1
	assert_stderr_has 'stdin:2: the key is that of another row, or a trigger has made it so'
	assert_stderr_has 'A BEFORE INSERT trigger changes keys'
	assert_stderr_lacks 'ON CONFLICT DO UPDATE command cannot'
}
