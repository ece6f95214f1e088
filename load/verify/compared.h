/*
 * How a stream is compared with a relation, decided at the header before any row.
 */
#ifndef LOAD_COMPARED_H
#define LOAD_COMPARED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/relname.h"
#include "load/rules/rules.h"
#include "load/sides/tuplekey.h"

struct buf;
struct db;
struct err;
struct header;
struct plan;

/* What the rows are found by. */
struct compared {
	struct load_rules rules; /* whose target is borrowed from whoever prepares this */
	bool alone;              /* of a parent by inheritance only its own rows are meant */
	struct plan *plan;       /* which column is compared with which; owned */
	char *name;              /* the relation's, for people; owned */
	/* the key: numbers of the plan's columns, of none of which two rows or NULL are equal;
	 * none: rows are equal or not, and each is as often here as there */
	size_t *key;
	size_t nkey;
	struct tuplekey order; /* of the stream's rows, if they are merged */
	const char *unmerged;  /* why rows have to be staged, or NULL: they are merged */
	char *only;            /* a condition on the target's rows, NULL: all; owned */
	bool extras;           /* the target's rows that the stream lacks are counted */
};

/* A stream. */
struct compared_stream {
	const struct header *header; /* borrowed; NULL: a plain PGCOPY file */
	bool text, ndjson, edited;
	bool part; /* rows were taken out on the way */
	/* the keys that both sides were asked for (common/pg/keylist.h), or NULL; borrowed */
	const json_t *keys;
};

/*
 * compared_plan(c, db, stream, e):
 * Decide, in a transaction that is open, with ${c} as far as the rules say it.  Fills ${e}
 * (EXIT_TARGET) with all the reasons why they cannot be compared.
 */
int compared_plan(struct compared *c, struct db *db, const struct compared_stream *stream,
		  struct err *e) __attribute__((warn_unused_result));

/*
 * compared_rows(c, sql):
 * Append a SELECT of the target's rows that are compared: those columns that the stream
 * carries, in its order.
 */
void compared_rows(const struct compared *c, struct buf *sql);

/*
 * compared_copy(c, db, sql):
 * Append the COPY … TO STDOUT of these in the order of the stream, to be merged.
 */
void compared_copy(const struct compared *c, const struct db *db, struct buf *sql);

/*
 * compared_field(c, i):
 * Return which field of a row the plan's column ${i} is.
 */
size_t compared_field(const struct compared *c, size_t i);

/*
 * compared_column(c, field):
 * Return which of the plan's columns is field ${field} of a row.
 */
size_t compared_column(const struct compared *c, size_t field);

/*
 * compared_type(c, i):
 * Return the name of the type of the plan's column ${i}, domains unwrapped, without modifiers,
 * for the caller to free.
 */
char *compared_type(const struct compared *c, size_t i) __attribute__((returns_nonnull));

void compared_release(struct compared *c);

#endif /* LOAD_COMPARED_H */
