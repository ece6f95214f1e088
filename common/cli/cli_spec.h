/*
 * What a command line may hold, as tables.  The same rows feed getopt_long(), --help,
 * the shells' completions, job files and the suggestions for misspelt words.
 * Letters are those of PostgreSQL's clients.
 *
 * A program reads from, or writes to, one of several kinds: a database, a CSV file.
 * Each kind brings the options that only it has; shared ones say which kinds they
 * are for.
 */
#ifndef COMMON_CLI_SPEC_H
#define COMMON_CLI_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an option's value is, and how it lies in the options struct. */
enum cli_type {
	CLI_HEADING, /* no option: a line in --help */
	CLI_FLAG,    /* bool */
	CLI_COUNT,   /* int: how often it is given */
	CLI_STRING,  /* const char *, borrowed from argv */
	CLI_CONNSTR, /* the same: a connection string, which may hold secrets */
	CLI_TABLE,   /* the same: [SCHEMA.]TABLE */
	CLI_PATTERN, /* struct cli_list: [SCHEMA.]TABLE or a pattern; given again, it is added
		      */
	CLI_NAME,    /* the same: a column */
	CLI_NUMBER,  /* int64_t, at least cli_option.min */
	CLI_CHOICE,  /* int, one of cli_option.choices */
	CLI_DEGREE,  /* the same; without an argument the first of them */
	CLI_LIST,    /* struct cli_list: what is given again is added */
	CLI_NAMES,   /* the same: columns, with commas between */
	CLI_HELP,
	CLI_VERSION,
	CLI_COMPLETION /* one of cli_option.choices, enum completion_shell */
};

struct cli_choice {
	const char *word;
	int value;
};

/*
 * Parts of what a job says.  A flag takes the place of whole parts of it: half of a
 * job's connection would be worse than none.
 */
enum cli_part {
	CLI_SERVER = 1, /* which server, as whom */
	CLI_REACH = 2,  /* how to get on with a server; says nothing of a file */
	CLI_FILE = 4,   /* of a source or target that is no server */
	CLI_WHAT = 8,   /* what is read, or written to */
	CLI_COLUMNS = 16,
	CLI_TALK = 32,
	CLI_ONCE = 64 /* about this one run: a plan of parts does not keep it */
};

/* One row; a table ends with a row of zeroes. */
struct cli_option {
	const char *name; /* long name */
	char letter;      /* or 0 */
	enum cli_type type;
	const char *arg;                  /* what --help calls the argument; NULL: takes none */
	const char *help;                 /* or the heading */
	size_t offset;                    /* of the value in the options struct */
	const struct cli_choice *choices; /* ends with a NULL word */
	int64_t min;
	const char *kinds; /* names of the kinds that it is for, blanks between; NULL: all */
	unsigned part;     /* enum cli_part, or 0 */
	unsigned replaces; /* a set of them: what a flag takes the place of in a job */
};

struct cli_list {
	const char **items; /* array owned, strings borrowed */
	size_t n;
};

/* A kind of source or target. */
struct cli_kind {
	const char *name;   /* a job's type */
	const char *option; /* long name of the one that asks for it; NULL: what is meant
			     * where no other kind is asked for */
	const char *key;    /* what a job calls that option, in its block */
	const char *what;   /* "a CSV file"; NULL: a server */
	const char *alone;  /* why options of others do not go with it, a sentence */
	const struct cli_option *tables[3]; /* its own options; ends with NULL */
	size_t size; /* bytes of the struct that their offsets count from, zeroed at first;
		      * 0: they count from the program's options */
};

/* A program's command line. */
struct cli_spec {
	const char *program;
	const char *what;  /* one line: what the program does */
	const char *usage; /* behind the program's name */
	const char *brief; /* a few examples, the hint where a command line says too little */
	const struct cli_option *tables[12]; /* ends with NULL */
	const struct cli_kind *const *kinds; /* ends with NULL; NULL: there are none */
	const char *const (*instead)[2];     /* words that people try, and what says that here;
					      * ends with NULL; or NULL */
	const char *footer;                  /* last lines of --help */
	bool (*is_secret)(const char *text); /* of a connection string, conninfo_is_secret();
					      * NULL: it takes none, and any may be */
	int max_operands;                    /* words that are no options */
};

/*
 * cli_spec_table(spec, n, kind):
 * Return the table number ${n} in the order of --help: the first one, those of the
 * kinds, the others; NULL behind the last.  ${*kind}, unless NULL, is the kind whose own
 * it is, or NULL.
 */
const struct cli_option *cli_spec_table(const struct cli_spec *spec, size_t n,
					const struct cli_kind **kind);

/*
 * cli_spec_adds_up(option):
 * Tell whether what is given again is added to what was given before.
 */
bool cli_spec_adds_up(const struct cli_option *option);

/* One option of a program: where its value is, and who has set it. */
struct cli_slot {
	const struct cli_option *option;
	const struct cli_kind *kind; /* whose own it is, or NULL */
	void *value;
	size_t order; /* of two, the one that was set later has more; 0: not set */
	bool given;   /* on the command line */
};

#endif /* COMMON_CLI_SPEC_H */
