/*
 * Foreign keys that go along with updates (ON UPDATE CASCADE, SET NULL or SET DEFAULT) and
 * so, directly or through other tables, change rows of a relation that is loaded: behind the
 * statement that updates what is referred to, where the server cannot tell rows that have just
 * come from those that were there.
 */
#ifndef LOAD_CASCADES_H
#define LOAD_CASCADES_H

#include <libpq-fe.h>
#include <stdbool.h>

struct db;
struct err;
struct reasons;

/* A row of cascades_find(). */
enum {
	CASCADES_FROM,      /* the relation that is updated, its number in ${oids}, from 1 */
	CASCADES_TO,        /* the first one that may change by that */
	CASCADES_KEY,       /* the first key on the way */
	CASCADES_COLUMN,    /* that it refers to, and no column of a primary key */
	CASCADES_GENERATED, /* it changes with others */
	CASCADES_STAYS /* recheck would not take the key: it is NOT VALID, or off in part */
};

/*
 * cascades_find(db, oids, recheck, e):
 * Return, for the caller to PQclear(), what updates of some relations do to themselves and to
 * others among them; NULL with ${e} filled.  ${oids} is an array of them; a partition stands
 * for all of its tree.  With ${recheck} keys are left out that --foreign-keys=recheck drops.
 */
PGresult *cascades_find(struct db *db, const char *oids, bool recheck, struct err *e)
	__attribute__((warn_unused_result));

/*
 * cascades_refuse(res, row, why):
 * Say that, and what to do.
 */
void cascades_refuse(const PGresult *res, int row, struct reasons *why);

#endif /* LOAD_CASCADES_H */
