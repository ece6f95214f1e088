/*
 * A set and the command line: what is said of one relation cannot be meant for several.
 */
#include "load/setchoice.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/nearest.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "load/options.h"

static const struct relname *
name_of(const struct manifest *set, size_t i)
{
	return &set->members[i]->schema.relation;
}

static bool
is_meant(const struct relname *named, const struct relname *member)
{
	return member->name != NULL && strcmp(named->name, member->name) == 0 &&
	       (named->schema == NULL ||
		(member->schema != NULL && strcmp(named->schema, member->schema) == 0));
}

static int
no_such(const struct relname *named, const struct manifest *set, struct err *e)
{
	const char **words = xcalloc(set->n, sizeof(*words)), *near;
	char *text = relname_text(named);
	size_t i;

	for (i = 0; i < set->n; i++)
		words[i] = name_of(set, i)->name != NULL ? name_of(set, i)->name : "";
	near = nearest_word(named->name, words, set->n);
	err_set(e, EXIT_TARGET, "the set has no relation \"%s\"", text);
	if (near != NULL)
		err_hint(e, "Perhaps you meant \"%s\".", near);
	else
		err_hint(e, "`portl ls` shows what is in it.");
	free(words);
	free(text);
	return -1;
}

/* Names one relation of those that carry the name, or says that it is several. */
static int
pick(bool *chosen, const struct relname *named, const struct manifest *set, struct err *e)
{
	size_t i, n = 0;

	for (i = 0; i < set->n; i++) {
		chosen[i] = is_meant(named, name_of(set, i));
		n += chosen[i];
	}
	if (n == 0)
		return no_such(named, set, e);
	if (n == 1)
		return 0;
	return err_usage(e, "table",
			 "-t %s: %zu relations of the set have this name; write "
			 "SCHEMA.TABLE",
			 named->name, n);
}

static int
check_options(const struct load_options *o, struct err *e)
{
	const char *option = o->map.n > 0           ? "map"
			     : o->key.n > 0         ? "key"
			     : o->newer.n > 0       ? "newer"
			     : o->column_list.n > 0 ? "columns"
						    : NULL;

	if (option == NULL)
		return 0;
	err_usage(e, option, "--%s is for one relation, and the input is a set of several",
		  option);
	return err_hint(e, "With -t NAME one of them is loaded.");
}

int
setchoice_make(bool **chosen, const struct load_options *o, const struct manifest *set,
	       struct err *e)
{
	size_t i;

	if (o->streams != 1)
		return err_usage(e, "streams",
				 "--streams is for streams of one relation, and "
				 "the input is a set");
	*chosen = xcalloc(set->n, sizeof(**chosen));
	if (o->rel.name != NULL)
		return pick(*chosen, &o->rel, set, e);
	for (i = 0; i < set->n; i++)
		(*chosen)[i] = true;
	return set->n > 1 ? check_options(o, e) : 0;
}
