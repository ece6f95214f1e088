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

# mismatches SELECT: fail if it gives rows.
mismatches()
{
	local found

	found=$(q "$db" "$1")
	[ -z "$found" ] || fail 'mismatches:' "$found"
}

# The pairs of types, the number of values, and what came out otherwise than INSERT does.
check_outcome()
{
	mismatches "SELECT s, t, n, value, want, got, way FROM
	              (SELECT * FROM oracle JOIN predicted USING (s, t)
	                WHERE ok AND way <> 'refused') AS o
	              FULL JOIN outcome USING (s, t, n) WHERE got IS DISTINCT FROM want"
	((BATS_TEST_NUMBER == 0)) || echo "# $(q "$db" "SELECT format('%s pairs: %s; %s values', count(*),
	    (SELECT string_agg(format('%s %s', n, way), ', ') FROM
	     (SELECT way, count(*) AS n FROM predicted GROUP BY way) AS w),
	    (SELECT count(*) FROM outcome)) FROM predicted")" >&3
}

@test "the matrix of types in binary: plan and outcome are INSERT's" {
	fresh_db db
	export PGTZ=Europe/Berlin # has hours that are twice there, and that are not
	q "$db" <"$ROOT/tests/lib/casts.sql"
	q "$db" 'CALL make_tables(); CALL ask_all(false); CALL fill_sources()'
	matrix binary
	mismatches "SELECT from_type, to_type, r.way, p.way FROM rules r LEFT JOIN predicted p USING (s, t)
	             WHERE CASE p.way WHEN 'as they are' THEN 'cast' ELSE p.way END
	                   IS DISTINCT FROM r.way"
	mismatches "SELECT from_type, to_type, lossy, loss FROM rules r JOIN predicted p USING (s, t)
	             WHERE r.way = 'cast' AND (loss <> '') <> lossy"
	check_outcome
}

@test "the matrix of types in text: values as input functions read them, warnings where INSERT would not" {
	fresh_db db
	export PGTZ=Europe/Berlin
	q "$db" <"$ROOT/tests/lib/casts.sql"
	q "$db" 'CALL make_tables(); CALL ask_all(true); CALL fill_sources()'
	matrix text
	mismatches "SELECT from_type, to_type, p.way FROM rules r LEFT JOIN predicted p USING (s, t)
	             WHERE p.way IS DISTINCT FROM CASE WHEN to_type IN ('name', '\"char\"')
	                   AND r.way = 'refused' THEN 'refused' ELSE 'read from text' END"
	mismatches "SELECT from_type, to_type, lossy, loss FROM rules r JOIN predicted p USING (s, t)
	             WHERE r.way = 'cast' AND (loss <> '') <> lossy
	                OR r.way = 'refused' AND p.way <> 'refused' AND loss NOT LIKE 'has no cast to %'"
	check_outcome
}
