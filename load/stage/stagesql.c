/*
 * Parts of the staged route's statements: values and keys of staged rows, comparisons with the
 * rows that are there, and the staged rows in the order of insertion (key, then n).
 */
#include "load/stage/stagesql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "common/schema/schema.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

/* Words that stand for other text. */
static const struct {
	const char *word, *text;
} words[] = {
	{"stage", "pg_temp.portl_stage_{id}"},
	{"rest", "pg_temp.portl_rest_{id}"},
	{"bad", "pg_temp.portl_bad_{id}"},
	{"reached", "'{stage}_n_seq'::pg_catalog.regclass"},
	{"updated", "'pg_temp.portl_updated_{id}'::pg_catalog.regclass"},
	{"same", "'pg_temp.portl_same_{id}'::pg_catalog.regclass"},
};

static void add_key_value(struct stagesql *w, size_t j);

static void
add_key(struct stagesql *w)
{
	size_t j;

	for (j = 0; j < w->st->nkey; j++) {
		stagesql_add(w, j > 0 ? ", " : "");
		add_key_value(w, j);
	}
}

static bool
is(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* What stands in braces; what is no word is an operator. */
static void
add_word(struct stagesql *w, const char *text, size_t len)
{
	bool line = w->st != NULL && w->st->rejects != NULL && w->st->rejects->line;
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is(text, len, words[i].word)) {
			stagesql_add(w, words[i].text);
			return;
		}
	if (is(text, len, "line"))
		stagesql_add(w, line ? "pg_temp.portl_line_{id}" : "{stage}");
	else if (is(text, len, "pos"))
		stagesql_add(w, line ? "pos" : "n");
	else if (is(text, len, "target"))
		relname_add_quoted(&w->p->target, &w->sql);
	else if (is(text, len, "key"))
		add_key(w);
	else if (is(text, len, "id"))
		stagesql_add(w, w->st->id);
	else
		buf_addf(&w->sql, "OPERATOR(pg_catalog.%.*s)", (int)len, text);
}

void
stagesql_add(struct stagesql *w, const char *text)
{
	const char *open, *close;

	while ((open = strchr(text, '{')) != NULL) {
		buf_add(&w->sql, text, (size_t)(open - text));
		close = open + strcspn(open, "}");
		add_word(w, open + 1, (size_t)(close - open - 1));
		text = close + 1;
	}
	buf_adds(&w->sql, text);
}

char *
stagesql_text(struct stagesql *w, const char *text)
{
	stagesql_add(w, text);
	return buf_detach(&w->sql);
}

void
stagesql_add_as(struct stagesql *w, const char *type)
{
	stagesql_add(w, " AS ");
	ident_add_type(&w->sql, type);
	stagesql_add(w, ")");
}

bool
stagesql_is_upsert(const struct stagesql *w)
{
	return w->p->rules->conflict->has_key && !w->st->once;
}

bool
stagesql_is_ranked(const struct stagesql *w)
{
	return w->p->rules->conflict->has_key &&
	       (!w->st->once || w->p->rules->duplicates == DUPLICATES_FIRST);
}

bool
stagesql_is_sorted(const struct stagesql *w)
{
	return !w->st->look_first && !w->st->null_keys;
}

bool
stagesql_is_strict(const struct stagesql *w)
{
	return w->p->rules->conflict->has_key && w->p->rules->duplicates == DUPLICATES_ERROR;
}

const struct relation_column *
stagesql_column(const struct stagesql *w, size_t i)
{
	int position = w->p->columns[i].position;

	return w->p->rel != NULL && position >= 0 ? &w->p->rel->columns[position] : NULL;
}

const char *
stagesql_collation(const struct stagesql *w, size_t i)
{
	const struct relation_column *rc = stagesql_column(w, i);

	return rc != NULL ? rc->collation : w->p->columns[i].new_collation;
}

void
stagesql_add_names(struct stagesql *w)
{
	const char *comma = "(", *end = "";
	bool identity = false;
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++) {
		const struct relation_column *rc = stagesql_column(w, i);

		if (w->p->columns[i].target == NULL)
			continue;
		stagesql_add(w, comma);
		ident_add_quoted(&w->sql, w->p->columns[i].target);
		identity = identity || (rc != NULL && rc->identity_always);
		comma = ", ";
		end = ")";
	}
	stagesql_add(w, end);
	stagesql_add(w, identity ? " OVERRIDING SYSTEM VALUE" : "");
}

/* A staged value; INSERT still has to make an assignment of it. */
void
stagesql_add_value(struct stagesql *w, size_t i)
{
	char name[24];

	snprintf(name, sizeof(name), "c%zu", i + 1);
	plan_add_value(w->p, &w->sql, i, name);
}

/* A staged value as the target's type, but for its modifiers. */
void
stagesql_add_typed(struct stagesql *w, size_t i)
{
	const struct relation_column *rc = stagesql_column(w, i);
	bool cast = rc != NULL && w->p->columns[i].way == PLAN_CAST;

	stagesql_add(w, cast ? "CAST(" : "");
	stagesql_add_value(w, i);
	if (cast)
		stagesql_add_as(w, w->p->columns[i].cast_type);
}

/*
 * The type that rounds as the assignment to the target's column will, or NULL:
 * values that become one key there have to be one here.  A cast to numeric(4,2)
 * could overflow, which is for the INSERT to say; strings are not cut to be keys.
 */
static char *
rounding_type(const struct stagesql *w, size_t i)
{
	const struct relation_column *rc = stagesql_column(w, i);
	const char *scale;

	if (rc == NULL || w->p->columns[i].way == PLAN_SAME || strcmp(rc->type, rc->base) == 0)
		return NULL;
	scale = strchr(rc->type, ',');
	if (strcmp(rc->base, "numeric") == 0)
		return xasprintf("numeric(1000%s", scale != NULL ? scale : ")");
	if (strncmp(rc->base, "time", 4) == 0 || strcmp(rc->base, "interval") == 0)
		return xstrdup(rc->type);
	return NULL;
}

static void
add_key_value(struct stagesql *w, size_t j)
{
	size_t i = w->st->key[j];
	char *type = rounding_type(w, i);

	stagesql_add(w, type != NULL ? "CAST(" : "");
	stagesql_add_typed(w, i);
	if (type != NULL)
		buf_addf(&w->sql, " AS %s)", type);
	free(type);
	if (w->p->columns[i].way != PLAN_SAME && stagesql_collation(w, i) != NULL)
		buf_addf(&w->sql, " COLLATE %s", stagesql_collation(w, i));
}

static void
add_old(struct stagesql *w, size_t i, enum stagesql_clause clause)
{
	if (clause == STAGESQL_JOINED) {
		buf_addf(&w->sql, "o%zu", i + 1);
		return;
	}
	stagesql_add(w, "t.");
	ident_add_quoted(&w->sql, w->p->columns[i].target);
}

static void
add_incoming(struct stagesql *w, size_t i, enum stagesql_clause clause)
{
	if (clause == STAGESQL_JOINED) {
		stagesql_add_typed(w, i);
		return;
	}
	if (clause == STAGESQL_MERGED) {
		buf_addf(&w->sql, "s.c%zu", i + 1);
		return;
	}
	stagesql_add(w, "excluded.");
	ident_add_quoted(&w->sql, w->p->columns[i].target);
}

/* What the row has after it was changed. */
void
stagesql_add_new(struct stagesql *w, size_t i, enum stagesql_clause clause)
{
	bool merge = w->p->rules->conflict->fills;

	stagesql_add(w, merge ? "COALESCE(" : "");
	add_incoming(w, i, clause);
	if (merge) {
		stagesql_add(w, ", ");
		add_old(w, i, clause);
		stagesql_add(w, ")");
	}
}

/*
 * GREATEST orders by the type's own operators, wherever their schema is, and
 * leaves NULLs aside: an old NULL is older than all, a new NULL never newer.
 */
void
stagesql_add_sets(struct stagesql *w, enum stagesql_clause clause)
{
	const char *comma = "UPDATE SET ";
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++) {
		if (!plan_stage_sets(w->p, i))
			continue;
		stagesql_add(w, comma);
		ident_add_quoted(&w->sql, w->p->columns[i].target);
		stagesql_add(w, " = ");
		stagesql_add_new(w, i, clause);
		comma = ", ";
	}
}

void
stagesql_add_newer(struct stagesql *w, enum stagesql_clause clause)
{
	size_t i = (size_t)w->st->newer;

	stagesql_add(w, "pg_catalog.record_image_ne(ROW(GREATEST(");
	add_old(w, i, clause);
	stagesql_add(w, ", ");
	add_incoming(w, i, clause);
	stagesql_add(w, ")), ROW(");
	add_old(w, i, clause);
	stagesql_add(w, "))");
}

/* Of each column that an existing row gets. */
static void
add_list(struct stagesql *w, void (*add)(struct stagesql *, size_t, enum stagesql_clause),
	 enum stagesql_clause clause)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++)
		if (plan_stage_sets(w->p, i)) {
			stagesql_add(w, comma);
			add(w, i, clause);
			comma = ", ";
		}
}

/* Images: every type has one, json too, and 1.0 is not 1.00. */
void
stagesql_add_changed(struct stagesql *w, enum stagesql_clause clause)
{
	stagesql_add(w, "pg_catalog.record_image_ne(ROW(");
	add_list(w, add_old, clause);
	stagesql_add(w, "), ROW(");
	add_list(w, stagesql_add_new, clause);
	stagesql_add(w, "))");
}

void
stagesql_add_rank(struct stagesql *w)
{
	stagesql_add(w, ", pg_catalog.row_number() OVER (PARTITION BY {key} ORDER BY n) AS r");
}

void
stagesql_add_from(struct stagesql *w, enum stagesql_rows rows)
{
	if (rows == STAGESQL_PIECE)
		stagesql_add(w, " FROM {line} WHERE {pos} {>=} $1 AND {pos} {<} $2");
	else
		stagesql_add(w, rows == STAGESQL_LATER ? " FROM {rest} WHERE r {=} $1"
						       : " FROM {stage}");
}

/* Staged rows with the keys as k1, k2 …, which no column of the target hides. */
void
stagesql_add_keyed_rows(struct stagesql *w, enum stagesql_rows rows)
{
	size_t j;

	stagesql_add(w, "(SELECT *");
	for (j = 0; j < w->st->nkey; j++) {
		stagesql_add(w, ", ");
		add_key_value(w, j);
		buf_addf(&w->sql, " AS k%zu", j + 1);
	}
	if (rows == STAGESQL_FIRST && stagesql_is_ranked(w))
		stagesql_add_rank(w);
	stagesql_add_from(w, rows);
	stagesql_add(w, ") AS s");
}

static void
add_old_rows(struct stagesql *w)
{
	/* ON CONFLICT meets no row of a table that inherits */
	stagesql_add(w, w->p->rel != NULL && w->p->rel->kind == 'r' ? "ONLY {target} AS o"
								    : "{target} AS o");
}

static void
add_same_key(struct stagesql *w)
{
	size_t j;

	for (j = 0; j < w->st->nkey; j++) {
		struct buf column = BUF_INIT;
		const char *name;

		ident_add_quoted(&column, w->p->columns[w->st->key[j]].target);
		name = buf_cstr(&column);
		stagesql_add(w, j > 0 ? " AND " : "");
		buf_addf(&w->sql, w->st->null_keys ? "(o.%s %s s.k%zu%s" : "o.%s %s s.k%zu%s",
			 name, w->st->key_equal[j], j + 1, w->st->key_collation[j]);
		if (w->st->null_keys)
			buf_addf(&w->sql, " OR o.%s IS NULL AND s.k%zu IS NULL)", name, j + 1);
		buf_release(&column);
	}
}

void
stagesql_add_join(struct stagesql *w)
{
	add_old_rows(w);
	stagesql_add(w, " ON ");
	add_same_key(w);
}

void
stagesql_add_key_order(struct stagesql *w)
{
	size_t j;

	stagesql_add(w, " ORDER BY ");
	for (j = 0; j < w->st->nkey; j++)
		buf_addf(&w->sql, "s.k%zu, ", j + 1);
	stagesql_add(w, "s.n");
}

/* The old row's values as o1, o2 … */
static void
add_old_values(struct stagesql *w)
{
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++)
		if (stagesql_is_upsert(w) && plan_stage_sets(w->p, i)) {
			stagesql_add(w, ", o.");
			ident_add_quoted(&w->sql, w->p->columns[i].target);
			buf_addf(&w->sql, " AS o%zu", i + 1);
		}
}

bool
stagesql_is_held(const struct stagesql *w)
{
	return w->st->look_first && w->p->rules->conflict->fills && stagesql_is_upsert(w);
}

/*
 * The old row is locked as it is read, and read as it is then: what a NULL is filled with
 * is written back, so that nobody may change it in between.  (A row that has come since
 * the statement began is not seen, and a NULL that it would fill is refused.)
 */
static void
add_held_rows(struct stagesql *w)
{
	stagesql_add(w, "LATERAL (SELECT true AS found");
	add_old_values(w);
	stagesql_add(w, " FROM ");
	add_old_rows(w);
	stagesql_add(w, " WHERE ");
	add_same_key(w);
	stagesql_add(w, " FOR NO KEY UPDATE) AS o ON true");
}

/* Staged rows and the old ones, in the order of insertion. */
static void
add_joined_rows(struct stagesql *w, enum stagesql_rows rows)
{
	bool held = stagesql_is_held(w);
	size_t i;

	stagesql_add(w, held ? "(SELECT s.*, o.found IS NOT NULL AS found"
			     : "(SELECT s.*, o.tableoid IS NOT NULL AS found");
	if (!held)
		add_old_values(w);
	for (i = 0; held && i < w->p->ncolumns; i++)
		if (plan_stage_sets(w->p, i))
			buf_addf(&w->sql, ", o.o%zu", i + 1);
	stagesql_add(w, " FROM ");
	stagesql_add_keyed_rows(w, rows);
	stagesql_add(w, " LEFT JOIN ");
	if (held)
		add_held_rows(w);
	else
		stagesql_add_join(w);
	stagesql_add(w,
		     rows == STAGESQL_FIRST && stagesql_is_ranked(w) ? " WHERE s.r {=} 1" : "");
	if (rows == STAGESQL_PIECE)
		stagesql_add(w, " ORDER BY s.pos");
	else
		stagesql_add_key_order(w);
	stagesql_add(w, " OFFSET 0) AS s");
}

/* Staged rows in the order of insertion. */
void
stagesql_add_rows(struct stagesql *w, enum stagesql_rows rows)
{
	if (w->st->look_first) {
		add_joined_rows(w, rows);
		return;
	}
	stagesql_add(w, "(SELECT *");
	if (rows == STAGESQL_LAST || (rows == STAGESQL_FIRST && stagesql_is_ranked(w)))
		stagesql_add_rank(w);
	if (rows == STAGESQL_LAST)
		stagesql_add(w, ", pg_catalog.lead(n) OVER (PARTITION BY {key} ORDER BY n)"
				" AS next");
	stagesql_add_from(w, rows);
	if (rows == STAGESQL_PIECE) /* by its index, so that none is sorted again */
		stagesql_add(w, " ORDER BY {pos} OFFSET 0) AS s");
	else
		stagesql_add(w, w->st->nkey > 0 ? " ORDER BY {key}, n OFFSET 0) AS s"
						: " ORDER BY n OFFSET 0) AS s");
}
