/*
 * portl-load's command line.
 */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include "common/base/ident.h"
#include "common/base/relname.h"
#include "common/cli/options.h"
#include "common/parts/partlist.h"
#include "common/pg/keylist.h"
#include "load/rules/rules.h"

struct load_each;
struct sink_kind;

struct partplan;

/* PART: with a plan, each part by itself. */
enum load_commit { COMMIT_END, COMMIT_BATCH, COMMIT_PART };

/* What is done of a run in parts, one at a time. */
enum load_parts {
	LOAD_NO_PARTS,
	LOAD_MAKE_PLAN,
	LOAD_PART,
	LOAD_CATCH_UP, /* before LOAD_PUBLISH: what parts of several snapshots lack */
	LOAD_PUBLISH,
	LOAD_LIST_PARTS,
	LOAD_PRINT_POSITION,
	LOAD_DROP_PARTS,
	LOAD_LIST_RUNS, /* these two of all runs, without a plan */
	LOAD_DROP_RUNS
};

struct load_options {
	struct options common; /* first: the shared tables' offsets count from it */
	const char *input;     /* path or NULL: standard input */
	struct cli_list map;   /* as typed */
	int extra_columns;     /* enum rules_extra */
	int rounding;          /* enum rules_rounding */
	int loose;             /* 1: --names=loose */
	bool infer;
	bool add_columns;
	bool create;
	bool truncate;
	bool replace;
	int64_t min_rows;        /* refuse to commit fewer; -1: not given */
	int64_t streams;         /* how many follow one another */
	struct cli_list columns; /* as typed */
	int64_t max_line;        /* bytes of an NDJSON line */
	int edited;              /* enum stream_edited */
	bool bare;
	int conflict;             /* enum rules_conflict */
	struct cli_list key_text; /* as typed */
	const char *newer_text;   /* as typed, or NULL */
	int duplicates;           /* enum rules_duplicates */
	int absent;               /* --delete: enum rules_absent */
	const char *scope;        /* SQL or NULL */
	const char *most_text;    /* --max-delete as typed, or NULL */
	int commit;               /* enum load_commit */
	int64_t batch_size;       /* rows */
	bool no_sync_sequences;
	bool verify;
	const char *differences;       /* path, "-" or NULL */
	const char *differing_keys;    /* the same of their keys */
	const char *only_keys;         /* path or NULL */
	int foreign_keys;              /* 1: --foreign-keys=recheck */
	int indexes;                   /* 1: --indexes=rebuild */
	const char *into_text;         /* as typed, or NULL */
	const char *rejects;           /* path or NULL */
	int64_t max_rejects;           /* -1: as many as there are */
	const char *state;             /* under which name positions are kept, or NULL */
	const char *ledger_text;       /* as typed, or NULL */
	bool reset_state;              /* whatever is kept there: this run has all rows */
	bool print_state, list_states; /* instead of loading */
	const char *plan_path;         /* of a run in parts, or NULL */
	const char *part_text;         /* the parts to load as typed, or NULL */
	bool make_plan, publish, list_parts, print_position, drop_parts; /* instead */
	int64_t at_once; /* parts that are to be brought at a time, 0: not given */
	bool list_runs;
	const char *drop_run;   /* id, or NULL */
	const char *stale_text; /* --drop-stale as typed, or NULL */
	bool json;
	const char *output; /* path of a plan that is made, "-" or NULL: standard output */
	/* derived */
	struct cli_spec spec;          /* the command line's, with the kinds */
	const struct sink_kind *kind;  /* of sink */
	void *own;                     /* its own options, or NULL */
	const char *path;              /* the file that is written, "-" or NULL: none */
	struct relname rel;            /* from -t; owned */
	struct ident_list column_list; /* from --columns */
	struct ident_list map_sources, map_targets; /* pairs; target "" drops */
	struct ident_list key;                      /* empty: the target's primary key */
	struct ident_list newer;                    /* one name or none */
	int64_t most;                               /* of --max-delete */
	bool percent;                               /* it is a share */
	struct ident_list into_list;                /* the same of --into-schema */
	const char *into_schema;       /* of all relations, or NULL: the sender's */
	struct ident_list ledger_list; /* the same of --ledger */
	const char *ledger;            /* the schema of states */
	bool ledger_meant;             /* the command line names it */
	struct keylist only;           /* from only_keys; owned */
	struct load_rules rules;       /* what of all this makes the plan */
	enum load_parts parts;         /* what of these is asked for */
	int64_t stale;                 /* seconds, of --drop-stale; -1: not given */
	int64_t publish_timeout;       /* ms, as common.lock_timeout, not for a part */
	struct partlist part_list;     /* of part_text; owned */
	struct partplan *plan;         /* read from plan_path; owned, or NULL */
	struct ident_list kept;        /* --make-plan: the words that the plan is to keep */
	struct load_each *each;        /* owned */
	size_t neach;
};

/* What a job says of one relation of a set. */
struct load_each {
	struct relname name;      /* owned */
	struct load_options *own; /* the run's, but for what the block says; owned */
	struct load_rules rules;
};

/*
 * load_options_rules(o, relation):
 * Return the rules for a relation of a set.
 */
const struct load_rules *load_options_rules(const struct load_options *o,
					    const struct relname *relation)
	__attribute__((returns_nonnull));

/*
 * load_options_check_one(o, e):
 * The rows are those of one relation: refuse two schemas for it.
 */
int load_options_check_one(const struct load_options *o, struct err *e)
	__attribute__((warn_unused_result));

/*
 * load_options_parse(o, kinds, argc, argv, e):
 * Fill ${o}; ${kinds}, each the first member of a struct sink_kind, are what there is
 * to choose from.  Returns 0 to go on, 1 if help was printed or there is nothing
 * more to do, -1 with ${e} filled.
 * Release with load_options_release() in every case.
 */
int load_options_parse(struct load_options *o, const struct cli_kind *const *kinds, int argc,
		       char **argv, struct err *e) __attribute__((warn_unused_result));

/*
 * load_options_brief(o, e):
 * Give the error in ${e} the short help as its hint.  Returns -1.
 */
int load_options_brief(const struct load_options *o, struct err *e);

/*
 * options_runs_whole(o):
 * Return the name of an option that is about all rows, so that no part may be committed
 * before the others; NULL: there is none.
 */
const char *options_runs_whole(const struct load_options *o);

/*
 * options_runs_publish(o):
 * Have them ask for the publication of all parts, after one has been loaded.
 */
void options_runs_publish(struct load_options *o);

void load_options_release(struct load_options *o);

#endif /* LOAD_OPTIONS_H */
