#!/usr/bin/env bats
# Whole or nothing: whatever happens to the stream or its sender, the last exit status
# tells, and the target is as before.  THOROUGH=1 tries every cut and 200 kills, which
# takes minutes; SEED repeats a run.

load ../lib/common
load ../lib/faults

setup()
{
	fresh_db a b
}

# A file $T/whole with a stream of 100 rows, and a table for it that has rows already.
make_stream()
{
	make_rows "$a" t 100
	q "$b" "CREATE TABLE t (id int, amount numeric, name text); INSERT INTO t VALUES (0, 0, 'old')"
	portl-extract -d "$a" -t t >"$T/whole"
	size=$(stat -c %s "$T/whole")
	remember "$b" t
}

# refused STATUS... : load of stdin must end with one of these; a word from us otherwise.
refused()
{
	local got=0

	portl-load -d "$b" -t t >"$T/out" 2>&1 || got=$?
	[[ " $* " == *" $got "* ]] || fail "exit status $got: $what" "$(<"$T/out")"
}

# Where the stream's parts meet: every offset around the header, some rows, the end.
boundaries()
{
	perl -e 'local $/; $_ = <STDIN>; my $size = length; my %at = map { $_ => 1 } 0, 1, 4, int($size / 2);
		while (/PGCOPY\n\377\r\n\0/g) { $at{$-[0] + $_} = 1 for -3 .. 0, 10 .. 12, 15, 18 .. 20, 23, 27, 28 }
		while (/\x00\x03\x00\x00\x00\x04\x00\x00\x00[\x01\x02\x63\x64]/g) { $at{$-[0] + $_} = 1 for 0 .. 3, 6, 10, 14 }
		$at{$size - $_} = 1 for 1 .. 5;
		print join("\n", sort { $a <=> $b } grep { $_ >= 0 && $_ < $size } keys %at), "\n"' <"$T/whole"
}

@test "a cut stream is refused, wherever it was cut" {
	make_stream
	boundaries >"$T/cuts"
	[ -z "${THOROUGH:-}" ] || seq 0 $((size - 1)) >"$T/cuts"
	[ "$(wc -l <"$T/cuts")" -gt 45 ]
	while read -r n; do
		what="cut at $n of $size"
		head -c "$n" "$T/whole" | refused 4
	done <"$T/cuts"
	is_like_before "$b" t
	refused 0 <"$T/whole"
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 101
}

@test "a flipped bit is found, wherever it is" {
	make_stream
	boundaries >"$T/at"
	[ -z "${THOROUGH:-}" ] || seq 0 $((size - 1)) >"$T/at"
	while read -r n; do
		what="bit $((n % 8)) of byte $n of $size flipped"
		perl -e 'local $/; $_ = <STDIN>; my $n = shift; substr($_, $n, 1) ^= chr(1 << $n % 8); print' "$n" \
			<"$T/whole" >"$T/s"
		refused 1 4 5 <"$T/s"
	done <"$T/at"
	# A numeric that says it has more digits: SQLSTATE 08P01, but no connection is lost.
	digits='(\x00\x03\x00\x00\x00\x04\x00\x00\x00\x21\x00\x00\x00.\x00)(.)'
	perl -e 'local $/; $_ = <STDIN>; s/$ARGV[0]/$1 . chr(2 + ord $2)/se or die; print' "$digits" \
		<"$T/whole" >"$T/s"
	try portl-load -d "$b" -t t --edited "$T/s"
	assert_status 1
	assert_stderr_has ':33: column "amount": insufficient data left in message'
	is_like_before "$b" t
}

@test "bytes behind the end, a second stream, an empty input, a repeated part: refused" {
	make_stream
	what='a byte behind the end'
	{ cat "$T/whole"; printf '\0'; } | refused 4
	what='two streams'
	cat "$T/whole" "$T/whole" | refused 4
	what='no input'
	refused 4 </dev/null
	what='a row twice'
	two='(\x00\x03\x00\x00\x00\x04\x00\x00\x00\x02.*?)(?=\x00\x03\x00\x00\x00\x04\x00\x00\x00\x03)'
	perl -e 'local $/; $_ = <STDIN>; s/$ARGV[0]/$1$1/s or die; print' "$two" <"$T/whole" >"$T/s"
	refused 4 <"$T/s"
	what='a row missing'
	perl -e 'local $/; $_ = <STDIN>; s/$ARGV[0]//s or die; print' "$two" <"$T/whole" >"$T/s"
	refused 4 <"$T/s"
	is_like_before "$b" t
}

# killed_after BYTES COMMAND...: run it, kill it when so many bytes have been read of it, and
# pass on all that it had written.
killed_after()
{
	perl -e '
		my $left = shift;
		my $pid = open(my $from, "-|", @ARGV) or die;
		while ($left > 0 && (my $got = sysread($from, my $buf, $left < 65536 ? $left : 65536))) {
			syswrite(STDOUT, $buf);
			$left -= $got;
		}
		kill(KILL => $pid);
		syswrite(STDOUT, $buf) while sysread($from, $buf, 65536);' "$@"
}

@test "extract killed at any byte: nothing arrives, or everything" {
	failures=0
	seed
	make_rows "$a" t 30000
	q "$b" 'CREATE TABLE t (id int, amount numeric, name text)'
	whole=$(portl-extract -d "$a" -t t | wc -c)
	for ((i = 0; i < ${THOROUGH:+180}+20; i++)); do
		at=$((whole * (RANDOM % 125) / 100))
		((i > 2)) || at=$i
		status=0
		killed_after $at portl-extract -d "$a" -t t 2>/dev/null | portl-load -d "$b" 2>/dev/null || status=$?
		count=$(q "$b" 'SELECT count(*) FROM t; TRUNCATE t')
		case $status/$count in
		4/0) failures=$((failures + 1)) ;;
		0/30000) ;;
		*) fail "killed after $at bytes: status $status, $count rows" ;;
		esac
	done
	[ "$failures" -gt 5 ]
	no_portl "$a"
}

# pinned_extract: a stream of 1000 rows, whose source waits in row 500 for our lock.
pinned_extract()
{
	q "$b" 'CREATE TABLE t (i int, x text)'
	mkfifo "$T/pipe"
	hold "$a"
	in="$T/pipe" start load portl-load -d "$b" -t t
	portl-extract -d "$a" -c "SELECT i, CASE WHEN i = 500 THEN pg_advisory_xact_lock(42)::text END AS x
		FROM generate_series(1, 1000) i" >"$T/pipe" 2>"$T/extract.err" 3>&- &
	extract=$!
	started+=("$extract")
	backend_does "$a" portl-extract "$waits_for_lock"
	backend_does "$b" portl-load "query LIKE 'COPY%'" # row 499 has gone through
}

nothing_arrived()
{
	finish load
	assert_status "$1"
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	no_portl "$b"
}

@test "the source's backend is terminated: load says why and commits nothing" {
	pinned_extract
	terminate_backend "$a" portl-extract
	nothing_arrived 4
	assert_stderr_has 'upstream failed: '
	assert_stderr_has 'terminating connection due to administrator command'
	status=0
	wait "$extract" || status=$?
	assert_status 2
}

@test "extract killed while the source computes: load commits nothing, the backend goes" {
	pinned_extract
	kill -KILL "$extract"
	nothing_arrived 4
	since 14 'client_connection_check_interval' || return 0
	no_portl "$a" # though nobody could cancel
}

@test "the query fails at row 50,000: load prints the reason, in an envelope" {
	query='SELECT i, 1 / (50000 - i) AS x FROM generate_series(1, 60000) i'
	q "$b" 'CREATE TABLE t (i int, x int)'
	try_sh "portl-extract -d '$a' -c '$query' 2>'$T/err' | portl-load -d '$b' -t t"
	assert_status 4
	assert_eq "$stderr" 'portl-load: error: upstream failed: division by zero'
	assert_eq "$(head -n 1 "$T/err")" 'portl-extract: error: division by zero'
	try_sh "portl-extract -d '$a' -c '$query' --bare 2>/dev/null | portl-load -d '$b' -t t --bare"
	assert_status 4
	try_sh "portl-extract -d '$a' -c '$query' -Z zstd 2>/dev/null | portl-load -d '$b' -t t"
	assert_status 4
	assert_stderr_has 'upstream failed: division by zero'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
}

@test "extract fails before it has a single row: load says why" {
	q "$b" 'CREATE TABLE t (i int)'
	try_sh "portl-extract -d '$a' -t none 2>/dev/null | portl-load -d '$b' -t t"
	assert_status 4
	assert_stderr_has 'upstream failed: relation "none" does not exist'
	try_sh "portl-extract -d '${a}_none' -t t 2>/dev/null | portl-load -d '$b' -t t"
	assert_status 4
	assert_stderr_has "upstream failed: "
	assert_stderr_has "database \"${a}_none\" does not exist"
	try_sh "portl-extract --nonsense 2>/dev/null | portl-load -d '$b' -t t"
	assert_status 4
	assert_stderr_has 'the input is empty'
}

@test "one byte at a time, with stalls: identical" {
	make_rows "$a" t 50
	portl-extract -d "$a" -t t | perl -e '$| = 1; my $n = 0;
		while (sysread STDIN, my $c, 1) { syswrite STDOUT, $c; select undef, undef, undef, 0.01 if ++$n % 97 == 0 }' |
		portl-load -d "$b" --create
	same_table "$a" t "$b" t
}

@test "ssh is cut on the way to load, and on the way from extract" {
	make_rows "$a" t 30000
	q "$b" 'CREATE TABLE t (id int, amount numeric, name text)'
	use_ssh
	mkfifo "$T/pipe"
	in="$T/pipe" start ssh ssh host "portl-load -d $b"
	exec {out}>"$T/pipe"
	portl-extract -d "$a" -t t | head -c 300000 >&"$out"
	backend_does "$b" portl-load "query LIKE 'COPY%'"
	kill -KILL "$pid_ssh"
	exec {out}>&-
	no_portl "$b"
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	hold "$a"
	in="$T/pipe" start load portl-load -d "$b" -t t
	# shellcheck disable=SC2029 # meant
	ssh host "portl-extract -d $a -c 'SELECT id, amount, CASE WHEN id = 900 THEN pg_advisory_xact_lock(42)::text END AS name FROM t'" \
		>"$T/pipe" 2>"$T/err" 3>&- &
	ssh=$!
	backend_does "$a" portl-extract "$waits_for_lock"
	kill -KILL "$ssh"
	nothing_arrived 4
	no_portl "$a" # its reader is gone
}
