#!/usr/bin/env bats
# portl run -j and portl part as processes: who is started, tried again, told to end.  The two
# programs are stand-ins here, which do at once what real ones do in an hour.
# shellcheck disable=SC2016,SC2154 # the stand-ins' own lines; bats sets stderr

load ../lib/common
load ../lib/faults

# extract and load are told what to do by files in $T: a function each of shell.
setup()
{
	cd "$T" || return
	mkdir bin state
	cp "$BUILD/portl" bin
	cat >bin/portl-extract <<-'END'
		#!/bin/bash
		LC_ALL=C
		. "$T/words"
		case $* in
		*--completion=list*) exec "$BUILD/portl-extract" "$@" ;;
		*--make-plan*) cat "$T/plan" ;;
		*--hold*) echo 00000003-0000001B-1; [ ! -e "$T/hold" ] || . "$T/hold"; cat >/dev/null ;;
		*--part=*) cat "$plan" >"$T/plan.read.$$"; mv "$T/plan.read.$$" "$T/plan.read"; echo "$snapshot" >>"$T/snapshots"; [ ! -e "$T/extract" ] || . "$T/extract"; echo "rows of $part" ;;
		esac
	END
	cat >bin/portl-load <<-'END'
		#!/bin/bash
		LC_ALL=C
		. "$T/words"
		case $* in
		*--completion=list*) exec "$BUILD/portl-load" "$@" ;;
		*--make-plan*) cat ;;
		*--list-parts*) list ;;
		*--publish*) echo published >>"$T/events"; [ ! -e "$T/publish" ] || . "$T/publish"; echo '{"status":0}' ;;
		*--drop-parts*) echo dropped >>"$T/events" ;;
		*--print-position*) echo a,b ;;
		*--part=*)
			echo "begin $part" >>"$T/events"
			[ ! -e "$T/load" ] || . "$T/load"
			cat >"$T/state/$part.part" && mv "$T/state/$part.part" "$T/state/$part"
			echo "end $part" >>"$T/events"
			printf '{"status":0,"rows":{"read":10,"inserted":10},"bytes":100,"part":{"already":false%s}}\n' "${told-}"
			;;
		esac
	END
	cat >words <<-'END'
		for word; do
			case $word in
			--part=*) part=${word#*=} ;;
			--plan=*) plan=${word#*=} ;;
			--snapshot=*) snapshot=${word#*=} ;;
			esac
		done
		# numbers: the parts that are asked for, a line each
		numbers()
		{
			local word

			for word in ${part//,/ }; do
				seq "${word%-*}" "${word#*-}"
			done
		}
		# each: bring them one by one, as portl-load does; the function begin may fail
		each()
		{
			local k

			for k in $(numbers); do
				begin "$k"
				echo "$k" >>"$T/brought"
				printf '{"status":0,"rows":{"read":10},"bytes":100,"part":{"already":false,"number":%d}}\n' "$k"
			done
			cat >/dev/null
			exit 0
		}
		list()
		{
			local i done=''
			for i in "$T"/state/[0-9]*; do
				[ ! -e "$i" ] || done+=",{\"number\":${i##*/},\"status\":\"done\"}"
			done
			echo "{\"run\":\"x\",\"published\":false,\"parts\":[${done#,}]}"
		}
		die()
		{
			echo "portl-load: error: $2" >&2
			printf '{"status":%d,"rows":{"read":0},"error":{"sqlstate":"%s"}}\n' "$1" "$3"
			exit "$1"
		}
	END
	chmod +x bin/*
	export T
	PATH=$T/bin:$PATH
	make_plan 4
}

# make_plan N [own]: a plan of N parts of one relation, of $bytes each: too many to share a pipe
make_plan()
{
	local i

	{
		printf '{"portl_plan":1,"id":"0123456789abcdef","snapshot":"%s","extract":[],"load":[],"relations":[{"number":1,"schema":"s","name":"t"}],"parts":[' \
			"${2:-held}"
		for ((i = 1; i < $1; i++)); do
			echo "{\"number\":$i,\"relation\":1,\"from_block\":$((i - 1)),\"to_block\":$i,\"bytes\":${bytes:-67108864}},"
		done
		echo "{\"number\":$1,\"relation\":1,\"from_block\":$(($1 - 1)),\"bytes\":${bytes:-67108864}}]}"
	} >plan
}

events()
{
	sort events | uniq -c | awk '{ $1 = $1; print }'
}

@test "where the last part tells that it has published, nobody is asked to" {
	echo 'told=; [ "$(ls state | grep -vc part)" -lt 3 ] || told=",\"published\":true,\"rows\":{\"inserted\":7,\"updated\":33}"' >load
	try bin/portl run -j 1 --parts=4 -d a -- -d b --summary=receipt
	assert_status 0
	assert_eq "$(events | grep -v 'begin\|end')" '1 dropped'
	assert_eq "$(jq -c '[.committed, .rows.read, .rows.inserted, .rows.updated]' receipt)" '[true,40,7,33]'
}

@test "all parts are brought by one snapshot, published, and nothing is kept" {
	try portl run -j 2 --summary=receipt -- -q
	assert_status 0
	assert_eq "$(cat state/* | sort | xargs)" 'rows of 1 rows of 2 rows of 3 rows of 4'
	assert_eq "$(sort -u snapshots)" 00000003-0000001B-1
	assert_eq "$(events | grep -v 'begin\|end')" $'1 dropped\n1 published'
	assert_eq "$(tail -n 1 events)" dropped
	assert_eq "$(jq -c '[.tool, .run, .status, .rows.read, .rows.inserted, .bytes, .committed]' receipt)" \
		'["portl","0123456789abcdef",0,40,40,400,true]'
}

@test "so many at a time, and no more" {
	make_plan 9
	cat >load <<-'END'
		touch "$T/at.$part"
		ls "$T" | grep -c '^at\.' >>"$T/counts"
		sleep 0.2
		rm "$T/at.$part"
	END
	try portl run -j 3 -- -q
	assert_status 0
	assert_eq "$(sort -n counts | tail -n 1)" 3
	try portl run --via=env -- -q
	assert_status 0
	assert_eq "$(tail -n 9 counts | sort -u)" 1
}

@test "-P draws parts and bytes; so does a terminal, unless --quiet" {
	export TERM=xterm
	echo 'head -c 300000 /dev/zero; sleep 1.2' >extract
	try portl run -j 2 -P -d a -- -d b
	assert_status 0
	[[ $stderr =~ portl:\ .*\ of\ 4\ parts ]] || fail "$stderr"
	start tty script -qefc 'exec portl run -j 2 -d a -- -d b' typed
	finish tty
	grep -aq ' of 4 parts' typed || fail "$(cat -v typed)"
	start tty script -qefc 'exec portl run -j 2 -- -q' typed
	finish tty
	! grep -aq ' of 4 parts' typed || fail "$(cat -v typed)"
}

@test "portl-load on another host is sent the plan in front of the stream" {
	try portl run -j 2 --via=env -- -q
	assert_status 0
	for i in 1 2 3 4; do
		assert_eq "$(head -n 1 "state/$i")" "PORTL-PLAN $(stat -c %s plan.read)"
		assert_eq "$(tail -n +2 "state/$i" | head -c "$(stat -c %s plan.read)" | jq -r .id)" 0123456789abcdef
		assert_eq "$(tail -n 1 "state/$i")" "rows of $i"
	done
}

@test "a part is tried again where that is worth it, and told of" {
	local what

	for what in 'die 75 "taken" 55P03' 'die 2 "no connection" ""' 'die 1 "deadlock" 40P01' 'kill -KILL $$' 'exit 255'; do
		rm -f events tried
		echo "[ \$part != 3 ] || [ -e \$T/tried ] || { touch \$T/tried; $what; }" >load
		try portl run -j 2 --
		assert_status 0
		assert_stderr_has 'part 3 of 4, s.t: has failed, and is tried again'
		assert_eq "$(events)" $'2 begin 3\n1 begin 1\n1 begin 2\n1 begin 4\n1 dropped\n1 end 1\n1 end 2\n1 end 3\n1 end 4\n1 published' ||
			assert_eq "$(events | sort)" "$(printf '1 begin 1\n1 begin 2\n1 begin 4\n1 dropped\n1 end 1\n1 end 2\n1 end 3\n1 end 4\n1 published\n2 begin 3')"
	done
}

@test "a connection that is refused while others are at work costs no try" {
	# part 1 is long; part 2 is refused until it ends, which is later than two tries
	echo 'case $part in 1) touch "$T/one"; until [ "$(wc -l <"$T/refused")" -ge 3 ]; do sleep 0.1; done 2>/dev/null; rm "$T/one" ;;
		2) [ -e "$T/refused" ] || sleep 1.5; [ ! -e "$T/one" ] || { echo >>"$T/refused"; die 2 "too many clients" ""; } ;; esac' >load
	make_plan 3
	try timeout 60 portl run -j 2 --retries=1 --
	assert_status 0
	assert_eq "$(wc -l <refused)" 3
	assert_eq "$(grep -c 'end [123]' events)" 3
}

@test "what does not pass is not tried again: the others end, one message, one status" {
	echo '[ $part != 3 ] || die 5 "no such column" 42703; [ $part = 1 ] && { trap "exit 143" TERM; echo "$$" >"$T/pid"; while :; do sleep 0.1; done; }' >load
	try portl run -j 2 --summary=receipt --
	assert_status 5
	assert_eq "$(grep -c 'no such column' <<<"$stderr")" 1
	assert_stderr_has 'part 3 of 4, s.t: could not be brought'
	assert_stderr_lacks 'tried again'
	assert_eq "$(grep -c published events)" 0
	assert_eq "$(tail -n 1 events)" dropped
	assert_eq "$(jq -c '[.status, .committed]' receipt)" '[5,false]'
	run ! kill -0 "$(<pid)"
}

@test "a command of --via that loses the status or talks: what the receipts say holds" {
	printf '%s\n' '[[ $* != *--@(part=|publish)* ]] || echo "Welcome"; "$@"; true' >lossy
	try portl run -j 1 --via='bash lossy' --summary=receipt --
	assert_status 0
	assert_eq "$(jq -c '[.status, .committed, .rows.read]' receipt)" '[0,true,40]'

	echo '[ $part != 3 ] || die 5 "no such column" 42703' >load
	try portl run -j 1 --via='bash lossy' --summary=receipt --
	assert_status 5
	assert_stderr_has 'part 3 of 4, s.t: could not be brought'
	assert_eq "$(jq -c '[.status, .committed]' receipt)" '[5,false]'
	echo '[ $part != 3 ] || kill -KILL $$' >load
	try portl run -j 1 --via='bash lossy' --retries=0 --
	assert_status 75

	rm load
	for what in 'die 1 "duplicate key" 23505' 'kill -KILL $$'; do
		echo "$what" >publish
		try portl run -j 1 --via='bash lossy' --retries=0 --summary=receipt --
		assert_eq "$(jq -c '[.status, .committed]' receipt)" "[$status,false]"
		[[ $status == @(1|75) ]]
	done
}

@test "--retries says how often" {
	echo 'die 75 "taken" 55P03' >load
	try portl run -j 1 --via=env --retries=0 --
	assert_status 75
	assert_eq "$(grep -c 'begin' events)" 1
	rm events
	try portl run -j 1 --via=env --retries=1 --
	assert_status 75
	assert_eq "$(grep -c 'begin 1' events)" 2
}

# The file is made by the shell itself: a bash that gets INT while it waits for a program goes on
# when that one ends well.
@test "INT, TERM, HUP end all of it, and nothing is left" {
	echo '[ $part != 2 ] || { : >"$T/there"; exec sleep 60; }' >load
	for signal in INT TERM HUP; do
		rm -f there events
		start run portl run -j 2 --
		wait_until 10 test -e there
		pids=$(pgrep -P "$pid_run" -f 'portl-|sleep 60')
		kill "-$signal" "$pid_run"
		finish run
		assert_status $((128 + $(kill -l "$signal")))
		for pid in $pids; do
			[[ $(ps -o args= "$pid") != *@(portl-|sleep 60)* ]]
		done
		assert_eq "$(tail -n 1 events)" dropped
		assert_eq "$(grep -c published events)" 0
	done
}

@test "TERM while the programs say which options they have is no error of theirs" {
	sed -i 's/exec "$BUILD\/portl-extract"/kill -TERM $PPID; sleep 3; &/' bin/portl-extract
	try portl run -j 2 -- -q
	assert_status 143
	assert_silent
}

@test "a program that was killed is told of" {
	echo 'kill -KILL $$' >publish
	try portl run -j 2 --retries=0 --keep=kept -- -q
	assert_status 75
	assert_stderr_has 'portl-load was killed by signal 9 (Killed)'
	rm publish
	try portl run --resume=kept
	assert_status 0
}

@test "killed: no process is left" {
	echo '[ $part != 2 ] || { echo $$ >"$T/there"; exec sleep 60; }' >load
	start run portl run -j 2 --
	wait_until 10 test -s there
	children=$(pgrep -P "$pid_run")
	kill -KILL "$pid_run"
	for pid in $children; do
		wait_until 10 is_over "$pid"
	done
}

@test "--keep and --resume: only what is missing is sent, by its own snapshot where the first is gone" {
	echo '[ $part != 3 ] || die 5 "no such column" 42703' >load
	try portl run -j 1 --via=env --keep=kept --
	assert_status 5
	assert_stderr_has "what is there stays: portl run --resume=kept brings what is missing"
	assert_eq "$(grep -c dropped events)" 0
	assert_eq "$(jq -r .snapshot kept)" held
	rm load events snapshots
	try portl run --resume=kept -j 2 --summary=receipt
	assert_status 0
	assert_stderr_has 'the snapshot of the first parts is gone'
	assert_eq "$(jq -r .snapshot kept)" own
	assert_eq "$(grep begin events | sort | xargs)" 'begin 3 begin 4'
	assert_eq "$(sort -u snapshots)" ''
	assert_eq "$(jq -c '[.rows.read, .committed]' receipt)" '[20,true]'
	rm events
	try portl run --resume=kept
	assert_status 0
	assert_eq "$(events)" '1 published'
}

@test "the holder dies: the parts at work are brought, the others by their own snapshots" {
	echo 'echo $$ >"$T/holder"; exec sleep 60' >hold
	echo '[ $part != 2 ] || [ -e "$T/killed" ] || { touch "$T/killed"; read -r pid <"$T/holder"; kill -KILL "$pid"; sleep 0.3; }' >load
	try portl run -j 1 --via=env --
	assert_status 0
	assert_stderr_has 'the snapshot of the first parts is gone'
	assert_eq "$(xargs <snapshots)" '00000003-0000001B-1 00000003-0000001B-1'
	assert_eq "$(grep -c begin events)" 4
	assert_eq "$(events | grep published)" '1 published'
}

@test "a holder that names no snapshot is not waited for" {
	sed -i "s/echo 00000003-0000001B-1/echo ''/" bin/portl-extract
	try timeout 10 portl run -j 2 -- -q
	assert_status 1
	assert_eq "$stderr" 'portl: error: portl-extract has named no snapshot'
	[ ! -e state/1 ]
	sed -i "s/echo ''/exit 5/" bin/portl-extract
	try timeout 10 portl run -j 2 -- -q
	assert_status 5
	[ ! -e state/1 ]
}

@test "a part comes late, by the snapshot of a run that was killed: the others are read by their own" {
	cat >load <<-'END'
		if [ ! -e "$T/late" ]; then
			touch "$T/late"
			echo late >"$T/state/4"
			echo '{"status":5,"error":{"message":"part 1: parts of run x were read by different snapshots"}}'
			exit 5
		fi
	END
	try portl run -j 1 --keep=kept --
	assert_status 0
	assert_stderr_has 'the snapshot of the first parts is gone'
	assert_eq "$(jq -r .snapshot kept)" own
	assert_eq "$(cat state/* | xargs)" 'rows of 1 rows of 2 rows of 3 late'
	assert_eq "$(sort snapshots | uniq -c | awk '{ $1 = $1; print }')" $'3\n1 00000003-0000001B-1'
}

@test "a publication that finds parts missing has them brought again" {
	echo '[ -e "$T/again" ] || { touch "$T/again"; rm "$T/state/2"; die 75 "emptied" ""; }' >publish
	try portl run -j 2 --own --
	assert_status 0
	assert_eq "$(grep -c published events)" 2
	assert_eq "$(grep -c 'begin 2' events)" 2
	assert_eq "$(grep -c 'begin 3' events)" 1
}

@test "portl part: what is missing may be more than a command line holds" {
	make_plan 50000 own
	cat >>words <<-'END'
		list() { seq 2 2 50000 | jq -nc '{run: "x", published: false, parts: [inputs | {number: ., status: "done"}]}'; }
		numbers() { tr , '\n' <<<"$part" | awk -F- '{ for (i = $1; i <= $NF; i++) print i }'; }
	END
	echo 'numbers >>"$T/sent"' >extract
	echo 'numbers | sed "s/.*/{\"status\":0,\"part\":{\"number\":&}}/"; exec cat >/dev/null' >load
	ln -s receipts link # which stays one
	try portl part plan 1-50000 --summary=link
	[ -L link ]
	assert_status 0
	assert_eq "$(<sent)" "$(seq 1 2 50000)"
	assert_eq "$(jq .part.number receipts)" "$(seq 50000)"
}

@test "portl part: its receipt goes into a pipe as into a file" {
	make_plan 4 own
	mkfifo pipe
	cat pipe >got 3>&- &
	try portl part plan 2 --summary=pipe
	assert_status 0
	wait $!
	assert_eq "$(jq -c .status got)" 0
	try_sh 'portl part plan 3 --summary=/dev/full'
	assert_stderr_has 'could not write "/dev/full"'
}

@test "portl part: the number from the engine, and the status of what is worth another try" {
	make_plan 4 own
	while read -r variable value number; do
		try env "$variable=$value" portl part plan
		assert_status 0
		assert_eq "$(<"state/$number")" "rows of $number"
		rm state/*
	done <<-'EOF'
		PORTL_PART 3 3
		SLURM_ARRAY_TASK_ID 1 1
		PBS_ARRAY_INDEX 2 2
		SGE_TASK_ID 4 4
		LSB_JOBINDEX 4 4
		JOB_COMPLETION_INDEX 0 1
		AWS_BATCH_JOB_ARRAY_INDEX 3 4
		CLOUD_RUN_TASK_INDEX 1 2
	EOF
	try portl part plan
	assert_status 64
	assert_stderr_has 'which part?'
	try portl part plan 5
	assert_status 64
	assert_stderr_has 'its parts are 1 to 4'
	try env SLURM_ARRAY_TASK_ID=0 portl part plan
	assert_status 64
	try env SGE_TASK_ID=undefined portl part plan
	assert_status 64
	for what in 'die 75 x 55P03:75' 'die 2 x "":75' 'die 1 x 40001:75' 'die 1 x 22P02:1' 'die 5 x "":5' 'exit 78:78' 'kill -KILL $$:75'; do
		echo "${what%:*}" >load
		try portl part plan 2 --summary=receipt
		assert_status "${what##*:}"
	done
	# 4: a stream that was cut passes; one that is damaged, or refused and not read to its end, does not
	echo 'echo "{\"status\":4,\"error\":{\"message\":\"x\",\"cut\":true}}"; exit 4' >load
	try portl part plan 2
	assert_status 75
	echo 'die 4 "damaged" ""' >load
	try portl part plan 2
	assert_status 4
	echo 'exec yes' >extract
	try portl part plan 2
	assert_status 4
	echo 'kill -KILL $$' >extract
	try portl part plan 2
	assert_status 75
	rm extract
	echo 'echo portl-load: warning: oops >&2; echo "{\"status\":0,\"part\":{\"already\":true}}"; exit 0' >load
	echo 'exec yes' >extract
	try portl part plan 2 --summary=receipt
	assert_status 0
	assert_stderr_has 'warning: oops'
	assert_eq "$(jq .part.already receipt)" true
}

@test "portl part wants the snapshot of a plan that has one; portl hold gives it" {
	try portl part plan 2
	assert_status 64
	assert_stderr_has 'which snapshot?'
	try portl hold plan portl part plan 2
	assert_status 0
	try portl part plan 3 --snapshot=00000003-0000001B-2
	assert_status 0
	assert_eq "$(xargs <snapshots)" '00000003-0000001B-1 00000003-0000001B-2'
	try portl hold plan sh -c 'exit 7'
	assert_status 7
	try portl hold plan -- sh -c 'echo "$1"' - --help
	assert_eq "$status $output" '0 --help'
	try portl hold plan echo -V
	assert_eq "$status $output" '0 -V'
	try portl hold plan none-such
	assert_status 127
	try_sh 'sleep 0.5 | portl hold plan'
	assert_status 0
	assert_eq "$output" 00000003-0000001B-1
	start hold portl hold plan
	wait_until 10 test -s hold.out
	kill -TERM "$pid_hold"
	finish hold
	assert_status 143
}

@test "xargs and GNU parallel bring the parts" {
	make_plan 8
	try portl hold plan sh -c 'seq 8 | xargs -P 3 -n 1 portl part plan'
	assert_status 0
	assert_eq "$(cd state && echo *)" '1 2 3 4 5 6 7 8'
	rm state/*
	try portl hold plan parallel -j 3 --halt now,fail=1 portl part plan '{}' ::: 1 2 3 4 5 6 7 8
	assert_status 0
	assert_eq "$(cd state && echo *)" '1 2 3 4 5 6 7 8'
	echo '[ $part != 2 ] || die 5 "no" 42703' >load
	try portl hold plan parallel -j 1 --halt now,fail=1 portl part plan '{}' ::: 1 2 3 4
	assert_status 5
}

@test "small parts share pipes, each is brought once, and the pipes have even shares" {
	bytes=1000000 make_plan 200
	echo 'begin() { :; }; each' >load
	try portl run -j 2 --summary=receipt -- -q
	assert_status 0
	assert_eq "$(sort -n brought)" "$(seq 200)"
	assert_eq "$(jq -c '[.status, .rows.read, .bytes]' receipt)" '[0,2000,20000]'
	n=$(grep -c begin events)
	((n >= 4 && n <= 20))
	# the first takes no more than a quarter
	first=$(sed -n 's/begin 1-//p' events)
	((first > 1 && first <= 50))
	rm brought events
	bytes=1000 make_plan 4
	try portl run -j 2 -- -q
	assert_status 0
	assert_eq "$(grep begin events | sort)" $'begin 1-2\nbegin 3-4'
	jq -c 'del(.parts[0].bytes) | .parts[3].bytes = 64000000' plan >other && mv other plan
	rm events
	try portl run --via=env -- -q
	assert_status 0
	assert_eq "$(grep begin events)" $'begin 1\nbegin 2-3\nbegin 4'
}

@test "of parts that share a pipe only those are tried again that are missing, each so many times" {
	bytes=1000 make_plan 6
	echo 'begin() { [[ $1 != [35] || -e $T/failed.$1 ]] || { touch "$T/failed.$1"; die 75 "busy" 55P03; }; }; each' >load
	try portl run --via=env --retries=1 --summary=receipt --
	assert_status 0
	assert_eq "$(grep begin events)" $'begin 1-6\nbegin 3-6\nbegin 5-6'
	assert_eq "$(sort -n brought)" "$(seq 6)"
	assert_eq "$(jq -c '[.status, .rows.read]' receipt)" '[0,60]'
	assert_stderr_has 'part 3 of 6, s.t: has failed, and is tried again'
	assert_stderr_has 'part 5 of 6, s.t: has failed, and is tried again'

	rm events brought
	echo 'begin() { [ $1 != 2 ] || die 5 "no such column" 42703; }; each' >load
	try portl run --via=env --summary=receipt --
	assert_status 5
	assert_stderr_has 'part 2 of 6, s.t: could not be brought'
	assert_eq "$(jq -c '[.status, .rows.read, .error.sqlstate]' receipt)" '[5,10,"42703"]'

	rm events brought
	echo 'begin() { [[ $1 != 2 || -e $T/killed ]] || { touch "$T/killed"; kill -KILL $$; }; }; each' >load
	try portl run --via=env -- -q
	assert_status 0
	assert_eq "$(sort -n brought)" "$(seq 6)"
}

@test "portl part: several, of which those that are there are not sent; their receipts" {
	echo 'begin() { [[ $1 != 3 || ! -e $T/fails ]] || die 75 "busy" 55P03; }; each' >load
	echo 'echo "$part" >>"$T/sent"' >extract
	echo 'rows' >state/2
	try portl part plan 1-3 --snapshot=00000003-0000001B-1 --summary=receipts
	assert_status 0
	assert_eq "$(<sent)|$(xargs <brought)" '1,3|1 2 3'
	assert_eq "$(jq -c .part.number receipts)" $'1\n2\n3'
	touch fails
	try portl part plan 4,3 --snapshot=00000003-0000001B-1 --summary=receipts
	assert_status 75
	assert_eq "$(jq -c .status receipts)" 75
	try portl part plan 4-5 --snapshot=00000003-0000001B-1
	assert_status 64
	assert_stderr_has 'its parts are 1 to 4'
	try portl part plan 3-1
	assert_status 64
}

@test "portl hold: a snapshot that goes while the command runs, or before, is told of" {
	echo 'sleep 0.3; exit 3' >hold
	try portl hold plan sleep 1
	assert_stderr_has 'the snapshot is gone'
	try portl hold plan </dev/zero
	assert_status 3
	assert_eq "$output" 00000003-0000001B-1
}

@test "programs that do not say which options they have" {
	echo '#!/bin/sh' >bin/portl-load
	try portl run -j 2 -d a -- -d b
	assert_status 1
	assert_stderr_has 'does not say which options it has'
	echo 'exit 7' >>bin/portl-load
	try portl run -j 2 -d a -- -d b
	assert_status 1
	assert_stderr_has 'It may be of another version.'
}
