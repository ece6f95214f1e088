# shellcheck shell=bash disable=SC2034,SC2317 # set for bats, called by bats
# Where a test failed, at the cost of those that fail.  By a DEBUG trap bats notes before each
# command where it stands, which costs a hundred times what the command does; since its version
# 5.2 bash knows in the ERR trap where that is.  What fails without one (a teardown, an exit, a
# status that is returned) is shown by its function.  A bats that does it otherwise, and --trace,
# stay as they are.

failed_where()
{
	local name

	((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 502 && ${BATS_TRACE_LEVEL:-0} == 0)) || return
	for name in bats_{debug,error,timeout,interrupt}_trap bats_{capture,get_failure}_stack_trace \
		bats_check_status_from_trap; do
		declare -F "$name" >/dev/null || return
	done
}

if failed_where; then
	failed_function= # what bats called, where no command of it failed

	# Called before the first command, for the last time.
	bats_debug_trap()
	{
		trap - DEBUG
	}

	bats_error_trap()
	{
		bats_check_status_from_trap
		[ -z "$BATS_DEBUG_LAST_STACK_TRACE_IS_VALID" ] || return 0
		BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
		case ${FUNCNAME[1]} in
		bats_test_begin) failed_function=setup ;;
		bats_* | main) failed_function=$BATS_TEST_NAME ;;
		*) bats_capture_stack_trace ;;
		esac
	}

	# Of what a signal stopped bash knows the callers.
	failed_stopped()
	{
		bats_capture_stack_trace
		BATS_DEBUG_LAST_STACK_TRACE=("${BATS_DEBUG_LAST_STACK_TRACE[@]:2}")
		BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
	}

	bats_timeout_trap()
	{
		BATS_TIMED_OUT=1
		failed_stopped
		exit 1
	}

	bats_interrupt_trap()
	{
		BATS_INTERRUPTED=true
		BATS_ERROR_STATUS=130
		failed_stopped
	}

	# bats_get_failure_stack_trace NAME: set that array.
	bats_get_failure_stack_trace()
	{
		local -n trace=$1
		local name=${failed_function:-${BATS_TEST_NAME:-teardown_file}} line file

		[ -z "${BATS_TEST_COMPLETED:-}" ] || name=teardown
		if ((${#BATS_DEBUG_LAST_STACK_TRACE[@]} == 0)); then
			read -r _ line file < <(shopt -s extdebug && declare -F "$name")
			BATS_DEBUG_LAST_STACK_TRACE=("$line $name $file")
		fi
		trace=("${BATS_DEBUG_LAST_STACK_TRACE[@]}")
	}
fi
