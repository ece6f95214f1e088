# What a person meets at the command line: help, versions, and complaints that say what
# to do next.

load ../lib/common

# refused TEXT COMMAND...: exit 64, nothing on stdout, and TEXT in one complaint.
refused()
{
	local text=$1

	shift
	try "$@" </dev/null
	assert_status 64
	[ -z "$output" ] || show_run 'stdout is for data'
	assert_stderr_has "$text"
	assert_eq "$(grep -c 'error: ' <<<"$stderr")" 1
}

# on_terminal COMMAND: run it with a terminal as its standard input, output and error.
on_terminal()
{
	run script -qec "$1" /dev/null
}

@test "extract without arguments gives examples" {
	refused 'portl-extract: error: say what to read: -t TABLE, -c QUERY or --csv FILE' portl-extract
	assert_stderr_has 'portl-extract -d DATABASE -t TABLE | portl-load -d DATABASE'
	assert_stderr_has 'portl-extract --help'
	assert_eq "$(wc -l <<<"$stderr")" 6
}

@test "load on a terminal gives examples and asks for nothing" {
	on_terminal portl-load
	assert_eq "$status" 64
	assert_out_has 'standard input is a terminal, and a stream is expected'
	assert_out_has 'portl-load -d DATABASE FILE'
	assert_out_has 'portl-load --help'
}

@test "a binary stream is not written to a terminal" {
	on_terminal 'portl-extract -d none -t orders -F binary'
	assert_eq "$status" 64
	assert_out_has 'a binary stream is not for a terminal'
	assert_out_has 'portl-load'
	on_terminal 'portl-extract -d none -t orders -Z zstd'
	assert_eq "$status" 64
}

@test "--help fits a terminal, names every option once and goes to stdout" {
	local program

	for program in portl-extract portl-load; do
		try "$program" --help
		assert_status 0
		[ -z "$stderr" ] || show_run 'stderr is for faults'
		assert_out_has "Usage:"
		assert_eq "$(awk 'length > 84' <<<"$output")" ''
		assert_eq "$(grep -oE '^ +(-., )? *--[a-z-]+' <<<"$output" | sort | uniq -d)" ''
		# Descriptions stand in one column, where nothing else reaches it.
		assert_eq "$(grep -E '^  (-.,|   ) --' <<<"$output" | grep -E '^.{30}[^ ]+ ')" ''
		try "$program" '-?'
		assert_status 0
		assert_out_has 'Usage:'
		try "$program" --dry-run '-?v' # among others, behind a long one
		assert_status 0
		assert_out_has 'Usage:'
	done
}

@test "--version names program and version" {
	local program version

	version=$(sed -n 's/^VERSION = //p' "$ROOT/Makefile")
	for program in portl-extract portl-load; do
		try "$program" --version
		assert_status 0
		assert_eq "$output" "$program (Portl) $version"
		try "$program" -V
		assert_eq "$output" "$program (Portl) $version"
	done
}

@test "help and version that cannot be written are errors" {
	local program option

	for program in portl-extract portl-load; do
		for option in --help --version --completion=bash; do
			try_sh "$program $option >/dev/full"
			assert_status 1
			assert_stderr_has 'No space left on device'
		done
	done
}

@test "a misspelt option is refused with the nearest one" {
	refused 'unknown option --tabel' portl-extract -d none --tabel orders
	assert_stderr_has 'Perhaps you meant --table.'
	refused 'unknown option --truncat3' portl-load -d none --truncat3
	assert_stderr_has 'Perhaps you meant --truncate.'
	refused 'unknown option --zzzzzzzzzzz' portl-load --zzzzzzzzzzz=5
	assert_stderr_has 'portl-load --help'
	refused 'unknown option -x' portl-extract -vx
	refused 'unknown option --tabel' portl-load FILE --tabel x
}

@test "words of other programs are answered by what says it here" {
	refused 'unknown option --upsert' portl-load --upsert
	assert_stderr_has 'with --conflict=overwrite'
	refused 'unknown option --ndjson' portl-extract --ndjson FILE
	assert_stderr_has 'read by portl-load --bare FILE'
	refused 'option -h needs an argument' portl-extract -h
	assert_stderr_has 'help is printed by --help'
	try portl help
	assert_status 0
	assert_out_has 'Usage:'
}

@test "a table that is mistyped brings the one that may have been meant" {
	fresh_db a
	q "$a" 'CREATE TABLE customers (i int); CREATE SCHEMA s; CREATE TABLE s.orders (i int)'
	try portl-extract -d "$a" -t custmers
	assert_status 1
	assert_stderr_has 'hint: Perhaps you meant "customers".'
	try portl-extract -d "$a" -t s.oders
	assert_stderr_has 'hint: Perhaps you meant "orders".'
	try portl-extract -d "$a" -t oders
	assert_stderr_lacks orders
	try_sh "portl-extract -d $a -t customers | portl-load -d $a -t custmer"
	assert_status 5
	assert_stderr_has 'hint: Perhaps you meant "customers". Use --create'
}

@test "options may be shortened as long as they are clear" {
	refused 'option --co may mean --columns, ' portl-extract --co a
	refused 'option --que may mean --query, --query-file' portl-extract --que a
	try portl-load --vers
	assert_status 0
}

@test "arguments that are missing, superfluous or wrong are named" {
	refused 'option -t needs an argument' portl-extract -d none -t
	refused 'option --table needs an argument' portl-extract -d none --table
	refused 'option --quiet takes no argument' portl-load --quiet=1
	refused 'unexpected argument "orders"' portl-extract -d none orders
	assert_stderr_has 'portl-extract -d DATABASE -t TABLE'
	refused 'unexpected argument "b"' portl-load -d none a b
	refused '--limit takes a whole number of at least 0, not "ten"' portl-extract -t x --limit=ten
	refused '--limit takes a whole number of at least 0, not "-1"' portl-extract -t x --limit=-1
	refused '--streams takes a whole number of at least 1, not "0"' portl-load --streams=0
	refused '--lock-wait-timeout takes a whole number of at least 0, not "5s"' \
		portl-load --lock-wait-timeout=5s
	refused 'not "99999999999999999999"' portl-extract -t x --limit=99999999999999999999
}

@test "a misspelt value is refused with the nearest one" {
	refused '--format takes binary|ndjson, not "binari"' portl-extract -t x --format=binari
	assert_stderr_has 'Perhaps you meant "binary".'
	refused 'not "ign"' portl-load --extra-columns=ign
	assert_stderr_has 'Perhaps you meant "ignore".'
	refused '-Z takes zstd or zstd:LEVEL' portl-extract -t x -Z gzip
	refused 'level from 1 to 19 and at most 64 threads, not "zstd:20"' portl-extract -t x -Z zstd:20
	refused '-Z takes' portl-extract -t x -Z zstd:
}

@test "options that exclude or need each other say so" {
	refused '-t, -c and --query-file exclude each other' portl-extract -t x -c 'SELECT 1'
	refused '--columns and --exclude-columns exclude each other' \
		portl-extract -t x --columns=a --exclude-columns=b
	refused '-w and -W exclude each other' portl-extract -t x -wW
	refused '--quote-numbers needs -F ndjson' portl-extract -t x --quote-numbers
	refused '--values=binary needs -F binary' portl-extract -t x -F ndjson --values=binary
	refused 'the query is empty' portl-extract -c ' ; '
	refused '-t with --csv takes one name, and no pattern' portl-extract --csv=f -t 'z*'
	refused '-t with --csv takes one name, and no pattern' portl-extract --csv=f -t y -t z
}

@test "--map is read before anything else happens" {
	refused '--map takes SRC=DST, not "a"' portl-load --map=a
	refused '--map names column "a" twice' portl-load --map=a=b,a=c
	refused '--map sends two columns to "c"' portl-load --map=a=c --map=b=c
}

@test "a connection string that cannot be understood is refused without its words" {
	refused 'the connection string cannot be understood' \
		portl-extract -d 'host=/nowhere dbnam=shop' -t x
	assert_stderr_has 'dbnam'
	refused 'the connection string cannot be understood' \
		portl-extract -d 'postgresql://joe:geheim@1@host/db' -t x
	assert_stderr_lacks geheim
	PORTL_DESTINATION='nonsense=1' refused 'PORTL_DESTINATION: ' portl-load
}

@test "--source and --destination are --dbname" {
	fresh_db a b
	q "$a" 'CREATE TABLE t (i int PRIMARY KEY); INSERT INTO t VALUES (1), (2)'
	try_sh "portl-extract --source=$a -t t | portl-load --destination=$b --create"
	assert_status 0
	same_table "$a" t "$b" t
	try_sh "PORTL_SOURCE=$a portl-extract -t t | PORTL_DESTINATION=$b portl-load -t t2 --create"
	assert_status 0
	same_table "$a" t "$b" t2
	try_sh "PORTL_SOURCE=nowhere portl-extract -d $a -t t | portl-load -d $b -t t3 --create"
	assert_status 0
}

@test "what is missing is named on both sides, once each" {
	fresh_db a b
	try_sh "portl-extract -d $a -t orders | portl-load -d $b"
	assert_status 4
	assert_stderr_has "portl-extract: error: relation \"orders\" does not exist"
	assert_stderr_has "portl-load: error: upstream failed: relation \"orders\" does not exist"
	assert_eq "$(grep -c 'error: ' <<<"$stderr")" 2
	q "$a" 'CREATE TABLE orders (i int)'
	try_sh "portl-extract -d $a -t orders | portl-load -d $b"
	assert_status 5
	assert_stderr_has 'does not exist'
	assert_stderr_has '--create'
}

@test "a server or database that is not there is exit 2, on one line" {
	try portl-extract -h "$BATS_TEST_TMPDIR" -d x -t x
	assert_status 2
	assert_stderr_has 'No such file or directory; Is the server running locally'
	assert_eq "$(wc -l <<<"$stderr")" 1
	try portl-extract -d no_such_db -t x
	assert_status 2
	assert_stderr_has 'database "no_such_db" does not exist'
	try_sh "portl-extract -c 'SELECT 1 AS i' | portl-load -d no_such_db -t x"
	assert_status 2
	assert_stderr_has 'portl-load: error: connection'
}

@test "the two programs in the wrong order" {
	fresh_db a
	q "$a" 'CREATE TABLE t (i int)'
	run script -qec "portl-load -d $a | portl-extract -d $a -t t -F binary >/dev/null" /dev/null
	assert_out_has 'standard input is a terminal, and a stream is expected'
	assert_out_has 'portl-extract -d DATABASE -t TABLE | portl-load'
	try_sh "portl-load -d $a </dev/null | portl-extract -d $a -t t >/dev/null"
	assert_stderr_has 'the input is empty'
	assert_stderr_has 'portl-extract stands in front of portl-load'
}

@test "a table into itself: rows of one snapshot, or the key says no" {
	fresh_db a
	q "$a" "CREATE TABLE t (i int); INSERT INTO t SELECT generate_series(1, 100000);
		CREATE TABLE k (i int PRIMARY KEY); INSERT INTO k VALUES (1), (2)"
	try_sh "portl-extract -d $a -t t | portl-load -d $a"
	assert_status 0
	assert_eq "$(q "$a" 'SELECT count(*), count(DISTINCT i) FROM t')" '200000|100000'
	try_sh "portl-extract -d $a -t k | portl-load -d $a"
	assert_status 1
	assert_stderr_has 'duplicate key value violates unique constraint "k_pkey"'
	assert_eq "$(q "$a" 'SELECT count(*) FROM k')" 2
}

@test "a table into itself with --truncate is refused instead of waiting for itself" {
	fresh_db a
	q "$a" "CREATE TABLE t (i int, s text); CREATE TABLE empty (i int);
		INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i"
	try_sh "portl-extract -d $a -t t | portl-load -d $a --truncate"
	assert_status 5
	assert_stderr_has 'would be waited for forever: the sender reads the same table'
	assert_stderr_has 'portl-extract -o FILE'
	assert_eq "$(q "$a" 'SELECT count(*) FROM t')" 20000
	portl-extract -d "$a" -t t -o "$BATS_TEST_TMPDIR/file"
	try portl-load -d "$a" --truncate "$BATS_TEST_TMPDIR/file"
	assert_status 0
	assert_eq "$(q "$a" 'SELECT count(*) FROM t')" 20000
	try_sh "portl-extract -d $a -c 'SELECT i FROM empty, pg_sleep(0) WHERE i > 0' |
		portl-load -d $a -t t --truncate --min-rows=0"
	assert_status 0
	assert_eq "$(q "$a" 'SELECT count(*) FROM t')" 0
}

@test "--truncate of the table whose partition or child is being read is refused, too" {
	local pair

	fresh_db a
	q "$a" "CREATE TABLE p (i int, s text) PARTITION BY RANGE (i);
		CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (90000) PARTITION BY RANGE (i);
		CREATE TABLE p11 PARTITION OF p1 FOR VALUES FROM (1) TO (90000);
		CREATE TABLE parent (i int, s text); CREATE TABLE child () INHERITS (parent);
		INSERT INTO p SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i;
		INSERT INTO child TABLE p"
	for pair in 'p11 p' 'p11 p1' 'child parent' 'parent child'; do
		try_sh "portl-extract -d $a -t ${pair% *} |
			portl-load -d $a -t ${pair#* } --truncate --lock-wait-timeout=5000"
		assert_status 5
		assert_stderr_has 'would be waited for forever'
	done
	assert_eq "$(q "$a" 'SELECT (SELECT count(*) FROM p), (SELECT count(*) FROM parent)')" '20000|20000'
}

# A server that wants passwords: -U joe, "geheim".
password_server()
{
	guarded=$(cluster_dir)
	cluster_start "$guarded"
	PGHOST=$guarded psql -Xq -d postgres -c "CREATE ROLE joe LOGIN PASSWORD 'geheim'"
	echo 'local all all scram-sha-256' | cluster_as tee "$guarded/data/pg_hba.conf" >/dev/null
	cluster_stop "$guarded"
	cluster_start "$guarded"
}

@test "a password that is wrong or missing is exit 2 and never shown" {
	password_server
	PGPASSWORD=falsch try portl-extract -h "$guarded" -U joe -d postgres -c 'SELECT 1 AS i'
	assert_status 2
	assert_stderr_has 'password authentication failed for user "joe"'
	assert_stderr_lacks falsch
	try portl-extract -w -h "$guarded" -U joe -d postgres -c 'SELECT 1 AS i' </dev/null
	assert_status 2
	assert_stderr_has 'no password supplied'
	assert_stderr_has 'Put the password into ~/.pgpass'
	try_sh "portl-extract -d 'host=$guarded user=joe dbname=postgres password=geheim' \
		-c 'SELECT 1 AS i' >/dev/null"
	assert_status 0
	assert_stderr_has 'a password on the command line can be seen by others'
	assert_stderr_lacks geheim
	PGPASSWORD=geheim try_sh "portl-extract -h $guarded -U joe -d postgres -c 'SELECT 1 AS i' >/dev/null"
	assert_status 0
	assert_silent
	cluster_drop "$guarded"
}

@test "stopped at the password prompt, the terminal has its echo back" {
	mkfifo "$BATS_TEST_TMPDIR/keyboard"
	script -qfec "sh -c 'echo \$\$ >$BATS_TEST_TMPDIR/pid; exec portl-extract -W -d none -t t'
		stty -a" "$BATS_TEST_TMPDIR/typed" >/dev/null 3>&- <>"$BATS_TEST_TMPDIR/keyboard" &
	wait_until 10 grep -qs 'Password for' "$BATS_TEST_TMPDIR/typed"
	kill -TERM "$(cat "$BATS_TEST_TMPDIR/pid")"
	wait $!
	grep -q ' echo ' "$BATS_TEST_TMPDIR/typed" || fail "$(cat "$BATS_TEST_TMPDIR/typed")"
}

@test "a host that refuses is exit 2 and named" {
	try portl-extract -h 127.0.0.1 -p 1 -d x -t x
	assert_status 2
	assert_stderr_has 'connection to server at "127.0.0.1", port 1 failed'
	assert_eq "$(wc -l <<<"$stderr")" 1
}
