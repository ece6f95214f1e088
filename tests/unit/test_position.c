/*
 * position: the word there and back; one that is mistyped is refused.
 */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/schema/position.h"
#include "tests/unit/tap.h"

static char odd[] = "a:b %-\xc3\xa4", dash[] = "-", plain[] = "c", empty[] = "";
static struct position_leaf leaves[] = {
	{16390, 1600}, {16393, 7}, {16400, 0}, {4294967295u, 4294967295u}};

static const struct position samples[] = {
	{.kind = POSITION_XMIN,
	 .system = 18446744073709551615u,
	 .database = 5,
	 .timeline = 4294967295u,
	 .xid = 18446744073709551615u,
	 .relation = 16384,
	 .natts = 1600,
	 .columns = 1,
	 .made = 0xffffffffffffffffu,
	 .leaves = leaves,
	 .nleaves = 4},
	{.kind = POSITION_CURSOR, .relation = 1, .column = odd, .value = dash},
	{.kind = POSITION_CURSOR, .relation = 1, .column = plain, .value = NULL},
	{.kind = POSITION_CURSOR, .relation = 1, .column = plain, .value = empty},
};

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
test_round_trip(const struct position *p)
{
	char *word = position_word(p), *again;
	struct err e = ERR_INIT;
	struct position q;

	is_int(position_parse(&q, word, strlen(word), &e), 0, "%s is read", word);
	again = position_word(&q);
	is_str(again, word, "and is written as it was");
	ok(q.xid == p->xid && q.system == p->system && q.nleaves == p->nleaves &&
		   same_text(q.column, p->column) && same_text(q.value, p->value),
	   "its fields are what they were");
	ok(strpbrk(word, " \t\n'\"\\$*,") == NULL, "a shell takes it as it is");
	free(again);
	free(word);
	position_release(&q);
	err_release(&e);
}

/* Each byte, changed or left out, and each beginning. */
static void
test_damage(const struct position *p)
{
	char *word = position_word(p), *bad = xstrdup(word);
	size_t len = strlen(word), i, taken = 0;
	struct err e = ERR_INIT;
	struct position q;

	for (i = 0; i < len; i++) {
		bad[i] = word[i] == '1' ? '2' : '1';
		taken += position_parse(&q, bad, len, &e) == 0;
		position_release(&q);
		err_release(&e);
		bad[i] = word[i];
		taken += position_parse(&q, word, i, &e) == 0;
		position_release(&q);
		err_release(&e);
		memmove(bad + i, word + i + 1, len - i);
		taken += position_parse(&q, bad, len - 1, &e) == 0;
		position_release(&q);
		err_release(&e);
		memcpy(bad, word, len + 1);
	}
	is_int((long long)taken, 0, "no damaged word is taken");
	free(bad);
	free(word);
}

/* Words that position_word() does not write, though their sum is right. */
static void
test_spelling(void)
{
	static const char digests[] = "0000000000000001:0000000000000000:0000000000000000";
	static const char *const bad[] = {
		"1:xmin:18446744073709551616:5:1:9:7:2:%s:-:-:-",
		"1:xmin:07:5:1:9:7:2:%s:-:-:-",
		"1:xmin:7:5:1:9:7:2:0x%s:-:-:-",
		"1:xmin:7:5:1:9:7:2:%s:16390+03:-:-",
		"1:xmin:7:5:1:9:7:2:%s:16390.2+3:-:-",
		"1:xmin:7:5:1:9:7:2:%s:16390.+3:-:-",
		"1:xmin:7:5:1:9:7:2:%s:16390+3.03:-:-",
		"1:xmin:7:5:1:9:7:2:%s:16390+3.4294967296:-:-",
		"1:xmin:7:5:1:9:7:2:%s:16390.3.4:-:-",
		"1:cursor:7:5:1:9:7:2:%s:-:%41:-",
		"1:cursor:7:5:1:9:7:2:%s:-:a_b:-",
	};
	struct err e = ERR_INIT;
	struct position q;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *at = strstr(bad[i], "%s");
		char *text = xasprintf("%.*s%s%s", (int)(at - bad[i]), bad[i], digests, at + 2);
		char *word =
			xasprintf("%s:%08x", text,
				  (unsigned)(XXH3_64bits(text, strlen(text)) & 0xffffffff));

		is_int(position_parse(&q, word, strlen(word), &e), -1, "%s is refused", word);
		free(text);
		free(word);
		position_release(&q);
		err_release(&e);
	}
}

static bool
has(const struct position *p, unsigned oid, unsigned natts)
{
	const struct position_leaf leaf = {oid, natts};

	return position_has_leaf(p, &leaf);
}

static void
test_leaves(void)
{
	struct position whole = {.relation = 7};

	ok(has(&samples[0], 16393, 7) && has(&samples[0], 4294967295u, 4294967295u),
	   "leaves are found");
	ok(!has(&samples[0], 16384, 1600) && !has(&samples[0], 16391, 1600), "and no others");
	ok(!has(&samples[0], 16393, 8), "one that has got a column is another");
	ok(has(&whole, 7, 2) && !has(&whole, 8, 0), "a table is its own leaf");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		test_round_trip(&samples[i]);
		test_damage(&samples[i]);
	}
	test_spelling();
	test_leaves();
	return tap_done();
}
