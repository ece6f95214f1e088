/*
 * The options that only CSV files have, see csvkind.c.
 */
#ifndef EXTRACT_CSVOPTS_H
#define EXTRACT_CSVOPTS_H

#include <stdbool.h>

#include "common/rows/csvfile.h"

enum csvopts_header { HEADER_AUTO, HEADER_YES, HEADER_NO };

/* This kind's own options. */
struct csvopts {
	const char *path;                     /* or "-" */
	const char *delimiter, *quote, *null; /* as typed */
	const char *encoding;                 /* NULL: UTF-8 */
	int header;                           /* enum csvopts_header */
	bool infer;
	/* derived */
	struct csvfile_format format;
};

#endif /* EXTRACT_CSVOPTS_H */
