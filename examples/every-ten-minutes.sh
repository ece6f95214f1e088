#!/bin/sh
# Bring what has changed since the last run, for cron:
#
#   */10 * * * *  /usr/share/doc/portl/examples/every-ten-minutes.sh
#
# (from the package; where it was made from source, /usr/local/share/doc, and the crontab
# needs a line PATH=/usr/local/bin:/usr/bin:/bin)
#
# Where the last run went on to is kept in the target, in the transaction of its rows, so
# that a run that is killed, repeated or overtaken loses nothing.  When the source can no
# longer tell what has changed (a standby was promoted, a column was added), the run ends
# with 4 or 5 and cron mails why; FULL=1 then begins anew with all rows.  Rows that were
# deleted at the source stay: a nightly run with all rows and --delete removes them, or
# --with-keys here.
#
# Settings, from the environment:
#   PORTL_SOURCE, PORTL_DESTINATION   where from and where to; default: the services
#                                     "shop" and "dw" of ~/.pg_service.conf
#   TABLE                             default: orders
#   FULL                              1: all rows, whatever is kept; default: 0
#   STATE                             directory for lock and receipts; default: ~/.portl
set -eu
umask 077

: "${PORTL_SOURCE:=service=shop}" "${PORTL_DESTINATION:=service=dw}"
: "${TABLE:=orders}" "${FULL:=0}" "${STATE:=$HOME/.portl}"
export PORTL_SOURCE PORTL_DESTINATION

mkdir -p "$STATE"
exec 9>"$STATE/$TABLE.lock"
flock -n 9 || exit 0 # the run before is still at work

reset=
[ "$FULL" = 0 ] || reset=--reset-state

rm -f "$STATE/$TABLE.json" # of the run before
status=0
since=$(portl-load --state="$TABLE" --print-state ${reset:+"$reset"})
portl-extract -t "$TABLE" --since="$since" --lock-wait-timeout=60000 |
	portl-load -t "$TABLE" --state="$TABLE" ${reset:+"$reset"} --conflict=overwrite \
		--lock-wait-timeout=60000 --summary="$STATE/$TABLE.json" || status=$?

if [ -s "$STATE/$TABLE.json" ]; then
	cat "$STATE/$TABLE.json" >>"$STATE/receipts.ndjson"
fi
exit "$status"
