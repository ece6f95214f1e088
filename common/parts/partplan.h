/*
 * The plan of a run in parts: a JSON file that portl-extract drafts, portl-load completes and
 * both read again for each part (portl-plan(5)).  Relations and parts have a line each, so
 * that two plans can be compared.  It holds no secret.
 */
#ifndef COMMON_PARTPLAN_H
#define COMMON_PARTPLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/ident.h"
#include "common/base/relname.h"

struct err;

#define PARTPLAN_VERSION 1
#define PARTPLAN_MAX 1000000           /* relations; parts */
#define PARTPLAN_BLOCKS_MAX 4294967295 /* blocks of a relation */

/* By whose snapshots parts are read. */
enum partplan_snapshot {
	PARTPLAN_HELD, /* all by one that a process keeps */
	PARTPLAN_OWN   /* each by its own; a last stream brings what has changed since */
};

/* A relation is called by its place in the plan's list, from 1.  Strings are owned. */
struct partplan_relation {
	struct relname id;
	bool only;          /* rows of its children by inheritance are not meant */
	int64_t bytes;      /* on disk, -1: not known */
	int64_t rows_rough; /* -1: not known */
	json_t *header; /* document of a stream of all its rows, without a run; owned, or NULL
			 */
	struct relname target; /* what load makes of it; no name: it has not been asked */
	char *way;             /* how the relation is published, or NULL */
	char *reason;          /* why this way, or NULL */
};

/* A part is called by its place in the plan's list, from 1.  Strings are owned. */
struct partplan_part {
	size_t relation;     /* its number */
	struct relname leaf; /* the partition whose rows these are; no name: the relation */
	int64_t from_block;  /* -1: it is no range of blocks */
	int64_t to_block;    /* the first that is not read, -1: to the end */
	char *column;        /* the rows are a range of its values, or NULL */
	char *from;          /* the least of them as text, NULL: from the beginning */
	char *to;            /* the first that is not read, NULL: to the end, and the NULLs */
	int64_t bytes;       /* about, -1: not known */
};

struct partplan {
	char *id;     /* of the run; owned */
	char *made;   /* when, as utctime.h has it; owned, or NULL */
	char *source; /* what tells the database from others; owned, or NULL */
	enum partplan_snapshot snapshot;
	bool asked;                      /* how the parts are cut was asked for */
	char *job;                       /* path of the job file, as typed; owned, or NULL */
	struct ident_list extract, load; /* words in front of these programs' command lines */
	struct partplan_relation *relations; /* owned */
	size_t nrelations;
	struct partplan_part *parts; /* owned */
	size_t nparts;
};

/*
 * partplan_init(plan, id):
 * Make ${plan} one without relations and parts, with a copy of ${id}.
 */
void partplan_init(struct partplan *plan, const char *id);

/*
 * partplan_add_relation(plan), partplan_add_part(plan):
 * Append one that says nothing yet; its number is their count.  The result is valid until
 * the next one is added.
 */
struct partplan_relation *partplan_add_relation(struct partplan *plan);
struct partplan_part *partplan_add_part(struct partplan *plan);

/*
 * partplan_join(plan):
 * Make one part of all parts of a plan that has one relation.
 */
void partplan_join(struct partplan *plan);

/*
 * partplan_read(plan, path, e):
 * Fill ${plan} from a file, "-": standard input, where a stream may follow the plan in its
 * frame (planframe.h), and is left there.  Unknown members are ignored.  Failure fills
 * ${e} (EXIT_JOBFILE) with the path and what is wrong: another version, what is misshapen,
 * parts that leave out or repeat rows of their relation.  Release with partplan_release() in
 * every case.
 */
int partplan_read(struct partplan *plan, const char *path, struct err *e)
	__attribute__((warn_unused_result));

/*
 * partplan_write(plan, path, e):
 * Write it to a file that appears when it is complete; NULL or "-": to standard output.
 */
int partplan_write(const struct partplan *plan, const char *path, struct err *e)
	__attribute__((warn_unused_result));

/*
 * partplan_part(plan, path, number, e):
 * Return the part of this number, from 1; NULL with ${e} (EXIT_USAGE) filled if there is none.
 */
const struct partplan_part *partplan_part(const struct partplan *plan, const char *path,
					  int64_t number, struct err *e);

/*
 * partplan_relation_of(plan, part):
 * Return the relation that a part belongs to.
 */
const struct partplan_relation *partplan_relation_of(const struct partplan *plan,
						     const struct partplan_part *part);

/*
 * partplan_is_sequence(relation):
 * Is it a sequence, which has one part without rows?
 */
bool partplan_is_sequence(const struct partplan_relation *relation);

/*
 * partplan_part_name(plan, part):
 * Return how people call a part, "part 3 of 12, sales.orders", for the caller to free.
 */
char *partplan_part_name(const struct partplan *plan, const struct partplan_part *part)
	__attribute__((returns_nonnull));

void partplan_release(struct partplan *plan);

#endif /* COMMON_PARTPLAN_H */
