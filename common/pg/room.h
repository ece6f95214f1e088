/*
 * Whether a server takes so many connections more.
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

#endif /* COMMON_ROOM_H */
