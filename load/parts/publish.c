/*
 * A load of a set whose rows have come before: the sink is shown the headers of the plan, and
 * no rows.
 */
#include "load/parts/publish.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/talk/log.h"
#include "common/talk/receipt.h"
#include "load/options/options.h"
#include "load/parts/planset.h"
#include "load/pg/sink_pg.h"
#include "load/sink/sink.h"

static void
tell_members(const struct planset *s, struct receipt *receipt)
{
	size_t i;

	for (i = 0; i < s->manifest->n; i++)
		if (s->chosen[i]) {
			char *name = manifest_name(s->manifest, i);

			receipt_add(receipt, name);
			free(name);
		}
	free(receipt->relation);
	receipt->relation = receipt_several(receipt->nrelations);
}

/* Of what somebody else has published no counts are known. */
static char *
members_name(const struct planset *s)
{
	size_t i, n = 0, last = 0;

	for (i = 0; i < s->manifest->n; i++)
		if (s->chosen[i]) {
			last = i;
			n++;
		}
	return n == 1 ? manifest_name(s->manifest, last) : receipt_several(n);
}

static int
publish_member(struct sink *sink, const struct header *header, struct err *e)
{
	struct sink_wants wants = {.keep = NULL};
	struct sink_stream stream = {.header = header, .text = header->values == HEADER_TEXT};
	int rc;

	log_hold(true); /* plans are printed */
	rc = sink_begin(sink, &stream, &wants, e);
	log_hold(false);
	return rc == 0 ? sink_end(sink, e) : -1;
}

static int
publish_set(struct sink *sink, const struct planset *s, struct err *e)
{
	const struct sink_set set = {.manifest = s->manifest, .chosen = s->chosen};
	size_t i;

	if (sink_expect(sink, &set, e) != 0)
		return -1;
	for (i = 0; i < s->manifest->n; i++)
		if (s->chosen[i] &&
		    publish_member(sink, manifest_header(s->manifest, i), e) != 0)
			return -1;
	return sink_commit(sink, e);
}

/* 1: it is not published, and only that was asked. */
static int
publish(const struct load_options *o, bool ask, struct receipt *receipt, struct err *e)
{
	struct sink *sink = sink_pg_new();
	struct planset s;
	int rc = planset_make(&s, o->plan, false, e);

	sink->options = o;
	sink->receipt = receipt;
	if (rc == 0)
		rc = sink_open(sink, NULL, e);
	if (rc == 0 && receipt->target == NULL)
		receipt->target = xstrdup(sink->where);
	if (rc == 0 && sink->done) {
		free(receipt->relation);
		receipt->relation = members_name(&s);
		receipt->committed = RECEIPT_YES;
		log_info("run %s is published already", o->plan->id);
	} else if (rc == 0 && ask) {
		rc = 1;
	} else if (rc == 0) {
		if (receipt->nrelations == 0)
			tell_members(&s, receipt);
		rc = publish_set(sink, &s, e);
	}
	if (rc == 0 && !sink->done)
		log_event("published",
			  json_pack("{s:s, s:I}", "id", o->plan->id, "ms",
				    (json_int_t)sink->took),
			  "run %s is published", o->plan->id);
	sink_free(sink);
	planset_release(&s);
	return rc;
}

int
publish_run(const struct load_options *options, struct receipt *receipt, struct err *e)
{
	struct err again = ERR_INIT;
	int rc = publish(options, false, receipt, e);

	if (rc == 0 || (e->code != EXIT_AGAIN && e->code != EXIT_TARGET))
		return rc;
	/* another may have published it meanwhile, and the target is what it has made */
	if (publish(options, e->code == EXIT_TARGET, receipt, &again) != 0) {
		err_release(&again);
		return -1;
	}
	err_release(e);
	return 0;
}

int
publish_part(const struct load_options *options, struct receipt_part *part, struct err *e)
{
	struct receipt receipt = {.fd = -1};
	int rc = publish_run(options, &receipt, e);

	part->published = rc == 0;
	part->counted = rc == 0 && receipt.nrelations > 0;
	part->rows = receipt_all(&receipt);
	receipt_release(&receipt);
	return rc;
}

bool
publish_may_pass(const struct load_options *options, const struct err *e)
{
	if (options->parts == LOAD_NO_PARTS || e->code != EXIT_DATA)
		return false;
	return strncmp(e->sqlstate, "40", 2) == 0 || strcmp(e->sqlstate, "55P03") == 0;
}
