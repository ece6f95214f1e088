/*
 * Each type of an option reads its text in one place: numbers whole and in their range,
 * words by the table of choices, lists add up.
 */
#include "common/cli/cli_value.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/connword.h"
#include "common/base/err.h"
#include "common/base/nearest.h"
#include "common/base/xalloc.h"
#include "common/cli/cli_spec.h"

static int
set_number(const struct cli_option *o, const char *arg, int64_t *value, struct err *e)
{
	char *end;

	errno = 0;
	*value = strtoll(arg, &end, 10);
	if (errno != 0 || end == arg || *end != '\0' || *value < o->min)
		return err_set(e, EXIT_USAGE,
			       "takes a whole number of at least %lld, not \"%s\"",
			       (long long)o->min, arg);
	return 0;
}

static int
bad_choice(const struct cli_option *o, const char *arg, struct err *e)
{
	const char **words, *near;
	size_t n = 0, i;

	while (o->choices[n].word != NULL)
		n++;
	words = xcalloc(n, sizeof(*words));
	for (i = 0; i < n; i++)
		words[i] = o->choices[i].word;
	near = nearest_word(arg, words, n);
	free(words);
	err_set(e, EXIT_USAGE, "takes %s, not \"%s\"", o->arg, arg);
	return near != NULL ? err_hint(e, "Perhaps you meant \"%s\".", near) : -1;
}

int
cli_value_choice(const struct cli_option *o, const char *arg, int *value, struct err *e)
{
	const struct cli_choice *c;

	for (c = o->choices; c->word != NULL; c++)
		if (strcmp(c->word, arg) == 0) {
			*value = c->value;
			return 0;
		}
	return bad_choice(o, arg, e);
}

/* What is misplaced may have a password in it; SQL, and names in quotes, may only look so. */
static bool
is_misplaced(const struct cli_option *o, const char *arg)
{
	switch (o->type) {
	case CLI_CHOICE:
	case CLI_DEGREE:
	case CLI_NUMBER:
	case CLI_TABLE:
	case CLI_PATTERN:
	case CLI_NAME:
	case CLI_NAMES:
		return arg != NULL && connword_is_no_name(arg);
	case CLI_STRING:
		return connword_is_uri(arg);
	default:
		return false;
	}
}

int
cli_value_set(struct cli_slot *slot, const char *arg, size_t order, struct err *e)
{
	struct cli_list *list = slot->value;

	slot->order = order;
	if (is_misplaced(slot->option, arg)) {
		err_set(e, EXIT_USAGE, "takes no connection string");
		return err_hint(e, "Say it with -d, or as uri in a job.");
	}
	switch (slot->option->type) {
	case CLI_FLAG:
		*(bool *)slot->value = true;
		return 0;
	case CLI_COUNT:
		++*(int *)slot->value;
		return 0;
	case CLI_STRING:
	case CLI_CONNSTR:
	case CLI_TABLE:
	case CLI_NAME:
		*(const char **)slot->value = arg;
		return 0;
	case CLI_NUMBER:
		return set_number(slot->option, arg, slot->value, e);
	case CLI_DEGREE:
		if (arg == NULL)
			arg = slot->option->choices[0].word;
		return cli_value_choice(slot->option, arg, slot->value, e);
	case CLI_CHOICE:
		return cli_value_choice(slot->option, arg, slot->value, e);
	case CLI_LIST:
	case CLI_NAMES:
	case CLI_PATTERN:
		list->items = xrealloc(list->items, (list->n + 1) * sizeof(*list->items));
		list->items[list->n++] = arg;
		return 0;
	default:
		return 0;
	}
}
