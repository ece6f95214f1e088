/*
 * Receipts that the front end passes on: lines of JSON that portl-load has written.
 */
#ifndef COMMON_FRONT_RECEIPTFILE_H
#define COMMON_FRONT_RECEIPTFILE_H

struct err;

/*
 * receiptfile_write(path, text, e):
 * Write ${text} beside its place and rename it; standard output ("-"), a pipe and the like get
 * it as it is.
 */
int receiptfile_write(const char *path, const char *text, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_FRONT_RECEIPTFILE_H */
