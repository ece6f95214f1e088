/*
 * A PostgreSQL table or query as a source: one read-only snapshot, one COPY.
 */
#ifndef EXTRACT_SOURCE_PG_H
#define EXTRACT_SOURCE_PG_H

struct source;

/*
 * source_pg_new():
 * Return an unopened source; the factory fills in the base.
 */
struct source *source_pg_new(void);

#endif /* EXTRACT_SOURCE_PG_H */
