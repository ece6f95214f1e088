/*
 * Where relations are cut into parts.
 */
#ifndef EXTRACT_PARTCUT_H
#define EXTRACT_PARTCUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct err;
struct extract_options;
struct partplan;
struct relation;

/* Something that holds rows: a table, a partition; strings are borrowed. */
struct partcut_leaf {
	const char *schema, *name;
	bool by_blocks; /* its rows are in blocks, as a heap has them */
	bool readable;  /* by itself, and without policies */
	int64_t blocks; /* -1: it has none */
	int64_t bytes;  /* with what is kept beside the blocks, -1: not known */
};

/* A relation of the plan. */
struct partcut_of {
	size_t relation;             /* its number in the plan */
	const struct relation *rel;  /* borrowed */
	bool only;                   /* without the rows of its children */
	bool partitioned;            /* leaves may be read in its place */
	bool may_range;              /* the server reads a range of blocks as such */
	bool elsewhere;              /* rows of it are on another server */
	int64_t bytes;               /* -1: not known */
	struct partcut_leaf *leaves; /* owned */
	size_t nleaves;
};

/*
 * partcut_all(plan, of, n, options, db, e):
 * Append the parts of ${n} relations to the plan, the largest first.  search_path must be
 * pg_catalog.
 */
int partcut_all(struct partplan *plan, const struct partcut_of *of, size_t n,
		const struct extract_options *options, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

#endif /* EXTRACT_PARTCUT_H */
