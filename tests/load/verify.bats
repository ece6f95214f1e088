#!/usr/bin/env bats
# --verify: the verdict is true, nothing is written, and each row that differs is named.
# shellcheck disable=SC2016,SC2034,SC2154 # jq's and SQL's dollars; fresh_db's variables

load ../lib/common
load ../lib/meanwhile

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# verify OPTION... [-- OPTION...]: compare table t of $src with $dst; extract's options, load's.
# Sets counts: "equal missing extra different" of the receipt; of the plan merged, whether rows
# are compared while they pass, and staged, of how many relations they are not.
verify()
{
	local -a from=() to=()

	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		from+=("$1")
		shift
	done
	to=("${@:2}")
	rm -f diff.ndjson
	portl-extract -d "$src" "${from[@]}" >stream || return
	try portl-load -d "$dst" --verify --differences=diff.ndjson --summary=sum.json --log-file=log --log-format=json \
		"${to[@]}" stream
	{
		IFS= read -r counts
		read -r merged staged
	} < <(jq -rs '(.[0].verified | "\(.equal) \(.missing) \(.extra) \(.different)"),
		(map(select(.event == "plan").merged) | "\(last) \(map(select(not)) | length)")' sum.json log)
	rm -f log
}

both()
{
	q "$src" "$1"
	q "$dst" "$1"
}

@test "equal rows, in order and staged; a missing, an extra and a different one" {
	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY, a text, b numeric); INSERT INTO t SELECT i, i::text, i / 3.0 FROM generate_series(1, 1000) i'
	for options in --order=key '' '--values=text --order=key' '-F ndjson'; do
		# shellcheck disable=SC2086 # words
		verify -t t $options
		assert_status 0
		assert_eq "$counts" '1000 0 0 0'
		assert_eq "$(wc -c <diff.ndjson)" 0
		[[ $options != *order* ]] || assert_eq "$merged" true
		[[ $options == *order* ]] || assert_eq "$merged" false
	done
	q "$dst" "DELETE FROM t WHERE id = 10; INSERT INTO t VALUES (0, 'x', 1), (2000, NULL, 1);
		UPDATE t SET b = NULL WHERE id = 500; UPDATE t SET a = '', b = b + 1 WHERE id = 1000"
	for options in --order=key '' '--values=text --order=key' '-F ndjson'; do
		# shellcheck disable=SC2086 # words
		verify -t t $options
		assert_status 6
		assert_eq "$counts" '997 1 2 2'
		assert_stderr_has 'public.t differs from the stream: 1 missing, 2 extra, 2 different, 997 equal'
		assert_eq "$(LC_ALL=C sort diff.ndjson)" '{"kind":"different","relation":"public.t","key":{"id":1000},"columns":["a","b"]}
{"kind":"different","relation":"public.t","key":{"id":500},"columns":["b"]}
{"kind":"extra","relation":"public.t","key":{"id":0}}
{"kind":"extra","relation":"public.t","key":{"id":2000}}
{"kind":"missing","relation":"public.t","key":{"id":10}}'
	done
}

@test "portl verify: both sides of a job, whatever it says about writing; what differs, twice" {
	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT i, i::text FROM generate_series(1, 100) i'
	cat >job.yaml <<-END
		source: {database: $src, table: t}
		destination: {database: $dst}
		conflict: overwrite
		truncate: true
	END
	try portl verify job.yaml --summary=sum.json
	assert_silent 0
	assert_eq "$(jq -c .verified sum.json)" '{"equal":100,"missing":0,"extra":0,"different":0}'
	q "$dst" "UPDATE t SET a = 'x' WHERE id = 7; DELETE FROM t WHERE id = 9"
	try portl verify job.yaml --differences=d.ndjson
	assert_status 6
	assert_stderr_has '2 rows differ at'
	assert_eq "$(<d.ndjson)" '{"kind":"different","relation":"public.t","key":{"id":7},"columns":["a"]}
{"kind":"missing","relation":"public.t","key":{"id":9}}'
	try portl verify job.yaml --differences=- --where='id <> 7'
	assert_status 6
	assert_eq "$output" '{"kind":"missing","relation":"public.t","key":{"id":9}}'
	try portl verify job.yaml --order=key -q --where='id NOT IN (7, 9)'
	assert_silent 0
	q "$src" 'DROP TABLE t'
	try portl verify job.yaml
	assert_status 1
}

@test "portl verify: a row that is changed between the looks is no difference" {
	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT i, i::text FROM generate_series(1, 100) i'
	cat >job.yaml <<-END
		source: {database: $src, table: t}
		destination: {database: $dst}
	END
	q "$dst" "UPDATE t SET a = 'x' WHERE id = 7"
	# the second look is told on standard error before it begins
	{ portl verify job.yaml 2>&1 >/dev/null && echo 0 >status || echo $? >status; } |
		while IFS= read -r line; do
			[[ $line != *'looking once more'* ]] || q "$dst" "UPDATE t SET a = id::text WHERE id = 7; UPDATE t SET a = 'y' WHERE id = 8"
			echo "$line"
		done >err
	cat err
	grep 'no row differs both at' err || assert_eq "$(<status)" 6 # it was too late
}

@test "every type with its extremes: as loaded, in order and staged, binary and text" {
	fresh_db src dst
	PGOPTIONS="-c client_min_messages=error" q "$src" <"$ROOT/tests/sql/values.sql"
	for table in scalars arrays named; do
		q "$src" "ALTER TABLE $table ADD portl_n serial PRIMARY KEY" 2>/dev/null
	done
	# named values name the others
	portl-extract -d "$src" -t scalars -t arrays | portl-load -q -d "$dst" --create
	portl-extract -d "$src" -t named | portl-load -q -d "$dst" --create
	for options in --values=auto --values=text; do
		portl-extract -d "$src" -t scalars -t arrays -t named $options --order=key |
			portl-load -q -d "$dst" --verify --summary=sum.json
		jq -e '.verified | .equal > 0 and .missing + .extra + .different == 0' sum.json
	done
	# each column by itself is compared while it passes, if it can be
	both "DO \$\$ DECLARE c record; BEGIN
		FOR c IN SELECT format('single%s', attnum) AS t, attname FROM pg_attribute
			WHERE attrelid = 'scalars'::regclass AND attnum > 0 AND attname <> 'portl_n' LOOP
			EXECUTE format('CREATE TABLE %I AS SELECT portl_n, %I FROM scalars; ALTER TABLE %I ADD PRIMARY KEY (portl_n)',
				c.t, c.attname, c.t);
		END LOOP; END \$\$"
	verify -t 'single*' --order=key -- -q
	assert_status 0
	assert_eq "$(jq '.relations | length' sum.json)" "$(q "$src" "SELECT count(*) FROM pg_class WHERE relname ~ '^single\d+\$'")"
	((staged < 25)) || fail "$staged are staged"
}

@test "mapped and cast columns are compared as they would be loaded" {
	fresh_db src dst
	q "$src" "CREATE TABLE t (id int PRIMARY KEY, n numeric(10,4), c text, gone int);
		INSERT INTO t SELECT i, i / 7.0, i::text, i FROM generate_series(1, 50) i"
	q "$dst" "CREATE TABLE u (key bigint PRIMARY KEY, n numeric(10,2), c int, other text DEFAULT 'x' NOT NULL, must int)"
	set -- -t u --map id=key,gone=
	portl-extract -d "$src" -t t | portl-load -d "$dst" "$@"
	verify -t t --order=key -- "$@"
	assert_status 0
	assert_eq "$counts $merged" '50 0 0 0 false'
	q "$dst" 'UPDATE u SET n = n + 0.01 WHERE key = 5'
	verify -t t -- "$@"
	assert_status 6
	assert_eq "$(<diff.ndjson)" '{"kind":"different","relation":"public.u","key":{"key":5},"columns":["n"]}'
	q "$src" "INSERT INTO t VALUES (99, 1, 'no number', 1)"
	verify -t t -- "$@"
	assert_status 1
	assert_stderr_has 'invalid input syntax for type integer: "no number"'
	verify -t t -- -t u
	assert_status 5
	assert_stderr_has '"public.u" cannot take this stream'
}

@test "bare NDJSON: what name or \"char\" would cut is refused, and not equal to what is left of it" {
	local pair type short long

	fresh_db dst
	for pair in 'name|"%063d"|"%064d"' '"char"|"a"|"ab"' 'name[]|["a","%063d"]|["a","%064d"]'; do
		IFS='|' read -r type short long <<<"$pair"
		# shellcheck disable=SC2059
		printf "{\"v\":$short}\n" 0 >rows
		q "$dst" "SET client_min_messages = error; DROP TABLE IF EXISTS t; CREATE TABLE t (v $type)"
		portl-load -d "$dst" -t t --bare rows
		portl-load -d "$dst" -t t --bare --verify rows
		# shellcheck disable=SC2059
		printf "{\"v\":$long}\n" 0 >rows
		try portl-load -d "$dst" -t t --bare --verify rows
		assert_status 1
		assert_stderr_has "column \"v\": value too long for type $type"
	done
}

@test "composite keys, text under any collation, char, numeric, dates: found by their order" {
	fresh_db src dst
	both "CREATE TABLE t (a text COLLATE \"en-x-icu\", b char(3), n numeric, d date, u uuid, x bytea, y boolean, ts timestamptz,
			v int, PRIMARY KEY (b, a, n, d, u, x, y, ts));
		INSERT INTO t SELECT chr(65 + i % 57) || repeat('z', i % 3), substr('a bB', 1 + i % 4, i % 3),
			CASE i % 9 WHEN 0 THEN 'NaN' WHEN 1 THEN -i * 1e30 WHEN 2 THEN i * 1e-20 ELSE (i - 150) * 1.5 END,
			CASE i % 7 WHEN 0 THEN '-infinity' WHEN 1 THEN 'infinity' WHEN 2 THEN '0044-03-15 BC' ELSE date '2000-01-01' + (i - 100) * 100 END,
			md5(i::text)::uuid, decode(substr(md5(i::text), 1, 2 * (i % 5)), 'hex'), i % 2 = 0,
			timestamptz '2000-01-01 UTC' + (i - 100) * interval '1 day', i FROM generate_series(1, 300) i"
	verify -t t --order=key
	assert_status 0
	assert_eq "$counts $merged" '300 0 0 0 true'
	q "$dst" 'DELETE FROM t WHERE v % 10 = 3; UPDATE t SET v = -v WHERE v % 10 = 5'
	verify -t t --order=key
	assert_status 6
	assert_eq "$counts $merged" '240 30 0 30 true'
	LC_ALL=C sort diff.ndjson >merged.diff
	verify -t t
	assert_eq "$counts $merged" '240 30 0 30 false'
	LC_ALL=C sort diff.ndjson >staged.diff
	# staged ones show times in the zone of the session, and numbers of numeric alike
	diff <(sed 's/"ts":"[^"]*"//' merged.diff) <(sed 's/"ts":"[^"]*"//' staged.diff)
}

@test "tables without a key: each row as often here as there" {
	fresh_db src dst
	both "CREATE TABLE t (a int, b text, j json); INSERT INTO t SELECT i % 10, NULLIF(i % 3, 0)::text, '{\"a\": 1}' FROM generate_series(1, 100) i"
	verify -t t
	assert_status 0
	assert_eq "$counts" '100 0 0 0'
	q "$dst" "DELETE FROM t WHERE ctid = '(0,1)'; INSERT INTO t VALUES (NULL, 'a \"b\", (c)', '[]'), (NULL, 'a \"b\", (c)', '[]'), (NULL, '', NULL)"
	verify -t t
	assert_status 6
	assert_eq "$counts" '99 1 3 0'
	assert_eq "$(LC_ALL=C sort -u diff.ndjson)" '{"kind":"extra","relation":"public.t","key":{"a":null,"b":"","j":null}}
{"kind":"extra","relation":"public.t","key":{"a":null,"b":"a \"b\", (c)","j":"[]"}}
{"kind":"missing","relation":"public.t","key":{"a":1,"b":"1","j":"{\"a\": 1}"}}'
	# a view, a materialized view, and a unique index over what may be NULL have no key either
	q "$dst" 'CREATE VIEW v AS TABLE t; CREATE MATERIALIZED VIEW m AS TABLE t'
	for target in v m; do
		verify -t t -- -t "$target"
		assert_eq "$counts" '99 1 3 0'
	done
}

@test "--key: a unique index of columns without NULLs, or a reason" {
	fresh_db src dst
	both "CREATE TABLE t (a int NOT NULL UNIQUE, b int UNIQUE, c int); INSERT INTO t SELECT i, i, i FROM generate_series(1, 10) i"
	q "$dst" 'UPDATE t SET c = 0 WHERE a = 3'
	verify -t t -- --key=a
	assert_eq "$(<diff.ndjson)" '{"kind":"different","relation":"public.t","key":{"a":3},"columns":["c"]}'
	verify -t t -- --key=b
	assert_status 5
	assert_stderr_has 'column "b" may be NULL'
	verify -t t -- --key=c
	assert_status 5
	assert_stderr_has 'it has no unique index on exactly the key ("c")'
}

@test "a key that comes twice is never equal; an order that is not true is an error" {
	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1), (2, 2)'
	verify -c 'SELECT * FROM t UNION ALL SELECT * FROM t WHERE id = 1' -- -t t
	assert_status 6
	assert_eq "$counts" '2 1 null 0'
	# only what has no digest can be changed
	portl-extract -d "$src" -t t --order=key --bare >stream
	for other in 3 2; do
		perl -pe "BEGIN { undef \$/ } s/\x00\x02\x00{3}\x04\x00{3}\x01/pack('nNN', 2, 4, $other)/e" stream >wrong
		try portl-load -d "$dst" --verify --bare wrong
		assert_status 4
	done
	assert_stderr_has 'two rows of the stream have one key'
	portl-load -d "$dst" --verify --bare stream
}

@test "partial streams cannot tell what is extra, and say so" {
	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 10)'
	q "$dst" 'INSERT INTO t VALUES (11)'
	for options in '--order=key --where=id<6' '--where=id<6' '--order=key --limit=5'; do
		# shellcheck disable=SC2086 # words
		verify -t t $options
		assert_status 0
		assert_eq "$counts" '5 0 null 0'
	done
}

@test "the keys that go with changed rows are no rows to be compared" {
	local format

	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT i, i::text FROM generate_series(1, 9) i'
	for format in binary ndjson; do # in their set: the rows are, which say nothing of others
		portl-extract -d "$src" -t t --where 'id > 5' --with-keys -F "$format" >stream
		try portl-load -d "$dst" --verify --summary=sum.json stream
		assert_status 0
		assert_eq "$(jq -c .verified sum.json)" '{"equal":4,"missing":0,"extra":null,"different":0}'
	done
	# alone
	jq -c 'if has("$portl") then ."$portl" |= del(.set, .rows_digest) else . end' stream | tail -n 11 >keys
	assert_eq "$(head -n 1 keys | jq '."$portl".keys_of')" 1
	try portl-load -d "$dst" --verify --edited --differences=diff.ndjson keys
	assert_status 5
	assert_stderr_has 'keys that go with changed rows (--with-keys) are not compared'
	[ ! -s diff.ndjson ]
}

@test "with --scope a part of the table is compared, and what is extra in it counted" {
	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY, day date); INSERT INTO t SELECT i, date '"'2026-01-01'"' + i FROM generate_series(1, 10) i'
	q "$dst" "INSERT INTO t VALUES (20, '2026-01-05'), (21, '2027-01-01')"
	for options in '--order=key' ''; do
		# shellcheck disable=SC2086 # words
		verify -t t $options --where="day<'2026-01-07'" -- --scope="day<'2026-01-07'"
		assert_status 6
		assert_eq "$counts" '5 0 1 0'
		assert_eq "$(<diff.ndjson)" '{"kind":"extra","relation":"public.t","key":{"id":20}}'
	done
	verify -t t -- --scope='true) OR (true'
	assert_status 5
	verify -t t -- --scope='no_column'
	assert_status 5
	assert_stderr_has '--scope: column "no_column" does not exist'
}

@test "an empty source, an empty target, both" {
	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY)'
	for options in --order=key ''; do
		# shellcheck disable=SC2086 # words
		verify -t t $options
		assert_status 0
		assert_eq "$counts" '0 0 0 0'
	done
	q "$dst" 'INSERT INTO t VALUES (1), (2)'
	for options in --order=key ''; do
		# shellcheck disable=SC2086 # words
		verify -t t $options
		assert_status 6
		assert_eq "$counts" '0 0 2 0'
	done
	q "$dst" 'TRUNCATE t'
	q "$src" 'INSERT INTO t VALUES (1), (2)'
	for options in --order=key ''; do
		# shellcheck disable=SC2086 # words
		verify -t t $options
		assert_status 6
		assert_eq "$counts" '0 2 0 0'
	done
}

@test "a stream that is cut or damaged is 4, neither equal nor different" {
	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT i, repeat(i::text, 20) FROM generate_series(1, 300) i'
	for options in --order=key ''; do
		# shellcheck disable=SC2086 # words
		portl-extract -d "$src" -t t $options >whole
		size=$(stat -c %s whole)
		for cut in 1 100 $((size / 2)) $((size - 50)) $((size - 1)); do
			head -c "$cut" whole >part
			try portl-load -d "$dst" --verify --differences=d part
			assert_status 4
			[ ! -e d ]
		done
		perl -pe 's/(299299299)/298$1/ if 0; s/300300300300/300300300301/' whole >bad
		try portl-load -d "$dst" --verify bad
		assert_status 4
	done
	portl-extract -d "$src" -t t -F ndjson --bare >rows
	try portl-load -d "$dst" -t t --verify rows
	assert_status 4
	assert_stderr_has 'a stream without an end record cannot be proven whole'
	portl-load -d "$dst" -t t --verify --bare rows
	portl-extract -d "$src" -t t -n >dry
	try portl-load -d "$dst" --verify dry
	assert_status 5
}

@test "nothing is written: a role that may only read, and only what it asks for" {
	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT i, i::text FROM generate_series(1, 10) i'
	q "$dst" "CREATE ROLE ${dst}_r LOGIN; GRANT SELECT ON t TO ${dst}_r; CREATE TABLE log (q text)"
	before=$(q "$dst" 'SELECT pg_current_wal_insert_lsn()')
	verify -t t --order=key -- -U "${dst}_r"
	assert_status 0
	verify -t t -- -U "${dst}_r"
	assert_status 0
	q "$dst" "SELECT xact_commit FROM pg_stat_database LIMIT 1" >/dev/null
	q "$dst" "REVOKE TEMP ON DATABASE $dst FROM PUBLIC"
	verify -t t --order=key -- -U "${dst}_r"
	assert_status 0
	verify -t t -- -U "${dst}_r"
	assert_status 5
	assert_stderr_has 'there is no TEMP privilege on the database'
	q "$dst" "REVOKE SELECT ON t FROM ${dst}_r; GRANT SELECT (id) ON t TO ${dst}_r"
	verify -t t --order=key -- -U "${dst}_r"
	assert_status 5
	assert_stderr_has 'column "a" may not be read: no SELECT privilege'
	verify -t t --order=key -- -U "${dst}_r" --map a=
	assert_status 0
	q "$dst" "REVOKE ALL ON t FROM ${dst}_r; DROP ROLE ${dst}_r"
}

@test "sets: each member, all differences, sequences; one relation of it" {
	fresh_db src dst
	both 'CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a SELECT generate_series(1, 10); CREATE TABLE b (x int); INSERT INTO b VALUES (1), (1);
		CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c () INHERITS (p); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1), (2);
		CREATE SEQUENCE s'
	verify --schema=public --order=auto
	assert_status 0
	assert_eq "$counts" '16 0 0 0'
	verify --schema=public --order=auto -- -v
	assert_stderr_has '16 rows compared, 16 equal'
	q "$dst" "DELETE FROM a WHERE id = 5; INSERT INTO b VALUES (2); DELETE FROM ONLY p"
	q "$src" "SELECT setval('s', 50)"
	verify --schema=public --order=auto
	assert_status 6
	assert_stderr_has '4 of 5 relations differ from their streams'
	jq -r '.relations[] | "\(.relation) \(.verified | "\(.equal) \(.missing) \(.extra) \(.different)")"' sum.json | sort >told
	assert_eq "$(<told)" 'public.a 9 1 0 0
public.b 2 0 1 0
public.c 2 0 0 0
public.p 0 1 0 0
public.s 0 0 0 1'
	assert_eq "$(LC_ALL=C sort diff.ndjson)" '{"kind":"different","relation":"public.s","key":{},"columns":["last_value"]}
{"kind":"extra","relation":"public.b","key":{"x":2}}
{"kind":"missing","relation":"public.a","key":{"id":5}}
{"kind":"missing","relation":"public.p","key":{"id":1}}'
	verify --schema=public --order=auto -- -t c
	assert_status 0
	q "$dst" 'ALTER TABLE b RENAME x TO y; ALTER TABLE a RENAME id TO z'
	verify --schema=public
	assert_status 5
	assert_stderr_has '2 of 5 relations cannot be compared'
}

@test "differences on a full disk, and a reader that is gone" {
	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 1000)'
	q "$dst" 'TRUNCATE t'
	portl-extract -d "$src" -t t --order=key >stream
	try portl-load -d "$dst" --verify --differences=/dev/full stream
	assert_status 1
	assert_stderr_has 'No space left on device'
	try portl-load -d "$dst" --verify --differences=- stream
	assert_status 6
	assert_eq "$(wc -l <<<"$output")" 1000
	try_sh "portl-load -d $dst --verify --differences=- stream | head -n 1 >/dev/null; exit \${PIPESTATUS[0]}"
	[ "$status" -eq 141 ] || [ "$status" -eq 6 ]
}

@test "options of writing are refused on the command line, and CSV as well" {
	for option in --create --truncate --conflict=skip --commit=batch --rejects=x --dry-run --min-rows=1 --streams=2 --csv=x; do
		try portl-load -d x --verify "$option" /dev/null
		assert_status 64
	done
	try portl-load -d x --differences=x /dev/null
	assert_status 64
	assert_stderr_has '--differences needs --verify'
}

@test "a side that is killed is neither equal nor different" {
	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT i, repeat(i::text, 50) FROM generate_series(1, 20000) i'
	for options in --order=key ''; do
		# shellcheck disable=SC2086 # words
		portl-extract -d "$src" -t t $options >whole
		mkfifo pipe
		# the target's backend, while the rest of the stream is waited for
		portl-load -d "$dst" --verify --differences=d pipe 2>err &
		exec 9>pipe
		head -c 1000000 whole >&9
		wait_for "$dst" "EXISTS (SELECT FROM pg_stat_activity WHERE query ~ '^COPY' AND datname = current_database())"
		q "$dst" "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ '^COPY' AND datname = current_database() AND pid <> pg_backend_pid()" >/dev/null
		tail -c +1000001 whole >&9 2>/dev/null || :
		exec 9>&-
		wait $! && status=0 || status=$?
		assert_eq "$status" 2
		[ ! -e d ]
		# the sender
		portl-load -d "$dst" --verify --differences=d pipe 2>err &
		exec 9>pipe
		head -c 1000000 whole >&9
		exec 9>&-
		wait $! && status=0 || status=$?
		assert_eq "$status" 4
		[ ! -e d ]
		# ourselves
		portl-load -d "$dst" --verify --differences=d pipe 2>err &
		exec 9>pipe
		head -c 1000000 whole >&9
		wait_for "$dst" "EXISTS (SELECT FROM pg_stat_activity WHERE query ~ '^COPY' AND datname = current_database())"
		kill -TERM $!
		wait $! && status=0 || status=$?
		exec 9>&-
		assert_eq "$status" 143
		[ ! -e d ]
		no_backends "$dst"
		rm pipe
	done
}

@test "portl verify of a job that keeps a state compares all of it" {
	fresh_db src dst
	both 'CREATE TABLE t (id int PRIMARY KEY, a text)'
	q "$src" 'INSERT INTO t SELECT i, i::text FROM generate_series(1, 100) i'
	cat >job.yaml <<-END
		source: {database: $src, table: t}
		destination: {database: $dst}
		conflict: overwrite
		state: nightly
	END
	portl run job.yaml
	q "$src" "UPDATE t SET a = 'x' WHERE id = 7"
	try portl verify job.yaml
	assert_status 6
	assert_stderr_has '1 rows differ at'
	portl run job.yaml
	try portl verify job.yaml --summary=sum.json
	assert_silent 0
	assert_eq "$(jq -c .verified sum.json)" '{"equal":100,"missing":0,"extra":0,"different":0}'
	# keys of all rows are of no use here, for the rows are all here
	portl-extract -d "$src" -t t --with-keys --order=key | portl-load -d "$dst" --verify
}
