/*
 * The staged rows as the staged route's statements read them: with their rank, joined to the
 * rows that are there, in the order of insertion (key, then n).
 */
#ifndef LOAD_SQLROWS_H
#define LOAD_SQLROWS_H

#include <stdbool.h>

#include "load/stage/sqlparts.h"

/*
 * sqlrows_add_rank(w), sqlrows_add_from(w, rows):
 * Append ", … AS r", a staged row's number among the rows of its key; FROM and the staged
 * rows.
 */
void sqlrows_add_rank(struct sqlparts *w);
void sqlrows_add_from(struct sqlparts *w, enum sqlparts_rows rows);

/*
 * sqlrows_add_keyed_rows(w, rows), sqlrows_add_join(w), sqlrows_add_key_order(w):
 * Append staged rows "AS s" with their keys as k1, k2 …; the target "AS o" and
 * the condition that joins it to them; ORDER BY these keys.
 */
void sqlrows_add_keyed_rows(struct sqlparts *w, enum sqlparts_rows rows);
void sqlrows_add_join(struct sqlparts *w);
void sqlrows_add_key_order(struct sqlparts *w);

/*
 * sqlrows_is_held(w):
 * Tell whether old rows are locked one by one as they are read, by the key's index.
 */
bool sqlrows_is_held(const struct sqlparts *w);

/*
 * sqlrows_add_rows(w, rows):
 * Append staged rows "AS s" in the order of insertion, with the old rows'
 * values where the plan wants to look first.
 */
void sqlrows_add_rows(struct sqlparts *w, enum sqlparts_rows rows);

#endif /* LOAD_SQLROWS_H */
