#!/bin/bash
# make demo: what Portl is for, shown in half a minute with a throw-away PostgreSQL.
#
# Prints each command before it runs it, checks what it claims, and leaves nothing
# behind, however it ends.  ROWS says how large the table is.
set -u
cd "$(dirname "$0")/.." || exit
ROWS=${ROWS:-1000000}
PATH=$(cd "${BUILD:-build}" && pwd):$PATH
unset PORTL_SOURCE PORTL_DESTINATION

# shellcheck source=tests/lib/cluster.sh
. tests/lib/cluster.sh

bold='' plain=''
if [ -t 1 ]; then
	bold=$'\e[1m' plain=$'\e[0m'
fi

# say TEXT...: a paragraph of its own.
say()
{
	printf '\n'
	printf '%s\n' "$@"
}

# show COMMAND: print a line of shell as one types it, run it in a shell without
# pipefail, and print its exit status unless that is 0.  The shell is our own child,
# so that an interrupt ends it as well.
show()
{
	local status

	printf '\n%s$ %s%s\n' "$bold" "$1" "$plain"
	bash -c "$1"
	status=$?
	[ "$status" -eq 0 ] || echo "(exit status $status)"
	return "$status"
}

failed()
{
	printf '\nThe demo failed: %s\n' "$*" >&2
	exit 1
}

ask()
{
	psql -XAtq -v ON_ERROR_STOP=1 -d "$1" -c "$2"
}

# in_the_middle: wait until a part of the rows is seen to have arrived in dw.
in_the_middle()
{
	ask dw "DO \$\$
		BEGIN
			FOR i IN 1 .. 10000 LOOP
				EXIT WHEN (SELECT tuples_processed > $ROWS / 5 FROM pg_stat_progress_copy
					    WHERE datname = current_database());
				PERFORM pg_sleep(0.002), pg_stat_clear_snapshot();
			END LOOP;
		END \$\$"
}

# cut_short ACT PIPE: show a pipe, and in the middle of it run and show ACT, in which
# $left is the process on the left side.
cut_short()
{
	local pipe left status

	printf '\n%s$ %s%s\n' "$bold" "$2" "$plain"
	bash -c "$2" &
	pipe=$!
	in_the_middle
	left=$(pgrep -P "$pipe" | head -n 1)
	printf '# meanwhile:\n%s$ %s%s\n' "$bold" "${1//\$left/$left}" "$plain"
	export left
	bash -c "$1" >/dev/null
	wait "$pipe" 2>/dev/null
	status=$?
	echo "(exit status $status)"
	return "$status"
}

# untouched TABLE STATUS: check what Portl promises.
untouched()
{
	show "psql -XAtd dw -c 'SELECT count(*) FROM $1'"
	[ "$2" -eq 4 ] || failed "portl-load exited with $2, not 4"
	[ "$(ask dw "SELECT count(*) FROM $1")" = 0 ] || failed 'the target was touched'
}

dir=$(cluster_dir) || exit
trap 'cluster_drop "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

echo 'A throw-away PostgreSQL, two databases, and a shop with some orders:'
cluster_start "$dir" 'max_wal_size = 4GB' || exit
cluster_env "$dir"
export PGOPTIONS='-c client_min_messages=warning'

show 'createdb shop; createdb dw'
show "psql -Xq -v ON_ERROR_STOP=1 -d shop <<'SQL'
CREATE TYPE status AS ENUM ('new', 'paid', 'sent', 'returned');
CREATE TABLE orders (
    id       bigint PRIMARY KEY,
    customer uuid NOT NULL,
    placed   timestamptz NOT NULL,
    status   status NOT NULL,
    total    numeric(12,2) NOT NULL,
    weight   double precision,
    note     text,
    items    jsonb NOT NULL,
    tags     text[]);
INSERT INTO orders
SELECT n, md5((n % 9973)::text)::uuid,
       '2024-01-01 00:00+00'::timestamptz + n * interval '37.5 seconds',
       (enum_range(NULL::status))[1 + n % 4], (n * 7919 % 1000000) / 100.0,
       CASE WHEN n % 5 > 0 THEN n / 7.0 END,
       CASE n % 4 WHEN 1 THEN 'ring twice, please' WHEN 2 THEN ''
                  WHEN 3 THEN E'zweite Tür\\tlinks\\nпривет 🎈' END,
       jsonb_build_array(jsonb_build_object('sku', 'A-' || n % 1000, 'n', n % 9)),
       CASE WHEN n % 3 > 0 THEN ARRAY['gift', NULL, 'x' || n % 11] END
  FROM generate_series(1, $ROWS::bigint) AS n;
SQL" || failed 'no table to copy'
show "psql -Xd shop -c 'SELECT * FROM orders LIMIT 3' -c '\\dt+ orders' | cut -c 1-110"

say 'The pipe.  --create makes the table, but not the type of one of its columns.' \
	'On a terminal both sides say what they have done; from cron they would be silent.'
show "psql -Xq -d dw -c \"CREATE TYPE status AS ENUM ('new', 'paid', 'sent', 'returned')\""
show "time portl-extract -d shop -t orders --summary=$dir/sent.json |
    portl-load -d dw --create --summary=$dir/loaded.json" || failed 'the pipe'
say 'The receipts, one from each side, with the same digest (xxh3) over all rows:'
show "jq -c '{tool, status, rows: .rows.read, inserted: .rows.inserted, seconds, xxh3, committed}' \\
    $dir/sent.json $dir/loaded.json" || failed 'no receipts'
[ "$(jq -s 'map([.xxh3, .rows.read]) | unique | length' "$dir/sent.json" "$dir/loaded.json")" = 1 ] ||
	failed 'the receipts differ'

say 'Are they equal?  A digest over every byte of both tables:'
for db in shop dw; do
	show "psql -Xd $db -c \"COPY (SELECT * FROM orders ORDER BY id) TO STDOUT (FORMAT binary)\" |
    sha256sum | tee $dir/$db.sum" || failed "no digest of $db"
done
cmp -s "$dir/shop.sum" "$dir/dw.sum" || failed 'the tables differ'
echo 'Equal.'

say 'Now what the pipe is for.  First the way everybody knows: psql | psql, into an' \
	'empty table.  In the middle the left side loses its connection.'
lose="psql -Xqd postgres -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = 'shop'\""
show "psql -Xqd dw -c 'CREATE TABLE by_psql (LIKE orders)' -c 'CREATE TABLE by_portl (LIKE orders)'"
cut_short "$lose" "psql -Xd shop -c 'COPY orders TO STDOUT' |
    psql -Xqd dw -c 'COPY by_psql FROM STDIN'"
by_psql=$?
show "psql -XAtd dw -c 'SELECT count(*) FROM by_psql'"
part=$(ask dw 'SELECT count(*) FROM by_psql')
if [ "$by_psql" -ne 0 ] || [ "$part" -eq 0 ] || [ "$part" -eq "$ROWS" ]; then
	failed "psql was expected to commit a part with status 0, not $part rows with $by_psql"
fi
echo "Status 0, and $part of $ROWS rows are committed.  A script would go on."

say 'The same with Portl:'
cut_short "$lose" "portl-extract -d shop -t orders |
    portl-load -d dw -t by_portl"
untouched by_portl $?
echo 'Status 4, and the target is as it was.'

say 'And when the left side has no time for last words:'
# shellcheck disable=SC2016 # expanded in cut_short
cut_short 'kill -9 $left' "portl-extract -d shop -t orders |
    portl-load -d dw -t by_portl"
untouched by_portl $?
echo 'Status 4, and the target is as it was.  Run it again, and it is complete:'
show "portl-extract -d shop -t orders | portl-load -d dw -t by_portl &&
    psql -XAtd dw -c 'SELECT count(*) FROM by_portl'" || failed 'the second run'

say 'A source that is lost half way, and what the last command says of it:'
echo "psql | psql                  status 0   $part of $ROWS rows are in the target"
echo 'portl-extract | portl-load   status 4   0 rows are'

say 'That was all.  The server and its files are removed.  man man/portl.7 goes on.'
