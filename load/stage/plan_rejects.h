/*
 * What a plan has to say about rows that the server may refuse: how far one row's
 * fate depends on others, and the statements that leave rows out.
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
	bool late;     /* a statement may fail behind its last row, for any of them */
	bool triggers; /* what a row meets may depend on the statement that it is in */
	bool self;     /* rows may refer to later ones of their table, by foreign keys */
	/* decisions */
	bool line;  /* rows are copied in the order of insertion; else it is that of n */
	bool first; /* a row goes in only if no earlier one of its key did */
};

/*
 * plan_rejects(p, db, e):
 * Part of plan_stage(): make p->stage->rejects.
 */
int plan_rejects(struct plan *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_REJECTS_H */
