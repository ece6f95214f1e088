# shellcheck shell=bash disable=SC2154 # a and b are fresh_db's
# For tests of portl with one job, `load ../lib/onejob` after lib/common and lib/faults:
# job.yaml moves 1,000 rows from t in $a to the empty t in $b.

teardown()
{
	stop_started
}

setup()
{
	cd "$T" || return
	q "$a" 'SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public'
	q "$b" 'SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public'
	make_rows "$a" t 1000
	q "$b" 'CREATE TABLE t (id int PRIMARY KEY, amount numeric, name text)'
	cat >job.yaml <<-EOF
		source: {database: $a, table: t}
		destination: {database: $b}
	EOF
}

count()
{
	q "$b" 'SELECT count(*) FROM t'
}
