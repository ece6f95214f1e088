/*
 * Type guessing: what each form takes, what it leaves alone, and how samples of
 * several values come out.
 */
#include "common/schema/infer.h"
#include "tests/unit/tap.h"

static const char *
guess(const char *const *values)
{
	struct infer_column c;

	infer_init(&c);
	for (; *values != NULL; values++)
		infer_see(&c, *values, strlen(*values));
	return infer_name(infer_type(&c));
}

static const struct {
	const char *value, *type;
} cases[] = {
	{"t", "boolean"},
	{"false", "boolean"},
	{"True", "text"},
	{"yes", "text"},
	{"0", "bigint"},
	{"1", "bigint"},
	{"-42", "bigint"},
	{"9223372036854775807", "bigint"},
	{"-9223372036854775808", "bigint"},
	{"9223372036854775808", "numeric"},
	{"007", "text"},
	{"00", "text"},
	{"-07", "text"},
	{"+7", "text"},
	{"-0", "double precision"},
	{" 7", "text"},
	{"7 ", "text"},
	{"1.", "text"},
	{".5", "text"},
	{"0.5", "numeric"},
	{"-0.50", "numeric"},
	{"-0.0", "double precision"},
	{"00.5", "text"},
	{"1,5", "text"},
	{"1_000", "text"},
	{"0x1f", "text"},
	{"123456789012345678901234567890.5", "numeric"},
	{"1e5", "double precision"},
	{"1E-7", "double precision"},
	{"0e0", "double precision"},
	{"1e", "text"},
	{"1e400", "text"},
	{"1e-400", "text"},
	{"1.234567890123456e5", "double precision"},
	{"1.23456789012345678901e5", "text"},
	{"9007199254740993e0", "text"},
	{"9007199254740992e0", "double precision"},
	{"NaN", "double precision"},
	{"-Infinity", "double precision"},
	{"inf", "text"},
	{"2024-02-29", "date"},
	{"2023-02-29", "text"},
	{"1900-02-29", "text"},
	{"2000-02-29", "date"},
	{"2024-13-01", "text"},
	{"2024-04-31", "text"},
	{"0000-01-01", "text"},
	{"2024-1-1", "text"},
	{"01/02/2024", "text"},
	{"20240102", "bigint"},
	{"2024-01-02 03:04", "timestamp without time zone"},
	{"2024-01-02T03:04:05", "timestamp without time zone"},
	{"2024-01-02 03:04:05.123456", "timestamp without time zone"},
	{"2024-01-02 03:04:05.1234567", "text"},
	{"2024-01-02 03:04:05.", "text"},
	{"2024-01-02 24:00", "text"},
	{"2024-01-02 03:60", "text"},
	{"2024-01-02 03:04:60", "text"},
	{"2024-01-02  03:04", "text"},
	{"2024-01-02 03:04Z", "timestamp with time zone"},
	{"2024-01-02T03:04:05Z", "timestamp with time zone"},
	{"2024-01-02 03:04:05.5+02", "timestamp with time zone"},
	{"2024-01-02 03:04:05-0330", "timestamp with time zone"},
	{"2024-01-02 03:04:05+05:45", "timestamp with time zone"},
	{"2024-01-02 03:04:05+5", "text"},
	{"2024-01-02 03:04:05+05:", "text"},
	{"2024-01-02 03:04:05 CET", "text"},
	{"2024-01-02Z", "text"},
	{"c0a80101-0000-4000-8000-00000000000f", "uuid"},
	{"C0A80101-0000-4000-8000-00000000000F", "uuid"},
	{"c0a801010000400080000000000000ff", "text"},
	{"c0a80101-0000-4000-8000-00000000000g", "text"},
	{"{}", "jsonb"},
	{"[1, 2]", "jsonb"},
	{"{\"a\": {\"b\": null}}", "jsonb"},
	{"{\"a\": 1, \"a\": 2}", "text"},
	{"{a: 1}", "text"},
	{"[1, 2", "text"},
	{"[\"\\u0000\"]", "text"},
	{"{1,2}", "text"},
	{"\"x\"", "text"},
	{"null", "text"},
	{"", "text"},
	{"anything", "text"},
};

static void
test_single_values(void)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(guess((const char *const[]){cases[i].value, NULL}), cases[i].type,
		       "'%s'", cases[i].value);
}

#define SAMPLE(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
test_samples(void)
{
	is_str(guess((const char *const[]){NULL}), "text", "NULLs only");
	is_str(guess(SAMPLE("1", "2.50")), "numeric", "whole numbers and prices");
	is_str(guess(SAMPLE("1", "1e3")), "double precision", "numbers, one with an exponent");
	is_str(guess(SAMPLE("123456789012345678901", "1e3")), "text",
	       "a number too long for the double that another one needs");
	is_str(guess(SAMPLE("1", "007")), "text", "one leading zero spoils it");
	is_str(guess(SAMPLE("t", "1")), "text", "a letter and a number");
	is_str(guess(SAMPLE("2024-01-02", "2024-01-02 03:04")), "text", "dates and times");
	is_str(guess(SAMPLE("2024-01-02 03:04", "2024-01-02 03:04Z")), "text",
	       "times with and without zone");
	is_str(guess(SAMPLE("{}", "x")), "text", "JSON and a word");
	is_str(guess(SAMPLE("1", "")), "text", "an empty text is no number");
}

static void
test_unterminated(void)
{
	ok(infer_fits(INFER_BIGINT, "12x", 2), "only the given bytes count");
	ok(!infer_fits(INFER_BIGINT, "12x", 3), "and all of them");
	ok(infer_fits(INFER_DATE, "2024-01-02Z", 10), "of a date as well");
}

int
main(void)
{
	test_single_values();
	test_samples();
	test_unterminated();
	return tap_done();
}
