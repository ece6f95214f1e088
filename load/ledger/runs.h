/*
 * Runs in parts, as the ledger has them: a row for the run, made by whoever brings its first
 * part, and a row for each part, written in the transaction of the part's rows.
 *
 * Who brings a part holds advisory locks until its transaction ends: the part's own, which
 * nobody else may have, and the run's, which those who bring parts share.  Nobody waits for
 * one: who does not get it is refused (EXIT_AGAIN).
 */
#ifndef LOAD_RUNS_H
#define LOAD_RUNS_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct db;
struct err;

/* Which run is meant; all borrowed. */
struct run {
	const char *ledger; /* schema */
	const char *id;
	const char *plan; /* digest of its plan: a run has one */
	size_t parts;     /* of the plan */
};

/* What the ledger says of a run. */
struct run_found {
	bool known;
	bool published;
	bool part;    /* the one that was asked for is there */
	bool counted; /* by another, while the run's row was waited for */
	bool all;     /* parts of the plan are there */
};

/* A part that is there; borrowed. */
struct run_part {
	size_t number, relation;
	uint64_t rows;
	const char *digest;   /* of the rows, with its form, "": not known */
	const char *position; /* or NULL */
	const char *snapshot; /* that it was read by, or NULL */
	const char *whole;    /* position of all its relation by that, or NULL */
	bool traced;          /* the rows have the open transaction for xmin */
};

/*
 * runs_register(r, db, e):
 * Outside a transaction: have the run's row.  Another plan of the same id is refused
 * (EXIT_TARGET).
 */
int runs_register(const struct run *r, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * runs_look(r, db, number, f, e), runs_await(r, db, f, e), runs_hold(r, db, f, e):
 * Outside a transaction, or in an open one: fill ${f}, with respect to part ${number}, 0:
 * none.  In an open transaction: the same, once nobody has the run's row locked; the same, the
 * row locked before it is looked at, so that parts which are committed are seen, and nobody
 * publishes meanwhile.
 */
int runs_look(const struct run *r, struct db *db, size_t number, struct run_found *f,
	      struct err *e) __attribute__((warn_unused_result));
int runs_await(const struct run *r, struct db *db, struct run_found *f, struct err *e)
	__attribute__((warn_unused_result));
int runs_hold(const struct run *r, struct db *db, struct run_found *f, struct err *e)
	__attribute__((warn_unused_result));

/*
 * runs_take(r, db, number, e):
 * In the transaction that brings part ${number}: lock it, and refuse one that is brought by
 * another just now, or is there.  0: only see that nobody removes the run meanwhile.
 */
int runs_take(const struct run *r, struct db *db, size_t number, struct err *e)
	__attribute__((warn_unused_result));

/*
 * runs_agree(r, db, snapshot, agree, e):
 * In an open transaction: were all parts that are there read by one snapshot?  Unless
 * ${snapshot} is NULL: were the first and the last of them read by that?  Which of many parts
 * was not is found out when all are there.
 */
int runs_agree(const struct run *r, struct db *db, const char *snapshot, bool *agree,
	       struct err *e) __attribute__((warn_unused_result));

/*
 * runs_clear(r, db, e):
 * In a transaction that will remove what the run has: refuse (EXIT_AGAIN) while parts are
 * brought or the run is published, and keep others out until it ends.
 */
int runs_clear(const struct run *r, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * runs_drop_tables(r, most, db, none, e):
 * In such a transaction: drop so many of the tables that are named as the run's in the ledger's
 * schema, and forget the parts that have gone into them; or there are ${*none}.
 */
int runs_drop_tables(const struct run *r, size_t most, struct db *db, bool *none, struct err *e)
	__attribute__((warn_unused_result));

/*
 * runs_store(r, db, part, e), runs_recount(r, db, relation, rows, whole, e),
 * runs_counted(r, db, e), runs_publish(r, db, e), runs_forget(r, db, relation, e):
 * In an open transaction: part ${part} is there; the table of the relation has so many
 * ${rows} now, whatever its parts have brought, and the position ${whole}; the rows of tables
 * that are to get a name have been counted; the run is published; no part of this relation is
 * there, 0: nothing of the run.
 */
int runs_store(const struct run *r, struct db *db, const struct run_part *part, struct err *e)
	__attribute__((warn_unused_result));
int runs_recount(const struct run *r, struct db *db, size_t relation, uint64_t rows,
		 const char *whole, struct err *e) __attribute__((warn_unused_result));
int runs_counted(const struct run *r, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
int runs_publish(const struct run *r, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
int runs_forget(const struct run *r, struct db *db, size_t relation, struct err *e)
	__attribute__((warn_unused_result));

/* What the parts of a relation come to. */
struct run_total {
	uint64_t rows;
	char digest[40]; /* with its form, "": not known */
	char *position;  /* of the first one that has one, or NULL; owned */
	char *whole;     /* position of the relation, which all have, or NULL; owned */
	bool traced;     /* each row of its table tells of which part it is */
};

/*
 * runs_total(r, db, relation, t, e):
 * In an open transaction: fill ${t}, whose positions are the caller's to free.
 */
int runs_total(const struct run *r, struct db *db, size_t relation, struct run_total *t,
	       struct err *e) __attribute__((warn_unused_result));

/*
 * runs_count(r, db, relation, total, rows, intact, e):
 * In an open transaction: count the ${*rows} in the relation's table; are they as many as
 * ${total} says, and, where they tell, of each part as many as it has brought, and none of
 * anybody else?  A row that was changed is of whoever has changed it.
 */
int runs_count(const struct run *r, struct db *db, size_t relation,
	       const struct run_total *total, uint64_t *rows, bool *intact, struct err *e)
	__attribute__((warn_unused_result));

/* The columns of runs_list(), and what stands in the first. */
enum runs_column {
	RUNS_NUMBER,
	RUNS_STATE, /* "done" or "running"; others are missing */
	RUNS_RELATION,
	RUNS_ROWS,
	RUNS_DIGEST,
	RUNS_POSITION,
	RUNS_AT
};

/*
 * runs_list(r, db, e):
 * Return the parts that are there or are being brought, in their order, for the caller to
 * PQclear(); NULL with ${e} filled on failure.
 */
PGresult *runs_list(const struct run *r, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/* The columns of runs_all(). */
enum runs_all_column {
	RUNS_ALL_ID,
	RUNS_ALL_MADE,
	RUNS_ALL_QUIET, /* for how long nothing has come */
	RUNS_ALL_PARTS, /* of the plan */
	RUNS_ALL_THERE, /* of them */
	RUNS_ALL_PUBLISHED,
	RUNS_ALL_AT_WORK, /* parts are brought just now, or published */
	RUNS_ALL_TABLES,  /* in the ledger's schema */
	RUNS_ALL_BYTES,   /* of these */
	RUNS_ALL_SIZE     /* the same as people say it */
};

/*
 * runs_all(ledger, id, seconds, db, e):
 * In an open transaction: return the runs that the ledger in schema ${ledger} has, the latest
 * last, for the caller to PQclear(): the one of ${id} unless that is NULL, and of which nothing
 * has come for so many ${seconds}, -1: all.  NULL with ${e} filled on failure.
 */
PGresult *runs_all(const char *ledger, const char *id, int64_t seconds, struct db *db,
		   struct err *e) __attribute__((warn_unused_result));

/*
 * runs_add_table(r, relation, sql), runs_table(r, relation):
 * Append the name of the table in the ledger's schema that the parts of a relation go into,
 * as SQL takes it; return it without schema, for the caller to free.
 */
void runs_add_table(const struct run *r, size_t relation, struct buf *sql);
char *runs_table(const struct run *r, size_t relation) __attribute__((returns_nonnull));

#endif /* LOAD_RUNS_H */
