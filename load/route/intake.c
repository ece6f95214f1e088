/*
 * A part is a subtransaction, and a transaction with more than 64 of them slows every snapshot
 * that the server takes.  So parts grow with the bytes in which no row was refused: 60 parts
 * hold more than 10 TB then.  Where one row in 1,000 of 160 bytes is refused there is one for
 * each 20 kB.
 */
#include "load/route/intake.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/pg/db.h"
#include "common/stream/stream_chunk.h"
#include "load/match/plan.h"
#include "load/rejects/rejects.h"
#include "load/route/copied.h"
#include "load/route/feed.h"
#include "load/route/kept.h"
#include "load/route/route.h"
#include "load/route/staged.h"
#include "load/stage/plan_stage.h"

#define PART_MIN ((off_t)4 << 20)   /* bytes of a part that goes as it comes */
#define PART_MAX ((off_t)256 << 10) /* of one that does not */
#define AHEAD 32                    /* parts that are announced at once, at most */
/* bytes without a refused row, behind which they go as they come again */
#define CALM ((off_t)16 << 20)
/* bytes that are loaded in the time of a part's statements, and in a ms */
#define COST ((off_t)2500)
#define COST_MS ((off_t)25000)
/* bytes sent in vain that do not count yet */
#define VAIN ((off_t)1 << 20)
/* of rows that COPY writes at once (MAX_BUFFERED_BYTES) */
#define COPY_BYTES ((off_t)64 << 10)
#define NEXT_PART "RELEASE SAVEPOINT portl_copy; SAVEPOINT portl_copy; "

void
intake_init(struct intake *in, struct rejects *rejects)
{
	*in = (struct intake){.rejects = rejects, .answer = -1, .refused = ERR_INIT};
	kept_init(&in->kept);
	gaps_init(&in->gaps);
}

void
intake_release(struct intake *in)
{
	kept_release(&in->kept);
	gaps_release(&in->gaps);
	err_release(&in->refused);
}

/* ---- sending ---- */

/*
 * Begin a part.  The statements of ${ahead} parts are one message, so that the server says in
 * one answer that it has a part and waits for the next.  The numbers of staged rows are not
 * undone by ROLLBACK, and some may be left out.
 */
static int
begin_copy(struct intake *in, struct route *r, unsigned ahead, struct err *e)
{
	static const char *const savepoints[] = {
		[INTAKE_NO_SAVEPOINT] = "SAVEPOINT portl_copy; ",
		[INTAKE_KEPT] = NEXT_PART,
		[INTAKE_UNDONE] = "ROLLBACK TO SAVEPOINT portl_copy; ",
	};
	const char *copy = r->plan->sql[in->staged ? SQL_STAGE_COPY : SQL_COPY];
	struct buf sql = BUF_INIT;
	int64_t asked, took;
	int rc;

	if (in->ahead > 0)
		return 0; /* it waits for rows already */
	buf_adds(&sql, savepoints[in->savepoint]);
	if (in->staged)
		buf_addf(&sql, "%s%" PRIu64 ", false); ", r->plan->sql[SQL_NUMBER],
			 in->base + 1);
	buf_adds(&sql, copy);
	for (in->ahead = 1; in->ahead < ahead; in->ahead++) {
		buf_adds(&sql, "; " NEXT_PART);
		buf_adds(&sql, copy);
	}
	asked = db_clock();
	rc = feed_begin(&r->feed, r->db, buf_cstr(&sql), r->plan->text, e);
	took = db_clock() - asked;
	if (in->answer < 0 || took < in->answer)
		in->answer = took;
	buf_release(&sql);
	in->savepoint = INTAKE_UNDONE;
	return rc;
}

static int
send_file(struct intake *in, struct route *r, off_t to, struct err *e)
{
	off_t from = in->kept.start;

	while (from < to) {
		ssize_t n = kept_read(&in->kept, from, to, e);

		if (n < 0 || feed_write(&r->feed, in->kept.block, (size_t)n, e) != 0)
			return -1;
		from += n;
	}
	return 0;
}

static int
end_copy(struct intake *in, struct route *r, const struct kept_run *run, struct err *e)
{
	uint64_t taken;

	if ((in->ahead > 1 ? feed_next : feed_end)(&r->feed, &taken, e) != 0)
		return -1;
	in->ahead--;
	if (in->ahead == 0)
		in->savepoint = INTAKE_KEPT;
	if (taken == run->rows)
		return 0;
	return err_set(e, EXIT_DATA,
		       "%" PRIu64 " rows were sent, but the server counts %" PRIu64, run->rows,
		       taken);
}

/*
 * Where does COPY say that it was?  In ${line} is 0 if it might be anywhere.  False if that is
 * at no row.
 */
static bool
find_line(struct intake *in, const struct route *r, uint64_t *line, char **column)
{
	bool sure = true, found;

	*column = NULL;
	found = in->staged ? staged_where(r, &in->refused, line, column)
			   : copied_where(r, &in->refused, line, column, &sure);
	if (!sure) {
		*line = 0;
		free(*column);
		*column = NULL;
	}
	return found;
}

/* What COPY has said is no row's fault. */
static int
fail(struct intake *in, const struct route *r, struct err *e)
{
	uint64_t line = 0;
	char *column;
	bool found = find_line(in, r, &line, &column);

	err_take(e, &in->refused);
	if (found && line > 0)
		route_at(r, in->base + line, column, e);
	free(column);
	return -1;
}

static int
check_refused(struct intake *in, const struct route *r, struct err *e)
{
	return rejects_is_for(&in->refused) ? 0 : fail(in, r, e);
}

/* Does COPY take these rows?  1, 0 (in->refused says why), -1. */
static int
takes(struct intake *in, struct route *r, const struct kept_run *run, unsigned ahead,
      struct err *e)
{
	struct err why = ERR_INIT;

	if (begin_copy(in, r, ahead, e) != 0)
		return -1;
	if (send_file(in, r, run->to, &why) == 0 && end_copy(in, r, run, &why) == 0)
		return 1;
	in->ahead = 0;
	err_take(&in->refused, &why);
	return check_refused(in, r, e);
}

/* ---- the row that is refused ---- */

/* Up to which row to try next, if up to ${good} are taken and up to ${bad} one is refused. */
static uint64_t
choose(uint64_t good, uint64_t bad, uint64_t line)
{
	if (bad - good < 2)
		return bad; /* so that it says why */
	if (good + 1 < line && line <= bad)
		return line - 1;
	return good + 1 == line ? line : good + (bad - good) / 2;
}

/*
 * COPY writes many rows at once, and only then are they found to be too large for a page
 * (class 54): the row that it names is the last one of them.  The one that it means is the
 * last of the fewest rows that it does not take, perhaps the one on ${line}.  Returns 0 with
 * those before it in ${run}, or 1 if the rows in ${run} are taken now, or -1.
 */
static int
find_large(struct intake *in, struct route *r, struct kept_run *run, uint64_t line,
	   struct err *e)
{
	uint64_t good = 0, bad = run->rows, next;
	int rc;

	in->vain += run->to - in->kept.start;
	do {
		next = choose(good, bad, line);
		if (kept_measure(&in->kept, next, in->kept.whole, run, e) != 0)
			return -1;
		rc = takes(in, r, run, 1, e);
		if (rc < 0 || (rc > 0 && next == bad))
			return rc;
		in->savepoint = INTAKE_UNDONE;
		in->vain += run->to - in->kept.start;
		if (rc == 0 && next == bad)
			return kept_measure(&in->kept, good, in->kept.whole, run, e);
		if (rc > 0)
			good = next;
		else
			bad = next;
	} while (true);
}

/* Is the row that is named not the one, or none of the run's? */
static bool
is_vague(const struct intake *in, const struct kept_run *run, uint64_t line, const char *column)
{
	const struct err *why = &in->refused;

	return line == 0 || line > run->rows ||
	       (strncmp(why->sqlstate, "54", 2) == 0 && column == NULL &&
		why->constraint == NULL);
}

/*
 * Rows up to ${sent} were sent, and the one behind ${before} is refused.  An index refuses it
 * when all that COPY writes at once are in the table.
 */
static void
count_vain(struct intake *in, const struct kept_run *before, off_t sent)
{
	off_t rest = sent - before->to;
	bool written = strcmp(in->refused.sqlstate, "23505") == 0 ||
		       strcmp(in->refused.sqlstate, "23P01") == 0;

	in->vain += before->to - in->kept.start;
	if (written)
		in->vain += rest < COPY_BYTES ? rest : COPY_BYTES;
}

/* COPY has refused one of the run's rows: as find_large(). */
static int
find_refused(struct intake *in, struct route *r, struct kept_run *run, char **column,
	     struct err *e)
{
	off_t sent = run->to;
	uint64_t line = 0;

	free(*column);
	if (!find_line(in, r, &line, column))
		return fail(in, r, e);
	if (is_vague(in, run, line, *column))
		return find_large(in, r, run, line, e);
	if (kept_measure(&in->kept, line - 1, in->kept.whole, run, e) != 0)
		return -1;
	count_vain(in, run, sent);
	return 0;
}

static int
set_aside(struct intake *in, uint64_t n, off_t to, struct err *e)
{
	struct buf row = BUF_INIT;
	off_t from = in->kept.start;
	ssize_t got = 0;
	int rc;

	for (; from < to && got >= 0; from += got) {
		got = kept_read(&in->kept, from, to, e);
		buf_add(&row, in->kept.block, got > 0 ? (size_t)got : 0);
	}
	rc = got < 0 ? -1 : rejects_spool(in->rejects, n, row.data, row.len, e);
	buf_release(&row);
	return rc;
}

static void
pass(struct intake *in, const struct kept_run *run)
{
	in->since += run->to - in->kept.start;
	in->base += run->rows;
	kept_pass(&in->kept, run);
}

/* These rows are in. */
static void
have(struct intake *in, const struct kept_run *run)
{
	if (!in->staged) {
		in->written += run->rows;
		in->passed += run->to - in->kept.start;
	}
	pass(in, run);
}

/* The first row that is not settled is the one. */
static int
leave_out(struct intake *in, struct route *r, const char *column, struct err *e)
{
	struct kept_run run;

	if (kept_measure(&in->kept, 1, in->kept.whole, &run, e) != 0 ||
	    set_aside(in, in->base + 1, run.to, e) != 0 ||
	    route_reject(r, in->base + 1, column, &in->refused, e) != 0)
		return -1;
	err_release(&in->refused);
	pass(in, &run);
	in->apart = in->apart == 0 ? in->since : (3 * in->apart + in->since) / 4;
	in->since = 0;
	return 0;
}

/* ---- parts ---- */

static bool
is_calm(const struct intake *in)
{
	return in->apart == 0 || in->since >= CALM;
}

/* Bytes from one row that is refused to the next, as it seems. */
static off_t
distance(const struct intake *in)
{
	return in->apart > in->since ? in->apart : in->since;
}

/* Bytes of a part.  Of the rows before one that is refused, half a part's are sent again. */
static off_t
part_size(const struct intake *in)
{
	off_t cost = COST + COST_MS * (in->answer > 0 ? (off_t)in->answer : 0), size = 512;

	if (is_calm(in))
		return in->since / 4 > PART_MIN ? in->since / 4 : PART_MIN;
	while (size < PART_MAX && size * size / cost < distance(in))
		size += size / 4;
	return size;
}

/* How many are likely to be taken before one is not. */
static unsigned
parts_ahead(const struct intake *in)
{
	off_t n = distance(in) / part_size(in) + 1;

	return n < AHEAD ? (unsigned)n : AHEAD;
}

/*
 * Settle the run's rows, or if one of them is refused that one and those before it.  With
 * ${refused} they are followed by one that is, if they are not, in ${column}, which is freed.
 * Behind a row that is left out staged rows are numbered anew, which no part does that was
 * announced before.
 */
static int
settle(struct intake *in, struct route *r, struct kept_run *run, bool refused, char *column,
       struct err *e)
{
	int rc;

	do {
		unsigned ahead = in->staged && refused ? 1 : parts_ahead(in);

		rc = run->rows > 0 ? takes(in, r, run, ahead, e) : 1;
		if (rc != 0)
			break;
		rc = find_refused(in, r, run, &column, e);
		refused = rc == 0;
	} while (refused);
	if (rc > 0) {
		have(in, run);
		if (!refused)
			err_release(&in->refused);
		rc = refused ? leave_out(in, r, column, e) : 0;
	}
	free(column);
	return rc;
}

/* COPY has refused a part that went as it came, perhaps for a row that is not whole yet. */
static int
give_up_stream(struct intake *in, struct route *r, struct err *e)
{
	struct kept_run run = {in->kept.rows, in->kept.whole};
	uint64_t line = 0;
	char *column;

	in->streams = false;
	in->ahead = 0;
	if (!find_line(in, r, &line, &column))
		return fail(in, r, e);
	if (!is_vague(in, &run, line, column)) {
		if (kept_measure(&in->kept, line - 1, in->kept.whole, &run, e) != 0) {
			free(column);
			return -1;
		}
		count_vain(in, &run, in->kept.whole);
		return settle(in, r, &run, true, column, e);
	}
	free(column);
	err_release(&in->refused);
	in->vain += in->kept.whole - in->kept.start;
	return settle(in, r, &run, false, NULL, e);
}

static int
begin_stream(struct intake *in, struct route *r, struct err *e)
{
	if (begin_copy(in, r, 1, e) != 0)
		return -1;
	in->streams = true;
	return send_file(in, r, in->kept.end, &in->refused) == 0 ? 0 : check_refused(in, r, e);
}

/* The COPYs that are announced still have no rows. */
static int
close_parts(struct intake *in, struct route *r, struct err *e)
{
	static const char *const ends[] = {
		[INTAKE_KEPT] = "RELEASE SAVEPOINT portl_copy",
		[INTAKE_UNDONE] = "ROLLBACK TO SAVEPOINT portl_copy; "
				  "RELEASE SAVEPOINT portl_copy",
	};
	const struct kept_run none = {0, in->kept.start};
	const char *sql;

	while (in->ahead > 0)
		if (end_copy(in, r, &none, e) != 0)
			return -1;
	sql = ends[in->savepoint];
	in->savepoint = INTAKE_NO_SAVEPOINT;
	return sql != NULL ? db_exec(r->db, e, "%s", sql) : 0;
}

/* Would it cost less to stage the rows, as the target has taken them so far? */
static bool
is_costly(const struct intake *in, const struct route *r)
{
	return !in->staged && !r->plan->stage->rejects->stays && in->vain > VAIN &&
	       in->vain > in->passed / 3;
}

static int
begin_stage(struct intake *in, struct route *r, struct err *e)
{
	in->staged = true;
	in->apart = in->since = 0;
	return db_exec(r->db, e, "%s; %s", r->plan->sql[SQL_STAGE], r->plan->sql[SQL_BAD]);
}

/* Settle what makes a part, or with ${all} everything; what is left waits for more, or streams.
 */
static int
advance(struct intake *in, struct route *r, bool all, struct err *e)
{
	struct kept_run run;

	for (;;) {
		off_t size;

		if (in->refused.code != EXIT_DONE && give_up_stream(in, r, e) != 0)
			return -1;
		if (in->streams || in->kept.rows == 0)
			return 0;
		if (is_costly(in, r) &&
		    (close_parts(in, r, e) != 0 || begin_stage(in, r, e) != 0))
			return -1;
		size = part_size(in);
		if (all || in->kept.whole - in->kept.start >= size) {
			if (kept_measure(&in->kept, UINT64_MAX, in->kept.start + size, &run,
					 e) != 0 ||
			    settle(in, r, &run, false, NULL, e) != 0)
				return -1;
		} else if (!is_calm(in)) {
			return 0;
		} else if (begin_stream(in, r, e) != 0) {
			return -1;
		}
	}
}

/* The rows that are here make a part that went as it came. */
static int
end_stream(struct intake *in, struct route *r, struct err *e)
{
	const struct kept_run run = {in->kept.rows, in->kept.whole};

	if (end_copy(in, r, &run, e) != 0)
		return -1;
	in->streams = false;
	have(in, &run);
	return 0;
}

int
intake_note(struct intake *in, const struct route *r, struct err *e)
{
	err_take(&in->refused, e);
	return check_refused(in, r, e);
}

/* ---- a batch ---- */

int
intake_begin(struct intake *in, struct route *r, struct err *e)
{
	if (kept_begin(&in->kept, r->plan->text, e) != 0)
		return -1;
	in->base = in->written = 0;
	in->streams = false;
	in->ahead = 0;
	in->savepoint = INTAKE_NO_SAVEPOINT;
	gaps_reset(&in->gaps);
	r->gaps = &in->gaps;
	in->staged = false;
	if ((!plan_stage_is_named(r->plan->stage) || is_costly(in, r)) &&
	    begin_stage(in, r, e) != 0)
		return -1;
	return is_calm(in) ? begin_stream(in, r, e) : 0;
}

/* The row cannot be read, so that it is not sent. */
static int
refuse(struct intake *in, struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	uint64_t sent = in->base + in->kept.rows, row = r->rows_before + sent + in->gaps.n + 1;

	r->counts.rejected++;
	if (gaps_add(&in->gaps, sent, e) != 0)
		return -1;
	return rejects_note_line(in->rejects, r->input, row, chunk->data, chunk->len,
				 chunk->fault, e);
}

static int
stream_on(struct intake *in, struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	bool full = chunk->rows > 0 && in->kept.whole - in->kept.start >= part_size(in);

	if (feed_write(&r->feed, chunk->data, full ? chunk->whole : chunk->len, &in->refused) ==
		    0 &&
	    (!full || end_stream(in, r, &in->refused) == 0))
		return 0;
	return check_refused(in, r, e);
}

int
intake_write(struct intake *in, struct route *r, const struct stream_chunk *chunk,
	     struct err *e)
{
	if (chunk->fault != NULL)
		return refuse(in, r, chunk, e);
	if (kept_add(&in->kept, chunk, e) != 0)
		return -1;
	if (in->streams && in->refused.code == EXIT_DONE && stream_on(in, r, chunk, e) != 0)
		return -1;
	return advance(in, r, false, e);
}

int
intake_end(struct intake *in, struct route *r, struct err *e)
{
	if (in->streams && in->refused.code == EXIT_DONE &&
	    end_stream(in, r, &in->refused) != 0 && check_refused(in, r, e) != 0)
		return -1;
	return advance(in, r, true, e) == 0 ? close_parts(in, r, e) : -1;
}
