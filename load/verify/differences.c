/*
 * Lines are gathered, for there may be as many as rows.
 */
#include "load/verify/differences.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/jsontext.h"
#include "common/base/xalloc.h"
#include "common/stream/output.h"

#define BLOCK ((size_t)64 * 1024)

struct differences {
	struct output *out;
	struct buf lines; /* not yet written */
};

struct differences *
differences_open(const char *path, struct err *e)
{
	struct output *out = output_open(path, e);
	struct differences *d;

	if (out == NULL)
		return NULL;
	d = xcalloc(1, sizeof(*d));
	d->out = out;
	return d;
}

json_t *
differences_value(const char *type, const char *text, size_t len)
{
	static const char *const integers[] = {"smallint", "integer", "bigint", "oid"};
	char *copy;
	json_t *value = NULL;
	size_t i;

	if (text == NULL)
		return json_null();
	if (strcmp(type, "boolean") == 0)
		return json_boolean(len > 0 && text[0] == 't');
	copy = xstrndup(text, len);
	for (i = 0; i < sizeof(integers) / sizeof(integers[0]); i++)
		if (strcmp(type, integers[i]) == 0)
			value = json_integer(strtoll(copy, NULL, 10));
	if (value == NULL)
		value = jsontext(copy);
	free(copy);
	return value;
}

static int
write_lines(struct differences *d, struct err *e)
{
	int rc = output_write(d->out, d->lines.data, d->lines.len, e);

	d->lines.len = 0;
	return rc;
}

int
differences_add(struct differences *d, enum difference kind, const char *relation, json_t *key,
		json_t *columns, struct err *e)
{
	static const char *const kinds[] = {"missing", "extra", "different"};
	json_t *doc = json_pack("{s:s, s:o, s:o}", "kind", kinds[kind], "relation",
				jsontext(relation), "key", key);
	char *text;

	if (columns != NULL)
		json_object_set_new(doc, "columns", columns);
	text = json_dumps(doc, JSON_COMPACT);
	buf_adds(&d->lines, text != NULL ? text : "{}");
	buf_addc(&d->lines, '\n');
	free(text);
	json_decref(doc);
	return d->lines.len >= BLOCK ? write_lines(d, e) : 0;
}

int
differences_finish(struct differences *d, struct err *e)
{
	if (d->lines.len > 0 && write_lines(d, e) != 0)
		return -1;
	return output_finish(d->out, e);
}

void
differences_free(struct differences *d)
{
	if (d == NULL)
		return;
	output_free(d->out);
	buf_release(&d->lines);
	free(d);
}
