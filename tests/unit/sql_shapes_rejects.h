/*
 * Shapes of plans that leave out rows which are refused, a part of sql_shapes.h.
 */
#ifndef TESTS_SQL_SHAPES_REJECTS_H
#define TESTS_SQL_SHAPES_REJECTS_H

static void
rejects_insert(struct made *m)
{
	three_columns(m);
	stage(m);
	reject(m);
}

static void
rejects_named(struct made *m)
{
	rejects_insert(m);
	m->st->rejects->named = true;
}

static void
rejects_late(struct made *m)
{
	rejects_insert(m);
	m->st->rejects->late = true;
	m->st->suspects[SUSPECT_VALUES] =
		xstrdup("SELECT portl_place FROM s WHERE s.note IS NULL");
	m->st->suspects[SUSPECT_REFERENCES] = xstrdup(
		"SELECT portl_place FROM s WHERE NOT EXISTS (SELECT FROM ONLY public.r AS p"
		" WHERE p.id OPERATOR(pg_catalog.=) s.id)");
	m->st->suspects[SUSPECT_TWICE] = xstrdup(
		"SELECT portl_place FROM s WHERE EXISTS (SELECT FROM public.orders AS t"
		" WHERE t.note OPERATOR(pg_catalog.=) s.note)");
}

static void
rejects_overwrite(struct made *m)
{
	in_rounds(m);
	reject(m);
}

static void
rejects_self(struct made *m)
{
	rejects_overwrite(m);
	m->st->rejects->late = m->st->rejects->self = true;
	m->st->suspects[SUSPECT_LOST] = xstrdup("SELECT portl_place FROM s WHERE s.id < 0");
	m->st->suspects[SUSPECT_LOST_TOO] = xstrdup(
		"SELECT s.portl_place FROM lost JOIN s ON s.id OPERATOR(pg_catalog.=) 1");
}

static void
rejects_skip(struct made *m)
{
	skip(m);
	reject(m);
}

/* A key may have no value, which is seen before the rows are ranked by it. */
static void
rejects_key_cast(struct made *m)
{
	rejects_overwrite(m);
	m->p->columns[0].way = PLAN_TEXT;
	m->p->columns[0].stage_type = intern("text");
	m->p->columns[0].cast_type = intern("bigint");
}

static void
rejects_first(struct made *m)
{
	in_rounds(m);
	m->rules.duplicates = DUPLICATES_FIRST;
	reject(m);
}

static void
rejects_error(struct made *m)
{
	in_rounds(m);
	m->rules.duplicates = DUPLICATES_ERROR;
	reject(m);
}

/* Names that would end a quoted one, a constant or a statement, were they not quoted. */

#endif /* TESTS_SQL_SHAPES_REJECTS_H */
