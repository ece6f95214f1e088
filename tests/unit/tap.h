/*
 * The Test Anything Protocol for unit tests.  A test program is a main() with
 * checks that ends in `return tap_done();`.  Each check is one counted case,
 * returns whether it passed, and takes its name last, printf-like.
 *
 *	ok(condition, name, ...)
 *	is_int(got, want, name, ...)        any integers, compared as long long
 *	is_str(got, want, name, ...)        NUL-terminated, NULL equals NULL only
 *	is_mem(got, gotlen, want, wantlen, name, ...)        lengths in bytes
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ok(cond, ...) tap_result((cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...) tap_int((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) tap_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define is_mem(got, gotlen, want, wantlen, ...) \
	tap_mem((got), (gotlen), (want), (wantlen), __FILE__, __LINE__, __VA_ARGS__)

#define TAP_UNUSED __attribute__((unused))

static int tap_cases;
static int tap_failures;

static bool __attribute__((format(printf, 4, 0)))
tap_vresult(bool pass, const char *file, int line, const char *fmt, va_list ap)
{
	tap_cases++;
	printf("%sok %d - ", pass ? "" : "not ", tap_cases);
	vprintf(fmt, ap);
	putchar('\n');
	if (!pass) {
		tap_failures++;
		printf("# at %s:%d\n", file, line);
	}
	fflush(stdout); /* a crash must not take it away */
	return pass;
}

static bool TAP_UNUSED __attribute__((format(printf, 4, 5)))
tap_result(bool pass, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vresult(pass, file, line, fmt, ap);
	va_end(ap);
	return pass;
}

static bool TAP_UNUSED __attribute__((format(printf, 5, 6)))
tap_int(long long got, long long want, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vresult(got == want, file, line, fmt, ap);
	va_end(ap);
	if (got != want)
		printf("#  got %lld\n# want %lld\n", got, want);
	return got == want;
}

static void
tap_show(const char *label, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t i;

	printf("# %s ", label);
	if (!p)
		printf("NULL");
	for (i = 0; p && i < len && i < 400; i++)
		printf(isprint(p[i]) && p[i] != '\\' ? "%c" : "\\x%02x", p[i]);
	if (p)
		printf("%s (%zu bytes)", i < len ? "..." : "", len);
	putchar('\n');
}

static bool __attribute__((format(printf, 7, 0)))
tap_vmem(const void *got, size_t gotlen, const void *want, size_t wantlen, const char *file,
	 int line, const char *fmt, va_list ap)
{
	bool pass = (!got || !want) ? got == want
				    : gotlen == wantlen && memcmp(got, want, wantlen) == 0;

	tap_vresult(pass, file, line, fmt, ap);
	if (!pass) {
		tap_show(" got", got, gotlen);
		tap_show("want", want, wantlen);
	}
	return pass;
}

static bool TAP_UNUSED __attribute__((format(printf, 7, 8)))
tap_mem(const void *got, size_t gotlen, const void *want, size_t wantlen, const char *file,
	int line, const char *fmt, ...)
{
	va_list ap;
	bool pass;

	va_start(ap, fmt);
	pass = tap_vmem(got, gotlen, want, wantlen, file, line, fmt, ap);
	va_end(ap);
	return pass;
}

static bool TAP_UNUSED __attribute__((format(printf, 5, 6)))
tap_str(const char *got, const char *want, const char *file, int line, const char *fmt, ...)
{
	va_list ap;
	bool pass;

	va_start(ap, fmt);
	pass = tap_vmem(got, got ? strlen(got) : 0, want, want ? strlen(want) : 0, file, line,
			fmt, ap);
	va_end(ap);
	return pass;
}

/*
 * tap_done():
 * Print the plan, without which a run counts as broken.  Returns main()'s status.
 */
static int
tap_done(void)
{
	printf("1..%d\n", tap_cases);
	return tap_failures > 0 || tap_cases == 0;
}

#endif /* TESTS_TAP_H */
