/*
 * What the staged route is planned with: the key by which rows conflict, the facts, and the
 * decisions.  load/README says how they are used.
 */
#ifndef LOAD_PLAN_STAGE_H
#define LOAD_PLAN_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/os/runid.h"

struct buf;
struct keyrun_column;
struct unpack;

/* What the catalog says of the target, read once; of a partitioned one all are meant. */
struct target_facts {
	bool temp;            /* the privilege to make temporary tables */
	bool insert_triggers; /* BEFORE INSERT FOR EACH ROW */
	bool update_triggers; /* BEFORE UPDATE FOR EACH ROW, and the server counts updates */
	bool after_triggers;  /* AFTER …, for rows or statements */
	bool late_unique;     /* deferrable constraints, checked after all rows */
	bool checks;          /* CHECK constraints */
	bool referred;        /* by foreign keys, its own too */
	bool follows;         /* one of these goes along with updates */
	bool counted; /* nothing but our statement updates it, and the server counts that */
	/* with --rejects */
	bool triggers;  /* any, of INSERT or UPDATE */
	bool looks;     /* a CHECK may look at other rows: it calls what is not immutable */
	bool late;      /* something is checked behind an INSERT's last row, for any row */
	bool late_keys; /* the same of an UPDATE: foreign keys to other columns than its key */
	bool self;      /* a foreign key to itself: a row may need a later one */
};

/* Rounds of rows that are tried again have numbers from here on. */
#define PLAN_REJECTS_AGAIN ((uint64_t)1 << 62)

/* How rows are found that the server refuses (load/README, 3.). */
struct plan_rejects {
	bool named;    /* COPY into the target names each row that is refused */
	bool stays;    /* rows cannot be staged, though many are refused */
	bool late;     /* a statement may fail behind its last row, for any of them */
	bool triggers; /* what becomes of a row may depend on the statement that it is in */
	bool self;     /* a row that lacks another is tried again behind all */
	bool alone;    /* a row of the same statement may mend what a row breaks, for good */
	bool line;     /* portl_line_* is made; else the order of insertion is that of n */
	bool first;    /* a row is tried only if no earlier row of its key is in */
};

/* With --rejects: what a query for suspects asks about. */
enum plan_suspects {
	SUSPECT_VALUES,     /* CHECK and NOT NULL */
	SUSPECT_REFERENCES, /* foreign keys to other tables */
	SUSPECT_TWICE,      /* unique indexes */
	PLAN_SUSPECTS,
	/* about foreign keys to the table itself: rows that nothing has what they refer to;
	 * those that lack one of "lost" */
	SUSPECT_LOST = PLAN_SUSPECTS,
	SUSPECT_LOST_TOO,
	PLAN_QUERIES
};

/* Made by plan_decide(), and const from then on. */
struct plan_stage {
	char id[RUNID_LEN + 1]; /* makes the names in pg_temp unlike anybody's */
	/* conflict != fail */
	size_t *key;      /* the key: indexes into plan.columns, in its index's order; owned */
	char **key_equal; /* the index's equality operators; owned */
	/* " COLLATE …" where the index has another than the column, without which it is of no
	 * use to a join, else ""; owned */
	char **key_collation;
	size_t nkey;
	unsigned index; /* the OID of its unique index; 0: to be created */
	bool null_keys; /* NULLs in the key are equal (NULLS NOT DISTINCT), else refused */
	int newer;      /* --newer's position in plan.columns, or -1 */
	struct target_facts facts;
	/* decisions */
	bool look_first; /* the old rows are joined to the staged ones before the INSERT */
	bool sets;       /* existing rows get something: the stream carries more than keys */
	bool once;       /* what is there stays: rows of one key need no rounds */
	bool plain;      /* updates are what the server counts, less those before */
	bool folds;      /* of later rows of a key only what they come to is written */
	bool merges;     /* MERGE does it, where no key is staged twice */
	struct keyrun_column *key_columns; /* if the bytes show the keys, else NULL; owned */
	bool numbers_late; /* rows in key order are numbered only if MERGE does not do */
	bool deletes;      /* --delete: other writers are kept out */
	bool finds;        /* the stream says which rows are absent */
	bool delete_first; /* they go before the stream's rows come */
	bool passes; /* keys alone, in order: the target's pass beside them, none is staged */
	bool counts_late; /* the rows that were there: those that are, less those inserted */
	struct plan_rejects *rejects; /* with --rejects, else NULL; owned */
	char *suspects[PLAN_QUERIES]; /* with --rejects: see plan_suspects(); owned */
};

struct plan;

/*
 * plan_stage_is_key(p, i):
 * Tell whether stream column ${i} is of the key.
 */
bool plan_stage_is_key(const struct plan *p, size_t i);

/*
 * plan_stage_sets(p, i):
 * Tell whether an existing row gets stream column ${i}: never the key, the
 * primary key, or an identity column that is GENERATED ALWAYS, unless the rules want rows
 * exactly as they come.
 */
bool plan_stage_sets(const struct plan *p, size_t i);

/*
 * plan_stage_is_named(st):
 * Tell whether rows go straight into the target until many are refused; ${st} may be NULL.
 */
bool plan_stage_is_named(const struct plan_stage *st);

/*
 * plan_stage_may_pack(st), plan_stage_pack(to, st), plan_stage_unpack(from):
 * Append it as bytes, unless it has more than rows that are taken; make them the same again,
 * for the caller to plan_stage_free().
 */
bool plan_stage_may_pack(const struct plan_stage *st);
void plan_stage_pack(struct buf *to, const struct plan_stage *st);
struct plan_stage *plan_stage_unpack(struct unpack *from) __attribute__((returns_nonnull));

/*
 * plan_stage_free(st):
 * Free it.  NULL does nothing.
 */
void plan_stage_free(struct plan_stage *st);

#endif /* LOAD_PLAN_STAGE_H */
