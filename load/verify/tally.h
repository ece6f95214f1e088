/*
 * What has been found of a relation's rows, and where it is written down.
 */
#ifndef LOAD_TALLY_H
#define LOAD_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/talk/receipt.h"
#include "load/sides/merge.h"
#include "load/verify/differences.h"

struct buf;
struct compared;
struct differing;
struct err;

struct tally {
	const struct compared *c; /* borrowed */
	struct receipt_verified counts;
	bool by_row; /* the server finds whole rows, for there is no key, or it comes twice */
	struct differences *differences; /* borrowed, or NULL: nobody asks which rows differ */
	struct differing *differing;     /* the same: nor for their keys */
};

/*
 * tally_differs(counts), tally_add_counts(counts, b):
 * Has anything been found?  Append what has, as people say it.
 */
bool tally_differs(const struct receipt_verified *counts);
void tally_add_counts(const struct receipt_verified *counts, struct buf *b);

/*
 * tally_row(t, kind, row, end, other, other_end, e):
 * Count a row that differs and write it down.  ${row} is one of either side, in the form in
 * which the stream comes; where it is in both, ${other} is that of the other side.
 */
int tally_row(struct tally *t, enum difference kind, const char *row, const char *end,
	      const char *other, const char *other_end, struct err *e)
	__attribute__((warn_unused_result));

/*
 * tally_merged(arg, kind, row, end, other, other_end, e):
 * The same, as a merge tells it; ${arg} is the tally.
 */
int tally_merged(void *arg, enum merge_kind kind, const char *row, const char *end,
		 const char *other, const char *other_end, struct err *e)
	__attribute__((warn_unused_result));

/*
 * tally_text(t, kind, row, len, e):
 * The same for a row that the target's server has found, a row of COPY text without its
 * newline: the key's values and, where the row is in both, behind them the numbers of the
 * fields that differ, parted by commas; with t->by_row the row as a composite value's text
 * instead.
 */
int tally_text(struct tally *t, enum difference kind, const char *row, size_t len,
	       struct err *e) __attribute__((warn_unused_result));

#endif /* LOAD_TALLY_H */
