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
#include "load/stage/stagesql.h"

char *
target_sql_create(struct stagesql *w)
{
	const struct plan *p = w->p;
	struct buf sql = BUF_INIT;
	const char *comma = "";
	size_t i;

	if (p->rel != NULL)
		return NULL;
	buf_adds(&sql, "CREATE TABLE ");
	relname_add_quoted(&p->target, &sql);
	buf_adds(&sql, " (");
	for (i = 0; i < p->ncolumns; i++) {
		const struct plan_column *c = &p->columns[i];

		if (c->target == NULL)
			continue;
		buf_adds(&sql, comma);
		ident_add_quoted(&sql, c->target);
		buf_addc(&sql, ' ');
		ident_add_type(&sql, c->new_type);
		if (c->new_collation != NULL)
			buf_addf(&sql, " COLLATE %s", c->new_collation);
		if (p->schema->columns[i].not_null)
			buf_adds(&sql, " NOT NULL");
		comma = ", ";
	}
	buf_addc(&sql, ')');
	return buf_detach(&sql);
}

/* The source's primary key, if all of it came along; made after the rows. */
static char *
key_sql(const struct plan *p)
{
	struct buf sql = BUF_INIT;
	size_t i;

	if (p->schema->nprimary_key == 0)
		return NULL;
	buf_adds(&sql, "ALTER TABLE ");
	relname_add_quoted(&p->target, &sql);
	buf_adds(&sql, " ADD PRIMARY KEY (");
	for (i = 0; i < p->schema->nprimary_key; i++) {
		int at = schema_find(p->schema, p->schema->primary_key[i]);

		if (at < 0 || p->columns[at].target == NULL) {
			buf_release(&sql);
			return NULL;
		}
		buf_adds(&sql, i > 0 ? ", " : "");
		ident_add_quoted(&sql, p->columns[at].target);
	}
	buf_addc(&sql, ')');
	return buf_detach(&sql);
}

/* Frozen rows need no second visit by VACUUM; only in a table that nobody else can see yet. */
static bool
may_freeze(const struct plan *p)
{
	if (p->rules->batches)
		return false;
	if (p->rel == NULL)
		return true;
	return p->rules->truncate && p->rel->kind == 'r';
}

char *
target_sql_copy(struct stagesql *w)
{
	const struct plan *p = w->p;
	struct buf sql = BUF_INIT;
	const char *comma = " (";
	size_t i;

	buf_adds(&sql, "COPY ");
	relname_add_quoted(&p->target, &sql);
	for (i = 0; i < p->ncolumns; i++) {
		if (p->columns[i].target == NULL)
			continue;
		buf_adds(&sql, comma);
		ident_add_quoted(&sql, p->columns[i].target);
		comma = ", ";
	}
	if (comma[0] == ',')
		buf_addc(&sql, ')');
	buf_addf(&sql, " FROM STDIN (FORMAT %s%s)", p->text ? "text" : "binary",
		 may_freeze(p) ? ", FREEZE" : "");
	return buf_detach(&sql);
}

/*
 * Parsing an INSERT takes COPY's lock on the target until the transaction ends,
 * with no privilege beyond what COPY needs; LOCK TABLE wants more before 16.
 */
char *
target_sql_lock(struct stagesql *w)
{
	const struct plan *p = w->p;
	struct buf sql = BUF_INIT;

	if (p->rel == NULL)
		return NULL;
	buf_adds(&sql, "INSERT INTO ");
	relname_add_quoted(&p->target, &sql);
	buf_adds(&sql, " DEFAULT VALUES");
	return buf_detach(&sql);
}

char *
target_sql_truncate(struct stagesql *w)
{
	const struct plan *p = w->p;
	struct buf sql = BUF_INIT;

	if (p->rel == NULL || !p->rules->truncate)
		return NULL;
	buf_adds(&sql, "TRUNCATE TABLE ");
	relname_add_quoted(&p->target, &sql);
	return buf_detach(&sql);
}

/* The key goes before the rows where they may conflict, and is built faster behind them. */
static bool
is_key_first(const struct plan *p)
{
	return p->route == PLAN_STAGED || p->rules->batches;
}

char *
target_sql_key_first(struct stagesql *w)
{
	return w->p->rel == NULL && is_key_first(w->p) ? key_sql(w->p) : NULL;
}

char *
target_sql_key(struct stagesql *w)
{
	return w->p->rel == NULL && !is_key_first(w->p) ? key_sql(w->p) : NULL;
}
