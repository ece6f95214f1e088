/*
 * The options that only CSV files have, see csvkind.c.
 */
#ifndef EXTRACT_CSVOPTS_H
#define EXTRACT_CSVOPTS_H

#include <stdbool.h>

#include "common/cli/cli_spec.h"
#include "common/rows/csvfile.h"
#include "extract/csv/csvforms.h"

enum csvopts_header { HEADER_AUTO, HEADER_YES, HEADER_NO };

/* This kind's own options. */
struct csvopts {
	const char *path;                     /* or "-" */
	const char *delimiter, *quote, *null; /* as typed */
	const char *encoding;                 /* NULL: UTF-8 */
	int header;                           /* enum csvopts_header */
	bool infer;
	const char *escape;         /* as typed */
	struct cli_list force_null; /* as typed */
	int decimal;                /* the sign, or 0 */
	int date_order;             /* enum csvforms_order */
	/* derived */
	struct csvfile_format format;
	char escape_byte; /* 0: quotes are doubled */
	struct csvforms forms;
};

#endif /* EXTRACT_CSVOPTS_H */
