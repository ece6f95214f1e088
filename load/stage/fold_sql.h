/*
 * The statements that write, of all rows of a key behind its first, only what they come to.
 */
#ifndef LOAD_FOLD_SQL_H
#define LOAD_FOLD_SQL_H

struct sqlparts;

/*
 * fold_sql_…(w):
 * Return the statement, for the caller to free, or NULL where the plan needs none; what each
 * is for stands at enum statement.
 */
char *fold_sql_nulls(struct sqlparts *w);
char *fold_sql_latest(struct sqlparts *w);

#endif /* LOAD_FOLD_SQL_H */
