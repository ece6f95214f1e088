#!/usr/bin/env bats
# Sets: several relations in one stream, loaded in one transaction.
# shellcheck disable=SC2016 # dollar quotes are SQL's

load ../lib/common
load ../lib/load

setup()
{
	fresh_db a b
	d=$BATS_TEST_TMPDIR
}

# shop DB: a parent, its child, a table that stays empty.
shop()
{
	q "$1" "CREATE TABLE customer (id int PRIMARY KEY, name text);
		CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customer);
		CREATE TABLE note (id serial PRIMARY KEY, t text)"
}

fill()
{
	q "$1" "INSERT INTO customer SELECT i, 'c' || i FROM generate_series(1, 3) i;
		INSERT INTO orders SELECT i, 1 + i % 3 FROM generate_series(1, 5) i"
}

# send OPTION...: all tables of $a.
send()
{
	portl-extract -d "$a" -t 'public.*' "$@"
}

# take OPTION... <SET: sets status, output and stderr.
take()
{
	try portl-load -d "$b" --summary="$d/sum" "$@"
}

# told: "relation read inserted …" of each, as the receipt has it
told()
{
	jq -r '.relations[]? | [.relation, (.rows | .read, .inserted, .updated, .unchanged,
		.skipped, .rejected)] | join(" ")' "$d/sum" | LC_ALL=C sort
}

same()
{
	local t

	for t in customer orders note; do
		assert_eq "$(rows "$b" "${1-public}.$t")" "$(rows "$a" "$t")"
	done
}

@test "a set is loaded as a whole, in both encodings" {
	local format

	shop "$a"
	fill "$a"
	for format in binary ndjson; do
		q "$b" 'DROP SCHEMA public CASCADE; CREATE SCHEMA public'
		shop "$b"
		take < <(send -F "$format")
		assert_status 0
		assert_eq "$(told)" "$(printf '%s\n' 'public.customer 3 3 0 0 0 0' 'public.note 0 0 0 0 0 0' 'public.orders 5 5 0 0 0 0')"
		assert_eq "$(jq -c '[.relation, .committed, .rows.read, .rows.inserted]' "$d/sum")" '["3 relations",true,8,8]'
		assert_eq "$(jq '[.relations[].rows_digest | length > 32] | all' "$d/sum")" true
		assert_eq "$(jq -c '[.xxh3, .rows_digest]' "$d/sum")" '[null,null]'
		same
	done
}

@test "a row that cannot come in keeps all relations out, and its relation is named" {
	shop "$a"
	fill "$a"
	shop "$b"
	q "$b" "ALTER TABLE orders ADD CHECK (id <> 4)"
	take < <(send)
	assert_status 1
	assert_stderr_has 'stdin: public.orders:4: '
	assert_eq "$(q "$b" 'SELECT count(*) FROM customer')" 0
	assert_eq "$(jq -c .committed "$d/sum")" false
}

@test "a refusal of a member's last rows is heard while the next member is waited for" {
	fresh_db src
	fresh_db dst
	cd "$BATS_TEST_TMPDIR"
	q "$src" 'CREATE TABLE a (n int); INSERT INTO a VALUES (1), (2), (1); CREATE TABLE b AS SELECT 1 AS n'
	q "$dst" 'CREATE TABLE a (n int PRIMARY KEY); CREATE TABLE b (n int)'
	portl-extract -d "$src" -t a -t b -F ndjson >out.set
	mkfifo in
	exec 7<>in # nobody ends it
	sed '/"end"/q' out.set >&7
	try portl-load -d "$dst" in 7>&-
	exec 7>&-
	assert_status 1
	assert_stderr_has 'in: public.a:3: duplicate key value'
	# and in the next member, whose rows are there
	try portl-load -d "$dst" out.set
	assert_status 1
	assert_stderr_has 'out.set: public.a:3: duplicate key value'
	assert_eq "$(q "$dst" 'SELECT (SELECT count(*) FROM a) + (SELECT count(*) FROM b)')" 0
}

@test "what is against any relation is said at once, before any row" {
	shop "$a"
	q "$b" 'CREATE TABLE customer (id int); CREATE TABLE note (id int)'
	take < <(send)
	assert_status 5
	assert_stderr_has '3 of 3 relations cannot take their streams'
	assert_stderr_has 'relation "public.orders" does not exist'
	assert_stderr_has 'column "name"'
	assert_stderr_has 'column "t"'
	try portl-load -d "$b" --check=plan < <(send)
	assert_status 5
	assert_stderr_has 'relation "public.orders" does not exist'
}

@test "--create makes all of them, in the schema that is meant" {
	shop "$a"
	fill "$a"
	q "$b" 'CREATE SCHEMA "Odd Name"'
	take --create --into-schema='"Odd Name"' < <(send)
	assert_status 0
	same '"Odd Name"'
	assert_eq "$(q "$b" "SELECT count(*) FROM pg_index WHERE indisprimary AND indrelid >= 16384
		AND indrelid::regclass::text LIKE '\"Odd Name\"%'")" 3
}

@test "--truncate empties all at once; a key from outside is named" {
	shop "$a"
	fill "$a"
	shop "$b"
	q "$b" "INSERT INTO customer VALUES (9, 'old'); INSERT INTO orders VALUES (9, 9)"
	take --truncate < <(send)
	assert_status 0
	same
	q "$b" 'CREATE TABLE bill (customer int CONSTRAINT owes REFERENCES customer)'
	take --truncate < <(send)
	assert_status 5
	assert_stderr_has 'foreign key "owes" of public.bill'
	same
}

@test "--conflict, --rejects and batches are for each relation" {
	shop "$a"
	fill "$a"
	shop "$b"
	q "$b" "INSERT INTO customer VALUES (1, 'old'), (2, 'c2')"
	take --conflict=overwrite < <(send)
	assert_status 0
	assert_eq "$(told)" "$(printf '%s\n' 'public.customer 3 1 1 1 0 0' 'public.note 0 0 0 0 0 0' 'public.orders 5 5 0 0 0 0')"
	same
	q "$b" 'DELETE FROM orders WHERE id > 2'
	take --rejects="$d/rejects" < <(send)
	assert_status 3
	assert_eq "$(told)" "$(printf '%s\n' 'public.customer 3 0 0 0 0 3' 'public.note 0 0 0 0 0 0' 'public.orders 5 3 0 0 0 2')"
	same
	q "$b" 'DELETE FROM orders; DELETE FROM customer'
	take "$d/rejects"
	assert_status 0
	assert_eq "$(told)" "$(printf '%s\n' 'public.customer 3 3 0 0 0 0' 'public.note 0 0 0 0 0 0' 'public.orders 2 2 0 0 0 0')"
	q "$b" 'DELETE FROM orders; DELETE FROM customer; ALTER TABLE orders ADD CHECK (id <> 4)'
	take --commit=batch --batch-size=2 < <(send)
	assert_status 1
	assert_eq "$(told)" "$(printf '%s\n' 'public.customer 3 3 0 0 0 0' 'public.note 0 0 0 0 0 0' 'public.orders 4 2 0 0 0 0')"
	assert_eq "$(q "$b" 'SELECT (SELECT count(*) FROM customer), (SELECT max(id) FROM orders)')" '3|2'
}

@test "-t picks one member; the others are proved whole" {
	shop "$a"
	fill "$a"
	shop "$b"
	send >"$d/set"
	take -t customer --map name=,id=id "$d/set"
	assert_status 0
	assert_eq "$(told)" 'public.customer 3 3 0 0 0 0'
	assert_eq "$(q "$b" 'SELECT * FROM customer ORDER BY id')" $'1|\n2|\n3|'
	head -c -10 "$d/set" >"$d/cut"
	take -t note "$d/cut"
	assert_status 4
	take -t nose "$d/set"
	assert_status 5
	assert_stderr_has 'perhaps "note"'
	take --key=id --conflict=skip "$d/set"
	assert_status 64
	assert_stderr_has '--key is for one relation'
	take --streams=2 "$d/set"
	assert_status 64
}

@test "a set that is cut anywhere commits nothing" {
	local size n

	shop "$a"
	fill "$a"
	shop "$b"
	send >"$d/set"
	size=$(stat -c %s "$d/set")
	for n in 1 2 3 4 5 6 7; do
		head -c $((size * n / 8)) "$d/set" >"$d/cut"
		take "$d/cut"
		assert_status 4
		assert_eq "$(q "$b" 'SELECT count(*) FROM customer')" 0
	done
}

# later DB [CLAUSE]: as shop, but that customer has a key to orders; by the order of the
# sender's keys orders comes second.
later()
{
	q "$1" "CREATE TABLE customer (id int PRIMARY KEY, name text);
		CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL);
		CREATE TABLE note (id serial PRIMARY KEY, t text);
		ALTER TABLE customer ADD CONSTRAINT last_order FOREIGN KEY (id) REFERENCES orders ${2-}"
}

@test "keys that want another order are deferred, or named, or checked behind all rows" {
	shop "$a"
	fill "$a"
	later "$b"
	take < <(send)
	assert_status 5
	assert_stderr_has 'foreign key "last_order"'
	take --foreign-keys=recheck < <(send)
	assert_status 0
	same
	assert_eq "$(q "$b" "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f'")" \
		'last_order|FOREIGN KEY (id) REFERENCES orders(id)'
	q "$b" 'DROP TABLE customer, orders, note'
	later "$b" DEFERRABLE
	take < <(send)
	assert_status 0
	same
	q "$a" "INSERT INTO customer VALUES (77, 'no such order')"
	take --truncate < <(send)
	assert_status 1
	assert_stderr_has 'last_order'
	assert_eq "$(q "$b" 'SELECT count(*) FROM customer')" 3
	take --commit=batch --conflict=skip < <(send)
	assert_status 5
}

@test "--foreign-keys=recheck keeps what was said of the keys, and refuses bad rows" {
	shop "$a"
	fill "$a"
	shop "$b"
	q "$b" "ALTER TABLE orders DROP CONSTRAINT orders_customer_fkey, ADD CONSTRAINT \"who; --\"
		FOREIGN KEY (customer) REFERENCES customer ON DELETE CASCADE DEFERRABLE;
		COMMENT ON CONSTRAINT \"who; --\" ON orders IS 'it''s who';
		INSERT INTO customer VALUES (3, 'c3')"
	try portl-load -d "$b" --foreign-keys=recheck < <(portl-extract -d "$a" -t orders)
	assert_status 1
	assert_stderr_has 'violates foreign key constraint "who; --"'
	assert_eq "$(q "$b" 'SELECT count(*) FROM orders')" 0
	q "$b" "INSERT INTO customer VALUES (1, 'c1'), (2, 'c2')"
	run -0 portl-load -n -d "$b" --foreign-keys=recheck < <(portl-extract -d "$a" -t orders)
	try portl-load -d "$b" --foreign-keys=recheck < <(portl-extract -d "$a" -t orders)
	assert_status 0
	same
	assert_eq "$(q "$b" "SELECT pg_get_constraintdef(oid), obj_description(oid) FROM pg_constraint WHERE conname = 'who; --'")" \
		"FOREIGN KEY (customer) REFERENCES customer(id) ON DELETE CASCADE DEFERRABLE|it's who"
	try portl-load -d "$b" --foreign-keys=recheck --rejects="$d/r" < <(portl-extract -d "$a" -t orders)
	assert_status 64
}

@test "a sequence of its own moves forward, and never back" {
	q "$a" "CREATE TABLE t (id int); CREATE SEQUENCE s; CREATE SEQUENCE never; SELECT setval('s', 41)"
	q "$b" "CREATE TABLE t (id int); CREATE SEQUENCE s; CREATE SEQUENCE never; SELECT nextval('never')"
	take < <(send)
	assert_status 0
	assert_eq "$(q "$b" "SELECT nextval('s'), nextval('never')")" '42|2'
	q "$b" "SELECT setval('s', 99)"
	take < <(send)
	assert_status 0
	assert_eq "$(q "$b" "SELECT nextval('s')")" 100
	q "$b" 'DROP SEQUENCE never'
	take < <(send)
	assert_status 5
	assert_stderr_has 'sequence "public.never" does not exist'
	take --no-sync-sequences < <(send)
	assert_status 0
}

@test "a sequence that cannot go so far is said before any row, with all else" {
	q "$a" "CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE SEQUENCE big; SELECT setval('big', 70000);
		CREATE SEQUENCE down INCREMENT -1; SELECT setval('down', -50); CREATE SEQUENCE low; SELECT setval('low', 5)"
	q "$b" "CREATE TABLE t (other int); CREATE SEQUENCE big AS smallint; CREATE SEQUENCE down INCREMENT -1 MINVALUE -49;
		CREATE SEQUENCE low MINVALUE 10 START 10"
	take < <(send)
	assert_status 5
	assert_stderr_has '3 of 4 relations cannot take their streams'
	assert_stderr_has 'sequence "public.big" cannot be moved to 70000'
	assert_stderr_has 'it is of type smallint and goes from 1 to 32767'
	assert_stderr_has 'sequence "public.down" cannot be moved to -50'
	assert_stderr_has 'column "id"'
	q "$b" 'ALTER TABLE t RENAME other TO id; DROP SEQUENCE big, down; CREATE SEQUENCE big; CREATE SEQUENCE down INCREMENT -1'
	take < <(send)
	assert_status 0
	assert_eq "$(q "$b" 'SELECT big.last_value, down.last_value, low.last_value FROM big, down, low')" '70000|-50|10'
}

# partitions: in both, tree with p1 and p2, and leaf before it by name.
partitions()
{
	q "$1" "CREATE TABLE p (id int PRIMARY KEY, up int) PARTITION BY RANGE (id);
		CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
		CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
		CREATE TABLE child (id int PRIMARY KEY, p int, other int)"
}

@test "a partition has its root's foreign keys, in both directions" {
	partitions "$a"
	q "$a" 'INSERT INTO p VALUES (1, 1), (11, 1); INSERT INTO child VALUES (1, 1, NULL), (2, 11, NULL)'
	portl-extract -d "$a" -t child -t p1 -t p2 >"$d/set"
	partitions "$b"
	q "$b" 'ALTER TABLE child ADD CONSTRAINT "to p" FOREIGN KEY (p) REFERENCES p'
	take "$d/set"
	assert_status 5
	assert_stderr_has 'public.child comes before a table that its foreign key "to p" refers to'
	take --foreign-keys=recheck "$d/set"
	assert_status 0
	q "$b" 'DELETE FROM child; DELETE FROM p; ALTER TABLE child DROP CONSTRAINT "to p",
		ADD CONSTRAINT "to p" FOREIGN KEY (p) REFERENCES p DEFERRABLE'
	take "$d/set"
	assert_status 0
	take --truncate -t p1 "$d/set"
	assert_status 5
	assert_stderr_has 'foreign key "to p" of public.child, which is not among the relations'

	# a key of the root is the partition's that comes first, and is dropped for need only
	q "$b" 'ALTER TABLE child DROP CONSTRAINT "to p"; DELETE FROM child; DELETE FROM p;
		ALTER TABLE p ADD CONSTRAINT self FOREIGN KEY (up) REFERENCES p'
	q "$a" 'UPDATE p SET up = 11 WHERE id = 1'
	portl-extract -d "$a" -t p1 -t p2 >"$d/set"
	take "$d/set"
	assert_status 5
	assert_stderr_has 'public.p comes before a table that its foreign key "self" refers to'
	q "$b" 'DELETE FROM p; CREATE TABLE log (t text); CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS
		$$BEGIN INSERT INTO log VALUES (tg_tag); END$$; CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION note()'
	q "$a" 'UPDATE p SET up = NULL; UPDATE p SET up = 1 WHERE id = 11'
	take --foreign-keys=recheck < <(portl-extract -d "$a" -t p1 -t child)
	assert_status 0
	assert_eq "$(q "$b" "SELECT count(*) FROM log WHERE t = 'ALTER TABLE'")" 0
	q "$b" 'DELETE FROM p; DELETE FROM child'
	take --foreign-keys=recheck "$d/set"
	assert_status 0
	assert_eq "$(q "$b" "SELECT count(*) FROM log WHERE t = 'ALTER TABLE'")" 2
}

@test "--foreign-keys=recheck asks once what all relations look like" {
	shop "$a"
	fill "$a"
	shop "$b"
	psql -Xq -d postgres -c "ALTER DATABASE $b SET log_statement = 'all'"
	send >"$d/set" # which does not wait, so that nothing is asked beforehand
	log_from_here
	take --foreign-keys=recheck <"$d/set"
	assert_status 0
	# planned, held, dropped, looked at before COMMIT
	assert_eq "$(logged "$b" | grep -c 'referred to')" 4
}

@test "the manifest of many relations comes in documents that are small to read" {
	q "$a" "DO \$\$BEGIN FOR i IN 1..300 LOOP EXECUTE format('CREATE TABLE m%s (id int, a text, b timestamptz)', i); END LOOP; END\$\$"
	send -F ndjson >"$d/set"
	head -n 2 "$d/set" | grep -c '"manifest"' | grep -qx 2
	[ "$(head -n 1 "$d/set" | wc -c)" -lt 70000 ]
	q "$b" 'CREATE SCHEMA x'
	take --create --into-schema=x "$d/set"
	assert_status 0
	assert_eq "$(q "$b" "SELECT count(*) FROM pg_tables WHERE schemaname = 'x'")" 300
}

# peak COMMAND...: print the kB of memory that it took at the most.
peak()
{
	rm -f "$d/sample"
	"$BUILD/bench/measure" "$d/sample" "$@"
	cut -d ' ' -f 4 "$d/sample"
}

@test "what a relation of many costs in memory: less than 1 kB on either side" {
	local db read loaded

	needs_own_memory
	for db in "$a" "$b"; do
		q "$db" "CREATE SCHEMA few; CREATE SCHEMA many; DO \$\$BEGIN FOR i IN 1..1400 LOOP EXECUTE format(
			'CREATE TABLE %s.t%s (id int, a text, b timestamptz, c numeric(10,2))', CASE WHEN i > 1200 THEN 'few' ELSE 'many' END, i);
			END LOOP; END\$\$"
	done
	read=$(($(peak portl-extract -d "$a" --schema=many -o "$d/many") - $(peak portl-extract -d "$a" --schema=few -o "$d/few")))
	loaded=$(($(peak portl-load -d "$b" "$d/many") - $(peak portl-load -d "$b" "$d/few")))
	echo "1200 relations and 200: $read kB more, $loaded kB more"
	[ "$read" -lt 1000 ]
	[ "$loaded" -lt 1000 ]
}

@test "--csv=DIR/ writes a file for each relation, all or none" {
	shop "$a"
	fill "$a"
	send >"$d/set"
	run -0 portl-load --csv="$d/out/" --summary="$d/sum" "$d/set"
	assert_eq "$(ls "$d/out")" $'public.customer.csv\npublic.note.csv\npublic.orders.csv'
	assert_eq "$(cat "$d/out/public.customer.csv" "$d/out/public.note.csv")" $'id,name\n1,c1\n2,c2\n3,c3\nid,t'
	assert_eq "$(jq -c '[.rows.inserted, (.relations | length)]' "$d/sum")" '[8,3]'
	try portl-load --csv="$d/out/" "$d/set"
	assert_status 1
	assert_stderr_has 'is not empty'
	mkdir "$d/empty"
	try portl-load --csv="$d/empty/" < <(head -c -20 "$d/set")
	assert_status 4
	assert_eq "$(ls -A "$d/empty")" ''
	run -0 portl-load --csv="$d/empty/" "$d/set"
	assert_eq "$(find "$d/empty" -name '*.csv' | wc -l)" 3
	try portl-load --csv="$d/one" "$d/set"
	assert_status 64
	assert_stderr_has '--csv=DIR/'
	assert_eq "$(find "$d" -name '*.part' -o -name one)" ''
}

@test "a table that is altered between plan and rows keeps all out" {
	shop "$a"
	fill "$a"
	shop "$b"
	send -F ndjson >"$d/set"
	mkfifo "$d/pipe"
	portl-load -v -d "$b" "$d/pipe" 2>"$d/err" &
	exec 7>"$d/pipe"
	head -n 2 "$d/set" >&7 # the manifest, and a header
	wait_until 30 grep -q 'Plan for public.customer' "$d/err"
	q "$b" 'ALTER TABLE orders ADD CHECK (id > 0)'
	tail -n +3 "$d/set" >&7
	exec 7>&-
	wait $! || status=$?
	assert_eq "$status" 1
	assert_eq "$(grep -c 'was altered just now' "$d/err")" 1
	assert_eq "$(q "$b" 'SELECT count(*) FROM customer')" 0
}

@test "a job file says for each relation how it is loaded" {
	shop "$a"
	fill "$a"
	shop "$b"
	q "$b" "ALTER TABLE customer RENAME name TO called; ALTER TABLE note ADD UNIQUE (t);
		INSERT INTO customer VALUES (1, 'old'); INSERT INTO orders VALUES (1, 1)"
	printf '%s\n' "source: {database: $a, tables: [customer, orders, note]}" \
		"destination: {database: $b}" 'tables:' '  customer: {map: name=called, conflict: skip}' \
		'  public.orders: {conflict: overwrite}' '  note: {conflict: skip, key: t}' >"$d/job.yaml"
	try portl run --summary="$d/sum" "$d/job.yaml"
	assert_status 0
	assert_eq "$(q "$b" 'SELECT * FROM customer ORDER BY id')" $'1|old\n2|c2\n3|c3'
	assert_eq "$(rows "$b" orders)" "$(rows "$a" orders)"
	sed 's/key: t/newer: t/' "$d/job.yaml" >"$d/bad.yaml"
	try portl run "$d/bad.yaml"
	assert_status 78
	assert_stderr_has 'tables.note: --newer needs --conflict=overwrite'
	send -t orders >"$d/set"
	try portl-load -f "$d/job.yaml" "$d/set"
	assert_status 0
	sed 's/  note:/  nose:/' "$d/job.yaml" >"$d/bad.yaml"
	try portl-load -f "$d/bad.yaml" "$d/set"
	assert_status 78
	assert_stderr_has 'it is not in the set'
}

@test "--foreign-keys=recheck leaves alone what it could not bring back as it was" {
	q "$a" 'CREATE TABLE base (id int PRIMARY KEY); CREATE TABLE child (id int, p int);
		INSERT INTO base VALUES (1); INSERT INTO child VALUES (1, 1), (2, 5)'
	q "$b" 'CREATE TABLE base (id int PRIMARY KEY); CREATE TABLE child (id int, p int);
		ALTER TABLE child ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES base NOT VALID'
	take --foreign-keys=recheck < <(send)
	assert_status 1
	assert_eq "$(q "$b" 'SELECT count(*) FROM child')" 0
	q "$b" 'ALTER TABLE child VALIDATE CONSTRAINT fk; ALTER TABLE child DISABLE TRIGGER ALL'
	take --foreign-keys=recheck < <(send)
	assert_status 0
	assert_eq "$(q "$b" "SELECT DISTINCT tgenabled FROM pg_trigger WHERE tgrelid = 'child'::regclass")" D
	q "$b" 'DELETE FROM child; DELETE FROM base; ALTER TABLE child ENABLE TRIGGER ALL'
	q "$b" "CREATE ROLE ${b}_r LOGIN; ALTER TABLE child OWNER TO ${b}_r; GRANT ALL ON base TO ${b}_r;
		ALTER TABLE child ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY p ON child USING (p < 0) WITH CHECK (true)"
	take -U "${b}_r" --foreign-keys=recheck < <(send)
	assert_status 5
	assert_stderr_has 'row security would hide rows from the check of foreign key "fk"'
	q "$b" "ALTER TABLE child DISABLE ROW LEVEL SECURITY; REVOKE REFERENCES ON base FROM ${b}_r"
	take -U "${b}_r" --foreign-keys=recheck < <(send)
	assert_status 5
	assert_stderr_has 'REFERENCES'
	q "$b" "DROP OWNED BY ${b}_r; DROP ROLE ${b}_r"
}

@test "--truncate empties no inheritance child that is not loaded" {
	q "$a" 'CREATE TABLE p (id int); CREATE TABLE other (id int); INSERT INTO p VALUES (1)'
	q "$b" 'CREATE TABLE p (id int); CREATE TABLE other (id int); CREATE TABLE child () INHERITS (p);
		INSERT INTO child VALUES (7); INSERT INTO p VALUES (8)'
	take --truncate < <(send)
	assert_status 0
	assert_eq "$(q "$b" 'SELECT * FROM p ORDER BY 1')" $'1\n7'
}

@test "a dry run moves no sequence, and neither does a run that fails" {
	q "$a" "CREATE SEQUENCE s; SELECT setval('s', 500); CREATE TABLE p (id int PRIMARY KEY);
		CREATE TABLE c (id int REFERENCES p)"
	q "$b" 'CREATE SEQUENCE s; CREATE TABLE p (id int PRIMARY KEY);
		CREATE TABLE c (id int REFERENCES p DEFERRABLE INITIALLY DEFERRED)'
	take -n < <(portl-extract -d "$a" -t s -t p)
	assert_status 0
	take -n < <(portl-extract -d "$a" --schema=public -t 's*' --exclude-table='[cp]')
	assert_status 0
	assert_eq "$(q "$b" 'SELECT last_value, is_called FROM s')" '1|f'
	q "$a" 'ALTER TABLE c DROP CONSTRAINT c_id_fkey; INSERT INTO c VALUES (3)'
	take < <(send)
	assert_status 1
	assert_stderr_has 'violates foreign key'
	assert_eq "$(q "$b" 'SELECT last_value, is_called FROM s')" '1|f'
}

@test "two relations for one are refused, by name" {
	q "$a" 'CREATE SCHEMA x; CREATE SCHEMA y; CREATE TABLE x.t (a int); CREATE TABLE y.t (a int)'
	q "$b" 'CREATE SCHEMA z; CREATE TABLE z.t (a int)'
	take --into-schema=z < <(portl-extract -d "$a" -t '?.t')
	assert_status 5
	assert_stderr_has 'two relations of the set are for "z.t"'
	q "$b" 'DROP TABLE z.t'
	take --create --into-schema=z < <(portl-extract -d "$a" -t '?.t')
	assert_status 5
}

@test "of a set of which one is loaded, its own rows count" {
	shop "$a"
	fill "$a"
	shop "$b"
	q "$b" "INSERT INTO note VALUES (1, 'stays')"
	take -t note --truncate < <(send)
	assert_status 1
	assert_eq "$(q "$b" 'SELECT t FROM note')" stays
	take -t orders --min-rows=6 --conflict=skip < <(send)
	assert_status 1
	q "$b" "INSERT INTO customer SELECT i, 'c' FROM generate_series(1, 3) i"
	take -t orders --min-rows=5 < <(send)
	assert_status 0
	assert_eq "$(counts "$d/sum")" '5 5 0 0 0'
}

@test "check shows each relation's own plan, sequences among them" {
	q "$a" 'CREATE SEQUENCE aa; CREATE TABLE ab (i int); CREATE SEQUENCE ac; CREATE TABLE ad (j int)'
	q "$b" 'CREATE SEQUENCE aa; CREATE TABLE ab (i int); CREATE SEQUENCE ac; CREATE TABLE ad (j int, k int)'
	run -0 portl-load -d "$b" --check=plan < <(send)
	assert_eq "$(sed -n 's/^target  *//p' <<<"$output" | sort | xargs)" 'public.aa public.ab public.ac public.ad'
	q "$b" 'ALTER TABLE ad DROP j'
	try portl-load -d "$b" --check=plan < <(send)
	assert_status 5
	send -t ab >"$d/set"
	cat <(portl-extract -d "$a" -t ab) "$d/set" >"$d/two"
	take --streams=2 -t ab "$d/two"
	assert_status 64
}

@test "progress is that of all relations, and says which one is at work" {
	shop "$a"
	fill "$a"
	shop "$b"
	q "$a" 'ANALYZE'
	send >"$d/set"
	mkfifo "$d/pipe"
	portl-load -P -d "$b" "$d/pipe" 2>"$d/err" &
	exec 7>"$d/pipe"
	head -c -1 "$d/set" >&7
	wait_until 30 grep -q '3 of 3' "$d/err"
	tail -c 1 "$d/set" >&7
	exec 7>&-
	wait $!
	run -0 portl-load --csv="$d/checked/" --check=plan "$d/set"
	assert_eq "$(find "$d" -name 'checked*')" ''
}

@test "a table that another session holds is waited for, in the plan and behind it" {
	shop "$a"
	fill "$a"
	shop "$b"
	send >"$d/set"
	open_session "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"
	portl-load -d "$b" --summary="$d/sum" "$d/set" 3>&- &
	wait_for "$b" "EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass)"
	close_session COMMIT
	wait $!
	assert_eq "$(jq .rows.inserted "$d/sum")" 8
	open_session "BEGIN; LOCK TABLE note IN SHARE MODE"
	portl-load -d "$b" --truncate --min-rows=0 --summary="$d/sum" "$d/set" 3>&- &
	wait_for "$b" "EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'note'::regclass)"
	close_session COMMIT
	wait $!
	assert_eq "$(jq .rows.inserted "$d/sum")" 8
	assert_eq "$(q "$b" 'SELECT count(*) FROM orders')" 5
}
