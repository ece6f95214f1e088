/*
 * Reasons are lines of one text, which becomes the error's detail.
 */
#include "load/match/reasons.h"

#include <string.h>

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

void
reasons_grant(struct buf *list, const char *privilege)
{
	if (list->len > 0 && strstr(buf_cstr(list), privilege) != NULL)
		return;
	buf_addf(list, "%s%s", list->len > 0 ? ", " : "", privilege);
}

void
reasons_release(struct reasons *r)
{
	buf_release(&r->text);
	buf_release(&r->grants);
	buf_release(&r->schema);
	buf_release(&r->sql);
	r->n = 0;
}

int
reasons_report(struct reasons *r, const char *target, struct err *e)
{
	if (r->n == 0)
		return 0;
	err_set(e, EXIT_TARGET, "\"%s\" cannot take this stream", target);
	err_detail(e, "%s", buf_cstr(&r->text));
	if (r->sql.len > 0)
		err_hint(e, "This would help:%s", buf_cstr(&r->sql));
	else if (r->instead != NULL)
		err_hint(e, "%s", r->instead);
	reasons_release(r);
	return -1;
}
