/*
 * CSV text into rows and fields, strictly: libcsv's state machine, and around it
 * what libcsv does not know: lines and bytes for messages, blank lines, which
 * fields were quoted, line ends that do not belong to the file.
 */
#ifndef EXTRACT_CSVROWS_H
#define EXTRACT_CSVROWS_H

#include <csv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rows/csvfile.h"

struct err;

/* Who is told; a call that fails fills the error and ends the parse. */
struct csvrows_handler {
	/* A field of the current row; ${value} NULL is SQL NULL. */
	int (*field)(void *arg, const char *value, size_t len, struct err *e);
	/* The row is complete. */
	int (*row)(void *arg, struct err *e);
	/* A line with nothing in it, where a row could have begun. */
	int (*blank)(void *arg, struct err *e);
};

struct csvrows {
	struct csv_parser parser;
	struct csvfile_format format;
	size_t null_len;  /* bytes of format.null */
	size_t field_max; /* bytes that a field may have */
	const struct csvrows_handler *handler;
	void *arg;
	struct err *err;    /* of the running call */
	bool failed;        /* it is filled */
	char eol;           /* what ends a line; 0: not known yet */
	bool in_quotes;     /* where the search for the first line end stands */
	bool held;          /* a carriage return waits for what follows it */
	bool names;         /* the fields are names: none of them is NULL */
	bool inexact;       /* the text is not the file's byte by byte: name lines only */
	const bool *forced; /* per field: it is NULL in quotes, too; NULL: none; borrowed */
	size_t nforced;
	size_t field;  /* number of the next field in its row */
	bool open_end; /* the last line may lack its end */
	bool in_row;
	bool open_quoted;      /* the open field began with a quote */
	uint64_t line;         /* physical, from 1, of the next byte */
	uint64_t row_line;     /* where the current row begins */
	uint64_t open_line;    /* where the open field begins */
	uint64_t offset;       /* of the next byte; counts UTF-8 text from 0 */
	uint64_t line_offset;  /* where the line begins */
	uint64_t field_offset; /* where the next or open field begins */
	const char *segment;   /* what libcsv looks at: a line or a part of one */
	size_t segment_len;    /* bytes */
	uint64_t fault_line;   /* 0: where the next byte is */
	uint64_t fault_byte;   /* in that line, from 1; 0: the row as a whole */
};

/*
 * csvrows_init(r, format, handler, arg, e):
 * Begin at the start of a file.  What ${format} and ${handler} point to is
 * borrowed.  Release with csvrows_release(), after failure too.
 */
int csvrows_init(struct csvrows *r, const struct csvfile_format *format,
		 const struct csvrows_handler *handler, void *arg, struct err *e)
	__attribute__((warn_unused_result));

/*
 * csvrows_feed(r, text, len, e):
 * Take in ${len} bytes of text.  Returns how many bytes at its end (one at most)
 * have to be given again in front of the next text, for they cannot be judged
 * alone; -1 with ${e} (EXIT_DATA) filled but for the place: see csvrows_where().
 */
int csvrows_feed(struct csvrows *r, const char *text, size_t len, struct err *e)
	__attribute__((warn_unused_result));

/*
 * csvrows_end(r, e):
 * The text is over.  A last line without its end is refused, for it may have been cut,
 * unless open_end is set.
 */
int csvrows_end(struct csvrows *r, struct err *e) __attribute__((warn_unused_result));

/*
 * csvrows_where(r, name, e):
 * Put file name, line, and (if one byte is to blame) the byte within the line in
 * front of the message: of the fault that was found, or else of the next byte.
 * Returns -1.
 */
int csvrows_where(const struct csvrows *r, const char *name, struct err *e);

/*
 * csvrows_delimiter(r, delimiter):
 * From the next line on fields are parted by this byte.  Called when a row is complete.
 */
void csvrows_delimiter(struct csvrows *r, char delimiter);

void csvrows_release(struct csvrows *r);

#endif /* EXTRACT_CSVROWS_H */
