#!/bin/bash
# Every relation of PostgreSQL's own regression database through the pipe, for
# `make regress`: tables and partitioned tables into the schema that pg_dump gives and
# into ones that --create makes, all else that can be read by --create; in binary and in
# NDJSON.  Each must arrive equal, or be refused as refusals says.  Then all tables as one
# set, in binary and in NDJSON, to servers of other versions, and from there back.  The last
# line is `N passed, N failed`, N journeys; the status is 0 only if none failed.
#
#   BUILD=build        the build to test
#   REGRESS=sets       only the sets
#   MATRIX="13 18"     the other servers' versions
set -u
cd "$(dirname "$0")/../.." || exit
BUILD=$(cd "${BUILD:-build}" && pwd) || exit
export BUILD PATH="$BUILD:$PATH" LC_ALL=C.UTF-8
unset PORTL_SOURCE PORTL_DESTINATION
here=$PWD/tests/regress
# shellcheck source=tests/lib/cluster.sh
. tests/lib/cluster.sh

bindir=$(cluster_bindir)
pg_regress=$bindir/../lib/pgxs/src/test/regress/pg_regress
[ -x "$pg_regress" ] || {
	echo "regress: the server in $bindir comes without pg_regress" >&2
	exit 1
}
archive=$(tests/regress/fetch.sh "$bindir") || exit

work=$(cluster_dir) # the server's files, the tests' and ours
cluster_start "$work" 'max_prepared_transactions = 10' 'autovacuum = off' || exit
cluster_env "$work"
other=()
trap drop_servers EXIT
trap 'exit 1' HUP INT TERM

sql()
{
	psql -XAtq -v ON_ERROR_STOP=1 -d "$@"
}

# --- the databases ---------------------------------------------------------------

# The tests that fail, for want of regress.so or for the server's sake, are not ours;
# that the database is as rich as it should be is looked at below.
make_source()
{
	local differ

	mkdir "$work/regress" || return
	tar -xf "$archive" -C "$work/regress" || return
	[ -z "$cluster_user" ] || chown -R "$cluster_user" "$work/regress"
	# shellcheck disable=SC2016 # the inner shell's
	cluster_as sh -c 'cd "$1" && shift && exec "$@"' sh "$work/regress" "$pg_regress" \
		--bindir="$bindir" --host="$PGHOST" --port="$PGPORT" --user="$PGUSER" \
		--encoding=UTF8 --dlpath="$work/regress" --schedule=parallel_schedule \
		>"$work/regress.log" 2>&1
	differ=$(grep -c '\.\.\. FAILED' "$work/regress.log")
	echo "$(basename "$archive" .tar): $(grep -c '^test \|^     [a-z]' "$work/regress.log") tests made the database, $differ of them with other output"
	# Of the tests' own relations with row security more or less is left, by chance.
	sql regression -c 'DROP SCHEMA regress_rls_schema CASCADE' -c 'CREATE ROLE regress_bound' \
		-c 'CREATE SCHEMA secured; CREATE TABLE secured.t AS SELECT i AS id FROM generate_series(1, 10) i' \
		-c 'ALTER TABLE secured.t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON secured.t USING (id > 5)' \
		-c 'GRANT USAGE ON SCHEMA secured TO regress_bound; GRANT SELECT ON secured.t TO regress_bound' \
		-c 'CREATE VIEW secured.v AS TABLE secured.t; ALTER VIEW secured.v OWNER TO regress_bound' \
		-c 'CREATE VIEW secured.w AS TABLE secured.v' || return
	# It would have other rows each time it is read.
	sql regression -c 'CREATE OR REPLACE VIEW test_tablesample_v2 AS
		SELECT id FROM test_tablesample TABLESAMPLE system (99) REPEATABLE (1)'
}

# make_target DB: the same schema without its triggers, rules and keys: loaded table by
# table, no order of the tables could satisfy them all.
make_target()
{
	sql postgres -c "CREATE DATABASE $1 TEMPLATE template0" || return
	psql -Xq -d "$1" -f "$work/schema.sql" >"$work/$1.log" 2>&1
}

# An OID taken over from the source would pass unseen if it meant the same here.
check_oids()
{
	local db same

	for db in to_binary to_ndjson; do
		sql "$db" -c 'SELECT oid FROM pg_type WHERE oid >= 16384' | sort >"$work/$db.oids" || return
	done
	sql regression -c 'SELECT oid FROM pg_type WHERE oid >= 16384' | sort >"$work/oids" || return
	for db in to_binary to_ndjson; do
		same=$(comm -12 "$work/oids" "$work/$db.oids" | wc -l)
		[ "$same" -eq 0 ] || {
			echo "regress: $same types of $db have an OID of the source" >&2
			return 1
		}
	done
}

# --- one journey -------------------------------------------------------------------

# digest DB RELATION LIST: rows and a digest of them, on one line.
digest()
{
	sql "$1" -c "SELECT count(*), md5(coalesce(string_agg(md5(r::text), '' ORDER BY md5(r::text)), ''))
		FROM (SELECT $3 FROM $2) AS r" 2>&1
}

# describe DB [RELATION]: relations and their columns, as relations.sql prints them.
describe()
{
	sql "$1" -F $'\x1f' -v "only=${2:-}" -f "$here/relations.sql"
}

# expected WHAT: the refusal that is expected of it, a part of the message.
expected()
{
	awk -F '\t' -v what="$1" '$1 == what { print $2 }' "$here/refusals"
}

# outcome WHAT EQUAL MESSAGE: one line on what came of it: `ok`, `refused` or `FAILED`.
outcome()
{
	local wanted

	wanted=$(expected "$1")
	case $2 in
	equal)
		if [ -z "$wanted" ]; then
			printf 'ok\t%s\n' "$1"
		else
			printf 'FAILED\t%s\tis not refused any more: %s\n' "$1" "$wanted"
		fi
		;;
	refused)
		if [ -n "$wanted" ] && [[ $3 == *"$wanted"* ]]; then
			printf 'refused\t%s\t%s\n' "$1" "$wanted"
		else
			printf 'FAILED\t%s\trefused: %s\n' "$1" "$3"
		fi
		;;
	*) printf 'FAILED\t%s\t%s: %s\n' "$1" "$2" "$3" ;;
	esac
}

# journey FORMAT WAY NAME RELATION TARGET LIST TYPES: from the source into TARGET.  WAY
# is `create` or `load`.
journey()
{
	local format=$1 way=$2 name=$3 from=$4 to=$5 list=$6 types=$7
	local what="$3 $1 $2" sent taken message there wanted
	local -a create=()

	[ "$way" = load ] || create=(--create)
	: >"$work/$format.err"
	# Both statuses are looked at, so that a load that says 0 for a part is seen.
	portl-extract -d regression -t "$from" --format="$format" 2>>"$work/$format.err" |
		portl-load -d "to_$format" -t "$to" "${create[@]}" 2>>"$work/$format.err"
	sent=${PIPESTATUS[0]} taken=${PIPESTATUS[1]}
	message=$(tr -s '\n\t' '  ' <"$work/$format.err")
	there=$(describe "to_$format" "$to" | cut -d $'\x1f' -f 4,5)
	if [ "$taken" -ne 0 ]; then
		if [ -z "$there" ] || [ "$(sql "to_$format" -c "SELECT count(*) FROM $to")" = 0 ]; then
			outcome "$what" refused "$message"
		else
			outcome "$what" 'refused, but rows have come' "$message"
		fi
		return
	fi
	wanted=$(digest regression "$from" "$list")
	if [ "$sent" -ne 0 ]; then
		outcome "$what" "extract failed with $sent, load did not" "$message"
	elif [ "$there" != "$list"$'\x1f'"$types" ]; then
		outcome "$what" 'other columns' "$types / ${there#*$'\x1f'}"
	elif [ "$(digest "to_$format" "$to" "$list")" != "$wanted" ]; then
		outcome "$what" 'other rows' "$wanted / $(digest "to_$format" "$to" "$list")"
	else
		outcome "$what" equal
	fi
	[ "$way" = create ] || sql "to_$format" -c "TRUNCATE $to"
}

# pass FORMAT: every relation, one after the other (a partition is not loaded beside its
# parent), into the database to_FORMAT.
pass()
{
	local schema name kind list types from

	while IFS=$'\x1f' read -r schema name kind list types; do
		from="\"${schema//\"/\"\"}\".\"${name//\"/\"\"}\""
		case $kind in
		r | p) journey "$1" load "$schema.$name" "$from" "$from" "$list" "$types" ;;
		esac
		journey "$1" create "$schema.$name" "$from" "made.\"${schema//\"/\"\"}.${name//\"/\"\"}\"" "$list" "$types"
	done <"$work/relations"
}

# --- sets --------------------------------------------------------------------------

# start_server MAJOR: another server, its directory into $server.
start_server()
{
	local bin

	bin=$(tests/matrix/fetch.sh "$1" "$work/servers") || return
	server=$(cluster_dir)
	other+=("$bin $server")
	PG_BINDIR=$bin cluster_start "$server" 'autovacuum = off'
}

drop_servers()
{
	local one

	for one in "${other[@]}"; do
		PG_BINDIR=${one% *} cluster_drop "${one#* }"
	done
	cluster_drop "$work"
}

# digests DB RELATIONS: a line for each table of that output of describe: its name and its digest.
digests()
{
	local schema table kind list quoted

	while IFS=$'\x1f' read -r schema table kind list _; do
		[[ $kind == [rp] ]] || continue
		quoted="\"${schema//\"/\"\"}\".\"${table//\"/\"\"}\""
		printf "SELECT '%s', count(*), md5(coalesce(string_agg(md5(r::text), '' ORDER BY md5(r::text)), '')) FROM (SELECT %s FROM ONLY %s) AS r;\n" \
			"${schema//\'/\'\'}.${table//\'/\'\'}" "$list" "$quoted"
	done <"$2" | psql -XAtq -F $'\x1f' -d "$1" 2>&1
}

# refused_alone FORMAT WHAT FROM TO RELATION: what is left out of a set cannot go alone either.
refused_alone()
{
	local message

	if message=$(portl-extract -d "$3" -t "$5" --format="$1" 2>&1 >"$work/alone" && portl-load -d "$4" "$work/alone" 2>&1); then
		outcome "$2" equal
	else
		outcome "$2" refused "$(tr -s '\n\t' '  ' <<<"$message")"
	fi
}

# set_journey FORMAT NAME FROM TO: every table of FROM that TO has, with the same columns,
# as one set; all rows are to be equal.  FROM and TO are connection strings.
set_journey()
{
	local format=$1 name=$2 from=$3 to=$4 schema table kind list types quoted
	local -a exclude=()
	local n=0 left=0

	describe "$to" >"$work/$name.there" || return
	while IFS=$'\x1f' read -r schema table kind list types; do
		[[ $kind == [rp] ]] || continue
		quoted="\"${schema//\"/\"\"}\".\"${table//\"/\"\"}\""
		if grep -qxF "$schema"$'\x1f'"$table"$'\x1f'"$kind"$'\x1f'"$list"$'\x1f'"$types" "$work/$name.there"; then
			continue
		fi
		exclude+=(--exclude-table="$quoted")
		left=$((left + 1))
	done < <(describe "$from")
	while read -r quoted; do
		refused_alone "$format" "set $name $quoted" "$from" "$to" "$quoted"
		exclude+=(--exclude-table="$quoted")
	done < <(sed -n "s/^set $name \([^\t]*\)\t.*/\1/p" "$here/refusals")
	portl-extract -d "$from" --schema='*' "${exclude[@]}" --format="$format" \
		2>"$work/$name.sent" | tee "$work/$name.set" | portl-load -d "$to" --no-sync-sequences 2>"$work/$name.err"
	case ${PIPESTATUS[*]} in
	'0 0 0') ;;
	*)
		printf 'FAILED\tset %s %s\t%s\n' "$name" "$format" "$(cat "$work/$name.sent" "$work/$name.err" | tr -s '\n\t' '  ')"
		return
		;;
	esac
	digests "$from" "$work/$name.there" >"$work/$name.wanted"
	digests "$to" "$work/$name.there" >"$work/$name.got"
	portl ls --json "$work/$name.set" | jq -r 'select(.sequence | not) | .relation | "\(.schema).\(.name)"' >"$work/$name.members"
	while IFS=$'\x1f' read -r quoted; do
		if grep -F "$quoted"$'\x1f' "$work/$name.wanted" | grep -qxFf - "$work/$name.got"; then
			n=$((n + 1))
		else
			printf 'FAILED\tset %s %s: %s\tother rows\n' "$name" "$format" "$quoted"
		fi
	done <"$work/$name.members"
	if [ "$n" -ge 100 ]; then
		printf 'ok\tset %s %s: %s tables, %s not there\n' "$name" "$format" "$n" "$left"
	else
		printf 'FAILED\tset %s %s\tonly %s tables\n' "$name" "$format" "$n"
	fi
}

# To each other server and back, in both formats, and to another database of this one.
sets()
{
	local major format
	local -a majors

	read -ra majors <<<"${MATRIX:-13 18}"
	for format in binary ndjson; do
		make_target "back_$format" || return
		set_journey "$format" "here_$format" dbname=regression "dbname=back_$format"
	done
	for major in "${majors[@]}"; do
		if ! start_server "$major"; then
			printf 'FAILED\tset %s\tno server of this version\n' "$major"
			continue
		fi
		for format in binary ndjson; do
			PGHOST=$server make_target "to_$format" || return
			set_journey "$format" "to_${major}_$format" dbname=regression "host=$server dbname=to_$format"
			make_target "back_${major}_$format" || return
			set_journey "$format" "from_${major}_$format" "host=$server dbname=to_$format" "dbname=back_${major}_$format"
		done
	done
}

# --- all of them -------------------------------------------------------------------

make_source || exit
export PGOPTIONS='-c extra_float_digits=3 -c client_min_messages=warning' # for digests
pg_dump -d regression --schema-only --section=pre-data --no-owner --no-privileges >"$work/schema.sql" || exit
describe regression >"$work/relations" || exit
relations=$(wc -l <"$work/relations")
: >"$work/binary.out"
: >"$work/ndjson.out"
if [ "${REGRESS:-all}" != sets ]; then
	make_target to_binary && make_target to_ndjson && check_oids || exit
	sql to_binary -c 'CREATE SCHEMA made' && sql to_ndjson -c 'CREATE SCHEMA made' || exit
	pass binary >"$work/binary.out" &
	pass ndjson >"$work/ndjson.out"
	wait $!
fi
mkdir "$work/servers"
sets >"$work/sets.out"
cat "$work"/{binary,ndjson,sets}.out >"$work/out"
grep '^ok.set ' "$work/sets.out" | expand -t 8
grep -P '^(refused|FAILED)\t' "$work/out" | expand -t 8

# A line of refusals for something that is not there would be believed for ever.
[ "${REGRESS:-all}" = sets ] || while IFS=$'\t' read -r what _; do
	grep -qF "$(printf '\t%s' "$what")" "$work/out" || printf 'FAILED\t%s\tis not there\n' "$what" | tee -a "$work/out"
done < <(grep -v '^#' "$here/refusals")
[ "$relations" -ge 600 ] || printf 'FAILED\tonly %d relations\n' "$relations" | tee -a "$work/out"

failed=$(grep -c '^FAILED' "$work/out")
refused=$(grep -c '^refused' "$work/out")
equal=$(grep -c '^ok' "$work/out")
echo "$relations relations: $equal journeys equal, $refused refused as expected"
echo "$((equal + refused)) passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$equal" -gt 0 ]
