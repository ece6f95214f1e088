/*
 * One run of the front end: what its command line says, and whom it has started.
 */
#ifndef COMMON_FRONT_FRONT_H
#define COMMON_FRONT_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/front/arglist.h"
#include "common/front/crew.h"
#include "common/front/optlist.h"

#define FRONT_OPERANDS 2

struct cli_option;
struct err;
struct front;

/* What comes behind "portl". */
struct front_command {
	const char *name;
	const char *usage;            /* behind its name */
	const char *what;             /* a line of the list of all */
	const char *help;             /* lines of its own, each ended */
	const struct cli_option *own; /* options that neither program has, or NULL; their
				       * offsets are in struct front */
	const char *missing;          /* what is asked where there are too few operands */
	const char *example;          /* the hint then */
	const char *takes; /* of --summary, --dry-run and --differences those it has, or NULL */
	bool takes_command; /* what is behind the last operand is one, with its own options */
	bool takes_job;     /* the first operand is a job, and --job means it */
	size_t operands;    /* at most, the job not counted */
	size_t needs;       /* at least; a job unless both sides are on the line */
	/* Do it: fill front->status, or return -1 with ${e} filled. */
	int (*run)(struct front *f, struct err *e);
};

struct front {
	const struct front_command *command;
	struct crew crew;
	char *extract, *load;                         /* paths of the programs; owned */
	struct optlist extract_options, load_options; /* once one was asked for */
	struct arglist for_extract, for_load;         /* words behind their names */
	const char *operands[FRONT_OPERANDS];         /* borrowed */
	size_t noperands;
	struct arglist rest; /* the command that is to be run */
	bool sides;          /* the line has both sides with -- between, and needs no job */
	/* what the command line says that is not simply passed on; borrowed */
	const char *job, *summary, *differences;
	char *named; /* the summary, where the job says it; owned */
	bool ordered, dry_run;
	/* our own options */
	const char *output, *keep, *resume, *via, *snapshot;
	int64_t jobs, retries; /* pipes at a time; more tries for each part, -1: not given */
	bool own, json;
	int since;  /* a descriptor with the state to go on from, or -1 */
	int found;  /* one that portl-load writes differences to, or -1 */
	int keys;   /* the same of their keys, which both read for the second look */
	int status; /* what main() ends with */
};

#endif /* COMMON_FRONT_FRONT_H */
