/*
 * The primary key of a table that we have created, before all of its rows are there.
 *
 * A key that is made behind the last row is the cheapest for the target's server, but nobody
 * does anything else meanwhile: a pipe whose source is the slower side takes longer by all of
 * it.  If rows come in the key's order, an index costs some 0.9 us a row, however wide it is,
 * where the key behind them costs 0.2 to 0.6.  So the target has to wait for rows by far more
 * than that: on few cores the source needs a part of the time in which the target waits.
 */
#ifndef LOAD_EARLYKEY_H
#define LOAD_EARLYKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct err;
struct plan;

/* How a stream's time goes by; all 0 before its first row.  Of CLOCK_MONOTONIC, in ns. */
struct earlykey {
	int64_t begun;   /* when the first rows came */
	int64_t entered; /* when those came that are being written */
	int64_t writing; /* how long rows were written in all */
	int64_t rows;    /* how many */
	bool settled;    /* whether to make the key early has been decided */
};

/*
 * earlykey_enter(k), earlykey_leave(k, rows):
 * Rows are about to be sent to the server; they have been, ${rows} of them.
 */
void earlykey_enter(struct earlykey *k);
void earlykey_leave(struct earlykey *k, size_t rows);

/*
 * earlykey_is_due(k):
 * After earlykey_leave(): has the server waited so long for rows that it has time for an index?
 */
bool earlykey_is_due(const struct earlykey *k);

/*
 * earlykey_in_order(db, plan, ordered, e):
 * In the loading transaction: store in ${*ordered} whether the first rows of the relation lie
 * in the order of the primary key that it is to have.
 */
int earlykey_in_order(struct db *db, const struct plan *plan, bool *ordered, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_EARLYKEY_H */
