# Streams that 0.1.0 has written still load: what is in a file or on its way from a host that
# was not upgraded.  How they were made stands in 0.1.0/table.sql.

load ../lib/common

OLD=$ROOT/tests/stream/0.1.0
binary=$OLD/binary.portl

# The tables, with their rows in whole.
setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	fresh_db whole new
	q "$whole" <"$OLD/table.sql"
	q "$new" <"$OLD/table.sql"
	q "$new" 'TRUNCATE items'
	# arrays and composites of the database's own types
	since 14 'binary values that hold OIDs' || binary=$OLD/text.portl.zst
}

@test "streams of 0.1.0 load, each value as it was" {
	local file n=0

	for file in "$binary" "$OLD"/ndjson.portl "$OLD"/{text,quoted}.portl.zst; do
		try portl-load -d "$new" --truncate "$file"
		assert_silent 0 && same_table "$whole" items "$new" items || fail "$file" || return
		n=$((n + 1))
	done
	assert_eq $n 4
	if [ "$SERVER_VERSION" -ge 140000 ]; then
		try portl-load -d "$new" "$OLD/empty.portl"
		assert_silent 0
	fi
	try portl-ls "$OLD"/{binary,ndjson,empty}.portl "$OLD"/*.zst
	assert_status 0
	assert_eq "$(awk '{ print $1, $2 }' <<<"$output")" $'whole 42\nwhole 42\nwhole 0\nwhole 42\nwhole 42'
}

@test "streams of 0.1.0 are upserted, compared, made into tables and files" {
	q "$new" "INSERT INTO items (id, \"Name\") VALUES (1, 'old'), (-1, 'extra')"
	try portl-load -d "$new" --conflict=overwrite --summary=receipt.json "$binary"
	assert_silent 0
	assert_eq "$(jq -c '[.rows.inserted, .rows.updated]' receipt.json)" '[41,1]'
	# its header does not say that it has all rows
	try portl-load -d "$new" --verify "$binary"
	assert_status 0
	try portl-load -d "$new" --verify --scope=true --differences=rows.ndjson "$binary"
	assert_status 6
	assert_eq "$(jq -c '[.kind, .key.id]' rows.ndjson)" '["extra",-1]'
	try portl-load -d "$new" --conflict=overwrite --delete "$binary"
	assert_status 5
	try portl-load -d "$new" --conflict=overwrite --delete --scope=true "$binary"
	assert_silent 0 && same_table "$whole" items "$new" items
	try portl-load -d "$new" -t made --create "$binary"
	assert_silent 0
	assert_eq "$(q "$new" 'SELECT * FROM made ORDER BY id')" "$(q "$whole" 'SELECT * FROM items ORDER BY id')"
	try portl-load --csv=rows.csv "$OLD/text.portl.zst"
	assert_silent 0
	diff <(LC_ALL=C sort rows.csv) <(PGTZ=UTC psql -Xd "$whole" -c 'COPY (TABLE items) TO STDOUT (FORMAT csv, HEADER)' | LC_ALL=C sort)
}

@test "a stream of 0.1.0 that is cut, damaged or aborted is refused" {
	local n

	for n in 20 200 5000; do
		head -c "$((n < $(stat -c %s "$binary") ? n : 1000))" "$binary" >cut.portl
		try portl-load -d "$new" cut.portl
		assert_status 4
	done
	perl -0777 -pe 'substr($_, 5000, 1) ^= "\x01"' "$OLD/ndjson.portl" >flipped.portl
	try portl-load -d "$new" flipped.portl
	[ "$status" -ne 0 ]
	try portl-load -d "$new" "$OLD/aborted.portl"
	assert_status 4
	assert_stderr_has 'upstream failed: relation "missing" does not exist in database "old"'
	is_true "$new" 'NOT EXISTS (TABLE items)'
}
