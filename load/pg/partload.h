/*
 * One part of a run: whether it is there, where its rows go, and its row in the ledger, which
 * is written with them.
 */
#ifndef LOAD_PARTLOAD_H
#define LOAD_PARTLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/relname.h"
#include "load/ledger/runplan.h"
#include "load/ledger/runs.h"

struct db;
struct err;
struct header;
struct load_options;
struct load_rules;
struct partplan;
struct partplan_relation;
struct plan;

struct partload {
	const struct load_options *options;       /* borrowed; NULL: no part is loaded */
	const struct partplan_relation *relation; /* borrowed */
	size_t number;                            /* of the part */
	struct run run;
	char mark[RUNPLAN_MARK + 1]; /* of the plan */
	struct relname table;        /* of the ledger's schema; owned */
	bool there;                  /* the part is */
	bool all;                    /* all parts are, and nobody has published them */
	char *position;              /* of the stream, or NULL; owned */
	char *snapshot;              /* that it was read by, or NULL; owned */
	char *whole;                 /* position of the relation by that, or NULL; owned */
	const struct plan *alone;    /* of a table that is made with the rows, or NULL */
};

/*
 * partload_open(p, options, number, db, e):
 * Begin part ${number}, if the options are about parts: have the ledger and the run's row, and
 * find out whether the part is there.
 */
int partload_open(struct partload *p, const struct load_options *options, size_t number,
		  struct db *db, struct err *e) __attribute__((warn_unused_result));

/*
 * partload_is(p):
 * Is a part loaded?
 */
bool partload_is(const struct partload *p);

/*
 * partload_makes_target(p):
 * Is a part loaded of a relation whose target does not exist, so that there is nothing to
 * find out about it?
 */
bool partload_makes_target(const struct partload *p);

/*
 * partload_expect(p, header, rules, e):
 * Its stream begins: refuse (EXIT_STREAM) another one than the part's, and make ${rules} those
 * of the part.
 */
int partload_expect(struct partload *p, const struct header *header, struct load_rules *rules,
		    struct err *e) __attribute__((warn_unused_result));

/*
 * partload_prepare(p, plan, db, e):
 * The stream is planned, no transaction is open: have the table that the rows go into.  Where
 * no other part does, it is made in the loading transaction, so that rows can be frozen;
 * ${plan} has to last until then.
 */
int partload_prepare(struct partload *p, const struct plan *plan, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * partload_take(p, db, e), partload_store(p, plan, db, rows, digest, e):
 * In the loading transaction: before its first row, see that nobody else brings the part, that
 * its table is there, and that those which are there were read by its snapshot, if that is
 * held; behind its ${rows}, which came by ${plan}, NULL: none, note that it is there.
 */
int partload_take(const struct partload *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
int partload_store(const struct partload *p, const struct plan *plan, struct db *db,
		   uint64_t rows, const char *digest, struct err *e)
	__attribute__((warn_unused_result));

/*
 * partload_one_snapshot(run, plan, snapshot, db, e):
 * In a transaction: refuse (EXIT_TARGET) parts that are there, or the one of ${snapshot}, ""
 * if that is not known, NULL: no other one, which were read by several snapshots, if the plan
 * says that it is one.
 */
int partload_one_snapshot(const struct run *run, const struct partplan *plan,
			  const char *snapshot, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * partload_mark(plan, mark), partload_table(table, plan, db, there, e):
 * Store what tells the table of ${plan}'s rows from one for others; in a transaction: is it
 * ${*there}?  One that was made for other rows is refused (EXIT_TARGET).
 */
void partload_mark(const struct plan *plan, char mark[RUNPLAN_MARK + 1]);
int partload_table(const struct relname *table, const struct plan *plan, struct db *db,
		   bool *there, struct err *e) __attribute__((warn_unused_result));

/*
 * partload_look(p, db, all, e):
 * The part is committed: are ${*all} parts there, and not published?
 */
int partload_look(const struct partload *p, struct db *db, bool *all, struct err *e)
	__attribute__((warn_unused_result));

void partload_release(struct partload *p);

#endif /* LOAD_PARTLOAD_H */
