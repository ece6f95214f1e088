#!/bin/sh
# Bring a table up to date every hour, row by row, and set aside what the target refuses:
#
#   5 * * * *  /usr/share/doc/portl/examples/hourly.sh
#
# (from the package; where it was made from source, /usr/local/share/doc, and the crontab
# needs a line PATH=/usr/local/bin:/usr/bin:/bin)
#
# Rows that break a rule of the target do not hold up the others.  They are kept as a
# stream that can be loaded again when the cause is gone, and a mail says where; more
# than MAX_REJECTS are no bad rows but a mistake, and then nothing is loaded.
#
# Settings, from the environment:
#   PORTL_SOURCE, PORTL_DESTINATION   where from and where to; default: the services
#                                     "shop" and "dw" of ~/.pg_service.conf
#   TABLE                             default: orders
#   MAX_REJECTS                       default: 100
#   STATE                             directory for lock, receipt, log and what was
#                                     refused; default: ~/.portl
set -eu
umask 077

: "${PORTL_SOURCE:=service=shop}" "${PORTL_DESTINATION:=service=dw}"
: "${TABLE:=orders}" "${MAX_REJECTS:=100}" "${STATE:=$HOME/.portl}"
export PORTL_SOURCE PORTL_DESTINATION

mkdir -p "$STATE"
exec 9>"$STATE/$TABLE.lock"
flock -n 9 || exit 0 # the hour before is still at work

rm -f "$STATE/$TABLE.json" # of the run before
# Each reason goes into the log, and not into the mail.
status=0
portl-extract -t "$TABLE" --lock-wait-timeout=60000 |
	portl-load -t "$TABLE" --conflict=overwrite --rejects="$STATE/refused" \
		--max-rejects="$MAX_REJECTS" --summary="$STATE/$TABLE.json" \
		--log-file="$STATE/$TABLE.log" --quiet || status=$?

if [ "$status" -eq 3 ]; then
	kept=$STATE/$TABLE.$(date +%Y%m%dT%H%M%S).$$.portl
	mv "$STATE/refused" "$kept"
	echo "${0##*/}: rows of $TABLE were refused; the reasons are in $STATE/$TABLE.log." >&2
	echo "Load them again, with the same PORTL_DESTINATION: portl-load -t $TABLE --conflict=overwrite $kept" >&2
fi
exit "$status"
