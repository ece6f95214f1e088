/*
 * ident: quoting, held against libpq's.  libpq needs a connection.  Where no server
 * answers, one that has not been made does as well, but for knowing of UTF-8.
 */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/relname.h"
#include "common/base/utf8.h"
#include "tests/unit/tap.h"

#define ROUNDS 20000
#define LONGEST 200 /* bytes; names of more than 63 are quoted like others */

static unsigned state;

static unsigned
chance(unsigned n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

/* Mostly what matters to quoting, whole characters, and any byte but NUL. */
static void
make_text(char *text)
{
	static const char *const parts[] = {"\"", "'",        "\\",           "\\'",      "a",
					    " ",  "\xc3\xa4", "\xe2\x82\xac", "\xed\xa0", "\n"};
	size_t want = chance(LONGEST), len = 0;
	bool clean = chance(2) == 0;

	while (len < want) {
		const char *part = parts[chance(10)];

		if (!clean && chance(8) == 0) {
			text[len++] = (char)(1 + chance(255));
		} else if (!clean || part[0] != '\xed') {
			memcpy(text + len, part, strlen(part));
			len += strlen(part);
		}
	}
	text[len] = '\0';
}

/* Tell whether ours is libpq's, or libpq has none because the text is not UTF-8. */
static bool
agree(const struct buf *ours, char *theirs, const char *text)
{
	bool same = theirs != NULL ? strlen(theirs) == ours->len &&
					     memcmp(theirs, ours->data, ours->len) == 0
				   : utf8_span(text, strlen(text)) < strlen(text);

	PQfreemem(theirs);
	return same;
}

static void
test_random(PGconn *conn)
{
	char text[LONGEST + 8];
	const char *given = getenv("SEED");
	unsigned seed = given != NULL ? (unsigned)atol(given) : 1, bad = 0;
	struct buf b = BUF_INIT;
	int i;

	state = seed;
	for (i = 0; i < ROUNDS && bad == 0; i++) {
		make_text(text);
		b.len = 0;
		ident_add_quoted(&b, text);
		bad += !agree(&b, PQescapeIdentifier(conn, text, strlen(text)), text);
		b.len = 0;
		ident_add_literal(&b, text);
		bad += !agree(&b, PQescapeLiteral(conn, text, strlen(text)), text);
	}
	is_int(bad, 0, "%d random texts are quoted as libpq quotes them (SEED=%u)", i, seed);
	buf_release(&b);
}

static void
test_relname(void)
{
	struct relname a = RELNAME_INIT, b = RELNAME_INIT;
	struct buf sql = BUF_INIT;
	char *text;

	relname_set(&a, "my \"s\"", "t");
	relname_add_quoted(&a, &sql);
	is_str(buf_cstr(&sql), "\"my \"\"s\"\"\".\"t\"", "a relation's name as SQL takes it");
	text = relname_text(&a);
	is_str(text, "my \"s\".t", "and as people read it");
	free(text);
	relname_set(&b, a.schema, a.name);
	ok(relname_equal(&a, &b), "a copy is equal");
	relname_set(&b, NULL, b.name);
	is_str(b.name, "t", "a name may be set to what it is");
	ok(!relname_equal(&a, &b), "no schema is not any schema");
	text = relname_text(&b);
	is_str(text, "t", "a name alone");
	free(text);
	buf_release(&sql);
}

int
main(void)
{
	PGconn *conn = PQconnectdb("dbname=postgres");
	bool connected = PQstatus(conn) == CONNECTION_OK;

	test_relname();
	printf("# %s\n", connected ? "a server knows UTF-8" : "no server");
	if (connected)
		is_int(PQsetClientEncoding(conn, "UTF8"), 0, "as every session of Portl");
	test_random(conn);
	PQfinish(conn);
	return tap_done();
}
