/*
 * A walk over COPY text, which may be cut anywhere: the field that is looked at is gathered
 * first.  No value that could lose digits has an escape.
 */
#include "load/pg/roundings.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/utf8.h"
#include "common/base/xalloc.h"
#include "common/stream/stream_chunk.h"
#include "common/talk/log.h"
#include "load/match/digits.h"
#include "load/match/plan.h"

#define EXAMPLE_MAX ((size_t)40) /* bytes of a value that are shown */

struct field {
	size_t column; /* in plan->columns */
	uint64_t lost; /* values */
	uint64_t row;  /* of the example */
	char *example; /* owned */
};

struct roundings {
	const struct plan *plan;
	struct field *fields; /* of a row, in their order */
	size_t n;
	size_t watched; /* fields up to the last that could lose any */
	size_t at;      /* field of the row */
	uint64_t row;   /* from 1 */
	struct buf text;
};

struct roundings *
roundings_new(const struct plan *plan)
{
	struct roundings *r = xcalloc(1, sizeof(*r));
	size_t i;

	r->plan = plan;
	r->row = 1;
	r->fields = xcalloc(plan->ncolumns, sizeof(*r->fields));
	for (i = 0; i < plan->ncolumns; i++) {
		if (!plan->keep[i])
			continue;
		r->fields[r->n++].column = i;
		if (plan->columns[i].keeps.kind != DIGITS_ALL)
			r->watched = r->n;
	}
	if (r->watched > 0 && plan->text)
		return r;
	roundings_free(r);
	return NULL;
}

/* What is long is cut between characters. */
static char *
make_example(const char *text, size_t len)
{
	if (len <= EXAMPLE_MAX)
		return xstrndup(text, len);
	return xasprintf("%.*s…", (int)utf8_span(text, EXAMPLE_MAX), text);
}

static void
note(struct roundings *r, struct field *f, const char *text, size_t len)
{
	if (len == 2 && memcmp(text, "\\N", 2) == 0)
		return;
	if (digits_survive(&r->plan->columns[f->column].keeps, text, len))
		return;
	if (f->lost++ > 0)
		return;
	f->row = r->row;
	f->example = make_example(text, len);
}

/* Behind the end of the field that begins or goes on at ${p}, or NULL: it does not end here. */
static const char *
end_of_field(const struct roundings *r, const char *p, const char *end)
{
	if (r->at >= r->watched) {
		p = memchr(p, '\n', (size_t)(end - p));
		return p != NULL ? p + 1 : NULL;
	}
	while (p < end && *p != '\t' && *p != '\n')
		p++;
	return p < end ? p + 1 : NULL;
}

static bool
is_watched(const struct roundings *r)
{
	return r->at < r->watched &&
	       r->plan->columns[r->fields[r->at].column].keeps.kind != DIGITS_ALL;
}

/* A field that is whole, behind what was gathered of it. */
static void
look_at(struct roundings *r, const char *text, size_t len)
{
	if (r->text.len > 0) {
		buf_add(&r->text, text, len);
		note(r, &r->fields[r->at], r->text.data, r->text.len);
	} else {
		note(r, &r->fields[r->at], text, len);
	}
	r->text.len = 0;
}

void
roundings_look(struct roundings *r, const struct stream_chunk *chunk)
{
	const char *p = chunk->data, *end = p + chunk->len, *next;

	if (r == NULL || p == NULL)
		return;
	if (chunk->fault != NULL) { /* a line that is no COPY text, in place of a row */
		r->row++;
		return;
	}
	for (; p < end; p = next) {
		next = end_of_field(r, p, end);
		if (next == NULL) {
			if (is_watched(r))
				buf_add(&r->text, p, (size_t)(end - p));
			return;
		}
		if (is_watched(r))
			look_at(r, p, (size_t)(next - 1 - p));
		r->at++;
		if (next[-1] == '\n') {
			r->at = 0;
			r->row++;
		}
	}
}

static char *
describe(const struct roundings *r, const struct field *f)
{
	const struct plan_column *c = &r->plan->columns[f->column];

	return xasprintf("column \"%s\": %" PRIu64 " value%s lost digits, such as %s in row "
			 "%" PRIu64,
			 c->target, f->lost, f->lost == 1 ? "" : "s", f->example, f->row);
}

int
roundings_refuse(const struct roundings *r, struct err *e)
{
	size_t i;

	for (i = 0; r != NULL && i < r->n; i++) {
		char *what;

		if (r->fields[i].lost == 0)
			continue;
		what = describe(r, &r->fields[i]);
		err_set(e, EXIT_DATA, "%s", what);
		free(what);
		return err_hint(e,
				"--rounding=error refuses what does not fit digit by digit.");
	}
	return 0;
}

void
roundings_tell(const struct roundings *r)
{
	size_t i;

	for (i = 0; r != NULL && i < r->n; i++) {
		char *what;

		if (r->fields[i].lost == 0)
			continue;
		what = describe(r, &r->fields[i]);
		log_warning("%s (--rounding=ignore says that this is meant)", what);
		free(what);
	}
}

void
roundings_free(struct roundings *r)
{
	size_t i;

	for (i = 0; r != NULL && i < r->n; i++)
		free(r->fields[i].example);
	if (r != NULL) {
		free(r->fields);
		buf_release(&r->text);
	}
	free(r);
}
