/*
 * The rows that the server refuses, on their way to --rejects=FILE.  FILE is a
 * stream like the one that was read, with header and end document (and as many
 * of them, with --streams), so that it loads again once its rows are mended.
 *
 * A batch's rows enter FILE in stream order when the batch is done.  Whatever
 * has been stored is a complete stream, and on disk before COMMIT.
 */
#ifndef LOAD_REJECTS_H
#define LOAD_REJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct err;
struct plan;
struct rejects;

/*
 * rejects_open(path, max, e):
 * Open FILE, which appears under its name only when it is complete; refuse more
 * than ${max} rows, unless that is -1.  Free with rejects_free(); NULL with
 * ${e} filled on failure.
 */
struct rejects *rejects_open(const char *path, int64_t max, struct err *e)
	__attribute__((warn_unused_result));

/*
 * rejects_expect(rj, id, plans, n, ndjson, e):
 * The ${n} streams of a set will follow, with these plans: FILE is to be a set, too.
 */
int rejects_expect(struct rejects *rj, const char *id, const struct plan *const *plans,
		   size_t n, bool ndjson, struct err *e) __attribute__((warn_unused_result));

/*
 * rejects_begin(rj, plan, ndjson, e):
 * A stream has begun: write its header.  ${plan} is borrowed until rejects_end().
 */
int rejects_begin(struct rejects *rj, const struct plan *plan, bool ndjson, struct err *e)
	__attribute__((warn_unused_result));

/*
 * rejects_is_for(why):
 * Tell whether the server's error, if it came up at a row, is that row's: it is, but for what
 * says that a stream is malformed, or that the server or the session cannot go on.
 */
bool rejects_is_for(const struct err *why);

/*
 * rejects_note(rj, input, row, column, why, e):
 * Row ${row} of ${input} is refused: count it, log the reason with the column
 * (NULL: the one that ${why} names).  Fails if it is one too many.
 */
int rejects_note(struct rejects *rj, const char *input, uint64_t row, const char *column,
		 const struct err *why, struct err *e) __attribute__((warn_unused_result));

/*
 * rejects_note_line(rj, input, row, line, len, why, e):
 * The same for a row that cannot be read: ${line} is what came (${len} bytes).  It is in no
 * stream, so that the log is where it is kept, up to REJECTS_LINE bytes of it.
 */
#define REJECTS_LINE ((size_t)64 * 1024)
int rejects_note_line(struct rejects *rj, const char *input, uint64_t row, const char *line,
		      size_t len, const struct err *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * rejects_spool(rj, n, data, len, e):
 * Set aside the bytes of row ${n} of the batch, which COPY has refused; rows come in
 * order.
 */
int rejects_spool(struct rejects *rj, uint64_t n, const char *data, size_t len, struct err *e)
	__attribute__((warn_unused_result));

/*
 * rejects_watch(rj, left_out, watcher):
 * Have ${left_out} called with ${watcher} for each row that rejects_gather() writes, in their
 * order; NULL for none.
 */
void rejects_watch(struct rejects *rj,
		   int (*left_out)(void *watcher, uint64_t n, struct err *e), void *watcher);

/*
 * rejects_gather(rj, db, sql, e):
 * Write the rows of the batch: those set aside and those that ${sql}, a COPY … TO
 * STDOUT with the row's number in front, finds, by their numbers; NULL: there are none.
 */
int rejects_gather(struct rejects *rj, struct db *db, const char *sql, struct err *e)
	__attribute__((warn_unused_result));

/*
 * rejects_end(rj, e):
 * Write the stream's end document.  Rows may follow all the same: it moves then.
 */
int rejects_end(struct rejects *rj, struct err *e) __attribute__((warn_unused_result));

/*
 * rejects_store(rj, last, e):
 * Before COMMIT: bring everything to disk, and with ${last} give FILE its name.
 */
int rejects_store(struct rejects *rj, bool last, struct err *e)
	__attribute__((warn_unused_result));

/*
 * rejects_settle(rj, committed):
 * After COMMIT: what was stored is true, or it is not and is taken back, so that
 * FILE is what it was before.
 */
void rejects_settle(struct rejects *rj, bool committed);

/*
 * rejects_finish(rj, e):
 * After the last COMMIT: give FILE its name, if it has not got it.
 */
int rejects_finish(struct rejects *rj, struct err *e) __attribute__((warn_unused_result));

/*
 * rejects_rescue(rj):
 * The run is over.  If it has failed after some of it was committed, keep the rows
 * of that.
 */
void rejects_rescue(struct rejects *rj);

/*
 * rejects_free(rj):
 * Close, and remove what is incomplete.  NULL does nothing.
 */
void rejects_free(struct rejects *rj);

#endif /* LOAD_REJECTS_H */
