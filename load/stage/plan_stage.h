/*
 * The staged route of a plan: the key by which rows conflict, and the
 * statements between the temporary table and the target.  Rows of one key are
 * applied in rounds, the first of each key, then the second …, so that every
 * round is one INSERT and the whole is as if rows came one by one.
 */
#ifndef LOAD_PLAN_STAGE_H
#define LOAD_PLAN_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/os/runid.h"

struct keyrun_column;
struct plan_rejects;

struct plan_stage {
	char id[RUNID_LEN + 1]; /* makes the names in pg_temp unlike anybody's */
	/* conflict != fail */
	size_t *key;      /* the key's places in plan.columns, as its index has them; owned */
	char **key_equal; /* its equality operators, for look_first; owned */
	size_t nkey;
	unsigned index; /* the OID of its unique index; 0: to be created */
	bool null_keys; /* NULLs in the key are equal (NULLS NOT DISTINCT), else refused */
	int newer;      /* --newer's place in plan.columns, or -1 */
	/* from the catalog */
	bool insert_triggers; /* BEFORE INSERT FOR EACH ROW */
	bool update_triggers; /* BEFORE UPDATE FOR EACH ROW, and the server counts updates */
	bool after_triggers;  /* AFTER …, for rows or statements */
	bool late_unique;     /* deferrable constraints, checked after all rows */
	bool checks;          /* CHECK constraints */
	bool plain; /* nothing but INSERT itself updates it, and the server counts that */
	/* decisions */
	bool look_first; /* the old rows are joined to the staged ones before the INSERT */
	bool sets;       /* existing rows get something: the stream carries more than keys */
	bool once;       /* what is there stays: rows of one key need no rounds */
	bool merges;     /* MERGE does it, where no key is staged twice */
	struct keyrun_column *key_columns; /* if the bytes show the keys, else NULL; owned */
	/* statements; NULL: not needed */
	char *create_sql;   /* the table and its counters */
	char *twice_sql;    /* rows that have the key of an earlier row */
	char *keys_sql;     /* casts keys from row $1 on, noting each; NULL: they need none */
	char *lock_sql;     /* look_first and sets: the old rows, in key order */
	char *queue_sql;    /* joins those that write in key order: 1, 0 or 2; lock_timeout */
	char *alone_sql;    /* gives 1 if there are no others, and there will be none */
	char *unsorted_sql; /* finds something if the rows did not come in key order */
	char *again_sql;    /* finds something if a key is staged twice; for those alone */
	char *sorted_sql;   /* instead of all that follows, if it does not */
	char *there_sql; /* merges: gives 1 if the key's index is, 1 if index_sql is worth it */
	char *index_sql; /* gives the staged rows an index like the target's */
	char *merge_sql; /* instead of sorted_sql */
	const char *settings_sql; /* before merge_sql */
	const char *reset_sql;    /* behind it */
	char *restart_sql;        /* a savepoint, and rows are counted from 1 */
	char *insert_sql;         /* the first round */
	char *reached_sql;        /* how many rows it has taken in */
	char *find_sql;           /* $1: a place in the order of insertion; gives the row */
	char *last_sql;           /* where rows are noted, not counted: the last one */
	char *rest_sql;           /* the rows of later rounds, and an INSERT to be prepared */
	char *rounds_sql;         /* how many rounds there are */
	char *round_sql;   /* up to the round's number, which the caller appends with a ")" */
	char *counts_sql;  /* updated and unchanged rows */
	char *updates_sql; /* update_triggers, plain: updates of the target so far */
	char *drop_sql, *drop_rest_sql;
	struct plan_rejects *rejects; /* with --rejects, else NULL; owned */
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
 * primary key, or an identity column that is GENERATED ALWAYS.
 */
bool plan_stage_sets(const struct plan *p, size_t i);

/*
 * plan_stage_free(st):
 * Free it.  NULL does nothing.
 */
void plan_stage_free(struct plan_stage *st);

#endif /* LOAD_PLAN_STAGE_H */
