/*
 * What a position is made of, read under the snapshot: which server this is, how far its
 * transactions are, and what holds the rows of relations.
 */
#ifndef EXTRACT_SINCEFACTS_H
#define EXTRACT_SINCEFACTS_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct err;

/* Of the server. */
struct sincefacts {
	char *why; /* no position can be made here, for that reason; owned, or NULL */
	uint64_t system;
	unsigned database, timeline;
	uint64_t xmin; /* of the snapshot: each transaction before it has ended */
	uint64_t next; /* the first transaction that the snapshot knows nothing of */
	char *wal;     /* where the ends of all before it are written; owned */
	PGresult *columns, *leaves; /* of the relations */
};

/* A relation of which something is asked. */
struct sincefacts_of {
	unsigned oid;
	bool only;     /* its children are not meant */
	unsigned leaf; /* all of its partitions that is meant, 0: all are */
};

/*
 * sincefacts_read(f, db, of, n, e):
 * Fill ${f}; search_path has to be pg_catalog.  What the server refuses to tell is a reason
 * why there is no position, and no failure.  Release with sincefacts_release().
 */
int sincefacts_read(struct sincefacts *f, struct db *db, const struct sincefacts_of *of,
		    size_t n, struct err *e) __attribute__((warn_unused_result));

/* A row of f->columns: one for each column of a relation, ascending by OID and number. */
enum { SINCE_COLUMN_REL, SINCE_COLUMN_NUMBER, SINCE_COLUMN_NAME, SINCE_COLUMN_FACTS };

/* A row of f->leaves: all that holds rows of a relation, ascending by both OIDs. */
enum {
	SINCE_LEAF_REL,
	SINCE_LEAF_OID,
	SINCE_LEAF_KIND,
	SINCE_LEAF_HEAP,  /* rows have an xmin, as the heap gives them */
	SINCE_LEAF_NATTS, /* of the relation */
	SINCE_LEAF_VIEW,  /* the relation's definition, if it is a view */
	SINCE_LEAF_FILE,  /* what it is stored in; another one after each rewrite */
	SINCE_LEAF_OWN    /* its own NATTS: a partition gets others while it is detached */
};

/*
 * sincefacts_changing(db, condition, e):
 * Return the first word of a condition on rows by which it may mean other rows at another
 * time, as they are: a query, a clock, a name of the catalog, a function or an operator that
 * is not IMMUTABLE; "" if there is none.
 * For the caller to free; NULL with ${e} filled on failure.
 */
char *sincefacts_changing(struct db *db, const char *condition, struct err *e)
	__attribute__((warn_unused_result));

void sincefacts_release(struct sincefacts *f);

#endif /* EXTRACT_SINCEFACTS_H */
