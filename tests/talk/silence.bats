#!/usr/bin/env bats
# What is the same on each run is told to who watches, and not to cron: a run that went well
# is silent.

load ../lib/common

setup()
{
	fresh_db src dst
	cd "$BATS_TEST_TMPDIR" || return
}

# A fact a line: what the source has, as a column v; what the target has; what is told.
facts()
{
	cat <<-'EOF'
		1.25::numeric(10,4)|numeric(10,1)|is rounded to numeric(10,1)
		1.5::float8|integer|is rounded to whole numbers
		1.5::numeric|float4|is rounded to real
		now()::timestamp|timestamp(0)|is rounded to timestamp(0)
		'10:00:00.5'::time|time(0)|is rounded to time(0)
		now()::timestamp|date|loses the time of day
		now()::timestamptz|timestamp|becomes local time
		interval '1 day'|interval year|loses the fields
		'a'::text|varchar(5)|loses blanks beyond 5 characters
		'a'::text|char(5)|loses the meaning of blanks
		7::oid|integer|becomes negative
		'{}'::json|jsonb|loses white space
		'10.0.0.1/8'::inet|cidr|loses the bits beyond its netmask
		'{1.25}'::numeric(10,4)[]|numeric(10,1)[]|is rounded to numeric(10,1)
		17::lo|oid|large objects are not sent
	EOF
}

# told_all: stderr has what each fact's column is told, in a line with its name.
told_all()
{
	local value type told name column=0

	while IFS='|' read -r value type told; do
		column=$((column + 1))
		name=\"v$column\"
		[ "$type" != oid ] || name=''
		grep -F "warning: ${name:+column $name}" <<<"$stderr" | grep -qF "$told" ||
			show_run "stderr lacks: column v$column, $told" || return
	done < <(facts)
}

# All in one table: where one of them spoke, none would be silent.
@test "facts of types and definitions: silence for cron, told with -v, -n, by check, on a terminal" {
	local value type told from='' to='' column=0

	while IFS='|' read -r value type told; do
		column=$((column + 1))
		from+=", $value AS v$column" to+=", v$column $type"
	done < <(facts)
	q "$src" "CREATE DOMAIN lo AS oid; CREATE TABLE t AS SELECT ${from#, }"
	q "$dst" "CREATE TABLE t (${to#, })"
	try_sh "portl-extract -d $src -t t | portl-load -d $dst"
	assert_status 0
	assert_silent
	cat >job.yaml <<-EOF
		source: {database: $src, table: t}
		destination: {database: $dst, table: t}
	EOF
	try portl check job.yaml
	assert_status 0
	told_all
	try_sh "portl-extract -v -d $src -t t | portl-load -v -d $dst -n"
	told_all
	run script -qec "portl run job.yaml" /dev/null
	assert_out_has 'warning: large objects are not sent'
	stderr=${output//$'\r'/}
	told_all
	# a log has them
	try_sh "portl-extract -L log -d $src -t t | portl-load -d $dst"
	assert_silent
	grep -q 'warning warning: large objects' log
}

@test "what a file looks like is such a fact" {
	printf 'price;day\n1,5;1.2.2024\n' >x.csv
	q "$dst" 'CREATE TABLE t (price text, day text); CREATE TABLE s ("price;day" text)'
	try_sh "portl-extract --csv=x.csv --delimiter=';' --infer | portl-load -d $dst -t t"
	assert_status 0
	assert_silent
	printf 'price;day\nx\n' >y.csv
	try_sh "portl-extract --csv=y.csv | portl-load -d $dst -t s"
	assert_status 0
	assert_silent
}
