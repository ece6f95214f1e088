/*
 * Which relation a name stands for, and what it looks like to whoever plans to write it.
 */
#ifndef LOAD_IDENTITY_H
#define LOAD_IDENTITY_H

#include <stddef.h>

struct db;
struct err;
struct relname;

/*
 * identity_read(db, oid, name, e):
 * Return a text for the caller to free that is the same as before only if the name
 * stands for the same relation, by way of the same schema, and nothing has changed
 * there that a plan relies on: columns and what their types are made of, rules,
 * constraints, triggers, policies, unique indexes, of partitions and of what a view
 * reads, too.  NULL with ${e} filled on failure; "" if the name does not stand for
 * relation ${oid}, unless that is 0.
 */
char *identity_read(struct db *db, unsigned oid, const struct relname *name, struct err *e)
	__attribute__((warn_unused_result));

/*
 * Characters of the text that say all but what unique indexes there are.  The node trees of one
 * that is built anew from its definition need not be the same.
 */
#define IDENTITY_BUT_INDEXES 32

/* A relation whose identity is asked for; borrowed. */
struct identity_of {
	unsigned oid; /* or 0: whatever has the name */
	const struct relname *name;
};

/*
 * identity_read_all(db, of, n, texts, e):
 * The same for ${n} relations at once: store a text for each, for the caller to free.  On
 * failure all are NULL.
 */
int identity_read_all(struct db *db, const struct identity_of *of, size_t n, char **texts,
		      struct err *e) __attribute__((warn_unused_result));

#endif /* LOAD_IDENTITY_H */
