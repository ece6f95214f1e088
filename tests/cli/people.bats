# What somebody does who uses Portl for the first time, with the mistakes that were made on
# the first tries: each message says what to do next, and that works.

load ../lib/common

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
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

@test "the same copy twice where values are cast: the hint is the same one" {
	q "$dst" 'CREATE TABLE customers (id bigint PRIMARY KEY, name text)'
	copy
	assert_status 0
	copy
	assert_status 1
	assert_stderr_has 'hint: A row with this key is in the table, or came before. Use --conflict'
	copy --conflict=overwrite
	assert_status 0
}

@test "many rows are refused: a mail has the first reasons, and how many more there are" {
	local send="portl-extract -d $src -c 'SELECT generate_series(1, 160) AS id'"
	local load="portl-load -d $dst -t t --rejects=$BATS_TEST_TMPDIR/rejects"

	q "$dst" 'CREATE TABLE t (id int CHECK (id > 150))'
	try_sh "$send | $load"
	assert_status 3
	assert_eq "$(grep -c ': rejected: ' <<<"$stderr")" 100
	assert_stderr_has 'warning: 50 more rows are rejected; -v prints the reason of each, -L FILE logs it'
	try_sh "$send | $load -v"
	assert_eq "$(grep -c ': rejected: ' <<<"$stderr")" 150
	assert_stderr_lacks 'more rows are'
	try_sh "$send | $load -L $BATS_TEST_TMPDIR/log"
	assert_eq "$(grep -c ' warning reject: ' "$BATS_TEST_TMPDIR/log")" 150
	assert_stderr_has '50 more rows are rejected; the log has the reason of each'
	try_sh "$send | $load --log-format=json"
	assert_eq "$(jq -r .event <<<"$stderr" | grep -cx reject)" 150
	try_sh "$send | $load -q"
	assert_eq "$stderr" ''
}

@test "a set: what cannot be is said with the option that a set has for it" {
	q "$src" 'CREATE SCHEMA more; CREATE TABLE more.t (id int PRIMARY KEY); CREATE SEQUENCE number'
	try_sh "portl-extract -d $src --schema=more | portl-load -d $dst --create"
	assert_status 5
	assert_stderr_has 'schema "more" does not exist; create it, or name another with --into-schema'
	try_sh "portl-extract -d $src -t more.t | portl-load -d $dst --create"
	assert_stderr_has 'name another with -t'
	try_sh "portl-extract -d $src --schema=public | portl-load -d $dst --create"
	assert_status 5
	assert_stderr_has 'leave it out with --exclude-table of portl-extract'
	try_sh "portl-extract -d $src --schema=public --exclude-table=number | portl-load -d $dst --create"
	assert_status 0
	try_sh "portl-extract -d $src -t customers --with-keys | portl-load -d $dst -t people"
	assert_status 5
	assert_stderr_has 'hint: Of a set, -t picks a relation by its own name, and --into-schema says where it goes'
	try_sh "portl-extract -d $src -t customers --with-keys | portl-load -d $dst -t customer"
	assert_stderr_has 'by its own name, perhaps "customers", and'
}

@test "--key in capitals: the message says how to write it" {
	q "$dst" 'CREATE TABLE t ("Id" int PRIMARY KEY, name text)'
	try_sh "portl-extract -d $src -t customers | portl-load -d $dst -t t --map 'id=\"Id\"' --conflict=skip --key=Id"
	assert_status 5
	assert_stderr_has "the table has no column \"id\"; perhaps --key '\"Id\"'"
	try_sh "portl-extract -d $src -t customers | portl-load -d $dst -t t --map 'id=\"Id\"' --conflict=skip --key '\"Id\"'"
	assert_status 0
}

@test "--since of a command that has failed, and help of help" {
	try_sh "portl-extract -d $src -t customers --since= >/dev/null"
	assert_status 64
	assert_stderr_has '--since: that is no position: it is empty, as if what should print it had failed'
	try portl help help
	assert_status 0
	assert_eq "$output" "$(portl --help)"
}

# shellcheck disable=SC2016 # nothing is meant to expand
@test "SQL of one's own: the message shows the words that the server stands at" {
	try portl-extract -d "$src" -c $'SELECT id,\n       \'Ж\' AS x\n  FROM customers\n WHERE nme = 1\n   AND true' -o s
	assert_status 1
	assert_stderr_has 'error: column "nme" does not exist'
	assert_stderr_has 'detail: In `WHERE nme = 1`, from `nme = 1` on.'
	try portl-extract -d "$src" -t customers --where 'id = 1 andd true' -o s
	assert_stderr_has 'In `id = 1 andd true`, from `andd true` on.'
	try portl-extract -d "$src" -c 'SELECT 1 /*' -o s
	assert_stderr_has 'detail: In `SELECT 1 /*`, from `/*` on.'
	try portl-extract -d "$src" -c 'DELETE FROM customers' -o s
	assert_status 1
	assert_stderr_has 'hint: Only what reads rows can be sent'
}

@test "a receipt that cannot be written is said once" {
	try portl-extract -d "$src" -t customers --summary="$BATS_TEST_TMPDIR/none/receipt" -o s
	assert_status 1
	assert_eq "$(grep -c error: <<<"$stderr")" 1
	assert_stderr_has 'none/receipt": No such file or directory'
}

@test "a comparison is not told to alter the table" {
	q "$dst" 'CREATE TABLE customers (id int PRIMARY KEY)'
	copy --verify
	assert_status 5
	assert_stderr_has "drop it with --map 'name='"
	assert_stderr_lacks 'ALTER TABLE'
	copy ''
	assert_stderr_has 'hint: This would help: --add-columns, or ALTER TABLE'
}

@test "--via names what is not there: the message says that it is not" {
	copy --create
	try portl run --via='./nothing host' --parts=2 -d "$src" -t customers -- -d "$dst" --conflict=overwrite
	assert_status 127
	assert_stderr_has 'portl: error: could not run ./nothing: No such file or directory'
}

@test "sheets: another delimiter, names with capitals; the hint works" {
	q "$dst" 'CREATE TABLE contacts (id int PRIMARY KEY, e_mail text)'
	printf 'id;e_mail\n1;a\n' >semi.csv
	printf 'ID,E-Mail\n2,b\n' >capitals.csv
	try_sh "portl-extract --csv=semi.csv | portl-load -d $dst -t contacts"
	assert_status 5
	assert_stderr_has "hint: If it is several columns, say so to portl-extract: --delimiter=';'"
	assert_stderr_lacks '--add-columns'
	portl-extract --csv=semi.csv --delimiter=';' | portl-load -d "$dst" -t contacts
	try_sh "portl-extract --csv=capitals.csv | portl-load -d $dst -t contacts"
	assert_status 5
	assert_stderr_has 'column "E-Mail" is not in the table, which has "e_mail"; use --names=loose'
	assert_stderr_lacks '--add-columns'
	portl-extract --csv=capitals.csv | portl-load -d "$dst" -t contacts --names=loose
	assert_eq "$(q "$dst" 'TABLE contacts ORDER BY 1')" $'1|a\n2|b'
}

@test "what other tools would understand: the hint has the words for it" {
	local hint command

	portl-extract -d "$src" -t customers -o stream
	while IFS='|' read -r hint command; do
		try_sh "$command"
		[[ $status -ne 0 && $stderr == *"hint: $hint"* ]] || show_run "$command" || return
	done <<-END
		A job says in YAML|portl-load -d $dst -f stream
		A job says in YAML|portl run stream
		A job says in YAML|portl-extract -d $src -t customers -f new.dump
		A job is run with "portl run stream"|portl stream
		Rows that are there are removed first with --truncate|portl-load -d $dst --clean stream
		Rows are all that is sent|portl-extract -d $src -t customers --data-only
		Several pipes at once are portl run -j N|portl-load -d $dst --jobs=4 stream
		Each relation has a -t of its own|portl-extract -d $src -t customers,people -o two
		A CSV file is written whole, and without a database; portl-extract --csv=FILE reads one|portl-load -d $dst --csv=a.csv
		A CSV file is read without a database, and all of it; portl-load --csv=FILE writes one|portl-extract -d $src --csv=a.csv
	END
	printf 'target: {database: x}\n' >job.yaml
	try portl run job.yaml
	assert_status 78
	assert_stderr_has 'That is said by "destination" in a job.'
	try portl state -d "$dst"
	assert_status 0
	assert_eq "$output" 'state  relation  into  rows  age  runs'
}

@test "how much is said is about both programs, in front of --" {
	try portl run -v -d "$src" -t customers -- -d "$dst" --create
	assert_status 0
	assert_stderr_has 'portl-extract: connected to'
	assert_stderr_has 'portl-load: connected to'
	try portl run -q -d "$src" -t customers -- -q -d "$dst" --conflict=skip
	assert_status 0
	assert_eq "$stderr" ''
	script -qec "portl run -q -j 2 -d $src -t customers -- -d $dst --conflict=overwrite" typed >/dev/null
	assert_eq "$(sed '/^Script /d' typed)" ''
	script -qec "portl run -j 2 -d $src -t customers -- -d $dst --conflict=overwrite" typed >/dev/null
	assert_eq "$(grep -c committed typed)" 1
}
