/*
 * For the tests of the ndjson modules: schemas from a string, rows to and fro.
 */
#ifndef TESTS_ROWS_H
#define TESTS_ROWS_H

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/ndjson/ndjson.h"
#include "common/schema/schema.h"

#define ROWS_UNUSED __attribute__((unused))

/*
 * rows_schema(s, list):
 * Make ${s} a schema with the columns of "name type;name type", where types may
 * be user-defined: the type documents know dom (a domain over bigint), doms
 * (over integer[]), dom[], geo[] (parted by colons) and pair (a composite).
 */
static void
rows_schema(struct schema *s, const char *list)
{
	static const char types[] =
		"{\"public.dom\": {\"kind\": \"domain\", \"base\": \"bigint\"},"
		"\"public.doms\": {\"kind\": \"domain\", \"base\": \"integer[]\"},"
		"\"public.dom[]\": {\"kind\": \"array\", \"element\": \"public.dom\","
		" \"delimiter\": \",\"},"
		"\"public.doms[]\": {\"kind\": \"array\", \"element\": \"public.doms\","
		" \"delimiter\": \",\"},"
		"\"public.geo[]\": {\"kind\": \"array\", \"element\": \"public.geo\","
		" \"delimiter\": \":\"},"
		"\"public.pair\": {\"kind\": \"composite\"}}";
	char *copy = xstrdup(list), *save = NULL, *item, *type;

	schema_init(s);
	json_decref(s->types);
	s->types = json_loads(types, 0, NULL);
	for (item = strtok_r(copy, ";", &save); item != NULL;
	     item = strtok_r(NULL, ";", &save)) {
		type = strchr(item, ' ');
		*type = '\0';
		schema_add_column(s, item, type + 1, NULL);
	}
	free(copy);
}

/*
 * rows_write(list, flags, rows, len), rows_read(list, flags, line, len):
 * Return rows of COPY text as NDJSON; a line of NDJSON as a row of COPY text;
 * or the message of the error, with "error: " before it.  The caller frees it.
 */
static ROWS_UNUSED char *
rows_write(const char *list, unsigned flags, const char *rows, size_t len)
{
	struct schema s;
	struct ndjson_writer *w;
	struct buf out = BUF_INIT;
	struct err e = ERR_INIT;
	char *exact = xmalloc(len); /* so that the sanitizers see a byte too far */

	rows_schema(&s, list);
	w = ndjson_writer_new(&s, flags);
	memcpy(exact, rows, len);
	if (ndjson_writer_rows(w, exact, len, &out, &e) != 0) {
		out.len = 0;
		buf_addf(&out, "error: %s", e.msg);
	}
	free(exact);
	err_release(&e);
	ndjson_writer_free(w);
	schema_release(&s);
	return buf_detach(&out);
}

static ROWS_UNUSED char *
rows_read(const char *list, unsigned flags, const char *line, size_t len)
{
	struct schema s;
	struct ndjson_reader *r;
	struct buf out = BUF_INIT;
	struct err e = ERR_INIT;
	char *exact = xmalloc(len);

	rows_schema(&s, list);
	r = ndjson_reader_new(&s, flags);
	memcpy(exact, line, len);
	if (ndjson_reader_line(r, exact, len, &out, &e) != 0)
		buf_addf(&out, "error: %s", e.msg);
	free(exact);
	err_release(&e);
	ndjson_reader_free(r);
	schema_release(&s);
	return buf_detach(&out);
}

#endif /* TESTS_ROWS_H */
