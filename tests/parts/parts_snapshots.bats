# Parts by one snapshot that is held, and by snapshots of their own with what has changed
# since: both come to the table at one moment, whoever writes meanwhile.
# shellcheck disable=SC2016,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common
load ../lib/meanwhile

# Every transaction of a server holds positions back.
setup_file()
{
	own_server
}

teardown_file()
{
	cluster_drop "$own"
}

setup()
{
	fresh_db src
	cd "$BATS_TEST_TMPDIR" || return
	holder='' kind=held
}

teardown()
{
	[ -z "$holder" ] || kill "$holder" 2>/dev/null || :
	leave_dbs
}

# plan OPTION...: a plan in ./plan, of the kind $kind
plan()
{
	# before 14 there are no ranges of blocks
	[ "$SERVER_VERSION" -ge 140000 ] || [[ $* != *--parts=* || $* == *-t\ p* ]] || set -- "$@" --split-by=id
	portl-extract -d "$src" --make-plan="${kind:-held}" "$@" -o plan
	parts=$(grep -cE '^  \{"number": [0-9]+, "relation": ' plan)
}

# hold: keep a snapshot of ./plan; $snapshot, $holder, and descriptor 7, which ends it
hold()
{
	rm -f hold.in hold.out
	mkfifo hold.in
	portl-extract --plan=plan --hold <hold.in >hold.out 2>hold.err 3>&- &
	holder=$!
	exec 7>hold.in
	wait_until 20 grep -q . hold.out
	snapshot=$(cat hold.out)
}

part()
{
	portl-extract --plan=plan --part="$1" -F ndjson "${@:2}" >"part.$1"
}

rows_of_parts()
{
	cat part.* | grep -v '^{"$portl"' | LC_ALL=C sort
}

# The table as one stream has it.
table()
{
	portl-extract -d "$src" -F ndjson -t "$1" | grep -v '^{"$portl"' | LC_ALL=C sort
}

positions()
{
	local k

	for k in $(seq "$parts"); do
		head -n 1 "part.$k"
	done | jq -rn '[inputs."$portl".part.position] | join(",")'
}

# catch_up: the last stream, in ./last
catch_up()
{
	positions >words
	portl-extract --plan=plan --catch-up --since=@words -F ndjson >last
}

# What a loader makes of all of it, for relations whose key is "id": the newest of each key
# that is there, sorted.
merged()
{
	perl -MJSON::PP -ne '
		if (/^\{"\$portl"/) {
			my $d = decode_json($_)->{q($portl)};
			next unless $d->{columns};
			$name = $d->{relation}{name}, $keys = $d->{keys_of};
			next;
		}
		my ($id) = /^\{"id":([^,}]+)/ or die "a row without id: $_";
		if ($keys) { $there{"$name $id"} = 1 } else { $row{"$name $id"} = $_ }
		END { print $row{$_} // die "no row for key $_" for keys %there }' part.* last | LC_ALL=C sort
}

# How a member of ./last was read: all rows, or since a position.
since_of()
{
	grep '"manifest"' last | jq -r --arg n "$1" '.["$portl"].manifest.members[]
		| select(.relation.name == $n and .since != null).since | sub(":.*"; "")'
}

many()
{
	q "$src" "CREATE TABLE ${1:-t} (id int PRIMARY KEY, v text);
		ALTER TABLE ${1:-t} SET (autovacuum_enabled = off, fillfactor = 60);
		INSERT INTO ${1:-t} SELECT i, repeat('x', 50) FROM generate_series(1, ${2:-6000}) i"
}

@test "held: while others write, the parts are the table as it was" {
	many
	plan -t t --parts=6
	hold
	table t >before
	for k in $(seq "$parts"); do
		q "$src" "UPDATE t SET v = v || 'y' WHERE id % $parts = $k"
		q "$src" "DELETE FROM t WHERE id % 17 = $k; INSERT INTO t VALUES (100000 + $k)"
		q "$src" 'VACUUM t'
		part "$k" --snapshot="$snapshot"
	done
	rows_of_parts | cmp before -
	# of one snapshot, and so with the position of all of it
	assert_eq "$(head -qn1 part.* | jq -c '.["$portl"].position' | sort -u | wc -l)" 1
	exec 7>&-
	status=0
	wait "$holder" || status=$?
	assert_status 0
	run -1 --separate-stderr portl-extract --plan=plan --part=1 --snapshot="$snapshot"
	assert_stderr_has '--snapshot: '
}

@test "held: what is altered waits, a part behind it does not, and may be tried again" {
	many
	plan -t t --parts=2
	hold
	psql -Xq -d "$src" -c 'ALTER TABLE t ADD COLUMN more int' 7>&- 3>&- &
	wait_for postgres "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$src'
		AND wait_event_type = 'Lock' AND query LIKE 'ALTER%')"
	run -75 --separate-stderr portl-extract --plan=plan --part=1 --snapshot="$snapshot"
	assert_stderr_has 'lock timeout'
	assert_stderr_has 'run it again'
	exec 7>&-
	wait "$holder" %2 || wait
}

@test "held: a partition that the plan does not know is not left out in silence" {
	q "$src" 'CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
		CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (5000);
		CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (5000) TO (10000);
		INSERT INTO p SELECT i FROM generate_series(0, 9999) i'
	plan -t p --parts=2
	q "$src" 'CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (10000) TO (20000); INSERT INTO p VALUES (10000)'
	hold
	run -1 --separate-stderr portl-extract --plan=plan --part=1 --snapshot="$snapshot"
	assert_stderr_has 'public.p has 3 partitions, and the plan has 2'
	exec 7>&-
	wait "$holder"
	# without a snapshot that is held it comes in the end
	jq '.snapshot = "own"' plan >own && mv own plan
	for k in $(seq "$parts"); do part "$k"; done
	catch_up
	table p >now
	merged | cmp now -
}

@test "held: signals end it, and a server that ends is an error" {
	many
	plan -t t
	for signal in TERM HUP; do
		hold
		kill -"$signal" "$holder"
		status=0
		wait "$holder" || status=$?
		assert_eq "$status" "$((128 + $(kill -l "$signal")))"
		exec 7>&-
	done
	hold
	q "$src" "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$src' AND pid <> pg_backend_pid() AND application_name = 'portl-extract'"
	status=0
	wait "$holder" || status=$?
	[ "$status" -eq 1 ] || [ "$status" -eq 2 ]
	grep -q 'the snapshot is gone' hold.err
	exec 7>&-
	holder=
	no_backend()
	{
		is_true postgres "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$src' AND application_name = 'portl-extract')"
	}
	wait_until 10 no_backend
}

@test "own: rows that change, move and go between the parts" {
	kind=own
	many
	plan --parts=4 -t t
	part 1
	q "$src" "UPDATE t SET v = 'moved' WHERE id % 5 = 0; DELETE FROM t WHERE id % 7 = 0"
	q "$src" 'VACUUM t'
	part 2
	q "$src" "INSERT INTO t SELECT i, 'new' FROM generate_series(7000, 9000) i"
	part 3
	q "$src" "UPDATE t SET id = id + 100000 WHERE id % 11 = 0"
	part 4
	q "$src" "DELETE FROM t WHERE v = 'new' AND id % 3 = 0"
	catch_up
	table t >now
	merged | cmp now -
	assert_eq "$(since_of t)" 1
	[ "$(grep -c 'xxxxx' last)" -lt 1500 ]
	# nothing has changed since: only the keys come
	for k in 1 2 3 4; do part "$k"; done
	catch_up
	merged | cmp now -
	assert_eq "$(grep -c '"v":' last)" 0
}

@test "own: a table that is rewritten between two parts is read whole" {
	needs 14 'ranges of blocks'
	kind=own
	many
	plan -t t --parts=4
	part 4 && part 1
	q "$src" 'DELETE FROM t WHERE id < 4000'
	wait_for "$src" "NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid())"
	q "$src" 'VACUUM FULL t' # takes rows to blocks that have been read, with their old xmin
	part 2 && part 3
	[ "$(rows_of_parts | sort -u | awk -F'[:,]' '$2 >= 4000' | wc -l)" -lt 2001 ] # rows are missing
	catch_up
	table t >now
	merged | cmp now -
	assert_eq "$(since_of t)" none
	# truncated and filled again
	plan -t t --parts=2
	part 1
	q "$src" "BEGIN; TRUNCATE t; INSERT INTO t SELECT i, 'z' FROM generate_series(1, 3000) i; COMMIT"
	part 2
	catch_up
	table t >now
	merged | cmp now -
}

@test "own: a partition that is exchanged, made new or rewritten is read whole, the others are not" {
	needs 14 'ranges of blocks'
	kind=own
	q "$src" 'CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
		CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (3000);
		CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (3000) TO (6000);
		CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (6000) TO (9000);
		CREATE TABLE old (id int PRIMARY KEY, v text);
		CREATE TABLE older (LIKE old INCLUDING ALL);
		INSERT INTO p SELECT i, repeat($$x$$, 50) FROM generate_series(0, 8999) i;
		INSERT INTO old SELECT i, $$old$$ FROM generate_series(3000, 5999, 2) i;
		INSERT INTO older SELECT i, $$older$$ FROM generate_series(9000, 9500) i'
	plan -t p --parts=6
	assert_eq "$(jq '[.parts[].leaf_name] | unique | length' plan)" 3
	first_of() { jq ".parts | map(select(.leaf_name == \"$1\"))[0].number" plan; }
	for leaf in p1 p2 p3; do part "$(first_of "$leaf")"; done
	q "$src" "ALTER TABLE p DETACH PARTITION p2; ALTER TABLE p2 RENAME TO was2; ALTER TABLE old RENAME TO p2;
		ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (3000) TO (6000);
		ALTER TABLE p ATTACH PARTITION older FOR VALUES FROM (9000) TO (10000)"
	q "$src" 'CLUSTER p3 USING p3_pkey'
	for k in $(seq "$parts"); do [ -e "part.$k" ] || part "$k"; done
	catch_up
	table p >now
	merged | cmp now -
	assert_eq "$(since_of p)" 1
	[ "$(grep -c '"v":"old"' last)" -eq 1500 ]
	[ "$(grep -c '"v":"older"' last)" -eq 501 ]
	[ "$(grep -c '"v":"xxx' last)" -eq 3000 ] # of p3
}

@test "own: which positions, and whose" {
	kind=own
	many
	many u 10
	plan -t t -t u --parts=3
	for k in $(seq "$parts"); do part "$k"; done
	catch_up
	assert_eq "$(grep '"manifest"' last | jq -c '.["$portl"].manifest.members | map([.relation.name, .keys_of, .part.number])')" \
		'[["t",null,0],["t",1,0],["u",null,0],["u",3,0]]'
	run -64 --separate-stderr portl-extract --plan=plan --catch-up
	assert_stderr_has '--catch-up needs --since'
	run -64 --separate-stderr portl-extract --plan=plan --catch-up --since="$(cut -d, -f2- words)"
	assert_stderr_has '--since has no position of part 1'
	run -64 --separate-stderr portl-extract --plan=plan --catch-up --since="$(cut -d, -f1 words),$(cat words)"
	assert_stderr_has 'two positions of part 1'
	jq '.id = "another"' plan >another
	run -64 --separate-stderr portl-extract --plan=another --catch-up --since=@words
	assert_stderr_has 'no position of a part of this plan'
	q "$src" 'ALTER TABLE u ALTER v TYPE varchar(99)'
	run -5 --separate-stderr portl-extract --plan=plan --catch-up --since=@words
	assert_stderr_has 'a full run is needed'
}

@test "own: what has no key or no position cannot be, with all reasons" {
	q "$src" 'CREATE TABLE nokey (id int); CREATE TABLE k (id int PRIMARY KEY); CREATE VIEW v AS TABLE k'
	run -5 --separate-stderr portl-extract -d "$src" -t nokey -t k -t v --make-plan=own
	assert_stderr_has 'public.nokey: it has no primary key'
	assert_stderr_has 'public.v: it is a view'
	assert_stderr_has '--make-plan=held'
	portl-extract -d "$src" -t k --make-plan=own | jq -e '.snapshot == "own"'
	portl-extract -d "$src" -t nokey -t k -t v --make-plan | jq -e '.snapshot == "held"'
}

@test "own: what had no position when the snapshot was held is said at the first part that is read without" {
	many
	plan -t t --where 'id IN (SELECT generate_series(1, 100))'
	jq '.snapshot = "own"' plan >own && mv own plan
	run -1 --separate-stderr portl-extract --plan=plan --part=1
	assert_stderr_has 'public.t by snapshots of their own would not fit together: its condition on rows says'
}

@test "own: parts at random moments among writers come to the table as it is in the end" {
	kind=own
	local seed=${SEED:-$RANDOM}

	RANDOM=$seed
	echo "SEED=$seed"
	many t 4000
	for trial in 1 2 3 4; do
		rm -f part.*
		plan -t t --parts=5
		(
			while [ ! -e stop ]; do
				case $((RANDOM % 6)) in
				0) sql="DELETE FROM t WHERE id % 97 = $((RANDOM % 97))" ;;
				1) sql="UPDATE t SET v = 'w$RANDOM' WHERE id % 53 = $((RANDOM % 53))" ;;
				2) sql="INSERT INTO t SELECT i, 'n$RANDOM' FROM generate_series($((RANDOM % 9000)), 9000, 91) i ON CONFLICT DO NOTHING" ;;
				3) sql="BEGIN; SAVEPOINT a; UPDATE t SET v = v || 'a' WHERE id % 41 = 3; ROLLBACK TO a; UPDATE t SET id = -id WHERE id % 89 = 7; COMMIT" ;;
				4) sql='VACUUM t' ;;
				5) sql='VACUUM FULL t' ;;
				esac
				psql -Xq -d "$src" -c "$sql" 2>/dev/null || : # a key that is there
			done
		) 3>&- &
		writer=$!
		for k in $(shuf -i 1-5 --random-source=<(yes "$seed.$trial")); do part "$k"; done
		: >stop
		wait "$writer"
		rm stop
		catch_up
		table t >now
		merged | cmp now - || fail "trial $trial, SEED=$seed"
	done
}
