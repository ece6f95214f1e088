/*
 * What pgvalue.c and its families of types share.  Nobody else includes this.
 */
#ifndef COMMON_PGVALUE_PARTS_H
#define COMMON_PGVALUE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rows/pgcopy.h"

struct buf;
struct pgvalue_bytes;

/* The decoder of one type. */
struct pgvalue {
	/* Append the text of what is in ${b}; that all was taken is checked elsewhere. */
	void (*put)(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out);
	void (*scalar)(struct pgvalue_bytes *b, struct buf *out);
	struct pgvalue **parts; /* element, subtype, range, or attributes; owned */
	size_t nparts;
	char delimiter; /* between elements of an array of these */
};

/* Bytes of a value not taken yet; taking too many gives zeros and sets bad. */
struct pgvalue_bytes {
	const char *p;
	size_t left;
	size_t room; /* bytes that text may have when it is quoted */
	bool bad;
};

struct pgvalue_scalar {
	const char *name; /* as format_type() has it */
	void (*put)(struct pgvalue_bytes *b, struct buf *out);
};

/* Tables of types that are made of nothing else; they end with a NULL name. */
extern const struct pgvalue_scalar pgvalue_basic_types[];
extern const struct pgvalue_scalar pgvalue_time_types[];
extern const struct pgvalue_scalar pgvalue_misc_types[];

/* Take the next ${n} bytes; NULL if there are fewer. */
static inline const char *
pgvalue_take(struct pgvalue_bytes *b, size_t n)
{
	const char *p = b->p;

	if (b->left < n) {
		b->bad = true;
		b->left = 0;
		return NULL;
	}
	b->p += n;
	b->left -= n;
	return p;
}

static inline uint8_t
pgvalue_take8(struct pgvalue_bytes *b)
{
	const char *p = pgvalue_take(b, 1);

	return p != NULL ? (uint8_t)*p : 0;
}

static inline uint16_t
pgvalue_take16(struct pgvalue_bytes *b)
{
	const char *p = pgvalue_take(b, 2);

	return p != NULL ? pgcopy_get16(p) : 0;
}

static inline uint32_t
pgvalue_take32(struct pgvalue_bytes *b)
{
	const char *p = pgvalue_take(b, 4);

	return p != NULL ? pgcopy_get32(p) : 0;
}

static inline uint64_t
pgvalue_take64(struct pgvalue_bytes *b)
{
	uint64_t high = pgvalue_take32(b);

	return high << 32 | pgvalue_take32(b);
}

/*
 * pgvalue_float_put4(out, v), pgvalue_float_put8(out, v):
 * Append the shortest decimal that reads back as ${v}, as float4out and float8out
 * write it.
 */
void pgvalue_float_put4(struct buf *out, float v);
void pgvalue_float_put8(struct buf *out, double v);

/*
 * pgvalue_nested_array(v, b, out) and so on:
 * What pgvalue.put is for types with parts.
 */
void pgvalue_nested_array(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out);
void pgvalue_nested_vector(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out);
void pgvalue_nested_range(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out);
void pgvalue_nested_multirange(const struct pgvalue *v, struct pgvalue_bytes *b,
			       struct buf *out);
void pgvalue_nested_composite(const struct pgvalue *v, struct pgvalue_bytes *b,
			      struct buf *out);
void pgvalue_nested_hstore(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out);

#endif /* COMMON_PGVALUE_PARTS_H */
