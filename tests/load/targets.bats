#!/usr/bin/env bats
# Where rows can be loaded, what triggers and constraints do to them, and as whom.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common

setup()
{
	fresh_db src dst
	q "$src" 'CREATE TABLE t AS SELECT i AS id, i % 10 AS n FROM generate_series(1, 1000) i'
}

# carry [LOAD-OPTION...]: $src's t into $dst
carry()
{
	portl-extract -d "$src" -t t | portl-load -q -d "$dst" "$@"
}

@test "unlogged, partitioned, foreign, in another tablespace" {
	local space=$SUITE_CLUSTER/space.$BATS_SUITE_TEST_NUMBER

	cluster_as mkdir "$space"
	q "$dst" "CREATE TABLESPACE ${dst}_s LOCATION '$space'"
	q "$dst" "
		CREATE UNLOGGED TABLE unlogged (n int, id int);
		CREATE TABLE spaced (id int, n int) TABLESPACE ${dst}_s;
		CREATE TABLE parted (n int, id int) PARTITION BY LIST (n);
		CREATE TABLE parted_1 (id int, n int);
		ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES IN (1, 2, 3);
		CREATE TABLE parted_2 PARTITION OF parted DEFAULT;
		CREATE TABLE base (id int, n int);
		CREATE EXTENSION postgres_fdw;
		CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$PGHOST', port '$PGPORT', dbname '$dst');
		CREATE USER MAPPING FOR CURRENT_USER SERVER loop OPTIONS (user '$PGUSER');
		CREATE FOREIGN TABLE far (id int, n int) SERVER loop OPTIONS (table_name 'base')"
	for target in unlogged spaced parted far; do
		carry -t $target
		same_table "$src" t "$dst" $target
	done
	q "$dst" "DROP TABLE parted_2"
	try_sh "portl-extract -d $src -t t | portl-load -d $dst -t parted"
	assert_status 1
	assert_stderr_has 'stdin:4: no partition of relation "parted" found for row'
	assert_eq "$(q "$dst" 'SELECT count(*) FROM parted')" 300
	q "$dst" "DROP TABLE spaced"
	q "$dst" "DROP TABLESPACE ${dst}_s"
}

@test "a trigger that drops rows: they count as skipped; one that changes rows does" {
	q "$dst" "
		CREATE TABLE t (id int, n int);
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
			IF new.n < 3 THEN RETURN NULL; END IF;
			new.n := new.n * 2; RETURN new; END \$\$;
		CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"
	carry --summary "$BATS_TEST_TMPDIR/summary"
	assert_eq "$(q "$dst" 'SELECT count(*), min(n), max(n) FROM t')" '700|6|18'
	assert_eq "$(jq -c '[.rows.read, .rows.inserted, .rows.skipped]' "$BATS_TEST_TMPDIR/summary")" '[1000,700,300]'
}

@test "a foreign key deferred to COMMIT fails there, and nothing is in" {
	q "$dst" 'CREATE TABLE r (n int PRIMARY KEY); INSERT INTO r SELECT generate_series(1, 9);
		CREATE TABLE t (id int, n int REFERENCES r DEFERRABLE INITIALLY DEFERRED)'
	try_sh "portl-extract -d $src -t t | portl-load -q -d $dst --dry-run"
	assert_status 1
	assert_stderr_has 'Key (n)=(0)'
	try_sh "portl-extract -d $src -t t | portl-load -d $dst --summary $BATS_TEST_TMPDIR/summary"
	assert_status 1
	assert_stderr_has 'violates foreign key constraint "t_n_fkey"'
	assert_stderr_has 'Key (n)=(0)'
	assert_eq "$(jq -c '[.status, .committed]' "$BATS_TEST_TMPDIR/summary")" '[1,false]'
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 0
	q "$dst" 'INSERT INTO r VALUES (0)'
	carry
	same_table "$src" t "$dst" t
}

@test "constraints: the row's number, the column or the constraint, and nothing is in" {
	q "$dst" 'CREATE TABLE t (id int PRIMARY KEY, n int CONSTRAINT small CHECK (n < 9));
		CREATE TABLE nn (id int, n int NOT NULL); CREATE TABLE sm (id smallint, n int)'
	try_sh "portl-extract -d $src -t t | portl-load -d $dst"
	assert_status 1
	assert_stderr_has 'stdin:9: new row for relation "t" violates check constraint "small"'
	try_sh "portl-extract -d $src -c 'SELECT id, n / 2 AS n FROM t UNION ALL SELECT 7, 7' | portl-load -d $dst -t t"
	assert_status 1
	assert_stderr_has 'stdin:1001: duplicate key value violates unique constraint "t_pkey"'
	assert_stderr_has 'Key (id)=(7) already exists'
	try_sh "portl-extract -d $src -c 'SELECT id, nullif(id, 77) AS n FROM t' | portl-load -d $dst -t nn"
	assert_status 1
	assert_stderr_has 'stdin:77: null value in column "n"'
	try_sh "portl-extract -d $src -c 'SELECT id * 1000 AS id, n FROM t' --values=text | portl-load -d $dst -t sm"
	assert_status 1
	assert_stderr_has 'stdin:33: column "id": value "33000" is out of range for type smallint'
	assert_eq "$(q "$dst" 'SELECT count(*), (SELECT count(*) FROM nn), (SELECT count(*) FROM sm) FROM t')" '0|0|0'
}

@test "a value too long for its column is an error and never cut" {
	q "$src" "CREATE TABLE s AS SELECT 'abcdef'::varchar(10) AS v, 'abcdef'::char(6) AS c, B'101010'::bit(6) AS b"
	q "$dst" 'CREATE TABLE v (v varchar(3)); CREATE TABLE c (c char(3)); CREATE TABLE b (b bit(3))'
	for values in binary text; do
		for column in v c b; do
			try_sh "portl-extract -d $src -t s --columns $column --values=$values | portl-load -d $dst -t $column"
			assert_status 1
			[[ $stderr == *'too long for type'* || $stderr == *'does not match type bit(3)'* ]]
			assert_eq "$(q "$dst" "SELECT count(*) FROM $column")" 0
		done
	done
}

@test "rounding that is legal is warned about before the first row" {
	q "$src" "CREATE TABLE s AS SELECT 1.23456::numeric(10,5) AS n, '12:34:56.789'::time AS t"
	q "$dst" 'CREATE TABLE s (n numeric(10,2), t time(0))'
	for values in binary text; do
		try_sh "portl-extract -d $src -t s --values=$values | portl-load -v -d $dst"
		assert_status 0
		assert_stderr_has 'column "n": numeric(10,5) is rounded to numeric(10,2)'
		assert_stderr_has 'column "t": time without time zone is rounded to time(0) without time zone'
	done
	assert_eq "$(q "$dst" 'SELECT DISTINCT n, t FROM s')" '1.23|12:34:57'
	try_sh "portl-extract -d $dst -t s | portl-load -d $src"
	assert_status 0
	assert_stderr_lacks rounded
}

@test "what COPY must not be made into: view, rules, row security, a sequence" {
	q "$dst" "
		CREATE ROLE ${dst}_r LOGIN;
		CREATE VIEW v AS SELECT 1 AS id, 2 AS n UNION ALL SELECT 3, 4;
		CREATE MATERIALIZED VIEW m AS SELECT 1 AS id, 2 AS n;
		CREATE TABLE ruled (id int, n int); CREATE RULE r AS ON INSERT TO ruled DO INSTEAD NOTHING;
		CREATE SEQUENCE s"
	for target in 'v|is a view' 'm|is a materialized view' 'ruled|has rules for INSERT' 's|is a sequence'; do
		try_sh "portl-extract -d $src -t t | portl-load -d $dst -t ${target%|*}"
		assert_status 5
		assert_stderr_has "${target#*|}"
	done
	q "$dst" "DROP ROLE ${dst}_r"
}

@test "a view with an INSTEAD OF trigger takes rows" {
	q "$dst" "
		CREATE TABLE base (id int, n int); CREATE VIEW v AS TABLE base;
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
			\$\$ BEGIN INSERT INTO base VALUES (new.n, new.id); RETURN new; END \$\$;
		CREATE TRIGGER f INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f()"
	carry -t v
	assert_eq "$(q "$dst" 'SELECT count(*), sum(n) FROM base')" '1000|500500'
	q "$dst" "TRUNCATE base; CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
		\$\$ BEGIN IF new.id % 4 = 0 THEN RETURN NULL; END IF;
			INSERT INTO base VALUES (new.id, new.n); RETURN new; END \$\$"
	carry -t v --summary="$BATS_TEST_TMPDIR/summary"
	assert_eq "$(q "$dst" 'SELECT count(*) FROM base')" 750
	assert_eq "$(jq -c '[.rows.inserted, .rows.skipped]' "$BATS_TEST_TMPDIR/summary")" '[750,250]'
}

@test "a view of a table with an identity ALWAYS takes rows" {
	q "$dst" "CREATE TABLE base (id int GENERATED ALWAYS AS IDENTITY, n int);
		CREATE VIEW under AS TABLE base; CREATE VIEW v AS SELECT n, id FROM under WHERE id > 0 WITH CHECK OPTION"
	for options in --commit=end --commit=batch --rejects="$BATS_TEST_TMPDIR/rejects"; do
		q "$dst" 'TRUNCATE base'
		carry -t v "$options"
		assert_eq "$(q "$dst" 'SELECT count(*), sum(id) FROM base')" '1000|500500'
	done
}

@test "roles: INSERT alone is enough, without TEMP and without SELECT; a missing right is named" {
	q "$dst" "
		CREATE ROLE ${dst}_r LOGIN; CREATE ROLE ${dst}_g; GRANT ${dst}_g TO ${dst}_r;
		REVOKE TEMP ON DATABASE $dst FROM public;
		ALTER ROLE ${dst}_r SET default_transaction_read_only = on;
		CREATE TABLE t (id int, n int); CREATE TABLE grouped (id int, n int); CREATE TABLE half (id int, n int);
		GRANT INSERT ON t TO ${dst}_r; GRANT INSERT ON grouped TO ${dst}_g; GRANT INSERT (id) ON half TO ${dst}_r"
	carry -U "${dst}_r"
	same_table "$src" t "$dst" t
	portl-extract -d "$src" -t t | portl-load -q -d "dbname=$dst user=${dst}_r options='-c role=${dst}_g'" -t grouped
	same_table "$src" t "$dst" grouped
	portl-extract -d "$src" -t t --columns=id | portl-load -q -d "$dst" -U "${dst}_r" -t half
	assert_eq "$(q "$dst" 'SELECT count(id), count(n) FROM half')" '1000|0'
	try_sh "portl-extract -d $src -t t | portl-load -d $dst -U ${dst}_r -t half"
	assert_status 5
	assert_stderr_has 'column "n" may not be written: no INSERT privilege'
	try_sh "portl-extract -d $src -t t | portl-load -d $dst -U ${dst}_r --truncate"
	assert_status 5
	assert_stderr_has '--truncate: no TRUNCATE privilege'
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 1000
	q "$dst" "DROP OWNED BY ${dst}_r, ${dst}_g; DROP ROLE ${dst}_r, ${dst}_g"
}

@test "a target altered between plan and rows is noticed" {
	q "$dst" 'CREATE TABLE t (id int, n int)'
	portl-extract -d "$src" -t t -o "$BATS_TEST_TMPDIR/s"
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	portl-load -vv -d "$dst" "$BATS_TEST_TMPDIR/fifo" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	exec {fifo}>"$BATS_TEST_TMPDIR/fifo"
	# The header and not a row: the plan is made and shown, the transaction not begun.
	size=$(($(od -An -j15 -N4 -tu4 --endian=big "$BATS_TEST_TMPDIR/s") + 19))
	head -c $size "$BATS_TEST_TMPDIR/s" >&"$fifo"
	wait_until 10 grep -q '^  COPY' "$BATS_TEST_TMPDIR/err"
	q "$dst" 'ALTER TABLE t ALTER n TYPE real'
	# Load ends at the first row, perhaps before the last byte is written.
	tail -c +$((size + 1)) "$BATS_TEST_TMPDIR/s" >&"$fifo" || :
	exec {fifo}>&-
	status=0
	wait $! || status=$?
	stderr=$(cat "$BATS_TEST_TMPDIR/err")
	assert_status 1
	assert_stderr_has 'the table "t" was altered just now'
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 0
}

@test "a row that fits the table and not the temporary one: the way out is named" {
	q "$src" <<-'SQL'
		SELECT format('CREATE TABLE wide (id bigint PRIMARY KEY, %s)', string_agg('c' || i || ' float8', ', '))
			FROM generate_series(1, 1016) i \gexec
		SELECT format('INSERT INTO wide SELECT 1, %s', string_agg(i::text, ', ')) FROM generate_series(1, 1016) i \gexec
		CREATE TABLE u (LIKE wide INCLUDING ALL)
	SQL
	portl-extract -d "$src" -t wide -o "$BATS_TEST_TMPDIR/stream"
	portl-load -d "$src" -t u "$BATS_TEST_TMPDIR/stream"
	if (($(q "$src" 'SHOW server_version_num') >= 150000)); then # MERGE needs no number
		portl-load -q -d "$src" -t u --conflict=overwrite "$BATS_TEST_TMPDIR/stream"
		try portl-load -d "$src" -t u --conflict=overwrite --duplicates=error "$BATS_TEST_TMPDIR/stream"
		assert_status 1
		assert_stderr_has 'row is too big'
		assert_stderr_has 'takes 8 bytes'
	fi
	portl-extract -d "$src" -t wide -F ndjson -o "$BATS_TEST_TMPDIR/stream"
	try portl-load -d "$src" -t u --conflict=overwrite "$BATS_TEST_TMPDIR/stream"
	assert_status 1
	assert_stderr_has ':1: row is too big'
	assert_stderr_has 'takes 8 bytes'
	q "$src" 'INSERT INTO wide (id) SELECT i FROM generate_series(2, 3000) i'
	portl-extract -d "$src" -c 'SELECT * FROM wide WHERE id > 1 UNION ALL SELECT * FROM wide WHERE id = 1' \
		-F ndjson -o "$BATS_TEST_TMPDIR/stream"
	try portl-load -d "$src" -t u --truncate --conflict=overwrite "$BATS_TEST_TMPDIR/stream"
	assert_status 1
	assert_stderr_has ': one of rows 2001 to 3000: row is too big'
}

@test "a server that does not count: null in the receipt, and no guess" {
	local more what

	q "$dst" 'CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT i, 0 FROM generate_series(1, 500) i'
	# As with tables whose rows an extension keeps on other servers: this one's functions say 0.
	for what in inserted updated; do
		PGOPTIONS='-c allow_system_table_mods=on' q "$dst" "CREATE OR REPLACE FUNCTION
			pg_catalog.pg_stat_get_xact_tuples_$what(oid) RETURNS bigint STABLE LANGUAGE sql AS 'SELECT 0::bigint'"
	done
	for more in '' '--commit=batch --batch-size=300'; do
		q "$dst" 'UPDATE t SET n = 0; DELETE FROM t WHERE id > 500'
		try_sh "portl-extract -d $src -t t | portl-load -d $dst --conflict=overwrite $more --summary=-"
		assert_status 0
		assert_eq "$(jq -c '.rows | [.read, .inserted, .updated, .unchanged, .skipped]' <<<"$output")" '[1000,null,null,50,0]'
		assert_eq "$(grep -c 'which rows were inserted' <<<"$stderr")" 1
	done
	# Of what is only inserted, or only skipped, the command's own count says all.
	q "$dst" 'DELETE FROM t WHERE id > 900'
	carry --conflict=skip --summary="$BATS_TEST_TMPDIR/receipt"
	assert_eq "$(jq -c '.rows | [.inserted, .updated]' "$BATS_TEST_TMPDIR/receipt")" '[100,0]'
}

@test "a foreign table whose server refuses its COMMIT: what others did is said to be unknown" {
	local a b c

	fresh_db a b c
	cd "$BATS_TEST_TMPDIR"
	q "$a" 'CREATE TABLE one (id int); CREATE TABLE two (id int); INSERT INTO one VALUES (1); INSERT INTO two VALUES (3)'
	q "$c" 'CREATE TABLE one (id int); CREATE TABLE p (id int PRIMARY KEY);
		CREATE TABLE two (id int REFERENCES p DEFERRABLE INITIALLY DEFERRED)'
	q "$b" "CREATE EXTENSION postgres_fdw"
	for name in one two; do
		q "$b" "CREATE SERVER $name FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$PGHOST', dbname '$c');
			CREATE USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS (user '$PGUSER');
			CREATE FOREIGN TABLE $name (id int) SERVER $name"
	done
	portl-extract -d "$a" -t one -t two -o set
	try portl-load -d "$b" --summary=sum set
	assert_status 1
	assert_stderr_has "The COMMIT of a foreign table's server has failed."
	assert_stderr_has 'Look at the foreign tables'
	assert_eq "$(jq -c '[.status, .committed]' sum)" '[1,"unknown"]'
}

@test "the row of a sequence does not go into a sequence, and it is said what does" {
	local a b

	fresh_db a b
	for db in "$a" "$b"; do q "$db" 'CREATE SEQUENCE s START 7'; done
	try_sh "portl-extract -d $a -t s | portl-load -d $b"
	assert_status 5
	assert_stderr_has 'portl-extract --schema and -t with a pattern send sequences'
	q "$a" "SELECT nextval('s'), nextval('s')"
	portl-extract -d "$a" -t 's*' | portl-load -d "$b"
	assert_eq "$(q "$b" 'SELECT last_value FROM s')" 8
}
