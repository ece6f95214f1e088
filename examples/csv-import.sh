#!/bin/sh
# Make a table from a CSV file: names from its first line, types guessed from its rows.
#
#   csv-import.sh FILE DESTINATION TABLE
#
# Shows the plan first, for the types are a guess.  To load into a table that exists, with
# types that you chose, leave out --infer and --create.
set -eu

if [ $# -ne 3 ]; then
	echo "usage: ${0##*/} FILE DESTINATION TABLE" >&2
	exit 64
fi

portl-extract --csv="$1" --infer --dry-run | portl-load -d "$2" -t "$3" --create
portl-extract --csv="$1" --infer | portl-load -d "$2" -t "$3" --create
