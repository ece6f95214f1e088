/*
 * One relation or query that is read: what the catalog says of it, the statement that reads
 * it, and what its header says.  A source has one, or those of a set in their order.
 */
#ifndef EXTRACT_MEMBER_H
#define EXTRACT_MEMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "extract/pg/path.h"
#include "extract/pg/typecache.h"

struct buf;
struct db;
struct err;
struct extract_options;
struct extract_rows;
struct header;
struct partplan_part;
struct relation;
struct unpack;

struct member {
	struct relation *rel;            /* owned; NULL: a query */
	const char *query;               /* borrowed; the user's, NULL: a relation */
	const struct extract_rows *rows; /* borrowed */
	bool ordered;                    /* its rows come in the order of its primary key */
	bool in_set;           /* so that children by inheritance are members themselves */
	struct header *header; /* of a set's member owned, until the manifest takes it */
	/* one that reads the keys of all of the relation's rows, or NULL; owned */
	struct member *keys;
	struct extract_rows *key_rows; /* of that one: what it reads; owned, else NULL */
	const char *key_where;         /* and whose keys, NULL: all rows'; borrowed */
	char *since; /* the condition on rows that changed, NULL: all; owned */
	const struct partplan_part *part; /* borrowed; NULL: it is no part */
	char *range;                      /* the condition on a part's rows, NULL: all; owned */
	struct relation *leaf;            /* the partition that a part is of, or NULL; owned */
	const json_t *only;               /* its keys that are asked for, NULL: all; borrowed */
	bool ranged;     /* the statement is about the part, no more about all rows */
	char *select;    /* owned */
	unsigned *types; /* of the columns; owned */
	bool narrow;     /* reading needs search_path to be pg_catalog */
	bool roles;      /* its values have names of roles */
	int64_t planned; /* rows that the planner expects, -1: not known */
};

/*
 * member_is_sequence(m):
 * Is it a member of a set without rows, a sequence?
 */
bool member_is_sequence(const struct member *m);

/*
 * member_is_only(m):
 * Are its rows meant without those of its children?
 */
bool member_is_only(const struct member *m);

/*
 * member_leaf(m):
 * Return the OID of the partition that it is a part of, or 0.
 */
unsigned member_leaf(const struct member *m);

/*
 * member_has_user_text(m):
 * Does its statement hold text of the user's, which search_path gives its meaning?
 */
bool member_has_user_text(const struct member *m);

/*
 * member_is_plain(m):
 * Is it a table whose rows are all in it, so that nothing but it is read?  Children,
 * policies and expressions may lead to other relations.
 */
bool member_is_plain(const struct member *m);

/*
 * member_describe(m, options, db, path, cache, e):
 * Build the statement, and fill the header's facts about columns, types and the form of the
 * values.  Returns 0, -1, or 1 if its names lead to what the snapshot does not know.
 */
int member_describe(struct member *m, const struct extract_options *options, struct db *db,
		    struct path *path, struct typecache *cache, struct err *e)
	__attribute__((warn_unused_result));

/*
 * member_narrow(m, condition, db, path, e):
 * Read only rows for which ${condition}, SQL under whatever search_path, is true; it is taken.
 */
int member_narrow(struct member *m, char *condition, struct db *db, struct path *path,
		  struct err *e) __attribute__((warn_unused_result));

/*
 * member_take_range(m, range, db, path, e):
 * Read only the rows of a part: of its leaf, if it has one, and those that meet ${range}, as
 * in member_narrow(), or NULL: all.
 */
int member_take_range(struct member *m, char *range, struct db *db, struct path *path,
		      struct err *e) __attribute__((warn_unused_result));

/*
 * member_add_keys(m, asked, e):
 * Have the keys of all rows, or of those that are ${asked} for, sent behind the member's:
 * m->keys.  Fails without a primary key.
 */
int member_add_keys(struct member *m, bool asked, struct err *e)
	__attribute__((warn_unused_result));

/*
 * member_plan(m, db, path, e):
 * Plan the statement, and so lock what parsing and LOCK have not: children, partitions.
 */
int member_plan(struct member *m, struct db *db, struct path *path, struct err *e)
	__attribute__((warn_unused_result));

/*
 * member_finish(m, hides, db):
 * Fill what else the header says: whose rows, how many about, by which key, and why some may
 * be missing; ${hides}: policies may hide rows.
 */
void member_finish(struct member *m, bool hides, const struct db *db);

/*
 * member_copy(m, db, path, dry, e):
 * Start the COPY, or, ${dry}, refuse what COPY would refuse.
 */
int member_copy(const struct member *m, struct db *db, struct path *path, bool dry,
		struct err *e) __attribute__((warn_unused_result));

/*
 * member_stands_on_more(m):
 * Is there anything in a plain table that no lock holds: its types, what generates columns?
 */
bool member_stands_on_more(const struct member *m);

/*
 * member_pack(to, m), member_unpack(m, from, header):
 * Append what is needed to copy a set's member that is described, as bytes; fill ${m} from
 * them, which takes ${header}.  It has no keys then, which are a member of their own.
 */
void member_pack(struct buf *to, const struct member *m);
void member_unpack(struct member *m, struct unpack *from, struct header *header);

/*
 * member_release(m):
 * Free what is owned.
 */
void member_release(struct member *m);

#endif /* EXTRACT_MEMBER_H */
