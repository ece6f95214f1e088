/*
 * The first line of a bare stream, read for its keys.
 */
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/ndjson/jsonscan.h"
#include "common/ndjson/ndjson.h"
#include "common/ndjson/ndjson_string.h"
#include "common/schema/schema.h"

/* Add the key at ${p} to the columns; returns what follows its colon. */
static const char *
take_key(struct schema *schema, struct jsonscan *s, struct buf *name, const char *p,
	 const char *end)
{
	const char *start = p;

	p = ndjson_string_read_key(s, p, end, name);
	if (p == NULL)
		return NULL;
	if (schema->ncolumns == SCHEMA_COLUMNS_MAX)
		return jsonscan_fail(s, start, "more keys than a stream can have columns");
	if (schema_find(schema, buf_cstr(name)) >= 0)
		return jsonscan_fail(s, start, "a key that comes twice");
	schema_add_column(schema, buf_cstr(name), "", NULL);
	return p;
}

static const char *
take_members(struct schema *schema, struct jsonscan *s, struct buf *name, const char *p,
	     const char *end)
{
	p = jsonscan_space(p, end);
	if (p == end || *p != '{')
		return jsonscan_fail(s, p,
				     "a row is a JSON object in braces, and this is none");
	p = jsonscan_space(p + 1, end);
	if (p < end && *p == '}')
		return p + 1;
	for (;;) {
		p = take_key(schema, s, name, p, end);
		if (p != NULL)
			p = jsonscan_value(s, p, end);
		if (p == NULL)
			return NULL;
		p = jsonscan_space(p, end);
		if (p == end || (*p != ',' && *p != '}'))
			return jsonscan_fail(s, p, "no comma and no end of the object");
		if (*p++ == '}')
			return p;
		p = jsonscan_space(p, end);
	}
}

int
ndjson_first_columns(struct schema *schema, const char *line, size_t len, struct err *e)
{
	struct jsonscan s = {.what = NULL};
	struct buf name = BUF_INIT;
	const char *end = line + len, *p = take_members(schema, &s, &name, line, end);

	if (p != NULL) {
		p = jsonscan_space(p, end);
		if (p < end)
			p = jsonscan_fail(&s, p, "something follows the object");
	}
	buf_release(&name);
	if (p != NULL)
		return 0;
	return err_set(e, EXIT_STREAM, "byte %td: %s", s.at - line + 1, s.what);
}
