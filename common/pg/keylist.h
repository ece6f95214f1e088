/*
 * Which rows of which relations are meant, by their keys: what portl-load --verify finds to
 * differ, for both sides to read once more, and nothing else.
 *
 * A file has a JSON object on a line for each relation: "schema" and "name" as the stream has
 * them, null for a query; "columns" of its key, the "types" that its values are of; "keys", a
 * list of values each.  Of a relation that it does not name nothing is left out.
 */
#ifndef COMMON_KEYLIST_H
#define COMMON_KEYLIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct db;
struct err;
struct relname;

/* Zeroed at first. */
struct keylist {
	json_t **list; /* a line each; owned */
	size_t n;
};

/*
 * keylist_takes(type):
 * Is the text of values of ${type}, a name without modifiers, exact and the same everywhere?
 */
bool keylist_takes(const char *type);

/*
 * keylist_line(relation):
 * Return a relation's line without any columns and keys, for the caller to json_decref().
 */
json_t *keylist_line(const struct relname *relation);

/*
 * keylist_read(list, path, e):
 * Read a file; what is no such file fills ${e} (EXIT_USAGE).
 */
int keylist_read(struct keylist *list, const char *path, struct err *e)
	__attribute__((warn_unused_result));

/*
 * keylist_find(list, relation):
 * Return the line of a relation (NULL, or without a name: of a query), which is ${list}'s;
 * NULL: it has none.
 */
const json_t *keylist_find(const struct keylist *list, const struct relname *relation);

/*
 * keylist_ncolumns(line), keylist_column(line, i):
 * Return of how many columns a line's keys are, and the name of one.
 */
size_t keylist_ncolumns(const json_t *line);
const char *keylist_column(const json_t *line, size_t i);

/*
 * keylist_add_condition(line, names, db, sql):
 * Append what is true of rows with these keys, under every search_path; ${names}: what the
 * columns are called in ${db}.  An index of the key serves it, but where the encoding of the
 * database might lack one of their characters.
 */
void keylist_add_condition(const json_t *line, const char *const *names, const struct db *db,
			   struct buf *sql);

void keylist_release(struct keylist *list);

#endif /* COMMON_KEYLIST_H */
