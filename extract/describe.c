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

/*
 * Columns of the described statement, with what the catalog knows of them.  The
 * protocol tells the base type where a column has a domain, so a relation's own
 * columns ($5) take their type from the catalog.
 */
static const char columns_sql[] =
	"SELECT format_type(x.type, x.mod), format_type(x.type, NULL),"
	" CASE WHEN x.attcollation <> 0 AND x.attcollation <> t.typcollation THEN"
	" (SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname) FROM pg_collation l"
	" JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = x.attcollation) END,"
	" coalesce($5 AND x.attnotnull, false), coalesce(x.attgenerated <> '', false), x.type"
	" FROM (SELECT a.*, d.place,"
	" CASE WHEN $5 THEN coalesce(a.atttypid, d.type) ELSE d.type END AS type,"
	" CASE WHEN $5 THEN coalesce(a.atttypmod, d.mod) ELSE d.mod END AS mod"
	" FROM unnest($1::oid[], $2::int4[], $3::oid[], $4::int4[])"
	" WITH ORDINALITY AS d(type, mod, rel, attnum, place)"
	" LEFT JOIN pg_attribute a ON a.attrelid = d.rel AND a.attnum = d.attnum AND d.attnum > 0"
	") AS x JOIN pg_type t ON t.oid = x.type ORDER BY x.place";

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
add_columns(const PGresult *described, const PGresult *res, struct schema *schema,
	    unsigned *types, struct err *e)
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
		c->not_null = PQgetvalue(res, i, 3)[0] == 't';
		c->generated = PQgetvalue(res, i, 4)[0] == 't';
		types[i] = (unsigned)strtoul(PQgetvalue(res, i, 5), NULL, 10);
	}
	return 0;
}

int
describe_columns(struct db *db, const PGresult *described, bool is_table, struct schema *schema,
		 unsigned *types, struct err *e)
{
	char *bases = oid_array(described, PQftype), *mods = int_array(described, PQfmod);
	char *tables = oid_array(described, PQftable),
	     *places = int_array(described, PQftablecol);
	const char *params[] = {bases, mods, tables, places, is_table ? "t" : "f"};
	PGresult *res = db_query(db, e, columns_sql, 5, params);
	int rc = res != NULL ? add_columns(described, res, schema, types, e) : -1;

	PQclear(res);
	free(bases);
	free(mods);
	free(tables);
	free(places);
	return rc;
}
