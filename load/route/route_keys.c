/*
 * While the keys come the connection is busy with the target's: those that are absent wait in
 * a temporary file, and go into their table when all have passed.
 */
#include "load/route/route_keys.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/tempfile.h"
#include "common/os/writeall.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "load/match/plan.h"
#include "load/route/absent.h"
#include "load/route/ready.h"
#include "load/route/route.h"
#include "load/sides/merge.h"
#include "load/sides/tuplekey.h"
#include "load/stage/plan_stage.h"

#define BLOCK ((size_t)64 * 1024) /* bytes of absent keys that go into the file at once */

struct route_keys {
	struct route base;
	struct tuplekey order;
	struct merge merge;
	int fd;          /* the file, or -1: none is needed yet */
	struct buf gone; /* absent keys that are not in it yet, as COPY binary */
	uint64_t ngone;  /* absent keys */
};

static struct route_keys *
own(struct route *r)
{
	return (struct route_keys *)r;
}

static void
set_order(struct route_keys *k, const struct plan *p)
{
	const struct ident_list *names = &p->header->order;
	size_t i;

	if (k->order.list == NULL)
		k->order.list = xcalloc(names->n, sizeof(*k->order.list));
	k->order.n = names->n;
	for (i = 0; i < names->n; i++) {
		size_t at = (size_t)schema_find(p->schema, names->names[i]);

		k->order.list[i] = (struct tuplekey_column){
			.field = at,
			.kind = tuplekey_kind(p->rel->columns[p->columns[at].position].plain,
					      false),
		};
	}
}

static int
save(struct route_keys *k, struct err *e)
{
	if (k->fd < 0 && (k->fd = tempfile_open(e)) < 0)
		return -1;
	if (writeall(k->fd, k->gone.data, k->gone.len) != 0)
		return err_errno(e, "could not write a temporary file");
	k->gone.len = 0;
	return 0;
}

/* Keys of the stream that the target lacks are no matter of what is gone. */
static int
take_difference(void *arg, enum merge_kind kind, const char *row, const char *end,
		const char *other, const char *other_end, struct err *e)
{
	struct route_keys *k = arg;

	(void)other;
	(void)other_end;
	if (kind != MERGE_EXTRA)
		return 0;
	k->ngone++;
	buf_add(&k->gone, row, (size_t)(end - row));
	return k->gone.len >= BLOCK ? save(k, e) : 0;
}

static int
keys_begin(struct route *r, struct err *e)
{
	struct route_keys *k = own(r);
	const struct merge_told told = {take_difference, k};

	if (ready_target(r->db, r->plan, r->first, e) != 0)
		return -1;
	if (r->absent == NULL) /* a dry run's stream has no rows, of which nothing is told */
		return 0;
	set_order(k, r->plan);
	/* compiled, it would take longer than it does */
	if (db_exec(r->db, e, "SET LOCAL jit = off") != 0)
		return -1;
	return merge_begin(&k->merge, r->db, r->plan->sql[SQL_BESIDE], r->plan->ncolumns,
			   &k->order, &told, e);
}

static int
keys_write(struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	return r->absent != NULL ? merge_write(&own(r)->merge, chunk, e) : 0;
}

static int
send_file(struct route_keys *k, struct err *e)
{
	char *block = xcalloc(1, BLOCK);
	off_t at = 0;
	ssize_t n = 0;
	int rc = 0;

	while (rc == 0 && k->fd >= 0 && (n = pread(k->fd, block, BLOCK, at)) > 0) {
		rc = feed_write(&k->base.feed, block, (size_t)n, e);
		at += n;
	}
	if (rc == 0 && n < 0)
		rc = err_errno(e, "could not read a temporary file");
	free(block);
	return rc;
}

/* All keys that are absent go into their table. */
static int
send_gone(struct route_keys *k, struct err *e)
{
	struct route *r = &k->base;
	uint64_t rows = 0;

	if (k->ngone == 0)
		return 0;
	if (db_exec(r->db, e, "%s", r->plan->sql[SQL_GONE]) != 0 ||
	    feed_begin(&r->feed, r->db, r->plan->sql[SQL_GONE_COPY], false, e) != 0 ||
	    send_file(k, e) != 0 || feed_write(&r->feed, k->gone.data, k->gone.len, e) != 0)
		return -1;
	return feed_end(&r->feed, &rows, e);
}

static int
keys_end(struct route *r, struct err *e)
{
	struct route_keys *k = own(r);

	r->counts.skipped = r->counts.read;
	if (r->absent == NULL)
		return 0;
	if (merge_end(&k->merge, e) != 0 ||
	    db_exec(r->db, e, "SET LOCAL jit TO DEFAULT") != 0 || send_gone(k, e) != 0)
		return -1;
	return absent_take(r, k->ngone, e);
}

static void
keys_free(struct route *r)
{
	struct route_keys *k = own(r);

	if (k->fd >= 0)
		close(k->fd);
	buf_release(&k->gone);
	merge_release(&k->merge);
	free(k->order.list);
	tuplekey_release(&k->order);
	free(r);
}

static const struct route_ops keys_ops = {
	.begin = keys_begin,
	.write = keys_write,
	.close = route_has_work,
	.end = keys_end,
	.free = keys_free,
};

struct route *
route_keys_new(struct db *db, const struct plan *plan, const char *input)
{
	struct route_keys *k = xcalloc(1, sizeof(*k));

	route_init(&k->base, &keys_ops, db, plan, input);
	k->fd = -1;
	return &k->base;
}
