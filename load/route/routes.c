/*
 * The one file that knows every route; a new one gets its condition here.
 */
#include "load/route/routes.h"

#include <stddef.h>

#include "load/match/plan.h"
#include "load/route/route_direct.h"
#include "load/route/route_keys.h"
#include "load/route/route_rejects.h"
#include "load/route/route_shared.h"
#include "load/route/route_staged.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

struct route *
routes_new(struct db *db, const struct plan *plan, const char *input, struct rejects *rejects)
{
	if (plan->rules->parts.what != PARTS_NONE && plan->rules->parts.what != PARTS_ASIDE)
		return route_shared_new(db, plan, input);
	if (plan->route == PLAN_DIRECT)
		return route_direct_new(db, plan, input);
	if (plan->stage->passes)
		return route_keys_new(db, plan, input);
	if (rejects == NULL)
		return route_staged_new(db, plan, input);
	return route_rejects_new(db, plan, input, rejects);
}
