/*
 * What a relation looks like, read from the catalog (PostgreSQL manual,
 * "System Catalogs").  Type names come from format_type() under
 * search_path = pg_catalog, so everything outside pg_catalog is qualified.
 */
#ifndef COMMON_RELATION_H
#define COMMON_RELATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/relname.h"

struct buf;
struct db;
struct err;
struct unpack;

/* One column; strings are intern()'s. */
struct relation_column {
	const char *name;
	unsigned type_oid;
	const char *type;      /* with modifiers */
	const char *base;      /* without */
	const char *plain;     /* with modifiers; of a domain, what it is made of in the end */
	const char *collation; /* qualified, or NULL for the type's own */
	bool collatable;       /* it has any, so that COLLATE may stand behind it */
	bool not_null;         /* by itself or by its domain */
	bool not_null_itself;  /* whatever its domain says; not if it is NOT VALID */
	bool has_default;      /* a default, an identity or a generation expression */
	bool generated;        /* GENERATED ALWAYS AS (…) */
	bool identity_always;  /* GENERATED ALWAYS AS IDENTITY */
	bool may_insert;       /* the user has the INSERT privilege */
};

struct relation {
	unsigned oid;
	struct relname id; /* always with its schema */
	char kind;         /* pg_class.relkind */
	struct relation_column *columns;
	size_t ncolumns;
	const char **primary_key; /* intern()'s */
	size_t nprimary_key;
	int64_t rows_estimate; /* -1: not known */
	bool has_children;     /* inheritance or partitions */
	bool row_security;     /* active for this user */
	bool insert_rules;     /* rules that rewrite INSERT */
	bool instead_trigger;  /* INSTEAD OF INSERT */
	bool referenced;       /* by another table's foreign key */
	bool standby;          /* the server is in recovery */
	bool heap;             /* its access method is PostgreSQL's own, by any name */
	const char *engine;    /* what an extension makes of it (engine.h), or NULL */
	bool remote;           /* so that its rows are on other servers */
};

/*
 * relation_find(db, schema, name, e):
 * Look a relation up: in ${schema}, or by the search path if that is NULL.
 * Returns its OID, names and kind, for the caller to free with relation_free();
 * NULL if there is none (then ${e} is EXIT_DATA with a hint where a name comes
 * close) or on failure.
 */
struct relation *relation_find(struct db *db, const char *schema, const char *name,
			       struct err *e) __attribute__((warn_unused_result));

/*
 * relation_find_all(db, names, n, rels, e):
 * The same for ${n} names, each with its schema, in one query: store what there is of each,
 * NULL where there is none.
 */
int relation_find_all(struct db *db, const struct relname *const *names, size_t n,
		      struct relation **rels, struct err *e)
	__attribute__((warn_unused_result));

/*
 * relation_read(db, rel, e):
 * Read everything else about what relation_find() has found; search_path must
 * be pg_catalog.
 */
int relation_read(struct db *db, struct relation *rel, struct err *e)
	__attribute__((warn_unused_result));

/*
 * relation_read_all(db, rels, n, e):
 * The same for ${n} relations in few queries; they are in the order of their OIDs, none of
 * them twice.
 */
int relation_read_all(struct db *db, struct relation *const *rels, size_t n, struct err *e)
	__attribute__((warn_unused_result));

/*
 * relation_column_find(rel, name):
 * Return the position of the column called exactly ${name}, or -1.
 */
int relation_column_find(const struct relation *rel, const char *name);

/*
 * relation_only(rel):
 * Return "ONLY ", or "" where what stands below the relation is its own: partitions, chunks.
 */
const char *relation_only(const struct relation *rel);

/*
 * relation_kind_name(kind):
 * Return "table", "view" … for pg_class.relkind.
 */
const char *relation_kind_name(char kind);

/*
 * relation_suggest_grant(db, rel, e):
 * Add to ${e}, if it has no hint, the GRANT without which the role may not read ${rel}.
 */
void relation_suggest_grant(struct db *db, const struct relation *rel, struct err *e);

/*
 * relation_pack(to, rel), relation_unpack(from):
 * Append all that is known of it as bytes; make them a relation again, for the caller to free.
 */
void relation_pack(struct buf *to, const struct relation *rel);
struct relation *relation_unpack(struct unpack *from) __attribute__((returns_nonnull));

/*
 * relation_free(rel):
 * Free a relation.  NULL does nothing.
 */
void relation_free(struct relation *rel);

#endif /* COMMON_RELATION_H */
