/*
 * Streams: from the reader into the sink, and what is told of them on the way.
 */
#include "load/main_parts.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/cli/check.h"
#include "common/cli/reach.h"
#include "common/os/runid.h"
#include "common/os/writeall.h"
#include "common/parts/partplan.h"
#include "common/stream/stream_chunk.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/stream/input.h"
#include "common/stream/stream_reader.h"
#include "common/talk/log.h"
#include "common/talk/progress.h"
#include "common/talk/receipt.h"
#include "common/talk/toldonce.h"
#include "load/options/options.h"
#include "load/setchoice.h"
#include "load/sink/sink.h"
#include "load/sink/sink_kind.h"
#include "load/sinks.h"

static int
refuse_terminal(const struct load *l, struct err *e)
{
	err_set(e, EXIT_USAGE, "standard input is a terminal, and a stream is expected");
	return load_options_brief(&l->options, e);
}

int
main_streams_open(struct load *l, struct err *e)
{
	l->in = input_open(l->options.input, e);
	if (l->in == NULL) {
		if (l->options.common.table == NULL && l->options.path == NULL)
			err_hint(e, "The argument is a file to read; -t names the table.");
		return -1;
	}
	if (input_is_terminal(l->in))
		return refuse_terminal(l, e);
	if (l->options.input == NULL)
		toldonce_promise(STDIN_FILENO);
	l->reader = stream_reader_new(l->in, (enum stream_edited)l->options.edited);
	stream_reader_limit_line(l->reader, (size_t)l->options.max_line);
	stream_reader_name_columns(l->reader, l->options.column_list.names,
				   l->options.column_list.n,
				   l->options.extra_columns == EXTRA_IGNORE);
	if (l->options.infer)
		stream_reader_infer(l->reader);
	return 0;
}

void
main_streams_note_run(struct load *l)
{
	const char *run = l->reader != NULL ? stream_reader_run(l->reader) : NULL;
	bool told = run != NULL && runid_is(run);

	if (l->run == NULL || (l->own_run && told)) {
		free(l->run);
		l->run = xcalloc(1, RUNID_LEN + 1);
		if (told)
			memcpy(l->run, run, RUNID_LEN);
		else
			runid_make(l->run);
		l->own_run = !told;
	}
	log_set_run(l->run);
}

void
main_streams_note_header(struct load *l)
{
	const struct header *header = stream_reader_header(l->reader);

	main_streams_note_run(l);
	if (header != NULL)
		header_log(header, "reading");
	if (stream_reader_is_bare(l->reader) && !l->options.bare)
		log_warning("no end record: a cut stream cannot be told from a whole one "
			    "(--bare says that this is meant)");
}

void
main_streams_show(struct load *l, double finish)
{
	const struct header *header = stream_reader_header(l->reader);
	struct progress_goal goal = {.estimate = -1, .finish = finish};

	if (l->began) /* as for each of a set's streams but the first */
		return;
	l->began = true;
	if (l->options.part_list.n > 1) {
		goal.parts = l->options.part_list.n;
	} else if (l->set != NULL) {
		goal.estimate = l->set->rows;
		goal.rough = l->set->rows_rough;
		goal.relations = manifest_relations(l->set);
	} else if (header != NULL && l->options.streams == 1) {
		goal.estimate = header->rows_estimate;
		goal.rough = header->rows_rough;
	}
	l->progress = progress_start(options_progress(&l->options.common), &goal);
}

/* Whoever edits rows may lose the envelope's lines with them, even both. */
static int
check_edited(const struct load *l, struct err *e)
{
	if (l->options.edited == STREAM_AS_SENT || l->options.bare ||
	    !stream_reader_is_bare(l->reader))
		return 0;
	err_set(e, EXIT_STREAM, "%s: an edited stream has to keep its header and its end",
		input_name(l->in));
	return err_hint(e, "Let the lines that begin with {\"$portl\" pass; if only rows are "
			   "meant to come, say --bare.");
}

/* Keys are no rows. */
static bool
is_told(const struct load *l, size_t i)
{
	return l->chosen[i] && l->set->members[i].keys_of == 0;
}

/* What is to be told of each relation that is loaded, in their order. */
static void
tell_members(struct load *l)
{
	size_t i;

	for (i = 0; i < l->set->n; i++)
		if (is_told(l, i)) {
			char *name = manifest_name(l->set, i);

			receipt_add(&l->receipt, name);
			free(name);
		}
	l->receipt.relation = receipt_several(l->receipt.nrelations);
}

/* The stream of the ${k}th relation, from 0, is complete; ${before} is the reader's count. */
static void
tell_stream(struct load *l, size_t k, uint64_t rows_before, uint64_t bytes_before)
{
	struct receipt_relation *r = receipt_at(&l->receipt, k);

	r->read = stream_reader_rows(l->reader) - rows_before;
	l->told += r->read;
	r->bytes = stream_reader_bytes(l->reader) - bytes_before;
	stream_reader_digest(l->reader, r->xxh3);
	stream_reader_rows_digest(l->reader, r->rows_digest);
}

uint64_t
main_streams_rows(const struct load *l)
{
	return l->set != NULL ? l->told : stream_reader_rows(l->reader) - l->rows_before;
}

void
main_streams_tell(struct load *l)
{
	struct receipt *r = &l->receipt;

	r->read = main_streams_rows(l);
	r->bytes = stream_reader_bytes(l->reader) - l->bytes_before;
	if (l->options.edited == STREAM_EDITED_ROWS)
		r->sent = stream_reader_sent(l->reader);
	if (l->set != NULL || r->of_run.there) /* each relation has one; nothing was read */
		return;
	stream_reader_digest(l->reader, r->xxh3);
}

/*
 * The input is a set, which is all of it.  What the sink is to take of it is planned before
 * the first row.
 */
static int
expect_set(struct load *l, struct err *e)
{
	struct sink_set set = {
		.manifest = stream_reader_set(l->reader),
		.ndjson = stream_reader_is_ndjson(l->reader),
	};

	if (set.manifest == NULL)
		return load_options_check_one(&l->options, e);
	l->set = set.manifest;
	if (setchoice_make(&l->chosen, &l->options, l->set, e) != 0)
		return -1;
	set.chosen = l->chosen;
	tell_members(l);
	return sink_expect(l->sink, &set, e);
}

static int
show_stream(struct load *l, const struct header *header, struct sink_wants *wants,
	    struct err *e)
{
	bool ndjson = stream_reader_is_ndjson(l->reader);
	struct sink_stream stream = {
		.header = header,
		.text = ndjson || (header != NULL && header->values == HEADER_TEXT),
		.ndjson = ndjson,
	};

	return sink_begin(l->sink, &stream, wants, e);
}

int
main_streams_begin(struct load *l, struct sink_wants *wants, struct err *e)
{
	if (show_stream(l, stream_reader_header(l->reader), wants, e) != 0)
		return -1;
	if (wants->schema != NULL)
		stream_reader_set_schema(l->reader, wants->schema);
	stream_reader_select(l->reader, wants->keep, wants->nkeep);
	stream_reader_keep_faults(l->reader, wants->faults);
	return 0;
}

int
main_streams_pump(struct load *l, uint64_t batch, struct err *e)
{
	struct stream_chunk chunk;
	uint64_t left = batch; /* rows of the batch */
	int rc;

	if (batch > 0)
		stream_reader_stop(l->reader, batch);
	while ((rc = stream_reader_next(l->reader, &chunk, e)) > 0) {
		if (sink_write(l->sink, &chunk, e) != 0)
			return -1;
		if (batch > 0 && (left -= chunk.rows) == 0)
			stream_reader_stop(l->reader, left = batch);
		if (l->progress != NULL) /* it asks the kernel how far the file is read */
			progress_set(l->progress, stream_reader_rows(l->reader),
				     stream_reader_bytes(l->reader), input_share(l->in));
	}
	return rc;
}

static bool
is_chosen(const struct load *l, size_t i)
{
	return l->set == NULL || l->chosen[i];
}

/* How many streams are to come, as far as it is known. */
static size_t
stream_count(const struct load *l)
{
	return l->set != NULL ? l->set->total : (size_t)l->options.streams;
}

int
main_streams_skip(struct load *l, struct err *e)
{
	struct stream_chunk chunk;
	int rc;

	while ((rc = stream_reader_next(l->reader, &chunk, e)) > 0)
		continue;
	return rc;
}

/* Stream ${i}, of the set if there is one. */
static int
load_stream(struct load *l, size_t i, struct err *e)
{
	struct sink_wants wants = {.keep = NULL};
	int rc = 0;

	if (stream_reader_begin(l->reader, e) != 0 || check_edited(l, e) != 0)
		return -1;
	main_streams_note_header(l);
	log_hold(true); /* plans are printed */
	if (i == 0)
		rc = expect_set(l, e);
	else if (l->set == NULL && stream_reader_set(l->reader) != NULL)
		rc = err_usage(e, "streams",
			       "--streams is for streams of one relation, and a "
			       "set is among them");
	l->relation += rc == 0 && l->set != NULL && l->set->members[i].keys_of == 0;
	if (rc == 0 && is_chosen(l, i))
		rc = main_streams_begin(l, &wants, e);
	log_hold(false);
	if (rc != 0)
		return -1;
	if (!is_chosen(l, i))
		return main_streams_skip(l, e);
	main_streams_show(l, wants.finish);
	if (l->set != NULL)
		progress_relation(l->progress, l->relation);
	if (l->set == NULL && l->receipt.relation == NULL && l->sink->relation != NULL)
		l->receipt.relation = xstrdup(l->sink->relation);
	return main_streams_pump(l, wants.batch, e);
}

int
main_streams_check(struct load *l, struct err *e)
{
	const struct load_options *o = &l->options;
	struct sink_wants wants = {.keep = NULL};
	size_t i;

	if (o->common.check == CHECK_CONNECTION)
		return reach_check(stdout, "destination", &o->kind->cli, &o->common.db, e);
	if (main_streams_open(l, e) != 0)
		return -1;
	l->sink = sinks_new(&l->options, &l->receipt);
	if (o->part_list.n > 0) /* the first of several tells enough */
		l->sink->part = o->part_list.numbers[0];
	if (sink_open(l->sink, l->in, e) != 0)
		return -1;
	check_line(stdout, "destination", "%s", l->sink->where);
	if (writeall_finish(stdout, e) != 0 || stream_reader_begin(l->reader, e) != 0 ||
	    check_edited(l, e) != 0 || expect_set(l, e) != 0)
		return -1;
	for (i = 0; i < (l->set != NULL ? l->set->n : 1); i++) {
		if (!is_chosen(l, i))
			continue;
		if (show_stream(l,
				l->set != NULL ? manifest_header(l->set, i)
					       : stream_reader_header(l->reader),
				&wants, e) != 0)
			return -1;
		check_line(stdout, "target", "%s", l->sink->relation);
		check_line(stdout, "plan", "%s", l->sink->plan);
	}
	return writeall_finish(stdout, e);
}

/* Everything up to COMMIT; the last sink_end() waits for the proof that nothing follows. */
int
main_streams_run(struct load *l, struct err *e)
{
	size_t i, told = 0;

	if (main_streams_open(l, e) != 0)
		return -1;
	l->sink = sinks_new(&l->options, &l->receipt);
	l->receipt.source = xstrdup(input_name(l->in));
	if (sink_open(l->sink, l->in, e) != 0)
		return -1;
	l->receipt.target = xstrdup(l->sink->where);
	if (l->sink->done)
		return 0;
	for (i = 0; i == 0 || i < stream_count(l); i++) {
		uint64_t rows = stream_reader_rows(l->reader);
		uint64_t bytes = stream_reader_bytes(l->reader);
		int rc = load_stream(l, i, e);

		if (told < l->receipt.nrelations && is_told(l, i))
			tell_stream(l, told++, rows, bytes);
		if (rc != 0)
			return -1;
		if (i + 1 == stream_count(l) && stream_reader_finish(l->reader, e) != 0)
			return -1;
		if (i + 1 == stream_count(l))
			progress_finishing(l->progress);
		if (is_chosen(l, i) && sink_end(l->sink, e) != 0)
			return -1;
	}
	if (log_check(e) != 0)
		return -1;
	l->receipt.read = main_streams_rows(l);
	if (l->set == NULL && l->options.streams == 1)
		stream_reader_rows_digest(l->reader, l->receipt.rows_digest);
	return sink_commit(l->sink, e);
}
