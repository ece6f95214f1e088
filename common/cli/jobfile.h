/*
 * A job file as a list of keys and values.  YAML 1.1 as libyaml reads it, less
 * what hides things from a reader: no anchors, aliases or tags, no second
 * document, no key twice.  At the top level and one level below it values are
 * scalars or lists of scalars; in the block of tables, two levels below.
 */
#ifndef COMMON_JOBFILE_H
#define COMMON_JOBFILE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum jobfile_kind {
	JOBFILE_SCALAR,
	JOBFILE_NULL, /* nothing, ~ or null */
	JOBFILE_LIST, /* of scalars */
	JOBFILE_BLOCK /* keys of its own, which follow as entries */
};

struct jobfile_entry {
	char *block;    /* the key of the block that it is in, or NULL */
	char *relation; /* in the block JOBFILE_TABLES: the key of that block's block, or NULL
			 */
	char *key;
	enum jobfile_kind kind;
	char **values; /* as in the file, not expanded; one for a scalar */
	size_t n;
	size_t line; /* of the key, from 1 */
};

#define JOBFILE_TABLES "tables" /* the block of blocks */

struct jobfile {
	char *path;
	struct jobfile_entry *entries; /* in the order of the file */
	size_t n;
	bool exposed; /* group or others may read the file */
};

/*
 * jobfile_read(path, e):
 * Return the file's entries, for the caller to jobfile_free().  NULL with ${e}
 * (EXIT_JOBFILE) filled, its message beginning with the path and, where there
 * is one, the line; values are never quoted in it.
 */
struct jobfile *jobfile_read(const char *path, struct err *e)
	__attribute__((warn_unused_result));

/*
 * jobfile_parse(path, text, len, e):
 * The same for a text in memory; ${path} is for messages.
 */
struct jobfile *jobfile_parse(const char *path, const char *text, size_t len, struct err *e)
	__attribute__((warn_unused_result));

/*
 * jobfile_find(file, block, key):
 * Return the entry, or NULL.
 */
const struct jobfile_entry *jobfile_find(const struct jobfile *file, const char *block,
					 const char *key);

/*
 * jobfile_free(file):
 * Wipe and free.  NULL does nothing.
 */
void jobfile_free(struct jobfile *file);

#endif /* COMMON_JOBFILE_H */
