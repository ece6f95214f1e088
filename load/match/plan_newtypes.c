/*
 * The types of columns to be created, looked up by the names that the stream gives them.
 */
#include "load/match/plan_newtypes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/schema/schema.h"
#include "load/match/plan.h"
#include "load/match/plan_exttype.h"

#define TYPE_MODIFIERS 170000 /* the server reads a type's modifiers from here on */

enum what { NAMES, TYPES, COLLATIONS };

/* "'a', 'b'" for the columns to be created, NULL where there is no text. */
static char *
literals(const struct plan *p, enum what what)
{
	struct buf b = BUF_INIT;
	const char *comma = "";
	size_t i;

	for (i = 0; i < p->ncolumns; i++) {
		const struct schema_column *c = &p->schema->columns[i];
		const char *text = p->columns[i].unread ? NULL : c->collation;

		if (plan_new_name(p, i) == NULL)
			continue;
		if (what != COLLATIONS)
			text = what == TYPES ? p->columns[i].new_type : plan_new_name(p, i);
		buf_adds(&b, comma);
		if (text != NULL)
			ident_add_literal(&b, text);
		else
			buf_adds(&b, "NULL");
		comma = ", ";
	}
	return buf_detach(&b);
}

/*
 * Nothing that a stream says becomes SQL but as a quoted identifier, a constant, or a
 * name that this server has read: "base" and collation as it writes them itself, and a
 * type with its modifiers too, or, before 17, where it cannot, in the very words that
 * to_regtype() has taken for one type and header_from_json() for words, quoted names and
 * brackets.
 */
static PGresult *
look_up_types(const struct plan *p, struct db *db, struct err *e)
{
	char *types = literals(p, TYPES), *collations = literals(p, COLLATIONS);
	char *names = literals(p, NAMES);
	char *sql = xasprintf(
		"SELECT to_regtype(t)::oid,"
		" (SELECT format('%%I.%%I', n.nspname, l.collname) FROM pg_collation l"
		" JOIN pg_namespace n ON n.oid = l.collnamespace"
		" WHERE l.oid = to_regcollation(c)), format_type(to_regtype(t), NULL),"
		" octet_length(name) > current_setting('max_identifier_length')::int, %s,"
		" EXISTS (SELECT FROM pg_type WHERE oid = to_regtype(t) AND typtype = 'p'),"
		" EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'pg_class'::regclass"
		" AND attnum < 0 AND attname = name)"
		" FROM ROWS FROM (unnest(ARRAY[%s]::text[]), unnest(ARRAY[%s]::text[]),"
		" unnest(ARRAY[%s]::text[])) WITH ORDINALITY AS x(t, c, name, n) ORDER BY n",
		PQserverVersion(db->conn) >= TYPE_MODIFIERS
			? "format_type(to_regtype(t), to_regtypemod(t))"
			: "t",
		types, collations, names);
	PGresult *res = db_query(db, e, sql, 0, NULL);

	free(sql);
	free(types);
	free(collations);
	free(names);
	return res;
}

/* A text that is no name at all is an error of the whole query, so each is asked by itself. */
static int
find_unread(struct plan *p, struct db *db, struct err *e)
{
	struct err ignored = ERR_INIT;
	size_t i;

	for (i = 0; i < p->ncolumns; i++) {
		const struct schema_column *c = &p->schema->columns[i];
		const char *params[] = {c->type, c->collation};
		PGresult *res;

		if (plan_new_name(p, i) == NULL)
			continue;
		res = db_query(db, &ignored,
			       PQserverVersion(db->conn) >= TYPE_MODIFIERS
				       ? "SELECT to_regtype($1), to_regcollation($2),"
					 " to_regtypemod($1)"
				       : "SELECT to_regtype($1), to_regcollation($2)",
			       2, params);
		if (res == NULL) {
			p->columns[i].unread = true;
			p->columns[i].new_type = NULL;
		}
		PQclear(res);
		err_release(&ignored);
		if (db_exec(db, e, "ROLLBACK TO SAVEPOINT portl_types") != 0)
			return -1;
	}
	return 0;
}

PGresult *
plan_newtypes(struct plan *p, struct db *db, struct err *e)
{
	PGresult *res;

	if (db_exec(db, e, "SAVEPOINT portl_types") != 0)
		return NULL;
	res = plan_exttype(p, db, e) == 0 ? look_up_types(p, db, e) : NULL;
	if (res == NULL && e->sqlstate[0] != '\0' && !db_is_lost(db)) {
		err_release(e);
		if (db_exec(db, e, "ROLLBACK TO SAVEPOINT portl_types") != 0 ||
		    find_unread(p, db, e) != 0 || plan_exttype(p, db, e) != 0)
			return NULL;
		res = look_up_types(p, db, e);
	}
	if (res != NULL && db_exec(db, e, "RELEASE SAVEPOINT portl_types") != 0) {
		PQclear(res);
		return NULL;
	}
	return res;
}
