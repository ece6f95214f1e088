/*
 * The statements of the way "in order" (load/README, APPLY), and the advisory locks by which
 * loaders queue.
 */
#ifndef LOAD_MERGE_SQL_H
#define LOAD_MERGE_SQL_H

struct stagesql;

/*
 * merge_sql_…(w):
 * Return the statement, for the caller to free, or NULL where the plan needs none; what each
 * is for stands at enum statement.
 */
char *merge_sql_alone(struct stagesql *w);
char *merge_sql_queue(struct stagesql *w);
char *merge_sql_again(struct stagesql *w);
char *merge_sql_there(struct stagesql *w);
char *merge_sql_index(struct stagesql *w);
char *merge_sql_settings(struct stagesql *w);
char *merge_sql_merge(struct stagesql *w);
char *merge_sql_reset(struct stagesql *w);

#endif /* LOAD_MERGE_SQL_H */
