/*
 * One loop: look at each slot, wait, look again.
 */
#include "common/front/queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/front/bundle.h"
#include "common/front/piece.h"
#include "common/talk/log.h"
#include "common/talk/progress.h"

#define FIRST_PAUSE 1000 /* ms before the second try; each further one waits twice as long */
#define LONGEST_PAUSE 30000
#define TICK 500 /* ms between looks at how far the parts are */
#define LINES_KEPT 200

enum state { IDLE, RUNNING, WAITING };

struct slot {
	enum state state;
	struct piece piece;
	int64_t tries;      /* that have failed, and count */
	int64_t pauses;     /* since a part has come */
	int64_t began;      /* ms of the clock */
	bool beside;        /* others that had their connections by then */
	int64_t due;        /* ms of the clock: the next one */
	uint64_t came;      /* bytes of the parts that have come since */
	uint64_t under_way; /* bytes that portl-extract has written for others, about */
};

struct work {
	struct queue *q;
	struct slot *slots;
	size_t n;
	size_t next;   /* part, from 0 */
	uint64_t left; /* what is not taken weighs, see bundle.h */
	uint64_t all;  /* the same at first */
	bool failed;
	struct arglist lines; /* messages that have been told */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what is told ---- */

static bool
is_new(struct arglist *told, const char *line)
{
	size_t i;

	for (i = 0; i < told->n; i++)
		if (strcmp(told->words[i], line) == 0)
			return false;
	if (told->n < LINES_KEPT)
		arglist_add(told, line);
	return true;
}

/* Pass on what the programs have said; what each part says is said once. */
static void
tell(struct work *w, const struct piece *p)
{
	struct buf text = BUF_INIT;
	struct err e = ERR_INIT;
	char *rest, *line;

	if (piece_messages(p, &text, &e) != 0)
		err_release(&e);
	log_status(NULL);
	rest = buf_cstr(&text);
	while ((line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '\0' && is_new(&w->lines, line))
			fprintf(stderr, "%s\n", line);
	buf_release(&text);
}

static char *
name_of(const struct work *w, const struct piece *p)
{
	const struct partplan *plan = &w->q->pf->plan;

	return partplan_part_name(plan, &plan->parts[p->parts.numbers[0] - 1]);
}

/* ---- how far it is ---- */

/* Bytes that the plan says, of part ${number}. */
static uint64_t
part_size(const struct work *w, size_t number)
{
	int64_t bytes = w->q->pf->plan.parts[number - 1].bytes;

	return bytes > 0 ? (uint64_t)bytes : 0;
}

/* The same of the first part that is missing, and of all. */
static uint64_t
first_size(const struct work *w, const struct slot *s)
{
	const struct partlist *parts = &s->piece.parts;

	return parts->n > 0 ? part_size(w, parts->numbers[0]) : 0;
}

static uint64_t
size_of(const struct work *w, const struct slot *s)
{
	const struct partlist *parts = &s->piece.parts;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < parts->n; i++)
		sum += part_size(w, parts->numbers[i]);
	return sum;
}

/* What a process has written, as the kernel counts it: for the progress line only. */
static uint64_t
written_by(pid_t pid)
{
	char path[64], line[128];
	uint64_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/io", (long)pid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "wchar: %" SCNu64, &n) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return n;
}

static void
show(const struct work *w)
{
	const struct queue *q = w->q;
	uint64_t bytes = q->tally->bytes, size = q->tally->plan_bytes, all = 0;
	size_t i;

	if (q->progress == NULL)
		return;
	for (i = 0; i < w->n; i++) {
		struct slot *s = &w->slots[i];
		uint64_t n = s->state == RUNNING && s->piece.pair.extract.pid != 0
				     ? written_by(s->piece.pair.extract.pid)
				     : 0;

		n = n > s->came ? n - s->came : 0;
		s->under_way = n > s->under_way ? n : s->under_way;
		if (s->state != RUNNING)
			continue;
		bytes += s->under_way;
		size += s->under_way < size_of(w, s) ? s->under_way : size_of(w, s);
	}
	for (i = 0; i < q->pf->plan.nparts; i++)
		all += q->pf->plan.parts[i].bytes > 0 ? (uint64_t)q->pf->plan.parts[i].bytes
						      : 0;
	progress_parts(q->progress, q->tally->sent + q->tally->there);
	progress_set(q->progress, q->tally->read, bytes,
		     all > 0 ? (double)size / (double)all : -1);
}

/* ---- a part ---- */

static uint64_t
count(const json_t *rows, const char *member)
{
	json_int_t n = json_integer_value(json_object_get(rows, member));

	return n > 0 ? (uint64_t)n : 0;
}

void
queue_add_rows(struct queue_rows *to, const json_t *rows)
{
	to->inserted += count(rows, "inserted");
	to->updated += count(rows, "updated");
	to->unchanged += count(rows, "unchanged");
	to->skipped += count(rows, "skipped");
	to->rejected += count(rows, "rejected");
	to->deleted += count(rows, "deleted");
	to->vague |= json_is_null(json_object_get(rows, "inserted"));
}

void
queue_note_ends(struct queue_tally *t, const json_t *receipt)
{
	const char *source = json_string_value(json_object_get(receipt, "source"));
	const char *target = json_string_value(json_object_get(receipt, "target"));

	if (t->source == NULL)
		t->source = xstrdup_null(source);
	if (t->target == NULL)
		t->target = xstrdup_null(target);
}

/* Its rows are seen as soon as it is committed. */
static bool
is_direct(const struct partplan *plan, const json_t *part)
{
	uint64_t number = count(part, "number");
	const char *way;

	if (number < 1 || number > plan->nparts)
		return false;
	way = plan->relations[plan->parts[number - 1].relation - 1].way;
	return way != NULL && strcmp(way, "part") == 0;
}

static void
add_up(const struct queue *q, const json_t *receipt, uint64_t size)
{
	const json_t *part = json_object_get(receipt, "part"), *whole;
	const json_t *rows = json_object_get(receipt, "rows");
	struct queue_tally *t = q->tally;
	bool there = piece_is_there(receipt);

	queue_note_ends(t, receipt);
	t->sent += !there;
	t->there += there;
	t->plan_bytes += size;
	t->read += piece_count(receipt, "read");
	queue_add_rows(&t->brought, rows);
	if (is_direct(&q->pf->plan, part))
		queue_add_rows(&t->direct, rows);
	whole = json_object_get(part, "rows");
	queue_add_rows(&t->whole, whole);
	t->told |= whole != NULL;
	t->bytes += piece_count(receipt, "bytes");
	t->published |= json_is_true(json_object_get(part, "published"));
}

static const char *
snapshot_of(const struct queue *q)
{
	return q->keeper != NULL ? q->keeper->snapshot : q->snapshot;
}

/* Is another one at work for so long that it has its connections? */
static bool
is_beside(const struct work *w, int64_t now)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->slots[i].state == RUNNING && w->slots[i].began + FIRST_PAUSE <= now)
			return true;
	return false;
}

static int
begin(struct work *w, struct slot *s, struct err *e)
{
	s->began = now_ms();
	s->beside = is_beside(w, s->began);
	s->state = RUNNING;
	s->came = s->under_way = 0;
	return piece_start(&s->piece, w->q->f, w->q->pf, snapshot_of(w->q), true, e);
}

static void
pass_done(struct work *w)
{
	const struct queue *q = w->q;

	while (w->next < q->pf->plan.nparts && q->done != NULL && q->done[w->next])
		w->next++;
}

/* The next parts that are to be brought, or none. */
static int
take_next(struct work *w, struct slot *s, struct err *e)
{
	const struct partplan *plan = &w->q->pf->plan;
	uint64_t weight = 0, most = bundle_most(w->all, w->left, w->n), next;

	for (pass_done(w); w->next < plan->nparts; pass_done(w)) {
		next = bundle_weight(&plan->parts[w->next]);
		if (s->piece.parts.n == BUNDLE_PARTS || (weight > 0 && weight + next > most))
			break;
		partlist_add(&s->piece.parts, ++w->next);
		weight += next;
	}
	w->left -= weight;
	s->tries = s->pauses = 0;
	return weight > 0 ? begin(w, s, e) : 0;
}

/* Those that are there, one after the other. */
static int
take_receipts(struct work *w, struct slot *s, struct err *e)
{
	json_t *receipt;
	uint64_t size;

	while (size = first_size(w, s), (receipt = piece_next(&s->piece, e)) != NULL) {
		add_up(w->q, receipt, size);
		s->came += piece_count(receipt, "bytes");
		s->under_way = 0;
		s->tries = s->pauses = 0;
		json_decref(receipt);
	}
	return e->code == EXIT_DONE ? 0 : -1;
}

static void
give_up(struct work *w, const struct slot *s)
{
	char *name = name_of(w, &s->piece);

	if (!w->failed) {
		tell(w, &s->piece);
		log_line("%s: %s%s", name,
			 piece_is_committed(&s->piece)
				 ? "is there, but the parts could not be published"
				 : "could not be brought",
			 s->tries > 0 ? ", nor when it was tried again" : "");
		w->q->f->status = s->piece.status;
		queue_note_ends(w->q->tally, s->piece.receipt);
		piece_why(&s->piece, name, w->q->why);
	}
	w->failed = true;
	free(name);
}

static void
try_later(struct work *w, struct slot *s, bool counts)
{
	int64_t pause = FIRST_PAUSE << (s->pauses < 5 ? s->pauses : 5);
	char *name = name_of(w, &s->piece);

	if (pause > LONGEST_PAUSE)
		pause = LONGEST_PAUSE;
	if (!log_quiet()) {
		tell(w, &s->piece);
		log_line("%s: has failed, and is tried again", name);
	}
	free(name);
	s->tries += counts;
	s->pauses++;
	w->q->tally->again++;
	s->state = WAITING;
	s->due = now_ms() + pause;
}

/* Both programs have ended. */
static void
settle(struct work *w, struct slot *s)
{
	struct piece *p = &s->piece;

	s->state = IDLE;
	piece_settle(p);
	if (p->status == 0) {
		tell(w, p);
		piece_release(p);
	} else if (w->failed || w->q->f->crew.stop != 0) {
		return; /* it was told to end */
	} else if (w->q->keeper != NULL &&
		   (!keeper_holds(w->q->keeper) || piece_lacks_snapshot(p))) {
		w->q->lost = true; /* the keeper itself may not have noticed yet */
	} else if (p->again && s->beside && p->status == EXIT_CONN) {
		/* who has no room for one more has those that were there before */
		try_later(w, s, false);
	} else if (p->again && s->tries < w->q->f->retries) {
		try_later(w, s, true);
	} else {
		give_up(w, s);
	}
}

/* ---- all of them ---- */

static bool
may_begin(struct work *w)
{
	const struct queue *q = w->q;

	if (w->failed || q->lost || q->f->crew.stop != 0)
		return false;
	return q->keeper == NULL || keeper_holds(q->keeper);
}

/* Move each slot on; *busy is how many have something to do. */
static int
look(struct work *w, size_t *busy, struct err *e)
{
	size_t i;

	*busy = 0;
	for (i = 0; i < w->n; i++) {
		struct slot *s = &w->slots[i];
		bool over = piece_is_over(&s->piece);

		if (s->state == RUNNING && take_receipts(w, s, e) != 0)
			return -1;
		if (s->state == RUNNING && over)
			settle(w, s);
		if (s->state == WAITING && !may_begin(w)) {
			w->q->lost |= !w->failed && w->q->f->crew.stop == 0;
			s->state = IDLE;
		}
		if (s->state == WAITING && s->due <= now_ms() && begin(w, s, e) != 0)
			return -1;
		if (s->state == IDLE && may_begin(w) && take_next(w, s, e) != 0)
			return -1;
		*busy += s->state != IDLE;
	}
	return 0;
}

/* ms until something is to be done by itself, -1: nothing. */
static int
pause_of(const struct work *w)
{
	int64_t left = w->q->progress != NULL ? TICK : -1, now = now_ms();
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->slots[i].state == WAITING) {
			int64_t ms = w->slots[i].due > now ? w->slots[i].due - now : 0;

			left = left < 0 || ms < left ? ms : left;
		}
	return (int)left;
}

/* Who has failed, or a snapshot that is gone, ends the others. */
static void
end_others(const struct work *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->slots[i].state == RUNNING) {
			crew_kill(&w->q->f->crew, &w->slots[i].piece.pair.extract, SIGTERM);
			crew_kill(&w->q->f->crew, &w->slots[i].piece.pair.load, SIGTERM);
		}
}

static int
bring(struct work *w, struct err *e)
{
	size_t busy;
	bool ended = false;

	for (;;) {
		if (look(w, &busy, e) != 0)
			return -1;
		if (w->failed && !ended)
			end_others(w);
		ended = w->failed;
		show(w);
		if (busy == 0)
			break;
		if (crew_poll(&w->q->f->crew, NULL, 0, pause_of(w), e) != 0)
			return -1;
	}
	if (crew_stopped(&w->q->f->crew, e) != 0)
		return -1;
	pass_done(w);
	w->q->lost |= !w->failed && w->next < w->q->pf->plan.nparts;
	return w->failed || w->q->lost;
}

int
queue_run(struct queue *q, struct err *e)
{
	struct work w = {.q = q, .n = (size_t)q->f->jobs};
	size_t i;
	int rc;

	if (w.n > q->pf->plan.nparts)
		w.n = q->pf->plan.nparts;
	q->lost = false;
	for (i = 0; i < q->pf->plan.nparts; i++)
		if (q->done == NULL || !q->done[i])
			w.all += bundle_weight(&q->pf->plan.parts[i]);
	w.left = w.all;
	w.slots = xcalloc(w.n + 1, sizeof(*w.slots));
	for (i = 0; i < w.n; i++)
		w.slots[i].piece = PIECE_INIT;
	rc = bring(&w, e);
	if (rc < 0)
		end_others(&w);
	for (i = 0; i < w.n; i++) {
		crew_finish(&q->f->crew, &w.slots[i].piece.pair.extract, SIGTERM);
		crew_finish(&q->f->crew, &w.slots[i].piece.pair.load, SIGTERM);
		piece_release(&w.slots[i].piece);
	}
	free(w.slots);
	arglist_release(&w.lines);
	return rc;
}
