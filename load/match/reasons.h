/*
 * Why a target cannot take a stream: all the reasons, gathered and reported at
 * once.
 */
#ifndef LOAD_REASONS_H
#define LOAD_REASONS_H

#include "common/base/buf.h"

struct err;

struct reasons {
	struct buf text;     /* one reason a line */
	struct buf grants;   /* privileges on the table that would help: "INSERT, UPDATE" */
	struct buf schema;   /* the same on its schema */
	struct buf sql;      /* what else would help, with a semicolon each */
	const char *instead; /* another way, a sentence of a string that stays, or NULL */
	size_t n;
};

/*
 * reasons_add(r, fmt, ...):
 * Add a reason, without a full stop.
 */
void reasons_add(struct reasons *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * reasons_grant(list, privilege):
 * Add a privilege to grants or schema, if it is not there yet.
 */
void reasons_grant(struct buf *list, const char *privilege);

/*
 * reasons_release(r):
 * Forget all.
 */
void reasons_release(struct reasons *r);

/*
 * reasons_report(r, target, e):
 * If there are reasons, fill ${e} (EXIT_TARGET) with them and return -1, else
 * return 0.  The reasons are released.  ${target}: as people call it.
 */
int reasons_report(struct reasons *r, const char *target, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_REASONS_H */
