#!/usr/bin/env bats
# portl verify: what differs is looked at again, and nothing else is read for that.
# shellcheck disable=SC2016,SC2034,SC2154 # jq's and SQL's dollars; fresh_db's variables

load ../lib/common
load ../lib/meanwhile

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	fresh_db src dst
	cat >job.yaml <<-END
		source: {database: $src, table: t}
		destination: {database: $dst, table: t}
	END
}

both()
{
	q "$src" "$1"
	q "$dst" "$1"
}

# second_look OPTION...: sets found, the kinds and keys that stay, and look, "read equal missing
# extra different" of the second look.
second_look()
{
	try portl verify job.yaml --summary=sum.json --differences=d.ndjson "$@"
	[ "$status" -eq 6 ] || fail "status $status: $stderr"
	assert_stderr_has 'differ at'
	{
		IFS= read -r look
		found=$(LC_ALL=C sort | tr '\n' ' ')
	} < <(jq -rn '(input | "\(.rows.read) \(.verified | "\(.equal) \(.missing) \(.extra) \(.different)")"),
		(inputs | [.kind, .key] | tojson)' sum.json d.ndjson)
}

@test "of a million rows the second look reads the three that differ, by the key's index" {
	both "CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT i, i::text FROM generate_series(1, 20000) i; ANALYZE t"
	q "$dst" "UPDATE t SET a = 'x' WHERE id = 7; DELETE FROM t WHERE id = 9; INSERT INTO t VALUES (-5, 'new')"
	for options in --order=key --order=any; do
		second_look "$options"
		assert_eq "$look" '2 0 1 1 1'
		assert_eq "$found" '["different",{"id":7}] ["extra",{"id":-5}] ["missing",{"id":9}] '
	done
	portl-extract -d "$src" -t t | portl-load -d "$dst" --verify --differing-keys=keys || true
	assert_eq "$(jq -c ".keys |= sort" keys)" '{"schema":"public","name":"t","columns":["id"],"types":["integer"],"keys":[[-5],[7],[9]]}'
	portl-extract -vv -d "$src" -t t --only-keys=keys -F ndjson >rows 2>log
	assert_eq "$(jq -c 'select(has("id"))' rows | LC_ALL=C sort | tr '\n' ' ')" '{"id":7,"a":"7"} {"id":9,"a":"9"} '
	assert_eq "$(jq -c 'select(has("$portl")) | ."$portl".partial | select(. != null)' rows)" '["keys"]'
	# what the server plans for it
	sql=$(sed -n "/^portl-extract: .*COPY ($/,/FORMAT/p" log | sed '1d;$d')
	[ -n "$sql" ] || fail "no statement: $(<log)"
	q "$src" "EXPLAIN $sql" | grep -F 'Index Scan using t_pkey'
	# they mend what they can
	portl-extract -d "$src" -t t --only-keys=keys | portl-load -d "$dst" --conflict=overwrite --key=id
	second_look
	assert_eq "$found" '["extra",{"id":-5}] '
}

@test "names and types differ: mapped, cast, wider integers, a text that is shorter there" {
	q "$src" "CREATE TABLE t (id int, code varchar(9), n numeric(10,4), d text, PRIMARY KEY (id, code));
		INSERT INTO t SELECT i / 10, 'c' || i % 10, i / 7.0, '2026-01-01' FROM generate_series(0, 999) i"
	q "$dst" 'CREATE TABLE u (nr bigint, "K" text, n numeric(10,2), d date, x int, PRIMARY KEY ("K", nr))'
	cat >job.yaml <<-END
		source: {database: $src, table: t}
		destination: {database: $dst, table: u}
		schema_mapping: {id: nr, code: K}
	END
	portl run job.yaml -q
	portl verify job.yaml -q
	q "$dst" "UPDATE u SET d = d + 1 WHERE nr = 5 AND \"K\" = 'c3'; DELETE FROM u WHERE nr = 99 AND \"K\" = 'c9'; INSERT INTO u VALUES (5000000000, 'c\"''\\', 1)"
	second_look
	assert_eq "$look" '2 0 1 1 1'
	assert_eq "$found" '["different",{"K":"c3","nr":5}] ["extra",{"K":"c\"'"'"'\\","nr":5000000000}] ["missing",{"K":"c9","nr":99}] '
	# a key that is no more what the source has is not asked for
	q "$dst" 'ALTER TABLE u ALTER nr TYPE numeric'
	second_look
	assert_eq "$look" '1000 998 1 1 1'
	assert_eq "$found" '["different",{"K":"c3","nr":"5"}] ["extra",{"K":"c\"'"'"'\\","nr":"5000000000"}] ["missing",{"K":"c9","nr":"99"}] '
}

@test "a query, a set, a scope, a limit, NDJSON, a table without a key, too many" {
	both "CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT i, i::text FROM generate_series(1, 100) i;
		CREATE TABLE b (x int); INSERT INTO b VALUES (1), (2); CREATE TABLE c (u uuid PRIMARY KEY); INSERT INTO c SELECT md5(i::text)::uuid FROM generate_series(1, 50) i"
	q "$dst" "UPDATE t SET a = '' WHERE id = 7; INSERT INTO t VALUES (-1)"
	second_look --query='SELECT id, upper(a) AS a FROM t'
	assert_eq "$look $found" '1 0 0 null 1 ["different",{"id":7}] '
	second_look --scope='id > 0' --where='id > 0'
	assert_eq "$look $found" '1 0 0 0 1 ["different",{"id":7}] '
	second_look --limit=10 --order=key
	assert_eq "$look $found" '10 9 0 null 1 ["different",{"id":7}] '
	second_look -F ndjson
	assert_eq "$look $found" '1 0 0 1 1 ["different",{"id":7}] ["extra",{"id":-1}] '
	sed -i 's/table: t}/tables: [t, b, c]}/; 2s/, tables.*/}/' job.yaml
	second_look
	assert_eq "$look $found" '3 2 0 1 1 ["different",{"id":7}] ["extra",{"id":-1}] ' # two of b, of c none
	q "$dst" 'INSERT INTO b VALUES (2)'
	second_look
	assert_eq "$look" '3 2 0 2 1'
	q "$dst" 'INSERT INTO t SELECT generate_series(1000, 12000)'
	second_look
	assert_eq "$look" '102 101 0 11003 1'
}

@test "keys of every type that a key is of: exact there and back" {
	local -A keys=([numeric]="'1.50', 'NaN', '-1e-30', '123456789012345678901234567890.5'" ['double precision']="'0.1', 'NaN', '-Infinity', '1e300'"
		[real]="'0.1', '16777217', 'NaN'" [text]="'', ' ', 'NULL', 'a,b', '{\"x\"}', E'a\\\\b\\n\\t''', 'Größe', '日本'" ['character(4)']="'', 'a', 'a b', 'é'"
		[name]="'A', 'b\"c'" [bytea]="'', '\\x00ff', '\\x5c22'" [uuid]="'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '00000000-0000-0000-0000-000000000000'"
		[date]="'0044-03-15 BC', 'infinity', '2026-02-28', '12026-01-01'" [timestamptz]="'0001-01-01 00:00:00+00 BC', '-infinity', '1900-01-01 12:00:00.123456+00', '2026-03-29 02:30:00+05:45'"
		[timestamp]="'infinity', '2026-03-29 02:30:00.1'" [time]="'24:00', '00:00:00.000001'" [timetz]="'12:00+05:30', '12:00-11'"
		[interval]="'1 day', '-1 mon +3 days -00:00:01.5', '24:00:01'" [boolean]="'t', 'f'" [inet]="'::1', '10.0.0.0/8'" [cidr]="'10.0.0.0/8'"
		[macaddr]="'08:00:2b:01:02:03'" [macaddr8]="'08:00:2b:01:02:03:04:05'" [pg_lsn]="'FF/1'" [xid8]="'18446744073709551615'" [oid]="'4294967295'"
		[jsonb]="'{\"a\": [1, \"\\u00e9\"]}', '1.0', 'null', '\"x\"'" [bigint]="'-9223372036854775808', '9223372036854775807'" [smallint]="'-1'"
		['numeric(6,2)']="'1.5', 'NaN'" ['varchar(3)']="'a b'" ['timestamptz(0)']="'2026-01-01 UTC'")
	local type make='' i=0

	q "$src" "ALTER DATABASE $src SET TimeZone = 'Asia/Kathmandu'; ALTER DATABASE $src SET DateStyle = 'SQL, DMY'; ALTER DATABASE $src SET IntervalStyle = 'sql_standard'"
	q "$dst" "ALTER DATABASE $dst SET TimeZone = 'America/St_Johns'"
	for type in "${!keys[@]}"; do
		make+="CREATE TABLE k$((++i)) (k $type PRIMARY KEY, v int); INSERT INTO k$i SELECT k::$type, 1 FROM unnest(ARRAY[${keys[$type]}]) k;"
	done
	both "$make"
	# each_key SQL: %I is each table's name
	each_key="DO \$\$ DECLARE t text; BEGIN FOR t IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^k\\d+\$' LOOP EXECUTE format('%s', t, t, t); END LOOP; END \$\$"
	# shellcheck disable=SC2059 # each_key is a format
	each() { q "$1" "$(printf "$each_key" "$2")"; }
	printf '%s\n' "source: {database: $src, tables: [k*]}" "destination: {database: $dst}" >job.yaml
	each "$dst" 'UPDATE %1$I SET v = 2'
	n=$(q "$dst" "SELECT sum((xpath('//c/text()', query_to_xml('SELECT count(*) AS c FROM ' || relname, false, true, '')))[1]::text::int)
		FROM pg_class WHERE relkind = 'r' AND relname ~ '^k\d+\$'")
	for options in --order=key --order=any '--order=key --values=text'; do
		# shellcheck disable=SC2086 # words
		second_look $options
		assert_eq "$look" "$n 0 0 0 $n"
	done
	# and one is there, which is not read again
	each "$dst" 'UPDATE %1$I SET v = 1 WHERE ctid = (SELECT min(ctid) FROM %1$I)'
	second_look --order=any
	assert_eq "$look" "$((n - i)) 0 0 0 $((n - i))"
	each "$src" 'DELETE FROM %1$I'
	second_look
	assert_eq "$look" "0 0 0 $n 0"
	assert_eq "$(jq -r .relation d.ndjson | sort -u | wc -l)" "$i"
}

@test "a key under any collation; one that the other database has no characters for" {
	fresh_db latin -- "ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C'"
	for db in "$latin" "$dst"; do
		q "$db" 'CREATE TABLE t (k text PRIMARY KEY, c char(5) NOT NULL, v int); CREATE UNIQUE INDEX ON t (c, k)'
	done
	cat >job.yaml <<-END
		source: {database: $latin, table: t}
		destination: {database: $dst, table: t}
	END
	PGCLIENTENCODING=UTF8 q "$latin" "INSERT INTO t SELECT 'k' || i, i, i FROM generate_series(1, 20) i; INSERT INTO t VALUES ('é', 'é', 1), ('ä', 'ä', 1)"
	portl run job.yaml -q
	q "$dst" "UPDATE t SET v = 0 WHERE k IN ('é', 'k3'); INSERT INTO t VALUES ('日本€', '€', 1)"
	second_look
	assert_eq "$look" '2 0 0 1 2'
	second_look --key=c,k
	assert_eq "$look" '2 0 0 1 2'
	# and the other way
	sed -i "s/$latin/from/; s/$dst/$latin/; s/from/$dst/" job.yaml
	second_look
	assert_eq "$look" '3 0 1 0 2'
	assert_eq "$found" '["different",{"k":"k3"}] ["different",{"k":"é"}] ["missing",{"k":"日本€"}] '
	if ((SERVER_VERSION >= 120000)) && [ "$(q "$src" "SELECT count(*) FROM pg_collation WHERE collprovider = 'i'")" -gt 0 ]; then
		both "CREATE COLLATION nc (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE TABLE t2 (k text COLLATE nc PRIMARY KEY, v int);
			INSERT INTO t2 SELECT 'Key' || i, i FROM generate_series(1, 20) i"
		q "$dst" "UPDATE t2 SET k = upper(k) WHERE v = 3; UPDATE t2 SET v = 0 WHERE v = 4"
		cat >job.yaml <<-END
			source: {database: $src, table: t2}
			destination: {database: $dst, table: t2}
		END
		second_look --order=any
		assert_eq "$look $found" '2 0 0 0 2 ["different",{"k":"Key3"}] ["different",{"k":"Key4"}] '
		second_look --order=key
		assert_eq "$found" '["different",{"k":"Key4"}] ["extra",{"k":"KEY3"}] ["missing",{"k":"Key3"}] '
		# as a part of a key: no row comes twice
		both 'ALTER TABLE t2 DROP CONSTRAINT t2_pkey, ADD n int NOT NULL DEFAULT 1, ADD PRIMARY KEY (n, k)'
		for options in --order=key --order=any; do
			second_look "$options"
			assert_eq "$(jq -c .key.k d.ndjson | sort -u | tr '\n' ' ')" "$([ $options = --order=any ] || echo '"KEY3" ')\"Key3\" \"Key4\" "
		done
	fi
}

@test "what is gone between the looks is no difference, what stays is, with both times" {
	both 'CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, i::text FROM generate_series(1, 100) i; CREATE TABLE b (id int PRIMARY KEY)'
	q "$dst" "UPDATE a SET v = 'x' WHERE id IN (7, 8); DELETE FROM a WHERE id = 9"
	cat >job.yaml <<-END
		source: {database: $src, tables: [a, b]}
		destination: {database: $dst}
	END
	# the first look has a and waits for b; who waits for a comes behind it, and before the second
	open_session "$dst"
	say 'BEGIN; LOCK b'
	try_later portl verify job.yaml --summary=sum.json --differences=d.ndjson
	wait_for postgres "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$dst' AND application_name = 'portl-load' AND wait_event_type = 'Lock')"
	psql -XAtq -d "$dst" -c "BEGIN; LOCK a; UPDATE a SET v = id::text WHERE id = 7; UPDATE a SET v = 'y' WHERE id IN (20, 30); INSERT INTO a VALUES (9, 'other'); COMMIT" 3>&- &
	wait_for postgres "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$dst' AND query ~ '^BEGIN; LOCK a;' AND wait_event_type = 'Lock')"
	say COMMIT
	close_session
	status=0
	wait "$later" || status=$?
	cat err
	assert_eq "$status" 6
	grep -E '2 rows differ at [0-9T:-]+Z and again at [0-9T:-]+Z' err
	assert_eq "$(jq -c '[.kind, .key.id]' d.ndjson | tr '\n' ' ')" '["different",8] ["different",9] '
	assert_eq "$(jq .rows.read sum.json)" 3
}

# try_later COMMAND...: in the background; its pid is in later, what it says in err.
try_later()
{
	"$@" 2>err 3>&- &
	later=$!
}

@test "--only-keys: a file that is none, one that names other columns, a stream that is partial" {
	both 'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)'
	for line in '' x '[]' '{"name":"t"}' '{"schema":"public","name":"t","columns":["id"],"types":["int) OR (true"],"keys":[]}' \
		'{"schema":"public","name":"t","columns":["id"],"types":["integer"],"keys":[[null]]}' '{"schema":"public","name":"t","columns":["id"],"types":["integer"],"keys":[[1,2]]}'; do
		echo "$line" >keys
		try portl-extract -d "$src" -t t --only-keys=keys
		assert_status 64
		assert_stderr_has 'keys: line 1 does not name keys'
	done
	try portl-extract -d "$src" -t t --only-keys=missing
	assert_status 1
	echo '{"schema":"public","name":"t","columns":["id"],"types":["integer"],"keys":[[1],["2"]]}' >keys
	portl-extract -d "$src" -t t --only-keys=keys --with-keys >stream
	try portl-load -d "$dst" --conflict=overwrite --delete stream
	assert_status 5
	assert_stderr_has 'the stream has not all rows of its relation (keys)'
	q "$dst" 'INSERT INTO t VALUES (3)'
	portl-load -d "$dst" --verify stream # which cannot tell what is extra
	portl-load -d "$dst" --verify --only-keys=keys stream
	q "$dst" 'DELETE FROM t WHERE id = 2; ALTER TABLE t RENAME TO u'
	try portl-load -d "$dst" -t u --verify --only-keys=keys --summary=sum.json stream
	assert_status 6
	assert_eq "$(jq -c .verified sum.json)" '{"equal":1,"missing":1,"extra":0,"different":0}'
	try portl-load -d "$dst" -t u --only-keys=keys stream
	assert_status 64
	assert_stderr_has '--only-keys needs --verify'
	sed 's/"id"/"no"/' keys >other
	try portl-load -d "$dst" -t u --verify --only-keys=other stream
	assert_status 64
	assert_stderr_has 'column "no" is not compared'
}
