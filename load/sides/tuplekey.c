/*
 * Comparisons follow the types' btree operators (PostgreSQL's src/backend/utils/adt), for
 * types that every server sorts in one way.
 */
#include "load/sides/tuplekey.h"

#include <stdint.h>
#include <string.h>

#include "common/rows/copytext.h"
#include "common/rows/pgcopy.h"
#include "load/sides/tuple.h"

static const struct {
	const char *type;
	enum tuplekey_kind binary, text;
} kinds[] = {
	{"smallint", TUPLEKEY_SIGNED, TUPLEKEY_DECIMAL},
	{"integer", TUPLEKEY_SIGNED, TUPLEKEY_DECIMAL},
	{"bigint", TUPLEKEY_SIGNED, TUPLEKEY_DECIMAL},
	{"oid", TUPLEKEY_BYTES, TUPLEKEY_DECIMAL},
	{"xid8", TUPLEKEY_BYTES, TUPLEKEY_DECIMAL},
	{"numeric", TUPLEKEY_NUMERIC, TUPLEKEY_NO},
	{"boolean", TUPLEKEY_BYTES, TUPLEKEY_BYTES},
	{"text", TUPLEKEY_BYTES, TUPLEKEY_BYTES},
	{"character varying", TUPLEKEY_BYTES, TUPLEKEY_BYTES},
	{"name", TUPLEKEY_BYTES, TUPLEKEY_BYTES},
	{"character", TUPLEKEY_PADDED, TUPLEKEY_PADDED},
	{"bytea", TUPLEKEY_BYTES, TUPLEKEY_BYTES}, /* hex digits are in order as well */
	{"uuid", TUPLEKEY_BYTES, TUPLEKEY_BYTES},
	{"date", TUPLEKEY_SIGNED, TUPLEKEY_NO},
	{"time without time zone", TUPLEKEY_SIGNED, TUPLEKEY_NO},
	{"timestamp without time zone", TUPLEKEY_SIGNED, TUPLEKEY_NO},
	{"timestamp with time zone", TUPLEKEY_SIGNED, TUPLEKEY_NO},
	{"pg_lsn", TUPLEKEY_BYTES, TUPLEKEY_NO},
	{"macaddr", TUPLEKEY_BYTES, TUPLEKEY_BYTES},
};

/* "timestamp(3) with time zone"; a quoted name of a user's type is none of ours. */
static bool
is_type(const char *type, const char *name)
{
	const char *open = strchr(type, '('), *close = open != NULL ? strchr(open, ')') : NULL;
	size_t len = close != NULL ? (size_t)(open - type) : 0;

	if (close == NULL)
		return strcmp(type, name) == 0;
	return strncmp(type, name, len) == 0 && strcmp(close + 1, name + len) == 0;
}

enum tuplekey_kind
tuplekey_kind(const char *type, bool text)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (is_type(type, kinds[i].type))
			return text ? kinds[i].text : kinds[i].binary;
	return TUPLEKEY_NO;
}

static int
by_bytes(const struct tuple_field *a, const struct tuple_field *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = len > 0 ? memcmp(a->data, b->data, len) : 0;

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static int
by_sign(const struct tuple_field *a, const struct tuple_field *b)
{
	int left = a->len > 0 && (a->data[0] & 0x80) != 0;
	int right = b->len > 0 && (b->data[0] & 0x80) != 0;

	return left != right ? right - left : by_bytes(a, b);
}

static int
by_padded(struct tuple_field a, struct tuple_field b)
{
	while (a.len > 0 && a.data[a.len - 1] == ' ')
		a.len--;
	while (b.len > 0 && b.data[b.len - 1] == ' ')
		b.len--;
	return by_bytes(&a, &b);
}

static int
by_digits(struct tuple_field a, struct tuple_field b)
{
	int left = a.len > 0 && a.data[0] == '-', right = b.len > 0 && b.data[0] == '-';
	int order;

	if (left != right)
		return right - left;
	order = a.len != b.len ? (a.len > b.len) - (a.len < b.len) : by_bytes(&a, &b);
	return left ? -order : order;
}

/* ---- numeric ---- */

#define NUMERIC_HEAD 8 /* bytes: digits, weight, sign, scale */
#define NUMERIC_NEGATIVE 0x4000
#define NUMERIC_NAN 0xC000
#define NUMERIC_INFINITY 0xD000
#define NUMERIC_MINUS_INFINITY 0xF000

struct number {
	int rank; /* of what is not finite, 0: it is */
	int sign; /* -1, 0, 1 */
	int weight;
	struct tuple_field digits; /* two bytes each */
};

static struct number
read_number(const struct tuple_field *f)
{
	struct number n = {.rank = 0};
	unsigned sign;

	if (f->len < NUMERIC_HEAD) /* none that a server writes */
		return n;
	sign = pgcopy_get16(f->data + 4);
	n.weight = (int16_t)pgcopy_get16(f->data + 2);
	n.rank = sign == NUMERIC_NAN              ? 2
		 : sign == NUMERIC_INFINITY       ? 1
		 : sign == NUMERIC_MINUS_INFINITY ? -1
						  : 0;
	n.digits = (struct tuple_field){f->data + NUMERIC_HEAD, f->len - NUMERIC_HEAD};
	if (n.digits.len > 0)
		n.sign = sign == NUMERIC_NEGATIVE ? -1 : 1;
	return n;
}

static int
by_value(const struct tuple_field *left, const struct tuple_field *right)
{
	struct number a = read_number(left), b = read_number(right);
	int order;

	if (a.rank != b.rank)
		return a.rank - b.rank;
	if (a.rank != 0 || a.sign != b.sign || a.sign == 0)
		return a.rank != 0 ? 0 : a.sign - b.sign;
	order = a.weight != b.weight ? a.weight - b.weight : by_bytes(&a.digits, &b.digits);
	return a.sign < 0 ? -order : order;
}

/* ---- rows ---- */

/* The value without its escapes, in ${room} if it has any. */
static void
unescape(struct tuple_field *f, struct buf *room)
{
	if (f->len == 0 || memchr(f->data, '\\', f->len) == NULL)
		return;
	room->len = 0;
	f->len = copytext_unescape(buf_reserve(room, f->len), f->data, f->len);
	f->data = room->data;
}

static int
compare_fields(struct tuplekey *k, enum tuplekey_kind kind, struct tuple_field *a,
	       struct tuple_field *b)
{
	if (a->data == NULL || b->data == NULL) /* no key has NULLs; they come last */
		return (a->data == NULL) - (b->data == NULL);
	if (k->text) {
		unescape(a, &k->left);
		unescape(b, &k->right);
	}
	switch (kind) {
	case TUPLEKEY_SIGNED:
		return by_sign(a, b);
	case TUPLEKEY_PADDED:
		return by_padded(*a, *b);
	case TUPLEKEY_NUMERIC:
		return by_value(a, b);
	case TUPLEKEY_DECIMAL:
		return by_digits(*a, *b);
	default:
		return by_bytes(a, b);
	}
}

int
tuplekey_compare(struct tuplekey *k, const char *a, const char *a_end, const char *b,
		 const char *b_end)
{
	size_t i;

	for (i = 0; i < k->n; i++) {
		struct tuple_field left = {.data = NULL}, right = {.data = NULL};
		int order;

		if (!tuple_find(k->text, a, a_end, k->list[i].field, &left) ||
		    !tuple_find(k->text, b, b_end, k->list[i].field, &right))
			return 0; /* the reader has counted the fields */
		order = compare_fields(k, k->list[i].kind, &left, &right);
		if (order != 0)
			return order;
	}
	return 0;
}

void
tuplekey_release(struct tuplekey *k)
{
	buf_release(&k->left);
	buf_release(&k->right);
}
