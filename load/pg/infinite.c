/*
 * A walk over binary tuples (the manual's page of COPY), which may be cut anywhere: the
 * number of a tuple's fields, then each one's length and bytes.  An interval has 16: the time
 * in microseconds, days, months; all at their limit mean infinity from 17 on.
 */
#include "load/pg/infinite.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/rows/pgcopy.h"
#include "common/stream/stream_chunk.h"
#include "load/match/plan.h"

#define BYTES 16 /* of an interval */

struct infinite {
	const struct plan *plan;
	size_t *columns; /* in plan->columns, of each field; owned */
	size_t n;
	uint64_t row; /* from 1 */
	size_t left;  /* fields of the row that have not begun */
	size_t skip;  /* bytes of a field that nobody looks at */
	bool watched; /* the field that is gathered is a value, else a number before one */
	size_t want, have;
	char bytes[BYTES];
};

struct infinite *
infinite_new(const struct plan *plan)
{
	struct infinite *w = xcalloc(1, sizeof(*w));
	bool any = false;
	size_t i;

	w->plan = plan;
	w->row = 1;
	w->want = 2;
	w->columns = xcalloc(plan->ncolumns, sizeof(*w->columns));
	for (i = 0; i < plan->ncolumns; i++) {
		if (!plan->keep[i])
			continue;
		any = any || plan->columns[i].finite;
		w->columns[w->n++] = i;
	}
	if (any && !plan->text)
		return w;
	infinite_free(w);
	return NULL;
}

static bool
is_infinite(const char *p)
{
	int64_t us = (int64_t)((uint64_t)pgcopy_get32(p) << 32 | pgcopy_get32(p + 4));
	int32_t days = (int32_t)pgcopy_get32(p + 8), months = (int32_t)pgcopy_get32(p + 12);

	return (us == INT64_MAX && days == INT32_MAX && months == INT32_MAX) ||
	       (us == INT64_MIN && days == INT32_MIN && months == INT32_MIN);
}

static void
next_field(struct infinite *w)
{
	w->watched = false;
	w->want = w->left > 0 ? 4 : 2;
	w->row += w->left == 0;
}

/* What was wanted is there. */
static int
take(struct infinite *w, struct err *e)
{
	const struct plan_column *c;
	uint32_t len;

	if (w->want == 2) {
		w->left = pgcopy_get16(w->bytes);
		w->left = w->left <= w->n ? w->left : 0; /* the end, or no tuple */
		if (w->left > 0)
			w->want = 4;
		return 0;
	}
	c = &w->plan->columns[w->columns[w->n - w->left]];
	if (w->watched) {
		if (is_infinite(w->bytes)) {
			err_set(e, EXIT_DATA,
				"row %" PRIu64 ", column \"%s\": an infinite interval, which "
				"servers before 17 do not have",
				w->row, c->source);
			return err_hint(e, "Send another value by a query.");
		}
		w->left--;
		next_field(w);
		return 0;
	}
	len = pgcopy_get32(w->bytes);
	if (c->finite && len == BYTES) {
		w->watched = true;
		w->want = BYTES;
		return 0;
	}
	w->skip = len < UINT32_MAX ? len : 0; /* NULL */
	w->left--;
	next_field(w);
	return 0;
}

int
infinite_look(struct infinite *w, const struct stream_chunk *chunk, struct err *e)
{
	const char *p = chunk->data;
	size_t left = chunk->len, n;

	while (w != NULL && p != NULL && left > 0) {
		n = w->skip > 0 ? w->skip : w->want - w->have;
		n = n < left ? n : left;
		if (w->skip > 0) {
			w->skip -= n;
		} else {
			memcpy(w->bytes + w->have, p, n);
			w->have += n;
		}
		p += n;
		left -= n;
		if (w->have < w->want)
			continue;
		w->have = 0;
		if (take(w, e) != 0)
			return -1;
	}
	return 0;
}

void
infinite_free(struct infinite *w)
{
	if (w != NULL)
		free(w->columns);
	free(w);
}
