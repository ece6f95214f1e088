/*
 * Words differ by language, and so does their order, but all of PostgreSQL's catalogs of
 * messages begin the line with the table's name or COPY and put the row's number before
 * the column's name.
 */
#include "load/route/place.h"

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
place_find(const char *context, const char *table, struct place *place)
{
	const char *line = context, *at = NULL;
	char *end;

	while (line != NULL && (at = behind_name(line, table)) == NULL) {
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	if (at == NULL)
		return false;
	at += strcspn(at, "0123456789:\n");
	if (*at < '0' || *at > '9')
		return false;
	place->line = strtoull(at, &end, 10);
	place->rest = end;
	place->len = strcspn(end, ":\n");
	return true;
}
