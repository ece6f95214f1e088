# shellcheck shell=bash disable=SC2034,SC2154,SC2317 # for rivals.sh, which sets the cell
# The contestants of the group rivals.  Each is one line here and one function
# run_NAME ACTION TABLE, which calls `take` once with a pipe that does the whole action.
#
# The actions begin with the table in database src, with its key, read before; and with
#   append    an empty table with its key in dst     create    no table in dst
#   upsert    half of the rows in dst, with other values; they have to be replaced
#   skip      the same; they have to stay
#   ndjson    as append, by way of rows of JSON
#   csv_in    as append, from a CSV file instead     csv_out   from src into a CSV file
# and every target has to be equal to what it should be afterwards.
#
# Each does it the fastest way that we know.  What one cannot do is not in its line:
# pgcopydb and pgloader copy tables with their definition and keys, and neither upserts;
# pgcopydb also analyzes them, and cannot be told not to.  pgloader's heap of 1 GB is now and
# then too small for the 100,000 rows that it reads ahead of a database; with 10,000 it is no
# slower there.  ogr2ogr makes columns of other types, takes no `t` of COPY's CSV for true and
# keeps the key out of its own.
#
# Not here: dlt is on PyPI only and Sling on its makers' pages; neither Debian nor npm has them
# (python3-dlt and npm's sling are other things of that name).
#
# The server alone is the floor: it reads into a file, or loads from one, without a client.

contestants=(
	# name        program     actions                                            title
	'portl        portl-load  append,create,upsert,skip,ndjson,csv_in,csv_out    Portl'
	'psql_binary  psql        append,create                                      psql | psql, binary'
	'psql_text    psql        append,create                                      psql | psql, text'
	'psql_stage   psql        upsert,skip                                        psql | psql, by a staging table'
	'psql_json    psql        ndjson                                             psql | psql, row_to_json and back'
	'psql_csv     psql        csv_in,csv_out                                     psql, \copy'
	'pg_dump      pg_dump     append,create                                      pg_dump | psql'
	'inserts      pg_dump     append,create,upsert,skip                          INSERTs of 1,000 rows | psql'
	'pgcopydb     pgcopydb    create                                             pgcopydb clone'
	'pgloader     pgloader    create,csv_in                                      pgloader'
	'ogr2ogr      ogr2ogr     append                                             ogr2ogr, with COPY'
	'floor_to     psql        append,create,upsert,skip,ndjson,csv_out           the server alone, into a file'
	'floor_from   psql        append,create,upsert,skip,ndjson,csv_in            the server alone, from a file'
)

from=(psql -Xq -v ON_ERROR_STOP=1 -d src)
into=(psql -Xq -v ON_ERROR_STOP=1 -d dst)

# keyless TABLE: its columns, for a key that is made afterwards.
keyless()
{
	columns_of "$1" | sed 's/ PRIMARY KEY/ NOT NULL/'
}

# on_conflict ACTION TABLE
on_conflict()
{
	if [ "$1" = skip ]; then
		echo '(id) DO NOTHING'
	else
		psql -XAtq -d src -c "SELECT '(id) DO UPDATE SET ' || string_agg(format('%1\$I = excluded.%1\$I', attname), ', ')
			FROM pg_attribute WHERE attrelid = '$2'::regclass AND attnum > 1"
	fi
}

# copy_options ACTION: what COPY is told where the server or psql does the work.
copy_options()
{
	case $1 in
	ndjson) echo 'FORMAT text' ;;
	csv_*) echo 'FORMAT csv, HEADER' ;;
	*) echo 'FORMAT binary' ;;
	esac
}

run_portl()
{
	local extract=(portl-extract -d src -t "$2") load=(portl-load -d dst -t "$2")

	case $1 in
	create) load+=(--create) ;;
	upsert) load+=(--conflict=overwrite) ;;
	skip) load+=(--conflict=skip) ;;
	ndjson) extract+=(-F ndjson) ;;
	csv_in) extract=(portl-extract --csv "$csv") ;;
	csv_out) load=(portl-load --csv "$csv_out") ;;
	esac
	take "${extract[@]}" '|' "${load[@]}"
}

# psql_copy ACTION TABLE FORMAT: COPY into the table, or FREEZE and the key afterwards.
psql_copy()
{
	local target=(-c "COPY $2 FROM STDIN (FORMAT $3)")

	[ "$1" != create ] || target=(-1 -c "CREATE TABLE $2 ($(keyless "$2"))"
		-c "COPY $2 FROM STDIN (FORMAT $3, FREEZE)" -c "ALTER TABLE $2 ADD PRIMARY KEY (id)")
	take "${from[@]}" -c "COPY $2 TO STDOUT (FORMAT $3)" '|' "${into[@]}" "${target[@]}"
}

run_psql_binary()
{
	psql_copy "$1" "$2" binary
}

run_psql_text()
{
	psql_copy "$1" "$2" text
}

run_psql_stage()
{
	take "${from[@]}" -c "COPY $2 TO STDOUT (FORMAT binary)" '|' \
		"${into[@]}" -1 -c "CREATE TEMP TABLE stage (LIKE $2)" -c 'COPY stage FROM STDIN (FORMAT binary)' \
		-c "INSERT INTO $2 SELECT * FROM stage ON CONFLICT $(on_conflict "$1" "$2")"
}

run_psql_json()
{
	take "${from[@]}" -c "COPY (SELECT row_to_json(t) FROM $2 t) TO STDOUT" '|' \
		"${into[@]}" -1 -c 'CREATE TEMP TABLE stage (line json)' -c 'COPY stage FROM STDIN' \
		-c "INSERT INTO $2 SELECT r.* FROM stage, json_populate_record(NULL::$2, line) r"
}

run_psql_csv()
{
	if [ "$1" = csv_in ]; then
		take "${into[@]}" -c "\\copy $2 from '$csv' ($(copy_options "$1"))"
	else
		take "${from[@]}" -c "\\copy $2 to '$csv_out' ($(copy_options "$1"))"
	fi
}

run_pg_dump()
{
	local dump=(pg_dump -d src -t "$2")

	[ "$1" = create ] || dump+=(--data-only)
	take "${dump[@]}" '|' "${into[@]}" -1
}

# pg_dump knows of DO NOTHING only; the rest is a word at the end of a line.
run_inserts()
{
	local dump=(pg_dump -d src -t "$2" --rows-per-insert=1000)

	[ "$1" = create ] || dump+=(--data-only)
	case $1 in
	upsert | skip)
		take "${dump[@]}" --on-conflict-do-nothing '|' \
			sed "s/ ON CONFLICT DO NOTHING;\$/ ON CONFLICT $(on_conflict "$1" "$2");/" '|' "${into[@]}" -1
		;;
	*) take "${dump[@]}" '|' "${into[@]}" -1 ;;
	esac
}

run_pgcopydb()
{
	rm -rf "$work/pgcopydb"
	take pgcopydb clone --source "postgres://$PGUSER@/src?host=$PGHOST" \
		--target "postgres://$PGUSER@/dst?host=$PGHOST" --dir "$work/pgcopydb" \
		--table-jobs 2 --index-jobs 2 --skip-large-objects --skip-extensions
}

run_pgloader()
{
	local url=postgresql://$PGUSER@unix:$PGHOST:$PGPORT columns
	local with='workers = 2, concurrency = 1'

	if [ "$1" = create ]; then
		cat <<END
LOAD DATABASE FROM $url/src INTO $url/dst
	WITH create tables, create indexes, reset no sequences, $with, prefetch rows = 10000
	INCLUDING ONLY TABLE NAMES MATCHING '$2' IN SCHEMA 'public';
END
	else
		columns=$(head -n 1 "$csv")
		cat <<END
LOAD CSV FROM '$csv' HAVING FIELDS (${columns//,/ [null if blanks], } [null if blanks])
	INTO $url/dst TARGET TABLE $2 ($columns)
	WITH skip header = 1, fields optionally enclosed by '"', fields escaped by double-quote,
		fields terminated by ',', $with;
END
	fi >"$work/pgloader.load"
	take pgloader --on-error-stop --root-dir "$work/pgloader" "$work/pgloader.load"
}

run_ogr2ogr()
{
	take ogr2ogr --config PG_USE_COPY YES -gt unlimited -append -preserve_fid -nln "$2" \
		-f PostgreSQL "PG:dbname=dst" "PG:dbname=src" "$2"
}

run_floor_to()
{
	take "${from[@]}" -c "COPY $2 TO '$floor_file' ($(copy_options "$1"))"
}

run_floor_from()
{
	local copy

	copy="FROM '$floor_file' ($(copy_options "$1"))"
	case $1 in
	create)
		take "${into[@]}" -1 -c "CREATE TABLE $2 ($(keyless "$2"))" -c "COPY $2 ${copy%)}, FREEZE)" \
			-c "ALTER TABLE $2 ADD PRIMARY KEY (id)"
		;;
	upsert | skip)
		take "${into[@]}" -1 -c "CREATE TEMP TABLE stage (LIKE $2)" -c "COPY stage $copy" \
			-c "INSERT INTO $2 SELECT * FROM stage ON CONFLICT $(on_conflict "$1" "$2")"
		;;
	*) take "${into[@]}" -c "COPY $2 $copy" ;;
	esac
}
