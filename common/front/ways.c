/*
 * The plan is made as for a run, and thrown away.
 */
#include "common/front/ways.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/cli/check.h"
#include "common/front/front.h"
#include "common/front/planfile.h"

static void
print_relation(const struct partplan_relation *r)
{
	char *name = relname_text(&r->id);

	check_line(stdout, "in parts", "%s: %s, %s", name, r->way, r->reason);
	free(name);
}

int
ways_print(struct front *f, bool meant, struct err *e)
{
	struct planfile pf;
	int rc = planfile_make(&pf, f, NULL, meant, e);
	size_t i;

	if (rc > 0 && !meant) {
		f->status = EXIT_DONE;
		rc = 0;
	}
	if (rc == 0 && meant)
		check_line(stdout, "parts", "%zu, %" PRId64 " at a time", pf.plan.nparts,
			   f->jobs);
	for (i = 0; rc == 0 && i < pf.plan.nrelations; i++)
		print_relation(&pf.plan.relations[i]);
	planfile_release(&pf);
	return rc;
}
