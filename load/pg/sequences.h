/*
 * Sequences that belong to loaded columns (serial, identity): moved past the
 * loaded values, so that the next plain INSERT works.  And those of a set that belong to
 * none: moved to where the sender's is.  None is moved back.
 */
#ifndef LOAD_SEQUENCES_H
#define LOAD_SEQUENCES_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct db;
struct err;
struct header_sequence;
struct plan;
struct relname;
struct unpack;
struct sequence;

struct sequences {
	struct sequence *items; /* owned */
	size_t n;
};

/* Whose columns' sequences are to be noted, and where; borrowed. */
struct sequences_of {
	const struct plan *plan;
	struct sequences *sequences;
};

/*
 * sequences_add(db, oids, n, of, arg, e):
 * Note the sequences of the columns that are loaded into ${n} relations; inside a transaction.
 * ${of} is called, in order, for relation ${i} if there is one, and what it returns has to be
 * valid until the next call; OID 0 is none.  One that may not be moved draws a warning, and so
 * does one of a table of which row security may hide values.
 */
int sequences_add(struct db *db, const unsigned *oids, size_t n,
		  struct sequences_of (*of)(void *arg, size_t i), void *arg, struct err *e)
	__attribute__((warn_unused_result));

/*
 * sequences_expect(s, db, name, there, e):
 * Note a sequence of its own, which is to come as far as ${there} says that the sender's
 * has.  What is against it fills ${e} (EXIT_TARGET).  Outside a transaction, or in one whose
 * search_path is pg_catalog.
 */
int sequences_expect(struct sequences *s, struct db *db, const struct relname *name,
		     const struct header_sequence *there, struct err *e)
	__attribute__((warn_unused_result));

/*
 * sequences_move(s, db, last, e):
 * Move each past the values that its column has now, never back.  A rollback
 * does not undo it, so this comes right before COMMIT.  Columns without an
 * index are read as a whole, and only if this is the ${last} time.
 */
int sequences_move(const struct sequences *s, struct db *db, bool last, struct err *e)
	__attribute__((warn_unused_result));

/*
 * sequences_pack(to, s), sequences_unpack(from, s):
 * Append them as bytes; make them what they were in ${s}, which has nothing that is owned.
 */
void sequences_pack(struct buf *to, const struct sequences *s);
void sequences_unpack(struct unpack *from, struct sequences *s);

/*
 * sequences_wait(s):
 * Tell whether there are some that only the last sequences_move() moves.
 */
bool sequences_wait(const struct sequences *s);

void sequences_release(struct sequences *s);

#endif /* LOAD_SEQUENCES_H */
