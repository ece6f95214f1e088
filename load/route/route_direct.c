/*
 * COPY writes the target itself.  Its row count is what it inserted; rows that came beyond
 * that were suppressed by a trigger, and count as skipped.
 */
#include "load/route/route_direct.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/stream/stream_chunk.h"
#include "load/match/plan.h"
#include "load/route/copycontext.h"
#include "load/route/ready.h"
#include "load/route/route.h"

/* Is the name a word of the text, or several? */
static bool
has_name(const char *text, size_t len, const char *name)
{
	size_t size = strlen(name), i;

	for (i = 1; i + size <= len; i++)
		if (text[i - 1] == ' ' && memcmp(text + i, name, size) == 0 &&
		    (i + size == len || strchr(" ,", text[i + size]) != NULL))
			return true;
	return false;
}

/* The column that is named behind the row's number, or NULL. */
static const char *
find_column(const struct plan *p, const struct copycontext *at)
{
	const char *found = NULL, *name;
	size_t i;

	for (i = 0; i < p->ncolumns; i++) {
		name = p->columns[i].target;
		if (name != NULL && has_name(at->rest, at->len, name) &&
		    (found == NULL || strlen(name) > strlen(found)))
			found = name;
	}
	return found;
}

/* People look for the row in front of the message, not in its context. */
static int
direct_locate(struct route *r, struct err *e)
{
	static const char english[] = ", column ";
	struct copycontext at;
	char *column;

	route_explain_key(r, e);
	if (!copycontext_read(e->context, plan_into(r->plan)->name, &at))
		return -1;
	if (strncmp(at.rest, english, sizeof(english) - 1) == 0) {
		column = xstrndup(at.rest + sizeof(english) - 1,
				  at.len - (sizeof(english) - 1));
		route_at(r, at.line, column, e);
		free(column);
	} else {
		route_at_line(r, at.line, find_column(r->plan, &at), e);
	}
	free(e->context);
	e->context = NULL;
	return -1;
}

static int
direct_begin(struct route *r, struct err *e)
{
	if (ready_target(r->db, r->plan, r->first, e) != 0)
		return -1;
	return feed_begin(&r->feed, r->db, r->plan->sql[SQL_COPY], r->plan->text, e);
}

static int
direct_write(struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	return feed_write(&r->feed, chunk->data, chunk->len, e) != 0 ? direct_locate(r, e) : 0;
}

static int
direct_close(struct route *r, struct err *e)
{
	return feed_close(&r->feed, e) == 0 ? 1 : direct_locate(r, e);
}

static int
direct_end(struct route *r, struct err *e)
{
	if (feed_end(&r->feed, &r->counts.inserted, e) != 0)
		return direct_locate(r, e);
	r->counts.skipped = r->counts.read - r->counts.inserted;
	return 0;
}

static void
direct_free(struct route *r)
{
	free(r);
}

static const struct route_ops direct_ops = {
	.begin = direct_begin,
	.write = direct_write,
	.locate = direct_locate,
	.close = direct_close,
	.end = direct_end,
	.free = direct_free,
};

struct route *
route_direct_new(struct db *db, const struct plan *plan, const char *input)
{
	struct route *r = xcalloc(1, sizeof(*r));

	route_init(r, &direct_ops, db, plan, input);
	return r;
}
