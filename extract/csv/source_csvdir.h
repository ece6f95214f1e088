/*
 * A folder of CSV files as a set of relations.
 */
#ifndef EXTRACT_SOURCE_CSVDIR_H
#define EXTRACT_SOURCE_CSVDIR_H

#include <stdbool.h>

struct source;

/*
 * source_csvdir_is_meant(path):
 * Tell whether the path is a folder's: it ends in a slash.
 */
bool source_csvdir_is_meant(const char *path);

/*
 * source_csvdir_new():
 * Return a source that reads all files whose names end in .csv of the folder that --csv
 * names, each as the relation that relfile.h reads from its name.
 */
struct source *source_csvdir_new(void);

#endif /* EXTRACT_SOURCE_CSVDIR_H */
