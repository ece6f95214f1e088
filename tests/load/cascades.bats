#!/usr/bin/env bats
# Foreign keys whose ON UPDATE would change rows that the stream has just brought: refused, for
# the server cannot tell these from the ones that were there.

load ../lib/common
load ../lib/parts

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
