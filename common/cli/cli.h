/*
 * Reading command lines by table, see cli_spec.h.
 */
#ifndef COMMON_CLI_H
#define COMMON_CLI_H

#include "common/cli/cli_spec.h"

struct err;

/* A command line that is being read, or has been; owned by the options struct. */
struct cli_line {
	const struct cli_spec *spec;
	struct cli_slot *slots; /* one for each option; owned */
	size_t n;
	void **own;   /* by kind: the struct of its own options, or NULL; owned */
	char **texts; /* copies of arguments that had to be hidden; owned, wiped */
	size_t ntexts;
	bool exposed; /* there was a secret on it, for a while */
};

/*
 * cli_parse(line, spec, argc, argv, opts, operands, e):
 * Fill the struct at ${opts} (as initialised by the caller) and those of the kinds from
 * the command line; operands go to ${operands}[], which has room for spec->max_operands.
 * What is given twice is refused, but for lists, which add up.  Secrets are taken out of
 * the command line as ps shows it.  Returns 0 to go on, 1 if --help, --version or a
 * completion script was printed, -1 with ${e} (EXIT_USAGE) filled.
 * Release with cli_release() in every case.
 */
int cli_parse(struct cli_line *line, const struct cli_spec *spec, int argc, char **argv,
	      void *opts, const char **operands, struct err *e)
	__attribute__((warn_unused_result));

/*
 * cli_find(line, name):
 * Return the option with this long name, or NULL.
 */
struct cli_slot *cli_find(const struct cli_line *line, const char *name);

/*
 * cli_has(line, name):
 * Tell whether the command line itself has the option with this long name.
 */
bool cli_has(const struct cli_line *line, const char *name);

/*
 * cli_replaces(line, part):
 * Tell whether a flag on the command line takes the place of ${part} of a job.
 */
bool cli_replaces(const struct cli_line *line, unsigned part);

/*
 * cli_is_for(slot, kind):
 * Tell whether the option means anything to the kind.
 */
bool cli_is_for(const struct cli_slot *slot, const struct cli_kind *kind);

/*
 * cli_flagged_kind(line):
 * Return the kind that a flag on the command line asks for, or NULL.
 */
const struct cli_kind *cli_flagged_kind(const struct cli_line *line);

/*
 * cli_choose(line, kind, own, e):
 * After all is set: find the kind that is asked for and the struct of its own options
 * (NULL if it has none).  Two of them, and options that mean nothing to it, are refused
 * (EXIT_USAGE).
 */
int cli_choose(const struct cli_line *line, const struct cli_kind **kind, void **own,
	       struct err *e) __attribute__((warn_unused_result));

/*
 * cli_last(line, part):
 * Return the long name of the option of this part that was set last, or NULL.
 */
const char *cli_last(const struct cli_line *line, unsigned part);

/*
 * cli_brief(spec, e):
 * Give the error in ${e} the short help as its hint.  Returns -1.
 */
int cli_brief(const struct cli_spec *spec, struct err *e);

/*
 * cli_release(line):
 * Free what the line owns, the arrays of lists among it.
 */
void cli_release(struct cli_line *line);

#endif /* COMMON_CLI_H */
