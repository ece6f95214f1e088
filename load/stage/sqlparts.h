/*
 * The parts of which statements are made; stage_sql, merge_sql, rejects_sql and
 * target_sql put them together.
 */
#ifndef LOAD_SQLPARTS_H
#define LOAD_SQLPARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

struct plan;
struct plan_stage;
struct relation_column;

/*
 * Which rows an INSERT takes: the first of each key, the r-th, some in line, one in line.
 */
enum sqlparts_rows { SQLPARTS_FIRST, SQLPARTS_LATER, SQLPARTS_PIECE, SQLPARTS_ROW };

/*
 * The clause that an expression is in, which decides how it names the old row and the new.
 * FOLDED: the old row is the one before in the window w, and the new one is filled already.
 */
enum sqlparts_clause { SQLPARTS_JOINED, SQLPARTS_CONFLICT, SQLPARTS_MERGED, SQLPARTS_FOLDED };

/* What is being written, and where to. */
struct sqlparts {
	const struct plan *p;
	const struct plan_stage *st; /* the plan's; NULL: nothing is staged */
	struct buf sql;
};

/*
 * sqlparts_is_upsert(w), sqlparts_is_ranked(w), sqlparts_is_sorted(w),
 * sqlparts_is_strict(w), sqlparts_column(w, i), sqlparts_collation(w, i):
 * Tell whether existing rows are looked at; whether the first INSERT takes only
 * the first row of each key; whether rows in key order can go in as they are; whether a
 * key that comes twice is an error; return the target's column for
 * stream column ${i} (NULL: to be created), its collation (NULL: the type's).
 */
bool sqlparts_is_upsert(const struct sqlparts *w);
bool sqlparts_is_ranked(const struct sqlparts *w);
bool sqlparts_is_sorted(const struct sqlparts *w);
bool sqlparts_is_strict(const struct sqlparts *w);
const struct relation_column *sqlparts_column(const struct sqlparts *w, size_t i);
const char *sqlparts_collation(const struct sqlparts *w, size_t i);

/*
 * sqlparts_is_shared(w):
 * Tell whether rows are staged in a table that other parts share.
 */
bool sqlparts_is_shared(const struct sqlparts *w);

/*
 * sqlparts_add(w, text), sqlparts_text(w, text):
 * Append SQL; append it and return the statement, for the caller to free.  In ${text}, which
 * is a constant of the program, these stand for
 *
 *	{target}            the target's name
 *	{stage} {rest}      the staging table; rows of later rounds
 *	{stage text}        its name as a text
 *	{bad}               rows that are left out
 *	{line} {pos}        what has the rows in the order of insertion; the position there
 *	{absent}            keys of rows that are to be deleted, of all streams
 *	{key}               the key of a staged row, a list
 *	{counter}           the sequence that numbered the rows, and then counts or notes them
 *	{reached}           the same as a value
 *	{updated} {same}    the sequences that count updated and unchanged rows
 *	{id}                the end of the names of prepared statements
 *	{=} {<} …           the operator of pg_catalog
 */
void sqlparts_add(struct sqlparts *w, const char *text);
char *sqlparts_text(struct sqlparts *w, const char *text);

/*
 * sqlparts_add_key_value(w, j):
 * Append the value of the key's ${j}-th column, from 0, of a staged row.
 */
void sqlparts_add_key_value(struct sqlparts *w, size_t j);

/*
 * sqlparts_add_as(w, type):
 * Append " AS type)".
 */
void sqlparts_add_as(struct sqlparts *w, const char *type);

/*
 * sqlparts_add_names(w):
 * Append the list of columns behind INSERT INTO, and what it takes to set them; no
 * names at all where the table has none to load: it generates them, or has none.
 */
void sqlparts_add_names(struct sqlparts *w);

/*
 * sqlparts_filled_domain(w, i):
 * Return the target's column for stream column ${i} if that is of a domain, and a NULL in it
 * leaves what the row has; else NULL.
 */
const struct relation_column *sqlparts_filled_domain(const struct sqlparts *w, size_t i);

/*
 * sqlparts_add_value(w, i), sqlparts_add_typed(w, i), sqlparts_add_new(w, i, clause):
 * Append the staged value of stream column ${i}, which INSERT still has to
 * make an assignment of; the same as the target's type, but for its modifiers;
 * what a row that is there has after the change.
 */
void sqlparts_add_value(struct sqlparts *w, size_t i);
void sqlparts_add_typed(struct sqlparts *w, size_t i);
void sqlparts_add_new(struct sqlparts *w, size_t i, enum sqlparts_clause clause);

/*
 * sqlparts_add_sets(w, clause):
 * Append UPDATE SET and what a row that is there gets.
 */
void sqlparts_add_sets(struct sqlparts *w, enum sqlparts_clause clause);

/*
 * sqlparts_add_newer(w, clause), sqlparts_add_changed(w, clause):
 * Append the conditions under which a row that is there becomes another.
 */
void sqlparts_add_newer(struct sqlparts *w, enum sqlparts_clause clause);
void sqlparts_add_changed(struct sqlparts *w, enum sqlparts_clause clause);

/*
 * sqlparts_add_conflict(w, plain):
 * Append ON CONFLICT and what becomes of a row that is there, if rows can conflict; unless
 * ${plain}, rows are counted by sequences.
 */
void sqlparts_add_conflict(struct sqlparts *w, bool plain);

#endif /* LOAD_SQLPARTS_H */
