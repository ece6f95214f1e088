#!/usr/bin/env bats
# Passwords in job files reach libpq and nothing else.
# shellcheck disable=SC2016 # dollars are for the job

load ../lib/common
load ../lib/faults

secret='Xy7:zzyzx $5'

# A server that wants a password of one role.
setup_file()
{
	SAFE=$(cluster_dir)
	export SAFE
	cluster_start "$SAFE"
	PGHOST=$SAFE psql -Xq -c "CREATE ROLE guarded LOGIN SUPERUSER PASSWORD '$secret'" \
		-c 'CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 50) i'
	cluster_stop "$SAFE"
	printf '%s\n' 'local all portl trust' 'local all guarded scram-sha-256' |
		cluster_as tee "$SAFE/data/pg_hba.conf" >/dev/null
	cluster_start "$SAFE"
}

teardown_file()
{
	cluster_drop "$SAFE"
}

setup()
{
	cd "$T" || return
	umask 077
}

keeps_quiet()
{
	[[ $output$stderr != *zzyzx* ]] || show_run 'a password was told'
}

guarded_job()
{
	cat >job.yaml <<-EOF
		source:
		  host: $SAFE
		  username: guarded
		  $1
		  query: SELECT pg_sleep(60)::text AS x
		destination:
		  host: $SAFE
		  username: guarded
		  $1
		  table: x
	EOF
}

guarded_runs()
{
	[ "$(PGHOST=$SAFE q postgres "SELECT count(*) FROM pg_stat_activity
		WHERE usename = 'guarded' AND (wait_event = 'PgSleep' OR application_name = 'portl-load')")" = 2 ]
}

@test "a password in the file reaches the server, and no argument, environment, log or stream" {
	guarded_job "password: '${secret}'"
	start both bash -c 'portl-extract -v -f job.yaml | tee stream | portl-load -v -f job.yaml --summary=receipt'
	wait_until 10 guarded_runs
	mapfile -t pids < <(pgrep -P "$pid_both" -f '^portl-(extract|load) ')
	assert_eq "${#pids[@]}" 2
	for pid in "${pids[@]}"; do
		tr '\0' '\n' <"/proc/$pid/cmdline"
		tr '\0' '\n' <"/proc/$pid/environ"
	done >seen
	ps -ef >>seen
	grep -q -- '-f' seen
	run ! grep -q zzyzx seen
	kill -TERM "${pids[@]}"
	finish both
	assert_stderr_has 'connected to database'
	keeps_quiet
	run ! grep -q zzyzx stream receipt "$SAFE/log"
}

@test "a password from the environment into the file, and into a URI" {
	export PW=$secret
	guarded_job 'password: ${PW}'
	sed -i 's/query:.*/table: t/' job.yaml
	chmod 644 job.yaml
	try_sh 'portl-extract -v -f job.yaml 2>x | portl-load -v -f job.yaml --create --dry-run'
	assert_status 0
	assert_stderr_has '50 inserted'
	stderr+=$(<x)
	keeps_quiet
	assert_stderr_lacks warning
	sed -i "s|password:.*|uri: postgresql://guarded:\${PW}@/postgres|" job.yaml
	PW='Xy7%3Azzyzx%20$5' try_sh 'portl-extract -v -f job.yaml 2>x | portl-load -v -f job.yaml --create --dry-run'
	assert_status 0
	stderr+=$(<x)
	keeps_quiet
	assert_stderr_lacks warning
}

@test "a wrong password, a bad URI and a misplaced one are not repeated" {
	guarded_job 'password: wrong-zzyzx'
	try portl-extract -v -f job.yaml -o out
	assert_status 2
	assert_stderr_has 'password authentication failed'
	keeps_quiet
	guarded_job 'uri: postgresql://guarded:a@zzyzx@/postgres'
	try portl-load -v -f job.yaml
	assert_status 78
	assert_stderr_has 'job.yaml:9: destination.uri: the connection string cannot be understood'
	keeps_quiet
	guarded_job 'password: [zzyzx]'
	try portl-load -v -f job.yaml
	assert_status 78
	keeps_quiet
	guarded_job 'password: a: zzyzx'
	try portl-load -v -f job.yaml
	assert_status 78
	keeps_quiet
}

@test "a file with a password that others can read draws a warning" {
	guarded_job "password: '${secret}'"
	sed -i 's/query:.*/table: t/' job.yaml
	for mode in 600 640 604; do
		chmod $mode job.yaml
		try portl-extract -f job.yaml --check=plan -o out
		assert_status 0
		if [ $mode = 600 ]; then
			assert_stderr_lacks warning
		else
			assert_stderr_has 'warning: others can read the password in job.yaml (source.password); run chmod 600 job.yaml'
		fi
	done
	guarded_job "uri: 'host=$SAFE password=x'"
	chmod 644 job.yaml
	try portl-load -f job.yaml --check=connection
	assert_stderr_has '(destination.uri)'
	keeps_quiet
}

@test "a flag that names another database takes nothing of the job's connection along" {
	cat >job.yaml <<-EOF
		source: {host: $SAFE, username: guarded, password: '$secret', table: pg_am}
	EOF
	try portl-extract -f job.yaml -d postgres -v -F ndjson --bare
	assert_status 0
	assert_stderr_has "database \"postgres\" as \"portl\" at $PGHOST"
	try portl-extract -f job.yaml -h "$PGHOST" -U portl -F ndjson --bare
	assert_status 0
}
