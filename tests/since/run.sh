#!/bin/bash
# Nothing is missed: writers at work, and a run every second that brings what has changed.
#
#   SINCE_SECONDS=600  how long
#   SINCE_WRITERS=16   sessions that write: late and in parts, prepared, rolled back
#   SEED=N             what random parts begin with, else a random one
#   BUILD=build        the build to try
#
# Three ways bring the same table to three places: by xmin and by a cursor of xid8, both with
# a state and with loads that are killed at random, and, beside them, by the greatest
# updated_at, as many tools do.  The last line says how many rows are wrong in each.
set -u
cd "$(dirname "$0")/../.." || exit
PATH=$(cd "${BUILD:-build}" && pwd):$PATH
seconds=${SINCE_SECONDS:-600} writers=${SINCE_WRITERS:-16} seed=${SEED:-$RANDOM}
export LC_ALL=C.UTF-8
echo "SEED=$seed repeats this, as far as time can be repeated"
RANDOM=$seed

# shellcheck source=tests/lib/cluster.sh
. tests/lib/cluster.sh
cluster=$(cluster_dir)
pids=()
# shellcheck disable=SC2317 # called by the trap
clean()
{
	kill "${pids[@]}" 2>/dev/null
	cluster_drop "$cluster"
}
trap clean EXIT
cluster_start "$cluster" "max_prepared_transactions = $((writers * 2))" "max_connections = $((writers + 40))" || exit
cluster_env "$cluster"

sql()
{
	psql -XAtq -v ON_ERROR_STOP=1 -d "$1" -c "$2"
}

for db in source xmin cursor latest; do
	sql postgres "CREATE DATABASE $db"
	sql $db 'CREATE TABLE item (id bigint PRIMARY KEY, n int, updated_at timestamptz, ver xid8)'
done
sql source 'ALTER TABLE item ALTER updated_at SET DEFAULT now(), ALTER ver SET DEFAULT pg_current_xact_id();
	CREATE INDEX ON item (ver); CREATE INDEX ON item (updated_at); CREATE VIEW items AS TABLE item'

# writer N: transactions without end for one session, on rows of its own.
writer()
{
	awk -v w="$1" -v all="$writers" -v seed="$((seed * 100 + $1))" '
		function own() { return int(rand() * 200) * all + w }
		function nap(ms) { printf "SELECT pg_sleep(%.3f);\n", rand() * ms / 1000 }
		function write_one() {
			printf "INSERT INTO item (id, n) VALUES (%d, %d) ON CONFLICT (id) DO UPDATE SET n = excluded.n," \
				" updated_at = now(), ver = pg_current_xact_id();\n", own(), ++n
		}
		BEGIN {
			srand(seed)
			for (;;) {
				print "BEGIN;"
				write_one()
				if (rand() < .3) { print "SAVEPOINT a;"; write_one(); nap(200) }
				if (rand() < .2) { print "SAVEPOINT b;"; write_one(); print "ROLLBACK TO b;" }
				if (rand() < .2) { print "SAVEPOINT c;"; write_one(); print "RELEASE c;" }
				nap(rand() < .1 ? 3000 : 100)
				if (rand() < .3) write_one()
				if (rand() < .15) {
					name = "p" w "_" ++p
					print "PREPARE TRANSACTION \047" name "\047;"
					nap(rand() < .2 ? 2500 : 300)
					print (rand() < .8 ? "COMMIT" : "ROLLBACK") " PREPARED \047" name "\047;"
				} else
					print (rand() < .85 ? "COMMIT;" : "ROLLBACK;")
				fflush()
				nap(100)
			}
		}' 2>/dev/null | psql -Xq -d source >/dev/null 2>&1
}

freezer()
{
	while sleep "1.$((RANDOM % 10))"; do
		sql source 'VACUUM (FREEZE) item'
	done
}

# bring STATE CRASHES RELATION [EXTRACT-OPTION...]: one run; killed soon, if it is to crash
bring()
{
	local state=$1 crash=$2 word load

	shift 2
	word=$(portl-load -d "$state" --state=s --print-state) || return
	portl-extract -d source -t "$@" --since="$word" 2>/dev/null |
		portl-load -q -d "$state" -t item --state=s --conflict=overwrite 2>>"$cluster/err" &
	load=$!
	if [ "$crash" = 1 ]; then
		sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
		kill -KILL "$load" 2>/dev/null
	fi
	{ wait "$load"; } 2>/dev/null
}

# As tools do that keep no state but the target's.
bring_latest()
{
	local last

	last=$(sql latest "SELECT coalesce(max(updated_at), '-infinity') FROM item")
	portl-extract -d source -c "SELECT * FROM item WHERE updated_at > '$last'" |
		portl-load -q -d latest -t item --conflict=overwrite
}

# wrong DB: how many of the source's rows are not there as they are
wrong()
{
	comm -23 <(sql source 'SELECT id, n FROM item' | sort) <(sql "$1" 'SELECT id, n FROM item' | sort) | wc -l
}

for ((w = 0; w < writers; w++)); do
	writer $w &
	pids+=($!)
done
freezer &
pids+=($!)
runs=0 crashed=0
end=$((SECONDS + seconds))
while ((SECONDS < end)); do
	began=${EPOCHREALTIME/[.,]/}
	for state in xmin cursor; do
		crash=$((RANDOM % 4 == 0))
		if [ $state = xmin ]; then
			bring xmin $crash item
		else
			bring cursor $crash items --cursor=ver
		fi
		((runs += 1, crashed += crash))
	done
	bring_latest
	left=$((1000000 - (${EPOCHREALTIME/[.,]/} - began)))
	((left <= 0)) || sleep "$(printf '0.%06d' $((left < 1000000 ? left : 999999)))"
done

# All come to an end: what is open is rolled back, what is prepared is committed.
kill "${pids[@]}" 2>/dev/null
pids=()
sql postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'source' AND pid <> pg_backend_pid()" >/dev/null
while [ "$(sql postgres "SELECT count(*) FROM pg_stat_activity WHERE datname = 'source'")" -gt 0 ]; do
	sleep 0.1
done
for name in $(sql source 'SELECT gid FROM pg_prepared_xacts'); do
	sql source "COMMIT PREPARED '$name'"
done
bring xmin 0 item
bring cursor 0 items --cursor=ver
bring_latest
cat "$cluster/err"
xmin=$(wrong xmin) cursor=$(wrong cursor) latest=$(wrong latest)
printf '%d rows, %d runs, %d killed, seed %d: %d wrong by xmin, %d by a cursor of xid8; %d by max(updated_at)\n' \
	"$(sql source 'SELECT count(*) FROM item')" "$runs" "$crashed" "$seed" "$xmin" "$cursor" "$latest"
[ "$xmin" -eq 0 ] && [ "$cursor" -eq 0 ] && [ "$(sql source 'SELECT count(*) FROM item')" -gt 0 ]
