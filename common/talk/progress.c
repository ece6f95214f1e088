/*
 * A thread that draws.  It blocks all signals, for those that stop the program
 * have to interrupt the main thread's waits, and shares with it two counters.
 */
#include "common/talk/progress.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "common/base/xalloc.h"
#include "common/talk/log.h"

#define TICK 100           /* ms between two looks at the counters, and two drawings */
#define TICKS_PLAIN 30     /* looks for each line that stays */
#define TICKS_BEFORE 4     /* looks before the first drawing: short runs show nothing */
#define RATE_SECONDS 3.0   /* how far back the shown rate looks */
#define LINE_MAX_BYTES 200 /* of a line, with NUL */
#define COLUMNS 80         /* of a terminal that does not tell */

struct progress {
	_Atomic uint64_t rows, bytes;
	_Atomic double share;
	_Atomic size_t relation;
	_Atomic size_t done; /* parts */
	atomic_bool finishing;
	/* the thread's */
	bool terminal;
	int lock_fd;           /* of the terminal, or -1 */
	uint64_t bytes_before; /* at the last look */
	uint64_t rows_before;
	struct timespec started;  /* CLOCK_MONOTONIC */
	struct timespec looked;   /* the same, at the last look */
	struct progress_view now; /* what was seen then */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool stop; /* under the mutex */
};

static double
seconds_between(const struct timespec *a, const struct timespec *b)
{
	return (double)(b->tv_sec - a->tv_sec) + (double)(b->tv_nsec - a->tv_nsec) / 1e9;
}

static void
format_bytes(double n, char text[32])
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	size_t i = 0;

	for (n /= 1000; n >= 9999.95 && i < 3; i++)
		n /= 1000;
	snprintf(text, 32, "%.1f %s", n, units[i]);
}

static void
format_duration(double seconds, char text[32])
{
	uint64_t s = (uint64_t)seconds;

	if (s >= 3600)
		snprintf(text, 32, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600,
			 s / 60 % 60, s % 60);
	else
		snprintf(text, 32, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
}

/* The share of the rows that has come, or -1: an estimate that was too low is none. */
static double
share_of_rows(const struct progress_view *v)
{
	if (v->finishing)
		return v->finish > 0 ? 1 : -1;
	if (v->share >= 0)
		return v->share;
	return v->estimate > 0 && v->rows <= (uint64_t)v->estimate
		       ? (double)v->rows / (double)v->estimate
		       : -1;
}

/* The parts of a line in their order; those that are not known are empty. */
enum part { RELATION, ROWS, BYTES, RATE, ROW_RATE, ELAPSED, FINISHING, SHARE, LEFT, PARTS };

/*
 * The share is of the time: of the rows where nothing is left to do when they are here.
 * A tilde marks what rests on a guess.
 */
static void
foresee(const struct progress_view *v, double share, char parts[PARTS][48])
{
	const char *about = v->finish > 0 || (v->rough && v->share < 0) ? "~" : "";
	double all = share > 0 ? (double)v->rows / share : 0;
	double left = all * v->finish - v->finishing_for;
	char number[32];

	if (v->finishing && left <= 0)
		return; /* it takes longer than thought */
	if (share > 0)
		left += v->elapsed * (v->finishing ? 0 : 1 / share - 1);
	if (v->finish > 0)
		share = share > 0 && v->elapsed > 0 ? v->elapsed / (v->elapsed + left) : 0;
	/* nobody knows that it is all before the end */
	snprintf(parts[SHARE], sizeof(parts[SHARE]), "%s%d%%", about,
		 share < 0.99 ? (int)(share * 100) : 99);
	if (share <= 0 || v->elapsed < 1)
		return;
	format_duration(left + 0.5, number);
	snprintf(parts[LEFT], sizeof(parts[LEFT]), "ETA %s%s", about, number);
}

static size_t
join(char parts[PARTS][48], char *text, size_t size)
{
	size_t len = 0;
	int i;

	text[0] = '\0';
	for (i = 0; i < PARTS; i++)
		if (parts[i][0] != '\0')
			len += (size_t)snprintf(text + (len < size ? len : size),
						len < size ? size - len : 0, "%s%s",
						len > 0 ? ", " : "", parts[i]);
	return len;
}

void
progress_line(const struct progress_view *v, char *text, size_t size)
{
	static const enum part spared[] = {RATE, BYTES,     ROW_RATE, ELAPSED, RELATION,
					   ROWS, FINISHING, LEFT,     SHARE};
	char parts[PARTS][48] = {""}, number[32];
	size_t i;

	if (v->relations > 0)
		snprintf(parts[RELATION], sizeof(parts[RELATION]), "relation %zu of %zu",
			 v->relation, v->relations);
	else if (v->parts > 0)
		snprintf(parts[RELATION], sizeof(parts[RELATION]), "%zu of %zu parts", v->done,
			 v->parts);
	snprintf(parts[ROWS], sizeof(parts[ROWS]), "%" PRIu64 " rows", v->rows);
	format_bytes((double)v->bytes, parts[BYTES]);
	format_duration(v->elapsed, parts[ELAPSED]);
	if (v->finishing) {
		format_duration(v->finishing_for, number);
		snprintf(parts[FINISHING], sizeof(parts[FINISHING]), "finishing %s", number);
	} else {
		format_bytes(v->rate, number);
		snprintf(parts[RATE], sizeof(parts[RATE]), "%s/s", number);
		snprintf(parts[ROW_RATE], sizeof(parts[ROW_RATE]), "%.0f rows/s", v->row_rate);
	}
	if (share_of_rows(v) >= 0)
		foresee(v, share_of_rows(v), parts);
	for (i = 0; join(parts, text, size) >= size && i < sizeof(spared) / sizeof(*spared);
	     i++)
		if (spared[i] == FINISHING) /* the word stays */
			parts[FINISHING][strlen("finishing")] = '\0';
		else if (spared[i] != ROWS || parts[SHARE][0] != '\0')
			parts[spared[i]][0] = '\0';
}

/* ${mean} of the last seconds, after ${since} seconds in which ${more} has come. */
static void
move_rate(double *mean, uint64_t more, double since, double elapsed)
{
	double back = elapsed < RATE_SECONDS ? elapsed : RATE_SECONDS;

	/* the first seconds: the mean of all */
	*mean += ((double)more / since - *mean) * (since < back ? since / back : 1);
}

static void
look(struct progress *p)
{
	struct timespec time;
	double since;

	clock_gettime(CLOCK_MONOTONIC, &time);
	since = seconds_between(&p->looked, &time);
	p->looked = time;
	p->now.rows = atomic_load_explicit(&p->rows, memory_order_relaxed);
	p->now.bytes = atomic_load_explicit(&p->bytes, memory_order_relaxed);
	p->now.share = atomic_load_explicit(&p->share, memory_order_relaxed);
	p->now.relation = atomic_load_explicit(&p->relation, memory_order_relaxed);
	p->now.done = atomic_load_explicit(&p->done, memory_order_relaxed);
	p->now.finishing = atomic_load_explicit(&p->finishing, memory_order_relaxed);
	p->now.elapsed = seconds_between(&p->started, &time);
	if (since > 0) {
		move_rate(&p->now.rate, p->now.bytes - p->bytes_before, since, p->now.elapsed);
		move_rate(&p->now.row_rate, p->now.rows - p->rows_before, since,
			  p->now.elapsed);
	}
	p->now.finishing_for = p->now.finishing ? p->now.finishing_for + since : 0;
	p->bytes_before = p->now.bytes;
	p->rows_before = p->now.rows;
}

/* Whoever has the terminal's lock draws on it. */
static bool
has_terminal(struct progress *p)
{
	pid_t foreground = tcgetpgrp(STDERR_FILENO);
	char name[64];

	if (foreground >= 0 && foreground != getpgrp())
		return false;
	if (p->lock_fd < 0 && ttyname_r(STDERR_FILENO, name, sizeof(name)) == 0)
		p->lock_fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return p->lock_fd < 0 || flock(p->lock_fd, LOCK_EX | LOCK_NB) == 0;
}

/* One column less than there are, for some terminals wrap when the last is filled. */
static size_t
columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return COLUMNS - 1;
	return size.ws_col - 1U;
}

static void
draw(struct progress *p)
{
	char line[LINE_MAX_BYTES];
	size_t size = columns() + 1 < sizeof(line) ? columns() + 1 : sizeof(line);
	size_t len = (size_t)snprintf(line, size, "%s: ", log_program());

	if (!has_terminal(p)) {
		log_status(NULL);
		return;
	}
	if (len + 1 < size)
		progress_line(&p->now, line + len, size - len);
	log_status(line);
}

static json_t *
facts(const struct progress_view *v)
{
	json_t *doc = json_pack("{s:I, s:I, s:I, s:f}", "rows", (json_int_t)v->rows, "bytes",
				(json_int_t)v->bytes, "rows_estimate", (json_int_t)v->estimate,
				"seconds", v->elapsed);

	if (v->relations > 0) {
		json_object_set_new(doc, "relation", json_integer((json_int_t)v->relation));
		json_object_set_new(doc, "relations", json_integer((json_int_t)v->relations));
	}
	if (v->parts > 0) {
		json_object_set_new(doc, "parts_done", json_integer((json_int_t)v->done));
		json_object_set_new(doc, "parts", json_integer((json_int_t)v->parts));
	}
	return doc;
}

/* A line that stays. */
static void
print(const struct progress *p)
{
	char text[LINE_MAX_BYTES];

	progress_line(&p->now, text, sizeof(text));
	if (log_is_json())
		log_record("progress", facts(&p->now), "%s", text);
	else
		log_line("%s", text);
}

static void
print_last(struct progress *p)
{
	look(p);
	p->now.finishing = false;
	p->now.estimate = -1;
	p->now.share = -1;
	p->now.rate = p->now.elapsed > 0 ? (double)p->now.bytes / p->now.elapsed : 0;
	p->now.row_rate = p->now.elapsed > 0 ? (double)p->now.rows / p->now.elapsed : 0;
	print(p);
}

/* Returns false when it is time to stop. */
static bool
wait_tick(struct progress *p)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += TICK * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (!p->stop && rc == 0)
		rc = pthread_cond_clockwait(&p->wake, &p->mutex, CLOCK_MONOTONIC, &until);
	return !p->stop;
}

static void *
thread_main(void *arg)
{
	struct progress *p = arg;
	unsigned tick;

	pthread_mutex_lock(&p->mutex);
	for (tick = 1; wait_tick(p); tick++) {
		look(p);
		if (p->terminal && tick > TICKS_BEFORE)
			draw(p);
		else if (!p->terminal && tick % TICKS_PLAIN == 0)
			print(p);
	}
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

static bool
is_terminal(void)
{
	return isatty(STDERR_FILENO) && log_can_erase() && !log_is_json();
}

static int
start_thread(struct progress *p)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&p->thread, NULL, thread_main, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

struct progress *
progress_start(enum progress_when when, const struct progress_goal *goal)
{
	struct progress *p;

	if (when == PROGRESS_NEVER || (when == PROGRESS_TERMINAL && !is_terminal()))
		return NULL;
	p = xcalloc(1, sizeof(*p));
	p->terminal = is_terminal();
	p->lock_fd = -1;
	p->now.estimate = goal->estimate;
	p->now.rough = goal->rough;
	p->now.finish = goal->finish;
	p->now.relations = goal->relations;
	p->now.parts = goal->parts;
	atomic_init(&p->share, -1);
	clock_gettime(CLOCK_MONOTONIC, &p->started);
	p->looked = p->started;
	pthread_mutex_init(&p->mutex, NULL);
	pthread_cond_init(&p->wake, NULL);
	if (start_thread(p) == 0)
		return p;
	free(p); /* there are worse things than no progress */
	return NULL;
}

void
progress_set(struct progress *p, uint64_t rows, uint64_t bytes, double share)
{
	if (p == NULL)
		return;
	atomic_store_explicit(&p->rows, rows, memory_order_relaxed);
	atomic_store_explicit(&p->bytes, bytes, memory_order_relaxed);
	atomic_store_explicit(&p->share, share, memory_order_relaxed);
}

void
progress_relation(struct progress *p, size_t number)
{
	if (p != NULL)
		atomic_store_explicit(&p->relation, number, memory_order_relaxed);
}

void
progress_parts(struct progress *p, size_t done)
{
	if (p != NULL)
		atomic_store_explicit(&p->done, done, memory_order_relaxed);
}

void
progress_finishing(struct progress *p)
{
	if (p != NULL)
		atomic_store_explicit(&p->finishing, true, memory_order_relaxed);
}

void
progress_free(struct progress *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->mutex);
	p->stop = true;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->mutex);
	pthread_join(p->thread, NULL);
	log_status(NULL);
	if (!p->terminal)
		print_last(p);
	if (p->lock_fd >= 0)
		close(p->lock_fd);
	pthread_mutex_destroy(&p->mutex);
	pthread_cond_destroy(&p->wake);
	free(p);
}
