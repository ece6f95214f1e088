#!/usr/bin/env bats
# --rejects: the rows that the server refuses, exactly these, end up in a file.
# shellcheck disable=SC2016 # dollar quotes are SQL's

load lib/common
load lib/load

setup()
{
	fresh_db b
	T=$BATS_TEST_TMPDIR
	n=3000
	[ -z "${THOROUGH:-}" ] || n=200000
}

# make_source KIND...: table src of $a with $n rows, some of them bad, of each KIND in
# turn, at random; table bad names them, clean has them mended.  Row 1 is good.
make_source()
{
	local seed=$RANDOM kinds="${*@Q}" k=$(($# * 5))

	echo "seed $seed"
	fresh_db a
	q "$a" <<-SQL
		SELECT setseed($seed / 32768.0);
		CREATE TABLE clean AS SELECT i AS id, 'v' || i AS v, i::text AS n, 1 + i % 3 AS f,
			CASE WHEN i % 2 = 0 THEN 1 END AS p, i AS u,
			int4range(i * 10, i * 10 + 5) AS x, 'ok' AS w FROM generate_series(1, $n) i;
		CREATE TABLE bad AS SELECT id, (ARRAY[${kinds// /,}])[1 + row_number() OVER () % $#] AS kind
			FROM (SELECT id FROM clean WHERE id > 1 ORDER BY random() LIMIT $k) s;
		CREATE TABLE src AS SELECT id,
			CASE kind WHEN 'null' THEN NULL WHEN 'length' THEN 'much too long'
				WHEN 'check' THEN 'bad' ELSE v END AS v,
			CASE kind WHEN 'type' THEN '1x' ELSE n END AS n,
			CASE kind WHEN 'foreign' THEN -1 WHEN 'view' THEN 99 ELSE f END AS f,
			CASE kind WHEN 'self' THEN -1 ELSE p END AS p,
			CASE kind WHEN 'unique' THEN -1 ELSE u END AS u,
			CASE kind WHEN 'exclusion' THEN int4range(-5, 1) ELSE x END AS x,
			CASE kind WHEN 'raise' THEN 'raise' WHEN 'late' THEN 'late' ELSE w END AS w
			FROM clean LEFT JOIN bad USING (id) ORDER BY id;
		GRANT ALL ON ALL TABLES IN SCHEMA public TO public;
	SQL
	bad=$(q "$a" 'SELECT string_agg(id::text, $$ $$ ORDER BY id) FROM bad')
}

# make_target [CONSTRAINTS]: t of $b, which has row 0; r, which rows of t refer to.
make_target()
{
	q "$b" "CREATE TABLE r AS SELECT i AS f FROM generate_series(1, 3) i;
		ALTER TABLE r ADD PRIMARY KEY (f); INSERT INTO r VALUES (99);
		CREATE TABLE t (id int PRIMARY KEY, v varchar(8) NOT NULL CHECK (v <> 'bad'), n int,
			f int, p int, u int, x int4range, w text ${1:+, $1});
		INSERT INTO t VALUES (0, '', 0, 1, NULL, -1, '[-9,0]', '')"
}

# reset_target: row 0, and every seventh row that is good, with other values.
reset_target()
{
	local t

	t=$(q "$b" "SELECT max(relname) FROM pg_class WHERE relname IN ('t', 'base') AND relkind = 'r'")
	q "$b" "CREATE TEMP TABLE zero AS TABLE t LIMIT 0; INSERT INTO zero SELECT * FROM t WHERE id = 0;
		TRUNCATE $t; INSERT INTO t SELECT * FROM zero"
	(($1 == 0)) || q "$a" "COPY (SELECT id, 'old', 0, 1, NULL, u, x, 'ok' FROM clean
		LEFT JOIN bad USING (id) WHERE kind IS NULL AND id % 7 = 0) TO STDOUT" |
		q "$b" 'COPY t FROM STDIN'
}

# send FORMAT OPTION...: src to t, with rejects; sets status and stderr.
send()
{
	local values=auto

	rm -f "$T/rej"
	[[ $1 != *+text ]] || values=text
	portl-extract -d "$a" -t src --values=$values -F "${1%+text}" >"$T/stream"
	run --separate-stderr portl-load -d "$b" -t t --rejects="$T/rej" --summary="$T/sum" \
		"${@:2}" "$T/stream"
}

# in_file: the ids in the reject file, which is a stream that loads.
in_file()
{
	q "$b" 'DROP TABLE IF EXISTS loose; CREATE TABLE loose
		(id int, v text, n text, f int, p int, u int, x int4range, w text)'
	portl-load -d "$b" -t loose "$T/rej" && q "$b" \
		'SELECT string_agg(id::text, $$ $$ ORDER BY ctid) FROM loose'
}

# rejected_exactly: the bad ones, in stream order; the rest is in t, and all of it balances.
rejected_exactly()
{
	assert_status 3 &&
		assert_eq "$(in_file)" "$bad" &&
		assert_eq "$(jq -r '.rows | .rejected, .read - .inserted - .updated - .unchanged - .skipped' "$T/sum" | xargs)" \
			"$(wc -w <<<"$bad") $(wc -w <<<"$bad")" &&
		assert_eq "$(q "$b" 'SELECT count(*) FROM t WHERE id > 0')" $((n - $(wc -w <<<"$bad"))) &&
		assert_eq "$(q "$b" "SELECT count(*) FROM t WHERE id IN (${bad// /,})")" 0 &&
		assert_eq "$(jq '.status, .committed' "$T/sum" | xargs)" '3 true' &&
		assert_eq "$(grep -c 'rejected:' <<<"$stderr")" "$(wc -w <<<"$bad")"
}

# every_way: in all modes, formats and both commit modes, though not all of these together.
every_way()
{
	local mode format commit turn=$RANDOM

	echo "turn $turn"
	for mode in fail skip overwrite merge; do
		for format in binary binary+text ndjson; do
			for commit in end batch; do
				((turn++ % 3 == 0)) || [ -n "${THOROUGH:-}" ] || continue
				echo "$mode $format $commit"
				reset_target "$([ $mode = fail ] && echo 0 || echo 1)"
				send $format --conflict=$mode --commit=$commit -b $((n / 3))
				rejected_exactly
			done
		done
	done
}

# mended: the rejects, made good, complete the table.
mended()
{
	q "$b" 'TRUNCATE t CASCADE; INSERT INTO t VALUES (0, $$$$, 0, 1, NULL, -1, $$[-9,0]$$, $$$$)'
	send ndjson
	assert_status 3
	q "$a" 'COPY (SELECT row_to_json(clean) FROM clean JOIN bad USING (id) ORDER BY id) TO STDOUT' \
		>"$T/good"
	# the file itself, edited in place
	{
		head -n 1 "$T/rej"
		jq -c '.n = .n' "$T/good"
		tail -n 1 "$T/rej"
	} >"$T/mended"
	portl-load -d "$b" -t t --edited "$T/mended"
	q "$b" 'DELETE FROM t WHERE id = 0; CREATE TABLE whole (LIKE t)'
	portl-extract -d "$a" -t clean | portl-load -d "$b" -t whole
	same_table "$b" t "$b" whole
}

@test "bad values, NOT NULL, CHECK, foreign keys, unique: exactly these rows" {
	make_source type length null check foreign unique
	make_target 'FOREIGN KEY (f) REFERENCES r, UNIQUE (u)'
	every_way
	mended
}

@test "self-referencing foreign keys: exactly these rows" {
	make_source self check null foreign unique
	make_target 'FOREIGN KEY (f) REFERENCES r, FOREIGN KEY (p) REFERENCES t, UNIQUE (u)'
	every_way
}

@test "triggers and exclusion constraints: exactly these rows" {
	make_source raise exclusion check length type
	make_target 'EXCLUDE USING gist (x WITH &&)'
	q "$b" 'CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
		$$BEGIN IF new.w = TG_ARGV[0] THEN RAISE $f$row %$f$, new.id; END IF; RETURN new; END$$;
		CREATE TRIGGER a BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION refuse(raise)'
	every_way
}

@test "AFTER triggers do not say which row: it is found" {
	make_source late check
	make_target 'FOREIGN KEY (f) REFERENCES r'
	q "$b" 'CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
		$$BEGIN IF new.w = TG_ARGV[0] THEN RAISE $f$row %$f$, new.id; END IF; RETURN new; END$$;
		CREATE TRIGGER a AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION refuse(late)'
	for mode in fail overwrite; do
		reset_target 0
		send binary --conflict=$mode
		rejected_exactly
	done
}

@test "a view's CHECK OPTION" {
	make_source view check
	make_target
	q "$b" 'ALTER TABLE t RENAME TO base;
		CREATE VIEW t AS SELECT * FROM base WHERE f < 10 WITH CHECK OPTION'
	for format in binary ndjson; do
		reset_target 0
		send $format
		rejected_exactly
	done
	assert_stderr_has 'check option for view "t" (44000)'
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
		'{"read":4,"inserted":1,"updated":0,"unchanged":0,"skipped":1,"rejected":2}'
	load_small --columns=id,v,p --conflict=overwrite <<-'EOF'
		{"id":1,"v":"x"}
		{"id":1,"v":"y","p":9}
		{"id":1,"v":"z"}
	EOF
	assert_status 3
	assert_eq "$(q "$b" 'SELECT id, v FROM t')" '1|z'
	assert_eq "$(jq -c .rows "$T/sum")" \
		'{"read":3,"inserted":0,"updated":2,"unchanged":0,"skipped":0,"rejected":1}'
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

@test "a stream that is malformed is no reject" {
	small
	for line in '{"id":2,"id":3}' '{"id":2' '{"id":2,"v":"\ud800"}'; do
		load_small < <(printf '{"id":1}\n%s\n' "$line")
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

@test "COMMIT fails: the file is what it was before" {
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, v varchar(3), p int REFERENCES t DEFERRABLE INITIALLY DEFERRED)'
	printf '{"id":%s,"p":%s}\n' 1 1 '"x"' 1 3 9 >"$T/rows"
	load_small <"$T/rows"
	assert_status 1
	assert_stderr_has 'violates foreign key constraint "t_p_fkey"'
	assert_stderr_has 'Key (p)=(9) is not present in table "t".'
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
	echo '{"id":' >>"$T/rows"
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
	wait_for "$b" "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$b' AND query LIKE 'COPY%')"
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

@test "casts are refused one by one, strings too long by one query" {
	fresh_db a
	q "$a" "CREATE TABLE s AS SELECT i AS id, CASE i % 50 WHEN 1 THEN 'long' ELSE 'v  ' END AS v,
			CASE i % 70 WHEN 1 THEN 'x' || i ELSE i::text END AS u, i * 1.0 AS m, i AS w FROM generate_series(1, 1000) i;
		UPDATE s SET m = 100000 WHERE id IN (5, 500); ALTER TABLE s ADD PRIMARY KEY (id); CLUSTER s USING s_pkey"
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, v varchar(2), u int UNIQUE, m numeric(6,2), w varchar(3))'
	portl-extract -d "$a" -t s >"$T/stream"
	try portl-load -d "$b" -t t --rejects="$T/rej" "$T/stream"
	assert_status 3
	assert_stderr_has ':1000: rejected: column "w": value too long for type character varying(3) (22001)'
	q "$b" 'CREATE TABLE loose (id int, v text, u text, m numeric, w int)'
	portl-load -d "$b" -t loose "$T/rej"
	assert_eq "$(q "$b" 'SELECT string_agg(id::text, $$ $$ ORDER BY ctid) FROM loose')" \
		"$(q "$a" "SELECT string_agg(id::text, ' ' ORDER BY id) FROM s WHERE v = 'long' OR u LIKE 'x%' OR m = 100000 OR w = 1000")"
	assert_eq "$(q "$b" 'SELECT count(*), max(length(v)) FROM t')" "$((1000 - $(q "$b" 'SELECT count(*) FROM loose')))|2"
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
