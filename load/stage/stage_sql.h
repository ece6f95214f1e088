/*
 * The statements of the staged route: the temporary table, rows from there into the target in
 * rounds, their counts, and the row that failed.
 */
#ifndef LOAD_STAGE_SQL_H
#define LOAD_STAGE_SQL_H

struct stagesql;

/*
 * stage_sql_…(w):
 * Return the statement, for the caller to free, or NULL where the plan needs none; what each
 * is for stands at enum statement.
 */
char *stage_sql_table(struct stagesql *w);
char *stage_sql_copy(struct stagesql *w);
char *stage_sql_twice(struct stagesql *w);
char *stage_sql_lock(struct stagesql *w);
char *stage_sql_updates(struct stagesql *w);
char *stage_sql_unsorted(struct stagesql *w);
char *stage_sql_sorted(struct stagesql *w);
char *stage_sql_restart(struct stagesql *w);
char *stage_sql_insert(struct stagesql *w);
char *stage_sql_piece(struct stagesql *w);
char *stage_sql_reached(struct stagesql *w);
char *stage_sql_changes(struct stagesql *w);
char *stage_sql_latest(struct stagesql *w);
char *stage_sql_rest(struct stagesql *w);
char *stage_sql_rounds(struct stagesql *w);
char *stage_sql_round(struct stagesql *w);
char *stage_sql_drop_rest(struct stagesql *w);
char *stage_sql_counts(struct stagesql *w);
char *stage_sql_find(struct stagesql *w);
char *stage_sql_cast(struct stagesql *w);
char *stage_sql_last(struct stagesql *w);
char *stage_sql_drop(struct stagesql *w);

#endif /* LOAD_STAGE_SQL_H */
