/*
 * What the way to find refused rows (load/README, 3.) depends on: how far what becomes of one
 * row depends on other rows.
 */
#ifndef LOAD_PLAN_REJECTS_H
#define LOAD_PLAN_REJECTS_H

#include <stdbool.h>

struct db;
struct err;
struct plan;

/* Rounds of rows that are tried again have numbers from here on. */
#define PLAN_REJECTS_AGAIN ((uint64_t)1 << 62)

struct plan_rejects {
	/* facts */
	bool late; /* constraints and triggers that are checked behind an INSERT's last row */
	bool triggers; /* a trigger may see which rows come in one INSERT */
	bool self;     /* a foreign key to the target itself: a row may need a later one */
	/* decisions */
	bool line;  /* portl_line_* is made; else the order of insertion is that of n */
	bool first; /* a row is tried only if no earlier row of its key is in */
};

/*
 * plan_rejects(p, db, e):
 * Part of plan_decide(): make p->stage->rejects.
 */
int plan_rejects(struct plan *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_REJECTS_H */
