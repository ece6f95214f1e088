#!/bin/bash
# record.sh TARGET COMMAND...: run it; with RECORD=1 its last line, if it has succeeded,
# becomes TARGET's in tests/RESULTS.md.
set -u
[ -n "${RECORD:-}" ] || exec "${@:2}"
results=$(dirname "$0")/RESULTS.md
said=$(mktemp)
trap 'rm -f "$said"' EXIT
"${@:2}" 2>&1 | tee "$said"
status=${PIPESTATUS[0]}
if [ "$status" -eq 0 ]; then
	line="| $1 | $(tail -n 1 "$said" | sed 's/|/\\|/g') |"
	if grep -q "^| $1 |" "$results"; then
		awk -v target="| $1 |" -v line="${line//\\/\\\\}" \
			'index($0, target) == 1 { $0 = line } { print }' "$results" >"$said" &&
			cat "$said" >"$results"
	else
		awk -v line="${line//\\/\\\\}" '{ print } /^[|]---/ && !done { print line; done = 1 }' \
			"$results" >"$said" && cat "$said" >"$results"
	fi
fi
exit "$status"
