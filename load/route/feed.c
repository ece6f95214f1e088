/*
 * Chunks of a stream have neither the preamble nor the trailer of COPY binary, so that they
 * can be cut anywhere; the feed puts both around them.
 */
#include "load/route/feed.h"

#include "common/pg/db.h"
#include "common/rows/pgcopy.h"

static int
start(struct feed *f, struct err *e)
{
	static const char preamble[PGCOPY_PREAMBLE_LEN] = PGCOPY_SIGNATURE;

	f->closed = false;
	return f->text ? 0 : db_copy_in_hold(f->db, preamble, PGCOPY_PREAMBLE_LEN, e);
}

int
feed_begin(struct feed *f, struct db *db, const char *sql, bool text, struct err *e)
{
	*f = (struct feed){.db = db, .text = text};
	return db_copy_in(db, e, sql) == 0 ? start(f, e) : -1;
}

int
feed_write(struct feed *f, const char *data, size_t len, struct err *e)
{
	return db_copy_in_put(f->db, data, len, e);
}

int
feed_close(struct feed *f, struct err *e)
{
	static const char trailer[PGCOPY_TRAILER_LEN] = {'\377', '\377'};

	f->closed = true;
	if (!f->text && db_copy_in_hold(f->db, trailer, sizeof(trailer), e) != 0)
		return -1;
	return db_copy_in_close(f->db, e);
}

int
feed_end(struct feed *f, uint64_t *rows, struct err *e)
{
	if (!f->closed && feed_close(f, e) != 0)
		return -1;
	return db_copy_in_end(f->db, rows, e);
}

int
feed_next(struct feed *f, uint64_t *rows, struct err *e)
{
	if (feed_close(f, e) != 0 || db_copy_in_next(f->db, rows, e) != 0)
		return -1;
	return start(f, e);
}
