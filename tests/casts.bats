#!/usr/bin/env bats
# What becomes of a value in a column of another type: as the plan says, and as INSERT
# would have it.

load lib/common

# plan_of STREAM...: read what the plan says of each column cN as `source N way loss`.
# Cells are parted by two blanks or more.
plan_of()
{
	awk -v "s=$1" -F '  +' '$2 ~ /^c[0-9]+$/ && $4 ~ /^-> c[0-9]+$/ {
		way = $NF; loss = ""
		if (split($NF, parts, "; ") == 2) { way = parts[1]; loss = parts[2] }
		printf "%s\t%s\t%s\t%s\n", s, substr($2, 2), way, loss }'
}

# matrix VALUES: load every source in form VALUES, and note prediction and outcome.
matrix()
{
	local s drop stream=$BATS_TEST_TMPDIR/stream said=$BATS_TEST_TMPDIR/said

	: >"$BATS_TEST_TMPDIR/predicted"
	for s in $(q "$db" 'SELECT k FROM kinds'); do
		portl-extract -d "$db" -t "source$s" --values="$1" >"$stream"
		portl-load -d "$db" -t t --dry-run "$stream" 2>"$said" || (($? == 5)) || fail "$(cat "$said")"
		plan_of "$s" <"$said" >"$said.plan"
		cat "$said.plan" >>"$BATS_TEST_TMPDIR/predicted"
		drop=$(awk -F '\t' '$3 == "refused" { printf "c%s=,", $2 }' "$said.plan")
		try portl-load -q -d "$db" -t t --map "${drop}n=n" "$stream"
		assert_status 0 || fail "source: $(q "$db" "SELECT ty FROM kinds WHERE k = $s")" "$stderr"
		q "$db" "CALL take_outcome($s)"
	done
	q "$db" "\\copy predicted FROM '$BATS_TEST_TMPDIR/predicted'" </dev/null
}
