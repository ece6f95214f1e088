#!/usr/bin/env bats
# The binary stream: its documents, its relation to plain COPY files, -o, -Z, --streams.

load ../lib/common
load ../lib/faults

pgcopy()
{
	perl "$ROOT/tests/lib/pgcopy.pl" "$@"
}

# A header document for one int4 column; MEMBERS are added in front.
header()
{
	printf '{%s"version":1,"values":"binary","encoding":"UTF8","columns":[{"name":"id","type":"integer"}]}' "${1:-}"
}

end='prtl:{"end":true,"rows":2,"xxh3":"0000000000000000"}'

setup()
{
	fresh_db a b
}

numbers()
{
	q "$b" 'CREATE TABLE n (id int)'
}

load_numbers()
{
	try portl-load -d "$b" -t n --edited "$@" "$T/s"
}

@test "plain psql loads a bare stream, header document and all" {
	make_rows "$a" t 500
	q "$b" 'CREATE TABLE t (id int, amount numeric, name text)'
	portl-extract -d "$a" -t t --bare >"$T/s"
	assert_eq "$(pgcopy show <"$T/s" | head -n 1 | jq -r .relation.name)" t
	psql -Xq -v ON_ERROR_STOP=1 -d "$b" -c 'COPY t FROM STDIN (FORMAT binary)' <"$T/s"
	same_table "$a" t "$b" t
}

@test "the server takes the first segment of a whole stream as a COPY file" {
	make_rows "$a" t 50
	q "$b" 'CREATE TABLE t (id int, amount numeric, name text)'
	portl-extract -d "$a" -t t >"$T/s"
	# What stands behind the trailer is more than one COPY takes, and the server says so.
	run psql -Xq -d "$b" -c 'COPY t FROM STDIN (FORMAT binary)' <"$T/s"
	[[ $output == *"received copy data after EOF marker"* ]]
}

@test "plain psql output loads by position, with one warning" {
	make_rows "$a" t 500
	q "$b" 'CREATE TABLE t (nr int, sum numeric, title text)'
	psql -Xq -d "$a" -c 'COPY t TO STDOUT (FORMAT binary)' >"$T/s"
	try portl-load -d "$b" -t t "$T/s"
	assert_status 0
	assert_eq "$stderr" 'portl-load: warning: no end record: a cut stream cannot be told from a whole one (--bare says that this is meant)'
	assert_eq "$(q "$b" 'SELECT count(*), sum(sum) FROM t')" "$(q "$a" 'SELECT count(*), sum(amount) FROM t')"
	try portl-load -d "$b" -t t --bare "$T/s"
	assert_status 0
	assert_silent
}

@test "a plain COPY file without its trailer is refused, at a row's boundary too" {
	numbers
	pgcopy make rows:3 >"$T/whole"
	for cut in 2 12 22 32 33; do # the trailer; then row by row; then into the header
		head -c -"$cut" "$T/whole" >"$T/s"
		load_numbers --bare
		assert_status 4
		assert_stderr_has 'ends too early'
	done
	{ cat "$T/whole"; printf x; } >"$T/s"
	load_numbers --bare
	assert_status 4
	assert_stderr_has "bytes behind the stream's end"
	assert_eq "$(q "$b" 'SELECT count(*) FROM n')" 0
}

@test "the header document describes the relation" {
	q "$a" 'CREATE TABLE "O o" (id int PRIMARY KEY, price numeric(10,2) NOT NULL, t text COLLATE "C",
		g int GENERATED ALWAYS AS (id * 2) STORED)'
	portl-extract -d "$a" -t '"O o"' >"$T/s"
	pgcopy show <"$T/s" >"$T/docs"
	head -n 1 "$T/docs" >"$T/header"
	assert_eq "$(jq -c '[.version, .relation, .values, .encoding, .primary_key, .dry_run]' "$T/header")" \
		'[1,{"schema":"public","name":"O o"},"binary","UTF8",["id"],false]'
	assert_eq "$(jq -c '[.columns[] | [.name, .type, .collation, .not_null, .generated]]' "$T/header")" \
		'[["id","integer",null,true,null],["price","numeric(10,2)",null,true,null],["t","text","pg_catalog.\"C\"",null,null],["g","integer",null,null,true]]'
	[[ $(jq -r .producer "$T/header") == portl-extract\ * ]]
	assert_eq "$(jq -r .server_version "$T/header")" "$(q "$a" 'SHOW server_version_num')"
	assert_eq "$(sed -n 2p "$T/docs")" trailer # no rows
}

@test "the end document counts the rows, the abort document says why there is none" {
	make_rows "$a" t 5
	portl-extract -d "$a" -t t >"$T/s"
	assert_eq "$(pgcopy show <"$T/s" | sed -n '2p;4p')" $'rows 5\ntrailer'
	pgcopy show <"$T/s" | sed -n 3p | jq -e '.end and .rows == 5 and (.xxh3 | test("^[0-9a-f]{16}$"))'
	try_sh "portl-extract -d '$a' -c 'SELECT 1 / (5 - i) AS x FROM generate_series(1, 9) i' >'$T/s'"
	assert_status 1
	pgcopy show <"$T/s" | tail -n 2 | head -n 1 | jq -e '.abort == "division by zero" and .sqlstate == "22012"'
}

@test "-o FILE: whole or not there, with the mode that the umask leaves" {
	make_rows "$a" t 1000
	(umask 027 && portl-extract -d "$a" -t t -o "$T/f")
	assert_eq "$(stat -c %a "$T/f")" 640
	assert_eq "$(ls "$T"/f*)" "$T/f"
	try portl-extract -d "$a" -c 'SELECT 1 / (5 - i) AS x FROM generate_series(1, 9) i' -o "$T/new"
	assert_status 1
	[ -z "$(compgen -G "$T/new*")" ]
}

@test "-o FILE replaces a file at once and keeps its mode; a failure keeps the file" {
	make_rows "$a" t 1000
	echo old >"$T/f"
	chmod 600 "$T/f"
	ln -s f "$T/link"
	exec {old}<"$T/f"
	try portl-extract -d "$a" -c 'SELECT 1/0' -o "$T/link"
	assert_status 1
	assert_eq "$(<"$T/f")" old
	portl-extract -d "$a" -t t -o "$T/link"
	assert_eq "$(cat <&"$old")" old # another file has taken the name
	assert_eq "$(stat -c %a "$T/f")" 600
	[ -L "$T/link" ]
	assert_eq "$(pgcopy show <"$T/f" | sed -n 2p)" 'rows 1000'
	assert_eq "$(compgen -G "$T/*.part")" ''
}

# shellcheck disable=SC2016 # dollar quotes of SQL
@test "what is written to a link to a file that is not there yet is there, and the link stays" {
	mkdir "$T/big"
	cd "$T"
	ln -s hop link
	ln -s big/made hop
	ln -s round round
	make_rows "$a" t 10
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, v text CHECK (id > 3))'
	portl-extract -d "$a" -t t --columns=id -o all
	for what in "portl-extract -d $a -t t -o" "portl-load --csv=%s all" \
		"portl-load -q -d $b -t t --conflict=skip all --rejects" "portl-load -q -d $b -t t --conflict=skip --rejects=rejects all --summary"; do
		rm -f big/made
		[[ $what == *%s* ]] || what+=' %s'
		# shellcheck disable=SC2059,SC2046,SC2086 # words
		try $(printf "$what" link)
		((status == 0 || status == 3)) || show_run "$what"
		[[ -L link && -L hop && -s big/made ]] || fail "$what"
		# shellcheck disable=SC2059,SC2046,SC2086 # words
		try $(printf "$what" round)
		assert_status 1
		[ -L round ]
	done
	# a COMMIT that fails takes its rejects away again, and not the link
	rm big/made
	q "$b" 'TRUNCATE t; CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION $q$no$q$; END$$;
		CREATE CONSTRAINT TRIGGER no AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no()'
	try portl-load -q -d "$b" -t t --rejects=link all
	assert_status 1
	[[ -L link && -L hop && ! -e big/made ]]
}

@test "-o: /dev/full, a missing directory, a FIFO, standard output" {
	make_rows "$a" t 1000
	try portl-extract -d "$a" -t t -o /dev/full
	assert_status 1
	assert_stderr_has 'could not write to /dev/full: No space left on device'
	try portl-extract -d "$a" -t t -o "$T/none/f"
	assert_status 1
	assert_stderr_has 'No such file or directory'
	mkfifo "$T/fifo"
	portl-extract -d "$a" -t t -o "$T/fifo" 3>&- &
	portl-load -d "$b" --create "$T/fifo"
	wait $!
	same_table "$a" t "$b" t
	try_sh "portl-extract -d '$a' -c 'SELECT 1 / 0' -o '$T/fifo' & portl-load -d '$b' -t t '$T/fifo'"
	assert_status 4
	assert_stderr_has 'portl-load: error: upstream failed: division by zero'
	assert_eq "$(portl-extract -d "$a" -t t -o - | pgcopy show | sed -n 2p)" 'rows 1000'
}

@test "-Z zstd at any level, found out by load; bad levels are refused" {
	make_rows "$a" t 20000
	portl-extract -d "$a" -t t >"$T/plain"
	for level in '' :1 :19; do
		portl-extract -d "$a" -t t -Z "zstd$level" >"$T/s"
		zstd -q -t <"$T/s"
		assert_eq "$(zstd -q -d <"$T/s" | pgcopy show | sed -n 2p)" 'rows 20000'
		[ "$(stat -c %s "$T/s")" -lt $(($(stat -c %s "$T/plain") / 2)) ]
		portl-load -d "$b" --create -t "t${level#:}" "$T/s"
		same_table "$a" t "$b" "t${level#:}"
	done
	for level in zstd:0 zstd:20 zstd: zstd:x gzip; do
		try portl-extract -d "$a" -t t -Z "$level"
		assert_status 64
	done
}

@test "zstd data that are cut or damaged are refused" {
	make_rows "$a" t 2000
	q "$b" 'CREATE TABLE t (id int, amount numeric, name text)'
	portl-extract -d "$a" -t t -Z zstd >"$T/whole"
	size=$(stat -c %s "$T/whole")
	for n in 1 3 4 5 20 $((size / 3)) $((size / 2)) $((size - 5)) $((size - 1)); do
		head -c "$n" "$T/whole" >"$T/s"
		try portl-load -d "$b" "$T/s"
		assert_status 4
	done
	for n in $((size / 3)) $((size / 2)) $((size - 2)); do
		cp "$T/whole" "$T/s"
		printf '\xa5\x5a' | dd of="$T/s" bs=1 seek="$n" conv=notrunc status=none
		try portl-load -d "$b" "$T/s"
		assert_status 4
	done
	{ cat "$T/whole"; echo more; } >"$T/s"
	try portl-load -d "$b" "$T/s"
	assert_status 4
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
}

@test "several zstd frames are one input" {
	make_rows "$a" t 2000
	portl-extract -d "$a" -t t >"$T/s"
	{ head -c 5000 "$T/s" | zstd -q; tail -c +5001 "$T/s" | zstd -q; } >"$T/two"
	portl-load -d "$b" --create "$T/two"
	same_table "$a" t "$b" t
}

@test "--streams=N loads N streams, all or nothing" {
	make_rows "$a" t 1000
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, amount numeric, name text)'
	portl-extract -d "$a" -t t --where 'id <= 400' >"$T/a"
	portl-extract -d "$a" -t t --where 'id > 400' -Z zstd | zstd -q -d >"$T/b"
	try_sh "cat '$T/a' '$T/b' | portl-load -d '$b'"
	assert_status 4
	assert_stderr_has '--streams=N'
	try_sh "cat '$T/a' '$T/b' | portl-load -d '$b' --streams=3"
	assert_status 4
	assert_stderr_has 'empty where another stream is expected'
	try_sh "{ cat '$T/a'; head -c -1 '$T/b'; } | portl-load -d '$b' --streams=2"
	assert_status 4
	try_sh "cat '$T/a' '$T/a' | portl-load -d '$b' --streams=2"
	assert_status 1
	assert_stderr_has 'duplicate key'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	try_sh "cat '$T/a' '$T/b' | portl-load -d '$b' --streams=2 --summary='$T/sum'"
	assert_status 0
	same_table "$a" t "$b" t
	assert_eq "$(jq -c '[.rows.read, .rows.inserted]' "$T/sum")" '[1000,1000]'
}

@test "--streams=N: zstd streams one after the other, and streams for other tables" {
	make_rows "$a" t 100
	make_rows "$a" u 100
	try_sh "{ portl-extract -d '$a' -t t -Z zstd --where 'id < 9'; portl-extract -d '$a' -t t -Z zstd --where 'id > 8'; } |
		portl-load -d '$b' --create --streams=2"
	assert_status 0
	same_table "$a" t "$b" t
	q "$b" 'CREATE TABLE u (id int, amount numeric, name text); TRUNCATE t'
	try_sh "{ portl-extract -d '$a' -t t; portl-extract -d '$a' -t u; } | portl-load -d '$b' --streams=2"
	assert_status 5
	assert_stderr_has 'one stream is for "t", another for "u"'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	try portl-load -d "$b" --streams=0 "$T/none"
	assert_status 64
}

@test "--edited needs the end document, and compares its count only" {
	numbers
	pgcopy make "prtl:$(header)" rows:3 "$end" rows:0 >"$T/s"
	try portl-load -d "$b" -t n "$T/s"
	assert_status 4
	assert_stderr_has 'has 3 rows, but its end document says 2'
	assert_stderr_has '--edited'
	pgcopy make "prtl:$(header)" rows:2 "$end" rows:0 >"$T/s"
	try portl-load -d "$b" -t n "$T/s"
	assert_status 4
	assert_stderr_has 'damaged on the way: its digest is'
	load_numbers
	assert_status 0
	pgcopy make "prtl:$(header)" rows:2 >"$T/s"
	load_numbers
	assert_status 4
	assert_eq "$(q "$b" 'SELECT count(*) FROM n')" 2
}

@test "another version is refused; unknown members and chunks are passed over" {
	numbers
	pgcopy make "prtl:$(header | sed 's/"version":1/"version":3/')" rows:2 "$end" rows:0 >"$T/s"
	load_numbers
	assert_status 4
	assert_stderr_has 'the stream has version 3, this program reads versions 1 and 2'
	pgcopy make 'abcd:what is this' "prtl:$(header '"later":{"x":[1]},')" zzzz: rows:2 \
		"wxyz:and this" "$end" rows:0 >"$T/s"
	load_numbers
	assert_status 0
	assert_eq "$(q "$b" 'SELECT string_agg(id::text, $$,$$) FROM n')" 1,2
}

@test "chunks that do not add up, two headers, unknown flags: refused" {
	numbers
	for items in "prtl:$(header)|prtl:$(header)|rows:2" "flags:65536|prtl:$(header)|rows:2" \
		"flags:1|prtl:$(header)|rows:2" 'prtl:[1]|rows:2' 'prtl:{|rows:2' \
		'prtl:{"a":1,"a":2}|rows:2' 'prtl:{}|rows:2' "$end|rows:2" \
		"prtl:$(header | sed s/UTF8/LATIN1/)|rows:2"; do
		IFS='|' read -ra words <<<"$items"
		pgcopy make "${words[@]}" "$end" rows:0 >"$T/s"
		load_numbers
		assert_status 4
	done
	assert_eq "$(q "$b" 'SELECT count(*) FROM n')" 0
}

@test "the header extension may have 16 MiB and no more" {
	numbers
	doc=$(header)
	pad=$((16 * 1024 * 1024 - 16 - ${#doc}))
	# too long for an argument
	long()
	{
		printf 'PGCOPY\n\377\r\n\0\0\0\0\0'
		perl -e 'print pack("N", $ARGV[0]), "junk", pack("N", $ARGV[1]), "x" x $ARGV[1], "PRTL",
			pack("N", length $ARGV[2]), $ARGV[2], pack("nNNn", 1, 4, 7, 0xffff)' \
			$((16 + $1 + ${#doc})) "$1" "$doc"
		pgcopy make "${end/\"rows\":2/\"rows\":1}" rows:0
	}
	long "$pad" >"$T/s"
	load_numbers
	assert_status 0
	long $((pad + 1)) >"$T/s"
	load_numbers
	assert_status 4
	assert_eq "$(q "$b" 'SELECT count(*) FROM n')" 1
}

@test "what is no stream is called what it looks like" {
	numbers
	printf 'PGDMP\1\2' >"$T/s"
	load_numbers
	assert_status 4
	assert_stderr_has pg_restore
	echo x | gzip >"$T/s"
	load_numbers
	assert_status 4
	assert_stderr_has gunzip
	printf '\3757zXZ\0\0' >"$T/s"
	load_numbers
	assert_status 4
	assert_stderr_has 'xz -d |'
	printf 'BZh91AY' >"$T/s"
	load_numbers
	assert_stderr_has 'bunzip2 |'
	printf '\4"M\30d' >"$T/s"
	load_numbers
	assert_stderr_has 'lz4 -d |'
	echo 'PGCOPI' >"$T/s"
	load_numbers
	assert_status 4
	(echo 'Last login: today' && portl-extract -d "$a" -c 'SELECT 1 AS n') >"$T/s"
	load_numbers
	assert_status 4
	assert_stderr_has 'Over ssh, the shell there must print nothing'
	: >"$T/s"
	load_numbers
	assert_status 4
	assert_stderr_has 'the input is empty'
}

@test "a dry run sends header and end, and load can only roll it back" {
	make_rows "$a" t 100
	portl-extract -d "$a" -t t -n >"$T/s"
	assert_eq "$(pgcopy show <"$T/s" | sed -n 2p)" trailer
	try portl-load -d "$b" --create -vv --summary="$T/sum" "$T/s"
	assert_status 0
	assert_stderr_has 'CREATE TABLE'
	assert_stderr_has 'rolled back (dry run)'
	assert_eq "$(jq -c '[.dry_run, .committed, .rows.read]' "$T/sum")" '[true,false,0]'
	assert_eq "$(q "$b" "SELECT to_regclass('t') IS NULL")" t
	make_rows "$b" t 7
	try portl-load -d "$b" --truncate "$T/s"
	assert_status 0
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 7
	try_sh "portl-extract -d '$a' -t t --where 'id > 7' | portl-load -d '$b' -n --summary='$T/sum'"
	assert_status 0
	assert_eq "$(jq -c '[.dry_run, .committed, .rows.inserted]' "$T/sum")" '[true,false,93]'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 7
}
