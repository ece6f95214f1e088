/*
 * Elements are quoted, so that none is NULL or nothing by its text.
 */
#include "common/pg/pgarray.h"

#include "common/base/buf.h"

static void
begin_element(struct buf *b)
{
	buf_addc(b, b->len > 0 ? ',' : '{');
}

void
pgarray_add(struct buf *b, const char *text)
{
	begin_element(b);
	buf_addc(b, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *text);
	}
	buf_addc(b, '"');
}

void
pgarray_add_oid(struct buf *b, unsigned oid)
{
	begin_element(b);
	buf_addf(b, "%u", oid);
}

const char *
pgarray_end(struct buf *b)
{
	buf_adds(b, b->len > 0 ? "}" : "{}");
	return buf_cstr(b);
}
