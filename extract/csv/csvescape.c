/*
 * An escape before anything else stands for itself, as for COPY.  Quotes that are doubled
 * are none of this form: COPY would drop both, so they are refused.
 */
#include "extract/csv/csvescape.h"

/* Whether a quote at this place is a fault. */
static bool
take_byte(struct csvescape *x, char c)
{
	bool closed = x->closed;

	x->closed = false;
	if (x->escaped) {
		x->escaped = false;
		if (c == x->quote || c == x->escape) {
			buf_addc(&x->text, c);
			if (c == x->quote)
				buf_addc(&x->text, c);
			return true;
		}
		buf_addc(&x->text, x->escape);
	}
	if (x->quoted && c == x->escape) {
		x->escaped = true;
		return true;
	}
	if (c == x->quote) {
		if (closed)
			return false;
		x->closed = x->quoted;
		x->quoted = !x->quoted;
	}
	buf_addc(&x->text, c);
	return true;
}

bool
csvescape_feed(struct csvescape *x, size_t keep, const char *text, size_t len)
{
	size_t i;

	buf_drop(&x->text, x->text.len - keep);
	for (i = 0; i < len; i++)
		if (!take_byte(x, text[i]))
			return false;
	return true;
}
