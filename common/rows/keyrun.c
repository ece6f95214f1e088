/*
 * Keys become strings of one length that memcmp() puts in order; each is compared
 * with the one before it.
 */
#include "common/rows/keyrun.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/rows/pgcopy.h"

#define MIXED_MIN 100 /* rows out of order, whatever their share */
#define MIXED_SHARE 8 /* more than one of so many is no order */

struct keyrun {
	struct keyrun_column *columns;
	size_t ncolumns;
	size_t size; /* bytes of a key */
	/* the row being read */
	struct pgcopy_scan scan;
	size_t missing; /* columns of the key not yet passed */
	char *filling;  /* where the field's bytes go, or NULL: it is not of the key */
	char *key;      /* being put together */
	/* the keys so far */
	char *last;
	uint64_t descents; /* keys that were not greater than the one before */
	uint64_t rows;
	bool mixed;    /* too many descents */
	bool given_up; /* there is no more to see */
};

/* Is this key greater than the last one? */
static void
compare(struct keyrun *k)
{
	if (memcmp(k->last, k->key, k->size) >= 0)
		k->descents++;
	if (k->descents > MIXED_MIN && k->descents > k->rows / MIXED_SHARE)
		k->given_up = k->mixed = true;
}

static void
take_key(struct keyrun *k)
{
	char *swap = k->last;
	size_t at = 0, i;

	for (i = 0; i < k->ncolumns; at += k->columns[i++].size)
		if (k->columns[i].kind == KEYRUN_SIGNED)
			k->key[at] = (char)(k->key[at] ^ 0x80);
	if (k->rows++ > 0)
		compare(k);
	k->last = k->key;
	k->key = swap;
}

/* A field begins: is it of the key, and of the form that it should have? */
static void
begin_field(struct keyrun *k, int32_t len)
{
	size_t field = (size_t)(k->scan.nfields - k->scan.fields_left - 1), at = 0, i;

	k->filling = NULL;
	for (i = 0; i < k->ncolumns; at += k->columns[i++].size) {
		const struct keyrun_column *c = &k->columns[i];

		if (c->field != field)
			continue;
		k->missing--;
		if (len < 0 || (size_t)len != c->size) {
			k->given_up = true;
			return;
		}
		k->filling = k->key + at;
		return;
	}
}

static void
fill(struct keyrun *k, const struct pgcopy_step *step)
{
	if (k->filling == NULL)
		return;
	memcpy(k->filling, step->data, step->len);
	k->filling += step->len;
}

/* Behind the last column of the key, rows are passed by their lengths alone. */
static bool
skip_row(struct keyrun *k, const char **p, const char *end, struct err *never)
{
	size_t passed = 0;

	if (k->scan.fields_left == 0 && k->scan.bytes_left == 0)
		return true;
	k->scan.stop = k->scan.rows + 1;
	if (pgcopy_scan(&k->scan, *p, (size_t)(end - *p), &passed, never) != 0)
		return false;
	*p += passed;
	k->scan.stop = 0;
	return true;
}

/* Returns false where there is no more to see in these bytes. */
static bool
step(struct keyrun *k, const char **p, const char *end, struct err *never)
{
	struct pgcopy_step s;

	switch (pgcopy_step(&k->scan, p, end, &s, never)) {
	case PGCOPY_ROW:
		k->missing = k->ncolumns;
		return true;
	case PGCOPY_FIELD:
		begin_field(k, s.field_len);
		break;
	case PGCOPY_DATA:
		fill(k, &s);
		break;
	case PGCOPY_ROW_END:
		return true;
	default:
		return false;
	}
	if (k->missing > 0 || k->scan.bytes_left > 0 || k->filling == NULL)
		return true;
	k->filling = NULL;
	take_key(k);
	return skip_row(k, p, end, never);
}

void
keyrun_take(struct keyrun *k, const char *data, size_t len)
{
	struct err never = ERR_INIT; /* the reader has walked over the same bytes */
	const char *p = data, *end = data + len;

	while (!k->given_up && step(k, &p, end, &never))
		continue;
	if (never.code != EXIT_DONE)
		k->given_up = true;
	err_release(&never);
}

static void
begin(struct keyrun *k)
{
	pgcopy_scan_init(&k->scan, -1);
	k->missing = k->ncolumns;
	k->filling = NULL;
	k->descents = k->rows = 0;
	k->mixed = k->given_up = false;
}

struct keyrun *
keyrun_new(const struct keyrun_column *columns, size_t n)
{
	struct keyrun *k = xcalloc(1, sizeof(*k));
	size_t i;

	k->columns = xcalloc(n, sizeof(*k->columns));
	k->ncolumns = n;
	for (i = 0; i < n; i++) {
		k->columns[i] = columns[i];
		k->size += columns[i].size;
	}
	k->key = xcalloc(1, k->size);
	k->last = xcalloc(1, k->size);
	begin(k);
	return k;
}

bool
keyrun_mostly_ascends(const struct keyrun *k)
{
	return !k->given_up && k->descents <= k->rows / MIXED_SHARE;
}

enum keyrun_verdict
keyrun_end(struct keyrun *k)
{
	enum keyrun_verdict verdict = KEYRUN_ASCENDING;

	if (k->mixed)
		verdict = KEYRUN_MIXED;
	else if (k->given_up || k->descents > 0)
		verdict = KEYRUN_UNKNOWN;
	begin(k);
	return verdict;
}

void
keyrun_free(struct keyrun *k)
{
	if (k == NULL)
		return;
	free(k->columns);
	free(k->key);
	free(k->last);
	free(k);
}
