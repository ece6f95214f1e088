#!/usr/bin/env bats
# From an old server into a new one and back: what both have arrives bit for bit, what
# only the new one has is refused by name.  Each test takes databases of both.
# shellcheck disable=SC2034,SC2154 # bats' and our variables

load ../lib/common

setup()
{
	local name host

	for name in old new; do
		host=${name^^}
		export "$name=host=${!host} dbname=t$BATS_SUITE_TEST_NUMBER"
		psql -Xq -v ON_ERROR_STOP=1 -h "${!host}" -d postgres \
			-c "CREATE DATABASE t$BATS_SUITE_TEST_NUMBER TEMPLATE template0"
	done
}

teardown()
{
	for host in "$OLD" "$NEW"; do
		psql -Xq -h "$host" -d postgres -c "DROP DATABASE t$BATS_SUITE_TEST_NUMBER WITH (FORCE)"
	done
}

# both_ways FUNCTION [ARGUMENT...]: with $from and $to, in either direction.
both_ways()
{
	from=$old to=$new "$@" && from=$new to=$old "$@"
}

# carry TABLE [EXTRACT-OPTION...] -- [LOAD-OPTION...]
carry()
{
	local -a left=()

	while [ "$1" != -- ]; do
		left+=("$1")
		shift
	done
	shift
	portl-extract -d "$from" -t "${left[@]}" | portl-load -q -d "$to" "$@"
}

# arrives TABLE [EXTRACT-OPTION...]: made, and made again from rows.
arrives()
{
	q "$to" "DROP TABLE IF EXISTS $1"
	carry "$@" -- --create && same_table "$from" "$1" "$to" "$1" &&
		carry "$@" -- --truncate && same_table "$from" "$1" "$to" "$1"
}

# The values that the older server has, so that both have them: made there.
every_type()
{
	local table

	q "$old" 'DROP TABLE IF EXISTS scalars, arrays, named'
	PGOPTIONS='-c client_min_messages=error' q "$old" <"$ROOT/tests/sql/values.sql"
	from=$old to=$new
	for table in scalars arrays; do
		arrives "$table" && arrives "$table" --values=text || return
	done
	# a line of NDJSON cannot keep a line break between json's tokens
	q "$old" "UPDATE scalars SET json = replace(json::text, E'\n', ' ')::json"
	for table in scalars arrays; do
		arrives "$table" -F ndjson || return
	done
	q "$old" 'ALTER TABLE scalars RENAME TO scalars_before; ALTER TABLE arrays RENAME TO arrays_before'
	if is_old 15; then # the text of "char" is refused there, see below
		q "$new" 'ALTER TABLE scalars DROP char1; ALTER TABLE arrays DROP char1'
		q "$old" 'ALTER TABLE scalars_before DROP char1; ALTER TABLE arrays_before DROP char1'
	fi
	from=$new to=$old # what has come goes back, and is what it was
	for table in scalars arrays; do
		arrives "$table" && arrives "$table" -F ndjson || return
		same_table "$old" "${table}_before" "$old" "$table" || return
	done
}

@test "every built-in type with its extremes: values, NDJSON, --create, there and back" {
	since 14 'infinite numerics, multiranges' || :
	since 15 'numerics of negative scale, the longest intervals' || :
	every_type
	# in binary form, without what has none
	for db in "$old" "$new"; do
		q "$db" 'ALTER TABLE scalars DROP xml, DROP oidvector, DROP int2vector, DROP tsquery; ALTER TABLE arrays DROP xml, DROP tsquery'
		# nor what only a look inside could tell from infinity
		! is_old 17 || q "$db" 'ALTER TABLE arrays DROP interval, DROP interval_ym'
	done
	for table in scalars arrays; do
		both_ways arrives "$table" --values=binary
	done
}

compared()
{
	local options

	q "$from" 'DROP TABLE IF EXISTS scalars, arrays, named'
	q "$to" 'DROP TABLE IF EXISTS scalars, arrays, named'
	PGOPTIONS='-c client_min_messages=error' q "$old" <"$ROOT/tests/sql/values.sql"
	if is_old 15; then
		q "$old" 'ALTER TABLE scalars DROP char1; ALTER TABLE arrays DROP char1'
	fi
	[ "$from" = "$old" ] || for table in scalars arrays; do
		portl-extract -d "$old" -t $table | portl-load -q -d "$new" --create || return
	done
	q "$from" 'ALTER TABLE scalars ADD portl_n serial PRIMARY KEY; ALTER TABLE arrays ADD portl_n serial PRIMARY KEY'
	for options in --values=auto --values=text; do
		[ "$from" = "$old" ] || q "$to" 'DROP TABLE scalars, arrays'
		q "$to" 'DROP TABLE IF EXISTS scalars, arrays'
		for table in scalars arrays; do
			carry $table $options -- --create || return
			carry $table $options --order=key -- --verify || return
			carry $table $options --order=key --columns=portl_n,num,float8,tstz,jsonb,text -- --verify || return
			q "$to" "UPDATE $table SET text = NULL WHERE portl_n = 2"
			carry $table $options --order=key --columns=portl_n,num,float8,jsonb,text -- --verify && return 1
		done
	done
	true
}

@test "a comparison between servers of two versions: equal is equal, and what differs does" {
	both_ways compared
}

types='CREATE EXTENSION hstore; CREATE EXTENSION citext;
	CREATE TYPE mood AS ENUM ('"'sad', 'it''s ok', 'a,b'"'); CREATE DOMAIN price AS numeric(10,2) CHECK (value > 0);
	CREATE TYPE pair AS (a int, b text, m mood); CREATE TYPE span AS RANGE (subtype = text);'

user_types()
{
	q "$from" "DROP TABLE IF EXISTS u; CREATE TABLE u AS SELECT i AS id, 'sad'::mood AS m, 1.5::price AS p, '[a,b]'::span AS s,
		'a=>1, b=>NULL'::hstore AS h, 'AbC'::citext AS c FROM generate_series(1, 5) i; ALTER TABLE u ADD PRIMARY KEY (id)"
	arrives u && arrives u -F ndjson && arrives u --values=binary || return
	q "$from" "DROP TABLE IF EXISTS w; CREATE TABLE w AS SELECT 1 AS id, ARRAY['a,b'::mood, NULL] AS ms,
		ROW(1, 'x \"y\"', 'sad')::pair AS p, ARRAY[ROW(2, NULL, NULL)::pair] AS ps, ARRAY[2.5::price] AS prices"
	arrives w --values=text && arrives w -F ndjson || return
	if (($(q "$to" 'SHOW server_version_num') >= 140000)); then
		arrives w --values=binary
	else
		for there in TRUNCATE 'DROP TABLE'; do
			q "$to" "$there w"
			try_sh "portl-extract -d '$from' -t w | portl-load -d '$to' --create"
			assert_status 5
			assert_stderr_has 'servers before 14 cannot read from another database; have portl-extract send --values=text'
		done
	fi
}

@test "enums, domains, composites, ranges, extensions: their OIDs differ" {
	q "$new" 'CREATE TABLE shift (a int); CREATE TYPE before AS (a int)'
	q "$old" "$types"
	q "$new" "$types"
	both_ways user_types
}

upsert()
{
	local mode

	for mode in overwrite merge skip; do
		q "$from" "DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, a text, n numeric);
			INSERT INTO t SELECT i, CASE WHEN i % 3 > 0 THEN 'new ' || i END, i / 7.0 FROM generate_series(1, 3000) i"
		q "$to" "DROP TABLE IF EXISTS t; CREATE TABLE t (n numeric, id int PRIMARY KEY, a text, kept int DEFAULT 7);
			INSERT INTO t SELECT 0, i, 'old ' || i FROM generate_series(2000, 4000) i"
		carry t "$@" -- --conflict=$mode --commit=batch -b 700 || return
		assert_eq "$(q "$to" "SELECT count(*), sum(kept), count(*) FILTER (WHERE a LIKE 'old%'), count(*) FILTER (WHERE n = 0), count(a) FROM t")" \
			"$(case $mode in
			overwrite) echo '4000|28000|1000|1000|3000' ;;
			merge) echo '4000|28000|1334|1000|3334' ;;
			skip) echo '4000|28000|2001|2001|3334' ;;
			esac)" || return
	done
}

rejects()
{
	q "$from" "DROP TABLE IF EXISTS t; CREATE TABLE t AS SELECT i AS id, CASE WHEN i % 100 = 0 THEN -i ELSE i END AS a, i % 10 AS o
		FROM generate_series(1, 1000) i"
	q "$to" "DROP TABLE IF EXISTS t, o; CREATE TABLE o (id int PRIMARY KEY); INSERT INTO o SELECT generate_series(0, 8);
		CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a > 0), o int REFERENCES o)"
	carry t "$@" -- --rejects="$BATS_TEST_TMPDIR/rejects" 2>/dev/null && fail 'no rejects'
	assert_eq "$(q "$to" 'SELECT count(*), min(a), max(o) FROM t')" '890|1|8' || return
	q "$to" 'INSERT INTO o VALUES (9); ALTER TABLE t DROP CONSTRAINT t_a_check'
	portl-load -q -d "$to" "$BATS_TEST_TMPDIR/rejects" || return
	same_table "$from" t "$to" t
}

@test "upserts and batches, binary and NDJSON" {
	both_ways upsert
	both_ways upsert -F ndjson
}

@test "rejects, which load once the reason is gone" {
	both_ways rejects
	both_ways rejects -F ndjson
}

sequences()
{
	q "$from" 'DROP TABLE IF EXISTS t; CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, g int GENERATED ALWAYS AS (7) STORED, a int);
		INSERT INTO t (a) SELECT generate_series(1, 9)'
	q "$to" 'DROP TABLE IF EXISTS t; CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, g int GENERATED ALWAYS AS (7) STORED)'
	carry t "$@" -- && same_table "$from" t "$to" t || return
	assert_eq "$(q "$to" 'INSERT INTO t (a) VALUES (1) RETURNING id')" 10
}

@test "identity, generated columns, sequences" {
	both_ways sequences
	both_ways sequences -F ndjson
}

# refused STATUS REASON SELECT [EXTRACT-OPTION...]: from the new server into the old one's t
refused()
{
	q "$new" "DROP TABLE IF EXISTS t; CREATE TABLE t AS $3"
	try_sh "portl-extract -d '$new' -t t ${*:4} | portl-load -d '$old' -t t"
	assert_status "$1"
	assert_stderr_has "$2"
	assert_eq "$(q "$old" 'SELECT count(*) FROM t')" 0
}

# is_old MAJOR: is there something that the new server has and the old one has not?
is_old()
{
	((SERVER_VERSION < $1 * 10000 && NEW_VERSION >= $1 * 10000)) && return
	echo "between.bats: what came with PostgreSQL $1" >>"${LEFT_OUT:-/dev/null}"
	return 1
}

@test "values that the old server does not know are refused, or warned of where it cannot tell" {
	if is_old 14; then
		q "$old" 'CREATE TABLE t (v numeric)'
		refused 1 'invalid sign in external "numeric" value' "SELECT 'Infinity'::numeric AS v"
		refused 1 'invalid input syntax for type numeric: "Infinity"' "SELECT 'Infinity'::numeric AS v" -F ndjson
		refused 5 'int4multirange' "SELECT '{[1,2)}'::int4multirange AS v"
		try_sh "portl-extract -d '$new' -t t | portl-load -d '$old' -t made --create"
		assert_status 5
		assert_stderr_has int4multirange
	fi
	if is_old 15; then
		q "$old" 'DROP TABLE IF EXISTS t; CREATE TABLE t (v "char")'
		q "$new" "DROP TABLE IF EXISTS t; CREATE TABLE t AS SELECT '\\351'::\"char\" AS v"
		refused 5 'of whose text servers before 15 keep one byte' "SELECT '\\351'::\"char\" AS v" -F ndjson
		from=$new to=$old carry t -- -t t
		assert_eq "$(q "$old" "SELECT encode(charsend(v), 'hex') FROM t")" e9
	fi
	if is_old 17; then
		q "$old" 'DROP TABLE IF EXISTS t; CREATE TABLE t (v interval)'
		refused 1 'invalid input syntax for type interval: "infinity"' "SELECT 'infinity'::interval AS v" --values=text
		q "$new" "CREATE TABLE i (id int, n text, v interval, w interval);
			INSERT INTO i SELECT i, repeat('x', i % 3000), CASE i % 3 WHEN 0 THEN NULL ELSE i * interval '1 min' END, '-178000000 years' FROM generate_series(1, 2000) i;
			CREATE TABLE nested AS SELECT ARRAY[interval '1 day'] AS v"
		from=$new to=$old carry i -- --create
		same_table "$new" i "$old" i
		from=$new to=$old carry nested --values=text -- --create
		for way in --truncate '--conflict=overwrite -k id'; do
			[ "$way" = --truncate ] || q "$old" 'CREATE UNIQUE INDEX ON i (id)'
			for column in v w; do
				q "$new" "UPDATE i SET $column = '-infinity' WHERE id = 1999"
				try_sh "portl-extract -d '$new' -t i | portl-load -d '$old' $way"
				assert_status 1
				assert_stderr_has "row 2000, column \"$column\": an infinite interval, which servers before 17 do not have"
				q "$new" "UPDATE i SET $column = '1 day' WHERE id = 1999"
			done
		done
		refused 5 'servers before 17 take an infinite interval inside for a finite one' 'SELECT * FROM nested'
		q "$old" 'DROP TABLE t'
		q "$new" "DROP TABLE t; CREATE TABLE t AS SELECT interval 'infinity' AS v"
		try_sh "portl-extract -d '$new' -t t | portl-load -d '$old' -t t --create"
		assert_status 1
		assert_stderr_has 'row 1, column "v": an infinite interval'
		assert_eq "$(q "$old" "SELECT to_regclass('t')")" ''
	fi
	if is_old 18; then
		q "$old" 'DROP TABLE IF EXISTS t'
		q "$new" 'DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v int GENERATED ALWAYS AS (id * 2)); INSERT INTO t VALUES (1), (2)'
		from=$new to=$old arrives t
		from=$new to=$old arrives t -F ndjson
	fi
}
