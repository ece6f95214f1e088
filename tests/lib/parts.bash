# shellcheck shell=bash disable=SC2154 # bats' and fresh_db's variables
# Runs in parts: `load ../lib/parts`, behind common.  The plan is $T/plan.

T=$BATS_TEST_TMPDIR
plan=$T/plan
by=() # how a table of an id is cut: before 14 there are no ranges of blocks
[ "$SERVER_VERSION" -ge 140000 ] || by=(--split-by=id)

# make_source: databases src and dst; a table t of 3,000 rows in $src
make_source()
{
	fresh_db src dst
	q "$src" "CREATE TABLE t (id int PRIMARY KEY, v text);
		INSERT INTO t SELECT i, repeat(i::text, 20) FROM generate_series(1, 3000) i; ANALYZE"
}

# let_snapshot_go: nothing is held any more
let_snapshot_go()
{
	held=()
	[ -n "${holder:-}" ] || return 0
	exec {holder}>&-
	holder=
	finish "holder$holders"
}

# hold_snapshot: a new one for the plan's parts, until the test ends or the next one is held
hold_snapshot()
{
	let_snapshot_go
	holders=$((${holders:-0} + 1))
	mkfifo "$T/hold$holders"
	in=$T/hold$holders start "holder$holders" portl-extract --plan="$plan" --hold
	exec {holder}>"$T/hold$holders"
	wait_until 10 test -s "$T/holder$holders.out"
	held=("--snapshot=$(<"$T/holder$holders.out")")
}

# make_plan [EXTRACT-OPTION...] -- [LOAD-OPTION...]
make_plan()
{
	local -a extract=()

	while (($# > 0)) && [ "$1" != -- ]; do
		extract+=("$1")
		shift
	done
	shift
	[[ " ${extract[*]} " != *" --parts="* ]] || extract+=("${by[@]}")
	rm -f "$plan"
	portl-extract -d "$src" --make-plan="${kind:-held}" "${extract[@]}" |
		portl-load -d "$dst" --make-plan -o "$plan" "$@" || return
	held=()
	[ "${kind:-held}" = own ] || hold_snapshot
}

# parts: how many the plan has
parts()
{
	grep -cE '^  \{"number": [0-9]+, "relation": ' "$plan"
}

# bring K [LOAD-OPTION...]: one part
bring()
{
	local k=$1

	shift
	portl-extract --plan="$plan" --part="$k" "${held[@]}" | portl-load -q --plan="$plan" --part="$k" "$@"
}

# bring_all [FROM [TO]]: one after the other
bring_all()
{
	local k

	for ((k = ${1:-1}; k <= ${2:-$(parts)}; k++)); do
		bring "$k" || return
	done
}

# part_states: a letter for each part: done, running, missing
part_states()
{
	local left states=''

	left=$(portl-load --plan="$plan" --list-parts --json) || return
	while [[ $left == *'"status":"'* ]]; do
		left=${left#*'"status":"'}
		states+=${left:0:1}
	done
	echo "$states"
}

publish()
{
	portl-load -q --plan="$plan" --publish "$@"
}

# left_of_run: the tables that it has in the ledger's schema
left_of_run()
{
	q "$dst" "SELECT relname FROM pg_class WHERE relnamespace = 'portl_ledger'::regnamespace
		AND relkind IN ('r', 'S') AND relname NOT IN ('run', 'part', 'states') ORDER BY 1"
}
