/*
 * Each is a relation of one row.  The names are the catalog's, quoted here.
 */
#include "extract/pg/seqread.h"

#include <libpq-fe.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/relname.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "extract/pg/member.h"

#define AT_ONCE 500 /* sequences in one statement */

static int
read_some(struct db *db, const struct member *members, struct buf *sql, struct err *e)
{
	PGresult *res = db_query(db, e, buf_cstr(sql), 0, NULL);
	int row;

	for (row = 0; res != NULL && row < PQntuples(res); row++) {
		struct header *h = members[strtoul(PQgetvalue(res, row, 0), NULL, 10)].header;

		h->is_sequence = true;
		h->values = HEADER_TEXT;
		h->sequence.last_value = strtoll(PQgetvalue(res, row, 1), NULL, 10);
		h->sequence.is_called = db_is_true(res, row, 2);
	}
	PQclear(res);
	sql->len = 0;
	return res != NULL ? 0 : -1;
}

int
seqread_values(struct db *db, const struct member *members, size_t n, struct err *e)
{
	struct buf sql = BUF_INIT;
	size_t i, some = 0;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		if (!member_is_sequence(&members[i]))
			continue;
		buf_addf(&sql, "%sSELECT %zu, last_value, is_called FROM ",
			 sql.len > 0 ? " UNION ALL " : "", i);
		relname_add_quoted(&members[i].rel->id, &sql);
		if (++some % AT_ONCE == 0)
			rc = read_some(db, members, &sql, e);
	}
	if (rc == 0 && sql.len > 0)
		rc = read_some(db, members, &sql, e);
	buf_release(&sql);
	return rc;
}
