/*
 * Rows that the server is likely to refuse, found by queries.  They only say where to cut:
 * the server decides about each.  A constraint is asked about once it has refused a row,
 * and those of its kind no more when what it says has been wrong too often.
 */
#ifndef LOAD_SUSPECTS_H
#define LOAD_SUSPECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "load/stage/plan_stage.h"

struct err;
struct route;

struct suspects_kind {
	uint64_t *positions; /* ascending; owned */
	size_t n, next;      /* those before next are done with */
	bool due;            /* there may be some behind these */
	bool all; /* all constraints are asked about, or none any more; else those … */
	struct buf names; /* … that have refused a row, as elements of an array's text */
	unsigned right, wrong;
};

struct suspects {
	const struct route *r; /* borrowed */
	struct suspects_kind kinds[PLAN_SUSPECTS];
};

/*
 * suspects_missing(r, e):
 * Ask of everything that is staged whether a foreign key is likely to be refused, which the
 * server says behind all rows only: 1, 0, -1.
 */
int suspects_missing(const struct route *r, struct err *e) __attribute__((warn_unused_result));

/* Rows that lack others, which neither the target nor any of them has. */
struct suspects_lost {
	char *positions; /* ascending, an array's text; owned */
	uint64_t n, of;  /* how many of how many rows */
};

/*
 * suspects_lost(r, from, to, lost, e):
 * Ask which rows from position ${from} on, before ${to}, are likely to be refused by a foreign
 * key, be it only because one of them is that they refer to; at most SUSPECTS_MOST.
 */
int suspects_lost(const struct route *r, uint64_t from, uint64_t to, struct suspects_lost *lost,
		  struct err *e) __attribute__((warn_unused_result));

/*
 * suspects_init(s, r), suspects_release(s):
 * Prepare; free.
 */
void suspects_init(struct suspects *s, const struct route *r);
void suspects_release(struct suspects *s);

/*
 * suspects_learn(s, why), suspects_learn_missing(s):
 * A row was refused; suspects_missing() has found something.
 */
void suspects_learn(struct suspects *s, const struct err *why);
void suspects_learn_missing(struct suspects *s);

/*
 * suspects_due(s, from):
 * Tell whether suspects_ask() has to be called before suspects_next().
 */
bool suspects_due(const struct suspects *s, uint64_t from);

/*
 * suspects_ask(s, from, e):
 * Ask for positions from ${from} on; what the query itself may say is no failure.
 */
int suspects_ask(struct suspects *s, uint64_t from, struct err *e)
	__attribute__((warn_unused_result));

/*
 * suspects_next(s, from):
 * Return the first suspect from position ${from} on, or UINT64_MAX.  ${from} does not descend.
 */
uint64_t suspects_next(struct suspects *s, uint64_t from);

/*
 * suspects_window(s, from, end, positions, max):
 * Fill ${positions} with the first suspects between ${from} and ${*end}, at most ${max}, and
 * return how many.  ${*end} comes down to where that is all there are.
 */
size_t suspects_window(struct suspects *s, uint64_t from, uint64_t *end, uint64_t *positions,
		       size_t max);

/*
 * suspects_knows(s, why, position):
 * Tell whether the unique index that refuses the row at ${position} is asked about, and the
 * row is suspected for a unique index: then so is every row behind it with these values.
 */
bool suspects_knows(struct suspects *s, const struct err *why, uint64_t position);

/*
 * suspects_judge(s, position, refused):
 * The server has refused or taken the suspect at ${position}.
 */
void suspects_judge(struct suspects *s, uint64_t position, bool refused);

#endif /* LOAD_SUSPECTS_H */
