/*
 * Statements about the target itself.
 */
#ifndef LOAD_TARGET_SQL_H
#define LOAD_TARGET_SQL_H

struct sqlparts;

/*
 * target_sql_…(w):
 * Return the statement, for the caller to free, or NULL where the plan needs none; what each
 * is for stands at enum statement.
 */
char *target_sql_add(struct sqlparts *w);
char *target_sql_create(struct sqlparts *w);
char *target_sql_like(struct sqlparts *w);
char *target_sql_place(struct sqlparts *w);
char *target_sql_truncate(struct sqlparts *w);
char *target_sql_key_first(struct sqlparts *w);
char *target_sql_lock(struct sqlparts *w);
char *target_sql_copy(struct sqlparts *w);
char *target_sql_key(struct sqlparts *w);

#endif /* LOAD_TARGET_SQL_H */
