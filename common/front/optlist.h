/*
 * The options of another program, as its --completion=list says them (see
 * common/cli/completion.h).
 */
#ifndef COMMON_FRONT_OPTLIST_H
#define COMMON_FRONT_OPTLIST_H

#include <stddef.h>

struct cli_choice;
struct cli_option;
struct err;

struct optlist {
	struct cli_option *options; /* owned; ends with a row of zeroes */
	size_t n;
	struct cli_choice **choices; /* owned, one for each option, NULL: it has none */
	char *text;                  /* owned; the strings lie in it */
};

/*
 * optlist_read(list, text, program, e):
 * Take the list apart; ${text} is taken.  The type of an option says no more than how it
 * is written.  Release with optlist_release() in every case.
 */
int optlist_read(struct optlist *list, char *text, const char *program, struct err *e)
	__attribute__((warn_unused_result));

/*
 * optlist_find(options, name, len), optlist_find_letter(options, letter):
 * Return the option in a table that has the long name, of ${len} bytes, or the letter; or
 * NULL.  A table that is NULL has none.
 */
const struct cli_option *optlist_find(const struct cli_option *options, const char *name,
				      size_t len);
const struct cli_option *optlist_find_letter(const struct cli_option *options, char letter);

void optlist_release(struct optlist *list);

#endif /* COMMON_FRONT_OPTLIST_H */
