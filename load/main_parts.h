/*
 * What load/main*.c share.  Nobody else includes this.
 */
#ifndef LOAD_MAIN_PARTS_H
#define LOAD_MAIN_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/talk/receipt.h"
#include "load/options/options.h"

struct err;
struct header;
struct manifest;
struct sink_wants;

struct load {
	struct load_options options;
	struct input *in;
	struct stream_reader *reader;
	struct sink *sink;
	struct receipt receipt;
	struct progress *progress;
	bool began; /* what is shown of the progress has been settled */
	char *run;  /* upstream's run id, or our own */
	bool own_run;
	bool published;                     /* the run is, and so all of its parts are there */
	uint64_t rows_before, bytes_before; /* the reader's counts when a part began */
	const struct manifest *set;         /* the reader's, or NULL: streams of one relation */
	bool *chosen;                       /* which of its members are loaded */
	uint64_t told;                      /* rows of these, so far */
	size_t relation; /* of the set, from 1, that comes or has come last */
};

/*
 * main_streams_run(l, e):
 * Load all that comes.
 */
int main_streams_run(struct load *l, struct err *e) __attribute__((warn_unused_result));

/*
 * main_streams_open(l, e), main_streams_begin(l, wants, e), main_streams_pump(l, batch, e),
 * main_streams_skip(l, e):
 * Open the input; show the sink the header of a stream, and have the reader do what it wants;
 * move rows from the reader into the sink, until the stream is complete, in batches of so many
 * rows (0: one); only prove it whole.
 */
int main_streams_open(struct load *l, struct err *e) __attribute__((warn_unused_result));
int main_streams_begin(struct load *l, struct sink_wants *wants, struct err *e)
	__attribute__((warn_unused_result));
int main_streams_pump(struct load *l, uint64_t batch, struct err *e)
	__attribute__((warn_unused_result));
int main_streams_skip(struct load *l, struct err *e) __attribute__((warn_unused_result));

/*
 * main_streams_note_header(l), main_streams_show(l, finish):
 * Say in the log what a stream is; show progress, unless it is shown already, with ${finish}
 * seconds for each row when all are here.  The first of several streams knows nothing of the
 * others.
 */
void main_streams_note_header(struct load *l);
void main_streams_show(struct load *l, double finish);

/*
 * main_streams_check(l, e):
 * As far as --check goes: nothing is begun that would have to be rolled back.
 */
int main_streams_check(struct load *l, struct err *e) __attribute__((warn_unused_result));

/*
 * main_streams_note_run(l):
 * The run is upstream's; a stream that does not say which it is of is of our own.
 */
void main_streams_note_run(struct load *l);

/*
 * main_streams_rows(l):
 * Return the rows that were read of the relations that are loaded, or of the current part.
 */
uint64_t main_streams_rows(const struct load *l);

/*
 * main_bundle_run(l, e):
 * Load parts of a run, each a stream and a transaction; fails with the first that does.
 */
int main_bundle_run(struct load *l, struct err *e) __attribute__((warn_unused_result));

/*
 * main_streams_tell(l):
 * Have the receipt say what was read, so far.
 */
void main_streams_tell(struct load *l);

#endif /* LOAD_MAIN_PARTS_H */
