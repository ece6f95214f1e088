/*
 * Numbers and dates as people write them: what PostgreSQL would read, or the value as it
 * is where it is of no such form.
 */
#include <string.h>

#include "extract/csv/csvforms.h"
#include "tests/unit/tap.h"

static void
check(char decimal, int order, const char *value, const char *want)
{
	const struct csvforms f = {decimal, order};
	char out[CSVFORMS_MAX], got[CSVFORMS_MAX];
	size_t len = strlen(value);
	const char *read = csvforms_read(&f, value, &len, out);

	memcpy(got, read, len);
	got[len] = '\0';
	is_str(got, want, "%c %d: %s", decimal != '\0' ? decimal : '-', order, value);
}

static void
test_comma(void)
{
	check(',', 0, "1.234,50", "1234.50");
	check(',', 0, "-1.234.567", "-1234567");
	check(',', 0, "0,5", "0.5");
	check(',', 0, "5", "5");
	check(',', 0, "1234,5", "1234.5");
	check(',', 0, "1 234,5", "1234.5");
	check(',', 0, "1'234'567,5", "1234567.5");
	check(',', 0, "1\u00a0234,5", "1234.5");
	check(',', 0, "1\u202f234,5", "1234.5");
	check(',', 0, "1\u2019234,5", "1234.5");
	check(',', 0, "1,5e3", "1.5e3");
	check(',', 0, "007,5", "007.5");
}

static void
test_no_numbers(void)
{
	check(',', 0, "", "");
	check(',', 0, "-", "-");
	check(',', 0, ",5", ",5");
	check(',', 0, "5,", "5,");
	check(',', 0, "1.23", "1.23");
	check(',', 0, "1234.567", "1234.567");
	check(',', 0, "1.234.56", "1.234.56");
	check(',', 0, "1.234 567", "1.234 567");
	check(',', 0, "1,234,567", "1,234,567");
	check(',', 0, "1.2345", "1.2345");
	check(',', 0, "1.", "1.");
	check(',', 0, "12 kg", "12 kg");
	check('\0', 0, "1.234,5", "1.234,5");
}

static void
test_point(void)
{
	check('.', 0, "1,234.50", "1234.50");
	check('.', 0, "1234.50", "1234.50");
	check('.', 0, "1 234.5", "1234.5");
	check('.', 0, "1.234,5", "1.234,5");
	check('.', 0, "12,34", "12,34");
}

static void
test_dates(void)
{
	check('\0', ORDER_DMY, "31.12.2024", "2024-12-31");
	check('\0', ORDER_DMY, "1/2/2024", "2024-02-01");
	check('\0', ORDER_MDY, "1/2/2024", "2024-01-02");
	check('\0', ORDER_YMD, "2024/1/2", "2024-01-02");
	check('\0', ORDER_DMY, "1-2-2024 9:05", "2024-02-01 09:05");
	check('\0', ORDER_DMY, "1-2-2024T19:05:01.5", "2024-02-01T19:05:01.5");
	check(',', ORDER_DMY, "31.12.2024", "2024-12-31");
	check('.', ORDER_DMY, "31.12.2024", "2024-12-31");
	check('\0', ORDER_DMY, "31.12.24", "31.12.24");
	check('\0', ORDER_DMY, "31.12/2024", "31.12/2024");
	check('\0', ORDER_DMY, "31.12.2024x", "31.12.2024x");
	check('\0', ORDER_DMY, "2024-12-31", "2024-12-31");
	check('\0', ORDER_DMY, "1.2.", "1.2.");
	check('\0', ORDER_NONE, "31.12.2024", "31.12.2024");
}

int
main(void)
{
	test_comma();
	test_no_numbers();
	test_point();
	test_dates();
	return tap_done();
}
