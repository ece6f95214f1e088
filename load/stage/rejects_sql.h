/*
 * The statements that leave out rows which the server refuses (load/README, 3.).
 */
#ifndef LOAD_REJECTS_SQL_H
#define LOAD_REJECTS_SQL_H

struct sqlparts;

/*
 * rejects_sql_…(w):
 * Return the statement, for the caller to free, or NULL where the plan needs none; what each
 * is for stands at enum statement.
 */
char *rejects_sql_bad(struct sqlparts *w);
char *rejects_sql_number(struct sqlparts *w);
char *rejects_sql_keys(struct sqlparts *w);
char *rejects_sql_index(struct sqlparts *w);
char *rejects_sql_key(struct sqlparts *w);
char *rejects_sql_line(struct sqlparts *w);
char *rejects_sql_zero(struct sqlparts *w);
char *rejects_sql_next(struct sqlparts *w);
char *rejects_sql_piece(struct sqlparts *w);
char *rejects_sql_row(struct sqlparts *w);
char *rejects_sql_leave(struct sqlparts *w);
char *rejects_sql_again(struct sqlparts *w);
char *rejects_sql_guess(struct sqlparts *w);
char *rejects_sql_thin(struct sqlparts *w);
char *rejects_sql_count(struct sqlparts *w);
char *rejects_sql_drop(struct sqlparts *w);
char *rejects_sql_clean(struct sqlparts *w);
char *rejects_sql_gather(struct sqlparts *w);

#endif /* LOAD_REJECTS_SQL_H */
