# CSV files as people's programs write them: numbers and dates of their country, a line
# shellcheck disable=SC1003 # backslashes are meant
# that names the delimiter, a delimiter at the end of each line, other escapes.

load ../lib/common

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# rows TEXT [OPTION...]: text (printf escapes) as bare NDJSON in $output.
rows()
{
	local text=$1

	shift
	printf %b "$text" >in.csv
	try portl-extract --csv in.csv -F ndjson --bare "$@"
}

# refuse WHERE-AND-WHY TEXT [OPTION...]
refuse()
{
	local why=$1

	shift
	rows "$@"
	assert_status 1
	assert_stderr_has "in.csv:$why"
}

@test "--decimal reads numbers of the country, in columns of numbers only" {
	local text='id;price;version\n1;1.234,50;1.234\n2;-5;x\n3;0,5;2.0\n'

	rows "$text" --delimiter=';' --infer --decimal=,
	assert_status 0
	assert_eq "$output" '{"id":1,"price":1234.50,"version":"1.234"}
{"id":2,"price":-5,"version":"x"}
{"id":3,"price":0.5,"version":"2.0"}'
	rows 'n\n"1,234.5"\n7\n' --infer --decimal=.
	assert_eq "$output" $'{"n":1234.5}\n{"n":7}'
	rows 'n;m\n1,5;1,5\n1.5;NaN\n' --delimiter=';' --infer --decimal=, # 1.5 is no German number
	assert_eq "$output" $'{"n":"1,5","m":1.5}\n{"n":"1.5","m":"NaN"}'
	rows "$text" --decimal=,
	assert_status 64
	assert_stderr_has '--decimal needs --infer'
}

@test "--decimal and --date-order go on behind the sample, and refuse what they cannot read" {
	{ printf 'n;d\n'; yes '1.000,5;31.12.2024' | head -n 1500; } >in.csv
	try portl-extract --csv in.csv -F ndjson --bare --delimiter=';' --infer --decimal=, --date-order=dmy
	assert_status 0
	assert_eq "$(sort -u <<<"$output")" '{"n":1000.5,"d":"2024-12-31"}'
	echo '1000.5;31.12.2024' >>in.csv
	try portl-extract --csv in.csv -F ndjson --bare --delimiter=';' --infer --decimal=, --date-order=dmy
	assert_status 1
	assert_stderr_has 'in.csv:1502: byte 1: column "n": the value is not of the inferred type numeric'
}

@test "a column without a value in the sample is neither number nor text to --decimal" {
	{ printf 'a;n\n'; yes '1;' | head -n 1000; echo '1;1.234'; } >in.csv
	try portl-extract --csv in.csv -F ndjson --bare --delimiter=';' --infer --decimal=,
	assert_status 1
	assert_stderr_has 'in.csv:1002: byte 3: column "n": a number or date, or text?  The first rows have no value'
	try portl-extract --csv in.csv -F ndjson --bare --delimiter=';' --infer
	assert_status 0
}

@test "--date-order says which part of a date is which" {
	rows 'd,t\n1/2/2024,1.2.2024 9:05\n' --infer --date-order=dmy
	assert_eq "$output" '{"d":"2024-02-01","t":"2024-02-01 09:05"}'
	rows 'd\n1/2/2024\n' --infer --date-order=mdy
	assert_eq "$output" '{"d":"2024-01-02"}'
	rows 'd\n2024/1/2\n' --infer --date-order=ymd
	assert_eq "$output" '{"d":"2024-01-02"}'
	rows 'd\n31/12/2024\n' --infer --date-order=mdy -v
	assert_eq "$output" '{"d":"31/12/2024"}' # there is no month 31
	assert_stderr_has 'say --date-order=dmy'
}

@test "--infer says which option would read numbers and dates" {
	rows 'price;day;n\n1,5;1.2.2024;7\n' --delimiter=';' --infer -v
	assert_status 0
	assert_stderr_has 'column "price" is sent as text, but looks like numbers (1,5); if so, say --decimal=,'
	assert_stderr_has 'column "day" is sent as text, but looks like dates (1.2.2024); if so, say --date-order=dmy or --date-order=mdy'
	rows 'price\n"1,234"\n' --infer -v
	assert_stderr_has 'say --decimal=, or --decimal=.'
	rows 'a;b\n1,5;1.2.2024\nx;y\n' --delimiter=';' --infer
	assert_eq "$stderr" ''
}

@test "sep= in the first line names the delimiter" {
	local text

	for text in 'sep=;\na;b\n1;2,5\n' 'sep=;\r\na;b\r\n1;2,5\r\n' 'SEP=;\ra;b\r1;2,5\r'; do
		rows "$text"
		assert_status 0
		assert_eq "$output" '{"a":"1","b":"2,5"}'
	done
	rows 'sep=;\na;b\n1;2,5\n' --delimiter=';'
	assert_eq "$output" '{"a":"1","b":"2,5"}'
	rows 'sep=\t\na\tb\n1\t2\n'
	assert_eq "$output" '{"a":"1","b":"2"}'
	refuse '1: the line says that fields are parted otherwise' 'sep=;\na;b\n1;2\n' --delimiter=,
	refuse '1: nothing can be parted by what the line names' 'sep="\na;b\n1;2\n' --quote="'" --null='"'
	rows 'sep=;\n1;2\n' --columns=a,b
	assert_status 1 # a file without a header line has no such line
}

@test "a delimiter at the end of each line is no column" {
	rows 'a,b,\n1,2,\n3,,\n'
	assert_status 0
	assert_eq "$output" $'{"a":"1","b":"2"}\n{"a":"3","b":null}'
	refuse '2: the row has 2 fields where 3 are expected' 'a,b,\n1,2\n'
	refuse '2: byte 5: a value behind the last column' 'a,b,\n1,2,3\n'
	refuse '2: byte 6: the row has more than 3 fields' 'a,b,\n1,2,,\n'
	refuse '2: byte 5: the row has more than 2 fields' 'a,b\n1,2,\n'
	refuse '1: byte 4: column 2 has no name' 'a,,b\n1,2,3\n'
}

@test "--escape is COPY's" {
	fresh_db db
	q "$db" 'CREATE TABLE t (a text, b text); CREATE TABLE u (LIKE t)'
	printf '%s\n' 'a,b' '"x\"y\\z\n",\' '"\"",""' '"a' '\"",1' '\,"\,"' >in.csv
	q "$db" "\\copy t FROM 'in.csv' (FORMAT csv, HEADER, ESCAPE '\\')"
	portl-extract --csv in.csv --escape='\' | portl-load -d "$db" -t u
	same_table "$db" t "$db" u
	refuse '3: the field goes on behind its closing quote' 'a\n1\n"x""y"\n' --escape='\'
	rows 'a\n"x""y"\n' --escape='"'
	assert_eq "$output" '{"a":"x\"y"}'
}

@test "--force-null is COPY's" {
	rows 'a,b\n"",""\n,x\n' --force-null=a
	assert_eq "$output" $'{"a":null,"b":""}\n{"a":null,"b":"x"}'
	rows 'a,b\n"NA","NA"\n' --null=NA --force-null=a --force-null=b
	assert_eq "$output" '{"a":null,"b":null}'
	rows 'a,b\n1,2\n' --force-null=c
	assert_status 64
	assert_stderr_has 'the file has no column "c"'
}

@test "fields that another delimiter parts: the hint of a row that cannot be read says so" {
	printf 'id;name\n1;"a;b"\n' >x.csv
	try portl-extract --csv=x.csv -o s
	assert_status 1
	assert_stderr_has 'x.csv:2: byte 3: a quote inside a field'
	assert_stderr_has "hint: The file has a single column, called \"id;name\"; if it is several, say --delimiter=';'."
	printf 'id;name\n1;a,b\n' >x.csv
	try portl-extract --csv=x.csv -o s
	assert_stderr_has "say --delimiter=';'."
}

@test "a folder without a slash, and a row of standard input" {
	try portl-extract --csv=. -o s
	assert_status 1
	assert_stderr_has '"." is a folder'
	assert_stderr_has 'hint: With a slash behind its name all its files *.csv are read'
	fresh_db db
	q "$db" 'CREATE TABLE t1 (id int)'
	try_sh "printf 'id\n1\nx\n' | portl-extract --csv=- | portl-load -d $db -t t1"
	assert_status 1
	assert_stderr_has "In portl-extract's standard input the row is at line 3"
}
