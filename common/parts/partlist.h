/*
 * Several parts of a plan by their numbers, as people write them: "3,7,9-12".
 */
#ifndef COMMON_PARTLIST_H
#define COMMON_PARTLIST_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct partplan;

/* Numbers from 1, ascending, each once; zeroed at first. */
struct partlist {
	size_t *numbers; /* owned */
	size_t n;
};

/*
 * partlist_parse(list, text, e):
 * Fill ${list}, whatever order the text has them in.  Failure fills ${e} (EXIT_USAGE).
 */
int partlist_parse(struct partlist *list, const char *text, struct err *e)
	__attribute__((warn_unused_result));

/*
 * partlist_check(list, plan, path, e):
 * Refuse (EXIT_USAGE) a list with a number that the plan from ${path} does not have.
 */
int partlist_check(const struct partlist *list, const struct partplan *plan, const char *path,
		   struct err *e) __attribute__((warn_unused_result));

/*
 * partlist_add(list, number):
 * Append a number that is greater than all that are there.
 */
void partlist_add(struct partlist *list, size_t number);

/*
 * partlist_drop(list):
 * Forget the first one.
 */
void partlist_drop(struct partlist *list);

/*
 * partlist_text(list, text):
 * Append the list, as partlist_parse() reads it.
 */
void partlist_text(const struct partlist *list, struct buf *text);

void partlist_release(struct partlist *list);

#endif /* COMMON_PARTLIST_H */
