/*
 * A row is unchanged if each value has the image that the table has already.  The server's
 * own types make one image of what is written one way.  Types of extensions do not all: some
 * leave bytes between or behind their members as memory was, so that each run would change
 * each row.  Of these, values are the same if they are equal by the type's own equality and
 * written alike, be it inside an array, a composite, a range or a domain.  Where a type has
 * no equality, images count.
 */
#include "load/stage/plan_images.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"

/* The server's own types have OIDs below 16384.  $1: the columns' types, in their order. */
static const char images_sql[] =
	"WITH RECURSIVE part AS (SELECT n, o AS type FROM unnest($1::oid[])"
	" WITH ORDINALITY AS x(o, n) UNION SELECT n, inner_type FROM part"
	" JOIN pg_type t ON t.oid = type, LATERAL ("
	"SELECT typbasetype WHERE typtype = 'd'"
	" UNION ALL SELECT typelem WHERE typinput = 'array_in'::regproc"
	" UNION ALL SELECT rngsubtype FROM pg_range WHERE rngtypid = t.oid"
	" UNION ALL SELECT atttypid FROM pg_attribute WHERE typtype = 'c'"
	" AND attrelid = typrelid AND attnum > 0 AND NOT attisdropped) AS i(inner_type)),"
	" leaf AS (SELECT n, t.oid >= 16384 AS foreign_type, EXISTS (SELECT FROM pg_opclass c"
	" JOIN pg_am a ON a.oid = opcmethod AND amname IN ('btree', 'hash') WHERE opcdefault"
	" AND (opcintype = t.oid OR opcintype IN (SELECT casttarget FROM pg_cast"
	" WHERE castsource = t.oid AND castmethod = 'b' AND castcontext = 'i'))) AS has_equality"
	" FROM part JOIN pg_type t ON t.oid = type"
	" WHERE typtype = 'b' AND typinput <> 'array_in'::regproc)"
	" SELECT n FROM leaf GROUP BY n HAVING bool_or(foreign_type) AND bool_and(has_equality)";

static unsigned
type_of(const struct plan *p, size_t i)
{
	int position = p->columns[i].position;

	return p->rel != NULL && position >= 0 ? p->rel->columns[position].type_oid
					       : p->columns[i].new_oid;
}

int
plan_images(struct plan *p, struct db *db, struct err *e)
{
	struct buf types = BUF_INIT;
	const char *params[1];
	PGresult *res;
	size_t i;
	int row;

	for (i = 0; i < p->ncolumns; i++)
		buf_addf(&types, "%s%u", i > 0 ? "," : "{", type_of(p, i));
	buf_adds(&types, p->ncolumns > 0 ? "}" : "{}");
	params[0] = buf_cstr(&types);
	res = db_query(db, e, images_sql, 1, params);
	buf_release(&types);
	if (res == NULL)
		return -1;
	for (row = 0; row < PQntuples(res); row++)
		p->columns[strtoul(PQgetvalue(res, row, 0), NULL, 10) - 1].images = true;
	PQclear(res);
	return 0;
}
