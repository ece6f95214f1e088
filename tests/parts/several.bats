#!/usr/bin/env bats
# Several parts by one pipe: each is committed by itself, and is there whatever becomes of those
# behind it.
# shellcheck disable=SC2016,SC2034,SC2154 # evaluated later; bats' and fresh_db's variables

load ../lib/common
load ../lib/faults
load ../lib/parts

setup()
{
	make_source
}

# receipts FILTER: of each line of the summary
receipts()
{
	jq -c "$1" "$T/receipts"
}

# brought: of each part that is there when it came, and by which transaction
brought()
{
	q "$dst" "SELECT number, at, xid FROM portl_ledger.part ORDER BY 1"
}

# first_of K: the id of a row of part K
first_of()
{
	portl-extract --plan="$plan" --part="$1" "${held[@]}" -F ndjson | sed -n 2p | jq .id
}

@test "each is a transaction with a receipt; the last one publishes" {
	for words in '' '-Z zstd' '-F ndjson' '--values=text'; do
		q "$dst" 'DROP TABLE IF EXISTS t'
		# shellcheck disable=SC2086 # words
		make_plan -t t --parts=4 $words -- --create
		n=$(parts)
		bring "2-$n,1" --summary="$T/receipts"
		assert_eq "$(q "$dst" 'SELECT count(DISTINCT xid), count(*) FROM portl_ledger.part')" "$n|$n"
		same_table "$src" t "$dst" t
		assert_eq "$(receipts '[.status, .committed, .part.number, .part.of, .part.already, .part.published]')" \
			"$(for ((k = 1; k < n; k++)); do echo "[0,true,$k,$n,false,false]"; done)
[0,true,$n,$n,false,true]"
		assert_eq "$(receipts '[.rows.read, .rows_digest] | join(" ")' | tr -d '"')" \
			"$(q "$dst" "SELECT rows || ' ' || digest FROM portl_ledger.part ORDER BY number")"
		assert_eq "$(receipts .run | sort -u | wc -l)" 1
		portl-load --plan="$plan" --drop-parts
	done
}

@test "partitions, tables and sequences, however small, by one pipe" {
	q "$src" "CREATE TABLE p (id int, k int, PRIMARY KEY (k, id)) PARTITION BY LIST (k);
		CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
		CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3);
		INSERT INTO p SELECT i, 1 + i % 3 FROM generate_series(1, 3000) i;
		CREATE SEQUENCE s; SELECT setval('s', 77);
		CREATE VIEW v AS SELECT id FROM t; CREATE TYPE e AS ENUM ('a'); CREATE TABLE u (e e); INSERT INTO u VALUES ('a')"
	q "$dst" "CREATE SEQUENCE s; CREATE TABLE v (id int); CREATE TYPE e AS ENUM ('a')"
	make_plan -t p -t t -t s -t v -t u --part-size=32kB -- --create
	bring "1-$(parts)"
	same_table "$src" t "$dst" t
	same_table "$src" u "$dst" u
	assert_eq "$(q "$dst" 'SELECT count(*), sum(id) FROM p')" "$(q "$src" 'SELECT count(*), sum(id) FROM p')"
	assert_eq "$(q "$dst" 'SELECT count(*) FROM v')|$(q "$dst" 'SELECT last_value FROM s')" '3000|77'
}

@test "by snapshots of their own, each has its position" {
	kind=own make_plan -t t --parts=4 -- --create
	n=$(parts)
	bring "1-$n"
	assert_eq "$(q "$dst" 'SELECT count(*), count(DISTINCT position) FROM portl_ledger.part')" "$n|$n"
	q "$src" "DELETE FROM t WHERE id % 7 = 0; UPDATE t SET v = 'new' WHERE id % 5 = 0"
	portl-extract --plan="$plan" --catch-up --since="$(portl-load --plan="$plan" --print-position)" | publish
	same_table "$src" t "$dst" t
}

@test "of a range, parts that are there are not brought again, whether they come or not" {
	make_plan -t t --parts=5 -- --create
	n=$(parts)
	((n > 3))
	bring 2
	before=$(brought)
	bring 1-3 --summary="$T/receipts"
	assert_eq "$(receipts '[.part.number, .part.already, .rows.read > 0]')" $'[1,false,true]\n[2,true,false]\n[3,false,true]'
	assert_eq "$(brought | sed -n 2p)" "$before"
	portl-extract --plan="$plan" --part="2,4-$n" "${held[@]}" | portl-load -q --plan="$plan" --part="1-$n"
	same_table "$src" t "$dst" t
	for input in /dev/null "$T"; do
		try portl-load --plan="$plan" --part="1-$n" --summary="$T/receipts" <"$input"
		assert_silent
		assert_status 0
		assert_eq "$(receipts .part.already | sort -u)" true
	done
}

@test "killed on the way: those that were committed stay, the others come with the next" {
	make_plan -t t --parts=5 -- --create
	n=$(parts)
	portl-extract --plan="$plan" --part="1-$n" "${held[@]}" >"$T/stream"
	two=$(portl-extract --plan="$plan" --part=1-2 "${held[@]}" | wc -c)
	mkfifo "$T/feed"
	in=$T/feed start first portl-load -q --plan="$plan" --part="1-$n"
	feed_open
	head -c $((two + 5000)) "$T/stream" >&"$feed"
	wait_until 10 eval '[[ "$(part_states)" == ddr* ]]'
	kill -KILL "$pid_first"
	feed_close
	no_portl "$dst"
	before=$(brought)
	[[ $(part_states) == dd*m ]]
	head -c $((two + 5000)) "$T/stream" >"$T/cut"
	try portl-load -q --plan="$plan" --part="1-$n" "$T/cut"
	assert_status 4
	[[ $(part_states) == ddm* ]]
	bring "1-$n" --summary="$T/receipts"
	assert_eq "$(receipts .part.already | xargs)" "true true$(printf ' false%.0s' $(seq 3 "$n"))"
	assert_eq "$(brought | head -n 2)" "$before"
	same_table "$src" t "$dst" t
}

@test "one that fails ends it: at the source, at the target, because another brings it" {
	q "$src" 'CREATE TABLE bad (id int)'
	q "$dst" 'CREATE TABLE t (id int PRIMARY KEY, v text)'
	make_plan -t t --parts=4 '--where=1 / (1 - (SELECT count(*) FROM bad WHERE bad.id = t.id)) = 1' -- --commit=part
	n=$(parts)
	((n > 3))
	q "$dst" "ALTER TABLE t ADD CHECK (id <> $(first_of 2))"
	q "$src" "INSERT INTO bad VALUES ($(first_of 3))"
	hold_snapshot
	try_sh "portl-extract --plan=$plan --part=1-$n ${held[*]} | portl-load -q --plan=$plan --part=1-$n --summary=$T/receipts"
	assert_status 1
	assert_stderr_has 'part 2: '
	assert_stderr_has 'violates check constraint'
	assert_eq "$(receipts '[.status, .committed, .part.number]')" $'[0,true,1]\n[1,false,2]'
	assert_eq "$(part_states)" "d$(printf 'm%.0s' $(seq 2 "$n"))"
	q "$dst" 'ALTER TABLE t DROP CONSTRAINT t_id_check'
	try_sh "portl-extract --plan=$plan --part=1-$n ${held[*]} | portl-load -q --plan=$plan --part=1-$n --summary=$T/receipts"
	assert_status 4
	assert_stderr_has 'part 3: '
	assert_stderr_has 'division by zero'
	assert_eq "$(receipts '[.status, .part.already]')" $'[0,true]\n[0,false]\n[4,false]'
	assert_eq "$(part_states)" "dd$(printf 'm%.0s' $(seq 3 "$n"))"

	portl-extract --plan="$plan" --part="1-2" "${held[@]}" >"$T/stream"
	portl-load --plan="$plan" --drop-parts
	q "$dst" 'TRUNCATE t'
	portl-extract --plan="$plan" --part=2 "${held[@]}" >"$T/two"
	mkfifo "$T/feed"
	in=$T/feed start other portl-load -q --plan="$plan" --part=2
	feed_open
	head -c 5000 "$T/two" >&"$feed"
	wait_until 10 eval '[[ "$(part_states)" == mr* ]]'
	try portl-load --plan="$plan" --part=1-2 "$T/stream"
	assert_status 75
	assert_stderr_has 'part 2: part 2 of run'
	assert_eq "$(part_states)" "dr$(printf 'm%.0s' $(seq 3 "$n"))"
	tail -c +5001 "$T/two" >&"$feed"
	feed_close
	finish other
	assert_status 0
}

@test "a stream that lacks a part, has another or one too many is refused, with those before it there" {
	make_plan -t t --parts=5 -- --create
	n=$(parts)
	portl-extract --plan="$plan" --part=1-3 "${held[@]}" >"$T/stream"
	try portl-load -q --plan="$plan" --part=1-4 "$T/stream"
	assert_status 4
	assert_stderr_has 'empty where another stream is expected'
	[[ $(part_states) == dddm* ]]
	portl-load --plan="$plan" --drop-parts
	try portl-load -q --plan="$plan" --part=1,3 "$T/stream"
	assert_status 4
	assert_stderr_has 'part 3: the stream is part 2 of'
	[[ $(part_states) == dmm* ]]
	try portl-load -q --plan="$plan" --part=1-2 "$T/stream"
	assert_status 4
	assert_stderr_has "behind the stream's end"
	[[ $(part_states) == dmm* ]]
}

@test "lists of parts: what is one and what is none" {
	make_plan -t t --parts=5 -- --create
	for list in '' 0 1-0 3-2 1,,2 '1,' ,1 x 1-x 1-2-3 -1 1-9999999 99999999999999999999; do
		try portl-extract --plan="$plan" --part="$list"
		assert_status 64
		try portl-load --plan="$plan" --part="$list" </dev/null
		assert_status 64
	done
	assert_eq "$(portl-extract --plan="$plan" --part=3,1-2,2 "${held[@]}" -F ndjson | grep -o '"part":{[^}]*"number":[0-9]*' |
		grep -o '[0-9]*$' | xargs)" '1 2 3'
	portl-extract --plan="$plan" --part=1-2 "${held[@]}" --summary="$T/sum" >"$T/stream"
	assert_eq "$(portl ls --json "$T/stream" | jq -c '[.state, .rows]')" "$(jq -c '.relations[] | ["whole", .rows.read]' "$T/sum")"
	try_sh "head -c -1 $T/stream | portl ls"
	assert_eq "$status|$(cut -d' ' -f1 <<<"$output" | xargs)" '4|whole cut'
	assert_eq "$(jq -c '[.relation, (.relations | length), .rows.read == ([.relations[].rows.read] | add), .bytes == ([.relations[].bytes] | add)]' "$T/sum")" \
		'["2 parts",2,true,true]'
}

@test "a check looks at the first part's header, and brings none" {
	make_plan -t t --parts=4 -- --create
	for k in 2 2-3; do
		portl-extract --plan="$plan" --part="$k" "${held[@]}" >"$T/stream"
		try portl-load --plan="$plan" --part="$k" --check=plan "$T/stream"
		assert_status 0
		assert_out_has 'plan         2 columns'
		try portl-load --plan="$plan" --part="$k" --check=connection </dev/null
		assert_status 0
		assert_out_has destination
	done
	[[ $(part_states) != *[!m]* ]]
}
