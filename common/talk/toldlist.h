/*
 * What a receipt says of each relation of a set.  There may be very many, so that all but one
 * are on a shelf; going through them in their order is cheap, going back is a new beginning.
 */
#ifndef COMMON_TOLDLIST_H
#define COMMON_TOLDLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a comparison has found (--verify). */
struct receipt_verified {
	bool done;   /* it was a comparison, and nothing has been written */
	bool extras; /* the target's rows that the stream lacks were counted */
	uint64_t equal, missing, extra, different;
};

/* What has become of one relation of a set; the fields mean what they mean in a receipt. */
struct receipt_relation {
	char *relation; /* owned */
	uint64_t read, inserted, updated, unchanged, skipped, rejected;
	uint64_t deleted;
	bool vague;
	struct receipt_verified verified;
	uint64_t bytes;
	char xxh3[17];
	char rows_digest[40]; /* form of the values and hex digits, or "" */
};

struct toldlist;

/*
 * toldlist_new():
 * Return an empty list; free it with toldlist_free().
 */
struct toldlist *toldlist_new(void) __attribute__((returns_nonnull));

/*
 * toldlist_add(l, relation):
 * Append a relation, with a copy of its name, of which nothing is said yet.  What is returned
 * is the caller's to fill, and valid until the next call.
 */
struct receipt_relation *toldlist_add(struct toldlist *l, const char *relation)
	__attribute__((returns_nonnull));

/*
 * toldlist_at(l, i):
 * Return the relation that was added as number ${i}, from 0, in the same way.
 */
struct receipt_relation *toldlist_at(struct toldlist *l, size_t i)
	__attribute__((returns_nonnull));

/*
 * toldlist_free(l):
 * Free it.  NULL does nothing.
 */
void toldlist_free(struct toldlist *l);

#endif /* COMMON_TOLDLIST_H */
