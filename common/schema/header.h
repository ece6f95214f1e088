/*
 * What a stream says of itself: the header document of portl-stream(5).  Made by extract
 * and read by load; jansson does the JSON.
 */
#ifndef COMMON_HEADER_H
#define COMMON_HEADER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/ident.h"
#include "common/schema/schema.h"

struct err;

#define HEADER_VERSION 1       /* of a stream's documents */
#define HEADER_VERSION_SET 2   /* of a set's, which readers of streams alone refuse by it */
#define HEADER_SET_MAX 1000000 /* members of a set; parts of a run */

/* The form in which all fields of one binary stream travel. */
enum header_values {
	HEADER_BINARY, /* as the types' send functions write them */
	HEADER_TEXT    /* as the types' output functions write them, UTF-8 */
};

/*
 * Why rows of the relation may be missing from the stream, so that a row that is not in it
 * may be there all the same; added up, 0: none is missing.
 */
enum header_partial {
	HEADER_PARTIAL_WHERE = 1,
	HEADER_PARTIAL_LIMIT = 2,
	HEADER_PARTIAL_QUERY = 4,        /* rows of a query are no relation's */
	HEADER_PARTIAL_ROW_SECURITY = 8, /* policies may have hidden some */
	HEADER_PARTIAL_SINCE = 16,       /* only what has changed */
	HEADER_PARTIAL_REJECTS = 32,     /* only what a loader has rejected */
	HEADER_PARTIAL_OTHER = 64,       /* read: a word that this program does not know */
	HEADER_PARTIAL_UNSAID = 128,     /* the writer says nothing of it */
	HEADER_PARTIAL_KEYS = 256        /* only rows with the keys that were asked for */
};

/* What a sequence has come to, as its own row has it (PostgreSQL manual, CREATE SEQUENCE). */
struct header_sequence {
	int64_t last_value;
	bool is_called; /* the next value is behind it, else itself */
};

/* Which of a run's parts a stream is (portl-plan(5)); strings are owned. */
struct header_part {
	char *run;     /* id of the plan, NULL: the stream is no part */
	size_t number; /* from 1; 0: behind all parts, what has changed since they were read */
	size_t of;
	char *position; /* see position.h, or NULL: there is none, see no_position */
	char *snapshot; /* what the part was read by: equal for equal ones, or NULL */
};

/* Strings are UTF-8; those that the members of a set share are intern()'s, others owned, as
 * those are that are no pointers to const. */
struct header {
	const char *producer; /* program and version, or NULL */
	const char *run;      /* the run's id, for logs on both sides, or NULL */
	const char *created;  /* when the run began, as utctime.h has it, or NULL */
	const char *backend;  /* what names the sending server process, or NULL */
	int server_version;   /* as PQserverVersion(), 0: not known */
	enum header_values values;
	int64_t rows_estimate; /* -1: not known */
	bool rows_rough;       /* the estimate is a guess: a plan's, a file's first rows' */
	bool dry_run;          /* nothing but header and end: never commit */
	bool bare;             /* no end document follows */
	bool rows_digest;      /* read: the end document says what the rows come to */
	bool guessed;          /* the first row alone says which columns there are */
	unsigned partial;      /* enum header_partial; UNSAID until it is set */
	const char *set;       /* the id of the set that the stream is a member of, or NULL */
	size_t number;         /* of the member in its set, from 1 */
	size_t keys_of; /* the rows are the keys of all rows of that member's relation; or 0 */
	struct header_part part;
	char *position;          /* how far the relation is read, see position.h, or NULL */
	const char *no_position; /* why there is none, or NULL: not known */
	char *since;      /* only what changed since that position, "none": all; or NULL */
	bool is_sequence; /* the member is a sequence: no columns and no rows */
	struct header_sequence sequence;
	struct ident_list order; /* columns in whose order the rows come; none: in no order */
	char *file;              /* of CSV: the file's name, or NULL: not known, or no file */
	int64_t first_line;      /* where its first row stands at the earliest */
	struct schema schema;    /* of the rows */
};

/*
 * header_new():
 * Return a header that says nothing yet; free it with header_free().
 */
struct header *header_new(void);

/*
 * header_partial_text(partial):
 * Return the words for people, "where, limit", for the caller to free; "" for 0.
 */
char *header_partial_text(unsigned partial) __attribute__((returns_nonnull));

/*
 * header_to_json(h):
 * Return the header document, for the caller to json_decref(); NULL if a name
 * is not valid UTF-8.
 */
json_t *header_to_json(const struct header *h);

/*
 * header_from_json(doc, e):
 * Read a header document.  Unknown members are ignored; an unknown version, a
 * missing or misshapen member fill ${e} (EXIT_STREAM) and return NULL.  The
 * caller frees the header; ${doc} stays the caller's.
 */
struct header *header_from_json(const json_t *doc, struct err *e)
	__attribute__((warn_unused_result));

/*
 * header_log(h, doing):
 * Log the event "stream": whose rows, which columns; ${doing} is "writing" or "reading".
 */
void header_log(const struct header *h, const char *doing);

/*
 * header_free(h):
 * Free a header.  header_free(NULL) does nothing.
 */
void header_free(struct header *h);

#endif /* COMMON_HEADER_H */
