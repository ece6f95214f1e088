/*
 * err: the first fault counts, context is added, nothing leaks.
 */
#include <errno.h>
#include <signal.h>

#include "common/base/err.h"
#include "tests/unit/tap.h"

static void
test_first_wins(void)
{
	struct err e = ERR_INIT;

	is_int(err_set(&e, EXIT_STREAM, "row %d is cut", 7), -1, "setting returns -1");
	is_str(e.msg, "row 7 is cut", "the message is formatted");
	is_int(e.code, EXIT_STREAM, "with its code");
	err_set(&e, EXIT_CONN, "lost");
	is_str(e.msg, "row 7 is cut", "a later fault is a consequence: the first stays");
	is_int(e.code, EXIT_STREAM, "with its code");
	errno = ENOSPC;
	err_errno(&e, "could not write");
	err_signal(&e, SIGTERM);
	err_reader_gone(&e, "standard output");
	ok(e.code == EXIT_STREAM && e.signal == 0, "whatever kind the later one is");
	err_release(&e);
	is_int(e.code, EXIT_DONE, "released, it is unset");
}

static void
test_kinds(void)
{
	struct err e = ERR_INIT;

	errno = ENOSPC;
	err_errno(&e, "could not write to %s", "x");
	is_str(e.msg, "could not write to x: No space left on device", "errno is spelt out");
	is_int(e.code, EXIT_DATA, "as an I/O error");
	err_release(&e);
	err_signal(&e, SIGTERM);
	is_int(e.code, EXIT_BY_SIGNAL, "a signal is not a status");
	is_int(e.signal, SIGTERM, "main re-raises it");
	err_release(&e);
	err_reader_gone(&e, "standard output");
	ok(e.code == EXIT_BY_SIGNAL && e.signal == SIGPIPE, "a reader that is gone is SIGPIPE");
	err_release(&e);
}

static void
test_failed(void)
{
	struct err e = ERR_INIT;

	err_failed(&e);
	is_int(e.code, EXIT_DATA, "a failure without a reason is none the less");
	err_release(&e);
	err_set(&e, EXIT_CONN, "lost");
	err_failed(&e);
	ok(e.code == EXIT_CONN && strcmp(e.msg, "lost") == 0, "one with a reason keeps it");
	err_release(&e);
}

static void
test_lines(void)
{
	struct err e = ERR_INIT, other = ERR_INIT;

	err_set(&e, EXIT_DATA, "bad value");
	err_detail(&e, "first");
	err_detail(&e, "second %s", "one");
	is_str(e.detail, "second one", "a second detail replaces the first");
	err_hint(&e, "do this");
	err_context(&e, "there");
	err_prefix(&e, "stdin:%d: ", 12);
	is_str(e.msg, "stdin:12: bad value", "a prefix goes in front");
	err_prefix(&e, "x: ");
	is_str(e.msg, "x: stdin:12: bad value", "of another prefix too");
	err_take(&other, &e);
	ok(e.code == EXIT_DONE && e.msg == NULL, "taking moves it out");
	is_str(other.hint, "do this", "and in, whole");
	is_str(other.context, "there", "with its context");
	err_release(&other);
	err_set(&e, EXIT_USAGE, "old");
	err_set(&other, EXIT_CONN, "new");
	err_take(&e, &other);
	is_str(e.msg, "new", "what was there before is replaced");
	err_release(&e);
}

int
main(void)
{
	test_first_wins();
	test_kinds();
	test_failed();
	test_lines();
	return tap_done();
}
