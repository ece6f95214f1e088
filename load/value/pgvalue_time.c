/*
 * Dates and times in ISO style, intervals in the style "postgres".  Days count from
 * 2000-01-01, times are microseconds.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "load/value/pgvalue_parts.h"

#define SECOND INT64_C(1000000) /* in microseconds */
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define ERA 146097         /* days in 400 years */
#define EPOCH_SHIFT 730425 /* days from 0000-03-01 to 2000-01-01 */

/* Append ${n} digits of a number that is not negative, more if it has more. */
static void
put_padded(struct buf *out, size_t n, int64_t v)
{
	char text[20];
	size_t at = sizeof(text);

	while (v > 0 || at > sizeof(text) - n) {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	}
	buf_add(out, text + at, sizeof(text) - at);
}

/* Proleptic Gregorian calendar; years from March on, so that leap days come last. */
static void
put_days(struct buf *out, int64_t days, bool *bc)
{
	int64_t z = days + EPOCH_SHIFT;
	int64_t era = (z >= 0 ? z : z - ERA + 1) / ERA;
	int64_t doe = z - era * ERA; /* day of era */
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / (ERA - 1)) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153; /* months since March */
	int64_t day = doy - (153 * mp + 2) / 5 + 1;
	int64_t month = mp < 10 ? mp + 3 : mp - 9;
	int64_t year = yoe + era * 400 + (month <= 2);

	*bc = year <= 0;
	put_padded(out, 4, *bc ? 1 - year : year);
	buf_addc(out, '-');
	put_padded(out, 2, month);
	buf_addc(out, '-');
	put_padded(out, 2, day);
}

/* SS[.ffffff] */
static void
put_seconds(struct buf *out, int64_t us)
{
	put_padded(out, 2, us / SECOND);
	us %= SECOND;
	if (us == 0)
		return;
	buf_addc(out, '.');
	put_padded(out, 6, us);
	while (out->data[out->len - 1] == '0')
		out->len--;
}

/* HH:MM:SS[.ffffff] */
static void
put_clock(struct buf *out, int64_t us)
{
	put_padded(out, 2, us / HOUR);
	buf_addc(out, ':');
	put_padded(out, 2, us % HOUR / MINUTE);
	buf_addc(out, ':');
	put_seconds(out, us % MINUTE);
}

static void
put_date(struct pgvalue_bytes *b, struct buf *out)
{
	int32_t days = (int32_t)pgvalue_take32(b);
	bool bc;

	if (days == INT32_MAX || days == INT32_MIN) {
		buf_adds(out, days > 0 ? "infinity" : "-infinity");
		return;
	}
	put_days(out, days, &bc);
	buf_adds(out, bc ? " BC" : "");
}

static void
put_moment(struct pgvalue_bytes *b, struct buf *out, const char *zone)
{
	int64_t us = (int64_t)pgvalue_take64(b), days = us / DAY;
	bool bc;

	if (us == INT64_MAX || us == INT64_MIN) {
		buf_adds(out, us > 0 ? "infinity" : "-infinity");
		return;
	}
	us %= DAY;
	if (us < 0) {
		us += DAY;
		days--;
	}
	put_days(out, days, &bc);
	buf_addc(out, ' ');
	put_clock(out, us);
	buf_adds(out, zone);
	buf_adds(out, bc ? " BC" : "");
}

static void
put_timestamp(struct pgvalue_bytes *b, struct buf *out)
{
	put_moment(b, out, "");
}

static void
put_timestamptz(struct pgvalue_bytes *b, struct buf *out)
{
	put_moment(b, out, "+00");
}

/* Microseconds since midnight, which reach to 24:00:00. */
static int64_t
take_clock(struct pgvalue_bytes *b)
{
	int64_t us = (int64_t)pgvalue_take64(b);

	if (us >= 0 && us <= DAY)
		return us;
	b->bad = true;
	return 0;
}

static void
put_time(struct pgvalue_bytes *b, struct buf *out)
{
	put_clock(out, take_clock(b));
}

/* The zone comes in seconds west of Greenwich. */
static void
put_timetz(struct pgvalue_bytes *b, struct buf *out)
{
	int64_t us = take_clock(b), zone = (int32_t)pgvalue_take32(b), s = llabs(zone);

	put_clock(out, us);
	buf_addc(out, zone <= 0 ? '+' : '-');
	put_padded(out, 2, s / 3600);
	if (s % 3600 != 0) {
		buf_addc(out, ':');
		put_padded(out, 2, s % 3600 / 60);
	}
	if (s % 60 != 0) {
		buf_addc(out, ':');
		put_padded(out, 2, s % 60);
	}
}

/* Between the parts of an interval. */
struct interval_state {
	bool any;    /* a part has been written */
	bool before; /* the last one was negative */
};

static void
put_part(struct buf *out, int64_t v, const char *unit, struct interval_state *s)
{
	if (v == 0)
		return;
	buf_addf(out, "%s%s%" PRId64 " %s%s", s->any ? " " : "", s->before && v > 0 ? "+" : "",
		 v, unit, v != 1 ? "s" : "");
	s->before = v < 0;
	s->any = true;
}

static void
put_interval(struct pgvalue_bytes *b, struct buf *out)
{
	int64_t us = (int64_t)pgvalue_take64(b);
	int32_t days = (int32_t)pgvalue_take32(b), months = (int32_t)pgvalue_take32(b);
	struct interval_state s = {false, false};
	uint64_t size = us < 0 ? -(uint64_t)us : (uint64_t)us;

	if ((us == INT64_MAX && days == INT32_MAX && months == INT32_MAX) ||
	    (us == INT64_MIN && days == INT32_MIN && months == INT32_MIN)) {
		buf_adds(out, us > 0 ? "infinity" : "-infinity");
		return;
	}
	put_part(out, months / 12, "year", &s);
	put_part(out, months % 12, "mon", &s);
	put_part(out, days, "day", &s);
	if (s.any && us == 0)
		return;
	buf_adds(out, s.any ? " " : "");
	if (us < 0 || s.before)
		buf_addc(out, us < 0 ? '-' : '+');
	put_padded(out, 2, (int64_t)(size / HOUR));
	buf_addc(out, ':');
	put_padded(out, 2, (int64_t)(size % HOUR / MINUTE));
	buf_addc(out, ':');
	put_seconds(out, (int64_t)(size % MINUTE));
}

const struct pgvalue_scalar pgvalue_time_types[] = {
	{"date", put_date},
	{"time without time zone", put_time},
	{"time with time zone", put_timetz},
	{"timestamp without time zone", put_timestamp},
	{"timestamp with time zone", put_timestamptz},
	{"interval", put_interval},
	{NULL, NULL},
};
