/*
 * What a plan has to say about rows that the server may refuse: queries that
 * find many of them at once where constraints tell which they are, and the
 * statements that leave rows out.
 */
#ifndef LOAD_PLAN_REJECTS_H
#define LOAD_PLAN_REJECTS_H

#include <stdbool.h>
#include <stddef.h>

struct db;
struct err;
struct plan;
struct relation_column;
struct stagesql;

#define PLAN_SIFT_MOST 50000 /* rows that one query finds at most */

/* Why rows are refused, as the server would say it; strings are owned. */
struct plan_reason {
	char sqlstate[6];
	char *msg;
	char *column, *constraint; /* or NULL */
};

/* A query for staged rows that the server would refuse. */
struct plan_sift {
	char sqlstate[6]; /* of the rows that it finds, or alike */
	bool once;        /* what it leaves out makes it find no others */
	/*
	 * Gives n, the reason's place in plan_rejects.reasons, something else and, where
	 * that is known, how many rows there are to be found if it is run until it finds none.
	 */
	char *sql;
};

struct plan_rejects {
	struct plan_reason *reasons;
	size_t nreasons;
	struct plan_sift *sifts; /* in the order in which they are to be run */
	size_t nsifts;
	bool casts;    /* some values have to be cast, and may refuse */
	bool key_cast; /* those of the key */
	bool unsure;   /* some are refused by more than cast_sql and sifts know of */
	bool late;     /* a statement may fail behind its last row, and not for it */
	bool foreign;  /* the same by foreign keys only, which say so */
	bool whole;    /* the rows need one another: pieces would be refused */
	/* statements */
	char *number_sql; /* sets the next row's number, up to that: "…, " */
	char *cast_sql;   /* casts all rows */
	char *index_sql;  /* for those with numbers */
	char *casts_sql;  /* casts rows from $1 on in their order, noting each */
	char *move_sql;   /* row $1 is left out */
	char *line_sql;   /* all rows in the order of insertion, and their INSERT */
	char *rounds_sql; /* first and last place of each round in it */
	char *piece_sql;  /* up to the first place, then the one behind the last */
	char *name_sql;   /* the row at place $1 */
	char *leave_sql;  /* the row at place $1 is left out */
	char *zero_sql;   /* counters of updated and unchanged rows, or NULL */
	char *gather_sql; /* the rows left out, for rejects_gather() */
	char *drop_sql;   /* what line_sql made */
};

/*
 * plan_rejects(p, db, e):
 * Part of plan_stage(): make p->stage->rejects and read the constraints that
 * tell which rows would be refused.
 */
int plan_rejects(struct plan *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * plan_rejects_sql(w, piece):
 * Part of plan_stage_sql(): write the statements; ${piece} is the INSERT of a piece.
 */
void plan_rejects_sql(struct stagesql *w, const char *piece);

/*
 * plan_rejects_rounds(rc):
 * Tell whether an explicit cast to the column's type with its modifiers does as an
 * assignment does, and more than one without them.
 */
bool plan_rejects_rounds(const struct relation_column *rc);

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
