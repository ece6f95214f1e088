/*
 * The sum over rows.  Most rows lie whole in a buffer and cost one call of XXH3, which is
 * compiled in here: rows are short, and of a short one half of the time would be the call.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "common/rows/rowdigest.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/xalloc.h"

void
rowdigest_init(struct rowdigest *d)
{
	*d = (struct rowdigest){.part = NULL};
}

void
rowdigest_release(struct rowdigest *d)
{
	XXH3_freeState(d->part);
	rowdigest_init(d);
}

static inline void
add(struct rowdigest *d, XXH128_hash_t row)
{
	const struct rowdigest one = {.low = row.low64, .high = row.high64};

	rowdigest_add(d, &one);
}

void
rowdigest_row(struct rowdigest *d, const char *fields, size_t len)
{
	add(d, XXH3_128bits(fields, len));
}

void
rowdigest_part(struct rowdigest *d, const char *fields, size_t len)
{
	if (d->part == NULL)
		d->part = XXH3_createState();
	if (d->part == NULL)
		xalloc_failed();
	if (!d->open)
		XXH3_128bits_reset(d->part);
	d->open = true;
	XXH3_128bits_update(d->part, fields, len);
}

void
rowdigest_end(struct rowdigest *d)
{
	add(d, XXH3_128bits_digest(d->part));
	d->open = false;
}

void
rowdigest_text(const struct rowdigest *d, bool text, char hex[ROWDIGEST_LEN + 1])
{
	snprintf(hex, ROWDIGEST_LEN + 1, "%s:%016" PRIx64 "%016" PRIx64,
		 text ? "text" : "binary", d->high, d->low);
}
