/*
 * The plan that the parts of a run have in common, as the front end hands it to the programs:
 * to those on this host as a path, to portl-load on another (--via) in front of what it reads.
 */
#ifndef COMMON_FRONT_PLANFILE_H
#define COMMON_FRONT_PLANFILE_H

#include "common/base/buf.h"
#include "common/front/front.h"
#include "common/parts/partplan.h"

struct planfile {
	struct partplan plan;
	char *path;        /* owned; what children of ours read */
	int fd;            /* of a plan without a name, which they have to keep; or -1 */
	struct buf framed; /* what goes before the stream to another host; empty: not asked */
};

/*
 * planfile_open(pf, path, e):
 * Read the plan in the file; release with planfile_release() in every case.
 */
int planfile_open(struct planfile *pf, const char *path, struct err *e)
	__attribute__((warn_unused_result));

/*
 * planfile_make(pf, f, path, told, e):
 * Have both programs make one, of what the command line of ${f} says, and write it to the
 * file; NULL: to one without a name.  Returns 1 where there is none: f->status says why, and
 * the programs have told, if ${told}.
 */
int planfile_make(struct planfile *pf, struct front *f, const char *path, bool told,
		  struct err *e) __attribute__((warn_unused_result));

/*
 * planfile_words(pf, f, all):
 * Begin a command line of portl-load about the plan, on whichever host; returns the program
 * to start.
 */
const char *planfile_words(const struct planfile *pf, const struct front *f,
			   struct arglist *all);

/*
 * planfile_input(pf, f, e):
 * Return a descriptor for a portl-load that reads no stream, for the caller to close; -1
 * with ${e} filled.
 */
int planfile_input(struct planfile *pf, const struct front *f, struct err *e)
	__attribute__((warn_unused_result));

/*
 * planfile_call(pf, f, words, out, status, e):
 * Run portl-load on the plan with these words and no stream; what it prints is appended to
 * ${out}, or passed on where that is NULL.
 */
int planfile_call(struct planfile *pf, struct front *f, const struct arglist *words,
		  struct buf *out, int *status, struct err *e)
	__attribute__((warn_unused_result));

/*
 * planfile_preface(pf, f):
 * Return what portl-load is to read before the stream, or NULL: it opens the plan itself.
 */
const struct buf *planfile_preface(struct planfile *pf, const struct front *f);

void planfile_release(struct planfile *pf);

#endif /* COMMON_FRONT_PLANFILE_H */
