/*
 * The rules by which rows of one relation are loaded: what the command line says, once it
 * has been checked and defaults are filled in.  The plan and the routes know rules and no
 * options.
 */
#ifndef LOAD_RULES_H
#define LOAD_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/ident.h"
#include "common/base/relname.h"

/* Columns of the stream that the table does not have. */
enum rules_extra { EXTRA_ERROR, EXTRA_IGNORE };

/* Several rows of the stream with one key: all in their order, the first, or none. */
enum rules_duplicates { DUPLICATES_LAST, DUPLICATES_FIRST, DUPLICATES_ERROR };

/* Values that lose digits: they are told of, they are an error, or nothing is said. */
enum rules_rounding { ROUNDING_WARN, ROUNDING_ERROR, ROUNDING_IGNORE };

/* The words of --conflict, as the command line stores them. */
enum rules_conflict { CONFLICT_FAIL, CONFLICT_SKIP, CONFLICT_OVERWRITE, CONFLICT_MERGE };

/*
 * What becomes of a row that is there when one with its key comes.  Who plans or loads asks
 * for what it has to do, never for the word.
 */
struct conflict {
	const char *word; /* behind --conflict= */
	bool has_key;     /* rows are looked up by a key; else one that is there is an error */
	bool keeps;       /* the row stays as it is */
	bool sets;        /* the row gets what the stream carries */
	bool fills;       /* and keeps its own where that is NULL */
};

/* --delete: rows of the target whose key is not in the stream. */
enum rules_absent {
	ABSENT_STAY,
	ABSENT_DELETE, /* unless that would change rows of other tables */
	ABSENT_CASCADE /* whatever foreign keys do to those */
};

/* What may be deleted, and how much of it. */
struct rules_absent_rows {
	enum rules_absent what;
	const char *scope; /* SQL, a condition on the target's rows, or NULL: all of them */
	int64_t most;      /* rows, or percent of those that are there */
	bool percent;
	bool edited;  /* rows were changed on the way: the stream says nothing of others */
	bool several; /* the streams are several, and only all of them say what is absent */
};

/* What a stream of the relation is for. */
enum rules_keys {
	KEYS_OF_ROWS, /* the rows are all that there is */
	KEYS_FOLLOW,  /* another stream has the keys of all rows */
	KEYS_ALONE    /* it is that one: nothing is written */
};

/* What is done with rows that come in parts (portl-parts(7)). */
enum rules_parts {
	PARTS_NONE,    /* they go where rows go */
	PARTS_ASIDE,   /* into a table like the target, which is to take its name */
	PARTS_STAGE,   /* into a staging table that all parts share */
	PARTS_PUBLISH, /* what that has goes into the target */
	PARTS_PLACE    /* the table aside takes the target's name */
};

/* And by way of which table, of the ledger's schema. */
struct rules_by_parts {
	enum rules_parts what;
	struct relname table; /* borrowed */
	uint64_t rows;        /* PARTS_PUBLISH, PARTS_PLACE: that it has */
	bool empty;           /* PARTS_PLACE: the target has to be, or its rows would be lost */
	bool alone;           /* PARTS_ASIDE: the part is all, and makes the table itself */
	bool keyed;           /* and its primary key */
};

/* All borrowed; valid as long as the options. */
struct load_rules {
	struct relname target;              /* name NULL: the stream's relation */
	const char *into;                   /* the schema where no other is named, or NULL */
	const struct ident_list *from, *to; /* --map's pairs; to "" drops */
	const struct ident_list *key;       /* empty: the primary key */
	const char *newer;                  /* a column of the table, or NULL */
	const struct conflict *conflict;
	enum rules_duplicates duplicates;
	enum rules_extra extra;
	bool loose; /* names match without regard to case, blanks, _ and - */
	enum rules_rounding rounding;
	bool add_columns; /* the table gets what it lacks */
	bool create, truncate;
	bool replace;  /* the rows go into a table that takes its place */
	bool together; /* the relation is one of several, of which references do not matter */
	bool rebuild;  /* indexes are dropped, and built again behind the rows */
	bool recheck;  /* foreign keys are dropped, and added again behind the rows */
	bool batches;  /* each is committed, not only the whole */
	bool rejects;  /* rows that the server refuses are left out */
	bool verify;   /* rows are compared, and nothing is written */
	bool exact;    /* conflicts write the key, too: 1.00 is equal to 1.0, not the same */
	bool dry_run, check; /* nothing is to be committed; nothing but the plan is asked for */
	struct rules_absent_rows absent;
	enum rules_keys keys;
	struct rules_by_parts parts;
	int64_t lock_timeout; /* ms, -1: the server's */
};

/*
 * rules_conflict(word):
 * Return what the word means.
 */
const struct conflict *rules_conflict(enum rules_conflict word)
	__attribute__((returns_nonnull));

/*
 * rules_place(rules, relation, into):
 * Make ${into} what ${relation}, the source's or NULL, goes into; without a name where nothing
 * names it.
 */
void rules_place(const struct load_rules *rules, const struct relname *relation,
		 struct relname *into);

#endif /* LOAD_RULES_H */
