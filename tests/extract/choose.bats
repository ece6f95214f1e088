#!/usr/bin/env bats
# Which relations the patterns choose, and what is said where they choose none.
# shellcheck disable=SC2016,SC2034,SC2154 # jq's dollars; bats' and fresh_db's variables

load ../lib/common

# chosen OPTION...: the members of the set in their order, on one line
chosen()
{
	portl-extract -d "$src" -F ndjson -n "$@" | head -n 1 | perl -ne '
		/"manifest":\{/ or die "no set";
		push @names, $1 eq "public" ? $2 : "$1.$2" while /"relation":\{"schema":"([^"]*)","name":"([^"]*)"/g;
		print "@names\n"'
}

# refused STATUS NEEDLE OPTION...
refused()
{
	local want=$1 needle=$2

	shift 2
	try portl-extract -d "$src" -o "$BATS_TEST_TMPDIR/none" "$@"
	assert_status "$want"
	assert_stderr_has "$needle"
	[ ! -e "$BATS_TEST_TMPDIR/none" ] || fail 'a file was made'
}

setup()
{
	fresh_db src
	cd "$BATS_TEST_TMPDIR" || return
	q "$src" <<-'EOF'
		CREATE TABLE orders (id int); CREATE TABLE order_lines (id int); CREATE TABLE t1 (a int); CREATE TABLE t2 (a int);
		CREATE TABLE "Orders" (id int); CREATE TABLE "odd*name" (a int); CREATE TABLE "a.b" (a int); CREATE TABLE price$ (a int);
		CREATE SCHEMA sales; CREATE TABLE sales.orders (a int); CREATE TABLE sales.items (a int);
		CREATE SCHEMA "Odd.Schema"; CREATE TABLE "Odd.Schema".x (a int);
		CREATE VIEW order_view AS TABLE orders; CREATE MATERIALIZED VIEW order_mat AS TABLE orders;
		CREATE FOREIGN DATA WRAPPER f; CREATE SERVER f FOREIGN DATA WRAPPER f; CREATE FOREIGN TABLE order_far (a int) SERVER f;
		CREATE TABLE parted (id int) PARTITION BY LIST (id); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
		CREATE TABLE serial_1 (id serial, n int GENERATED ALWAYS AS IDENTITY);
		CREATE SEQUENCE serial_free;
	EOF
}

@test "names: several, schemas, case, quotes" {
	assert_eq "$(chosen -t t2 -t t1)" 't1 t2'
	assert_eq "$(chosen -t T1 -t 'Sales.ORDERS' -t T1)" 't1 sales.orders'
	assert_eq "$(chosen -t '"Orders"' -t orders)" 'Orders orders'
	assert_eq "$(chosen -t '"a.b"' -t '"odd*name"')" 'a.b odd*name'
	assert_eq "$(chosen -t 'orders' -t 'price$')" 'orders price$'
	# One exact name is a stream of one relation, as it always was.
	for name in orders sales.orders '"odd*name"' order_view 'price$'; do
		portl-extract -d "$src" -F ndjson -n -t "$name" | head -n 1 |
			jq -e '."$portl" | .version == 1 and .set == null' >one || fail "$name"
	done
}

@test "patterns: stars, question marks, quoted parts, what regular expressions know" {
	assert_eq "$(chosen -t 'order*')" 'order_lines orders'
	assert_eq "$(chosen -t 't?')" 't1 t2'
	assert_eq "$(chosen -t '*.orders')" 'orders sales.orders'
	assert_eq "$(chosen -t 'sales.*')" 'sales.items sales.orders'
	assert_eq "$(chosen -t '"O"rder*')" Orders
	assert_eq "$(chosen -t 'ODD"*"*')" 'odd*name'
	assert_eq "$(chosen -t '"Odd.S"*.*')" 'Odd.Schema.x'
	assert_eq "$(chosen -t 't[2-9]|price$')" 'price$ t2'
	assert_eq "$(chosen -t 'order[_s]*' -t 'order*')" 'order_lines orders'
	assert_eq "$(chosen --schema='s*')" 'sales.items sales.orders'
	assert_eq "$(chosen --schema=sales -t t1)" 't1 sales.items sales.orders'
	assert_eq "$(chosen --schema='"Odd.Schema"')" 'Odd.Schema.x'
	# The whole name has to match, and a pattern is no SQL.
	refused 1 'matches no table' -t 'rder?'
	refused 1 'matches no table' -t $'*\' OR true --'
	refused 64 'parentheses () not balanced' -t 'order('
}

@test "patterns match what psql's \\dt and \\ds match, but for partitions and owned sequences" {
	local pattern

	for pattern in '*' 'o*' '*.*' 'sales.*' '?1' '*_*' '"O"*' 's*.o*' '(t1|t2)' 'orders|t1'; do
		psql -XAtqd "$src" -c "\\dt $pattern" -c "\\ds $pattern" | awk -F '|' '{print $1 "." $2}' |
			grep -v -e '^pg_catalog' -e '^information_schema' -e '^pg_toast' -e 'parted_1$' -e '_seq$' | LC_ALL=C sort >by_psql
		portl-extract -d "$src" -F ndjson -n -t "$pattern" | head -n 1 |
			jq -r '."$portl".manifest.members[].relation | "\(.schema).\(.name)"' | LC_ALL=C sort >by_portl
		diff by_psql by_portl || fail "$pattern"
	done
}

@test "search_path says what a pattern without a schema means" {
	assert_eq "$(PGOPTIONS='-c search_path=sales,public' chosen -t 'item*')" sales.items
	# sales.orders hides the other one
	assert_eq "$(PGOPTIONS='-c search_path=sales,public' chosen -t 'orders*')" sales.orders
	refused 1 'hint: Without a schema a pattern matches only what search_path finds: "*.item*"' -t 'item*'
}

@test "other kinds only by name: views, foreign tables, partitions, sequences of columns" {
	assert_eq "$(chosen -t 'order*')" 'order_lines orders'
	assert_eq "$(chosen -t order_view -t order_mat -t t1)" 'order_mat order_view t1'
	assert_eq "$(chosen -t 'parted*')" parted
	assert_eq "$(chosen -t parted_1 -t t1)" 'parted_1 t1'
	assert_eq "$(chosen -t 'serial*')" 'serial_1 serial_free'
	assert_eq "$(chosen -t serial_1_id_seq -t t1)" 'serial_1_id_seq t1'
	refused 64 'the rows of partition parted_1 are among those of parted' -t parted_1 -t parted
	refused 64 'the rows of partition parted_1 are among those of parted' -t parted_1 -t 'part*'
	refused 1 'public.order_far: ' -t order_far -t t1 # no handler: but it was chosen
	refused 1 'hint: Patterns match tables, partitioned tables and sequences' -t 'public.order_v*'
	q "$src" 'CREATE TYPE pair AS (a int); CREATE INDEX t1_i ON t1 (a)'
	refused 1 'relation "t1_i" does not exist' -t t1_i -t t1
}

@test "not what an extension owns, nor the server's own schemas unless they are named" {
	q "$src" 'CREATE TABLE owned (a int); ALTER EXTENSION plpgsql ADD TABLE owned'
	refused 1 'matches no table' -t 'own*'
	assert_eq "$(chosen -t owned -t t1)" 'owned t1'
	refused 1 'matches no table' -t '*.pg_am*'
	refused 1 'matches no schema' --schema='pg_*'
	refused 1 'matches no schema' --schema='information*'
	assert_eq "$(chosen -t 'pg_catalog.pg_a[m]')" pg_catalog.pg_am
	assert_eq "$(chosen --schema='*')" "$(chosen -t '*.*')"
}

@test "exclusions" {
	assert_eq "$(chosen -t '*.orders' -t 't?' --exclude-table='*1')" 'orders t2 sales.orders'
	assert_eq "$(chosen --schema=sales --exclude-table=sales.items)" sales.orders
	assert_eq "$(chosen --schema='*' --exclude-schema=public --exclude-schema='"O"*')" 'sales.items sales.orders'
	assert_eq "$(chosen -t t1 --exclude-table=t2)" t1
	refused 1 'no table is left to be read' -t t1 --exclude-table='t*'
	refused 1 '--exclude-table: relation "nothing" does not exist' -t 't*' --exclude-table=nothing
	refused 1 '--exclude-table "no*" matches no table' -t 't*' --exclude-table='no*'
	refused 1 '--exclude-schema "no*" matches no schema' -t 't*' --exclude-schema='no*'
	refused 64 '"parted_1" is a partition' -t 'part*' --exclude-table=parted_1
	refused 64 'say what to read' --exclude-table=t1
}

@test "a pattern that matches nothing is an error that names it, as a name is" {
	refused 1 'relation "nope" does not exist' -t nope
	refused 1 'relation "nope" does not exist' -t nope -t t1
	refused 1 '"sales.no*" matches no table' -t t1 -t 'sales.no*'
	refused 1 '--schema "nope" matches no schema' --schema=nope -t t1
	refused 1 'Perhaps you meant "orders"' -t ordres -t t1
}

@test "options about one relation do not go with several" {
	for option in --columns=a --exclude-columns=a --where=true --limit=1 --bare; do
		refused 64 "${option%%=*}" -t t1 -t t2 "$option"
		refused 64 "${option%%=*}" -t 't?' "$option"
		refused 64 "${option%%=*}" --schema=sales "$option"
	done
	refused 64 'exclude each other' -t t1 -t t2 -c 'SELECT 1'
	refused 64 'exclude each other' --schema=sales -c 'SELECT 1'
}

@test "what may not be read is named at once, with what helps" {
	q "$src" "CREATE ROLE ${src}_r LOGIN; GRANT SELECT ON t1 TO ${src}_r; CREATE SCHEMA closed; CREATE TABLE closed.c (a int)"
	refused 1 'permission denied to read closed.c, public.order_lines, public.t2' -U "${src}_r" -t 't?' -t order_lines -t closed.c
	assert_stderr_has "GRANT USAGE ON SCHEMA closed TO ${src}_r; GRANT SELECT ON closed.c, public.order_lines, public.t2 TO ${src}_r;"
	q "$src" "GRANT USAGE ON SCHEMA closed TO ${src}_r; GRANT SELECT ON closed.c, public.order_lines, public.t2 TO ${src}_r"
	assert_eq "$(chosen -U "${src}_r" -t 't?' -t order_lines -t closed.c)" 'closed.c order_lines t1 t2'
	q "$src" "DROP OWNED BY ${src}_r; DROP ROLE ${src}_r"
}

@test "a job file chooses with lists, and a flag takes their place" {
	printf 'source:\n  database: %s\n  tables: ["order*", "Orders", sales.items]\n  exclude_tables: [order_lines]\n' "$src" >job.yaml
	assert_eq "$(chosen -f job.yaml)" 'Orders orders sales.items'
	assert_eq "$(chosen -f job.yaml -t t1 -t t2)" 't1 t2'
	printf 'source:\n  database: %s\n  schema: sales\n  exclude_schemas: ["o*", public]\n' "$src" >job.yaml
	refused 1 'matches no schema' -f job.yaml
	sed -i 's/"o\*"/"O*"/' job.yaml
	assert_eq "$(chosen -f job.yaml)" 'sales.items sales.orders'
}

@test "a job file says for each relation what is read of it" {
	q "$src" "INSERT INTO t1 SELECT generate_series(1, 9); INSERT INTO t2 SELECT generate_series(1, 9);
		INSERT INTO sales.items SELECT generate_series(1, 9); ALTER TABLE t2 ADD b int DEFAULT 7, ADD \"C\" int"
	printf 'source: {database: %s, tables: [t1, t2, sales.items]}\ntables:\n  t1: {where: a > 7 /* and */, conflict: overwrite}\n  public.t2:\n    columns: [b, C]\n    limit: 2\n    key: b\n' "$src" >job.yaml
	portl-extract -f job.yaml -F ndjson --summary=sum.json >out.set
	jq -r '[.relations[] | "\(.relation):\(.rows.read)"] | join(" ")' sum.json >told
	assert_eq "$(<told)" 'public.t1:2 public.t2:2 sales.items:9'
	grep -q '^{"b":7,"C":null}$' out.set
	head -n 1 out.set | jq -e '[."$portl".manifest.members[1].columns[].name] == ["b", "C"]'
	sed 's/limit: 2/exclude_columns: a/' job.yaml >bad.yaml
	refused 78 'bad.yaml:4: tables.public.t2: columns and exclude_columns exclude each other' -f bad.yaml
	sed 's/limit: 2/limti: 2/' job.yaml >bad.yaml
	refused 78 'bad.yaml:6: tables.public.t2.limti: unknown key' -f bad.yaml
	assert_stderr_has 'Perhaps you meant "limit"'
	sed 's/limit: 2/truncate: true/' job.yaml >bad.yaml
	refused 78 'tables.public.t2.truncate: this key is not for one of several relations' -f bad.yaml
	sed 's/  t1:/  t9:/' job.yaml >bad.yaml
	refused 78 'bad.yaml:3: tables.t9: it is not among the relations to be read' -f bad.yaml
	sed 's/  t1:/  T1:/' job.yaml >bad.yaml
	refused 78 'tables.T1: it is not among' -f bad.yaml
	sed 's/limit: 2/columns: x/' job.yaml >bad.yaml
	refused 78 'bad.yaml:6: tables.public.t2.columns is given twice, first in line 5' -f bad.yaml
	sed 's/columns: .*/columns: nope/' job.yaml >bad.yaml
	refused 64 'public.t2: table "t2" has no column "nope"' -f bad.yaml
	sed 's/ sales.items\]/ sales.orders, orders]/; s/  t1:/  orders:/; s/a > 7/true/' job.yaml >bad.yaml
	refused 78 'tables.orders: several relations have this name' -f bad.yaml
	assert_eq "$(chosen -f job.yaml -t sales.orders)" sales.orders
}

@test "a pattern leaves out partitions with their table only" {
	q "$src" 'CREATE TABLE ev (i int) PARTITION BY RANGE (i); CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (0) TO (9);
		CREATE TABLE ev_2 PARTITION OF ev FOR VALUES FROM (9) TO (99); CREATE TABLE e9 (i int)'
	refused 64 '"ev_2" is a partition, whose rows travel with those of its table' -t 'e*' --exclude-table='ev_2*'
	refused 64 'is a partition' -t 'e*' --exclude-table=ev_1
	assert_eq "$(chosen -t 'e*' --exclude-table='ev*')" 'e9'
}
