/*
 * The columns of a statement that has been parsed but not run: names from the
 * protocol's description, types and the rest from the catalog.
 */
#include "extract/describe.h"

#include <stdlib.h>

#include "common/buf.h"
#include "common/db.h"
#include "common/err.h"
#include "common/schema.h"
#include "common/xalloc.h"

/* Columns of the described statement, with what the catalog knows of them. */
static const char columns_sql[] =
	"SELECT format_type(d.type, d.mod), format_type(d.type, NULL),"
	" CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation THEN"
	" (SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname) FROM pg_collation l"
	" JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation) END,"
	" coalesce(a.attnotnull, false), coalesce(a.attgenerated <> '', false)"
	" FROM unnest($1::oid[], $2::int4[], $3::oid[], $4::int4[])"
	" WITH ORDINALITY AS d(type, mod, rel, attnum, place)"
	" JOIN pg_type t ON t.oid = d.type"
	" LEFT JOIN pg_attribute a ON a.attrelid = d.rel AND a.attnum = d.attnum AND d.attnum > 0"
	" ORDER BY d.place";

static char *
int_array(const PGresult *res, int (*value)(const PGresult *, int))
{
	struct buf b = BUF_INIT;
	int i;

	buf_addc(&b, '{');
	for (i = 0; i < PQnfields(res); i++)
		buf_addf(&b, "%s%d", i > 0 ? "," : "", value(res, i));
	buf_addc(&b, '}');
	return buf_detach(&b);
}

static char *
oid_array(const PGresult *res, Oid (*value)(const PGresult *, int))
{
	struct buf b = BUF_INIT;
	int i;

	buf_addc(&b, '{');
	for (i = 0; i < PQnfields(res); i++)
		buf_addf(&b, "%s%u", i > 0 ? "," : "", value(res, i));
	buf_addc(&b, '}');
	return buf_detach(&b);
}

static int
add_columns(const PGresult *described, const PGresult *res, bool is_table,
	    struct schema *schema, struct err *e)
{
	int i;

	for (i = 0; i < PQntuples(res); i++) {
		const char *name = PQfname(described, i);
		struct schema_column *c;

		if (schema_find(schema, name) >= 0) {
			err_set(e, EXIT_USAGE, "two columns are called \"%s\"", name);
			return err_hint(e, "Columns are matched by name: give one of them "
					   "another name with AS.");
		}
		c = schema_add_column(schema, name, PQgetvalue(res, i, 0),
				      PQgetvalue(res, i, 1));
		if (!PQgetisnull(res, i, 2))
			c->collation = xstrdup(PQgetvalue(res, i, 2));
		c->not_null = is_table && PQgetvalue(res, i, 3)[0] == 't';
		c->generated = PQgetvalue(res, i, 4)[0] == 't';
	}
	return 0;
}

int
describe_columns(struct db *db, const PGresult *described, bool is_table, struct schema *schema,
		 struct err *e)
{
	char *types = oid_array(described, PQftype), *mods = int_array(described, PQfmod);
	char *tables = oid_array(described, PQftable),
	     *places = int_array(described, PQftablecol);
	const char *params[] = {types, mods, tables, places};
	PGresult *res = db_query(db, e, columns_sql, 4, params);
	int rc = res != NULL ? add_columns(described, res, is_table, schema, e) : -1;

	PQclear(res);
	free(types);
	free(mods);
	free(tables);
	free(places);
	return rc;
}
