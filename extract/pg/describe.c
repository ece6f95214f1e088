/*
 * The columns of a statement that has been parsed but not run: names from the
 * protocol's description, types and the rest from the catalog, where a
 * relation's own have been looked up already.
 */
#include "extract/pg/describe.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"
#include "common/pg/relation.h"
#include "common/schema/schema.h"

/* Columns of a query, with what the catalog knows of those that are some table's. */
static const char columns_sql[] =
	"SELECT format_type(d.type, d.mod), format_type(d.type, NULL),"
	" CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation THEN"
	" (SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname) FROM pg_collation l"
	" JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation) END,"
	" coalesce(a.attgenerated <> '', false)"
	" FROM unnest($1::oid[], $2::int4[], $3::oid[], $4::int4[])"
	" WITH ORDINALITY AS d(type, mod, rel, attnum, place)"
	" LEFT JOIN pg_attribute a ON a.attrelid = d.rel AND a.attnum = d.attnum AND d.attnum > 0"
	" JOIN pg_type t ON t.oid = d.type ORDER BY d.place";

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

	for (i = 0; i < PQnfields(res); i++)
		pgarray_add_oid(&b, value(res, i));
	pgarray_end(&b);
	return buf_detach(&b);
}

static int
check_name(const struct schema *schema, const char *name, struct err *e)
{
	if (schema_find(schema, name) < 0)
		return 0;
	err_set(e, EXIT_USAGE, "two columns are called \"%s\"", name);
	return err_hint(e, "Columns are matched by name: give one of them another name with "
			   "AS.");
}

static int
add_columns(const PGresult *described, const PGresult *res, struct schema *schema,
	    unsigned *types, struct err *e)
{
	int i;

	for (i = 0; i < PQntuples(res); i++) {
		const char *name = PQfname(described, i);
		struct schema_column *c;

		if (check_name(schema, name, e) != 0)
			return -1;
		c = schema_add_column(schema, name, PQgetvalue(res, i, 0),
				      PQgetvalue(res, i, 1));
		if (!PQgetisnull(res, i, 2))
			c->collation = intern(PQgetvalue(res, i, 2));
		c->generated = PQgetvalue(res, i, 3)[0] == 't';
		types[i] = PQftype(described, i);
	}
	return 0;
}

static void
add_own_column(const struct relation_column *from, struct schema *schema, unsigned *type)
{
	struct schema_column *c = schema_add_column(schema, from->name, from->type, from->base);

	if (from->collation != NULL)
		c->collation = intern(from->collation);
	c->not_null = from->not_null_itself;
	c->generated = from->generated;
	*type = from->type_oid;
}

/* The protocol would tell the base type where a column has a domain. */
static int
add_own_columns(const PGresult *described, const struct relation *rel, struct schema *schema,
		unsigned *types, struct err *e)
{
	int i;

	for (i = 0; i < PQnfields(described); i++) {
		const char *name = PQfname(described, i);
		int place = relation_column_find(rel, name);

		if (place < 0 || PQftable(described, i) != rel->oid)
			return 1;
		if (check_name(schema, name, e) != 0)
			return -1;
		add_own_column(&rel->columns[place], schema, &types[i]);
	}
	return 0;
}

void
describe_relation(const struct relation *rel, struct schema *schema, unsigned *types)
{
	size_t i;

	for (i = 0; i < rel->ncolumns; i++)
		add_own_column(&rel->columns[i], schema, &types[i]);
}

static int
add_query_columns(struct db *db, const PGresult *described, struct schema *schema,
		  unsigned *types, struct err *e)
{
	char *bases = oid_array(described, PQftype), *mods = int_array(described, PQfmod);
	char *tables = oid_array(described, PQftable),
	     *places = int_array(described, PQftablecol);
	const char *params[] = {bases, mods, tables, places};
	PGresult *res = db_query(db, e, columns_sql, 4, params);
	int rc = -1;

	if (res != NULL)
		rc = PQntuples(res) == PQnfields(described)
			     ? add_columns(described, res, schema, types, e)
			     : 1;
	PQclear(res);
	free(bases);
	free(mods);
	free(tables);
	free(places);
	return rc;
}

int
describe_columns(struct db *db, const PGresult *described, const struct relation *rel,
		 struct schema *schema, unsigned *types, struct err *e)
{
	return rel != NULL ? add_own_columns(described, rel, schema, types, e)
			   : add_query_columns(db, described, schema, types, e);
}
