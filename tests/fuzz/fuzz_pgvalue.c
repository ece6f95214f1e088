/*
 * Any bytes as a binary value: text or a refusal, and text never holds a NUL that
 * was not there.  The first byte chooses the type.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "load/value/pgvalue.h"
#include "load/value/pgvalue_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char documents[] =
	"{\"mood\": {\"kind\": \"enum\"}, \"age\": {\"kind\": \"domain\", \"base\": \"numeric\"},"
	" \"pair\": {\"kind\": \"composite\", \"attributes\": [[\"a\", \"age\"], [\"b\", \"text\"],"
	" [\"c\", \"integer[]\"]]}, \"pair[]\": {\"kind\": \"array\", \"element\": \"pair\"},"
	" \"span\": {\"kind\": \"range\", \"subtype\": \"text\"},"
	" \"spans\": {\"kind\": \"multirange\", \"range\": \"span\"},"
	" \"hstore\": {\"kind\": \"base\", \"extension\": \"hstore\"},"
	" \"ltree\": {\"kind\": \"base\", \"extension\": \"ltree\"}}";

static const char *const nested[] = {
	"mood",  "age",       "pair",   "pair[]",     "span",
	"spans", "hstore",    "ltree",  "int4range",  "tstzmultirange",
	"box[]", "numeric[]", "text[]", "int2vector", "oidvector",
};

static const char *
choose(unsigned n)
{
	static const struct pgvalue_scalar *const tables[] = {
		pgvalue_basic_types, pgvalue_time_types, pgvalue_misc_types};
	const struct pgvalue_scalar *s;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (s = tables[i]; s->name != NULL; s++)
			if (n-- == 0)
				return s->name;
	return nested[n % (sizeof(nested) / sizeof(nested[0]))];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static json_t *types;
	struct pgvalue *v;
	struct buf text = BUF_INIT;
	int rc;

	if (size == 0)
		return 0;
	if (types == NULL)
		types = json_loads(documents, 0, NULL);
	v = pgvalue_new(choose(data[0]), types);
	if (v == NULL)
		abort();
	rc = pgvalue_text(v, (const char *)data + 1, size - 1, &text);
	if (rc == 0 && memchr(data + 1, '\0', size - 1) == NULL && text.len > 0 &&
	    memchr(text.data, '\0', text.len) != NULL)
		abort();
	buf_release(&text);
	pgvalue_free(v);
	return 0;
}
