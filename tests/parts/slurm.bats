#!/usr/bin/env bats
# A Slurm of one node, of this test alone: an array of parts, and what depends on it.
# shellcheck disable=SC2016,SC2154 # other shells' own dollars; bats sets stderr

load ../lib/common
load ../lib/faults

setup_file()
{
	local tools=$ROOT/build/tools host free

	[ -x "$tools/usr/sbin/slurmctld-wlm" ] || skip 'no Slurm: run make deps'
	host=$(hostname -s)
	mapfile -t free < <(python3 -c 'import socket
s = [socket.socket() for _ in range(2)]
for one in s: one.bind(("127.0.0.1", 0))
for one in s: print(one.getsockname()[1])')
	export SLURM=$BATS_FILE_TMPDIR/slurm lib=$tools/usr/lib/x86_64-linux-gnu
	export LD_LIBRARY_PATH=$lib:$lib/slurm-wlm SLURM_CONF=$SLURM/slurm.conf PATH=$PATH:$tools/usr/bin:$tools/usr/sbin
	mkdir -p "$SLURM/state" "$SLURM/spool"
	cat >"$SLURM_CONF" <<-END
		ClusterName=portl
		SlurmctldHost=$host(127.0.0.1)
		AuthType=auth/none
		AuthInfo=cred_expire=5
		CredType=cred/none
		SlurmUser=$(id -un)
		SlurmdUser=$(id -un)
		SlurmctldPort=${free[0]}
		SlurmdPort=${free[1]}
		StateSaveLocation=$SLURM/state
		SlurmdSpoolDir=$SLURM/spool
		SlurmctldPidFile=$SLURM/slurmctld.pid
		SlurmdPidFile=$SLURM/slurmd.pid
		SlurmctldLogFile=$SLURM/slurmctld.log
		SlurmdLogFile=$SLURM/slurmd.log
		PluginDir=$lib/slurm-wlm
		ProctrackType=proctrack/pgid
		TaskPlugin=task/none
		MpiDefault=none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		SchedulerParameters=sched_interval=1,batch_sched_delay=0
		NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
		PartitionName=p Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:8
	END
	slurmctld-wlm -c -D >"$SLURM/ctld.out" 2>&1 3>&- &
	echo $! >"$SLURM/pids"
	slurmd-wlm -D -d "$tools/usr/sbin/slurmstepd-wlm" >"$SLURM/d.out" 2>&1 3>&- &
	echo $! >>"$SLURM/pids"
	wait_until 30 is_idle || {
		tail -n 5 "$SLURM"/*.log "$SLURM"/*.out
		return 1
	}
}

is_idle()
{
	[[ $(sinfo -h -o %T 2>/dev/null) == idle ]]
}

teardown_file()
{
	local pid

	[ -s "$SLURM/pids" ] || return 0
	scancel -u "$(id -un)" || :
	while read -r pid; do
		kill "$pid" || :
		wait_until 10 is_over "$pid" || kill -KILL "$pid"
	done <"$SLURM/pids"
}

is_done()
{
	[ -z "$(squeue -h)" ]
}

@test "the example: an array of parts, one of which is queued again, and what comes after them" {
	needs 14 'ranges of blocks'
	cd "$T" || return
	fresh_db src dst
	q "$src" "CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 5000) i"
	portl plan -o plan -d "$src" -t t --parts=4 -- -d "$dst" --create
	start hold portl hold plan
	wait_until 10 test -s hold.out
	# part 2 is not to be had when it is tried first
	mkdir bin
	printf '#!/bin/sh\n[ "$1 $SLURM_ARRAY_TASK_ID" != "part 2" ] || [ -n "$SLURM_RESTART_COUNT" ] || exit 75\nexec "%s" "$@"\n' "$BUILD/portl" >bin/portl
	chmod +x bin/portl
	export PORTL_SNAPSHOT PLAN=plan
	PORTL_SNAPSHOT=$(<hold.out)
	id=$(PATH=$PWD/bin:$PATH sbatch --parsable --output="$T/out.%a" --array=1-4%2 "$ROOT/examples/parts/slurm.sh")
	sbatch --output="$T/out.publish" --dependency="afterok:$id" --wrap 'portl publish plan --summary=receipt' >/dev/null
	wait_until 150 is_done
	cat out.*
	same_table "$src" t "$dst" t
	assert_eq "$(jq .committed receipt)" true
}
