/*
 * The statements of --delete: which rows are absent, and off with them.
 */
#ifndef LOAD_ABSENT_SQL_H
#define LOAD_ABSENT_SQL_H

struct sqlparts;

/*
 * absent_sql_…(w):
 * Return the statement, for the caller to free, or NULL where the plan needs none; what each
 * is for stands at enum statement.
 */
char *absent_sql_hold(struct sqlparts *w);
char *absent_sql_present(struct sqlparts *w);
char *absent_sql_absent(struct sqlparts *w);
char *absent_sql_beside(struct sqlparts *w);
char *absent_sql_gone(struct sqlparts *w);
char *absent_sql_gone_copy(struct sqlparts *w);
char *absent_sql_still(struct sqlparts *w);
char *absent_sql_delete(struct sqlparts *w);
char *absent_sql_lost(struct sqlparts *w);
char *absent_sql_delete_last(struct sqlparts *w);

#endif /* LOAD_ABSENT_SQL_H */
