/*
 * The other end of the pipe, where it reads the very table that we load.
 */
#ifndef LOAD_SENDER_H
#define LOAD_SENDER_H

struct db;
struct err;
struct header;

/*
 * sender_check_lock(db, header, oid, e):
 * Refuse (EXIT_TARGET) if the process that sends the stream holds a lock on
 * the relation ${oid}, or on one of its partitions or children.  To be asked
 * before an ACCESS EXCLUSIVE lock is: we would wait for the sender to end, and
 * it for us to take its rows, and the server sees no deadlock in that.
 * ${schema} may be NULL.
 */
int sender_check_lock(struct db *db, const struct header *header, unsigned oid, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_SENDER_H */
