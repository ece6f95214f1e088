/*
 * Colours of messages as PostgreSQL's own programs have them (PostgreSQL manual,
 * "Color Support"): PG_COLOR=always, or auto for a terminal, and PG_COLORS says
 * which.  A NO_COLOR that is not empty turns them off in any case.
 */
#ifndef COMMON_COLOUR_H
#define COMMON_COLOUR_H

struct buf;

enum colour { COLOUR_ERROR, COLOUR_WARNING, COLOUR_NOTE, COLOUR_LOCUS, COLOUR_COUNT };

/*
 * colour_init(fd):
 * Read the environment, for messages that go to ${fd}.
 */
void colour_init(int fd);

/*
 * colour_add(b, colour, text):
 * Append ${text} to ${b}, in that colour if colours are on.
 */
void colour_add(struct buf *b, enum colour colour, const char *text);

#endif /* COMMON_COLOUR_H */
