/*
 * The statements of --replace and --indexes=rebuild.
 */
#ifndef LOAD_REPLACE_SQL_H
#define LOAD_REPLACE_SQL_H

struct sqlparts;

/*
 * replace_sql_…(w):
 * Return the statement, for the caller to free, or NULL where the plan needs none; what each
 * is for stands at enum statement.
 */
char *replace_sql_hold(struct sqlparts *w); /* or that of --delete */
char *replace_sql_make(struct sqlparts *w);
char *replace_sql_build(struct sqlparts *w);
char *replace_sql_exchange(struct sqlparts *w);
char *replace_sql_unindex(struct sqlparts *w);
char *replace_sql_indexes(struct sqlparts *w);

#endif /* LOAD_REPLACE_SQL_H */
