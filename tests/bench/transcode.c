/*
 * transcode RUNS FILE: turn the rows of table `mixed` (tests/bench/tables.sh),
 * given as COPY text, into NDJSON and back, RUNS times over, and print the
 * speed of both: MB of JSON (of 1,000,000 bytes) per second of CPU, the best of
 * the runs.  Exits 1 if the rows do not come back as they were.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/ndjson/ndjson.h"
#include "common/schema/schema.h"
#include "tests/bench/measured.h"

static void
make_schema(struct schema *schema)
{
	static const char *const columns[][2] = {
		{"id", "bigint"},        {"created", "timestamp with time zone"},
		{"customer", "integer"}, {"status", "text"},
		{"amount", "numeric"},   {"paid", "boolean"},
		{"note", "text"},        {"detail", "jsonb"},
	};
	size_t i;

	schema_init(schema);
	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		schema_add_column(schema, columns[i][0], columns[i][1], columns[i][1]);
}

static _Noreturn void
give_up(const struct err *e)
{
	fprintf(stderr, "transcode: %s\n", e->msg != NULL ? e->msg : "the rows differ");
	exit(1);
}

/* The whole rows within CHUNK bytes, or the first row. */
static size_t
chunk_end(const struct buf *b, size_t at)
{
	size_t size = b->len - at < CHUNK ? b->len - at : CHUNK;
	const char *newline = memrchr(b->data + at, '\n', size);

	if (newline == NULL)
		newline = memchr(b->data + at, '\n', b->len - at);
	return newline != NULL ? (size_t)(newline + 1 - b->data) : b->len;
}

static void
write_json(const struct schema *schema, const struct buf *text, struct buf *json)
{
	struct ndjson_writer *w = ndjson_writer_new(schema, 0);
	struct err e = ERR_INIT;
	size_t at, end;

	for (at = 0; at < text->len; at = end) {
		end = chunk_end(text, at);
		if (ndjson_writer_rows(w, text->data + at, end - at, json, &e) != 0)
			give_up(&e);
	}
	ndjson_writer_free(w);
}

static void
read_json(const struct schema *schema, const struct buf *json, struct buf *text)
{
	struct ndjson_reader *r = ndjson_reader_new(schema, 0);
	struct err e = ERR_INIT;
	const char *line = json->data, *end = json->data + json->len, *newline;

	for (; line < end; line = newline + 1) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (newline == NULL)
			give_up(&e);
		if (ndjson_reader_line(r, line, (size_t)(newline - line), text, &e) != 0)
			give_up(&e);
	}
	ndjson_reader_free(r);
}

int
main(int argc, char **argv)
{
	struct schema schema;
	struct buf text = BUF_INIT, json = BUF_INIT, back = BUF_INIT;
	struct err none = ERR_INIT;
	double writing = 0, reading = 0, began, took;
	int runs = argc == 3 ? atoi(argv[1]) : 0;

	if (runs < 1) {
		fprintf(stderr, "usage: transcode RUNS FILE\n");
		return 2;
	}
	make_schema(&schema);
	for (read_file(argv[2], &text); runs > 0; runs--) {
		json.len = back.len = 0;
		began = cpu_now();
		write_json(&schema, &text, &json);
		took = cpu_now() - began;
		writing = writing == 0 || took < writing ? took : writing;
		began = cpu_now();
		read_json(&schema, &json, &back);
		took = cpu_now() - began;
		reading = reading == 0 || took < reading ? took : reading;
	}
	if (text.len == 0 || back.len != text.len ||
	    memcmp(back.data, text.data, text.len) != 0)
		give_up(&none);
	printf("%.0f %.0f\n", (double)json.len / 1e6 / writing,
	       (double)json.len / 1e6 / reading);
	buf_release(&text);
	buf_release(&json);
	buf_release(&back);
	schema_release(&schema);
	return 0;
}
