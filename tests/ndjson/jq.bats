#!/usr/bin/env bats
# shellcheck disable=SC2016 # "$portl" is a key, $paid a field
# Tools in the middle of the pipe: jq, Miller, Python, grep; and as producers.

load ../lib/common

# Orders whose numbers are too much for a double, in database a, and an empty table in b.
setup()
{
	local table='CREATE TABLE orders (id bigint PRIMARY KEY, amount numeric(30, 10), paid bool, customer text,
	                                  lines jsonb, tags text[], at timestamptz)'

	fresh_db a b
	q "$a" "$table"
	q "$a" <<-'SQL'
		INSERT INTO orders SELECT 9007199254740993 + i, (i || '.1000000001')::numeric + 12345678901234567,
		  i % 3 = 0, E'c"\t' || i, jsonb_build_object('n', i, 'x', NULL), ARRAY['a', NULL, i::text], '2024-01-01'::timestamptz + i * interval '1 h'
		  FROM generate_series(1, 300) i;
	SQL
	q "$b" "$table"
	from="portl-extract -d dbname=$a -t orders -F ndjson"
	to="portl-load -d dbname=$b -t orders"
}

# has_rows CONDITION: b has exactly a's rows for which this is true.
has_rows()
{
	q "$a" "CREATE TABLE want AS SELECT * FROM orders WHERE $1"
	[ "$(q "$a" 'SELECT count(*) FROM want')" -gt 0 ]
	same_table "$a" want "$b" orders
}

@test 'jq chooses rows of a bare stream' {
	try_sh "$from --bare --quote-numbers | jq -c 'select(.paid)' | $to --bare"
	assert_status 0
	has_rows paid
}

@test 'jq leaves every digit alone with --quote-numbers' {
	try_sh "$from --bare --quote-numbers | jq -c . | $to --bare"
	assert_status 0
	same_table "$a" orders "$b" orders
}

@test 'jq edits rows between header and end' {
	try_sh "$from --quote-numbers |
		jq -c 'if has(\"\$portl\") then . else select(.paid) | .customer |= ascii_upcase end' |
		$to --edited=rows --summary=$BATS_TEST_TMPDIR/receipt"
	assert_status 0
	q "$a" 'UPDATE orders SET customer = upper(customer)'
	has_rows paid
	assert_eq "$(jq -c .rows.sent,.rows.read "$BATS_TEST_TMPDIR/receipt")" $'300\n100'
}

@test 'without --edited an edited stream is refused' {
	try_sh "$from --quote-numbers | jq -c 'if has(\"\$portl\") then . else select(.paid) end' | $to"
	assert_status 4
	assert_stderr_has '--edited'
	assert_eq "$(q "$b" 'SELECT count(*) FROM orders')" 0
}

@test 'jq that loses or changes the envelope loads nothing' {
	try_sh "$from --quote-numbers | jq -c 'select(.paid)' | $to --edited"
	assert_status 4
	assert_stderr_has 'an edited stream has to keep its header and its end'
	try_sh "$from --quote-numbers | jq -c '.paid = true' | $to --edited"
	assert_status 4
	assert_stderr_has 'let the lines that begin with {"$portl" pass as they are'
	assert_eq "$(q "$b" 'SELECT count(*) FROM orders')" 0
}

@test 'sort and tac, which turn header and end, are refused as what they are' {
	local turn

	for turn in 'LC_ALL=C sort' tac; do
		try_sh "$from | $turn | $to --edited"
		assert_status 4
		assert_stderr_has 'the stream begins with its end line'
	done
	try_sh "$from --bare | tac | LC_ALL=C sort | $to --bare"
	assert_status 0
	same_table "$a" orders "$b" orders
}

@test 'jq that fails in the middle loads nothing' {
	try_sh "$from --quote-numbers | jq -c 'if .customer == \"c\\\"\\t200\" then error(\"no\") else . end' 2>/dev/null | head -n 150 | $to --edited"
	assert_status 4
	assert_stderr_has 'ends too early'
	assert_eq "$(q "$b" 'SELECT count(*) FROM orders')" 0
}

@test 'a row on which jq fails and goes on is missed' {
	local fail='if .customer == "c\"\t200" then error("no") else . end'

	try_sh "$from --quote-numbers | jq -c '$fail' 2>/dev/null | $to --edited"
	assert_status 4
	assert_stderr_has 'the stream has 299 rows, but its end document says 300'
	assert_stderr_has '--edited=rows'
	assert_eq "$(q "$b" 'SELECT count(*) FROM orders')" 0
	try_sh "$from --quote-numbers | jq -c '$fail' 2>/dev/null | $to --edited=rows --dry-run"
	assert_status 0
	assert_stderr_has '300 rows sent, 299 rows read'
}

@test 'jq adds what was not there, and is told' {
	try_sh "$from --bare | jq -c '. + {\"extra\": 1}' | $to --bare"
	assert_status 5
	assert_stderr_has '"extra" is not in the table'
	try_sh "$from --bare --quote-numbers | jq -c '{id, total: .amount}' | $to --bare -m total=amount"
	assert_status 0
	same_table "$a" orders "$b" orders id,amount
}

@test 'grep chooses rows' {
	try_sh "$from | grep -v '\"paid\":false' | $to --edited=rows"
	assert_status 0
	has_rows paid
}

@test 'Miller chooses rows, and keeps numbers as they are' {
	try_sh "$from --bare | mlr --jsonl filter '\$paid == true' | $to --bare"
	assert_status 0
	has_rows paid
	q "$b" 'TRUNCATE orders'
	try_sh "$from | mlr --jsonl filter 'is_present(\$[\"\$portl\"]) || \$paid == false' | $to --edited=rows"
	assert_status 0
	q "$a" 'DROP TABLE want'
	has_rows 'NOT paid'
}

@test 'Miller makes rows from CSV' {
	printf 'id,customer,paid\n1,"a ""b"", c",true\n2,d,false\n' >"$BATS_TEST_TMPDIR/in.csv"
	try_sh "mlr --icsv --ojsonl cat $BATS_TEST_TMPDIR/in.csv | $to --bare"
	assert_status 0
	assert_eq "$(q "$b" 'SELECT id, customer, paid FROM orders ORDER BY id')" $'1|a "b", c|t\n2|d|f'
}

@test 'Python reads and writes rows' {
	cat >"$BATS_TEST_TMPDIR/edit.py" <<-'EOF'
		import json, sys
		from decimal import Decimal

		for line in sys.stdin:
		    row = json.loads(line)
		    if "$portl" not in row:
		        if not row["paid"]:
		            continue
		        row["amount"] = str(Decimal(row["amount"]) + 1)
		        row["lines"]["seen"] = True
		    print(json.dumps(row))
	EOF
	try_sh "$from --quote-numbers | python3 $BATS_TEST_TMPDIR/edit.py | $to --edited=rows"
	assert_status 0
	q "$a" "UPDATE orders SET amount = amount + 1, lines = lines || '{\"seen\": true}'"
	has_rows paid
}

@test 'PostgreSQL makes rows with row_to_json' {
	try_sh "psql -XAtd $a -c 'SELECT row_to_json(o) FROM orders o' | $to --bare"
	assert_status 0
	same_table "$a" orders "$b" orders
}
