#!/usr/bin/env bats
# Stop signals, readers that go away, and odd standard descriptors.

load ../lib/common
load ../lib/faults

setup()
{
	fresh_db a b
	make_rows "$a" t 1000
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, amount numeric, name text)'
	mkfifo "$T/feed"
}

number()
{
	case $1 in HUP) echo 129 ;; INT) echo 130 ;; TERM) echo 143 ;; PIPE) echo 141 ;; esac
}

slow="SELECT i, CASE WHEN i = 500 THEN pg_sleep(100)::text END FROM generate_series(1, 1000) i"

# stopped NAME SIGNAL DB: send it, and find the process dead of it and the backend gone.
stopped()
{
	local pid=pid_$1

	kill -"$2" "${!pid}"
	finish "$1" 5
	assert_status "$(number "$2")"
	no_portl "$3" 5
}

@test "INT, TERM, HUP stop extract in a query, waiting for a lock, and writing" {
	hold "$a" 'BEGIN; LOCK TABLE t'
	for signal in INT TERM HUP; do
		start extract portl-extract -d "$a" -c "$slow" -o "$T/out.portl"
		backend_does "$a" portl-extract "wait_event = 'PgSleep'"
		stopped extract "$signal" "$a"
		assert_stderr_has 'stopped by signal'
		start extract portl-extract -d "$a" -t t -o "$T/out.portl"
		backend_does "$a" portl-extract "$waits_for_lock"
		stopped extract "$signal" "$a"
		assert_eq "$(compgen -G "$T/out.portl*")" ''
		# nobody reads, and the pipe is full
		mkfifo "$T/full"
		exec {full}<>"$T/full"
		start extract portl-extract -d "$a" -c "SELECT repeat('x', 1000) FROM generate_series(1, 100000)" -o "$T/full"
		backend_does "$a" portl-extract "wait_event = 'ClientWrite'"
		stopped extract "$signal" "$a"
		exec {full}<&-
		rm "$T/full"
	done
}

@test "INT, TERM, HUP stop load at the header, in COPY, and waiting for a lock" {
	portl-extract -d "$a" -t t >"$T/s"
	for signal in INT TERM HUP; do
		in=$T/feed start load portl-load -d "$b"
		feed_open
		backend_does "$b" portl-load "$waits_for_input"
		stopped load "$signal" "$b"
		feed_close
		in=$T/feed start load portl-load -d "$b"
		feed_open
		head -c 20000 "$T/s" >&"$feed"
		backend_does "$b" portl-load "query LIKE 'COPY%'"
		stopped load "$signal" "$b"
		feed_close
	done
	# a row that waits for another transaction's: the backend does not read its socket
	hold "$b" 'BEGIN; INSERT INTO t VALUES (7)'
	for signal in INT TERM HUP; do
		in=$T/s start load portl-load -d "$b"
		backend_does "$b" portl-load "query LIKE 'COPY%' AND $waits_for_lock"
		stopped load "$signal" "$b"
	done
	release
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
}

# Does the kernel keep the process in its open() of a FIFO?
opens_fifo()
{
	[ "$(cat "/proc/$1/wchan")" = wait_for_partner ]
}

@test "INT, TERM, HUP stop a program that waits for the other end of a FIFO" {
	mkfifo "$T/fifo"
	portl-extract -d "$a" -t t >"$T/s"
	for signal in INT TERM HUP; do
		start extract portl-extract --csv="$T/fifo"
		wait_until 10 opens_fifo "$pid_extract"
		stopped extract "$signal" "$a"
		assert_stderr_has 'stopped by signal'
		in=$T/s start load portl-load --csv="$T/fifo"
		wait_until 10 opens_fifo "$pid_load"
		stopped load "$signal" "$b"
		assert_stderr_has 'stopped by signal'
	done
}

@test "a signal to extract reaches load as upstream's reason" {
	in=$T/feed start load portl-load -d "$b" -t t --map='i=id,pg=name'
	start extract portl-extract -d "$a" -c "${slow/END/END AS pg}" -o "$T/feed"
	backend_does "$a" portl-extract "wait_event = 'PgSleep'"
	kill -TERM "$pid_extract"
	finish load
	assert_status 4
	assert_stderr_has 'upstream failed: stopped by signal 15 (Terminated)'
	finish extract
	assert_status 143
}

@test "a signal in COMMIT waits for its outcome" {
	q "$b" 'CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER w AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW WHEN (new.id = 7) EXECUTE FUNCTION wait()'
	portl-extract -d "$a" -t t >"$T/s"
	hold "$b"
	in=$T/s start load portl-load -d "$b"
	backend_does "$b" portl-load "query = 'COMMIT' AND $waits_for_lock"
	kill -TERM "$pid_load"
	release
	finish load
	assert_status 0
	same_table "$a" t "$b" t
}

@test "nohup: an ignored HUP stays ignored" {
	trap '' HUP
	portl-extract -d "$a" -c "SELECT i, CASE WHEN i = 5 THEN pg_sleep(1)::text END AS x FROM generate_series(1, 9) i" \
		-o "$T/out.portl" 3>&- &
	pid=$!
	trap - HUP
	backend_does "$a" portl-extract "wait_event = 'PgSleep'"
	kill -HUP "$pid"
	wait "$pid"
	[ -s "$T/out.portl" ]
}

# reader_leaves ARGUMENT...: extract dies of SIGPIPE soon after its reader.
reader_leaves()
{
	mkfifo "$T/pipe"
	portl-extract -d "$a" "$@" >"$T/pipe" 2>"$T/extract.err" 3>&- &
	pid_extract=$!
	started+=($!)
	exec {reader}<"$T/pipe"
	backend_does "$a" portl-extract "wait_event IN ('PgSleep', 'relation')"
	: >"$T/extract.out"
	exec {reader}<&-
	finish extract 3
	assert_status 141
	assert_silent
	no_portl "$a" 3
	rm "$T/pipe"
}

@test "the reader goes away while the server computes, or waits for a lock" {
	reader_leaves -c "$slow"
	hold "$a" 'BEGIN; LOCK TABLE t'
	reader_leaves -t t
}

@test "the reader has enough: quiet, and dead of SIGPIPE" {
	try_sh "portl-extract -d '$a' -t t | head -c 100 | wc -c"
	assert_status 0
	assert_eq "${output// /}" 100
	assert_eq "$stderr" ''
	try_sh "portl-extract -d '$a' -c \"SELECT repeat('x', 1000) FROM generate_series(1, 100000)\" | head -c 100 >/dev/null
		exit \${PIPESTATUS[0]}"
	assert_status 141
	assert_silent
	try_sh "portl-extract -d '$a' -c \"SELECT repeat('x', 1000) AS name, i AS id FROM generate_series(1, 100000) i\" 2>'$T/err' |
		portl-load -d '$b' -t none"
	assert_status 5
	assert_eq "$(<"$T/err")" ''
}

@test "closed standard descriptors are never taken for the server's socket" {
	try_sh "portl-extract -d '$a' -t t >&-"
	assert_status 1
	assert_stderr_has 'standard output is not open'
	try_sh "portl-load -d '$b' -t t <&-"
	assert_status 1
	assert_stderr_has 'standard input is not open'
	try_sh "portl-extract -v -d '$a' -t t -o '$T/s' 2>&- <&- >&-"
	assert_status 0
	try_sh "portl-load -v -d '$b' '$T/s' 2>&- <&- >&-"
	assert_status 0
	same_table "$a" t "$b" t
	try_sh "portl-load -d '$b' '$T/s' --summary='$T/sum' <&- 2>&-"
	assert_status 1 # duplicate keys
	jq -e '.status == 1' "$T/sum"
}

@test "a full device is an error, and so is one found full at the end" {
	try_sh "portl-extract -d '$a' -t t >/dev/full"
	assert_status 1
	assert_stderr_has 'could not write to standard output: No space left on device'
	for program in portl-extract portl-load; do
		try_sh "$program --help >/dev/full"
		assert_status 1
	done
}

@test "a file that outgrows ulimit -f is an error like any other, and nothing stays" {
	q "$b" "CREATE TABLE t2 (id int PRIMARY KEY)"
	mkdir "$T/limit"
	portl-extract -d "$a" -c 'SELECT i AS id FROM generate_series(1, 100000) i' -o "$T/ids"
	try_sh "ulimit -f 100; portl-extract -d '$b' -o '$T/limit/out' -c 'SELECT * FROM generate_series(1, 100000)'"
	assert_status 1
	assert_stderr_has 'File too large'
	try_sh "ulimit -f 100; portl-load --csv='$T/limit/csv' '$T/ids'"
	assert_status 1
	assert_stderr_has 'File too large'
	q "$b" 'INSERT INTO t2 SELECT generate_series(1, 100000)'
	try_sh "ulimit -f 100; portl-load -q -d '$b' -t t2 --rejects='$T/limit/rejects' '$T/ids' 2>&1 | tail -n 2"
	assert_out_has 'File too large'
	assert_eq "$(ls "$T/limit")" ''
}

@test "non-blocking descriptors on both sides" {
	make_rows "$a" big 30000
	perl -e 'use Fcntl; use Socket;
		socketpair(my $r, my $w, AF_UNIX, SOCK_STREAM, 0) or die;
		for ($r, $w) { fcntl($_, F_SETFL, fcntl($_, F_GETFL, 0) | O_NONBLOCK) or die }
		my $pid = fork;
		if (!$pid) { close $r; open STDOUT, ">&", $w; exec "portl-extract", "-d", $ARGV[0], "-t", "big" }
		close $w; open STDIN, "<&", $r; exec "portl-load", "-d", $ARGV[1], "--create"' "$a" "$b"
	same_table "$a" big "$b" big
}

# on_terminal COMMAND: run it with a terminal for everything; sets status and output.
on_terminal()
{
	run script -qec "$1" /dev/null </dev/null
	output=${output//$'\r'/}
}

@test "a binary stream is not for a terminal, unless forced" {
	on_terminal "portl-extract -d $a -t t -F binary"
	assert_status 64
	assert_out_has 'a binary stream is not for a terminal'
	assert_out_has 'hint: Pipe it into portl-load'
	on_terminal "portl-extract -d $a -t t -Z zstd"
	assert_status 64
	on_terminal "portl-extract -d $a -t t -F binary -o - --limit 0"
	assert_status 0
	assert_out_has PGCOPY
}

@test "load with a terminal for its stream: short help" {
	on_terminal "portl-load -d $b -t t"
	assert_status 64
	assert_out_has 'a stream is expected'
	assert_out_has 'portl-extract -d DATABASE -t TABLE | portl-load -d DATABASE'
}
