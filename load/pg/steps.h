/*
 * What is done in the loading transaction before it is committed, behind the rows.
 */
#ifndef LOAD_STEPS_H
#define LOAD_STEPS_H

#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;
struct load_options;
struct partload;
struct publication;
struct rejects;
struct state;
struct targets;

/* When a step is due. */
enum steps_at {
	STEPS_BATCH = 1, /* before each COMMIT but the last */
	STEPS_LAST = 2,  /* before the last one */
	STEPS_DRY = 4    /* before the ROLLBACK of a dry run */
};

/* What the steps work on; all is borrowed. */
struct steps {
	struct db *db;
	const struct load_options *options;
	struct targets *targets;
	struct rejects *rejects; /* or NULL */
	struct state *state;
	const struct partload *part;
	const struct publication *publication;
	const char *digest; /* of the rows, "": not known */
	uint64_t read;      /* rows that have been taken */
	bool sent;          /* the sender sends its rows: it does not run dry */
};

/*
 * steps_run(s, at, e):
 * Do what is due ${at} this point and needed, in the order of the table in steps.c.  Each
 * step is an event in the log; where a server's message would not say at which step it
 * failed, the context of ${e} does.
 */
int steps_run(const struct steps *s, enum steps_at at, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_STEPS_H */
