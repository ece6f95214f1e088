/*
 * Words are made of values, not of what was typed: one form for each option.
 */
#include "common/cli/cli_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/cli/cli_value.h"
#include "common/pg/conninfo.h"

/* ---- to words ---- */

static void
add(struct ident_list *words, const char *name, const char *value)
{
	char *word = value != NULL ? xasprintf("--%s=%s", name, value)
				   : xasprintf("--%s", name);

	ident_list_add(words, word);
	free(word);
}

static const char *
word_of(const struct cli_slot *slot)
{
	const struct cli_choice *c = slot->option->choices;

	while (c->word != NULL && c->value != *(const int *)slot->value)
		c++;
	return c->word;
}

static void
add_list(struct ident_list *words, const struct cli_slot *slot)
{
	const struct cli_list *list = slot->value;
	size_t i;

	for (i = 0; i < list->n; i++)
		add(words, slot->option->name, list->items[i]);
}

static void
add_slot(struct ident_list *words, const struct cli_slot *slot)
{
	const char *name = slot->option->name;
	char number[24];
	int i;

	switch (slot->option->type) {
	case CLI_FLAG:
		add(words, name, NULL);
		break;
	case CLI_COUNT:
		for (i = 0; i < *(const int *)slot->value; i++)
			add(words, name, NULL);
		break;
	case CLI_NUMBER:
		snprintf(number, sizeof(number), "%" PRId64, *(const int64_t *)slot->value);
		add(words, name, number);
		break;
	case CLI_CHOICE:
	case CLI_DEGREE:
		add(words, name, word_of(slot));
		break;
	case CLI_LIST:
	case CLI_NAMES:
	case CLI_PATTERN:
		add_list(words, slot);
		break;
	default:
		add(words, name, *(const char *const *)slot->value);
	}
}

/* A plan keeps no secret, nor what would be none of libpq's when it is read. */
static int
check_secret(const struct cli_slot *slot, struct err *e)
{
	bool is = false;

	if (slot->option->type == CLI_CONNSTR) {
		int rc = conninfo_check(*(const char *const *)slot->value, e);

		if (rc < 0)
			return err_prefix(e, "--%s: ", slot->option->name);
		is = rc > 0;
	} else if (slot->option->type == CLI_STRING && (slot->option->part & CLI_SERVER) != 0) {
		is = conninfo_is_secret(*(const char *const *)slot->value);
	}
	if (!is)
		return 0;
	err_usage(e, slot->option->name, "--%s: a plan would keep the password in it",
		  slot->option->name);
	return err_hint(e, "Put the password into ~/.pgpass or a service file, or the "
			   "connection into a job file.");
}

int
cli_words_make(const struct cli_line *line, struct ident_list *words, struct err *e)
{
	size_t i;

	for (i = 0; i < line->n; i++) {
		const struct cli_slot *slot = &line->slots[i];

		if (!slot->given || (slot->option->part & CLI_ONCE) != 0)
			continue;
		if (check_secret(slot, e) != 0)
			return -1;
		add_slot(words, slot);
	}
	return 0;
}

/* ---- from words ---- */

static int
bad_word(const char *word, struct err *e)
{
	return err_set(e, EXIT_JOBFILE, "the plan's option %.*s is none of this program's",
		       (int)strcspn(word, "="), word);
}

/* What a word is about, and its value: behind the "=", or NULL. */
static struct cli_slot *
read_word(const struct cli_line *line, const char *word, const char **value)
{
	size_t len = strcspn(word, "=");
	struct cli_slot *slot;
	char *name;
	bool needs, takes;

	if (strncmp(word, "--", 2) != 0)
		return NULL;
	name = xstrndup(word + 2, len - 2);
	slot = cli_find(line, name);
	free(name);
	if (slot == NULL || slot->option->type >= CLI_HELP)
		return NULL;
	*value = word[len] == '=' ? word + len + 1 : NULL;
	takes = slot->option->arg != NULL;
	needs = takes && slot->option->type != CLI_DEGREE;
	return (*value != NULL ? takes : !needs) ? slot : NULL;
}

int
cli_words_apply(struct cli_line *line, const struct ident_list *words, struct err *e)
{
	bool *moot = xcalloc(line->n, sizeof(*moot));
	const char *value;
	size_t i;
	int rc = 0;

	for (i = 0; i < line->n; i++)
		moot[i] = line->slots[i].given ||
			  cli_replaces(line, line->slots[i].option->part);
	for (i = 0; rc == 0 && i < words->n; i++) {
		struct cli_slot *slot = read_word(line, words->names[i], &value);

		if (slot == NULL) {
			rc = bad_word(words->names[i], e);
		} else if (!moot[slot - line->slots]) {
			slot->given = true;
			rc = cli_value_set(slot, value, 1, e);
			if (rc != 0) {
				e->code = EXIT_JOBFILE;
				err_prefix(e, "the plan's option --%s ", slot->option->name);
			}
		}
	}
	free(moot);
	return rc;
}
