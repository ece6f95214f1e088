#!/usr/bin/env bats
# Parts of several snapshots: with what one last stream brings they are the last snapshot.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common
load ../lib/faults
load ../lib/parts

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
	fresh_db src dst
	q "$src" "CREATE TABLE t (id int, k text COLLATE \"C\", v text, PRIMARY KEY (k, id));
		INSERT INTO t SELECT i, 'k' || i % 7, repeat(i::text, 20) FROM generate_series(1, 3000) i; ANALYZE"
	kind=own
}

# catch_up [LOAD-OPTION...]: the last stream, and publication
catch_up()
{
	portl-load --plan="$plan" --print-position >"$T/positions"
	portl-extract --plan="$plan" --catch-up --since="@$T/positions" |
		portl-load -q --plan="$plan" --publish "$@"
}

# Rows change, come, go and move between the parts.
write()
{
	q "$src" "UPDATE t SET v = 'new $1' WHERE id % 11 = $1; DELETE FROM t WHERE id % 13 = $1;
		INSERT INTO t SELECT 10000 * ($1 + 1) + i, 'new', 'x' FROM generate_series(1, 50) i;
		UPDATE t SET id = -id WHERE id % 17 = $1"
}

bring_under_writes()
{
	local k

	for ((k = 1; k <= $(parts); k++)); do
		bring "$k"
		write "$k"
	done
}

@test "a new table: parts, then what they lack; the result is the last snapshot" {
	make_plan -t t --parts=4 -- --create
	bring_under_writes
	is_true "$dst" "to_regclass('t') IS NULL"
	write 0
	catch_up --summary="$T/receipt"
	same_table "$src" t "$dst" t
	assert_eq "$(jq -c '[.status, .committed, .rows.inserted]' "$T/receipt")" "[0,true,$(q "$src" 'SELECT count(*) FROM t')]"
	assert_eq "$(left_of_run)" ''
	assert_eq "$(q "$dst" '\d t' | grep -c t_pkey)" "$(q "$src" '\d t' | grep -c t_pkey)"
	try portl-load -v --plan="$plan" --publish </dev/null
	assert_status 0
}

@test "a key that is written otherwise than before, and equal, is as it is now" {
	q "$src" "CREATE TABLE n (id numeric PRIMARY KEY, v text); INSERT INTO n VALUES (1.0, 'a'), (2.0, 'b')"
	q "$dst" 'CREATE TABLE m (id numeric PRIMARY KEY, v text)'
	for words in '--create' '-t m'; do
		q "$src" "UPDATE n SET id = 1.0 WHERE id = 1"
		# shellcheck disable=SC2086 # words
		make_plan -t n -- $words
		bring_all
		q "$src" "UPDATE n SET id = 1.00 WHERE id = 1"
		catch_up
		same_table "$src" n "$dst" "${words#-t }" || same_table "$src" n "$dst" n
	done
}

@test "rows that are not asked for any more are gone, and those that are now are there" {
	make_plan -t t --parts=4 --where 'id % 3 = 0' -- --create
	bring_all 2
	q "$src" "UPDATE t SET id = id + 10001 WHERE id % 5 = 0; UPDATE t SET v = 'new' WHERE id % 4 = 0"
	bring 1
	q "$src" "UPDATE t SET id = id + 20000 WHERE id % 7 = 0"
	catch_up
	assert_eq "$(q "$dst" 'SELECT count(*), md5(string_agg(t::text, $$,$$ ORDER BY k, id)) FROM t')" \
		"$(q "$src" 'SELECT count(*), md5(string_agg(t::text, $$,$$ ORDER BY k, id)) FROM t WHERE id % 3 = 0')"
	make_plan -t t --parts=4 --where "v <> 'gone'" -- --create -t u
	bring_all
	q "$src" "UPDATE t SET v = 'gone' WHERE id % 2 = 0"
	catch_up
	assert_eq "$(q "$dst" 'SELECT count(*), md5(string_agg(u::text, $$,$$ ORDER BY k, id)) FROM u')" \
		"$(q "$src" "SELECT count(*), md5(string_agg(t::text, ',' ORDER BY k, id)) FROM t WHERE v <> 'gone'")"
}

@test "a key that does not arrive cannot tell rows apart" {
	q "$dst" 'CREATE TABLE u (k text, v text)'
	for words in '-t u' '-t w --create'; do
		# shellcheck disable=SC2086 # words
		try_sh "portl-extract -d $src --make-plan=own -t t | portl-load -d $dst --make-plan $words --map id="
		assert_status 5
		assert_stderr_has '"id" of public.t, by whose key'
	done
}

@test "a part does not wait behind what is altered" {
	make_plan -t t --parts=1 -- --create
	hold "$src" 'BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE'
	try portl-extract --plan="$plan" --part=1
	assert_status 75
	assert_stderr_has 'run it again'
	release
	held=()
	bring 1
}

@test "columns that have other names in a table that is made are caught up under these" {
	make_plan -t t --parts=2 -- --create -t named --map v=w
	bring_under_writes
	catch_up
	assert_eq "$(q "$dst" 'SELECT md5(string_agg(ROW(id, k, w)::text, $$,$$ ORDER BY k COLLATE "C", id)) FROM named')" \
		"$(q "$src" 'SELECT md5(string_agg(ROW(id, k, v)::text, $$,$$ ORDER BY k COLLATE "C", id)) FROM t')"
}

@test "where the target publishes all tables, those of the run are caught up as well" {
	make_plan -t t --parts=4 -- --create
	q "$dst" 'SET client_min_messages = error; CREATE PUBLICATION everything FOR ALL TABLES'
	bring_all 2
	q "$src" "UPDATE t SET v = 'moved to the part that is read last'"
	bring 1
	catch_up
	same_table "$src" t "$dst" t
	assert_eq "$(q "$dst" "SELECT relreplident FROM pg_class WHERE oid = 't'::regclass")" d
}

@test "a table with rows: the same by a staged apply, mapped and cast" {
	q "$dst" "CREATE TABLE u (id bigint, \"K k\" text COLLATE \"C\", v text, PRIMARY KEY (\"K k\", id));
		INSERT INTO u SELECT i, 'old', 'x' FROM generate_series(1, 100) i"
	make_plan -t t --parts=4 -- -t u --conflict=overwrite --delete --max-delete=100% --map 'k="K k"'
	bring_under_writes
	catch_up --summary="$T/receipt"
	assert_eq "$(q "$dst" 'SELECT md5(string_agg(ROW("K k", id, v)::text, $$,$$ ORDER BY "K k", id)) FROM u')" \
		"$(q "$src" 'SELECT md5(string_agg(ROW(k, id, v)::text, $$,$$ ORDER BY k, id)) FROM t')"
	assert_eq "$(jq -c '.rows.deleted' "$T/receipt")" 100
	assert_eq "$(jq -c '[.rows, .relations[].rows] | map(.read > 0 and .read == .inserted + .updated + .unchanged + .skipped) | unique' "$T/receipt")" '[true]'
}

@test "a last stream that is cut, missing or another's publishes nothing, and comes again" {
	make_plan -t t --parts=4 -- --create
	bring_under_writes
	portl-load --plan="$plan" --print-position >"$T/positions"
	portl-extract --plan="$plan" --catch-up --since="@$T/positions" >"$T/last"
	head -c 3000 "$T/last" >"$T/cut"
	for input in "$T/cut" /dev/null; do
		try portl-load -q --plan="$plan" --publish "$input"
		assert_status 4
		is_true "$dst" "to_regclass('t') IS NULL"
	done
	portl-extract -d "$src" -t t >"$T/plain"
	q "$src" 'CREATE TABLE more (id int PRIMARY KEY)'
	portl-extract -d "$src" -t t -t more --with-keys >"$T/set"
	id=$(jq -r .id "$plan")
	another=$(tr 0-9a-f 1-9a-f0 <<<"$id")
	sed "s/$id/$another/" "$plan" >"$T/another"
	portl-extract --plan="$T/another" --catch-up --since=none >"$T/other"
	for input in plain set other; do
		try portl-load -q --plan="$plan" --publish "$T/$input"
		assert_status 4
		assert_stderr_has ' last stream of '
		is_true "$dst" "to_regclass('t') IS NULL"
	done
	write 5
	catch_up
	same_table "$src" t "$dst" t
}

@test "a staging table that a crash has emptied is found out before it is caught up" {
	q "$dst" 'CREATE TABLE t (id int, k text, v text, PRIMARY KEY (k, id))'
	make_plan -t t --parts=4 -- --conflict=overwrite
	bring_under_writes
	portl-load --plan="$plan" --print-position >"$T/positions"
	portl-extract --plan="$plan" --catch-up --since="@$T/positions" >"$T/last"
	cluster_stop "$own" immediate
	cluster_start "$own"
	try portl-load -q --plan="$plan" --publish "$T/last"
	assert_status 75
	assert_eq "$(part_states)|$(q "$dst" 'SELECT count(*) FROM t')" "$(printf 'm%.0s' $(seq 1 "$(parts)"))|0"
	bring_all
	catch_up
	same_table "$src" t "$dst" t
}

@test "a crash that has emptied several staging tables is found out by one call" {
	q "$src" 'CREATE TABLE t2 AS SELECT * FROM t; ALTER TABLE t2 ADD PRIMARY KEY (k, id); CREATE TABLE none (id int PRIMARY KEY)'
	q "$dst" 'CREATE TABLE t (id int, k text, v text, PRIMARY KEY (k, id)); CREATE TABLE t2 (LIKE t INCLUDING ALL);
		CREATE TABLE none (id int PRIMARY KEY)'
	make_plan -t t -t t2 -t none --parts=4 -- --conflict=overwrite
	bring_all
	cluster_stop "$own" immediate
	cluster_start "$own"
	try catch_up
	assert_status 75
	assert_stderr_has 'So it is with 2 of the tables.'
	assert_eq "$(part_states | tr -d m)" d
	bring_all
	catch_up
	same_table "$src" t "$dst" t
	same_table "$src" t2 "$dst" t2
}

@test "sequences of a plan are moved to where they stand at last" {
	q "$src" "CREATE SEQUENCE s; SELECT nextval('s')"
	q "$dst" "CREATE SEQUENCE s"
	kind=held make_plan -t t -t s --parts=4 -- --create
	q "$src" "SELECT nextval('s')"
	bring_all
	assert_eq "$(q "$dst" "SELECT nextval('s')")" 3
	q "$dst" 'DROP TABLE t'
	make_plan -t t -t s --parts=4 -- --create
	bring_under_writes
	q "$src" "SELECT nextval('s') FROM generate_series(1, 5)"
	catch_up
	same_table "$src" t "$dst" t
	assert_eq "$(q "$dst" "SELECT nextval('s')")" 8
}
