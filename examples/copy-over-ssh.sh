#!/bin/sh
# Push one table to a database on another host, compressed on the way.
#
#   copy-over-ssh.sh SOURCE HOST DESTINATION TABLE
#
# Portl has to be installed there as well.  DESTINATION is seen from HOST, so that a
# server that listens on its socket only will do.  If the line breaks, the table at
# the other end stays as it was.
set -eu

if [ $# -ne 4 ]; then
	echo "usage: ${0##*/} SOURCE HOST DESTINATION TABLE" >&2
	exit 64
fi

# ssh hands its words to a shell, which takes them apart again: quote what we pass on.
quoted()
{
	printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

portl-extract -d "$1" -t "$4" -Z zstd |
	ssh -o ServerAliveInterval=15 "$2" "portl-load -d $(quoted "$3")"
