/*
 * Lines of six fields.
 */
#include "common/front/optlist.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/cli/cli_spec.h"

enum field { NAME, LETTER, TYPE, ARG, CHOICES, HELP, FIELDS };

/* Where the words are, each ended by a NUL in place of its blank. */
static struct cli_choice *
split_choices(char *text)
{
	struct cli_choice *choices = NULL;
	size_t n = 0;
	char *save = NULL, *word;

	for (word = strtok_r(text, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save)) {
		choices = xrealloc(choices, (n + 2) * sizeof(*choices));
		choices[n] = (struct cli_choice){word, (int)n};
		choices[++n] = (struct cli_choice){NULL, 0};
	}
	return choices;
}

static enum cli_type
type_of(const char *word, bool has_choices)
{
	if (strcmp(word, "count") == 0)
		return CLI_COUNT;
	if (strcmp(word, "many") == 0)
		return CLI_LIST;
	if (strcmp(word, "degree") == 0)
		return CLI_DEGREE;
	if (strcmp(word, "one") == 0)
		return has_choices ? CLI_CHOICE : CLI_STRING;
	return CLI_FLAG;
}

/* Part the line at its tabs, as many as there have to be. */
static bool
split_line(char *line, char *fields[FIELDS])
{
	size_t i;

	for (i = 0; i < FIELDS && line != NULL; i++)
		fields[i] = strsep(&line, "\t");
	return i == FIELDS && line == NULL;
}

static void
add(struct optlist *list, char *fields[FIELDS])
{
	struct cli_choice *choices = split_choices(fields[CHOICES]);

	list->options = xrealloc(list->options, (list->n + 2) * sizeof(*list->options));
	list->choices = xrealloc(list->choices, (list->n + 1) * sizeof(struct cli_choice *));
	list->choices[list->n] = choices;
	list->options[list->n++] = (struct cli_option){
		.name = fields[NAME],
		.letter = fields[LETTER][0],
		.type = type_of(fields[TYPE], choices != NULL),
		.arg = fields[ARG][0] != '\0' ? fields[ARG] : NULL,
		.help = fields[HELP],
		.choices = choices,
	};
	list->options[list->n] = (struct cli_option){.help = NULL};
}

int
optlist_read(struct optlist *list, char *text, const char *program, struct err *e)
{
	char *fields[FIELDS], *rest = text, *line;

	*list = (struct optlist){.text = text};
	while ((line = strsep(&rest, "\n")) != NULL && rest != NULL) {
		if (!split_line(line, fields))
			break;
		add(list, fields);
	}
	if (list->n == 0 || line == NULL || rest != NULL || line[0] != '\0')
		return err_set(e, EXIT_DATA, "%s does not say which options it has", program);
	return 0;
}

const struct cli_option *
optlist_find(const struct cli_option *o, const char *name, size_t len)
{
	for (; o != NULL && o->help != NULL; o++)
		if (o->type != CLI_HEADING && strlen(o->name) == len &&
		    strncmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

const struct cli_option *
optlist_find_letter(const struct cli_option *o, char letter)
{
	for (; o != NULL && o->help != NULL; o++)
		if (o->letter == letter && letter != '\0')
			return o;
	return NULL;
}

void
optlist_release(struct optlist *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->choices[i]);
	free(list->choices);
	free(list->options);
	free(list->text);
	*list = (struct optlist){.n = 0};
}
