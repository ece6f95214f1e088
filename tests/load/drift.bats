#!/usr/bin/env bats
# The source has got columns that the target lacks: what would help is said, and
# --add-columns does it in the transaction of the rows.

load ../lib/common
load ../lib/meanwhile

setup()
{
	fresh_db src dst
	cd "$BATS_TEST_TMPDIR" || return
	q "$src" "CREATE TYPE mood AS ENUM ('a', 'b');
		CREATE TABLE t (id int PRIMARY KEY, v text, price numeric(10,2) NOT NULL, \"K k\" text COLLATE \"C\", m mood);
		INSERT INTO t VALUES (1, 'x', 1.50, 'z', 'b'), (2, 'y', 2, NULL, NULL)"
	q "$dst" "CREATE TYPE mood AS ENUM ('a', 'b');
		CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (9, 'old')"
	portl-extract -d "$src" -t t -o stream
}

columns()
{
	q "$dst" "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = '${1:-t}'::regclass AND attnum > 0 AND NOT attisdropped"
}

all='id integer, v text, price numeric(10,2), K k text, m mood'

@test "columns that the table lacks: the ALTER TABLE that would help, and it does" {
	try portl-load -d "$dst" stream
	assert_status 5
	assert_stderr_has 'hint: This would help: --add-columns, or ALTER TABLE "public"."t" ADD COLUMN "price" numeric(10,2), ADD COLUMN "K k" pg_catalog.text COLLATE pg_catalog."C", ADD COLUMN "m" public.mood;'
	q "$dst" "$(grep -o 'ALTER TABLE.*' <<<"$stderr")"
	try portl-load -d "$dst" stream
	assert_status 0
	assert_eq "$(columns)" "$all"
}

@test "--add-columns adds them with the rows, on every route" {
	local option

	for option in '' --conflict=overwrite --commit=batch --truncate --rejects=r; do
		q "$dst" "DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (9, 'old')"
		try portl-load -d "$dst" --add-columns $option stream
		assert_status 0
		assert_silent
		assert_eq "$(columns)" "$all"
		assert_eq "$(q "$dst" 'SELECT * FROM t WHERE id < 9 ORDER BY id')" "$(q "$src" 'TABLE t ORDER BY id')"
		try portl-load -d "$dst" --add-columns --conflict=overwrite stream
		assert_status 0
	done
	q "$dst" 'DROP TABLE t; CREATE TABLE t (id int, v text)'
	cat >job.yaml <<-EOF
		source: {database: $src, table: t}
		destination: {database: $dst}
		add_columns: true
	EOF
	try portl run job.yaml
	assert_status 0
	assert_eq "$(columns)" "$all"
}

@test "they are not there when the rows are not: cut, refused, rehearsed, checked" {
	head -c -1 stream >cut.pgcopy
	try portl-load -d "$dst" --add-columns cut.pgcopy
	assert_status 4
	q "$dst" 'ALTER TABLE t ADD CHECK (id <> 2)'
	try portl-load -d "$dst" --add-columns stream
	assert_status 1
	try portl-load -d "$dst" --add-columns --min-rows=99 stream
	assert_status 1
	q "$dst" 'ALTER TABLE t DROP CONSTRAINT t_id_check'
	try portl-load -d "$dst" --add-columns --dry-run stream
	assert_status 0
	try portl-load -d "$dst" --add-columns --check=plan stream
	assert_status 0
	assert_eq "$(columns)" 'id integer, v text'
	assert_eq "$(q "$dst" 'TABLE t')" '9|old'
}

@test "refused: another's table, types that are not there, no types at all, --extra-columns" {
	try portl-load -d "$dst" --add-columns --extra-columns=ignore stream
	assert_status 64
	q "$dst" "DROP TYPE mood; CREATE TYPE mood AS ENUM ('a')"
	try portl-load -d "$dst" --add-columns stream
	assert_status 5
	assert_stderr_has 'column "m":'
	try portl-load -d "$dst" stream
	assert_status 5
	assert_stderr_lacks 'ALTER TABLE'
	try_sh "echo '{\"id\":1,\"new\":2}' | portl-load -d $dst -t t --bare --add-columns"
	assert_status 5
	assert_stderr_has 'column "new": the stream does not say its type'
	q "$dst" "DROP ROLE IF EXISTS portl_guest; CREATE ROLE portl_guest LOGIN; GRANT ALL ON t TO portl_guest"
	q "$dst" "DROP TYPE mood; CREATE TYPE mood AS ENUM ('a', 'b')"
	try portl-load -d "$dst" -U portl_guest --add-columns stream
	q "$dst" 'DROP OWNED BY portl_guest; DROP ROLE portl_guest'
	assert_status 5
	assert_stderr_has '--add-columns: only the owner of a table can add some'
	assert_eq "$(columns)" 'id integer, v text'
}

@test "refused, and no column is dropped in silence: what ALTER TABLE adds no columns to" {
	local target

	q "$dst" "CREATE VIEW view AS SELECT * FROM t;
		CREATE TABLE whole (id int, v text) PARTITION BY LIST (id);
		CREATE TABLE partition PARTITION OF whole DEFAULT;
		CREATE TYPE pair AS (id int, v text); CREATE TABLE typed OF pair;
		CREATE TABLE wide (id int, v text);
		DO \$\$BEGIN EXECUTE 'ALTER TABLE wide ' || (SELECT string_agg('ADD c' || i || ' int', ',') FROM generate_series(1, 1596) i); END\$\$;
		ALTER TABLE wide DROP c1"
	for target in 'view: a view cannot' 'partition: a partition cannot' 'typed: a table of a type cannot' 'wide: a table has at most 1600'; do
		try portl-load -d "$dst" -t "${target%%:*}" --add-columns --check=plan stream
		assert_status 5
		assert_stderr_has "--add-columns: ${target#*: }"
		try portl-load -d "$dst" -t "${target%%:*}" --add-columns stream
		assert_status 5
		try portl-load -d "$dst" -t "${target%%:*}" stream
		assert_status 5
		assert_stderr_lacks '--add-columns'
	done
	try portl-load -d "$dst" -t whole --add-columns stream
	assert_status 0
	assert_eq "$(columns partition)" "$all"
	assert_eq "$(q "$dst" 'TABLE t')" '9|old'
}

@test "--add-columns: the sender's own lock is not waited for forever" {
	q "$dst" "CREATE TABLE big AS SELECT i AS id, repeat('x', 1000) AS v, 1 AS more FROM generate_series(1, 5000) i"
	try_sh "portl-extract -d $dst -c 'SELECT big.* FROM big LEFT JOIN t ON t.id = big.id' |
		timeout 30 portl-load -d $dst -t t --add-columns"
	assert_status 5
	assert_stderr_has 'would be waited for forever: the sender reads the same table'
	assert_eq "$(columns)" 'id integer, v text'
}

@test "--add-columns: another table under the name, or what undoes it, is 'altered just now'" {
	local pid

	open_session "$dst"
	say 'BEGIN; SELECT FROM t'
	portl-load -d "$dst" --add-columns stream 2>errors 3>&- &
	pid=$!
	wait_for "$dst" "EXISTS (SELECT FROM pg_locks WHERE relation = 't'::regclass AND NOT granted)"
	say 'ALTER TABLE t RENAME TO old; CREATE TABLE t (z int); COMMIT'
	close_session
	wait "$pid" && status=0 || status=$?
	stderr=$(<errors)
	assert_status 1
	assert_stderr_has 'the table "t" was altered just now'
	assert_eq "$(columns)" 'z integer'
	q "$dst" "DROP TABLE t; ALTER TABLE old RENAME TO t;
		CREATE FUNCTION undo() RETURNS event_trigger LANGUAGE plpgsql AS
			\$\$BEGIN IF (SELECT count(*) > 4 FROM pg_attribute WHERE attrelid = 't'::regclass AND attname ~ '^(price|K k|m|id|v)\$')
				THEN ALTER TABLE t DROP COLUMN price; END IF; END\$\$;
		CREATE EVENT TRIGGER undo ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION undo()"
	try portl-load -d "$dst" --add-columns stream
	assert_status 1
	assert_stderr_has 'the table "t" was altered just now'
}

@test "--check=plan --add-columns shows the ALTER TABLE and does not run it" {
	q "$dst" "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS
			\$\$BEGIN RAISE 'no % here', tg_tag; END\$\$;
		CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION refuse()"
	for option in '' --conflict=overwrite --conflict=merge --rejects=r; do
		try portl-load -d "$dst" --add-columns --check=plan -v $option stream
		assert_status 0
		assert_out_has 'behind ALTER TABLE "public"."t" ADD COLUMN "price" numeric(10,2), ADD'
		[[ $stderr =~ price\ +numeric\(10,2\)\ +-\>\ price\ +numeric\(10,2\) ]]
	done
	try portl-load -d "$dst" --add-columns --conflict=overwrite --key=m --check=plan stream
	assert_status 5
	try portl-load -d "$dst" --add-columns --dry-run stream
	assert_status 1
	assert_stderr_has 'no ALTER TABLE here'
}

# extra TYPE: a stream for t with a column x of that type.
extra()
{
	# shellcheck disable=SC2016 # "$portl" is a key
	printf '{"$portl":{"version":1,"relation":{"name":"t"},"columns":[{"name":"id","type":"integer"},{"name":"%s","type":"%s","base":"integer"}],"bare":true}}\n{"id":1,"x":2}\n' \
		"${2:-x}" "$1" >extra
}

@test "a type that is none, or none for columns, is a reason beside the others" {
	local type

	q "$dst" 'ALTER TABLE t ADD must int NOT NULL DEFAULT 1; ALTER TABLE t ALTER must DROP DEFAULT'
	for type in 'numeric(1,2,3)' 'varchar(0)' 'setof int' a.b.c record trigger anyelement unknown; do
		extra "$type"
		try portl-load -d "$dst" extra --bare
		assert_status 5
		assert_stderr_has 'column "x" is not in the table'
		assert_stderr_has 'column "must" is NOT NULL'
		assert_stderr_lacks 'ALTER TABLE'
		try portl-load -d "$dst" extra --bare --add-columns
		assert_status 5
		assert_stderr_has "column \"x\": type $type "
		assert_stderr_has 'column "must" is NOT NULL'
	done
	extra integer xmin
	try portl-load -d "$dst" extra --bare --add-columns
	assert_status 5
	assert_stderr_has 'column "xmin": every table has a system column of that name'
}
