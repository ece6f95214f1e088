/*
 * A walk over COPY text, which may be cut anywhere: the field that is looked at is gathered
 * first.  No value that could lose digits has an escape.
 *
 * Where rows may be left out, which ones is known at the end of a batch only.  Its losses are
 * in a file by then, in the order of the rows, and so are the rows that are left out: one
 * pass over both counts.
 */
#include "load/pg/roundings.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/utf8.h"
#include "common/base/xalloc.h"
#include "common/os/tempfile.h"
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

/* A value, while its row may still be left out. */
struct loss {
	uint64_t row; /* of the stream; UINT64_MAX: there is no other */
	size_t field;
	char example[EXAMPLE_MAX + 8]; /* and "…" */
};

struct roundings {
	const struct plan *plan;
	struct field *fields; /* of a row, in their order */
	size_t n;
	size_t watched; /* fields up to the last that could lose any */
	size_t at;      /* field of the row */
	uint64_t row;   /* from 1 */
	struct buf text;
	bool waits;       /* losses wait for what becomes of their rows */
	FILE *losses;     /* that wait; NULL before the first */
	bool reading;     /* them */
	struct loss next; /* reading: the first that is not dealt with */
	uint64_t settled; /* rows of the batches before */
};

struct roundings *
roundings_new(const struct plan *plan, bool rejects)
{
	struct roundings *r = xcalloc(1, sizeof(*r));
	size_t i;

	r->plan = plan;
	r->row = 1;
	r->waits = rejects;
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

static void
count(struct roundings *r, const struct loss *loss)
{
	struct field *f = &r->fields[loss->field];

	if (f->lost++ > 0)
		return;
	f->row = loss->row;
	f->example = xstrdup(loss->example);
}

static int
set_aside(struct roundings *r, const struct loss *loss, struct err *e)
{
	if (r->losses == NULL && (r->losses = tempfile_stream(e)) == NULL)
		return -1;
	if (fwrite(loss, sizeof(*loss), 1, r->losses) != 1)
		return err_errno(e, "could not write a temporary file");
	return 0;
}

static int
note(struct roundings *r, const char *text, size_t len, struct err *e)
{
	const struct field *f = &r->fields[r->at];
	struct loss loss = {.row = r->row, .field = r->at};
	bool cut = len > EXAMPLE_MAX;

	if (len == 2 && memcmp(text, "\\N", 2) == 0)
		return 0;
	if (digits_survive(&r->plan->columns[f->column].keeps, text, len))
		return 0;
	if (cut) /* between characters */
		len = utf8_span(text, EXAMPLE_MAX);
	snprintf(loss.example, sizeof(loss.example), "%.*s%s", (int)len, text, cut ? "…" : "");
	if (r->waits)
		return set_aside(r, &loss, e);
	count(r, &loss);
	return 0;
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
static int
look_at(struct roundings *r, const char *text, size_t len, struct err *e)
{
	int rc;

	if (r->text.len == 0)
		return note(r, text, len, e);
	buf_add(&r->text, text, len);
	rc = note(r, r->text.data, r->text.len, e);
	r->text.len = 0;
	return rc;
}

int
roundings_look(struct roundings *r, const struct stream_chunk *chunk, struct err *e)
{
	const char *p = chunk->data, *end = p + chunk->len, *next;

	if (r == NULL || p == NULL)
		return 0;
	if (chunk->fault != NULL) { /* a line that is no COPY text, in place of a row */
		r->row++;
		return 0;
	}
	for (; p < end; p = next) {
		next = end_of_field(r, p, end);
		if (next == NULL) {
			if (is_watched(r))
				buf_add(&r->text, p, (size_t)(end - p));
			return 0;
		}
		if (is_watched(r) && look_at(r, p, (size_t)(next - 1 - p), e) != 0)
			return -1;
		r->at++;
		if (next[-1] == '\n') {
			r->at = 0;
			r->row++;
		}
	}
	return 0;
}

/* ---- what has waited ---- */

static int
read_next(struct roundings *r, struct err *e)
{
	if (fread(&r->next, sizeof(r->next), 1, r->losses) == 1)
		return 0;
	r->next.row = UINT64_MAX;
	return ferror(r->losses) ? err_errno(e, "could not read a temporary file") : 0;
}

/* Count what the rows before ${row} have lost. */
static int
count_before(struct roundings *r, uint64_t row, struct err *e)
{
	if (!r->reading) {
		if (fflush(r->losses) != 0)
			return err_errno(e, "could not write a temporary file");
		rewind(r->losses);
		r->reading = true;
		if (read_next(r, e) != 0)
			return -1;
	}
	while (r->next.row < row) {
		count(r, &r->next);
		if (read_next(r, e) != 0)
			return -1;
	}
	return 0;
}

int
roundings_leave_out(struct roundings *r, uint64_t n, struct err *e)
{
	if (r == NULL || r->losses == NULL)
		return 0;
	if (count_before(r, r->settled + n, e) != 0)
		return -1;
	while (r->next.row == r->settled + n)
		if (read_next(r, e) != 0)
			return -1;
	return 0;
}

int
roundings_settle(struct roundings *r, struct err *e)
{
	if (r == NULL)
		return 0;
	if (r->losses != NULL) {
		if (count_before(r, UINT64_MAX, e) != 0)
			return -1;
		rewind(r->losses);
		if (ftruncate(fileno(r->losses), 0) != 0)
			return err_errno(e, "could not empty a temporary file");
	}
	r->reading = false;
	r->settled = r->row - 1;
	return 0;
}

/* Says what the next field from ${*i} on has lost, or returns NULL: no other has. */
static char *
next_lost(const struct roundings *r, size_t *i)
{
	for (; r != NULL && *i < r->n; (*i)++) {
		const struct field *f = &r->fields[*i];

		if (f->lost == 0)
			continue;
		(*i)++;
		return xasprintf("column \"%s\": %" PRIu64
				 " value%s lost digits, such as %s in "
				 "row %" PRIu64,
				 r->plan->columns[f->column].target, f->lost,
				 f->lost == 1 ? "" : "s", f->example, f->row);
	}
	return NULL;
}

int
roundings_refuse(const struct roundings *r, struct err *e)
{
	size_t i = 0;
	char *what = next_lost(r, &i);

	if (what == NULL)
		return 0;
	err_set(e, EXIT_DATA, "%s", what);
	free(what);
	return err_hint(e, "--rounding=error refuses what does not fit digit by digit.");
}

void
roundings_tell(const struct roundings *r)
{
	size_t i = 0;
	char *what;

	while ((what = next_lost(r, &i)) != NULL) {
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
		if (r->losses != NULL)
			fclose(r->losses);
	}
	free(r);
}
