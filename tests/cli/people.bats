# What somebody does who uses Portl for the first time, with the mistakes that were made on
# the first tries: each message says what to do next, and that works.

load ../lib/common

setup()
{
	fresh_db src dst
	q "$src" "CREATE TABLE customers (id int PRIMARY KEY, name text);
		INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bob')"
	q "$dst" 'CREATE TABLE people (person_id int PRIMARY KEY, full_name text)'
}

copy()
{
	try_sh "portl-extract -d $src -t customers | portl-load -d $dst $1"
}

@test "the same copy twice: the hint names --conflict, and that is it" {
	copy --create
	assert_status 0
	copy --create
	assert_status 1
	assert_stderr_has 'duplicate key value'
	assert_stderr_has 'hint: A row with this key is in the table, or came before. Use --conflict'
	q "$src" "UPDATE customers SET name = 'Bea' WHERE id = 2"
	copy --conflict=overwrite
	assert_status 0
	same_table "$src" customers "$dst" customers
	copy --truncate
	assert_status 0
	same_table "$src" customers "$dst" customers
}

@test "a table with other columns: the reasons say how to drop and how to rename" {
	copy '-t people'
	assert_status 5
	assert_stderr_has "rename it with --map 'id=column'"
	copy '-t people --map id=person_id --map name=ful_name'
	assert_status 5
	assert_stderr_has 'the table has no column "ful_name"; perhaps "full_name"'
	copy '-t people --map id=person_id --map name=full_name'
	assert_status 0
	assert_eq "$(q "$dst" 'TABLE people ORDER BY 1')" $'1|Ada\n2|Bob'
}

@test "a table's name without -t: the message says what an argument is" {
	copy people
	assert_status 1
	assert_stderr_has 'could not open "people"'
	assert_stderr_has 'hint: The argument is a file to read; -t names the table.'
	try portl-extract -d "$src" customers
	assert_status 64
	assert_stderr_has '-t TABLE'
	try portl-load -d "$dst" -t people nothing.portl </dev/null
	assert_stderr_lacks hint
}

@test "misspelt: database, table, option" {
	try_sh "portl-extract -d no_such_db -t customers | portl-load -d $dst"
	assert_status 4
	assert_stderr_has 'upstream failed: '
	assert_stderr_has 'database "no_such_db" does not exist'
	try_sh "portl-extract -d $src -t custmers | portl-load -d $dst"
	assert_status 4
	assert_stderr_has 'relation "custmers" does not exist'
	copy --tabel=people
	assert_status 64
	assert_stderr_has 'Perhaps you meant --table'
}

@test "the two programs in the wrong order" {
	try_sh "portl-load -d $dst </dev/null | portl-extract -d $src -t customers >/dev/null"
	assert_stderr_has 'the input is empty'
	assert_stderr_has 'hint: portl-extract stands in front of portl-load'
}

@test "keys with capitals: the hint says how to name them" {
	try_sh "echo '{\"Person\":3}' | portl-load -d $dst -t people --bare --columns=Person -m Person=person_id"
	assert_status 4
	assert_stderr_has 'key "Person" is not one of the stream'
	assert_stderr_has 'hint: There is a column "person". Keys are exact; names on the command line fold'
	try_sh "echo '{\"Person\":3}' | portl-load -d $dst -t people --bare --columns='\"Person\"' -m '\"Person\"=person_id'"
	assert_status 0
	assert_eq "$(q "$dst" 'TABLE people')" '3|'
}

# told LINES COMMAND: on a terminal, the lines that it prints, all of load's.
told()
{
	run script -qec "$2" /dev/null
	assert_eq "${output//$'\r'/}" "$1"
}

@test "two programs on one terminal: what is wrong at the source is said once, with its hint" {
	local reason="portl-load: error: upstream failed: relation \"custmers\" does not exist in database \"$src\"
portl-load: hint: Perhaps you meant \"customers\"."

	told "$reason" "portl-extract -d $src -t custmers | portl-load -d $dst"
	cat >"$BATS_TEST_TMPDIR/job.yaml" <<-EOF
		source: {database: $src, table: custmers}
		destination: {database: $dst}
	EOF
	told "$reason" "portl run $BATS_TEST_TMPDIR/job.yaml"
	# where load's words go elsewhere, or may not come, extract says it
	for rest in "portl-load -d $dst 2>$BATS_TEST_TMPDIR/err" "cat >/dev/null"; do
		told "$(sed 's/load: error: upstream failed:/extract: error:/; s/portl-load/portl-extract/' <<<"$reason")" \
			"portl-extract -d $src -t custmers | $rest"
	done
	# the log has both
	told "$reason" "portl-extract -L $BATS_TEST_TMPDIR/log -d $src -t custmers | portl-load -d $dst -L $BATS_TEST_TMPDIR/log"
	[ "$(grep -c " error error: " "$BATS_TEST_TMPDIR/log")" = 2 ] || fail "$(<"$BATS_TEST_TMPDIR/log")"
}
