/*
 * A relation that is loaded: how, how far, and what there is to do behind the rows.
 */
#ifndef LOAD_TARGET_H
#define LOAD_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/relname.h"
#include "load/pg/earlykey.h"
#include "load/pg/sequences.h"
#include "load/route/absent.h"
#include "load/route/route.h"
#include "load/rules/rules.h"

struct buf;
struct db;
struct err;
struct header;
struct known;
struct load_options;
struct plan;
struct receipt;
struct rejects;
struct sink_stream;
struct stream_chunk;
struct unpack;

enum target_state {
	TARGET_NEW,     /* nothing is planned yet */
	TARGET_PLANNED, /* the current stream is planned */
	TARGET_FILLING  /* rows of it are being taken, or were */
};

struct target {
	struct load_rules rules; /* for this relation */
	struct relname into;     /* rules.target, of a member of a set; owned */
	char *input;             /* what its rows are called in messages; owned */
	struct header *header;   /* of a set's stream, owned; else NULL */
	size_t number, member;   /* from 0: of a set's targets, of its streams */
	struct relname name;     /* of all streams; empty before the first */
	enum target_state state;
	bool ready;                  /* it is created or emptied, where asked for */
	struct plan *plan;           /* of the current stream; owned */
	struct route *route;         /* of that plan; owned */
	struct roundings *roundings; /* of the current stream, or NULL; owned */
	struct infinite *infinite;   /* of the plan, or NULL; owned */
	struct sequences sequences;  /* of all streams' columns */
	bool moves_sequences;        /* they are moved, too */
	bool looked_ahead;           /* those of its columns are known already */
	bool emptied;                /* together with others: it need not be by itself */
	char *identity;              /* planned, or as it was made; owned */
	char *original;              /* the same before we altered it, or NULL; owned */
	char *key_sql;               /* to be run before the last COMMIT, or NULL; owned */
	struct earlykey early;       /* when it is run before that */
	uint64_t rows_before;        /* of the input, before the current batch */
	uint64_t unmoved;            /* rows written since all sequences were moved */
	struct route_counts counts;  /* of the open transaction */
	struct absent absent;        /* --delete: over all streams */
	struct target *base; /* whose keys its rows are, or NULL: its rows are its own */
	bool vague;          /* the server does not count, and that was said */
	size_t told;         /* its place among the receipt's relations, from 1; 0: none */
};

/*
 * target_init(t, options, rules, input):
 * Begin with these rules of the options'; ${input} is copied.
 */
void target_init(struct target *t, const struct load_options *options,
		 const struct load_rules *rules, const char *input);

/*
 * target_plan(t, db, stream, known, e):
 * Plan a stream, which has to be for the same relation as those before it.  ${known}: as for
 * planner_make_known(), or NULL: planner_make().
 */
int target_plan(struct target *t, struct db *db, const struct sink_stream *stream,
		struct known *known, struct err *e) __attribute__((warn_unused_result));

/*
 * target_write(t, chunk, e), target_locate(t, e), target_warn(t):
 * Take rows; say of which one the server speaks, as route_locate(); all are here: warn of
 * what has happened to them.
 */
int target_locate(struct target *t, struct err *e);
int target_write(struct target *t, const struct stream_chunk *chunk, struct err *e)
	__attribute__((warn_unused_result));
void target_warn(struct target *t);

/*
 * target_begin(t, db, e), target_close(t, e), target_end(t, e):
 * Begin a batch of the stream in the open transaction; it has no more rows, see route_close();
 * have it in the relation, though not committed.
 */
int target_begin(struct target *t, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
int target_close(struct target *t, struct err *e) __attribute__((warn_unused_result));
int target_end(struct target *t, struct err *e) __attribute__((warn_unused_result));

/*
 * target_wants_key(t), target_add_key(t, db, e):
 * Is the source so slow that the primary key should be made now?  Between two batches: make
 * it, if that pays.
 */
bool target_wants_key(const struct target *t);
int target_add_key(struct target *t, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * target_hold(t, db, e), target_emptied(t), target_altered(t, identity):
 * In the loading transaction, before any row: lock the relation against everybody and see
 * that it is the one that was planned, if it is there; it is emptied together with others;
 * we have altered it, so that this is what it is (taken), and it will be what it was before
 * COMMIT.
 */
int target_hold(const struct target *t, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
void target_emptied(struct target *t);
void target_altered(struct target *t, char *identity);

/*
 * target_expected(t):
 * Return the identity that the relation has to have before COMMIT, if rows of it have come:
 * they are in the one that was planned, and it is as it was.
 */
const char *target_expected(const struct target *t);

/*
 * target_done(t):
 * No further stream is for this relation: free all but what is needed to check it and to
 * tell of it.
 */
void target_done(struct target *t);

/*
 * target_tell(t, receipt):
 * Add what the transaction has done to the receipt.
 */
void target_tell(const struct target *t, struct receipt *receipt);

/*
 * target_may_pack(t), target_pack(to, t), target_unpack(from), target_take_header(t, header):
 * Append one that is planned, and waits for its stream, as bytes; make it a target again, for
 * the caller to target_release() and free; give it the header of its stream, which it takes.
 */
bool target_may_pack(const struct target *t);
void target_pack(struct buf *to, const struct target *t);
struct target *target_unpack(struct unpack *from) __attribute__((returns_nonnull));
void target_take_header(struct target *t, struct header *header);

/*
 * target_release(t):
 * Free what it holds.
 */
void target_release(struct target *t);

#endif /* LOAD_TARGET_H */
