/*
 * Plans made by hand, one for each shape of which statements are written.
 */
#ifndef TESTS_SQL_SHAPES_H
#define TESTS_SQL_SHAPES_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/intern.h"
#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "common/rows/keyrun.h"
#include "common/schema/header.h"
#include "load/match/plan.h"
#include "load/replace/rebuild.h"
#include "load/replace/replace.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

#define COLUMNS 8 /* there is room for */

struct made {
	struct plan *p;
	struct plan_stage *st; /* p->stage */
	struct relation *rel;  /* p->rel, unless that is to be created */
	struct header *header;
	struct load_rules rules;
	struct ident_list none;
};

/* Column ${name}: what the stream sends as ${from} goes into the table's ${to}. */
static struct plan_column *
add_column(struct made *m, const char *name, const char *from, const char *to)
{
	struct plan *p = m->p;
	size_t i = p->ncolumns++;

	schema_add_column(&m->header->schema, name, from, NULL);
	p->columns[i] = (struct plan_column){
		.source = name, .target = intern(name), .position = (int)m->rel->ncolumns};
	p->keep[i] = true;
	m->rel->columns[m->rel->ncolumns++] = (struct relation_column){.name = intern(name),
								       .type = intern(to),
								       .base = intern(to),
								       .plain = intern(to)};
	return &p->columns[i];
}

static void
begin(struct made *m)
{
	struct plan *p = xcalloc(1, sizeof(*p));

	*m = (struct made){.p = p, .header = header_new()};
	m->rel = xcalloc(1, sizeof(*m->rel));
	m->rel->columns = xcalloc(COLUMNS, sizeof(*m->rel->columns));
	m->rel->kind = 'r';
	m->rel->oid = 16384;
	m->rules = (struct load_rules){.from = &m->none,
				       .to = &m->none,
				       .key = &m->none,
				       .conflict = rules_conflict(CONFLICT_FAIL)};
	p->rules = &m->rules;
	p->header = m->header;
	p->schema = &m->header->schema;
	p->columns = xcalloc(COLUMNS, sizeof(*p->columns));
	p->keep = xcalloc(COLUMNS, sizeof(*p->keep));
	p->rel = m->rel;
	relname_set(&p->target, "public", "orders");
}

static void
three_columns(struct made *m)
{
	add_column(m, "id", "bigint", "bigint");
	add_column(m, "note", "text", "text");
	add_column(m, "changed", "timestamp with time zone", "timestamp with time zone");
}

static void
stage(struct made *m)
{
	m->st = xcalloc(1, sizeof(*m->st));
	strcpy(m->st->id, "0123456789abcdef");
	m->st->newer = -1;
	m->p->stage = m->st;
	m->p->route = PLAN_STAGED;
}

static void
add_key(struct made *m, size_t column)
{
	struct plan_stage *st = m->st;

	if (st->key == NULL) {
		st->key = xcalloc(COLUMNS, sizeof(*st->key));
		st->key_equal = xcalloc(COLUMNS, sizeof(*st->key_equal));
		st->key_collation = xcalloc(COLUMNS, sizeof(*st->key_collation));
		st->index = 16390;
	}
	st->key_equal[st->nkey] = xstrdup("OPERATOR(pg_catalog.=)");
	st->key_collation[st->nkey] = xstrdup("");
	st->key[st->nkey++] = column;
}

/* Rows may conflict by column 0, and nothing of the table is in the way of anything. */
static void
upsert(struct made *m, enum rules_conflict word)
{
	stage(m);
	m->rules.conflict = rules_conflict(word);
	m->st->facts.counted = true;
	m->st->sets = m->rules.conflict->sets;
	m->st->once = m->rules.conflict->keeps;
	m->st->plain = !m->st->once;
	add_key(m, 0);
}

/* The catalog has something that counting by the server's own counters does not see. */
static void
not_plain(struct made *m)
{
	m->st->facts.counted = false;
	m->st->plain = false;
}

static void
reject(struct made *m)
{
	m->rules.rejects = true;
	m->st->plain = false;
	m->st->rejects = xcalloc(1, sizeof(*m->st->rejects));
	m->st->rejects->line = m->rules.conflict->has_key;
	m->st->rejects->first = m->rules.conflict->has_key &&
				m->rules.duplicates != DUPLICATES_LAST;
}

/* The table is not there. */
static void
create(struct made *m)
{
	struct plan *p = m->p;
	size_t i;

	for (i = 0; i < p->ncolumns; i++) {
		p->columns[i].position = -1;
		p->columns[i].new_type = intern(m->rel->columns[i].type);
		p->columns[i].new_base = intern(m->rel->columns[i].base);
	}
	schema_add_key(&m->header->schema, p->columns[0].source);
	p->schema->columns[0].not_null = true;
	relation_free(m->rel);
	m->rel = p->rel = NULL;
	m->rules.create = true;
	if (m->st != NULL) {
		not_plain(m);
		m->st->index = 0;
	}
}

static void
direct(struct made *m)
{
	three_columns(m);
}

static void
direct_text(struct made *m)
{
	three_columns(m);
	m->p->text = true;
}

static void
direct_dropped(struct made *m)
{
	three_columns(m);
	m->p->columns[1] = (struct plan_column){.source = "note", .position = -1};
	m->p->keep[1] = false;
}

static void
create_direct(struct made *m)
{
	three_columns(m);
	create(m);
	m->p->columns[1].new_collation = intern("pg_catalog.\"C\"");
}

static void
create_batches(struct made *m)
{
	create_direct(m);
	m->rules.batches = true;
}

static void
create_overwrite(struct made *m)
{
	three_columns(m);
	upsert(m, CONFLICT_OVERWRITE);
	m->st->folds = true;
	create(m);
}

static void
truncate_direct(struct made *m)
{
	three_columns(m);
	m->rules.truncate = true;
}

static void
truncate_batches(struct made *m)
{
	truncate_direct(m);
	m->rules.batches = true;
}

/* What the server has written of a table is its own, and stands for itself here. */
static void
replace(struct made *m)
{
	struct replace *own = xcalloc(1, sizeof(*own));

	own->make = xstrdup("the table aside");
	own->build = xstrdup("its indexes");
	own->exchange = xstrdup("it takes the place");
	three_columns(m);
	m->rules.replace = true;
	m->p->replace = own;
	relname_set(&m->p->aside, "public", "portl_replace_0123456789abcdef");
}

static void
rebuild(struct made *m)
{
	struct rebuild *own = xcalloc(1, sizeof(*own));

	own->drop = xstrdup("its indexes go");
	own->build = xstrdup("its indexes come");
	truncate_direct(m);
	m->rules.rebuild = true;
	m->p->rebuild = own;
}

static void
skip(struct made *m)
{
	three_columns(m);
	upsert(m, CONFLICT_SKIP);
}

/* All rows of a key are written. */
static void
in_rounds(struct made *m)
{
	three_columns(m);
	upsert(m, CONFLICT_OVERWRITE);
}

static void
overwrite_checks(struct made *m)
{
	in_rounds(m);
	m->st->facts.checks = true;
}

static void
overwrite(struct made *m)
{
	in_rounds(m);
	m->st->folds = true;
}

static void
overwrite_images(struct made *m)
{
	overwrite(m);
	m->p->columns[1].images = true;
}

static void
overwrite_by_merge(struct made *m)
{
	overwrite(m);
	m->st->merges = true;
	m->st->key_columns = xcalloc(1, sizeof(*m->st->key_columns));
	m->st->key_columns[0] = (struct keyrun_column){0, KEYRUN_SIGNED, 8};
	m->st->numbers_late = true;
	m->rel->columns[1].type_oid = 25; /* text; of the other values, images are compared */
}

static void
merge(struct made *m)
{
	three_columns(m);
	upsert(m, CONFLICT_MERGE);
	m->st->folds = true;
}

static void
merge_by_merge(struct made *m)
{
	merge(m);
	m->st->merges = true;
}

static void
newer(struct made *m)
{
	overwrite(m);
	m->rel->columns[1].not_null = true;
	m->rules.newer = "changed";
	m->st->newer = 2;
}

/* NULLs are filled before a row is inserted. */
static void
merge_newer(struct made *m)
{
	newer(m);
	m->rules.conflict = rules_conflict(CONFLICT_MERGE);
	m->st->look_first = true;
	m->st->plain = false;
}

static void
duplicates_first(struct made *m)
{
	in_rounds(m);
	m->rules.duplicates = DUPLICATES_FIRST;
	m->st->plain = false;
}

static void
duplicates_error(struct made *m)
{
	in_rounds(m);
	m->rules.duplicates = DUPLICATES_ERROR;
	m->st->plain = false;
}

static void
casts(struct made *m)
{
	struct plan_column *c;

	add_column(m, "id", "bigint", "bigint");
	c = add_column(m, "price", "double precision", "numeric(10,2)");
	c->way = PLAN_CAST;
	c->cast_type = intern(m->rel->columns[c->position].base);
	c->stage_type = intern("double precision");
	c = add_column(m, "mood", "text", "public.mood");
	c->way = PLAN_TEXT;
	c->stage_type = intern("text");
	c->cast_type = intern("public.mood");
	stage(m);
}

static void
casts_overwrite(struct made *m)
{
	casts(m);
	free(m->st);
	upsert(m, CONFLICT_OVERWRITE);
}

static void
composite_key(struct made *m)
{
	overwrite(m);
	add_key(m, 2);
}

static void
added(struct made *m)
{
	add_column(m, "id", "bigint", "bigint");
	add_column(m, "more", "text", "text");
	m->p->sql[SQL_ADD] = xstrdup(
		"ALTER TABLE \"public\".\"orders\" ADD COLUMN \"more\" pg_catalog.text");
}

static void
key_alone(struct made *m)
{
	add_column(m, "id", "bigint", "bigint");
	upsert(m, CONFLICT_OVERWRITE);
	m->st->sets = m->st->plain = false;
	m->st->once = true;
}

static void
nulls_not_distinct(struct made *m)
{
	in_rounds(m);
	m->st->null_keys = true;
}

static void
partitioned(struct made *m)
{
	overwrite(m);
	m->rel->kind = 'p';
}

static void
triggers_after(struct made *m)
{
	in_rounds(m);
	not_plain(m);
	m->st->facts.after_triggers = true;
}

static void
triggers_before_update(struct made *m)
{
	in_rounds(m);
	not_plain(m);
	m->st->facts.update_triggers = true;
}

static void
triggers_before_insert(struct made *m)
{
	merge(m);
	not_plain(m);
	m->st->folds = false;
	m->st->facts.insert_triggers = m->st->look_first = true;
}

#include "tests/unit/sql_shapes_delete.h"

static void
identity_always(struct made *m)
{
	overwrite(m);
	m->rel->columns[1].identity_always = true;
}

#include "tests/unit/sql_shapes_rejects.h"

static void
hostile_names(struct made *m)
{
	add_column(m, "\"; DROP TABLE t; --", "bigint", "bigint");
	add_column(m, "it's\\", "text", "\"we\"\"ird\".\"ty pe\"");
	add_column(m, "$1 %s\n*/ /*", "text", "text");
	upsert(m, CONFLICT_MERGE);
	m->st->folds = true;
	relname_set(&m->p->target, "sch\"ema", "\xc3\xa4 'b' \\ \"c\"");
	m->rel->columns[1].collation = intern("\"co\"\"ll\".\"a'te\"");
}

#include "tests/unit/sql_shapes_runs.h"

static const struct shape {
	const char *name, *what;
	void (*make)(struct made *m);
} shapes[] = {
	{"direct", "COPY into the table", direct},
	{"direct_text", "the same with rows of text", direct_text},
	{"direct_dropped", "a column of the stream is dropped", direct_dropped},
	{"create", "--create, with the stream's primary key", create_direct},
	{"create_batches", "--create --commit=batch", create_batches},
	{"create_overwrite", "--create --conflict=overwrite", create_overwrite},
	{"truncate", "--truncate", truncate_direct},
	{"truncate_batches", "--truncate --commit=batch", truncate_batches},
	{"replace", "--replace", replace},
	{"rebuild", "--truncate --indexes=rebuild", rebuild},
	{"parts_stage", "a part is staged", parts_stage},
	{"parts_publish", "all parts are staged, and published", parts_publish},
	{"parts_publish_by_merge", "the same where MERGE can do it", parts_publish_by_merge},
	{"parts_place", "parts have filled a table that is to be created", parts_place},
	{"skip", "--conflict=skip", skip},
	{"overwrite", "--conflict=overwrite", overwrite},
	{"overwrite_checks", "the same, and the table has CHECK constraints", overwrite_checks},
	{"overwrite_images", "the same, and a column's type has several images of a value",
	 overwrite_images},
	{"overwrite_by_merge",
	 "--conflict=overwrite where MERGE can do it and keys are watched", overwrite_by_merge},
	{"merge", "--conflict=merge", merge},
	{"merge_by_merge", "the same where MERGE can do it", merge_by_merge},
	{"newer", "--conflict=overwrite --newer=changed, and a column is NOT NULL", newer},
	{"merge_newer", "--conflict=merge --newer=changed, and a column is NOT NULL",
	 merge_newer},
	{"duplicates_first", "--conflict=overwrite --duplicates=first", duplicates_first},
	{"duplicates_error", "--conflict=overwrite --duplicates=error", duplicates_error},
	{"casts", "an assignment cast, and a type that reads the text", casts},
	{"casts_overwrite", "the same with --conflict=overwrite", casts_overwrite},
	{"composite_key", "--conflict=overwrite --key=id,changed", composite_key},
	{"added", "--add-columns, and the table lacks one", added},
	{"key_alone", "--conflict=overwrite, and the stream carries keys only", key_alone},
	{"nulls_not_distinct", "the key's index is NULLS NOT DISTINCT", nulls_not_distinct},
	{"partitioned", "--conflict=overwrite into a partitioned table", partitioned},
	{"triggers_after", "it has AFTER triggers", triggers_after},
	{"triggers_before_update", "it has BEFORE UPDATE triggers", triggers_before_update},
	{"triggers_before_insert", "it has BEFORE INSERT triggers; --conflict=merge",
	 triggers_before_insert},
	{"identity_always", "a column is GENERATED ALWAYS AS IDENTITY", identity_always},
	{"delete_first", "--delete, and nothing refers to the table", delete_first},
	{"delete_last",
	 "--delete --scope --streams=2, with foreign keys and BEFORE INSERT triggers",
	 delete_last},
	{"delete_null_keys", "--delete, the key's index is NULLS NOT DISTINCT",
	 delete_null_keys},
	{"delete_by_keys", "--delete, the stream has the keys of all rows", delete_by_keys},
	{"delete_by_keys_in_order", "the same, and they come in order",
	 delete_by_keys_in_order},
	{"delete_keys_follow", "--delete, and these will follow", delete_keys_follow},
	{"rejects", "--rejects", rejects_insert},
	{"rejects_named", "--rejects, and COPY names each row that is refused", rejects_named},
	{"rejects_late", "--rejects, and queries that say where to cut", rejects_late},
	{"rejects_overwrite", "--rejects --conflict=overwrite", rejects_overwrite},
	{"rejects_self", "the same, and rows refer to each other", rejects_self},
	{"rejects_skip", "--rejects --conflict=skip", rejects_skip},
	{"rejects_key_cast", "--rejects --conflict=overwrite, the key is read from text",
	 rejects_key_cast},
	{"rejects_first", "--rejects --conflict=overwrite --duplicates=first", rejects_first},
	{"rejects_error", "--rejects --conflict=overwrite --duplicates=error", rejects_error},
	{"hostile_names", "names that have to be quoted; --conflict=merge", hostile_names},
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

#endif /* TESTS_SQL_SHAPES_H */
