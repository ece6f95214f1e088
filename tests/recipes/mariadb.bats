#!/usr/bin/env bats
# The cookbook's recipes for MariaDB, with a server of this file alone: `make deps-mariadb
# mariadb`.  `make check` leaves them out, for MariaDB is large.

load ../lib/common
load ../lib/examples

setup_file()
{
	local base

	base=$(command -v mariadbd) || PATH=$PATH:/usr/sbin base=$(command -v mariadbd) || {
		echo 'no mariadbd: run make deps-mariadb'
		return 1
	}
	base=${base%/*/*}
	make_shops
	export MARIA=$SUITE_CLUSTER/maria # what runs the servers may go there
	mkdir "$MARIA"
	chmod 777 "$MARIA"
	cluster_as env PATH="$PATH:/usr/sbin" mariadb-install-db --no-defaults --basedir="$base" --datadir="$MARIA/data" \
		--auth-root-authentication-method=normal --skip-test-db >"$MARIA/install.log" 2>&1 || {
		tail -n 20 "$MARIA/install.log"
		return 1
	}
	cluster_as env PATH="$PATH:/usr/sbin" mariadbd --no-defaults --basedir="$base" --datadir="$MARIA/data" \
		--socket="$MARIA/socket" --pid-file="$MARIA/pid" --skip-networking >"$MARIA/log" 2>&1 3>&- &
	printf '%s\n' '[client]' "socket=$MARIA/socket" user=root >"$MARIA/my.cnf"
	wait_until 60 mariadb --defaults-file="$MARIA/my.cnf" -e 'CREATE DATABASE shop CHARACTER SET utf8mb4' 2>/dev/null || {
		tail -n 20 "$MARIA/log"
		return 1
	}
}

teardown_file()
{
	drop_shops
	[ ! -s "${MARIA:-}/pid" ] || {
		kill "$(cat "$MARIA/pid")"
		wait_until 60 test ! -e "$MARIA/pid"
	}
	rm -rf "${MARIA:?}"
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# maria [SQL]: run it in the database shop, print bare tuples.
maria()
{
	mariadb --defaults-file="$MARIA/my.cnf" --batch --raw --skip-column-names shop ${1+-e "$1"}
}

# goods: a table of both sides, with what is hard to carry.
goods()
{
	cp "$MARIA/my.cnf" "$HOME/.my.cnf"
	maria <<-'SQL'
		SET NAMES utf8mb4;
		CREATE TABLE goods (id bigint PRIMARY KEY, name varchar(100), price decimal(30,2), weight double,
		    sold tinyint(1), made datetime(6), photo blob, note text);
		INSERT INTO goods VALUES
		    (9007199254740993, 'Жук', 1.10, 0.1, 1, '2026-01-01 10:00:00.123456', x'00ff0a', ''),
		    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		    (3, 'tab\tnl\nbs\\ "q"', -0.05, 1e300, 0, '9999-12-31 00:00:00', x'', 'NULL'),
		    (4, '😀\r', 1234567890123456789012345678.99, 0.30000000000000004, 1, '2026-01-01', 'x', '\\N');
	SQL
	q dw "CREATE TABLE goods (id bigint PRIMARY KEY, name text, price numeric(30,2), weight float8, sold boolean,
		made timestamp, photo bytea, note text); INSERT INTO goods (id, name) VALUES (4, 'old')"
}

goods_came()
{
	q dw "CREATE TABLE wanted (LIKE goods); INSERT INTO wanted VALUES
		(9007199254740993, 'Жук', 1.10, 0.1, true, '2026-01-01 10:00:00.123456', '\\x00ff0a', ''),
		(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		(3, E'tab\\tnl\\nbs\\\\ \"q\"', -0.05, 1e300, false, '9999-12-31', '', 'NULL'),
		(4, E'😀\\r', 1234567890123456789012345678.99, 0.30000000000000004, true, '2026-01-01', 'x', '\\N')"
	same_table dw wanted dw goods
}

orders_there()
{
	cp "$MARIA/my.cnf" "$HOME/.my.cnf"
	maria 'CREATE TABLE orders (id bigint PRIMARY KEY, total decimal(12,2), paid boolean, placed datetime(6), note text);
		INSERT INTO orders (id, note) VALUES (1, "old")'
}

orders_are_there()
{
	assert_eq "$(maria "SELECT id, total, paid, placed, coalesce(hex(note), '-') FROM orders ORDER BY id" | tr '\t' '|')" \
		"$(q shop "SELECT id, total, paid::int, to_char(placed AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
			coalesce(upper(encode(convert_to(note, 'UTF8'), 'hex')), '-') FROM orders ORDER BY id")"
}

@test "cookbook: the recipes for MariaDB run" {
	run_examples blocks_of_markdown examples/README.md 2 mariadb
}

@test "cookbook: a client of MariaDB that fails loads nothing" {
	mkdir examples at bin
	blocks_of_markdown "$ROOT/examples/README.md" mariadb
	export HOME=$PWD/at
	fresh_dw
	maria 'DROP TABLE IF EXISTS goods, orders'
	goods
	printf '#!/bin/sh\n%s "$@" | head -n 2\nexit 1\n' "$(command -v mariadb)" >bin/mariadb
	chmod +x bin/mariadb
	set -- examples/[0-9][0-9]
	try_sh "cd at && PATH='$PWD/bin:$PATH' sh -eu '$PWD/$1'"
	[ "$status" -ne 0 ]
	assert_eq "$(wc -l <at/goods.ndjson)" 2
	assert_eq "$(q dw 'SELECT id, name FROM goods')" '4|old'
}
