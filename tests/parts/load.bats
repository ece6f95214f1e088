#!/usr/bin/env bats
# Parts that are loaded by themselves, exactly once, and seen together: the ledger, both ways
# to hold them back, the plan.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common
load ../lib/faults
load ../lib/parts

setup()
{
	make_source
}

target()
{
	q "$dst" "CREATE TABLE t (id int PRIMARY KEY, v text);
		INSERT INTO t SELECT i, 'old' FROM generate_series(2001, 4000) i"
}

@test "a table with rows: all parts are staged, and written at once with the last one" {
	target
	make_plan -t t --parts=4 -- --conflict=overwrite --delete
	n=$(parts)
	((n > 2))
	assert_eq "$(jq -c '.relations[0] | [.way, .reason, .target_schema, .target_name]' "$plan")" \
		'["apply","it exists","public","t"]'
	remember_rows=$(q "$dst" 'SELECT count(*), min(v) FROM t')
	bring_all 2
	assert_eq "$(q "$dst" 'SELECT count(*), min(v) FROM t')" "$remember_rows"
	assert_eq "$(part_states)" "m$(printf 'd%.0s' $(seq 2 "$n"))"
	bring 1 --summary="$T/receipt"
	same_table "$src" t "$dst" t
	assert_eq "$(jq -c '[.part.number, .part.already, .part.published]' "$T/receipt")" '[1,false,true]'
	assert_eq "$(left_of_run)" ''
	publish --summary="$T/receipt"
	assert_eq "$(jq -c '[.status, .committed]' "$T/receipt")" '[0,true]'
}

@test "a table that exists: one pipe straight into it, unless parts are asked for" {
	target
	q "$dst" 'DELETE FROM t WHERE id <= 3000'
	for words in '--' '-- --min-rows=1' '-- --truncate' '-- --conflict=skip' '-- --conflict=skip --at-once=2' '--parts=4 -- --conflict=skip --at-once=2' '-- --delete --conflict=overwrite' '-- --state=s' '-- --conflict=overwrite --state=s --at-once=2' '--parts=4 --' '--parts=1 --'; do
		# shellcheck disable=SC2086 # words
		make_plan -t t $words
		ways+=$(jq -r '.relations[0].way + " " + (.parts | length > 1 | tostring)' "$plan"),
	done
	assert_eq "$ways" 'part false,apply false,apply false,apply false,part false,apply true,apply false,apply false,apply false,apply true,apply false,'
	make_plan -t t --
	assert_eq "$(jq -r '.relations[0].reason' "$plan")" 'it exists, and one pipe into it is the fastest; --parts=N cuts it'
	bring 1 --summary="$T/receipt"
	assert_eq "$(jq -c '[.part.number, .part.published, .rows.inserted]' "$T/receipt")" '[1,true,3000]'
	assert_eq "$(q "$dst" 'SELECT count(*), count(*) FILTER (WHERE v = $$old$$) FROM t')" '4000|1000'
	bring 1
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 4000
	assert_eq "$(left_of_run)" ''
	# beside another relation it is seen with that
	q "$src" 'CREATE TABLE u (id int PRIMARY KEY)'
	make_plan -t t -t u -- --create
	assert_eq "$(jq -r '[.relations[] | .name + " " + .way] | sort | join(",")' "$plan")" 't apply,u rename'
}

@test "a part that is there is not read again" {
	make_plan -t t --parts=4 -- --create
	bring 2
	for input in /dev/null "$T"; do
		try portl-load -v --plan="$plan" --part=2 --summary="$T/receipt" <"$input"
		assert_status 0
		assert_stderr_has "part 2 of run $(jq -r .id "$plan") is there"
		assert_eq "$(jq -c '[.part.already, .part.published, .rows.read]' "$T/receipt")" '[true,false,0]'
	done
	bring_all
	same_table "$src" t "$dst" t
	try portl-load --plan="$plan" --part=1 </dev/null
	assert_status 0
}

@test "of two that bring a part the second is refused, to be tried again; none is removed meanwhile" {
	target
	make_plan -t t --parts=4 -- --conflict=skip
	portl-extract --plan="$plan" --part=1 "${held[@]}" >"$T/stream"
	mkfifo "$T/feed"
	in=$T/feed start first portl-load -q --plan="$plan" --part=1
	feed_open
	head -c 5000 "$T/stream" >&"$feed"
	wait_until 10 eval '[ "$(part_states)" = "r$(printf "m%.0s" $(seq 2 "$(parts)"))" ]'
	try portl-load --plan="$plan" --part=1 "$T/stream"
	assert_status 75
	assert_stderr_has 'is being brought by another process'
	try portl-load --plan="$plan" --drop-parts
	assert_status 75
	bring 2
	tail -c +5001 "$T/stream" >&"$feed"
	feed_close
	finish first
	assert_status 0
	try portl-load --plan="$plan" --part=1 "$T/stream"
	assert_status 0
	assert_eq "$(part_states)" "dd$(printf 'm%.0s' $(seq 3 "$(parts)"))"
}

@test "a part that dies leaves nothing, and comes again" {
	make_plan -t t --parts=4 -- --create
	portl-extract --plan="$plan" --part=1 "${held[@]}" >"$T/stream"
	mkfifo "$T/feed"
	in=$T/feed start first portl-load -q --plan="$plan" --part=1
	feed_open
	head -c 5000 "$T/stream" >&"$feed"
	wait_until 10 eval '[[ "$(part_states)" == r* ]]'
	kill -KILL "$pid_first"
	feed_close
	no_portl "$dst"
	head -c 5000 "$T/stream" >"$T/cut"
	try portl-load -q --plan="$plan" --part=1 "$T/cut"
	assert_status 4
	[[ $(part_states) == m* ]]
	bring_all
	same_table "$src" t "$dst" t
}

@test "a stream of another part, run or table is refused" {
	make_plan -t t --parts=4 -- --create
	portl-extract --plan="$plan" --part=1 "${held[@]}" >"$T/one"
	try portl-load -q --plan="$plan" --part=2 "$T/one"
	assert_status 4
	assert_stderr_has 'the stream is part 1 of'
	try_sh "portl-extract -d $src -t t | portl-load -q --plan=$plan --part=1"
	assert_status 4
	assert_stderr_has 'the stream is no part of a run'
	jq -c '.parts[0].bytes = 1 | .relations[0].target_name = "u"' "$plan" >"$T/other"
	portl-load -q --plan="$plan" --part=1 "$T/one"
	try portl-load -q --plan="$T/other" --part=1 "$T/one"
	assert_status 5
	assert_stderr_has 'is one of another plan'
	jq -c '.extract += ["--where=false"]' "$plan" >"$T/other"
	try_sh "portl-extract --plan=$T/other --part=2 ${held[*]} | portl-load -q --plan=$T/other --part=2"
	assert_status 5
	assert_stderr_has 'is one of another plan'
	let_snapshot_go
	q "$src" 'ALTER TABLE t ADD COLUMN w int'
	try_sh "portl-extract --plan=$plan --part=2 ${held[*]} | portl-load -q --plan=$plan --part=2"
	[ "$status" != 0 ]
	[[ $(part_states) == dm* ]]
}

@test "a new table is the one that --create makes: names, owner, privileges" {
	long=$(printf 'l%.0s' {1..63})
	q "$src" "CREATE TABLE \"$long\" (\"$long\" int PRIMARY KEY, v text NOT NULL)"
	q "$src" 'CREATE TABLE "we ""ird''\" (id int, v numeric(5,2), PRIMARY KEY (v, id))'
	q "$src" 'CREATE TABLE plain (id int)'
	fresh_db one
	q postgres "CREATE ROLE ${src}_r"
	for db in "$one" "$dst"; do
		q "$db" "CREATE TABLE t_pkey (id int); CREATE SCHEMA portl_ledger;
			ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO ${src}_r WITH GRANT OPTION;
			ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO PUBLIC;
			ALTER DEFAULT PRIVILEGES IN SCHEMA portl_ledger GRANT UPDATE ON TABLES TO ${src}_r"
	done
	portl-extract -d "$src" -t '*' | portl-load -q -d "$one" --create
	make_plan -t '*' -- --create
	assert_eq "$(jq -r '[.relations[].way] | unique | join(" ")' "$plan")" rename
	bring_all
	for db in one dst; do
		q "${!db}" "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
			WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2;
			SELECT relname, relkind, relowner::regrole, relacl, reloptions, obj_description(oid) FROM pg_class
			WHERE relnamespace = 'public'::regnamespace ORDER BY 1" >"$T/$db.sql"
	done
	diff "$T/one.sql" "$T/dst.sql"
	assert_eq "$(left_of_run)" ''
	q "$dst" "DROP OWNED BY ${src}_r"
	q "$one" "DROP OWNED BY ${src}_r"
	q postgres "DROP ROLE ${src}_r"
}

@test "several relations with foreign keys are emptied and filled in one moment; sequences are moved" {
	q "$src" 'CREATE TABLE p (id int PRIMARY KEY);
		CREATE TABLE c (id serial PRIMARY KEY, p int REFERENCES p);
		INSERT INTO p SELECT generate_series(1, 50); INSERT INTO c (p) SELECT generate_series(1, 50)'
	q "$dst" 'CREATE TABLE p (id int PRIMARY KEY);
		CREATE TABLE c (id serial PRIMARY KEY, p int REFERENCES p);
		INSERT INTO p VALUES (99); INSERT INTO c VALUES (99, 99)'
	make_plan -t p -t c -t t -- --truncate --create
	for ((k = $(parts); k > 0; k--)); do
		assert_eq "$(q "$dst" 'SELECT id FROM p')" 99
		bring "$k"
	done
	same_table "$src" p "$dst" p
	same_table "$src" c "$dst" c
	same_table "$src" t "$dst" t
	assert_eq "$(q "$dst" "INSERT INTO c (p) VALUES (1) RETURNING id")" 51
}

@test "--commit=part: rows that refer to those of another part are refused when the plan is made" {
	q "$src" 'CREATE TABLE child (id int PRIMARY KEY, t int REFERENCES t, up int); INSERT INTO child SELECT i, i, 1 FROM generate_series(1, 3000) i; ANALYZE'
	q "$dst" 'DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE child (id int PRIMARY KEY, t int CONSTRAINT down REFERENCES t, up int CONSTRAINT own REFERENCES child)'
	try make_plan -t t -t child --parts=4 -- --commit=part
	assert_status 5
	assert_stderr_has 'by "down" rows of public.child refer to rows of public.t that may be in a part that comes later'
	q "$dst" 'INSERT INTO t SELECT i FROM generate_series(1, 3000) i'
	try make_plan -t child --parts=4 -- --commit=part
	assert_status 5
	assert_stderr_has 'by "own" rows of public.child refer to rows of public.child'
	make_plan -t child --parts=1 -- --commit=part
	bring_all
	same_table "$src" child "$dst" child
	make_plan -t t -t child --parts=4 -- --conflict=overwrite
	bring_all
	same_table "$src" t "$dst" t
}

@test "--commit=part: each part is seen when it is there, once" {
	q "$dst" 'CREATE TABLE t (id int PRIMARY KEY, v text)'
	make_plan -t t --parts=4 -- --commit=part
	assert_eq "$(jq -r '.relations[0].way' "$plan")" part
	bring 1
	n=$(q "$dst" 'SELECT count(*) FROM t')
	((n > 0 && n < 3000))
	bring 1
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" "$n"
	bring_all
	same_table "$src" t "$dst" t
	publish
	assert_eq "$(q "$dst" 'SELECT published IS NOT NULL FROM portl_ledger.run')" t
}

@test "nothing is left of a run that is dropped, half or whole" {
	target
	make_plan -t t --parts=4 -- --conflict=skip
	bring 1
	[ -n "$(left_of_run)" ]
	portl-load --plan="$plan" --drop-parts
	assert_eq "$(left_of_run)|$(q "$dst" 'SELECT count(*) FROM portl_ledger.run, portl_ledger.part')" '|0'
	portl-load --plan="$plan" --drop-parts
	bring_all
	portl-load --plan="$plan" --drop-parts
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t')" 4000
	make_plan -t t --parts=4 -- --conflict=skip --ledger=elsewhere
	portl-load --plan="$plan" --drop-parts
	portl-load --plan="$plan" --list-parts >/dev/null
	is_true "$dst" "to_regnamespace('elsewhere') IS NULL"
}

@test "what cannot be loaded is refused when the plan is made, with all reasons" {
	q "$src" 'CREATE TABLE u (id int PRIMARY KEY, v text); CREATE TABLE w (id int)'
	q "$dst" 'CREATE TABLE u (id int, n int NOT NULL); CREATE TABLE w (id int)'
	try make_plan -t t -t u -t w -- --conflict=overwrite
	assert_status 5
	assert_stderr_has '3 of 3 relations cannot take their streams'
	assert_stderr_has 'column "n"'
	assert_stderr_has 'relation "public.t" does not exist'
	[ ! -e "$plan" ]
}

@test "options: one thing at a time, with its plan, and nothing that a part cannot keep" {
	target
	make_plan -t t --parts=4 -- --conflict=skip
	for words in '--part=1' '--publish' '--list-parts' '--drop-parts' '--commit=part' "--plan=$plan" \
		"--plan=$plan --part=1 --publish" "--plan=$plan --part=1 --json" "--plan=$plan --part=99" \
		"--plan=$plan --part=1 --rejects=$T/r" "--plan=$plan --part=1 --dry-run" "--plan=$plan --part=1 --replace" \
		"--plan=$plan --part=1 --streams=2" "--plan=$plan --part=1 --edited" "--plan=$plan --part=1 -o x"; do
		# shellcheck disable=SC2086
		try portl-load -d "$dst" $words </dev/null
		assert_status 64
	done
	for words in --truncate '--delete --conflict=overwrite' '--state=s --conflict=overwrite' --min-rows=1; do
		# shellcheck disable=SC2086
		try make_plan -t t -- --commit=part $words
		assert_status 64
		assert_stderr_has 'no transaction has them'
	done
	try make_plan -t t -- --password-is-none
	assert_status 64
	try_sh "portl-extract -d $src -t t --make-plan | portl-load -d 'dbname=$dst password=x' --make-plan"
	assert_status 64
	assert_stderr_has 'password'
}

@test "whoever may not make the ledger gets the statements" {
	q "$dst" "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE ROLE ${dst}_r LOGIN; GRANT ALL ON t TO ${dst}_r;
		GRANT USAGE ON SCHEMA public TO ${dst}_r"
	try make_plan -t t --parts=4 -- --conflict=overwrite -U "${dst}_r"
	assert_status 5
	assert_stderr_has "role ${dst}_r may not make the ledger"
	sed -n 's/^[[:blank:]]*\(\(CREATE\|GRANT\) .*\)/\1/p' <<<"$stderr" | q "$dst"
	make_plan -t t --parts=4 -- --conflict=overwrite -U "${dst}_r"
	bring_all
	same_table "$src" t "$dst" t

	# to look takes less
	q "$dst" "REVOKE ALL ON ALL TABLES IN SCHEMA portl_ledger FROM ${dst}_r; GRANT SELECT ON ALL TABLES IN SCHEMA portl_ledger TO ${dst}_r"
	try portl-load --plan="$plan" --list-parts
	assert_status 0
	assert_out_has 'done'
	q "$dst" "REVOKE ALL ON SCHEMA portl_ledger FROM ${dst}_r"
	try portl-load --plan="$plan" --list-parts
	assert_status 5
	assert_stderr_has "role ${dst}_r may not use the ledger in schema \"portl_ledger\""
	q "$dst" "DROP OWNED BY ${dst}_r; DROP ROLE ${dst}_r"
}

@test "a target that was altered between two parts is found out" {
	target
	make_plan -t t --parts=4 -- --conflict=overwrite
	bring 1
	q "$dst" 'ALTER TABLE t ALTER id TYPE bigint'
	bring 2 # it is staged as it was before
	q "$dst" 'ALTER TABLE t ALTER v TYPE varchar'
	try bring 3
	assert_status 5
	assert_stderr_has 'were staged for other columns'
	try bring_all
	assert_eq "$(q "$dst" "SELECT count(*) FROM t WHERE v = 'old'")" 2000
	q "$dst" 'ALTER TABLE t ALTER id TYPE int, ALTER v TYPE text; DELETE FROM t WHERE id > 3000'
	bring_all
	same_table "$src" t "$dst" t
}

@test "values that have to be cast are staged as they came" {
	q "$dst" 'CREATE TABLE t (id bigint PRIMARY KEY, v varchar(200), extra text DEFAULT $$d$$)'
	make_plan -t t --parts=4 -- --conflict=merge
	bring_all
	assert_eq "$(q "$dst" 'SELECT count(*), sum(id), min(extra) FROM t')" '3000|4501500|d'
	q "$dst" 'TRUNCATE t; ALTER TABLE t ALTER v TYPE varchar(3)'
	make_plan -t t --parts=4 -- --conflict=merge
	try bring 2
	assert_status 1
	assert_stderr_has 'stdin:1: column "v": value too long'
	assert_eq "$(part_states)" "$(printf 'm%.0s' $(seq 1 "$(parts)"))"
}

@test "parts of one plan are of one snapshot: another one's is refused, and what came is not published" {
	make_plan -t t --parts=4 -- --create
	portl-extract --plan="$plan" --part=1 "${held[@]}" >"$T/one"
	q "$src" 'UPDATE t SET v = NULL'
	hold_snapshot
	bring_all 2
	try portl-load --plan="$plan" --part=1 "$T/one"
	assert_status 5
	assert_stderr_has 'read by different snapshots'
	assert_eq "$(part_states)" "m$(printf 'd%.0s' $(seq 2 "$(parts)"))"
	held=()
	try bring 1
	assert_status 5
	# two that come at the same time do not see each other
	q "$dst" "INSERT INTO portl_ledger.part SELECT run, 1, relation, 0, digest, position, 'another' FROM portl_ledger.part LIMIT 1"
	try publish
	assert_status 5
	assert_stderr_has 'read by different snapshots'
	is_true "$dst" "to_regclass('t') IS NULL"
}

@test "--state: how far a run goes is stored with its rows" {
	q "$dst" 'CREATE TABLE t (id int PRIMARY KEY, v text)'
	make_plan -t t --parts=4 -- --conflict=overwrite --state=s
	bring_all
	same_table "$src" t "$dst" t
	[[ $(portl-load -d "$dst" --state=s --print-state) == 1:xmin:* ]]
	# parts bring all rows: found out before any is read
	try make_plan -t t --parts=4 -- --conflict=overwrite --state=s
	assert_status 5
	assert_stderr_has 'a position is stored already'
	assert_stderr_has '--reset-state starts over. A run that is not in parts goes on'
	[ ! -e "$plan" ]
	make_plan -t t --parts=4 -- --conflict=overwrite --state=s --reset-state
}

# ledger_read: how many rows of parts the server has read
ledger_read()
{
	wait_for "$dst" "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'portl-load')"
	q "$dst" 'SELECT pg_stat_force_next_flush()' >>"$T/flushed" # what our own client has read
	q "$dst" "SELECT t.seq_tup_read + (SELECT sum(i.idx_tup_read) FROM pg_stat_user_indexes i WHERE i.relid = t.relid)
		FROM pg_stat_user_tables t WHERE schemaname = 'portl_ledger' AND relname = 'part'"
}

@test "what a part costs does not grow with the parts that are there" {
	needs 15 'statistics are there when the session ends'
	make_plan -t t -- --create
	jq -c '.parts = [range(0; 20000) | {number: (. + 1), relation: 1, from_block: ., to_block: (. + 1), bytes: 8192}] | .parts[-1] |= del(.to_block)' \
		"$plan" >"$T/many"
	mv "$T/many" "$plan"
	bring 1
	q "$dst" "INSERT INTO portl_ledger.part SELECT run, i, relation, 0, digest, position, snapshot, whole, xid, at
		FROM portl_ledger.part, generate_series(2, 10000) i"
	before=$(ledger_read)
	bring 12000
	bring 12001
	read=$(($(ledger_read) - before))
	((read < 500)) || fail "$read rows of the ledger were read for two parts"
}
