# shellcheck shell=bash disable=SC2034,SC2154 # bats' variables
# The examples of README.md, of the cookbook (examples/README.md) and of man/, and how they
# are run.  Load it behind common.
#
# An example is a block of shell under EXAMPLES in man/, or a ```sh or ```crontab block of a
# Markdown file.  The line behind it is its proof: a line of bash that must hold after it has
# run (in man pages `.\" proof: …`, in Markdown `<!-- proof: … -->`).  Blocks that are no
# shell are marked `.\" data`, and ```console.  In Markdown a line before the block may say
# what is done first, in the block's directory (`<!-- before: … -->`), and which program it
# needs that `make deps` does not install (`<!-- needs: … -->`): it is run by that one's target.

# --- where they run ------------------------------------------------------------

# The examples' databases have the names that the examples use; no other file makes them.
make_shops()
{
	export PGSERVICEFILE=$BATS_FILE_TMPDIR/pg_service.conf
	printf '[%s]\ndbname=%s\n' shop shop dw dw >"$PGSERVICEFILE"
	psql -Xq -v ON_ERROR_STOP=1 -d postgres -c 'CREATE DATABASE shop' -c 'CREATE DATABASE dw'
	q shop <<-'SQL'
		CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text);
		INSERT INTO customers VALUES (1, 'Ada', 'ada@example.org'), (2, 'Алан', NULL), (3, '', '');
		CREATE TABLE orders (id bigint PRIMARY KEY, customer_id int, placed timestamptz,
		    total numeric(12,2), paid bool, note text, tags text[], details jsonb);
		INSERT INTO orders
		SELECT n, 1 + n % 3, '2025-12-31 12:00+00'::timestamptz + n * interval '1 minute',
		    n / 7.0, n % 2 = 0, CASE n % 3 WHEN 0 THEN E'tab\tnewline\n' WHEN 1 THEN '' END,
		    ARRAY['a', NULL], jsonb_build_object('n', n)
		  FROM generate_series(1, 2000) AS n;
	SQL
	psql -Xq -v ON_ERROR_STOP=1 -d postgres -c 'CREATE DATABASE shop2 TEMPLATE shop'
	q shop2 'UPDATE orders SET id = id + 2000'
}

drop_shops()
{
	local db

	for db in shop shop2 dw; do
		psql -Xq -d postgres -c "DROP DATABASE IF EXISTS $db WITH (FORCE)"
	done
}

# sales_schema [both]: tables of which two refer to each other and one to itself, in shop (and
# in dw, without rows).
sales_schema()
{
	local -x PGOPTIONS='-c client_min_messages=error'
	local sql='CREATE SCHEMA sales;
		CREATE TABLE sales.teams (id int PRIMARY KEY, head int);
		CREATE TABLE sales.staff (id int PRIMARY KEY, team int NOT NULL REFERENCES sales.teams, boss int REFERENCES sales.staff);
		ALTER TABLE sales.teams ADD FOREIGN KEY (head) REFERENCES sales.staff;
		CREATE TABLE sales.items (id int PRIMARY KEY, sold_by int REFERENCES sales.staff)'

	q dw 'DROP SCHEMA IF EXISTS sales CASCADE'
	q shop 'DROP SCHEMA IF EXISTS sales CASCADE'
	q shop "$sql"
	q shop 'BEGIN; INSERT INTO sales.teams SELECT n FROM generate_series(1, 3) n;
		INSERT INTO sales.staff SELECT n, 1 + n % 3, CASE WHEN n < 9 THEN n + 1 END FROM generate_series(1, 9) n;
		UPDATE sales.teams SET head = 9 - id; INSERT INTO sales.items SELECT n, 1 + n % 9 FROM generate_series(1, 100) n; COMMIT'
	[ "${1-}" != both ] || q dw "$sql"
}

# fake_curl: a curl that writes to the file behind -o what the script on standard input says
# to the address.
fake_curl()
{
	mkdir bin
	cat >bin/curl <<-'END'
		#!/bin/bash
		while [ "$1" != -o ]; do shift; done
		exec "$0.answer" "$3" >"$2"
	END
	cat >bin/curl.answer
	chmod +x bin/curl bin/curl.answer
}

# sheet: as Google exports one, with CRLF and no end of the last line.
sheet()
{
	q dw "INSERT INTO people VALUES (1, 'old'), (7, 'gone')"
	fake_curl <<-'END'
		#!/bin/sh
		printf 'Person ID,Name\r\n1,Ada\r\n2,"Grace, ""Amazing"""\r\n3,Last'
	END
}

# api: two pages, of which the second has a member more.
api()
{
	fake_curl <<-'END'
		#!/bin/sh
		case $1 in
		*page=1) echo '{"items": [{"id": 1, "at": "2026-02-01T10:00"}, {"id": 2, "at": null}]}' ;;
		*) echo '{"items": [{"id": 3, "note": "x"}]}' ;;
		esac
	END
}

# The target as the examples find it.
fresh_dw()
{
	PGOPTIONS='-c client_min_messages=error' q dw <<-'SQL'
		DROP SCHEMA public CASCADE;
		DROP SCHEMA IF EXISTS portl_ledger CASCADE;
		CREATE SCHEMA public;
		CREATE TABLE orders (id bigint PRIMARY KEY, customer_id int, placed timestamptz,
		    total numeric(12,2), paid bool, note text, tags text[], details jsonb);
		CREATE TABLE people (person_id int PRIMARY KEY, name text);
	SQL
}

# --- how they are read ---------------------------------------------------------

# Both write blocks to examples/NN and their proofs to examples/NN.proof.
blocks_of_man()
{
	awk '
		/^\.Sh / { examples = $2 == "EXAMPLES" }
		!examples { next }
		/^\.Bd -literal/ { block = sprintf("examples/%02d", ++n); inside = 1; next }
		/^\.Ed/ { inside = 0; next }
		/^\.\\" proof: / { sub(/^\.\\" proof: /, ""); print >(block ".proof"); next }
		/^\.\\" data/ { system("rm " block); next }
		inside { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print >block; fflush(block) }
	' "$1"
	crontabs_to_shell examples/[0-9][0-9]
}

# blocks_of_markdown FILE [PROGRAM]: those that need PROGRAM, or nothing.
blocks_of_markdown()
{
	awk -v wanted="${2-}" '
		/^<!-- needs: .* -->$/ { needs = $3; next }
		/^<!-- before: .* -->$/ { sub(/^<!-- before: /, ""); sub(/ -->$/, ""); before = $0; next }
		/^```(sh|crontab)$/ { block = sprintf("examples/%02d", ++n); inside = 1; ours = needs == wanted
			if (ours && before != "") print before >(block ".before")
			needs = before = ""; next }
		/^```/ { inside = 0; next }
		/^<!-- proof: .* -->$/ { sub(/^<!-- proof: /, ""); sub(/ -->$/, "")
			if (ours) print >(block ".proof"); next }
		inside && ours { print >block }
	' "$1"
	crontabs_to_shell examples/[0-9][0-9]
}

# A crontab becomes a script: its time is now, its variables are exported, all but PATH,
# for what is tested is not installed.
crontabs_to_shell()
{
	sed -Ei -e 's/^([0-9*]+ +){5}//;t' -e '/^PATH=/d' -e 's/^[A-Z_]+=/export &/' "$@"
}

# run_examples READER FILE MINIMUM [PROGRAM]: run them all, each in a directory of its own.
run_examples()
{
	local block

	mkdir examples
	"$1" "$ROOT/$2" "${4-}"
	for block in examples/[0-9][0-9]; do
		[ -s "$block.proof" ] || fail "$2: no proof behind:" "$(cat "$block")" || return
		fresh_dw
		mkdir "at.${block##*/}"
		cp "$block" "at.${block##*/}/script"
		export HOME=$BATS_TEST_TMPDIR/at.${block##*/}
		[ ! -f "$block.before" ] || (cd "$HOME" && eval "$(cat "$BATS_TEST_TMPDIR/$block.before")") ||
			fail "$2: what is done before" "$(cat "$block")" || return
		try_sh "cd '$HOME' && PATH='$HOME/bin:$PATH' exec sh -eu script"
		assert_status 0 || fail "$2:" "$(cat "$block")" || return
		(cd "$HOME" && eval "$(cat "$BATS_TEST_TMPDIR/$block.proof")") ||
			show_run "$2: the proof does not hold: $(cat "$block.proof")" \
				"$(cat "$block")" || return
	done
	set -- "$2" "$3" examples/[0-9][0-9]
	[ $(($# - 2)) -ge "$2" ] || fail "$1: only $(($# - 2)) examples were found"
}

