# What is documented is so: every example of README, cookbook and manual runs, and
# portl-stream(5) suffices to write a reader.
#
# How an example is written, and run, stands in lib/examples.bash.  `<!-- held: … -->` behind
# a figure is a line of bash, run at the top of the source, that shows who holds Portl to it.

load ../lib/common
load ../lib/examples

setup_file()
{
	use_ssh
	make_shops
}

teardown_file()
{
	drop_shops
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	export HOME=$BATS_TEST_TMPDIR
	fresh_dw
}

# --- examples ------------------------------------------------------------------

@test "README: the examples run" {
	run_examples blocks_of_markdown README.md 7
}

@test "cookbook: the recipes run" {
	needs_pg_dump
	run_examples blocks_of_markdown examples/README.md 17
}

@test "portl-extract(1): the examples run" {
	run_examples blocks_of_man man/portl-extract.1 6
}

@test "portl-load(1): the examples run" {
	run_examples blocks_of_man man/portl-load.1 8
}

@test "portl(1), portl-job(5): the examples run" {
	run_examples blocks_of_man man/portl.1 2
	rm -r examples at.*
	run_examples blocks_of_man man/portl-job.5 4
}

@test "portl-ls(1): the examples run" {
	run_examples blocks_of_man man/portl-ls.1 1
}

@test "portl-plan(5): the example runs" {
	run_examples blocks_of_man man/portl-plan.5 1
}

@test "portl-stream(5): the examples run" {
	run_examples blocks_of_man man/portl-stream.5 3
}

@test "portl-parts(7): the examples run" {
	needs 14 'ranges of blocks'
	run_examples blocks_of_man man/portl-parts.7 3
}

@test "portl(7): the examples run" {
	needs_pg_dump
	run_examples blocks_of_man man/portl.7 7
}

@test "portl-incremental(7): the examples run" {
	run_examples blocks_of_man man/portl-incremental.7 2
}

@test "README is short and names the two commands for a fresh machine" {
	grep -qx '\$ make deps demo .*' "$ROOT/README.md"
	grep -qx '\$ make deps check .*' "$ROOT/README.md"
	[ "$(wc -l <"$ROOT/README.md")" -le 250 ]
}

@test "README: each figure is held by a limit of the bench or by the last whole run" {
	local held n=0

	cd "$ROOT" || return
	while IFS= read -r held; do
		bash -c "$held" || fail "not held: $held" || return
		n=$((n + 1))
	done < <(sed -nE 's/^<!-- held: (.*) -->$/\1/p' README.md)
	[ $n -ge 2 ]
}

@test "README and cookbook: links lead to files, and pages that they name are there" {
	local text link page

	for text in README.md examples/README.md; do
		while read -r link; do
			[ -e "$ROOT/$(dirname "$text")/$link" ] || fail "$text: $link" || return
		done < <(grep -oE '\]\([^)#]+' "$ROOT/$text" | sed 's/^](//' | grep -v ://)
		while read -r page; do
			[ -e "$ROOT/man/$page" ] || fail "$text: $page" || return
		done < <(grep -oE '\bportl[a-z-]*\([157]\)' "$ROOT/$text" | sed -E 's/\((.)\)/.\1/')
	done
}

# --- examples/ -----------------------------------------------------------------

@test "CONTRIBUTING.md: the map has every folder of the programs" {
	cd "$ROOT"
	for top in common extract load; do
		sed -n "/^    $top\//,/^    [a-z]*\/ /p" CONTRIBUTING.md >"$T/$top"
		for folder in $(find "$top" -mindepth 2 -name '*.c' -printf '%P\n' | cut -d / -f 1 | sort -u); do
			grep -q "[ :]$folder/" "$T/$top" || fail "the map does not have $top/$folder/"
		done
	done
}

@test "examples/: usage without arguments" {
	local script

	for script in copy-table copy-over-ssh archive upsert pseudonyms csv-import clone-database verify metrics; do
		try "$ROOT/examples/$script.sh"
		assert_status 64
		assert_stderr_has "usage: $script.sh"
	done
}

@test "examples/copy-table.sh copies, and says by its status whether it did" {
	try "$ROOT/examples/copy-table.sh" dbname=shop service=dw customers
	assert_status 0
	assert_silent
	same_table shop customers dw customers
	try "$ROOT/examples/copy-table.sh" shop dw nothing
	assert_status 4
}

@test "examples/clone-database.sh copies definitions, rows and sequences as of one moment" {
	needs_pg_dump
	fresh_db whole copy
	q "$whole" "CREATE SCHEMA s; CREATE SEQUENCE s.free; CREATE TYPE s.mood AS ENUM ('sad', 'ok');
		CREATE TABLE s.parent (id serial PRIMARY KEY, m s.mood, twice int GENERATED ALWAYS AS (id * 2) STORED);
		CREATE TABLE s.child (id int PRIMARY KEY, parent int NOT NULL REFERENCES s.parent DEFERRABLE);
		CREATE TABLE s.part (id int, at date) PARTITION BY RANGE (at);
		CREATE TABLE s.part1 PARTITION OF s.part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
		CREATE VIEW s.v AS SELECT * FROM s.parent;
		INSERT INTO s.parent (m) SELECT 'ok' FROM generate_series(1, 100);
		INSERT INTO s.child SELECT i, i FROM generate_series(1, 100) i;
		INSERT INTO s.part SELECT i, '2026-01-01'::date + i FROM generate_series(1, 100) i;
		CREATE MATERIALIZED VIEW s.mv AS SELECT count(*) FROM s.part"
	q "$whole" "CREATE TABLE s.\"A b\" (i serial); SELECT setval('s.free', 41), setval('s.parent_id_seq', 500),
		setval('s.\"A b_i_seq\"', 7, false), lo_from_bytea(4242, 'large')" >moved
	q "$whole" 'CREATE SEQUENCE s.extensions; ALTER EXTENSION plpgsql ADD SEQUENCE s.extensions'
	dropdb "$copy" && createdb -T template0 "$copy"
	try "$ROOT/examples/clone-database.sh" "$whole" "$copy"
	assert_status 0
	assert_eq "$stderr" ''
	# pg_dump --clean's guard is a random word
	diff <(pg_dump "$whole" | grep -v restrict) <(pg_dump "$copy" | grep -v restrict)
	q "$whole" 'DROP TABLE s.child' && q "$whole" 'CREATE TABLE s.child (id int)'
	try "$ROOT/examples/clone-database.sh" "$whole" "$copy"
	[ "$status" -ne 0 ]
}

@test "a schema is renamed on the way" {
	needs_pg_dump
	fresh_db whole copy
	q "$whole" "CREATE SCHEMA sales; CREATE TABLE sales.a (id int PRIMARY KEY); INSERT INTO sales.a VALUES (1);
		CREATE TABLE sales.b (a int REFERENCES sales.a); INSERT INTO sales.b VALUES (1)"
	pg_dump --schema-only -n sales "$whole" | psql -Xq1 -v ON_ERROR_STOP=1 -o /dev/null -d "$copy"
	q "$copy" 'ALTER SCHEMA sales RENAME TO sales_2026'
	portl-extract -d "$whole" --schema=sales | portl-load -d "$copy" --into-schema=sales_2026
	assert_eq "$(q "$copy" 'SELECT count(*) FROM sales_2026.b')" 1
}

@test "examples/copy-over-ssh.sh copies to another host" {
	try "$ROOT/examples/copy-over-ssh.sh" shop warehouse dw orders
	assert_status 0
	assert_silent
	same_table shop orders dw orders
	try "$ROOT/examples/copy-over-ssh.sh" shop warehouse "it's; true" orders
	assert_status 2
	assert_stderr_has "database \"it's; true\" does not exist"
}

@test "examples/verify.sh says which tables are equal, and which rows are not" {
	local script=$ROOT/examples/verify.sh

	portl-extract -d shop -t orders | portl-load -d dw
	try "$script" orders
	assert_silent 0
	q dw 'DELETE FROM orders WHERE id = 5'
	try "$script" orders
	assert_status 6
	assert_stderr_has 'public.orders differs from the stream: 1 missing, 0 extra, 0 different, 1999 equal'
	assert_eq "$(<orders.differences)" '{"kind":"missing","relation":"public.orders","key":{"id":5}}'
	try "$script" nothing orders
	assert_status 4
}

@test "examples/nightly.sh makes the table what the source has, keeps receipts, and is silent" {
	local script=$ROOT/examples/nightly.sh

	try "$script"
	assert_status 0
	assert_silent
	same_table shop orders dw orders
	q dw "INSERT INTO orders (id) VALUES (-1); DELETE FROM orders WHERE id = 7; UPDATE orders SET note = 'x' WHERE id < 3"
	try "$script"
	assert_status 0
	assert_silent
	same_table shop orders dw orders
	assert_eq "$(jq -c '[.committed, .rows.inserted, .rows.updated, .rows.deleted]' .portl/receipts.ndjson)" \
		$'[true,2000,0,0]\n[true,1,2,1]'
}

@test "examples/nightly.sh keeps the old rows and complains when the source fails or is short" {
	local script=$ROOT/examples/nightly.sh

	q dw "INSERT INTO orders (id) VALUES (-1), (1)"
	MIN_ROWS=2001 try "$script"
	assert_status 1
	assert_stderr_has 'only 2000 rows have come'
	MAX_DELETE=0 try "$script"
	assert_status 1
	assert_stderr_has '1 rows of "orders" are not in the stream'
	PORTL_SOURCE=no_such_db try "$script"
	assert_status 4
	assert_stderr_has 'database "no_such_db" does not exist'
	assert_eq "$(q dw 'SELECT id FROM orders ORDER BY 1')" $'-1\n1'
	assert_eq "$(jq -c .committed .portl/receipts.ndjson)" $'false\nfalse\nfalse'
	MIN_ROWS=many try "$script" # which has no receipt: that of the run before is not kept twice
	assert_status 64
	assert_eq "$(jq -c .committed .portl/receipts.ndjson)" $'false\nfalse\nfalse'
}

@test "examples/nightly.sh runs once at a time" {
	mkdir .portl
	exec {lock}>.portl/orders.lock
	flock "$lock"
	try "$ROOT/examples/nightly.sh"
	exec {lock}>&-
	assert_status 75
	assert_stderr_has 'the last run on orders has not ended yet'
	is_true dw 'NOT EXISTS (TABLE orders)'
}

@test "examples/every-ten-minutes.sh brings what has changed, goes on, and says when it cannot" {
	local script=$ROOT/examples/every-ten-minutes.sh
	createdb -T shop2 moving
	export PORTL_SOURCE=dbname=moving
	try "$script"
	assert_status 0
	assert_silent
	same_table moving orders dw orders
	q moving "UPDATE orders SET note = 'new' WHERE id % 100 = 0; INSERT INTO orders (id) VALUES (-1)"
	try "$script"
	assert_status 0
	assert_silent
	same_table moving orders dw orders
	assert_eq "$(jq -c '[.rows.read, .rows.updated, .rows.inserted]' .portl/orders.json)" '[21,20,1]'
	q moving 'ALTER TABLE orders ADD added int DEFAULT 5'
	q dw 'ALTER TABLE orders ADD added int'
	try "$script"
	assert_status 4
	assert_stderr_has 'column "added" was added'
	FULL=1 try "$script"
	assert_status 0
	same_table moving orders dw orders
	dropdb --force moving
}

@test "examples/hourly.sh loads what is good and keeps what is refused" {
	local script=$ROOT/examples/hourly.sh kept again

	q dw "ALTER TABLE orders ADD CONSTRAINT cheap CHECK (total < 285)"
	try "$script"
	assert_status 3
	assert_eq "$(q dw 'SELECT count(*), max(id) FROM orders')" '1994|1994'
	assert_eq "$(jq -c '[.status, .committed, .rows.inserted, .rows.rejected]' .portl/orders.json)" '[3,true,1994,6]'
	[ "$(grep -c cheap .portl/orders.log)" -ge 6 ]
	kept=(.portl/orders.*.portl)
	assert_eq "$stderr" "hourly.sh: rows of orders were refused; the reasons are in $PWD/.portl/orders.log.
Load them again, with the same PORTL_DESTINATION: portl-load -t orders --conflict=overwrite $PWD/${kept[0]}"
	again=$(tail -n 1 <<<"$stderr")
	MAX_REJECTS=5 try "$script"
	assert_status 1
	q dw 'ALTER TABLE orders DROP CONSTRAINT cheap'
	PORTL_DESTINATION=service=dw try_sh "${again#*: }"
	assert_status 0 && same_table shop orders dw orders
	try "$script"
	assert_status 0 && assert_silent
	kept=(.portl/orders.*.portl)
	assert_eq "${#kept[@]}" 1
	q dw 'TRUNCATE orders'
	flock .portl/orders.lock "$script" # the hour before is still at work
	is_true dw 'NOT EXISTS (TABLE orders)'
}

@test "examples/archive.sh saves and restores, and refuses a damaged file" {
	local script=$ROOT/examples/archive.sh

	try "$script" save shop orders orders.portl
	assert_status 0
	assert_eq "$(stat -c %a orders.portl)" 600
	q dw "INSERT INTO orders (id) VALUES (-1)"
	head -c -1 orders.portl >cut.portl
	try "$script" restore dw orders cut.portl
	assert_status 4
	assert_eq "$(q dw 'SELECT id FROM orders')" -1
	try "$script" restore dw orders orders.portl
	assert_status 0
	assert_silent
	same_table shop orders dw orders
}

@test "examples/upsert.sh inserts, replaces, leaves alone, and counts" {
	portl-extract -d shop -t orders --limit=500 | portl-load -d dw
	q dw "UPDATE orders SET note = 'old', placed = '-infinity' WHERE id <= 3"
	try "$ROOT/examples/upsert.sh" shop dw orders placed
	assert_status 0
	assert_eq "$output" '1500 new, 3 changed, 497 left as they were'
	same_table shop orders dw orders
	q dw "UPDATE orders SET note = 'kept', placed = 'infinity' WHERE id = 3"
	try "$ROOT/examples/upsert.sh" shop dw orders placed
	assert_eq "$output" '0 new, 0 changed, 2000 left as they were'
	try "$ROOT/examples/upsert.sh" shop dw orders
	assert_eq "$output" '0 new, 1 changed, 1999 left as they were'
	try "$ROOT/examples/upsert.sh" no_such_db dw orders
	assert_status 4
	assert_eq "$output" ''
}

@test "examples/mapped-query.sh adds what is new and shows no secret" {
	local script=$ROOT/examples/mapped-query.sh

	q dw "INSERT INTO people VALUES (1, 'kept')"
	try env -u SOURCE_PASSWORD "$script"
	assert_stderr_has 'SOURCE_PASSWORD: is not set'
	SOURCE_PASSWORD='a b' SOURCE_HOST=$PGHOST SOURCE_USER=$PGUSER DESTINATION=service=dw \
		try "$script"
	assert_status 0
	assert_eq "$(q dw 'TABLE people ORDER BY 1')" $'1|kept\n2|Алан\n3|'
	SOURCE_PASSWORD=sesame SOURCE_HOST=$PGHOST SOURCE_USER=nobody_here DESTINATION=service=dw \
		try "$script"
	assert_status 4
	assert_stderr_lacks sesame
}

@test "examples/pseudonyms.sh changes rows on the way, all or none" {
	try "$ROOT/examples/pseudonyms.sh" shop dw
	assert_status 0
	assert_silent
	assert_eq "$(q dw 'TABLE customers ORDER BY id')" \
		$'1|Customer 1|nobody@example.org\n2|Customer 2|\n3|Customer 3|nobody@example.org'
	q dw 'TRUNCATE customers'
	mkdir bin
	printf '#!/bin/sh\nhead -n 2\nexit 5\n' >bin/jq
	chmod +x bin/jq
	PATH=$PWD/bin:$PATH try "$ROOT/examples/pseudonyms.sh" shop dw
	assert_status 4
	is_true dw 'NOT EXISTS (TABLE customers)'
}

@test "examples/csv-import.sh makes a table of a CSV file" {
	printf 'id,when,km\n1,2026-03-01,12.5\n2,,3\n' >trips.csv
	try "$ROOT/examples/csv-import.sh" trips.csv dw trips
	assert_status 0
	assert_stderr_has 'Plan for public.trips'
	assert_eq "$(q dw 'TABLE trips')" $'1|2026-03-01|12.5\n2||3'
	assert_eq "$(q dw "SELECT atttypid::regtype FROM pg_attribute
		WHERE attrelid = 'trips'::regclass AND attname = 'when'")" date
}

@test "examples/*.yaml are checked and run" {
	local job

	export SHOP_HOST=$PGHOST SHOP_PORT=$PGPORT SHOP_USER=$PGUSER SHOP_PASSWORD=x
	export DW_HOST=$PGHOST DW_PORT=$PGPORT DW_USER=$PGUSER DW_PASSWORD=y
	printf '%s\n' 'day,km,driver' '2026-01-01,4.5,007' '2026-01-02,17,' >trips.csv
	q dw "INSERT INTO orders (id, note) VALUES (3, 'old'); INSERT INTO people VALUES (2, 'mine')"
	for job in migrate people trips refresh; do
		try portl check "$ROOT/examples/$job.yaml"
		assert_status 0
		try portl run "$ROOT/examples/$job.yaml"
		assert_status 0
		assert_silent
		[ $job != migrate ] || same_table shop orders dw orders
	done
	assert_eq "$(q dw 'TABLE people ORDER BY 1')" $'1|Ada\n2|mine\n3|'
	assert_eq "$(q dw 'SELECT sum(km), max(driver), max(day) - min(day) FROM trips')" '21.5|007|1'
	assert_eq "$(q dw 'SELECT count(*) FROM orders')" "$(q shop "SELECT count(*) FROM orders WHERE placed >= '2025-01-01'")"
	assert_eq "$(jq .committed refresh.json)" true
	set -- "$ROOT"/examples/*.yaml
	assert_eq $# 4
}

@test "examples/metrics.sh makes metrics of receipts, and leaves the old ones where it cannot" {
	portl-extract -d shop -t orders | portl-load -d dw --summary=orders.json
	portl-extract -d shop -t nothing | portl-load -d dw --summary='a"b.json' || :
	portl-extract -d shop -t orders | portl-load -d dw --verify --summary=equal.json
	try "$ROOT/examples/metrics.sh" portl.prom orders.json 'a"b.json' equal.json
	assert_silent 0
	grep -qx 'portl_committed{job="orders"} 1' portl.prom
	grep -qx 'portl_status{job="a\\"b"} 4' portl.prom
	grep -qx 'portl_rows{job="orders",what="inserted"} 2000' portl.prom
	run ! grep 'committed{job="equal"}' portl.prom
	assert_eq "$(grep -c '^# TYPE' portl.prom)" "$(grep '^portl' portl.prom | sed 's/{.*//' | sort -u | wc -l)"
	assert_eq "$(sed -n 's/^portl_finished_timestamp_seconds{job="orders"} //p' portl.prom)" \
		"$(date -d "$(jq -r .finished orders.json)" +%s)"
	try "$ROOT/examples/metrics.sh" portl.prom at-work.json orders.json # none is there
	assert_silent 0
	grep -qx 'portl_committed{job="orders"} 1' portl.prom
	cp portl.prom before
	echo '{' >bad.json
	try "$ROOT/examples/metrics.sh" portl.prom bad.json
	[ "$status" -ne 0 ]
	cmp before portl.prom
	assert_eq "$(find . -name 'portl.prom*')" ./portl.prom
}

@test "examples/systemd: a service that runs a job, and a timer for it" {
	local unit

	for unit in service timer; do
		sed "s|/usr/bin/portl |$BUILD/portl |" "$ROOT/examples/systemd/portl-nightly.$unit" >portl-nightly.$unit
	done
	grep -q "^ExecStart=$BUILD/portl run " portl-nightly.service
	if command -v systemd-analyze >/dev/null; then
		try systemd-analyze verify ./portl-nightly.service ./portl-nightly.timer
		assert_silent 0
	else
		echo 'docs.bats: examples/systemd is not verified, for there is no systemd-analyze' >>"${LEFT_OUT:-/dev/null}"
	fi
	# what a service is not started again for is what is no matter of the moment
	sed -nE 's/^\tEXIT_[A-Z]+ = ([0-9]+),.*/\1/p' "$ROOT/common/base/err.h" | grep -vxE '0|2|4|75|128' |
		tr '\n' ' ' | sed 's/ $//' >codes
	assert_eq "$(sed -n 's/^RestartPreventExitStatus=//p' portl-nightly.service)" "$(<codes)"
}

@test "examples/parts: what engines read is well-formed, and says what portl says" {
	python3 -c 'import ast, sys; [ast.parse(open(f).read()) for f in sys.argv[1:]]' "$ROOT"/examples/{,parts/}airflow.py
	python3 - "$ROOT/examples/parts/kubernetes.yaml" <<-'END'
		import sys
		import yaml

		job = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
		spec = job["spec"]
		assert (job["kind"], spec["completionMode"]) == ("Job", "Indexed")
		assert spec["template"]["spec"]["containers"][0]["command"][:2] == ["portl", "part"]
		rule = spec["podFailurePolicy"]["rules"][0]["onExitCodes"]
		assert rule["operator"] == "In" and 75 not in rule["values"] and 2 not in rule["values"]
	END
	sh -n "$ROOT/examples/parts/slurm.sh"
}

# --- portl-stream(5) against the programs -------------------------------------------

@test "portl-stream(5) suffices to read binary values" {
	q dw <<-'SQL'
		CREATE DOMAIN cents AS int CHECK (VALUE >= 0);
		CREATE TYPE mood AS ENUM ('sad', 'ok');
		CREATE TYPE pair AS (a cents, b mood[]);
		CREATE TYPE span AS RANGE (subtype = float8);
		CREATE TABLE t ("Id" int PRIMARY KEY, c cents NOT NULL, m mood, p pair[], s span,
		    x text COLLATE "C", g int GENERATED ALWAYS AS (c * 2) STORED);
		INSERT INTO t VALUES (1, 5, 'ok', ARRAY[(3, '{sad}')::pair], '[1,2)', E'\\N|'),
		    (2, 0, NULL, NULL, NULL, NULL);
	SQL
	try_sh "portl-extract -d dw -t t | perl '$ROOT/tests/lib/read_stream.pl'"
	assert_status 0
	assert_eq "$(cut -d '|' -f 1-3 <<<"$output")" $'00000001|00000005|6f6b\n00000002|00000000|NULL'
	assert_eq "$(cut -d '|' -f 6-7 <<<"$output")" $'5c4e7c|0000000a\nNULL|00000000'
	try_sh "portl-extract -d dw -c 'SELECT 1 AS i WHERE false' -Z zstd | zstd -dc |
		perl '$ROOT/tests/lib/read_stream.pl'"
	assert_status 0
	assert_silent
	try_sh "portl-extract -d shop -t orders -Z zstd | zstd -dc | perl '$ROOT/tests/lib/read_stream.pl'"
	assert_status 0
	assert_eq "${#output}" "$(portl-extract -d shop -t orders --bare |
		perl "$ROOT/tests/lib/read_stream.pl" | head -c -1 | wc -c)"
}

@test "portl-stream(5) suffices to read text values" {
	try_sh "portl-extract -d shop -t orders --values=text | perl '$ROOT/tests/lib/read_stream.pl'"
	assert_status 0
	[ "$output" = "$(psql -XAtd shop -P null=NULL -c 'TABLE orders')" ] || fail 'other rows'
}

@test "portl-stream(5) suffices to read NDJSON" {
	try_sh "portl-extract -d shop -t orders -F ndjson | perl '$ROOT/tests/lib/read_stream.pl'"
	assert_status 0
	[ "$output" = "$(portl-extract -d shop -t orders -F ndjson | sed '1d;$d')" ] || fail 'other rows'
	assert_eq "$(jq -c 'select(.id == 2000) | [.id, .total, .paid, .tags, .details]' <<<"$output")" \
		'[2000,285.71,true,["a",null],{"n":2000}]'
	try_sh "portl-extract -d shop -t nothing -F ndjson | perl '$ROOT/tests/lib/read_stream.pl'"
	assert_stderr_has 'aborted: relation "nothing" does not exist'
}

@test "a reader after portl-stream(5) finds flipped bytes and cuts" {
	local n size

	portl-extract -d shop -t customers >whole
	size=$(stat -c %s whole)
	perl "$ROOT/tests/lib/read_stream.pl" <whole >/dev/null
	for n in 3 12 16 20 25 40 $((size / 2)) $((size - 100)) $((size - 60)) $((size - 1)); do
		perl -0777 -pe "substr(\$_, $n, 1) ^= \"\\x01\"" whole >flipped
		! perl "$ROOT/tests/lib/read_stream.pl" <flipped >/dev/null 2>&1 || fail "byte $n was flipped"
		head -c "$n" whole >part
		! perl "$ROOT/tests/lib/read_stream.pl" <part >/dev/null 2>&1 || fail "cut at $n"
	done
	run perl "$ROOT/tests/lib/read_stream.pl" < <(portl-extract -d shop -t nothing 2>/dev/null)
	assert_out_has 'aborted: relation "nothing" does not exist'
}
