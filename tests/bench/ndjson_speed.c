/*
 * How fast are the NDJSON writer and reader by themselves?  `make bench-ndjson`
 * runs this and prints MB/s of JSON, on one core, best of several rounds, for
 * rows of the kinds that the other benchmarks use.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/ndjson.h"
#include "common/schema.h"

#define BYTES ((size_t)64 << 20) /* of COPY text for each kind of row */
#define ROUNDS 5

static void
mixed_row(struct buf *out, unsigned long i)
{
	buf_addf(out,
		 "%lu\tcustomer-%lu@example.com\t%lu.%02lu\t%c\t2024-0%lu-1%lu "
		 "12:34:56.%06lu+00\t{\"tags\": [\"a\", \"b\"], \"level\": %lu}\t{%lu,%lu}\t"
		 "Lorem ipsum dolor sit amet, \"consectetur\" adipiscing elit, sed do\n",
		 i, i * 7919, i % 100000, i % 100, i % 2 ? 't' : 'f', i % 9 + 1, i % 10,
		 i % 1000000, i % 50, i, i + 1);
}

static void
narrow_row(struct buf *out, unsigned long i)
{
	buf_addf(out, "%lu\t%lu\t%lu\n", i, i * 31 % 1000003, i % 17);
}

static void
wide_row(struct buf *out, unsigned long i)
{
	size_t start = out->len;

	buf_addf(out, "%lu\t", i);
	while (out->len - start < 10000)
		buf_addf(out, "The quick brown fox %lu jumps over the lazy dog. ", i++);
	buf_addc(out, '\n');
}

static void
cyrillic_row(struct buf *out, unsigned long i)
{
	buf_addf(out, "%lu\tСъешь же ещё этих мягких французских булок, да выпей чаю\n", i);
}

static const struct kind {
	const char *name;
	const char *columns[9][2];
	void (*row)(struct buf *out, unsigned long i);
} kinds[] = {
	{"mixed",
	 {{"id", "bigint"},
	  {"email", "text"},
	  {"amount", "numeric"},
	  {"paid", "boolean"},
	  {"created_at", "timestamp with time zone"},
	  {"attrs", "jsonb"},
	  {"refs", "integer[]"},
	  {"note", "text"},
	  {NULL, NULL}},
	 mixed_row},
	{"narrow",
	 {{"id", "bigint"}, {"a", "integer"}, {"b", "integer"}, {NULL, NULL}},
	 narrow_row},
	{"wide", {{"id", "bigint"}, {"body", "text"}, {NULL, NULL}}, wide_row},
	{"cyrillic", {{"id", "bigint"}, {"body", "text"}, {NULL, NULL}}, cyrillic_row},
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Row by row, as libpq delivers them, into a block that is emptied when full. */
static size_t
write_all(struct ndjson_writer *w, const struct buf *rows, struct buf *block, struct buf *keep)
{
	const char *p = rows->data, *end = p + rows->len;
	struct err e = ERR_INIT;
	size_t total = 0;

	block->len = 0;
	while (p < end) {
		const char *stop = (const char *)memchr(p, '\n', (size_t)(end - p)) + 1;

		if (ndjson_writer_rows(w, p, (size_t)(stop - p), block, &e) != 0)
			exit(1);
		if (block->len >= (size_t)256 * 1024) {
			total += block->len;
			if (keep != NULL)
				buf_add(keep, block->data, block->len);
			block->len = 0;
		}
		p = stop;
	}
	if (keep != NULL)
		buf_add(keep, block->data, block->len);
	return total + block->len;
}

static void
read_all(struct ndjson_reader *r, const struct buf *lines, struct buf *block, struct buf *keep)
{
	const char *p = lines->data, *end = p + lines->len;
	struct err e = ERR_INIT;

	block->len = 0;
	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));

		if (ndjson_reader_line(r, p, (size_t)(stop - p), block, &e) != 0) {
			fprintf(stderr, "%s\n", e.msg);
			exit(1);
		}
		if (block->len >= (size_t)256 * 1024) {
			if (keep != NULL)
				buf_add(keep, block->data, block->len);
			block->len = 0;
		}
		p = stop + 1;
	}
	if (keep != NULL)
		buf_add(keep, block->data, block->len);
}

static double
sooner(double a, double b)
{
	return a < b ? a : b;
}

static void
measure(const struct kind *kind)
{
	struct schema *s = schema_new();
	struct buf rows = BUF_INIT, lines = BUF_INIT, back = BUF_INIT, block = BUF_INIT;
	double write = 1e9, read = 1e9;
	struct ndjson_writer *w;
	struct ndjson_reader *r;
	unsigned long i;
	size_t c;

	for (c = 0; kind->columns[c][0] != NULL; c++)
		schema_add_column(s, kind->columns[c][0], kind->columns[c][1], NULL);
	for (i = 0; rows.len < BYTES; i++)
		kind->row(&rows, i);
	w = ndjson_writer_new(s, 0);
	r = ndjson_reader_new(s, 0);
	write_all(w, &rows, &block, &lines);
	read_all(r, &lines, &block, &back);
	if (back.len != rows.len || memcmp(back.data, rows.data, rows.len) != 0) {
		fprintf(stderr, "%s: the rows did not come back as they were\n", kind->name);
		exit(1);
	}
	for (i = 0; i < ROUNDS; i++) {
		double start = now(), middle;

		write_all(w, &rows, &block, NULL);
		middle = now();
		read_all(r, &lines, &block, NULL);
		write = sooner(write, middle - start);
		read = sooner(read, now() - middle);
	}
	printf("%-9s writer %5.0f MB/s   reader %5.0f MB/s\n", kind->name,
	       (double)lines.len / write / 1e6, (double)lines.len / read / 1e6);
	ndjson_writer_free(w);
	ndjson_reader_free(r);
	schema_free(s);
	buf_release(&rows);
	buf_release(&lines);
	buf_release(&back);
	buf_release(&block);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		measure(&kinds[i]);
	return 0;
}
