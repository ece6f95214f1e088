# shellcheck shell=bash disable=SC2154 # run.sh sets work, settings, samples, group, server
# Measuring and reporting, for the groups that run.sh sources.
#
#   scaled N                    print N rows times BENCH_SCALE, at least 1
#   reset DB SQL                run SQL, then CHECKPOINT: what a run must begin with
#   sample NAME COMMAND... ['|' COMMAND...]...
#                               run a pipe and keep what it took under NAME
#   rounds CALL...              make each CALL, a function and its arguments in one word,
#                               in turn, BENCH_RUNS times: A B A B …; samples of a round
#                               that is cut short are not kept
#   compare WHAT FIELD OURS THEIRS [LIMIT]
#                               one line: medians of two samples, their ratio, which
#                               should be at most LIMIT, and its least and greatest;
#                               without a LIMIT it is only told
#   at_most WHAT FIELD OURS LIMIT
#                               one line: the largest of a sample, for rss
#   at_most_ms WHAT OURS LIMIT  one line: the median of a sample's wall times in ms
#   at_least WHAT VALUE LIMIT UNIT
#                               one line: a figure that comes from elsewhere
#
# FIELDs: wall, cpu (of all processes of the pipe, in s), all (the same and the server's, which
# counts in ticks of 10 ms), rss1, rss2 … (peak memory of the
# first, second … process, in MB of 1024 kB; the largest of all runs), rss (the sum of
# these).  A process that starts others counts for the largest of them and of itself.
#
# A ratio is the median of the rounds' ratios, for what disturbs one contestant of a round
# is likely to disturb the other; it may differ a little from the medians' own ratio.
#
# A line of a sample that begins with `nan` is of a round that brought no figures; that
# round is left out of whatever it would be part of.

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
	MEASURE_SERVER=$server "$BUILD/bench/measure" "${round:-$samples}/$1" "${@:2}"
}

# Line n of every sample is of round n, even if a run before this one was interrupted.
rounds()
{
	local i call file round=$work/round

	for ((i = 0; i < BENCH_RUNS; i++)); do
		rm -rf "$round"
		mkdir "$round"
		for call; do
			$call || return # a function and its arguments
		done
		for file in "$round"/*; do
			cat "$file" >>"$samples/${file##*/}"
		done
	done
}

# column FIELD: its place in measure's line.
column()
{
	case $1 in
	wall) echo 1 ;;
	cpu) echo 2 ;;
	rss | all) echo 0 ;; # of several columns
	rss*) echo $((2 + 2 * ${1#rss})) ;;
	esac
}

median()
{
	grep -v nan | sort -g | awk '{ v[NR] = $1 }
		END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# values NAME FIELD: a line for each round.
values()
{
	awk -v column="$(column "$2")" -v field="$2" '
		$1 == "nan" { print $1; next }
		field == "all" { print $2 + $NF; next }
		{ sum = 0; for (i = 4; i <= NF; i += 2) sum += $i; print column ? $column : sum }' "$samples/$1"
}

# least_greatest FORMAT: of the numbers on stdin, as two words.
least_greatest()
{
	grep -v nan | sort -g | awk -v f="$1 $1" 'NR == 1 { least = $1 } END { printf f "\n", least, $1 }'
}

report_begin()
{
	: >"$work/rows"
	: >"$work/cells"
	echo "PostgreSQL $(psql -XAtq -d postgres -c 'SHOW server_version'), $(nproc) cores," \
		"$BENCH_RUNS rounds, scale $BENCH_SCALE"
	(IFS=, && echo "fsync = off,full_page_writes = off,${settings[*]}" | sed 's/,/, /g')
}

# row WHAT FIELD UNIT OURS RIVAL RATIO LIMIT OK [LEAST GREATEST]: null where there is
# nothing, OK too; the last two are of the ratio.
row()
{
	local verdict limit=${7/null/-} spread=${9:+$9-${10}}

	[ -n "${headed-}" ] || printf '\n%-64s %10s %10s %7s %9s %10s\n' "$group" portl rival ratio spread limit
	headed=1
	case $8 in
	true) verdict=ok ;;
	false) verdict=MISS ;;
	esac
	[ "$6" != null ] || limit+=" $3"
	printf '%-64s %10s %10s %7s %9s %10s %s\n' "$1" "$4" "${5/null/-}" "${6/null/-}" \
		"${spread:--}" "$limit" "${verdict-}"
	# no text of ours has a quote or a backslash
	printf '{"group":"%s","what":"%s","field":"%s","unit":"%s","portl":%s,"rival":%s,"ratio":%s,' \
		"$group" "${@:1:6}" >>"$work/rows"
	printf '"limit":%s,"ok":%s,"ratio_min":%s,"ratio_max":%s}\n' "$7" "$8" "${9:-null}" "${10:-null}" >>"$work/rows"
}

# holds CONDITION: print true or false.
holds()
{
	awk "BEGIN { print ($1) ? \"true\" : \"false\" }"
}

# ratios FIELD OURS THEIRS: of each round.
ratios()
{
	paste -d ' ' <(values "$2" "$1") <(values "$3" "$1") | awk '!/nan/ { print $1 / $2 }'
}

compare()
{
	local ours theirs ratio spread ok=null

	ours=$(values "$3" "$2" | median)
	theirs=$(values "$4" "$2" | median)
	ratio=$(ratios "$2" "$3" "$4" | median)
	read -ra spread < <(ratios "$2" "$3" "$4" | least_greatest %.2f)
	[ $# -lt 5 ] || ok=$(holds "$ratio <= $5")
	row "$1" "$2" s "$(printf %.3f "$ours")" "$(printf %.3f "$theirs")" "$(printf %.2f "$ratio")" \
		"${5-null}" "$ok" "${spread[@]}"
}

at_most()
{
	local most

	most=$(values "$3" "$2" | sort -g | tail -n 1 | awk '{ printf "%.1f", $1 / 1024 }')
	row "$1" "$2" MB "$most" null null "$4" "$(holds "$most <= $4")"
}

at_most_ms()
{
	local ms

	ms=$(values "$2" wall | median | awk '{ printf "%.1f", $1 * 1000 }')
	row "$1" wall ms "$ms" null null "$3" "$(holds "$ms <= $3")"
}

at_least()
{
	row "$1" speed "$4" "$2" null null "$3" "$(holds "$2 >= $3")"
}

# Write result.json: what is measured now; with BENCH_ADD also what it says of other things.
report_write()
{
	local old='{}'

	[ "$BENCH_ADD" = 0 ] || [ ! -f "$BUILD/bench/result.json" ] || old=$(<"$BUILD/bench/result.json")
	jq -n --arg scale "$BENCH_SCALE" --arg runs "$BENCH_RUNS" --arg cores "$(nproc)" \
		--arg server "$(psql -XAtq -d postgres -c 'SHOW server_version')" --argjson old "$old" \
		--slurpfile rows "$work/rows" --slurpfile cells "$work/cells" \
		'def newest(key): reduce .[] as $r ({}; .[$r | key | tojson] = $r) | [.[]];
		 {server: $server, cores: ($cores | tonumber), scale: ($scale | tonumber),
		  runs: ($runs | tonumber), settings: $ARGS.positional,
		  rows: (($old.rows // []) + $rows | newest([.group, .what, .field])),
		  rivals: (($old.rivals // []) + $cells | newest([.action, .table, .rows]))}' \
		--args "${settings[@]}" >"$work/result.json" && mv "$work/result.json" "$BUILD/bench/result.json"
}
