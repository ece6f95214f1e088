/*
 * COPY into the target itself.  Rows that a trigger suppresses are skipped.
 */
#include "load/route/route_direct.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/stream/stream_chunk.h"
#include "load/match/plan.h"
#include "load/route/ready.h"
#include "load/route/route.h"

/*
 * The context is "COPY orders, line 1042, column amount: …"; in another language it
 * stays, for the place is in it.
 */
static bool
find_place(const struct err *e, const char *relation, uint64_t *line, char **column)
{
	char *lead = xasprintf("COPY %s, line ", relation);
	const char *at = e->context != NULL ? strstr(e->context, lead) : NULL;
	size_t len = strlen(lead);
	char *end;

	free(lead);
	if (at == NULL)
		return false;
	*line = strtoull(at + len, &end, 10);
	*column = NULL;
	if (strncmp(end, ", column ", 9) == 0)
		*column = xstrndup(end + 9, strcspn(end + 9, ":\n"));
	return true;
}

/* Put the place where a person looks for it, before the message. */
static int
direct_locate(struct route *r, struct err *e)
{
	uint64_t line;
	char *column;

	if (strcmp(e->sqlstate, "23505") == 0 && e->hint == NULL)
		err_hint(e,
			 "A row with this key is in the table, or came before. Use --conflict "
			 "to skip or overwrite, or --truncate to replace all rows.");
	if (!find_place(e, r->plan->target.name, &line, &column))
		return -1;
	route_at(r, line, column, e);
	free(column);
	free(e->context);
	e->context = NULL;
	return -1;
}

static int
direct_begin(struct route *r, struct err *e)
{
	if (ready_target(r->db, r->plan, r->first, e) != 0)
		return -1;
	return feed_begin(&r->feed, r->db, r->plan->copy_sql, r->plan->text, e);
}

static int
direct_write(struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	return feed_write(&r->feed, chunk->data, chunk->len, e) != 0 ? direct_locate(r, e) : 0;
}

static int
direct_end(struct route *r, struct err *e)
{
	if (feed_end(&r->feed, &r->counts.inserted, e) != 0)
		return direct_locate(r, e);
	r->counts.skipped = r->counts.read - r->counts.inserted;
	return 0;
}

/* A ROLLBACK undoes all of it. */
static int
direct_forget(struct route *r, struct err *e)
{
	(void)r;
	(void)e;
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
	.end = direct_end,
	.forget = direct_forget,
	.free = direct_free,
};

struct route *
route_direct_new(struct db *db, const struct plan *plan, const char *input)
{
	struct route *r = xcalloc(1, sizeof(*r));

	route_init(r, &direct_ops, db, plan, input);
	return r;
}
