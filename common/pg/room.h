/*
 * Whether a server takes so many connections more, and so many locks.
 */
#ifndef COMMON_ROOM_H
#define COMMON_ROOM_H

#include <stddef.h>

struct db;
struct err;

/*
 * room_warn(db, parts, more, e):
 * In an open transaction: warn if the server, once this connection is closed, takes fewer of
 * them, for this role and database, than ${parts} parts at a time need, a connection each, and
 * ${more}.
 */
int room_warn(struct db *db, size_t parts, size_t more, struct err *e)
	__attribute__((warn_unused_result));

/*
 * room_warn_locks(db, relations, e):
 * In an open transaction: warn if the server is not sure to have the locks of a transaction
 * that publishes so many ${relations}, even if nobody else had any.
 */
int room_warn_locks(struct db *db, size_t relations, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_ROOM_H */
