#!/bin/sh
# Copy customers for a test system, without their names and addresses: jq in the middle.
#
#   pseudonyms.sh SOURCE DESTINATION
#
# The first and the last line of the stream have the one member "$portl", and pass as they
# are.  --edited says that the rows between them were changed on purpose; the last line is
# still required, and as many rows as it says, so that a jq that fails on a row or in the
# middle changes nothing either.
# --quote-numbers: jq before 1.7 rounds long numbers.
set -eu

if [ $# -ne 2 ]; then
	echo "usage: ${0##*/} SOURCE DESTINATION" >&2
	exit 64
fi

portl-extract -d "$1" -t customers -F ndjson --quote-numbers |
	jq -c 'if has("$portl") then . else
		.name = "Customer \(.id)" | .email |= (if . then "nobody@example.org" else . end)
	end' |
	portl-load -d "$2" --create --edited
