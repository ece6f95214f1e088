/*
 * The temporary table in which rows are staged.
 */
#ifndef LOAD_PLAN_STAGE_TABLE_H
#define LOAD_PLAN_STAGE_TABLE_H

struct stagesql;

/*
 * plan_stage_table_create(w), plan_stage_table_copy(w):
 * Return the statements that make the table and its counters, and that fill it,
 * for the caller to free.
 */
char *plan_stage_table_create(struct stagesql *w);
char *plan_stage_table_copy(struct stagesql *w);

#endif /* LOAD_PLAN_STAGE_TABLE_H */
