/*
 * progress: the line, and that nothing is drawn where nobody looks.
 */
#include "common/talk/progress.h"
#include "tests/unit/tap.h"

static void
check(struct progress_view v, const char *want, const char *name)
{
	char text[200];

	if (v.share == 0)
		v.share = -1;
	progress_line(&v, text, sizeof(text));
	is_str(text, want, "%s", name);
}

static void
test_line(void)
{
	check((struct progress_view){.estimate = -1},
	      "0 rows, 0.0 kB, 0.0 kB/s, 0 rows/s, 0:00", "the beginning");
	check((struct progress_view){.rows = 12345678,
				     .bytes = 172000000,
				     .rate = 57300000,
				     .row_rate = 4115226.4,
				     .elapsed = 3.99,
				     .estimate = -1},
	      "12345678 rows, 172.0 MB, 57.3 MB/s, 4115226 rows/s, 0:03",
	      "without an estimate");
	check((struct progress_view){.rows = 250,
				     .bytes = 9999949,
				     .rate = 1500,
				     .elapsed = 100,
				     .estimate = 1000},
	      "250 rows, 9999.9 kB, 1.5 kB/s, 0 rows/s, 1:40, 25%, ETA 5:00", "with one");
	check((struct progress_view){.rows = 1,
				     .bytes = 12345600000000,
				     .rate = 2e10,
				     .elapsed = 7322,
				     .estimate = 2},
	      "1 rows, 12.3 TB, 20.0 GB/s, 0 rows/s, 2:02:02, 50%, ETA 2:02:02",
	      "hours and terabytes");
	check((struct progress_view){.rows = 9, .elapsed = 0.5, .estimate = 10},
	      "9 rows, 0.0 kB, 0.0 kB/s, 0 rows/s, 0:00, 90%", "too early to foresee the end");
	check((struct progress_view){.rows = 0, .elapsed = 9, .estimate = 10},
	      "0 rows, 0.0 kB, 0.0 kB/s, 0 rows/s, 0:09, 0%", "nothing to foresee it from");
	check((struct progress_view){.rows = 1000, .elapsed = 9, .estimate = 1000},
	      "1000 rows, 0.0 kB, 0.0 kB/s, 0 rows/s, 0:09, 99%, ETA 0:00",
	      "an estimate is no promise");
	check((struct progress_view){.rows = 1001, .elapsed = 9, .estimate = 1000},
	      "1001 rows, 0.0 kB, 0.0 kB/s, 0 rows/s, 0:09", "and may have been too low");
	check((struct progress_view){.rows = 7, .elapsed = 9, .estimate = 0},
	      "7 rows, 0.0 kB, 0.0 kB/s, 0 rows/s, 0:09", "a table never analysed");
	check((struct progress_view){.rows = 500,
				     .rate = 1,
				     .elapsed = 9,
				     .estimate = 1000,
				     .finishing = true,
				     .finishing_for = 7.5},
	      "500 rows, 0.0 kB, 0:09, finishing 0:07", "all rows are here");
}

static void
test_relations(void)
{
	struct progress_view v = {
		.rows = 250,
		.elapsed = 100,
		.estimate = 1000,
		.share = -1,
		.relation = 3,
		.relations = 12,
	};
	char text[48];

	check(v, "relation 3 of 12, 250 rows, 0.0 kB, 0.0 kB/s, 0 rows/s, 1:40, 25%, ETA 5:00",
	      "a set says which relation of how many");
	progress_line(&v, text, sizeof(text));
	is_str(text, "relation 3 of 12, 250 rows, 1:40, 25%, ETA 5:00", "if there is room");
	v.relations = 0;
	v.done = 2;
	v.parts = 8;
	check(v, "2 of 8 parts, 250 rows, 0.0 kB, 0.0 kB/s, 0 rows/s, 1:40, 25%, ETA 5:00",
	      "a run in parts says how many are there");
	progress_line(&v, text, 30);
	is_str(text, "250 rows, 25%, ETA 5:00", "else the rows say more");
}

static void
test_guesses(void)
{
	check(
		(struct progress_view){
			.rows = 250, .elapsed = 100, .estimate = 1000, .rough = true},
		"250 rows, 0.0 kB, 0.0 kB/s, 0 rows/s, 1:40, ~25%, ETA ~5:00",
		"a guess is marked");
	check((struct progress_view){.rows = 250,
				     .elapsed = 100,
				     .estimate = 300,
				     .rough = true,
				     .share = 0.5},
	      "250 rows, 0.0 kB, 0.0 kB/s, 0 rows/s, 1:40, 50%, ETA 1:40",
	      "how much of a file has been read is none");
	check(
		(struct progress_view){
			.rows = 500000, .elapsed = 3, .estimate = 1000000, .finish = 8e-6},
		"500000 rows, 0.0 kB, 0.0 kB/s, 0 rows/s, 0:03, ~21%, ETA ~0:11",
		"what is left to do when all rows are here counts");
	check((struct progress_view){.rows = 1000000,
				     .elapsed = 8,
				     .estimate = 900000,
				     .finish = 8e-6,
				     .finishing = true,
				     .finishing_for = 2},
	      "1000000 rows, 0.0 kB, 0:08, finishing 0:02, ~57%, ETA ~0:06",
	      "and goes on being counted");
	check((struct progress_view){.rows = 1000000,
				     .elapsed = 18,
				     .estimate = -1,
				     .finish = 8e-6,
				     .finishing = true,
				     .finishing_for = 9},
	      "1000000 rows, 0.0 kB, 0:18, finishing 0:09", "until it takes longer");
}

static void
test_short(void)
{
	struct progress_view v = {
		.rows = 12345678, .estimate = 99999999, .elapsed = 5, .share = -1};
	char text[48];

	progress_line(&v, text, 46);
	is_str(text, "12345678 rows, 0 rows/s, 0:05, 12%, ETA 0:36",
	       "the rate of bytes is spared");
	progress_line(&v, text, 40 - 12);
	is_str(text, "12%, ETA 0:36", "share and ETA are the last");
	v.estimate = -1;
	progress_line(&v, text, 12);
	is_str(text, "12345678 ro", "a short line is cut");
	v.finishing = true;
	v.finish = 8e-6;
	v.finishing_for = 3;
	progress_line(&v, text, 40 - 12);
	is_str(text, "finishing, ~4%, ETA ~1:36", "the word stays");
	progress_line(&v, text, 24);
	is_str(text, "finishing, ~4%", "the rest of the time is whole, or is not there");
}

static void
test_nobody(void)
{
	struct progress_goal goal = {.estimate = -1};

	ok(progress_start(PROGRESS_NEVER, &goal) == NULL, "never is never");
	ok(progress_start(PROGRESS_TERMINAL, &goal) == NULL, "a file is no terminal");
	progress_set(NULL, 1, 1, -1);
	progress_finishing(NULL);
	progress_free(NULL);
}

int
main(void)
{
	test_line();
	test_relations();
	test_guesses();
	test_short();
	test_nobody();
	return tap_done();
}
