/*
 * The word is fields with colons between, the last of them a check sum of those before it:
 *
 *	1:KIND:SYSTEM:DATABASE:TIMELINE:XID:RELATION:NATTS:COLUMNS:ROWS:MADE:LEAVES:COLUMN:VALUE:SUM
 *
 * Numbers are decimal, digests 16 hex digits.  Leaves are the first OID and the differences
 * of the others, "+" between, each with "." and its own NATTS behind it if that is another
 * than the relation's.  Text is percent-encoded; "-" is a field with nothing in it.
 */
#include "common/schema/position.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"

#define VERSION "1"
#define SUM_LEN 8

static const char *const kinds[] = {[POSITION_XMIN] = "xmin", [POSITION_CURSOR] = "cursor"};

/* ---- to text ---- */

static void
add_text(struct buf *b, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	buf_addc(b, ':');
	if (text == NULL) {
		buf_addc(b, '-');
		return;
	}
	for (; *p != '\0'; p++)
		if (*p < 0x80 && isalnum(*p))
			buf_addc(b, (char)*p);
		else
			buf_addf(b, "%%%02X", *p);
}

static void
add_leaves(struct buf *b, const struct position *p)
{
	unsigned before = 0;
	size_t i;

	buf_addc(b, ':');
	if (p->nleaves == 0)
		buf_addc(b, '-');
	for (i = 0; i < p->nleaves; i++) {
		const struct position_leaf *leaf = &p->leaves[i];

		buf_addf(b, "%s%u", i > 0 ? "+" : "", leaf->oid - before);
		if (leaf->natts != p->natts)
			buf_addf(b, ".%u", leaf->natts);
		before = leaf->oid;
	}
}

static unsigned
sum_of(const char *data, size_t len)
{
	return (unsigned)(XXH3_64bits(data, len) & 0xffffffff);
}

char *
position_word(const struct position *p)
{
	struct buf b = BUF_INIT;

	buf_addf(&b, VERSION ":%s:%" PRIu64 ":%u:%u:%" PRIu64 ":%u:%u", kinds[p->kind],
		 p->system, p->database, p->timeline, p->xid, p->relation, p->natts);
	buf_addf(&b, ":%016" PRIx64 ":%016" PRIx64 ":%016" PRIx64, p->columns, p->rows,
		 p->made);
	add_leaves(&b, p);
	add_text(&b, p->column);
	add_text(&b, p->value);
	buf_addf(&b, ":%0*x", SUM_LEN, sum_of(b.data, b.len));
	return buf_detach(&b);
}

/* ---- from text ---- */

/* What is left of a word; ok turns false for good at the first field that is none. */
struct reading {
	const char *p; /* behind a field: at its ":" or the end */
	bool ok;
};

static uint64_t
take_number(struct reading *r, int base, uint64_t max)
{
	char *end;
	uint64_t value;

	r->ok = r->ok && *r->p == ':' && isxdigit((unsigned char)r->p[1]);
	if (!r->ok)
		return 0;
	value = strtoull(r->p + 1, &end, base);
	r->ok = end > r->p + 1 && value <= max;
	r->p = end;
	return value;
}

static enum position_kind
take_kind(struct reading *r)
{
	size_t len = r->ok && *r->p == ':' ? strcspn(r->p + 1, ":") : 0, i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (len == strlen(kinds[i]) && memcmp(r->p + 1, kinds[i], len) == 0) {
			r->p += 1 + len;
			return (enum position_kind)i;
		}
	r->ok = false;
	return POSITION_XMIN;
}

/* Is there nothing in the field? */
static bool
take_nothing(struct reading *r)
{
	if (!r->ok || strncmp(r->p, ":-:", 3) != 0)
		return false;
	r->p += 2;
	return true;
}

/* Digits only, and behind them; no more than ${max}. */
static uint64_t
take_digits(struct reading *r, uint64_t max)
{
	uint64_t value = 0;
	char *end;

	r->ok = r->ok && isdigit((unsigned char)*r->p);
	if (r->ok) {
		value = strtoull(r->p, &end, 10);
		r->ok = value <= max;
		r->p = end;
	}
	return value;
}

static void
add_leaf(struct position *p, const struct position_leaf *leaf)
{
	size_t n = p->nleaves;

	if ((n & (n - 1)) == 0) /* the room is a power of two */
		p->leaves = xrealloc(p->leaves, (n > 0 ? 2 * n : 1) * sizeof(*p->leaves));
	p->leaves[p->nleaves++] = *leaf;
}

static void
take_leaves(struct reading *r, struct position *p)
{
	struct position_leaf leaf = {.oid = 0};
	uint64_t more;

	if (take_nothing(r))
		return;
	r->ok = r->ok && *r->p == ':';
	while (r->ok && (p->nleaves == 0 || *r->p == '+')) {
		r->p++;
		more = take_digits(r, UINT32_MAX - leaf.oid);
		r->ok = r->ok && more > 0;
		leaf.oid += (unsigned)more;
		leaf.natts = p->natts;
		if (r->ok && *r->p == '.') {
			r->p++;
			leaf.natts = (unsigned)take_digits(r, UINT32_MAX);
		}
		add_leaf(p, &leaf);
	}
}

static int
hex(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static char *
take_text(struct reading *r)
{
	struct buf b = BUF_INIT;
	const char *p;

	if (take_nothing(r))
		return NULL;
	r->ok = r->ok && *r->p == ':';
	for (p = r->p + 1; r->ok && *p != ':' && *p != '\0'; p++) {
		if (*p != '%') {
			buf_addc(&b, *p);
			continue;
		}
		r->ok = hex(p[1]) >= 0 && hex(p[2]) >= 0 && hex(p[1]) + hex(p[2]) > 0;
		if (r->ok) {
			buf_addc(&b, (char)(hex(p[1]) * 16 + hex(p[2])));
			p += 2;
		}
	}
	r->p = p;
	return buf_detach(&b);
}

static void
take_all(struct reading *r, struct position *p)
{
	p->kind = take_kind(r);
	p->system = take_number(r, 10, UINT64_MAX);
	p->database = (unsigned)take_number(r, 10, UINT32_MAX);
	p->timeline = (unsigned)take_number(r, 10, UINT32_MAX);
	p->xid = take_number(r, 10, UINT64_MAX);
	p->relation = (unsigned)take_number(r, 10, UINT32_MAX);
	p->natts = (unsigned)take_number(r, 10, UINT32_MAX);
	p->columns = take_number(r, 16, UINT64_MAX);
	p->rows = take_number(r, 16, UINT64_MAX);
	p->made = take_number(r, 16, UINT64_MAX);
	take_leaves(r, p);
	p->column = take_text(r);
	p->value = take_text(r);
	r->ok = r->ok && *r->p == ':' && (p->kind == POSITION_CURSOR) == (p->column != NULL);
}

static int
no_position(struct err *e, const char *why)
{
	err_set(e, EXIT_USAGE, "that is no position: %s", why);
	return err_hint(e, "A position is one word, as portl-load --print-state prints it; "
			   "\"" POSITION_NONE "\" stands for a full run.");
}

/* A number too large, a digit too many: a word has one spelling. */
static bool
is_spelled(const struct position *p, const char *text)
{
	char *word = position_word(p);
	bool same = strcmp(word, text) == 0;

	free(word);
	return same;
}

static int
parse(struct position *p, const char *text, struct err *e)
{
	struct reading r = {.p = text + strlen(VERSION), .ok = true};
	const char *sum = strrchr(text, ':');
	char expected[SUM_LEN + 1];

	if (text[0] == '\0')
		return no_position(e, "it is empty, as if what should print it had failed");
	if (strncmp(text, VERSION ":", 2) != 0)
		return no_position(e, "it does not begin with \"" VERSION ":\"");
	snprintf(expected, sizeof(expected), "%08x", sum_of(text, (size_t)(sum - text)));
	if (strcmp(sum + 1, expected) != 0)
		return no_position(e, "its check sum is wrong");
	take_all(&r, p);
	return r.ok && r.p == sum && is_spelled(p, text)
		       ? 0
		       : no_position(e, "it has fields of another version");
}

int
position_parse(struct position *p, const char *word, size_t len, struct err *e)
{
	char *text = xstrndup(word, len);
	int rc;

	*p = (struct position){.kind = POSITION_XMIN};
	rc = parse(p, text, e);
	free(text);
	return rc;
}

static int
by_oid(const void *a, const void *b)
{
	const struct position_leaf *x = a, *y = b;

	return (x->oid > y->oid) - (x->oid < y->oid);
}

bool
position_has_leaf(const struct position *p, const struct position_leaf *leaf)
{
	const struct position_leaf *found;

	if (p->nleaves == 0)
		return leaf->oid == p->relation;
	found = bsearch(leaf, p->leaves, p->nleaves, sizeof(*leaf), by_oid);
	return found != NULL && found->natts == leaf->natts;
}

void
position_release(struct position *p)
{
	free(p->leaves);
	free(p->column);
	free(p->value);
	*p = (struct position){.leaves = NULL};
}
