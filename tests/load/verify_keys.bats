#!/usr/bin/env bats
# --verify by keys of odd types: in order and staged, binary, text and NDJSON find the same rows.
# shellcheck disable=SC2154 # fresh_db's variables

load ../lib/common

both()
{
	q "$src" "$1"
	q "$dst" "$1"
}

# by_key TYPE EXPRESSION: a table whose key it makes of i
by_key()
{
	tables=$((tables + 1))
	both "CREATE TABLE t$tables (k $1 PRIMARY KEY, v int);
		INSERT INTO t$tables SELECT $2, i FROM generate_series(1, 60) i ON CONFLICT DO NOTHING"
}

@test "keys whose order, equality or text is odd" {
	local tables=0 i counts='' changed='' deleted='' want options

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
	portl-extract -d "$src" -t 't*' --order=auto | portl-load -q -d "$dst" --verify
	# changed, missing and extra ones are found, each
	for ((i = 1; i <= tables; i++)); do
		counts+="SELECT 'public.t$i', count(*) FILTER (WHERE v % 7 = 4), count(*) FILTER (WHERE v % 7 = 5),
			count(*) FILTER (WHERE v % 7 = 3) FROM t$i;"
		changed+="UPDATE t$i SET v = -v WHERE v % 7 = 3; DELETE FROM t$i WHERE v % 7 = 4;"
		deleted+="DELETE FROM t$i WHERE v % 7 = 5;"
	done
	want=$(q "$src" "$counts" | sort)
	q "$dst" "$changed"
	q "$src" "$deleted"
	for options in --order=auto '--order=auto --values=text' '-F ndjson'; do
		# shellcheck disable=SC2086 # words
		portl-extract -d "$src" -t 't*' $options |
			portl-load -q -d "$dst" --verify --summary=sum.json --differences=diff 2>/dev/null || :
		assert_eq "$options $(jq -r '.relations[] | "\(.relation)|\(.verified | "\(.missing)|\(.extra)|\(.different)")"' sum.json | sort)" \
			"$options $want"
		assert_eq "$(wc -l <./diff)" "$(awk -F '|' '{ n += $2 + $3 + $4 } END { print n }' <<<"$want")"
	done
}
