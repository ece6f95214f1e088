#!/usr/bin/env bats
# What newer servers have and older ones do not: each is skipped, with its reason, where
# it cannot be there.
# shellcheck disable=SC2034,SC2154 # bats' and fresh_db's variables

load ../lib/common

# carry TABLE [LOAD-OPTION...]: in binary and in NDJSON, one after the other, into an emptied table.
carry()
{
	local format

	for format in binary ndjson; do
		portl-extract -d "$src" -t "$1" -F $format | portl-load -d "$dst" --truncate "${@:2}" || return
		same_table "$src" "$1" "$dst" "$1" || return
	done
}

# load_rows [OPTION...]: bare NDJSON from stdin into $dst's t, or $into
load_rows()
{
	try portl-load -d "$dst" -t "${into:-t}" --bare -q "$@" -
}

@test "virtual generated columns are read, are not written, and are values where none is generated" {
	needs 18 'virtual generated columns'
	fresh_db src dst
	for db in "$src" "$dst"; do
		q "$db" "CREATE TABLE t (id int PRIMARY KEY, a int, v int GENERATED ALWAYS AS (a * 2), s text GENERATED ALWAYS AS ('x' || a) STORED)"
	done
	q "$src" 'INSERT INTO t SELECT i, i FROM generate_series(1, 100) i; UPDATE t SET a = NULL WHERE id = 7'
	carry t
	q "$dst" 'DROP TABLE t; CREATE TABLE t (id int, a int, v int, s text)'
	carry t
	q "$dst" 'DROP TABLE t'
	carry t --create
	assert_eq "$(q "$dst" 'SELECT sum(v) FROM t')" "$(q "$src" 'SELECT sum(v) FROM t')"
}

@test "virtual generated columns at the target: refused as values, kept by an upsert and by --rejects" {
	needs 18 'virtual generated columns'
	fresh_db dst
	q "$dst" 'CREATE TABLE t (id int PRIMARY KEY, a int, v int GENERATED ALWAYS AS (a * 2), CHECK (v < 100))'
	load_rows <<<'{"id":1,"a":1,"v":2}'
	assert_status 5
	assert_stderr_has 'column "v"'
	load_rows --conflict=overwrite < <(printf '{"id":%d,"a":%d}\n' 1 1 2 2)
	assert_status 0
	load_rows --conflict=overwrite < <(printf '{"id":%d,"a":%d}\n' 2 20 3 30)
	assert_status 0
	assert_eq "$(q "$dst" 'SELECT * FROM t ORDER BY id')" $'1|1|2\n2|20|40\n3|30|60'
	load_rows --rejects="$BATS_TEST_TMPDIR/bad" < <(printf '{"id":%d,"a":%d}\n' 4 4 5 50 6 6)
	assert_status 3
	assert_eq "$(q "$dst" 'SELECT * FROM t WHERE id > 3 ORDER BY id')" $'4|4|8\n6|6|12'
}

@test "a constraint that is not enforced rejects nothing" {
	needs 18 'NOT ENFORCED'
	fresh_db dst
	q "$dst" 'CREATE TABLE other (id int PRIMARY KEY);
		CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a > 0) NOT ENFORCED, b int CHECK (b > 0),
			o int REFERENCES other NOT ENFORCED)'
	load_rows --rejects="$BATS_TEST_TMPDIR/bad" < <(printf '{"id":%d,"a":%d,"b":%d,"o":%d}\n' 1 -1 1 9 2 -1 -1 9 3 1 1 9)
	assert_status 3
	assert_eq "$(q "$dst" 'SELECT id FROM t ORDER BY id')" $'1\n3'
}

@test "keys WITHOUT OVERLAPS: rows arrive, upserts are refused, --rejects finds what overlaps" {
	needs 18 'WITHOUT OVERLAPS'
	fresh_db src dst
	q "$src" "CREATE TABLE t (id int4range, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
		INSERT INTO t SELECT int4range(i, i + 1), daterange('2020-01-01'::date + j, '2020-01-02'::date + j)
			FROM generate_series(1, 20) i, generate_series(1, 20) j"
	carry t --create
	q "$dst" "DROP TABLE t; CREATE TABLE t (id int4range, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
		CREATE TABLE child (id int, parent int4range, at daterange,
			FOREIGN KEY (parent, PERIOD at) REFERENCES t (id, PERIOD during))"
	try_sh "portl-extract -d $src -t t | portl-load -d $dst --conflict=skip"
	assert_status 5
	assert_stderr_has 'WITHOUT OVERLAPS'
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 0
	portl-extract -d "$src" -t t | portl-load -d "$dst"
	same_table "$src" t "$dst" t
	load_rows --rejects="$BATS_TEST_TMPDIR/bad" <<-'END'
		{"id":"[1,2)","during":"[2020-01-05,2020-01-06)"}
		{"id":"[99,100)","during":"[2020-01-05,2020-01-06)"}
	END
	assert_status 3
	assert_eq "$(q "$dst" "SELECT count(*) FROM t WHERE id = '[99,100)'")" 1
	# covered by two rows of the other table, by a gap, and by none
	into=child load_rows --rejects="$BATS_TEST_TMPDIR/bad" <<-'END'
		{"id":1,"parent":"[1,2)","at":"[2020-01-05,2020-01-09)"}
		{"id":2,"parent":"[1,2)","at":"[2019-01-05,2020-01-09)"}
		{"id":3,"parent":"[77,78)","at":"[2020-01-05,2020-01-06)"}
	END
	assert_status 3
	assert_eq "$(q "$dst" 'SELECT id FROM child')" 1
}

@test "NOT NULL that is not valid yet: its NULLs travel, and --create promises nothing" {
	needs 18 'NOT NULL NOT VALID'
	fresh_db src dst
	q "$src" 'CREATE TABLE t (id int NOT NULL, a int); INSERT INTO t VALUES (1, NULL), (2, 2);
		ALTER TABLE t ADD CONSTRAINT a_there NOT NULL a NOT VALID'
	carry t --create
	assert_eq "$(q "$dst" "SELECT string_agg(attname, ' ') FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND attnotnull")" id
}

@test "server defaults of new kinds are given to columns that the stream lacks" {
	needs 18 'uuidv7()'
	fresh_db dst
	q "$dst" 'CREATE TABLE t (a int, id uuid PRIMARY KEY DEFAULT uuidv7())'
	load_rows < <(printf '{"a":%d}\n' 1 2 3)
	assert_status 0
	assert_eq "$(q "$dst" 'SELECT string_agg(a::text, $$$$ ORDER BY id) FROM t WHERE uuid_extract_version(id) = 7')" 123
}

@test "transaction_timeout of the role ends neither side" {
	needs 17 transaction_timeout
	fresh_db src dst
	for db in "$src" "$dst"; do
		q "$db" "ALTER DATABASE $db SET transaction_timeout = '1h'"
	done
	q "$dst" "CREATE TABLE t (there text, here text DEFAULT current_setting('transaction_timeout'))"
	portl-extract -d "$src" -c "SELECT current_setting('transaction_timeout') AS there" | portl-load -d "$dst" -t t
	assert_eq "$(q "$dst" 'TABLE t')" '0|0'
}
