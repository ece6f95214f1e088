/*
 * digits: which texts keep all that they say in a column of a type.
 */
#include "load/match/digits.h"

#include <string.h>

#include "tests/unit/tap.h"

static void
check(const char *base, const char *type, const char *text, bool want)
{
	struct digits d = digits_of(base, type);

	ok(digits_survive(&d, text, strlen(text)) == want, "%s %s %s", text,
	   want ? "stays whole in" : "loses digits in", type);
}

/* A value is bytes in a buffer that holds others behind it. */
static void
check_part(const char *text, size_t len, bool want)
{
	struct digits d = digits_of("numeric", "numeric(5,1)");

	ok(digits_survive(&d, text, len) == want, "%.*s %s, whatever stands behind it",
	   (int)len, text, want ? "stays whole" : "loses digits");
}

static void
test_exponents(void)
{
	check_part("2.555e19", 7, false);
	check_part("2.5e19-3", 5, true);
	check_part("25e-19", 5, true);
	check_part("2.555e1", 6, false);
	check("numeric", "numeric(5,1)", "1e-9223372036854775808", false);
	check("numeric", "numeric(5,1)", "1.25e99999999999999999999", true);
	check("numeric", "numeric(5,1)", "1.255e+0_1", false);
	check("numeric", "numeric(5,1)", "1.255e+0_2", true);
}

static void
test_numeric(void)
{
	check("numeric", "numeric(5,1)", "2.3", true);
	check("numeric", "numeric(5,1)", "2.345", false);
	check("numeric", "numeric(5,1)", "2.30000", true);
	check("numeric", "numeric(5,1)", "-0.05", false);
	check("numeric", "numeric(5,1)", "0.000", true);
	check("numeric", "numeric(5,1)", " 2.345e1 ", false);
	check("numeric", "numeric(5,1)", "2.345e2", true);
	check("numeric", "numeric(5,1)", "25e-1", true);
	check("numeric", "numeric(5,1)", "25e-2", false);
	check("numeric", "numeric(5,1)", "NaN", true);
	check("numeric", "numeric(5,0)", "1.5", false);
	check("numeric", "numeric(3,-2)", "1200", true);
	check("numeric", "numeric(3,-2)", "1250", false);
	check("numeric", "numeric", "1.23456789012345678901234567890", true);
	check("integer", "integer", "12", true);
}

static void
test_floating(void)
{
	check("real", "real", "0.1", true);
	check("real", "real", "123456", true);
	check("real", "real", "16777217", false);
	check("real", "real", "2.3456789123", false);
	check("real", "real", "1.17549435e-38", true);
	check("real", "real", "Infinity", true);
	check("double precision", "double precision", "3.141592653589793", true);
	check("double precision", "double precision", "3.14159265358979323846", false);
	check("double precision", "double precision", "9007199254740993", false);
	check("double precision", "double precision", "0.30000000000000004", true);
}

static void
test_clocks(void)
{
	const char *ts = "timestamp without time zone", *tz = "timestamp with time zone";

	check(ts, "timestamp(0) without time zone", "2026-01-02 10:11:12", true);
	check(ts, "timestamp(0) without time zone", "2026-01-02 10:11:12.5", false);
	check(ts, "timestamp(0) without time zone", "02.01.2026 10:11:12", true);
	check(ts, "timestamp(3) without time zone", "2026-01-02T10:11:12.123000", true);
	check(ts, ts, "2026-01-02 10:11:12.123456", true);
	check(ts, ts, "2026-01-02 10:11:12.1234567", false);
	check(tz, "timestamp(0) with time zone", "2026-01-02 10:11:12+05:30", true);
	check(tz, "timestamp(0) with time zone", "2026-01-02 10:11:12.7+05:30", false);
	check("time without time zone", "time(0) without time zone", "10:11:12.5", false);
	check("interval", "interval(0)", "1 day 02:03:04.5", false);
	check("interval", "interval(0)", "1 day 02:03:04", true);
	check("date", "date", "2026-01-02", true);
	check("date", "date", "2026-01-02 00:00:00", true);
	check("date", "date", "2026-01-02 10:00:00", false);
	check("date", "date", "2026-01-02T00:00:00+01", true);
}

static void
test_clocks_without_colons(void)
{
	const char *ts = "timestamp without time zone", *ts0 = "timestamp(0) without time zone";

	check(ts, ts0, "20240101T101112.7", false);
	check(ts, ts0, "20240101T101112", true);
	check(ts, ts0, "20240101 101112.7", false);
	check(ts, ts0, "20240101t1011.7", false);
	check(ts, ts, "20240101T101112.1234567", false);
	check(ts, ts, "20240101T101112.123456", true);
	check(ts, ts0, "10:00:00 05.01.2024", true);
	check(ts, ts0, "10:00:00.5 05.01.2024", false);
	check(ts, ts0, "05.01.2024 10:00:00.5", false);
	check(ts, ts0, "2024.123", true);
	check("time without time zone", "time(0) without time zone", " 101112.5", false);
	check("time without time zone", "time(0) without time zone", "T101112.5", false);
	check("interval", "interval(0)", "PT1000.5M", true);
	check("interval", "interval(0)", "P1DT1000.5M", true);
	check("date", "date", "20240101T101112", false);
	check("date", "date", "20240101T000000", true);
	check("date", "date", "20240101T000000+0130", true);
	check("date", "date", "20240101 101112", false);
	check("date", "date", "00:00:00 05.01.2024", true);
	check("date", "date", "1:00 2024-01-05", false);
	check("date", "date", "1/5/2024 12:00:00 AM", true);
	check("date", "date", "1/5/2024 12:00:00 PM", false);
	check("date", "date", "1/5/2024 12:30:00 AM", false);
	check("date", "date", "Oct 5 2024", true);
	check("date", "date", "J2459000.75", false);
	check("date", "date", "J2459000", true);
	check("date", "date", "05.01.2024", true);
	check("date", "date", "", true);
}

int
main(void)
{
	test_exponents();
	test_numeric();
	test_floating();
	test_clocks();
	test_clocks_without_colons();
	return tap_done();
}
