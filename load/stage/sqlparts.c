/*
 * Parts of the staged route's statements: values and keys of staged rows, comparisons with the
 * rows that are there, and the staged rows in the order of insertion (key, then n).
 */
#include "load/stage/sqlparts.h"

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
	{"rest", "pg_temp.portl_rest_{id}"},
	{"bad", "pg_temp.portl_bad_{id}"},
	{"reached", "'{counter}'::pg_catalog.regclass"},
	{"updated", "'pg_temp.portl_updated_{id}'::pg_catalog.regclass"},
	{"same", "'pg_temp.portl_same_{id}'::pg_catalog.regclass"},
};

static void
add_key(struct sqlparts *w)
{
	size_t j;

	for (j = 0; j < w->st->nkey; j++) {
		sqlparts_add(w, j > 0 ? ", " : "");
		sqlparts_add_key_value(w, j);
	}
}

static bool
is(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(text, word, len) == 0;
}

bool
sqlparts_is_shared(const struct sqlparts *w)
{
	return w->p->rules->parts.what == PARTS_STAGE ||
	       w->p->rules->parts.what == PARTS_PUBLISH;
}

static void
add_stage(struct sqlparts *w)
{
	if (sqlparts_is_shared(w))
		relname_add_quoted(&w->p->rules->parts.table, &w->sql);
	else
		sqlparts_add(w, "pg_temp.portl_stage_{id}");
}

/* The sequence that numbers rows of a table is its own but for one that others write, too. */
static void
add_counter(struct sqlparts *w)
{
	sqlparts_add(w, sqlparts_is_shared(w) ? "pg_temp.portl_reached_{id}" : "{stage}_n_seq");
}

/* Its name as a text. */
static void
add_stage_text(struct sqlparts *w)
{
	struct buf name = BUF_INIT;

	if (sqlparts_is_shared(w)) {
		relname_add_quoted(&w->p->rules->parts.table, &name);
		ident_add_literal(&w->sql, buf_cstr(&name));
	} else {
		sqlparts_add(w, "'{stage}'");
	}
	buf_release(&name);
}

/* What stands in braces; what is no word is an operator. */
static void
add_word(struct sqlparts *w, const char *text, size_t len)
{
	bool line = w->st != NULL && w->st->rejects != NULL && w->st->rejects->line;
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is(text, len, words[i].word)) {
			sqlparts_add(w, words[i].text);
			return;
		}
	if (is(text, len, "stage"))
		add_stage(w);
	else if (is(text, len, "stage text"))
		add_stage_text(w);
	else if (is(text, len, "counter"))
		add_counter(w);
	else if (is(text, len, "line"))
		sqlparts_add(w, line ? "pg_temp.portl_line_{id}" : "{stage}");
	else if (is(text, len, "pos"))
		sqlparts_add(w, line ? "pos" : "n");
	else if (is(text, len, "target"))
		relname_add_quoted(plan_into(w->p), &w->sql);
	else if (is(text, len, "key"))
		add_key(w);
	else if (is(text, len, "absent"))
		buf_addf(&w->sql, "pg_temp.portl_absent_%u", w->p->rel->oid);
	else if (is(text, len, "id"))
		sqlparts_add(w, w->st->id);
	else
		buf_addf(&w->sql, "OPERATOR(pg_catalog.%.*s)", (int)len, text);
}

void
sqlparts_add(struct sqlparts *w, const char *text)
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
sqlparts_text(struct sqlparts *w, const char *text)
{
	sqlparts_add(w, text);
	return buf_detach(&w->sql);
}

void
sqlparts_add_as(struct sqlparts *w, const char *type)
{
	sqlparts_add(w, " AS ");
	ident_add_type(&w->sql, type);
	sqlparts_add(w, ")");
}

bool
sqlparts_is_upsert(const struct sqlparts *w)
{
	return w->p->rules->conflict->has_key && !w->st->once;
}

bool
sqlparts_is_ranked(const struct sqlparts *w)
{
	return w->p->rules->conflict->has_key &&
	       (!w->st->once || w->p->rules->duplicates == DUPLICATES_FIRST);
}

bool
sqlparts_is_sorted(const struct sqlparts *w)
{
	return !w->st->look_first && !w->st->null_keys;
}

bool
sqlparts_is_strict(const struct sqlparts *w)
{
	return w->p->rules->conflict->has_key && w->p->rules->duplicates == DUPLICATES_ERROR;
}

const struct relation_column *
sqlparts_column(const struct sqlparts *w, size_t i)
{
	int position = w->p->columns[i].position;

	return w->p->rel != NULL && position >= 0 ? &w->p->rel->columns[position] : NULL;
}

const char *
sqlparts_collation(const struct sqlparts *w, size_t i)
{
	const struct relation_column *rc = sqlparts_column(w, i);

	return rc != NULL ? rc->collation : w->p->columns[i].new_collation;
}

void
sqlparts_add_names(struct sqlparts *w)
{
	const char *comma = "(", *end = "";
	bool identity = false;
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++) {
		const struct relation_column *rc = sqlparts_column(w, i);

		if (w->p->columns[i].target == NULL)
			continue;
		sqlparts_add(w, comma);
		ident_add_quoted(&w->sql, w->p->columns[i].target);
		identity = identity || (rc != NULL && rc->identity_always);
		comma = ", ";
		end = ")";
	}
	sqlparts_add(w, end);
	sqlparts_add(w, identity ? " OVERRIDING SYSTEM VALUE" : "");
}

/* A staged value; INSERT still has to make an assignment of it. */
void
sqlparts_add_value(struct sqlparts *w, size_t i)
{
	char name[24];

	snprintf(name, sizeof(name), "c%zu", i + 1);
	plan_add_value(w->p, &w->sql, i, name);
}

/*
 * A NULL that the row's own value will replace is none that a domain has to forbid: until
 * then it is of the type that the domain is made of.
 */
const struct relation_column *
sqlparts_filled_domain(const struct sqlparts *w, size_t i)
{
	const struct relation_column *rc = sqlparts_column(w, i);

	if (rc == NULL || strcmp(rc->plain, rc->type) == 0)
		return NULL;
	return w->p->rules->conflict->fills && plan_stage_sets(w->p, i) ? rc : NULL;
}

/* A staged value as the target's type, but for its modifiers. */
void
sqlparts_add_typed(struct sqlparts *w, size_t i)
{
	const struct relation_column *domain = sqlparts_filled_domain(w, i);
	bool cast = sqlparts_column(w, i) != NULL && w->p->columns[i].way == PLAN_CAST;

	sqlparts_add(w, cast ? "CAST(" : "");
	sqlparts_add_value(w, i);
	if (cast)
		sqlparts_add_as(w, domain != NULL ? domain->plain : w->p->columns[i].cast_type);
}

/*
 * The type that rounds as the assignment to the target's column will, or NULL:
 * values that become one key there have to be one here.  A cast to numeric(4,2)
 * could overflow, which is for the INSERT to say; strings are not cut to be keys.
 */
static char *
rounding_type(const struct sqlparts *w, size_t i)
{
	const struct relation_column *rc = sqlparts_column(w, i);
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

void
sqlparts_add_key_value(struct sqlparts *w, size_t j)
{
	size_t i = w->st->key[j];
	char *type = rounding_type(w, i);

	sqlparts_add(w, type != NULL ? "CAST(" : "");
	sqlparts_add_typed(w, i);
	if (type != NULL)
		buf_addf(&w->sql, " AS %s)", type);
	free(type);
	if (w->p->columns[i].way != PLAN_SAME && sqlparts_collation(w, i) != NULL)
		buf_addf(&w->sql, " COLLATE %s", sqlparts_collation(w, i));
}

static void
add_old(struct sqlparts *w, size_t i, enum sqlparts_clause clause)
{
	if (clause == SQLPARTS_JOINED) {
		buf_addf(&w->sql, "o%zu", i + 1);
		return;
	}
	if (clause == SQLPARTS_FOLDED) {
		buf_addf(&w->sql, "pg_catalog.lag(c%zu) OVER w", i + 1);
		return;
	}
	sqlparts_add(w, "t.");
	ident_add_quoted(&w->sql, w->p->columns[i].target);
}

static void
add_incoming(struct sqlparts *w, size_t i, enum sqlparts_clause clause)
{
	if (clause == SQLPARTS_JOINED) {
		sqlparts_add_typed(w, i);
		return;
	}
	if (clause == SQLPARTS_MERGED || clause == SQLPARTS_FOLDED) {
		buf_addf(&w->sql, "%sc%zu", clause == SQLPARTS_MERGED ? "s." : "", i + 1);
		return;
	}
	sqlparts_add(w, "excluded.");
	ident_add_quoted(&w->sql, w->p->columns[i].target);
}

/* What the row has after it was changed. */
void
sqlparts_add_new(struct sqlparts *w, size_t i, enum sqlparts_clause clause)
{
	bool merge = w->p->rules->conflict->fills && clause != SQLPARTS_FOLDED;
	const struct relation_column *domain = clause != SQLPARTS_CONFLICT &&
							       clause != SQLPARTS_FOLDED
						       ? sqlparts_filled_domain(w, i)
						       : NULL;

	sqlparts_add(w, domain != NULL ? "CAST(" : "");
	sqlparts_add(w, merge ? "COALESCE(" : "");
	add_incoming(w, i, clause);
	if (merge) {
		sqlparts_add(w, ", ");
		add_old(w, i, clause);
		sqlparts_add(w, ")");
	}
	if (domain != NULL)
		sqlparts_add_as(w, domain->base);
}

/*
 * GREATEST orders by the type's own operators, wherever their schema is, and
 * leaves NULLs aside: an old NULL is older than all, a new NULL never newer.
 */
void
sqlparts_add_sets(struct sqlparts *w, enum sqlparts_clause clause)
{
	const char *comma = "UPDATE SET ";
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++) {
		if (!plan_stage_sets(w->p, i))
			continue;
		sqlparts_add(w, comma);
		ident_add_quoted(&w->sql, w->p->columns[i].target);
		sqlparts_add(w, " = ");
		sqlparts_add_new(w, i, clause);
		comma = ", ";
	}
}

void
sqlparts_add_newer(struct sqlparts *w, enum sqlparts_clause clause)
{
	size_t i = (size_t)w->st->newer;

	sqlparts_add(w, "pg_catalog.record_image_ne(ROW(GREATEST(");
	add_old(w, i, clause);
	sqlparts_add(w, ", ");
	add_incoming(w, i, clause);
	sqlparts_add(w, ")), ROW(");
	add_old(w, i, clause);
	sqlparts_add(w, "))");
}

/* Of each column that an existing row gets. */
static void
add_list(struct sqlparts *w, void (*add)(struct sqlparts *, size_t, enum sqlparts_clause),
	 enum sqlparts_clause clause)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++)
		if (plan_stage_sets(w->p, i)) {
			sqlparts_add(w, comma);
			add(w, i, clause);
			comma = ", ";
		}
}

/*
 * The new value, or the old one if it is the same though its image may differ
 * (plan_images.c).  The type's equality alone would not do, nor its text: 1.0 is equal to
 * 1.00, and not all types write all that they hold.
 */
static void
add_new_image(struct sqlparts *w, size_t i, enum sqlparts_clause clause)
{
	if (!w->p->columns[i].images) {
		sqlparts_add_new(w, i, clause);
		return;
	}
	sqlparts_add(w, "CASE WHEN pg_catalog.record_eq(ROW(");
	add_old(w, i, clause);
	sqlparts_add(w, "), ROW(");
	sqlparts_add_new(w, i, clause);
	sqlparts_add(w, ")) AND pg_catalog.textin(pg_catalog.record_out(ROW(");
	add_old(w, i, clause);
	sqlparts_add(w, "))) {=} pg_catalog.textin(pg_catalog.record_out(ROW(");
	sqlparts_add_new(w, i, clause);
	sqlparts_add(w, "))) THEN ");
	add_old(w, i, clause);
	sqlparts_add(w, " ELSE ");
	sqlparts_add_new(w, i, clause);
	sqlparts_add(w, " END");
}

/* Images: every type has one, json too, and 1.0 is not 1.00. */
void
sqlparts_add_changed(struct sqlparts *w, enum sqlparts_clause clause)
{
	sqlparts_add(w, "pg_catalog.record_image_ne(ROW(");
	add_list(w, add_old, clause);
	sqlparts_add(w, "), ROW(");
	add_list(w, add_new_image, clause);
	sqlparts_add(w, "))");
}

/* What is newer is changed. */
static void
add_plain_condition(struct sqlparts *w)
{
	sqlparts_add(w, " WHERE ");
	if (w->st->newer >= 0)
		sqlparts_add_newer(w, SQLPARTS_CONFLICT);
	else
		sqlparts_add_changed(w, SQLPARTS_CONFLICT);
}

static void
add_counted_condition(struct sqlparts *w)
{
	sqlparts_add(w, " WHERE CASE WHEN NOT ");
	if (w->st->newer >= 0) {
		sqlparts_add_newer(w, SQLPARTS_CONFLICT);
		sqlparts_add(w, " THEN false WHEN NOT ");
	}
	sqlparts_add_changed(w, SQLPARTS_CONFLICT);
	sqlparts_add(w, " THEN pg_catalog.nextval({same}) IS NULL"
			" ELSE pg_catalog.nextval({updated}) IS NOT NULL END");
}

void
sqlparts_add_conflict(struct sqlparts *w, bool plain)
{
	size_t j;

	if (!w->p->rules->conflict->has_key)
		return;
	for (j = 0; j < w->st->nkey; j++) {
		sqlparts_add(w, j > 0 ? ", " : " ON CONFLICT (");
		ident_add_quoted(&w->sql, w->p->columns[w->st->key[j]].target);
	}
	if (!w->st->sets) {
		sqlparts_add(w, ") DO NOTHING");
		return;
	}
	sqlparts_add(w, ") DO ");
	sqlparts_add_sets(w, SQLPARTS_CONFLICT);
	if (plain)
		add_plain_condition(w);
	else
		add_counted_condition(w);
}

void
sqlparts_add_rank(struct sqlparts *w)
{
	sqlparts_add(w, ", pg_catalog.row_number() OVER (PARTITION BY {key} ORDER BY n) AS r");
}

void
sqlparts_add_from(struct sqlparts *w, enum sqlparts_rows rows)
{
	if (rows == SQLPARTS_ROW)
		sqlparts_add(w, " FROM {line} WHERE {pos} {=} $1");
	else if (rows == SQLPARTS_PIECE) /* hashed, unlike an array's elements before 15 */
		sqlparts_add(w, " FROM {line} WHERE {pos} {>=} $1 AND {pos} {<} $2"
				" AND NOT ({pos} {=} ANY (SELECT pg_catalog.unnest($3)))");
	else
		sqlparts_add(w, rows == SQLPARTS_LATER ? " FROM {rest} WHERE r {=} $1"
						       : " FROM {stage}");
}

/* Staged rows with the keys as k1, k2 …, which no column of the target hides. */
void
sqlparts_add_keyed_rows(struct sqlparts *w, enum sqlparts_rows rows)
{
	size_t j;

	sqlparts_add(w, "(SELECT *");
	for (j = 0; j < w->st->nkey; j++) {
		sqlparts_add(w, ", ");
		sqlparts_add_key_value(w, j);
		buf_addf(&w->sql, " AS k%zu", j + 1);
	}
	if (rows == SQLPARTS_FIRST && sqlparts_is_ranked(w))
		sqlparts_add_rank(w);
	sqlparts_add_from(w, rows);
	sqlparts_add(w, ") AS s");
}

static void
add_old_rows(struct sqlparts *w)
{
	/* ON CONFLICT meets no row of a table that inherits */
	sqlparts_add(w, w->p->rel != NULL && w->p->rel->kind == 'r' ? "ONLY {target} AS o"
								    : "{target} AS o");
}

static void
add_same_key(struct sqlparts *w)
{
	size_t j;

	for (j = 0; j < w->st->nkey; j++) {
		struct buf column = BUF_INIT;
		const char *name;

		ident_add_quoted(&column, w->p->columns[w->st->key[j]].target);
		name = buf_cstr(&column);
		sqlparts_add(w, j > 0 ? " AND " : "");
		buf_addf(&w->sql, w->st->null_keys ? "(o.%s %s s.k%zu%s" : "o.%s %s s.k%zu%s",
			 name, w->st->key_equal[j], j + 1, w->st->key_collation[j]);
		if (w->st->null_keys)
			buf_addf(&w->sql, " OR o.%s IS NULL AND s.k%zu IS NULL)", name, j + 1);
		buf_release(&column);
	}
}

void
sqlparts_add_join(struct sqlparts *w)
{
	add_old_rows(w);
	sqlparts_add(w, " ON ");
	add_same_key(w);
}

void
sqlparts_add_key_order(struct sqlparts *w)
{
	size_t j;

	sqlparts_add(w, " ORDER BY ");
	for (j = 0; j < w->st->nkey; j++)
		buf_addf(&w->sql, "s.k%zu, ", j + 1);
	sqlparts_add(w, "s.n");
}

/* The old row's values as o1, o2 … */
static void
add_old_values(struct sqlparts *w)
{
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++)
		if (sqlparts_is_upsert(w) && plan_stage_sets(w->p, i)) {
			sqlparts_add(w, ", o.");
			ident_add_quoted(&w->sql, w->p->columns[i].target);
			buf_addf(&w->sql, " AS o%zu", i + 1);
		}
}

bool
sqlparts_is_held(const struct sqlparts *w)
{
	return w->st->look_first && w->p->rules->conflict->fills && sqlparts_is_upsert(w);
}

/*
 * The old row is locked as it is read, and read as it is then: what a NULL is filled with
 * is written back, so that nobody may change it in between.  (A row that has come since
 * the statement began is not seen, and a NULL that it would fill is refused.)
 */
static void
add_held_rows(struct sqlparts *w)
{
	sqlparts_add(w, "LATERAL (SELECT true AS found");
	add_old_values(w);
	sqlparts_add(w, " FROM ");
	add_old_rows(w);
	sqlparts_add(w, " WHERE ");
	add_same_key(w);
	sqlparts_add(w, " FOR NO KEY UPDATE) AS o ON true");
}

/* Staged rows and the old ones, in the order of insertion. */
static void
add_joined_rows(struct sqlparts *w, enum sqlparts_rows rows)
{
	bool held = sqlparts_is_held(w);
	size_t i;

	sqlparts_add(w, held ? "(SELECT s.*, o.found IS NOT NULL AS found"
			     : "(SELECT s.*, o.tableoid IS NOT NULL AS found");
	if (!held)
		add_old_values(w);
	for (i = 0; held && i < w->p->ncolumns; i++)
		if (plan_stage_sets(w->p, i))
			buf_addf(&w->sql, ", o.o%zu", i + 1);
	sqlparts_add(w, " FROM ");
	sqlparts_add_keyed_rows(w, rows);
	sqlparts_add(w, " LEFT JOIN ");
	if (held)
		add_held_rows(w);
	else
		sqlparts_add_join(w);
	sqlparts_add(w,
		     rows == SQLPARTS_FIRST && sqlparts_is_ranked(w) ? " WHERE s.r {=} 1" : "");
	if (rows == SQLPARTS_PIECE || rows == SQLPARTS_ROW)
		sqlparts_add(w, " ORDER BY s.pos");
	else
		sqlparts_add_key_order(w);
	sqlparts_add(w, " OFFSET 0) AS s");
}

/* Staged rows in the order of insertion. */
void
sqlparts_add_rows(struct sqlparts *w, enum sqlparts_rows rows)
{
	if (w->st->look_first) {
		add_joined_rows(w, rows);
		return;
	}
	sqlparts_add(w, "(SELECT *");
	if (rows == SQLPARTS_FIRST && sqlparts_is_ranked(w))
		sqlparts_add_rank(w);
	sqlparts_add_from(w, rows);
	if (rows == SQLPARTS_PIECE ||
	    rows == SQLPARTS_ROW) /* by its index, so that none is sorted again */
		sqlparts_add(w, " ORDER BY {pos} OFFSET 0) AS s");
	else
		sqlparts_add(w, w->st->nkey > 0 ? " ORDER BY {key}, n OFFSET 0) AS s"
						: " ORDER BY n OFFSET 0) AS s");
}
