/*
 * As on two tapes: those before the open one have been written to the new shelf, those behind
 * it are still on the old one.
 */
#include "common/talk/toldlist.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/pack.h"
#include "common/base/shelf.h"
#include "common/base/xalloc.h"

struct toldlist {
	struct shelf *before;
	size_t nbefore; /* the number of the open one, too */
	bool is_open;
	struct receipt_relation open;
	struct shelf *behind; /* has all of them, as they were; or NULL: none is behind */
	size_t n;
};

struct toldlist *
toldlist_new(void)
{
	struct toldlist *l = xcalloc(1, sizeof(*l));

	l->before = shelf_new();
	return l;
}

static void
close_open(struct toldlist *l)
{
	struct buf b = BUF_INIT;

	if (!l->is_open)
		return;
	buf_add(&b, &l->open, sizeof(l->open));
	pack_text(&b, l->open.relation);
	shelf_put(l->before, b.data, b.len);
	buf_release(&b);
	free(l->open.relation);
	l->open.relation = NULL;
	l->is_open = false;
	l->nbefore++;
}

/* Those up to number ${i} stay as they are. */
static void
pass(struct toldlist *l, size_t i)
{
	for (; l->nbefore < i; l->nbefore++) {
		size_t len;
		const char *bytes = shelf_get(l->behind, l->nbefore, &len);

		shelf_put(l->before, bytes, len);
	}
}

struct receipt_relation *
toldlist_add(struct toldlist *l, const char *relation)
{
	close_open(l);
	pass(l, l->n);
	shelf_free(l->behind);
	l->behind = NULL;
	memset(&l->open, 0,
	       sizeof(l->open)); /* what is between its members, too, becomes bytes */
	l->open.relation = xstrdup(relation);
	l->is_open = true;
	l->n++;
	return &l->open;
}

static void
rewind_to_first(struct toldlist *l)
{
	pass(l, l->n);
	shelf_free(l->behind);
	l->behind = l->before;
	l->before = shelf_new();
	l->nbefore = 0;
}

struct receipt_relation *
toldlist_at(struct toldlist *l, size_t i)
{
	struct unpack from;

	if (l->is_open && l->nbefore == i)
		return &l->open;
	close_open(l);
	if (i < l->nbefore)
		rewind_to_first(l);
	pass(l, i);
	from.at = shelf_get(l->behind, i, &from.left);
	pack_take_bytes(&from, &l->open, sizeof(l->open));
	l->open.relation = pack_take_text(&from);
	l->is_open = true;
	return &l->open;
}

void
toldlist_free(struct toldlist *l)
{
	if (l == NULL)
		return;
	if (l->is_open)
		free(l->open.relation);
	shelf_free(l->before);
	shelf_free(l->behind);
	free(l);
}
