/*
 * How a stream gets into a relation, decided at the header before any row:
 * which column goes where, by which statements, or all the reasons why not.
 */
#ifndef LOAD_PLAN_H
#define LOAD_PLAN_H

#include <stdbool.h>
#include <stddef.h>

struct db;
struct err;
struct load_options;
struct relation;
struct schema;

/* One column of the stream. */
struct plan_column {
	const char *source; /* name in the stream; borrowed from schema or relation */
	char *target;       /* name in the table, or NULL: dropped; owned */
	int place;          /* in rel->columns, or -1: dropped, or to be created */
};

struct plan {
	const struct load_options *options; /* borrowed */
	struct schema *schema;              /* borrowed; NULL: a plain PGCOPY file */
	bool text;                          /* rows come as COPY text */
	char *rel_schema;                   /* the target, qualified; owned */
	char *rel_name;
	struct relation *rel;        /* NULL: to be created */
	char *fingerprint;           /* of rel's columns, to notice a change before loading */
	struct plan_column *columns; /* in stream order */
	size_t ncolumns;
	bool *keep; /* for stream_reader_select() */
	/* statements; NULL: not needed */
	char *create_sql, *truncate_sql, *lock_sql, *copy_sql, *key_sql;
};

/*
 * plan_make(db, options, schema, text, e):
 * Make the plan in a read-only transaction of its own, or, for a further stream,
 * in the loading transaction that is open.  ${schema} is the stream's, NULL where it has none;
 * types that a bare NDJSON stream leaves open are filled in.  Returns the plan for the caller
 * to plan_free(); NULL with
 * ${e} (EXIT_TARGET, all reasons in its detail) filled if the target cannot
 * take the stream.
 */
struct plan *plan_make(struct db *db, const struct load_options *options, struct schema *schema,
		       bool text, struct err *e) __attribute__((warn_unused_result));

/*
 * plan_show(p):
 * With -v or --dry-run, print the plan on standard error.
 */
void plan_show(const struct plan *p);

/*
 * plan_summary(p):
 * Return the plan in one line, for the caller to free.
 */
char *plan_summary(const struct plan *p) __attribute__((returns_nonnull));

/*
 * plan_free(p):
 * Free a plan.  NULL does nothing.
 */
void plan_free(struct plan *p);

#endif /* LOAD_PLAN_H */
