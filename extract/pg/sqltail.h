/*
 * The end of a statement in a text that people wrote.
 */
#ifndef EXTRACT_SQLTAIL_H
#define EXTRACT_SQLTAIL_H

/*
 * sqltail_trim(text):
 * Return a copy, for the caller to free, without a semicolon behind which there is
 * nothing but blanks, comments and semicolons, and without what is behind it.  As in
 * PostgreSQL, a semicolon within quotes, dollar quotes or a comment is none.  The rest
 * of the text stays as it is, for the server to judge.
 */
char *sqltail_trim(const char *text) __attribute__((returns_nonnull));

#endif /* EXTRACT_SQLTAIL_H */
