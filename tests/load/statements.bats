#!/usr/bin/env bats
# What the plan says is run, what the log says is run, and what the server says it has run.
# shellcheck disable=SC2034,SC2154 # bats' and fresh_db's variables

load ../lib/common

# agree OPTION...: load table s of $src into t of $dst; the log has all that the server has
# run for it, and of the plan's statements those that were run were run in the plan's order.
agree()
{
	local log=$BATS_TEST_TMPDIR/log

	log_from_here
	rm -f "$log"
	portl-extract -q -d "$src" -t s | portl-load -q -v -d "$dst" -t t -L "$log" --log-format=json "$@" 2>/dev/null
	logged "$dst" >"$log.server"
	python3 - "$log" "$ROOT/tests/property" "$@" <<-'END'
		import json, sys
		sys.path.insert(0, sys.argv[2])
		from hostile import statements
		events = [json.loads(line) for line in open(sys.argv[1])]
		logged = [e["message"][5:] for e in events if e["event"] == "sql"]
		plan = [s for e in events if e["event"] == "plan" for s in e["statements"]]
		lines = [l for l in open(sys.argv[1] + ".server") if "STATEMENT:" not in l]
		ran = [s for s in statements("".join(lines)) if s]
		assert plan and ran and logged, (len(plan), len(ran), len(logged))
		for sql in ran:
		    assert sql in logged, "run, but not in the log: " + sql
		numbered = [s for s in plan if " ADD COLUMN n " in s]  # at once, or when it turns out
		plan = [s for s in plan if s not in numbered]
		places = [next((i for i, r in enumerate(logged) if s in r), None) for s in plan]
		places = [i for i in places if i is not None]
		assert places and places == sorted(places), (places, plan)
	END
}

@test "plan, log and server name the same statements, in one order, whatever the route" {
	fresh_db src dst
	q "$src" 'CREATE TABLE s (id int PRIMARY KEY, v text, n int);
		INSERT INTO s SELECT i, i, i FROM generate_series(1, 50) i'
	q "$dst" "CREATE TABLE t (id int PRIMARY KEY, v text, n int)"
	psql -Xq -d postgres -c "ALTER DATABASE $dst SET log_statement = 'all'"
	for options in '' '--truncate' '--conflict=skip' '--conflict=overwrite' '--conflict=merge --newer=n' \
		'--conflict=overwrite --duplicates=error' "--conflict=overwrite --rejects=$BATS_TEST_TMPDIR/r"; do
		[ "$options" != '' ] || q "$dst" 'TRUNCATE t'
		# shellcheck disable=SC2086 # options are words
		agree $options || fail "$options"
		q "$src" 'UPDATE s SET n = n + 1 WHERE id % 7 = 0'
	done
	q "$dst" 'DROP TABLE t'
	agree --create
}

# steps: those that the log has, and the commit
steps()
{
	jq -r 'select(.event == "step" or .event == "commit") | .step // .event' "$BATS_TEST_TMPDIR/log" | paste -sd ' '
}

@test "what is done before the commit is in the log by its name, and in the error of a step that fails" {
	local dir=$BATS_TEST_TMPDIR

	fresh_db src dst
	q "$src" 'CREATE TABLE s (id serial, v text PRIMARY KEY); INSERT INTO s SELECT i, i FROM generate_series(1, 5) i'
	portl-extract -q -d "$src" -t s -F ndjson >"$dir/s"
	portl-load -q -d "$dst" -t t --create --min-rows=1 -L "$dir/log" --log-format=json <"$dir/s"
	[ "$(steps)" = 'target min-rows key commit' ] || fail "$(steps)"
	rm "$dir/log"
	q "$dst" 'DROP TABLE t; CREATE TABLE t (id serial PRIMARY KEY, v text)'
	portl-load -q -d "$dst" -t t --rejects="$dir/r" -L "$dir/log" --log-format=json <"$dir/s"
	[ "$(steps)" = 'constraints target sequences rejects commit' ] || fail "$(steps)"
	# the server says that an index could not be built, and not what for
	sed 's/"v":"5"/"v":"1"/' "$dir/s" >"$dir/twice"
	try portl-load -d "$dst" -t twice --create --edited <"$dir/twice"
	[ "$status" -eq 1 ] || fail "$stderr"
	[[ $stderr = *'could not create unique index "twice_pkey"'*'before COMMIT: adding the primary key'* ]] || fail "$stderr"
}
