/*
 * The tables of a program, one after the other.
 */
#include "common/cli/cli_spec.h"

static const struct cli_option *
of_kinds(const struct cli_spec *spec, size_t n, size_t *before, const struct cli_kind **kind)
{
	size_t i, j;

	for (i = 0; spec->kinds != NULL && spec->kinds[i] != NULL; i++)
		for (j = 0; spec->kinds[i]->tables[j] != NULL; j++)
			if ((*before)++ == n) {
				*kind = spec->kinds[i];
				return spec->kinds[i]->tables[j];
			}
	return NULL;
}

const struct cli_option *
cli_spec_table(const struct cli_spec *spec, size_t n, const struct cli_kind **kind)
{
	const struct cli_kind *nobody;
	const struct cli_option *table;
	size_t before = 1; /* tables in front of the one looked at */

	if (kind == NULL)
		kind = &nobody;
	*kind = NULL;
	if (n == 0)
		return spec->tables[0];
	table = of_kinds(spec, n, &before, kind);
	return table != NULL ? table : spec->tables[n - before + 1];
}

bool
cli_spec_adds_up(const struct cli_option *option)
{
	switch (option->type) {
	case CLI_LIST:
	case CLI_NAMES:
	case CLI_PATTERN:
	case CLI_COUNT:
		return true;
	default:
		return false;
	}
}
