/*
 * Each form is tried on each value of the sample.  A column is only doubted if all of
 * its values are of one form, and one of them is something only in that form.
 */
#include "extract/csv/doubt.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/talk/log.h"
#include "extract/csv/csvforms.h"

static const struct {
	struct csvforms forms;
	const char *option, *what;
} tries[] = {
	{{',', ORDER_NONE}, "--decimal=,", "numbers"},
	{{'.', ORDER_NONE}, "--decimal=.", "numbers"},
	{{'\0', ORDER_DMY}, "--date-order=dmy", "dates"},
	{{'\0', ORDER_MDY}, "--date-order=mdy", "dates"},
	{{'\0', ORDER_YMD}, "--date-order=ymd", "dates"},
};

_Static_assert(sizeof(tries) / sizeof(tries[0]) == DOUBT_FORMS, "one of each");

/* Is it a number or date as it is? */
static bool
is_plain(const char *value, size_t len)
{
	return infer_fits(INFER_NUMERIC, value, len) || infer_fits(INFER_DOUBLE, value, len) ||
	       infer_fits(INFER_DATE, value, len) || infer_fits(INFER_TIMESTAMP, value, len) ||
	       infer_fits(INFER_TIMESTAMPTZ, value, len);
}

void
doubt_init(struct doubt *d)
{
	size_t i;

	*d = (struct doubt){.failed = 0};
	for (i = 0; i < DOUBT_FORMS; i++)
		infer_init(&d->read[i]);
}

void
doubt_see(struct doubt *d, const char *value, size_t len)
{
	char out[CSVFORMS_MAX];
	size_t i;

	for (i = 0; i < DOUBT_FORMS; i++) {
		size_t n = len;
		const char *read = csvforms_read(&tries[i].forms, value, &n, out);

		if (read == value)
			d->failed |= 1u << i;
		else
			infer_see(&d->read[i], read, n);
	}
	if (!is_plain(value, len) && d->example[0] == '\0' && len < sizeof(d->example))
		memcpy(d->example, value, len);
}

void
doubt_warn(const struct doubt *d, const char *column)
{
	struct buf options = BUF_INIT;
	const char *what = NULL;
	size_t i;

	for (i = 0; i < DOUBT_FORMS && d->example[0] != '\0'; i++) {
		if ((d->failed & 1u << i) != 0 || !infer_has_forms(infer_type(&d->read[i])))
			continue;
		if (what != NULL)
			buf_adds(&options, " or ");
		buf_adds(&options, tries[i].option);
		what = tries[i].what;
	}
	if (what != NULL)
		log_fact("column \"%s\" is sent as text, but looks like %s (%s); if so, say "
			 "%s",
			 column, what, d->example, buf_cstr(&options));
	buf_release(&options);
}
