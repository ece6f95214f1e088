/*
 * What load/pg/sink_pg*.c share.  Nobody else includes this.
 */
#ifndef LOAD_SINK_PG_PARTS_H
#define LOAD_SINK_PG_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/pg/db.h"
#include "load/pg/catchup.h"
#include "load/pg/partload.h"
#include "load/pg/publication.h"
#include "load/pg/state.h"
#include "load/pg/targets.h"
#include "load/sink/sink.h"

struct err;
struct input;
struct rejects;
struct target;

enum phase {
	IDLE, /* no transaction */
	OPEN, /* one is open; whole batches are in it */
	BATCH /* the same, and the route takes rows */
};

/* Under whose settings the server reads text: what no server wrote is the role's. */
enum text {
	TEXT_OURS, /* those under which a server wrote it */
	TEXT_ROLE  /* the role's: no server wrote it (CSV, plain NDJSON) */
};

enum dry {
	DRY_NOT,
	DRY_HERE,  /* --dry-run is given here: rows come, and are rolled back */
	DRY_SENDER /* a stream left its rows out */
};

struct sink_pg {
	struct sink base;
	struct db db;
	struct input *in; /* borrowed, for its name */
	char *stayed;     /* what undoes session_stay(), or NULL; owned */
	struct targets targets;
	struct state state;
	struct partload part;
	struct publication publication;
	struct catchup catchup;
	struct rejects *rejects; /* or NULL: no row may be refused */
	struct target *ending;   /* of a set: the server is still at its last rows; or NULL */
	enum phase phase;
	enum dry dry;
	enum text text; /* of the open transaction */
	int64_t since;  /* db_clock() when that began */
	bool sequence;  /* the stream is a sequence's: it has no rows */
};

/*
 * sink_pg_commit_batch(s, last, e):
 * Commit what is open, the ${last} that there is of these streams or one of several batches.
 */
int sink_pg_commit_batch(struct sink_pg *s, bool last, struct err *e)
	__attribute__((warn_unused_result));

/*
 * sink_pg_commit_rejects(s, e):
 * With --commit=batch, FILE gets its name when all batches are in.
 */
int sink_pg_commit_rejects(struct sink_pg *s, struct err *e)
	__attribute__((warn_unused_result));

/*
 * sink_pg_commit_dry(s, e):
 * Do what COMMIT would, and roll back.
 */
int sink_pg_commit_dry(struct sink_pg *s, struct err *e) __attribute__((warn_unused_result));

/*
 * sink_pg_commit_in_batches(s):
 * A dry run has nothing to commit, and batches must see those before them.
 */
bool sink_pg_commit_in_batches(const struct sink_pg *s);

#endif /* LOAD_SINK_PG_PARTS_H */
