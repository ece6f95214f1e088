/*
 * The relations that a transaction reads: what the server has locked for it, by OID,
 * and whether the names by which they were found still lead there (README).
 */
#ifndef EXTRACT_READS_H
#define EXTRACT_READS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/relname.h"

struct db;
struct err;

#define READS_FIRST 16384 /* OIDs below are the server's own catalogs */

struct reads_relation {
	struct relname id; /* without schema: the name is qualified and quoted already */
	unsigned oid;
	bool is_view;  /* LOCK goes on to what it reads, by the privileges of its owner */
	bool lockable; /* LOCK TABLE takes it, and the user has the privileges */
};

struct reads {
	struct reads_relation *list; /* by OID */
	size_t n;
};

/* What LOCK is asked for; each refusal leads to the next. */
enum reads_reach { READS_ALL, READS_NO_VIEWS, READS_NOTHING };

/*
 * reads_add(r, of):
 * Append a relation.
 */
void reads_add(struct reads *r, const struct reads_relation *of);

/*
 * reads_sort(r):
 * Put those that were added in order, each once; to be called before anything else is.
 */
void reads_sort(struct reads *r);

/*
 * reads_see(db, r, stale, e):
 * Replace ${r} by what the open transaction has locked, but for indexes and the
 * server's own catalogs, which no DDL exchanges.  ${*stale} comes out as the name of
 * one that the transaction's snapshot does not know, knows by another name, or knows
 * with another file (TRUNCATE and REFRESH are not MVCC-safe); NULL if there is none.
 * The name belongs to ${r}.
 */
int reads_see(struct db *db, struct reads *r, const char **stale, struct err *e)
	__attribute__((warn_unused_result));

/* What reads_see() would come to. */
struct reads_look {
	size_t n;    /* relations */
	bool same;   /* they are those of the list */
	char *stale; /* or NULL; owned */
};

/*
 * reads_look(db, r, look, e):
 * Find that out without making a list, which may be long.
 */
int reads_look(struct db *db, const struct reads *r, struct reads_look *look, struct err *e)
	__attribute__((warn_unused_result));

/*
 * reads_lock(db, r, reach, wait, e):
 * Lock by name, without children, what ${reach} allows; ${wait}: for others'
 * locks, too, else fail at once with SQLSTATE 55P03.  Takes no snapshot.
 */
int reads_lock(struct db *db, const struct reads *r, enum reads_reach reach, bool wait,
	       struct err *e) __attribute__((warn_unused_result));

/*
 * reads_is_locked(r, oid, reach):
 * Did reads_lock() lock it?
 */
bool reads_is_locked(const struct reads *r, unsigned oid, enum reads_reach reach);

/*
 * reads_same(a, b):
 * Are these the same relations?
 */
bool reads_same(const struct reads *a, const struct reads *b);

/*
 * reads_release(r):
 * Forget all.
 */
void reads_release(struct reads *r);

#endif /* EXTRACT_READS_H */
