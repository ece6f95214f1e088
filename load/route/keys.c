/*
 * One query casts the keys in the order of n and notes each n in the sequence before it casts.
 * If the cast fails, the sequence has the row's number.  The row is left out, and the query
 * goes on behind it.
 */
#include "load/route/keys.h"

#include <stdint.h>

#include "common/base/err.h"
#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/rejects/rejects.h"
#include "load/route/route.h"
#include "load/route/staged.h"
#include "load/stage/plan_stage.h"

static int
leave_out(struct route *r, uint64_t row, const struct err *why, struct err *e)
{
	if (staged_numbers_of(r->db, r->plan->sql[SQL_KEYS_LEAVE], 1, &row, NULL, 0, e) != 0)
		return -1;
	return route_reject(r, row, NULL, why, e);
}

/* Returns 0 if all keys from ${*row} on can be cast, 1 if ${*row} now is one that cannot, -1.
 */
static int
find(struct route *r, uint64_t *row, struct err *why, struct err *e)
{
	if (db_exec(r->db, e, "%s", r->plan->sql[SQL_RESTART]) != 0)
		return -1;
	if (staged_numbers_of(r->db, r->plan->sql[SQL_KEYS], 1, row, NULL, 0, why) == 0)
		return db_exec(r->db, e, "RELEASE SAVEPOINT portl");
	if (!rejects_is_for(why)) {
		err_take(e, why);
		return -1;
	}
	if (db_exec(r->db, e, "ROLLBACK TO SAVEPOINT portl; RELEASE SAVEPOINT portl") != 0 ||
	    staged_numbers(r->db, r->plan->sql[SQL_LAST], row, 1, e) != 0)
		return -1;
	return 1;
}

int
keys_check(struct route *r, struct err *e)
{
	struct err why = ERR_INIT;
	uint64_t row = 1, found = 0;
	int rc;

	if (r->plan->sql[SQL_KEYS_LEAVE] == NULL)
		return 0;
	while ((rc = find(r, &row, &why, e)) > 0) {
		if ((found++ == 0 &&
		     db_exec(r->db, e, "%s", r->plan->sql[SQL_KEYS_INDEX]) != 0) ||
		    leave_out(r, row++, &why, e) != 0) {
			rc = -1;
			break;
		}
		err_release(&why);
	}
	err_release(&why);
	return rc;
}
