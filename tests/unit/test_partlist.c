/*
 * partlist: lists of parts as people write them, and bundle: how many a pipe takes.
 */
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/front/bundle.h"
#include "common/parts/partlist.h"
#include "common/parts/partplan.h"
#include "tests/unit/tap.h"

static void
test_text(void)
{
	static const struct {
		const char *text, *same;
	} lists[] = {
		{"7", "7"},
		{"3,7,9-12", "3,7,9-12"},
		{"9-12,3,7", "3,7,9-12"},
		{"1,2,3", "1-3"},
		{"2-4,3-6,1", "1-6"},
		{"1,3,5,6", "1,3,5-6"},
		{"5-5,5", "5"},
		{"1000000", "1000000"},
		{"", NULL},
		{"0", NULL},
		{"0-3", NULL},
		{"4-3", NULL},
		{"1,", NULL},
		{",1", NULL},
		{"1--2", NULL},
		{"1-2-3", NULL},
		{"1 2", NULL},
		{"+1", NULL},
		{"-1", NULL},
		{"1000001", NULL},
		{"1-1000000,1", NULL},
		{"18446744073709551617", NULL},
	};
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct partlist list = {.n = 0};
		struct buf text = BUF_INIT;
		struct err e = ERR_INIT;
		int rc = partlist_parse(&list, lists[i].text, &e);

		if (rc == 0)
			partlist_text(&list, &text);
		is_str(rc == 0 ? buf_cstr(&text) : NULL, lists[i].same, "\"%s\"",
		       lists[i].text);
		is_int(e.code, rc == 0 ? EXIT_DONE : EXIT_USAGE, "and its status");
		buf_release(&text);
		partlist_release(&list);
		err_release(&e);
	}
}

static void
test_drop(void)
{
	struct partlist list = {.n = 0};
	struct buf text = BUF_INIT;

	partlist_add(&list, 2);
	partlist_add(&list, 4);
	partlist_add(&list, 5);
	partlist_drop(&list);
	partlist_text(&list, &text);
	is_str(buf_cstr(&text), "4-5", "the first is dropped");
	partlist_drop(&list);
	partlist_drop(&list);
	is_int(list.n, 0, "and the last");
	buf_release(&text);
	partlist_release(&list);
}

/* How many pipes ${parts} parts of ${bytes} each take, and the most that one of them does. */
static size_t
pipes(size_t parts, int64_t bytes, size_t jobs, size_t *most)
{
	struct partplan_part p = {.bytes = bytes};
	uint64_t one = bundle_weight(&p), all = parts * one, left = all;
	size_t n = 0;

	for (*most = 0; left > 0; n++) {
		size_t k = (size_t)(bundle_most(all, left, jobs) / one);

		k = k < 1 ? 1 : k > left / one ? (size_t)(left / one) : k;
		*most = k > *most ? k : *most;
		left -= k * one;
	}
	return n;
}

static void
test_bundle(void)
{
	size_t most, n;

	is_int(pipes(40, (int64_t)256 << 20, 4, &most), 40, "large parts go alone");
	is_int(pipes(4, -1, 1, &most), 4, "and those of which nothing is known");
	is_int(pipes(4, 8192, 4, &most), 4, "each pipe has something");
	is_int(pipes(4, 8192, 1, &most), 1, "one takes all that is small");
	n = pipes(200, 1 << 20, 2, &most);
	ok(n >= 4 && n <= 20, "200 of 1 MB by two: %zu pipes", n);
	ok(most <= 50, "none takes more than its share: %zu", most);
	(void)pipes(100000, 1 << 20, 8, &most);
	ok(most <= 64, "a pipe comes to its end: %zu", most);
}

int
main(void)
{
	test_text();
	test_drop();
	test_bundle();
	return tap_done();
}
