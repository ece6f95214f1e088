#!/usr/bin/env bats
# --rejects: the rows that the server refuses end up in a file.  That it is exactly these,
# of every kind and in every mode, is looked at in rejects_exactly.bats.
# shellcheck disable=SC2016 # dollar quotes are SQL's

load ../lib/common
load ../lib/load

setup()
{
	fresh_db b
	T=$BATS_TEST_TMPDIR
}

# small: t of $b with rows to be loaded from bare NDJSON.
small()
{
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, v varchar(3), p int REFERENCES t, u int UNIQUE)"
}

load_small()
{
	load_rows --rejects="$T/rej" "$@"
}

# rejected_ids: the first value of each row in the file.
rejected_ids()
{
	jq -r 'select(has("id")) | .id' "$T/rej" | xargs
}

@test "bad rows first, last, adjacent, all, none" {
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, v varchar(3) CHECK (v <> 'bad'))"
	for value in bad long; do
		for wrong in '1' '9' '4 5' '1 2 8 9' '1 2 3 4 5 6 7 8 9' ''; do
			q "$b" 'TRUNCATE t'
			for i in {1..9}; do
				[[ " $wrong " == *" $i "* ]] && v=$value || v=ok
				printf '{"id":%d,"v":"%s"}\n' "$i" "$v"
			done >"$T/rows"
			load_small <"$T/rows"
			assert_status "$([ -n "$wrong" ] && echo 3 || echo 0)"
			assert_eq "$(rejected_ids)" "$wrong"
			assert_eq "$(q "$b" 'SELECT count(*) FROM t')" $((9 - $(wc -w <<<"$wrong")))
			# a stream, even with no rows
			portl-load -d "$b" --csv=- "$T/rej" >/dev/null 2>&1 || portl-load --csv=- "$T/rej" >"$T/csv"
			assert_eq "$(wc -l <"$T/csv")" $((1 + $(wc -w <<<"$wrong")))
		done
	done
}

@test "a row that is rejected is as if it had not been there" {
	small
	# 2 is no parent, for it is too long itself; nor is 5, which has none.  6 is the first
	# with u=1 that is good.
	load_small --columns=id,v,p,u <<-'EOF'
		{"id":1,"v":"a","p":2,"u":1}
		{"id":2,"v":"long"}
		{"id":3,"v":"c","p":5}
		{"id":4,"v":"d","p":6}
		{"id":5,"v":"e","p":1}
		{"id":6,"v":"f","p":6,"u":1}
		{"id":7,"v":"g","u":1}
	EOF
	assert_status 3
	assert_eq "$(rejected_ids)" '1 2 3 5 7'
	# of rows with one key, the first that is good
	q "$b" 'TRUNCATE t'
	load_small --columns=id,v,p --conflict=overwrite --duplicates=first <<-'EOF'
		{"id":1,"v":"long"}
		{"id":1,"v":"a","p":9}
		{"id":1,"v":"b"}
		{"id":1,"v":"c"}
	EOF
	assert_status 3
	assert_eq "$(q "$b" 'SELECT id, v FROM t')" '1|b'
	assert_eq "$(jq -c .rows "$T/sum")" \
		'{"read":4,"inserted":1,"updated":0,"unchanged":0,"skipped":1,"rejected":2,"deleted":0}'
	load_small --columns=id,v,p --conflict=overwrite <<-'EOF'
		{"id":1,"v":"x"}
		{"id":1,"v":"y","p":9}
		{"id":1,"v":"z"}
	EOF
	assert_status 3
	assert_eq "$(q "$b" 'SELECT id, v FROM t')" '1|z'
	assert_eq "$(jq -c .rows "$T/sum")" \
		'{"read":3,"inserted":0,"updated":2,"unchanged":0,"skipped":0,"rejected":1,"deleted":0}'
}

@test "deferred constraints: their rows are rejected, and clean rows are checked as they ask for" {
	local commit

	q "$b" "CREATE TABLE r (n int PRIMARY KEY); INSERT INTO r SELECT generate_series(1, 3);
		CREATE TABLE t (id int PRIMARY KEY, r int REFERENCES r DEFERRABLE INITIALLY DEFERRED, p int,
			u int UNIQUE DEFERRABLE INITIALLY DEFERRED,
			FOREIGN KEY (p) REFERENCES t DEFERRABLE INITIALLY DEFERRED)"
	for commit in end batch; do
		q "$b" 'TRUNCATE t'
		# 2 has no r, and 1 and 6 need it; 7 comes twice by u; 4 needs the last
		load_small --commit=$commit <<-'EOF'
			{"id":1,"r":1,"p":2,"u":1}
			{"id":2,"r":9,"p":null,"u":2}
			{"id":3,"r":3,"p":null,"u":3}
			{"id":4,"r":3,"p":8,"u":4}
			{"id":6,"r":null,"p":1,"u":null}
			{"id":7,"r":2,"p":null,"u":3}
			{"id":8,"r":2,"p":8,"u":null}
		EOF
		assert_status 3
		assert_eq "$(rejected_ids)" '1 2 6 7'
		assert_eq "$(q "$b" 'SELECT id FROM t ORDER BY id' | xargs)" '3 4 8'
	done
	# what a trigger brings behind the row is there when a deferred key is checked
	q "$b" "TRUNCATE t; CREATE FUNCTION bring() RETURNS trigger LANGUAGE plpgsql AS
		\$\$BEGIN INSERT INTO r VALUES (new.r) ON CONFLICT DO NOTHING; RETURN new; END\$\$;
		CREATE TRIGGER z AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION bring()"
	load_small <<<'{"id":1,"r":9,"p":null,"u":null}'
	assert_status 0
	assert_eq "$(q "$b" 'SELECT r FROM t')" 9
}

@test "deferrable constraints: a later row of the stream does not mend what a row breaks" {
	for unique in 'UNIQUE (u) DEFERRABLE' 'EXCLUDE (u WITH =) DEFERRABLE'; do
		q "$b" "DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, u int, n int CHECK (n > 0), $unique);
			INSERT INTO t VALUES (6, 2)"
		# 4 meets 6 as it was, 7 what it has become; 8 does not
		load_small --conflict=overwrite <<-'EOF'
			{"id":1,"u":1,"n":1}
			{"id":4,"u":2,"n":1}
			{"id":6,"u":56,"n":1}
			{"id":7,"u":56,"n":1}
			{"id":8,"u":2,"n":1}
			{"id":9,"u":9,"n":0}
		EOF
		assert_status 3
		assert_eq "$(rejected_ids)" '4 7 9'
		assert_eq "$(q "$b" 'SELECT id, u FROM t ORDER BY id' | xargs)" '1|1 6|56 8|2'
	done
}

@test "deferred constraints in a set: rejected where all that they need has come" {
	fresh_db a
	q "$a" "CREATE TABLE p (id int PRIMARY KEY, c int); CREATE TABLE q (id int PRIMARY KEY, p int REFERENCES p);
		INSERT INTO p VALUES (1, 1), (2, 5); INSERT INTO q VALUES (1, 1), (5, 2)"
	q "$b" "CREATE TABLE p (id int PRIMARY KEY, c int);
		CREATE TABLE q (id int PRIMARY KEY, p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);
		ALTER TABLE p ADD CHECK (id <> 2), ADD CONSTRAINT ahead FOREIGN KEY (c) REFERENCES q DEFERRABLE INITIALLY DEFERRED"
	try portl-load -d "$b" --rejects="$T/rej" < <(portl-extract -d "$a" -t p -t q -F ndjson)
	assert_status 3
	assert_eq "$(rejected_ids)" '2 5'
	assert_eq "$(q "$b" 'SELECT id, p FROM q')" '1|1'
	# p's own key waits for q: an orphan ends the run
	q "$a" 'UPDATE p SET c = 77 WHERE id = 1'
	q "$b" 'DELETE FROM p; DELETE FROM q' 2>/dev/null || q "$b" 'BEGIN; DELETE FROM p; DELETE FROM q; COMMIT'
	try portl-load -d "$b" --rejects="$T/rej" < <(portl-extract -d "$a" -t p -t q -F ndjson)
	assert_status 1
	assert_stderr_has '"ahead"'
	assert_eq "$(q "$b" 'SELECT count(*) FROM q')" 0
}

@test "--max-rejects: one too many and nothing is loaded, nor is there a file" {
	small
	printf '{"id":%s,"v":"a"}\n' 1 2 '"x"' 4 '"y"' 2 >"$T/rows"
	for max in 0 2; do
		load_small --max-rejects=$max <"$T/rows"
		assert_status 1
		assert_stderr_has "more than $max rows are refused (--max-rejects)"
		assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
		[ -z "$(compgen -G "$T/rej*")" ]
		assert_eq "$(jq -c '[.committed, .rows.rejected]' "$T/sum")" '[false,0]'
	done
	load_small --max-rejects=3 <"$T/rows"
	assert_status 3
	assert_eq "$(rejected_ids)" 'x y 2'
	q "$b" 'TRUNCATE t'
	load_small --max-rejects=0 < <(head -n 2 "$T/rows")
	assert_status 0
	try portl-load -d "$b" --max-rejects=1 "$T/rows"
	assert_status 64
}

# unreadable: lines of which each is a row that cannot be read.
unreadable()
{
	printf '%s\n' '{"id":2,"id":3}' '{"id":2' 'x' '{"id":2,"v":"\ud800"}' '{"id":2,"v":"\u0000"}' \
		'{"id":2,"w":1}' '{"id":01}' '[2]' '{"id":2} {"id":3}' '{"id":{"a":1}}'
	printf '{"id":2,"v":"\xff"}\n{"id":2,"v":"\001"}\n'
}

@test "a row that cannot be read is rejected: the log has its line" {
	local n

	small
	n=$(unreadable | wc -l)
	unreadable >"$T/unreadable"
	{
		echo '{"id":1}' && cat "$T/unreadable" && echo '{"id":7,"v":"abcd"}' &&
			cat "$T/unreadable" && echo '{"id":8}' && echo '{"id":8}'
	} >"$T/rows"
	run --separate-stderr portl-load -d "$b" -t t --bare --columns=id,v,p,u --rejects="$T/rej" \
		--summary="$T/sum" --log-format=json "$T/rows"
	assert_status 3
	assert_eq "$(q "$b" 'SELECT id FROM t ORDER BY id' | xargs)" '1 8'
	assert_eq "$(rejected_ids)" '7 8'
	assert_eq "$(jq -c '.rows | [.read, .inserted, .rejected]' "$T/sum")" "[$((2 * n + 4)),2,$((2 * n + 2))]"
	assert_eq "$(jq -r 'select(.event == "reject") | .row' <<<"$stderr" | sort -n | xargs)" \
		"$(seq -s ' ' 2 $((2 * n + 2))) $((2 * n + 4))"
	jq -r 'select(.line != null) | .line' <<<"$stderr" >"$T/lines"
	sed "$T/unreadable" -e 's/\xff/\\xff/; s/\x01/\\u0001/' >"$T/wanted"
	assert_eq "$(cat "$T/lines")" "$(cat "$T/wanted" "$T/wanted")"
}

@test "rows that cannot be read cost the server nothing, and the others keep their numbers" {
	small
	{
		echo '{"id":1}' && yes '{"id":2' | head -n 1300 && echo '{"id":7,"v":"abcd"}' &&
			yes 'x' | head -n 10 && printf '%s\n' '{"id":8}' '{"id":9}' '{"id":9}'
	} >"$T/rows"
	try portl-load -vv -d "$b" -t t --bare --columns=id,v --rejects="$T/rej" --log-format=json "$T/rows"
	assert_status 3
	assert_eq "$(q "$b" 'SELECT id FROM t ORDER BY id' | xargs)" '1 8 9'
	assert_eq "$(jq -r 'select(.event == "reject" and .line == null) | .row' <<<"$stderr" | xargs)" '1302 1315'
	assert_eq "$(jq -r 'select(.event == "reject" and .line != null) | .row' <<<"$stderr" | tail -n 1)" 1312
	# one COPY, and those that follow from the row that it refuses
	assert_eq "$(grep -c 'SAVEPOINT portl_copy; SELECT' <<<"$stderr")" 3
}

@test "a row that cannot be read is not lost with -q: standard error has it, or the log" {
	small
	printf '%s\n' '{"id":1}' '{"id":2' '{"id":1}' >"$T/rows"
	try portl-load -q -d "$b" -t t --bare --rejects="$T/rej" "$T/rows"
	assert_status 3
	assert_stderr_has 'rows:2: rejected: '
	assert_stderr_has '	{"id":2'
	assert_stderr_lacks 'rows:3: '
	q "$b" 'DELETE FROM t'
	try portl-load -q -d "$b" -t t --bare --rejects="$T/rej" --log-format=json "$T/rows"
	assert_status 3
	assert_eq "$(jq -r '[.event, .line] | join(" ")' <<<"$stderr")" 'reject {"id":2'
	q "$b" 'DELETE FROM t'
	try portl-load -q -d "$b" -t t --bare --rejects="$T/rej" -L "$T/log" --log-format=json "$T/rows"
	assert_status 3
	assert_silent
	assert_eq "$(jq -r 'select(.line != null) | .line' "$T/log")" '{"id":2'
}

@test "a row that cannot be read counts: the end document's rows, --max-rejects, batches" {
	small
	portl-extract -d "$b" -F ndjson -c 'SELECT i AS id FROM generate_series(1, 9) i' |
		sed '4s/.*/{"id":3,/; 8s/.*/nothing/' >"$T/stream"
	try portl-load -d "$b" -t t --rejects="$T/rej" "$T/stream"
	assert_status 4
	try portl-load -d "$b" -t t --rejects="$T/rej" --edited --max-rejects=1 "$T/stream"
	assert_status 1
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	try portl-load -d "$b" -t t --rejects="$T/rej" --edited --commit=batch --batch-size=3 "$T/stream"
	assert_status 3
	assert_eq "$(q "$b" 'SELECT id FROM t ORDER BY id' | xargs)" '1 2 4 5 6 8 9'
	sed -i 5d "$T/stream"
	try portl-load -d "$b" -t t --rejects="$T/rej" --edited --conflict=skip "$T/stream"
	assert_status 4
}

@test "a stream that is malformed as a whole is no reject" {
	small
	portl-extract -d "$b" -F ndjson -c 'SELECT i AS id FROM generate_series(1, 9) i' >"$T/stream"
	printf '{"id":1}\n{"id":2}' >"$T/no_newline"
	head -n 5 "$T/stream" >"$T/no_end"
	sed '$s/"rows":9/"rows":8/' "$T/stream" >"$T/count"
	sed '$s/.*/{"$portl":{"end":/' "$T/stream" >"$T/end"
	printf '{"id":1}\n{"id":2,"v":"%5000s"}\n' x >"$T/long"
	for f in no_newline no_end count end long; do
		try portl-load -d "$b" -t t --rejects="$T/rej" --max-line=1000 "$T/$f"
		assert_status 4
		assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
		[ ! -e "$T/rej" ]
	done
}

@test "no room for the file: nothing is loaded" {
	small
	printf '{"id":%s,"v":"a"}\n' 1 '"x"' 3 >"$T/rows"
	run --separate-stderr portl-load -d "$b" -t t --bare --rejects=/dev/full "$T/rows"
	assert_status 1
	assert_stderr_has 'No space left on device'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	try portl-load -d "$b" -t t --bare --rejects="$T/none/rej" "$T/rows"
	assert_status 1
	assert_stderr_has "$T/none/rej"
	try portl-load -d "$b" -t t --bare --rejects=/dev/full --commit=batch "$T/rows"
	assert_status 64
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
}

@test "the file is somebody else's: it is refused before any row" {
	if [ "$(id -u)" -ne 0 ]; then
		skip 'only root can give a file away'
	fi
	small
	echo theirs >"$T/rej"
	chown nobody "$T/rej"
	mkfifo "$T/rows" # no row ever comes
	exec 7<>"$T/rows"
	try timeout 60 setpriv --bounding-set -fowner,-dac_override \
		portl-load -d "$b" -t t --bare --rejects="$T/rej" <&7
	exec 7>&-
	assert_status 1
	assert_stderr_has "could not keep \"$T/rej\""
	assert_eq "$(cat "$T/rej")" theirs
}

@test "what waits for the file is where TMPDIR says" {
	[[ ${BUILD##*/} != valgrind ]] || skip 'valgrind cannot begin without TMPDIR'
	small
	printf '{"id":%s,"v":"a"}\n' 1 '"x"' 3 >"$T/rows"
	TMPDIR=$T/none load_small <"$T/rows"
	assert_status 1
	assert_stderr_has "could not create a temporary file in \"$T/none\""
	mkdir "$T/tmp"
	TMPDIR=$T/tmp load_small <"$T/rows"
	assert_status 3
	[ -z "$(ls -A "$T/tmp")" ]
}

@test "COMMIT fails: the file is what it was before" {
	q "$b" "CREATE TABLE t (id int PRIMARY KEY, v varchar(3), p int);
		CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS \$\$BEGIN RAISE 'not % at the end', new.p; END\$\$;
		CREATE CONSTRAINT TRIGGER no AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
			WHEN (new.p = 9) EXECUTE FUNCTION no()"
	printf '{"id":%s,"p":%s}\n' 1 1 '"x"' 1 3 9 >"$T/rows"
	load_small <"$T/rows"
	assert_status 1
	assert_stderr_has 'not 9 at the end'
	[ -z "$(compgen -G "$T/rej*")" ]
	echo before >"$T/rej"
	load_small <"$T/rows"
	assert_status 1
	assert_eq "$(cat "$T/rej")" before
	assert_eq "$(compgen -G "$T/*rej*")" "$T/rej"
	# a dry run rejects, too, but nothing is true of it
	load_small --dry-run < <(head -n 2 "$T/rows")
	assert_status 3
	assert_eq "$(cat "$T/rej")" before
	load_small < <(head -n 2 "$T/rows")
	assert_status 3
	assert_eq "$(rejected_ids)" x
	assert_eq "$(compgen -G "$T/*rej*")" "$T/rej"
}

@test "--commit=batch: the file has the rejects of the batches that are in" {
	small
	printf '{"id":%s,"v":"a"}\n' 1 2 '"x"' 4 '"y"' 6 '"z"' 8 9 >"$T/rows"
	printf '{"id":' >>"$T/rows"
	load_small --commit=batch -b 3 <"$T/rows"
	assert_status 4
	assert_stderr_has 'The first 9 rows are committed: 6 inserted, 0 updated, 0 unchanged, 0 skipped, 3 rejected.'
	assert_eq "$(rejected_ids)" 'x y z'
	assert_eq "$(jq .rows.rejected "$T/sum")" 3
	q "$b" 'TRUNCATE t'
	load_small --commit=batch -b 2 --max-rejects=1 <"$T/rows"
	assert_status 1
	assert_eq "$(rejected_ids)" x
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 3
	portl-load --csv=- "$T/rej" >"$T/csv"
	assert_eq "$(wc -l <"$T/csv")" 2
}

@test "several streams, and columns that are not loaded" {
	fresh_db a
	q "$a" "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE s (v text, m mood, id text);
		INSERT INTO s VALUES ('a', 'sad', '1'), ('b', NULL, 'x'), ('c', 'sad', '3')"
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, v text)'
	for how in '-F binary' '-F binary --values=text' '-F ndjson'; do
		q "$b" 'TRUNCATE t'
		# shellcheck disable=SC2086 # words
		{
			portl-extract -d "$a" -t s $how
			portl-extract -d "$a" -c "SELECT v, m, id || '0' AS id FROM s" $how
		} >"$T/two"
		try portl-load -d "$b" -t t --streams=2 -m m= --rejects="$T/rej" "$T/two"
		assert_status 3
		assert_eq "$(q "$b" 'SELECT id FROM t ORDER BY id' | xargs)" '1 3 10 30'
		q "$b" "DROP TABLE IF EXISTS again; DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM ('sad');
			CREATE TABLE again (id text, v text, m mood)"
		portl-load -d "$b" -t again --streams=2 "$T/rej"
		assert_eq "$(q "$b" 'SELECT id, v, m FROM again ORDER BY id' | xargs)" 'x|b| x0|b|'
	done
}

@test "killed: nothing is loaded, and FILE is not there" {
	small
	mkfifo "$T/in"
	portl-load -d "$b" -t t --bare --rejects="$T/rej" "$T/in" 3>&- &
	pid=$!
	exec 7>"$T/in"
	printf '{"id":%s}\n' 1 '"x"' 3 >&7
	wait_for "$b" "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$b' AND query LIKE '%COPY%FROM STDIN%')"
	kill -9 $pid
	exec 7>&-
	wait $pid || true
	no_backends "$b"
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	[ ! -e "$T/rej" ]
}

@test "the log has each reason with its facts" {
	small
	q "$b" "ALTER TABLE t ADD CONSTRAINT short CHECK (v <> 'b')"
	printf '{"id":%s,"v":"%s"}\n' 1 a '"x"' a 3 b >"$T/rows"
	run --separate-stderr portl-load -d "$b" -t t --bare --rejects="$T/rej" --log-format=json "$T/rows"
	assert_status 3
	assert_eq "$(jq -c 'select(.event == "reject") | [.row, .sqlstate, .column, .constraint]' <<<"$stderr" | xargs -d'\n')" \
		'[2,"22P02","id",null] [3,"23514",null,"short"]'
}

@test "bare NDJSON: a string that name or \"char\" would cut is refused at its row" {
	local long

	long=$(printf 'x%.0s' {1..64})
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, v name, c "char", a name[])'
	printf '{"id":%s,"%s":%s}\n' 1 v "\"${long:1}\"" 2 v "\"$long\"" 3 c '"ab"' 4 c '"a"' 5 a "[\"a\",\"$long\"]" \
		6 a '["a",null]' 7 c null >"$T/rows"
	try portl-load -d "$b" -t t --bare --columns=id,v,c,a "$T/rows"
	assert_status 1
	assert_stderr_has 'rows:2: column "v": value too long for type name'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 0
	load_small --columns=id,v,c,a <"$T/rows"
	assert_status 3
	assert_eq "$(rejected_ids)" '2 3 5'
	assert_stderr_has 'column "c": value too long for type "char" (22001)'
	assert_eq "$(q "$b" 'SELECT id, length(v::text), c, a FROM t ORDER BY id' | xargs)" '1|63|| 4||a| 6|||{a,NULL} 7|||'
}

@test "casts and strings that are too long" {
	fresh_db a
	q "$a" "CREATE TABLE s AS SELECT i AS id, CASE i % 50 WHEN 1 THEN 'long' ELSE 'v  ' END AS v,
			CASE i % 70 WHEN 1 THEN 'x' || i ELSE i::text END AS u, i * 1.0 AS m, i AS w FROM generate_series(1, 1000) i;
		UPDATE s SET m = 100000 WHERE id IN (5, 500); ALTER TABLE s ADD PRIMARY KEY (id); CLUSTER s USING s_pkey"
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, v varchar(2), u int UNIQUE, m numeric(6,2), w varchar(3))'
	portl-extract -d "$a" -t s >"$T/stream"
	try portl-load -d "$b" -t t --rejects="$T/rej" "$T/stream"
	assert_status 3
	assert_stderr_has ':1000: rejected: value too long for type character varying(3) (22001)'
	q "$b" 'CREATE TABLE loose (id int, v text, u text, m numeric, w int)'
	portl-load -d "$b" -t loose "$T/rej"
	assert_eq "$(q "$b" 'SELECT string_agg(id::text, $$ $$ ORDER BY ctid) FROM loose')" \
		"$(q "$a" "SELECT string_agg(id::text, ' ' ORDER BY id) FROM s WHERE v = 'long' OR u LIKE 'x%' OR m = 100000 OR w = 1000")"
	assert_eq "$(q "$b" 'SELECT count(*), max(length(v)) FROM t')" "$((1000 - $(q "$b" 'SELECT count(*) FROM loose')))|2"
}

@test "a cast that fails at INSERT names its column" {
	fresh_db a
	q "$a" "CREATE TABLE s AS SELECT i AS id, i::text AS v, CASE i WHEN 3 THEN 'x' ELSE i::text END AS u, 'x'::text AS w
		FROM generate_series(1, 5) i"
	q "$b" 'CREATE TABLE t (id int, v int, u int, w text)'
	portl-extract -d "$a" -t s >"$T/stream"
	try portl-load -d "$b" -t t "$T/stream"
	assert_status 1
	assert_stderr_has 'stream:3: column "u": invalid input syntax for type integer: "x"'
	try portl-load -d "$b" -t t --rejects="$T/rej" "$T/stream"
	assert_status 3
	assert_stderr_has ':3: rejected: column "u": invalid input syntax for type integer: "x" (22P02)'
	assert_eq "$(q "$b" 'SELECT count(*) FROM t')" 4
}

@test "equal rows: the first that is taken stays, whichever index they meet in" {
	q "$b" 'CREATE TABLE t (id int, u int UNIQUE, w int, UNIQUE (id))'
	# 2 meets 1 by id; 3 meets only 2, which is gone, by u; 4 meets 3
	printf '{"id":%s,"u":%s,"w":%s}\n' 1 1 1 1 2 2 3 2 3 4 2 4 5 null 5 5 6 6 7 null 7 null null 8 null null 9 >"$T/rows"
	load_small <"$T/rows"
	assert_status 3
	assert_eq "$(q "$b" 'SELECT w FROM t ORDER BY w' | xargs)" '1 3 5 7 8 9'
	assert_eq "$(jq -r 'select(has("w")) | .w' "$T/rej" | xargs)" '2 4 6'
	assert_stderr_has 'violates unique constraint "t_id_key"'
	assert_stderr_has 'violates unique constraint "t_u_key"'
}
