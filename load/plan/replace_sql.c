/*
 * The server has written them when the plan was made, but for the lock.
 */
#include "load/plan/replace_sql.h"

#include <stddef.h>

#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "load/match/plan.h"
#include "load/replace/rebuild.h"
#include "load/replace/replace.h"
#include "load/rules/rules.h"
#include "load/stage/absent_sql.h"
#include "load/stage/sqlparts.h"

/* Readers go on.  What writers would add is not lost: they wait, and write the new table. */
char *
replace_sql_hold(struct sqlparts *w)
{
	if (w->p->replace != NULL && w->p->rules->parts.what == PARTS_ASIDE)
		return NULL; /* parts come for hours, and leave the target alone */
	if (w->p->replace == NULL)
		return w->st != NULL ? absent_sql_hold(w) : NULL;
	sqlparts_add(w, "LOCK TABLE ONLY ");
	relname_add_quoted(&w->p->target, &w->sql);
	return sqlparts_text(w, " IN SHARE ROW EXCLUSIVE MODE");
}

char *
replace_sql_make(struct sqlparts *w)
{
	return w->p->replace != NULL ? xstrdup(w->p->replace->make) : NULL;
}

char *
replace_sql_build(struct sqlparts *w)
{
	return w->p->replace != NULL ? xstrdup(w->p->replace->build) : NULL;
}

char *
replace_sql_exchange(struct sqlparts *w)
{
	return w->p->replace != NULL ? xstrdup(w->p->replace->exchange) : NULL;
}

char *
replace_sql_unindex(struct sqlparts *w)
{
	return w->p->rebuild != NULL ? xstrdup(w->p->rebuild->drop) : NULL;
}

char *
replace_sql_indexes(struct sqlparts *w)
{
	return w->p->rebuild != NULL ? xstrdup(w->p->rebuild->build) : NULL;
}
