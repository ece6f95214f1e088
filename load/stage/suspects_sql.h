/*
 * Statements that look for rows which the server is likely to refuse.
 */
#ifndef LOAD_SUSPECTS_SQL_H
#define LOAD_SUSPECTS_SQL_H

struct sqlparts;

#define SUSPECTS_MOST 50000 /* positions fetched at once; each takes 50 bytes */

/*
 * suspects_sql_…(w):
 * Return the statement, for the caller to free, or NULL where the target has no such
 * constraint; what each is for stands at enum statement.
 */
char *suspects_sql_missing(struct sqlparts *w);
char *suspects_sql_values(struct sqlparts *w);
char *suspects_sql_references(struct sqlparts *w);
char *suspects_sql_twice(struct sqlparts *w);
char *suspects_sql_lost(struct sqlparts *w);

#endif /* LOAD_SUSPECTS_SQL_H */
