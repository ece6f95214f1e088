/*
 * ORDER BY for both sides of a comparison.
 */
#include "common/pg/keyorder.h"

#include <libpq-fe.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"

/* A string's type, domains unwrapped, may have modifiers. */
static bool
is_string(const char *plain)
{
	static const char *const names[] = {"text", "character", "name"}; /* and its varying */
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (strncmp(plain, names[i], len) == 0 && strchr(plain, '[') == NULL &&
		    (plain[len] == '\0' || plain[len] == ' ' || plain[len] == '('))
			return true;
	}
	return false;
}

/* "C" compares bytes as they are stored; those of LATIN1 are in the order of UTF-8's. */
static bool
is_stored_in_order(const struct db *db)
{
	const char *encoding = PQparameterStatus(db->conn, "server_encoding");

	return encoding == NULL || strcmp(encoding, "UTF8") == 0 ||
	       strcmp(encoding, "SQL_ASCII") == 0 || strcmp(encoding, "LATIN1") == 0;
}

void
keyorder_add(const struct relation *rel, const char *const *columns, size_t n,
	     const struct db *db, struct buf *sql)
{
	bool stored = is_stored_in_order(db);
	size_t i;

	for (i = 0; i < n; i++) {
		int at = relation_column_find(rel, columns[i]);
		const struct relation_column *c = at >= 0 ? &rel->columns[at] : NULL;
		bool convert = !stored && c != NULL && is_string(c->plain);

		buf_adds(sql, i > 0 ? ", " : " ORDER BY ");
		buf_adds(sql, convert ? "pg_catalog.convert_to(CAST(" : "");
		ident_add_quoted(sql, columns[i]);
		if (convert)
			buf_adds(sql, " AS pg_catalog.text), 'UTF8')");
		else if (c != NULL && c->collatable)
			buf_adds(sql, " COLLATE pg_catalog.\"C\"");
	}
}
