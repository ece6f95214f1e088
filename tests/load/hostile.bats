#!/usr/bin/env bats
# A stream's header is data: nothing in it becomes SQL.  `make hostile` runs many more.

load ../lib/common

@test "headers: a base type, a collation, a name that are SQL are never run, nor parsed" {
	fresh_db p
	PGDATABASE=$p run python3 "$ROOT/tests/property/hostile.py" --seed 1 --cases 80
	echo "$output" | tail -n 40
	[ "$status" -eq 0 ]
}

@test "--newer --create: a base type that is SQL is refused or resolved, and ends no backend" {
	fresh_db dst
	cat >"$BATS_TEST_TMPDIR/s" <<-'END'
		{"$portl":{"version":1,"relation":{"name":"t"},"primary_key":["id"],"columns":[{"name":"id","type":"integer"},{"name":"n","type":"integer","base":"integer), pg_terminate_backend(pg_backend_pid()), (1"}],"bare":true}}
		{"id":1,"n":2}
	END
	try portl-load --bare -d "$dst" --create --conflict=overwrite --newer=n --check=plan "$BATS_TEST_TMPDIR/s"
	[[ $stderr != *terminat* && $stderr != *'syntax error'* ]]
	[ "$status" -ne 2 ]
}
