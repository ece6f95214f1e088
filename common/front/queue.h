/*
 * The parts of a plan, by so many pipes at a time, each tried again where that is worth it.
 *
 * A slot is a place at work: it takes the next parts (bundle.h), runs them, and keeps those
 * that are missing while it waits for another try.  The first part that fails for good ends
 * all.
 */
#ifndef COMMON_FRONT_QUEUE_H
#define COMMON_FRONT_QUEUE_H

#include "common/front/keeper.h"
#include "common/front/planfile.h"

struct progress;

/* What has become of rows, as in a receipt. */
struct queue_rows {
	uint64_t inserted, updated, unchanged, skipped, rejected, deleted;
	bool vague; /* inserted and updated are not known */
};

/* What has come; add up over several queues. */
struct queue_tally {
	size_t sent, there; /* parts: brought now; there before */
	size_t again;       /* tries beyond the first */
	uint64_t read;
	struct queue_rows
		brought;          /* by all parts, wherever their rows are kept until the end */
	struct queue_rows direct; /* by those whose rows are where they belong (way part) */
	struct queue_rows whole;  /* when the others were published, if ${told} */
	bool told;
	uint64_t bytes;        /* of the streams */
	uint64_t plan_bytes;   /* what the plan says of those that are there */
	bool published;        /* the last one has done that */
	char *source, *target; /* as receipts of parts say them; owned, NULL: none has */
};

struct queue {
	struct front *f;
	struct planfile *pf;
	const struct keeper *keeper; /* or NULL: each part by its own snapshot */
	const char *snapshot;        /* or by this one, which somebody else holds */
	const bool *done;            /* by part, from 0: nothing is to be done; or NULL */
	struct progress *progress;   /* or NULL */
	struct queue_tally *tally;
	struct err *why; /* out: what has ended it, which people have been told */
	bool lost;       /* out: the snapshot is gone, and not all are there */
};

/*
 * queue_add_rows(to, rows):
 * Add what the member "rows" of a receipt says, or of the part in it; NULL says nothing.
 */
void queue_add_rows(struct queue_rows *to, const json_t *rows);

/*
 * queue_note_ends(t, receipt):
 * Note where the rows come from and go to, if that is not known and the receipt says it; NULL
 * says nothing.
 */
void queue_note_ends(struct queue_tally *t, const json_t *receipt);

/*
 * queue_run(q, e):
 * Bring them all.  Returns 1 where that could not be, f->status is set then and the reasons
 * are told.  Nothing of it is at work afterwards.
 */
int queue_run(struct queue *q, struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_FRONT_QUEUE_H */
