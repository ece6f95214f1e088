/*
 * Which word of our command line is whose.
 */
#ifndef COMMON_FRONT_ROUTING_H
#define COMMON_FRONT_ROUTING_H

#include <stdbool.h>

#include "common/front/front.h"

/*
 * routing_parse(f, words, e):
 * Take the words behind the command: options go to the program that has them, to both if
 * both have, or into ${f} if they are ours.  With a word "--" among them, those before it
 * are portl-extract's, and those behind it portl-load's.  The words are borrowed.
 */
int routing_parse(struct front *f, const struct arglist *words, struct err *e)
	__attribute__((warn_unused_result));

/*
 * routing_is_ours(name):
 * Tell whether the option of either program may be given to the front end.
 */
bool routing_is_ours(const char *name);

#endif /* COMMON_FRONT_ROUTING_H */
