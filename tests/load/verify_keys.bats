#!/usr/bin/env bats
# --verify by keys of odd types: in order and staged, binary, text and NDJSON find the same rows.
# shellcheck disable=SC2154 # fresh_db's variables

load ../lib/common

both()
{
	q "$src" "$1"
	q "$dst" "$1"
}

# by_key TYPE EXPRESSION: rows whose key it makes of i are equal; changed, missing and extra
# ones are found, each.
by_key()
{
	local different missing extra options

	both "DROP TABLE IF EXISTS t; CREATE TABLE t (k $1 PRIMARY KEY, v int);
		INSERT INTO t SELECT $2, i FROM generate_series(1, 60) i ON CONFLICT DO NOTHING"
	portl-extract -d "$src" -t t --order=auto | portl-load -q -d "$dst" --verify || fail "$1: not equal"
	different=$(q "$dst" 'WITH u AS (UPDATE t SET v = -v WHERE v % 7 = 3 RETURNING 1) SELECT count(*) FROM u')
	missing=$(q "$dst" 'WITH u AS (DELETE FROM t WHERE v % 7 = 4 RETURNING 1) SELECT count(*) FROM u')
	extra=$(q "$src" 'WITH u AS (DELETE FROM t WHERE v % 7 = 5 RETURNING 1) SELECT count(*) FROM u')
	for options in --order=auto '--order=auto --values=text' '-F ndjson'; do
		# shellcheck disable=SC2086 # words
		portl-extract -d "$src" -t t $options |
			portl-load -q -d "$dst" --verify --summary=sum.json --differences=diff 2>/dev/null || :
		assert_eq "$1 $options $(jq -r '.verified | "\(.missing) \(.extra) \(.different)"' sum.json)" \
			"$1 $options $missing $extra $different"
		assert_eq "$(wc -l <./diff)" "$((missing + extra + different))"
	done
}

@test "keys whose order, equality or text is odd" {
	cd "$BATS_TEST_TMPDIR" || return
	fresh_db src dst
	both "CREATE TYPE en AS ENUM ('z', 'a', 'm'); CREATE DOMAIN dom AS numeric CHECK (VALUE IS NOT NULL)"
	by_key dom "CASE i % 4 WHEN 0 THEN 'NaN' WHEN 1 THEN -i * 1e40 WHEN 2 THEN (i || '.000')::numeric ELSE i * 1e-7 END::numeric"
	by_key 'double precision' "CASE i WHEN 1 THEN 'NaN' WHEN 2 THEN '-0' WHEN 3 THEN 'Infinity' ELSE (i - 100) / 7.0::float8 END"
	by_key '"char"' 'chr(32 + i)::"char"'
	by_key jsonb "jsonb_build_object('a', i, 'b', i::text)"
	by_key timestamptz "CASE i WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' ELSE timestamptz '1890-01-01 00:00+00' + i * interval '301 days' END"
	by_key interval 'CASE WHEN i % 2 = 0 THEN make_interval(days => i) ELSE make_interval(hours => 24 * i + 24) END'
	by_key 'text[]' 'ARRAY[chr(60 + i), NULL, i::text]'
	by_key en "(ARRAY['z', 'a', 'm'])[1 + i % 3]::en"
	! since 14 'arrays of enums in binary' || by_key 'en[]' "ARRAY[(ARRAY['z', 'a', 'm'])[1 + i % 3]::en]"
	by_key 'text COLLATE "en-x-icu"' 'repeat(chr(64 + i), i % 3 + 1)'
	by_key int4range 'int4range(i, i * 2)'
	by_key varbit 'i::bit(9)::varbit'
}
