/*
 * COMMIT, and the truth about it when the connection is lost meanwhile.
 */
#ifndef LOAD_COMMIT_H
#define LOAD_COMMIT_H

#include "common/talk/receipt.h"

struct db;
struct db_params;
struct err;

/*
 * commit_send(db, params, outcome, e):
 * Commit the open transaction.  Stop signals wait for the answer.  If the
 * connection is lost, connect anew by ${params} and ask the server what became
 * of the transaction.  ${*outcome} is always set; returns 0 only if it is
 * RECEIPT_YES.  RECEIPT_LOCALLY is an error, too: the rows are committed, but COMMIT
 * has not waited for the standbys that it was to wait for.
 */
int commit_send(struct db *db, const struct db_params *params, enum receipt_committed *outcome,
		struct err *e) __attribute__((warn_unused_result));

#endif /* LOAD_COMMIT_H */
