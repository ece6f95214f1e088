/*
 * The relations of a set whose streams are over: what is left to be compared, done and told of
 * them before and with the COMMIT of the transaction that has their rows.
 */
#ifndef LOAD_ENDED_H
#define LOAD_ENDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct err;
struct receipt;
struct shelf;
struct target;

struct ended {
	struct shelf *shelf; /* of the open transaction; owned, or NULL */
	size_t n;
	uint64_t read, rejected; /* rows of these */
	uint64_t taken;          /* of all, in all transactions */
	bool keys;               /* some have still to get their primary keys */
};

/*
 * ended_may(t), ended_add(x, t):
 * Tell whether nothing but that is left to be done for a relation whose stream is over; note
 * it, after which the target may be freed.
 */
bool ended_may(const struct target *t);
void ended_add(struct ended *x, const struct target *t);

/*
 * ended_check(x, db, e), ended_add_keys(x, db, e), ended_tell(x, receipt):
 * Before COMMIT: are the relations that rows have come for as they were?  Make the primary keys
 * of those that were created.  Tell what has become of the rows.
 */
int ended_check(const struct ended *x, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
int ended_add_keys(const struct ended *x, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
void ended_tell(const struct ended *x, struct receipt *receipt);

/*
 * ended_start(x), ended_release(x):
 * Another transaction begins; forget all.
 */
void ended_start(struct ended *x);
void ended_release(struct ended *x);

#endif /* LOAD_ENDED_H */
