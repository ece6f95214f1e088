/*
 * Names of files that hold one relation each: "schema.table.csv" in a folder of them.  What
 * would part names or paths is percent-encoded, so that names and files are one to one.
 */
#ifndef COMMON_RELFILE_H
#define COMMON_RELFILE_H

#include <stdbool.h>

struct relname;

/*
 * relfile_name(r, suffix):
 * Return the name of the file of ${r}, ending in ${suffix} (".csv"), for the caller to free.
 * Without a schema it is "table.csv".
 */
char *relfile_name(const struct relname *r, const char *suffix)
	__attribute__((returns_nonnull));

/*
 * relfile_parse(file, suffix, r):
 * Set ${r} to the relation whose file is called ${file}, without a folder.  False, with
 * ${r} as it was, for what relfile_name() would never return.
 */
bool relfile_parse(const char *file, const char *suffix, struct relname *r)
	__attribute__((warn_unused_result));

#endif /* COMMON_RELFILE_H */
