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
#include "extract/options/options.h"
#include "extract/pg/partpos.h"
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

/* How many partitions of the relation the plan reads, by the parts that begin with their first
 * row. */
static size_t
count_leaves(const struct partplan *plan, size_t relation)
{
	size_t i, n = 0;

	for (i = 0; i < plan->nparts; i++) {
		const struct partplan_part *p = &plan->parts[i];

		n += p->relation == relation && p->from_block <= 0 && p->from == NULL;
	}
	return n;
}

/*
 * Each part finds its own partition there.  If there are as many as in the plan, all of them
 * are in it; if not, the rest comes with what has changed since, or never.
 */
static int
check_siblings(struct source_pg *s, const struct member *m, struct err *e)
{
	/* inhdetachpending, from 14 on: such a partition's rows are seen no longer */
	static const char sql[] =
		"WITH RECURSIVE down(oid) AS (VALUES ($1::oid) UNION ALL"
		" SELECT i.inhrelid FROM down d JOIN pg_inherits i ON i.inhparent = d.oid"
		" WHERE to_jsonb(i) ->> 'inhdetachpending' IS DISTINCT FROM 'true')"
		" SELECT count(*) FROM down d JOIN pg_class c ON c.oid = d.oid"
		" WHERE c.relkind <> 'p'";
	const struct extract_options *o = s->base.options;
	size_t planned = count_leaves(&o->plan, m->part->relation);
	PGresult *res;
	char *root;

	if (o->snapshot == NULL && o->plan.snapshot == PARTPLAN_OWN)
		return 0;
	if (o->snapshot != NULL && s->counted == m->rel->oid)
		return 0;
	res = db_query_oid(&s->db, e, sql, m->rel->oid);
	if (res == NULL)
		return -1;
	s->counted = m->rel->oid;
	if (strtoull(PQgetvalue(res, 0, 0), NULL, 10) != planned) {
		root = relname_text(&m->rel->id);
		err_set(e, EXIT_DATA, "%s has %s partitions, and the plan has %zu", root,
			PQgetvalue(res, 0, 0), planned);
		err_hint(e, "Make another plan.");
		free(root);
	}
	PQclear(res);
	return e->code == EXIT_DONE ? 0 : -1;
}

/* Whether it still is a partition, and whether policies apply to it, in ${m->leaf}. */
static int
check_leaf(struct source_pg *s, struct member *m, struct err *e)
{
	/* OFFSET: by the index, whatever the planner thinks of it */
	static const char sql[] =
		"WITH RECURSIVE up(oid) AS (VALUES ($1::oid) UNION ALL"
		" SELECT p.oid FROM up u CROSS JOIN LATERAL (SELECT i.inhparent FROM pg_inherits i"
		" WHERE i.inhrelid = u.oid"
		" AND to_jsonb(i) ->> 'inhdetachpending' IS DISTINCT FROM 'true' OFFSET 0) AS p(oid))"
		" SELECT bool_or(oid = $2::oid), row_security_active($1::oid) FROM up";
	char leaf[12], root[12];
	const char *params[] = {leaf, root};
	PGresult *res;
	bool is;

	snprintf(leaf, sizeof(leaf), "%u", m->leaf->oid);
	snprintf(root, sizeof(root), "%u", m->rel->oid);
	res = db_query(&s->db, e, sql, 2, params);
	if (res == NULL)
		return -1;
	is = db_is_true(res, 0, 0) && m->leaf->kind != 'p'; /* its rows are in others */
	m->leaf->row_security = db_is_true(res, 0, 1);
	PQclear(res);
	return is ? check_siblings(s, m, e) : was_exchanged(m, e);
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

/*
 * Of two snapshots of a server that are written the same, each sees what the other does.  The
 * list of those at work may be long.
 */
static const char snapshot_sql[] =
	"SELECT pg_catalog.format('%s:%s:%s', pg_catalog.pg_snapshot_xmin(s),"
	" pg_catalog.pg_snapshot_xmax(s), pg_catalog.hashtextextended(s::pg_catalog.text, 0))"
	" FROM pg_catalog.pg_current_snapshot() AS s";

static int
narrow(struct source_pg *s, struct member *m, struct err *e)
{
	char *range;

	m->planned = expected_rows(s->base.options, m);
	if (partrange_condition(m->part, m->rel, &s->db, &range, e) != 0)
		return -1;
	return member_take_range(m, range, &s->db, &s->path, e);
}

int
source_pg_part_take(struct source_pg *s, struct member *m, struct err *e)
{
	const struct extract_options *o = s->base.options;
	char *snapshot;

	if (source_pg_origin_check(s, e) != 0)
		return -1;
	snapshot = db_query_text(&s->db, e, snapshot_sql, 0, NULL);
	if (snapshot == NULL)
		return -1;
	m->header->part = (struct header_part){
		.run = xstrdup(o->plan.id),
		.number = o->part,
		.of = o->plan.nparts,
		.snapshot = snapshot,
	};
	return member_is_sequence(m) ? 0 : narrow(s, m, e);
}

/* ---- the next one ---- */

bool
source_pg_part_is_like(const struct source_pg *s)
{
	const struct extract_options *o = s->base.options;
	const struct partplan_part *before = s->n == 1 ? s->members[0].part : NULL;

	return o->snapshot != NULL && before != NULL && !member_is_sequence(&s->members[0]) &&
	       before->relation == o->the_part->relation &&
	       relname_equal(&before->leaf, &o->the_part->leaf);
}

static int
tell_number(const struct extract_options *o, struct header *h, struct err *e)
{
	char *position = NULL;

	if (h->part.position != NULL) {
		position = partpos_next(h->part.position, &o->plan, o->part, e);
		if (position == NULL)
			return -1;
	}
	free(h->part.position);
	h->part.position = position;
	h->part.number = o->part;
	return 0;
}

int
source_pg_part_go_on(struct source_pg *s, struct err *e)
{
	const struct extract_options *o = s->base.options;
	struct member *m = &s->members[0];

	m->part = o->the_part;
	if (narrow(s, m, e) != 0 || tell_number(o, m->header, e) != 0)
		return -1;
	m->header->rows_estimate = m->planned;
	m->header->rows_rough = m->planned >= 0;
	return 0;
}
