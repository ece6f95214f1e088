/*
 * A PostgreSQL table or query as a source: one read-only snapshot, one COPY.
 */
#ifndef EXTRACT_SOURCE_PG_H
#define EXTRACT_SOURCE_PG_H

struct err;
struct partplan;
struct source;

/*
 * source_pg_new():
 * Return an unopened source; the factory fills in the base.
 */
struct source *source_pg_new(void);

/*
 * source_pg_plan(base, plan, e):
 * Connect, and draft the plan: add source, relations and parts to it.
 */
int source_pg_plan(struct source *base, struct partplan *plan, struct err *e)
	__attribute__((warn_unused_result));

/*
 * source_pg_next_part(base, e):
 * The part before has come to its end: on the same connection, open the one that the options
 * say now.
 */
int source_pg_next_part(struct source *base, struct err *e) __attribute__((warn_unused_result));

/*
 * source_pg_hold(base, e):
 * Connect, lock what the plan names, print the ID of an exported snapshot on standard output
 * and keep it until standard input ends.
 */
int source_pg_hold(struct source *base, struct err *e) __attribute__((warn_unused_result));

#endif /* EXTRACT_SOURCE_PG_H */
