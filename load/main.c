/*
 * portl-load: options → stream reader → plan → sink → report.
 */
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/cli/check.h"
#include "common/cli/reach.h"
#include "common/os/giveway.h"
#include "common/os/intr.h"
#include "common/os/runid.h"
#include "common/os/stdfds.h"
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
#include "load/options.h"
#include "load/parts/allruns.h"
#include "load/parts/dropparts.h"
#include "load/parts/makeplan.h"
#include "load/parts/partslist.h"
#include "load/parts/publish.h"
#include "load/pg/states.h"
#include "load/setchoice.h"
#include "load/sink/sink.h"
#include "load/sink/sink_kind.h"
#include "load/sinks.h"

struct load {
	struct load_options options;
	struct input *in;
	struct stream_reader *reader;
	struct sink *sink;
	struct receipt receipt;
	struct progress *progress;
	bool began;                 /* what is shown of the progress has been settled */
	char *run;                  /* upstream's run id, or our own */
	const struct manifest *set; /* the reader's, or NULL: streams of one relation */
	bool *chosen;               /* which of its members are loaded */
	uint64_t told;              /* rows of these, so far */
};

static int
refuse_terminal(const struct load *l, struct err *e)
{
	err_set(e, EXIT_USAGE, "standard input is a terminal, and a stream is expected");
	return load_options_brief(&l->options, e);
}

/* Nothing is loaded then. */
static bool
loads_nothing(const struct load *l)
{
	enum load_parts parts = l->options.parts;

	return l->options.print_state || l->options.list_states ||
	       (parts != LOAD_NO_PARTS && parts != LOAD_PART && parts != LOAD_PUBLISH);
}

static int
open_input(struct load *l, struct err *e)
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

/* The run is upstream's; a stream that does not say which it is of is of our own. */
static void
note_run(struct load *l)
{
	const char *run = l->reader != NULL ? stream_reader_run(l->reader) : NULL;

	if (l->run == NULL) {
		l->run = xcalloc(1, RUNID_LEN + 1);
		if (run != NULL && runid_is(run))
			memcpy(l->run, run, RUNID_LEN);
		else
			runid_make(l->run);
	}
	log_set_run(l->run);
}

static void
note_header(struct load *l)
{
	const struct header *header = stream_reader_header(l->reader);

	note_run(l);
	if (header != NULL)
		header_log(header, "reading");
	if (stream_reader_is_bare(l->reader) && !l->options.bare)
		log_warning("no end record: a cut stream cannot be told from a whole one "
			    "(--bare says that this is meant)");
}

/* The first of several streams knows nothing of the others. */
static void
show_progress(struct load *l, double finish)
{
	const struct header *header = stream_reader_header(l->reader);
	struct progress_goal goal = {.estimate = -1, .finish = finish};

	if (l->began) /* as for each of a set's streams but the first */
		return;
	l->began = true;
	if (l->set != NULL) {
		goal.estimate = l->set->rows;
		goal.rough = l->set->rows_rough;
		goal.relations = l->set->n;
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

/* Those of the relations that are loaded. */
static uint64_t
rows_read(const struct load *l)
{
	return l->set != NULL ? l->told : stream_reader_rows(l->reader);
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
		return 0;
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

/* Show the sink the header, and have the reader do what it wants. */
static int
begin_stream(struct load *l, struct sink_wants *wants, struct err *e)
{
	if (show_stream(l, stream_reader_header(l->reader), wants, e) != 0)
		return -1;
	if (wants->schema != NULL)
		stream_reader_set_schema(l->reader, wants->schema);
	stream_reader_select(l->reader, wants->keep, wants->nkeep);
	stream_reader_keep_faults(l->reader, wants->faults);
	return 0;
}

/* Rows from the reader into the sink, until the stream is complete. */
static int
pump(struct load *l, uint64_t batch, struct err *e)
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

/* A member of a set that nobody wants is only proved whole. */
static int
skip(struct load *l, struct err *e)
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
	note_header(l);
	log_hold(true); /* plans are printed */
	if (i == 0)
		rc = expect_set(l, e);
	else if (l->set == NULL && stream_reader_set(l->reader) != NULL)
		rc = err_usage(e, "streams",
			       "--streams is for streams of one relation, and a "
			       "set is among them");
	if (rc == 0 && is_chosen(l, i))
		rc = begin_stream(l, &wants, e);
	log_hold(false);
	if (rc != 0)
		return -1;
	if (!is_chosen(l, i))
		return skip(l, e);
	show_progress(l, wants.finish);
	if (l->set != NULL)
		progress_relation(l->progress, i + 1);
	if (l->set == NULL && l->receipt.relation == NULL && l->sink->relation != NULL)
		l->receipt.relation = xstrdup(l->sink->relation);
	return pump(l, wants.batch, e);
}

/* As far as --check goes: nothing is begun that would have to be rolled back. */
static int
check(struct load *l, struct err *e)
{
	const struct load_options *o = &l->options;
	struct sink_wants wants = {.keep = NULL};
	size_t i;

	if (o->common.check == CHECK_CONNECTION)
		return reach_check(stdout, "destination", &o->kind->cli, &o->common.db, e);
	if (open_input(l, e) != 0)
		return -1;
	l->sink = sinks_new(&l->options, &l->receipt);
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

/* Whoever finds that all parts are there has them seen; what becomes of them is not ours. */
static int
publish_all(struct load *l, struct err *e)
{
	if (l->options.parts != LOAD_PART)
		return 0;
	l->receipt.of_run = (struct receipt_part){
		.run = l->options.plan->id,
		.number = (size_t)l->options.part,
		.of = l->options.plan->nparts,
		.there = l->sink->done,
	};
	if (l->sink->done)
		l->receipt.committed = RECEIPT_YES;
	if (l->sink->done)
		log_info("part %" PRId64 " of run %s is there", l->options.part,
			 l->options.plan->id);
	if (!l->sink->all || l->options.plan->snapshot != PARTPLAN_HELD)
		return 0;
	intr_unblock(); /* COMMIT of the part held signals back */
	options_runs_publish(&l->options);
	l->receipt.of_run.published = publish_untold(&l->options, e) == 0;
	return l->receipt.of_run.published ? 0 : -1;
}

/* Everything up to COMMIT; the last sink_end() waits for the proof that nothing follows. */
static int
run(struct load *l, struct err *e)
{
	size_t i, told = 0;

	if (open_input(l, e) != 0)
		return -1;
	l->sink = sinks_new(&l->options, &l->receipt);
	l->receipt.source = xstrdup(input_name(l->in));
	if (sink_open(l->sink, l->in, e) != 0)
		return -1;
	l->receipt.target = xstrdup(l->sink->where);
	if (l->sink->done)
		return publish_all(l, e);
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
	l->receipt.read = rows_read(l);
	if (l->set == NULL && l->options.streams == 1)
		stream_reader_rows_digest(l->reader, l->receipt.rows_digest);
	return sink_commit(l->sink, e) == 0 ? publish_all(l, e) : -1;
}

/* With --commit=batch a run that fails may have done something. */
static void
note_committed(const struct load *l, struct err *e)
{
	const struct receipt *r = &l->receipt;
	char *before = e->detail != NULL ? xasprintf("%s\n", e->detail) : xstrdup("");
	char *rejected = r->rejected > 0 ? xasprintf(", %" PRIu64 " rejected", r->rejected)
					 : xstrdup("");

	if ((r->committed == RECEIPT_YES || r->committed == RECEIPT_LOCALLY) &&
	    l->options.commit == COMMIT_BATCH)
		err_detail(e,
			   "%sThe first %" PRIu64 " rows are committed: %" PRIu64
			   " inserted, %" PRIu64 " updated, %" PRIu64 " unchanged, %" PRIu64
			   " skipped%s.",
			   before,
			   r->inserted + r->updated + r->unchanged + r->skipped + r->rejected,
			   r->inserted, r->updated, r->unchanged, r->skipped, rejected);
	free(rejected);
	free(before);
}

/*
 * The exit status.  A pair that `portl run` has started (PORTL_RUN) has one for both: that of
 * the program that failed first, unless a signal ended it.
 */
static int
status_of(const struct load *l, const struct err *e)
{
	int upstream = l->reader != NULL ? stream_reader_aborted(l->reader) : 0;

	if (e->signal != 0)
		return 128 + e->signal;
	if (e->code == EXIT_STREAM && upstream > 0 && upstream < 128 &&
	    getenv("PORTL_RUN") != NULL)
		return upstream;
	if (publish_may_pass(&l->options, e))
		return EXIT_AGAIN;
	return e->code == EXIT_DONE && l->receipt.rejected > 0 ? EXIT_REJECTS : (int)e->code;
}

static int
report(struct load *l, struct err *e)
{
	int status = status_of(l, e);
	struct err late = ERR_INIT;

	if (l->reader != NULL) {
		l->receipt.read = rows_read(l);
		l->receipt.bytes = stream_reader_bytes(l->reader);
		if (l->options.edited == STREAM_EDITED_ROWS)
			l->receipt.sent = stream_reader_sent(l->reader);
		if (l->set == NULL) /* which has one for each relation */
			stream_reader_digest(l->reader, l->receipt.xxh3);
		if (l->set == NULL && l->options.streams == 1)
			stream_reader_rows_digest(l->reader, l->receipt.rows_digest);
		progress_set(l->progress, l->receipt.read, l->receipt.bytes, -1);
	}
	progress_free(l->progress);
	note_run(l);
	l->receipt.run = l->run;
	if (e->code != EXIT_DONE && e->signal != SIGPIPE) {
		note_committed(l, e);
		log_report(e);
	}
	if (l->options.common.check != CHECK_NOT || loads_nothing(l))
		return status;
	if (receipt_print(&l->receipt, status, e, &late) != 0 ||
	    (e->code == EXIT_DONE && log_check(&late) != 0)) {
		if (e->code == EXIT_DONE)
			err_detail(&late, "%s",
				   l->options.verify ? "The rows are equal."
						     : "The rows are committed.");
		log_report(&late);
		status = e->code == EXIT_DONE ? EXIT_DATA : status;
	}
	log_close();
	err_release(&late);
	return status;
}

/* The last stream of a run whose parts have snapshots of their own. */
static int
catch_up(struct load *l, struct err *e)
{
	int rc;

	if (l->options.plan->snapshot == PARTPLAN_HELD)
		return 0;
	l->options.parts = LOAD_CATCH_UP;
	rc = run(l, e);
	l->options.parts = LOAD_PUBLISH;
	if (rc != 0)
		return -1;
	sink_free(l->sink);
	l->sink = NULL;
	stream_reader_free(l->reader);
	l->reader = NULL;
	l->set = NULL;
	intr_unblock(); /* COMMIT held signals back */
	receipt_forget(&l->receipt);
	return 0;
}

static int
work(struct load *l, struct err *e)
{
	switch (l->options.parts) {
	case LOAD_MAKE_PLAN:
		return makeplan_run(&l->options, e);
	case LOAD_LIST_PARTS:
	case LOAD_PRINT_POSITION:
		return partslist_print(&l->options, e);
	case LOAD_LIST_RUNS:
		return allruns_print(&l->options, e);
	case LOAD_DROP_RUNS:
		return allruns_drop(&l->options, e);
	case LOAD_DROP_PARTS:
		return dropparts_run(&l->options, e);
	case LOAD_PUBLISH:
		return catch_up(l, e) == 0 ? publish_run(&l->options, &l->receipt, e) : -1;
	default:
		break;
	}
	if (loads_nothing(l))
		return states_print(&l->options, e);
	return l->options.common.check != CHECK_NOT ? check(l, e) : run(l, e);
}

static void
release(struct load *l)
{
	stream_reader_free(l->reader);
	input_free(l->in);
	receipt_release(&l->receipt);
	load_options_release(&l->options);
	free(l->run);
	free(l->chosen);
}

int
main(int argc, char **argv)
{
	struct load l = {.in = NULL};
	struct err e = ERR_INIT;
	int rc, status, signo;

	log_init("portl-load");
	json_set_alloc_funcs(xmalloc, free); /* else a document might lack what had no room */
	stdfds_fill();
	intr_ignore();
	giveway_begin();
	l.receipt.fd = -1;
	rc = load_options_parse(&l.options, sinks_kinds, argc, argv, &e);
	if (rc == 0 && !loads_nothing(&l))
		rc = receipt_init(&l.receipt, l.options.common.summary, &e);
	if (rc == 0)
		rc = work(&l, &e);
	sink_free(l.sink);
	status = rc > 0 ? EXIT_DONE : report(&l, &e);
	signo = e.signal;
	release(&l);
	err_release(&e);
	if (signo != 0)
		intr_die(signo);
	return status;
}
