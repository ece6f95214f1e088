/*
 * Whether what a snapshot has seen will be there after a crash of the server.
 */
#ifndef EXTRACT_DURABLE_H
#define EXTRACT_DURABLE_H

struct db;
struct err;

/*
 * durable_wait(db, wal, e):
 * Outside of any transaction, wait until the server's log is on disk up to ${wal}, a pg_lsn.
 */
int durable_wait(struct db *db, const char *wal, struct err *e)
	__attribute__((warn_unused_result));

#endif /* EXTRACT_DURABLE_H */
