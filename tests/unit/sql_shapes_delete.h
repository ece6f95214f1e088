/*
 * Shapes of plans that delete, a part of sql_shapes.h: each is one that loads, and more.
 */
#ifndef TESTS_SQL_SHAPES_DELETE_H
#define TESTS_SQL_SHAPES_DELETE_H

/* --delete of rows that are found before those of the stream come. */
static void
delete_absent(struct made *m)
{
	m->rules.absent =
		(struct rules_absent_rows){.what = ABSENT_DELETE, .most = 50, .percent = true};
	m->st->deletes = m->st->finds = m->st->delete_first = true;
}

static void
delete_first(struct made *m)
{
	overwrite(m);
	delete_absent(m);
}

/* They are referred to, and triggers may change keys. */
static void
delete_last(struct made *m)
{
	triggers_before_insert(m);
	add_key(m, 2);
	delete_absent(m);
	m->rules.absent.scope = "note = 'EU' -- only";
	m->rules.absent.several = true;
	m->st->delete_first = false;
}

static void
delete_null_keys(struct made *m)
{
	nulls_not_distinct(m);
	delete_absent(m);
	m->rel->kind = 'p';
}

static void
delete_by_keys(struct made *m)
{
	key_alone(m);
	delete_absent(m);
	m->rules.keys = KEYS_ALONE;
	m->st->delete_first = false;
	m->st->counts_late = true;
}

/* The header names the key's columns in another order than its index. */
static void
delete_by_keys_in_order(struct made *m)
{
	add_column(m, "nr", "integer", "integer");
	delete_by_keys(m);
	add_key(m, 0);
	m->st->key[0] = 1;
	m->rules.absent.scope = "nr > 0 -- only";
	m->rel->columns[0].not_null_itself = true;
	ident_list_add(&m->header->order, "nr");
	ident_list_add(&m->header->order, "id");
	m->st->passes = true;
}

static void
delete_keys_follow(struct made *m)
{
	delete_first(m);
	m->rules.keys = KEYS_FOLLOW;
	m->st->finds = m->st->delete_first = false;
	m->st->counts_late = true;
}

#endif /* TESTS_SQL_SHAPES_DELETE_H */
