/*
 * Parts of the staged route's statements: values and keys of staged rows, comparisons with the
 * rows that are there.
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
	bool identity = w->p->rel != NULL && w->p->rel->kind == 'v'; /* may be below it */
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

/*
 * Is the column's image, as it is written to the target, one for all equal values?  So it is
 * with numbers of fixed length but for floating point, times but for those with a zone of their
 * own, and strings but for bpchar; a column's own collation may take different strings for
 * equal.
 */
static bool
has_one_image(const struct sqlparts *w, size_t i, enum sqlparts_clause clause)
{
	static const unsigned types[] = {16 /* bool */,          17 /* bytea */,
					 18 /* "char" */,        20 /* int8 */,
					 21 /* int2 */,          23 /* int4 */,
					 25 /* text */,          26 /* oid */,
					 1043 /* varchar */,     1082 /* date */,
					 1083 /* time */,        1114 /* timestamp */,
					 1184 /* timestamptz */, 2950 /* uuid */};
	const struct relation_column *rc = sqlparts_column(w, i);
	size_t j;

	if (rc == NULL || rc->collation != NULL ||
	    (clause != SQLPARTS_MERGED && clause != SQLPARTS_CONFLICT))
		return false;
	for (j = 0; j < sizeof(types) / sizeof(types[0]); j++)
		if (rc->type_oid == types[j])
			return true;
	return false;
}

/* Of each column that an existing row gets whose images are compared. */
static void
add_list(struct sqlparts *w, void (*add)(struct sqlparts *, size_t, enum sqlparts_clause),
	 enum sqlparts_clause clause)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++)
		if (plan_stage_sets(w->p, i) && !has_one_image(w, i, clause)) {
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

/* Rows without a value on either side are mostly found out by the first comparison. */
static void
add_unequal(struct sqlparts *w, size_t i, enum sqlparts_clause clause)
{
	sqlparts_add(w, "(");
	add_old(w, i, clause);
	sqlparts_add(w, " {=} ");
	sqlparts_add_new(w, i, clause);
	sqlparts_add(w, ") IS NOT TRUE AND (");
	add_old(w, i, clause);
	sqlparts_add(w, " IS NOT NULL OR ");
	sqlparts_add_new(w, i, clause);
	sqlparts_add(w, " IS NOT NULL)");
}

/*
 * Images: every type has one, json too, and 1.0 is not 1.00.  Where equality says the same, it
 * costs a third of putting both rows together for that.
 */
void
sqlparts_add_changed(struct sqlparts *w, enum sqlparts_clause clause)
{
	const char *sep = "(";
	size_t i, images = 0;

	for (i = 0; i < w->p->ncolumns; i++) {
		if (!plan_stage_sets(w->p, i))
			continue;
		if (!has_one_image(w, i, clause)) {
			images++;
			continue;
		}
		sqlparts_add(w, sep);
		add_unequal(w, i, clause);
		sep = " OR ";
	}
	if (images > 0) {
		sqlparts_add(w, sep[0] == '(' ? "" : sep);
		sqlparts_add(w, "pg_catalog.record_image_ne(ROW(");
		add_list(w, add_old, clause);
		sqlparts_add(w, "), ROW(");
		add_list(w, add_new_image, clause);
		sqlparts_add(w, "))");
	}
	sqlparts_add(w, sep[0] == '(' ? "" : ")");
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
