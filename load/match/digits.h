/*
 * Which digits of a text survive in a column: COPY rounds what does not fit and says
 * nothing.  Strings tell no scale, so that this is asked of each value.
 */
#ifndef LOAD_DIGITS_H
#define LOAD_DIGITS_H

#include <stdbool.h>
#include <stddef.h>

/* What a type keeps of a text. */
struct digits {
	enum digits_kind {
		DIGITS_ALL,     /* everything, or it is an error */
		DIGITS_SCALE,   /* digits up to a place behind the point */
		DIGITS_REAL,    /* what a real holds */
		DIGITS_DOUBLE,  /* what a double precision holds */
		DIGITS_SECONDS, /* of a second's fraction so many */
		DIGITS_DAY      /* no time of day */
	} kind;
	int most; /* SCALE, may be negative; SECONDS */
};

/*
 * digits_of(base, type):
 * Return what a column keeps whose type is ${base}, with modifiers ${type}, as
 * format_type() names them.  Arrays count as keeping all.
 */
struct digits digits_of(const char *base, const char *type);

/*
 * digits_survive(d, text, len):
 * Tell whether the column keeps all of a text that its input function takes.
 */
bool digits_survive(const struct digits *d, const char *text, size_t len);

#endif /* LOAD_DIGITS_H */
