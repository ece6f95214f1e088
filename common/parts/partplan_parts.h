/*
 * What common/parts/partplan*.c share.  Nobody else includes this.
 */
#ifndef COMMON_PARTPLAN_PARTS_H
#define COMMON_PARTPLAN_PARTS_H

#include "common/parts/partplan.h"

extern const char *const partplan_snapshots[2]; /* by enum partplan_snapshot */

/*
 * partplan_check(plan, e):
 * Do the parts of each relation come to all of it, with no row twice?  Returns 0, or -1 with
 * ${e} (EXIT_JOBFILE) filled.
 */
int partplan_check(const struct partplan *plan, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_PARTPLAN_PARTS_H */
