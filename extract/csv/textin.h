/*
 * Text from an input, in UTF-8 whatever it was written in: everything is converted
 * and checked, a byte order mark is dropped.
 */
#ifndef EXTRACT_TEXTIN_H
#define EXTRACT_TEXTIN_H

#include <stddef.h>

struct err;
struct input;
struct textin;

/* What textin_next() found; BAD: no text of that encoding, FAILED: anything else. */
enum textin_event { TEXTIN_TEXT, TEXTIN_IDLE, TEXTIN_END, TEXTIN_BAD, TEXTIN_FAILED };

/*
 * textin_new(in, encoding, e):
 * Read ${in} (which stays the caller's) as text in ${encoding}, a name that
 * PostgreSQL knows (its characters are those of convert_from(), no more and no others)
 * or else iconv; NULL means UTF-8.  Free with textin_free().  NULL
 * with ${e} (EXIT_USAGE) filled if there is no such encoding.
 */
struct textin *textin_new(struct input *in, const char *encoding, struct err *e)
	__attribute__((warn_unused_result));

/*
 * textin_next(t, keep, timeout, text, len, e):
 * Wait at most ${timeout} ms (-1: any time) for more text.  The last ${keep} bytes
 * of the text before come again in front of it.  ${*text} is valid until the next
 * call; its ${*len} bytes are whole characters and no NUL is among them.
 * TEXTIN_BAD is about the byte that follows all the text given so far.
 */
enum textin_event textin_next(struct textin *t, size_t keep, int timeout, const char **text,
			      size_t *len, struct err *e);

/*
 * textin_free(t):
 * Free.  NULL does nothing.
 */
void textin_free(struct textin *t);

#endif /* EXTRACT_TEXTIN_H */
