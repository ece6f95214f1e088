# shellcheck shell=bash disable=SC2154 # run.sh sets work, settings, group
# Measuring and reporting, for the groups that run.sh sources.
#
#   scaled N                    print N rows times BENCH_SCALE, at least 1
#   reset DB SQL                run SQL, then CHECKPOINT: what a run must begin with
#   sample NAME COMMAND... ['|' COMMAND...]...
#                               run a pipe and keep what it took under NAME
#   rounds CALL...              make each CALL, a function and its arguments in one word,
#                               in turn, BENCH_RUNS times: A B A B …
#   compare WHAT FIELD OURS THEIRS LIMIT
#                               one line: medians of two samples, and their ratio, which
#                               should be at most LIMIT
#   at_most WHAT FIELD OURS LIMIT
#                               one line: the largest of a sample, for rss
#   at_least WHAT VALUE LIMIT UNIT
#                               one line: a figure that comes from elsewhere
#
# FIELDs: wall, cpu (of all processes of the pipe, in s), rss1, rss2 … (peak memory of the
# first, second … process, in MB of 1024 kB; the largest of all runs).
#
# A ratio is the median of the rounds' ratios, for what disturbs one contestant of a round
# is likely to disturb the other; it may differ a little from the medians' own ratio.

scaled()
{
	awk -v n="$1" -v scale="$BENCH_SCALE" 'BEGIN { n = int(n * scale); print n < 1 ? 1 : n }'
}

reset()
{
	PGOPTIONS='-c client_min_messages=error' psql -Xq -v ON_ERROR_STOP=1 -d "$1" -c "$2" -c CHECKPOINT
}

sample()
{
	"$BUILD/bench/measure" "$work/samples/$1" "${@:2}"
}

rounds()
{
	local i call

	for ((i = 0; i < BENCH_RUNS; i++)); do
		for call; do
			$call || return # a function and its arguments
		done
	done
}

# column FIELD: its place in measure's line.
column()
{
	case $1 in
	wall) echo 1 ;;
	cpu) echo 2 ;;
	rss*) echo $((2 + 2 * ${1#rss})) ;;
	esac
}

median()
{
	sort -g | awk '{ v[NR] = $1 }
		END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# values NAME FIELD
values()
{
	cut -d ' ' -f "$(column "$2")" "$work/samples/$1"
}

report_begin()
{
	mkdir -p "$BUILD/bench"
	: >"$work/rows"
	echo "PostgreSQL $(psql -XAtq -d postgres -c 'SHOW server_version'), $(nproc) cores," \
		"$BENCH_RUNS rounds, scale $BENCH_SCALE"
	(IFS=, && echo "fsync = off,full_page_writes = off,${settings[*]}" | sed 's/,/, /g')
	printf '\n%-64s %10s %10s %7s %10s\n' '' portl rival ratio limit
}

# row WHAT FIELD UNIT OURS RIVAL RATIO LIMIT OK: null where there is nothing.
row()
{
	local verdict=ok limit=$7

	[ "$8" = true ] || verdict=MISS
	[ "$6" != null ] || limit+=" $3"
	printf '%-64s %10s %10s %7s %10s %s\n' "$1" "$4" "${5/null/-}" "${6/null/-}" "$limit" "$verdict"
	jq -cn --arg group "$group" --arg what "$1" --arg field "$2" --arg unit "$3" --argjson portl "$4" \
		--argjson rival "$5" --argjson ratio "$6" --argjson limit "$7" --argjson ok "$8" \
		'$ARGS.named' >>"$work/rows"
}

# holds CONDITION: print true or false.
holds()
{
	awk "BEGIN { print ($1) ? \"true\" : \"false\" }"
}

compare()
{
	local ours theirs ratio

	ours=$(values "$3" "$2" | median)
	theirs=$(values "$4" "$2" | median)
	ratio=$(paste -d ' ' <(values "$3" "$2") <(values "$4" "$2") | awk '{ print $1 / $2 }' | median)
	row "$1" "$2" s "$(printf %.3f "$ours")" "$(printf %.3f "$theirs")" "$(printf %.2f "$ratio")" \
		"$5" "$(holds "$ratio <= $5")"
}

at_most()
{
	local most

	most=$(values "$3" "$2" | sort -g | tail -n 1 | awk '{ printf "%.1f", $1 / 1024 }')
	row "$1" "$2" MB "$most" null null "$4" "$(holds "$most <= $4")"
}

at_least()
{
	row "$1" speed "$4" "$2" null null "$3" "$(holds "$2 >= $3")"
}

report_end()
{
	jq -n --arg scale "$BENCH_SCALE" --arg runs "$BENCH_RUNS" --arg cores "$(nproc)" \
		--arg server "$(psql -XAtq -d postgres -c 'SHOW server_version')" --slurpfile rows "$work/rows" \
		'{server: $server, cores: ($cores | tonumber), scale: ($scale | tonumber),
		  runs: ($runs | tonumber), settings: $ARGS.positional, rows: $rows}' \
		--args "${settings[@]}" >"$BUILD/bench/result.json"
}
