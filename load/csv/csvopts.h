/*
 * What the options of a CSV sink say.
 */
#ifndef LOAD_CSVOPTS_H
#define LOAD_CSVOPTS_H

#include <stdbool.h>

#include "common/rows/csvfile.h"

struct csvopts {
	const char *path;                     /* or "-" */
	const char *delimiter, *quote, *null; /* as typed */
	int header;                           /* 1: none */
	bool quote_all;
	bool bom;
	/* derived */
	struct csvfile_format format;
};

#endif /* LOAD_CSVOPTS_H */
