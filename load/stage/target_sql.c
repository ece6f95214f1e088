/*
 * The target's statements.  Names are quoted; types and collations are what this server
 * says.
 */
#include "load/stage/target_sql.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/relname.h"
#include "common/pg/relation.h"
#include "common/schema/schema.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"
#include "load/stage/sqlparts.h"

/* A worker at VACUUM would have to be waited for when the table gets its name. */
#define RESTING " WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false)"

/* It is there since it was known that columns are missing. */
char *
target_sql_add(struct sqlparts *w)
{
	return w->p->sql[SQL_ADD];
}

static bool
is_aside(const struct sqlparts *w)
{
	enum rules_parts what = w->p->rules->parts.what;

	return (what == PARTS_ASIDE || what == PARTS_PLACE) && w->p->rel == NULL;
}

/* Which is called ${name} there. */
static void
add_create(struct sqlparts *w, const struct relname *name)
{
	const struct plan *p = w->p;
	const char *comma = "";
	size_t i;

	sqlparts_add(w, "CREATE TABLE ");
	relname_add_quoted(name, &w->sql);
	sqlparts_add(w, " (");
	for (i = 0; i < p->ncolumns; i++) {
		const struct plan_column *c = &p->columns[i];

		if (c->target == NULL)
			continue;
		sqlparts_add(w, comma);
		ident_add_quoted(&w->sql, c->target);
		sqlparts_add(w, " ");
		ident_add_type(&w->sql, c->new_type);
		if (c->new_collation != NULL)
			buf_addf(&w->sql, " COLLATE %s", c->new_collation);
		sqlparts_add(w, p->schema->columns[i].not_null ? " NOT NULL" : "");
		comma = ", ";
	}
	sqlparts_add(w, ")");
}

char *
target_sql_create(struct sqlparts *w)
{
	if (w->p->rel != NULL)
		return NULL;
	add_create(w, plan_into(w->p));
	return sqlparts_text(w, is_aside(w) ? RESTING : "");
}

/* Is there a primary key of which all came along? */
static bool
has_key(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->schema->nprimary_key; i++) {
		int at = schema_find(p->schema, p->schema->primary_key[i]);

		if (at < 0 || p->columns[at].target == NULL)
			return false;
	}
	return p->schema->nprimary_key > 0;
}

static void
add_key(struct sqlparts *w, const struct relname *name)
{
	const struct plan *p = w->p;
	size_t i;

	sqlparts_add(w, "ALTER TABLE ");
	relname_add_quoted(name, &w->sql);
	sqlparts_add(w, " ADD PRIMARY KEY (");
	for (i = 0; i < p->schema->nprimary_key; i++) {
		int at = schema_find(p->schema, p->schema->primary_key[i]);

		sqlparts_add(w, i > 0 ? ", " : "");
		ident_add_quoted(&w->sql, p->columns[at].target);
	}
	sqlparts_add(w, ")");
}

/* The source's primary key, if all of it came along; made after the rows. */
static char *
key_sql(struct sqlparts *w)
{
	if (!has_key(w->p))
		return NULL;
	add_key(w, plan_into(w->p));
	return buf_detach(&w->sql);
}

char *
target_sql_like(struct sqlparts *w)
{
	if (!is_aside(w))
		return NULL;
	add_create(w, &w->p->target);
	if (has_key(w->p)) {
		sqlparts_add(w, "; ");
		add_key(w, &w->p->target);
	}
	return buf_detach(&w->sql);
}

/* In two steps, between which it has a name that no other table has. */
char *
target_sql_place(struct sqlparts *w)
{
	const struct plan *p = w->p;

	if (!is_aside(w))
		return NULL;
	sqlparts_add(w, "ALTER TABLE {target} SET SCHEMA ");
	ident_add_quoted(&w->sql, p->target.schema);
	sqlparts_add(w, "; ALTER TABLE ");
	ident_add_quoted(&w->sql, p->target.schema);
	sqlparts_add(w, ".");
	ident_add_quoted(&w->sql, p->aside.name);
	sqlparts_add(w, " RENAME TO ");
	ident_add_quoted(&w->sql, p->target.name);
	sqlparts_add(w, "; ALTER TABLE ");
	relname_add_quoted(&p->target, &w->sql);
	sqlparts_add(w, " RESET (autovacuum_enabled, toast.autovacuum_enabled); COMMENT ON"
			" TABLE ");
	relname_add_quoted(&p->target, &w->sql);
	return sqlparts_text(w, " IS NULL");
}

/* Frozen rows need no second visit by VACUUM; only in a table that nobody else can see yet. */
static bool
may_freeze(const struct plan *p)
{
	if (p->rules->rejects)
		return false; /* a savepoint forbids it */
	if (p->rules->batches || (p->rules->parts.what != PARTS_NONE && !p->rules->parts.alone))
		return false; /* others may have seen it, for they write it, too */
	if (p->rel == NULL)
		return true;
	return (p->rules->truncate || p->replace != NULL) && p->rel->kind == 'r' &&
	       p->rel->engine == NULL;
}

char *
target_sql_copy(struct sqlparts *w)
{
	const struct plan *p = w->p;
	const char *comma = " (";
	size_t i;

	sqlparts_add(w, "COPY {target}");
	for (i = 0; i < p->ncolumns; i++) {
		if (p->columns[i].target == NULL)
			continue;
		sqlparts_add(w, comma);
		ident_add_quoted(&w->sql, p->columns[i].target);
		comma = ", ";
	}
	sqlparts_add(w, comma[0] == ',' ? ")" : "");
	sqlparts_add(w, p->text ? " FROM STDIN (FORMAT text" : " FROM STDIN (FORMAT binary");
	return sqlparts_text(w, may_freeze(p) ? ", FREEZE)" : ")");
}

/*
 * Parsing an INSERT takes COPY's lock on the target until the transaction ends,
 * with no privilege beyond what COPY needs; LOCK TABLE wants more before 16.
 */
char *
target_sql_lock(struct sqlparts *w)
{
	if (w->p->rel == NULL || w->p->replace != NULL || (w->st != NULL && w->st->deletes))
		return NULL;
	return sqlparts_text(w, "INSERT INTO {target} DEFAULT VALUES");
}

char *
target_sql_truncate(struct sqlparts *w)
{
	if (w->p->rel == NULL || !w->p->rules->truncate)
		return NULL;
	return sqlparts_text(w, "TRUNCATE TABLE {target}");
}

/* The key goes before the rows where they may conflict, and is built faster behind them. */
static bool
is_key_first(const struct plan *p)
{
	return p->route == PLAN_STAGED || p->rules->batches;
}

char *
target_sql_key_first(struct sqlparts *w)
{
	return w->p->rel == NULL && is_key_first(w->p) ? key_sql(w) : NULL;
}

char *
target_sql_key(struct sqlparts *w)
{
	return w->p->rel == NULL && !is_key_first(w->p) ? key_sql(w) : NULL;
}
