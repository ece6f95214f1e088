/*
 * From a plan of parts to the run as the ledger has it.
 */
#ifndef LOAD_RUNPLAN_H
#define LOAD_RUNPLAN_H

#include "load/ledger/runs.h"

#define RUNPLAN_MARK 16 /* hex digits */

struct err;
struct partplan;

/*
 * runplan_make(r, plan, ledger, mark, e):
 * Fill ${r}, which borrows all of these; ${mark} becomes the digest of what the plan says of
 * relations, parts and rules, but not by whose snapshots the parts are read, for a run may
 * go on under others.  An id that makes no names of tables fills ${e} (EXIT_JOBFILE).
 */
int runplan_make(struct run *r, const struct partplan *plan, const char *ledger,
		 char mark[RUNPLAN_MARK + 1], struct err *e)
	__attribute__((warn_unused_result));

/*
 * runplan_mark(text, mark):
 * Store the digest of a text.
 */
void runplan_mark(const char *text, char mark[RUNPLAN_MARK + 1]);

#endif /* LOAD_RUNPLAN_H */
