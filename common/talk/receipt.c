/*
 * Receipts.
 */
#include "common/talk/receipt.h"

#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/jsontext.h"
#include "common/base/utctime.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/os/livefile.h"
#include "common/os/writeall.h"
#include "common/talk/log.h"

/*
 * Show that the file can be made, and leave nothing: who asks while the run lasts finds no
 * receipt, neither half of one nor that of the run before.
 */
static int
prepare_file(struct receipt *r, struct err *e)
{
	char *real = livefile_behind(r->path);
	sigset_t before;
	int fd = -1;

	intr_mask(&before);
	if (real != NULL) {
		r->part = xasprintf("%s.part", real);
		fd = open(r->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	}
	if (fd >= 0) {
		close(fd);
		unlink(r->part);
		unlink(real);
	} else {
		err_errno(e, "could not create \"%s\"", r->path);
	}
	intr_unmask(&before);
	free(real);
	return fd >= 0 ? 0 : -1;
}

static void
begin(struct receipt *r)
{
	clock_gettime(CLOCK_MONOTONIC, &r->started);
	r->began = time(NULL);
}

int
receipt_init(struct receipt *r, const char *path, struct err *e)
{
	*r = (struct receipt){.fd = -1, .sent = -1, .committed = RECEIPT_NO};
	begin(r);
	if (path == NULL)
		return 0;
	if (strcmp(path, "-") == 0) {
		if ((fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY)
			return err_set(e, EXIT_DATA, "standard output is not open for writing");
		r->path = xstrdup("standard output");
		r->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	} else {
		r->path = xstrdup(path);
		if (livefile_is(path))
			r->fd = livefile_open(path);
		else if (prepare_file(r, e) == 0)
			return 0;
	}
	if (r->fd >= 0)
		return 0;
	err_errno(e, "could not create \"%s\"", r->path);
	free(r->path); /* what cannot be written is said once */
	r->path = NULL;
	return -1;
}

void
receipt_state(struct receipt *r, const char *name, char *position)
{
	free(r->state);
	free(r->position);
	r->state = xstrdup(name);
	r->position = position;
}

char *
receipt_several(size_t n)
{
	return xasprintf("%zu relation%s", n, n == 1 ? "" : "s");
}

struct receipt_relation *
receipt_add(struct receipt *r, const char *relation)
{
	if (r->relations == NULL)
		r->relations = toldlist_new();
	r->nrelations++;
	return toldlist_add(r->relations, relation);
}

struct receipt_relation *
receipt_at(struct receipt *r, size_t i)
{
	return toldlist_at(r->relations, i);
}

static double
seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static json_t *
committed_json(enum receipt_committed c)
{
	if (c == RECEIPT_NOT_APPLICABLE)
		return json_null();
	if (c == RECEIPT_LOCALLY)
		return json_string("locally");
	return c == RECEIPT_UNKNOWN ? json_string("unknown") : json_boolean(c == RECEIPT_YES);
}

static json_t *
known(bool is_known, uint64_t n)
{
	return is_known ? json_integer((json_int_t)n) : json_null();
}

/* What becomes of rows is decided at the target; a source has only read them. */
static json_t *
counts_json(const struct receipt_relation *r, enum receipt_committed committed)
{
	if (committed == RECEIPT_NOT_APPLICABLE)
		return json_pack("{s:I}", "read", (json_int_t)r->read);
	return json_pack("{s:I, s:o, s:o, s:I, s:I, s:I, s:I}", "read", (json_int_t)r->read,
			 "inserted", known(!r->vague, r->inserted), "updated",
			 known(!r->vague, r->updated), "unchanged", (json_int_t)r->unchanged,
			 "skipped", (json_int_t)r->skipped, "rejected", (json_int_t)r->rejected,
			 "deleted", (json_int_t)r->deleted);
}

static json_t *
verified_json(const struct receipt_verified *v)
{
	return json_pack("{s:I, s:I, s:o, s:I}", "equal", (json_int_t)v->equal, "missing",
			 (json_int_t)v->missing, "extra", known(v->extras, v->extra),
			 "different", (json_int_t)v->different);
}

struct receipt_relation
receipt_all(const struct receipt *r)
{
	return (struct receipt_relation){
		.read = r->read,
		.inserted = r->inserted,
		.updated = r->updated,
		.unchanged = r->unchanged,
		.skipped = r->skipped,
		.rejected = r->rejected,
		.deleted = r->deleted,
		.vague = r->vague,
	};
}

static json_t *
rows_json(const struct receipt *r)
{
	const struct receipt_relation all = receipt_all(r);
	json_t *doc = counts_json(&all, r->committed);

	if (r->committed != RECEIPT_NOT_APPLICABLE && r->sent >= 0)
		json_object_set_new(doc, "sent", json_integer(r->sent));
	return doc;
}

static json_t *
digest_json(const char *hex)
{
	return hex[0] != '\0' ? json_string(hex) : json_null();
}

static json_t *
relation_json(const struct receipt_relation *one, enum receipt_committed committed)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "relation", jsontext(one->relation));
	json_object_set_new(doc, "rows", counts_json(one, committed));
	if (one->verified.done)
		json_object_set_new(doc, "verified", verified_json(&one->verified));
	json_object_set_new(doc, "bytes", json_integer((json_int_t)one->bytes));
	json_object_set_new(doc, "xxh3", digest_json(one->xxh3));
	json_object_set_new(doc, "rows_digest", digest_json(one->rows_digest));
	return doc;
}

static json_t *
relations_json(struct receipt *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < r->nrelations; i++)
		json_array_append_new(list, relation_json(receipt_at(r, i), r->committed));
	return list;
}

static json_t *
moment(time_t when)
{
	char text[UTCTIME_LEN + 1];

	utctime_text(when, text);
	return json_string(text);
}

/*
 * Not the details, which may quote a row's values.  Where another program has failed, only it
 * knows more.
 */
static json_t *
error_json(int status, const struct err *why)
{
	json_t *doc;

	if (why->code == EXIT_DONE && (status == EXIT_DONE || status == EXIT_REJECTS))
		return json_null();
	doc = json_object();
	json_object_set_new(doc, "message",
			    jsontext(why->code != EXIT_DONE
					     ? why->msg
					     : "the reason is told on standard error"));
	json_object_set_new(doc, "sqlstate",
			    jsontext(why->sqlstate[0] != '\0' ? why->sqlstate : NULL));
	if (why->cut)
		json_object_set_new(doc, "cut", json_true());
	return doc;
}

static json_t *
part_json(const struct receipt_part *p)
{
	json_t *doc = json_pack("{s:s, s:I, s:I, s:b, s:b}", "run", p->run, "number",
				(json_int_t)p->number, "of", (json_int_t)p->of, "already",
				(int)p->there, "published", (int)p->published);

	if (p->counted)
		json_object_set_new(doc, "rows", counts_json(&p->rows, RECEIPT_YES));
	return doc;
}

static json_t *
to_json(const struct receipt *r, int status, const struct err *why, double seconds)
{
	json_t *doc = json_pack("{s:s, s:s, s:s?, s:i, s:o, s:b}", "tool", log_program(),
				"version", PORTL_VERSION, "run", r->run, "status", status,
				"relation", jsontext(r->relation), "dry_run", r->dry_run);

	json_object_set_new(doc, "source", jsontext(r->source));
	json_object_set_new(doc, "target", jsontext(r->target));
	json_object_set_new(doc, "started", moment(r->began));
	json_object_set_new(doc, "finished", moment(r->began + (time_t)seconds));
	json_object_set_new(doc, "error", error_json(status, why));
	json_object_set_new(doc, "rows", rows_json(r));
	if (r->verified.done)
		json_object_set_new(doc, "verified", verified_json(&r->verified));
	json_object_set_new(doc, "bytes", json_integer((json_int_t)r->bytes));
	json_object_set_new(doc, "seconds", json_real(seconds));
	json_object_set_new(doc, "xxh3", digest_json(r->xxh3));
	json_object_set_new(doc, "rows_digest", digest_json(r->rows_digest));
	json_object_set_new(doc, "committed", committed_json(r->committed));
	if (r->replaced)
		json_object_set_new(doc, "replaced", json_true());
	if (r->of_run.run != NULL)
		json_object_set_new(doc, "part", part_json(&r->of_run));
	if (r->state != NULL)
		json_object_set_new(doc, "state",
				    json_pack("{s:o, s:o}", "name", jsontext(r->state),
					      "position", jsontext(r->position)));
	return doc;
}

/* The part's name is that of its place and ".part". */
static int
rename_part(const struct receipt *r)
{
	char *place = xstrndup(r->part, strlen(r->part) - strlen(".part"));
	int rc = rename(r->part, place);

	free(place);
	return rc;
}

#define ENOUGH ((size_t)1 << 16) /* bytes that are written at once */

static char *
dump(const json_t *doc)
{
	char *text = json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(6));

	return text != NULL ? text : xstrdup("{}");
}

/* The relations come last, one by one: there may be very many. */
static int
write_relations(struct receipt *r, int fd, struct buf *b)
{
	const char *comma = ",\"relations\":[";
	size_t i;

	for (i = 0; i < r->nrelations; i++) {
		json_t *doc = relation_json(receipt_at(r, i), r->committed);
		char *text = dump(doc);

		buf_addf(b, "%s%s", comma, text);
		comma = ",";
		free(text);
		json_decref(doc);
		if (b->len >= ENOUGH && writeall(fd, b->data, b->len) != 0)
			return -1;
		b->len = b->len >= ENOUGH ? 0 : b->len;
	}
	buf_addc(b, ']');
	return 0;
}

static int
write_line(struct receipt *r, int fd, const json_t *doc)
{
	struct buf b = BUF_INIT;
	char *text = dump(doc);
	int rc = 0;

	buf_add(&b, text, strlen(text) - 1);
	if (r->nrelations > 0)
		rc = write_relations(r, fd, &b);
	buf_adds(&b, "}\n");
	if (rc == 0)
		rc = writeall(fd, b.data, b.len);
	buf_release(&b);
	free(text);
	return rc;
}

/* A plain file is written when all of it is known, others at once. */
static void
keep_line(struct receipt *r, const json_t *doc)
{
	char *text = dump(doc);

	buf_addf(&r->before, "%s\n", text);
	free(text);
}

static int
write_summary(struct receipt *r, const json_t *doc, bool last, struct err *e)
{
	int rc = 0, fd = r->fd;
	sigset_t before;

	if (r->part != NULL && !last) {
		keep_line(r, doc);
		return 0;
	}
	if (r->part != NULL) {
		intr_mask(&before);
		fd = open(r->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	}
	if (last)
		r->fd = -1;
	if (fd < 0 || writeall(fd, r->before.data, r->before.len) != 0 ||
	    write_line(r, fd, doc) != 0)
		rc = err_errno(e, "could not write \"%s\"", r->path);
	if (last && fd >= 0 && close(fd) != 0 && rc == 0)
		rc = err_errno(e, "could not write \"%s\"", r->path);
	if (rc == 0 && r->part != NULL && rename_part(r) != 0)
		rc = err_errno(e, "could not write \"%s\"", r->path);
	if (rc != 0 && r->part != NULL)
		unlink(r->part);
	if (r->part != NULL)
		intr_unmask(&before);
	return rc;
}

static const char *
outcome(const struct receipt *r)
{
	return r->dry_run                        ? "rolled back (dry run)"
	       : r->committed == RECEIPT_YES     ? "committed"
	       : r->committed == RECEIPT_LOCALLY ? "committed, perhaps not replicated"
	       : r->committed == RECEIPT_UNKNOWN ? "outcome unknown"
						 : "nothing committed";
}

/* What became of no row is not said. */
static char *
as_line(const struct receipt *r, double seconds)
{
	const struct {
		const char *name;
		uint64_t n;
	} counts[] = {{"inserted or updated", r->vague ? r->inserted + r->updated : 0},
		      {"inserted", r->vague ? 0 : r->inserted},
		      {"updated", r->vague ? 0 : r->updated},
		      {"unchanged", r->unchanged},
		      {"skipped", r->skipped},
		      {"rejected", r->rejected},
		      {"deleted", r->deleted}};
	char sent[48] = "", became[280] = "";
	const char *name = r->relation != NULL ? r->relation : "query";
	double mb = (double)r->bytes / 1e6;
	size_t i, len = 0;

	if (r->verified.done)
		return xasprintf(
			"%s: %" PRIu64 " rows compared, %" PRIu64 " equal%s; %.1f MB, "
			"%.2f s",
			name, r->verified.equal + r->verified.missing + r->verified.different,
			r->verified.equal, r->verified.extras ? "" : ", others not looked for",
			mb, seconds);
	if (r->committed == RECEIPT_NOT_APPLICABLE)
		return xasprintf("%s: %" PRIu64 " rows read, %.1f MB, %.2f s", name, r->read,
				 mb, seconds);
	if (r->sent >= 0)
		snprintf(sent, sizeof(sent), "%" PRId64 " rows sent, ", r->sent);
	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (counts[i].n > 0)
			len += (size_t)snprintf(became + len, sizeof(became) - len,
						", %" PRIu64 " %s", counts[i].n,
						counts[i].name);
	return xasprintf("%s: %s%" PRIu64 " rows read%s; %.1f MB, %.2f s; %s", name, sent,
			 r->read, became, mb, seconds, outcome(r));
}

/* Of a pair that `portl run` has started, which has one receipt: not the one that knows how
 * it ends. */
static bool
is_half(const struct receipt *r)
{
	return r->committed == RECEIPT_NOT_APPLICABLE && !r->verified.done &&
	       getenv("PORTL_RUN") != NULL;
}

/* The log has every run's receipt (${doc}, taken), people those of runs that they watch. */
static void
tell(struct receipt *r, int status, json_t *doc, double seconds)
{
	char *line = as_line(r, seconds);

	if (r->nrelations > 0 && log_is_kept())
		json_object_set_new(doc, "relations", relations_json(r));
	json_object_del(doc, "tool");
	json_object_del(doc, "run");
	log_record("receipt", doc, "%s", line);
	if ((status == EXIT_DONE || status == EXIT_REJECTS) && !log_quiet() &&
	    (log_verbose() || r->dry_run || (isatty(STDERR_FILENO) && !is_half(r))))
		log_line("%s", line);
	free(line);
}

/* Rows that the sink says nothing of; of those of a run that has failed nothing is known. */
static void
balance(struct receipt *r)
{
	uint64_t told = r->inserted + r->updated + r->unchanged + r->skipped + r->rejected;
	size_t i;

	if (r->committed == RECEIPT_NOT_APPLICABLE)
		return;
	if (told < r->read)
		r->skipped += r->read - told;
	for (i = 0; i < r->nrelations; i++) {
		struct receipt_relation *one = receipt_at(r, i);

		told = one->inserted + one->updated + one->unchanged + one->skipped +
		       one->rejected;
		if (told < one->read)
			one->skipped += one->read - told;
	}
}

static int
print(struct receipt *r, int status, const struct err *why, bool last, struct err *e)
{
	double seconds = seconds_since(&r->started);
	json_t *doc;
	int rc;

	if (r->began == 0)
		return 0; /* a command line that is refused is no run */
	if (status == EXIT_DONE || status == EXIT_REJECTS)
		balance(r);
	doc = to_json(r, status, why, seconds);
	rc = r->path != NULL ? write_summary(r, doc, last, e) : 0;
	tell(r, status, doc, seconds);
	return rc;
}

int
receipt_print(struct receipt *r, int status, const struct err *why, struct err *e)
{
	return print(r, status, why, true, e);
}

int
receipt_next(struct receipt *r, int status, const struct err *why, struct err *e)
{
	int rc = print(r, status, why, false, e);

	receipt_forget(r);
	r->dry_run = false;
	r->of_run = (struct receipt_part){.run = NULL};
	begin(r);
	return rc;
}

void
receipt_forget(struct receipt *r)
{
	toldlist_free(r->relations);
	free(r->relation);
	r->relations = NULL;
	r->relation = NULL;
	r->nrelations = 0;
	r->read = r->inserted = r->updated = r->unchanged = r->skipped = r->rejected = 0;
	r->deleted = r->bytes = 0;
	r->vague = false;
	r->xxh3[0] = r->rows_digest[0] = '\0';
	r->committed = RECEIPT_NO;
}

void
receipt_release(struct receipt *r)
{
	if (r->fd >= 0)
		close(r->fd);
	receipt_forget(r);
	free(r->state);
	free(r->position);
	free(r->source);
	free(r->target);
	free(r->path);
	free(r->part);
	buf_release(&r->before);
}
