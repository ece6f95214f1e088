/*
 * The shapes of plans whose rows come in parts, see sql_shapes.h, which includes this.
 */
#ifndef TESTS_SQL_SHAPES_RUNS_H
#define TESTS_SQL_SHAPES_RUNS_H

/* By way of a table whose name has to be quoted. */
static void
by_parts(struct made *m, enum rules_parts what)
{
	static char schema[] = "led\"ger", name[] = "portl_0123456789abcdef_1";

	m->rules.parts.what = what;
	m->rules.parts.table = (struct relname){.schema = schema, .name = name};
	if (m->p->rel == NULL)
		relname_set(&m->p->aside, schema, name);
}

static void
parts_stage(struct made *m)
{
	hostile_names(m);
	by_parts(m, PARTS_STAGE);
}

static void
parts_publish(struct made *m)
{
	hostile_names(m);
	by_parts(m, PARTS_PUBLISH);
}

static void
parts_publish_by_merge(struct made *m)
{
	overwrite_by_merge(m);
	by_parts(m, PARTS_PUBLISH);
	m->st->numbers_late = false;
}

static void
parts_place(struct made *m)
{
	create_direct(m);
	by_parts(m, PARTS_PLACE);
}

#endif /* TESTS_SQL_SHAPES_RUNS_H */
