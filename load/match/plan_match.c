/*
 * Names are compared exactly, after --map; with --names=loose as loosename folds them.  All
 * look-ups go by an index, since a relation may have 1,600 columns and a file more.
 */
#include "load/match/plan_match.h"

#include <stdlib.h>

#include "common/base/intern.h"
#include "common/base/nameindex.h"
#include "common/base/nearest.h"
#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "common/schema/schema.h"
#include "load/match/loosename.h"
#include "load/match/plan.h"
#include "load/match/reasons.h"
#include "load/rules/rules.h"

/* Names on all sides, for there may be tens of thousands of columns. */
struct names {
	struct nameindex source; /* the stream's columns */
	struct nameindex table;  /* the table's, by position */
	struct nameindex mapped; /* --map's sources, by position */
	struct loosename loose;  /* the table's, with --names=loose */
	struct nameindex taken;  /* columns of the table that something goes into */
};

static void
index_names(struct names *names, const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->ncolumns; i++)
		nameindex_add(&names->source, p->columns[i].source);
	for (i = 0; p->rel != NULL && i < p->rel->ncolumns; i++)
		nameindex_add(&names->table, p->rel->columns[i].name);
	if (p->rel != NULL && p->rules->loose)
		loosename_init(&names->loose, p->rel);
	for (i = 0; i < p->rules->from->n; i++)
		nameindex_add(&names->mapped, p->rules->from->names[i]);
}

static void
release_names(struct names *names)
{
	nameindex_release(&names->source);
	nameindex_release(&names->table);
	nameindex_release(&names->mapped);
	nameindex_release(&names->taken);
	loosename_release(&names->loose);
}

/* The table has no such column; perhaps one of those that nothing else goes into. */
static void
unmatched(const struct plan *p, const struct names *names, const char *source,
	  const char *target, bool mapped, struct reasons *why)
{
	const char **words = xcalloc(p->rel->ncolumns, sizeof(*words)), *near;
	char *option, *rename;
	size_t i, n = 0;
	int alike = loosename_look(p->rel, target);

	for (i = 0; i < p->rel->ncolumns; i++)
		if (mapped || nameindex_find(&names->source, p->rel->columns[i].name) < 0)
			words[n++] = p->rel->columns[i].name;
	near = nearest_word(target, words, n);
	free(words);
	if (alike >= 0)
		near = p->rel->columns[alike].name;
	option = plan_map_option(source, near != NULL ? near : "");
	rename = plan_map_option(source, "column");
	if (mapped)
		reasons_add(why, "--map: the table has no column \"%s\"%s%s%s", target,
			    near != NULL ? "; perhaps \"" : "", near != NULL ? near : "",
			    near != NULL ? "\"" : "");
	else if (near != NULL)
		reasons_add(why,
			    "column \"%s\" is not in the table, which has \"%s\"; use %s%s or "
			    "--extra-columns=ignore",
			    target, near, alike >= 0 ? "--names=loose, " : "", option);
	else
		reasons_add(why,
			    "column \"%s\" is not in the table; drop it with %s or "
			    "--extra-columns=ignore, rename it with %s",
			    target, option, rename);
	free(rename);
	free(option);
}

/* The position of the table's column called so, or with --names=loose nearly so; or -1. */
static int
find_target(const struct plan *p, const struct names *names, const char *target, bool mapped,
	    struct reasons *why)
{
	int position = nameindex_find(&names->table, target), other;

	if (position >= 0 || mapped || !p->rules->loose)
		return position;
	position = loosename_find(&names->loose, target, &other);
	if (position >= 0 && other != position)
		reasons_add(why, "column \"%s\" could be \"%s\" or \"%s\" of the table", target,
			    p->rel->columns[position].name, p->rel->columns[other].name);
	return position;
}

/* What the table has counts more than what the first rows look like. */
static void
forget_guess(struct schema_column *c)
{
	c->inferred = false;
	c->type = "";
	c->base = "";
}

/* Decide about stream column ${i}. */
static void
match_one(struct plan *p, struct names *names, size_t i, struct reasons *why)
{
	const struct load_rules *o = p->rules;
	struct plan_column *c = &p->columns[i];
	int m = nameindex_find(&names->mapped, c->source);
	const char *target = m >= 0 ? o->to->names[m] : c->source;
	const struct relation_column *rc = NULL;

	c->position = -1;
	if (target[0] == '\0')
		return;
	if (p->rel != NULL) {
		c->position = find_target(p, names, target, m >= 0, why);
		if (c->position < 0) {
			c->missing = o->extra != EXTRA_IGNORE && m < 0;
			if (m >= 0 || (c->missing && !o->add_columns))
				unmatched(p, names, c->source, target, m >= 0, why);
			return;
		}
		rc = &p->rel->columns[c->position];
		target = rc->name;
		if (rc->generated && m < 0 && p->schema->columns[i].generated) {
			c->position = -1;
			return; /* computed on both sides */
		}
	}
	if (rc != NULL && p->schema->columns[i].inferred)
		forget_guess(&p->adopted->columns[i]);
	c->target = intern(target);
	if (nameindex_add(&names->taken, c->target) >= 0)
		reasons_add(why, "two columns go into \"%s\"", target);
	p->keep[i] = true;
	if (rc != NULL && rc->generated)
		plan_refuse(p, i, why, NULL, "is generated in the table");
}

static void
check_map_sources(const struct plan *p, const struct names *names, struct reasons *why)
{
	const struct load_rules *o = p->rules;
	const char **words = xcalloc(p->ncolumns, sizeof(*words)), *near;
	size_t i, j;

	for (i = 0; i < o->from->n; i++) {
		if (nameindex_find(&names->source, o->from->names[i]) >= 0)
			continue;
		for (j = 0; j < p->ncolumns; j++)
			words[j] = p->columns[j].source;
		near = nearest_word(o->from->names[i], words, p->ncolumns);
		reasons_add(why, "--map: the stream has no column \"%s\"%s%s%s",
			    o->from->names[i], near != NULL ? "; perhaps \"" : "",
			    near != NULL ? near : "", near != NULL ? "\"" : "");
	}
	free(words);
}

/*
 * Is a row without a value what it is where the column is NULL?  Not if there is a default,
 * nor if a row of the table would lose what it has.
 */
static bool
may_lack(const struct plan *p, const struct relation_column *rc)
{
	const struct conflict *conflict = p->rules->conflict;

	return !rc->not_null && !rc->has_default && !rc->generated && rc->may_insert &&
	       (!conflict->sets || conflict->fills);
}

/*
 * Rows of a bare stream vary, and the first one may lack what others have: what the table
 * has beside it belongs to the stream if it may be lacking, else no row may have it.
 */
static void
take_later_columns(struct plan *p, struct names *names)
{
	size_t i, n = p->ncolumns + p->rel->ncolumns;

	p->columns = xrealloc(p->columns, n * sizeof(*p->columns));
	p->keep = xrealloc(p->keep, n * sizeof(*p->keep));
	for (i = 0; i < p->rel->ncolumns; i++) {
		const struct relation_column *rc = &p->rel->columns[i];

		if (nameindex_find(&names->taken, rc->name) >= 0 ||
		    nameindex_find(&names->source, rc->name) >= 0)
			continue;
		if (!may_lack(p, rc) || p->adopted->ncolumns == SCHEMA_COLUMNS_MAX) {
			ident_list_add(&p->adopted->beside, rc->name);
			continue;
		}
		p->keep[p->ncolumns] = true;
		p->columns[p->ncolumns++] = (struct plan_column){
			.source = schema_add_column(p->adopted, rc->name, "", NULL)->name,
			.target = rc->name,
			.position = (int)i};
		nameindex_add(&names->taken, rc->name);
	}
}

/* Columns that get nothing must be able to do without. */
static void
check_left_over(const struct plan *p, const struct names *names, struct reasons *why)
{
	size_t i;

	for (i = 0; p->rel != NULL && i < p->rel->ncolumns; i++) {
		const struct relation_column *rc = &p->rel->columns[i];

		if (rc->not_null && !rc->has_default && !rc->generated &&
		    nameindex_find(&names->taken, rc->name) < 0)
			reasons_add(why,
				    "column \"%s\" is NOT NULL without a default, and the "
				    "stream does not carry it",
				    rc->name);
	}
}

/* A plain PGCOPY file has no names: its fields are the table's columns, in order. */
static void
take_by_position(struct plan *p)
{
	size_t i;

	if (p->rel == NULL)
		return;
	p->columns = xcalloc(p->rel->ncolumns, sizeof(*p->columns));
	p->keep = xcalloc(p->rel->ncolumns, sizeof(*p->keep));
	for (i = 0; i < p->rel->ncolumns; i++) {
		const struct relation_column *rc = &p->rel->columns[i];

		if (rc->generated)
			continue;
		p->keep[p->ncolumns] = true;
		p->columns[p->ncolumns++] = (struct plan_column){
			.source = rc->name, .target = rc->name, .position = (int)i};
	}
}

/* COPY has no way to name no column, so rows of nothing fit tables of nothing only. */
static void
check_not_empty(const struct plan *p, struct reasons *why)
{
	size_t i, loadable = 0;

	for (i = 0; i < p->ncolumns; i++)
		if (p->keep[i] || (p->columns[i].missing && p->rules->add_columns))
			return;
	for (i = 0; p->rel != NULL && i < p->rel->ncolumns; i++)
		loadable += !p->rel->columns[i].generated;
	if (loadable > 0)
		reasons_add(why, "the stream carries none of its columns");
}

void
plan_match(struct plan *p, struct reasons *why)
{
	struct names names = {.source = NAMEINDEX_INIT};
	size_t i, before;

	if (p->schema == NULL) {
		if (p->rules->from->n > 0)
			reasons_add(why, "--map: a plain PGCOPY file has no column names");
		take_by_position(p);
		return;
	}
	p->ncolumns = p->schema->ncolumns;
	p->columns = xcalloc(p->ncolumns, sizeof(*p->columns));
	p->keep = xcalloc(p->ncolumns, sizeof(*p->keep));
	for (i = 0; i < p->ncolumns; i++)
		p->columns[i].source = p->schema->columns[i].name;
	index_names(&names, p);
	if (p->rules->keys != KEYS_ALONE)
		check_map_sources(p, &names, why);
	for (i = 0; i < p->ncolumns; i++) {
		before = why->n;
		match_one(p, &names, i, why);
		p->columns[i].refused = why->n > before;
	}
	if (p->rel != NULL && p->header != NULL && p->header->guessed)
		take_later_columns(p, &names);
	if (!p->rules->verify && p->rules->keys != KEYS_ALONE)
		check_left_over(p, &names, why);
	release_names(&names);
	check_not_empty(p, why);
}
