/*
 * A type of an extension is called by the schema into which CREATE EXTENSION put it, and that
 * differs between servers.  The table that is created names this server's schema.
 */
#include "load/match/plan_exttype.h"

#include <stdlib.h>

#include "common/base/ident.h"
#include "common/base/intern.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/schema/exttype.h"
#include "common/schema/schema.h"
#include "load/match/plan.h"

/* Where the extension is, if there is no such type where it was. */
static const char schema_sql[] = "SELECT quote_ident(n.nspname) || '.' FROM pg_extension x"
				 " JOIN pg_namespace n ON n.oid = x.extnamespace"
				 " WHERE x.extname = $1 AND to_regtype($2) IS NULL";

static int
rename_type(const char **type, const char *extension, struct db *db, struct err *e)
{
	const char *params[] = {extension, *type};
	char *schema = db_query_text(db, e, schema_sql, 2, params);

	if (schema == NULL)
		return -1;
	if (schema[0] != '\0')
		*type = intern_take(xasprintf("%s%s", schema, *type + ident_schema_len(*type)));
	free(schema);
	return 0;
}

int
plan_exttype(struct plan *p, struct db *db, struct err *e)
{
	size_t i;

	for (i = 0; i < p->ncolumns; i++) {
		const struct schema_column *c = &p->schema->columns[i];
		const char *extension = exttype_extension(p->schema->types, c->base);

		if (plan_new_name(p, i) == NULL || p->columns[i].unread)
			continue;
		p->columns[i].new_type = c->type;
		if (extension != NULL &&
		    rename_type(&p->columns[i].new_type, extension, db, e) != 0)
			return -1;
	}
	return 0;
}
