/*
 * One part of a plan: its pipe, and what has become of it.
 *
 *	portl-extract --plan=FILE --part=K | portl-load --plan=FILE --part=K --summary=-
 *
 * portl-load's status is that of the whole, for it ends well without reading where the part
 * is there already.  Its receipt says whether a failure is one that passes by itself.
 */
#ifndef COMMON_FRONT_PIECE_H
#define COMMON_FRONT_PIECE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/front/pair.h"
#include "common/front/planfile.h"

struct piece {
	size_t number; /* of the part, from 1 */
	struct pair pair;
	int out, err;    /* files without a name: the receipt, the messages; -1: none */
	int status;      /* what the part has ended with */
	bool again;      /* it has failed, and is worth another try */
	bool there;      /* it was there before */
	json_t *receipt; /* or NULL: there is none; owned */
};

#define PIECE_INIT ((struct piece){.out = -1, .err = -1})

/*
 * piece_start(p, f, pf, snapshot, apart, e):
 * Start the part with the number p->number, by the exported snapshot if it is not NULL; its
 * messages are kept ${apart}, or go where ours do.
 */
int piece_start(struct piece *p, struct front *f, struct planfile *pf, const char *snapshot,
		bool apart, struct err *e) __attribute__((warn_unused_result));

/*
 * piece_is_over(p):
 * Tell whether both programs have ended.
 */
bool piece_is_over(const struct piece *p);

/*
 * piece_settle(p, e):
 * After that: find out what has become of it.
 */
int piece_settle(struct piece *p, struct err *e) __attribute__((warn_unused_result));

/*
 * piece_messages(p, text, e):
 * Append what the programs have said.
 */
int piece_messages(const struct piece *p, struct buf *text, struct err *e)
	__attribute__((warn_unused_result));

/*
 * piece_why(p, name, e):
 * Fill ${e} with what the receipt says of a part that has failed, for another receipt.
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
 * Tell whether the part may have failed because its snapshot is gone.
 */
bool piece_lacks_snapshot(const struct piece *p);

/*
 * piece_count(receipt, member):
 * Return one of the receipt's counts: of its rows, or "bytes".
 */
uint64_t piece_count(const json_t *receipt, const char *member);

/*
 * piece_reset(p):
 * Forget everything but the number.
 */
void piece_reset(struct piece *p);

#endif /* COMMON_FRONT_PIECE_H */
