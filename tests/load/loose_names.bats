# --names=loose: names as people write them, matched where that is certain.

load ../lib/common

setup()
{
	fresh_db db
	cd "$BATS_TEST_TMPDIR" || return
}

@test "--names=loose matches without case, blanks, underscores and hyphens" {
	q "$db" 'CREATE TABLE t (order_date text, id int, "größe" text, x text)'
	printf '%s\n' 'Order Date,ID ,GRÖSSE,GRÖßE' '1,2,3,4' >in.csv
	try_sh "portl-extract --csv in.csv | portl-load -d $db -t t"
	assert_status 5
	try_sh "portl-extract --csv in.csv | portl-load -d $db -t t --names=loose --extra-columns=ignore"
	assert_status 0
	assert_eq "$(q "$db" 'TABLE t')" '1|2|4|'
	printf '%s\n' 'Order-Date,X' '5,6' >in.csv # also upserts, also by a key
	q "$db" 'CREATE UNIQUE INDEX ON t (order_date)'
	try_sh "portl-extract --csv in.csv | portl-load -d $db -t t --names=loose --conflict=skip --key order_date"
	assert_status 0
	assert_eq "$(q "$db" 'SELECT count(*) FROM t WHERE x IS NOT NULL')" 1
}

@test "--names=loose refuses what could be two, and an exact name goes first" {
	q "$db" 'CREATE TABLE t ("A b" text, a_b text, c text)'
	printf '%s\n' 'AB,c' '1,2' >in.csv
	try_sh "portl-extract --csv in.csv | portl-load -d $db -t t --names=loose"
	assert_status 5
	assert_stderr_has 'column "AB" could be "A b" or "a_b" of the table'
	printf '%s\n' 'A b,C' '1,2' >in.csv
	try_sh "portl-extract --csv in.csv | portl-load -d $db -t t --names=loose"
	assert_status 0
	assert_eq "$(q "$db" 'TABLE t')" '1||2'
	printf '%s\n' 'c,C' '1,2' >in.csv
	try_sh "portl-extract --csv in.csv | portl-load -d $db -t t --names=loose"
	assert_status 5
	assert_stderr_has 'two columns go into "c"'
	try_sh "portl-extract --csv in.csv | portl-load -d $db -t t --names=loose --map C=D"
	assert_status 5 # --map names columns exactly
}
