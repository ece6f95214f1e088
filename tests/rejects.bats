#!/usr/bin/env bats
load lib/common
load lib/load
setup() { fresh_db b; T=$BATS_TEST_TMPDIR; }

@test "smoke" {
	q "$b" "CREATE TABLE r (id int PRIMARY KEY); INSERT INTO r VALUES (1),(2);
	 CREATE TABLE t (id int PRIMARY KEY, v varchar(5) NOT NULL CHECK (v <> 'bad'), f int REFERENCES r, u int UNIQUE)"
	load_rows --rejects="$T/rej" <<-'EOF'
		{"id":1,"v":"a","f":1,"u":1}
		{"id":2,"v":"toolong","f":1,"u":2}
		{"id":"x","v":"b","f":1,"u":3}
		{"id":4,"v":null,"f":1,"u":4}
		{"id":5,"v":"bad","f":1,"u":5}
		{"id":6,"v":"c","f":9,"u":6}
		{"id":7,"v":"d","f":2,"u":1}
		{"id":1,"v":"e","f":2,"u":8}
		{"id":9,"v":"f","f":2,"u":9}
	EOF
	echo "$stderr"; echo "$status $receipt"; cat "$T/rej"; q "$b" 'TABLE t'
	false
}
