#!/bin/sh
# Load the result of a query into a table that calls its columns otherwise, and keep the
# rows that are there.  To be run again and again, it adds what is new.
#
#   SOURCE_PASSWORD=... DESTINATION=dbname=dw mapped-query.sh
#
# Secrets come from the environment, as a scheduler or a container gives them: in
# PORTL_SOURCE they are seen by portl-extract only, never in its arguments.
set -eu

: "${SOURCE_PASSWORD:?is not set}" "${DESTINATION:?is not set}"

PORTL_SOURCE="host=${SOURCE_HOST:-localhost} dbname=${SOURCE_DB:-shop} user=${SOURCE_USER:-reader} password='$SOURCE_PASSWORD'" \
	portl-extract --query="
		SELECT c.id, c.name, max(o.placed) AS last_order
		  FROM customers c JOIN orders o ON o.customer_id = c.id
		 GROUP BY c.id, c.name" |
	portl-load -d "$DESTINATION" -t people --map=id=person_id --extra-columns=ignore \
		--conflict=skip
