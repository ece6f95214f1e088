/*
 * Each name is folded once, when the index is made, so that a look-up costs the same in a wide
 * table.
 */
#include "load/match/loosename.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/xalloc.h"
#include "common/pg/relation.h"

/* Latin-1's capitals, in UTF-8 behind a byte C3: all but the multiplication sign. */
static bool
is_latin_capital(unsigned char before, unsigned char c)
{
	return before == 0xc3 && c >= 0x80 && c <= 0x9e && c != 0x97;
}

/* The caller frees it. */
static char *
fold(const char *name)
{
	char *out = xstrdup(name), *to = out;
	unsigned char before = 0;
	const char *p;

	for (p = name; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (isspace(c) || c == '_' || c == '-')
			continue;
		if (before == 0xc2 && c == 0xa0) { /* a no-break space */
			to--;
			before = 0;
			continue;
		}
		*to++ = (char)(is_latin_capital(before, c) ? c + 0x20 : tolower(c));
		before = c;
	}
	*to = '\0';
	return out;
}

void
loosename_init(struct loosename *x, const struct relation *rel)
{
	size_t i;

	*x = (struct loosename){.index = NAMEINDEX_INIT};
	x->folded.names = xcalloc(rel->ncolumns, sizeof(char *));
	x->other = xcalloc(rel->ncolumns, sizeof(*x->other));
	for (i = 0; i < rel->ncolumns; i++) {
		int first;

		x->folded.names[x->folded.n++] = fold(rel->columns[i].name);
		first = nameindex_add(&x->index, x->folded.names[i]);
		x->other[first >= 0 ? (size_t)first : i] = i;
	}
}

int
loosename_find(const struct loosename *x, const char *name, int *other)
{
	char *folded = fold(name);
	int at = nameindex_find(&x->index, folded);

	free(folded);
	if (at < 0)
		return -1;
	*other = (int)x->other[at];
	return at;
}

void
loosename_release(struct loosename *x)
{
	ident_list_release(&x->folded);
	nameindex_release(&x->index);
	free(x->other);
}

int
loosename_look(const struct relation *rel, const char *name)
{
	struct loosename x;
	int at, other;

	loosename_init(&x, rel);
	at = loosename_find(&x, name, &other);
	loosename_release(&x);
	return at;
}
