/*
 * Types that are made of others.  A part's text is written behind what is there
 * already and quoted in place if the container's rules ask for it.
 */
#include <string.h>
#include <strings.h>

#include "common/base/buf.h"
#include "load/value/pgvalue_parts.h"

#define DIMENSIONS_MAX 6

/* ---- quoting ---- */

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What stands behind ${mark} cannot stand there bare: empty, or holds one of these. */
static bool
needs_quotes(const struct buf *out, size_t mark, const char *special)
{
	size_t i;

	for (i = mark; i < out->len; i++)
		if (is_space(out->data[i]) || strchr(special, out->data[i]) != NULL)
			return true;
	return mark == out->len;
}

/*
 * Put it in quotes; ${escape} goes before a quote, a backslash before a backslash.  Each
 * level of nesting doubles the quotes inside: a few bytes could become gigabytes.
 */
static void
quote(struct pgvalue_bytes *b, struct buf *out, size_t mark, char escape)
{
	size_t i, extra = 2;
	char *to, *from;

	for (i = mark; i < out->len; i++)
		extra += out->data[i] == '"' || out->data[i] == '\\';
	if (out->len - mark + extra > b->room) {
		b->bad = true;
		return;
	}
	buf_reserve(out, extra);
	from = out->data + out->len;
	out->len += extra;
	to = out->data + out->len;
	*--to = '"';
	while (from > out->data + mark) {
		*--to = *--from;
		if (*from == '"')
			*--to = escape;
		else if (*from == '\\')
			*--to = '\\';
	}
	*--to = '"';
}

/* ---- parts ---- */

/*
 * Take a part's length and bytes and append its text: false if it is NULL.  A
 * part has to be used up by its type.
 */
static bool
put_part(const struct pgvalue *part, struct pgvalue_bytes *b, struct buf *out)
{
	uint32_t len = pgvalue_take32(b);
	struct pgvalue_bytes inner = {.left = len, .room = b->room};

	if (len == UINT32_MAX || b->bad)
		return false;
	inner.p = pgvalue_take(b, len);
	if (inner.p == NULL)
		return true;
	part->put(part, &inner, out);
	if (inner.bad || inner.left > 0)
		b->bad = true;
	return true;
}

static void
put_element(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out)
{
	char special[] = "\"\\{},";
	size_t mark = out->len;

	special[4] = v->parts[0]->delimiter;
	if (!put_part(v->parts[0], b, out))
		buf_add(out, "NULL", 4);
	else if (needs_quotes(out, mark, special) ||
		 (out->len - mark == 4 && strncasecmp(out->data + mark, "NULL", 4) == 0))
		quote(b, out, mark, '\\');
}

static void
put_dimension(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out,
	      const uint32_t *sizes, uint32_t n)
{
	uint32_t i;

	buf_addc(out, '{');
	for (i = 0; i < sizes[0] && !b->bad; i++) {
		if (i > 0)
			buf_addc(out, v->parts[0]->delimiter);
		if (n > 1)
			put_dimension(v, b, out, sizes + 1, n - 1);
		else
			put_element(v, b, out);
	}
	buf_addc(out, '}');
}

/* An array's head: the number of dimensions; sizes and lower bounds. */
static uint32_t
take_dimensions(struct pgvalue_bytes *b, uint32_t sizes[DIMENSIONS_MAX],
		int32_t bounds[DIMENSIONS_MAX])
{
	uint32_t n = pgvalue_take32(b), i;

	pgvalue_take(b, 8); /* flags, the element's OID at the source */
	if (n > DIMENSIONS_MAX)
		b->bad = true;
	for (i = 0; i < n && !b->bad; i++) {
		sizes[i] = pgvalue_take32(b);
		bounds[i] = (int32_t)pgvalue_take32(b);
		if (sizes[i] == 0) /* an empty array has no dimensions */
			b->bad = true;
	}
	return b->bad ? 0 : n;
}

void
pgvalue_nested_array(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out)
{
	uint32_t sizes[DIMENSIONS_MAX] = {0}, n, i;
	int32_t bounds[DIMENSIONS_MAX];
	bool shifted = false;

	n = take_dimensions(b, sizes, bounds);
	for (i = 0; i < n; i++)
		shifted = shifted || bounds[i] != 1;
	for (i = 0; i < n && shifted; i++)
		buf_addf(out, "[%d:%lld]", bounds[i], (long long)bounds[i] + sizes[i] - 1);
	if (n == 0)
		buf_add(out, "{}", 2);
	else if (shifted)
		buf_addc(out, '=');
	if (n > 0)
		put_dimension(v, b, out, sizes, n);
}

/* int2vector, oidvector: elements parted by blanks. */
void
pgvalue_nested_vector(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out)
{
	uint32_t sizes[DIMENSIONS_MAX] = {0}, i;
	int32_t bounds[DIMENSIONS_MAX];

	if (take_dimensions(b, sizes, bounds) > 1)
		b->bad = true;
	for (i = 0; i < sizes[0] && !b->bad; i++) {
		if (i > 0)
			buf_addc(out, ' ');
		put_part(v->parts[0], b, out);
	}
}

#define RANGE_EMPTY 0x01
#define RANGE_LOWER_IN 0x02
#define RANGE_UPPER_IN 0x04
#define RANGE_LOWER_INF 0x08
#define RANGE_UPPER_INF 0x10

static void
put_bound(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out)
{
	size_t mark = out->len;

	if (!put_part(v->parts[0], b, out))
		b->bad = true;
	else if (needs_quotes(out, mark, "\"\\()[],"))
		quote(b, out, mark, '"');
}

void
pgvalue_nested_range(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out)
{
	unsigned flags = pgvalue_take8(b);

	if ((flags & RANGE_EMPTY) != 0) {
		buf_adds(out, "empty");
		return;
	}
	buf_addc(out, (flags & RANGE_LOWER_IN) != 0 ? '[' : '(');
	if ((flags & RANGE_LOWER_INF) == 0)
		put_bound(v, b, out);
	buf_addc(out, ',');
	if ((flags & RANGE_UPPER_INF) == 0)
		put_bound(v, b, out);
	buf_addc(out, (flags & RANGE_UPPER_IN) != 0 ? ']' : ')');
}

void
pgvalue_nested_multirange(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out)
{
	uint32_t n = pgvalue_take32(b), i;

	buf_addc(out, '{');
	for (i = 0; i < n && !b->bad; i++) {
		if (i > 0)
			buf_addc(out, ',');
		if (!put_part(v->parts[0], b, out))
			b->bad = true;
	}
	buf_addc(out, '}');
}

void
pgvalue_nested_composite(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out)
{
	size_t i;

	if (pgvalue_take32(b) != v->nparts)
		b->bad = true;
	buf_addc(out, '(');
	for (i = 0; i < v->nparts && !b->bad; i++) {
		size_t mark;

		if (i > 0)
			buf_addc(out, ',');
		mark = out->len;
		pgvalue_take32(b); /* the attribute's type */
		if (put_part(v->parts[i], b, out) && needs_quotes(out, mark, "\"\\(),"))
			quote(b, out, mark, '"');
	}
	buf_addc(out, ')');
}

void
pgvalue_nested_hstore(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out)
{
	uint32_t n = pgvalue_take32(b), i;
	size_t mark;

	for (i = 0; i < n && !b->bad; i++) {
		buf_adds(out, i > 0 ? ", " : "");
		mark = out->len;
		if (!put_part(v->parts[0], b, out))
			b->bad = true;
		quote(b, out, mark, '\\');
		buf_add(out, "=>", 2);
		mark = out->len;
		if (put_part(v->parts[0], b, out))
			quote(b, out, mark, '\\');
		else
			buf_add(out, "NULL", 4);
	}
}
