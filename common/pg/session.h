/*
 * The settings that make values mean the same on every server (portl-stream(5),
 * "Values"): SET LOCAL, so that a pooled connection is left as it was; the one
 * exception is session_stay().
 */
#ifndef COMMON_SESSION_H
#define COMMON_SESSION_H

#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;

/*
 * SQL: what tells this server from every other, to go behind the number of a backend.
 * Where || has to make text of a number, servers before 14 ask the user's search_path.
 */
#define SESSION_SERVER_SQL \
	"'@' OPERATOR(pg_catalog.||) pg_catalog.date_part('epoch'," \
	" pg_catalog.pg_postmaster_start_time())::pg_catalog.text"

enum session_kind {
	SESSION_READ,      /* REPEATABLE READ READ ONLY, hidden rows are an error */
	SESSION_READ_SEEN, /* the same, but row security filters as it will */
	SESSION_PLAN,      /* READ ONLY: looking at the target's catalog */
	SESSION_COMPARE, /* REPEATABLE READ READ WRITE, for temporary tables; hidden rows … */
	SESSION_WRITE    /* READ COMMITTED READ WRITE, whatever the role's defaults */
};

/*
 * session_begin(db, kind, lock_timeout, e):
 * Begin a transaction of that kind with Portl's settings.  ${lock_timeout} in
 * ms, -1 keeps the role's.  A source's has taken no snapshot yet; SESSION_WRITE
 * watches the client as session_watch_client() does.
 */
int session_begin(struct db *db, enum session_kind kind, int64_t lock_timeout, struct err *e)
	__attribute__((warn_unused_result));

/*
 * session_text(db, ours, e):
 * Read the text of values under Portl's settings, as after session_begin(), or, for text
 * that no server wrote under them, under those of the role.
 */
int session_text(struct db *db, bool ours, struct err *e) __attribute__((warn_unused_result));

/*
 * session_stay(db, saved, e), session_leave(db, saved):
 * Have the server keep this session however long it waits without a transaction; put
 * back what that was for, in the session that it was changed in, which may be a pooler's.
 * ${*saved} is the caller's to free; NULL where nothing was changed.
 */
int session_stay(struct db *db, char **saved, struct err *e)
	__attribute__((warn_unused_result));
void session_leave(struct db *db, const char *saved);

/*
 * session_watch_client(db, backend, e):
 * Have the server end the running statement of this transaction soon after we
 * are killed, which leaves us no time to cancel it (servers before 14 cannot).
 * ${*backend} becomes what names our server process on this server and no other,
 * for the caller to free.  Takes a snapshot.
 */
int session_watch_client(struct db *db, char **backend, struct err *e)
	__attribute__((warn_unused_result));

/*
 * session_rollback(db):
 * End the transaction without a trace, if the connection is still there.
 */
void session_rollback(struct db *db);

/*
 * session_end(db, rc, e):
 * End the transaction: by COMMIT if ${rc}, the outcome of what was done in it, is 0,
 * else by session_rollback().  Returns 0 if it is committed; of a transaction that
 * writes users' rows, commit_send() finds out more.
 */
int session_end(struct db *db, int rc, struct err *e) __attribute__((warn_unused_result));

/*
 * session_narrow_path(db, saved, e), session_set_path(db, path, e):
 * Make search_path pg_catalog alone, so that format_type() and friends qualify names,
 * and fill ${*saved} with what it was, for the caller to free; make it ${path}.  Both
 * until the transaction ends.
 */
int session_narrow_path(struct db *db, char **saved, struct err *e)
	__attribute__((warn_unused_result));
int session_set_path(struct db *db, const char *path, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_SESSION_H */
