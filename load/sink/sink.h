/*
 * Where rows go.  A sink is shown each stream's header before any row, says what
 * it wants of the rows, takes COPY data, and makes all of it visible at once or not
 * at all.  A new kind of sink is a folder with a constructor and a row in sinks.c's
 * table.
 */
#ifndef LOAD_SINK_H
#define LOAD_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream_chunk;
struct err;
struct header;
struct input;
struct manifest;
struct load_options;
struct load_rules;
struct receipt;
struct schema;
struct sink;

/* A stream, as its header shows it. */
struct sink_stream {
	const struct header *header; /* borrowed; NULL: a plain PGCOPY file */
	bool text;                   /* its rows come as COPY text, else COPY binary */
	bool ndjson;                 /* it is NDJSON, else binary */
};

/* Several streams of which all is known before the first. */
struct sink_set {
	const struct manifest *manifest; /* borrowed, as long as the sink */
	const bool *chosen;              /* those that will come: manifest->total of them */
	bool ndjson;                     /* they are NDJSON, else binary */
	const struct load_rules *rules;  /* of each, or NULL: the options' */
};

/* What the sink wants of a stream's rows. */
struct sink_wants {
	const struct schema *schema; /* what they are, the sink's; NULL: as the header says */
	const bool *keep;            /* which fields; the sink's, until the stream is over */
	size_t nkeep;                /* fields of a row */
	bool faults;                 /* rows that cannot be read as chunks, see stream_chunk */
	double finish;  /* seconds that a row takes when all of them are here, about */
	uint64_t batch; /* a chunk ends after each so many rows of the stream; 0: wherever */
};

struct sink_ops {
	/* Connect or open; from now on watch the target while ${in} is waited for. */
	int (*open)(struct sink *s, struct input *in, struct err *e);
	/*
	 * The streams that are chosen of a set will follow, which are the receipt's relations,
	 * each begun, written and ended: plan all or refuse, with the reasons of all of them.
	 * NULL: this kind takes no sets.
	 */
	int (*expect)(struct sink *s, const struct sink_set *set, struct err *e);
	/* A stream's header has been read: make the plan or refuse (EXIT_TARGET). */
	int (*begin)(struct sink *s, const struct sink_stream *stream, struct sink_wants *wants,
		     struct err *e);
	/* Take rows of the stream. */
	int (*write)(struct sink *s, const struct stream_chunk *chunk, struct err *e);
	/* The stream is complete, as its end document proves. */
	int (*end)(struct sink *s, struct err *e);
	/*
	 * All streams, of receipt->read rows, are complete: make it so.  Fills the
	 * receipt, on failure too.
	 */
	int (*commit)(struct sink *s, struct err *e);
	/*
	 * Of a run in parts, after commit or where a part was there before: begin s->part on
	 * the same connection, as after open.  NULL: this kind takes no parts.
	 */
	int (*again)(struct sink *s, struct err *e);
	/* Undo what is not committed, close, free everything but the base. */
	void (*close)(struct sink *s);
};

/* The base struct, first in every kind of sink. */
struct sink {
	const struct sink_ops *ops;
	const struct load_options *options; /* borrowed */
	char *where;    /* what is loaded into, as people say it, known after open; owned */
	char *relation; /* the target as people call it, known after begin; owned */
	char *plan;     /* how rows get in, as people say it, known after begin; owned */
	size_t part;    /* of a run, the one that is to come, set before open; 0: none */
	bool done;      /* known after open: what is asked for has been done before */
	bool all;       /* of a run's parts none is missing, and nobody has published them */
	int64_t took;   /* ms that the last transaction was open, known after commit */
	struct receipt *receipt; /* borrowed; told at once what is committed */
};

static inline int
sink_open(struct sink *s, struct input *in, struct err *e)
{
	return s->ops->open(s, in, e);
}

/*
 * sink_expect(s, set, e):
 * Return 0 if the sink takes all of the set, else -1.
 */
int sink_expect(struct sink *s, const struct sink_set *set, struct err *e)
	__attribute__((warn_unused_result));

/*
 * sink_refuse_set(e):
 * For sinks: fill ${e}, for all of it would have to go into one file.  Returns -1.
 */
int sink_refuse_set(struct err *e);

static inline int
sink_begin(struct sink *s, const struct sink_stream *stream, struct sink_wants *wants,
	   struct err *e)
{
	return s->ops->begin(s, stream, wants, e);
}

static inline int
sink_write(struct sink *s, const struct stream_chunk *chunk, struct err *e)
{
	return s->ops->write(s, chunk, e);
}

static inline int
sink_end(struct sink *s, struct err *e)
{
	return s->ops->end(s, e);
}

static inline int
sink_commit(struct sink *s, struct err *e)
{
	return s->ops->commit(s, e);
}

static inline int
sink_again(struct sink *s, struct err *e)
{
	return s->ops->again(s, e);
}

/*
 * sink_free(s):
 * Close and free.  NULL does nothing.
 */
void sink_free(struct sink *s);

#endif /* LOAD_SINK_H */
