#!/usr/bin/env bats
# shellcheck disable=SC2089,SC2090 # flags are words
# A kind of source is one folder and one row: here one is added, by touching the table of
# kinds and nothing else.

load ../lib/common

setup_file()
{
	local flags="-I$ROOT -D_GNU_SOURCE -DPORTL_VERSION=\"0\" -Wall -Wextra -Werror"

	case ${BUILD##*/} in # what else is linked has been made with them
	asan) flags+=' -fsanitize=address,undefined' ;;
	coverage) flags+=' --coverage -Wl,--wrap=raise,--wrap=execv,--wrap=execvp,--wrap=_exit' ;;
	esac
	cd "$BATS_FILE_TMPDIR" || return
	sed -e 's/^const struct cli_kind \*const sources_kinds/extern const struct source_kind generate;\n&/' \
		-e 's/^\t&csvkind.cli,/&\n\t\&generate.cli,/' "$ROOT/extract/sources.c" >sources.c
	[ "$(diff "$ROOT/extract/sources.c" sources.c | grep -c '^>')" -eq 2 ]
	# shellcheck disable=SC2046,SC2086 # words are meant
	${CC:-cc} -std=c11 $flags -o portl-extract "$ROOT/tests/extract/generate/generate.c" sources.c \
		"$BUILD/obj/extract/main.o" "$BUILD/extract.a" "$BUILD/libcommon.a" -pthread -lcsv -lm \
		$(pkg-config --cflags --libs libpq openssl jansson libzstd libxxhash yaml-0.1)
}

setup()
{
	PATH="$BATS_FILE_TMPDIR:$PATH"
	cd "$BATS_TEST_TMPDIR" || return
}

@test "a kind of source in a file of its own has rows, help and a stream" {
	try portl-extract --generate=3 -F ndjson --bare
	assert_status 0
	assert_eq "$output" $'{"n":7}\n{"n":7}\n{"n":7}'
	try portl-extract --help
	assert_out_has '  --generate=N'
	try portl-extract --completion=bash
	assert_out_has '--generate='
	try portl-extract --generate=1 --check=connection
	assert_eq "$output" 'source       thin air'
}

@test "its options and those of others do not mix" {
	try portl-extract --generate=3 --where=x
	assert_status 64
	assert_stderr_has '--where does not go with --generate'
	assert_stderr_has 'It makes rows up.'
	try portl-extract --generate=3 --csv=x
	assert_status 64
	assert_stderr_has 'exclude each other'
	try portl-extract --generate=3 -h x
	assert_status 64
	assert_stderr_has '--host does not go with --generate'
}

@test "a job knows its key and its name" {
	printf '%s\n' 'source:' '  type: generate' '  rows: 2' >job.yaml
	try portl-extract -f job.yaml -F ndjson --bare
	assert_status 0
	assert_eq "$output" $'{"n":7}\n{"n":7}'
	try portl-extract -f job.yaml --generate=1 -F ndjson --bare
	assert_eq "$output" '{"n":7}'
	sed -i 's/rows/rowss/' job.yaml
	try portl-extract -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:3: source.rowss: unknown key'
	assert_stderr_has '"rows"'
	printf '%s\n' 'source:' '  type: generate' >job.yaml
	try portl-extract -f job.yaml
	assert_stderr_has 'job.yaml:2: source.type: generate needs a rows'
	printf '%s\n' 'source:' '  rows: 2' '  where: x' >job.yaml
	try portl-extract -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:3: source.where: --where does not go with --generate'
}

@test "columns that point to large objects: it is said that the objects stay behind" {
	fresh_db a
	q "$a" "CREATE DOMAIN lo AS oid; CREATE TABLE t (id int, doc lo, x oid, y oid);
		CREATE FUNCTION lo_manage() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
		CREATE TRIGGER m BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION lo_manage(x)"
	try portl-extract -v -d "$a" -t t -o "$BATS_TEST_TMPDIR/out"
	assert_status 0
	assert_stderr_has 'warning: large objects are not sent, only the OIDs by which column "doc", "x" points to them'
	assert_eq "$(grep -c warning <<<"$stderr")" 1
	q "$a" 'CREATE TABLE "b\1" (id int, "a\b" oid);
		CREATE TRIGGER m BEFORE UPDATE ON "b\1" FOR EACH ROW EXECUTE FUNCTION lo_manage("a\b")'
	try portl-extract -v -d "$a" -t '"b\1"' -o "$BATS_TEST_TMPDIR/out"
	assert_status 0
	assert_stderr_has 'column "a\b" points'
	try portl-extract -v -d "$a" -t t --columns=id,y -o "$BATS_TEST_TMPDIR/out"
	assert_stderr_lacks 'large objects'
}
