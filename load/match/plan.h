/*
 * How a stream gets into a relation, decided at the header before any row:
 * which column goes where, by which statements, or all the reasons why not.
 */
#ifndef LOAD_PLAN_H
#define LOAD_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/relname.h"

struct buf;
struct db;
struct err;
struct load_rules;
struct plan_stage;
struct relation;
struct header;
struct schema;

/* How rows reach the target. */
enum plan_route {
	PLAN_DIRECT, /* COPY target FROM STDIN */
	PLAN_STAGED  /* COPY into a temporary table, then INSERT … SELECT */
};

/* How a value becomes the target column's. */
enum plan_way {
	PLAN_SAME, /* its bytes mean the same there, or its text is read by the target's type */
	PLAN_CAST, /* staged as what it is, then an assignment cast */
	PLAN_TEXT  /* staged as what it is, then output and input function */
};

/* One column of the stream. */
struct plan_column {
	const char *source; /* name in the stream; borrowed from schema or relation */
	char *target;       /* name in the table, or NULL: dropped; owned */
	int place;          /* in rel->columns, or -1: dropped, or to be created */
	enum plan_way way;
	char *stage_type; /* not PLAN_SAME: the type to stage it as, without modifiers; owned */
	char *cast_type; /* PLAN_TEXT: the type that reads the text, without modifiers; owned */
	char *loss;      /* what may be lost, "is rounded to …", or NULL; owned */
	bool may_be_cut; /* PLAN_TEXT: the target's type keeps a part only of longer values */
	bool refused;    /* there is a reason against this column */
	/* of a column to be created, as this server names them; owned */
	char *new_type;      /* with modifiers; NULL: it exists, or has no such type */
	char *new_base;      /* without */
	char *new_collation; /* or NULL: the type's own */
};

struct plan {
	const struct load_rules *rules; /* borrowed */
	const struct header *header;    /* borrowed; NULL: a plain PGCOPY file */
	struct schema *schema;          /* the header's, or NULL */
	bool text;                      /* rows come as COPY text */
	enum plan_route route;
	const char *stage_reason;    /* why COPY cannot write the target itself, or NULL */
	char *search_path;           /* the user's; owned */
	struct relname target;       /* qualified, if it can be */
	struct relation *rel;        /* NULL: to be created */
	char *identity;              /* of rel, as identity_read() gives it; owned */
	struct plan_column *columns; /* in stream order */
	size_t ncolumns;
	bool *keep; /* for stream_reader_select() */
	/* statements; NULL: not needed */
	char *create_sql, *truncate_sql, *lock_sql, *copy_sql, *key_sql;
	bool key_first;           /* key_sql goes before the rows, for they may conflict */
	struct plan_stage *stage; /* PLAN_STAGED, else NULL; owned */
};

/*
 * plan_make(db, rules, header, text, e):
 * Make the plan in a read-only transaction of its own, or, for a further stream,
 * in the loading transaction that is open.  ${header} is the stream's, NULL where it
 * has none; types that a bare NDJSON stream leaves open are filled in.  Returns the plan
 * for the caller to plan_free(); NULL with ${e} (EXIT_TARGET, all reasons in its detail)
 * filled if the target cannot take the stream.
 */
struct plan *plan_make(struct db *db, const struct load_rules *rules, struct header *header,
		       bool text, struct err *e) __attribute__((warn_unused_result));

/*
 * plan_column_into(p, target):
 * Return the number of the stream's column that goes into column ${target} of the
 * table, or -1.
 */
int plan_column_into(const struct plan *p, const char *target);

/*
 * plan_add_value(p, sql, i, stage_column):
 * Append the expression that makes stream column ${i} the target's, read from
 * the staging table's column called ${stage_column} (not yet quoted).  The
 * cast that is left to do is an assignment, which INSERT does by itself, so
 * that a value too long is an error and never cut.
 */
void plan_add_value(const struct plan *p, struct buf *sql, size_t i, const char *stage_column);

/*
 * plan_show(p):
 * With -v or --dry-run, print the plan on standard error.
 */
void plan_show(const struct plan *p);

/*
 * plan_show_name(text):
 * Return a name as it is printed in a plan, for the caller to free: names come from a
 * stream, and nothing in them may move the cursor or end the line.
 */
char *plan_show_name(const char *text) __attribute__((returns_nonnull));

/*
 * plan_show_line(p):
 * Return how rows get in, in a few words, for the caller to free.
 */
char *plan_show_line(const struct plan *p) __attribute__((returns_nonnull));

/*
 * plan_free(p):
 * Free a plan.  NULL does nothing.
 */
void plan_free(struct plan *p);

#endif /* LOAD_PLAN_H */
