/*
 * CSV as PostgreSQL's COPY … (FORMAT csv) reads and writes it: an unquoted field
 * that equals the null string is NULL, a quoted one never is.  Sources: RFC 4180;
 * PostgreSQL manual, COPY, "CSV Format".
 */
#ifndef COMMON_CSVFILE_H
#define COMMON_CSVFILE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

/* How one file is written; as COPY's options of the same names. */
struct csvfile_format {
	char delimiter;
	char quote;
	const char *null; /* borrowed */
	bool quote_all;   /* writing: every value but NULL is quoted, as FORCE_QUOTE * has it */
};

/*
 * csvfile_byte(option, text, byte, e):
 * Set ${*byte} from an option as typed, unless ${text} is NULL.  Failure fills ${e} with
 * EXIT_USAGE.
 */
int csvfile_byte(const char *option, const char *text, char *byte, struct err *e)
	__attribute__((warn_unused_result));

/*
 * csvfile_settle(f, delimiter, quote, null, e):
 * Fill ${f} from options as typed; NULL stands for COPY's default (comma, double
 * quote, empty), \t as the delimiter for a tab.  ${null} is borrowed.  Failure
 * fills ${e} with EXIT_USAGE.
 */
int csvfile_settle(struct csvfile_format *f, const char *delimiter, const char *quote,
		   const char *null, struct err *e) __attribute__((warn_unused_result));

/*
 * csvfile_put(f, out, value, len, alone):
 * Append one field, quoted where COPY would quote it.  ${value} NULL is SQL NULL;
 * ${alone} says that it is the row's only field.  Delimiters and newlines between
 * fields are the caller's.
 */
void csvfile_put(const struct csvfile_format *f, struct buf *out, const char *value, size_t len,
		 bool alone);

/*
 * csvfile_put_first(f, out, name, alone):
 * Append the header line's first name: quoted, too, if it begins with what would
 * be taken for the file's byte order mark.
 */
void csvfile_put_first(const struct csvfile_format *f, struct buf *out, const char *name,
		       bool alone);

/*
 * csvfile_log(path, doing):
 * Log the event "file": which file (an absolute path, or "-") is opened, by whom, and for
 * what: "reading" or "writing".  Before it is: without memory for the user's name libc
 * itself may end us, and a new file would be left.
 */
void csvfile_log(const char *path, const char *doing);

#endif /* COMMON_CSVFILE_H */
