/*
 * Any text as names on the command line: a list or an error; names are never
 * empty, and those of relations never longer than PostgreSQL's.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/ident.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_name(const char *name, size_t most)
{
	if (name != NULL && (name[0] == '\0' || strlen(name) > most))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ident_list list = {.names = NULL};
	struct err e = ERR_INIT;
	char *text = malloc(size + 1), *schema, *name;
	size_t i;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if ((ident_parse_list(text, &list, &e) == 0) != (e.code == EXIT_DONE))
		abort();
	for (i = 0; i < list.n; i++)
		check_name(list.names[i], size);
	ident_list_release(&list);
	err_release(&e);
	if ((ident_parse_qualified(text, &schema, &name, &e) == 0) != (name != NULL))
		abort();
	check_name(schema, 63);
	check_name(name, 63);
	free(schema);
	free(name);
	err_release(&e);
	free(text);
	return 0;
}
