/*
 * portl-extract's command line.
 */
#ifndef EXTRACT_OPTIONS_H
#define EXTRACT_OPTIONS_H

#include "common/base/ident.h"
#include "common/base/pattern.h"
#include "common/base/relname.h"
#include "common/cli/options.h"
#include "common/parts/partlist.h"
#include "common/parts/partplan.h"
#include "common/pg/keylist.h"

struct source_kind;

enum extract_format { EXTRACT_AUTO, EXTRACT_BINARY, EXTRACT_NDJSON };
enum extract_values { VALUES_AUTO, VALUES_BINARY, VALUES_TEXT };
enum extract_order { ORDER_ANY, ORDER_KEY, ORDER_AUTO };

/* Which rows of a relation, and which of their columns. */
struct extract_rows {
	struct cli_list columns; /* as typed */
	struct cli_list exclude; /* as typed */
	const char *where;
	const char *cursor_text; /* as typed, or NULL */
	const char *overlap;     /* how much of the cursor's values is read again, or NULL */
	char *cursor;            /* derived: the column's name; owned */
	int64_t limit;           /* rows, -1: all */
	struct ident_list column_list, exclude_list; /* derived; owned */
};

/* What a job says of one relation of several. */
struct extract_each {
	struct relname name; /* without a schema: of whichever; owned */
	struct extract_rows rows;
};

/* Which relations, as patterns. */
struct extract_what {
	struct cli_list table_texts, schema_texts; /* as typed */
	struct cli_list exclude_table_texts, exclude_schema_texts;
	struct pattern_list tables, schemas; /* derived; owned */
	struct pattern_list exclude_tables, exclude_schemas;
};

struct extract_options {
	struct options common; /* first: the shared tables' offsets count from it */
	struct extract_what what;
	const char *query;
	const char *query_file;
	struct extract_rows rows;
	int format; /* enum extract_format */
	int values; /* enum extract_values */
	int order;  /* enum extract_order */
	bool quote_numbers;
	const char *output;   /* path, "-" or NULL */
	const char *compress; /* zstd[:LEVEL][,threads=N] as typed */
	int zstd_level;       /* 0: no compression */
	int zstd_threads;     /* beside the main one */
	bool bare;
	bool digest_only;
	bool row_security;
	bool with_keys;
	const char *only_keys;  /* path, or NULL */
	const char *snapshot;   /* as pg_export_snapshot() gave it, or NULL: one of our own */
	const char *since;      /* as typed, or NULL */
	int make_plan;          /* 1 + enum partplan_snapshot, 0: no */
	int64_t at_once;        /* parts that are to be brought at a time, 0: not given */
	const char *part_size;  /* as typed, or NULL */
	int64_t nparts;         /* -1: as --part-size has it */
	const char *split_text; /* as typed, or NULL */
	const char *plan_path;  /* or NULL */
	const char *part_text;  /* as typed, or NULL */
	bool hold, catch_up;
	/* derived */
	struct cli_spec spec;           /* the command line's, with the kinds */
	const struct source_kind *kind; /* of source */
	void *own;                      /* its own options, or NULL */
	const char *path;               /* the file that is read, "-" or NULL: none */
	bool is_set;                    /* several relations, or perhaps several */
	struct extract_each *each;      /* owned */
	size_t neach;
	struct relname rel;                   /* from -t, if it is no set; owned */
	char *since_words;                    /* of --since, commas between, or NULL; owned */
	struct keylist keys;                  /* from only_keys; owned */
	struct partplan plan;                 /* from --plan; owned */
	struct partlist parts;                /* of part_text; owned */
	const struct partplan_part *the_part; /* which of them is read, or NULL */
	size_t part;                          /* its number */
	int64_t part_bytes;                   /* of --part-size */
	char *split_by;                       /* the column; owned, or NULL */
	char *query_text;                     /* from -c or --query-file; owned */
};

/*
 * extract_options_parse(o, kinds, argc, argv, e):
 * Fill ${o}; ${kinds}, each the first member of a struct source_kind, are what there
 * is to choose from.  Returns 0 to go on, 1 if help was printed or there is nothing
 * more to do, -1 with ${e} filled.
 * Release with extract_options_release() in every case.
 */
int extract_options_parse(struct extract_options *o, const struct cli_kind *const *kinds,
			  int argc, char **argv, struct err *e)
	__attribute__((warn_unused_result));

/*
 * options_plan_choose(o, number):
 * Make part ${number} of the plan the one that is read.
 */
void options_plan_choose(struct extract_options *o, size_t number);

/*
 * extract_options_rows(o, relation):
 * Return what is to be read of a relation.
 */
const struct extract_rows *extract_options_rows(const struct extract_options *o,
						const struct relname *relation);

/*
 * extract_options_check_each(o, relations, n, e):
 * Are all that the job says something of among the ${n} relations that are read, and is none
 * of them meant twice?
 */
int extract_options_check_each(const struct extract_options *o,
			       const struct relname *const *relations, size_t n, struct err *e)
	__attribute__((warn_unused_result));

void extract_options_release(struct extract_options *o);

#endif /* EXTRACT_OPTIONS_H */
