# shellcheck shell=bash disable=SC2154 # run.sh sets work, round
# A large table read by several processes, each a part of it, into files; one loaded from such into
# a table that is made, its key included, and published at once; the whole way, beside the
# plain pipe and the rivals that have jobs; and what threads of zstd bring.

rows=$(scaled 1000000)
columns='id, created, customer, status, amount, paid, note, detail'

make_tables mixed
psql -Xq -v ON_ERROR_STOP=1 -d dst -c 'DROP TABLE mixed'
for n in 0 1 2 3; do
	fleet+="CREATE TABLE fleet_$n ($(columns_of mixed));
		INSERT INTO fleet_$n SELECT $columns FROM mixed WHERE id % 4 = $n; "
done
psql -Xq -d postgres -c 'CREATE DATABASE fleet TEMPLATE src'
psql -Xq -v ON_ERROR_STOP=1 -d fleet -c "$fleet" -c 'DROP TABLE mixed' -c 'VACUUM (FREEZE, ANALYZE)'

# Four times as many rows, for nobody reads less by parts: they have 256 MB unless told.
psql -Xq -d postgres -c 'CREATE DATABASE large TEMPLATE src'
psql -Xq -v ON_ERROR_STOP=1 -d large -c "INSERT INTO mixed SELECT id + n * $rows, ${columns#id, }
	FROM generate_series(1, 3) n, mixed" -c 'VACUUM (FREEZE, ANALYZE)'

# Both: PLAN, all of its parts, two at a time, by files beside it; the last one publishes.
cat >"$work/read_parts.sh" <<-'EOF'
	n=$(jq '.parts | length' "$1") && cd "$(dirname "$1")" &&
		seq "$n" | xargs -P 2 -I {} portl-extract --plan="$1" --part={} -o part.{}
EOF
cat >"$work/load_parts.sh" <<-'EOF'
	n=$(jq '.parts | length' "$1") && cd "$(dirname "$1")" &&
		seq "$n" | xargs -P 2 -I {} portl-load -q --plan="$1" --part={} part.{}
EOF
# make_parts DIR DATABASE PARTS
make_parts()
{
	mkdir "$work/$1"
	portl plan -o "$work/$1/plan" --parts="$3" -d "$2" -t mixed -- -d dst --create
}
make_parts parts1 src 1
make_parts parts2 src 2
make_parts large2 large 2
make_parts large8 large 8
portl-extract -d src -t mixed -o "$work/whole"

# fresh: nothing at the target, no run in its ledger.
fresh()
{
	reset dst 'DROP SCHEMA IF EXISTS portl_ledger CASCADE;
		DROP TABLE IF EXISTS mixed, fleet_0, fleet_1, fleet_2, fleet_3'
}

# copied: an empty database, for those that want one.
copied()
{
	reset postgres 'DROP DATABASE IF EXISTS copied'
	reset postgres 'CREATE DATABASE copied'
	rm -rf "$work/archive" "$work/pgcopydb"
}

# Two cores may be one by what they do at once: nothing below is faster than that lets it be.
loop="for ((i = 0; i < $(($(scaled 360000) + 40000)); i++)); do :; done"

spin()
{
	sample spin_one bash -c "$loop"
	sample spin_two bash -c "$loop" '|' bash -c "$loop"
}

# ---- files ----

read_one()
{
	sample read_one portl-extract -d large -t mixed -o "$work/large"
}

# read_parts N
read_parts()
{
	sample "read_$1" bash "$work/read_parts.sh" "$work/large$1/plan"
}

load_one()
{
	fresh
	sample load_one portl-load -q -d dst --create "$work/whole"
}

# The parts are of one snapshot, as the plan wants it; that they are read is not measured.
load_parts()
{
	local lines

	fresh
	portl hold "$work/parts2/plan" bash "$work/read_parts.sh" "$work/parts2/plan"
	lines=$(wc -l <"$work/log")
	PGOPTIONS='-c log_min_duration_statement=0' sample load_2 bash "$work/load_parts.sh" "$work/parts2/plan"
	tail -n "+$lines" "$work/log" | published >>"$round/published"
}

# published: of the server's log on stdin, the seconds from BEGIN to COMMIT of the transaction
# that brings a table into its schema.
published()
{
	awk '
		function seconds(time, part) { split(time, part, ":"); return part[1] * 3600 + part[2] * 60 + part[3] }
		!/ LOG:  duration: / { next }
		/: BEGIN/ { began[$4] = seconds($2) - $7 / 1000; renamed[$4] = 0 }
		/ SET SCHEMA / { renamed[$4] = 1 }
		/: COMMIT/ && renamed[$4] { took = seconds($2) - began[$4] }
		END { if (took == "") exit 1; print took, took }'
}

# zstd_as NAME HOW
zstd_as()
{
	sample "$1" portl-extract -d src -t mixed -Z "$2" -o "$work/packed"
}

# ---- the whole way ----

# pipe NAME
pipe()
{
	fresh
	sample "$1" portl-extract -d src -t mixed '|' portl-load -q -d dst --create
}

# The same with all that a part costs, and nothing beside it.
pipe_part()
{
	fresh
	sample pipe_part portl-extract --plan="$work/parts1/plan" --part=1 '|' \
		portl-load -q --plan="$work/parts1/plan" --part=1
}

# run NAME PARTS: the plan, the parts, the publication, and nothing left behind.
run()
{
	fresh
	sample "$1" portl run -q -j 2 --parts="$2" -d src -t mixed -- -d dst --create
}

fleet_portl()
{
	fresh
	sample fleet_portl portl run -q -j 2 -d fleet -t 'public.*' -- -d dst --create
}

# The archive is written and read, for there is no other way with jobs.
cat >"$work/dump2.sh" <<-END
	pg_dump -Fd -j2 "\$@" -f "$work/archive" fleet &&
		pg_restore -j2 -d copied "$work/archive"
END

# fleet_jobs NAME OPTION...
fleet_jobs()
{
	copied
	sample "$1" bash "$work/dump2.sh" "${@:2}"
}

# copydb NAME DATABASE
copydb()
{
	copied
	sample "$1" pgcopydb clone --source "postgres://$PGUSER@/$2?host=$PGHOST" \
		--target "postgres://$PGUSER@/copied?host=$PGHOST" --dir "$work/pgcopydb" --table-jobs 2 \
		--index-jobs 2 --split-tables-larger-than "$((rows / 10))kB" --skip-large-objects --skip-extensions \
		>"$work/pgcopydb.log" 2>&1
}

calls=(spin read_one 'read_parts 2' 'read_parts 8' load_one load_parts 'pipe pipe_one' pipe_part 'run run_2 2'
	fleet_portl 'fleet_jobs fleet_dump' 'fleet_jobs fleet_plain --compress=0')
if command -v pgcopydb >/dev/null; then
	calls+=('copydb copydb src' 'copydb fleet_copydb fleet')
else
	echo 'pgcopydb: not installed (make deps-bench)'
fi
rounds "${calls[@]}" 'zstd_as zstd_plain zstd:9' 'zstd_as zstd_threads zstd:9,threads=2'

# Four hundred times two programs: once is enough.
rounds=$BENCH_RUNS
BENCH_RUNS=1
rounds 'pipe pipe_once' 'run run_200 200'
BENCH_RUNS=$rounds

compare 'a loop: two at once against one' wall spin_two spin_one
title="$((4 * rows)) rows into files"
compare "$title: 2 parts, two at a time, against one stream" wall read_2 read_one 0.6
compare "$title: 8 parts, two at a time, against one stream" wall read_8 read_one
compare "$title: 2 parts against one stream, CPU of all" all read_2 read_one
compare "$title: zstd:9 with two threads against none" wall zstd_threads zstd_plain
title="$rows rows from files, table and key made"
compare "$title: 2 parts, two at a time, against --create" wall load_2 load_one 0.8
compare "$title: 2 parts against --create, CPU of all" all load_2 load_one
at_most_ms "$title: publication by rename" published 50
title="$rows rows, table and key made"
compare "$title: run -j 2 against one pipe" wall run_2 pipe_one 1
compare "$title: run -j 2 against one pipe, CPU of all" all run_2 pipe_one 1.1
compare "$title: run -j 2 with 200 parts against one pipe" wall run_200 pipe_once 1.5
compare "$title: as one part against one pipe, CPU of both programs" cpu pipe_part pipe_one 1.02
at_most "$title: as one part, peak memory of portl-extract" rss1 pipe_part 10
at_most "$title: as one part, peak memory of portl-load" rss2 pipe_part 10
fleet="4 tables of $((rows / 4)) rows, their keys made"
compare "$fleet: run -j 2 against pg_dump -Fd -j2, pg_restore -j2" wall fleet_portl fleet_dump 0.75
compare "$fleet: the same with --compress=0" wall fleet_portl fleet_plain
if command -v pgcopydb >/dev/null; then
	compare "$title: run -j 2 against pgcopydb, 2 jobs, split" wall run_2 copydb 0.75
	compare "$fleet: run -j 2 against pgcopydb, 2 jobs, split" wall fleet_portl fleet_copydb 0.75
fi
