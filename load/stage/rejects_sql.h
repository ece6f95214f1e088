/*
 * The statements that leave out rows which the server refuses (load/README, 3.).
 */
#ifndef LOAD_REJECTS_SQL_H
#define LOAD_REJECTS_SQL_H

struct stagesql;

/*
 * rejects_sql_…(w):
 * Return the statement, for the caller to free, or NULL where the plan needs none; what each
 * is for stands at enum statement.
 */
char *rejects_sql_bad(struct stagesql *w);
char *rejects_sql_number(struct stagesql *w);
char *rejects_sql_keys(struct stagesql *w);
char *rejects_sql_index(struct stagesql *w);
char *rejects_sql_key(struct stagesql *w);
char *rejects_sql_line(struct stagesql *w);
char *rejects_sql_zero(struct stagesql *w);
char *rejects_sql_next(struct stagesql *w);
char *rejects_sql_piece(struct stagesql *w);
char *rejects_sql_leave(struct stagesql *w);
char *rejects_sql_again(struct stagesql *w);
char *rejects_sql_guess(struct stagesql *w);
char *rejects_sql_thin(struct stagesql *w);
char *rejects_sql_count(struct stagesql *w);
char *rejects_sql_drop(struct stagesql *w);
char *rejects_sql_clean(struct stagesql *w);
char *rejects_sql_gather(struct stagesql *w);

#endif /* LOAD_REJECTS_SQL_H */
