/*
 * Binary values as text: which types are known, a sample of values, and bytes that
 * are no value.  Whether the texts are the server's is shown by csv_out.bats.
 */
#include <math.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "load/value/pgvalue.h"
#include "load/value/pgvalue_parts.h"
#include "tests/unit/tap.h"

static json_t *types;

/* The text of a value, or "damaged", or "unknown"; the caller frees it. */
static char *
text(const char *type, const char *data, size_t len)
{
	struct pgvalue *v = pgvalue_new(type, types);
	struct buf b = BUF_INIT;

	if (v == NULL) {
		buf_adds(&b, "unknown");
	} else if (pgvalue_text(v, data, len, &b) != 0) {
		b.len = 0;
		buf_adds(&b, "damaged");
	}
	pgvalue_free(v);
	return buf_detach(&b);
}

static void
check(const char *type, const char *data, size_t len, const char *want)
{
	char *got = text(type, data, len);

	is_str(got, want, "%s: %s", type, want);
	free(got);
}

#define BYTES(literal) literal, sizeof(literal) - 1

static void
test_values(void)
{
	check("integer", BYTES("\xff\xff\xff\xfe"), "-2");
	check("text", BYTES(""), "");
	check("numeric", BYTES("\0\2\0\0\x40\0\0\2\0\14\23\210"), "-12.50");
	check("jsonb", BYTES("\1{}"), "{}");
	check("date", BYTES("\0\0\0\0"), "2000-01-01");
	check("s.mood", BYTES("sad"), "sad");
	check("s.age", BYTES("\0\0\0\7"), "7");
	check("s.mood[]", BYTES("\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\3sad"),
	      "{sad}");
	check("integer[]", BYTES("\0\0\0\0\0\0\0\0\0\0\0\27"), "{}");
	check("s.pair", BYTES("\0\0\0\2\0\0\0\27\0\0\0\4\0\0\0\1\0\0\0\31\xff\xff\xff\xff"),
	      "(1,)");
	check("int4range", BYTES("\1"), "empty");
	check("real", BYTES("\xbf\x80\0\0"), "-1");
	check("int2vector", BYTES("\0\0\0\0\0\0\0\0\0\0\0\25"), "");
	check("int2vector",
	      BYTES("\0\0\0\1\0\0\0\0\0\0\0\25\0\0\0\2\0\0\0\0\0\0\0\2\0\7\0\0\0\2"
		    "\xff\xff"),
	      "7 -1");
	check("interval",
	      BYTES("\x7f\xff\xff\xff\xff\xff\xff\xff\x7f\xff\xff\xff\x7f\xff\xff\xff"),
	      "infinity");
	check("interval", BYTES("\x80\0\0\0\0\0\0\0\x80\0\0\0\x80\0\0\0"), "-infinity");
	check("s.spans", BYTES("\0\0\0\1\0\0\0\1\30"), "{(,)}");
}

static void
test_unknown(void)
{
	check("tsquery", BYTES(""), "unknown");
	check("xml", BYTES(""), "unknown");
	check("tsquery[]", BYTES(""), "unknown");
	check("s.base", BYTES(""), "unknown");
	check("s.with_base", BYTES(""), "unknown");
	check("s.circle", BYTES(""), "unknown");
	check("s.no_kind", BYTES(""), "unknown");
	check("no such type", BYTES(""), "unknown");
	check("citext", BYTES(""), "unknown");
}

static void
test_damaged(void)
{
	check("integer", BYTES("\0\0\0"), "damaged");
	check("integer", BYTES("\0\0\0\0\0"), "damaged");
	check("boolean", BYTES(""), "damaged");
	check("numeric", BYTES("\0\5\0\0\0\0\0\0\0\1"), "damaged");
	check("jsonb", BYTES("\2{}"), "damaged");
	check("uuid", BYTES("\0\1\2"), "damaged");
	check("macaddr", BYTES("\0\1\2\3\4\5\6"), "damaged");
	check("bit", BYTES("\0\0\0\11\xff"), "damaged");
	check("bit", BYTES("\xff\xff\xff\xff"), "damaged");
	check("inet", BYTES("\2\41\0\4\1\2\3\4"), "damaged");
	check("inet", BYTES("\7\40\0\4\1\2\3\4"), "damaged");
	check("inet", BYTES("\2\40\0\20\1\2\3\4"), "damaged");
	check("time without time zone", BYTES("\xff\0\0\0\0\0\0\0"), "damaged");
	check("path", BYTES("\1\x7f\xff\xff\xff"), "damaged");
	check("tsvector", BYTES("\0\0\0\1ab"), "damaged");
	check("integer[]", BYTES("\0\0\0\7\0\0\0\0\0\0\0\27"), "damaged");
	check("integer[]", BYTES("\0\0\0\1\0\0\0\0\0\0\0\27\x7f\xff\xff\xff\0\0\0\1"),
	      "damaged");
	check("integer[]", BYTES("\0\0\0\1\0\0\0\0\0\0\0\27\0\0\0\1\0\0\0\1\0\0\0\2\0\0"),
	      "damaged");
	check("s.pair", BYTES("\0\0\0\1\0\0\0\27\0\0\0\4\0\0\0\1"), "damaged");
	check("int4range", BYTES("\2"), "damaged");
	check("int4range", BYTES("\2\xff\xff\xff\xff\xff\xff\xff\xff"), "damaged");
	check("int4multirange", BYTES("\0\0\0\1\xff\xff\xff\xff"), "damaged");
	check("s.hstore", BYTES("\0\0\0\1\xff\xff\xff\xff\0\0\0\0"), "damaged");
}

/* A few documents that ask for 2^30 parts, or for no end of them. */
static void
test_endless(void)
{
	json_t *made = json_object();
	char name[16], part[16];
	int i;

	for (i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		snprintf(part, sizeof(part), "t%d", i + 1);
		json_object_set_new(made, name,
				    json_pack("{s:s, s:[[s,s],[s,s]]}", "kind", "composite",
					      "attributes", "a", part, "b", part));
	}
	json_object_set_new(made, "t30", json_pack("{s:s}", "kind", "enum"));
	json_object_set_new(made, "circle",
			    json_pack("{s:s, s:s}", "kind", "array", "element", "circle"));
	ok(pgvalue_new("t0", made) == NULL, "types that double with each step");
	ok(pgvalue_new("circle", made) == NULL, "a type that is made of itself");
	json_decref(made);
}

/* Significant digits of a number as text. */
static int
count_digits(const char *s)
{
	int n = 0, zeros = 0;

	for (; *s != '\0' && *s != 'e'; s++) {
		if (*s == '0' && n > 0)
			zeros++;
		if (*s >= '1' && *s <= '9') {
			n += zeros + 1;
			zeros = 0;
		}
	}
	return n;
}

/*
 * Every double is read back as it was, and the C library finds nothing shorter; but for
 * whole numbers so large that a decimal may lie half way between two of them, which it
 * takes and PostgreSQL does not.
 */
static void
test_floats(void)
{
	uint64_t state = 88172645463325252u;
	unsigned bad = 0, longer = 0;
	int i, n;

	for (i = 0; i < 5000; i++) {
		struct buf b = BUF_INIT;
		char shorter[40];
		double v;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		memcpy(&v, &state, sizeof(v));
		if (!isfinite(v) || v == 0)
			continue;
		pgvalue_float_put8(&b, v);
		bad += strtod(buf_cstr(&b), NULL) != v;
		for (n = 1; n < 17; n++) {
			snprintf(shorter, sizeof(shorter), "%.*e", n - 1, v);
			if (strtod(shorter, NULL) == v)
				break;
		}
		longer += fabs(v) < 0x1p53 && count_digits(b.data) > n;
		buf_release(&b);
	}
	is_int(bad, 0, "random doubles read back");
	is_int(longer, 0, "none is longer than needed");
}

int
main(void)
{
	types = json_loads(
		"{\"s.mood\": {\"kind\": \"enum\", \"labels\": [\"sad\"]},"
		" \"s.mood[]\": {\"kind\": \"array\", \"element\": \"s.mood\"},"
		" \"s.age\": {\"kind\": \"domain\", \"base\": \"integer\"},"
		" \"s.pair\": {\"kind\": \"composite\","
		"  \"attributes\": [[\"a\", \"integer\"], [\"b\", \"text\"]]},"
		" \"s.span\": {\"kind\": \"range\", \"subtype\": \"text\"},"
		" \"s.spans\": {\"kind\": \"multirange\", \"range\": \"s.span\"},"
		" \"s.base\": {\"kind\": \"base\", \"extension\": null},"
		" \"s.with_base\": {\"kind\": \"composite\", \"attributes\": [[\"a\", \"s.base\"]]},"
		" \"s.circle\": {\"kind\": \"domain\", \"base\": \"s.circle\"},"
		" \"s.no_kind\": {},"
		" \"s.hstore\": {\"kind\": \"base\", \"extension\": \"hstore\"}}",
		0, NULL);
	ok(types != NULL, "the type documents are JSON");
	test_values();
	test_unknown();
	test_damaged();
	test_endless();
	test_floats();
	json_decref(types);
	return tap_done();
}
