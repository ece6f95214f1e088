/*
 * A part says nothing of rows that are not in it, and finds the table as other parts leave it:
 * what is about the whole is done when all parts are there.
 */
#include "load/pg/partrules.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/parts/partplan.h"
#include "load/options/options.h"

static const char *const words[] = {[WAY_RENAME] = "rename",
				    [WAY_ATTACH] = "attach",
				    [WAY_APPLY] = "apply",
				    [WAY_PART] = "part"};

const char *
partrules_word(enum partrules_way way)
{
	return words[way];
}

int
partrules_way(const struct partplan_relation *relation, enum partrules_way *way, struct err *e)
{
	char *name;
	size_t i;

	for (i = 0; relation->way != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(relation->way, words[i]) == 0 && relation->target.name != NULL) {
			*way = (enum partrules_way)i;
			return 0;
		}
	name = relname_text(&relation->id);
	err_set(e, EXIT_JOBFILE,
		relation->way != NULL ? "the plan's way for %s is none that is known: \"%s\""
				      : "the plan does not say how %s is published",
		name, relation->way);
	free(name);
	return err_hint(e, "A plan is made by portl-extract --make-plan | portl-load "
			   "--make-plan.");
}

void
partrules_make(const struct load_options *options, const struct partplan_relation *relation,
	       enum partrules_way way, bool publish, const struct relname *table,
	       struct load_rules *rules)
{
	*rules = *load_options_rules(options, &relation->id);
	rules->target = relation->target;
	rules->create = way == WAY_RENAME;
	rules->replace = way == WAY_ATTACH;
	rules->parts.empty = way == WAY_ATTACH && !rules->truncate;
	if (way == WAY_RENAME || way == WAY_ATTACH)
		rules->parts.what = publish ? PARTS_PLACE : PARTS_ASIDE;
	else if (way == WAY_APPLY)
		rules->parts.what = publish ? PARTS_PUBLISH : PARTS_STAGE;
	if (way != WAY_PART)
		rules->parts.table = *table;
	if (way == WAY_RENAME || way == WAY_ATTACH) /* of a new table no row is there already */
		rules->conflict = rules_conflict(CONFLICT_FAIL);
	if (publish && way == WAY_APPLY)
		return;
	rules->truncate = false;
	rules->absent = (struct rules_absent_rows){.what = ABSENT_STAY};
}
