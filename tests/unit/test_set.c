/*
 * Sets: what arrives is what was sent, member by member; a set that is cut anywhere, or whose
 * members are missing, doubled, exchanged or another set's, is refused.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/os/writeall.h"
#include "common/rows/pgcopy.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/stream/input.h"
#include "common/stream/output.h"
#include "common/stream/stream_reader.h"
#include "common/stream/stream_writer.h"
#include "tests/unit/tap.h"

#define MEMBERS 3

static char dir[] = "/tmp/portl-test-set.XXXXXX";
static char *path;
static const char *const names[MEMBERS] = {"a", "b", "c"};

static struct manifest *
make_set(const char *id, enum stream_format format)
{
	struct manifest *m = manifest_new(id);
	size_t i;

	for (i = 0; i < MEMBERS; i++) {
		struct header *h = header_new();

		relname_set(&h->schema.relation, "s", names[i]);
		schema_add_column(&h->schema, "n", "integer", NULL);
		h->values = format == STREAM_NDJSON ? HEADER_TEXT : HEADER_BINARY;
		manifest_add(m, h);
	}
	return m;
}

/* A row of one field: member ${i}'s ${n}th. */
static void
make_row(struct buf *b, enum stream_format format, size_t i, size_t n)
{
	b->len = 0;
	if (format == STREAM_NDJSON) {
		buf_addf(b, "%zu\n", 10 * i + n);
		return;
	}
	pgcopy_put16(b, 1);
	pgcopy_put32(b, 4);
	pgcopy_put32(b, (uint32_t)(10 * i + n));
}

static int
write_member(struct stream_writer *w, const struct manifest *m, size_t i,
	     enum stream_format format, struct err *e)
{
	struct buf row = BUF_INIT;
	int rc = stream_writer_begin(w, manifest_header(m, i), e);
	size_t n;

	for (n = 0; rc == 0 && n < i; n++) { /* the first has none */
		make_row(&row, format, i, n);
		rc = stream_writer_rows(w, row.data, row.len, 1, NULL, e);
	}
	buf_release(&row);
	return rc == 0 ? stream_writer_end(w, e) : -1;
}

static char *
slurp(size_t *len)
{
	struct stat st;
	FILE *f = fopen(path, "re");
	char *text = f != NULL && fstat(fileno(f), &st) == 0 ? xmalloc((size_t)st.st_size + 1)
							     : NULL;

	*len = text != NULL ? fread(text, 1, (size_t)st.st_size, f) : 0;
	if (f != NULL)
		fclose(f);
	return text;
}

/* Bytes of the manifest and of each member behind it. */
static char *
write_set(const char *id, enum stream_format format, size_t ends[MEMBERS + 1], size_t *len)
{
	struct err e = ERR_INIT;
	struct output *o = output_open(path, &e);
	struct stream_writer *w = stream_writer_new(o, format, 0);
	struct manifest *m = make_set(id, format);
	int rc = stream_writer_manifest(w, m, &e);
	size_t i;

	ends[0] = (size_t)output_bytes(o);
	for (i = 0; rc == 0 && i < MEMBERS; i++) {
		rc = write_member(w, m, i, format, &e);
		ends[i + 1] = (size_t)output_bytes(o);
	}
	ok(rc == 0 && output_finish(o, &e) == 0, "a set is written");
	is_int(stream_writer_count(w), 3, "the writer counts the rows of all members");
	stream_writer_free(w);
	output_free(o);
	manifest_free(m);
	err_release(&e);
	return slurp(len);
}

/* The rows of all members as "a:0 b:10 …", in binary only their number. */
static int
read_set(const char *data, size_t len, struct buf *seen, struct err *e)
{
	FILE *f = fopen(path, "we");
	struct input *in;
	struct stream_reader *r;
	struct stream_chunk chunk;
	size_t i = 0, n = 1;
	int rc = 0;

	if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0)
		return -1;
	in = input_open(path, e);
	r = stream_reader_new(in, STREAM_AS_SENT);
	seen->len = 0;
	for (; rc == 0 && i < n; i++) {
		rc = stream_reader_begin(r, e);
		if (rc == 0 && stream_reader_set(r) != NULL)
			n = stream_reader_set(r)->total;
		if (rc == 0)
			buf_addf(seen, "%s:", stream_reader_header(r)->schema.relation.name);
		while (rc == 0 && (rc = stream_reader_next(r, &chunk, e)) > 0) {
			buf_addf(seen, "%d", (int)chunk.rows);
			rc = 0;
		}
		buf_addc(seen, ' ');
	}
	if (rc == 0)
		rc = stream_reader_finish(r, e);
	stream_reader_free(r);
	input_free(in);
	return rc;
}

/* The parts ${order} of the set: 0 is the manifest, then the members. */
static void
check_order(const char *data, const size_t ends[MEMBERS + 1], const char *order,
	    const char *want)
{
	struct buf set = BUF_INIT, seen = BUF_INIT;
	struct err e = ERR_INIT;
	const char *p;

	for (p = order; *p != '\0'; p++) {
		size_t part = (size_t)(*p - '0'), from = part > 0 ? ends[part - 1] : 0;

		buf_add(&set, data + from, ends[part] - from);
	}
	ok(read_set(set.data, set.len, &seen, &e) != 0, "%s is refused", order);
	is_int(e.code, EXIT_STREAM, "%s is no whole stream", order);
	ok(e.msg != NULL && strstr(e.msg, want) != NULL, "\"%s\": %s", want,
	   e.msg != NULL ? e.msg : "");
	buf_release(&set);
	buf_release(&seen);
	err_release(&e);
}

static void
check_cuts(const char *data, size_t len, const char *what)
{
	struct buf seen = BUF_INIT;
	size_t at, bad = 0;

	for (at = 0; at < len; at++) {
		struct err e = ERR_INIT;

		if (read_set(data, at, &seen, &e) == 0 || e.code != EXIT_STREAM)
			bad++;
		err_release(&e);
	}
	is_int(bad, 0, "a set of %s that is cut anywhere is refused", what);
	buf_release(&seen);
}

/* A member of another set with the same members; what follows a whole set. */
static void
check_foreign(const char *data, const size_t ends[MEMBERS + 1], size_t len,
	      enum stream_format format)
{
	size_t other_ends[MEMBERS + 1] = {0}, other_len;
	char *other = write_set("two", format, other_ends, &other_len);
	struct buf set = BUF_INIT, seen = BUF_INIT;
	struct err e = ERR_INIT;

	buf_add(&set, data, ends[1]);
	buf_add(&set, other + other_ends[1], other_len - other_ends[1]);
	ok(read_set(set.data, set.len, &seen, &e) != 0 && e.code == EXIT_STREAM &&
		   strstr(e.msg, "s.b is expected") != NULL,
	   "a member of another set is refused");
	err_release(&e);
	set.len = 0;
	buf_add(&set, data, len);
	buf_add(&set, data, ends[0]);
	ok(read_set(set.data, set.len, &seen, &e) != 0 && e.code == EXIT_STREAM,
	   "what follows a set is refused");
	err_release(&e);
	buf_release(&set);
	buf_release(&seen);
	free(other);
}

/* A member that does not say what it is of is nobody's to load. */
static void
check_nameless(char *data, size_t len)
{
	static const char name[] = "\"relation\":{\"schema\":\"s\",\"name\":\"b\"},";
	char *at = memmem(data, len, name, sizeof(name) - 1);
	struct buf seen = BUF_INIT;
	struct err e = ERR_INIT;

	ok(at != NULL, "the manifest names its members");
	if (at == NULL)
		return;
	memset(at, ' ', sizeof(name) - 1);
	ok(read_set(data, len, &seen, &e) != 0, "a member without a name is refused");
	ok(e.code == EXIT_STREAM && strstr(e.msg, "a member that is no relation") != NULL,
	   "as a damaged manifest's: %s", e.msg != NULL ? e.msg : "");
	buf_release(&seen);
	err_release(&e);
}

static void
check_format(enum stream_format format, const char *what)
{
	size_t ends[MEMBERS + 1] = {0}, len;
	char *data = write_set("one", format, ends, &len);
	struct buf seen = BUF_INIT;
	struct err e = ERR_INIT;

	is_int(read_set(data, len, &seen, &e), 0, "a set of %s is read: %s", what,
	       e.msg != NULL ? e.msg : "");
	is_str(buf_cstr(&seen), "a: b:1 c:2 ", "each member has its rows");
	check_order(data, ends, "123", "number 1 of a set, and the set's beginning is missing");
	check_order(data, ends, "0", "ends in front of s.a, number 1 of 3");
	check_order(data, ends, "012", "ends in front of s.c, number 3 of 3");
	check_order(data, ends, "013", "number 3 of the set stands where number 2");
	check_order(data, ends, "0112", "number 1 of the set stands where number 2");
	check_order(data, ends, "0132", "number 3 of the set stands where number 2");
	check_order(data, ends, "00123", "a manifest stands where a member is expected");
	check_cuts(data, len, what);
	check_foreign(data, ends, len, format);
	check_nameless(data, len);
	err_release(&e);
	buf_release(&seen);
	free(data);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	path = xasprintf("%s/set", dir);
	check_format(STREAM_BINARY, "binary rows");
	check_format(STREAM_NDJSON, "NDJSON");
	unlink(path);
	rmdir(dir);
	free(path);
	return tap_done();
}
