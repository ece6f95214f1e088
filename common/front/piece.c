/*
 * What passes by itself: a connection, a lock, a deadlock, a server that is restarted, a
 * process that was killed.  What does not: data, a table, a command line.
 */
#include "common/front/piece.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/os/tempfile.h"

#define READ_BYTES 4096
#define CANNOT_READ "could not read a temporary file"
#define SSH_FAILED 255 /* its status when the connection is at fault */

/* Beginnings of SQLSTATEs; appendix "PostgreSQL Error Codes" of its manual. */
static const char *const passing[] = {
	"08",    /* connection */
	"25P03", /* idle in transaction for too long */
	"25P04", /* transaction took too long */
	"40",    /* serialization, deadlock */
	"53",    /* disk, memory or connections are used up */
	"55006", /* the object is in use */
	"55P03", /* a lock is not to be had */
	"57",    /* the server is shut down or starts, somebody cancelled */
};

static bool
state_passes(const char *state)
{
	size_t i;

	for (i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (strncmp(state, passing[i], strlen(passing[i])) == 0)
			return true;
	return false;
}

static const char *
sqlstate_of(const json_t *receipt)
{
	const char *state = json_string_value(
		json_object_get(json_object_get(receipt, "error"), "sqlstate"));

	return state != NULL ? state : "";
}

/* A line broke. */
static bool
is_cut(const json_t *receipt)
{
	return json_is_true(json_object_get(json_object_get(receipt, "error"), "cut"));
}

/* It was killed, and not because nobody reads what it writes. */
static bool
is_killed(int upstream)
{
	return upstream > 128 && upstream != 128 + SIGPIPE;
}

bool
piece_passes(int status, const json_t *receipt, int upstream)
{
	if (status == 0 || status == EXIT_REJECTS)
		return false;
	if (status == EXIT_STREAM && upstream != EXIT_AGAIN && !is_killed(upstream) &&
	    !is_cut(receipt))
		return false; /* it is damaged, or of another version or part */
	if (status > 128 || status == EXIT_STREAM)
		return true; /* somebody was killed, or a line broke */
	return status == EXIT_AGAIN || status == EXIT_CONN || status == SSH_FAILED ||
	       upstream == EXIT_AGAIN || state_passes(sqlstate_of(receipt));
}

/* ---- starting ---- */

static int
open_files(struct piece *p, bool apart, struct err *e)
{
	p->out = tempfile_open(e);
	if (p->out < 0)
		return -1;
	if (apart)
		p->err = tempfile_open(e);
	return !apart || p->err >= 0 ? 0 : -1;
}

static void
add_parts(struct arglist *words, const struct partlist *parts)
{
	struct buf text = BUF_INIT;

	partlist_text(parts, &text);
	arglist_addf(words, "--part=%s", buf_cstr(&text));
	buf_release(&text);
}

int
piece_start(struct piece *p, struct front *f, struct planfile *pf, const char *snapshot,
	    bool apart, struct err *e)
{
	struct arglist extract = {.n = 0}, load = {.n = 0};
	struct crew_work left = CREW_WORK(f->extract, NULL), right = left;
	int rc;

	piece_reset(p);
	arglist_add(&extract, "portl-extract");
	arglist_addf(&extract, "--plan=%s", pf->path);
	add_parts(&extract, p->sent.n > 0 ? &p->sent : &p->parts);
	if (snapshot != NULL)
		arglist_addf(&extract, "--snapshot=%s", snapshot);
	arglist_join(&extract, &f->for_extract);
	right.program = planfile_words(pf, f, &load);
	add_parts(&load, &p->parts);
	arglist_add(&load, "--summary=-");
	rc = open_files(p, apart, e);
	left.argv = extract.words;
	left.preface = planfile_preface(pf, f);
	right.argv = load.words;
	right.out = p->out;
	left.err = right.err = p->err;
	left.keep[0] = right.keep[0] = pf->fd > 0 ? pf->fd : 0;
	if (rc == 0)
		rc = pair_start(f, &p->pair, left, right, e);
	arglist_release(&extract);
	arglist_release(&load);
	return rc;
}

/* ---- what has become of it ---- */

bool
piece_is_over(const struct piece *p)
{
	return p->pair.extract.pid == 0 && p->pair.load.pid == 0;
}

static int
read_from(int fd, off_t at, struct buf *text, struct err *e)
{
	ssize_t n;

	for (; (n = pread(fd, buf_reserve(text, READ_BYTES), READ_BYTES, at)) > 0; at += n)
		text->len += (size_t)n;
	return n == 0 ? 0 : err_errno(e, CANNOT_READ);
}

/* The next line of the receipts, if it is whole; no more is read of those behind it. */
static json_t *
read_receipt(struct piece *p, struct err *e)
{
	struct buf text = BUF_INIT;
	json_t *receipt = NULL;
	const char *end = NULL;
	ssize_t n = 1;

	while (end == NULL && n > 0) {
		n = pread(p->out, buf_reserve(&text, READ_BYTES), READ_BYTES,
			  p->read + (off_t)text.len);
		if (n > 0) {
			end = memchr(text.data + text.len, '\n', (size_t)n);
			text.len += (size_t)n;
		}
	}
	if (n < 0)
		err_errno(e, CANNOT_READ);
	if (end != NULL) {
		p->read += end + 1 - text.data;
		receipt = json_loadb(text.data, (size_t)(end - text.data), 0, NULL);
	}
	buf_release(&text);
	return receipt;
}

json_t *
piece_next(struct piece *p, struct err *e)
{
	json_t *receipt;
	int64_t at;

	if (p->receipt != NULL || p->parts.n == 0)
		return NULL;
	do { /* what is no receipt is another's, whose output is ours */
		at = p->read;
		receipt = read_receipt(p, e);
	} while (receipt == NULL && p->read > at);
	if (receipt != NULL &&
	    json_integer_value(json_object_get(receipt, "status")) != EXIT_DONE) {
		p->receipt = receipt;
		return NULL;
	}
	if (receipt != NULL)
		partlist_drop(&p->parts);
	return receipt;
}

int
piece_said(const json_t *receipt)
{
	if (receipt == NULL)
		return EXIT_AGAIN;
	return (int)json_integer_value(json_object_get(receipt, "status"));
}

void
piece_settle(struct piece *p)
{
	p->status = pair_status(&p->pair);
	/* whoever had not been read to its end may say what it likes */
	if (p->pair.load.status == EXIT_DONE)
		p->status = p->parts.n > 0 ? piece_said(p->receipt) : EXIT_DONE;
	p->again = piece_passes(p->status, p->receipt, p->pair.extract.status);
}

int
piece_messages(const struct piece *p, struct buf *text, struct err *e)
{
	return p->err >= 0 ? read_from(p->err, 0, text, e) : 0;
}

int
piece_receipts(const struct piece *p, struct buf *text, struct err *e)
{
	return p->out >= 0 ? read_from(p->out, 0, text, e) : 0;
}

bool
piece_is_there(const json_t *receipt)
{
	return json_is_true(json_object_get(json_object_get(receipt, "part"), "already"));
}

static const char *
message_of(const json_t *receipt)
{
	return json_string_value(json_object_get(json_object_get(receipt, "error"), "message"));
}

/*
 * invalid_parameter_value, and portl-extract says of which parameter; or a part has come by
 * another snapshot since we have asked what is there, brought by what a front end that was
 * killed had begun.
 */
bool
piece_lacks_snapshot(const struct piece *p)
{
	const char *text = message_of(p->receipt);

	if (text == NULL)
		return false;
	return (strcmp(sqlstate_of(p->receipt), "22023") == 0 &&
		strstr(text, "--snapshot: ") != NULL) ||
	       strstr(text, "were read by different snapshots") != NULL;
}

bool
piece_is_committed(const struct piece *p)
{
	return json_is_true(json_object_get(p->receipt, "committed"));
}

int
piece_why(const struct piece *p, const char *name, struct err *e)
{
	const char *text = message_of(p->receipt);

	err_set(e, (enum exit_code)p->status, "%s: %s", name,
		text != NULL ? text : "could not be brought");
	snprintf(e->sqlstate, sizeof(e->sqlstate), "%s", sqlstate_of(p->receipt));
	return -1;
}

uint64_t
piece_count(const json_t *receipt, const char *member)
{
	const json_t *value = json_object_get(json_object_get(receipt, "rows"), member);
	json_int_t n;

	if (value == NULL)
		value = json_object_get(receipt, member);
	n = json_integer_value(value);
	return n > 0 ? (uint64_t)n : 0;
}

void
piece_reset(struct piece *p)
{
	struct partlist parts = p->parts, sent = p->sent;

	if (p->out >= 0)
		close(p->out);
	if (p->err >= 0)
		close(p->err);
	json_decref(p->receipt);
	*p = PIECE_INIT;
	p->parts = parts;
	p->sent = sent;
}

void
piece_release(struct piece *p)
{
	piece_reset(p);
	partlist_release(&p->parts);
	partlist_release(&p->sent);
}
