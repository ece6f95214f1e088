/*
 * Which row and which column COPY means when it fails: the server says it in the error's
 * context only, and as words.
 */
#ifndef LOAD_COPYCONTEXT_H
#define LOAD_COPYCONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "COPY orders, line 1042, column amount: …", read. */
struct copycontext {
	uint64_t line;    /* the row, from 1 */
	const char *rest; /* what follows the number up to the value; it names the column */
	size_t len;       /* bytes */
	bool sure; /* no other line reads so: a value may have several, and one like it */
};

/*
 * copycontext_read(context, table, at):
 * Read the line of ${context} (which may be NULL) that is about a COPY of ${table}.  Its
 * language is the superuser's to choose: the line begins with the table's name, perhaps
 * behind the word COPY; the first number is the row's; the column's name stands behind it
 * by itself; a colon precedes the value.  ${at} borrows from ${context}.  Returns false if
 * there is no such line.
 */
bool copycontext_read(const char *context, const char *table, struct copycontext *at);

#endif /* LOAD_COPYCONTEXT_H */
