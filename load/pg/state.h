/*
 * How far relations are loaded, kept under a name in the ledger: compared under a lock with
 * where the streams go on, and stored in the transaction of the rows.
 */
#ifndef LOAD_STATE_H
#define LOAD_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/os/runid.h"

struct db;
struct err;
struct load_options;
struct state_entry;
struct targets;

struct state {
	const struct load_options *options; /* borrowed; NULL: no state is kept */
	const struct targets *targets;      /* borrowed */
	struct state_entry *list;           /* one for each target; owned */
	size_t n;
	bool there;                /* the ledger */
	bool locked;               /* in the open transaction */
	bool begun;                /* an earlier batch has put the token there */
	char token[RUNID_LEN + 1]; /* of this run */
};

/*
 * state_expect(s, options, targets, db, e):
 * The targets are planned, no transaction is open.  Refuse (EXIT_TARGET) streams without a
 * position, rules by which a state would not be true, and streams that do not join what is
 * stored; make the ledger where it is missing, unless nothing is to be committed.  Does
 * nothing if no state is asked for.
 */
int state_expect(struct state *s, const struct load_options *options,
		 const struct targets *targets, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * state_check_parts(options, targets, db, e):
 * The same for a plan of parts, which bring all rows: refuse (EXIT_TARGET) where a position is
 * stored, before any part is read.  Makes nothing.
 */
int state_check_parts(const struct load_options *options, const struct targets *targets,
		      struct db *db, struct err *e) __attribute__((warn_unused_result));

/*
 * state_lock(s, db, e):
 * In the loading transaction, before its first row: lock what is stored and compare again.
 * Once in each transaction; state_unlocked(s): it has ended, and its rows are ${kept}.
 */
int state_lock(struct state *s, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
void state_unlocked(struct state *s, bool kept);

/*
 * state_is_kept(s):
 * Is a state asked for?
 */
bool state_is_kept(const struct state *s);

/*
 * state_store(s, db, e):
 * All rows of all streams are in the targets: store the new positions.
 */
int state_store(struct state *s, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * state_words(s):
 * Return what ledger_print() would print now, for the caller to free.
 */
char *state_words(const struct state *s) __attribute__((returns_nonnull));

void state_release(struct state *s);

#endif /* LOAD_STATE_H */
