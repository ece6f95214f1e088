/*
 * Casts.  The value is staged as the type it has in the stream, which must
 * exist here and mean the same, and then
 *
 *   - assigned, where PostgreSQL has an assignment cast: what pg_cast says, the
 *     same for the elements of two arrays, the output function towards strings
 *     (find_coercion_pathway() in the server's parse_coerce.c), or
 *   - read from its text by the target's input function, where that text is
 *     what the input function is for: strings and labels of enums into
 *     anything, ranges whose bounds have an implicit cast, arrays of these.
 *
 * Everything else is refused: an integer's text may well be a date, but not
 * the one that was meant.  Values that come as text are read by the target's
 * input function in any case, with a warning where that is so.  Enums travel as their labels
 * and are staged as text, so theirs need not exist here.
 */
#include "load/match/plan_cast.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/intern.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/pg/typeread.h"
#include "common/schema/schema.h"
#include "common/schema/typedocs.h"
#include "load/match/plan.h"
#include "load/match/plan_leaves.h"
#include "load/match/reasons.h"

#define FIRST_USER_OID 16384 /* FirstNormalObjectId */

/* A column that needs a cast; strings are owned. */
struct cast {
	size_t column;             /* in the stream */
	char *from, *to;           /* the types, domains unwrapped, without modifiers */
	char *from_item, *to_item; /* what two arrays are made of, or both NULL */
	bool labels;               /* the stream's type is an enum, or an array of one */
};

/*
 * For each pair of types, and of what they are made of: the types as they are
 * written here, and a: assignment, t: through text, -: neither.  The staging type
 * needs no modifiers, for the values have met them already.
 */
static const char casts_sql[] =
	"SELECT s, format_type(s, -1), format_type(t, -1),"
	" CASE WHEN EXISTS (SELECT FROM (VALUES (s, t), (si, ti)) AS pair(x, y) WHERE x = y"
	" OR EXISTS (SELECT FROM pg_cast"
	"  WHERE castsource = x AND casttarget = y AND castcontext <> 'e')"
	" OR EXISTS (SELECT FROM pg_type WHERE oid = y AND typcategory = 'S') AND NOT EXISTS"
	"  (SELECT FROM pg_cast WHERE castsource = x AND casttarget = y)) THEN 'a'"
	" WHEN EXISTS (SELECT FROM pg_type WHERE oid = coalesce(si, s) AND typcategory = 'S')"
	" THEN 't'"
	" WHEN EXISTS (SELECT FROM pg_range a, pg_range b WHERE %s"
	"  AND (a.rngsubtype = b.rngsubtype OR EXISTS (SELECT FROM pg_cast"
	"  WHERE castsource = a.rngsubtype AND casttarget = b.rngsubtype"
	"  AND castcontext = 'i'))) THEN 't'"
	" ELSE '-' END"
	" FROM (SELECT n, to_regtype(s)::oid AS s, to_regtype(t)::oid AS t,"
	"  to_regtype(si)::oid AS si, to_regtype(ti)::oid AS ti"
	"  FROM ROWS FROM (%s) WITH ORDINALITY AS names(s, t, si, ti, n)) AS c"
	" ORDER BY n";

static const char range_sql[] = "a.rngtypid = s AND b.rngtypid = t";
static const char multirange_sql[] =
	"(a.rngtypid = s AND b.rngtypid = t OR a.rngmultitypid = s AND b.rngmultitypid = t)";

/* The element's type if ${base} names an array, with domains unwrapped, else NULL. */
static char *
item_of(const json_t *types, const char *base)
{
	size_t len = strlen(base);
	char *item, *unwrapped;

	if (len <= 2 || strcmp(base + len - 2, "[]") != 0)
		return NULL;
	item = xstrndup(base, len - 2);
	unwrapped = xstrdup(typedocs_unwrap(types, item));
	free(item);
	return unwrapped;
}

static struct cast
describe(const struct plan *p, size_t column, const json_t *here)
{
	const json_t *there = p->schema->types;
	const char *from = typedocs_unwrap(there, p->schema->columns[column].base);
	const char *to = typedocs_unwrap(here,
					 p->rel->columns[p->columns[column].position].base);
	struct cast c = {.column = column, .to = xstrdup(to)};

	c.from_item = item_of(there, from);
	c.to_item = item_of(here, to);
	c.labels = strcmp(typedocs_kind(there, c.from_item != NULL ? c.from_item : from),
			  "enum") == 0;
	if (!c.labels) {
		c.from = xstrdup(from);
	} else if (c.from_item == NULL) {
		c.from = xstrdup("text");
	} else {
		c.from = xstrdup("text[]");
		free(c.from_item);
		c.from_item = xstrdup("text");
	}
	if (c.from_item == NULL || c.to_item == NULL) {
		free(c.from_item);
		free(c.to_item);
		c.from_item = c.to_item = NULL;
	}
	return c;
}

static void
release(struct cast *c)
{
	free(c->from);
	free(c->to);
	free(c->from_item);
	free(c->to_item);
}

static const char *
name_of(const struct cast *c, int which)
{
	const char *const names[] = {c->from, c->to, c->from_item, c->to_item};

	return names[which];
}

/* "unnest(ARRAY['text', …]), …" for each of the four names. */
static char *
arrays_of_names(const struct cast *casts, size_t n)
{
	struct buf b = BUF_INIT;
	const char *name;
	size_t i;
	int which;

	for (which = 0; which < 4; which++) {
		buf_adds(&b, which > 0 ? ", unnest(ARRAY[" : "unnest(ARRAY[");
		for (i = 0; i < n; i++) {
			name = name_of(&casts[i], which);
			buf_adds(&b, i > 0 ? ", " : "");
			if (name != NULL)
				ident_add_literal(&b, name);
			else
				buf_adds(&b, "NULL");
		}
		buf_adds(&b, "]::text[])");
	}
	return buf_detach(&b);
}

static PGresult *
look_up(struct db *db, const struct cast *casts, size_t n, struct err *e)
{
	char *names = arrays_of_names(casts, n);
	const char *ranges = PQserverVersion(db->conn) >= 140000 ? multirange_sql : range_sql;
	char *sql = xasprintf(casts_sql, ranges, names);
	PGresult *res = db_query(db, e, sql, 0, NULL);

	free(sql);
	free(names);
	return res;
}

static unsigned
oid_at(const PGresult *res, size_t row)
{
	return (unsigned)strtoul(PQgetvalue(res, (int)row, 0), NULL, 10);
}

/* What the staging types are made of here, if any of them is the user's. */
static int
fetch_docs(struct db *db, const PGresult *res, size_t n, struct typedocs *docs, struct err *e)
{
	unsigned *oids = xcalloc(n, sizeof(*oids));
	size_t i, users = 0;
	int rc;

	for (i = 0; i < n; i++)
		if (oid_at(res, i) >= FIRST_USER_OID)
			oids[users++] = oid_at(res, i);
	rc = typeread_docs(db, oids, users, docs, e);
	free(oids);
	return rc;
}

/* Text is read whatever it is of; but only the like of it is read as what was meant. */
static void
settle_text(struct plan *p, const struct cast *c, const PGresult *res, int row)
{
	struct plan_column *column = &p->columns[c->column];

	if (!column->refused && !PQgetisnull(res, row, 0) && PQgetvalue(res, row, 3)[0] == '-')
		column->loss =
			intern_take(xasprintf("has no cast to %s, but its text is read as one",
					      p->rel->columns[column->position].type));
}

/* Row ${row} of look_up() says how; the staging type must be the stream's. */
static void
settle(struct plan *p, const struct cast *c, const PGresult *res, int row, const json_t *stage,
       struct reasons *why)
{
	struct plan_column *column = &p->columns[c->column];
	const struct schema_column *from = &p->schema->columns[c->column];
	const char *way = PQgetvalue(res, row, 3);
	char *differs = NULL;

	if (PQgetisnull(res, row, 0)) {
		plan_refuse(p, c->column, why, PLAN_SEND_TEXT,
			    "cannot be cast from type %s, which does not exist here",
			    from->type);
		return;
	}
	if (!c->labels)
		differs = typedocs_same_bytes(p->schema->types, c->from, stage, c->from);
	if (differs != NULL) {
		plan_refuse(p, c->column, why, PLAN_SEND_TEXT, "cannot be cast: %s", differs);
	} else if (way[0] == '-') {
		plan_refuse(p, c->column, why,
			    "cast it in portl-extract's --query, or drop it with --map",
			    "cannot take %s as %s: there is no assignment cast", from->type,
			    p->rel->columns[column->position].type);
	} else {
		column->way = way[0] == 'a' ? PLAN_CAST : PLAN_TEXT;
		column->stage_type = intern(PQgetvalue(res, row, 1));
		column->cast_type = intern(PQgetvalue(res, row, 2));
	}
	free(differs);
}

/* Strings are read as blank-padded ones, labels as text, byte by byte. */
static bool
reads_bytes(const struct cast *c)
{
	bool string = strcmp(c->from, "text") == 0 || strcmp(c->from, "character varying") == 0;

	if (string && (strcmp(c->to, "text") == 0 || strcmp(c->to, "character varying") == 0 ||
		       strcmp(c->to, "character") == 0))
		return true;
	return c->labels && strcmp(c->from, c->to) == 0;
}

/* What needs no look at the server: true if the column is settled by it. */
static bool
settle_early(struct plan *p, const struct cast *c, const json_t *here, const char *differs,
	     struct reasons *why)
{
	const struct schema_column *from = &p->schema->columns[c->column];
	const struct relation_column *to = &p->rel->columns[p->columns[c->column].position];
	struct plan_leaves of = {{p->schema->types, from->base, from->type},
				 {here, to->base, to->type}};
	const char *cut = plan_leaves_cut(&of);
	bool same = strcmp(typedocs_unwrap(of.from.types, from->base), c->to) == 0 ||
		    strcmp(from->base, to->base) == 0;
	char *fields = same ? typedocs_same_fields(of.from.types, from->base, here, to->base)
			    : NULL;

	/* what text would cut is not what to send as text */
	if (same && (cut == NULL || fields != NULL))
		plan_refuse(p, c->column, why, fields == NULL ? PLAN_SEND_TEXT : NULL,
			    "means something else: %s", differs);
	else if (cut != NULL)
		plan_refuse(p, c->column, why, NULL, PLAN_CUTS, to->type, cut, from->type);
	free(fields);
	return same || cut != NULL || reads_bytes(c);
}

/* Find out on the server how, for the columns that need it. */
static int
settle_by_catalog(struct plan *p, struct db *db, const struct cast *casts, size_t n,
		  struct reasons *why, struct err *e)
{
	PGresult *res = look_up(db, casts, n, e);
	struct typedocs stage = {.types = NULL};
	size_t i;
	int rc = -1;

	if (res == NULL || fetch_docs(db, res, n, &stage, e) != 0)
		goto done;
	for (i = 0; i < n; i++) {
		if (p->text)
			settle_text(p, &casts[i], res, (int)i);
		else
			settle(p, &casts[i], res, (int)i, stage.types, why);
	}
	rc = 0;
done:
	typedocs_release(&stage);
	PQclear(res);
	return rc;
}

int
plan_cast(struct plan *p, struct db *db, const json_t *here, char *const *differs,
	  struct reasons *why, struct err *e)
{
	struct cast *casts = xcalloc(p->ncolumns, sizeof(*casts));
	size_t i, n = 0;
	int rc = 0;

	for (i = 0; i < p->ncolumns; i++) {
		if (differs[i] == NULL)
			continue;
		casts[n] = describe(p, i, here);
		if (!p->text && settle_early(p, &casts[n], here, differs[i], why))
			release(&casts[n]);
		else
			n++;
	}
	if (n > 0)
		rc = settle_by_catalog(p, db, casts, n, why, e);
	for (i = 0; i < n; i++)
		release(&casts[i]);
	free(casts);
	return rc;
}
