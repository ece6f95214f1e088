#!/bin/bash
# run.sh FUZZER: let it run from its corpus in the repository and what it has found before,
# for FUZZ_SECONDS or, if that is set, FUZZ_RUNS executions, from FUZZ_SEED or a random one;
# one line says what came of it.
# An input that is a finding is left beside the fuzzer, with its log.
set -u
fuzzer=$1
name=${fuzzer##*/fuzz_}
log=$fuzzer.log

# Somebody may stop a long campaign for a while, and that is no hanging input.
if [ -n "${FUZZ_RUNS:-}" ]; then
	limits=(-runs="$FUZZ_RUNS" -timeout=600)
else
	limits=(-max_total_time="${FUZZ_SECONDS:-60}" -timeout=25)
fi
# Inputs may be as long as those of the corpus.
longest=$(wc -c "${0%/*}/corpus/$name"/* | awk '$2 != "total" && $1 > n { n = $1 } END { print (n > 512 ? n : 512) }')
# Memory that has been freed is kept for a while, and each piece's caller, not its whole stack:
# half as many executions again.  A finding is looked into by FUZZER FILE, which has both.
export ASAN_OPTIONS=${ASAN_OPTIONS:-malloc_context_size=1:quarantine_size_mb=1}
mkdir -p "$fuzzer.corpus"
"$fuzzer" "${limits[@]}" ${FUZZ_SEED:+-seed="$FUZZ_SEED"} -max_len="$longest" -print_final_stats=1 \
	-artifact_prefix="$fuzzer." \
	"$fuzzer.corpus" "${0%/*}/corpus/$name" >"$log" 2>&1
status=$?
STOPPED=72 # libFuzzer's status of a run that was interrupted

stat()
{
	sed -n "s/^stat::$1: *//p" "$log"
}

if [ $status -eq $STOPPED ]; then
	echo "fuzz $name: stopped after $(stat number_of_executed_units) executions, no finding"
	exit 1
fi
if [ $status -ne 0 ]; then
	tail -n 60 "$log"
	echo "fuzz $name: a finding after $(stat number_of_executed_units) executions, see $log"
	exit 1
fi
edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
echo "fuzz $name: $(stat number_of_executed_units) executions, $(stat average_exec_per_sec)/s," \
	"$edges edges, no finding"
