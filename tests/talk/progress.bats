#!/usr/bin/env bats
# What people see while they wait: on a terminal one line that goes away.

load ../lib/common
load ../lib/faults

setup()
{
	fresh_db a b
	make_rows "$a" t 20000
	q "$a" 'ANALYZE t'
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, amount numeric, name text)'
	portl-extract -d "$a" -t t >"$T/s"
	mkfifo "$T/feed"
	export TERM=xterm
}

# on_tty COMMAND: run it in the background on a terminal of its own, the process tty.
on_tty()
{
	rm -f "$T/typed"
	start tty script -qefc "$1" "$T/typed"
}

screen()
{
	perl "$ROOT/tests/lib/screen.pl" "$T/typed"
}

# drawn PROGRAM: the different lines that it has drawn so far.
drawn()
{
	perl "$ROOT/tests/lib/screen.pl" -f "$T/typed" | grep -aE "^$1: [0-9]+ rows, " | uniq
}

# draws PROGRAM [N]: it has drawn N different lines.
draws()
{
	[ -f "$T/typed" ] && [ "$(drawn "$1" | wc -l)" -ge "${2:-2}" ]
}

# Load $T/feed on a terminal, up to where half of the stream has come.
load_half()
{
	on_tty "exec portl-load -d $b $1 $T/feed"
	feed_open
	head -c 400000 "$T/s" >&"$feed"
}

load_rest()
{
	tail -c +400001 "$T/s" >&"$feed"
	feed_close
	finish tty
}

# Longer than it takes until the first line is drawn.
copies_for_a_while()
{
	backend_does "$b" portl-load "query LIKE 'COPY%' AND now() - query_start > '0.9 s'"
}

receipt='portl-load: public.t: 20000 rows read, 20000 inserted;'

@test "on a terminal load draws rows, bytes, rate, time, percent and the rest of the time" {
	local begun=${EPOCHREALTIME/[.,]/} ms

	load_half
	wait_until 10 draws portl-load 8
	load_rest
	ms=$(((${EPOCHREALTIME/[.,]/} - begun) / 1000))
	assert_eq "$status" 0
	drawn portl-load >"$T/drawn"
	grep -qE '^portl-load: [1-9][0-9]* rows, [0-9.]+ kB, [0-9.]+ kB/s, [0-9]+ rows/s, 0:0[1-9], [1-9][0-9]?%, ETA 0:[0-9]{2}$' "$T/drawn" ||
		fail "$(<"$T/drawn")"
	# at most ten times a second, however often data come
	[ "$(perl "$ROOT/tests/lib/screen.pl" -f "$T/typed" | grep -c ' rows, ')" -le $((ms / 100)) ]
	# and in the end it is gone
	assert_eq "$(screen | wc -l)" 1
	[[ $(screen) == "$receipt"* ]] || fail "$(screen)"
	same_table "$a" t "$b" t
}

@test "the line is gone before a message is printed" {
	load_half
	wait_until 10 draws portl-load
	feed_close
	finish tty
	assert_eq "$status" 4
	[[ $(screen | head -n 1) == 'portl-load: error: '*'the stream ends too early, it is incomplete' ]]
	assert_eq "$(screen | grep -vE '^portl-load: (error|detail|hint): ')" ''
}

@test "a notice of the server does not mix with the line" {
	q "$b" "CREATE FUNCTION speak() RETURNS trigger LANGUAGE plpgsql AS
		\$\$ BEGIN RAISE NOTICE 'half'; RETURN new; END \$\$;
		CREATE TRIGGER s BEFORE INSERT ON t FOR EACH ROW WHEN (new.id = 15000) EXECUTE FUNCTION speak()"
	load_half
	wait_until 10 draws portl-load
	load_rest
	assert_eq "$(screen | wc -l)" 2
	assert_eq "$(screen | head -n 1)" 'portl-load: server NOTICE: half'
}

@test "a stop signal takes the line away" {
	load_half
	wait_until 10 draws portl-load
	kill -TERM "$(ps -o pid= --ppid "$pid_tty")"
	finish tty
	assert_eq "$status" 143
	assert_eq "$(screen)" 'portl-load: error: stopped by signal 15 (Terminated)'
	no_portl "$b"
}

@test "in a narrow terminal the line keeps the share and the rest of the time" {
	on_tty "stty cols 40; exec portl-load -d $b $T/feed"
	feed_open
	head -c 400000 "$T/s" >&"$feed"
	wait_until 10 draws portl-load 12
	load_rest
	drawn portl-load >"$T/drawn"
	assert_eq "$(awk 'length > 39' "$T/drawn")" ''
	grep -qE '%, ETA 0:[0-9]{2}$' "$T/drawn"
	assert_eq "$(grep -vE '%(, ETA [0-9:]+)?$|finishing' "$T/drawn")" ''
}

@test "a query's and a condition's share is the planner's guess, and marked" {
	local last="id < 20000 OR pg_advisory_lock_shared(42) IS NOT NULL" what

	for what in "-c 'SELECT * FROM t WHERE $last'" "-t t --where='$last'"; do
		hold "$a"
		on_tty "exec portl-extract -d $a $what -o $T/s2"
		wait_until 10 draws portl-extract 12
		release
		finish tty
		assert_eq "$status" 0
		drawn portl-extract >"$T/drawn"
		grep -qE ', ~[0-9]{2}%, ETA ~0:[0-9]{2}$' "$T/drawn" || fail "$(<"$T/drawn")"
	done
}

@test "a CSV file's share is that of its bytes; the reader is told how many rows that makes" {
	local out

	seq 100000 | sed '1i id;x
		s/$/;some text that is the same in all of the rows, more or less/' >"$T/x.csv"
	# shellcheck disable=SC2034 # held open, and never read
	exec {out}<>"$T/feed"
	on_tty "exec portl-extract -P --csv=$T/x.csv --delimiter=';' >$T/feed"
	wait_until 10 draws portl-extract 8
	drawn portl-extract >"$T/drawn"
	kill -TERM "$(ps -o pid= --ppid "$pid_tty")"
	finish tty
	assert_eq "$status" 143
	grep -qE ' [1-9][0-9]%, ETA 0:[0-9]{2}$' "$T/drawn" || fail "$(<"$T/drawn")"
	try_sh "portl-extract --csv=$T/x.csv --delimiter=';' -F ndjson | head -n 1 |
		jq '.\"\$portl\" | [.rows_rough, .rows_estimate > 95000, .rows_estimate < 105000]' -c"
	assert_eq "$output" '[true,true,true]'
}

@test "a stream's share that comes from a file is that of its bytes" {
	seq 100000 | sed 's/.*/{"id":&,"name":"some text that is the same in all of the rows"}/' >"$T/x"
	q "$b" "CREATE FUNCTION stand() RETURNS trigger LANGUAGE plpgsql AS
		\$\$ BEGIN PERFORM pg_advisory_lock_shared(42); RETURN new; END \$\$;
		CREATE TRIGGER s BEFORE INSERT ON t FOR EACH ROW WHEN (new.id = 15000) EXECUTE FUNCTION stand()"
	hold "$b"
	on_tty "exec portl-load -P -d $b -t t --bare $T/x"
	wait_until 10 draws portl-load 12
	release
	finish tty
	assert_eq "$status" 0
	drawn portl-load >"$T/drawn"
	grep -qE ' [1-9][0-9]?%, ETA 0:[0-9]{2}$' "$T/drawn" || fail "$(<"$T/drawn")"
}

@test "where rows are staged the share is that of the time, to the end" {
	load_half --conflict=overwrite
	wait_until 10 draws portl-load 8
	load_rest
	assert_eq "$status" 0
	drawn portl-load >"$T/drawn"
	grep -qE ', ~[1-9][0-9]?%, ETA ~0:[0-9]{2}$' "$T/drawn" || fail "$(<"$T/drawn")"
}

@test "no line with -q, on a dumb terminal, or in the background" {
	load_half -q
	copies_for_a_while
	load_rest
	assert_eq "$(screen)" ''
	q "$b" 'TRUNCATE t'
	TERM=dumb load_half
	copies_for_a_while
	load_rest
	assert_eq "$(drawn portl-load)" ''
	TERM=dumb on_tty "portl-extract -d $a -t t | cat >/dev/null"
	finish tty
	grep -q 'rows read' "$T/typed"
	[[ $(<"$T/typed") != *$'\e'* ]] || fail "$(cat -v "$T/typed")"
	q "$b" 'TRUNCATE t'
	on_tty "bash -c 'set -m; portl-load -d $b $T/feed & wait'"
	feed_open
	head -c 400000 "$T/s" >&"$feed"
	copies_for_a_while
	load_rest
	assert_eq "$(drawn portl-load)" ''
	[[ $(screen) == "$receipt"* ]] || fail "$(screen)"
}

# Rows, of which the last one waits for hold() to release.
waiting="SELECT i AS id, i / 7.0 AS amount, 'x' AS name FROM generate_series(1, 30000) i
	WHERE i < 30000 OR pg_advisory_lock_shared(42) IS NOT NULL"

@test "in a pipe load draws, and what extract says does not mix with it" {
	hold "$a"
	on_tty "portl-extract -d $a -c \"$waiting\" | portl-load -d $b -t t"
	wait_until 10 draws portl-load
	release
	finish tty
	assert_eq "$status" 0
	assert_eq "$(drawn portl-extract)" ''
	assert_eq "$(screen | wc -l)" 2
	assert_eq "$(screen | grep -cE '^portl-(extract: query|load: public.t): 30000 rows read')" 2
}

@test "in a pipe with -P on both sides one draws, on its own extract does" {
	hold "$a"
	on_tty "portl-extract -P -d $a -c \"$waiting\" | portl-load -P -d $b -t t"
	wait_until 10 eval 'draws portl-load || draws portl-extract'
	[ -z "$(drawn portl-load)" ] || [ -z "$(drawn portl-extract)" ]
	release
	finish tty
	assert_eq "$(screen | grep -cE '^portl-(extract: query|load: public.t): 30000 rows read')" 2
	hold "$a"
	on_tty "portl-extract -P -d $a -c \"$waiting\" | cat >$T/s2"
	wait_until 10 draws portl-extract
	release
	finish tty
	hold "$a"
	on_tty "portl-extract -d $a -c \"$waiting\" -o $T/s2"
	wait_until 10 draws portl-extract
	release
	finish tty
	assert_eq "$status" 0
	assert_eq "$(screen | wc -l)" 1
	[[ $(screen) == 'portl-extract: query: 30000 rows read'* ]]
}

@test "without a terminal: silence, or with -P a plain line every few seconds" {
	in=$T/feed start load portl-load -P -d "$b"
	feed_open
	head -c 400000 "$T/s" >&"$feed"
	wait_until 10 grep -qE '^portl-load: [1-9][0-9]* rows, .*, 0:0[1-9], [0-9]+%, ETA ' "$T/load.err"
	tail -c +400001 "$T/s" >&"$feed"
	feed_close
	finish load
	assert_eq "$status" 0
	assert_eq "$(tail -n 1 <<<"$stderr" | sed 's/ rows,.*//')" 'portl-load: 20000'
	[[ $stderr != *$'\e'* && $stderr != *$'\r'* ]]
	q "$b" 'TRUNCATE t'
	in=$T/feed start load portl-load -d "$b"
	feed_open
	head -c 400000 "$T/s" >&"$feed"
	copies_for_a_while
	tail -c +400001 "$T/s" >&"$feed"
	feed_close
	finish load
	assert_eq "$stderr$output" ''
}
