/*
 * The reject file.  Rows that COPY refused wait in a temporary file, those that
 * the INSERT refused in a temporary table, until the batch is done; both are in
 * stream order, and are merged.
 */
#include "load/rejects/rejects.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/jsontext.h"
#include "common/base/shown.h"
#include "common/base/xalloc.h"
#include "common/os/livefile.h"
#include "common/os/tempfile.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/rows/pgcopy.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/stream/output.h"
#include "common/stream/stream_writer.h"
#include "common/talk/log.h"
#include "load/match/plan.h"

#define TOLD 100                  /* rows whose reasons are on standard error */
#define FETCH ((size_t)64 * 1024) /* bytes asked for at once */

/* In front of each row that was set aside. */
struct spooled {
	uint64_t n; /* the row's number in its batch */
	size_t len; /* bytes */
};

struct rejects {
	const char *path; /* borrowed */
	int64_t max;      /* rows; -1: as many as there are */
	uint64_t rows;    /* refused so far */
	uint64_t noted;   /* of these, those that FILE has */
	struct output *out;
	bool live;                    /* what is written is seen at once */
	struct stream_writer *writer; /* of the current stream */
	struct header *header;        /* of that, if it is of no set; owned */
	struct manifest *set;         /* of the streams, or NULL; owned */
	size_t begun;                 /* streams of the set */
	bool binary;                  /* of the current stream's rows */
	bool ended;                   /* the end document is written */
	uint64_t resume;              /* ended: where rows would go on, in bytes */
	uint64_t stored, committed;   /* bytes on disk; of these, bytes that are true */
	bool published;
	char *file; /* published: FILE behind symbolic links */
	char *old;  /* published: another name of what FILE was before, or NULL */
	FILE *spool;
	struct spooled next; /* the first row in the spool that is not yet read */
	struct buf row;
	int (*left_out)(void *watcher, uint64_t n, struct err *e); /* or NULL */
	void *watcher;                                             /* borrowed */
};

/* What FILE was before must be there again if COMMIT fails. */
static int
keep_old(struct rejects *rj, struct err *e)
{
	rj->file = livefile_behind(rj->path);
	if (rj->file == NULL && errno == ENOMEM)
		xalloc_failed();
	if (rj->file == NULL)
		return err_errno(e, "could not open \"%s\"", rj->path);
	if (access(rj->file, F_OK) != 0 && errno == ENOENT)
		return 0; /* there is none */
	rj->old = xasprintf("%s.%ld.old", rj->file, (long)getpid());
	if (link(rj->file, rj->old) == 0)
		return 0;
	err_errno(e, "could not keep \"%s\" as \"%s\"", rj->file, rj->old);
	free(rj->old);
	rj->old = NULL;
	return -1;
}

/* What cannot be kept is refused before any work is done, not behind it. */
static int
try_keep(struct rejects *rj, struct err *e)
{
	int rc = rj->live ? 0 : keep_old(rj, e);

	if (rj->old != NULL)
		unlink(rj->old);
	free(rj->old);
	free(rj->file);
	rj->old = rj->file = NULL;
	return rc;
}

struct rejects *
rejects_open(const char *path, int64_t max, struct err *e)
{
	struct rejects *rj = xcalloc(1, sizeof(*rj));

	rj->path = path;
	rj->max = max;
	rj->live = output_is_live(path);
	rj->ended = true;
	rj->out = output_open(path, e);
	if (rj->out == NULL || try_keep(rj, e) != 0)
		goto failed;
	rj->spool = tempfile_stream(e);
	if (rj->spool != NULL)
		return rj;
failed:
	rejects_free(rj);
	return NULL;
}

/* ---- the streams in FILE ---- */

/* The columns of a plain PGCOPY file are the table's. */
static void
describe(const struct plan *p, struct schema *s)
{
	size_t i;

	for (i = 0; i < p->ncolumns; i++) {
		const struct relation_column *rc = &p->rel->columns[p->columns[i].position];

		schema_add_column(s, rc->name, rc->type, rc->base);
	}
}

/* The stream's own header, but for what is true of that stream only. */
static struct header *
make_header(const struct plan *p)
{
	struct header *h = header_new();

	h->values = p->text ? HEADER_TEXT : HEADER_BINARY;
	h->partial = HEADER_PARTIAL_REJECTS;
	if (p->header == NULL) {
		describe(p, &h->schema);
	} else {
		schema_release(&h->schema);
		schema_copy(&h->schema, p->schema);
		h->producer = p->header->producer;
		h->run = p->header->run;
		h->server_version = p->header->server_version;
	}
	if (h->schema.relation.name == NULL)
		relname_set(&h->schema.relation, p->target.schema, p->target.name);
	return h;
}

static void
new_writer(struct rejects *rj, bool ndjson)
{
	stream_writer_free(rj->writer);
	rj->writer = stream_writer_new(rj->out, ndjson ? STREAM_NDJSON : STREAM_BINARY, 0);
}

int
rejects_expect(struct rejects *rj, const char *id, const struct plan *const *plans, size_t n,
	       bool ndjson, struct err *e)
{
	size_t i;

	rj->set = manifest_new(id);
	for (i = 0; i < n; i++)
		manifest_add(rj->set, make_header(plans[i]));
	new_writer(rj, ndjson);
	return stream_writer_manifest(rj->writer, rj->set, e);
}

int
rejects_begin(struct rejects *rj, const struct plan *plan, bool ndjson, struct err *e)
{
	const struct header *header;

	rj->binary = !plan->text;
	rj->ended = false;
	if (rj->set != NULL) {
		header = manifest_header(rj->set, rj->begun++);
	} else {
		new_writer(rj, ndjson);
		header_free(rj->header);
		header = rj->header = make_header(plan);
	}
	return stream_writer_begin(rj->writer, header, e);
}

int
rejects_end(struct rejects *rj, struct err *e)
{
	if (rj->ended)
		return 0;
	if (stream_writer_flush(rj->writer, e) != 0)
		return -1;
	rj->resume = output_bytes(rj->out);
	rj->ended = true;
	return stream_writer_end(rj->writer, e);
}

/* Row ${n} of the batch. */
static int
write_row(struct rejects *rj, uint64_t n, const char *data, size_t len, struct err *e)
{
	if (rj->left_out != NULL && rj->left_out(rj->watcher, n, e) != 0)
		return -1;
	if (rj->ended && output_rewind(rj->out, rj->resume, e) != 0)
		return -1;
	rj->ended = false;
	return stream_writer_rows(rj->writer, data, len, 1, NULL, e);
}

/* ---- reasons ---- */

/*
 * What is not about a row: the connection (08), the state of the transaction (25), a deadlock
 * (40), resources (53), a lock held too long (55P03), an administrator (57), the system (58).
 * 22P04 says that COPY data is malformed.
 */
bool
rejects_is_for(const struct err *why)
{
	static const char *const others[] = {"08",    "25", "40", "53",
					     "55P03", "57", "58", "22P04"};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncmp(why->sqlstate, others[i], strlen(others[i])) == 0)
			return false;
	return why->code == EXIT_DATA && why->sqlstate[0] != '\0';
}

/* What a program wants to know of a row that is refused. */
static json_t *
facts(uint64_t row, const char *column, const struct err *why)
{
	json_t *doc = json_pack("{s:I, s:s}", "row", (json_int_t)row, "sqlstate",
				why->sqlstate);

	json_object_set_new(doc, "reason", jsontext(why->msg));
	if (why->detail != NULL)
		json_object_set_new(doc, "detail", jsontext(why->detail));
	if (column != NULL)
		json_object_set_new(doc, "column", jsontext(column));
	if (why->constraint != NULL)
		json_object_set_new(doc, "constraint", jsontext(why->constraint));
	return doc;
}

/* One more is refused: is that one too many? */
static int
count(struct rejects *rj, uint64_t row, const struct err *why, struct err *e)
{
	rj->rows++;
	if (rj->max < 0 || rj->rows <= (uint64_t)rj->max)
		return 0;
	err_set(e, EXIT_DATA, "more than %" PRId64 " rows are refused (--max-rejects)",
		rj->max);
	return err_detail(e, "The last one is row %" PRIu64 ": %s", row, why->msg);
}

int
rejects_note(struct rejects *rj, const char *input, uint64_t row, const char *column,
	     const struct err *why, struct err *e)
{
	if (column == NULL)
		column = why->column;
	log_warning_event("reject", facts(row, column, why), rj->noted++ < TOLD,
			  "%s:%" PRIu64 ": rejected: %s%s%s%s (%s)", input, row,
			  column != NULL ? "column \"" : "", column != NULL ? column : "",
			  column != NULL ? "\": " : "", why->msg, why->sqlstate);
	return count(rj, row, why, e);
}

/* The line as text: what is no UTF-8 or would move a terminal's cursor is written out. */
static char *
line_text(const char *line, size_t len)
{
	struct buf text = BUF_INIT;
	char *copy, *part;
	size_t left = len < REJECTS_LINE ? len : REJECTS_LINE;

	copy = xmalloc(left + 1);
	memcpy(copy, line, left);
	copy[left] = '\0';
	for (part = copy; strlen(part) < left; part += strlen(part) + 1) {
		shown_add_name(&text, part);
		buf_adds(&text, "\\u0000");
		left -= strlen(part) + 1;
	}
	shown_add_name(&text, part);
	free(copy);
	return buf_detach(&text);
}

int
rejects_note_line(struct rejects *rj, const char *input, uint64_t row, const char *line,
		  size_t len, const struct err *why, struct err *e)
{
	char *text = line_text(line, len);
	json_t *doc = json_pack("{s:I, s:s, s:I}", "row", (json_int_t)row, "line", text,
				"line_bytes", (json_int_t)len);

	json_object_set_new(doc, "reason", jsontext(why->msg));
	log_keep_event("reject", doc, "%s:%" PRIu64 ": rejected: %s\n%s", input, row, why->msg,
		       text);
	free(text);
	return count(rj, row, why, e);
}

/* ---- the rows of a batch ---- */

int
rejects_spool(struct rejects *rj, uint64_t n, const char *data, size_t len, struct err *e)
{
	struct spooled head = {.n = n, .len = len};

	if (fwrite(&head, sizeof(head), 1, rj->spool) != 1 ||
	    (len > 0 && fwrite(data, len, 1, rj->spool) != 1))
		return err_errno(e, "could not write a temporary file");
	return 0;
}

/* The number of the next row that was set aside, or UINT64_MAX behind the last. */
static int
spool_next(struct rejects *rj, struct err *e)
{
	if (fread(&rj->next, sizeof(rj->next), 1, rj->spool) == 1)
		return 0;
	rj->next.n = UINT64_MAX;
	return ferror(rj->spool) ? err_errno(e, "could not read a temporary file") : 0;
}

/* Write the rows that were set aside and come before row ${n}. */
static int
spool_write(struct rejects *rj, uint64_t n, struct err *e)
{
	struct buf row = BUF_INIT;
	int rc = 0;

	while (rc == 0 && rj->next.n < n) {
		if (fread(buf_reserve(&row, rj->next.len + 1), 1, rj->next.len, rj->spool) !=
		    rj->next.len)
			rc = err_errno(e, "could not read a temporary file");
		if (rc == 0)
			rc = write_row(rj, rj->next.n, row.data, rj->next.len, e);
		if (rc == 0)
			rc = spool_next(rj, e);
	}
	buf_release(&row);
	return rc;
}

/* A tuple of COPY binary whose first field is the number. */
static int
take_tuple(struct rejects *rj, const char *p, size_t len, struct err *e)
{
	const size_t head = 2 + 4 + 8; /* field count, length of the first field, it */
	struct buf row = BUF_INIT;
	uint64_t n;
	int rc;

	if (len < head)
		return 0; /* the trailer */
	n = (uint64_t)pgcopy_get32(p + 6) << 32 | pgcopy_get32(p + 10);
	rc = spool_write(rj, n, e);
	if (rc == 0) {
		pgcopy_put16(&row, (uint16_t)(pgcopy_get16(p) - 1));
		buf_add(&row, p + head, len - head);
		rc = write_row(rj, n, row.data, row.len, e);
	}
	buf_release(&row);
	return rc;
}

/* A row of COPY text whose first field is the number. */
static int
take_line(struct rejects *rj, const char *p, size_t len, struct err *e)
{
	const char *tab = memchr(p, '\t', len);
	const char *rest = tab != NULL ? tab + 1 : p + len - 1;
	uint64_t n = strtoull(p, NULL, 10);

	if (spool_write(rj, n, e) != 0)
		return -1;
	return write_row(rj, n, rest, (size_t)(p + len - rest), e);
}

/*
 * The next message of the COPY, in one piece: a row behind ${head} bytes.  One that is as
 * long as what is fetched at once looks like one that goes on.
 */
static enum db_row
fetch(struct rejects *rj, struct db *db, size_t head, struct err *e)
{
	struct buf *row = &rj->row;
	enum db_row got;
	size_t len;
	int whole = 1;

	row->len = 0;
	do {
		got = db_copy_out_get(db, buf_reserve(row, FETCH), FETCH, &len, -1, e);
		if (got != DB_ROW)
			return got;
		row->len += len;
		if (len == FETCH)
			whole = rj->binary ? pgcopy_is_tuple(row->data + head, row->len - head,
							     -1, e)
					   : row->data[row->len - 1] == '\n';
	} while (len == FETCH && whole == 0);
	return whole < 0 ? DB_ROW_FAILED : DB_ROW;
}

void
rejects_watch(struct rejects *rj, int (*left_out)(void *watcher, uint64_t n, struct err *e),
	      void *watcher)
{
	rj->left_out = left_out;
	rj->watcher = watcher;
}

/* Those in the temporary table, each behind what was set aside before it. */
static int
gather_staged(struct rejects *rj, struct db *db, const char *sql, struct err *e)
{
	size_t head = rj->binary ? PGCOPY_PREAMBLE_LEN : 0; /* of the first row */
	enum db_row got;

	if (db_copy_out(db, e, sql) != 0)
		return -1;
	while ((got = fetch(rj, db, head, e)) == DB_ROW) {
		const char *p = rj->row.data + head;
		size_t len = rj->row.len - head;

		head = 0;
		if ((rj->binary ? take_tuple(rj, p, len, e) : take_line(rj, p, len, e)) != 0)
			return -1;
	}
	return got == DB_ROWS_END ? 0 : -1;
}

int
rejects_gather(struct rejects *rj, struct db *db, const char *sql, struct err *e)
{
	if (fflush(rj->spool) != 0)
		return err_errno(e, "could not write a temporary file");
	rewind(rj->spool);
	if (spool_next(rj, e) != 0 || (sql != NULL && gather_staged(rj, db, sql, e) != 0) ||
	    spool_write(rj, UINT64_MAX, e) != 0)
		return -1;
	rewind(rj->spool);
	return ftruncate(fileno(rj->spool), 0) == 0
		       ? 0
		       : err_errno(e, "could not empty a temporary file");
}

/* ---- on disk ---- */

static int
publish(struct rejects *rj, struct err *e)
{
	rj->published = true;
	return output_finish(rj->out, e);
}

/* Where both are names of one file still, rename() leaves both. */
static void
take_back(struct rejects *rj)
{
	bool back = rj->old != NULL ? rename(rj->old, rj->file) == 0
				    : unlink(rj->file) == 0 || errno == ENOENT;

	if (!back)
		log_warning("\"%s\" means nothing, for nothing is committed, but could not be "
			    "removed: %s",
			    rj->file, strerror(errno));
	else if (rj->old != NULL)
		unlink(rj->old);
	free(rj->old);
	rj->old = NULL;
}

int
rejects_store(struct rejects *rj, bool last, struct err *e)
{
	if (rejects_end(rj, e) != 0 || output_sync(rj->out, e) != 0)
		return -1;
	rj->stored = output_bytes(rj->out);
	if (!last)
		return 0;
	if (!rj->live && keep_old(rj, e) != 0)
		return -1;
	if (publish(rj, e) == 0)
		return 0;
	if (!rj->live)
		take_back(rj);
	return -1;
}

void
rejects_settle(struct rejects *rj, bool committed)
{
	if (committed) {
		rj->committed = rj->stored;
		if (rj->old != NULL)
			unlink(rj->old);
	} else if (rj->published && !rj->live) {
		take_back(rj);
	}
}

int
rejects_finish(struct rejects *rj, struct err *e)
{
	return rj->published ? 0 : publish(rj, e);
}

void
rejects_rescue(struct rejects *rj)
{
	struct err e = ERR_INIT;

	if (rj->published || rj->committed == 0)
		return;
	if (output_rewind(rj->out, rj->committed, &e) != 0 || publish(rj, &e) != 0)
		log_warning("%s", e.msg);
	err_release(&e);
}

/* A run that refuses a million rows would fill a mail with them. */
static void
tell_others(const struct rejects *rj)
{
	if (rj->noted > TOLD && !log_verbose() && !log_is_json())
		log_warning("%" PRIu64 " more rows are rejected; %s", rj->noted - TOLD,
			    log_is_kept() ? "the log has the reason of each"
					  : "-v prints the reason of each, -L FILE logs it");
}

void
rejects_free(struct rejects *rj)
{
	if (rj == NULL)
		return;
	tell_others(rj);
	stream_writer_free(rj->writer);
	manifest_free(rj->set);
	header_free(rj->header);
	output_free(rj->out);
	if (rj->spool != NULL)
		fclose(rj->spool);
	buf_release(&rj->row);
	free(rj->old);
	free(rj->file);
	free(rj);
}
