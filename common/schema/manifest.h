/*
 * What a set says of itself: the manifest documents of portl-stream(5), which list the
 * headers of all its members in the order in which they follow.  With them a reader can plan
 * all of it before the first row.
 */
#ifndef COMMON_MANIFEST_H
#define COMMON_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/relname.h"

struct err;
struct header;
struct manifest_headers;

#define MANIFEST_DIGEST_LEN 16 /* hex digits of the digest of all its documents */

/* What is asked of all members again and again; the rest of their headers is put away. */
struct manifest_member {
	struct relname relation; /* as its schema has it */
	uint64_t mark;           /* what its header document comes to, see manifest_check() */
	unsigned keys_of;        /* its header's */
	bool is_sequence;
};

/* A set is complete in memory when n is total. */
struct manifest {
	char *id;                         /* of the set; owned */
	struct manifest_member *members;  /* owned */
	struct manifest_headers *headers; /* of the same; owned */
	size_t n, room;                   /* members that are here; allocated */
	size_t total;                     /* members of the set, at least 1 */
	int64_t rows;                     /* estimate of all; -1: one says nothing of its own */
	bool rows_rough;                  /* that is a guess */
	char digest[MANIFEST_DIGEST_LEN + 1]; /* set by whoever writes or reads the documents */
};

/* What all headers of a set that is written say of the run. */
struct manifest_run {
	const char *producer, *run, *created, *backend; /* valid as long as the set */
	bool bare, dry_run;
};

/*
 * manifest_new(id):
 * Return a set of no members with a copy of ${id}; free it with manifest_free().
 */
struct manifest *manifest_new(const char *id);

/*
 * manifest_expect(m, n):
 * Have room for ${n} members at once; there may be others.
 */
void manifest_expect(struct manifest *m, size_t n);

/*
 * manifest_add(m, header):
 * Append a member, whose header is complete but for its place in the set, and is freed.
 */
void manifest_add(struct manifest *m, struct header *header);

/*
 * manifest_sign(m, run):
 * Have the headers of all members, those to come, too, say this of the run.
 */
void manifest_sign(struct manifest *m, const struct manifest_run *run);

/*
 * manifest_header(m, i), manifest_copy(m, i):
 * Return the header of member ${i}, from 0, valid until another member's is asked for here; or
 * one for the caller to header_free().
 */
const struct header *manifest_header(const struct manifest *m, size_t i)
	__attribute__((returns_nonnull));
struct header *manifest_copy(const struct manifest *m, size_t i)
	__attribute__((returns_nonnull));

/*
 * manifest_is_document(doc):
 * Tell whether the document is a manifest's.
 */
bool manifest_is_document(const json_t *doc);

/*
 * manifest_to_json(m, from):
 * Return a document with the members from ${*from}, as many as go into one, for the caller
 * to json_decref(), and set ${*from} behind them; NULL if a name is not valid UTF-8.
 */
json_t *manifest_to_json(const struct manifest *m, size_t *from);

/*
 * manifest_take_json(m, doc, e):
 * Make a set of the first document (${*m} NULL) or add to it what another one says.  Returns
 * 0, or -1 with ${e} (EXIT_STREAM) filled if it is misshapen or of another set.
 */
int manifest_take_json(struct manifest **m, const json_t *doc, struct err *e)
	__attribute__((warn_unused_result));

/*
 * manifest_check(m, i, header, doc, e):
 * Is ${header}, read from ${doc}, the one of member ${i}, from 0, as the manifest has it?
 * Returns 0, or -1 with ${e} (EXIT_STREAM) filled, which names the member.
 */
int manifest_check(const struct manifest *m, size_t i, const struct header *header, json_t *doc,
		   struct err *e) __attribute__((warn_unused_result));

/*
 * manifest_name(m, i):
 * Return how people call member ${i}, from 0, for the caller to free.
 */
char *manifest_name(const struct manifest *m, size_t i) __attribute__((returns_nonnull));

/*
 * manifest_relations(m):
 * Return how many relations have members: keys are another one's.
 */
size_t manifest_relations(const struct manifest *m) __attribute__((pure));

/*
 * manifest_free(m):
 * Free it and its members.  NULL does nothing.
 */
void manifest_free(struct manifest *m);

#endif /* COMMON_MANIFEST_H */
