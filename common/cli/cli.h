/*
 * Command lines from tables: the same rows feed getopt_long(), --help, the
 * shells' completions and the suggestions for misspelt words.  Letters are those
 * of PostgreSQL's clients.
 */
#ifndef COMMON_CLI_H
#define COMMON_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum cli_kind {
	CLI_HEADING, /* no option: a line in --help */
	CLI_FLAG,    /* bool */
	CLI_STRING,  /* const char *, borrowed from argv */
	CLI_NUMBER,  /* int64_t, at least cli_option.min */
	CLI_CHOICE,  /* int, one of cli_option.choices */
	CLI_DEGREE,  /* the same; without an argument the first of them */
	CLI_LIST,    /* struct cli_list: may be given several times */
	CLI_HELP,
	CLI_VERSION,
	CLI_COMPLETION /* one of cli_option.choices, enum completion_shell */
};

struct cli_choice {
	const char *word;
	int value;
};

/* One row; a table ends with a row of zeroes. */
struct cli_option {
	const char *name; /* long name */
	char letter;      /* or 0 */
	enum cli_kind kind;
	const char *arg;                  /* what --help calls the argument; NULL: takes none */
	const char *help;                 /* or the heading */
	size_t offset;                    /* of the value in the options struct */
	const struct cli_choice *choices; /* ends with a NULL word */
	int64_t min;
};

struct cli_list {
	const char **items; /* array owned, strings borrowed */
	size_t n;
};

#define CLI_ROWS_MAX 80 /* options of one program */

/* The options that a command line has. */
struct cli_given {
	const struct cli_option *rows[CLI_ROWS_MAX];
	size_t n;
};

/* A program's command line. */
struct cli_spec {
	const char *program;
	const char *what;  /* one line: what the program does */
	const char *usage; /* behind the program's name */
	const char *brief; /* a few examples, the hint where a command line says too little */
	const struct cli_option *tables[8]; /* ends with NULL */
	const char *footer;                 /* last lines of --help */
	int max_operands;                   /* words that are no options */
};

/*
 * cli_parse(spec, argc, argv, opts, given, operands, e):
 * Fill the struct at ${opts} (as initialised by the caller) from the command
 * line, and ${*given}, unless NULL; operands go to ${operands}[], which has room
 * for spec->max_operands.  Returns 0 to go on, 1 if --help, --version or a
 * completion script was printed, -1 with ${e} (EXIT_USAGE) filled.
 */
int cli_parse(const struct cli_spec *spec, int argc, char **argv, void *opts,
	      struct cli_given *given, const char **operands, struct err *e)
	__attribute__((warn_unused_result));

/*
 * cli_has(given, name):
 * Tell whether the command line has the option with this long name.
 */
bool cli_has(const struct cli_given *given, const char *name);

/*
 * cli_find(spec, name):
 * Return the option with this long name, or NULL.
 */
const struct cli_option *cli_find(const struct cli_spec *spec, const char *name);

/*
 * cli_set(option, arg, opts, e):
 * Set the option's value in the struct at ${opts} from text, which is borrowed;
 * of a flag the text is ignored.  Failure fills ${e} (EXIT_USAGE) with what the
 * option takes, for the caller to put the option's name before it.
 */
int cli_set(const struct cli_option *option, const char *arg, void *opts, struct err *e)
	__attribute__((warn_unused_result));

/*
 * cli_brief(spec, e):
 * Give the error in ${e} the short help as its hint.  Returns -1.
 */
int cli_brief(const struct cli_spec *spec, struct err *e);

/*
 * cli_nearest(word, words, n):
 * Return the one of ${n} words that ${word} is most likely a misspelling or the
 * beginning of, or NULL if none is near.
 */
const char *cli_nearest(const char *word, const char *const *words, size_t n);

/*
 * cli_hide(arg):
 * Overwrite an argument so that ps does not show it any longer.  Returns a copy
 * of what it was, for the caller to free.
 */
char *cli_hide(char *arg);

#endif /* COMMON_CLI_H */
