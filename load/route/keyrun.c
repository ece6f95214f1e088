/*
 * Keys become strings of one length that memcmp() puts in order.  The last key
 * is held back, for only the next one shows whether it continued its run or was
 * out of place (a table reuses free space: … 17 18 90 19 20 …).  A run that goes
 * on beyond other ranges swallows them: what it covers then may contain keys
 * that never came, which only makes the verdict more careful.
 */
#include "load/route/keyrun.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/rows/pgcopy.h"

#define RANGES_MAX 4096 /* 16 bytes each, for a bigint key */
#define MIXED_MIN 100   /* rows out of place, whatever their share */
#define MIXED_SHARE 8   /* more than one of so many is no order */

struct keyrun {
	struct keyrun_column *columns;
	size_t ncolumns;
	size_t size; /* bytes of a key, with zeros where a string is short */
	/* the row being read */
	struct pgcopy_scan scan;
	size_t missing; /* columns of the key not yet passed */
	char *filling;  /* where the field's bytes go, or NULL: it is not of the key */
	char *key;      /* being put together */
	/* the keys so far */
	char *last;
	char *ranges; /* first and last key of each, ascending */
	size_t nranges;
	size_t run;     /* the range that the keys continue, or SIZE_MAX: none yet */
	uint64_t turns; /* keys that were less than the one before */
	uint64_t rows;
	bool repeats;  /* a key may have come twice */
	bool mixed;    /* many turns */
	bool given_up; /* there is no more to see */
};

static char *
range_first(const struct keyrun *k, size_t i)
{
	return k->ranges + 2 * i * k->size;
}

static char *
range_last(const struct keyrun *k, size_t i)
{
	return k->ranges + (2 * i + 1) * k->size;
}

static bool
is_less(const struct keyrun *k, const char *a, const char *b)
{
	return memcmp(a, b, k->size) < 0;
}

/* The number of ranges that end before this key. */
static size_t
place_of(const struct keyrun *k, const char *key)
{
	size_t low = 0, high = k->nranges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (is_less(k, range_last(k, middle), key))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Make the key a range of its own; the ranges' number of it, or SIZE_MAX. */
static size_t
add_range(struct keyrun *k, const char *key)
{
	size_t at = place_of(k, key), width = 2 * k->size;

	if ((at < k->nranges && !is_less(k, key, range_first(k, at))) ||
	    k->nranges == RANGES_MAX) {
		k->repeats = true;
		return SIZE_MAX;
	}
	memmove(k->ranges + (at + 1) * width, k->ranges + at * width,
		(k->nranges - at) * width);
	memcpy(range_first(k, at), key, k->size);
	memcpy(range_last(k, at), key, k->size);
	k->nranges++;
	if (k->run != SIZE_MAX && at <= k->run)
		k->run++;
	return at;
}

/* The run goes on to this key, over the ranges in between. */
static void
extend(struct keyrun *k, const char *key)
{
	size_t next = k->run + 1, behind;

	if (next < k->nranges && !is_less(k, key, range_first(k, next))) {
		behind = place_of(k, key);
		if (behind < k->nranges && !is_less(k, key, range_first(k, behind))) {
			k->repeats = true;
			return;
		}
		memmove(range_first(k, next), range_first(k, behind),
			(k->nranges - behind) * 2 * k->size);
		k->nranges -= behind - next;
	}
	memcpy(range_last(k, k->run), key, k->size);
}

/* The key held back has its place in the order of what came. */
static void
settle(struct keyrun *k)
{
	if (k->run != SIZE_MAX && is_less(k, range_last(k, k->run), k->last))
		extend(k, k->last);
	else
		k->run = add_range(k, k->last);
}

/* The keys turn back: either the one held back was out of place, or a new run begins. */
static void
turn(struct keyrun *k)
{
	if (k->run != SIZE_MAX && is_less(k, range_last(k, k->run), k->key)) {
		add_range(k, k->last);
	} else {
		settle(k);
		k->run = SIZE_MAX;
	}
}

static void
compare(struct keyrun *k)
{
	int order = memcmp(k->last, k->key, k->size);

	if (order == 0)
		k->repeats = true;
	if (order > 0)
		k->turns++;
	if (k->turns > MIXED_MIN && k->turns > k->rows / MIXED_SHARE)
		k->given_up = k->mixed = true;
	if (!k->repeats && order < 0)
		settle(k);
	else if (!k->repeats)
		turn(k);
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
	size_t place = (size_t)(k->scan.nfields - k->scan.fields_left - 1), at = 0, i;

	k->filling = NULL;
	for (i = 0; i < k->ncolumns; at += k->columns[i++].size) {
		const struct keyrun_column *c = &k->columns[i];

		if (c->place != place)
			continue;
		k->missing--;
		if (len < 0 || (size_t)len > c->size ||
		    (c->kind != KEYRUN_STRING && (size_t)len != c->size)) {
			k->given_up = true;
			return;
		}
		k->filling = k->key + at;
		memset(k->filling, 0, c->size);
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
	k->nranges = 0;
	k->run = SIZE_MAX;
	k->turns = k->rows = 0;
	k->repeats = k->mixed = k->given_up = false;
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
	k->ranges = xcalloc(RANGES_MAX, 2 * k->size);
	begin(k);
	return k;
}

enum keyrun_verdict
keyrun_end(struct keyrun *k)
{
	enum keyrun_verdict verdict = KEYRUN_DISTINCT;
	size_t i;

	if (k->rows > 0 && !k->repeats && !k->given_up)
		settle(k);
	if (k->mixed)
		verdict = KEYRUN_MIXED;
	else if (k->repeats || k->given_up)
		verdict = KEYRUN_UNKNOWN;
	else if (k->turns == 0)
		verdict = KEYRUN_ASCENDING;
	for (i = 0; i < k->ncolumns && verdict == KEYRUN_ASCENDING; i++)
		if (k->columns[i].kind == KEYRUN_STRING)
			verdict = KEYRUN_DISTINCT;
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
	free(k->ranges);
	free(k);
}
