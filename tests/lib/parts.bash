# shellcheck shell=bash disable=SC2154 # bats' and fresh_db's variables
# Runs in parts: `load ../lib/parts`, behind common.  The plan is $T/plan.

T=$BATS_TEST_TMPDIR
plan=$T/plan

# make_plan [EXTRACT-OPTION...] -- [LOAD-OPTION...]
make_plan()
{
	local -a extract=()

	while (($# > 0)) && [ "$1" != -- ]; do
		extract+=("$1")
		shift
	done
	shift
	rm -f "$plan"
	portl-extract -d "$src" --make-plan="${kind:-held}" "${extract[@]}" |
		portl-load -d "$dst" --make-plan -o "$plan" "$@"
}

# parts: how many the plan has
parts()
{
	jq '.parts | length' "$plan"
}

# bring K [LOAD-OPTION...]: one part
bring()
{
	local k=$1

	shift
	portl-extract --plan="$plan" --part="$k" | portl-load -q --plan="$plan" --part="$k" "$@"
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
	portl-load --plan="$plan" --list-parts --json | jq -r '[.parts[].status[0:1]] | join("")'
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
