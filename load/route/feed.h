/*
 * A COPY FROM STDIN that runs while rows come, as the routes share it.
 */
#ifndef LOAD_FEED_H
#define LOAD_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct err;

struct feed {
	struct db *db; /* borrowed */
	bool text;     /* rows are COPY text, else binary */
	bool closed;   /* all rows are sent */
};

/*
 * feed_begin(f, db, sql, text, e):
 * Start a COPY … FROM STDIN, or the first of several.
 */
int feed_begin(struct feed *f, struct db *db, const char *sql, bool text, struct err *e)
	__attribute__((warn_unused_result));

/*
 * feed_write(f, data, len, e), feed_close(f, e), feed_end(f, rows, e):
 * Send ${len} bytes of rows; these were all, so that the server can finish while something else
 * is done; wait for it and store the number of rows that it counts.  feed_end() closes what is
 * not.  What the server refuses fills ${e}, with its context.
 *
 * feed_next(f, rows, e):
 * The same as feed_end() where another COPY follows, which is begun then.
 */
int feed_write(struct feed *f, const char *data, size_t len, struct err *e)
	__attribute__((warn_unused_result));
int feed_close(struct feed *f, struct err *e) __attribute__((warn_unused_result));
int feed_end(struct feed *f, uint64_t *rows, struct err *e) __attribute__((warn_unused_result));
int feed_next(struct feed *f, uint64_t *rows, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_FEED_H */
