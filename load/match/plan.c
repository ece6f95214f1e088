/*
 * What all steps that make a plan use, so that none of them calls another: refusing a column,
 * looking one up by its target, and writing a staged column's value.
 */
#include "load/match/plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "common/schema/schema.h"
#include "load/match/reasons.h"

char *
plan_map_option(const char *source, const char *target)
{
	char *from = ident_typed(source);
	char *to = target[0] != '\0' ? ident_typed(target) : xstrdup("");
	char *pair = xasprintf("%s=%s", from, to);
	struct buf b = BUF_INIT;
	const char *p;

	buf_adds(&b, "--map '");
	for (p = pair; *p != '\0'; p++) {
		if (*p == '\'')
			buf_adds(&b, "'\\''");
		else
			buf_addc(&b, *p);
	}
	buf_addc(&b, '\'');
	free(pair);
	free(from);
	free(to);
	return buf_detach(&b);
}

void
plan_refuse(struct plan *p, size_t i, struct reasons *why, const char *remedy, const char *fmt,
	    ...)
{
	struct plan_column *c = &p->columns[i];
	const char *name = c->target != NULL ? c->target : c->source;
	char *drop = plan_map_option(c->source, ""), *reason;
	va_list ap;

	va_start(ap, fmt);
	reason = xvasprintf(fmt, ap);
	va_end(ap);
	if (remedy != NULL)
		reasons_add(why, "column \"%s\" %s; %s", name, reason, remedy);
	else
		reasons_add(why, "column \"%s\" %s; drop it with %s", name, reason, drop);
	c->refused = true;
	free(reason);
	free(drop);
}

const struct relname *
plan_into(const struct plan *p)
{
	return p->aside.name != NULL ? &p->aside : &p->target;
}

int
plan_column_into(const struct plan *p, const char *target)
{
	size_t i;

	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].target != NULL && strcmp(p->columns[i].target, target) == 0)
			return (int)i;
	return -1;
}

void
plan_add_value(const struct plan *p, struct buf *sql, size_t i, const char *stage_column)
{
	const struct plan_column *c = &p->columns[i];

	buf_adds(sql, c->way == PLAN_TEXT ? "CAST(CAST(" : "");
	ident_add_quoted(sql, stage_column);
	if (c->way != PLAN_TEXT)
		return;
	buf_adds(sql, " AS pg_catalog.text) AS ");
	ident_add_type(sql, c->cast_type);
	buf_addc(sql, ')');
}

const char *
plan_new_name(const struct plan *p, size_t i)
{
	const struct plan_column *c = &p->columns[i];

	return c->missing ? c->source : p->rel == NULL ? c->target : NULL;
}

void
plan_release(struct plan *p)
{
	size_t i;

	if (p->adopted != NULL)
		schema_release(p->adopted);
	free(p->adopted);
	for (i = 0; i < STATEMENTS; i++)
		free(p->sql[i]);
	free(p->columns);
	free(p->keep);
	relation_free(p->rel);
	free(p->identity);
	free(p->search_path);
}
