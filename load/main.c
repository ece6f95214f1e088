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
#include "common/os/giveway.h"
#include "common/os/intr.h"
#include "common/os/stdfds.h"
#include "common/parts/partplan.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/stream/input.h"
#include "common/stream/output.h"
#include "common/stream/stream_reader.h"
#include "common/talk/log.h"
#include "common/talk/progress.h"
#include "common/talk/receipt.h"
#include "load/main_parts.h"
#include "load/options/options.h"
#include "load/parts/allruns.h"
#include "load/parts/dropparts.h"
#include "load/parts/makeplan.h"
#include "load/parts/partslist.h"
#include "load/parts/publish.h"
#include "load/pg/states.h"
#include "load/sink/sink.h"
#include "load/sink/sink_kind.h"
#include "load/sinks.h"

/* Nothing is loaded then. */
static bool
loads_nothing(const struct load *l)
{
	enum load_parts parts = l->options.parts;

	return l->options.print_state || l->options.list_states ||
	       (parts != LOAD_NO_PARTS && parts != LOAD_PART && parts != LOAD_PUBLISH);
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
		main_streams_tell(l);
		progress_set(l->progress, main_streams_rows(l) + l->rows_before,
			     stream_reader_bytes(l->reader), -1);
	}
	progress_free(l->progress);
	main_streams_note_run(l);
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
	rc = main_streams_run(l, e);
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

/* What a run would write besides its rows. */
static int
try_outputs(const struct load_options *o, struct err *e)
{
	const char *const paths[] = {o->common.summary_later, o->rejects, o->differences,
				     o->differing_keys};
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (output_try(paths[i], e) != 0)
			return -1;
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
	if (l->options.common.check != CHECK_NOT)
		return try_outputs(&l->options, e) == 0 ? main_streams_check(l, e) : -1;
	return l->options.parts == LOAD_PART ? main_bundle_run(l, e) : main_streams_run(l, e);
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
	if (rc < 0)
		err_failed(&e);
	sink_free(l.sink);
	status = rc > 0 ? EXIT_DONE : report(&l, &e);
	signo = e.signal;
	release(&l);
	err_release(&e);
	if (signo != 0)
		intr_die(signo);
	return status;
}
