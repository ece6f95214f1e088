/*
 * reasons: all of them in one report.
 */
#include "common/base/err.h"
#include "load/match/reasons.h"
#include "tests/unit/tap.h"

int
main(void)
{
	struct reasons r = {.n = 0};
	struct err e = ERR_INIT;

	is_int(reasons_report(&r, "public.t", &e), 0, "no reason, no report");
	is_int(e.code, EXIT_DONE, "and no error");
	reasons_add(&r, "column \"%s\" is missing", "a");
	reasons_add(&r, "it is a %s", "view");
	is_int(r.n, 2, "two reasons");
	is_int(reasons_report(&r, "public.t", &e), -1, "make one report");
	is_int(e.code, EXIT_TARGET, "that the target cannot take the stream");
	is_str(e.msg, "\"public.t\" cannot take this stream", "naming it");
	is_str(e.detail, "column \"a\" is missing\n  it is a view", "with all of them");
	is_int(r.n, 0, "and they are used up");
	err_release(&e);
	return tap_done();
}
