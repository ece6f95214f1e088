#!/usr/bin/env bats
# States: how far rows go is stored with them, compared under a lock, and refused where a
# stream does not join.
# shellcheck disable=SC2016,SC2034,SC2154 # SQL's dollar quotes; bats' and fresh_db's variables

load ../lib/common
load ../lib/faults

ledger=portl_ledger.states

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
	q "$src" 'CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, i FROM generate_series(1, 5) i'
	q "$dst" 'CREATE TABLE t (id int PRIMARY KEY, v text)'
}

# word: where state s stands
word()
{
	portl-load -d "$dst" --state=s --print-state
}

# stream FILE [EXTRACT-OPTION...]: what changed since state s
stream()
{
	local file=$1

	shift
	portl-extract -d "$src" -t t --since="$(word)" "$@" >"$BATS_TEST_TMPDIR/$file"
}

# bring [LOAD-OPTION...]: one run with state s
bring()
{
	portl-extract -d "$src" -t t --since="$(word)" |
		portl-load -q -d "$dst" --state=s --conflict="${conflict:-overwrite}" "$@"
}

# no_join MESSAGE FILE [LOAD-OPTION...]: refused, nothing touched
no_join()
{
	local message=$1 file=$2 before

	shift 2
	before=$(q "$dst" "TABLE t; SELECT * FROM $ledger")
	try portl-load -q -d "$dst" --state=s --conflict="${conflict:-overwrite}" "$@" "$BATS_TEST_TMPDIR/$file"
	assert_status 5
	assert_stderr_has "$message"
	assert_eq "$(q "$dst" "TABLE t; SELECT * FROM $ledger")" "$before"
}

@test "run after run: the word is none, then stored with the rows; the receipt has it" {
	assert_eq "$(word)" none
	assert_eq "$(q "$dst" "SELECT to_regclass('$ledger') IS NULL")" t
	bring
	first=$(word)
	[[ $first == 1:xmin:* ]]
	same_table "$src" t "$dst" t
	q "$src" "UPDATE t SET v = 'x' WHERE id = 2; INSERT INTO t VALUES (6); UPDATE t SET v = NULL WHERE id = 3"
	bring --summary="$BATS_TEST_TMPDIR/receipt"
	same_table "$src" t "$dst" t
	assert_eq "$(jq -c '[.rows.read, .rows.inserted, .rows.updated, .state.name, .state.position]' "$BATS_TEST_TMPDIR/receipt")" \
		"[3,1,2,\"s\",\"$(word)\"]"
	[ "$(word)" != "$first" ]
	conflict=merge bring
	assert_eq "$(q "$dst" "SELECT name, source, relation, target::regclass, rows, runs, position FROM $ledger")" \
		"s|public.t|public.t|t|0|3|$(word)"
	bring --ledger=elsewhere --reset-state 2>/dev/null && fail 'a stream of what changed has reset a state'
	portl-extract -d "$src" -t t | portl-load -q -d "$dst" --state=s --ledger=Elsewhere --conflict=overwrite
	assert_eq "$(q "$dst" 'SELECT count(*) FROM elsewhere.states')" 1
	[[ $(portl-load -d "$dst" --state=s --ledger=ELSEWHERE --print-state) == 1:xmin:* ]]
}

@test "a run repeated, overtaken, missing, of all rows, of what changed only: exit 5, nothing touched" {
	bring
	q "$src" 'INSERT INTO t VALUES (6)'
	stream second
	q "$src" 'INSERT INTO t VALUES (7)'
	stream third
	portl-load -q -d "$dst" --state=s --conflict=overwrite "$BATS_TEST_TMPDIR/second"
	no_join 'it has been loaded before' second
	no_join 'another run has overtaken it' third
	q "$src" 'INSERT INTO t VALUES (8)'
	bring
	no_join 'another run has overtaken it' second
	before=$(word)
	q "$src" 'INSERT INTO t VALUES (9)'
	bring
	q "$src" 'INSERT INTO t VALUES (10)'
	stream late
	q "$dst" "UPDATE $ledger SET position = '$before'"
	no_join 'a run before it is missing' late
	portl-extract -d "$src" -t t >"$BATS_TEST_TMPDIR/all"
	no_join 'a position is stored already' all
	portl-load -q -d "$dst" --state=s --reset-state --conflict=overwrite "$BATS_TEST_TMPDIR/all"
	same_table "$src" t "$dst" t
	stream more
	no_join '--reset-state needs all rows' more --reset-state
	q "$dst" "DELETE FROM $ledger"
	no_join 'it has only what changed, and nothing is stored' more
	assert_eq "$(word)" none
	assert_eq "$(portl-load -d "$dst" --state=s --print-state --reset-state)" none
}

@test "rules by which the state would not be true, and streams without a position" {
	bring
	stream more
	conflict=fail no_join 'needs --conflict=overwrite' more
	conflict=skip no_join 'needs --conflict=overwrite' more
	no_join '--truncate would remove the rest' more --truncate --min-rows=0
	portl-extract -d "$src" -t t >"$BATS_TEST_TMPDIR/all"
	conflict=skip no_join 'leaves some out' all --reset-state
	assert_stderr_has 'Use --conflict=overwrite or --conflict=merge.'
	portl-extract -d "$src" -t t --limit=2 >"$BATS_TEST_TMPDIR/some"
	no_join "it has none: --limit leaves rows out" some
	echo '{"schema":"public","name":"t","columns":["id"],"types":["integer"],"keys":[[2]]}' >"$BATS_TEST_TMPDIR/keys"
	portl-extract -d "$src" -t t --only-keys="$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/some"
	no_join "it has none: --only-keys leaves rows out" some --reset-state
	try portl-extract -d "$src" -t t --only-keys="$BATS_TEST_TMPDIR/keys" --since="$(word)"
	assert_status 5
	assert_stderr_has 'nothing can be read since a position: --only-keys leaves rows out'
	portl-extract -d "$src" -c 'TABLE t' >"$BATS_TEST_TMPDIR/query"
	no_join 'it has none: it is a query' query -t t
	printf 'id,v\n1,2\n' >"$BATS_TEST_TMPDIR/csv"
	portl-extract --csv "$BATS_TEST_TMPDIR/csv" >"$BATS_TEST_TMPDIR/file"
	no_join 'only tables of a PostgreSQL server have one' file -t t
	printf '{"id":1}\n' >"$BATS_TEST_TMPDIR/bare"
	no_join 'only tables of a PostgreSQL server have one' bare -t t --bare
	portl-extract -d "$src" -t t -F ndjson | sed 's/"position":"1:/&\\u001b/' >"$BATS_TEST_TMPDIR/forged"
	try portl-load -d "$dst" --state=new --conflict=overwrite --edited "$BATS_TEST_TMPDIR/forged"
	assert_status 4
	assert_stderr_has "the header's position is none"
	for options in --rejects=r --streams=2 --edited=rows; do
		try portl-load -d "$dst" --state=s $options /dev/null
		assert_status 64
	done
	for options in --reset-state --print-state '--state= --print-state' '--state=s --ledger=a,b'; do
		# shellcheck disable=SC2086 # words
		try portl-load -d "$dst" $options /dev/null
		assert_status 64
	done
}

@test "a table that was made anew, or another one, is not what the state is about" {
	bring
	stream more
	q "$dst" 'CREATE TABLE other (LIKE t INCLUDING ALL)'
	no_join 'it is about another table' more -t other
	no_join 'it loads other columns' more --map=v=
	q "$dst" 'ALTER TABLE t ADD w text'
	no_join 'it loads other columns' more --map=v=w
	q "$dst" 'ALTER TABLE t DROP w'
	# of the same name, and yet old rows have never had it
	q "$dst" 'ALTER TABLE t DROP v'
	no_join 'it loads other columns' more --add-columns
	q "$dst" 'ALTER TABLE t ADD v text'
	no_join 'it loads other columns' more
	portl-extract -d "$src" -t t --since=none >"$BATS_TEST_TMPDIR/whole"
	portl-load -q -d "$dst" --state=s --conflict=overwrite --reset-state "$BATS_TEST_TMPDIR/whole"
	same_table "$src" t "$dst" t
	q "$dst" 'ALTER TABLE t ADD x int'
	bring
	stream more
	portl-load -d "$dst" -q --state=s --conflict=overwrite --dry-run "$BATS_TEST_TMPDIR/more" 2>/dev/null
	q "$dst" 'DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, v text)'
	no_join 'the table was made anew' more
}

@test "a table that a crash would empty keeps no state, nor does one with such a partition" {
	bring
	stream more
	q "$dst" 'ALTER TABLE t SET UNLOGGED'
	no_join 'the state would outlive the rows: public.t is UNLOGGED' more
	assert_stderr_has 'ALTER TABLE public.t SET LOGGED'
	q "$dst" 'DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
		CREATE UNLOGGED TABLE "P 1" PARTITION OF t FOR VALUES FROM (0) TO (9)'
	portl-extract -d "$src" -t t >"$BATS_TEST_TMPDIR/all"
	no_join 'public."P 1" is UNLOGGED' all --reset-state
	q "$dst" "DROP SCHEMA ${ledger%.*} CASCADE"
	try portl-load -d "$dst" --state=s --conflict=overwrite "$BATS_TEST_TMPDIR/all"
	assert_status 5
	assert_eq "$(q "$dst" "TABLE t")" ''
	q "$dst" 'ALTER TABLE "P 1" SET LOGGED'
	portl-load -q -d "$dst" --state=s --conflict=overwrite "$BATS_TEST_TMPDIR/all"
	same_table "$src" t "$dst" t
}

@test "a stream that is cut, a dry run, a failure: rows and state are as they were" {
	bring
	q "$src" 'INSERT INTO t VALUES (6), (7)'
	before=$(word)
	bring --dry-run 2>/dev/null
	assert_eq "$(word)" "$before"
	stream whole
	head -c -50 "$BATS_TEST_TMPDIR/whole" >"$BATS_TEST_TMPDIR/cut"
	try portl-load -q -d "$dst" --state=s --conflict=overwrite "$BATS_TEST_TMPDIR/cut"
	assert_status 4
	assert_eq "$(word)" "$before"
	q "$dst" 'ALTER TABLE t ADD CHECK (id <> 7)'
	try portl-load -q -d "$dst" --state=s --conflict=overwrite "$BATS_TEST_TMPDIR/whole"
	assert_status 1
	assert_eq "$(word) $(q "$dst" 'SELECT count(*) FROM t')" "$before 5"
	fresh_db dry
	portl-extract -d "$src" -t t | portl-load -q -d "$dry" --create --state=s --conflict=overwrite --dry-run 2>/dev/null
	assert_eq "$(q "$dry" "SELECT to_regclass('$ledger') IS NULL AND to_regclass('t') IS NULL")" t
	portl-extract -d "$src" -t t | portl-load -q -d "$dry" --create --state=s --conflict=overwrite
	assert_eq "$(q "$dry" "SELECT target::regclass FROM $ledger")" t
}

@test "two first runs, two runs that go on, at once: one wins, the other is refused" {
	portl-extract -d "$src" -t t >"$BATS_TEST_TMPDIR/all"
	portl-load -d "$dst" --state=other --conflict=overwrite -q "$BATS_TEST_TMPDIR/all" # makes the ledger
	q "$dst" 'CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END$$;
		CREATE TRIGGER wait BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION wait(); DELETE FROM t'
	for turn in first next; do
		hold "$dst"
		for name in a b; do
			start $name portl-load -q -d "$dst" --state=s --conflict=overwrite "$BATS_TEST_TMPDIR/all"
		done
		wait_for postgres "(SELECT count(*) FROM pg_stat_activity WHERE datname = '$dst' AND application_name = 'portl-load'
			AND wait_event_type = 'Lock') = 2"
		release
		finish a
		a=$status
		[ $a -eq 0 ] || assert_stderr_has 'does not join'
		finish b
		[ $status -eq 0 ] || assert_stderr_has 'does not join'
		assert_eq "$((a + status))" 5
		q "$src" 'UPDATE t SET v = v || 1'
		stream all
	done
}

@test "batches: the position comes with the last; a run that was overtaken between them stops" {
	q "$src" 'INSERT INTO t SELECT i, i FROM generate_series(6, 100) i'
	bring --commit=batch --batch-size=10
	same_table "$src" t "$dst" t
	before=$(word)
	bring --commit=batch --batch-size=10 # without rows
	assert_eq "$(q "$dst" "SELECT runs FROM $ledger")" 2
	q "$src" "UPDATE t SET v = 'new'"
	before=$(word)
	stream slow -F ndjson
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	in=$BATS_TEST_TMPDIR/pipe start slow portl-load -q -d "$dst" --state=s --conflict=overwrite --commit=batch --batch-size=10
	exec {out}>"$BATS_TEST_TMPDIR/pipe"
	head -n 31 "$BATS_TEST_TMPDIR/slow" >&"$out" # three whole batches
	wait_for "$dst" "(SELECT count(*) FROM t WHERE v = 'new') = 30"
	assert_eq "$(word)" "$before"
	q "$src" "UPDATE t SET v = 'newer'"
	bring
	after=$(word)
	tail -n +32 "$BATS_TEST_TMPDIR/slow" >&"$out"
	exec {out}>&-
	finish slow
	assert_status 5
	assert_stderr_has 'another run has overtaken it'
	same_table "$src" t "$dst" t
	assert_eq "$(word)" "$after"
}

@test "killed before COMMIT and after it: the state is never ahead of the rows, nor behind" {
	bring
	q "$dst" 'CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END$$;
		CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()'
	q "$src" 'INSERT INTO t VALUES (6)'
	stream more
	before=$(word)
	hold "$dst"
	start load portl-load -q -d "$dst" --state=s --conflict=overwrite "$BATS_TEST_TMPDIR/more"
	backend_does "$dst" portl-load "query = 'COMMIT' AND $waits_for_lock"
	kill -KILL "$pid_load"
	terminate_backend "$dst" portl-load
	finish load
	release
	assert_eq "$(word) $(q "$dst" 'SELECT count(*) FROM t')" "$before 5"

	# COMMIT goes on at the server: whoever repeats the run is told.
	hold "$dst"
	start load portl-load -q -d "$dst" --state=s --conflict=overwrite "$BATS_TEST_TMPDIR/more"
	backend_does "$dst" portl-load "query = 'COMMIT' AND $waits_for_lock"
	kill -KILL "$pid_load"
	finish load
	release
	no_backends "$dst"
	if [ "$(q "$dst" 'SELECT count(*) FROM t')" = 6 ]; then
		no_join 'it has been loaded before' more
	else
		assert_eq "$(word)" "$before"
	fi
	bring
	same_table "$src" t "$dst" t
}

@test "the ledger: made where it may be, else the statements for one who may, and they suffice" {
	q "$dst" "CREATE ROLE ${dst}_r LOGIN; GRANT ALL ON t TO ${dst}_r; GRANT ALL ON SCHEMA public TO ${dst}_r"
	portl-extract -d "$src" -t t >"$BATS_TEST_TMPDIR/all"
	assert_eq "$(portl-load -d "$dst" -U "${dst}_r" --state=s --print-state)" none
	try portl-load -d "$dst" -U "${dst}_r" --state=s --conflict=overwrite "$BATS_TEST_TMPDIR/all"
	assert_status 5
	assert_stderr_has "role ${dst}_r may not make the ledger"
	sed -n 's/^\t//p' <<<"$stderr" >"$BATS_TEST_TMPDIR/ddl"
	psql -Xq -v ON_ERROR_STOP=1 -d "$dst" -f "$BATS_TEST_TMPDIR/ddl"
	portl-load -q -d "$dst" -U "${dst}_r" --state=s --conflict=overwrite "$BATS_TEST_TMPDIR/all"
	same_table "$src" t "$dst" t
	q "$dst" "REVOKE UPDATE ON $ledger FROM ${dst}_r"
	try portl-load -d "$dst" -U "${dst}_r" --state=s --conflict=overwrite "$BATS_TEST_TMPDIR/all"
	assert_status 5
	assert_stderr_has "role ${dst}_r may not use the ledger"
	[[ $(portl-load -d "$dst" -U "${dst}_r" --state=s --print-state) == 1:xmin:* ]] # SELECT will do
	q "$dst" "REVOKE ALL ON SCHEMA ${ledger%.*} FROM ${dst}_r"
	for what in '--print-state --state=s' --list-states; do
		# shellcheck disable=SC2086 # words
		try portl-load -d "$dst" -U "${dst}_r" $what
		assert_status 5
		assert_stderr_has "GRANT USAGE ON SCHEMA \"${ledger%.*}\" TO ${dst}_r"
	done
	q "$dst" "DROP OWNED BY ${dst}_r; DROP ROLE ${dst}_r"
}

@test "a set: each relation has its position, all in one transaction; what is new comes whole" {
	q "$src" 'CREATE TABLE a (id int PRIMARY KEY, v int); INSERT INTO a VALUES (1, 1); CREATE SEQUENCE seq'
	run_set()
	{
		portl-load -d "$dst" --state=s --print-state >"$BATS_TEST_TMPDIR/words"
		portl-extract -d "$src" --schema=public --since="@$BATS_TEST_TMPDIR/words" |
			portl-load -q -d "$dst" --state=s --conflict=overwrite --create "$@"
	}
	q "$dst" 'CREATE SEQUENCE seq'
	run_set
	q "$src" 'INSERT INTO a VALUES (2, 2); CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1)'
	run_set --summary="$BATS_TEST_TMPDIR/receipt"
	assert_eq "$(jq -c '[.relations[] | [.relation, .rows.read]]' "$BATS_TEST_TMPDIR/receipt")" \
		'[["public.a",1],["public.b",1],["public.seq",0],["public.t",0]]'
	assert_eq "$(jq -r .state.position "$BATS_TEST_TMPDIR/receipt")" "$(word)"
	assert_eq "$(q "$dst" "SELECT source, runs FROM $ledger ORDER BY 1" | tr '\n' ' ')" 'public.a|2 public.b|1 public.t|2 '
	for table in a b t; do
		same_table "$src" $table "$dst" $table
	done
	q "$src" 'DROP TABLE b; CREATE TABLE b (id int PRIMARY KEY); INSERT INTO a VALUES (3, 3)'
	try run_set
	assert_status 5
	assert_stderr_has 'public.b: the stream does not join'
	assert_eq "$(q "$dst" 'SELECT count(*) FROM a')" 2
}

@test "a relation that is called otherwise: a full run, and then on from there" {
	bring
	q "$src" 'ALTER TABLE t RENAME TO u; INSERT INTO u VALUES (6)'
	q "$dst" 'ALTER TABLE t RENAME TO u'
	portl-extract -d "$src" -t u >"$BATS_TEST_TMPDIR/all"
	portl-load -q -d "$dst" --state=s --reset-state --conflict=overwrite "$BATS_TEST_TMPDIR/all"
	for what in '-t u' --schema=public; do # the word of the former name is printed first
		q "$src" 'UPDATE u SET v = coalesce(v, $$$$) || 1 WHERE id = 6'
		# shellcheck disable=SC2086 # words
		portl-extract -d "$src" $what --since="$(word)" |
			portl-load -q -d "$dst" --state=s --conflict=overwrite
		same_table "$src" u "$dst" u
	done
}

@test "the keys of all rows go with what changed, and have no position of their own" {
	for i in 1 2 3; do
		portl-extract -d "$src" -t t --with-keys --since="$(word)" |
			portl-load -q -d "$dst" --state=s --conflict=overwrite --delete --summary="$BATS_TEST_TMPDIR/receipt"
		same_table "$src" t "$dst" t
		assert_eq "$(q "$dst" "SELECT source, runs FROM $ledger")" "public.t|$i"
		q "$src" "DELETE FROM t WHERE id = $i; UPDATE t SET v = 'x$i' WHERE id = 5"
	done
	assert_eq "$(jq -r .state.position "$BATS_TEST_TMPDIR/receipt")" "$(word)"
}

@test "portl run does all of it for a job with a state; portl state lists; portl check says what is wrong" {
	cat >"$BATS_TEST_TMPDIR/job.yaml" <<-EOF
		source: {database: $src, table: t}
		destination: {database: $dst, table: t}
		conflict: overwrite
		state: nightly
	EOF
	cd "$BATS_TEST_TMPDIR"
	portl run job.yaml
	q "$src" "INSERT INTO t VALUES (6, 'six')"
	portl run job.yaml --summary=receipt
	assert_eq "$(jq .rows.read receipt)" 1
	portl run job.yaml --dry-run 2>/dev/null
	assert_eq "$(portl state -d "$dst" | sed 's/  */ /g; s/ 00:00:[0-9]*/ AGE/')" \
		$'state relation into rows age runs\nnightly public.t public.t 1 AGE 2'
	for command in state runs; do
		try portl $command job.yaml
		assert_status 64
		assert_stderr_has 'unexpected argument "job.yaml": no stream is read'
	done
	for what in --state=s1 --truncate --conflict=skip --summary=f --dry-run --list-runs; do
		try portl state -d "$dst" $what
		assert_status 64
		assert_stderr_has "${what%=*} does not go with --list-states"
	done
	try portl runs -d "$dst" --summary=f
	assert_status 64
	try portl state -f job.yaml
	assert_status 0
	portl check job.yaml >/dev/null
	q "$src" 'ALTER TABLE t ADD n int DEFAULT 1'
	q "$dst" 'ALTER TABLE t ADD n int'
	for command in check run; do
		try portl $command job.yaml
		assert_status 5
		assert_stderr_has 'column "n" was added'
	done
	portl run job.yaml --reset-state
	same_table "$src" t "$dst" t
	portl run job.yaml --summary=receipt
	assert_eq "$(jq .rows.read receipt)" 0
	try portl run job.yaml --print-state
	assert_status 64
	assert_eq "$(compgen -G "${TMPDIR:-/tmp}/tmp.*/since" || :)" ''
}

@test "a job with a state, with_keys and delete brings what changed, removes what is gone, and is verified whole" {
	cat >"$BATS_TEST_TMPDIR/job.yaml" <<-EOF
		source: {database: $src, table: t, with_keys: true}
		destination: {database: $dst, table: t}
		conflict: overwrite
		delete: true
		max_delete: 30%
		state: nightly
	EOF
	cd "$BATS_TEST_TMPDIR"
	portl check job.yaml >/dev/null
	portl run job.yaml
	q "$src" "DELETE FROM t WHERE id = 2; UPDATE t SET v = 'x' WHERE id = 3; INSERT INTO t VALUES (7, 'seven')"
	try portl verify job.yaml
	assert_status 6
	portl run job.yaml --summary=receipt
	assert_eq "$(jq -c '.relations[0].rows | [.read, .inserted, .updated, .deleted]' receipt)" '[2,1,1,1]'
	same_table "$src" t "$dst" t
	portl verify job.yaml
	# too many: rows and state are as they were, and the next run has all of it again
	before=$(q "$dst" "SELECT position FROM $ledger")
	q "$src" "DELETE FROM t WHERE id IN (1, 3); INSERT INTO t VALUES (8, 'eight')"
	try portl run job.yaml
	assert_status 1
	assert_stderr_has 'more than --max-delete=30% lets be deleted'
	assert_eq "$(q "$dst" "SELECT position FROM $ledger")" "$before"
	assert_eq "$(q "$dst" 'SELECT count(*) FROM t WHERE id = 8')" 0
	portl run job.yaml --max-delete=100% --summary=receipt
	assert_eq "$(jq -c '.relations[0].rows | [.read, .deleted]' receipt)" '[1,2]'
	same_table "$src" t "$dst" t
}
