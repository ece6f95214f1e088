/*
 * The statements of the way "in order" (load/README, APPLY), and the advisory locks by which
 * loaders queue.
 */
#ifndef LOAD_MERGE_SQL_H
#define LOAD_MERGE_SQL_H

struct sqlparts;

/*
 * merge_sql_…(w):
 * Return the statement, for the caller to free, or NULL where the plan needs none; what each
 * is for stands at enum statement.
 */
char *merge_sql_alone(struct sqlparts *w);
char *merge_sql_await(struct sqlparts *w);
char *merge_sql_queue(struct sqlparts *w);
char *merge_sql_again(struct sqlparts *w);
char *merge_sql_there(struct sqlparts *w);
char *merge_sql_index(struct sqlparts *w);
char *merge_sql_settings(struct sqlparts *w);
char *merge_sql_merge(struct sqlparts *w);
char *merge_sql_reset(struct sqlparts *w);

#endif /* LOAD_MERGE_SQL_H */
