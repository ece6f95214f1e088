/*
 * The table of --check=plan.
 */
#include "common/cli/check.h"

#include <stdarg.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/shown.h"
#include "common/base/xalloc.h"

#define LABEL_WIDTH 12

void
check_line(FILE *out, const char *label, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	buf_addf(&line, "%-*s ", LABEL_WIDTH, label);
	shown_add(&line, text);
	fprintf(out, "%s\n", buf_cstr(&line));
	buf_release(&line);
	free(text);
}
