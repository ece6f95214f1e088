#!/usr/bin/env bats
# Tables that are not PostgreSQL's own heap: other access methods, foreign tables, and what
# extensions keep elsewhere.  Citus and TimescaleDB are their catalogs here, and their names.
# shellcheck disable=SC2016,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common
load ../lib/faults
load ../lib/parts

setup()
{
	make_source
}

# other_access_method DB: it is the database's default, and nothing of ours may be of it that
# is updated, deleted from, or gone at COMMIT
other_access_method()
{
	q "$1" "CREATE ACCESS METHOD stripes TYPE TABLE HANDLER heap_tableam_handler;
		CREATE FUNCTION look() RETURNS event_trigger LANGUAGE plpgsql AS \$\$
		DECLARE t text; BEGIN
			SELECT c.oid::regclass INTO t FROM pg_event_trigger_ddl_commands() d
			JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid JOIN pg_am a ON a.oid = c.relam
			WHERE c.relkind = 'r' AND a.amname <> 'heap' AND (c.relpersistence <> 'p' OR c.relname IN ('run', 'part', 'states'));
			IF t IS NOT NULL THEN RAISE '% is made of stripes', t; END IF;
		END \$\$;
		CREATE EVENT TRIGGER look ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS') EXECUTE FUNCTION look();
		ALTER DATABASE $1 SET default_table_access_method = stripes"
}

@test "staging and ledger are heap where the default is another access method; new tables are not" {
	other_access_method "$dst"
	portl-extract -q -d "$src" -t t | portl-load -q -d "$dst" --create
	assert_eq "$(q "$dst" "SELECT amname FROM pg_class c JOIN pg_am a ON a.oid = relam WHERE c.oid = 't'::regclass")" stripes
	for words in --conflict=skip --conflict=overwrite '--conflict=merge --delete' --truncate --replace \
		'--conflict=overwrite --state=s' "--truncate --rejects=$T/rejects" '--conflict=overwrite --duplicates=first' \
		'--map=v=v --truncate'; do
		# shellcheck disable=SC2086
		portl-extract -q -d "$src" -t t | portl-load -q -d "$dst" $words
		same_table "$src" t "$dst" t
	done
	portl-extract -q -d "$src" -t t --order=auto | portl-load -q -d "$dst" --verify
	portl run -q -j 2 --parts=4 --split-by=id -d "$src" -t t -- -d "$dst" --conflict=overwrite
	portl run -q -j 2 --parts=4 --split-by=id -d "$dst" -t t -- -d "$dst" -t u --create
	portl run -q -j 2 --parts=4 --split-by=id --own -d "$dst" -t t -- -d "$dst" -t u --conflict=overwrite --delete
	same_table "$src" t "$dst" u
	assert_eq "$(left_of_run)" ''
}

@test "foreign tables, and partitions that are, give and take rows, in one pipe and in parts" {
	fresh_db far
	q "$far" 'CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE t2 (LIKE t INCLUDING ALL)'
	q "$dst" "CREATE EXTENSION postgres_fdw;
		CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname '$far', host '$PGHOST');
		CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user '$PGUSER');
		CREATE FOREIGN TABLE f (id int, v text) SERVER far OPTIONS (table_name 't');
		CREATE TABLE p (id int, v text) PARTITION BY RANGE (id);
		CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (1500);
		CREATE FOREIGN TABLE p2 PARTITION OF p FOR VALUES FROM (1500) TO (9999) SERVER far OPTIONS (table_name 't2');
		CREATE VIEW w AS SELECT * FROM p WHERE id > 0"
	for table in f p; do
		for words in '' --commit=part; do
			q "$dst" 'TRUNCATE p1'
			q "$far" "TRUNCATE $([ "$table" = f ] && echo t || echo t2)"
			portl run -q -j 2 --parts=4 --split-by=id -d "$src" -t t -- -d "$dst" -t "$table" ${words:+"$words"}
			same_table "$src" t "$dst" "$table"
		done
		try portl-extract -d "$dst" -t "$table" --since=none
		assert_status 5
		assert_stderr_has 'rows have no xmin'
		try portl-extract -d "$dst" -t "$table" --make-plan=own
		assert_status 5
		assert_stderr_has 'rows have no xmin'
	done
	q "$dst" ANALYZE
	for table in f p w; do
		portl run -q -j 2 --parts=4 -d "$dst" -t "$table" -- -d "$src" -t "from_$table" --create
		same_table "$src" t "$src" "from_$table"
	done
	# no two processes have one snapshot of the other server
	for table in f p w; do
		try portl-extract -d "$dst" -t "$table" --make-plan --parts=4 --split-by=id
		assert_status 0
		assert_stderr_has "public.$table is not cut by \"id\""
		assert_eq "$(jq '[.parts[] | select(.column)] | length' <<<"$output")" 0
	done
}

# extension NAME: it is there by its name
extension()
{
	q "$dst" "SET allow_system_table_mods = on;
		INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
		VALUES ($((90000 + RANDOM)), '$1', 10, 'pg_catalog'::regnamespace, false, '1')"
}

@test "a hypertable is read and written with its chunks, which are no tables by themselves" {
	extension timescaledb
	q "$dst" "CREATE SCHEMA _timescaledb_catalog; CREATE SCHEMA _timescaledb_internal;
		CREATE TABLE _timescaledb_catalog.hypertable (schema_name name, table_name name);
		INSERT INTO _timescaledb_catalog.hypertable VALUES ('public', 't');
		CREATE TABLE t (id int PRIMARY KEY, v text);
		CREATE TABLE _timescaledb_internal._hyper_1_1_chunk (CHECK (id < 1500), PRIMARY KEY (id)) INHERITS (t);
		CREATE TABLE _timescaledb_internal._hyper_1_2_chunk (CHECK (id >= 1500), PRIMARY KEY (id)) INHERITS (t);
		CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
			EXECUTE format('INSERT INTO _timescaledb_internal._hyper_1_%s_chunk VALUES (\$1.*) ON CONFLICT (id) DO UPDATE SET v = EXCLUDED.v', 1 + (NEW.id >= 1500)::int) USING NEW;
			RETURN NULL; END \$\$;
		CREATE TRIGGER put BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION put()"
	portl-extract -q -d "$src" -t t | portl-load -q -d "$dst"
	q "$dst" "INSERT INTO t VALUES (5000, 'absent'); UPDATE t SET v = 'old' WHERE id = 7; ANALYZE"
	portl-extract -q -d "$src" -t t | portl-load -q -d "$dst" --conflict=overwrite --delete
	same_table "$src" t "$dst" t
	portl-extract -q -d "$src" -t t --order=key | portl-load -q -d "$dst" --verify
	portl-extract -q -d "$dst" -t '*' -t '*.*' >"$T/set"
	assert_eq "$(portl-ls "$T/set" | awk '{ print $2, $NF, $(NF - 1) }' | grep -c 3000)" 1
	fresh_db to
	portl-load -q -d "$to" --create "$T/set"
	same_table "$src" t "$to" t
	assert_eq "$(q "$to" "SELECT count(*) FROM pg_class WHERE relname ~ 'hyper|chunk'")" 0
	portl run -q -j 2 --parts=4 -d "$dst" -t '*' -- -d "$to" --conflict=overwrite --delete
	same_table "$src" t "$to" t
	for words in --since=none --make-plan=own; do
		try portl-extract -d "$dst" -t t "$words"
		((status == 1 || status == 5))
		assert_stderr_has 'it is a hypertable of TimescaleDB'
	done
	try_sh "portl-extract -q -d $src -t t | portl-load -d $dst --replace"
	assert_status 5
	assert_stderr_has 'it is a hypertable of TimescaleDB'
}

@test "a table that Citus distributes has no position, no blocks and no counted updates" {
	extension citus
	q "$dst" 'SET allow_system_table_mods = on; CREATE TABLE t (id int PRIMARY KEY, v text);
		CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass); INSERT INTO pg_dist_partition VALUES ($$t$$)'
	portl-extract -q -d "$src" -t t | portl-load -q -d "$dst" --conflict=skip
	same_table "$src" t "$dst" t
	for words in --conflict=overwrite --conflict=merge --replace; do
		try_sh "portl-extract -q -d $src -t t | portl-load -d $dst $words"
		assert_status 5
		assert_stderr_has 'it is a table that Citus distributes'
	done
	for words in --since=none --make-plan=own; do
		try portl-extract -d "$dst" -t t "$words"
		((status == 1 || status == 5))
		assert_stderr_has 'it is a table that Citus distributes'
	done
	assert_eq "$(portl-extract -d "$dst" -t t --make-plan --parts=5 | jq -c .parts)" \
		"$(portl-extract -d "$dst" -t t --make-plan | jq -c .parts)"
}
