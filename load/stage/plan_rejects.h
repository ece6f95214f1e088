/*
 * What a plan has to say about rows that the server may refuse: how far one row's
 * fate depends on others, and the statements that leave rows out.
 */
#ifndef LOAD_PLAN_REJECTS_H
#define LOAD_PLAN_REJECTS_H

#include <stdbool.h>

struct db;
struct err;
struct plan;
struct stagesql;

/* Rounds of rows that are tried again have numbers from here on. */
#define PLAN_REJECTS_AGAIN ((uint64_t)1 << 62)

struct plan_rejects {
	/* facts */
	bool late;     /* a statement may fail behind its last row, for any of them */
	bool triggers; /* what a row meets may depend on the statement that it is in */
	bool self;     /* rows may refer to later ones of their table, by foreign keys */
	/* decisions */
	bool line;  /* rows are copied in the order of insertion; else it is that of n */
	bool first; /* a row goes in only if no earlier one of its key did */
	/* statements; NULL: not needed */
	char *number_sql; /* sets the next row's number, up to that: "…, " */
	char *index_sql;  /* for keys_sql: finds rows by n */
	char *key_sql;    /* row $1, whose key has no value, is left out */
	char *line_sql;   /* makes all that the statements below need */
	char *next_sql;   /* the rounds behind $1, their first and last places */
	char *piece_sql;  /* inserts, up to the first place, then the one behind the last */
	char *leave_sql;  /* the row at place $1 is left out; gives its number */
	char *again_sql;  /* the row at place $1 gets place $2 and round $3 */
	char *thin_sql;   /* first: rows of rounds behind $1 whose key is in are dropped */
	char *count_sql;  /* how many rows are in line still */
	char *clean_sql;  /* the rows left out are taken from the staged ones as well */
	char *zero_sql;   /* counters of updated and unchanged rows */
	char *gather_sql; /* the rows left out, for rejects_gather() */
	char *drop_sql;   /* what line_sql made */
};

/*
 * plan_rejects(p, db, e):
 * Part of plan_stage(): make p->stage->rejects.
 */
int plan_rejects(struct plan *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * plan_rejects_sql(w, piece):
 * Part of plan_stage_sql(): write the statements; ${piece} is the INSERT of a piece.
 */
void plan_rejects_sql(struct stagesql *w, const char *piece);

/*
 * plan_rejects_sql_keys(w):
 * Return the query that casts the keys of rows from $1 on in their order, noting
 * each, for the caller to free; NULL if keys need no cast.
 */
char *plan_rejects_sql_keys(struct stagesql *w);

/*
 * plan_rejects_free(pr):
 * Free it.  NULL does nothing.
 */
void plan_rejects_free(struct plan_rejects *pr);

#endif /* LOAD_PLAN_REJECTS_H */
