/*
 * Reasons are lines of one text, which becomes the error's detail.
 */
#include "load/match/reasons.h"

#include "common/base/err.h"

void
reasons_add(struct reasons *r, const char *fmt, ...)
{
	va_list ap;

	buf_adds(&r->text, r->n++ > 0 ? "\n  " : "");
	va_start(ap, fmt);
	buf_vaddf(&r->text, fmt, ap);
	va_end(ap);
}

int
reasons_report(struct reasons *r, const char *target, struct err *e)
{
	if (r->n == 0)
		return 0;
	err_set(e, EXIT_TARGET, "\"%s\" cannot take this stream", target);
	err_detail(e, "%s", buf_cstr(&r->text));
	buf_release(&r->text);
	r->n = 0;
	return -1;
}
