/*
 * The keys of job files that both programs have to know: those of the top level,
 * where each would call the other's unknown, and those that are no options.  Inside
 * its block a program knows its own options, with _ for -; a test holds the list
 * against --help.
 */
#ifndef COMMON_JOBKEYS_H
#define COMMON_JOBKEYS_H

#include <stdbool.h>
#include <stddef.h>

/* Sets of programs; a block belongs to one. */
#define JOB_EXTRACT 1u /* source */
#define JOB_LOAD 2u    /* destination */
#define JOB_BOTH (JOB_EXTRACT | JOB_LOAD)

#define JOBKEYS_MAX 100

/* Keys that are no options. */
enum jobkey_special {
	JOBKEY_OPTION, /* none of these */
	JOBKEY_BLOCK,  /* has keys of its own */
	JOBKEY_TYPE,   /* the kind */
	JOBKEY_URI,
	JOBKEY_SERVICE,
	JOBKEY_DATABASE,
	JOBKEY_PASSWORD
};

struct jobkey {
	const char *name;
	unsigned inside; /* JOB_*: blocks that may have it */
	unsigned top;    /* JOB_*: programs that take it at the top level */
	enum jobkey_special special;
	unsigned each; /* JOB_*: programs that take it for one relation of several */
};

/*
 * jobkeys_find(name):
 * Return the key, or NULL.
 */
const struct jobkey *jobkeys_find(const char *name);

/*
 * jobkeys_words(block, words):
 * Put the keys that a block (JOB_EXTRACT, JOB_LOAD; 0: the top level) may have into
 * ${words}[], which has room for JOBKEYS_MAX.  Returns how many.
 */
size_t jobkeys_words(unsigned block, const char **words);

/*
 * jobkeys_words_each(words):
 * The same for those that a relation's block may have.
 */
size_t jobkeys_words_each(const char **words);

/*
 * jobkeys_block(name):
 * Return the block of that name as JOB_EXTRACT or JOB_LOAD, 0 for another name.
 */
unsigned jobkeys_block(const char *name);

#endif /* COMMON_JOBKEYS_H */
