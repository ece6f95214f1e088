/*
 * Relation names; how an identifier is quoted is ident's.
 */
#include "common/base/relname.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/intern.h"
#include "common/base/xalloc.h"

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void
relname_set(struct relname *r, const char *schema, const char *name)
{
	*r = (struct relname){.schema = intern_null(schema), .name = intern_null(name)};
}

int
relname_parse(const char *text, struct relname *r, struct err *e)
{
	char *schema, *name;

	if (ident_parse_qualified(text, &schema, &name, e) != 0)
		return -1;
	relname_set(r, schema, name);
	free(schema);
	free(name);
	return 0;
}

bool
relname_equal(const struct relname *a, const struct relname *b)
{
	return same(a->schema, b->schema) && same(a->name, b->name);
}

bool
relname_means(const struct relname *named, const struct relname *relation)
{
	return relation->name != NULL && strcmp(named->name, relation->name) == 0 &&
	       (named->schema == NULL || relname_equal(named, relation));
}

char *
relname_text(const struct relname *r)
{
	const char *name = r->name != NULL ? r->name : "";

	if (r->schema == NULL || r->schema[0] == '\0')
		return xstrdup(name);
	return xasprintf("%s.%s", r->schema, name);
}

void
relname_add_quoted(const struct relname *r, struct buf *sql)
{
	if (r->schema != NULL) {
		ident_add_quoted(sql, r->schema);
		buf_addc(sql, '.');
	}
	ident_add_quoted(sql, r->name);
}
