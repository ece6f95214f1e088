/*
 * What both routes over the temporary table (staged, rejects) do in the same way.
 */
#ifndef LOAD_STAGED_H
#define LOAD_STAGED_H

#include <stdbool.h>
#include <stdint.h>

#include "common/rows/keyrun.h"
#include "load/route/route.h"

struct plan_stage;

/* The base of their structs; a struct route comes first. */
struct staged {
	struct route base;
	enum keyrun_verdict order; /* of the batch's keys, as far as it is known */
	bool alone;                /* no other loader writes the target until COMMIT */
	bool indexed;              /* the staged rows have an index like the target's key */
	bool numbered;             /* the staged rows have numbers, if they get them late */
};

static inline struct staged *
staged_of(struct route *r)
{
	return (struct staged *)r;
}

#define STAGED_ARGS 3

/*
 * staged_numbers(db, sql, numbers, count, e),
 * staged_numbers_of(db, sql, n, args, numbers, count, e):
 * Run a query and store the ${count} numbers in its first row, or zeros if it
 * has none; $1 … are the ${n} numbers in ${args}, at most STAGED_ARGS.
 */
int staged_numbers(struct db *db, const char *sql, uint64_t *numbers, int count, struct err *e)
	__attribute__((warn_unused_result));
int staged_numbers_of(struct db *db, const char *sql, int n, const uint64_t *args,
		      uint64_t *numbers, int count, struct err *e)
	__attribute__((warn_unused_result));

/*
 * staged_begin(s):
 * A batch begins: nothing is known of its rows.
 */
void staged_begin(struct staged *s);

/*
 * staged_number(s, e):
 * Number the staged rows, if they are not: before any statement that asks for a row's number.
 */
int staged_number(struct staged *s, struct err *e) __attribute__((warn_unused_result));

/*
 * staged_where(r, e, line, column):
 * Find in the context of ${e}, in whatever language it is, the row of the COPY
 * into the temporary table: true with the row of the COPY, counted from 1, and the
 * target's column, for the caller to free, or NULL.  ${e} then speaks of the target.
 */
bool staged_where(const struct route *r, struct err *e, uint64_t *line, char **column);

/*
 * staged_locate(r, e):
 * For routes: the server has refused a row that was sent to be staged.
 */
int staged_locate(struct route *r, struct err *e);

/*
 * staged_cast_column(r, position, why, column, e):
 * Find the target's column whose cast in the row at ${position} of those staged is what
 * failed (${why}), else ${*column} is NULL; it is borrowed from the plan.
 */
int staged_cast_column(const struct route *r, uint64_t position, const struct err *why,
		       const char **column, struct err *e) __attribute__((warn_unused_result));

/*
 * staged_refuse_duplicates(r, e):
 * --duplicates=error: fail if two rows have one key.
 */
int staged_refuse_duplicates(const struct route *r, struct err *e)
	__attribute__((warn_unused_result));

/*
 * staged_names_row(e), staged_may_reject(st, e):
 * Tell whether a row's own statement raised the error, not a trigger after all of
 * them.  Nor is it a row's doing to meet a deadlock, a lock held too long, a full
 * disk or an administrator; to try again after those would count rows twice.
 * Tell whether --rejects will deal with it, which finds the row by itself.
 */
bool staged_names_row(const struct err *e);
bool staged_may_reject(const struct plan_stage *st, const struct err *e);

/*
 * staged_queue(s, e):
 * Wait for loaders that write into the target in another order than that of the
 * key, or become the only one to do so: s->alone.  Then lock the old rows, if the plan
 * looks at them first.
 */
int staged_queue(struct staged *s, struct err *e) __attribute__((warn_unused_result));

/*
 * staged_forget(r, e):
 * Drop the statements that were prepared for the batch, which no ROLLBACK does.
 */
int staged_forget(struct route *r, struct err *e) __attribute__((warn_unused_result));

#endif /* LOAD_STAGED_H */
