/*
 * A plan as an event of the log, for programs; plan_show() has it for people.
 */
#ifndef LOAD_PLAN_LOG_H
#define LOAD_PLAN_LOG_H

struct plan;

/*
 * plan_log(p):
 * Log the event "plan": into which relation, column by column, by which
 * statements.
 */
void plan_log(const struct plan *p);

/*
 * plan_log_file(p, path):
 * The same for a CSV file, which knows neither statements nor conflicts.
 */
void plan_log_file(const struct plan *p, const char *path);

#endif /* LOAD_PLAN_LOG_H */
