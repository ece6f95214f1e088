/*
 * A folder of CSV files, one for each relation of a set, that appears as a whole or not at
 * all.
 */
#ifndef LOAD_CSVDIR_H
#define LOAD_CSVDIR_H

#include <stdbool.h>

struct csvdir;
struct err;
struct relname;

/*
 * csvdir_is_meant(path):
 * Does the path name a folder?  It ends in a slash then.
 */
bool csvdir_is_meant(const char *path);

/*
 * csvdir_open(path, e):
 * Make a folder beside ${path}, which must not be there, or be an empty folder.  Free with
 * csvdir_free(); NULL with ${e} filled on failure.
 */
struct csvdir *csvdir_open(const char *path, struct err *e) __attribute__((warn_unused_result));

/*
 * csvdir_file(d, relation):
 * Return the path of a relation's file for now, for the caller to free.
 */
char *csvdir_file(struct csvdir *d, const struct relname *relation)
	__attribute__((returns_nonnull));

/*
 * csvdir_finish(d, e):
 * All files are complete: bring the folder to disk and give it its name.
 */
int csvdir_finish(struct csvdir *d, struct err *e) __attribute__((warn_unused_result));

/*
 * csvdir_free(d):
 * Free it and, unless finished, remove the folder and its files.  NULL does nothing.
 */
void csvdir_free(struct csvdir *d);

#endif /* LOAD_CSVDIR_H */
