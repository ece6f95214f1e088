# What is documented is so: every example of README and manual runs, every option has
# its paragraph, portl-stream(5) suffices to write a reader, what is installed is whole.
#
# An example is a block of shell under EXAMPLES in man/, or a ```sh or ```crontab block
# in README.md.  The line behind it is its proof: a line of bash that must hold after
# it has run (in man pages `.\" proof: …`, in README `<!-- proof: … -->`).  Blocks that
# are no shell are marked `.\" data`, and ```console.

load lib/common

# The examples' databases have the names that the examples use; no other file makes them.
setup_file()
{
	use_ssh
	export PGSERVICEFILE=$BATS_FILE_TMPDIR/pg_service.conf
	printf '[%s]\ndbname=%s\n' shop shop dw dw >"$PGSERVICEFILE"
	psql -Xq -v ON_ERROR_STOP=1 -d postgres -c 'CREATE DATABASE shop' -c 'CREATE DATABASE dw'
	q shop <<-'SQL'
		CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text);
		INSERT INTO customers VALUES (1, 'Ada', 'ada@example.org'), (2, 'Алан', NULL), (3, '', '');
		CREATE TABLE orders (id bigint PRIMARY KEY, customer_id int, placed timestamptz,
		    total numeric(12,2), paid bool, note text, tags text[], details jsonb);
		INSERT INTO orders
		SELECT n, 1 + n % 3, '2025-12-31 12:00+00'::timestamptz + n * interval '1 minute',
		    n / 7.0, n % 2 = 0, CASE n % 3 WHEN 0 THEN E'tab\tnewline\n' WHEN 1 THEN '' END,
		    ARRAY['a', NULL], jsonb_build_object('n', n)
		  FROM generate_series(1, 2000) AS n;
	SQL
	psql -Xq -v ON_ERROR_STOP=1 -d postgres -c 'CREATE DATABASE shop2 TEMPLATE shop'
	q shop2 'UPDATE orders SET id = id + 2000'
}

teardown_file()
{
	local db

	for db in shop shop2 dw; do
		psql -Xq -d postgres -c "DROP DATABASE IF EXISTS $db WITH (FORCE)"
	done
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	export HOME=$BATS_TEST_TMPDIR
	fresh_dw
}

# The target as the examples find it.
fresh_dw()
{
	PGOPTIONS='-c client_min_messages=error' q dw <<-'SQL'
		DROP SCHEMA public CASCADE;
		CREATE SCHEMA public;
		CREATE TABLE orders (id bigint PRIMARY KEY, customer_id int, placed timestamptz,
		    total numeric(12,2), paid bool, note text, tags text[], details jsonb);
		CREATE TABLE people (person_id int PRIMARY KEY, name text);
	SQL
}

# --- examples ------------------------------------------------------------------

# Both write blocks to examples/NN and their proofs to examples/NN.proof.
blocks_of_man()
{
	awk '
		/^\.Sh / { examples = $2 == "EXAMPLES" }
		!examples { next }
		/^\.Bd -literal/ { block = sprintf("examples/%02d", ++n); inside = 1; next }
		/^\.Ed/ { inside = 0; next }
		/^\.\\" proof: / { sub(/^\.\\" proof: /, ""); print >(block ".proof"); next }
		/^\.\\" data/ { system("rm " block); next }
		inside { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print >block; fflush(block) }
	' "$1"
}

blocks_of_markdown()
{
	awk '
		/^```(sh|crontab)$/ { block = sprintf("examples/%02d", ++n); inside = 1
			cron = $0 ~ /crontab/; next }
		/^```/ { inside = 0; next }
		/^<!-- proof: .* -->$/ { sub(/^<!-- proof: /, ""); sub(/ -->$/, "")
			print >(block ".proof"); next }
		inside && cron { for (i = 1; i <= 5; i++) sub(/^[^ ]+ +/, "") }
		inside { print >block }
	' "$1"
}

# run_examples READER FILE MINIMUM: run them all, each in a directory of its own.
run_examples()
{
	local block

	mkdir examples
	"$1" "$ROOT/$2"
	for block in examples/[0-9][0-9]; do
		[ -s "$block.proof" ] || fail "$2: no proof behind:" "$(cat "$block")" || return
		fresh_dw
		mkdir "at.${block##*/}"
		cp "$block" "at.${block##*/}/script"
		export HOME=$BATS_TEST_TMPDIR/at.${block##*/}
		try_sh "cd '$HOME' && exec sh -eu script"
		assert_status 0 || fail "$2:" "$(cat "$block")" || return
		(cd "$HOME" && eval "$(cat "$BATS_TEST_TMPDIR/$block.proof")") ||
			show_run "$2: the proof does not hold: $(cat "$block.proof")" \
				"$(cat "$block")" || return
	done
	set -- "$@" examples/[0-9][0-9]
	[ $(($# - 3)) -ge "$3" ] || fail "$2: only $(($# - 3)) examples were found"
}

@test "README: the examples run" {
	run_examples blocks_of_markdown README.md 5
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

@test "portl-stream(5): the examples run" {
	run_examples blocks_of_man man/portl-stream.5 3
}

@test "README names the two commands for a fresh machine" {
	grep -qx '\$ make deps demo .*' "$ROOT/README.md"
	grep -qx '\$ make deps check .*' "$ROOT/README.md"
}

# --- examples/ -----------------------------------------------------------------

@test "examples/: usage without arguments" {
	local script

	for script in copy-table copy-over-ssh archive; do
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

@test "examples/copy-over-ssh.sh copies to another host" {
	try "$ROOT/examples/copy-over-ssh.sh" shop warehouse dw orders
	assert_status 0
	assert_silent
	same_table shop orders dw orders
	try "$ROOT/examples/copy-over-ssh.sh" shop warehouse "it's; true" orders
	assert_status 2
	assert_stderr_has "database \"it's; true\" does not exist"
}

@test "examples/nightly.sh replaces the table, keeps receipts, and is silent" {
	local script=$ROOT/examples/nightly.sh

	q dw "INSERT INTO orders (id) VALUES (-1)"
	try "$script"
	assert_status 0
	assert_silent
	same_table shop orders dw orders
	try "$script"
	assert_status 0
	assert_eq "$(jq -c '[.committed, .rows.inserted]' .portl/receipts.ndjson)" \
		$'[true,2000]\n[true,2000]'
}

@test "examples/nightly.sh keeps the old rows and complains when the source fails or is short" {
	local script=$ROOT/examples/nightly.sh

	q dw "INSERT INTO orders (id) VALUES (-1)"
	MIN_ROWS=2001 try "$script"
	assert_status 1
	assert_stderr_has 'only 2000 rows have come'
	PORTL_SOURCE=no_such_db try "$script"
	assert_status 4
	assert_stderr_has 'database "no_such_db" does not exist'
	assert_eq "$(q dw 'SELECT id FROM orders')" -1
	assert_eq "$(jq -c .committed .portl/receipts.ndjson)" $'false\nfalse'
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

# --- the manual against the programs ----------------------------------------------

# Long options and letters, one a line, sorted.
options_of_help()
{
	"$1" --help | sed -nE 's/^  (-(.),|   ) --([a-z-]+).*/\3\n\2/p' | sed '/^$/d' | LC_ALL=C sort
}

options_of_man()
{
	sed -nE 's/\\&//g; s/^\.It (Fl .*)/\1/p' "$1" | grep -oE 'Fl -?[^ ]+' |
		sed -E 's/^Fl -?//' | LC_ALL=C sort
}

@test "every option has its paragraph, and every paragraph its option" {
	local program

	for program in portl-extract portl-load; do
		options_of_help "$program" >in_help
		options_of_man "$ROOT/man/$program.1" >in_man
		[ "$(wc -l <in_help)" -gt 25 ]
		diff in_help in_man || fail "$program: left --help, right the manual"
	done
}

@test "EXIT STATUS and README list the codes of common/err.h" {
	local page

	sed -nE 's/^\tEXIT_[A-Z]+ = ([0-9]+),.*/\1/p' "$ROOT/common/err.h" | grep -v 128 >codes
	[ "$(wc -l <codes)" -ge 8 ]
	for page in portl portl-extract portl-load; do
		sed -n '/^\.Sh EXIT STATUS/,/^\.Sh SIGNALS/p' "$ROOT/man/$page.1" |
			sed -nE 's/^\.It ([0-9]+)$/\1/p' | grep -vx 127 | diff codes - || fail "$page.1"
	done
	sed -nE 's/^\| ([0-9]+) \|.*/\1/p' "$ROOT/README.md" | diff codes - || fail README.md
}

@test "portl-stream(5) suffices to read binary values" {
	q dw <<-'SQL'
		CREATE DOMAIN cents AS int CHECK (VALUE >= 0);
		CREATE TYPE mood AS ENUM ('sad', 'ok');
		CREATE TYPE pair AS (a cents, b mood[]);
		CREATE TYPE span AS RANGE (subtype = float8);
		CREATE TABLE t ("Id" int PRIMARY KEY, c cents NOT NULL, m mood, p pair[], s span,
		    x text COLLATE "C", g int GENERATED ALWAYS AS (c * 2) STORED);
		INSERT INTO t VALUES (1, 5, 'ok', ARRAY[(3, '{sad}')::pair], '[1,2)', E'\\N|', DEFAULT),
		    (2, 0, NULL, NULL, NULL, NULL, DEFAULT);
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
	assert_eq "$(tail -n 1 <<<"$output" | jq -c '[.id, .total, .paid, .tags, .details]')" \
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
		! perl "$ROOT/tests/lib/read_stream.pl" <flipped >/dev/null 2>&1 ||
			fail "byte $n was flipped"
		head -c "$n" whole >part
		! perl "$ROOT/tests/lib/read_stream.pl" <part >/dev/null 2>&1 || fail "cut at $n"
	done
	run perl "$ROOT/tests/lib/read_stream.pl" < <(portl-extract -d shop -t nothing 2>/dev/null)
	assert_out_has 'aborted: relation "nothing" does not exist'
}

# --- make ---------------------------------------------------------------------------

# The variant that is tested, so that nothing is built anew.
make_here()
{
	make -s -C "$ROOT" MAKEFLAGS= VARIANT="$(under_asan && echo asan)" "$@"
}

@test "make install puts everything in its place, make uninstall takes it away" {
	local dir=$BATS_TEST_TMPDIR/root

	make_here install DESTDIR="$dir" PREFIX=/usr
	(cd "$dir/usr" && find . -type f | LC_ALL=C sort) >installed
	(
		cd "$ROOT" || exit
		find examples -type f -printf './share/doc/portl/%p\n'
		printf './share/doc/portl/%s\n' README.md LICENSE CHANGELOG.md
		find man -type f -name '*.1' -printf './share/man/man1/%f\n'
		find man -type f -name '*.5' -printf './share/man/man5/%f\n'
		find man -type f -name '*.7' -printf './share/man/man7/%f\n'
		printf './bin/%s\n' portl-extract portl-load
		[ ! -f common/portl.sh ] || echo ./bin/portl
	) | LC_ALL=C sort >expected
	diff expected installed
	try "$dir/usr/bin/portl-load" --version
	assert_status 0
	[ ! -x "$dir/usr/share/man/man1/portl-load.1" ] && [ -x "$dir/usr/share/doc/portl/examples/nightly.sh" ]
	make_here uninstall DESTDIR="$dir" PREFIX=/usr
	assert_eq "$(find "$dir" -type f)" ''
}

@test "make dist makes a tarball that builds" {
	local version

	[ -e "$ROOT/.git" ] || skip 'not a git checkout'
	version=$(sed -n 's/^VERSION = //p' "$ROOT/Makefile")
	git clone -q "$ROOT" clone
	make -s -C clone MAKEFLAGS= dist
	tar -xzf "clone/build/portl-$version.tar.gz"
	make -s -C "portl-$version" MAKEFLAGS= CFLAGS=-O0 all
	try "portl-$version/build/portl-extract" --version
	assert_eq "$output" "portl-extract (Portl) $version"
}

@test "make deps says nothing where nothing is missing" {
	try "$ROOT/tests/deps.sh"
	assert_status 0
	assert_silent
}

@test "the demo shows what it promises and leaves nothing behind" {
	local tmp

	tmp=$(mktemp -d /tmp/portl-demo.XXXXXX)
	chmod 711 "$tmp"
	TMPDIR=$tmp ROWS=200000 try "$ROOT/tests/demo.sh"
	assert_status 0
	assert_out_has $'\nEqual.\n'
	assert_out_has 'of 200000 rows are committed.  A script would go on.'
	assert_stderr_has 'upstream failed: the connection to the server was lost'
	assert_stderr_has 'the stream ends too early, it is incomplete'
	assert_eq "$(grep -c 'exit status 4' <<<"$output")" 2
	assert_out_has $'\n200000\n'
	[[ $output != *$'\e'* ]]
	rmdir "$tmp"
}

@test "an interrupted demo leaves nothing behind" {
	local tmp pid

	tmp=$(mktemp -d /tmp/portl-demo.XXXXXX)
	chmod 711 "$tmp"
	TMPDIR=$tmp env --default-signal=INT setsid "$ROOT/tests/demo.sh" >demo.out 2>&1 3>&- &
	pid=$!
	wait_until 20 grep -q 'CREATE TABLE orders' demo.out
	kill -INT -- "-$pid"
	status=0
	wait "$pid" || status=$?
	assert_eq "$status" 130
	rmdir "$tmp"
}
