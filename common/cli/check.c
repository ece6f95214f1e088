/*
 * The table of --check=plan.
 */
#include "common/cli/check.h"

#include <stdarg.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/shown.h"
#include "common/base/xalloc.h"
#include "common/cli/cli_spec.h"
#include "common/os/writeall.h"
#include "common/pg/db.h"

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

int
check_connection(FILE *out, const char *label, const struct cli_kind *kind,
		 const struct db_params *params, struct err *e)
{
	struct db db = DB_INIT;
	int rc = 0;

	if (kind->what != NULL) {
		check_line(out, label, "%s", kind->what);
	} else {
		rc = db_connect(&db, params, e);
		if (rc == 0) {
			char *where = db_connect_where(&db);

			check_line(out, label, "%s", where);
			free(where);
		}
		db_close(&db);
	}
	return rc == 0 ? writeall_finish(out, e) : -1;
}
