/*
 * The statements of the staged route: the temporary table, rows from there into the target in
 * rounds, their counts, and the row that failed.
 */
#ifndef LOAD_STAGE_SQL_H
#define LOAD_STAGE_SQL_H

struct sqlparts;

/*
 * stage_sql_…(w):
 * Return the statement, for the caller to free, or NULL where the plan needs none; what each
 * is for stands at enum statement.
 */
char *stage_sql_shared(struct sqlparts *w);
char *stage_sql_table(struct sqlparts *w);
char *stage_sql_numbers(struct sqlparts *w);
char *stage_sql_copy(struct sqlparts *w);
char *stage_sql_twice(struct sqlparts *w);
char *stage_sql_lock(struct sqlparts *w);
char *stage_sql_updates(struct sqlparts *w);
char *stage_sql_unsorted(struct sqlparts *w);
char *stage_sql_sorted(struct sqlparts *w);
char *stage_sql_restart(struct sqlparts *w);
char *stage_sql_insert(struct sqlparts *w);
char *stage_sql_piece(struct sqlparts *w);
char *stage_sql_piece_row(struct sqlparts *w);
char *stage_sql_reached(struct sqlparts *w);
char *stage_sql_rest(struct sqlparts *w);
char *stage_sql_rounds(struct sqlparts *w);
char *stage_sql_round(struct sqlparts *w);
char *stage_sql_drop_rest(struct sqlparts *w);
char *stage_sql_counts(struct sqlparts *w);
char *stage_sql_find(struct sqlparts *w);
char *stage_sql_cast(struct sqlparts *w);
char *stage_sql_last(struct sqlparts *w);
char *stage_sql_drop(struct sqlparts *w);

#endif /* LOAD_STAGE_SQL_H */
