/*
 * The plan of --replace.  The server writes all statements and reasons (replace_statements.c,
 * replace_against.c); here they are only put in their places.
 */
#include "load/replace/replace.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/os/runid.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "load/match/reasons.h"
#include "load/replace/replace_parts.h"
#include "load/rules/rules.h"

/* Longer than that no name of ours gets with "_1234" behind it. */
#define PREFIX "portl_replace_"

int
replace_look(const struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	PGresult *res = db_query_oid(db, e, replace_against_sql, p->rel->oid);
	int i;

	if (res == NULL)
		return -1;
	for (i = 0; i < PQntuples(res); i++)
		reasons_add(why, "--replace: %s", PQgetvalue(res, i, 1));
	if (i > 0 && PQgetvalue(res, i - 1, 0)[0] != '1') /* not itself, but what hangs on it */
		why->instead = REPLACE_INSTEAD;
	PQclear(res);
	return 0;
}

char *
replace_likeness(struct db *db, const struct relname *name, bool expressions, struct err *e)
{
	struct relation *rel = relation_find(db, name->schema, name->name, e);
	char *oid, *text;

	if (rel == NULL)
		return NULL;
	oid = xasprintf("%u", rel->oid);
	text = db_query_text(db, e, replace_likeness_sql, 2,
			     (const char *const[]){oid, expressions ? "t" : "f"});
	free(oid);
	relation_free(rel);
	return text;
}

/* The first line of ${of} that ${other} has not, or NULL; the caller frees it. */
static char *
first_missing(const char *of, const char *other)
{
	const char *end;

	for (; *of != '\0'; of = *end != '\0' ? end + 1 : end) {
		char *line;

		end = of + strcspn(of, "\n");
		line = xstrndup(of, (size_t)(end - of));
		if (strstr(other, line) == NULL)
			return line;
		free(line);
	}
	return NULL;
}

void
replace_unlike(const char *before, const char *now, struct err *e)
{
	char *was = first_missing(before, now), *is = first_missing(now, before);

	err_detail(e, "It has %s, the new one %s.", was != NULL ? was : "nothing more",
		   is != NULL ? is : "nothing more");
	free(was);
	free(is);
}

static int
read_statements(struct replace *r, const struct plan *p, struct db *db, struct err *e)
{
	struct buf phases[] = {BUF_INIT, BUF_INIT, BUF_INIT};
	char **const texts[] = {&r->make, &r->build, &r->exchange};
	char *oid = xasprintf("%u", p->rel->oid);
	const char *params[] = {oid, p->aside.name};
	PGresult *res = db_query(db, e, replace_statements_sql, 2, params);
	int i;

	for (i = 0; i < PQntuples(res); i++) {
		struct buf *b = &phases[atoi(PQgetvalue(res, i, 0)) - 1];

		buf_addf(b, "%s%s", b->len > 0 ? "; " : "", PQgetvalue(res, i, 1));
	}
	for (i = 0; i < 3; i++)
		*texts[i] = buf_detach(&phases[i]);
	free(oid);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

static int
read_locks(struct replace *r, const struct plan *p, struct db *db, struct err *e)
{
	PGresult *res = db_query_oid(db, e, replace_statements_locks, p->rel->oid);

	if (res == NULL)
		return -1;
	r->parent = xstrdup(PQgetvalue(res, 0, 0));
	r->referred = xstrdup(PQgetvalue(res, 0, 1));
	r->oids = xstrdup(PQgetvalue(res, 0, 2));
	PQclear(res);
	return 0;
}

static int
read_indexes(struct replace *r, const struct plan *p, struct db *db, struct err *e)
{
	PGresult *res = db_query_oid(db, e, replace_statements_names, p->rel->oid);
	int i;

	if (res == NULL)
		return -1;
	r->nindexes = (size_t)PQntuples(res);
	r->indexes = xcalloc(r->nindexes + 1, sizeof(*r->indexes));
	for (i = 0; i < PQntuples(res); i++)
		r->indexes[i] = xstrdup(PQgetvalue(res, i, 0));
	PQclear(res);
	return 0;
}

int
replace_plan(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	size_t before = why->n;
	char id[RUNID_LEN + 1], *name;

	if (!p->rules->replace || p->rel == NULL)
		return 0;
	if (p->rules->together && p->rules->parts.what == PARTS_NONE)
		reasons_add(why, "--replace: it is one of several; load it by itself");
	if (p->rel->engine != NULL)
		reasons_add(why, "--replace: %s, and the new one would be none",
			    p->rel->engine);
	if (replace_look(p, db, why, e) != 0)
		return -1;
	if (why->n > before)
		return 0;
	if (p->aside.name == NULL) { /* of parts it is known, and stands in another schema */
		runid_make(id);
		name = xasprintf(PREFIX "%s", id);
		relname_set(&p->aside, p->target.schema, name);
		free(name);
	}
	p->replace = xcalloc(1, sizeof(*p->replace));
	p->replace->likeness = replace_likeness(db, &p->target, true, e);
	if (p->replace->likeness == NULL || read_statements(p->replace, p, db, e) != 0)
		return -1;
	if (read_indexes(p->replace, p, db, e) != 0)
		return -1;
	return read_locks(p->replace, p, db, e);
}

/* What follows the name of the table aside, "_3", and is to be gone as well. */
static const char *
real_name(const struct plan *p, const char **rest)
{
	const struct replace *r = p->replace;
	char *end;
	unsigned long n;

	if ((*rest)[0] != '_' || !isdigit((unsigned char)(*rest)[1]))
		return p->target.name;
	n = strtoul(*rest + 1, &end, 10);
	if (n == 0 || n > r->nindexes)
		return p->target.name;
	*rest = end;
	return r->indexes[n - 1];
}

static void
name_in(const struct plan *p, char **text)
{
	struct buf b = BUF_INIT;
	const char *rest = *text, *at;

	if (*text == NULL || strstr(*text, p->aside.name) == NULL)
		return;
	while ((at = strstr(rest, p->aside.name)) != NULL) {
		buf_add(&b, rest, (size_t)(at - rest));
		rest = at + strlen(p->aside.name);
		buf_adds(&b, real_name(p, &rest));
	}
	buf_adds(&b, rest);
	free(*text);
	*text = buf_detach(&b);
}

void
replace_name(const struct plan *p, struct err *e)
{
	char **const texts[] = {&e->msg, &e->detail, &e->hint, &e->context, &e->constraint};
	size_t i;

	for (i = 0; p->replace != NULL && i < sizeof(texts) / sizeof(texts[0]); i++)
		name_in(p, texts[i]);
}

void
replace_free(struct replace *r)
{
	size_t i;

	if (r == NULL)
		return;
	free(r->make);
	free(r->build);
	free(r->exchange);
	free(r->parent);
	free(r->referred);
	free(r->oids);
	free(r->likeness);
	for (i = 0; i < r->nindexes; i++)
		free(r->indexes[i]);
	free(r->indexes);
	free(r);
}

int
replace_unseen(struct err *e, const char *instead)
{
	if (strcmp(e->sqlstate, "42883") != 0 && strcmp(e->sqlstate, "42P01") != 0 &&
	    strcmp(e->sqlstate, "42704") != 0) /* no such function, table, other object */
		return -1;
	return err_hint(e,
			"As with pg_restore, functions see no schema but pg_catalog here. Give "
			"them a search_path (ALTER FUNCTION ... SET search_path), or %s.",
			instead);
}
