#!/bin/bash
# make pictures: those of README, in man/pictures.  `make deps-pictures` installs the tools.
#
#   demo.svg         `make demo`, recorded
#   throughput.svg   figures of build/bench/result.json, if `make bench` has made it
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
	cp "$work/demo.svg" "$dir/demo.svg"
	echo "$dir/demo.svg"
}

# The seconds of Portl and of its rival side by side, one pair a comparison of time.
throughput()
{
	jq -r '.rows[] | select(.field == "wall" and .rival != null) |
		[.what, .portl, .rival] | @tsv' "$BUILD/bench/result.json" >"$work/data"
	[ -s "$work/data" ] || {
		echo 'pictures: no comparison of time in result.json' >&2
		return 1
	}
	title=$(jq -r '"Seconds, less is better. PostgreSQL \(.server | split(" ")[0]), " +
		"\(.cores) cores, median of \(.runs) runs"' "$BUILD/bench/result.json")
	gnuplot -e "data = '$work/data'; out = '$work/throughput.svg'; caption = '$title'" \
		tests/bench/throughput.gnuplot
	cp "$work/throughput.svg" "$dir/throughput.svg"
	echo "$dir/throughput.svg"
}

mkdir -p "$dir"
demo
if [ -f "$BUILD/bench/result.json" ]; then
	throughput
else
	echo 'pictures: no throughput.svg: run make bench first, on a quiet machine' >&2
fi
