#!/bin/sh
# Copy a whole database into an empty one:
#
#   clone-database.sh SOURCE TARGET
#
# pg_dump brings what is defined and large objects, one set of Portl's all rows and where
# sequences stand; both read by one snapshot, so that they are of the same moment.  Indexes,
# foreign keys, triggers and materialized views come behind the rows, as pg_restore does it.
# The rows are there all or not at all; what extensions keep in tables of their own, as far as
# it is not theirs from the start, stays behind.  If a step fails, drop TARGET and begin anew.
#
# SOURCE and TARGET are whatever -d takes.  TARGET exists: createdb -T template0 NAME
set -eu
umask 077

if [ $# -ne 2 ]; then
	echo "usage: ${0##*/} SOURCE TARGET" >&2
	exit 64
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# The session that keeps the snapshot lives as long as descriptor 3 is open.
mkfifo "$dir/in" "$dir/out"
psql -XAtq -v ON_ERROR_STOP=1 -d "$1" <"$dir/in" >"$dir/out" &
exec 3>"$dir/in" 4<"$dir/out"
echo 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_export_snapshot();' >&3
read -r snapshot <&4

# Into files: the status of `pg_dump | psql` is psql's alone.
for section in pre-data post-data; do
	pg_dump --section=$section --snapshot="$snapshot" -f "$dir/$section.sql" "$1" 3>&- 4>&-
done
pg_dump --section=data -b -T '*.*' --snapshot="$snapshot" -f "$dir/blobs.sql" "$1" 3>&- 4>&-
psql -Xq1 -v ON_ERROR_STOP=1 -o /dev/null -d "$2" -f "$dir/pre-data.sql" 3>&- 4>&-

# Sequences that a column owns have to be named: it may stand behind them.  Those of extensions
# are made by them.
source=$1 target=$2
cat >&3 <<'END'
SELECT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
 WHERE relkind = 'S' AND relpersistence <> 't' AND NOT EXISTS (SELECT FROM pg_depend
  WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e');
SELECT 'end';
END
set -- --schema='*'
while read -r sequence <&4 && [ "$sequence" != end ]; do
	set -- "$@" -t "$sequence"
done
portl-extract -d "$source" --snapshot="$snapshot" "$@" 3>&- 4>&- | portl-load -d "$target" 3>&- 4>&-
exec 3>&- 4>&-
wait
psql -Xq -v ON_ERROR_STOP=1 -o /dev/null -d "$target" -f "$dir/blobs.sql"
psql -Xq1 -v ON_ERROR_STOP=1 -o /dev/null -d "$target" -f "$dir/post-data.sql"
