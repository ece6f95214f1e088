# CSV files as a source: what COPY … (FORMAT csv) would read, strictly, and what is
# shellcheck disable=SC2016,SC2059 # formats are put together here; $portl is the header's key
# refused with its place.

load ../lib/common

setup()
{
	fresh_db db
	cd "$BATS_TEST_TMPDIR" || return
}

# load_csv TEXT [OPTION...]: text (printf escapes) through the pipe into table t of
# three text columns.
load_csv()
{
	local text=$1

	shift
	q "$db" 'DROP TABLE IF EXISTS t; CREATE TABLE t (a text, b text, c text)'
	printf %b "$text" >in.csv
	portl-extract --csv in.csv "$@" 2>extract.err | portl-load -d "$db" -t t
}

# refuse TEXT WHERE-AND-WHY [OPTION...]: refused by both sides, the table left alone.
refuse()
{
	local text=$1 why=$2

	shift 2
	q "$db" 'DROP TABLE IF EXISTS t; CREATE TABLE t (a text, b text, c text)'
	printf %b "$text" >in.csv
	try_sh "portl-extract --csv in.csv $* 2>extract.err | portl-load -d $db -t t"
	assert_status 4
	assert_stderr_has "upstream failed: in.csv:$why"
	grep -qF "error: in.csv:$why" extract.err || fail "extract said: $(cat extract.err)"
	assert_eq "$(q "$db" 'SELECT count(*) FROM t')" 0
	try portl-extract --csv in.csv "$@" -o out
	assert_status 1
	[ ! -e out ]
}

# as_copy TEXT: the table holds what COPY makes of the same file.
as_copy()
{
	load_csv "$1"
	q "$db" 'DROP TABLE IF EXISTS u; CREATE TABLE u (a text, b text, c text)'
	q "$db" "\\copy u from 'in.csv' (format csv, header)"
	same_table "$db" t "$db" u
}

@test "fields, quotes, NULL and the empty text are COPY's" {
	as_copy 'a,b,c\n1,2,3\n'
	as_copy 'a,b,c\n,"",x\n"","",\n,,\n'
	as_copy 'a,b,c\n"q ""x""","a,b","""\n'"'"'"""\n'
	as_copy 'a,b,c\n"two\nlines","\r\n","\n\n"\n'
	as_copy 'a,b,c\n  a , b,c  \n'
	as_copy 'a,b,c\nNULL,\\N,\\.\nnull,\\,\\\\\n'
	as_copy 'a,b,c\n\t,\v\b,\f\n'
	as_copy 'a,b,c\né,€,😀\n'
	as_copy 'a,b,c\r\n1,2,3\r\n"4\r\n",,\r\n'
	as_copy 'a,b,c\r1,2,3\r"4\r",,\r'
	as_copy 'a,b,c\n1,2,3\n'
}

@test "a last line without its end is refused, for it may be cut, unless --bare" {
	local cut text rows

	refuse 'a,b,c\n1,2,"3"' '2: the last line has no line end, it may have been cut'
	grep -q -e 'echo; }.*--bare' extract.err
	refuse 'a,b,c\r1,2,3' '2: the last line has no line end'
	refuse 'a,b,c' '1: the last line has no line end'
	printf 'a,b\n"x\ny",2\r\n,345\n' >whole.csv
	portl-extract --csv whole.csv -F ndjson --bare >whole
	for ((cut = 1; cut < 19; cut++)); do
		head -c "$cut" whole.csv >in.csv
		try portl-extract --csv in.csv -F ndjson
		rows=$(grep -v '^{"$portl"' <<<"$output" || true)
		[[ $(cat whole) == "$rows"* ]] || fail "cut at $cut: $rows"
		if [ "$status" -eq 0 ]; then
			assert_eq "$(tail -c 1 in.csv)" ''
		else
			[[ $output != *'"end":true'* ]] || fail "cut at $cut passes for whole"
		fi
	done
	for text in 'a,b\n1,345' 'a,b\n1,345\n'; do
		printf "$text" >in.csv
		try portl-extract --csv in.csv -F ndjson --bare
		assert_status 0
		assert_eq "$output" '{"a":"1","b":"345"}'
	done
}

@test "a byte order mark is dropped, line ends may be mixed LF and CRLF" {
	load_csv '\xef\xbb\xbfa,b,c\r\n1,2,3\n4,5,6\r\n'
	assert_eq "$(q "$db" 'SELECT count(*), sum(a::int) FROM t')" '2|5'
}

@test "blank lines: a NULL in a file of one column, else nothing" {
	load_csv '\n\na,b,c\n\n1,2,3\n\r\n\n4,5,6\n\n'
	assert_eq "$(q "$db" 'SELECT count(*) FROM t')" 2
	load_csv 'a\n1\n\n""\n\n'
	assert_eq "$(q "$db" "SELECT count(*), count(*) FILTER (WHERE a IS NULL),
		count(*) FILTER (WHERE a = '') FROM t")" '4|2|1'
	q "$db" 'CREATE TABLE one (a text)'
	q "$db" "\\copy one from 'in.csv' (format csv, header)"
	same_table "$db" one "$db" t a
}

@test "columns go by name, in any order, also chosen ones" {
	load_csv 'c,a\n3,1\n'
	assert_eq "$(q "$db" 'TABLE t')" '1||3'
	load_csv 'a,b,c\n1,2,3\n' --header=yes --columns c,a
	assert_eq "$(q "$db" 'TABLE t')" '1||3'
	load_csv 'a,b,c\n1,2,3\n' --exclude-columns b
	assert_eq "$(q "$db" 'TABLE t')" '1||3'
	try_sh "printf 'a,b,c\n1,,\"\"\n4,5,6\n' | portl-extract --csv - --header=yes --columns c,b,a | portl-load --csv -"
	assert_eq "$output" $'c,b,a\n"",,1\n6,5,4'
}

@test "--columns names the columns of a file without a header line" {
	load_csv '1,2,3\n4,5,6\n' --columns a,b,c
	assert_eq "$(q "$db" 'SELECT sum(b::int) FROM t')" 7
	load_csv 'a,b,c\n' --columns a,b,c --header=no
	assert_eq "$(q "$db" 'TABLE t')" 'a|b|c'
	load_csv '' --columns a,b,c
	assert_eq "$(q "$db" 'SELECT count(*) FROM t')" 0
	refuse 'A,c,b\n1,2,3\n' '1: this looks like a header line' --columns a,b,c
	refuse 'a,b,c,d\n1,2,3,4\n' '1: byte 7: the row has more than 3 fields' --columns a,b,c
	grep -q -e '--header=yes' extract.err
}

@test "--delimiter, --quote and --null are COPY's" {
	load_csv "a;b;c\n'x;y';NA;'NA'\n;'it''s';\n" '--delimiter=;' "--quote='" --null=NA
	q "$db" 'CREATE TABLE u (a text, b text, c text)'
	q "$db" "\\copy u from 'in.csv' (format csv, header, delimiter ';', quote '''', null 'NA')"
	same_table "$db" t "$db" u
	load_csv 'a\tb\tc\n1\t2,3\t\n' '--delimiter=\t'
	assert_eq "$(q "$db" 'SELECT a, b, c IS NULL FROM t')" '1|2,3|t'
}

@test "a file with another delimiter than the one named draws a warning" {
	printf 'a;b\n1,5;2\n' >in.csv
	try portl-extract -v --csv in.csv -o out
	assert_status 1
	assert_stderr_has "a single column, called \"a;b\"; if it is several, say --delimiter=';'"
	printf 'a\tb\n1\t2\n' >in.csv
	try portl-extract -v --csv in.csv -o out
	assert_stderr_has "say --delimiter='\\t'"
	try portl-extract --csv in.csv '--delimiter=\t' -o out
	assert_silent
}

@test "other encodings arrive as UTF-8" {
	load_csv 'a,b,c\n\xe9,\xa3,\xff\n' --encoding=LATIN1
	assert_eq "$(q "$db" 'TABLE t')" 'é|£|ÿ'
	load_csv 'a,b,c\n\x80,\x9c,\xe9\n' --encoding=WIN1252
	assert_eq "$(q "$db" 'TABLE t')" '€|œ|é'
	load_csv 'a,b,c\n\xa4\xa2,x,y\n' --encoding=EUC_JP
	assert_eq "$(q "$db" 'TABLE t')" 'あ|x|y'
	load_csv 'a,b,c\n1,2,a\xec\n1,2,A\n' --encoding=WIN1258 # the accent is a byte of its own
	assert_eq "$(q "$db" "SELECT string_agg(c, '|') FROM t")" $'a\u0301|A' # as convert_from() has it
	printf 'a,b,c\n1,é😀,2\n' | iconv -t UTF-16 >wide.csv
	q "$db" 'TRUNCATE t'
	try_sh "portl-extract --csv wide.csv --encoding=UTF-16 | portl-load -d $db -t t"
	assert_status 0
	assert_eq "$(q "$db" 'TABLE t')" '1|é😀|2'
}

@test "a file of several blocks in a wide encoding is converted at every offset" {
	seq -f 'é%gの,b,c' 1 60000 >rows
	{ echo 'a,b,c'; cat rows; } | iconv -t UTF-16LE >wide.csv
	portl-extract --csv wide.csv --encoding=UTF-16LE | portl-load --csv narrow.csv
	tail -n +2 narrow.csv | cmp - rows
}

@test "ragged rows are refused with their line" {
	refuse 'a,b,c\n1,2,3\n1,2\n' '3: the row has 2 fields where 3 are expected'
	refuse 'a,b,c\n1,2,3,4\n' '2: byte 7: the row has more than 3 fields'
	refuse 'a,b,c\n"1\n2\n3",2,3\n \n' '5: the row has 1 field where 3 are expected'
	refuse 'a,b,c\n1,2,3\n"1\n2",x\n' '3: the row has 2 fields where 3 are expected'
}

@test "broken quotes are refused with line and byte" {
	refuse 'a,b,c\n1,2,"3\n' '2: a quoted field is not closed before the file ends'
	refuse 'a,b,c\n1,"2\n3' '2: a quoted field is not closed before the file ends'
	refuse 'a,b,c\n"1"x,2,3\n' '2: byte 4: the field goes on behind its closing quote'
	refuse 'a,b,c\n1,2,3\n"1" ,2,3\n' '3: byte 4: the field goes on behind its closing quote'
	refuse 'a,b,c\n1,x"y",3\n' '2: byte 4: a quote inside a field that does not begin with one'
}

@test "bytes that are no text are refused with line and byte" {
	refuse 'a,b,c\n1,2,3\n1,caf\xe9,3\n' '3: byte 6: byte 0xe9 is not valid in UTF8'
	grep -q -e '--encoding=LATIN1' extract.err
	refuse 'a,b,c\n"1\n2\xc0\xaf",2,3\n' '3: byte 2: byte 0xc0 is not valid in UTF8'
	refuse 'a,b,c\n1,2,3\n1,\000,3\n' '3: byte 3: a NUL byte'
	refuse '\xff\xfea\000,\000b\000\n\000' '1: byte 1: byte 0xff is not valid in UTF8'
	refuse 'a,b,c\n1,2,\xe2\x82' '2: byte 5: the input ends inside a character'
	refuse 'a,b,c\n1,\xa4,3\n' '2: byte 3: byte 0xa4 is not valid in EUC_JP' --encoding=EUC_JP
	refuse 'a,b,c\n1,\000,3\n' '2: byte 3: a NUL byte' --encoding=LATIN1
}

@test "stray line ends are refused" {
	refuse 'a,b,c\n1,2\r3,4\n' '2: byte 4: a carriage return that no line feed follows'
	refuse 'a,b,c\n1,2,3\r' '2: byte 6: a carriage return that no line feed follows'
	refuse 'a,b,c\r1,2,3\n' '2: byte 6: a line feed outside quotes'
}

@test "names that cannot be matched are refused" {
	refuse 'a,b,a\n1,2,3\n' '1: columns 1 and 3 are both called "a"'
	refuse 'a,,c\n1,2,3\n' '1: byte 4: column 2 has no name in the header line'
	refuse '' ' the file is empty'
	try portl-extract --csv in.csv --exclude-columns x
	assert_stderr_has 'the file is empty'
	printf 'Id,b\n1,2\n' >in.csv
	try_sh 'portl-extract --csv in.csv --header=yes --columns id >/dev/null'
	assert_status 64
	assert_stderr_has 'the file has no column "id"'
	assert_stderr_has "hint: Perhaps you meant '\"Id\"'"
	try_sh 'portl-extract --csv in.csv --exclude-columns b,"\"Id\"" >/dev/null'
	assert_status 64
	assert_stderr_has 'no column is left'
}

@test "a value that the target cannot read fails with row and column" {
	q "$db" 'CREATE TABLE n (id int, d date)'
	printf 'id,d\n1,2024-01-01\n2,tomorrow-ish\n' >in.csv
	try_sh "portl-extract --csv in.csv | portl-load -d $db -t n"
	assert_status 1
	assert_stderr_has 'stdin:2: column "d": invalid input syntax for type date: "tomorrow-ish"'
	assert_eq "$(q "$db" 'SELECT count(*) FROM n')" 0
}

@test "--infer and --create just work" {
	cat >trips.csv <<-'CSV'
		id,fare,km,day,started,ended,rider,extra,paid,zip,note,nothing
		1,12.50,1e3,2024-02-29,2024-02-29 10:00:00,2024-02-29T10:30:00+01,0d0e1f20-0000-4000-8000-000000000001,"{""a"": [1]}",true,01234,"",
		-2,7,NaN,1999-12-31,2024-02-29 10:00,1999-12-31 00:00:00Z,0D0E1F20-0000-4000-8000-000000000002,[],false,99999,x,
	CSV
	try_sh "portl-extract --csv trips.csv --infer | portl-load -d $db -t trips --create"
	assert_status 0
	assert_eq "$(q "$db" "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = 'trips'::regclass AND attnum > 0")" \
		'id bigint, fare numeric, km double precision, day date, started timestamp without time zone, ended timestamp with time zone, rider uuid, extra jsonb, paid boolean, zip text, note text, nothing text'
	assert_eq "$(q "$db" 'SELECT id, fare, km, zip, note, paid, extra FROM trips ORDER BY id')" \
		$'-2|7|NaN|99999|x|f|[]\n1|12.50|1000|01234||t|{"a": [1]}'
	assert_eq "$(q "$db" "SELECT count(*) FROM trips WHERE nothing IS NULL AND note IS NOT NULL")" 2
}

@test "--infer looks at the first 1,000 rows, and a later row that does not fit stops all" {
	local late

	for late in x 007 ' 7' 1.5; do # the server would take the middle ones
		{ echo id; seq 1 1000; seq 2001 100000; echo "$late"; } >in.csv
		try_sh "portl-extract --csv - --infer <in.csv | portl-load -d $db -t late --create"
		assert_status 4
		assert_stderr_has 'upstream failed: stdin:99002: byte 1: column "id": the value is not of the inferred type bigint'
		assert_eq "$(q "$db" "SELECT to_regclass('late') IS NULL")" t
	done
	{ echo id; seq 1 999; echo x; } >in.csv
	portl-extract --csv in.csv --infer | portl-load -d "$db" -t late --create
	assert_eq "$(q "$db" 'SELECT count(*), min(id) FROM late')" '1000|1'
}

@test "--limit takes the first rows and does not look at the rest" {
	load_csv 'a,b,c\n1,2,3\n4,5,6\n7,"8\n' --limit=2
	assert_eq "$(q "$db" 'SELECT sum(a::int) FROM t')" 5
	load_csv 'a,b,c\n1,"2\n' --limit=0
	assert_eq "$(q "$db" 'SELECT count(*) FROM t')" 0
}

@test "-t names the relation of the stream, no server is asked" {
	q "$db" 'CREATE TABLE orders (id int)'
	printf 'id\n7\n' >in.csv
	try_sh "PGHOST=/nowhere PORTL_SOURCE='host=/nowhere' portl-extract --csv in.csv -t orders --summary=x.json | portl-load -d $db"
	assert_status 0
	assert_eq "$(q "$db" 'TABLE orders')" 7
	assert_eq "$(jq -c '[.relation, .rows.read]' x.json)" '["orders",1]'
	try_sh "portl-extract --csv in.csv | portl-load -d $db"
	assert_status 64
	assert_stderr_has 'does not name a table'
}

@test "compressed files, dry runs and huge fields" {
	printf 'a,b,c\n1,2,3\n' | zstd -q >in.csv.zst
	try_sh "portl-extract --csv in.csv.zst | portl-load --csv -"
	assert_eq "$output" $'a,b,c\n1,2,3'
	try_sh "portl-extract --csv in.csv.zst --dry-run | portl-load --csv -"
	assert_status 0
	assert_eq "$output" ''
	{ printf 'a,b\n"'; head -c 9000000 /dev/zero | tr '\0' '"'; printf '",x\n'; } >in.csv
	portl-extract --csv in.csv | portl-load --csv out.csv
	cmp in.csv out.csv
}

@test "compressed files that cannot be read: gzip, ZIP, and damaged zstd" {
	printf 'PK\003\004\024\000\000\000' >sheet.xlsx
	try portl-extract --csv sheet.xlsx -o out
	assert_status 1
	assert_stderr_has 'sheet.xlsx: the file is a ZIP archive, as .xlsx and .ods are'
	printf 'a\n1\n' | gzip >in.csv.gz
	for encoding in UTF8 LATIN1; do
		try portl-extract --csv in.csv.gz --encoding=$encoding -o out
		assert_status 1
		assert_stderr_has 'in.csv.gz: the file is compressed with gzip'
		assert_stderr_has 'gunzip'
	done
	printf 'a\n1\n' | zstd -q | head -c 15 >in.csv.zst
	try portl-extract --csv in.csv.zst -o out
	assert_status 1
	assert_stderr_has 'in.csv.zst: the zstd data are cut off'
}

@test "more columns than a stream can have are refused" {
	seq -s , 32768 >in.csv
	try portl-extract --csv in.csv -o out
	assert_status 1
	assert_stderr_has 'byte 185497: more than the 32767 columns that a stream can have'
}

@test "memory does not grow with the rows" {
	needs_own_memory
	{ echo a,b,c; yes '123456,"some, text",2024-01-01' | head -n 1000000; } >in.csv
	try_sh 'ulimit -v 45000; portl-extract --csv in.csv --infer -o out'
	assert_status 0
}

@test "rows of a slow writer are passed on, and a reader that goes away ends it all" {
	local extract

	mkfifo in out
	portl-extract --csv in --bare -o - >out 2>err 3>&- &
	extract=$!
	exec 9<out 8>in # the order in which the other side opens them
	printf 'a\n~\n' >&8
	IFS= read -r -d '~' -t 10 _ <&9 2>/dev/null # it comes although the input is open
	exec 9<&-
	wait_until 5 bash -c "! kill -0 $extract 2>/dev/null"
	try wait "$extract"
	assert_status 141
	exec 8>&-
}

@test "options that do not go together are refused" {
	local option words

	for option in '-c SELECT' '--query-file=x' '--where=true' '--enable-row-security' '-d x' \
		'-h x' '-p 1' '-U x' -w -W '--lock-wait-timeout=1' '--values=binary'; do
		read -ra words <<<"$option"
		try portl-extract --csv in.csv "${words[@]}"
		assert_status 64
		assert_stderr_has 'does not go with --csv'
	done
	for option in --header=yes --infer --delimiter=x --quote=x --null=x --encoding=LATIN1; do
		try portl-extract -t t "$option"
		assert_status 64
		assert_stderr_has 'needs --csv'
	done
	try portl-extract --csv in.csv --header=no
	assert_status 64
	try portl-extract --csv in.csv --delimiter=ab
	assert_status 64
	printf 'a\n' >in.csv
	try_sh 'portl-extract --csv in.csv --encoding=KLINGON >/dev/null'
	assert_status 64
	assert_stderr_has 'there is no encoding "KLINGON"'
	try_sh 'portl-extract --csv missing.csv >/dev/null'
	assert_status 1
	assert_stderr_has 'could not open "missing.csv"'
}

@test "text that no server wrote means what it means to the role" {
	q "$db" 'CREATE TABLE t (i interval, a text[])'
	q "$db" "DO \$\$ BEGIN EXECUTE format('ALTER DATABASE %I SET IntervalStyle = sql_standard',
		current_database()); EXECUTE format('ALTER DATABASE %I SET array_nulls = off',
		current_database()); END \$\$"
	printf 'i,a\n-1 2:03:04,{NULL}\n' >in.csv
	echo '{"i":"-1 2:03:04","a":"{NULL}"}' >in.ndjson
	portl-extract --csv in.csv | portl-load -d "$db" -t t
	portl-load -d "$db" -t t --bare in.ndjson
	portl-extract --csv in.csv | portl-load -d "$db" -t t --conflict=fail --commit=batch -b 1
	assert_eq "$(q "$db" "SELECT count(*) FROM t WHERE extract(epoch FROM i) = -93784
		AND a[1] = 'NULL'")" 3
	# between two such streams, one that a server wrote
	q "$db" "CREATE TABLE u (i interval, a text[]); INSERT INTO u VALUES
		(make_interval(days => -1, hours => 2), ARRAY[NULL::text]); TRUNCATE t"
	portl-extract --csv in.csv >in
	portl-extract -d "$db" -t u --values=text >>in
	portl-extract --csv in.csv >>in
	portl-load -d "$db" -t t --streams=3 in
	assert_eq "$(q "$db" "SELECT count(*) FILTER (WHERE extract(epoch FROM i) = -93784
		AND a[1] = 'NULL'), count(*) FILTER (WHERE extract(epoch FROM i) = -79200
		AND a[1] IS NULL) FROM t")" '2|1'
}

@test 'what the server refuses is told with its line in the file' {
	q "$db" 'CREATE TABLE l (a int PRIMARY KEY, b text)'
	# at FILE-CONTENT EXTRACT-OPTIONS LOAD-OPTIONS ROW LINE
	at()
	{
		printf "$1" >in.csv
		try_sh "portl-extract --csv in.csv $2 | portl-load -d $db -t l $3"
		assert_status 1
		assert_stderr_has "error: stdin:$4: "
		assert_stderr_has "In the file \"in.csv\" the row is at line $5, or behind it"
	}
	at 'a,b\n1,x\n2,y\nz,z\n' '' '' 3 4
	assert_stderr_has 'column "a": invalid input syntax'
	at 'a,b\n1,x\n2,y\nz,z\n' '-F ndjson' '' 3 4
	at '1,x\nz,z\n' '--columns=a,b' '' 2 2
	at 'sep=;\n"a";b\n1;x\nz;z\n' '' '' 2 4
	at 'a,"b\nb"\nz,z\n' '' '-m "\"b
b\"=b"' 1 3
	at 'a,b\n1,x\nz,"y\n"\n' '' '--conflict=skip --commit=batch --batch-size=1' 2 3
	q "$db" 'TRUNCATE l'
	# who has edited rows may have moved them, and what is no file has no lines
	try_sh "portl-extract --csv in.csv -F ndjson | portl-load -d $db -t l --edited"
	assert_status 1
	assert_stderr_lacks 'In the file'
	try_sh "echo '{\"a\":\"z\"}' | portl-load -d $db -t l --bare"
	assert_status 1
	assert_stderr_lacks 'In the file'
}
