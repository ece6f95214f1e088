/*
 * Guessing the types of text columns from a sample, with care: a type is only
 * guessed if every value seen means the same in it and loses nothing.
 */
#ifndef COMMON_INFER_H
#define COMMON_INFER_H

#include <stdbool.h>
#include <stddef.h>

/* What a sample is: so many rows, or so many bytes if that is less. */
#define INFER_ROWS 1000
#define INFER_BYTES ((size_t)1 << 20)

/* In the order of preference; INFER_TEXT takes everything. */
enum infer_type {
	INFER_BOOLEAN,     /* t, f, true, false */
	INFER_BIGINT,      /* no leading zeros, no plus, no -0 */
	INFER_NUMERIC,     /* the same with a decimal point, digits on both sides */
	INFER_DOUBLE,      /* with an exponent, NaN, Infinity; at most 17 digits, all kept */
	INFER_DATE,        /* YYYY-MM-DD */
	INFER_TIMESTAMP,   /* date, blank or T, HH:MM[:SS[.ffffff]] */
	INFER_TIMESTAMPTZ, /* the same and Z, +HH, +HHMM or +HH:MM */
	INFER_UUID,        /* 8-4-4-4-12 hex digits */
	INFER_JSONB,       /* an object or an array */
	INFER_TEXT,
	INFER_UNSEEN /* the same: NULLs only */
};

/* What a column may still be. */
struct infer_column {
	unsigned candidates; /* bit 1 << enum infer_type */
	bool seen;           /* a value, not NULL only */
};

/*
 * infer_init(c):
 * Begin with nothing seen.
 */
void infer_init(struct infer_column *c);

/*
 * infer_see(c, value, len):
 * Take one value of the sample into account; NULLs are not shown.
 */
void infer_see(struct infer_column *c, const char *value, size_t len);

/*
 * infer_text(c):
 * Take into account a value that is text whatever it looks like.
 */
void infer_text(struct infer_column *c);

/*
 * infer_type(c):
 * Return the best type for everything that was seen.
 */
enum infer_type infer_type(const struct infer_column *c);

/*
 * infer_name(type):
 * Return PostgreSQL's name of the type, as format_type() has it.
 */
const char *infer_name(enum infer_type type);

/*
 * infer_find(name):
 * Return the type of that name, -1 if it is none of these.
 */
int infer_find(const char *name);

/*
 * infer_is_number(value, len):
 * Tell whether the value is a number in the form that PostgreSQL reads.
 */
bool infer_is_number(const char *value, size_t len);

/*
 * infer_has_forms(type):
 * Tell whether csvforms writes the type's values: numbers and dates, with times or without.
 */
bool infer_has_forms(enum infer_type type);

/*
 * infer_fits(type, value, len):
 * Tell whether a value has the form described at the type.
 */
bool infer_fits(enum infer_type type, const char *value, size_t len);

#endif /* COMMON_INFER_H */
