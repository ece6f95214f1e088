#!/bin/sh
# Bring a table up to date: new rows are inserted, changed ones replaced, rows that are
# equal are not written at all.
#
#   upsert.sh SOURCE DESTINATION TABLE [NEWER]
#
# Rows are the same by the primary key of DESTINATION's table.  With NEWER, the name of a
# column such as updated_at, a row is replaced only by one that is newer.  Prints how many
# rows were what.
set -eu

if [ $# -lt 3 ] || [ $# -gt 4 ]; then
	echo "usage: ${0##*/} SOURCE DESTINATION TABLE [NEWER]" >&2
	exit 64
fi

receipt=$(mktemp)
trap 'rm -f "$receipt"' EXIT
portl-extract -d "$1" -t "$3" |
	portl-load -d "$2" --conflict=overwrite ${4:+--newer="$4"} --summary="$receipt"
jq -r '.rows | "\(.inserted) new, \(.updated) changed, \(.unchanged + .skipped) left as they were"' \
	"$receipt"
