/*
 * What the routes over the temporary table share: which row COPY means, and how
 * all that has been staged enters the target.
 */
#ifndef LOAD_STAGED_H
#define LOAD_STAGED_H

#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;
struct plan_stage;
struct route;

/*
 * staged_numbers(db, sql, n, params, numbers, count, e):
 * Run a query and store the ${count} numbers in its first row, or zeros if it
 * has none.
 */
int staged_numbers(struct db *db, const char *sql, int n, const char *const *params,
		   uint64_t *numbers, int count, struct err *e)
	__attribute__((warn_unused_result));

/*
 * staged_where(r, e, line, column):
 * Find in the context of ${e}, in whatever language it is, the place in the COPY
 * into the temporary table: true with the row of the COPY, counted from 1, and the
 * target's column, for the caller to free, or NULL.  ${e} then speaks of the target.
 */
bool staged_where(const struct route *r, struct err *e, uint64_t *line, char **column);

/*
 * staged_refuse_duplicates(r, e):
 * --duplicates=error: fail if two rows have one key.
 */
int staged_refuse_duplicates(const struct route *r, struct err *e)
	__attribute__((warn_unused_result));

/*
 * staged_names_row(e), staged_is_sifted(st, e):
 * Tell whether a row's own statement raised the error, not a trigger after all of
 * them.  Nor is it a row's doing to meet a deadlock, a lock held too long, a full
 * disk or an administrator; to try again after those would count rows twice.
 * Tell whether such rows will be looked for by queries, which need no row to begin with.
 */
bool staged_names_row(const struct err *e);
bool staged_is_sifted(const struct plan_stage *st, const struct err *e);

/*
 * staged_queue(r, e):
 * Wait for loaders that write into the target in another order than that of the
 * key, or become the only one to do so: r->alone.
 */
int staged_queue(struct route *r, struct err *e) __attribute__((warn_unused_result));

/*
 * staged_forget(r, e):
 * Drop the statements that were prepared for the batch, which no ROLLBACK does.
 */
int staged_forget(const struct route *r, struct err *e) __attribute__((warn_unused_result));

/*
 * staged_apply(r, row, e):
 * Put everything that is staged into the target and count.  On failure
 * ${*row} is the row of the batch that the server was at, or 0 if that is not
 * known, and the transaction can only be rolled back to a savepoint of the caller's.
 */
int staged_apply(struct route *r, uint64_t *row, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_STAGED_H */
