/*
 * A set and the command line: what is said of one relation cannot be meant for several.
 */
#include "load/setchoice.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/nearest.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/cli/job.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "load/options/options.h"

static const struct relname *
name_of(const struct manifest *set, size_t i)
{
	return &set->members[i].relation;
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
	err_hint(e,
		 "Of a set, -t picks a relation by its own name%s%s%s, and --into-schema says "
		 "where it goes; `portl ls` shows what is in it.",
		 near != NULL ? ", perhaps \"" : "", near != NULL ? near : "",
		 near != NULL ? "\"" : "");
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
		chosen[i] = set->members[i].keys_of == 0 &&
			    relname_means(named, name_of(set, i));
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
			     : o->scope != NULL     ? "scope"
			     : o->column_list.n > 0 ? "columns"
						    : NULL;

	if (option == NULL)
		return 0;
	err_usage(e, option, "--%s is for one relation, and the input is a set of several",
		  option);
	return err_hint(e, "With -t NAME one of them is loaded.");
}

/* What a job says of one relation has to be about one that is there. */
static int
check_each(const struct load_options *o, const struct manifest *set, struct err *e)
{
	size_t i, j, found;

	for (i = 0; i < o->neach; i++) {
		for (j = 0, found = 0; j < set->n; j++)
			found += set->members[j].keys_of == 0 &&
				 relname_means(&o->each[i].name, name_of(set, j));
		if (found == 0)
			return job_apply_refuse(o->common.job, i, "it is not in the set", e);
		if (found > 1)
			return job_apply_refuse(
				o->common.job, i,
				"several relations have this name; write SCHEMA.TABLE", e);
	}
	return 0;
}

static int
choose(bool *chosen, const struct load_options *o, const struct manifest *set, struct err *e)
{
	size_t i, n = 0;

	if (o->rel.name != NULL)
		return pick(chosen, &o->rel, set, e);
	if (check_each(o, set, e) != 0)
		return -1;
	for (i = 0; i < set->n; i++) {
		chosen[i] = set->members[i].keys_of == 0;
		n += chosen[i];
	}
	return n > 1 ? check_options(o, e) : 0;
}

/* Keys are of use where absent rows are deleted. */
static void
choose_keys(bool *chosen, const struct load_options *o, const struct manifest *set)
{
	size_t i, of;

	for (i = 0; i < set->n; i++) {
		of = set->members[i].keys_of;
		if (of > 0)
			chosen[i] = chosen[of - 1] &&
				    load_options_rules(o, name_of(set, i))->absent.what !=
					    ABSENT_STAY;
	}
}

int
setchoice_make(bool **chosen, const struct load_options *o, const struct manifest *set,
	       struct err *e)
{
	if (o->streams != 1)
		return err_usage(e, "streams",
				 "--streams is for streams of one relation, and "
				 "the input is a set");
	*chosen = xcalloc(set->n, sizeof(**chosen));
	if (o->parts == LOAD_CATCH_UP) { /* what parts lack is all of it */
		memset(*chosen, true, set->n * sizeof(**chosen));
		return 0;
	}
	if (choose(*chosen, o, set, e) != 0)
		return -1;
	choose_keys(*chosen, o, set);
	return 0;
}
