/*
 * header, schema: the header document there and back, and what is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/schema/header.h"
#include "tests/unit/tap.h"

static struct header *
sample(void)
{
	struct header *h = header_new();
	struct schema_column *c;

	h->producer = "test";
	h->run = "0123456789abcdef";
	relname_set(&h->schema.relation, "public", "x\"y");
	schema_add_column(&h->schema, "id", "bigint", NULL)->not_null = true;
	c = schema_add_column(&h->schema, "Preis €", "numeric(10,2)", "numeric");
	c->collation = "pg_catalog.\"C\"";
	schema_add_column(&h->schema, "total", "integer", NULL)->generated = true;
	schema_add_key(&h->schema, "id");
	ident_list_add(&h->order, "id");
	json_object_set_new(h->schema.types, "public.mood",
			    json_pack("{s:s, s:[s]}", "kind", "enum", "labels", "it's"));
	h->rows_estimate = 12;
	h->server_version = 150018;
	h->values = HEADER_TEXT;
	h->dry_run = true;
	h->partial = HEADER_PARTIAL_WHERE | HEADER_PARTIAL_SINCE;
	h->position = xstrdup("1:xmin:2");
	h->no_position = "it is a view";
	h->since = xstrdup("none");
	h->part = (struct header_part){xstrdup("x"), 2, 3, xstrdup("1:xmin:3"),
				       xstrdup("3:5:7")};
	return h;
}

static void
test_round_trip(void)
{
	struct header *a = sample(), *b;
	struct err e = ERR_INIT;
	json_t *doc = header_to_json(a), *again;

	b = header_from_json(doc, &e);
	ok(b != NULL, "what was written is read");
	if (b == NULL)
		exit(1);
	again = header_to_json(b);
	ok(json_equal(doc, again), "and written again it is the same");
	is_str(b->schema.columns[1].base, "numeric", "base type");
	is_str(b->schema.columns[0].base, "bigint",
	       "the type itself where there are no modifiers");
	is_str(b->schema.columns[1].collation, "pg_catalog.\"C\"", "collation");
	ok(b->schema.columns[0].not_null && !b->schema.columns[1].not_null, "NOT NULL");
	ok(b->schema.columns[2].generated, "generated");
	is_int(b->values, HEADER_TEXT, "form of the values");
	is_int(b->rows_estimate, 12, "estimate");
	is_int((long)b->order.n, 1, "columns in whose order the rows come");
	ok(b->dry_run && !b->bare, "flags");
	is_int(b->partial, HEADER_PARTIAL_WHERE | HEADER_PARTIAL_SINCE, "what is missing");
	is_str(b->position, "1:xmin:2", "position");
	is_str(b->no_position, "it is a view", "why there is none");
	is_str(b->since, "none", "since when");
	is_str(b->part.run, "x", "the run that it is a part of");
	ok(b->part.number == 2 && b->part.of == 3, "which part");
	is_str(b->part.position, "1:xmin:3", "how far it has read");
	is_int(schema_find(&b->schema, "total"), 2, "a column is found by its exact name");
	is_int(schema_find(&b->schema, "TOTAL"), -1, "and by no other");
	json_decref(again);
	json_decref(doc);
	header_free(a);
	header_free(b);
}

static void
test_query(void)
{
	struct header *a = header_new(), *b;
	struct err e = ERR_INIT;
	json_t *doc = header_to_json(a);

	b = header_from_json(doc, &e);
	ok(b != NULL, "a query");
	if (b == NULL)
		exit(1);
	ok(b->schema.relation.name == NULL && b->schema.ncolumns == 0,
	   "has no relation, and no columns is a number of columns");
	is_int(b->rows_estimate, -1, "an unknown estimate stays unknown");
	json_decref(doc);
	header_free(a);
	header_free(b);
}

static void
check_refused(const char *text, const char *needle)
{
	struct err e = ERR_INIT;
	json_t *doc = json_loads(text, 0, NULL);
	struct header *h = header_from_json(doc, &e);

	ok(h == NULL && e.code == EXIT_STREAM && strstr(e.msg, needle) != NULL,
	   "refused (%s): %.60s", needle, text);
	err_release(&e);
	header_free(h);
	json_decref(doc);
}

/* Types and collations become SQL: no comments, no second statement. */
static void
test_names(void)
{
	static const char *const good[] = {"numeric(5,-2)", "timestamp(3) with time zone",
					   "\\\"a -- b\\\".\\\"x\\\"\\\"y;\\\"[]"};
	static const char *const bad[] = {"int4 --",          "int4 /*",  "int4); DROP TABLE t",
					  "\\\"open",         "t.c%TYPE", "int4\\nx",
					  "int4 DEFAULT 'x'", "text$$"};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char *text = xasprintf("{\"version\":1,\"columns\":[{\"name\":\"a\","
				       "\"type\":\"%s\",\"collation\":\"%s\"}]}",
				       good[i], good[i]);
		struct err e = ERR_INIT;
		json_t *doc = json_loads(text, 0, NULL);
		struct header *h = header_from_json(doc, &e);

		ok(h != NULL, "a type may be %s", good[i]);
		err_release(&e);
		header_free(h);
		json_decref(doc);
		free(text);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		static const char *const keys[] = {"type\":\"text\",\"base", "type",
						   "type\":\"text\",\"collation"};
		size_t k;

		for (k = 0; k < 3; k++) {
			char *text = xasprintf("{\"version\":1,\"columns\":[{\"name\":\"a\","
					       "\"%s\":\"%s\"}]}",
					       keys[k], bad[i]);

			check_refused(text, "not just a name");
			free(text);
		}
	}
}

/* What cannot be is not known. */
static void
test_numbers(void)
{
	static const char *const texts[] = {
		"-1",    "2147483648", "-9223372036854775808", "9223372036854775807",
		"1e300", "[]"};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *text = xasprintf("{\"version\":1,\"columns\":[],\"server_version\":%s,"
				       "\"rows_estimate\":-5}",
				       texts[i]);
		struct err e = ERR_INIT;
		json_t *doc = json_loads(text, 0, NULL);
		struct header *h = header_from_json(doc, &e);

		ok(h != NULL && h->server_version == 0 && h->rows_estimate == -1,
		   "a server of version %s is none", texts[i]);
		err_release(&e);
		header_free(h);
		json_decref(doc);
		free(text);
	}
}

/* As many columns as there may be: found and compared without looking at all of them. */
static void
test_many(void)
{
	struct schema s;
	char name[32];
	bool good = true;
	int i;

	schema_init(&s);
	for (i = 0; i < SCHEMA_COLUMNS_MAX; i++) {
		snprintf(name, sizeof(name), "column %d", i);
		good = good && schema_find(&s, name) == -1;
		schema_add_column(&s, name, "text", NULL);
	}
	schema_add_column(&s, "column 7", "text", NULL);
	for (i = 0; i < SCHEMA_COLUMNS_MAX; i++) {
		snprintf(name, sizeof(name), "column %d", i);
		good = good && schema_find(&s, name) == i;
	}
	ok(good, "each of %d columns is found, the first of its name", SCHEMA_COLUMNS_MAX);
	schema_release(&s);
}

/* More than a row can have, and enough to keep a reader busy for minutes. */
static void
test_too_many(void)
{
	struct err e = ERR_INIT;
	json_t *columns = json_array(), *doc;
	int i;

	for (i = 0; i < 32768; i++)
		json_array_append_new(columns, json_object());
	doc = json_pack("{s:i, s:o}", "version", 1, "columns", columns);
	ok(header_from_json(doc, &e) == NULL && strstr(e.msg, "too many columns") != NULL,
	   "32768 columns are refused");
	err_release(&e);
	json_decref(doc);
}

static void
test_refused(void)
{
	struct err e = ERR_INIT;
	json_t *doc;
	struct header *h;

	check_refused("{}", "no version");
	check_refused("{\"version\":3,\"columns\":[]}", "version 3");
	check_refused("{\"version\":\"1\",\"columns\":[]}", "no version");
	check_refused("{\"version\":1}", "no columns");
	check_refused("{\"version\":1,\"columns\":[{\"name\":\"a\"}]}", "without name or type");
	check_refused("{\"version\":1,\"columns\":[7]}", "without name or type");
	check_refused("{\"version\":1,\"columns\":[{\"name\":\"a\",\"type\":\"text\"},"
		      "{\"name\":\"a\",\"type\":\"text\"}]}",
		      "two columns");
	check_refused("{\"version\":1,\"columns\":[],\"values\":\"hex\"}", "values");
	check_refused("{\"version\":1,\"columns\":[],\"encoding\":\"LATIN1\"}", "LATIN1");
	check_refused("{\"version\":1,\"columns\":[],\"primary_key\":[1]}", "primary_key");
	check_refused("{\"version\":1,\"columns\":[],\"order\":[\"id\"]}", "order");
	check_refused("{\"version\":1,\"columns\":[],\"types\":[]}", "types");
	doc = json_loads("{\"version\":1,\"columns\":[],\"new\":{\"x\":[1,2]}}", 0, NULL);
	h = header_from_json(doc, &e);
	ok(h != NULL, "unknown members are ignored");
	json_decref(doc);
	header_free(h);
	header_free(NULL);
}

/* A member of a set that is a sequence has a value and no columns. */
static void
test_sequence(void)
{
	struct header *a = header_new(), *b;
	struct err e = ERR_INIT;
	json_t *doc;

	relname_set(&a->schema.relation, "s", "numbers");
	a->is_sequence = true;
	a->sequence = (struct header_sequence){.last_value = INT64_MIN, .is_called = true};
	doc = header_to_json(a);
	b = header_from_json(doc, &e);
	ok(b != NULL && b->is_sequence && b->sequence.last_value == INT64_MIN &&
		   b->sequence.is_called,
	   "a sequence has its value");
	ok(b != NULL && b->schema.ncolumns == 0, "and no columns");
	json_decref(doc);
	header_free(a);
	header_free(b);
	check_refused("{\"version\":2,\"columns\":[],\"sequence\":{\"last_value\":1}}",
		      "no value in \"sequence\"");
	check_refused("{\"version\":2,\"columns\":[],\"sequence\":{\"is_called\":true}}",
		      "no value in \"sequence\"");
}

static unsigned
partial_of(const char *text)
{
	struct err e = ERR_INIT;
	json_t *doc = json_loads(text, 0, NULL);
	struct header *h = header_from_json(doc, &e);
	unsigned partial = h != NULL ? h->partial : 0;

	header_free(h);
	json_decref(doc);
	return partial;
}

/* Only a stream that says so has all rows. */
static void
test_partial(void)
{
	char *text = header_partial_text(HEADER_PARTIAL_LIMIT | HEADER_PARTIAL_REJECTS);

	is_str(text, "limit, rejects", "what is missing, for people");
	free(text);
	is_int(partial_of("{\"version\":1,\"columns\":[],\"partial\":[]}"), 0,
	       "nothing is missing");
	is_int(partial_of("{\"version\":1,\"columns\":[]}"), HEADER_PARTIAL_UNSAID,
	       "an older writer says nothing");
	is_int(partial_of("{\"version\":1,\"columns\":[],\"partial\":false}"),
	       HEADER_PARTIAL_UNSAID, "nor does what is no array");
	is_int(partial_of("{\"version\":1,\"columns\":[],\"partial\":[\"since\",\"x\"]}"),
	       HEADER_PARTIAL_SINCE | HEADER_PARTIAL_OTHER, "an unknown word is a reason");
	is_int(partial_of("{\"version\":1,\"columns\":[],\"partial\":[7]}"),
	       HEADER_PARTIAL_OTHER, "and so is what is no word");
	check_refused("{\"version\":2,\"columns\":[],\"keys_of\":0}", "keys_of");
	check_refused("{\"version\":1,\"columns\":[],\"part\":{\"number\":1,\"of\":1}}",
		      "part");
	check_refused("{\"version\":1,\"columns\":[],\"part\":{\"run\":\"x\",\"of\":1}}",
		      "part");
	check_refused("{\"version\":1,\"columns\":[],"
		      "\"part\":{\"run\":\"x\",\"number\":2,\"of\":1}}",
		      "part");
	check_refused("{\"version\":1,\"columns\":[],\"part\":7}", "part");
}

int
main(void)
{
	test_partial();
	test_sequence();
	test_round_trip();
	test_query();
	test_refused();
	test_names();
	test_numbers();
	test_many();
	test_too_many();
	return tap_done();
}
