/*
 * The statements of a plan.  Names are quoted by ident; types and collations
 * are what this server says.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/relname.h"
#include "common/pg/relation.h"
#include "common/schema/schema.h"
#include "load/match/plan.h"
#include "load/match/plan_parts.h"
#include "load/rules/rules.h"

static void
add_target(const struct plan *p, struct buf *sql)
{
	relname_add_quoted(&p->target, sql);
}

static char *
create_sql(const struct plan *p)
{
	struct buf sql = BUF_INIT;
	const char *comma = "";
	size_t i;

	buf_adds(&sql, "CREATE TABLE ");
	add_target(p, &sql);
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
	add_target(p, &sql);
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

static char *
copy_sql(const struct plan *p)
{
	struct buf sql = BUF_INIT;
	const char *comma = " (";
	size_t i;

	buf_adds(&sql, "COPY ");
	add_target(p, &sql);
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
static char *
lock_sql(const struct plan *p)
{
	struct buf sql = BUF_INIT;

	buf_adds(&sql, "INSERT INTO ");
	add_target(p, &sql);
	buf_adds(&sql, " DEFAULT VALUES");
	return buf_detach(&sql);
}

static char *
truncate_sql(const struct plan *p)
{
	struct buf sql = BUF_INIT;

	buf_adds(&sql, "TRUNCATE TABLE ");
	add_target(p, &sql);
	return buf_detach(&sql);
}

void
plan_sql(struct plan *p)
{
	if (p->rel == NULL) {
		p->create_sql = create_sql(p);
		p->key_sql = key_sql(p);
	} else {
		p->lock_sql = lock_sql(p);
		if (p->rules->truncate)
			p->truncate_sql = truncate_sql(p);
	}
	p->key_first = p->route == PLAN_STAGED || p->rules->batches;
	if (p->route == PLAN_STAGED)
		plan_stage_sql(p);
	else
		p->copy_sql = copy_sql(p);
}
