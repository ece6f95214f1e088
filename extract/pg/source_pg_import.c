/*
 * A snapshot that another session has exported.
 */
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "extract/options/options.h"
#include "extract/pg/source_pg_parts.h"

int
source_pg_import_refuse_standby(struct source_pg *s, const char *option, struct err *e)
{
	char *standby = db_query_text(&s->db, e,
				      "SELECT 1 WHERE pg_catalog.pg_is_in_recovery()", 0, NULL);
	bool is = standby != NULL && standby[0] != '\0';

	free(standby);
	if (standby == NULL)
		return -1;
	return is ? err_set(e, EXIT_DATA,
			    "%s: the server is a standby, where an exported snapshot "
			    "may show rows that are not committed",
			    option)
		  : 0;
}

/*
 * LOCK has taken no snapshot, so that another session's can be had behind it.  That one is
 * older than our locks.
 */
int
source_pg_import(struct source_pg *s, struct err *e)
{
	struct buf sql = BUF_INIT;
	int rc;

	buf_adds(&sql, "SET TRANSACTION SNAPSHOT ");
	ident_add_literal(&sql, s->base.options->snapshot);
	rc = db_exec(&s->db, e, "%s", buf_cstr(&sql));
	buf_release(&sql);
	if (rc != 0) {
		err_prefix(e, "--snapshot: ");
		return err_hint(e, "The transaction that called pg_export_snapshot() has to be "
				   "open still, in this database.");
	}
	return source_pg_import_refuse_standby(s, "--snapshot", e);
}
