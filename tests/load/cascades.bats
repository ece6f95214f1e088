#!/usr/bin/env bats
# Foreign keys whose ON UPDATE would change rows that the stream has just brought: refused, for
# the server cannot tell these from the ones that were there.
# shellcheck disable=SC2016,SC2154 # dollar quotes are SQL's; fresh_db sets src and dst

load ../lib/common

setup()
{
	fresh_db src dst
	cd "$BATS_TEST_TMPDIR" || return
}

# self_key ON-UPDATE: a table that refers to itself by a code that moves from row 1 to row 5
self_key()
{
	local db

	for db in "$src" "$dst"; do
		q "$db" "CREATE TABLE n (id int PRIMARY KEY, code text UNIQUE,
			pcode text REFERENCES n (code) ON UPDATE $1 DEFERRABLE INITIALLY DEFERRED)"
	done
	q "$dst" "INSERT INTO n VALUES (1, 'B', NULL), (4, NULL, 'B')"
	q "$src" "INSERT INTO n VALUES (1, 'C', NULL), (4, NULL, 'B'), (5, 'B', NULL)"
}

refused()
{
	assert_status 5
	assert_stderr_has 'foreign key "n_pcode_fkey" goes along with updates of "code" (ON UPDATE)'
	assert_stderr_has 'use --foreign-keys=recheck'
	assert_eq "$(q "$dst" 'SELECT * FROM n ORDER BY 1')" $'1|B|\n4||B'
}

@test "a key of the table to itself that cascades or clears: refused, and right with recheck" {
	local action

	for action in CASCADE 'SET NULL' 'SET DEFAULT'; do
		self_key "$action"
		portl-extract -d "$src" -t n -o n.portl
		try portl-load -d "$dst" --conflict=overwrite --delete n.portl
		refused
		try portl-load -d "$dst" --conflict=merge n.portl
		refused
		try portl run -j 2 -d "$src" -t n --parts=2 --split-by=id -- -d "$dst" --conflict=overwrite
		refused
		portl-load -d "$dst" --conflict=overwrite --foreign-keys=recheck n.portl
		same_table "$src" n "$dst" n
		for db in "$src" "$dst"; do q "$db" 'DROP TABLE n'; done
	done
}

@test "what changes no row that is there is taken as before" {
	self_key CASCADE
	q "$dst" "DELETE FROM n; INSERT INTO n VALUES (1, 'C', NULL)"
	portl-extract -d "$src" -t n | portl-load -d "$dst" --conflict=skip
	same_table "$src" n "$dst" n
}

@test "what is referred to is the key, or is not in the stream: taken as before" {
	q "$dst" "CREATE TABLE p (id int PRIMARY KEY, parent int REFERENCES p ON UPDATE CASCADE, code text UNIQUE,
		pcode text REFERENCES p (code) ON UPDATE CASCADE); INSERT INTO p VALUES (1, NULL, 'A', NULL), (2, 1, 'B', 'A')"
	q "$src" 'CREATE TABLE p (id int PRIMARY KEY, parent int); INSERT INTO p VALUES (1, NULL), (2, 1), (3, 2), (4, 4)'
	portl-extract -d "$src" -t p | portl-load -d "$dst" --conflict=overwrite
	assert_eq "$(q "$dst" 'SELECT * FROM p ORDER BY 1')" $'1||A|\n2|1|B|A\n3|2||\n4|4||'
}

@test "in a set, a child that comes before its parent: the same" {
	local db

	for db in "$src" "$dst"; do
		q "$db" 'CREATE SCHEMA f; CREATE TABLE f.a (id int PRIMARY KEY, pcode text); CREATE TABLE f.b (id int PRIMARY KEY, code text UNIQUE)'
	done
	q "$dst" "ALTER TABLE f.a ADD FOREIGN KEY (pcode) REFERENCES f.b (code) ON UPDATE CASCADE DEFERRABLE;
		INSERT INTO f.b VALUES (1, 'B'); INSERT INTO f.a VALUES (4, NULL)"
	q "$src" "INSERT INTO f.b VALUES (1, 'C'), (5, 'B'); INSERT INTO f.a VALUES (4, 'B')"
	portl-extract -d "$src" --schema=f -o set
	try portl-load -d "$dst" --conflict=overwrite set
	assert_status 5
	assert_stderr_has 'foreign key "a_pcode_fkey" goes along with updates of "code" (ON UPDATE)'
	portl-load -d "$dst" --conflict=overwrite --foreign-keys=recheck set
	same_table "$src" f.a "$dst" f.a
	same_table "$src" f.b "$dst" f.b
}

# still_b TABLE: the row that refers to B was not changed
still_b()
{
	assert_status 5
	assert_stderr_has 'goes along with updates of'
	assert_eq "$(q "$dst" "SELECT pcode FROM $1 WHERE id = 4")" B
}

@test "a key that recheck would not drop is refused with it; one that does nothing is not" {
	q "$src" "CREATE TABLE n (id int PRIMARY KEY, code text, pcode text); INSERT INTO n VALUES (1, 'C', NULL), (4, NULL, 'B'), (5, 'B', NULL)"
	q "$dst" "CREATE TABLE n (id int PRIMARY KEY, code text UNIQUE, pcode text);
		ALTER TABLE n ADD CONSTRAINT k FOREIGN KEY (pcode) REFERENCES n (code) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID;
		INSERT INTO n VALUES (1, 'B', NULL), (4, NULL, 'B')"
	portl-extract -d "$src" -t n -o n.portl
	try portl-load -d "$dst" --conflict=overwrite --foreign-keys=recheck n.portl
	still_b n
	assert_stderr_has 'it would have to be valid, and on, for --foreign-keys=recheck'
	q "$dst" 'ALTER TABLE n DISABLE TRIGGER ALL'
	portl-load -d "$dst" --conflict=overwrite n.portl
	same_table "$src" n "$dst" n
}

@test "by way of a partition, of a generated column, of a trigger, of another table: the same" {
	local setup

	for setup in \
		'CREATE TABLE n (id int, r int DEFAULT 1, code text, pcode text, PRIMARY KEY (id, r), UNIQUE (code, r),
			FOREIGN KEY (pcode, r) REFERENCES n (code, r) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED) PARTITION BY LIST (r);
			CREATE TABLE part PARTITION OF n FOR VALUES IN (1)' \
		'CREATE TABLE part (id int PRIMARY KEY, r int DEFAULT 1, code text, up text GENERATED ALWAYS AS (upper(code)) STORED UNIQUE,
			pcode text REFERENCES part (up) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED)' \
		'CREATE TABLE part (id int PRIMARY KEY, r int DEFAULT 1, code text, up text UNIQUE,
			pcode text REFERENCES part (up) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
			CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.up := upper(NEW.code); RETURN NEW; END$$;
			CREATE TRIGGER up BEFORE INSERT OR UPDATE ON part FOR EACH ROW EXECUTE FUNCTION up()' \
		'CREATE TABLE part (id int PRIMARY KEY, r int DEFAULT 1, code text UNIQUE, pcode text);
			CREATE TABLE mid (code text PRIMARY KEY REFERENCES part (code) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
			ALTER TABLE part ADD FOREIGN KEY (pcode) REFERENCES mid ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED'; do
		q "$dst" "DROP TABLE IF EXISTS n, part, mid CASCADE; DROP FUNCTION IF EXISTS up; $setup"
		q "$dst" "BEGIN; INSERT INTO part (id, code, pcode) VALUES (1, 'B', NULL), (4, NULL, 'B')"';
			DO $$ BEGIN INSERT INTO mid VALUES ($q$B$q$); EXCEPTION WHEN undefined_table THEN END $$; COMMIT'
		q "$src" "DROP TABLE IF EXISTS part; CREATE TABLE part (id int, r int, code text, pcode text, PRIMARY KEY (id, r));
			INSERT INTO part VALUES (1, 1, 'C', NULL), (4, 1, NULL, 'B'), (5, 1, 'B', NULL)"
		try_sh "portl-extract -d $src -t part | portl-load -d $dst -t part --conflict=overwrite"
		still_b part
	done
}

@test "in a set, by way of a table that is not in it: the same" {
	for db in "$src" "$dst"; do
		q "$db" 'CREATE SCHEMA f; CREATE TABLE f.a (id int PRIMARY KEY, pcode text); CREATE TABLE f.c (id int PRIMARY KEY, code text UNIQUE)'
	done
	q "$dst" "CREATE TABLE mid (x text PRIMARY KEY REFERENCES f.c (code) ON UPDATE CASCADE DEFERRABLE);
		ALTER TABLE f.a ADD FOREIGN KEY (pcode) REFERENCES mid (x) ON UPDATE CASCADE DEFERRABLE;
		INSERT INTO f.c VALUES (1, 'B'); INSERT INTO mid VALUES ('B'); INSERT INTO f.a VALUES (4, 'B')"
	q "$src" "INSERT INTO f.c VALUES (1, 'C'), (5, 'B'); INSERT INTO f.a VALUES (4, 'B')"
	try_sh "portl-extract -d $src --schema=f | portl-load -d $dst --conflict=overwrite"
	still_b f.a
}
