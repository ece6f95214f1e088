# --encoding: PostgreSQL's names mean PostgreSQL's characters, none more, none less.
# shellcheck disable=SC2059 # bytes are written as printf has them

load ../lib/common

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# converts ENCODING BYTES UTF8: a file with one value, bytes as printf has them.
converts()
{
	printf "a\n$2\n" >in.csv
	try portl-extract --csv in.csv --encoding="$1" -F ndjson --bare
	assert_status 0
	assert_eq "$(jq -r .a <<<"$output")" "$3"
}

@test "every character of every encoding is what convert_from() makes of it" {
	psql -X -d postgres -f "$BATS_TEST_DIRNAME/../encodings/dump.sql" >server.tsv
	"$BUILD/unit/test_encoding" dump >ours.tsv
	LC_ALL=C sort -o server.tsv server.tsv
	LC_ALL=C sort -o ours.tsv ours.tsv
	diff server.tsv ours.tsv >difference || fail "$(head difference)"
	((200000 < $(wc -l <ours.tsv))) # as many as there are
}

@test "names of encodings are looked up as the server does" {
	sed -n 's/^\t{"\([a-z0-9]*\)", "\([A-Z0-9_]*\)"},$/\1 \2/p' \
		"$BATS_TEST_DIRNAME/../../extract/csv/encoding.c" >names
	((78 < $(wc -l <names)))
	while read -r alias name; do
		echo "SELECT '$alias' WHERE pg_char_to_encoding('$alias') IS DISTINCT FROM" \
			"nullif(pg_char_to_encoding('$name'), -1);"
	done <names >names.sql
	assert_eq "$(psql -XAtq -d postgres -f names.sql)" ''
	converts MSKANJI '\x5c\x87\x40~' '\①~'
	converts shift-jis '\x81\x60' '～'
	converts Win '\xe9' 'й'
	converts ALT '\xa9' 'й'
	converts tcvn 'a\xec' $'a\u0301'
	converts unicode '\xc3\xa9' 'é'
	converts SQL_ASCII '\xc3\xa9' 'é'
	converts KOI8R '\xc1' 'а'
	converts EUC_JIS_2004 '\xa4\xf7' 'か゚'
}

@test "what the server would refuse is refused with line and byte" {
	printf 'a,b\n1,2\nx,\xf0\x40\n' >in.csv
	try portl-extract --csv in.csv --encoding=SJIS -F ndjson --bare
	assert_status 1
	assert_stderr_has 'in.csv:3: byte 3: byte 0xf0 is not valid in SJIS'
	printf 'a,b\n1,2\nx,\x81' >in.csv
	try portl-extract --csv in.csv --encoding=GBK -F ndjson --bare
	assert_status 1
	assert_stderr_has 'in.csv:3: byte 3: the input ends inside a character'
	try portl-extract --csv in.csv --encoding=mule_internal -F ndjson --bare
	assert_status 64
	assert_stderr_has 'PostgreSQL converts no text from MULE_INTERNAL to UTF8'
}

@test "characters of two to four bytes are whole wherever a block ends" {
	seq -f 'é%gの😀,b' 1 30000 >rows
	{ echo 'a,b'; cat rows; } | iconv -t GB18030 >wide.csv
	portl-extract --csv wide.csv --encoding=GB18030 | portl-load --csv narrow.csv
	tail -n +2 narrow.csv | cmp - rows
}
