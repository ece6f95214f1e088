# shellcheck shell=bash disable=SC2154 # run.sh sets work, samples, group
# Portl and every other tool of Debian that moves rows, each action on each table; such a
# pair is a cell, and a row of the report.  contestants.sh says what they do.
#
# Where Portl is not first the report says by how much, and why as far as `reasons` knows.

# shellcheck source=tests/bench/contestants.sh
. tests/bench/contestants.sh

# By action, where psql | psql is faster by some hundredths; seen in the servers' logs of some.
plan='it reads both catalogs and makes a plan first, which takes some hundredths of a second'
stage='it makes a plan first, and numbers the rows of its staging table, to name one that fails'
declare -A reasons=([append]=$plan [csv_in]=$plan [upsert]=$stage [skip]=$stage)

# The odd half of the rows, changed.
changed_of()
{
	case $1 in
	mixed) echo 'id, created, customer + 1, status, amount + 1, paid, note, detail' ;;
	narrow) echo 'id, value + 1' ;;
	wide) echo "id, body || 'x'" ;;
	docs) echo "id, doc || '{\"changed\": true}'" ;;
	esac
}

make_half()
{
	reset dst "CREATE TABLE half (LIKE $1)"
	"${from[@]}" -c "COPY (SELECT $(changed_of "$1") FROM $1 WHERE id % 2 = 1) TO STDOUT (FORMAT binary)" |
		"${into[@]}" -c 'COPY half FROM STDIN (FORMAT binary)'
}

# wanted ACTION:TABLE: does BENCH_CELLS ask for it?
wanted()
{
	local pattern patterns

	read -ra patterns <<<"${BENCH_CELLS:-*}"
	for pattern in "${patterns[@]}"; do
		# shellcheck disable=SC2053 # a pattern
		[[ $1 != $pattern ]] || return 0
	done
	return 1
}

# Those who know the action, a line each: name, program and title, with tabs between.
entrants()
{
	local entrant name program actions title

	for entrant in "${contestants[@]}"; do
		read -r name program actions title <<<"$entrant"
		[[ ,$actions, != *,$action,* ]] || printf '%s\t%s\t%s\n' "$name" "$program" "$title"
	done
}

# digest DB RELATION: number and sum of the rows' hashes, as SQL numbers with a comma.
digest()
{
	psql -XAtq -F , -d "$1" -c "SELECT count(*), COALESCE(sum(hash_record_extended(t, 0)), 0) FROM $2 t"
}

# What digest has to say of the target in the end.
expected()
{
	local old new

	if [ "$action" = skip ]; then
		old=$(digest dst half)
		new=$(digest src "(SELECT * FROM $table WHERE id % 2 = 0)")
		psql -XAtq -F , -d src -c "SELECT ${old%,*} + ${new%,*}, ${old#*,} + ${new#*,}"
	else
		digest src "$table"
	fi
}

prepare()
{
	local columns

	columns=$(columns_of "$table")
	case $action in
	create) reset dst "DROP TABLE IF EXISTS $table" ;;
	upsert | skip)
		reset dst "DROP TABLE IF EXISTS $table; CREATE TABLE $table ($columns);
			INSERT INTO $table SELECT * FROM half"
		;;
	csv_out) rm -f "$csv_out" ;;
	*) reset dst "DROP TABLE IF EXISTS $table; CREATE TABLE $table ($columns)" ;;
	esac
}

# arrived NAME: is the target as it has to be?  The server alone has only read in floor_to.
arrived()
{
	case $1:$action in
	floor_to:*) ;;
	*:csv_out) cmp "$csv" "$csv_out" ;;
	*) [ "$(digest dst "$table")" = "$want" ] || {
		echo 'the target is not what it should be'
		return 1
	} ;;
	esac >>"$work/out" 2>&1
}

take()
{
	sample "$cell.$name" "$@" >"$work/out" 2>&1 </dev/null
}

# complaint: what the run has said that failed, in a line.
complaint()
{
	{ grep -wiE 'fatal|error|exhausted' "$work/out" || grep . "$work/out" | tail -n 1; } |
		head -n 1 | tr '\t' ' ' | cut -c 1-100
}

# contest NAME PROGRAM: one run.  Who is not there, or fails, has no figures in this round;
# a rival's failure is no failure of the bench.
contest()
{
	local name=$1 why=missing

	if command -v "$2" >/dev/null; then
		prepare && "run_$name" "$action" "$table" && arrived "$name" && return
		tail -n 20 "$work/out" >&2
		why=$(complaint)
	fi
	echo "nan $why" >"$round/$cell.$name"
	[ "$name" != portl ]
}

# figures NAME TITLE: as JSON; times is how many times as long as Portl it takes, failed in
# how many of the rounds there are no figures, why what it said at the last of these.
figures()
{
	local sample=$samples/$cell.$1 least greatest least_times greatest_times state=measured why
	local -a columns=(--arg name "$1" --arg title "$2" --argjson rounds "$(wc -l <"$sample")"
		--argjson failed "$(grep -c nan "$sample")")

	why=$(sed -n 's/^nan //p' "$sample" | tail -n 1)
	if ! grep -qv nan "$sample"; then
		state=failed
		[ "$why" != missing ] || state=missing
		jq -n "${columns[@]}" --arg state $state --arg why "$why" '$ARGS.named'
		return
	fi
	read -r least greatest < <(values "$cell.$1" wall | least_greatest %.3f)
	read -r least_times greatest_times < <(ratios wall "$cell.$1" "$cell.portl" | least_greatest %.3f)
	jq -n "${columns[@]}" --arg state $state --arg why "$why" \
		--argjson wall "$(values "$cell.$1" wall | median)" --argjson wall_min "$least" \
		--argjson wall_max "$greatest" --argjson cpu "$(values "$cell.$1" cpu | median)" \
		--argjson rss "$(values "$cell.$1" rss | sort -g | awk 'END { print $1 / 1024 }')" \
		--argjson times "$(ratios wall "$cell.$1" "$cell.portl" | median)" \
		--argjson times_min "$least_times" --argjson times_max "$greatest_times" '$ARGS.named'
}

# The cell as JSON; `behind` is whom Portl is behind of, if anybody.
result()
{
	local name program title

	entrants | while IFS=$'\t' read -r name program title; do
		figures "$name" "$title"
	done | jq -cs --arg action "$action" --arg table "$table" --arg rows "$(title_of "$table")" \
		--argjson bytes "$(stat -c %s "$floor_file")" \
		--argjson rounds "$(grep -c -v nan "$samples/$cell.portl")" \
		--arg reason "${reasons[$action]-}" '
		map(select(.state == "measured")) as $all
		| ($all | map(select(.name | startswith("floor"))) | max_by(.wall)) as $floor
		| ($all | map(select(.name | test("^(portl|floor)") | not)) | min_by(.times)) as $best
		| {$action, $table, $rows, $bytes, $rounds, contestants: ., above_floor: (1 / $floor.times),
		   best: $best.title, first: ($best == null or $best.times >= 1), times: $best.times,
		   reason: (if $best != null and $best.times < 1 then $reason else null end)}'
}

# show CELL: the same for people.
show()
{
	printf '\n%-45s %7s %13s %7s %7s %6s %12s\n' \
		"$(jq -r '"\(.action): \(.rows), \(.bytes / 1e6 | round) MB"' <<<"$1")" \
		seconds spread CPU MB times spread
	jq -r '.contestants[] | (select(.state == "measured") |
			[.title, .wall, .wall_min, .wall_max, .cpu, .rss, .times, .times_min, .times_max] | join("\t")),
		(select(.failed > 0) | "\(.title)\t" + if .state == "missing" then .state
			else "failed in \(.failed) of \(.rounds) rounds: \(.why)" end)' <<<"$1" | awk -F '\t' '
			NF == 2 { printf "  %-43s %s\n", $1, $2; next }
			{ printf "  %-43s %7.2f %6.2f-%6.2f %7.2f %7.1f %6.2f %6.2f-%5.2f\n",
				$1, $2, $3, $4, $5, $6, $7, $8, $9 }'
	jq -r 'def percent: (. - 1) * 100 | round | "\(.) %";
		(if .best == null then "Portl is alone" elif .first then
			"Portl is first; \(.best) takes \(.times | percent) longer"
		else "Portl is not first: it takes \(1 / .times | percent) longer than \(.best); " +
			if .reason == "" then "why is not known" else .reason end end) +
		"; above the floor: \(.above_floor | percent)" | "  \(.)"' <<<"$1"
}

run_cell()
{
	local cell=$action.$table floor_file=$work/floor want name program result
	local -a calls=()

	if [ "$action" = csv_in ]; then
		floor_file=$csv
	fi
	want=$(expected) || return
	while IFS=$'\t' read -r name program _; do
		calls+=("contest $name $program")
	done < <(entrants)
	rounds "${calls[@]}" || return
	result=$(result) && show "$result" && jq -c . <<<"$result" >>"$work/cells"
}

# The databases begin anew: pgcopydb copies all that is in one.
begin_table()
{
	local db

	for db in src dst; do
		psql -Xq -v ON_ERROR_STOP=1 -d postgres -c "DROP DATABASE $db" -c "CREATE DATABASE $db"
	done
	make_tables "$1"
	make_half "$1"
	csv=$work/rows.csv csv_out=$work/out.csv
	"${from[@]}" -c "\\copy $1 TO '$csv' (FORMAT csv, HEADER)"
}

for table in mixed narrow wide docs; do
	begun=
	for action in append create upsert skip ndjson csv_in csv_out; do
		wanted "$action:$table" || continue
		[ -n "$begun" ] || begin_table "$table"
		begun=$table
		run_cell
		report_write
	done
done

jq -rs '"\nPortl is first in \(map(select(.first)) | length) of \(length) rows",
	([.[].contestants[] | select(.state == "missing") | .title] | unique |
	if length > 0 then "missing, and not counted as beaten: \(join(", ")); `make deps-bench` installs them"
	else empty end),
	([.[] | . as $cell | .contestants[] | select(.state != "missing" and .failed > 0) |
		"\(.title) (\($cell.action): \($cell.rows), \(.failed) of \(.rounds) rounds)"] |
	if length > 0 then "failed, and measured by its other rounds, if any: \(join(", "))" else empty end)' "$work/cells"
