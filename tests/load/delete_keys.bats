#!/usr/bin/env bats
# --delete by keys alone (--with-keys): which are told from the target's as both pass by, and
# that it is the same ones whichever way.
# shellcheck disable=SC2034,SC2154 # bats' and our variables

load ../lib/common
load ../lib/load

setup()
{
	fresh_db a b
	stream=$BATS_TEST_TMPDIR/stream
}

# keys_of TYPE HERE THERE LEFT: of keys HERE at the source and THERE at the target LEFT are left.
keys_of()
{
	local db type=$1

	for db in "$a" "$b"; do
		q "$db" "DROP TABLE IF EXISTS k; CREATE TABLE k (j int DEFAULT 0, id $type, v int, PRIMARY KEY (id, j))"
	done
	q "$a" "INSERT INTO k (id) SELECT unnest('$2'::${type}[])"
	q "$b" "INSERT INTO k (id) SELECT unnest('$3'::${type}[])"
	portl-extract -d "$a" -t k --where 'v > 0' --with-keys -o "$stream"
	try portl-load -vv -d "$b" --conflict=skip --delete --max-delete=100% "$stream"
	assert_status 0
	assert_eq "$(q "$b" "SELECT string_agg(id::text, ' ' ORDER BY id) FROM k")" "$4"
}

# passed, were_staged: how the keys of the last load were looked at.
passed()
{
	assert_stderr_has 'COPY (SELECT o.k1, o.k2'
}

were_staged()
{
	assert_stderr_lacks 'COPY (SELECT o.k'
}

@test "--with-keys: what every server sorts alike passes by, all else is staged; equal is what the index says" {
	keys_of int '{-7,-1,0,5,2147483647}' '{-2147483648,-7,-2,0,6,2147483647}' '-7 0 2147483647'
	passed
	keys_of bigint '{-4294967297,1}' '{-4294967297,-1,1,4294967297}' '-4294967297 1'
	passed
	keys_of numeric '{1.0,-2.50,NaN,100000,0.0001}' '{1.00,-2.5,-3,NaN,99999.9,100000.00,0.00010,0.001}' '-2.5 0.00010 1.00 100000.00 NaN'
	passed
	keys_of uuid '{00000000-0000-0000-0000-00000000000a,f0000000-0000-0000-0000-000000000000}' \
		'{00000000-0000-0000-0000-00000000000a,80000000-0000-0000-0000-000000000000,f0000000-0000-0000-0000-000000000000}' \
		'00000000-0000-0000-0000-00000000000a f0000000-0000-0000-0000-000000000000'
	passed
	keys_of timestamptz '{-infinity,1999-01-01 00:00Z,infinity}' '{-infinity,1999-01-01 01:00+1,2001-01-01 00:00Z,infinity}' \
		"$(q "$b" "SELECT string_agg(t::text, ' ' ORDER BY t) FROM unnest('{-infinity,1999-01-01 00:00Z,infinity}'::timestamptz[]) t")"
	passed
	keys_of bytea '{"","\\x00","\\xff01"}' '{"","\\x0000","\\x00","\\xff","\\xff01"}' '\x \x00 \xff01'
	passed
	keys_of date '{1999-12-31,2000-01-01}' '{1999-12-31,2000-01-02}' 1999-12-31
	passed
	keys_of boolean '{t}' '{f,t}' true
	passed
	keys_of text '{a,B,ä}' '{A,a,b,B,ä}' "$(q "$b" "SELECT string_agg(t, ' ' ORDER BY t) FROM unnest('{a,B,ä}'::text[]) t")"
	were_staged
	keys_of 'char(5)' '{a,"b  "}' '{"a ",b,c}' 'a b'
	were_staged
	keys_of float8 '{-0,NaN,1.5}' '{0,NaN,2.5}' '0 NaN'
	were_staged
	keys_of jsonb '{1,"{\"a\": 1, \"b\": 2}"}' '{1.0,2,"{\"b\": 2.0, \"a\": 1}"}' '1.0 {"a": 1, "b": 2.0}'
	were_staged
	keys_of interval '{1 day,30 days}' '{24:00,1 mon,25:00}' '24:00:00 1 mon'
	were_staged
	keys_of int4range '{"[1,2]",empty}' '{"[1,3)","[1,4)","(5,5)"}' 'empty [1,3)'
	were_staged
	# another type at the target is cast, as INSERT would do it
	q "$a" "DROP TABLE k; CREATE TABLE k (id int PRIMARY KEY, v int); INSERT INTO k VALUES (1), (-2)"
	q "$b" "DROP TABLE k; CREATE TABLE k (id bigint PRIMARY KEY, v int); INSERT INTO k VALUES (1), (-2), (5000000000)"
	portl-extract -d "$a" -t k --where 'v > 0' --with-keys -o "$stream"
	try portl-load -vv -d "$b" --conflict=skip --delete "$stream"
	assert_status 0
	were_staged
	assert_eq "$(q "$b" 'SELECT id FROM k ORDER BY 1')" $'-2\n1'
}

@test "--with-keys: many absent keys, a scope, rows without a key, partitions; memory does not grow" {
	q "$a" "CREATE TABLE k (a int, b int, v int, PRIMARY KEY (a, b)); INSERT INTO k SELECT i % 3, i, 0 FROM generate_series(1, 30000) i"
	q "$b" "CREATE TABLE k (b int, a int, v int, UNIQUE (b, a)) PARTITION BY RANGE (b);
		CREATE TABLE k1 PARTITION OF k FOR VALUES FROM (MINVALUE) TO (20000); CREATE TABLE k2 PARTITION OF k DEFAULT;
		INSERT INTO k SELECT i, i % 3, i % 2 FROM generate_series(-30000, 30000) i; INSERT INTO k VALUES (NULL, 1, 0), (1, NULL, 0)"
	portl-extract -d "$a" -t k --where 'v > 0' --with-keys -o "$stream"
	try portl-load -vv -d "$b" --conflict=skip --key=a,b --delete --max-delete=100% --scope='v = 0 -- (' "$stream"
	assert_status 0
	assert_stderr_has 'COPY (SELECT o.k2, o.k1'
	assert_eq "$(q "$b" 'SELECT count(*), count(*) FILTER (WHERE b <= 0), count(*) FILTER (WHERE a IS NULL OR b IS NULL) FROM k')" '45002|15000|2'
	portl-load -q -d "$b" --conflict=skip --key=a,b --delete --max-delete=100% "$stream"
	assert_eq "$(q "$b" 'SELECT count(*), min(b), max(b), count(*) FILTER (WHERE a IS NULL OR b IS NULL) FROM k')" '30002|1|30000|2'
	# half of a stream says nothing
	q "$b" 'INSERT INTO k VALUES (-1, 1, 0)'
	head -c -200000 "$stream" >"$stream.half"
	try portl-load -q -d "$b" --conflict=skip --key=a,b --delete "$stream.half"
	assert_status 4
	assert_eq "$(q "$b" 'SELECT count(*) FROM k WHERE b < 0')" 1
}

@test "--with-keys: what a cast or a trigger may have made of keys is doubted where rows are absent, and said as it is" {
	q "$a" "CREATE TABLE k (id int PRIMARY KEY, v int); INSERT INTO k VALUES (1, 1), (2, 2), (3, 3)"
	q "$b" "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
	portl-extract -d "$a" -t k --where 'v > 2' --with-keys -o "$stream"
	for table in 'id text PRIMARY KEY' 'id int PRIMARY KEY'; do
		q "$b" "DROP TABLE IF EXISTS k; CREATE TABLE k ($table, v int); INSERT INTO k VALUES (2, 2)"
		[[ $table == *text* ]] || q "$b" 'CREATE TRIGGER f BEFORE INSERT ON k FOR EACH ROW EXECUTE FUNCTION f()'
		# somebody has deleted 1, but nothing is absent
		try portl-load -d "$b" --conflict=overwrite --delete "$stream"
		assert_status 0
		q "$b" 'INSERT INTO k VALUES (11, 2)'
		try portl-load -d "$b" --conflict=overwrite --delete "$stream"
		assert_status 1
		assert_stderr_has 'a key of the stream is not in "k"'
		assert_stderr_lacks 'when its row has been written'
		assert_stderr_has 'a run of all rows brings them back (portl-extract --since=none)'
		if [[ $table == *text* ]]; then
			assert_stderr_has 'The key'\''s column "id" is cast from integer, and may have been written otherwise'
		else
			assert_stderr_has 'A BEFORE INSERT trigger may change keys or leave rows out'
		fi
		assert_eq "$(q "$b" 'SELECT id FROM k ORDER BY id::int')" $'2\n3\n11'
	done
}
