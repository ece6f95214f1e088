/*
 * JSON is UTF-8, and what goes into a log or an abort document may quote what is
 * not: names of files, a server's own words.
 */
#include "common/base/jsontext.h"

#include <stdlib.h>

#include "common/base/xalloc.h"

json_t *
jsontext(const char *text)
{
	json_t *string = text != NULL ? json_string(text) : json_null();
	char *copy, *p;

	if (string != NULL)
		return string;
	copy = xstrdup(text);
	for (p = copy; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	string = json_string(copy);
	free(copy);
	return string;
}
