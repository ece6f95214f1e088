/*
 * A PostgreSQL table as a sink: a plan, one transaction, COPY.
 */
#ifndef LOAD_SINK_PG_H
#define LOAD_SINK_PG_H

struct sink;

/*
 * sink_pg_new():
 * Return an unopened sink; the factory fills in the base.
 */
struct sink *sink_pg_new(void);

#endif /* LOAD_SINK_PG_H */
