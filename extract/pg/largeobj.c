/*
 * By what people declare: the module lo's domain, and its trigger.  An oid that nothing
 * tells of may be anything.
 */
#include "extract/pg/largeobj.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/pg/db.h"
#include "common/schema/schema.h"
#include "common/schema/typedocs.h"
#include "common/talk/log.h"

/* Columns that the trigger is told of. */
static const char managed_sql[] =
	"SELECT a.attname FROM pg_catalog.pg_trigger t"
	" JOIN pg_catalog.pg_proc f ON f.oid OPERATOR(pg_catalog.=) t.tgfoid"
	" JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) t.tgrelid"
	" WHERE t.tgrelid OPERATOR(pg_catalog.=) $1 AND f.proname OPERATOR(pg_catalog.=)"
	" 'lo_manage'::pg_catalog.name AND t.tgargs OPERATOR(pg_catalog.=)"
	" (pg_catalog.convert_to(a.attname::pg_catalog.text, pg_catalog.getdatabaseencoding())"
	" OPERATOR(pg_catalog.||) pg_catalog.decode('00', 'hex'))";

static void
add_name(struct buf *names, const char *name)
{
	buf_addf(names, "%s\"%s\"", names->len > 0 ? ", " : "", name);
}

static bool
is_lo(const struct schema *schema, const struct schema_column *c)
{
	const char *dot = strrchr(c->base, '.');

	return strcmp(dot != NULL ? dot + 1 : c->base, "lo") == 0 &&
	       strcmp(typedocs_unwrap(schema->types, c->base), "oid") == 0;
}

static int
add_managed(struct db *db, unsigned oid, const struct schema *schema, struct buf *names,
	    struct err *e)
{
	PGresult *res;
	int i;

	for (i = 0; i < (int)schema->ncolumns; i++)
		if (strcmp(schema->columns[i].base, "oid") == 0)
			break;
	if (oid == 0 || i == (int)schema->ncolumns)
		return 0;
	res = db_query_oid(db, e, managed_sql, oid);
	for (i = 0; res != NULL && i < PQntuples(res); i++) {
		int at = schema_find(schema, PQgetvalue(res, i, 0));

		if (at >= 0 && strcmp(schema->columns[at].base, "oid") == 0)
			add_name(names, PQgetvalue(res, i, 0));
	}
	PQclear(res);
	return res != NULL ? 0 : -1;
}

bool
largeobj_may_tell(const struct schema *schema)
{
	size_t i;

	for (i = 0; i < schema->ncolumns; i++)
		if (strcmp(schema->columns[i].base, "oid") == 0 ||
		    is_lo(schema, &schema->columns[i]))
			return true;
	return false;
}

int
largeobj_tell(struct db *db, unsigned oid, const struct schema *schema, struct err *e)
{
	struct buf names = BUF_INIT;
	size_t i;
	int rc;

	for (i = 0; i < schema->ncolumns; i++)
		if (is_lo(schema, &schema->columns[i]))
			add_name(&names, schema->columns[i].name);
	rc = add_managed(db, oid, schema, &names, e);
	if (rc == 0 && names.len > 0)
		log_fact(
			"large objects are not sent, only the OIDs by which column %s points to "
			"them; pg_dump --large-objects has them",
			buf_cstr(&names));
	buf_release(&names);
	return rc;
}
