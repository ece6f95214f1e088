/*
 * What makes all parts of a run seen: the run's row is locked, nothing is missing, and what
 * the parts have brought enters the targets in one transaction.
 */
#ifndef LOAD_PUBLICATION_H
#define LOAD_PUBLICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/ledger/runplan.h"
#include "load/ledger/runs.h"

struct db;
struct err;
struct load_options;
struct load_rules;
struct manifest;
struct placed;
struct receipt;
struct sink_set;
struct targets;

struct publication {
	const struct load_options *options; /* borrowed; NULL: nothing is published */
	struct run run;
	char mark[RUNPLAN_MARK + 1]; /* of the plan */
	bool done;                   /* it is published already */
	bool counted;                /* the rows of tables that are to get a name */
	struct relname *tables;      /* of the ledger's schema, one for each relation; owned */
	struct load_rules *rules;    /* the same; owned */
	struct run_total *totals;    /* the same; owned */
	struct placed *placed;       /* one for each target, once they are built; owned */
	size_t nplaced;
	struct manifest *set; /* what the relations have come to; owned */
};

/*
 * publication_open(p, options, db, e):
 * Begin, if the options ask for it, once nobody else publishes the run just now.  One of which
 * parts are missing is refused, with their numbers.
 */
int publication_open(struct publication *p, const struct load_options *options, struct db *db,
		     struct err *e) __attribute__((warn_unused_result));

/*
 * publication_is(p):
 * Is anything published?
 */
bool publication_is(const struct publication *p);

/*
 * publication_expect(p, set), publication_build(p, targets, db, e):
 * The relations of the plan are a set: give it the rules of its members, and how far they and
 * where sequences stood when their parts were read; they are planned: do in a transaction of
 * its own all that takes its time and nobody has to see.
 */
void publication_expect(struct publication *p, struct sink_set *set);
int publication_build(struct publication *p, const struct targets *targets, struct db *db,
		      struct err *e) __attribute__((warn_unused_result));

/*
 * publication_hold(p, db, e):
 * In the transaction that publishes: lock the run's row, and see that all staged rows that the
 * parts have brought are still there.  A table that a crash of the server has emptied, or that
 * others have written, is refused (EXIT_AGAIN), and its parts, and those of all tables that are
 * no better, count as missing from now on.
 */
int publication_hold(struct publication *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * publication_finish(p, targets, db, e):
 * Behind all rows: tables get their names, and the run is published.
 */
int publication_finish(const struct publication *p, const struct targets *targets,
		       struct db *db, struct err *e) __attribute__((warn_unused_result));

void publication_release(struct publication *p);

#endif /* LOAD_PUBLICATION_H */
