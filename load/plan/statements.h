/*
 * The statements of a plan, as one table that all walk who write, show or log them.
 */
#ifndef LOAD_STATEMENTS_H
#define LOAD_STATEMENTS_H

#include <stdbool.h>

#include "load/match/plan.h"

/*
 * statements_write(p):
 * Write all that the plan needs into p->sql, when all is decided.
 */
void statements_write(struct plan *p);

/*
 * statements_label(id):
 * Return what the statement does, in a few words.
 */
const char *statements_label(enum statement id);

/*
 * statements_is_step(p, id):
 * Tell whether the plan has the statement and it moves or locks rows, makes or empties
 * tables; others count, look for a row that was refused, and clean up.
 */
bool statements_is_step(const struct plan *p, enum statement id);

/*
 * statements_when(p, id):
 * Return the condition under which it is run, or NULL: always.
 */
const char *statements_when(const struct plan *p, enum statement id);

#endif /* LOAD_STATEMENTS_H */
