/*
 * Types: binary values must be read at the target as what they were at the
 * source; text goes through the target type's input function and needs nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/db.h"
#include "common/err.h"
#include "common/log.h"
#include "common/relation.h"
#include "common/schema.h"
#include "common/typedocs.h"
#include "common/xalloc.h"
#include "load/plan.h"
#include "load/plan_parts.h"
#include "load/reasons.h"

#define OID_FREE_CONTAINERS \
	140000 /* arrays and composites may carry foreign OIDs from here on */

/* The digits of "(p,s)" in a type's modifiers: how many were found. */
static int
modifiers(const char *type, int *first, int *second)
{
	const char *paren = strchr(type, '(');

	*first = *second = 0;
	if (paren == NULL || type[0] == '"')
		return 0;
	return sscanf(paren, "(%d,%d)", first, second);
}

/* Legal, but something may be rounded away: say so before the first row. */
static void
warn_of_loss(const struct schema_column *from, const struct relation_column *to)
{
	int fp, fs, tp, ts, nf = modifiers(from->type, &fp, &fs),
			    nt = modifiers(to->type, &tp, &ts);

	if (nt == 0)
		return;
	if (strcmp(to->base, "numeric") == 0 && (nf == 0 || fs > ts))
		log_warning("column \"%s\": %s is rounded to %s", to->name, from->type,
			    to->type);
	else if ((strncmp(to->base, "time", 4) == 0 || strcmp(to->base, "interval") == 0) &&
		 (nf == 0 || fp > tp))
		log_warning("column \"%s\": %s is rounded to %s", to->name, from->type,
			    to->type);
}

static void
compare(const struct plan *p, const struct db *db, size_t i, const json_t *here,
	struct reasons *why)
{
	const struct schema_column *from = &p->schema->columns[i];
	const struct relation_column *to = &p->rel->columns[p->columns[i].place];
	char *differs;

	if (from->base[0] == '\0')
		return; /* bare NDJSON: the target's types are taken */
	if (p->text) {
		differs = typedocs_same_fields(p->schema->types, from->base, here, to->base);
		if (differs != NULL)
			reasons_add(why, "column \"%s\": %s", to->name, differs);
		else
			warn_of_loss(from, to);
		free(differs);
		return;
	}
	differs = typedocs_same_bytes(p->schema->types, from->base, here, to->base);
	if (differs != NULL)
		reasons_add(why, "column \"%s\": %s; have portl-extract send --values=text",
			    to->name, differs);
	else if (PQserverVersion(db->conn) < OID_FREE_CONTAINERS &&
		 typedocs_is_container(p->schema->types, from->base))
		reasons_add(why,
			    "column \"%s\": servers before 14 cannot read binary %s of "
			    "another database; have portl-extract send --values=text",
			    to->name, from->type);
	else
		warn_of_loss(from, to);
	free(differs);
}

/* A bare NDJSON stream says nothing of types: it is read as what the table has. */
static void
adopt_types(struct plan *p, json_t *here)
{
	size_t i;

	if (p->schema == NULL)
		return;
	for (i = 0; i < p->ncolumns; i++) {
		struct schema_column *c = &p->schema->columns[i];

		if (c->base[0] != '\0' || p->columns[i].place < 0)
			continue;
		free(c->type);
		free(c->base);
		c->type = xstrdup(p->rel->columns[p->columns[i].place].type);
		c->base = xstrdup(p->rel->columns[p->columns[i].place].base);
		json_object_update(p->schema->types, here);
	}
}

static int
check_existing(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	unsigned *oids = xcalloc(p->ncolumns, sizeof(*oids));
	struct typedocs here;
	size_t i, n = 0;
	int rc;

	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].place >= 0)
			oids[n++] = p->rel->columns[p->columns[i].place].type_oid;
	rc = typedocs_fetch(db, oids, n, &here, e);
	free(oids);
	for (i = 0; rc == 0 && p->schema != NULL && i < p->ncolumns; i++)
		if (p->columns[i].place >= 0)
			compare(p, db, i, here.types, why);
	if (rc == 0)
		adopt_types(p, here.types);
	typedocs_release(&here);
	return rc;
}

/* "'a', 'b'" for the columns to be created, NULL where there is no text. */
static char *
literals(const struct plan *p, struct db *db, bool collations)
{
	struct buf b = BUF_INIT;
	const char *comma = "";
	size_t i;

	for (i = 0; i < p->ncolumns; i++) {
		const struct schema_column *c = &p->schema->columns[i];
		const char *text = collations ? c->collation : c->type;

		if (p->columns[i].target == NULL)
			continue;
		buf_adds(&b, comma);
		if (text != NULL)
			db_add_literal(db, &b, text);
		else
			buf_adds(&b, "NULL");
		comma = ", ";
	}
	return buf_detach(&b);
}

static PGresult *
look_up_types(const struct plan *p, struct db *db, struct err *e)
{
	char *types = literals(p, db, false), *collations = literals(p, db, true);
	char *sql = xasprintf(
		"SELECT to_regtype(t)::oid, c IS NULL OR to_regcollation(c) IS NOT NULL,"
		" format_type(to_regtype(t), NULL)"
		" FROM ROWS FROM (unnest(ARRAY[%s]::text[]), unnest(ARRAY[%s]::text[]))"
		" WITH ORDINALITY AS x(t, c, n) ORDER BY n",
		types, collations);
	PGresult *res = db_query(db, e, sql, 0, NULL);

	free(sql);
	free(types);
	free(collations);
	return res;
}

/* Row ${row} of look_up_types() is about stream column ${i}. */
static unsigned
check_new_column(const struct plan *p, size_t i, const PGresult *res, int row,
		 struct reasons *why)
{
	const struct schema_column *c = &p->schema->columns[i];

	if (PQgetisnull(res, row, 0)) {
		reasons_add(why, "column \"%s\": type %s does not exist in this database",
			    c->name, c->type);
		return 0;
	}
	if (PQgetvalue(res, row, 1)[0] != 't')
		reasons_add(why, "column \"%s\": collation %s does not exist in this database",
			    c->name, c->collation);
	return (unsigned)strtoul(PQgetvalue(res, row, 0), NULL, 10);
}

static int
check_new(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	PGresult *res = look_up_types(p, db, e);
	unsigned *oids = xcalloc(p->ncolumns, sizeof(*oids));
	struct typedocs here;
	size_t i, n = 0;
	int row = 0, rc = res != NULL ? 0 : -1;

	for (i = 0; rc == 0 && i < p->ncolumns; i++)
		if (p->columns[i].target != NULL) {
			oids[n] = check_new_column(p, i, res, row++, why);
			n += oids[n] != 0;
		}
	if (rc == 0)
		rc = typedocs_fetch(db, oids, n, &here, e);
	for (i = 0, row = 0; rc == 0 && i < p->ncolumns; i++) {
		const struct schema_column *c = &p->schema->columns[i];
		char *differs = NULL;

		if (p->columns[i].target == NULL)
			continue;
		if (!PQgetisnull(res, row, 0))
			differs = (p->text ? typedocs_same_fields : typedocs_same_bytes)(
				p->schema->types, c->base, here.types, PQgetvalue(res, row, 2));
		if (differs != NULL)
			reasons_add(why, "column \"%s\": %s", c->name, differs);
		free(differs);
		row++;
	}
	if (rc == 0)
		typedocs_release(&here);
	free(oids);
	PQclear(res);
	return rc;
}

int
plan_types(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	if (p->rel != NULL)
		return check_existing(p, db, why, e);
	if (why->n > 0)
		return 0; /* nothing to create anyway */
	return check_new(p, db, why, e);
}
