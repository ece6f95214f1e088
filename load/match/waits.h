/*
 * Waiting for the target's lock, with an eye on who holds it.  The sender, or a session
 * of postgres_fdw through which it may read, would be waited for forever: it waits for us
 * to take its rows, and the server sees no deadlock in that.
 */
#ifndef LOAD_WAITS_H
#define LOAD_WAITS_H

#include <stdbool.h>

struct db;
struct err;
struct plan;

/*
 * What is waited for, by the least of the lock modes that are in its way (13.3 of the manual,
 * whose order is that of their strength): to read, to insert rows, to be the only writer, to
 * be alone.
 */
enum waits_mode { WAITS_READ = 8, WAITS_INSERT = 5, WAITS_WRITE = 3, WAITS_ALONE = 1 };

/*
 * waits_look(db, plan, mode, before, seconds, e):
 * Look who holds a lock on plan->rel that is in the way of ${mode}, which has been waited for
 * these ${seconds}, ${before} when it was looked last: refuse (EXIT_TARGET) where it would be
 * waited for forever, warn once of anybody else.  Outside of a transaction, or in one that
 * works.
 */
int waits_look(struct db *db, const struct plan *plan, enum waits_mode mode, int before,
	       int seconds, struct err *e) __attribute__((warn_unused_result));

/*
 * waits_long(db, ms, e):
 * Store how long a wait has to be for the server to find a deadlock in it.
 */
int waits_long(struct db *db, int *ms, struct err *e) __attribute__((warn_unused_result));

/*
 * waits_try(db, sql, ms, e):
 * Run ${sql}, which takes a lock and gives nothing, or only parse it if it is an INSERT, for no
 * longer than ${ms}, in a transaction for which lock_timeout says nothing.  0 if it is had; 1
 * if not, and nothing is done; -1 with ${e} filled, and the transaction is lost.
 */
int waits_try(struct db *db, const char *sql, int ms, struct err *e)
	__attribute__((warn_unused_result));

/*
 * waits_limited(db, limited, e):
 * Ask whether lock_timeout says how long to wait.
 */
int waits_limited(struct db *db, bool *limited, struct err *e)
	__attribute__((warn_unused_result));

/*
 * waits_run(db, plan, sql, e):
 * Run ${sql}, one statement, which takes the target's lock and gives nothing; it is only
 * parsed if it is an INSERT.  While another session holds the lock, it is looked now and then
 * who that is.  Where lock_timeout says how long to wait, that counts.
 */
int waits_run(struct db *db, const struct plan *plan, const char *sql, struct err *e)
	__attribute__((warn_unused_result));

/*
 * waits_glance(db, e), waits_glanced(db, taken, e):
 * Before and after many locks are tried for at once, which nobody is made to wait for behind
 * us: 0 if they may be, 1 if lock_timeout says how long each is waited for; then ${taken}, 0
 * or -1 with ${e} filled, is how that went.  0 if all are had, 1 if none is, for a reason that
 * each table is to say by itself.  -1 with ${e} filled on failure.
 */
int waits_glance(struct db *db, struct err *e) __attribute__((warn_unused_result));
int waits_glanced(struct db *db, int taken, struct err *e) __attribute__((warn_unused_result));

#endif /* LOAD_WAITS_H */
