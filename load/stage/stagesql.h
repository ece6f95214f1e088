/*
 * The parts of which statements are made; stage_sql, merge_sql, rejects_sql and
 * target_sql put them together.
 */
#ifndef LOAD_STAGESQL_H
#define LOAD_STAGESQL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

struct plan;
struct plan_stage;
struct relation_column;

/* Which rows an INSERT takes: the first of each key, the last, the r-th, or some in line. */
enum stagesql_rows { STAGESQL_FIRST, STAGESQL_LAST, STAGESQL_LATER, STAGESQL_PIECE };

/* The clause that an expression is in, which decides how it names the old row and the new. */
enum stagesql_clause { STAGESQL_JOINED, STAGESQL_CONFLICT, STAGESQL_MERGED };

/* What is being written, and where to. */
struct stagesql {
	const struct plan *p;
	const struct plan_stage *st; /* the plan's; NULL: nothing is staged */
	struct buf sql;
};

/*
 * stagesql_is_upsert(w), stagesql_is_ranked(w), stagesql_is_sorted(w),
 * stagesql_is_strict(w), stagesql_column(w, i), stagesql_collation(w, i):
 * Tell whether existing rows are looked at; whether the first INSERT takes only
 * the first row of each key; whether rows in key order can go in as they are; whether a
 * key that comes twice is an error; return the target's column for
 * stream column ${i} (NULL: to be created), its collation (NULL: the type's).
 */
bool stagesql_is_upsert(const struct stagesql *w);
bool stagesql_is_ranked(const struct stagesql *w);
bool stagesql_is_sorted(const struct stagesql *w);
bool stagesql_is_strict(const struct stagesql *w);
const struct relation_column *stagesql_column(const struct stagesql *w, size_t i);
const char *stagesql_collation(const struct stagesql *w, size_t i);

/*
 * stagesql_add(w, text), stagesql_text(w, text):
 * Append SQL; append it and return the statement, for the caller to free.  In ${text}, which
 * is a constant of the program, these stand for
 *
 *	{target}            the target's name
 *	{stage} {rest}      the temporary table; rows of later rounds
 *	{bad}               rows that are left out
 *	{line} {pos}        what has the rows in the order of insertion; the position there
 *	{key}               the key of a staged row, a list
 *	{reached}           the sequence that numbered the rows, and then counts or notes them
 *	{updated} {same}    the sequences that count updated and unchanged rows
 *	{id}                the end of the names of prepared statements
 *	{=} {<} …           the operator of pg_catalog
 */
void stagesql_add(struct stagesql *w, const char *text);
char *stagesql_text(struct stagesql *w, const char *text);

/*
 * stagesql_add_as(w, type):
 * Append " AS type)".
 */
void stagesql_add_as(struct stagesql *w, const char *type);

/*
 * stagesql_add_names(w):
 * Append the list of columns behind INSERT INTO, and what it takes to set them; no
 * names at all where the table has none to load: it generates them, or has none.
 */
void stagesql_add_names(struct stagesql *w);

/*
 * stagesql_add_value(w, i), stagesql_add_typed(w, i), stagesql_add_new(w, i, clause):
 * Append the staged value of stream column ${i}, which INSERT still has to
 * make an assignment of; the same as the target's type, but for its modifiers;
 * what a row that is there has after the change.
 */
void stagesql_add_value(struct stagesql *w, size_t i);
void stagesql_add_typed(struct stagesql *w, size_t i);
void stagesql_add_new(struct stagesql *w, size_t i, enum stagesql_clause clause);

/*
 * stagesql_add_sets(w, clause):
 * Append UPDATE SET and what a row that is there gets.
 */
void stagesql_add_sets(struct stagesql *w, enum stagesql_clause clause);

/*
 * stagesql_add_newer(w, clause), stagesql_add_changed(w, clause):
 * Append the conditions under which a row that is there becomes another.
 */
void stagesql_add_newer(struct stagesql *w, enum stagesql_clause clause);
void stagesql_add_changed(struct stagesql *w, enum stagesql_clause clause);

/*
 * stagesql_add_rank(w), stagesql_add_from(w, rows):
 * Append ", … AS r", a staged row's number among the rows of its key; FROM and the staged
 * rows.
 */
void stagesql_add_rank(struct stagesql *w);
void stagesql_add_from(struct stagesql *w, enum stagesql_rows rows);

/*
 * stagesql_add_keyed_rows(w, rows), stagesql_add_join(w), stagesql_add_key_order(w):
 * Append staged rows "AS s" with their keys as k1, k2 …; the target "AS o" and
 * the condition that joins it to them; ORDER BY these keys.
 */
void stagesql_add_keyed_rows(struct stagesql *w, enum stagesql_rows rows);
void stagesql_add_join(struct stagesql *w);
void stagesql_add_key_order(struct stagesql *w);

/*
 * stagesql_is_held(w):
 * Tell whether old rows are locked one by one as they are read, by the key's index.
 */
bool stagesql_is_held(const struct stagesql *w);

/*
 * stagesql_add_rows(w, rows):
 * Append staged rows "AS s" in the order of insertion, with the old rows'
 * values where the plan wants to look first.
 */
void stagesql_add_rows(struct stagesql *w, enum stagesql_rows rows);

#endif /* LOAD_STAGESQL_H */
