/*
 * A command line that is kept: a plan of parts holds the options that it was made with, and
 * each part is run as if they stood in front of its own.
 */
#ifndef COMMON_CLI_WORDS_H
#define COMMON_CLI_WORDS_H

#include "common/base/ident.h"
#include "common/cli/cli.h"

struct err;

/*
 * cli_words_make(line, words, e):
 * Append each option of the command line to ${words} as "--name=value", but for those that
 * are about one run (CLI_ONCE).  A password in them fills ${e} (EXIT_USAGE).
 */
int cli_words_make(const struct cli_line *line, struct ident_list *words, struct err *e)
	__attribute__((warn_unused_result));

/*
 * cli_words_apply(line, words, e):
 * Set what such words say and the command line does not, as if it stood there; a flag takes
 * the place of the same parts of them as of a job.  They are borrowed.  One that is no
 * option of the program fills ${e} (EXIT_JOBFILE).
 */
int cli_words_apply(struct cli_line *line, const struct ident_list *words, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_CLI_WORDS_H */
