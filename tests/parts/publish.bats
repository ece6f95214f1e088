#!/usr/bin/env bats
# One publication: whoever is killed, whenever, what is there is old or new, and the next
# call finds out which.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common
load ../lib/faults
load ../lib/parts

# Servers are killed here.
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
	make_source
	q "$dst" 'CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i FROM generate_series(2, 200) i'
}

# all_but_one WAY: all parts but the first are there
all_but_one()
{
	if [ "$1" = apply ]; then
		make_plan -t t --parts=2 -- --conflict=overwrite
		target=t
	else
		make_plan -t t --parts=2 -- --create -t u
		target=u
	fi
	bring_all 2
	portl-extract --plan="$plan" --part=1 "${held[@]}" >"$T/stream"
	remember "$dst" t
}

# Old, and as many parts as there were.
is_unpublished()
{
	is_like_before "$dst" t
	is_true "$dst" "to_regclass('u') IS NULL AND (SELECT published FROM portl_ledger.run) IS NULL"
}

is_published()
{
	same_table "$src" t "$dst" "$target"
	assert_eq "$(left_of_run)|$(q "$dst" 'SELECT published IS NOT NULL FROM portl_ledger.run')" '|t'
}

@test "killed while it publishes: nothing is seen, and the next call publishes" {
	for how in KILL TERM backend; do
		q "$dst" 'DROP SCHEMA IF EXISTS portl_ledger CASCADE; TRUNCATE t; INSERT INTO t SELECT i FROM generate_series(2, 200) i'
		all_but_one apply
		hold "$dst" 'BEGIN; SELECT FROM t WHERE id = 5 FOR UPDATE'
		in=$T/stream start last portl-load --plan="$plan" --part=1
		backend_does "$dst" portl-load "$waits_for_lock"
		if [ "$how" = backend ]; then
			terminate_backend "$dst" portl-load
		else
			kill "-$how" "$pid_last"
		fi
		finish last
		[ "$status" != 0 ]
		# before 14 a backend that waits for a lock looks after its client no more
		[ "$SERVER_VERSION" -ge 140000 ] || release
		no_portl "$dst"
		is_unpublished
		assert_eq "$(part_states)" "$(printf 'd%.0s' $(seq 1 "$(parts)"))"
		[ "$SERVER_VERSION" -lt 140000 ] || release
		if [ "$how" = KILL ]; then
			portl-load -q --plan="$plan" --part=1 </dev/null # its part is there
		else
			publish
		fi
		is_published
		publish
		is_published
	done
}

@test "the connection is lost at COMMIT: what became of it is found out" {
	for way in apply rename; do
		q "$dst" 'DROP SCHEMA IF EXISTS portl_ledger CASCADE; TRUNCATE t; INSERT INTO t SELECT i FROM generate_series(2, 200) i'
		all_but_one "$way"
		# COMMIT is held up by a deferred trigger of the ledger's row
		q "$dst" "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END';
			CREATE CONSTRAINT TRIGGER wait AFTER UPDATE ON portl_ledger.run DEFERRABLE INITIALLY DEFERRED
			FOR EACH ROW EXECUTE FUNCTION wait()"
		hold "$dst"
		in=$T/stream start last portl-load --plan="$plan" --part=1
		backend_does "$dst" portl-load "$waits_for_lock AND query = 'COMMIT'"
		terminate_backend "$dst" portl-load
		finish last 40
		assert_status 2
		is_unpublished
		in=/dev/null start last portl-load --plan="$plan" --publish
		backend_does "$dst" portl-load "$waits_for_lock AND query = 'COMMIT'"
		kill -KILL "$pid_last"
		release
		finish last
		no_portl "$dst"
		publish # COMMIT may have gone through, for its client is not asked
		is_published
		q "$dst" 'DROP FUNCTION wait() CASCADE'
	done
}

@test "rows that others have put into a run's table are found out, be they as many; its parts come again" {
	local what

	for what in "UPDATE t SET c2 = 'x' WHERE c1 = 7" 'DELETE FROM t WHERE c1 = 7' 'INSERT INTO t (c1) VALUES (7000)' \
		'WITH d AS (DELETE FROM t WHERE c1 = 7 RETURNING c1, c2) INSERT INTO t (c1, c2) SELECT * FROM d'; do
		for way in apply rename; do
			q "$dst" 'DROP SCHEMA IF EXISTS portl_ledger CASCADE; TRUNCATE t; INSERT INTO t SELECT i FROM generate_series(2, 200) i'
			all_but_one "$way"
			[ "$way" = apply ] || what=$(sed 's/c1/id/g; s/c2/v/g' <<<"$what")
			row=$(q "$dst" "SELECT max($([ "$way" = apply ] && echo c1 || echo id)) FROM portl_ledger.$(left_of_run | head -n 1)")
			what=${what//= 7/= $row}
			q "$dst" "${what//' t '/ portl_ledger.$(left_of_run | head -n 1) }"
			try portl-load -q --plan="$plan" --part=1 "$T/stream"
			assert_status 75
			assert_stderr_has 'written by others'
			is_unpublished
			assert_eq "$(part_states)" "$(printf 'm%.0s' $(seq 1 "$(parts)"))"
			bring_all
			is_published
			q "$dst" 'DROP TABLE IF EXISTS u'
		done
	done
}

@test "the transaction that publishes by name makes, builds and counts nothing" {
	q postgres "ALTER DATABASE $dst SET log_statement = 'all'"
	all_but_one rename
	at=$(wc -l <"$own/log")
	portl-load -q --plan="$plan" --part=1 --log-file="$T/events" --log-format=json "$T/stream"
	is_published
	tail -n "+$((at + 1))" "$own/log" | sed -n 's/.*LOG:  \(statement\|execute [^:]*\): //p' >"$T/statements"
	# behind the last BEGIN READ WRITE
	sed -n '/^BEGIN .*READ WRITE/h; /^BEGIN .*READ WRITE/!H; ${x; p}' "$T/statements" >"$T/publishing"
	grep -q 'SET SCHEMA' "$T/publishing"
	run ! grep -E 'CREATE TABLE|ADD PRIMARY KEY|count\(\*\) FROM "?portl_ledger"?\."?portl_' "$T/publishing"
	grep -q 'ADD PRIMARY KEY' "$T/statements"
	printf '# the publishing transaction took %s ms\n' "$(jq 'select(.event == "published") | .ms' "$T/events")" >&3
}

@test "a table of one part is made with its rows, which are frozen, and its key; those of several cannot be" {
	q "$src" 'CREATE TABLE w (id int PRIMARY KEY, v text); INSERT INTO w SELECT i FROM generate_series(1, 50) i'
	q postgres "ALTER DATABASE $dst SET log_statement = 'all'"
	at=$(wc -l <"$own/log")
	q "$dst" 'DROP TABLE t'
	make_plan -t t -t w --parts=4 -- --create
	last=$(jq '.parts | map(.relation) | index(2) + 1' "$plan")
	portl-extract --plan="$plan" --part="$last" "${held[@]}" >"$T/stream"
	head -c 500 "$T/stream" >"$T/cut"
	try portl-load -q --plan="$plan" --part="$last" "$T/cut" # leaves no table behind
	assert_status 4
	portl-load -q --plan="$plan" --part="$last" "$T/stream"
	bring 1
	assert_eq "$(q "$dst" "SELECT right(c.relname, 1), count(k) FROM pg_class c LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND contype = 'p'
		WHERE relname LIKE 'portl\_%' AND relkind = 'r' GROUP BY 1 ORDER BY 1" | xargs)" '1|0 2|1'
	bring_all
	same_table "$src" t "$dst" t
	same_table "$src" w "$dst" w
	tail -n "+$((at + 1))" "$own/log" | grep -o 'COPY "portl_ledger.*' | sed 's/.*_\([12]\)".*(FORMAT/\1 (FORMAT/' | sort -u | xargs >"$T/copies"
	assert_eq "$(<"$T/copies")" '1 (FORMAT binary) 2 (FORMAT binary, FREEZE)'
}

@test "several who find all parts there publish once, and not each counts; the others find it done" {
	local way who counts at

	q postgres "ALTER DATABASE $dst SET log_statement = 'all'"
	for way in apply rename; do
		q "$dst" 'DROP SCHEMA IF EXISTS portl_ledger CASCADE; TRUNCATE t; INSERT INTO t SELECT i FROM generate_series(2, 200) i'
		all_but_one "$way"
		hold "$dst" 'BEGIN; SELECT FROM portl_ledger.run FOR UPDATE'
		in=$T/stream start last portl-load -v --plan="$plan" --part=1
		wait_until 10 eval '[[ "$(part_states)" == d* ]]'
		start two portl-load -v --plan="$plan" --publish
		start three portl-load -v --plan="$plan" --part=2
		at=$(wc -l <"$own/log")
		wait_for postgres "(SELECT count(*) FROM pg_stat_activity WHERE datname = '$dst'
			AND application_name = 'portl-load' AND $waits_for_lock) = 3"
		release
		for who in last two three; do
			finish "$who"
			assert_status 0
			printf '%s\n' "$stderr"
		done >"$T/said"
		assert_eq "$(grep -c "run .* is published$" "$T/said")" 1
		# whoever asks behind another's count, and before that one has published, counts again
		counts=$(tail -n "+$((at + 1))" "$own/log" | grep -c 'execute.*GROUP BY xmin')
		[[ $counts == [12] ]] || fail "counted $counts times"
		is_published
	done
}

@test "what the first part has found out of the ledger, and of a table that is to be made, no other asks again" {
	q postgres "ALTER DATABASE $dst SET log_statement = 'all'"
	make_plan -t t --parts=4 -- --create -t u
	target=u
	bring_all 1 2
	at=$(wc -l <"$own/log")
	bring 3
	tail -n "+$((at + 1))" "$own/log" >"$T/said"
	grep -q 'execute.*published IS NOT NULL' "$T/said"
	run ! grep -E 'has_database_privilege|[$]2 = .pg_class' "$T/said"
	bring_all 4
	is_published
}

@test "parts side by side: one publication, whatever ends first" {
	for way in apply rename; do
		q "$dst" 'DROP SCHEMA IF EXISTS portl_ledger CASCADE; TRUNCATE t; INSERT INTO t SELECT i FROM generate_series(2, 200) i; DROP TABLE IF EXISTS u'
		if [ "$way" = apply ]; then
			make_plan -t t --parts=8 -- --conflict=overwrite
			target=t
		else
			make_plan -t t --parts=8 -- --create -t u
			target=u
		fi
		n=$(parts)
		for ((k = 1; k <= n; k++)); do
			start "p$k" bash -c "portl-extract --plan=$plan --part=$k ${held[*]} | portl-load -q --plan=$plan --part=$k"
		done
		for ((k = 1; k <= n; k++)); do
			finish "p$k" 60
			assert_status 0
		done
		is_published
	done
}

@test "a staging table that a crash has emptied is found out; its parts come again" {
	all_but_one apply
	is_true "$dst" 'EXISTS (SELECT FROM pg_class WHERE relpersistence = $$u$$ AND relkind = $$r$$)'
	cluster_stop "$own" immediate
	cluster_start "$own"
	remember "$dst" t
	try portl-load -q --plan="$plan" --part=1 "$T/stream"
	assert_status 75
	assert_stderr_has 'bring them again'
	is_like_before "$dst" t
	assert_eq "$(part_states)" "$(printf 'm%.0s' $(seq 1 "$(parts)"))"
	hold_snapshot
	bring_all
	is_published
}

@test "a staging table that somebody has dropped: its parts come again" {
	all_but_one apply
	q "$dst" "DROP TABLE portl_ledger.portl_$(jq -r .id "$plan")_1"
	bring 1 2>"$T/said" || status=$?
	assert_eq "${status:-0}" 75
	grep -q 'bring them again' "$T/said"
	assert_eq "$(part_states | tr -d m)" ''
	bring_all
	is_published
}

@test "a table that came to be meanwhile is not replaced; one that is read holds nobody up" {
	all_but_one rename
	q "$dst" 'CREATE TABLE u (id int)'
	try portl-load -q --plan="$plan" --part=1 "$T/stream"
	assert_status 5
	q "$dst" 'DROP TABLE u'
	publish 2>/dev/null || portl-load -q --plan="$plan" --part=1 "$T/stream"
	is_published
	# made a moment ago
	q "$dst" 'DROP TABLE u; DROP SCHEMA portl_ledger CASCADE'
	all_but_one rename
	hold "$dst" 'BEGIN; CREATE TABLE u (id int)'
	in=$T/stream start last portl-load -q --plan="$plan" --part=1
	wait_until 10 is_true "$dst" "EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
	printf 'COMMIT;\n' >&"$held"
	release
	finish last
	assert_status 5
	assert_stderr_has 'exists now'
}

@test "who is waited for is said, a prepared transaction too; the lock of the run itself is not" {
	at=$(wc -l <"$own/log")
	start run portl run -j 2 --parts=2 -d "$src" -t t -- -d "$src" -t t --truncate
	portl-extract -d "$src" -t t -o "$T/whole"
	q "$dst" "BEGIN; LOCK TABLE t; PREPARE TRANSACTION 'held_$dst'"
	start load portl-load -d "$dst" --truncate "$T/whole"
	wait_until 10 grep -q 'waiting for the lock on "t", which a prepared transaction' "$T/load.err"
	q "$dst" "ROLLBACK PREPARED 'held_$dst'"
	finish load
	assert_status 0
	same_table "$src" t "$dst" t
	finish run 60
	assert_status 5
	assert_stderr_has 'which may hold the snapshot of the parts: it would be waited for forever'
	# a second, then half a second more than deadlock_timeout at a time, and none of those that
	# wanted to publish began anew
	assert_eq "$(tail -n "+$((at + 1))" "$own/log" | grep " $src .*STATEMENT:  LOCK TABLE .*\"t\" IN ACCESS EXCLUSIVE MODE" |
		grep -oE '\[[0-9]+\]' | sort | uniq -c | awk '{ print $1 }' | sort -u)" 7
	assert_eq "$(q "$src" 'SELECT count(*) FROM t')" 3000
}

@test "an event trigger that would make of it another table than --create does is refused" {
	q "$dst" "CREATE FUNCTION rls() RETURNS event_trigger LANGUAGE plpgsql AS \$\$
		DECLARE o record; BEGIN FOR o IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE command_tag = 'CREATE TABLE'
			AND schema_name = 'public' LOOP EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', o.object_identity); END LOOP; END \$\$;
		CREATE EVENT TRIGGER rls ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION rls()"
	all_but_one rename
	try portl-load -q --plan="$plan" --part=1 "$T/stream"
	assert_status 5
	assert_stderr_has 'would not be the table that --create makes'
	is_true "$dst" "to_regclass('u') IS NULL"
	q "$dst" 'DROP EVENT TRIGGER rls'
	publish
	is_published
}
