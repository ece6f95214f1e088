/*
 * What a run has done, for people (on a terminal) and programs (--summary).
 */
#ifndef COMMON_RECEIPT_H
#define COMMON_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/talk/toldlist.h"

struct err;

/* Whether the rows are in the target. */
enum receipt_committed {
	RECEIPT_NO,
	RECEIPT_YES,
	RECEIPT_LOCALLY, /* but perhaps not on the standbys that COMMIT waits for */
	RECEIPT_UNKNOWN,
	RECEIPT_NOT_APPLICABLE
};

/* A part of a run (portl-parts(7)). */
struct receipt_part {
	const char *run; /* id, or NULL: it was no part; borrowed */
	size_t number, of;
	bool there;                   /* it had come before, and nothing was read */
	bool published;               /* with it all parts were there, and are seen now */
	bool counted;                 /* ${rows} is known: it was not published before */
	struct receipt_relation rows; /* what has become of the rows of all parts; no name */
};

struct receipt {
	const char *run; /* borrowed; the same on both sides of the pipe */
	char *relation;  /* owned; qualified, or NULL for a query */
	bool dry_run;
	char *source, *target; /* owned; as people say them, without secrets; or NULL */
	/* rows; after success read = inserted + updated + unchanged + skipped + rejected */
	uint64_t read, inserted, updated, unchanged, skipped, rejected;
	uint64_t deleted; /* rows that were there, and are not in the stream */
	bool vague;       /* of inserted and updated only the sum is known */
	bool replaced;    /* the rows are in a new table, which has taken the old one's place */
	int64_t sent;   /* rows, of which some may have been taken out on the way; -1: not asked
			 */
	uint64_t bytes; /* of the stream, before compression */
	char xxh3[17];  /* hex digits, or "" */
	char rows_digest[40]; /* form of the values and hex digits, or "" */
	enum receipt_committed committed;
	struct receipt_verified verified; /* of all relations */
	struct toldlist *relations;       /* owned; NULL: it is no set */
	size_t nrelations;
	struct receipt_part of_run;
	char *state, *position;  /* how far the rows go, kept under that name; owned, or NULL */
	struct timespec started; /* CLOCK_MONOTONIC */
	time_t began;            /* the same moment, by the calendar */
	char *path;              /* of the summary; owned, or NULL */
	char *part;        /* what is renamed to it; owned, or NULL: it is no plain file */
	struct buf before; /* lines of a plain file's summary that are not written yet */
	int fd;            /* of a summary that is no plain file, -1: none */
};

/*
 * receipt_init(r, path, e):
 * Start the clock and, if ${path} is not NULL, see that the summary can be written, "-" is
 * standard output: what cannot be must be known before rows are committed.  An older file
 * of that name is removed, for it is of another run.  Release with receipt_release().
 */
int receipt_init(struct receipt *r, const char *path, struct err *e)
	__attribute__((warn_unused_result));

/*
 * receipt_add(r, relation), receipt_at(r, i):
 * Append a relation of a set, with a copy of its name, in the order in which they are to be
 * told; return relation ${i}, from 0, which costs little in that order.  The counts are the
 * caller's to fill, there and, for all together, in ${r}.  The pointer is valid until the next
 * call of either.
 */
struct receipt_relation *receipt_add(struct receipt *r, const char *relation)
	__attribute__((returns_nonnull));
struct receipt_relation *receipt_at(struct receipt *r, size_t i)
	__attribute__((returns_nonnull));

/*
 * receipt_all(r):
 * Return the counts of all relations together; there is no name.
 */
struct receipt_relation receipt_all(const struct receipt *r);

/*
 * receipt_state(r, name, position):
 * Say that the state called so is now ${position}, which is taken.
 */
void receipt_state(struct receipt *r, const char *name, char *position);

/*
 * receipt_several(n):
 * Return what stands for the name of ${n} relations of a set, for the caller to free.
 */
char *receipt_several(size_t n) __attribute__((returns_nonnull));

/*
 * receipt_print(r, status, why, e):
 * Write the summary beside its place and rename it, and a line for people if standard error is
 * a terminal, with -v, or after a dry run, which has nothing else to show.  ${status} is the
 * run's exit code, ${why} its error, if it has one.  After success, rows read of which nothing
 * else is said count as skipped.
 */
int receipt_print(struct receipt *r, int status, const struct err *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * receipt_next(r, status, why, e):
 * As receipt_print(), but the receipt of another part will follow, in a line behind this one,
 * which has no relations; ${r} is then as after receipt_init(), for the same source and target.
 */
int receipt_next(struct receipt *r, int status, const struct err *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * receipt_forget(r):
 * What has been told of rows and relations was of a step before the one that counts.
 */
void receipt_forget(struct receipt *r);

void receipt_release(struct receipt *r);

#endif /* COMMON_RECEIPT_H */
