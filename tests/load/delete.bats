#!/usr/bin/env bats
# --delete, --scope, --max-delete: what becomes of rows that are not in the stream.
# shellcheck disable=SC2034,SC2154 # bats' and our variables

load ../lib/common
load ../lib/load

setup()
{
	fresh_db a b
	q "$a" "CREATE TABLE t (id int PRIMARY KEY, v text, n int);
		INSERT INTO t VALUES (1, 'one', 1), (2, 'two', NULL), (3, 'three', 3)"
	make_t
	stream=$BATS_TEST_TMPDIR/stream
}

# bring [EXTRACT-OPTION... :] LOAD-OPTION...: what $a has in t to $b; sets receipt and deleted.
# load_stream ARGUMENT...: the file $stream.
bring()
{
	local options=(-t t)

	if [[ " $* " == *" : "* ]]; then
		while [ "$1" != : ]; do
			options+=("$1") && shift
		done
		shift
	fi
	[ "${options[2]-}" != -t ] || options=("${options[@]:2}")
	portl-extract -d "$a" "${options[@]}" -o "$stream"
	load_stream "$@"
}

load_stream()
{
	[[ $* == *--conflict* ]] || set -- --conflict=overwrite "$@"
	try portl-load -d "$b" --summary="$BATS_TEST_TMPDIR/sum" "$@" "$stream"
	receipt=$(counts "$BATS_TEST_TMPDIR/sum")
	deleted=''
	[[ ! -s $BATS_TEST_TMPDIR/sum || ! $(<"$BATS_TEST_TMPDIR/sum") =~ \"rows\":\{[^\}]*\"deleted\":([0-9]+|null) ]] ||
		deleted=${BASH_REMATCH[1]}
}

# kept CODE TEXT: the load was refused so, and t is as it was.
kept()
{
	assert_status "$1"
	assert_stderr_has "$2"
	t_is '1|one|1' '2|two|' '3|three|3'
}

@test "rows that are not in the stream are deleted, others are as with --conflict alone" {
	q "$a" "DELETE FROM t WHERE id = 2; UPDATE t SET v = 'drei' WHERE id = 3; INSERT INTO t VALUES (4, 'vier', 4)"
	bring --delete
	loaded '3 1 1 1 0'
	assert_eq "$deleted" 1
	t_is '1|one|1' '3|drei|3' '4|vier|4'
}

@test "skip and merge delete as well" {
	q "$a" "DELETE FROM t WHERE id = 1; UPDATE t SET v = NULL, n = 2 WHERE id = 2"
	bring --delete --conflict=skip
	assert_status 0
	t_is '2|two|' '3|three|3'
	q "$a" "DELETE FROM t WHERE id = 3"
	bring --delete --conflict=merge
	assert_status 0
	t_is '2|two|2'
}

@test "a row that stays as it is for --newer is not absent, nor is one that comes twice" {
	q "$b" "UPDATE t SET n = 9"
	bring --delete --newer=n
	assert_status 0
	t_is '1|one|9' '2|two|9' '3|three|9'
	portl-extract -d "$a" -c 'SELECT id, v, n FROM t UNION ALL SELECT 3, v, 7 FROM t WHERE id = 3' -o "$stream"
	load_stream -t t --delete --scope=true
	assert_status 0
	t_is '1|one|1' '2|two|' '3|three|7'
}

@test "--max-delete: beyond it nothing is committed; an empty source deletes nothing" {
	q "$a" "DELETE FROM t"
	bring --delete
	kept 1 '3 of 3 rows of "t" are not in the stream, more than --max-delete=50%'
	q "$a" "INSERT INTO t VALUES (3, 'neu', 3)"
	bring --delete
	kept 1 '2 of 3 rows of "t"'
	bring --delete --max-delete=1
	kept 1 '2 rows of "t" are not in the stream, more than --max-delete=1 lets'
	bring --delete --max-delete=66%
	kept 1 '2 of 3 rows'
	bring --delete --max-delete=67%
	assert_status 0
	assert_eq "$deleted" 2
	t_is '3|neu|3'
	q "$a" "DELETE FROM t"
	bring --delete --max-delete=0
	assert_status 1
	bring --delete --max-delete=1
	assert_status 0
	t_is
}

@test "a cut stream deletes nothing" {
	q "$a" "DELETE FROM t WHERE id = 2"
	portl-extract -d "$a" -t t -o "$stream.whole"
	size=$(stat -c %s "$stream.whole")
	for cut in 1 30 $((size / 2)); do
		head -c -"$cut" "$stream.whole" >"$stream"
		load_stream --delete
		kept 4 ''
	done
	portl-extract -d "$a" -t t -F ndjson | sed '$d' >"$stream"
	load_stream --delete
	kept 4 ''
}

@test "a stream that has not all rows deletes nothing without --scope" {
	bring --where 'id <> 2' : --delete
	kept 5 'the stream has not all rows of its relation (where)'
	assert_stderr_has 'have portl-extract send the keys of all (--with-keys), or say with --scope'
	bring --limit 2 : --delete
	kept 5 '(limit)'
	bring --limit 5 --where true : --delete
	kept 5 '(where, limit)'
	portl-extract -d "$a" -c 'SELECT * FROM t' -o "$stream"
	load_stream -t t --delete
	kept 5 '(query)'
	portl-extract -d "$a" -t t -F ndjson | sed '1s/,"partial":\[\]//' >"$stream"
	load_stream --delete --edited
	kept 5 'the stream does not say that it has all rows'
	portl-extract -d "$a" -t t -F ndjson | sed '1s/"partial":\[\]/"partial":["moon"]/' >"$stream"
	load_stream --delete --edited
	kept 5 '(other)'
	portl-extract -d "$a" -t t -F ndjson --bare >"$stream"
	load_stream -t t --delete
	kept 5 'no end document'
	psql -XAtq -d "$a" -c 'COPY t TO STDOUT (FORMAT binary)' >"$stream"
	load_stream -t t --delete --scope=true
	kept 5 'no end document'
}

@test "rows that policies may hide are not absent" {
	q "$a" "CREATE ROLE portl_$a LOGIN; GRANT SELECT ON t TO portl_$a; ALTER TABLE t ENABLE ROW LEVEL SECURITY;
		CREATE POLICY p ON t USING (id <> 2); CREATE VIEW w AS SELECT * FROM t; GRANT SELECT ON w TO portl_$a"
	bring -U "portl_$a" --enable-row-security : --delete
	kept 5 '(row_security)'
	bring -t w -U "portl_$a" --enable-row-security : -t t --delete
	kept 5 '(row_security)'
	q "$a" "DROP OWNED BY portl_$a; DROP ROLE portl_$a"
}

@test "rows that policies of the target hide stay, and that is said" {
	q "$b" "CREATE ROLE portl_$b LOGIN; GRANT ALL ON t TO portl_$b; ALTER TABLE t ENABLE ROW LEVEL SECURITY;
		CREATE POLICY p ON t USING (id <> 2) WITH CHECK (true)"
	q "$a" "DELETE FROM t WHERE id <> 1"
	bring --delete --max-delete=100% -U "portl_$b"
	assert_status 0
	assert_stderr_has 'rows of "t" that row security hides from this role stay'
	t_is '1|one|1' '2|two|'
	bring --delete --max-delete=100% -U "portl_$b" --scope='id <> 2'
	assert_silent 0
	q "$b" "DROP OWNED BY portl_$b; DROP ROLE portl_$b"
}

@test "an edited stream needs --scope" {
	portl-extract -d "$a" -t t -F ndjson | sed 's/three/drei/' >"$stream"
	load_stream --delete --edited
	kept 5 'the stream was edited on the way'
	load_stream --delete --edited --scope=true
	loaded '3 0 1 2 0'
	t_is '1|one|1' '2|two|' '3|drei|3'
}

@test "what --rejects has written is not all that there is" {
	q "$b" "ALTER TABLE t ADD CHECK (id <> 4)"
	q "$a" "INSERT INTO t VALUES (4, 'vier', 4)"
	portl-extract -d "$a" -t t | portl-load -d "$b" --conflict=overwrite --rejects="$stream" || [ $? -eq 3 ]
	q "$b" "ALTER TABLE t DROP CONSTRAINT t_id_check"
	load_stream --delete
	kept 5 '(rejects)'
}

@test "a CSV file speaks for itself" {
	printf 'id,v,n\n1,one,1\n3,drei,3\n' >"$BATS_TEST_TMPDIR/t.csv"
	portl-extract --csv "$BATS_TEST_TMPDIR/t.csv" -o "$stream"
	load_stream -t t --delete
	assert_status 0
	t_is '1|one|1' '3|drei|3'
	portl-extract --csv "$BATS_TEST_TMPDIR/t.csv" --limit 1 -o "$stream"
	load_stream -t t --delete
	assert_status 5
	assert_stderr_has '(limit)'
}

@test "what does not go with --delete is refused before anything is read" {
	for other in --conflict=fail --commit=batch --truncate --rejects=x --edited=rows --bare; do
		try portl-load -d "$b" --conflict=overwrite $other --delete /dev/null
		[ "$other" != --conflict=fail ] || try portl-load -d "$b" --delete /dev/null
		assert_status 64
		assert_stderr_has -- --delete
	done
	for most in -1 101% 5%% x '' 1.5% 99999999999999999999; do
		try portl-load -d "$b" --conflict=skip --delete --max-delete="$most" /dev/null
		assert_status 64
		assert_stderr_has -- '--max-delete takes'
	done
	try portl-load -d "$b" --conflict=skip --scope=true /dev/null
	assert_status 64
	try portl-load -d "$b" --conflict=skip --max-delete=1 /dev/null
	assert_status 64
}

@test "--scope: rows outside of it stay, and are not counted" {
	q "$b" "INSERT INTO t VALUES (7, 'ours', 70), (8, 'ours', 80), (9, 'theirs', 90)"
	q "$a" "DELETE FROM t WHERE id = 1"
	bring --where "v <> 'ours'" : --delete --scope="v <> 'ours' -- theirs"
	assert_status 0
	assert_eq "$deleted" 2
	t_is '2|two|' '3|three|3' '7|ours|70' '8|ours|80'
	q "$a" "DELETE FROM t WHERE id = 2"
	bring --delete --scope='t.id < 3 AND id IN (SELECT id FROM public.t)' --max-delete=0%
	assert_status 1
	assert_stderr_has '1 of 1 rows of "t" in its scope'
}

@test "--scope is one expression, whatever it holds" {
	q "$a" "DELETE FROM t WHERE id = 2"
	for text in 'false) OR (true' 'true) -- ' 'true; DROP TABLE t' 'true) OR EXISTS (SELECT 1' \
		'true]) [1] OR (ARRAY[true' 'true /*' '' 'true, true' 1 'count(*) > 0' 'nix = 1' \
		'false)) AS o, (SELECT id AS k1 FROM t WHERE (true'; do
		portl-extract -d "$a" -t t -o "$stream"
		load_stream --delete --scope="$text"
		kept 5 '--scope: '
	done
	# brackets of both kinds within the expression
	load_stream --delete --scope="(ARRAY[id])[1] < 3 AND v <> ')]' /* ) ] */"
	assert_status 0
	t_is '1|one|1' '3|three|3'
}

null_keys()
{
	q "$b" "DROP TABLE t; CREATE TABLE t (k int UNIQUE NULLS NOT DISTINCT, v int); INSERT INTO t VALUES (1, 0), (NULL, 0), (2, 0)"
	bring --delete --key=k --max-delete=2
	assert_status 0
	t_is '1|1' '3|3'
	q "$a" "INSERT INTO t VALUES (NULL, 7)"
	q "$b" "INSERT INTO t VALUES (NULL, 0), (4, 0)"
	bring --delete --key=k
	assert_status 0
	t_is '1|1' '3|3' '|7'

	# a composite whose attribute is NULL is no NULL
	for db in "$a" "$b"; do
		q "$db" 'CREATE TYPE pair AS (a int, b int); CREATE TABLE c (k pair UNIQUE, v int)'
	done
	q "$a" 'INSERT INTO c VALUES ((1, 1), 1)'
	q "$b" 'INSERT INTO c VALUES ((1, 1), 0), ((2, NULL), 2), ((NULL, NULL), 3), (NULL, 4)'
	bring -t c : --delete --key=k --max-delete=100%
	assert_status 0
	assert_eq "$deleted" 2
	assert_eq "$(q "$b" 'SELECT * FROM c ORDER BY v')" $'(1,1)|1\n|4'

	# in partitions, of another type; the second time others refer to it
	q "$a" "CREATE TABLE n (k int, j text, v int); INSERT INTO n VALUES (1, NULL, 1), (NULL, NULL, 2)"
	q "$b" "CREATE TABLE n (k int, j varchar(9), v int, UNIQUE NULLS NOT DISTINCT (k, j)) PARTITION BY LIST (k);
		CREATE TABLE n1 PARTITION OF n FOR VALUES IN (1, NULL); CREATE TABLE n2 PARTITION OF n DEFAULT"
	for refers in '' 'CREATE TABLE ref (k int, j varchar(9), FOREIGN KEY (k, j) REFERENCES n (k, j))'; do
		q "$b" "$refers; TRUNCATE n CASCADE; INSERT INTO n VALUES (1, NULL, 0), (1, 'x', 0), (NULL, 'x', 0), (NULL, NULL, 0), (2, NULL, 0)"
		bring -t n : --delete --key=k,j --max-delete=100%
		assert_status 0
		assert_eq "$deleted" 3
		assert_eq "$(q "$b" 'SELECT * FROM n ORDER BY k')" $'1||1\n||2'
	done
}

@test "a key is what its index compares: composite, mapped, cast, collated, NULL, inherited, partitioned" {
	q "$a" "DROP TABLE t; CREATE TABLE t (k text, j numeric, v int);
		INSERT INTO t VALUES ('a', 1.0, 1), ('a', 2, 2), ('B ', 3.00, 3)"
	q "$b" "DROP TABLE t; CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE TABLE t (one varchar(5) COLLATE ci, two int, v int, UNIQUE (one, two));
		INSERT INTO t VALUES ('A', 1, 0), ('b ', 3, 0), ('b', 3, 0), ('a', 4, 0), (NULL, 1, 0), ('a', NULL, 0)"
	bring --delete --map=k=one,j=two --key=two,one
	assert_status 0
	assert_eq "$deleted" 2
	# a row without a key is nobody's
	assert_eq "$(q "$b" "SELECT one, two, v FROM t ORDER BY v, one COLLATE \"C\"")" $'a||0\n|1|0\nA|1|1\na|2|2\nb |3|3'

	q "$a" "DROP TABLE t; CREATE TABLE t (k int, v int); INSERT INTO t VALUES (1, 1), (3, 3)"
	! since 15 'NULLS NOT DISTINCT' || null_keys
	q "$b" "DROP TABLE IF EXISTS t; CREATE TABLE t (k int PRIMARY KEY, v int); CREATE TABLE child () INHERITS (t);
		INSERT INTO t VALUES (9, 9), (3, 0); INSERT INTO child VALUES (8, 8)"
	q "$a" "DELETE FROM t WHERE k IS NULL"
	bring --delete
	assert_status 0
	assert_stderr_has 'tables inherit from "t": their rows are not looked at'
	t_is '1|1' '3|3' '8|8'

	q "$b" "DROP TABLE t CASCADE; CREATE TABLE t (k int PRIMARY KEY, v int) PARTITION BY RANGE (k);
		CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (3); CREATE TABLE t2 PARTITION OF t DEFAULT;
		INSERT INTO t VALUES (1, 0), (2, 0), (3, 3), (4, 4)"
	bring --delete
	loaded '2 0 1 1 0'
	assert_eq "$deleted" 2
	t_is '1|1' '3|3'
}

@test "several streams: what none of them has is absent" {
	q "$a" "DELETE FROM t WHERE id = 2"
	portl-extract -d "$a" -t t -o "$stream.1"
	q "$a" "DELETE FROM t; INSERT INTO t VALUES (2, 'zwei', 2), (4, 'vier', 4)"
	portl-extract -d "$a" -t t -o "$stream.2"
	cat "$stream.1" "$stream.2" >"$stream"
	q "$b" "INSERT INTO t VALUES (7, 'x', 7)"
	load_stream --delete --streams=2 --max-delete=1
	assert_status 0
	assert_eq "$deleted" 1
	t_is '1|one|1' '2|zwei|2' '3|three|3' '4|vier|4'
	q "$b" "INSERT INTO t VALUES (7, 'x', 7), (8, 'x', 8)"
	load_stream --delete --streams=2 --max-delete=1
	assert_status 1
	assert_stderr_has '2 rows of "t"'
}

@test "a unique value goes from a row that is gone to one that is new" {
	q "$a" "ALTER TABLE t ADD UNIQUE (v); DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (5, 'two', 5)"
	q "$b" "ALTER TABLE t ADD UNIQUE (v)"
	# what comes behind the rows comes too late for them, and that is said
	portl-extract -d "$a" -t t --with-keys -o "$stream"
	load_stream --delete
	assert_status 1
	assert_stderr_has 'Key (v)=(two) already exists.'
	assert_stderr_has 'A run of all rows (portl-extract --since=none, without --with-keys) deletes them first'
	bring --delete
	assert_status 0
	t_is '1|one|1' '3|three|3' '5|two|5'
}

@test "rows that others refer to: refused by the constraint's name, other tables stay as they are" {
	q "$b" "CREATE TABLE child (t int REFERENCES t); INSERT INTO child VALUES (2)"
	q "$a" "DELETE FROM t WHERE id = 2"
	bring --delete
	kept 1 'foreign key constraint "child_t_fkey"'
	assert_stderr_has 'load that table first, or both as a set'
	for action in CASCADE 'SET NULL' 'SET DEFAULT'; do
		q "$b" "ALTER TABLE child DROP CONSTRAINT child_t_fkey;
			ALTER TABLE child ADD CONSTRAINT child_t_fkey FOREIGN KEY (t) REFERENCES t ON DELETE $action"
		bring --delete
		kept 5 'foreign key "child_t_fkey" would delete or change rows of public.child'
	done
	bring --delete=cascade
	assert_status 0
	assert_eq "$(q "$b" "SELECT count(*), count(t) FROM child")" '1|0'
	t_is '1|one|1' '3|three|3'
	# what refers is taken elsewhere before
	q "$b" "DROP TABLE child; CREATE TABLE s (id int PRIMARY KEY, up int REFERENCES s); INSERT INTO s VALUES (1, NULL), (2, 1), (3, 2)"
	q "$a" "CREATE TABLE s (id int PRIMARY KEY, up int REFERENCES s); INSERT INTO s VALUES (1, NULL), (3, 1)"
	bring -t s : --delete
	assert_status 0
	assert_eq "$(q "$b" "TABLE s ORDER BY id")" $'1|\n3|1'
}

@test "triggers: one that keeps rows is told of, one that changes keys costs no row" {
	q "$b" "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN CASE WHEN old.id <> 2 THEN old END; END';
		CREATE TRIGGER keep BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION keep()"
	q "$a" "DELETE FROM t WHERE id <> 3"
	bring --delete --max-delete=100%
	assert_status 0
	assert_eq "$deleted" 1
	assert_stderr_has '1 rows of "t" are not in the stream and still there: a trigger or a policy has kept them'
	t_is '2|two|' '3|three|3'

	q "$b" "DROP TRIGGER keep ON t; CREATE TABLE child (t int REFERENCES t);
		CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.id = new.id + 10; RETURN new; END';
		CREATE TRIGGER move BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION move(); INSERT INTO t VALUES (3, 'thirteen', 0)"
	q "$a" "UPDATE t SET v = 'thirteen', n = 0; DELETE FROM t WHERE id <> 3"
	bring --delete --max-delete=100%
	assert_status 0 # it is there
	bring --delete --max-delete=100%
	assert_status 0
	q "$a" "UPDATE t SET id = 5"
	bring --delete --max-delete=100%
	assert_status 1
	assert_stderr_has 'a key of the stream is not in "t"'
	q "$b" "DROP TRIGGER move ON t; DELETE FROM t; INSERT INTO t VALUES (5, 'x', 1), (6, 'x', 1);
		CREATE TABLE k (v varchar(3) PRIMARY KEY, n int); CREATE TABLE kk (v varchar(3) REFERENCES k); INSERT INTO k VALUES ('ab ', 1)"
	q "$a" "CREATE TABLE k (v text PRIMARY KEY, n int); INSERT INTO k VALUES ('ab    ', 1)"
	bring -t k : --delete --max-delete=100% # cut as the type cuts it
	assert_status 0
	assert_eq "$deleted" 0
	assert_eq "$(q "$b" "TABLE k")" 'ab |1'

	# nobody refers to this one: yet the row that a key becomes is not deleted before it comes
	q "$a" "CREATE TABLE l (k text PRIMARY KEY, v int); INSERT INTO l VALUES ('A', 1)"
	q "$b" "CREATE TABLE l (k text PRIMARY KEY, v int, note text); INSERT INTO l VALUES ('a', 0, 'kept');
		CREATE FUNCTION low() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.k = lower(new.k); RETURN new; END';
		CREATE TRIGGER low BEFORE INSERT ON l FOR EACH ROW EXECUTE FUNCTION low()"
	bring -t l : --delete --max-delete=100%
	assert_status 1
	assert_stderr_has 'a key of the stream is not in "l"'
	assert_eq "$(q "$b" 'TABLE l')" 'a|0|kept'
}

@test "all reasons at once: privileges, rules, publications" {
	q "$b" "CREATE ROLE portl_$b LOGIN; GRANT SELECT, INSERT, UPDATE ON t TO portl_$b; CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
		ALTER TABLE t DROP CONSTRAINT t_pkey; CREATE UNIQUE INDEX u ON t (id)"
	bring --delete --key=id -U "portl_$b" --scope=nix=1
	kept 5 'no DELETE privilege'
	assert_stderr_has 'it has rules for DELETE'
	assert_stderr_has '--scope: column "nix" does not exist'
	assert_stderr_has 'GRANT DELETE ON "public"."t" TO'
	q "$b" "DROP RULE r ON t; GRANT DELETE ON t TO portl_$b; CREATE TABLE secret (id int)"
	bring --delete --key=id -U "portl_$b" --scope='id IN (SELECT id FROM secret)'
	kept 5 '--scope: permission denied for table secret'
	bring --delete --key=id -U "portl_$b"
	assert_status 0
	q "$b" "CREATE PUBLICATION p FOR TABLE t WITH (publish = 'insert, delete')"
	bring --delete --key=id -U "portl_$b"
	kept 5 'publishes deletes of it: the server refuses them'
	q "$b" "DROP OWNED BY portl_$b; DROP ROLE portl_$b"
}

@test "a dry run counts and deletes nothing; a stream without its rows says nothing of any" {
	q "$a" "DELETE FROM t WHERE id = 2"
	bring --delete --dry-run
	assert_status 0
	assert_eq "$deleted" 1
	t_is '1|one|1' '2|two|' '3|three|3'
	portl-extract -d "$a" -t t --dry-run -o "$stream"
	load_stream --delete
	assert_status 0
	assert_eq "$deleted" 0
	t_is '1|one|1' '2|two|' '3|three|3'
}

@test "a row that another writer has brought before the lock is absent; two loaders take turns" {
	q "$a" "DELETE FROM t WHERE id = 2"
	{
		portl-extract -d "$a" -t t
		wait_for "$b" "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'portl-load' AND datname = '$b')"
		q "$b" "INSERT INTO t VALUES (9, 'meanwhile', 9)"
	} | portl-load -d "$b" --conflict=overwrite --delete
	t_is '1|one|1' '3|three|3'
	q "$b" "INSERT INTO t SELECT i, 'x', i FROM generate_series(10, 500) i"
	q "$a" "INSERT INTO t SELECT i, 'y', i FROM generate_series(10, 500) i"
	portl-extract -d "$a" -t t -o "$stream.1"
	q "$a" "DELETE FROM t WHERE id > 400"
	portl-extract -d "$a" -c 'SELECT * FROM t ORDER BY id DESC' -o "$stream.2"
	for i in 1 2 3; do
		portl-load -d "$b" --conflict=overwrite --delete "$stream.1" & one=$!
		portl-load -d "$b" -t t --conflict=overwrite --delete --scope=true "$stream.2" & two=$!
		wait $one && wait $two
		[[ $(q "$b" "SELECT count(*) FROM t WHERE v = 'x'") == 0 ]]
		[[ $(q "$b" "SELECT count(*) FROM t") == @(393|493) ]]
	done
}

@test "--with-keys: an incremental run deletes exactly, and needs no --scope" {
	q "$a" "DELETE FROM t WHERE id = 2; UPDATE t SET v = 'drei' WHERE id = 3; INSERT INTO t VALUES (4, 'vier', 4)"
	for format in binary ndjson; do
		q "$b" "TRUNCATE t; INSERT INTO t VALUES (1, 'one', 1), (2, 'two', NULL), (3, 'three', 3)"
		portl-extract -d "$a" -t t --where 'id > 2' --with-keys -F $format -o "$stream"
		load_stream --delete --max-delete=34%
		loaded '2 1 1 0 0'
		assert_eq "$deleted" 1
		t_is '1|one|1' '3|drei|3' '4|vier|4'
	done
	assert_eq "$(jq -c '[.relations[] | [.relation, .rows.read, .rows.deleted]]' "$BATS_TEST_TMPDIR/sum")" '[["public.t",2,1]]'
	portl ls "$stream" >"$stream.ls"
	# the row that is new counts as one that is there before no more than it should
	q "$b" "TRUNCATE t; INSERT INTO t VALUES (1, 'one', 1), (2, 'two', NULL)"
	load_stream --delete --max-delete=49%
	assert_status 1
	assert_stderr_has '1 of 2 rows'
	try_sh "portl-extract -d '$a' -t t --check=plan >/dev/null; portl-load -d '$b' --conflict=overwrite --delete --check=plan '$stream'"
	assert_out_has 'keys, to tell which rows are absent, key id, absent rows are deleted'
	# keys are no relation of their own
	try_sh "portl-extract -d '$a' -t t --with-keys -P | portl-load -d '$b' --conflict=overwrite --dry-run -P"
	assert_eq "$(tr '\r' '\n' <<<"$stderr" | grep -oE '^portl-[a-z]+: relation [0-9]+ of [0-9]+' | sort -u)" \
		$'portl-extract: relation 1 of 1\nportl-load: relation 1 of 1'
	# without --delete the keys are proved and not used
	q "$b" "TRUNCATE t; INSERT INTO t VALUES (1, 'one', 1), (2, 'two', NULL)"
	load_stream
	loaded '2 2 0 0 0'
	t_is '1|one|1' '2|two|' '3|drei|3' '4|vier|4'
	portl-extract -d "$a" -t t --where 'id > 2' --with-keys -o "$stream.whole"
	head -c -9 "$stream.whole" >"$stream"
	q "$b" "DELETE FROM t"
	load_stream
	assert_status 4
	load_stream --delete
	assert_status 4
	t_is
	# to a table that is made, by other names, into the table that -t means
	q "$b" "DROP TABLE t"
	load_stream --delete --create && assert_status 4
	cp "$stream.whole" "$stream"
	load_stream --delete --create
	assert_status 0
	t_is '3|drei|3' '4|vier|4'
	q "$b" "DROP TABLE t; CREATE TABLE t (nr int PRIMARY KEY, v text, n int); INSERT INTO t VALUES (8, 'x', 8), (1, 'one', 1)"
	load_stream --delete --map=id=nr -t t --max-delete=1
	assert_status 0
	t_is '1|one|1' '3|drei|3' '4|vier|4'
	try portl-extract -d "$a" -c 'SELECT 1' --with-keys
	assert_status 64
	q "$a" "CREATE TABLE nokey (id int)"
	try portl-extract -d "$a" -t nokey --with-keys
	assert_status 64
	assert_stderr_has 'the keys of "nokey" cannot be sent: it has no primary key'
}

@test "a set: children before their parents, each relation by its own rules" {
	for db in "$a" "$b"; do
		q "$db" "CREATE TABLE p (id int PRIMARY KEY, v text UNIQUE); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p);
			CREATE TABLE cc (id int PRIMARY KEY, c int REFERENCES c)"
	done
	q "$a" "INSERT INTO p VALUES (1, 'a'), (3, 'c'); INSERT INTO c VALUES (1, 1), (3, 3); INSERT INTO cc VALUES (1, 1), (3, 3)"
	q "$b" "INSERT INTO p VALUES (1, 'a'), (2, 'b'), (3, 'x'); INSERT INTO c VALUES (1, 2), (2, 2); INSERT INTO cc VALUES (1, 2), (2, 2)"
	for keys in '' --with-keys; do
		# shellcheck disable=SC2086 # nothing, or a word
		portl-extract -d "$a" -t '*' --exclude-table t $keys -o "$stream"
		portl-load -d "$b" --conflict=overwrite --delete --dry-run "$stream" 2>/dev/null
		load_stream --delete
		assert_status 0
		for table in p c cc; do
			assert_eq "$(q "$b" "TABLE $table ORDER BY 1")" "$(q "$a" "TABLE $table ORDER BY 1")"
		done
		[ -n "$keys" ] || assert_eq "$deleted" 3
		q "$b" "INSERT INTO p VALUES (7, 'y'); INSERT INTO c VALUES (7, 7); INSERT INTO cc VALUES (7, 7), (8, 7)"
	done
	assert_eq "$deleted" 4
	load_stream --delete --scope=true
	assert_status 64
	# one is too much, and none goes
	q "$b" "INSERT INTO cc SELECT i, 1 FROM generate_series(100, 110) i"
	load_stream --delete
	assert_status 1
	assert_stderr_has '13 of 15 rows of "cc"'
	assert_eq "$(q "$b" "SELECT count(*) FROM p")" 3
	q "$b" "DELETE FROM cc WHERE c = 7"
	cat >"$BATS_TEST_TMPDIR/job.yaml" <<-END
		source: {database: "$a", tables: [p, c, cc]}
		destination: {database: "$b"}
		conflict: overwrite
		delete: true
		tables:
		  cc: {delete: false}
		  p: {max_delete: 0, scope: "id <> 7"}
	END
	portl run "$BATS_TEST_TMPDIR/job.yaml"
	assert_eq "$(q "$b" "SELECT count(*) FROM p")/$(q "$b" "SELECT count(*) FROM cc")" 3/13
}
