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

static const char *
next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end != NULL ? end + 1 : NULL;
}

bool
copycontext_read(const char *context, const char *table, struct copycontext *at)
{
	const char *line, *p;
	unsigned alike = 0;
	bool found = false;
	char *end;

	for (line = context; line != NULL; line = next_line(line)) {
		if ((p = behind_name(line, table)) == NULL)
			continue;
		alike++;
		p += strcspn(p, "0123456789:\n");
		if (found || *p < '0' || *p > '9')
			continue;
		found = true;
		at->line = strtoull(p, &end, 10);
		at->rest = end;
		at->len = strcspn(end, ":\n");
	}
	at->sure = alike == 1;
	return found;
}
