/*
 * portl-extract and portl-load on one job, by themselves or with a pipe between.
 */
#ifndef COMMON_FRONT_PAIR_H
#define COMMON_FRONT_PAIR_H

#include "common/front/front.h"

/* Both ends of a pipe; zeroed at first. */
struct pair {
	struct child extract, load;
};

/* What is said to each besides the options that the command line has for it. */
struct pair_words {
	struct arglist extract, load;
	int out; /* a descriptor that portl-load's standard output goes to, or 0: ours */
};

/*
 * pair_extract(f, words, ...), pair_load(f, words, in, ...):
 * Run one of the programs on the job, with these words before those of the command line;
 * portl-load with ${in} (-1: nothing) as its standard input.  ${*status} is what it ended
 * with.  The other fields of ${work} say more of how it is started, argv is ignored.
 */
int pair_extract(struct front *f, const struct arglist *words, struct crew_work work,
		 int *status, struct err *e) __attribute__((warn_unused_result));
int pair_load(struct front *f, const struct arglist *words, struct crew_work work, int *status,
	      struct err *e) __attribute__((warn_unused_result));

/*
 * pair_check_job(f, e):
 * Have both say what is wrong with the job and the options, before anything runs: one
 * message for one mistake.  Returns 1 if there was one, f->status is set then.
 */
int pair_check_job(struct front *f, struct err *e) __attribute__((warn_unused_result));

/*
 * pair_ask_state(f, words, e):
 * Where the job keeps a state, add to ${words} for portl-extract where to go on from.
 * Returns 1 where that cannot be said, f->status is set then.
 */
int pair_ask_state(struct front *f, struct arglist *words, struct err *e)
	__attribute__((warn_unused_result));

/*
 * pair_run(f, words, status, e):
 * Run both, and wait for both; ${*status} is that of the whole.  A signal that came before
 * all was done is the error; one that came too late is none.
 */
int pair_run(struct front *f, const struct pair_words *words, int *status, struct err *e)
	__attribute__((warn_unused_result));

/*
 * pair_start(f, pair, left, right, e), pair_wait(f, pair, e):
 * Start any two with a pipe between, ${left} first; wait for both.  Where that fails none
 * of them is left.
 */
int pair_start(struct front *f, struct pair *pair, struct crew_work left,
	       struct crew_work right, struct err *e) __attribute__((warn_unused_result));
int pair_wait(struct front *f, struct pair *pair, struct err *e)
	__attribute__((warn_unused_result));

/*
 * pair_status(pair):
 * Return what the pipe as a whole has ended with.
 */
int pair_status(const struct pair *pair) __attribute__((pure));

void pair_words_release(struct pair_words *words);

#endif /* COMMON_FRONT_PAIR_H */
