#!/usr/bin/env bats
# Things that few ask for, each of which does what the manual says.
# shellcheck disable=SC2016 # dollar quotes are SQL's

load ../lib/common
load ../lib/faults
load ../lib/parts

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

@test "parts that update rows of a table with a trigger: each is counted" {
	make_source
	q "$dst" "CREATE TABLE t (id int PRIMARY KEY, v text, seen int);
		INSERT INTO t SELECT i, CASE WHEN i <= 500 THEN repeat(i::text, 20) ELSE 'old' END FROM generate_series(1, 1000) i;
		CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.seen := NEW.id; RETURN NEW; END';
		CREATE TRIGGER see BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION see()"
	portl run -q -j 2 --summary=sum -d "$src" -t t --parts=4 "${by[@]}" -- -d "$dst" --conflict=overwrite
	assert_eq "$(q "$dst" 'SELECT count(*), count(*) FILTER (WHERE v = repeat(id::text, 20)), count(*) FILTER (WHERE seen = id) FROM t')" '3000|3000|2500'
	assert_eq "$(jq -c '.rows | [.inserted, .updated, .unchanged]' sum)" '[2000,500,500]'
}

@test "names of a set that are several relations, or none" {
	fresh_db a b
	q "$a" 'CREATE SCHEMA s; CREATE TABLE t (id int); CREATE TABLE s.t (id int); INSERT INTO t VALUES (1)'
	q "$b" 'CREATE SCHEMA s; CREATE TABLE t (id int); CREATE TABLE s.t (id int)'
	portl-extract -d "$a" -t public.t -t s.t -o set
	try portl-load -d "$b" -t t set
	assert_status 64
	assert_stderr_has '-t t: 2 relations of the set have this name; write SCHEMA.TABLE'
	try portl-load -d "$b" -t t --check=plan set
	assert_status 64
	try portl-load -v -d "$b" -t public.t --check=plan set
	assert_status 0
	[[ $output$stderr != *'s.t'* ]] || show_run
	for name in t:'several relations have this name; write SCHEMA.TABLE' x:'it is not in the set'; do
		printf '%s\n' "destination: {database: $b}" 'tables:' "  ${name%%:*}: {conflict: skip}" >job.yaml
		try portl-load --job=job.yaml set
		assert_status 78
		assert_stderr_has "${name#*:}"
	done
	is_true "$b" 'NOT EXISTS (TABLE t)'
}

@test "--verify: values with quotes and backslashes, columns left out, sequences, without a list" {
	fresh_db a b
	for db in "$a" "$b"; do
		q "$db" 'CREATE TABLE t (id text PRIMARY KEY, v text, w text, x int GENERATED ALWAYS AS (1) STORED);
			INSERT INTO t VALUES ($$a"b$$, $$1$$, $$p"\q$$), ($$c\d$$, $$2$$, $$$$), ($$e,f$$, $$3$$, NULL), ($$(g)$$, $$4$$, $$,$$); CREATE SEQUENCE q'
	done
	q "$b" 'UPDATE t SET v = $$x"y\z$$'
	for options in '--order=key' '' '-F ndjson'; do
		# shellcheck disable=SC2086 # words
		portl-extract -d "$a" -t t $options -o stream
		try portl-load -d "$b" -t t --verify --map w= --differences=d stream
		assert_status 6
		assert_eq "$(jq -r 'select(.kind == "different") | "\(.key.id) \(.columns)"' d | sort)" \
			"$(printf '%s ["v"]\n' '(g)' 'a"b' 'c\d' 'e,f' | sort)"
	done
	q "$b" 'INSERT INTO t VALUES ($$"\,$$, $$5$$)'
	portl-extract -d "$a" -t t -F ndjson -o stream
	try portl-load -d "$b" -t t --verify --differences=d stream
	assert_eq "$(jq -r 'select(.kind == "extra") | .key.id' d)" '"\,'
	q "$a" "SELECT setval('q', 9)"
	portl-extract -d "$a" -t q -t t -o set
	try portl-load -d "$b" --verify --summary=sum set
	assert_status 6
	assert_eq "$(jq -c '[.relations[] | select(.relation == "public.q") | .verified.different]' sum)" '[1]'
}

@test "--foreign-keys=recheck where they cannot be: the reason is given" {
	fresh_db a b
	for db in "$a" "$b"; do
		q "$db" 'CREATE TABLE c (id int PRIMARY KEY, p int); CREATE TABLE p (id int PRIMARY KEY)'
	done
	q "$a" 'INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1)'
	role=r_${b}
	q "$b" "ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (p) REFERENCES p;
		CREATE ROLE $role LOGIN; GRANT ALL ON c, p TO $role; GRANT CREATE ON DATABASE $b TO $role"
	portl-extract -d "$a" -t c -t p -o set
	try portl-load -d "$b" -U "$role" --foreign-keys=recheck set
	refused=$status said=$stderr
	# two keys of one name in a schema, of which one cannot be deferred
	q "$b" "DROP OWNED BY $role; DROP ROLE $role;
		ALTER TABLE c DROP CONSTRAINT k, ADD CONSTRAINT k FOREIGN KEY (p) REFERENCES p DEFERRABLE;
		CREATE TABLE other (p int CONSTRAINT k REFERENCES p)"
	assert_eq "$refused" 5
	[[ $said == *'only the owner of the table may drop'* ]] || fail "not the reason" "$said"
	try portl-load -d "$b" set
	assert_status 5
	assert_stderr_has 'another constraint of this name in its schema cannot be deferred; rename one'
	is_true "$b" 'NOT EXISTS (TABLE p)'
}

@test "a sequence of the set without the right to move it is refused, with the reason" {
	fresh_db a b
	q "$a" 'CREATE SEQUENCE q; CREATE TABLE t (id int); SELECT nextval($$q$$)'
	role=r_${b}
	q "$b" "CREATE SEQUENCE q; CREATE TABLE t (id int); CREATE ROLE $role LOGIN; GRANT INSERT, SELECT ON t TO $role; GRANT SELECT ON q TO $role"
	portl-extract -d "$a" -t q -t t -o set
	try portl-load -d "$b" -U "$role" set
	refused=$status said=$stderr
	q "$b" "DROP OWNED BY $role; DROP ROLE $role"
	assert_eq "$refused" 5
	[[ $said == *'moving it needs SELECT and UPDATE on it'* ]] || fail 'not the reason' "$said"
}

@test "--rounding=error knows what a text loses as a number, hexadecimal and all nines among them" {
	fresh_db b
	q "$b" 'CREATE TABLE t (a real, b double precision)'
	printf '%s\n' '{"a":"9.9999999","b":"1"}' >all_nines
	printf '%s\n' '{"a":"0x1f","b":"0x10"}' '{"a":"9.5","b":"1e3"}' >exact
	try portl-load -d "$b" -t t --bare --rounding=error all_nines
	assert_status 1
	try portl-load -d "$b" -t t --bare --rounding=error exact
	assert_status 0
	assert_eq "$(q "$b" 'SELECT * FROM t ORDER BY a')" $'9.5|1000\n31|16'
}

@test "--delete by keys of times with a precision" {
	fresh_db a b
	for db in "$a" "$b"; do
		q "$db" "CREATE TABLE t (at timestamptz(3), on_day time(2), v int, PRIMARY KEY (at, on_day));
			INSERT INTO t SELECT timestamptz '2025-01-01 00:00:00.123' + i * interval '1.5 s', time '10:00:00.25' + i * interval '1 min', i FROM generate_series(1, 400) i"
	done
	q "$a" 'DELETE FROM t WHERE v % 7 = 0; UPDATE t SET v = -v WHERE v % 5 = 0'
	portl-extract -d "$a" -t t --order=key | portl-load -d "$b" --conflict=overwrite --delete --summary=sum
	same_table "$a" t "$b" t
	assert_eq "$(jq -c '[.rows.updated, .deleted // .rows.deleted]' sum)" "[$(q "$a" 'SELECT count(*) FROM t WHERE v < 0'),57]"
}

@test "two streams of one relation are not two files of a folder" {
	fresh_db a
	q "$a" 'CREATE TABLE t AS SELECT 1 AS id'
	portl-extract -d "$a" -t t -o one
	try_sh 'cat one one | portl-load --csv=dir/ --streams=2'
	assert_status 5
	assert_stderr_has 'two streams are for "public.t"'
	[ ! -e dir/public.t.csv ]
}

@test "portl-ls that waits for a stream goes with the signal" {
	mkfifo pipe
	in=/dev/null start ls portl-ls pipe
	exec {hold}>pipe
	kill -TERM "$pid_ls"
	finish ls
	assert_status 143
	exec {hold}>&-
}

@test "a plan whose id is no word, a ledger without a schema, an operand too many" {
	make_source
	portl-extract -d "$src" -t t --make-plan --parts=2 | sed 's/"id": "/"id": "A b/' >plan
	portl-extract --plan=plan --part=1 -o part
	try portl-load -d "$dst" --plan=plan --part=1 --create part
	assert_status 78
	assert_stderr_has "the plan's id is not made of"
	try portl-load -d "$dst" --list-states --ledger=nowhere
	assert_status 5
	assert_stderr_has 'there is no such schema'
	portl-load -d "$dst" --list-states --ledger=public
	try portl drop plan more
	assert_status 64
	assert_stderr_has 'unexpected argument "more"'
	assert_eq "$(q "$dst" "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")" 0
}

@test "a line with a NUL byte; a lock that is to be waited for a moment only" {
	fresh_db b
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, v text)'
	printf '{"id":1,"v":"x"}\n{"id":"y\0z","v":"x"}\n{"id":3,"v":"x"}\n' >lines
	try portl-load -d "$b" -t t --bare --rejects=out --lock-wait-timeout=1 lines
	assert_status 3
	assert_stderr_has '{"id":"y\u0000z","v":"x"}'
	assert_eq "$(q "$b" "SELECT string_agg(id::text, ' ' ORDER BY id) FROM t")" '1 3'
}

@test "a column that is left out, in rows with one key; keys without a value cannot be asked for" {
	fresh_db a b
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, v text, w text); INSERT INTO t VALUES (1, 'a', 'b')"
	printf 'id,v,w\n1,,x\n1,q,y\n2,,z\n2,w,w\n' | portl-extract --csv=- |
		portl-load -d "$b" -t t --conflict=merge --map w=
	assert_eq "$(q "$b" 'TABLE t ORDER BY id')" $'1|q|b\n2|w|'
	since 15 'NULLS NOT DISTINCT' || return 0
	for db in "$a" "$b"; do
		q "$db" 'CREATE TABLE u (id int, v text, UNIQUE NULLS NOT DISTINCT (id))'
	done
	q "$a" "INSERT INTO u VALUES (NULL, 'a'), (1, 'b'), (2, 'c')"
	q "$b" "INSERT INTO u VALUES (NULL, 'b'), (1, 'b'), (3, 'c')"
	try_sh "portl-extract -d $a -t u | portl-load -d $b --verify --differing-keys=keys --differences=list"
	assert_status 6
	jq -se 'any(.[]; .key.id == null and .kind == "missing") and any(.[]; .key.id == 3 and .kind == "extra")' list
	jq -se 'all(.[]; .keys == null)' keys
}
