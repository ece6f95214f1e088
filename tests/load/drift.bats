#!/usr/bin/env bats
# The source has got columns that the target lacks: what would help is said, and
# --add-columns does it in the transaction of the rows.

load ../lib/common

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
	head -c -1 stream >cut
	try portl-load -d "$dst" --add-columns cut
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
