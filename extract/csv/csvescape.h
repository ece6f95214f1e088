/*
 * COPY's ESCAPE: in quotes, a byte other than the quote before quotes and before itself.
 * The text is rewritten so that quotes are doubled instead, which is what csvrows reads.
 */
#ifndef EXTRACT_CSVESCAPE_H
#define EXTRACT_CSVESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

struct csvescape {
	char quote, escape;
	bool quoted;  /* the next byte is in quotes */
	bool escaped; /* an escape waits for what follows it */
	bool closed;  /* the byte before closed a field */
	struct buf text;
};

/*
 * csvescape_feed(x, keep, text, len):
 * Have in x->text its last ${keep} bytes and behind them what ${text} is.  Returns false
 * if a quote opens where another one has just closed; x->text ends before it.
 */
bool csvescape_feed(struct csvescape *x, size_t keep, const char *text, size_t len)
	__attribute__((warn_unused_result));

#endif /* EXTRACT_CSVESCAPE_H */
