#!/bin/bash
# make pictures: those of README, in man/pictures.  `make deps-pictures` installs the tools.
#
#   demo.svg         `make demo`, recorded
#   throughput.svg   figures of build/bench/result.json, if `make bench` has made it: of the
#                    group rivals
#   cells.svg        ratios of sets, parts, again and verify, as tests/RESULTS.md has them
#
# PICTURES="throughput cells" makes these two only.
#
# Keep a chart only of a machine that had nothing else to do.
set -eu
cd "$(dirname "$0")/.."
BUILD=$(cd "${BUILD:-build}" && pwd)
export BUILD
dir=man/pictures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# still SVG: the same, whose last frame is shown where nothing moves, or may not.
still()
{
	local last

	last=$(grep -o '^100\.000%{transform:translateY([^)]*)' "$1" | sed 's/.*{//')
	[ -n "$last" ]
	awk -v last="$last" '
		/^ *#screen_view \{/ { print; print "                " last ";"; next }
		{ print }
		/animation-fill-mode/ { ending = 1 }
		ending && /^ *}/ {
			print "            @media (prefers-reduced-motion) { #screen_view { animation: none; } }"
			ending = 0
		}' "$1"
}

# termtosvg wants a terminal, whatever we have: script(1) makes one.
demo()
{
	ROWS=${ROWS:-1000000} TERM=xterm-256color LC_ALL=C.UTF-8 script -qefc "
		stty cols 96 rows 30
		exec termtosvg '$work/demo.svg' -c tests/demo.sh -g 96x30 \
			--min-frame-duration 100 --max-frame-duration 2500 --loop-delay 8000 \
			--template window_frame" /dev/null </dev/null >"$work/log" || {
		cat "$work/log" >&2
		return 1
	}
	# The end has to be in it: a demo that failed is no advertisement.
	grep -q 'That was all' "$work/demo.svg"
	still "$work/demo.svg" >"$dir/demo.svg"
	echo "$dir/demo.svg"
}

# Table and key into a new database, as the group rivals has measured it: MB of binary COPY
# data a second, for psql those of the faster of its two formats.
throughput()
{
	jq -r '.rivals[] | select(.action == "create") | . as $cell |
		def speed(names): [.contestants[] | select(.wall != null and (.name as $n | names | index($n))) |
			$cell.bytes / 1e6 / .wall] | max // "-";
		[(.rows | sub(" "; "\\n")), speed(["portl"]), speed(["psql_binary", "psql_text"]), speed(["pgcopydb"]),
		 speed(["pgloader"])] | join("\t")' "$BUILD/bench/result.json" >"$work/data"
	[ -s "$work/data" ] || {
		echo 'pictures: no cell "create" in result.json: BENCH=rivals make bench' >&2
		return 1
	}
	title=$(jq -r '"A table and its key into a new database (PostgreSQL \(.server | split(" ")[0]), " +
		"\(.cores) cores)"' "$BUILD/bench/result.json")
	gnuplot -e "data = '$work/data'; out = '$work/throughput.svg'; caption = '$title'" \
		tests/bench/throughput.gnuplot
	cp "$work/throughput.svg" "$dir/throughput.svg"
	echo "$dir/throughput.svg"
}

# cell TEXT LABEL: a line of the chart, the ratio of the first line of RESULTS.md's table that
# has TEXT in its first column.
cell()
{
	local ratio

	ratio=$(sed -n '/^## Beside others/,/^## What/{s/\\|/,/g;p}' tests/RESULTS.md |
		awk -F ' *[|] *' -v text="$1" 'index($2, text) && $4 + 0 > 0 && !n++ { print $4 + 0 }')
	[ -z "$ratio" ] || printf '%s\t%s\n' "$2" "$ratio"
}

cells()
{
	{
		cell '1,000 tables of 100 rows, one set' '1,000 tables\nof 100 rows\na loop of\npipes'
		cell 'the same with --foreign-keys=recheck' '4 tables,\nforeign keys\nrechecked\npg_dump |\npsql -1'
		cell 'the same: pgcopydb, one job' '4 tables,\nkeys and\nindexes built\npgcopydb,\n1 job'
		cell 'run -j 2, 4 tables: pg_dump' '4 tables,\n2 jobs\npg_dump -Fd\n-j2 and\npg_restore'
		cell 'run -j 2, 4 tables: pgcopydb' '4 tables,\n2 jobs\npgcopydb,\n2 jobs'
		cell 'run -j 2, one table: pgcopydb' 'one table,\n2 jobs\npgcopydb,\nsplit'
		cell '1 % changed, --since' '1 % changed,\n--since\nall rows,\noverwrite'
		cell '--verify of an ordered stream' 'is it equal?\n--verify\nloaded\nonce more'
	} >"$work/data"
	[ -s "$work/data" ] || {
		echo 'pictures: no cells in tests/RESULTS.md' >&2
		return 1
	}
	gnuplot -e "data = '$work/data'; out = '$work/cells.svg'" tests/bench/cells.gnuplot
	cp "$work/cells.svg" "$dir/cells.svg"
	echo "$dir/cells.svg"
}

mkdir -p "$dir"
charts=cells
if [ -f "$BUILD/bench/result.json" ]; then
	charts='throughput cells'
else
	echo 'pictures: no throughput: run make bench first, on a quiet machine' >&2
fi
for picture in ${PICTURES:-demo $charts}; do
	$picture
done
