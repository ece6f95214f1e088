/*
 * The keys of rows that differ, as the stream's side calls them, so that both sides can be
 * asked for these rows alone (--differing-keys; common/pg/keylist.h has the form).  Where the
 * key has another type there, or where there are too many, a relation has no line, and all of
 * its rows are read again.
 */
#ifndef LOAD_DIFFERING_H
#define LOAD_DIFFERING_H

#include <jansson.h>
#include <stddef.h>

struct compared;
struct differing;
struct err;
struct header;

#define DIFFERING_MAX 10000               /* keys of all relations */
#define DIFFERING_BYTES ((size_t)2000000) /* of the text of these */

/*
 * differing_open(path, e):
 * Open the file, as differences_open() does.  Free with differing_free().
 */
struct differing *differing_open(const char *path, struct err *e)
	__attribute__((warn_unused_result));

/*
 * differing_add(d, c, key):
 * Note a row of the relation that is compared; ${key} is an object, the target's names to
 * values.
 */
void differing_add(struct differing *d, const struct compared *c, const json_t *key);

/*
 * differing_whole(d):
 * Which rows of the relation differ cannot be said.
 */
void differing_whole(struct differing *d);

/*
 * differing_relation(d, c, header, e):
 * All rows of a relation have been compared with the stream of ${header}, or NULL.
 */
int differing_relation(struct differing *d, const struct compared *c,
		       const struct header *header, struct err *e)
	__attribute__((warn_unused_result));

/*
 * differing_finish(d, e):
 * All relations have been.
 */
int differing_finish(struct differing *d, struct err *e) __attribute__((warn_unused_result));

void differing_free(struct differing *d);

#endif /* LOAD_DIFFERING_H */
