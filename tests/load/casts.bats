#!/usr/bin/env bats
# What becomes of a value in a column of another type: as the plan says, and as INSERT
# would have it.

load ../lib/common

# plans_of FILE: print what the plans of sourceN say of each column cN as `source N way loss`.
# Cells are parted by two blanks or more.
plans_of()
{
	awk -F '  +' '/^Plan for / { s = $1; gsub(/[^0-9]/, "", s) }
		$2 ~ /^c[0-9]+$/ && $4 ~ /^-> c[0-9]+$/ {
		way = $NF; loss = ""
		if (split($NF, parts, "; ") == 2) { way = parts[1]; loss = parts[2] }
		printf "%s\t%s\t%s\t%s\n", s, substr($2, 2), way, loss }' "$1" | sort
}

# matrix VALUES: load all sources in form VALUES, and note prediction and outcome.
matrix()
{
	local T=$BATS_TEST_TMPDIR

	portl-extract -d "$db" -t 'public.source*' --values="$1" >"$T/stream"
	portl-load -d "$db" --into-schema=taken --dry-run "$T/stream" 2>"$T/said" || (($? == 5)) || fail "$(<"$T/said")"
	plans_of "$T/said" >"$T/dry"
	q "$db" "\\copy predicted FROM '$T/dry'" </dev/null
	# A source that has none that is refused has no plan there; the others have two, which agree.
	q "$db" 'CALL drop_refused()'
	portl-extract -d "$db" -t 'public.source*' --values="$1" >"$T/stream"
	try portl-load -v -d "$db" --into-schema=taken "$T/stream"
	assert_status 0
	plans_of "$T/try.err" | comm -13 "$T/dry" - >"$T/run"
	q "$db" "\\copy predicted FROM '$T/run'" </dev/null
	q "$db" 'CALL take_outcome()'
}

# mismatches SELECT: fail if it gives rows.
mismatches()
{
	local found

	found=$(q "$db" "$1")
	[ -z "$found" ] || fail 'mismatches:' "$found"
}

# The pairs of types, the number of values, and what came out otherwise than INSERT does.
check_outcome()
{
	mismatches "SELECT s, t, n, value, want, got, way FROM
	              (SELECT * FROM oracle JOIN predicted USING (s, t)
	                WHERE ok AND way <> 'refused') AS o
	              FULL JOIN outcome USING (s, t, n) WHERE got IS DISTINCT FROM want"
	((BATS_TEST_NUMBER == 0)) || echo "# $(q "$db" "SELECT format('%s pairs: %s; %s values', count(*),
	    (SELECT string_agg(format('%s %s', n, way), ', ') FROM
	     (SELECT way, count(*) AS n FROM predicted GROUP BY way) AS w),
	    (SELECT count(*) FROM outcome)) FROM predicted")" >&3
}

@test "the matrix of types in binary: plan and outcome are INSERT's" {
	fresh_db db
	export PGTZ=Europe/Berlin # has hours that are twice there, and that are not
	q "$db" <"$ROOT/tests/lib/casts.sql"
	q "$db" 'CALL make_tables(); CALL ask_all(false); CALL fill_sources()'
	matrix binary
	# Servers before 14 cannot read the bytes of an array of a user's type.
	mismatches "SELECT from_type, to_type, r.way, p.way FROM rules r LEFT JOIN predicted p USING (s, t)
	             WHERE CASE p.way WHEN 'as they are' THEN 'cast' ELSE p.way END
	                   IS DISTINCT FROM CASE WHEN $SERVER_VERSION < 140000 AND from_type = 'mood[]'
	                   THEN 'refused' ELSE r.way END"
	mismatches "SELECT from_type, to_type, lossy, loss FROM rules r JOIN predicted p USING (s, t)
	             WHERE p.way <> 'refused' AND r.way = 'cast' AND (loss <> '') <> lossy"
	check_outcome
}

@test "the matrix of types in text: values as input functions read them, warnings where INSERT would not" {
	fresh_db db
	export PGTZ=Europe/Berlin
	q "$db" <"$ROOT/tests/lib/casts.sql"
	q "$db" 'CALL make_tables(); CALL ask_all(true); CALL fill_sources()'
	matrix text
	mismatches "SELECT from_type, to_type, p.way FROM rules r LEFT JOIN predicted p USING (s, t)
	             WHERE p.way IS DISTINCT FROM CASE WHEN to_type IN ('name', '\"char\"')
	                   AND r.way = 'refused' THEN 'refused' ELSE 'read from text' END"
	mismatches "SELECT from_type, to_type, lossy, loss FROM rules r JOIN predicted p USING (s, t)
	             WHERE r.way = 'cast' AND (loss <> '') <> lossy
	                OR r.way = 'refused' AND p.way <> 'refused' AND loss NOT LIKE 'has no cast to %'"
	check_outcome
}

# cast SOURCE-TYPE VALUE TARGET-TYPE [OPTION...]: load one value of one type into the
# other; $got is what is there afterwards.
cast()
{
	local from=$1 value=$2 to=$3

	shift 3
	q "$db" "SET client_min_messages = error; DROP TABLE IF EXISTS s, t; CREATE TABLE s (v $from);
		CREATE TABLE t (v $to); INSERT INTO s VALUES ('${value//\'/\'\'}')"
	portl-extract -d "$db" -t s >"$BATS_TEST_TMPDIR/stream"
	try portl-load -d "$db" -t t "$@" "$BATS_TEST_TMPDIR/stream"
	got=$(q "$db" "SELECT format('[%s]', v) FROM t")
}

@test "what is too long is an error and never cut" {
	local pair

	fresh_db db
	for pair in 'text|abcd|varchar(3)|type character varying(3)' \
		'text|abcd|char(3)|type character(3)' \
		'integer|12345|varchar(3)|type character varying(3)' \
		'uuid|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|char(3)|type character(3)' \
		'text|1010|bit(3)|bit string length 4 does not match type bit(3)' \
		'text|1010|varbit(3)|too long for type bit varying(3)' \
		'bit(4)|1010|varbit(3)|too long for type bit varying(3)' \
		'text[]|{abc,abcd}|varchar(3)[]|type character varying(3)' \
		'text|12345.67|numeric(4,2)|numeric field overflow' \
		'bigint|2147483648|integer|integer out of range' \
		'double precision|1e300|real|out of range'; do
		IFS='|' read -r from value to reason <<<"$pair"
		cast "$from" "$value" "$to"
		assert_status 1
		assert_stderr_has "$reason"
		assert_eq "$got" ''
	done
}

@test "blanks are what the standard makes of them, with a warning" {
	fresh_db db
	cast text 'ab    ' 'varchar(3)' -v
	assert_status 0
	assert_eq "$got" '[ab ]'
	assert_stderr_has 'warning: column "v": text loses blanks beyond 3 characters'
	cast text 'ab ' 'char(4)' -v
	assert_eq "$got" '[ab  ]'
	assert_stderr_has 'warning: column "v": text loses the meaning of blanks at its end'
	cast 'char(6)' ab text
	assert_eq "$got" '[ab]'
	assert_silent
}

@test "losses that types tell are told to who watches, and not each night" {
	local pair

	fresh_db db
	q "$db" 'CREATE DOMAIN money4 AS numeric(12,4); CREATE DOMAIN money2 AS numeric(12,2)'
	for pair in 'numeric(10,4)|1.2345|numeric(10,2)|1.23|is rounded to numeric(10,2)' \
		'money4|1.2345|money2|1.23|is rounded to numeric(12,2)' \
		'money2|1.23|money4|1.2300|' \
		'integer|5|numeric(10,2)|5.00|' \
		'numeric(10,2)[]|{1.25}|numeric(10,1)[]|{1.3}|is rounded to numeric(10,1)' \
		'timestamp|2020-01-01 10:00:00.7|timestamp(0)|2020-01-01 10:00:01|is rounded to timestamp(0)' \
		'timestamp(3)|2020-01-01 10:00:00.7|timestamp(4)|2020-01-01 10:00:00.7|' \
		'date|2020-01-01|timestamp(0)|2020-01-01 00:00:00|' \
		'interval|1 year 5 days|interval year|1 year|loses the fields' \
		'interval year to month|1 year|interval|1 year|' \
		'double precision|2.5|integer|2|is rounded to whole numbers' \
		'double precision|3.141592653589793|numeric|3.14159265358979|is rounded to 15 digits' \
		'inet|10.0.0.1/8|cidr|10.0.0.0/8|loses the bits beyond its netmask' \
		'oid|4294967295|integer|-1|becomes negative above 2147483647'; do
		IFS='|' read -r from value to want warning <<<"$pair"
		cast "$from" "$value" "$to"
		assert_status 0
		assert_eq "$got" "[$want]"
		assert_silent
		[ -n "$warning" ] || continue
		cast "$from" "$value" "$to" -v
		assert_stderr_has "$warning"
		assert_eq "$(grep -c warning: <<<"$stderr")" 1
	done
}

@test "types that cut silently are refused, but not for what fits" {
	local pair

	fresh_db db
	for pair in 'text|name' 'varchar(10)|name' 'text|"char"' 'varchar(1)|"char"' 'json|name' \
		'text[]|name[]'; do
		cast "${pair%|*}" '{}' "${pair#*|}" || true
		q "$db" "TRUNCATE s"
		portl-extract -d "$db" -t s >"$BATS_TEST_TMPDIR/stream"
		try portl-load -d "$db" -t t "$BATS_TEST_TMPDIR/stream"
		assert_status 5
		assert_stderr_has "column \"v\" has type ${pair#*|}, which silently keeps only"
		portl-extract -d "$db" -t s --values=text >"$BATS_TEST_TMPDIR/stream"
		try portl-load -d "$db" -t t "$BATS_TEST_TMPDIR/stream"
		assert_status 5
	done
	cast integer 12345 name
	assert_status 0
	assert_eq "$got" '[12345]'
	cast name abc name
	assert_eq "$got" '[abc]'
	cast '"char"' x '"char"'
	assert_eq "$got" '[x]'
}

@test "what has no cast is refused, with what to do" {
	fresh_db db
	cast integer 20200101 date
	assert_status 5
	assert_stderr_has 'column "v" cannot take integer as date: there is no assignment cast'
	cast boolean t integer
	assert_status 5
	cast 'int4range' '[1,2)' 'tsrange'
	assert_status 5
	cast text 20200101 date
	assert_eq "$got" '[2020-01-01]'
}

# Two databases, for types that only one has.
make_two()
{
	fresh_db from to
	q "$from" "$1"
	q "$to" "$2"
}

two()
{
	make_two "$1" "$2"
	carry "${3:-}"
}

# carry [OPTIONS]: between them.
carry()
{
	try_sh "portl-extract -d $from -t t | portl-load -d $to -t t $1"
}

# carry_container REASON: the same for an array of a user's type, whose binary form servers
# before 14 do not take.  It is refused for REASON, or loads if that is ''.
carry_container()
{
	local reason=$1

	((SERVER_VERSION >= 140000)) || reason='whose binary form servers before 14 cannot read from another database; have portl-extract send --values=text'
	carry
	if [ -n "$reason" ]; then
		assert_status 5
		assert_stderr_has "$reason"
	else
		assert_status 0
		assert_silent
	fi
	[ "$reason" = "$1" ] || try_sh "portl-extract -d $from -t t --values=text | portl-load -d $to -t t"
}

@test "enums and domains need not exist at the target" {
	make_two "CREATE TYPE mood AS ENUM ('it''s', '12'); CREATE DOMAIN small AS numeric(4,1);
	     CREATE TABLE t (a mood, b mood[], c mood, d small, e mood, f mood[]);
	     INSERT INTO t VALUES ('it''s', '{12,NULL}', '12', 1.5, '12', '{\"it''s\"}')" \
		"CREATE TYPE feel AS ENUM ('12', 'it''s', 'other');
	     CREATE TABLE t (a text, b text[], c int, d numeric, e feel, f feel[])"
	carry_container ''
	assert_status 0
	assert_eq "$(q "$to" 'TABLE t')" "it's|{12,NULL}|12|1.5|12|{it's}"
}

@test "other types must exist at the target, and mean the same" {
	make_two "CREATE TYPE pair AS (a int, b int); CREATE TABLE t (v pair); INSERT INTO t VALUES ('(1,2)')" \
		'CREATE TABLE t (v text)'
	carry
	assert_status 5
	assert_stderr_has 'cannot be cast from type public.pair, which does not exist here; have portl-extract send --values=text'
	try_sh "portl-extract -d $from -t t --values=text | portl-load -d $to -t t --truncate"
	assert_status 0
	assert_eq "$(q "$to" 'TABLE t')" '(1,2)'
	q "$to" 'CREATE TYPE pair AS (b int, a int)'
	carry
	assert_status 5
	assert_stderr_has 'type public.pair has the attributes'
	q "$to" 'DROP TYPE pair; CREATE TYPE pair AS (a int, b int)'
	carry
	assert_status 0
	assert_eq "$(q "$to" 'SELECT DISTINCT v FROM t')" '(1,2)'
}

@test "an attribute's bytes are read by its own type only, which is said before any row" {
	local there

	fresh_db from to
	q "$to" 'CREATE DOMAIN d AS varchar(10)'
	q "$from" "CREATE TYPE c AS (a varchar(10)); CREATE TYPE cs AS (c c[]);
		CREATE TABLE t (v cs); INSERT INTO t VALUES (ROW(ARRAY['(x)'::c]))"
	for there in text d; do
		q "$to" "CREATE TYPE c AS (a $there); CREATE TYPE cs AS (c c[]); CREATE TABLE t (v cs)"
		carry
		assert_status 5
		assert_stderr_has 'have portl-extract send --values=text'
		try_sh "portl-extract -d $from -t t --values=text | portl-load -d $to -t t"
		assert_status 0
		assert_eq "$(q "$to" 'TABLE t')" '("{(x)}")'
		q "$to" 'DROP TABLE t; DROP TYPE cs, c'
	done
}

@test "the target's own casts and extensions' are used" {
	two "CREATE EXTENSION citext; CREATE TABLE t (a citext, b point, c citext);
	     INSERT INTO t VALUES ('AbC', '(3,4)', '7')" \
		"CREATE EXTENSION citext; CREATE TABLE t (a text, b float8, c int);
	     CREATE FUNCTION far(p point) RETURNS float8 LANGUAGE sql AS 'SELECT p <-> point(0,0)';
	     CREATE CAST (point AS float8) WITH FUNCTION far(point) AS ASSIGNMENT"
	assert_status 0
	assert_eq "$(q "$to" 'TABLE t')" 'AbC|5|7'
}

@test "an extension's types are the same in whatever schema it is" {
	local format

	needs 14 "arrays with OIDs of another database"

	make_two "CREATE SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;
	     CREATE TABLE t (id int PRIMARY KEY, h ext.hstore, hs ext.hstore[], c ext.citext);
	     INSERT INTO t VALUES (1, 'k=>NULL', '{a=>1,NULL}', 'AbC')" \
		"CREATE EXTENSION hstore; CREATE EXTENSION citext;
	     CREATE TABLE t (id int PRIMARY KEY, h hstore, hs hstore[], c citext)"
	for format in binary ndjson; do
		try_sh "portl-extract -d $from -t t -F $format | portl-load -d $to -t t --conflict=overwrite"
		assert_status 0
		assert_eq "$(q "$to" 'TABLE t')" '1|"k"=>NULL|{"\"a\"=>\"1\"",NULL}|AbC'
		q "$to" 'TRUNCATE t'
	done
	try_sh "portl-extract -d $from -t t | portl-load -d $to -t made --create --conflict=overwrite"
	assert_status 0
	same_table "$from" t "$to" made
	assert_eq "$(q "$to" "SELECT string_agg(format_type(atttypid, NULL), ' ' ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = 'made'::regclass AND attnum > 0")" 'integer hstore hstore[] citext'
}

@test "an extension's domains, composites and enums are the same in whatever schema it is" {
	local types="CREATE EXTENSION cube SCHEMA @; CREATE EXTENSION earthdistance SCHEMA @;
	     CREATE TYPE @.dump AS (path int, geom @.cube); ALTER EXTENSION cube ADD TYPE @.dump;
	     CREATE TYPE @.mood AS ENUM ('sad', 'ok'); ALTER EXTENSION cube ADD TYPE @.mood;"
	local format

	make_two "CREATE SCHEMA ext; ${types//@/ext} SET search_path = ext, public;
	     CREATE TABLE public.t (id int PRIMARY KEY, e ext.earth, d ext.dump, m ext.mood);
	     INSERT INTO public.t VALUES (1, ll_to_earth(1, 2), (3, '(4,5)'), 'ok')" \
		"${types//@/public}
	     CREATE TABLE t (id int PRIMARY KEY, e earth, d dump, m mood)"
	for format in binary ndjson; do
		try_sh "portl-extract -d $from -t t -F $format | portl-load -d $to -t t --truncate"
		assert_status 0
		same_table "$from" t "$to" t
	done
	try_sh "portl-extract -d $from -t t | portl-load -d $to -t made --create"
	assert_status 0
	same_table "$from" t "$to" made
	assert_eq "$(q "$to" "SELECT string_agg(format_type(atttypid, NULL), ' ' ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = 'made'::regclass AND attnum > 0")" 'integer earth dump mood'
	q "$to" 'DROP TABLE made, t; ALTER EXTENSION cube DROP TYPE dump; DROP TYPE dump;
		CREATE TYPE dump AS (geom cube, path int); ALTER EXTENSION cube ADD TYPE dump'
	try_sh "portl-extract -d $from -t t | portl-load -d $to -t made --create"
	assert_status 5
	assert_stderr_has 'attributes'
}

@test "types with hostile names are cast" {
	make_two "CREATE SCHEMA \"a b\"; CREATE TYPE \"a b\".\"x\"\"; drop table t; --\" AS ENUM ('y');
	     CREATE TYPE \"a b\".\"Pair (1)\" AS (a int);
	     CREATE TABLE t (a \"a b\".\"x\"\"; drop table t; --\", b \"a b\".\"Pair (1)\");
	     INSERT INTO t VALUES ('y', '(7)')" \
		"CREATE SCHEMA \"a b\"; CREATE TYPE \"a b\".\"x; --\" AS ENUM ('y');
	     CREATE TYPE \"a b\".\"Pair (1)\" AS (a int);
	     CREATE TABLE t (a \"a b\".\"x; --\", b text)"
	carry
	assert_status 0
	assert_eq "$(q "$to" 'TABLE t')" 'y|(7)'
}

@test "a key that is cast is compared as a whole" {
	two "CREATE TABLE t (k name, b varbit, v int); INSERT INTO t VALUES ('aa', '101', 1), ('ab', '111', 2)" \
		'CREATE TABLE t (k char(4), b bit(3), v bigint, PRIMARY KEY (k, b))' '--conflict=overwrite --duplicates=first'
	assert_status 0
	assert_eq "$(q "$to" 'SELECT * FROM t ORDER BY k')" $'aa  |101|1\nab  |111|2'
}

@test "keys that rounding makes one are one key" {
	local type values

	while IFS='|' read -r type values; do
		two "CREATE TABLE t AS SELECT * FROM (VALUES $values) AS x(k, v)" \
			"CREATE TABLE t (k $type PRIMARY KEY, v bigint)" --conflict=overwrite
		assert_status 0
		assert_eq "$(q "$to" 'SELECT v FROM t ORDER BY k')" $'2\n3'
		drop_dbs
	done <<-'EOF'
		numeric(10,2)|(1.001::float8, 1), (1.004, 2), (2, 3)
		numeric(10,2)|('1.001', 1), ('1.004', 2), ('2', 3)
		timestamp(0)|('2020-01-01 00:00:00.1+0'::timestamptz, 1), ('2020-01-01 00:00:00.2+0', 2), ('2021-01-01+0', 3)
		interval day to hour|('1:01', 1), ('1:02', 2), ('2:00', 3)
	EOF
	two "CREATE TABLE t AS SELECT 1000::float8 AS k, 1 AS v" \
		'CREATE TABLE t (k numeric(4,2) PRIMARY KEY, v bigint)' --conflict=overwrite
	assert_status 1
	assert_stderr_has ':1: numeric field overflow'
}

@test "a domain's CHECK holds for what is cast to it" {
	two "CREATE TABLE t (v text); INSERT INTO t VALUES ('7'), ('-7')" \
		'CREATE DOMAIN good AS int CHECK (value > 0); CREATE TABLE t (v good)'
	assert_status 1
	assert_stderr_has 'value for domain good violates check constraint'
	assert_eq "$(q "$to" 'TABLE t')" ''
}

@test "a key that cannot be cast names its row" {
	local options

	fresh_db db
	q "$db" "CREATE TABLE s AS SELECT CASE i WHEN 7 THEN 'x' ELSE (10 - i)::text END AS id, i AS v FROM generate_series(1, 9) i;
		CREATE TABLE t (id int PRIMARY KEY, v int)"
	for options in --conflict=skip --conflict=overwrite '--conflict=overwrite --duplicates=error'; do
		# shellcheck disable=SC2086 # words
		try_sh "portl-extract -d '$db' -t s | portl-load -d '$db' -t t $options"
		assert_status 1
		assert_stderr_has 'stdin:7: invalid input syntax for type integer: "x"'
	done
}

@test "strings that the input function reads draw no warning of digits" {
	fresh_db db
	q "$db" 'CREATE TABLE t (a numeric(6,2), b timestamp(0), d time(1))'
	printf 'a,b,d\n1.5,2020-01-01 10:00:00,10:00:00\n' >"$BATS_TEST_TMPDIR/csv"
	try_sh "portl-extract --csv '$BATS_TEST_TMPDIR/csv' | portl-load -d '$db' -t t"
	assert_status 0
	assert_silent
}

# column TYPE: an empty table t with a column v of it.
column()
{
	q "$db" "DROP TABLE IF EXISTS t; CREATE TABLE t (n int, v $1, w text)"
}

@test "texts of no scale that a column rounds: counted, told once with an example, or refused" {
	local csv=$BATS_TEST_TMPDIR/x.csv pair type bad good

	fresh_db db
	for pair in 'numeric(5,1)|2.345|2.3' 'real|16777217|0.1' 'double precision|9007199254740993|1.5' \
		'timestamp(0)|2026-01-02 10:11:12.5|2026-01-02 10:11:12' 'time(0)|10:11:12.5|10:11:12' \
		'timestamptz|2026-01-02 10:11:12.1234567Z|2026-01-02 10:11:12Z' \
		'date|2026-01-02 10:11:12|2026-01-02' 'interval(0)|1 day 00:00:01.5|1 day'; do
		IFS='|' read -r type bad good <<<"$pair"
		column "$type"
		printf 'n,v,w\n1,%s,x\n2,%s,x\n3,,\n4,%s,"a\nb"\n' "$good" "$bad" "$bad" >"$csv"
		try_sh "portl-extract --csv=$csv | portl-load -d $db -t t"
		assert_status 0
		assert_eq "$stderr" "portl-load: warning: column \"v\": 2 values lost digits, such as $bad in row 2 (--rounding=ignore says that this is meant)"
		column "$type"
		try_sh "portl-extract --csv=$csv | portl-load -d $db -t t --rounding=ignore"
		assert_status 0
		assert_silent
		column "$type"
		try_sh "portl-extract --csv=$csv | portl-load -d $db -t t --rounding=error"
		assert_status 1
		assert_stderr_has "error: column \"v\": 2 values lost digits, such as $bad in row 2"
		assert_eq "$(q "$db" 'SELECT count(*) FROM t')" 0
		printf 'n,v\n1,%s\n2,\n' "$good" >"$csv"
		try_sh "portl-extract --csv=$csv | portl-load -d $db -t t --rounding=error"
		assert_status 0
		assert_silent
	done
}

@test "rounding: NDJSON, batches, rejects, several streams, fields cut anywhere; types are refused" {
	fresh_db db
	column 'numeric(5,1)'
	printf '{"n":%d,"v":2.345,"w":"t\\\\t"}\n' $(seq 6000) >"$BATS_TEST_TMPDIR/x"
	for option in '' '--conflict=overwrite -k n' '--commit=batch -b 999' "--rejects=$BATS_TEST_TMPDIR/r"; do
		column 'numeric(5,1)'
		q "$db" 'ALTER TABLE t ADD PRIMARY KEY (n)'
		try_sh "portl-load -d $db -t t --bare $option <$BATS_TEST_TMPDIR/x"
		assert_status 0
		assert_eq "$stderr" 'portl-load: warning: column "v": 6000 values lost digits, such as 2.345 in row 1 (--rounding=ignore says that this is meant)'
	done
	column 'numeric(5,1)'
	q "$db" 'CREATE TABLE s AS SELECT 1 AS n, 2.345::numeric(10,3) AS v'
	try_sh "portl-extract -d $db -t s | portl-load -d $db -t t --rounding=error"
	assert_status 5
	assert_stderr_has '--rounding=error: column "v": numeric(10,3) is rounded to numeric(5,1)'
	# what a server wrote has a type, which the plan speaks of
	try_sh "portl-extract -d $db -t s --values=text | portl-load -d $db -t t"
	assert_status 0
	assert_silent
}

@test "rounding: values cut anywhere, whatever was gathered before" {
	local csv=$BATS_TEST_TMPDIR/x.csv i

	fresh_db db
	column 'numeric(5,1)'
	printf 'n,v\n' >"$csv"
	for ((i = 1; i <= 999; i += 2)); do
		printf '%d,0.000000000\n%d,2.555e1\n' $i $((i + 1)) >>"$csv"
	done
	try_sh "portl-extract --csv=$csv | dd bs=1 status=none | portl-load -d $db -t t"
	assert_status 0
	assert_stderr_has 'column "v": 500 values lost digits, such as 2.555e1 in row 2'
}

@test "rounding: a line that is no row has no values, and does not hide others" {
	fresh_db db
	column 'numeric(5,1)'
	for line in '{bad' 1.2345; do
		printf '{"v":%s,"n":1}\n' 1.5 >"$BATS_TEST_TMPDIR/x"
		printf '%s\n' "$line" >>"$BATS_TEST_TMPDIR/x"
		printf '{"v":%s,"n":2}\n' 2.55 >>"$BATS_TEST_TMPDIR/x"
		try_sh "portl-load -d $db -t t --bare --rejects=$BATS_TEST_TMPDIR/r --rounding=error <$BATS_TEST_TMPDIR/x"
		assert_status 1
		assert_stderr_has 'column "v": 1 value lost digits, such as 2.55 in row 3'
		assert_eq "$(q "$db" 'SELECT count(*) FROM t')" 0
	done
}

@test "rounding: of a long value the warning shows the beginning" {
	fresh_db db
	column 'numeric(5,1)'
	printf '{"n":1,"v":2.%0500d}\n' 1 >"$BATS_TEST_TMPDIR/x"
	try_sh "portl-load -d $db -t t --bare <$BATS_TEST_TMPDIR/x"
	assert_status 0
	assert_stderr_has "such as 2.$(printf '%038d' 0)… in row 1"
}

@test "rounding: what is left out has lost nothing, wherever the server refuses it" {
	local T=$BATS_TEST_TMPDIR rows

	fresh_db db
	# COPY refuses the row, its constraint does, it is a duplicate key
	for rows in '{"n":"x","v":1.55,"w":""}\n{"n":2,"v":2.5,"w":"a"}' \
		'{"n":1,"v":2.5,"w":"a"}\n{"n":-1,"v":1.55,"w":""}' \
		'{"n":1,"v":2.5,"w":"a"}\n{"n":1,"v":1.55,"w":"b"}'; do
		for commit in end 'batch --batch-size=1'; do
			column 'numeric(5,1)'
			q "$db" 'ALTER TABLE t ADD PRIMARY KEY (n), ADD CHECK (n > 0)'
			# shellcheck disable=SC2059
			printf "$rows\n" >"$T/x"
			try_sh "portl-load -q -d $db -t t --bare --rejects=$T/r --rounding=error --commit=$commit <$T/x"
			assert_status 3
			assert_silent
			assert_eq "$(q "$db" 'SELECT v FROM t')" 2.5
		done
	done
}

@test "rounding: the rows that stay are counted, over many that do not, and batches" {
	local T=$BATS_TEST_TMPDIR commit

	fresh_db db
	# row i: bad n if 3 divides it, bad JSON if 7 does, a key that was there if 5 does
	seq 1000 | awk '{ n = $1 % 5 ? $1 : 1 }
		$1 % 7 == 0 { print "{"; next }
		{ printf "{\"n\":\"%s%s\",\"v\":%s}\n", n, $1 % 3 ? "" : "x", $1 % 2 ? 1.5 : $1 ".25" }' >"$T/x"
	sed -i '1s/.*/{"n":"1x","v":1.25}/' "$T/x"
	for commit in end 'batch --batch-size=99'; do
		column 'numeric(9,1)'
		q "$db" 'ALTER TABLE t ADD PRIMARY KEY (n); INSERT INTO t VALUES (1)'
		try_sh "portl-load -d $db -t t --bare --rejects=$T/r --commit=$commit <$T/x"
		assert_status 3
		assert_stderr_has "column \"v\": $(seq 1000 | awk '$1 % 2 == 0 && $1 % 3 && $1 % 5 && $1 % 7' | wc -l) values lost digits, such as 2.25 in row 2 "
	done
}
