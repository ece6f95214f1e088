/*
 * How a stream gets into a relation, decided at the header before any row:
 * which column goes where, by which statements, or all the reasons why not.
 */
#ifndef LOAD_PLAN_H
#define LOAD_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/relname.h"
#include "load/match/digits.h"

struct buf;
struct db;
struct err;
struct load_rules;
struct plan_stage;
struct reasons;
struct rebuild;
struct relation;
struct replace;
struct header;
struct schema;

/* How rows reach the target. */
enum plan_route {
	PLAN_DIRECT, /* COPY target FROM STDIN */
	PLAN_STAGED  /* COPY into a temporary table, then INSERT … SELECT */
};

/* How a value becomes the target column's. */
enum plan_way {
	PLAN_SAME, /* its bytes mean the same there, or its text is read by the target's type */
	PLAN_CAST, /* staged as what it is, then an assignment cast */
	PLAN_TEXT  /* staged as what it is, then output and input function */
};

/*
 * A plan's statements, in the order in which they are run.  Whoever runs one asks for it by
 * its name here; whoever shows or logs them walks the same list.  load/plan/statements
 * holds the table of how each is written.
 */
enum statement {
	SQL_ADD,     /* gives the target the columns that it lacks; then it is planned anew */
	SQL_UNINDEX, /* --indexes=rebuild: drops its indexes, and the constraints that have them
		      */
	SQL_SHARED,  /* parts: the staging table of all of them */
	SQL_STAGE,   /* the temporary table and its counters */
	SQL_NUMBERS, /* each row's number, where SQL_STAGE leaves it out */
	SQL_BAD,     /* rejects: the table for rows that are left out */
	SQL_NUMBER,  /* rejects: sets the next row's number, up to that: "…, " */
	SQL_STAGE_COPY, /* the stream\'s rows, into that */
	SQL_TWICE,      /* rows that have the key of an earlier row; with rejects asked last */
	SQL_CREATE,     /* the target */
	SQL_TRUNCATE,   /* the target */
	SQL_KEY_FIRST,  /* the target's primary key, for rows may conflict */
	SQL_LOCK,       /* only parsed, which takes COPY's lock on the target */
	SQL_HOLD,       /* the lock that keeps other writers out; instead of SQL_LOCK */
	SQL_ASIDE,      /* --replace: the table that the rows go into */
	SQL_COPY,       /* the stream\'s rows, straight into the target */
	SQL_KEYS,       /* casts keys from row $1 on, noting each */
	SQL_KEYS_INDEX, /* rejects: for SQL_KEYS: finds rows by n */
	SQL_KEYS_LEAVE, /* rejects: row $1, whose key has no value, is left out */
	SQL_ABSENT,     /* the keys of those that are not staged, into a table */
	SQL_PRESENT,    /* how many rows there are that might be deleted, up to $1 */
	SQL_BESIDE, /* the target's keys in the order of the stream's, which pass beside it */
	SQL_GONE,   /* the table of absent keys, for those that have been found so */
	SQL_GONE_COPY, /* these keys, into that */
	SQL_STILL,     /* takes from these what is staged of a further stream */
	SQL_DELETE,    /* the rows with these keys */
	SQL_ALONE,     /* gives 1 if there are no other loaders, and there will be none */
	SQL_QUEUE,     /* joins those that write in key order: 1, 0 or 2; lock_timeout */
	SQL_AWAIT,     /* waits until they are joined */
	SQL_LOCK_OLD,  /* the old rows, in key order */
	SQL_ZERO,      /* rejects: no row is reached, updated or unchanged yet */
	SQL_UPDATES,   /* updates of the target so far; asked before and behind the rows */
	SQL_MISSING,   /* rejects: finds something if a foreign key is likely to be refused; $1,
			  $2 as below */
	SQL_UNSORTED,  /* finds something if the rows did not come in key order */
	SQL_THERE,     /* gives 1 if the key's index is, 1 if SQL_INDEX is worth it */
	SQL_INDEX,     /* gives the staged rows an index like the target's */
	SQL_AGAIN,     /* finds something if a key is staged twice; for those alone */
	SQL_SETTINGS,  /* for SQL_MERGE */
	SQL_MERGE,     /* all rows; instead of SQL_SORTED */
	SQL_RESET,     /* the settings */
	SQL_SORTED,    /* all rows; instead of all from here to SQL_COUNTS */
	SQL_RESTART,   /* a savepoint, and rows are counted from 1 */
	SQL_INSERT,    /* the first round */
	SQL_REACHED,   /* how many rows it has taken in */
	SQL_NULLS,     /* finds something if each row has to be written, to be refused */
	SQL_LATEST,    /* what the rows of a key come to; instead of all from here to
			  SQL_DROP_REST; how many changed it, how many did not, updates */
	SQL_REST,      /* the rows of later rounds, and an INSERT to be prepared */
	SQL_ROUNDS,    /* how many rounds there are */
	SQL_ROUND,     /* up to the round's number, which the caller appends with a ")" */
	SQL_DROP_REST, /* what SQL_REST made */
	SQL_LINE,      /* rejects: makes all that the statements below need */
	SQL_NEXT,      /* rejects: the rounds behind $1, their first and last positions, rows */
	SQL_PIECE, /* rejects: inserts, up to the first position, the one behind the last, and
		      those that are left aside, an array's text */
	SQL_PIECE_ROW, /* the same of one row, up to its position */
	SQL_LEAVE,     /* rejects: the rows at positions, an array's text that is to be appended
			  with a ")", are left out; their numbers in the order of positions */
	SQL_CUT_VALUES, /* rejects: positions from $1 on that CHECK or NOT NULL may refuse */
	SQL_CUT_REFS,   /* the same for foreign keys, those that $2 names */
	SQL_CUT_TWICE,  /* the same for unique indexes */
	SQL_GUESS, /* rejects: a row from $1 to $2 with the text $3 in …, up to the columns */
	SQL_LACKING,   /* rejects: positions of rows from $1 on before $3 that lack others, how
			  many, of how many; $2 is NULL */
	SQL_BEHIND,    /* rejects: rows at positions $1 get those behind $2, and round $3 */
	SQL_THIN,      /* rejects: rows of rounds behind $1 whose key is in are dropped */
	SQL_IN_LINE,   /* rejects: how many rows are in line still */
	SQL_DROP_LINE, /* rejects: what SQL_LINE made */
	SQL_CLEAN,     /* rejects: the rows left out are taken from the staged ones as well */
	SQL_COUNTS,    /* updated and unchanged rows */
	SQL_FIND,      /* of a refused row: $1 is a position in the order of insertion */
	SQL_LAST,      /* the same where rows are noted, not counted: the last one */
	SQL_CAST, /* of the row at position $1: casts column $2, from 0; to name what failed */
	SQL_GATHER,      /* rejects: the rows left out, for rejects_gather() */
	SQL_LOST,        /* finds something if a staged key is not in the target */
	SQL_DROP,        /* what SQL_STAGE and SQL_BAD made */
	SQL_INDEXES,     /* what SQL_UNINDEX has dropped */
	SQL_KEY,         /* the target's primary key, behind all rows */
	SQL_DELETE_LAST, /* the same as SQL_DELETE, behind the rows of all relations */
	SQL_BUILD,       /* --replace: indexes and constraints of the table aside */
	SQL_EXCHANGE,    /* it takes the target's place, under a lock */
	SQL_LIKE,        /* parts: what SQL_CREATE and SQL_KEY would have made as the target */
	SQL_PLACE,       /* parts: the table aside becomes the target */
	STATEMENTS
};

/* One column of the stream; strings are intern()'s. */
struct plan_column {
	const char *source; /* name in the stream */
	const char *target; /* name in the table, or NULL: dropped */
	int position;       /* in rel->columns, or -1: dropped, or to be created */
	enum plan_way way;
	const char *stage_type; /* not PLAN_SAME: the type to stage it as, without modifiers */
	const char *cast_type;  /* PLAN_TEXT: the type that reads the text, without modifiers */
	const char *loss;       /* what may be lost, "is rounded to …", or NULL */
	struct digits keeps;    /* of texts whose type says nothing of their digits */
	bool may_be_cut; /* PLAN_TEXT: the target's type keeps a part only of longer values */
	bool finite;     /* an interval that this server would not take for infinite */
	bool images;     /* one value of the target's type may have several images */
	bool missing;    /* the table lacks it, and could be given it */
	bool unread;     /* to be created, and this server cannot read its type's name */
	bool refused;    /* there is a reason against this column */
	/* of a column to be created, as this server names them */
	const char *new_type; /* with modifiers; NULL: it exists, or has no such type */
	const char *new_base; /* without */
	unsigned new_oid;
	const char *new_collation; /* or NULL: the type's own */
};

struct plan {
	const struct load_rules *rules; /* borrowed */
	const struct header *header;    /* borrowed; NULL: a plain PGCOPY file */
	const struct schema *schema;    /* of the rows: adopted, else the header's, or NULL */
	struct schema *adopted; /* what the header leaves open is the table's; or NULL; owned */
	bool text;              /* rows come as COPY text */
	enum plan_route route;
	const char *stage_reason; /* why COPY cannot write the target itself, or NULL */
	const char *indexes_stay; /* --indexes=rebuild: why they do, or NULL */
	char *search_path;        /* the user's; owned */
	struct relname target;    /* qualified, if it can be */
	struct relname aside;     /* where the rows go first; name NULL: into the target */
	struct relation *rel;     /* NULL: to be created */
	char *identity;           /* of rel, as identity_read() gives it; owned */
	bool held; /* rel is locked in the open transaction, and known to be as planned */
	struct plan_column *columns; /* in stream order */
	size_t ncolumns;
	bool *keep;               /* for stream_reader_select() */
	char *sql[STATEMENTS];    /* by enum statement; NULL: not needed; owned */
	struct plan_stage *stage; /* PLAN_STAGED, else NULL; owned */
	struct replace *replace;  /* --replace, else NULL; owned */
	struct rebuild
		*rebuild; /* --indexes=rebuild, until the statements are written; owned */
};

/*
 * plan_new_name(p, i):
 * Return how stream column ${i} is to be called that is to be created, with the table or in
 * it; NULL: it is not.
 */
const char *plan_new_name(const struct plan *p, size_t i);

/*
 * plan_into(p):
 * Return the name of the table that rows are written into.
 */
const struct relname *plan_into(const struct plan *p) __attribute__((returns_nonnull));

/*
 * plan_column_into(p, target):
 * Return the number of the stream's column that goes into column ${target} of the
 * table, or -1.
 */
int plan_column_into(const struct plan *p, const char *target);

/*
 * plan_add_value(p, sql, i, stage_column):
 * Append the expression that makes stream column ${i} the target's, read from
 * the staging table's column called ${stage_column} (not yet quoted).  The
 * cast that is left to do is an assignment, which INSERT does by itself, so
 * that a value too long is an error and never cut.
 */
void plan_add_value(const struct plan *p, struct buf *sql, size_t i, const char *stage_column);

/*
 * plan_refuse(p, i, why, remedy, fmt, ...):
 * Refuse stream column ${i}, with a reason that goes behind its name in the
 * table, and say what to do: ${remedy}, or NULL: drop the column.
 */
void plan_refuse(struct plan *p, size_t i, struct reasons *why, const char *remedy,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#define PLAN_SEND_TEXT "have portl-extract send --values=text" /* a remedy */
/* a reason: the column's type, how much of a value, the value's type */
#define PLAN_CUTS "has type %s, which silently keeps only %s of %s"

/*
 * plan_map_option(source, target):
 * Return the option that sends column ${source} to ${target} ("": drops it), as
 * a shell takes it, for the caller to free.
 */
char *plan_map_option(const char *source, const char *target);

/*
 * plan_release(p):
 * Free what the plan owns but for its stage, what replaces or rebuilds it, and itself.
 */
void plan_release(struct plan *p);

#endif /* LOAD_PLAN_H */
