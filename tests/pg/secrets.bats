#!/usr/bin/env bats
# shellcheck disable=SC2009 # ps is what is tested
# Passwords come from libpq's sources only, and go nowhere; TLS by libpq.

load ../lib/common
load ../lib/faults

secret='Xy7,zzyzx'

# A server that wants passwords on its socket, and TLS on a port of this machine's own
# loopback that was free when it started.
setup_file()
{
	SAFE=$(cluster_dir)
	port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport')
	export SAFE
	cluster_start "$SAFE"
	PGHOST=$SAFE psql -Xq -c "CREATE ROLE guarded LOGIN SUPERUSER PASSWORD '$secret'" -c 'CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 50) i'
	cluster_stop "$SAFE"
	make_certificates "$SAFE"
	printf '%s\n' 'local all portl trust' 'local all guarded scram-sha-256' \
		'hostssl all all 127.0.0.1/32 trust' | cluster_as tee "$SAFE/data/pg_hba.conf" >/dev/null
	cluster_start "$SAFE" "listen_addresses = '127.0.0.1'" "port = 5432" 'ssl = on' \
		"ssl_cert_file = '$SAFE/server.crt'" "ssl_key_file = '$SAFE/server.key'" "port = $port"
	echo "$port" >"$SAFE/port"
}

teardown_file()
{
	cluster_drop "$SAFE"
}

# Two authorities of our own; the first vouches for the server, who is localhost.
make_certificates()
{
	local ca

	for ca in ca other; do
		openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$ca" -keyout "$1/$ca.key" -out "$1/$ca.crt" 2>"$1/openssl.log"
	done
	openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$1/server.key" -out "$1/server.csr" 2>"$1/openssl.log"
	openssl x509 -req -in "$1/server.csr" -CA "$1/ca.crt" -CAkey "$1/ca.key" -CAcreateserial -days 2 \
		-extfile <(echo 'subjectAltName = DNS:localhost') -out "$1/server.crt" 2>"$1/openssl.log"
	chmod 600 "$1/server.key"
	chmod 644 "$1"/*.crt
	[ -z "$cluster_user" ] || chown "$cluster_user" "$1/server.key"
}

setup()
{
	port=$(<"$SAFE/port")
	export PGHOST=$SAFE PGPORT=$port PGUSER=guarded HOME=$T
	unset PGPASSWORD
	export PGPASSFILE=$T/pgpass PGSERVICEFILE=$T/services
}

teardown()
{
	stop_started
}

as_admin()
{
	PGUSER=portl q postgres "$1"
}

keeps_quiet()
{
	[[ $output$stderr != *"$secret"* && $output$stderr != *zzyzx* ]] || show_run 'a password was told'
}

# carries: the two programs move the table, by whatever password they have been given.
carries()
{
	as_admin 'DROP TABLE IF EXISTS u'
	try_sh "portl-extract -v $1 -t t -L '$T/log' 2>'$T/x' | tee '$T/s' | portl-load -v $1 -t u --create -L '$T/log'"
	assert_status 0
	stderr+=$(<"$T/x")$(<"$T/log") output+=$(tr -d '\0' <"$T/s")
	keeps_quiet
	assert_eq "$(as_admin 'SELECT count(*) FROM u')" 50
}

@test "a password is wanted, and none is made up" {
	try_sh "portl-extract -w -d postgres -t t </dev/null"
	assert_status 2
	assert_stderr_has 'no password supplied'
	assert_stderr_has 'hint: Put the password into ~/.pgpass'
	export PGPASSWORD=wrong
	try_sh "portl-extract -d postgres -t t 2>'$T/x' | portl-load -h '$T' -d postgres"
	assert_status 2
	try_sh "portl-extract -d postgres -t t 2>'$T/x' | PGUSER=portl portl-load -d postgres -t u"
	assert_status 4
	assert_stderr_has 'password authentication failed for user "guarded"'
}

@test "from a password file" {
	echo "*:*:*:guarded:$secret" >"$T/pgpass"
	chmod 600 "$T/pgpass"
	carries '-d postgres'
}

@test "from a service file" {
	printf '[s]\nhost=%s\nport=%s\ndbname=postgres\nuser=guarded\npassword=%s\n' "$SAFE" "$port" "$secret" >"$T/services"
	carries '-d service=s'
}

@test "from PGPASSWORD" {
	export PGPASSWORD=$secret
	carries '-d postgres'
}

@test "from a URI in PORTL_SOURCE and PORTL_DESTINATION" {
	PORTL_SOURCE=postgresql://guarded:${secret/,/%2C}@/postgres
	export PORTL_SOURCE PORTL_DESTINATION=$PORTL_SOURCE
	carries ''
}

@test "on the command line: a warning, and gone from the process list" {
	for given in "postgresql://guarded:$secret@/postgres" "dbname=postgres password=$secret"; do
		start extract portl-extract -d "$given" -c 'SELECT pg_sleep(60)::text AS x'
		wait_for_admin "wait_event = 'PgSleep'"
		tr '\0' ' ' <"/proc/$pid_extract/cmdline" >"$T/cmdline"
		ps -o args= -p "$pid_extract" >>"$T/cmdline"
		grep -q -- 'portl-extract -d xxx' "$T/cmdline"
		! grep -q zzyzx "$T/cmdline" || fail "$(<"$T/cmdline")"
		kill -TERM "$pid_extract"
		finish extract
		assert_stderr_has 'warning: a password on the command line can be seen by others'
		keeps_quiet
	done
}

wait_for_admin()
{
	wait_until 10 has_admin "EXISTS (SELECT FROM pg_stat_activity WHERE $1)"
}

has_admin()
{
	[ "$(as_admin "SELECT $1")" = t ]
}

@test "no error repeats the password of a mistyped connection string" {
	for given in "postgresql://guarded:a@$secret@/postgres" "postgresql://guarded:$secret" "postgresql://guarded:$secret/db" \
		"postgres://guarded:%zz$secret@h/db" "postgres://guarded:%zz$secret/db" "guarded:$secret@host/db" \
		"host=x password=a $secret" "password='$secret" "host=x passwort=$secret" "guarded:a=$secret@h/db" \
		"postgresql://h/db?password=%zz$secret" "postgresql://h/db?passwd=$secret" "host='x' port=$secret"; do
		for program in 'portl-extract -t t -d' 'portl-load -t t -d'; do
			# shellcheck disable=SC2086 # words
			try $program "$given" </dev/null
			assert_status 64
			keeps_quiet
		done
		PORTL_SOURCE=$given try portl-extract -t t
		assert_status 64
		assert_stderr_has PORTL_SOURCE
		keeps_quiet
	done
}

@test "no error of the server repeats the password" {
	export PGPASSWORD=$secret
	for query in 'SELECT 1/0' 'SELECT nothing' 'SELEC' "SELECT pg_terminate_backend(pg_backend_pid())::text AS x"; do
		try portl-extract -v -d postgres -c "$query"
		[ "$status" -ne 0 ]
		keeps_quiet
	done
	PGPASSWORD=$secret try portl-load -v -d none "$ROOT/LICENSE"
	assert_status 2
	keeps_quiet
	run ! grep -q zzyzx "$SAFE/log"
}

# typed TEXT COMMAND: run it on a terminal and type TEXT when it asks.
typed()
{
	rm -f "$T/typescript" # of the one before, with its prompt
	run perl -e 'alarm 15; my ($text, @cmd) = @ARGV; pipe(my $r, my $w); my $pid = open(my $s, "|-");
		if (!$pid) { exec "script", "-qfec", "trap : INT; @cmd; echo status \$?; stty -a", "$ENV{T}/typescript" }
		$s->autoflush; my $t = ""; until ($t =~ /Password for/) { select undef, undef, undef, 0.02; open my $f, "<", "$ENV{T}/typescript" or next; local $/; $t = <$f> // "" }
		print $s $text; close $s; exit 0' "$@"
	output=$(tr -d '\r' <"$T/typescript")
}

@test "asked for on the terminal: not shown, used; -w never asks, -W asks first" {
	export T
	typed "$secret"$'\n' portl-extract -d postgres -t t -o "$T/s"
	assert_out_has 'Password for guarded (portl-extract): '
	assert_out_has 'status 0'
	[ -s "$T/s" ]
	[[ $output != *zzyzx* ]]
	PGUSER=portl typed $'anything\n' portl-extract -W -d postgres -t t -o "$T/s2"
	assert_out_has 'status 0'
	typed $'wrong\n' portl-extract -W -d postgres -t t -o "$T/s3"
	assert_out_has 'password authentication failed'
	assert_out_has 'status 2'
	try portl-extract -w -W -d postgres -t t
	assert_status 64
}

@test "INT at the prompt ends the program and gives the terminal its echo back" {
	export T
	typed $'\003' portl-extract -d postgres -t t -o "$T/s"
	assert_out_has 'status 130'
	[[ $output =~ [[:blank:]]echo[[:blank:]] ]]
	[[ ! $output =~ [[:blank:]]-echo[[:blank:]] ]]
}

@test "TLS: sslmode=verify-full takes the right authority and host, and no other" {
	export PGUSER=portl PGHOST=localhost PGHOSTADDR=127.0.0.1 PGSSLMODE=verify-full PGSSLROOTCERT=$SAFE/ca.crt
	try_sh "portl-extract -v -d postgres -t t 2>'$T/x' | PGHOST=$SAFE PGHOSTADDR= portl-load -d 'dbname=postgres sslmode=disable' -t tls --create"
	assert_status 0
	grep -q 'TLS$' "$T/x"
	run ! grep -q 'no TLS' "$T/x"
	try_sh "portl-extract -d postgres -t t | portl-load -d postgres -t tls --truncate -L '$T/log' --log-format=json"
	assert_status 0
	jq -es 'any(.[]; .event == "connect" and (.tls | test("^TLSv1[.][0-9]$")))' "$T/log" >/dev/null
	for wrong in "PGSSLROOTCERT=$SAFE/other.crt" PGHOST=127.0.0.1; do
		try env "$wrong" portl-extract -d postgres -t t
		assert_status 2
		try_sh "PGSSLROOTCERT='$SAFE/ca.crt' portl-extract -d postgres -t t | $wrong portl-load -d postgres -t tls"
		assert_status 2
	done
}

@test "TLS: a row that COPY refuses ends the load, though the source has more to say" {
	PGUSER=portl q postgres 'CREATE TABLE few (id int CHECK (id <> 7))'
	PGUSER=portl portl-extract -d postgres -t t >"$T/s"
	mkfifo "$T/feed"
	in=$T/feed start load env PGUSER=portl PGHOST=localhost PGHOSTADDR=127.0.0.1 PGSSLMODE=require \
		portl-load -d postgres -t few
	feed_open
	head -c -50 "$T/s" >&"$feed" # all rows, and not the end
	finish load
	feed_close
	assert_status 1
	assert_stderr_has 'violates check constraint'
}

# Wherever a password may slip to by mistake: the whole of it, or any part, is told to
# nobody.  WHERE is said as a usage error, without its words.
@test "a connection string in the place of a name is refused, and not repeated" {
	local where uri="postgresql://guarded:zyzzyx@$SAFE/db" words="host=x password=zyzzyx"

	cd "$T"
	for where in "-d dbname=$uri" "-d postgresql:///$uri" "--host=guarded:zyzzyx@db" \
		"-d postgresql://guarded:a@zyzzyx@h/db" "$uri" "-d x -d $uri" "-d $uri --source=x" \
		"-d $uri --tabel" "-t $uri" "--schema=$uri" "-p $uri" "-U $uri"; do
		# shellcheck disable=SC2086 # words are meant
		try portl-extract $where -t t
		assert_status 64
		[[ $output$stderr != *zyzzyx* ]] || show_run "$where"
	done
	for where in "dbname='$words'" "dbname='$uri'" "$words sslpassword zyzzyx" "password='a' 'zyzzyx'"; do
		try portl-extract -d "$where" -t t
		assert_status 64
		[[ $output$stderr != *zyzzyx* ]] || show_run "$where"
	done
	try portl-load "$uri" </dev/null
	assert_status 64
	[[ $output$stderr != *zyzzyx* ]] || show_run 'an operand'
	assert_stderr_has 'a connection string stands behind -d'
	try portl-load -t "$uri" </dev/null
	assert_status 64
	[[ $output$stderr != *zyzzyx* ]] || show_run 'a table'
	for where in " $uri" $'\n'"$uri?connect_timeout=1"; do
		PORTL_SOURCE=$where try portl-extract -t t -L log
		assert_status 64
		[[ $output$stderr$(<log) != *zyzzyx* ]] || show_run 'behind a blank'
	done
	try portl run "$uri"
	assert_status 64
	[[ $output$stderr != *zyzzyx* ]] || show_run 'a job'
}

@test "a job or a service file with a URI where a database is meant tells nobody" {
	local uri="postgresql://guarded:zyz%7Ayx@q@h/db"

	umask 077
	cd "$T" || return
	printf '%s\n' 'source:' "  database: \"$uri\"" '  table: t' >job.yaml
	try portl-extract -f job.yaml -L log
	assert_status 78
	assert_stderr_has 'job.yaml:2: source.database: the database is a whole connection string'
	[[ $output$stderr$(cat log 2>/dev/null) != *zyz* ]] || show_run 'a job'
	printf '%s\n' '[x]' "host=$SAFE" 'user=portl' "dbname=$uri" >services
	try portl-extract -d service=x -t t -v -L log -F binary
	assert_status 2
	[[ $output$stderr$(cat log 2>/dev/null) != *zyz* ]] || show_run 'a service file'
	try_sh "PGDATABASE='$uri' PGUSER=portl portl-extract -t t -v -L log | portl-load -d none"
	[[ $output$stderr$(cat log 2>/dev/null) != *zyz* ]] || show_run 'the environment, and the stream'
}

@test "commas in a connection string: how its words are parted" {
	try portl-extract -d 'host=/nowhere,port=5501' -t t
	assert_status 2
	assert_stderr_has 'hint: Blanks part its words'
}

@test "every word for a password is one: it is hidden, and warned of" {
	local word

	for word in password sslpassword; do
		try portl-extract -d "host=/nowhere $word=zyzzyx" -t t
		assert_status 2
		assert_stderr_has 'a password on the command line can be seen by others'
		[[ $stderr != *zyzzyx* ]] || show_run "$word"
	done
}

@test "portl keeps a password among its arguments out of ps" {
	cd "$T" || return
	printf '%s\n' "source: {host: $SAFE, username: portl, database: postgres, query: 'SELECT pg_sleep(60)::text AS x'}" \
		'destination: {table: u}' >job.yaml
	start run portl run job.yaml --create --destination="host=$SAFE user=guarded dbname=postgres password=$secret"
	wait_until 20 connected_twice
	assert_eq "$(ps -eo args | grep -c 'z[y]zzyx')" 0
}

connected_twice()
{
	[ "$(as_admin "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'portl-%'")" = 2 ]
}
