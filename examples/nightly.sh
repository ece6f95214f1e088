#!/bin/sh
# Make a table what the source has, for cron: rows are inserted, updated and deleted in one
# transaction, only where they differ, and no reader waits.
#
#   17 3 * * *  /usr/share/doc/portl/examples/nightly.sh
#
# (from the package; where it was made from source, /usr/local/share/doc, and the crontab
# needs a line PATH=/usr/local/bin:/usr/bin:/bin)
#
# cron mails whatever a job prints.  Portl prints nothing when all is well, so that a
# mail means that something is wrong, and says what.  The receipts are kept.
#
# Settings, from the environment:
#   PORTL_SOURCE, PORTL_DESTINATION   where from and where to; default: the services
#                                     "shop" and "dw" of ~/.pg_service.conf
#   TABLE                             default: orders
#   MIN_ROWS                          fewer than these are taken for a fault; default: 1
#   MAX_DELETE                        more to be deleted, too: rows or a share; default: 50%
#   STATE                             directory for lock and receipts; default: ~/.portl
set -eu
umask 077

: "${PORTL_SOURCE:=service=shop}" "${PORTL_DESTINATION:=service=dw}"
: "${TABLE:=orders}" "${MIN_ROWS:=1}" "${MAX_DELETE:=50%}" "${STATE:=$HOME/.portl}"
export PORTL_SOURCE PORTL_DESTINATION

mkdir -p "$STATE"
exec 9>"$STATE/$TABLE.lock"
if ! flock -n 9; then
	echo "${0##*/}: the last run on $TABLE has not ended yet" >&2
	exit 75
fi

rm -f "$STATE/$TABLE.json" # of the run before
# A lock that a writer holds must not keep others waiting behind us all day.
status=0
portl-extract -t "$TABLE" --lock-wait-timeout=60000 |
	portl-load -t "$TABLE" --conflict=overwrite --delete --max-delete="$MAX_DELETE" \
		--min-rows="$MIN_ROWS" --lock-wait-timeout=60000 \
		--summary="$STATE/$TABLE.json" || status=$?

if [ -s "$STATE/$TABLE.json" ]; then
	cat "$STATE/$TABLE.json" >>"$STATE/receipts.ndjson"
fi
exit "$status"
