/*
 * Words and their order differ by language.  In all of PostgreSQL's message catalogs the
 * line begins with the table's name or COPY, and the row's number precedes the column's
 * name.
 */
#include "load/route/copycontext.h"

#include <stdlib.h>
#include <string.h>

/* Behind the name, if the line begins with it; letters may touch it: "ordersのCOPY". */
static const char *
behind_name(const char *line, const char *table)
{
	size_t len = strlen(table);

	if (strncmp(line, "COPY ", 5) == 0 && strncmp(line + 5, table, len) == 0)
		line += 5;
	else if (strncmp(line, table, len) != 0)
		return NULL;
	line += len;
	return *line == ',' || *line == ' ' || ((unsigned char)*line & 0x80) != 0 ? line : NULL;
}

bool
copycontext_read(const char *context, const char *table, struct copycontext *at)
{
	const char *line = context, *p = NULL;
	char *end;

	while (line != NULL && (p = behind_name(line, table)) == NULL) {
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	if (p == NULL)
		return false;
	p += strcspn(p, "0123456789:\n");
	if (*p < '0' || *p > '9')
		return false;
	at->line = strtoull(p, &end, 10);
	at->rest = end;
	at->len = strcspn(end, ":\n");
	return true;
}
