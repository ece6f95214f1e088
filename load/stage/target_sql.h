/*
 * Statements about the target itself.
 */
#ifndef LOAD_TARGET_SQL_H
#define LOAD_TARGET_SQL_H

struct stagesql;

/*
 * target_sql_…(w):
 * Return the statement, for the caller to free, or NULL where the plan needs none; what each
 * is for stands at enum statement.
 */
char *target_sql_create(struct stagesql *w);
char *target_sql_truncate(struct stagesql *w);
char *target_sql_key_first(struct stagesql *w);
char *target_sql_lock(struct stagesql *w);
char *target_sql_copy(struct stagesql *w);
char *target_sql_key(struct stagesql *w);

#endif /* LOAD_TARGET_SQL_H */
