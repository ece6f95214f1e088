/*
 * One part of a plan, or several by one pipe, and what has become of them.
 *
 *	portl-extract --plan=FILE --part=3-7 | portl-load --plan=FILE --part=3-7 --summary=-
 *
 * portl-load says in a receipt that a part is there, one part after the other.  Its status is
 * that of the whole, for it ends well without reading where all are there already; the receipt
 * of the part that has failed says whether that is a failure which passes by itself.
 */
#ifndef COMMON_FRONT_PIECE_H
#define COMMON_FRONT_PIECE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/front/pair.h"
#include "common/front/planfile.h"
#include "common/parts/partlist.h"

struct piece {
	struct partlist parts; /* that are missing, as far as is known; owned */
	struct partlist sent;  /* those of them that portl-extract reads; empty: all; owned */
	struct pair pair;
	int out, err;    /* files without a name: receipts, messages; -1: none */
	int64_t read;    /* bytes of the receipts that were looked at */
	int status;      /* what all has ended with */
	bool again;      /* the first of the parts has failed, and is worth another try */
	json_t *receipt; /* of that one, or NULL: there is none; owned */
};

#define PIECE_INIT ((struct piece){.out = -1, .err = -1})

/*
 * piece_start(p, f, pf, snapshot, apart, e):
 * Start what brings p->parts, by the exported snapshot if it is not NULL; its messages are kept
 * ${apart}, or go where ours do.
 */
int piece_start(struct piece *p, struct front *f, struct planfile *pf, const char *snapshot,
		bool apart, struct err *e) __attribute__((warn_unused_result));

/*
 * piece_is_over(p):
 * Tell whether both programs have ended.
 */
bool piece_is_over(const struct piece *p);

/*
 * piece_next(p, e):
 * Take the first of p->parts out, if it is there, and return its receipt for the caller to
 * json_decref(); NULL if it is not, or with ${e} filled.
 */
json_t *piece_next(struct piece *p, struct err *e);

/*
 * piece_said(receipt):
 * Return the status that portl-load has ended with by its receipt, whatever has become of it on
 * the way: a command of --via may lose it.  EXIT_AGAIN for NULL, for nobody knows.
 */
int piece_said(const json_t *receipt);

/*
 * piece_settle(p):
 * When both have ended and piece_next() has no more to tell: find out what has become of the
 * others.
 */
void piece_settle(struct piece *p);

/*
 * piece_messages(p, text, e), piece_receipts(p, text, e):
 * Append what the programs have said; the receipts, a line each.
 */
int piece_messages(const struct piece *p, struct buf *text, struct err *e)
	__attribute__((warn_unused_result));
int piece_receipts(const struct piece *p, struct buf *text, struct err *e)
	__attribute__((warn_unused_result));

/*
 * piece_is_committed(p):
 * Tell whether the part that has failed is committed all the same: what came behind it failed.
 */
bool piece_is_committed(const struct piece *p);

/*
 * piece_why(p, name, e):
 * Fill ${e} with what the receipt says of the part that has failed, for another receipt.
 * Returns -1.
 */
int piece_why(const struct piece *p, const char *name, struct err *e);

/*
 * piece_passes(status, receipt, upstream):
 * Tell whether a load that ended with ${status} and said so in its receipt (NULL: it said
 * nothing) may end otherwise when it is done again; ${upstream} is portl-extract's status.
 */
bool piece_passes(int status, const json_t *receipt, int upstream);

/*
 * piece_lacks_snapshot(p):
 * Tell whether the part may have failed because its snapshot is gone, or is not that of others.
 */
bool piece_lacks_snapshot(const struct piece *p);

/*
 * piece_count(receipt, member):
 * Return one of the receipt's counts: of its rows, or "bytes".
 */
uint64_t piece_count(const json_t *receipt, const char *member);

/*
 * piece_is_there(receipt):
 * Tell whether the part had come before.
 */
bool piece_is_there(const json_t *receipt);

/*
 * piece_reset(p), piece_release(p):
 * Forget everything but the parts; forget these, too.
 */
void piece_reset(struct piece *p);
void piece_release(struct piece *p);

#endif /* COMMON_FRONT_PIECE_H */
