#!/bin/sh
# Copy one table into another database; it is made there if it is missing.
#
#   copy-table.sh SOURCE DESTINATION TABLE
#
# SOURCE and DESTINATION are database names, connection strings
# ("host=db1 dbname=shop") or URIs.  The exit status is that of portl-load, and it
# is 0 only if every row has arrived and is committed.
set -eu

if [ $# -ne 3 ]; then
	echo "usage: ${0##*/} SOURCE DESTINATION TABLE" >&2
	exit 64
fi

portl-extract --source="$1" --table="$3" | portl-load --destination="$2" --create
