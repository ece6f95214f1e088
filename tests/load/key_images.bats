#!/usr/bin/env bats
# Keys that are equal and written otherwise: a row gets the stream's spelling with its values.
# shellcheck disable=SC2154 # fresh_db sets a and b

load ../lib/common
load ../lib/load

setup()
{
	fresh_db a b
	stream=$BATS_TEST_TMPDIR/stream
	q "$a" 'CREATE EXTENSION citext'
	q "$b" 'CREATE EXTENSION citext'
}

# spelled TYPE THERE HERE [OPTION...]: with key THERE, and the same value beside it, a load of
# HERE makes the tables equal, and a second one changes nothing.
spelled()
{
	local type=$1 there=$2 here=$3

	shift 3
	q "$a" "DROP TABLE IF EXISTS t; CREATE TABLE t (id $type PRIMARY KEY, v int); INSERT INTO t VALUES ($here, 1)"
	q "$b" "DROP TABLE IF EXISTS t CASCADE; ${make:-CREATE TABLE t (id $type PRIMARY KEY, v int)}; INSERT INTO t VALUES ($there, 1)"
	portl-extract -d "$a" -t t -o "$stream"
	try portl-load -d "$b" --summary="$BATS_TEST_TMPDIR/sum" "$@" "$stream"
	assert_status 0
	assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" '1 0 1 0 0'
	same_table "$a" t "$b" t
	portl-load -d "$b" --summary="$BATS_TEST_TMPDIR/sum" "$@" "$stream"
	assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" '1 0 0 1 0'
	portl-load -d "$b" --verify "$stream"
}

@test "a key that is equal and written otherwise is written as the stream has it" {
	for how in overwrite merge; do
		spelled citext "'ABC'" "'Abc'" --conflict=$how
		spelled numeric 1.00 1.0 --conflict=$how
		spelled float8 "'0'" "'-0'" --conflict=$how
		spelled interval "'24:00'" "'1 day'" --conflict=$how
		spelled jsonb "'{\"a\": 1}'" "'{\"a\": 1.0}'" --conflict=$how
		spelled 'numeric[]' "'{1.0,2}'" "'{1,2.00}'" --conflict=$how
		spelled numrange "'[1.0,2)'" "'[1,2)'" --conflict=$how
	done
	q "$b" "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
	q "$a" "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
	spelled 'text COLLATE ci' "'ABC'" "'Abc'" --conflict=overwrite
	# under a trigger, between partitions, counted row by row, and from text
	q "$b" "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
	for how in overwrite merge; do
		make='CREATE TABLE t (id citext PRIMARY KEY, v int); CREATE TRIGGER f BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()' \
			spelled citext "'ABC'" "'Abc'" --conflict=$how
		make='CREATE TABLE t (id numeric PRIMARY KEY, v int) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (2);
			CREATE TABLE r PARTITION OF t DEFAULT' spelled numeric 1.00 1.0 --conflict=$how
		spelled numeric 1.00 1.0 --conflict=$how --rejects="$BATS_TEST_TMPDIR/rejects"
	done
}

@test "rows of one key in several spellings: the last one's stays; foreign keys and narrow rights" {
	q "$b" "CREATE TABLE t (id citext PRIMARY KEY, v int); CREATE TABLE child (t citext REFERENCES t); INSERT INTO t VALUES ('abc', 1);
		INSERT INTO child VALUES ('ABC'); CREATE ROLE portl_$b LOGIN; GRANT SELECT, INSERT, UPDATE (v) ON t TO portl_$b"
	portl-extract -d "$a" -c "SELECT * FROM (VALUES ('Abc'::citext, 2), ('ABC', 3), ('new', 1), ('aBc', 4), ('New', 1)) AS t (id, v)" -o "$stream"
	# who may not update the key leaves it as it is
	portl-load -q -d "$b" -U "portl_$b" -t t --conflict=overwrite "$stream"
	t_is 'abc|4' 'new|1'
	portl-load -q -d "$b" -t t --conflict=overwrite "$stream"
	t_is 'aBc|4' 'New|1'
	assert_eq "$(q "$b" 'TABLE child')" ABC
	# a foreign key that would do more than follow keeps the key
	for does in RESTRICT 'SET NULL' CASCADE; do
		q "$b" "TRUNCATE t CASCADE; INSERT INTO t VALUES ('abc', 1); INSERT INTO child VALUES ('ABC'); ALTER TABLE child DROP CONSTRAINT child_t_fkey,
			ADD CONSTRAINT child_t_fkey FOREIGN KEY (t) REFERENCES t ON UPDATE $does"
		portl-load -q -d "$b" -t t --conflict=overwrite "$stream"
		assert_eq "$does $(q "$b" "SELECT id, v, child.t FROM t LEFT JOIN child ON t = id WHERE v = 4")" "$does ${kept:-abc|4|ABC}"
		[ "$does" != 'SET NULL' ] || local kept='aBc|4|aBc'
	done
	portl-load -q -d "$b" -t t --conflict=overwrite --newer=v "$stream"
	t_is 'aBc|4' 'New|1'
	q "$b" "DROP OWNED BY portl_$b; DROP ROLE portl_$b"
}

@test "many rows of one key, in several spellings, cost no more than their number" {
	q "$b" 'CREATE TABLE t (id numeric PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0)'
	portl-extract -d "$a" -c "SELECT (ARRAY[1.0, 1.00, 1])[1 + g % 3]::numeric AS id, g AS v FROM generate_series(1, 3000) g" -o "$stream"
	try portl-load -vv -d "$b" -t t --conflict=overwrite --summary="$BATS_TEST_TMPDIR/sum" "$stream"
	assert_status 0
	assert_stderr_has 'folded AS'
	assert_eq "$(counts "$BATS_TEST_TMPDIR/sum")" '3000 0 3000 0 0'
	t_is '1.0|3000'
}
