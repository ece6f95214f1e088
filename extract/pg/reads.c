/*
 * pg_locks says which relations the server has opened for us, by OID, whatever led
 * there: a name, a view, a partition list, a policy, a function.  Catalog queries see
 * the snapshot; pg_identify_object() and pg_relation_filenode() see the newest state.
 * Where these differ, the snapshot is older than what the relation has become.
 */
#include "extract/pg/reads.h"

#include <libpq-fe.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"

/* Under the user's search_path, which may lead to other operators. */
#define EQUALS " OPERATOR(pg_catalog.=) "
#define DIFFERS " OPERATOR(pg_catalog.<>) "

#define SEEN \
	"SELECT l.relation, i.identity, i.type" EQUALS "'view'," \
	" i.type" EQUALS "ANY ('{table,view}'::pg_catalog.text[])" \
	" AND pg_catalog.has_table_privilege(l.relation, 'SELECT')" \
	" AND pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') IS NOT FALSE," \
	" c.oid IS NULL" \
	" OR c.relnamespace" DIFFERS "pg_catalog.pg_my_temp_schema()" \
	" AND i.identity" DIFFERS "pg_catalog.format('%I.%I', n.nspname, c.relname)" \
	" OR c.relkind" EQUALS "ANY ('{r,m,t}'::pg_catalog.\"char\"[])" \
	" AND c.relfilenode" DIFFERS "0" \
	" AND (pg_catalog.pg_relation_filenode(c.oid)" EQUALS "c.relfilenode) IS NOT TRUE" \
	" FROM (SELECT DISTINCT k.relation FROM pg_catalog.pg_locks k" \
	" WHERE k.pid" EQUALS "pg_catalog.pg_backend_pid() AND k.locktype" EQUALS "'relation'" \
	" AND k.database" EQUALS "(SELECT d.oid FROM pg_catalog.pg_database d" \
	" WHERE d.datname" EQUALS "pg_catalog.current_database())" \
	" AND k.relation OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid) l" \
	" CROSS JOIN LATERAL pg_catalog.pg_identify_object(" \
	"'pg_catalog.pg_class'::pg_catalog.regclass, l.relation, 0) i" \
	" LEFT JOIN pg_catalog.pg_class c ON c.oid" EQUALS "l.relation" \
	" LEFT JOIN pg_catalog.pg_namespace n ON n.oid" EQUALS "c.relnamespace" \
	" WHERE i.type" DIFFERS "'index'"

static const char see_sql[] = SEEN " ORDER BY l.relation";

/* Those of $1 are the list's. */
static const char look_sql[] =
	"WITH seen (relation, identity, is_view, lockable, stale) AS MATERIALIZED (" SEEN ")"
	" SELECT (SELECT pg_catalog.count(*) FROM seen),"
	" NOT EXISTS (SELECT FROM seen s FULL JOIN pg_catalog.unnest($1::pg_catalog.oid[])"
	" AS r (oid) ON r.oid" EQUALS "s.relation WHERE r.oid IS NULL OR s.relation IS NULL),"
	" (SELECT pg_catalog.max(s.identity) FROM seen s WHERE s.stale)";

void
reads_add(struct reads *r, const struct reads_relation *of)
{
	if ((r->n & (r->n - 1)) == 0) /* the room is a power of two */
		r->list = xrealloc(r->list, (r->n > 0 ? 2 * r->n : 1) * sizeof(*r->list));
	r->list[r->n++] = *of;
}

static bool
is_true(const PGresult *res, int row, int col)
{
	return PQgetvalue(res, row, col)[0] == 't';
}

int
reads_see(struct db *db, struct reads *r, const char **stale, struct err *e)
{
	PGresult *res = db_query(db, e, see_sql, 0, NULL);
	int i;

	reads_release(r);
	*stale = NULL;
	if (res == NULL)
		return -1;
	for (i = 0; i < PQntuples(res); i++) {
		const struct reads_relation of = {
			.id = {.name = intern(PQgetvalue(res, i, 1))},
			.oid = (unsigned)strtoul(PQgetvalue(res, i, 0), NULL, 10),
			.is_view = is_true(res, i, 2),
			.lockable = is_true(res, i, 3),
		};

		reads_add(r, &of);
		if (is_true(res, i, 4))
			*stale = of.id.name;
	}
	PQclear(res);
	return 0;
}

int
reads_look(struct db *db, const struct reads *r, struct reads_look *look, struct err *e)
{
	struct buf oids = BUF_INIT;
	const char *params[1];
	PGresult *res;
	size_t i;

	for (i = 0; i < r->n; i++)
		pgarray_add_oid(&oids, r->list[i].oid);
	params[0] = pgarray_end(&oids);
	res = db_query(db, e, look_sql, 1, params);
	buf_release(&oids);
	*look = (struct reads_look){.stale = NULL};
	if (res == NULL)
		return -1;
	look->n = strtoul(PQgetvalue(res, 0, 0), NULL, 10);
	look->same = is_true(res, 0, 1);
	if (!PQgetisnull(res, 0, 2))
		look->stale = xstrdup(PQgetvalue(res, 0, 2));
	PQclear(res);
	return 0;
}

static void
add_name(struct buf *sql, const struct reads_relation *rel)
{
	if (rel->id.schema != NULL)
		relname_add_quoted(&rel->id, sql);
	else
		buf_adds(sql, rel->id.name);
}

static bool
is_within(const struct reads_relation *rel, enum reads_reach reach)
{
	return rel->lockable &&
	       (reach == READS_ALL || (reach == READS_NO_VIEWS && !rel->is_view));
}

int
reads_lock(struct db *db, const struct reads *r, enum reads_reach reach, bool wait,
	   struct err *e)
{
	struct buf sql = BUF_INIT;
	const char *comma = "LOCK TABLE ONLY ";
	size_t i;
	int rc = 0;

	for (i = 0; i < r->n; i++)
		if (is_within(&r->list[i], reach)) {
			buf_adds(&sql, comma);
			add_name(&sql, &r->list[i]);
			comma = ", ONLY ";
		}
	if (sql.len > 0) {
		buf_addf(&sql, " IN ACCESS SHARE MODE%s", wait ? "" : " NOWAIT");
		rc = db_exec_one(db, e, buf_cstr(&sql));
	}
	buf_release(&sql);
	return rc;
}

static int
by_oid(const void *a, const void *b)
{
	const struct reads_relation *x = a, *y = b;

	return (x->oid > y->oid) - (x->oid < y->oid);
}

void
reads_sort(struct reads *r)
{
	size_t i, kept = 0;

	if (r->n > 0)
		qsort(r->list, r->n, sizeof(*r->list), by_oid);
	for (i = 0; i < r->n; i++)
		if (kept == 0 || r->list[kept - 1].oid != r->list[i].oid)
			r->list[kept++] = r->list[i];
	r->n = kept;
}

bool
reads_is_locked(const struct reads *r, unsigned oid, enum reads_reach reach)
{
	const struct reads_relation key = {.oid = oid}, *found = NULL;

	if (r->n > 0)
		found = bsearch(&key, r->list, r->n, sizeof(*r->list), by_oid);
	return found != NULL && is_within(found, reach);
}

bool
reads_same(const struct reads *a, const struct reads *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (a->list[i].oid != b->list[i].oid)
			return false;
	return true;
}

void
reads_release(struct reads *r)
{
	free(r->list);
	*r = (struct reads){.list = NULL};
}
