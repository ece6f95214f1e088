/*
 * The keys of job files: the long options of both programs, with _ for -, and
 * some that are no options.  Each program reads its own keys and has to know
 * the other's, lest it call them unknown; a test holds the list against --help.
 */
#ifndef COMMON_JOBKEYS_H
#define COMMON_JOBKEYS_H

#include <stdbool.h>
#include <stddef.h>

/* Sets of programs; a block belongs to one. */
#define JOB_EXTRACT 1u /* source */
#define JOB_LOAD 2u    /* destination */
#define JOB_BOTH (JOB_EXTRACT | JOB_LOAD)

/* How the value is written. */
enum jobkey_value {
	JOBKEY_OPTION, /* as the option takes it */
	JOBKEY_NAMES,  /* a list of names, or one text with commas */
	JOBKEY_TABLE,  /* [SCHEMA.]TABLE */
	JOBKEY_URI,    /* a connection string */
	JOBKEY_SPECIAL /* no option; JOBKEY_BLOCK: with keys of its own */,
	JOBKEY_BLOCK
};

/* Keys that a flag of any of the same group takes the place of. */
enum jobkey_group {
	JOBKEY_ALONE,
	JOBKEY_CONNECTION,
	JOBKEY_DATABASE, /* means nothing to a file */
	JOBKEY_WHAT,
	JOBKEY_FILE,
	JOBKEY_COLUMNS,
	JOBKEY_TALK
};

struct jobkey {
	const char *name;
	unsigned inside; /* JOB_*: blocks that may have it */
	unsigned top;    /* JOB_*: programs that take it at the top level */
	enum jobkey_value value;
	enum jobkey_group group;
};

/*
 * jobkeys_find(name):
 * Return the key, or NULL.
 */
const struct jobkey *jobkeys_find(const char *name);

/*
 * jobkeys_nearest(name, block):
 * Return the key that ${name} is most likely a misspelling of, among those that
 * the block (JOB_EXTRACT, JOB_LOAD; 0: the top level) may have, or NULL.
 */
const char *jobkeys_nearest(const char *name, unsigned block);

/*
 * jobkeys_instead(name):
 * Return the key that says what the option called ${name} says, or NULL where
 * that is the option's own name.
 */
const char *jobkeys_instead(const char *name);

/*
 * jobkeys_block(name):
 * Return the block of that name as JOB_EXTRACT or JOB_LOAD, 0 for another name.
 */
unsigned jobkeys_block(const char *name);

/*
 * jobkeys_overrides(group):
 * Return the long options that take the place of all keys of the group; the
 * array ends with NULL.
 */
const char *const *jobkeys_overrides(enum jobkey_group group);

#endif /* COMMON_JOBKEYS_H */
