#!/usr/bin/env bats
# Sets: one snapshot for all members, parents before children, no row twice, nothing that was
# altered meanwhile.
# shellcheck disable=SC2016,SC2034,SC2154 # jq's and SQL's dollars; bats' and fresh_db's variables

load ../lib/common
load ../lib/meanwhile

# order OPTION...: the members of the set in their order, on one line
order()
{
	portl-extract -d "$src" -F ndjson -n "$@" | head -n 1 |
		jq -r '[."$portl".manifest.members[].relation.name] | join(" ")'
}

# counts FILE: of an NDJSON set, as "member:rows …", the rows counted, not told
counts()
{
	jq -rn '[inputs | if has("$portl") then ."$portl" | select(.relation) | {m: .relation.name} else {n: 1} end]
		| reduce .[] as $x ([]; if $x.m then . + [[$x.m, 0]] else .[-1][1] += 1 end)
		| map("\(.[0]):\(.[1])") | join(" ")' "$1"
}

@test "parents before children, circles together, else by name" {
	fresh_db src
	cd "$BATS_TEST_TMPDIR"
	q "$src" <<-'EOF'
		CREATE TABLE zoo (id int PRIMARY KEY); CREATE TABLE a (z int REFERENCES zoo); CREATE TABLE m (id int);
		CREATE TABLE self (id int PRIMARY KEY, p int REFERENCES self);
		CREATE TABLE c3 (id int PRIMARY KEY, n int); CREATE TABLE c1 (id int PRIMARY KEY, n int REFERENCES c3);
		CREATE TABLE c2 (id int PRIMARY KEY, n int REFERENCES c1); ALTER TABLE c3 ADD FOREIGN KEY (n) REFERENCES c2;
		CREATE TABLE bb (c int REFERENCES c2);
		CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p DEFAULT;
		CREATE TABLE kid (p int REFERENCES p);
		CREATE TABLE q (k int) PARTITION BY LIST (k); CREATE TABLE q1 PARTITION OF q DEFAULT;
		CREATE TABLE last (id int PRIMARY KEY); ALTER TABLE q1 ADD FOREIGN KEY (k) REFERENCES last;
	EOF
	assert_eq "$(order -t '*')" 'zoo a c1 c2 c3 bb p kid last m q self'
	assert_eq "$(order -t a -t m -t c3 -t c1)" 'a c3 c1 m'
}

@test "no row twice: partitions, and inheritance with each its own" {
	fresh_db src
	cd "$BATS_TEST_TMPDIR"
	q "$src" <<-'EOF'
		CREATE TABLE parent (a int PRIMARY KEY); CREATE TABLE child (b int) INHERITS (parent); CREATE TABLE grandchild () INHERITS (child);
		INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 2), (3, 3); INSERT INTO grandchild VALUES (4, 4);
		CREATE TABLE parted (id int, n int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF parted FOR VALUES IN (1);
		CREATE TABLE p2 PARTITION OF parted DEFAULT PARTITION BY LIST (n); CREATE TABLE p21 PARTITION OF p2 DEFAULT;
		INSERT INTO parted SELECT i % 3, i FROM generate_series(1, 30) i;
		CREATE VIEW v AS TABLE parent;
	EOF
	for format in 'ndjson' 'binary --values=text' binary; do
		# shellcheck disable=SC2086 # two words
		portl-extract -d "$src" -t '*' -t v -F $format --summary=sum.json >out.set
		jq -r '[.relations[] | "\(.relation):\(.rows.read)"] | join(" ")' sum.json >told
		assert_eq "$(<told)" 'public.child:2 public.grandchild:1 public.parent:1 public.parted:30 public.v:4'
		[ "$format" != ndjson ] || assert_eq "$(counts out.set)" 'child:2 grandchild:1 parent:1 parted:30 v:4'
		jq -e '.rows.read == 38 and .relation == "5 relations" and ([.relations[].bytes] | add) < .bytes
			and ([.relations[].xxh3 | length] | unique == [16]) and .xxh3 == null and .rows_digest == null
			and ([.relations[].rows_digest | test(":[0-9a-f]{32}$")] | all)' sum.json || fail "$(<sum.json)"
	done
	# A parent in a set has its key, for its own rows are unique.
	portl-extract -d "$src" -t 'parent*' -F ndjson | head -n 1 | jq -e '."$portl".manifest.members[0].primary_key == ["a"]'
}

@test "the sum over two tables stays the same while money moves between them" {
	local i pid sum

	fresh_db src
	cd "$BATS_TEST_TMPDIR"
	q "$src" "CREATE TABLE a AS SELECT i AS id, 1000 AS money FROM generate_series(1, 500) i; CREATE TABLE b AS TABLE a;
		CREATE TABLE c (id int, money int) PARTITION BY LIST (id); CREATE TABLE c1 PARTITION OF c DEFAULT; INSERT INTO c TABLE a"
	q "$src" "CREATE PROCEDURE move() LANGUAGE plpgsql AS \$\$ BEGIN LOOP
		UPDATE a SET money = money - 7 WHERE id = (SELECT 1 + (random() * 499)::int); UPDATE b SET money = money + 4 WHERE id = (SELECT 1 + (random() * 499)::int);
		UPDATE c SET money = money + 3 WHERE id = (SELECT 1 + (random() * 499)::int); COMMIT; END LOOP; END \$\$"
	psql -XAtqd "$src" -c 'CALL move()' 3>&- 2>moves &
	pid=$!
	wait_for "$src" '(SELECT sum(money) FROM a) < 499000'
	for i in 1 2 3 4 5; do
		portl-extract -d "$src" -t '?' -F ndjson >out.set
		sum=$(jq -n '[inputs | .money // 0] | add' out.set)
		assert_eq "$sum" 1500000
		jq -n '[inputs | .money // 0] | add' <(sed -n '/"name":"a"/,/"end"/p' out.set) >>sums
	done
	q postgres "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '$src' AND query ~ '^CALL'" >killed
	wait "$pid" || :
	[ "$(sort -u sums | wc -l)" -gt 1 ] || fail 'no money has moved'
}

# As meanwhile, but each waits for the other: the server ends one, which is to be extract.
across()
{
	PGOPTIONS='-c deadlock_timeout=3s' meanwhile "SET deadlock_timeout = '1min'; $1" "${@:2}"
}

@test "tables truncated and refilled together are read old or new, never mixed" {
	fresh_db src
	cd "$BATS_TEST_TMPDIR"
	q "$src" "CREATE TABLE a AS SELECT 1 AS n; CREATE TABLE b AS SELECT 1 AS n; CREATE TABLE c AS SELECT 1 AS n"
	across 'TRUNCATE b' 'TRUNCATE a, c; INSERT INTO a VALUES (2), (2); INSERT INTO b VALUES (2), (2); INSERT INTO c VALUES (2), (2)' -t '?' -F ndjson
	assert_status 0
	assert_eq "$(counts "$BATS_TEST_TMPDIR/out")" 'a:2 b:2 c:2'
}

@test "a table that comes, goes or takes a name while locks are waited for" {
	fresh_db src
	cd "$BATS_TEST_TMPDIR"
	q "$src" "CREATE TABLE a AS SELECT 1 AS n; CREATE TABLE b AS SELECT 1 AS n; CREATE TABLE other AS SELECT 3 AS m"
	across 'LOCK TABLE b' 'CREATE TABLE c AS SELECT 4 AS n; DROP TABLE a' -t '?' -F ndjson
	assert_status 0
	assert_eq "$(counts "$BATS_TEST_TMPDIR/out")" 'b:1 c:1'
	meanwhile 'LOCK TABLE b' 'ALTER TABLE b RENAME TO gone; ALTER TABLE other RENAME TO b' -t '?' -F ndjson
	assert_status 0
	grep -q '^{"m":3}$' "$BATS_TEST_TMPDIR/out"
}

@test "what is altered while the rows are read aborts the set, behind all members" {
	local pid

	fresh_db src
	cd "$BATS_TEST_TMPDIR"
	q "$src" "CREATE FUNCTION hold(int) RETURNS int LANGUAGE plpgsql AS \$\$ BEGIN
			PERFORM pg_advisory_lock_shared(1), pg_advisory_unlock_shared(1); RETURN \$1; END \$\$;
		CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
		CREATE VIEW slow AS SELECT hold(one()) AS n; CREATE TABLE a AS SELECT 1 AS n; CREATE TABLE z AS SELECT 1 AS n"
	open_session "$src"
	say 'SELECT pg_advisory_lock(1)'
	portl-extract -d "$src" -t slow -t a -t z -F ndjson >out 2>err &
	pid=$!
	wait_for postgres "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$src' AND wait_event = 'advisory')"
	say "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2'; SELECT pg_advisory_unlock(1)"
	close_session
	status=0
	wait "$pid" || status=$?
	assert_status 1
	grep -q 'function "one" was altered' err
	tail -n 1 out | jq -e '."$portl".abort | test("altered")'
}

@test "sequences: the value at the snapshot or later, whether it has been given, no rows" {
	fresh_db src
	cd "$BATS_TEST_TMPDIR"
	q "$src" "CREATE SEQUENCE s1 START 5; CREATE SEQUENCE s2; SELECT setval('s2', 41), nextval('s2'); CREATE SEQUENCE s3 AS smallint INCREMENT -1;
		CREATE TABLE t (id serial); SELECT nextval('s3'); CREATE SEQUENCE \"s'4\" MAXVALUE 9223372036854775807; SELECT setval('\"s''4\"', 9223372036854775807)" >made
	for options in '-F ndjson' '-F binary'; do
		# shellcheck disable=SC2086 # two words
		portl-extract -d "$src" -t '*' $options -o out.set
		assert_eq "$(grep -ao '"sequence":{[^}]*}' out.set | sort -u | tr -d '"{}' | tr '\n' ' ')" \
			'sequence:last_value:-1,is_called:true sequence:last_value:42,is_called:true sequence:last_value:5,is_called:false sequence:last_value:9223372036854775807,is_called:true '
	done
	assert_eq "$(order -t '*')" "s'4 s1 s2 s3 t"
}

@test "values are chosen for each member: text only where binary would not do" {
	fresh_db src
	cd "$BATS_TEST_TMPDIR"
	q "$src" "CREATE TABLE a (r regclass, x xml); INSERT INTO a VALUES ('pg_class', '<?xml version=\"1.0\"?><a/>'); CREATE TABLE b (n int); INSERT INTO b VALUES (1);
		CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE c (m mood, ms mood[]); INSERT INTO c VALUES ('ok', '{ok}'); CREATE TABLE d (m mood); CREATE TABLE e ()"
	portl-extract -d "$src" -t '?' -o out.set
	assert_eq "$(grep -ao '"values":"[a-z]*","relation":{"schema":"public","name":"."' out.set | sort -u | tr -d '"{' | tr '\n' ' ')" \
		'values:binary,relation:schema:public,name:b values:binary,relation:schema:public,name:c values:binary,relation:schema:public,name:d values:binary,relation:schema:public,name:e values:text,relation:schema:public,name:a '
	portl-extract -d "$src" -t '?' -F ndjson >out.set
	grep -q '^{"r":"pg_catalog.pg_class","x":"<?xml version=\\"1.0\\"?><a/>"}$' out.set || grep -q '^{"r":"pg_class"' out.set
}

@test "a check names all members, a dry run has no rows" {
	fresh_db src
	cd "$BATS_TEST_TMPDIR"
	q "$src" "CREATE TABLE a AS SELECT 1 AS n; CREATE VIEW v AS TABLE a; CREATE SEQUENCE s"
	try portl-extract -d "$src" -t '*' -t v --check=plan -o x
	assert_status 0
	assert_eq "${#lines[@]}" 4
	[[ $output == *'rows         public.a, 1 columns, may be read'*'sequence     public.s, may be read'*'public.v'* ]] || fail "$output"
	portl-extract -d "$src" -t '*' -n -F ndjson >out.set
	assert_eq "$(counts out.set)" 'a:0 s:0'
}

@test "a thousand tables cost few round trips" {
	local statements

	fresh_db src
	cd "$BATS_TEST_TMPDIR"
	q "$src" "DO \$\$ BEGIN FOR i IN 1..1000 LOOP EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, n text)', i); END LOOP; END \$\$"
	portl-extract -d "$src" -t 't*' -vv -o out.set 2>log
	assert_eq "$(grep -c 'COPY "public"' log)" 1000
	statements=$(grep -cE '(SELECT|LOCK|SET|BEGIN|EXPLAIN|DECLARE)' log)
	[ "$statements" -lt 120 ] || fail "$statements statements beside COPY"
}

@test "of hundreds of relations the last ones' types are named like the first ones'" {
	fresh_db src dst
	for db in "$src" "$dst"; do
		q "$db" "CREATE TYPE pair AS (a int, b text); CREATE TABLE a (p pair, i int) PARTITION BY LIST (i); CREATE TABLE a1 PARTITION OF a DEFAULT;
			DO 'BEGIN FOR i IN 1..300 LOOP EXECUTE format(''CREATE TABLE t%s (i int)'', i); END LOOP; END'; CREATE TABLE z (p pair)"
	done
	q "$src" "INSERT INTO z VALUES (ROW(1, 'x')); INSERT INTO a VALUES (ROW(2, 'y'), 3)"
	portl-extract -d "$src" -t 'public.*' >"$BATS_TEST_TMPDIR/all"
	assert_eq "$(portl ls --json "$BATS_TEST_TMPDIR/all" | jq -r '.. | objects | select(.type? // "" | test("pair")) | .type' | sort | uniq -c | xargs)" '2 public.pair'
	portl-load -d "$dst" "$BATS_TEST_TMPDIR/all"
	same_table "$src" z "$dst" z
	same_table "$src" a "$dst" a
}

@test "a folder of CSV files is a set: relations by the names of the files" {
	cd "$BATS_TEST_TMPDIR"
	mkdir d && printf 'a,b\n1,x\n2,y\n' >d/public.t1.csv && printf 'k\n5\n' >'d/a%2Eb.c%2Fd.csv' && printf 'z\n' >d/empty.csv
	touch d/.hidden.csv d/notes.txt
	portl-extract --csv d/ -F ndjson --summary=sum.json >out.set
	assert_eq "$(counts out.set)" 'empty:0 c/d:1 t1:2'
	jq -e '[.relations[].relation] == ["empty", "a.b.c/d", "public.t1"] and .rows.read == 3' sum.json
	head -n 1 out.set | jq -e '[."$portl".manifest.members[].relation.schema] == [null, "a.b", "public"]'
	portl-extract --csv d/ --infer -F ndjson | grep -q '^{"a":1,"b":"x"}$'
	printf 'a,b\n1,x\n2' >d/public.t1.csv # every row of it is checked
	try portl-extract --csv d/ -o whole
	assert_status 1
	assert_stderr_has 'd/public.t1.csv:3'
	[ ! -e whole ]
}

@test "a folder of CSV files: names that are none, no files, options for one file" {
	cd "$BATS_TEST_TMPDIR"
	mkdir d e && printf 'a\n' >d/a.csv
	for option in --columns=a --exclude-columns=a --limit=1 --bare '-t x'; do
		# shellcheck disable=SC2086 # two words
		try portl-extract --csv d/ -o x $option
		assert_status 64
	done
	try portl-extract --csv e/ -o x
	assert_status 1
	assert_stderr_has 'there is no file *.csv in folder "e/"'
	try portl-extract --csv none/ -o x
	assert_status 1
	printf 'a\n' >d/a.b.c.csv
	try portl-extract --csv d/ -o x
	assert_status 1
	assert_stderr_has 'd/a.b.c.csv: the file'\''s name is not that of a relation'
}

@test "a lock on one member is waited for no longer than asked" {
	fresh_db src
	cd "$BATS_TEST_TMPDIR"
	q "$src" 'CREATE TABLE a (n int); CREATE TABLE b (n int); CREATE TABLE c (n int)'
	open_session "$src"
	say 'BEGIN; LOCK TABLE b'
	try portl-extract -d "$src" -t '?' --lock-wait-timeout=50 -o x
	assert_status 1
	assert_stderr_has 'lock timeout'
	[ ! -e x ]
	say COMMIT
	close_session
	portl-extract -d "$src" -t '?' --lock-wait-timeout=50 -o x
}
