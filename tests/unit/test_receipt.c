/*
 * receipt: one line of JSON that balances.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/talk/log.h"
#include "common/talk/receipt.h"
#include "tests/unit/tap.h"

static char path[] = "/tmp/portl-test-receipt.XXXXXX";

static json_t *
read_back(void)
{
	json_error_t why;
	json_t *doc = json_load_file(path, 0, &why);

	if (doc == NULL)
		printf("# %s\n", why.text);
	return doc;
}

static void
test_summary(void)
{
	struct receipt r;
	struct err e = ERR_INIT;
	json_t *doc, *rows;

	is_int(receipt_init(&r, path, &e), 0, "the file can be made");
	r.run = "0123456789abcdef";
	r.relation = xstrdup("public.\"x\"");
	r.read = 15;
	r.inserted = 5;
	r.updated = 4;
	r.unchanged = 3;
	r.skipped = 2;
	r.rejected = 1;
	r.bytes = 1000;
	snprintf(r.xxh3, sizeof(r.xxh3), "00000000000000ff");
	r.committed = RECEIPT_YES;
	is_int(receipt_print(&r, EXIT_DONE, &ERR_INIT, &e), 0, "and filled at the end");
	receipt_release(&r);
	doc = read_back();
	rows = json_object_get(doc, "rows");
	is_str(json_string_value(json_object_get(doc, "tool")), "test_receipt", "tool");
	is_str(json_string_value(json_object_get(doc, "version")), PORTL_VERSION, "version");
	is_str(json_string_value(json_object_get(doc, "run")), "0123456789abcdef", "run");
	is_str(json_string_value(json_object_get(doc, "relation")), "public.\"x\"", "relation");
	is_str(json_string_value(json_object_get(doc, "xxh3")), "00000000000000ff", "digest");
	is_int(json_integer_value(json_object_get(doc, "status")), 0, "status");
	is_int(json_integer_value(json_object_get(rows, "read")), 15, "rows read");
	is_int(json_integer_value(json_object_get(rows, "inserted")) +
		       json_integer_value(json_object_get(rows, "updated")) +
		       json_integer_value(json_object_get(rows, "unchanged")) +
		       json_integer_value(json_object_get(rows, "skipped")) +
		       json_integer_value(json_object_get(rows, "rejected")),
	       15, "are all accounted for");
	ok(json_is_true(json_object_get(doc, "committed")), "committed");
	ok(json_is_real(json_object_get(doc, "seconds")), "seconds");
	json_decref(doc);
}

static void
check_committed(enum receipt_committed c, const char *want)
{
	struct receipt r;
	struct err e = ERR_INIT;
	json_t *doc;
	char *text;

	is_int(receipt_init(&r, path, &e) + receipt_print(&r, EXIT_CONN, &e, &e), 0,
	       "a receipt");
	r.committed = c;
	receipt_release(&r);
	is_int(receipt_init(&r, path, &e), 0, "another over it");
	r.committed = c;
	is_int(receipt_print(&r, EXIT_CONN, &e, &e), 0, "is printed");
	receipt_release(&r);
	doc = read_back();
	text = json_dumps(json_object_get(doc, "committed"), JSON_ENCODE_ANY);
	is_str(text, want, "committed: %s", want);
	ok(json_is_null(json_object_get(doc, "relation")) &&
		   json_is_null(json_object_get(doc, "xxh3")),
	   "what is not known is null");
	free(text);
	json_decref(doc);
}

/* ${path} is read back as member ${i} of `relations`; "" where it has none. */
static char *
relation_text(const json_t *doc, size_t i)
{
	char *text = json_dumps(json_array_get(json_object_get(doc, "relations"), i),
				JSON_COMPACT);

	return text != NULL ? text : strdup("");
}

static void
check_relations(enum receipt_committed committed, const char *want)
{
	struct receipt r;
	struct receipt_relation *one;
	struct err e = ERR_INIT;
	json_t *doc;
	char *text;

	is_int(receipt_init(&r, path, &e), 0, "the receipt of a set");
	r.committed = committed;
	one = receipt_add(&r, "s.a");
	one->read = 3;
	one->inserted = 2;
	strcpy(one->xxh3, "00000000000000ff");
	one = receipt_add(&r, "s.b");
	one->bytes = 7;
	one->vague = true;
	is_int(receipt_print(&r, EXIT_DONE, &ERR_INIT, &e), 0, "is printed");
	receipt_release(&r);
	doc = read_back();
	text = relation_text(doc, 0);
	is_str(text, want, "a relation's part");
	free(text);
	text = relation_text(doc, 1);
	ok(strstr(text, "\"s.b\"") != NULL && strstr(text, "\"bytes\":7") != NULL,
	   "each has its own");
	free(text);
	json_decref(doc);
}

/* In their order, again and again, and back. */
static void
test_many(void)
{
	const size_t n = 3000;
	struct toldlist *l = toldlist_new();
	char name[16];
	size_t i, wrong = 0;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "s.t%zu", i);
		toldlist_add(l, name)->read = i;
		if (i % 2 == 0) /* while others are still to come */
			toldlist_at(l, i / 2)->inserted++;
	}
	for (i = 0; i < n; i++)
		toldlist_at(l, i)->updated = 2 * i;
	for (i = n; i-- > n - 10;)
		toldlist_at(l, i)->deleted = 1;
	for (i = 0; i < n; i++) {
		const struct receipt_relation *one = toldlist_at(l, i);

		snprintf(name, sizeof(name), "s.t%zu", i);
		wrong += strcmp(one->relation, name) != 0 || one->read != i ||
			 one->inserted != (i < n / 2) || one->updated != 2 * i ||
			 one->deleted != (i + 10 >= n);
	}
	is_int((long long)wrong, 0, "what is said of each of many stays");
	toldlist_free(l);
	toldlist_free(NULL);
}

static void
test_relations(void)
{
	test_many();
	check_relations(RECEIPT_NOT_APPLICABLE,
			"{\"relation\":\"s.a\",\"rows\":{\"read\":3},\"bytes\":0,"
			"\"xxh3\":\"00000000000000ff\",\"rows_digest\":null}");
	check_relations(
		RECEIPT_YES, /* what is not told has been skipped */
		"{\"relation\":\"s.a\",\"rows\":{\"read\":3,\"inserted\":2,\"updated\":0,"
		"\"unchanged\":0,\"skipped\":1,\"rejected\":0,\"deleted\":0},\"bytes\":0,"
		"\"xxh3\":\"00000000000000ff\",\"rows_digest\":null}");
}

static void
test_trouble(void)
{
	struct receipt r;
	struct err e = ERR_INIT;

	is_int(receipt_init(&r, "/nonexistent/x", &e), -1, "a bad place is known at the start");
	err_release(&e);
	receipt_release(&r);
	is_int(receipt_init(&r, "/dev/full", &e), 0, "a full disk is not");
	is_int(receipt_print(&r, EXIT_DONE, &ERR_INIT, &e), -1, "but at the end");
	err_release(&e);
	receipt_release(&r);
	is_int(receipt_init(&r, NULL, &e), 0, "no summary");
	is_int(receipt_print(&r, EXIT_DONE, &ERR_INIT, &e), 0, "is none");
	receipt_release(&r);
}

int
main(void)
{
	int fd = mkstemp(path);

	close(fd);
	log_init("test_receipt");
	test_summary();
	check_committed(RECEIPT_NO, "false");
	check_committed(RECEIPT_YES, "true");
	check_committed(RECEIPT_UNKNOWN, "\"unknown\"");
	check_committed(RECEIPT_NOT_APPLICABLE, "null");
	test_relations();
	test_trouble();
	unlink(path);
	return tap_done();
}
