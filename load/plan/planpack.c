/*
 * The struct itself, then what it owns; names are intern()'s, and stay where they are.
 */
#include "load/plan/planpack.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/pack.h"
#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"
#include "load/stage/plan_stage.h"

bool
planpack_may(const struct plan *p)
{
	return p->adopted == NULL && p->replace == NULL && p->rebuild == NULL &&
	       (p->stage == NULL || plan_stage_may_pack(p->stage));
}

/* Of most there is no text. */
static void
add_statements(struct buf *to, const struct plan *p)
{
	int i, end = STATEMENTS;

	for (i = 0; i < STATEMENTS; i++)
		if (p->sql[i] != NULL) {
			buf_add(to, &i, sizeof(i));
			pack_text(to, p->sql[i]);
		}
	buf_add(to, &end, sizeof(end));
}

static void
take_statements(struct unpack *from, struct plan *p)
{
	int i;

	for (i = 0; i < STATEMENTS; i++)
		p->sql[i] = NULL;
	for (;;) {
		pack_take_bytes(from, &i, sizeof(i));
		if (i == STATEMENTS)
			return;
		p->sql[i] = pack_take_text(from);
	}
}

void
planpack_add(struct buf *to, const struct plan *p)
{
	struct plan *bare = xcalloc(1, sizeof(*bare)); /* zeroes between its members, too */
	const bool has[] = {p->rel != NULL, p->stage != NULL};

	bare->text = p->text;
	bare->route = p->route;
	bare->stage_reason = p->stage_reason;
	bare->indexes_stay = p->indexes_stay;
	bare->target = p->target;
	bare->aside = p->aside;
	bare->held = p->held;
	bare->ncolumns = p->ncolumns;
	buf_add(to, bare, offsetof(struct plan, sql));
	free(bare);
	buf_add(to, has, sizeof(has));
	pack_array(to, p->columns, p->ncolumns, sizeof(*p->columns));
	pack_array(to, p->keep, p->ncolumns, sizeof(*p->keep));
	add_statements(to, p);
	pack_text(to, p->search_path);
	pack_text(to, p->identity);
	if (p->rel != NULL)
		relation_pack(to, p->rel);
	if (p->stage != NULL)
		plan_stage_pack(to, p->stage);
}

struct plan *
planpack_take(struct unpack *from)
{
	struct plan *p = xcalloc(1, sizeof(*p));
	bool has[2]; /* a relation, a stage */

	pack_take_bytes(from, p, offsetof(struct plan, sql));
	pack_take_bytes(from, has, sizeof(has));
	p->columns = pack_take_array(from, p->ncolumns, sizeof(*p->columns), p->ncolumns);
	p->keep = pack_take_array(from, p->ncolumns, sizeof(*p->keep), p->ncolumns);
	take_statements(from, p);
	p->search_path = pack_take_text(from);
	p->identity = pack_take_text(from);
	if (has[0])
		p->rel = relation_unpack(from);
	if (has[1])
		p->stage = plan_stage_unpack(from);
	return p;
}
