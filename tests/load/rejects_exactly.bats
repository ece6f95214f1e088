#!/usr/bin/env bats
# --rejects: k bad rows planted at random among many, of every kind, in every mode and
# format: exactly these end up in the file.  THOROUGH=1 plants them among 200,000 rows and
# leaves out no combination.
# shellcheck disable=SC2016 # dollar quotes are SQL's

load ../lib/common

setup()
{
	fresh_db b
	T=$BATS_TEST_TMPDIR
	n=1500 each=3
	[ -z "${THOROUGH:-}" ] || n=200000 each=5
	seed
}

# make_source KIND...: table src of $a with $n rows, some of them bad, of each KIND in
# turn, at random; table bad names them, clean has them mended.  Row 1 is good.
make_source()
{
	local kinds="${*@Q}" k=$(($# * each))

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
	local values=auto stream=$T/stream.$1

	rm -f "$T/rej"
	[[ $1 != *+text ]] || values=text
	[ -f "$stream" ] || portl-extract -d "$a" -t src --values=$values -F "${1%+text}" -o "$stream"
	run --separate-stderr portl-load -d "$b" -t t --rejects="$T/rej" --summary="$T/sum" \
		"${@:2}" "$stream"
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
		assert_eq "$(jq -c '[.status, .committed, (.rows | .rejected, .read - .inserted - .updated - .unchanged - .skipped)]' "$T/sum")" \
			"[3,true,$(wc -w <<<"$bad"),$(wc -w <<<"$bad")]" &&
		assert_eq "$(q "$b" "SELECT count(*), count(*) FILTER (WHERE id IN (${bad// /,})) FROM t WHERE id > 0")" \
			"$((n - $(wc -w <<<"$bad")))|0" &&
		assert_eq "$(grep -c 'rejected:' <<<"$stderr")" "$(wc -w <<<"$bad")"
}

# every_way: in all modes, formats and both commit modes, though not all of these together.
every_way()
{
	local mode format commit batch turn=$RANDOM

	echo "turn $turn"
	for mode in fail skip overwrite merge; do
		for format in binary binary+text ndjson; do
			for commit in end batch; do
				((turn++ % 3 == 0)) || [ -n "${THOROUGH:-}" ] || continue
				echo "$mode $format $commit"
				reset_target "$([ $mode = fail ] && echo 0 || echo 1)"
				batch=()
				[ $commit = end ] || batch=(--batch-size=$((n / 3)))
				send $format --conflict=$mode --commit=$commit "${batch[@]}"
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

# contents: of t, as a number.
contents()
{
	q "$b" 'SELECT count(*), sum(hashtextextended(t::text, 0)) FROM t'
}

@test "one more bad row than --max-rejects, anywhere: nothing is committed" {
	local mode format turn=$RANDOM k before

	echo "turn $turn"
	make_source type check unique
	make_target 'UNIQUE (u)'
	k=$(wc -w <<<"$bad")
	for mode in fail skip overwrite merge; do
		reset_target "$([ $mode = fail ] && echo 0 || echo 1)"
		before=$(contents)
		for format in binary binary+text ndjson; do
			((turn++ % 3 == 0)) || [ -n "${THOROUGH:-}" ] || continue
			echo "$mode $format"
			send $format --conflict=$mode --max-rejects=$((k - 1))
			assert_status 1
			assert_stderr_has "more than $((k - 1)) rows are refused (--max-rejects)"
			assert_eq "$(jq -c '[.committed, .rows.rejected]' "$T/sum")" '[false,0]'
			assert_eq "$(contents)" "$before"
			[ ! -e "$T/rej" ]
		done
		send "$format" --conflict=$mode --max-rejects="$k"
		rejected_exactly
	done
}

# The server sends them back as messages, which are fetched in pieces of 64 kB.
@test "refused rows of exactly as many bytes as are fetched at once" {
	local text=$((65536 - 5)) binary=$((65536 - 26)) first=$((65536 - 26 - 19))

	fresh_db a
	q "$a" 'CREATE TABLE src (id int, v text)'
	q "$b" "CREATE TABLE t (id int, v text CHECK (v !~ '^x'))"
	for row in "ndjson $text" "binary $binary" "binary $first" "ndjson $((2 * 65536 - 5))"; do
		for last in 2 3; do
			echo "$row bytes, row 2 of $last"
			q "$a" "TRUNCATE src; INSERT INTO src SELECT i,
				CASE i WHEN 1 THEN 'good' ELSE repeat('x', CASE i WHEN 2 THEN ${row#* } ELSE 1 END)
				END FROM generate_series(1, $last) i"
			portl-extract -d "$a" -t src -F "${row% *}" -o "$T/s"
			rm -f "$T/rej"
			try portl-load -d "$b" -t t --rejects="$T/rej" "$T/s"
			assert_status 3
			q "$b" 'DROP TABLE IF EXISTS loose; CREATE TABLE loose (id int, v text)'
			portl-load -d "$b" -t loose "$T/rej"
			assert_eq "$(q "$b" "SELECT string_agg(id || ':' || length(v), ' ' ORDER BY id) FROM loose")" \
				"$(q "$a" "SELECT string_agg(id || ':' || length(v), ' ' ORDER BY id) FROM src WHERE id > 1")"
		done
	done
}

# portl-load's statements that begin so, in what it has said with -vv.
statements()
{
	grep -c "$1" <<<"$stderr"
}

@test "rows that are likely to be refused are tried apart: the others go in at once" {
	q "$b" 'CREATE TABLE r (id int PRIMARY KEY);
		CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v > 0), u int UNIQUE, r int REFERENCES r)'
	for mode in fail overwrite; do
		seq 2000 | jq -c '{id: ., v: (if . % 40 == 7 then -1 else 1 end)}' >"$T/rows"
		try portl-load -vv -d "$b" -t t --bare --conflict=$mode --rejects="$T/rej" "$T/rows"
		assert_status 3
		assert_eq "$(q "$b" 'SELECT count(*), min(id), max(id) FROM t')" '1950|1|2000'
		assert_eq "$(grep -c ': rejected: .*23514' <<<"$stderr")" 50
		assert_eq "$(sed -n 's/.*rows:\([0-9]*\): rejected: .*/\1/p' <<<"$stderr" | xargs)" "$(seq -s ' ' 7 40 2000)"
		(($(statements 'EXECUTE portl_piece_') <= 3))
		q "$b" 'DELETE FROM t'
	done
	seq 2000 | jq -c '{id: ., u: (if . % 40 == 7 then . - 1 else . end)}' >"$T/rows"
	try portl-load -vv -d "$b" -t t --bare --rejects="$T/rej" "$T/rows"
	assert_status 3
	assert_eq "$(grep -c ': rejected: .*23505' <<<"$stderr")" 50
	(($(statements 'EXECUTE portl_piece_') <= 3))
	(($(statements 'EXECUTE portl_row_') >= 50))
}

@test "where the order would tell, it is the stream's" {
	# Row 1 makes those suspect whose c IS NULL, as (,) is, which is taken all the same.
	q "$b" 'CREATE TABLE r (id int PRIMARY KEY); CREATE TYPE pair AS (a int, b int);
		CREATE TABLE t (id int, v text, c pair NOT NULL, r int REFERENCES r); CREATE UNIQUE INDEX ON t (lower(v))'
	printf '%s\n' '{"id":1}' '{"id":2,"c":"(,)","v":"x"}' '{"id":3,"c":"(1,1)","v":"X"}' >"$T/rows"
	try portl-load -d "$b" -t t --bare --columns=id,v,c --rejects="$T/rej" "$T/rows"
	assert_status 3
	assert_eq "$(q "$b" 'SELECT id FROM t')" 2
	# by key: what is there stays
	q "$b" 'DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, v text, c pair NOT NULL)'
	printf '%s\n' '{"id":1}' '{"id":2,"c":"(,)","v":"x"}' '{"id":2,"c":"(1,1)","v":"X"}' >"$T/rows"
	try portl-load -d "$b" -t t --bare --columns=id,v,c --conflict=skip --rejects="$T/rej" "$T/rows"
	assert_status 3
	assert_eq "$(q "$b" 'SELECT v FROM t')" x
	# a NULL that is equal to another
	((SERVER_VERSION >= 150000)) || return 0
	q "$b" 'DROP TABLE t; CREATE TABLE t (id int, v text UNIQUE NULLS NOT DISTINCT, c pair NOT NULL, r int REFERENCES r)'
	printf '%s\n' '{"id":1}' '{"id":2,"c":"(,)"}' '{"id":3,"c":"(1,1)"}' >"$T/rows"
	try portl-load -d "$b" -t t --bare --columns=id,v,c --rejects="$T/rej" "$T/rows"
	assert_status 3
	assert_eq "$(q "$b" 'SELECT id FROM t')" 2
}

@test "keys that the target's type cannot take, as numbers and as text" {
	fresh_db a
	q "$a" "CREATE TABLE n (id bigint PRIMARY KEY, v text); CREATE TABLE w (id text PRIMARY KEY, v text);
		INSERT INTO n SELECT CASE WHEN i % 7 = 0 THEN i + 5000000000 ELSE i END, 'new' FROM generate_series(1, 30) i;
		INSERT INTO w SELECT CASE WHEN i % 7 = 0 THEN 'x' || i ELSE i::text END, 'new' FROM generate_series(1, 30) i"
	for table in n w; do
		q "$b" "DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v text);
			INSERT INTO t SELECT i, 'old' FROM generate_series(1, 20) i"
		try_sh "portl-extract -d $a -t $table | portl-load -q -d $b -t t --conflict=overwrite --rejects=$T/r"
		assert_status 3
		assert_eq "$(q "$b" "SELECT count(*) FILTER (WHERE v = 'new'), string_agg(id::text, ' ' ORDER BY id) FILTER (WHERE v = 'old') FROM t")" '26|7 14'
		portl-load -q -d "$b" -t r_$table --create "$T/r"
		assert_eq "$(q "$b" "SELECT string_agg(id::text, ' ' ORDER BY id) FROM r_$table")" \
			"$(q "$a" "SELECT string_agg(id::text, ' ' ORDER BY id) FROM $table WHERE id::text ~ 'x|.{9}'")"
	done
}

@test "rows that need one another go in together wherever one stands that lacks another" {
	local order

	q "$b" 'CREATE TABLE e (id int PRIMARY KEY, boss int REFERENCES e, CHECK (id <> 13))'
	for order in '(5,7),(6,99),(7,5)' '(6,99),(5,7),(7,5)' '(5,7),(7,5),(6,99)' '(5,7),(13,13),(7,5)' '(8,6),(5,7),(6,99),(13,NULL),(7,5),(9,13)' \
		'(5,7),(13,NULL),(8,13),(7,5),(13,5)'; do
		q "$b" 'TRUNCATE e'
		try_sh "portl-extract -d $b -c 'VALUES $order' | portl-load -d $b -t e --map=column1=id,column2=boss --rejects=$BATS_TEST_TMPDIR/rejects"
		assert_status 3
		assert_eq "$(q "$b" 'TABLE e ORDER BY id')" $'5|7\n7|5'
	done
}

@test "a row that many refer to, one through another, is refused: few statements for each of these" {
	q "$b" 'CREATE TABLE e (id int PRIMARY KEY, boss int REFERENCES e)'
	try_sh "portl-extract -d $b -c 'SELECT i AS id, CASE i WHEN 400 THEN NULL WHEN 200 THEN -1 ELSE i + 1 END AS boss FROM generate_series(1, 400) i ORDER BY i' |
		portl-load -d $b -t e -vv --rejects=$BATS_TEST_TMPDIR/rejects"
	assert_status 3
	assert_eq "$(q "$b" 'SELECT count(*), min(id) FROM e')" '200|201'
	(($(grep -c SAVEPOINT <<<"$stderr") < 2000))
}

# lacking ROWS WANTED OPTION...: NDJSON into table l, of which those with these ids go in.
lacking()
{
	local wanted=$2

	tr ' ' '\n' <<<"$1" >"$BATS_TEST_TMPDIR/rows"
	shift 2
	q "$b" 'DELETE FROM l WHERE id < 100'
	try timeout 60 portl-load -d "$b" -t l --bare --rejects="$BATS_TEST_TMPDIR/rejects" "$@" "$BATS_TEST_TMPDIR/rows"
	assert_status 3
	assert_eq "$(q "$b" "SELECT string_agg(id::text, ' ' ORDER BY id) FROM l WHERE id < 100")" "$wanted"
}

@test "rows that lack others for reasons that no query sees: it ends, and is the same" {
	local way

	for way in '' --conflict=skip --conflict=overwrite '--conflict=skip --commit=batch --batch-size=2'; do
		# shellcheck disable=SC2086 # words
		{
			q "$b" 'DROP TABLE IF EXISTS l; CREATE TABLE l (id int PRIMARY KEY, a int REFERENCES l)'
			[[ $way == *overwrite* ]] || lacking '{"id":1,"a":99} {"id":1,"a":98} {"id":2,"a":1}' '' $way
			q "$b" 'DROP TABLE l; CREATE TABLE l (id int PRIMARY KEY, a int CONSTRAINT fa REFERENCES l, b int CONSTRAINT fb REFERENCES l)'
			lacking '{"id":1,"a":99,"b":null} {"id":2,"a":null,"b":1} {"id":3,"a":3,"b":3}' 3 $way
			q "$b" 'DROP TABLE l; CREATE TABLE l (id int, y int, px int, py int, PRIMARY KEY (id, y), FOREIGN KEY (px, py) REFERENCES l MATCH FULL)'
			lacking '{"id":1,"y":1,"px":9,"py":9} {"id":2,"y":2,"px":null,"py":9} {"id":3,"y":3,"px":null,"py":null}' 3 $way
			q "$b" 'DROP TABLE l; CREATE TABLE l (id int PRIMARY KEY, a int REFERENCES l, z int NOT NULL DEFAULT 7 REFERENCES l)'
			lacking '{"id":1,"a":9} {"id":2,"a":null}' '' $way
			q "$b" 'DROP TABLE l; CREATE TABLE l (id int PRIMARY KEY, a int REFERENCES l, o int REFERENCES l)'
			q "$b" 'CREATE OR REPLACE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.o := coalesce(NEW.o, 77); RETURN NEW; END$$;
				CREATE TRIGGER fill BEFORE INSERT ON l FOR EACH ROW EXECUTE FUNCTION fill()'
			lacking '{"id":1,"a":9,"o":1} {"id":2,"a":null,"o":null} {"id":3,"a":null,"o":3}' 3 $way
		}
	done
}

@test "rows that a query takes for lost, and the server does not, go in" {
	local role=r_${b} said=0

	q "$b" "CREATE ROLE $role LOGIN; CREATE TABLE l (id int PRIMARY KEY, a int REFERENCES l, owner name DEFAULT current_user);
		INSERT INTO l VALUES (100); ALTER TABLE l ENABLE ROW LEVEL SECURITY;
		CREATE POLICY own ON l USING (owner = current_user); GRANT ALL ON l TO $role"
	lacking '{"id":1,"a":2} {"id":2,"a":100} {"id":3,"a":999}' '1 2' -U "$role" || said=1
	q "$b" "DROP TABLE l; DROP OWNED BY $role; DROP ROLE $role"
	[ "$said" = 0 ]
	q "$b" 'CREATE TABLE l (id int PRIMARY KEY, a int REFERENCES l);
		CREATE FUNCTION less() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.a := NEW.a - 1000; RETURN NEW; END$$;
		CREATE TRIGGER less BEFORE INSERT ON l FOR EACH ROW EXECUTE FUNCTION less()'
	lacking '{"id":1,"a":1002} {"id":2,"a":1003} {"id":3,"a":null} {"id":4,"a":1999}' '1 2 3'
}
