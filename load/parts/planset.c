/*
 * Members have the plan's order, which is that of foreign keys, parents first.
 */
#include "load/parts/planset.h"

#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "load/pg/partrules.h"

static int
add(struct planset *s, const struct partplan_relation *r, struct err *e)
{
	struct err why = ERR_INIT;
	struct header *header = header_from_json(r->header, &why);
	char *name;

	if (header != NULL) {
		manifest_add(s->manifest, header);
		return 0;
	}
	name = relname_text(&r->id);
	err_set(e, EXIT_JOBFILE, "the plan's header of %s: %s", name, why.msg);
	free(name);
	err_release(&why);
	return -1;
}

int
planset_make(struct planset *s, const struct partplan *plan, bool all, struct err *e)
{
	enum partrules_way way;
	size_t i;

	*s = (struct planset){.manifest = manifest_new(plan->id)};
	s->chosen = xcalloc(plan->nrelations + 1, sizeof(*s->chosen));
	for (i = 0; i < plan->nrelations; i++) {
		if (add(s, &plan->relations[i], e) != 0)
			return -1;
		if (!all && partrules_way(&plan->relations[i], &way, e) != 0)
			return -1;
		s->chosen[i] = all || way != WAY_PART || s->manifest->members[i].is_sequence;
	}
	s->manifest->total = s->manifest->n;
	return 0;
}

void
planset_release(struct planset *s)
{
	manifest_free(s->manifest);
	free(s->chosen);
	*s = (struct planset){.manifest = NULL};
}
