/*
 * How far a stream has read its relation: one word without blanks, made by extract under its
 * snapshot, kept by load beside the rows, and given back to extract (portl-stream(5)).
 */
#ifndef COMMON_POSITION_H
#define COMMON_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define POSITION_NONE "none" /* in a position's place: nothing has been read yet */

enum position_kind {
	POSITION_XMIN,  /* by the transaction that wrote a row */
	POSITION_CURSOR /* by the values of a column */
};

/* What holds rows of a relation. */
struct position_leaf {
	unsigned oid;
	unsigned natts; /* columns that it has ever had */
};

struct position {
	enum position_kind kind;
	uint64_t system;   /* the server's identifier */
	unsigned database; /* OID */
	unsigned timeline; /* of the WAL */
	uint64_t xid;      /* every transaction before it had ended */
	unsigned relation; /* OID */
	unsigned natts;    /* columns that the relation has ever had */
	uint64_t columns;  /* digest of those that are read */
	uint64_t rows;     /* digest of the condition on rows, 0: none */
	uint64_t made;     /* digest of what values are made of: types, definitions */
	struct position_leaf *leaves; /* all that hold its rows, ascending by OID; owned */
	size_t nleaves;               /* 0: the relation itself, or it is not known */
	char *column;                 /* of a cursor, else NULL; owned */
	char *value;                  /* its greatest, NULL: there was none; owned */
};

/*
 * position_word(p):
 * Return the word, for the caller to free.
 */
char *position_word(const struct position *p) __attribute__((returns_nonnull));

/*
 * position_parse(p, word, len, e):
 * Fill ${p} from the ${len} bytes of a word.  One that is mistyped, cut or of another version
 * fills ${e} (EXIT_USAGE).  Release with position_release() in every case.
 */
int position_parse(struct position *p, const char *word, size_t len, struct err *e)
	__attribute__((warn_unused_result));

/*
 * position_has_leaf(p, leaf):
 * Does the position speak for the rows of that relation, which has got no column since?
 */
bool position_has_leaf(const struct position *p, const struct position_leaf *leaf);

void position_release(struct position *p);

#endif /* COMMON_POSITION_H */
