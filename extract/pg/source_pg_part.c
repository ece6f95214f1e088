/*
 * One part of a plan: the relation by its name, the partition that the part is of, and the
 * range of rows.  What the names mean may have changed since the plan was made; each part says
 * what it has read (partpos).
 */
#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "extract/options.h"
#include "extract/pg/partrange.h"
#include "extract/pg/source_pg_parts.h"

int
source_pg_part_find(struct source_pg *s, struct member *m, struct err *e)
{
	const struct partplan_part *part = s->base.options->the_part;

	m->part = part;
	m->in_set = partplan_relation_of(&s->base.options->plan, part)->only;
	if (part->leaf.name == NULL)
		return 0;
	m->leaf = relation_find(&s->db, part->leaf.schema, part->leaf.name, e);
	return m->leaf != NULL ? 0 : -1;
}

static int
was_exchanged(const struct member *m, struct err *e)
{
	char *leaf = relname_text(&m->leaf->id), *root = relname_text(&m->rel->id);

	err_set(e, EXIT_DATA, "%s is no partition of %s any more", leaf, root);
	err_hint(e, "Make another plan.");
	free(leaf);
	free(root);
	return -1;
}

/* Whether it still is a partition, and whether policies apply to it, in ${m->leaf}. */
static int
check_leaf(struct source_pg *s, struct member *m, struct err *e)
{
	/* inhdetachpending, from 14 on: such a partition's rows are seen no longer */
	static const char sql[] =
		"WITH RECURSIVE up(oid) AS (VALUES ($1::oid) UNION ALL"
		" SELECT i.inhparent FROM up u JOIN pg_inherits i ON i.inhrelid = u.oid"
		" WHERE to_jsonb(i) ->> 'inhdetachpending' IS DISTINCT FROM 'true')"
		" SELECT row_security_active($1::oid) FROM up WHERE oid = $2::oid";
	char leaf[12], root[12];
	const char *params[] = {leaf, root};
	char *active;

	snprintf(leaf, sizeof(leaf), "%u", m->leaf->oid);
	snprintf(root, sizeof(root), "%u", m->rel->oid);
	active = db_query_text(&s->db, e, sql, 2, params);
	if (active == NULL)
		return -1;
	if (active[0] == '\0') {
		free(active);
		return was_exchanged(m, e);
	}
	m->leaf->row_security = active[0] == 't';
	free(active);
	return 0;
}

int
source_pg_part_locked(struct source_pg *s, struct member *m, struct err *e)
{
	unsigned oid = m->leaf->oid;
	struct relation *now = relation_find(&s->db, m->leaf->id.schema, m->leaf->id.name, e);

	if (now == NULL)
		return -1;
	relation_free(m->leaf);
	m->leaf = now;
	return now->oid == oid ? check_leaf(s, m, e) : 1;
}

/* Of the rows that ANALYZE has counted, the part's share of bytes; -1: not known. */
static int64_t
expected_rows(const struct extract_options *o, const struct member *m)
{
	const struct partplan_relation *rel = partplan_relation_of(&o->plan, m->part);

	if (m->rel->rows_estimate < 0 || rel->bytes <= 0 || m->part->bytes < 0)
		return -1;
	return (int64_t)((double)m->rel->rows_estimate * (double)m->part->bytes /
			 (double)rel->bytes);
}

int
source_pg_part_take(struct source_pg *s, struct member *m, struct err *e)
{
	const struct extract_options *o = s->base.options;
	char *range;

	if (source_pg_origin_check(s, e) != 0)
		return -1;
	m->header->part = (struct header_part){
		.run = xstrdup(o->plan.id),
		.number = (size_t)o->part,
		.of = o->plan.nparts,
	};
	if (member_is_sequence(m))
		return 0;
	m->planned = expected_rows(o, m);
	if (partrange_condition(m->part, m->rel, &s->db, &range, e) != 0)
		return -1;
	return member_take_range(m, range, &s->db, &s->path, e);
}
