/*
 * portl-extract: options → source → stream writer → standard output.
 */
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/shown.h"
#include "common/base/utctime.h"
#include "common/base/xalloc.h"
#include "common/cli/check.h"
#include "common/cli/cli_words.h"
#include "common/cli/reach.h"
#include "common/ndjson/ndjson.h"
#include "common/os/giveway.h"
#include "common/os/intr.h"
#include "common/os/runid.h"
#include "common/os/stdfds.h"
#include "common/os/writeall.h"
#include "common/parts/partplan.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/schema/position.h"
#include "common/stream/output.h"
#include "common/stream/stream_writer.h"
#include "common/talk/log.h"
#include "common/talk/progress.h"
#include "common/talk/receipt.h"
#include "common/talk/toldonce.h"
#include "extract/options/options.h"
#include "extract/pg/source_pg.h"
#include "extract/source/source.h"
#include "extract/source/source_kind.h"
#include "extract/sources.h"

#define PRODUCER "portl-extract " PORTL_VERSION

struct extract {
	struct extract_options options;
	struct source *source;
	struct output *out;
	struct stream_writer *writer;
	struct receipt receipt;
	struct progress *progress;
	bool told; /* the reader prints why this program fails */
	char run[RUNID_LEN + 1];
};

static int
open_output(struct extract *x, struct err *e)
{
	const struct extract_options *o = &x->options;
	unsigned flags = (o->bare ? NDJSON_BARE : 0) |
			 (o->quote_numbers ? NDJSON_QUOTE_NUMBERS : 0);

	x->out = output_open(o->output, e);
	if (x->out == NULL)
		return -1;
	if (o->zstd_level > 0 &&
	    output_compress(x->out, o->zstd_level, o->zstd_threads, e) != 0)
		return -1;
	x->writer = stream_writer_new(
		x->out, o->format == EXTRACT_NDJSON ? STREAM_NDJSON : STREAM_BINARY, flags);
	stream_writer_set_run(x->writer, x->run);
	if (o->digest_only)
		stream_writer_digest_only(x->writer);
	return 0;
}

static bool
is_pipe(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

/*
 * The reader of a pipe is likely to show how far it is, on the same terminal;
 * and rows on a terminal are progress enough.
 */
static enum progress_when
when_to_draw(const struct extract *x)
{
	int fd = output_watch_fd(x->out);

	if (!isatty(STDERR_FILENO))
		return options_progress(&x->options.common);
	if (fd >= 0 && isatty(fd))
		return PROGRESS_NEVER;
	if (is_pipe(fd))
		log_share_terminal();
	return is_pipe(fd) && (!x->options.common.progress || getenv("PORTL_RUN") != NULL)
		       ? PROGRESS_NEVER
		       : options_progress(&x->options.common);
}

static const char *
created(const struct extract *x)
{
	char text[UTCTIME_LEN + 1];

	utctime_text(x->receipt.began, text);
	return intern(text);
}

/* What a header says of the run. */
static void
sign(const struct extract *x, struct header *header)
{
	header->producer = PRODUCER;
	header->run = intern(x->run);
	header->created = created(x);
	header->bare = x->options.bare;
	header->dry_run = x->options.common.dry_run;
}

static int
check_envelope(const struct extract *x, const struct header *header, struct err *e)
{
	if (x->options.format == EXTRACT_NDJSON && !x->options.bare &&
	    schema_find(&header->schema, "$portl") >= 0) {
		err_set(e, EXIT_DATA,
			"a column called \"$portl\" cannot be told from the envelope of an "
			"NDJSON stream");
		return err_hint(e, "Use -F binary, or give it another name with -c.");
	}
	return 0;
}

static int
begin_one(struct extract *x, struct err *e)
{
	struct header *header = x->source->header;
	const struct relname *from = &header->schema.relation;

	sign(x, header);
	if (check_envelope(x, header, e) != 0)
		return -1;
	if (from->name != NULL)
		x->receipt.relation = relname_text(from);
	else if (x->options.path != NULL)
		x->receipt.relation = xstrdup(x->options.path);
	header_log(header, "writing");
	x->progress = progress_start(when_to_draw(x), &(struct progress_goal){
							      .estimate = header->rows_estimate,
							      .rough = header->rows_rough,
						      });
	return stream_writer_begin(x->writer, header, e);
}

static int
begin_set(struct extract *x, struct err *e)
{
	struct manifest *set = x->source->set;
	struct progress_goal goal = {.relations = manifest_relations(set)};
	size_t i;

	manifest_sign(set, &(struct manifest_run){.producer = PRODUCER,
						  .run = x->run,
						  .created = created(x),
						  .backend = x->source->backend,
						  .bare = x->options.bare,
						  .dry_run = x->options.common.dry_run});
	for (i = 0; i < set->n; i++)
		if (check_envelope(x, manifest_header(set, i), e) != 0)
			return -1;
	x->receipt.relation = receipt_several(set->n);
	goal.estimate = set->rows;
	goal.rough = set->rows_rough;
	x->progress = progress_start(when_to_draw(x), &goal);
	return stream_writer_manifest(x->writer, set, e);
}

static int
pump(struct extract *x, struct err *e)
{
	for (;;) {
		struct source_chunk chunk = {.data = NULL};
		int timeout = stream_writer_pending(x->writer) > 0 ? SOURCE_PATIENCE : -1;

		switch (source_next(x->source, timeout, &chunk, e)) {
		case SOURCE_ROWS:
			if (stream_writer_rows(x->writer, chunk.data, chunk.len, chunk.rows,
					       chunk.digest, e) != 0)
				return -1;
			progress_set(x->progress, stream_writer_count(x->writer),
				     output_bytes(x->out), x->source->share);
			if (chunk.pause && stream_writer_flush(x->writer, e) != 0)
				return -1;
			break;
		case SOURCE_IDLE:
			if (stream_writer_flush(x->writer, e) != 0)
				return -1;
			break;
		case SOURCE_END:
			return stream_writer_end(x->writer, e);
		case SOURCE_FAILED:
			return -1;
		}
	}
}

/* A line for a relation whose rows have been digested, as sha256sum has one for a file. */
static int
print_digest(struct extract *x, const char *relation, uint64_t rows, struct err *e)
{
	char hex[ROWDIGEST_LEN + 1];
	struct buf line = BUF_INIT;
	int rc;

	if (!x->options.digest_only || x->options.common.check != CHECK_NOT)
		return 0;
	stream_writer_rows_digest(x->writer, hex);
	buf_addf(&line, "%s  %" PRIu64 "  ", hex, rows);
	shown_add_name(&line, relation != NULL ? relation : "query");
	buf_addc(&line, '\n');
	rc = output_write(x->out, line.data, line.len, e);
	buf_release(&line);
	return rc;
}

/* What the receipt says of the member or part that has just ended; ${name} is taken. */
static void
note_stream(struct extract *x, char *name, uint64_t rows_before, uint64_t bytes_before)
{
	struct receipt_relation *one = receipt_add(&x->receipt, name);

	one->read = stream_writer_count(x->writer) - rows_before;
	one->bytes = output_bytes(x->out) - bytes_before;
	if (!x->options.digest_only)
		stream_writer_digest(x->writer, one->xxh3);
	stream_writer_rows_digest(x->writer, one->rows_digest);
	free(name);
}

static int
send_set(struct extract *x, struct err *e)
{
	const struct manifest *set = x->source->set;
	const struct receipt_relation *one;
	size_t i, k = 0; /* members, and relations */

	if (begin_set(x, e) != 0)
		return -1;
	for (i = 0; i < set->n; i++) {
		uint64_t rows = stream_writer_count(x->writer), bytes = output_bytes(x->out);

		k += set->members[i].keys_of == 0;
		progress_relation(x->progress, k);
		header_log(manifest_header(set, i), "writing");
		if (source_member(x->source, i, e) != 0 ||
		    stream_writer_begin(x->writer, manifest_header(set, i), e) != 0 ||
		    pump(x, e) != 0)
			return -1;
		note_stream(x, manifest_name(x->source->set, i), rows, bytes);
		one = receipt_at(&x->receipt, i);
		if (!set->members[i].is_sequence &&
		    print_digest(x, one->relation, one->read, e) != 0)
			return -1;
	}
	return 0;
}

/* Each is sent on to its end before the next one is looked for. */
static int
send_part(struct extract *x, size_t i, struct err *e)
{
	uint64_t rows = stream_writer_count(x->writer), bytes = output_bytes(x->out);
	struct header *header;

	options_plan_choose(&x->options, x->options.parts.numbers[i]);
	if (i > 0 && source_pg_next_part(x->source, e) != 0)
		return -1;
	header = x->source->header;
	sign(x, header);
	if (check_envelope(x, header, e) != 0)
		return -1;
	header_log(header, "writing");
	if (stream_writer_begin(x->writer, header, e) != 0 || pump(x, e) != 0 ||
	    stream_writer_flush(x->writer, e) != 0)
		return -1;
	note_stream(x, relname_text(&header->schema.relation), rows, bytes);
	progress_parts(x->progress, i + 1);
	return 0;
}

static int
send_parts(struct extract *x, struct err *e)
{
	size_t n = x->options.parts.n, i;

	x->receipt.relation = xasprintf("%zu parts", n);
	x->progress = progress_start(when_to_draw(x),
				     &(struct progress_goal){.estimate = -1, .parts = n});
	for (i = 0; i < n; i++)
		if (send_part(x, i, e) != 0)
			return -1;
	return 0;
}

static int
send_rows(struct extract *x, struct err *e)
{
	if (x->source->set != NULL)
		return send_set(x, e);
	if (x->options.parts.n > 1)
		return send_parts(x, e);
	if (begin_one(x, e) != 0 || pump(x, e) != 0)
		return -1;
	return print_digest(x, x->receipt.relation, stream_writer_count(x->writer), e);
}

/* How rows are found that have changed, and what that cannot see; a line where it is asked for.
 */
static void
check_since(FILE *out, const struct header *h)
{
	struct position p = {.leaves = NULL};
	struct err none = ERR_INIT;
	int column;

	if (h->no_position != NULL && h->since != NULL)
		check_line(out, "since", "cannot be told: %s", h->no_position);
	if (h->position == NULL ||
	    position_parse(&p, h->position, strlen(h->position), &none) != 0) {
		err_release(&none);
		position_release(&p);
		return;
	}
	column = p.column != NULL ? schema_find(&h->schema, p.column) : -1;
	if (p.kind == POSITION_XMIN && h->since != NULL)
		check_line(out, "since", "by the transactions that wrote the rows");
	else if (column >= 0 && strcmp(h->schema.columns[column].base, "xid8") == 0)
		check_line(out, "since", "by the transactions in \"%s\", if each write sets it",
			   p.column);
	else if (p.kind == POSITION_CURSOR)
		check_line(out, "since",
			   "by \"%s\", which cannot see rows that come late with older values "
			   "or change without a new one",
			   p.column);
	position_release(&p);
}

static void
check_member(FILE *out, const struct manifest *set, size_t i)
{
	char *name = manifest_name(set, i);

	if (set->members[i].is_sequence)
		check_line(out, "sequence", "%s, may be read", name);
	else
		check_line(out, "rows", "%s, %zu columns, may be read", name,
			   manifest_header(set, i)->schema.ncolumns);
	check_since(out, manifest_header(set, i));
	free(name);
}

static bool
fills_stdout(const struct extract *x)
{
	int fd = output_watch_fd(x->out);
	struct stat a, b;

	return fd >= 0 && fstat(fd, &a) == 0 && fstat(STDOUT_FILENO, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* What --check=plan has found out; a table says more to people than a stream. */
static int
print_check(const struct extract *x, struct err *e)
{
	FILE *out = fills_stdout(x) ? stderr : stdout;
	const struct manifest *set = x->source->set;
	size_t i;

	check_line(out, "source", "%s", x->source->where);
	for (i = 0; set != NULL && i < set->n; i++)
		check_member(out, set, i);
	if (set == NULL) {
		check_line(out, "rows", "%s, %zu columns, may be read",
			   x->receipt.relation != NULL ? x->receipt.relation : "query",
			   x->source->header->schema.ncolumns);
		check_since(out, x->source->header);
	}
	return writeall_finish(out, e);
}

/* Not in the middle of what a person is reading. */
static void
tell_reader(struct extract *x, const struct err *why)
{
	int fd = x->writer != NULL ? output_watch_fd(x->out) : -1;

	if (fd >= 0 && !isatty(fd))
		x->told = stream_writer_abort(x->writer, why) && toldonce_promised(fd);
}

/*
 * The whole journey; whatever fails is told to a reader that listens.  A file is
 * made only after the source has been reached: until then a stop signal just
 * ends the program.
 */
static int
run(struct extract *x, struct err *e)
{
	bool live = output_is_live(x->options.output);
	int rc = live ? open_output(x, e) : 0;

	x->source = sources_make(&x->options);
	if (rc == 0)
		rc = source_open(x->source, live ? output_watch_fd(x->out) : -1, e);
	if (rc == 0)
		x->receipt.source = xstrdup(x->source->where);
	if (rc == 0 && !live)
		rc = open_output(x, e);
	x->receipt.target = xstrdup(x->options.output != NULL ? x->options.output : "stdout");
	if (rc == 0 && send_rows(x, e) != 0)
		rc = -1;
	if (rc == 0 && x->options.common.check != CHECK_NOT &&
	    (output_try(x->options.common.summary_later, e) != 0 || print_check(x, e) != 0))
		rc = -1;
	if (rc != 0)
		tell_reader(x, e);
	if (rc == 0 && output_finish(x->out, e) != 0)
		rc = -1;
	if (rc == 0)
		xalloc_last_words("The output is complete.");
	return rc;
}

static int
connect_only(const struct extract *x, struct err *e)
{
	const struct extract_options *o = &x->options;

	return reach_check(stdout, "source", &o->kind->cli, &o->common.db, e);
}

/* The draft of a plan, on standard output or in a file. */
static int
make_plan(struct extract *x, struct err *e)
{
	const struct extract_options *o = &x->options;
	struct partplan plan;
	int rc;

	x->source = sources_make(o);
	partplan_init(&plan, x->run);
	plan.snapshot = (enum partplan_snapshot)(o->make_plan - 1);
	plan.asked = o->part_size != NULL || o->nparts >= 0 || o->split_by != NULL;
	plan.made = xmalloc(UTCTIME_LEN + 1);
	utctime_text(x->receipt.began, plan.made);
	plan.job = xstrdup_null(o->common.job_path);
	rc = cli_words_make(&o->common.line, &plan.extract, e);
	if (rc == 0)
		rc = source_pg_plan(x->source, &plan, e);
	if (rc == 0)
		rc = partplan_write(&plan, o->output, e);
	partplan_release(&plan);
	return rc;
}

static int
hold(struct extract *x, struct err *e)
{
	x->source = sources_make(&x->options);
	return source_pg_hold(x->source, e);
}

static int
do_it(struct extract *x, struct err *e)
{
	const struct extract_options *o = &x->options;

	if (o->common.check == CHECK_CONNECTION)
		return connect_only(x, e);
	if (o->make_plan)
		return make_plan(x, e);
	return o->hold ? hold(x, e) : run(x, e);
}

static int
report(struct extract *x, struct err *e)
{
	int status = e->code;
	struct err late = ERR_INIT;

	if (x->writer != NULL) {
		x->receipt.read = stream_writer_count(x->writer);
		x->receipt.bytes = output_bytes(x->out);
		if (x->receipt.relations == NULL) { /* else each member has its own */
			if (!x->options.digest_only)
				stream_writer_digest(x->writer, x->receipt.xxh3);
			stream_writer_rows_digest(x->writer, x->receipt.rows_digest);
		}
		progress_set(x->progress, x->receipt.read, x->receipt.bytes, -1);
	}
	progress_free(x->progress);
	x->receipt.run = x->run;
	x->receipt.committed = RECEIPT_NOT_APPLICABLE;
	if (e->signal != 0)
		status = 128 + e->signal;
	if (x->told)
		log_report_told(e);
	else if (e->code != EXIT_DONE && e->signal != SIGPIPE)
		log_report(e);
	if (x->options.common.check != CHECK_NOT || x->options.make_plan || x->options.hold)
		return status;
	if (receipt_print(&x->receipt, status, e, &late) != 0 ||
	    (status == EXIT_DONE && log_check(&late) != 0)) {
		log_report(&late);
		status = status == EXIT_DONE ? EXIT_DATA : status;
	}
	log_close();
	err_release(&late);
	return status;
}

int
main(int argc, char **argv)
{
	struct extract x = {.source = NULL};
	struct err e = ERR_INIT;
	int rc, status, signo;

	log_init("portl-extract");
	json_set_alloc_funcs(xmalloc, free); /* else a document might lack what had no room */
	stdfds_fill();
	intr_ignore();
	giveway_begin();
	runid_make(x.run);
	log_set_run(x.run);
	x.receipt.fd = -1;
	rc = extract_options_parse(&x.options, sources_kinds, argc, argv, &e);
	if (rc == 0)
		rc = receipt_init(&x.receipt, x.options.common.summary, &e);
	if (rc == 0)
		rc = do_it(&x, &e);
	if (rc < 0)
		err_failed(&e);
	source_free(x.source);
	status = rc > 0 ? EXIT_DONE : report(&x, &e);
	signo = e.signal;
	stream_writer_free(x.writer);
	output_free(x.out);
	receipt_release(&x.receipt);
	extract_options_release(&x.options);
	err_release(&e);
	if (signo != 0)
		intr_die(signo);
	return status;
}
