/*
 * Losses as a table: from which types to which, by cast or by input function
 * (PostgreSQL manual, "Data Types"; pg_cast).  What modifiers round away is
 * computed.  tests/load/casts.bats holds every row against the server.
 */
#include "load/match/plan_loss.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/xalloc.h"

enum {
	BOOL = 1 << 0,
	INT2 = 1 << 1,
	INT4 = 1 << 2,
	INT8 = 1 << 3,
	NUM = 1 << 4,
	F4 = 1 << 5,
	F8 = 1 << 6,
	MONEY = 1 << 7,
	OID = 1 << 8,
	DATE = 1 << 9,
	TIME = 1 << 10,
	TIMETZ = 1 << 11,
	TS = 1 << 12,
	TSTZ = 1 << 13,
	INTERVAL = 1 << 14,
	TEXT = 1 << 15,
	VARCHAR = 1 << 16,
	BPCHAR = 1 << 17,
	NAME = 1 << 18,
	CHAR = 1 << 19, /* "char", one byte */
	UUID = 1 << 20,
	INET = 1 << 21,
	CIDR = 1 << 22,
	JSON = 1 << 23,
	JSONB = 1 << 24
};

#define INTS (INT2 | INT4 | INT8)
#define CLOCKS (TIME | TIMETZ | TS | TSTZ | INTERVAL) /* have a precision */
#define STRINGS (TEXT | VARCHAR | BPCHAR)
#define SHORT_TEXT \
	(BOOL | INTS | F4 | F8 | MONEY | OID | DATE | TIME | TIMETZ | TS | TSTZ | NAME | \
	 CHAR | UUID) /* their text fits into a name */

static const struct {
	const char *name;
	unsigned bit;
} types[] = {
	{"boolean", BOOL},
	{"smallint", INT2},
	{"integer", INT4},
	{"bigint", INT8},
	{"numeric", NUM},
	{"real", F4},
	{"double precision", F8},
	{"money", MONEY},
	{"oid", OID},
	{"date", DATE},
	{"time without time zone", TIME},
	{"time with time zone", TIMETZ},
	{"timestamp without time zone", TS},
	{"timestamp with time zone", TSTZ},
	{"interval", INTERVAL},
	{"text", TEXT},
	{"character varying", VARCHAR},
	{"character", BPCHAR},
	{"name", NAME},
	{"\"char\"", CHAR},
	{"uuid", UUID},
	{"inet", INET},
	{"cidr", CIDR},
	{"json", JSON},
	{"jsonb", JSONB},
};

enum { CAST = 1, INPUT = 2, BOTH = CAST | INPUT };

static const struct {
	unsigned from, to;
	int how;
	const char *what;
} losses[] = {
	{NUM | F4 | F8, INTS, CAST, "is rounded to whole numbers"},
	{F8, NUM, CAST, "is rounded to 15 digits"},
	{F4, NUM, CAST, "is rounded to 6 digits"},
	{NUM | INT8, F8, BOTH, "is rounded to double precision"},
	{NUM | F8 | INT8 | INT4, F4, BOTH, "is rounded to real"},
	{NUM | F4 | F8, MONEY, BOTH, "is rounded to whole cents"},
	{OID, INT4, CAST, "becomes negative above 2147483647"},
	{INT2 | INT4, OID, CAST, "becomes positive where it is negative"},
	{INTS | NUM, OID, INPUT, "becomes positive where it is negative"},
	{TS | TSTZ, DATE, BOTH, "loses the time of day"},
	{TS | TSTZ, TIME, BOTH, "loses the date"},
	{TSTZ, TIMETZ, CAST, "loses the date"},
	{TS | TSTZ, TIMETZ, INPUT, "loses the date"},
	{TSTZ, TS, CAST, "becomes local time of the session's TimeZone"},
	{TSTZ, TS, INPUT, "loses its offset from UTC"},
	{TS, TSTZ, BOTH, "is taken as local time of the session's TimeZone"},
	{TIMETZ, TIME, BOTH, "loses its offset from UTC"},
	{INTERVAL, TIME, CAST, "loses whole days"},
	{INET, CIDR, CAST, "loses the bits beyond its netmask"},
	{JSON, JSONB, BOTH, "loses white space and all but the last of equal keys"},
	{TEXT | VARCHAR | NAME | CHAR, BPCHAR, BOTH, "loses the meaning of blanks at its end"},
};

/* Which type the name means; 0: no matter. */
static unsigned
type_bit(const char *base)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, base) == 0)
			return types[i].bit;
	return 0;
}

/* The numbers of "(p,s)" in a type's name: how many were found. */
static int
modifiers(const char *type, int *first, int *second)
{
	const char *paren = strchr(type, '(');

	*first = *second = 0;
	if (paren == NULL || type[0] == '"')
		return 0;
	return sscanf(paren, "(%d,%d)", first, second);
}

/* Digits behind the point that a value may have: many, if that is not known. */
static int
scale_of(unsigned bit, const char *type)
{
	int precision, scale, n = modifiers(type, &precision, &scale);

	if (bit == NUM && n > 0)
		return scale;
	if ((bit & (NUM | F4 | F8 | STRINGS)) != 0)
		return 16384;
	return bit == MONEY ? 2 : 0;
}

static char *
numeric_loss(unsigned from_bit, const char *from, const char *to)
{
	int precision, scale;

	if ((from_bit & (INTS | NUM | F4 | F8 | MONEY | STRINGS)) == 0 ||
	    modifiers(to, &precision, &scale) == 0 || scale_of(from_bit, from) <= scale)
		return NULL;
	return xasprintf("is rounded to %s", to);
}

/* Whether all digits of a numeric(p,s) fit. */
static bool
is_exact(const char *numeric, unsigned to_bit)
{
	int precision, scale;

	if (modifiers(numeric, &precision, &scale) == 0)
		return false;
	switch (to_bit) {
	case F4:
		return precision <= 6;
	case F8:
		return precision <= 15;
	case MONEY:
		return scale <= 2;
	default:
		return (to_bit & INTS) != 0 && scale <= 0;
	}
}

/* "year to month" of "interval year to month", as far as it reaches. */
static size_t
interval_fields(const char *type, const char **fields)
{
	size_t len;

	*fields = type + strcspn(type, " ");
	*fields += strspn(*fields, " ");
	len = strcspn(*fields, "([");
	return len;
}

static char *
clock_loss(unsigned from_bit, const char *from, unsigned to_bit, const char *to)
{
	const char *a, *b;
	size_t na, nb;
	int p, q, unused;

	if ((from_bit & (CLOCKS | STRINGS)) == 0)
		return NULL;
	if (to_bit == INTERVAL) {
		na = from_bit == INTERVAL ? interval_fields(from, &a) : 0;
		nb = interval_fields(to, &b);
		if (nb > 0 && (na != nb || strncmp(a, b, nb) != 0))
			return xasprintf("loses the fields that %s does not have", to);
	}
	if ((from_bit & CLOCKS) == 0 || modifiers(from, &p, &unused) == 0)
		p = 6; /* microseconds */
	if (modifiers(to, &q, &unused) == 0 || p <= q)
		return NULL;
	return xasprintf("is rounded to %s", to);
}

/* An error but for blanks, which the standard has cut off. */
static char *
varchar_loss(unsigned from_bit, const char *from, const char *to)
{
	int had, has, unused;

	if ((from_bit & (TEXT | VARCHAR | NAME)) == 0 || modifiers(to, &has, &unused) == 0)
		return NULL;
	if (from_bit == NAME)
		had = 63;
	else if (modifiers(from, &had, &unused) == 0)
		had = has + 1;
	return had <= has ? NULL : xasprintf("loses blanks beyond %d characters", has);
}

bool
plan_loss_is_string(const char *base)
{
	return (type_bit(base) & STRINGS) != 0;
}

bool
plan_loss_is_counted(const struct plan_loss_type *from, const struct plan_loss_type *to)
{
	return plan_loss_is_string(from->base) && (type_bit(to->base) & (NUM | CLOCKS)) != 0;
}

char *
plan_loss(const struct plan_loss_type *from, const struct plan_loss_type *to, bool by_text)
{
	unsigned a = type_bit(from->base), b = type_bit(to->base);
	char *what = NULL;
	size_t i;

	if (b == NUM)
		what = numeric_loss(a, from->type, to->type);
	else if ((b & CLOCKS) != 0)
		what = clock_loss(a, from->type, b, to->type);
	else if (b == VARCHAR)
		what = varchar_loss(a, from->type, to->type);
	if (a == NUM && is_exact(from->type, b))
		return NULL;
	for (i = 0; what == NULL && i < sizeof(losses) / sizeof(losses[0]); i++)
		if ((losses[i].from & a) != 0 && (losses[i].to & b) != 0 &&
		    (losses[i].how & (by_text ? INPUT : CAST)) != 0)
			what = xstrdup(losses[i].what);
	return what;
}

const char *
plan_loss_cut(const char *from_base, const char *to_base)
{
	unsigned a = type_bit(from_base), b = type_bit(to_base);

	if (b == NAME && (a & SHORT_TEXT) == 0)
		return "63 bytes";
	if (b == CHAR && a != CHAR)
		return "one byte";
	return NULL;
}
