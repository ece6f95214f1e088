/*
 * Text as people are shown it.  Names in a header, a sender's reason for giving up, what a
 * server says, values and file names are whatever somebody has chosen: a terminal would
 * obey some of their characters, and a newline could begin a line that looks like ours.
 */
#ifndef COMMON_SHOWN_H
#define COMMON_SHOWN_H

struct buf;

/*
 * shown_add(out, text), shown_add_name(out, name):
 * Append ${text} to ${out}.  Control characters but tab and newline, and those that turn the
 * direction of text, become \u and four hex digits, bytes that are not UTF-8 become \x and
 * two.  A line that is continued begins with a tab, as in the server's own log.  JSON stays
 * the same JSON.  A name stays in one line: a newline in it becomes \n.
 */
void shown_add(struct buf *out, const char *text);
void shown_add_name(struct buf *out, const char *name);

#endif /* COMMON_SHOWN_H */
