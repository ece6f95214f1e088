# shellcheck shell=bash disable=SC2154 # bats and fresh_db set status and b
# For tests of portl-load's conflicts, batches and sequences.

# load_rows [-t TABLE] ARGUMENT...: load standard input (rows of NDJSON without an envelope)
# into the table (t) of $b; sets status, output and stderr, and receipt, the counts as "read inserted updated
# unchanged skipped".
load_rows()
{
	local table=t

	[ "${1-}" != -t ] || { table=$2 && shift 2; }
	try portl-load -d "$b" -t "$table" --bare --summary="$BATS_TEST_TMPDIR/sum" "$@"
	receipt=$(counts "$BATS_TEST_TMPDIR/sum")
}

# counts FILE: those of a receipt, after checking that it balances.
counts()
{
	local text='' read inserted updated unchanged skipped rejected name

	[ -s "$1" ] || return 0
	read -r -d '' text <"$1" || :
	text=${text#*\"rows\":}
	for name in read inserted updated unchanged skipped rejected; do
		[[ $text =~ \"$name\":([0-9]+) ]] || return 0
		printf -v "$name" %s "${BASH_REMATCH[1]}"
	done
	((read != inserted + updated + unchanged + skipped + rejected)) ||
		echo "$read $inserted $updated $unchanged $skipped"
}

# loaded COUNTS: the load has succeeded, with these counts.
loaded()
{
	assert_status 0 && assert_eq "$receipt" "$1"
}

# t_is LINE...: table t of $b holds these rows.
t_is()
{
	assert_eq "$(q "$b" 'SELECT * FROM t ORDER BY t')" "$(printf '%s\n' "$@")"
}

# open_session SQL: run it in a session of its own, which stays until close_session.
open_session()
{
	coproc psql -XAtq -d "$b"
	session=${COPROC[1]} session_pid=$COPROC_PID
	echo "$1; SELECT 'done';" >&"$session"
	while read -r line <&"${COPROC[0]}" && [ "$line" != 'done' ]; do
		:
	done
}

close_session()
{
	echo "$1;" >&"$session"
	exec {session}>&-
	wait "$session_pid"
}

# make_t: a table t of three rows and a key in $b.
make_t()
{
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, v text, n int);
		INSERT INTO t VALUES (1, 'one', 1), (2, 'two', NULL), (3, 'three', 3)"
}
