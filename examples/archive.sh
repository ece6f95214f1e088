#!/bin/sh
# Keep a table's rows in a file, and bring them back.
#
#   archive.sh save DATABASE TABLE FILE
#   archive.sh restore DATABASE TABLE FILE
#
# FILE appears only when it is complete, and restore proves that it still is: it has the
# number of rows and a digest at its end.  restore empties the table first, in the same
# transaction.
set -eu
umask 077

if [ $# -ne 4 ]; then
	echo "usage: ${0##*/} save|restore DATABASE TABLE FILE" >&2
	exit 64
fi

case $1 in
save)
	portl-extract -d "$2" -t "$3" -Z zstd:9 -o "$4"
	;;
restore)
	portl-load -d "$2" -t "$3" --truncate --min-rows=0 "$4"
	;;
*)
	echo "${0##*/}: neither save nor restore: $1" >&2
	exit 64
	;;
esac
