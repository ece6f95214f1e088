/*
 * Connecting, and nothing else.
 */
#include "common/cli/reach.h"

#include <stdlib.h>

#include "common/base/err.h"
#include "common/cli/check.h"
#include "common/cli/cli_spec.h"
#include "common/os/writeall.h"
#include "common/pg/db.h"

int
reach_check(FILE *out, const char *label, const struct cli_kind *kind,
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
