/*
 * Where rows come from, as all kinds of sources offer it: COPY data, whole rows at
 * a time.  A new kind is a folder with a constructor, and a row in sources.c's table.
 */
#ifndef EXTRACT_SOURCE_H
#define EXTRACT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct extract_options;
struct header;
struct manifest;
struct rowdigest;
struct source;

#define SOURCE_PATIENCE 100 /* ms that rows are held back for a fuller block */

/* What source_next() found. */
enum source_event { SOURCE_ROWS, SOURCE_IDLE, SOURCE_END, SOURCE_FAILED };

/* Some whole rows in the form that header->values says. */
struct source_chunk {
	const char *data; /* valid until the next call */
	size_t len;       /* bytes */
	uint64_t rows;
	const struct rowdigest *digest; /* of the rows if they are tuples; valid as data is */
	bool pause;                     /* no more is there for the moment: send it on */
};

struct source_ops {
	/*
	 * Connect or open; find out what there is and fill the header.  Nothing is
	 * read yet.  ${watch_fd} is the output's, to be watched during waits.
	 */
	int (*open)(struct source *s, int watch_fd, struct err *e);
	/*
	 * Make member ${i} of the set, from 0, the current one: rows are its, up to SOURCE_END.
	 * Called for each in its order, if there is a set.
	 */
	int (*member)(struct source *s, size_t i, struct err *e);
	/* Wait for rows, at most ${timeout} ms (-1: any time). */
	enum source_event (*next)(struct source *s, int timeout, struct source_chunk *chunk,
				  struct err *e);
	/* Stop what runs, close, free everything but the base. */
	void (*close)(struct source *s);
};

/* The base struct, first in every kind of source. */
struct source {
	const struct source_ops *ops;
	const struct extract_options *options; /* borrowed */
	struct manifest *set;  /* of several relations; owned, complete after open, or NULL */
	struct header *header; /* owned, complete after open; NULL if there is a set */
	const char *backend;   /* of a set, what all headers say of it; intern()'s or NULL */
	double share;          /* of the input's bytes that has been read; -1: it has no size */
	char *where; /* what is read from, as people say it, known after open; owned */
};

static inline int
source_open(struct source *s, int watch_fd, struct err *e)
{
	return s->ops->open(s, watch_fd, e);
}

static inline int
source_member(struct source *s, size_t i, struct err *e)
{
	return s->ops->member(s, i, e);
}

static inline enum source_event
source_next(struct source *s, int timeout, struct source_chunk *chunk, struct err *e)
{
	return s->ops->next(s, timeout, chunk, e);
}

/*
 * source_free(s):
 * Close and free.  NULL does nothing.
 */
void source_free(struct source *s);

#endif /* EXTRACT_SOURCE_H */
