/*
 * Rows that differ, as NDJSON for whoever mends them (--differences): a line each.
 */
#ifndef LOAD_DIFFERENCES_H
#define LOAD_DIFFERENCES_H

#include <jansson.h>
#include <stddef.h>

struct differences;
struct err;

/* What a row is. */
enum difference {
	DIFFERENCE_MISSING,  /* in the stream, and not in the target */
	DIFFERENCE_EXTRA,    /* in the target, and not in the stream */
	DIFFERENCE_DIFFERENT /* in both, with other values */
};

/*
 * differences_open(path, e):
 * Open the file, "-" for standard output.  One that is no device gets its name when it is
 * complete.  Free with differences_free().
 */
struct differences *differences_open(const char *path, struct err *e)
	__attribute__((warn_unused_result));

/*
 * differences_value(type, text, len):
 * Return a value of the type of that name, which has no modifiers: integers and booleans as
 * they are, all else as its text; ${text} NULL is null.
 */
json_t *differences_value(const char *type, const char *text, size_t len);

/*
 * differences_add(d, kind, relation, key, columns, e):
 * Write a line.  ${key} is an object, taken; where a relation has no key, the whole row.
 * ${columns}, the names of those that differ, is taken, or NULL.
 */
int differences_add(struct differences *d, enum difference kind, const char *relation,
		    json_t *key, json_t *columns, struct err *e)
	__attribute__((warn_unused_result));

/*
 * differences_finish(d, e):
 * All rows have been compared: give the file its name.
 */
int differences_finish(struct differences *d, struct err *e)
	__attribute__((warn_unused_result));

/*
 * differences_free(d):
 * Free; a file that is not finished is removed.  NULL does nothing.
 */
void differences_free(struct differences *d);

#endif /* LOAD_DIFFERENCES_H */
