/*
 * The programs that do the work: where they are, and what they say of themselves.
 */
#ifndef COMMON_FRONT_PROGRAMS_H
#define COMMON_FRONT_PROGRAMS_H

#include "common/front/front.h"

#define PROGRAMS_MISSING 127 /* exit status: a program was not found */

/*
 * programs_find(name, e):
 * Return the path of the program that stands beside ours, or else the one on PATH, for the
 * caller to free; NULL with ${e} (PROGRAMS_MISSING) filled if there is none.
 */
char *programs_find(const char *name, struct err *e) __attribute__((warn_unused_result));

/*
 * programs_ask_options(f, e):
 * Fill f->extract_options and f->load_options, once.
 */
int programs_ask_options(struct front *f, struct err *e) __attribute__((warn_unused_result));

/*
 * programs_become(name, words, e):
 * Be that program from now on, with these arguments.  Returns only to fail.
 */
int programs_become(const char *name, const struct arglist *words, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_FRONT_PROGRAMS_H */
