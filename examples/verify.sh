#!/bin/sh
# Compare tables with what their source holds, and write down what differs:
#
#   verify.sh TABLE...
#
# Nothing is written on either side, and the destination may be a standby.  Prints a line for
# each table that is not equal; the rows are in TABLE.differences, as NDJSON.  The status is 0
# if all are equal, 6 if any differs, and that of portl-load where one could not be compared.
#
# Settings, from the environment:
#   PORTL_SOURCE, PORTL_DESTINATION   where from and where to; default: the services
#                                     "shop" and "dw" of ~/.pg_service.conf
set -eu

[ $# -gt 0 ] || {
	echo "usage: ${0##*/} TABLE..." >&2
	exit 64
}
: "${PORTL_SOURCE:=service=shop}" "${PORTL_DESTINATION:=service=dw}"
export PORTL_SOURCE PORTL_DESTINATION

worst=0
for table; do
	status=0
	portl-extract -t "$table" --order=auto |
		portl-load -t "$table" --verify --differences="$table.differences" || status=$?
	case $status in
	0) ;;
	6) [ "$worst" -ne 0 ] || worst=6 ;;
	*) worst=$status ;; # that a table could not be compared is the worse news
	esac
done
exit "$worst"
