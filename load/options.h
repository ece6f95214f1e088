/*
 * portl-load's command line.
 */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include "common/ident.h"
#include "common/options.h"

enum load_extra { EXTRA_ERROR, EXTRA_IGNORE };

struct load_options {
	struct options common; /* first: the shared tables' offsets count from it */
	const char *input;     /* path or NULL: standard input */
	struct cli_list map;   /* as typed */
	int extra_columns;     /* enum load_extra */
	bool create;
	bool truncate;
	int64_t min_rows;    /* refuse to commit fewer; -1: not given */
	int64_t streams;     /* how many follow one another */
	const char *columns; /* as typed */
	bool edited;
	bool bare;
	/* derived */
	char *rel_schema, *rel_name;                /* from -t; owned */
	struct ident_list column_list;              /* from --columns */
	struct ident_list map_sources, map_targets; /* pairs; target "" drops */
};

/*
 * load_options_parse(o, argc, argv, e):
 * Fill ${o}.  Returns 0 to go on, 1 if help was printed or there is nothing
 * more to do, -1 with ${e} filled.
 * Release with load_options_release() in every case.
 */
int load_options_parse(struct load_options *o, int argc, char **argv, struct err *e)
	__attribute__((warn_unused_result));

/*
 * load_options_brief(e):
 * Give the error in ${e} the short help as its hint.  Returns -1.
 */
int load_options_brief(struct err *e);

void load_options_release(struct load_options *o);

#endif /* LOAD_OPTIONS_H */
