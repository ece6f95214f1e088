#!/usr/bin/env bats
# --order: rows in the order of the key, which is the same on every server, and a header that
# says so.
# shellcheck disable=SC2016,SC2154 # jq's and SQL's dollars; fresh_db's variables

load ../lib/common

setup()
{
	fresh_db src
	cd "$BATS_TEST_TMPDIR" || return
}

# keys OPTION...: the first column's values as they come, on one line
keys()
{
	portl-extract -d "$src" -F ndjson "$@" >keys.out &&
		jq -r 'select(."$portl" | not) | to_entries[0].value' keys.out | tr '\n' ' '
}

@test "strings come in the order of their bytes, whatever the collation" {
	q "$src" <<-'EOF'
		CREATE TABLE t (k text COLLATE "en-x-icu" PRIMARY KEY);
		INSERT INTO t VALUES ('b'), ('B'), ('a'), ('A'), ('é'), ('z'), ('€'), ('😀'), ('_'), ('');
		CREATE TABLE c (k char(4) PRIMARY KEY); INSERT INTO c VALUES ('b'), ('B'), ('a b'), ('a');
		CREATE DOMAIN d AS varchar COLLATE "en-x-icu"; CREATE TABLE o (k d PRIMARY KEY); INSERT INTO o VALUES ('b'), ('B'), ('a');
	EOF
	assert_eq "$(keys -t t --order=key)" ' A B _ a b z é € 😀 '
	assert_eq "$(keys -t o --order=key)" 'B a b '
	assert_eq "$(keys -t c --order=key | tr -s ' ')" 'B a a b b '
	head -n 1 keys.out | jq -e '."$portl".order == ["k"]'
}

@test "composite keys, in their own order; a condition and a limit see the same" {
	q "$src" <<-'EOF'
		CREATE TABLE t (v int, b int, a int, PRIMARY KEY (a, b));
		INSERT INTO t SELECT i, i % 7, -(i / 7) FROM generate_series(0, 20) i;
		CREATE TABLE p (k int PRIMARY KEY) PARTITION BY HASH (k);
		CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0);
		CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1);
		INSERT INTO p SELECT generate_series(9, 1, -1);
	EOF
	assert_eq "$(keys -t t --order=key)" '14 15 16 17 18 19 20 7 8 9 10 11 12 13 0 1 2 3 4 5 6 '
	head -n 1 keys.out | jq -e '."$portl".order == ["a", "b"]'
	assert_eq "$(keys -t t --order=key --where 'v > 15 -- really' --limit=4)" '16 17 18 19 '
	assert_eq "$(keys -t p --order=key)" '1 2 3 4 5 6 7 8 9 '
	assert_eq "$(keys -t t --columns=a,b --order=key)" '-2 -2 -2 -2 -2 -2 -2 -1 -1 -1 -1 -1 -1 -1 0 0 0 0 0 0 0 '
}

@test "where there is no key it is refused by name, or with auto sent as it is" {
	q "$src" <<-'EOF'
		CREATE TABLE plain (k int); CREATE VIEW v AS TABLE plain;
		CREATE TABLE t (k int PRIMARY KEY, v int);
		CREATE TABLE parent (k int PRIMARY KEY); CREATE TABLE child () INHERITS (parent);
	EOF
	while IFS='|' read -r options message; do
		# shellcheck disable=SC2086 # words
		try portl-extract -d "$src" $options --order=key -o none
		assert_status 1
		assert_stderr_has "--order=key: $message"
		# shellcheck disable=SC2086 # words
		portl-extract -d "$src" $options --order=auto -F ndjson >out
		head -n 1 out | jq -e '."$portl" | has("order") | not'
	done <<-'EOF'
		-t plain|table "plain" has no primary key
		-t v|view "v" has no primary key
		-t parent|"parent" has children, which may repeat its keys
		-t t --columns=v|column "k" of the primary key is not sent
		-c TABLE/**/t|a query has no primary key
	EOF
	printf 'k\n1\n' >t.csv
	try portl-extract --csv=t.csv --order=key
	assert_status 64
	portl-extract --csv=t.csv --order=auto >/dev/null
}

@test "in a set each member has its order, with auto those that have a key" {
	q "$src" <<-'EOF'
		CREATE TABLE a (k int PRIMARY KEY); CREATE TABLE b (k int); CREATE SEQUENCE s;
		INSERT INTO a VALUES (3), (1), (2); INSERT INTO b VALUES (3), (1), (2);
	EOF
	try portl-extract -d "$src" -t '*' --order=key -o none
	assert_status 1
	assert_stderr_has 'public.b: --order=key: table "b" has no primary key'
	portl-extract -d "$src" -t '*' --order=auto -F ndjson >out
	jq -c 'select(."$portl".relation) | ."$portl" | [.relation.name, .order]' out >orders
	assert_eq "$(tr '\n' ' ' <orders)" '["a",["k"]] ["b",null] ["s",null] '
	assert_eq "$(jq -r 'select(has("k")) | .k' out | tr '\n' ' ')" '1 2 3 3 1 2 '
}

@test "an encoding whose bytes are in another order makes no difference" {
	fresh_db other -- "ENCODING 'EUC_JP' LC_COLLATE 'C' LC_CTYPE 'C'"
	for db in "$src" "$other"; do
		PGCLIENTENCODING=UTF8 psql -XAtq -d "$db" <<-'EOF'
			CREATE TABLE t (k varchar(9) PRIMARY KEY); INSERT INTO t VALUES ('ｱ'), ('ア'), ('亜'), ('a'), ('Я');
		EOF
	done
	keys -t t --order=key >one
	src=$other keys -t t --order=key >two
	cmp one two
	assert_eq "$(<one)" 'a Я ア 亜 ｱ '
}
