/*
 * The draft of a plan: under one snapshot, which relations there are, what holds their rows
 * and how large that is.  How much of it goes into a part is partcut's business.
 */
#include <jansson.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "common/pg/pgarray.h"
#include "common/pg/relation.h"
#include "common/pg/room.h"
#include "common/schema/header.h"
#include "extract/options/options.h"
#include "extract/pg/partcut.h"
#include "extract/pg/source_pg.h"
#include "extract/pg/source_pg_parts.h"

#define BLOCKS_FROM 140000 /* the first version that reads a range of ctid as such */

/* ---- what holds the rows ---- */

/* Foreign tables that the view c.oid shows. */
#define UNDER_VIEW \
	"WITH RECURSIVE edge(a, b) AS (SELECT w.ev_class, d.refobjid FROM pg_rewrite w" \
	" JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid" \
	" AND d.refclassid = 'pg_class'::regclass" \
	" UNION ALL SELECT inhparent, inhrelid FROM pg_inherits)," \
	" under(oid) AS (SELECT c.oid UNION SELECT e.b FROM under u JOIN edge e ON e.a = u.oid)" \
	" SELECT FROM under u JOIN pg_class f ON f.oid = u.oid WHERE f.relkind = 'f'"

/* Virtual columns of the partition c.oid that say something else when it is read by itself. */
#define OTHERWISE \
	"SELECT FROM pg_attribute a JOIN pg_attribute p ON p.attrelid = t.root" \
	" AND p.attname = a.attname JOIN pg_attrdef d ON d.adrelid = a.attrelid" \
	" AND d.adnum = a.attnum JOIN pg_attrdef e ON e.adrelid = p.attrelid" \
	" AND e.adnum = p.attnum WHERE a.attrelid = c.oid AND a.attgenerated = 'v'" \
	" AND pg_get_expr(d.adbin, d.adrelid) <> pg_get_expr(e.adbin, e.adrelid)"

static const char sizes_sql[] =
	"WITH RECURSIVE tree(root, descends, oid) AS ("
	" SELECT r.oid, r.descends, r.oid FROM unnest($1::oid[], $2::bool[]) AS r(oid, descends)"
	" UNION ALL SELECT t.root, true, i.inhrelid FROM tree t"
	" JOIN pg_inherits i ON i.inhparent = t.oid"
	" WHERE t.descends AND to_jsonb(i) ->> 'inhdetachpending' IS DISTINCT FROM 'true')"
	" SELECT DISTINCT t.root, c.oid, n.nspname, c.relname, c.relkind,"
	" coalesce(m.amhandler = 'heap_tableam_handler'::regproc, false),"
	" has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')"
	" AND NOT row_security_active(c.oid) AND NOT EXISTS (" OTHERWISE "),"
	" CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid)"
	" / current_setting('block_size')::int8 END,"
	" CASE WHEN c.relkind IN ('r', 'm') THEN pg_table_size(c.oid) END,"
	" c.relkind = 'f' OR c.relkind = 'v' AND EXISTS (" UNDER_VIEW ")"
	" FROM tree t JOIN pg_class c ON c.oid = t.oid"
	" JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am m ON m.oid = c.relam"
	" WHERE c.relkind <> 'p' OR c.oid = t.root ORDER BY 1, 2";

enum { ROOT, OID, SCHEMA, NAME, KIND, HEAP, READABLE, BLOCKS, BYTES, FOREIGN };

static PGresult *
read_sizes(struct source_pg *s, struct err *e)
{
	struct buf oids = BUF_INIT, descends = BUF_INIT;
	const char *params[2];
	PGresult *res = NULL;
	size_t i;

	for (i = 0; i < s->n; i++) {
		pgarray_add_oid(&oids, s->members[i].rel->oid);
		pgarray_add(&descends, member_is_only(&s->members[i]) ? "f" : "t");
	}
	params[0] = pgarray_end(&oids);
	params[1] = pgarray_end(&descends);
	if (path_narrow(&s->path, &s->db, e) == 0)
		res = db_query(&s->db, e, sizes_sql, 2, params);
	buf_release(&oids);
	buf_release(&descends);
	return res;
}

static int64_t
number_at(const PGresult *res, int row, int column)
{
	return PQgetisnull(res, row, column) ? -1
					     : strtoll(PQgetvalue(res, row, column), NULL, 10);
}

/* What row ${row} says of something that holds rows. */
static struct partcut_leaf
leaf_at(const PGresult *res, int row)
{
	char kind = PQgetvalue(res, row, KIND)[0];

	return (struct partcut_leaf){
		.schema = PQgetvalue(res, row, SCHEMA),
		.name = PQgetvalue(res, row, NAME),
		.by_blocks = (kind == 'r' || kind == 'm') && db_is_true(res, row, HEAP),
		.readable = db_is_true(res, row, READABLE),
		.blocks = number_at(res, row, BLOCKS),
		.bytes = number_at(res, row, BYTES),
	};
}

/* The first row of relation ${oid}, by which rows are in order, or of one behind it. */
static int
first_row(const PGresult *res, unsigned oid)
{
	int low = 0, high = PQntuples(res);

	while (low < high) {
		int at = low + (high - low) / 2;

		if (strtoul(PQgetvalue(res, at, ROOT), NULL, 10) < oid)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

/* The leaves of a relation, which itself is one unless it is partitioned. */
static void
take_leaves(const struct source_pg *s, const PGresult *res, const struct relation *rel,
	    struct partcut_of *of)
{
	int from = first_row(res, rel->oid), end = first_row(res, rel->oid + 1), row;
	char oid[12];

	snprintf(oid, sizeof(oid), "%u", rel->oid);
	of->leaves = xcalloc((size_t)(end - from) + 1, sizeof(*of->leaves));
	of->may_range = PQserverVersion(s->db.conn) >= BLOCKS_FROM;
	of->elsewhere = rel->remote;
	for (row = from; row < end; row++) {
		bool itself = strcmp(PQgetvalue(res, row, OID), oid) == 0;

		of->elsewhere = of->elsewhere || db_is_true(res, row, FOREIGN);
		if (itself && !db_is_true(res, row, READABLE))
			of->may_range = false; /* nobody may ask for its ctid */
		if (rel->engine != NULL)
			of->may_range = false; /* its rows have none, or one of each server */
		if (!itself || rel->kind != 'p')
			of->leaves[of->nleaves++] = leaf_at(res, row);
	}
	of->partitioned = rel->kind == 'p' && !rel->row_security;
}

/* ---- relations ---- */

/* The header of all of the relation's rows, without what belongs to this one run. */
static json_t *
header_of(struct header *h)
{
	static const char *const runs[] = {"producer", "run",      "created", "backend",
					   "set",      "position", "dry_run", "rows_digest"};
	json_t *doc;
	size_t i;

	h->set = NULL;
	doc = header_to_json(h);
	for (i = 0; doc != NULL && i < sizeof(runs) / sizeof(runs[0]); i++)
		json_object_del(doc, runs[i]);
	return doc;
}

static int
add_relation(const struct source_pg *s, struct member *m, const PGresult *sizes,
	     struct partplan *plan, struct partcut_of *of)
{
	struct partplan_relation *r = partplan_add_relation(plan);
	size_t i;

	relname_set(&r->id, m->rel->id.schema, m->rel->id.name);
	r->only = s->base.options->is_set;
	r->rows_rough = m->header->rows_estimate;
	r->header = header_of(m->header);
	take_leaves(s, sizes, m->rel, of);
	of->relation = plan->nrelations;
	of->rel = m->rel;
	of->only = member_is_only(m);
	for (i = 0; i < of->nleaves; i++)
		if (of->leaves[i].bytes >= 0)
			r->bytes = (r->bytes > 0 ? r->bytes : 0) + of->leaves[i].bytes;
	of->bytes = r->bytes;
	return r->header != NULL ? 0 : -1;
}

/* Without a position and a key nothing could bring what changes between the parts. */
static int
check_own(const struct member *m, struct buf *reasons)
{
	const char *why = m->header->no_position;
	char *name;

	if (member_is_sequence(m) || (why == NULL && m->header->schema.nprimary_key > 0))
		return 0;
	if (why == NULL)
		why = "it has no primary key whose columns are all sent";
	name = relname_text(&m->rel->id);
	buf_addf(reasons, "%s%s: %s", reasons->len > 0 ? "\n" : "", name, why);
	free(name);
	return -1;
}

static int
check_all_own(const struct source_pg *s, struct err *e)
{
	struct buf reasons = BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; i < s->n; i++)
		if (check_own(&s->members[i], &reasons) != 0)
			rc = -1;
	if (rc != 0) {
		err_set(e, EXIT_TARGET,
			"parts that are read by snapshots of their own would not fit together");
		err_detail(e, "%s", buf_cstr(&reasons));
		err_hint(e, getenv("PORTL_RUN") != NULL
				    ? "Leave out --own: one snapshot is held for all then."
				    : "Hold one snapshot for all: --make-plan=held.");
	}
	buf_release(&reasons);
	return rc;
}

static int
add_relations(struct source_pg *s, struct partplan *plan, struct err *e)
{
	PGresult *sizes = read_sizes(s, e);
	struct partcut_of *of = xcalloc(s->n, sizeof(*of));
	size_t i;
	int rc = sizes != NULL ? 0 : -1;

	for (i = 0; rc == 0 && i < s->n; i++)
		if (add_relation(s, &s->members[i], sizes, plan, &of[i]) != 0)
			rc = err_set(e, EXIT_DATA, "a name is not valid UTF-8");
	if (rc == 0)
		rc = partcut_all(plan, of, s->n, s->base.options, &s->db, e);
	for (i = 0; i < s->n; i++)
		free(of[i].leaves);
	free(of);
	PQclear(sizes);
	return rc;
}

int
source_pg_plan(struct source *base, struct partplan *plan, struct err *e)
{
	struct source_pg *s = (struct source_pg *)base;
	int rc = source_pg_connect(s, -1, e);

	if (rc == 0)
		rc = source_pg_snapshot(s, e);
	if (rc == 0)
		rc = source_pg_import_refuse_standby(s, "--make-plan", e);
	if (rc == 0)
		rc = source_pg_finish_headers(s, e);
	if (rc == 0)
		rc = source_pg_origin(s, &plan->source, e);
	if (rc == 0 && s->base.set != NULL)
		source_pg_set_unfold(s);
	if (rc == 0 && plan->snapshot == PARTPLAN_OWN)
		rc = check_all_own(s, e);
	if (rc == 0)
		rc = add_relations(s, plan, e);
	if (rc == 0 && base->options->at_once > 0)
		rc = room_warn(&s->db, (size_t)base->options->at_once,
			       plan->snapshot == PARTPLAN_HELD, e);
	return rc;
}
