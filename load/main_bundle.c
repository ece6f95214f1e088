/*
 * Parts of a run, one after the other: each is a stream by itself, is committed by itself and
 * has a receipt of its own.
 *
 * A part that is there already may come or not, for who sends does not know of it: its stream
 * is passed over when one that is missing is looked for behind it.  If none is missing any more
 * nothing is read.
 */
#include "load/main_parts.h"

#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/parts/partplan.h"
#include "common/schema/header.h"
#include "common/stream/input.h"
#include "common/stream/stream_reader.h"
#include "common/talk/log.h"
#include "common/talk/progress.h"
#include "load/parts/publish.h"
#include "load/sink/sink.h"
#include "load/sinks.h"

/* Counts begin anew with the stream that follows. */
static void
count_from_here(struct load *l)
{
	l->rows_before = stream_reader_rows(l->reader);
	l->bytes_before = stream_reader_bytes(l->reader);
}

/* Is the stream that of a part which was there when its turn came? */
static bool
is_passed(const struct load *l, const struct header *h, size_t i)
{
	const struct partlist *list = &l->options.part_list;
	size_t k;

	if (h == NULL || h->part.run == NULL || strcmp(h->part.run, l->options.plan->id) != 0)
		return false;
	for (k = 0; k < i; k++)
		if (list->numbers[k] == h->part.number)
			return true;
	return false;
}

/* Up to the header of the ${i}th part's stream, or of one that is no part before it. */
static int
find_stream(struct load *l, size_t i, struct err *e)
{
	for (;;) {
		if (stream_reader_begin(l->reader, e) != 0)
			return -1;
		if (!is_passed(l, stream_reader_header(l->reader), i))
			return 0;
		if (main_streams_skip(l, e) != 0)
			return -1;
		count_from_here(l);
	}
}

static int
bring(struct load *l, size_t i, struct err *e)
{
	bool last = i + 1 == l->options.part_list.n;
	struct sink_wants wants = {.keep = NULL};
	int rc;

	if (find_stream(l, i, e) != 0)
		return -1;
	main_streams_note_header(l);
	log_hold(true); /* plans are printed */
	rc = main_streams_begin(l, &wants, e);
	log_hold(false);
	if (rc != 0)
		return -1;
	main_streams_show(l, wants.finish);
	if (l->sink->relation != NULL)
		l->receipt.relation = xstrdup(l->sink->relation);
	if (main_streams_pump(l, wants.batch, e) != 0 ||
	    (last && stream_reader_finish(l->reader, e) != 0))
		return -1;
	if (last)
		progress_finishing(l->progress);
	if (sink_end(l->sink, e) != 0 || log_check(e) != 0)
		return -1;
	main_streams_tell(l);
	stream_reader_rows_digest(l->reader, l->receipt.rows_digest);
	return sink_commit(l->sink, e);
}

/* Whoever finds that all parts are there has them seen; what becomes of them is not ours. */
static int
publish_all(struct load *l, struct err *e)
{
	if (!l->sink->all || l->options.plan->snapshot != PARTPLAN_HELD)
		return 0;
	intr_unblock(); /* COMMIT of the part held signals back */
	options_runs_publish(&l->options);
	return publish_part(&l->options, &l->receipt.of_run, e);
}

static int
begin(struct load *l, size_t i, struct err *e)
{
	const struct load_options *o = &l->options;
	int rc;

	l->sink->part = o->part_list.numbers[i];
	l->receipt.of_run = (struct receipt_part){
		.run = o->plan->id, .number = l->sink->part, .of = o->plan->nparts};
	if (i > 0)
		return l->published ? 0 : sink_again(l->sink, e);
	rc = sink_open(l->sink, l->in, e);
	if (rc == 0)
		l->receipt.target = xstrdup(l->sink->where);
	return rc;
}

/* The ${i}th part of the list, from 0. */
static int
load_part(struct load *l, size_t i, struct err *e)
{
	if (begin(l, i, e) != 0)
		return -1;
	l->receipt.of_run.there = l->sink->done || l->published;
	if (!l->receipt.of_run.there && bring(l, i, e) != 0)
		return -1;
	if (l->receipt.of_run.there) {
		l->receipt.committed = RECEIPT_YES;
		log_info("part %zu of run %s is there", l->sink->part, l->options.plan->id);
	}
	progress_parts(l->progress, i + 1);
	if (l->published || publish_all(l, e) != 0)
		return l->published ? 0 : -1;
	l->published = l->receipt.of_run.published;
	return 0;
}

/* It is committed, and another one follows. */
static int
close_part(struct load *l, struct err *e)
{
	struct err none = ERR_INIT;

	main_streams_tell(l);
	main_streams_note_run(l);
	l->receipt.run = l->run;
	if (receipt_next(&l->receipt, EXIT_DONE, &none, e) != 0)
		return err_detail(e, "The part is committed.");
	count_from_here(l);
	return 0;
}

int
main_bundle_run(struct load *l, struct err *e)
{
	size_t n = l->options.part_list.n, i;

	if (main_streams_open(l, e) != 0)
		return -1;
	l->sink = sinks_new(&l->options, &l->receipt);
	l->receipt.source = xstrdup(input_name(l->in));
	for (i = 0; i < n; i++) {
		if (load_part(l, i, e) != 0)
			return n > 1 ? err_prefix(e, "part %zu: ", l->sink->part) : -1;
		if (i + 1 < n && close_part(l, e) != 0)
			return -1;
	}
	return 0;
}
