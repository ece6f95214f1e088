/*
 * When a primary key is made early: the clock, and one question.
 */
#include "load/pg/earlykey.h"

#include <libpq-fe.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/relname.h"
#include "common/pg/db.h"
#include "common/schema/schema.h"
#include "load/match/plan.h"

/* Before that, what waits for whom is chance; most streams are over by then. */
#define LEAST_NS INT64_C(1000000000)

/* For a row: its place in the index takes less than half of it. */
#define WAIT_NS INT64_C(2000)

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void
earlykey_enter(struct earlykey *k)
{
	k->entered = now();
	if (k->begun == 0)
		k->begun = k->entered;
}

void
earlykey_leave(struct earlykey *k, size_t rows)
{
	k->writing += now() - k->entered;
	k->rows += (int64_t)rows;
}

bool
earlykey_is_due(const struct earlykey *k)
{
	int64_t all = k->entered - k->begun;

	return !k->settled && all >= LEAST_NS && (all - k->writing) / WAIT_NS > k->rows;
}

/*
 * Of 20,000 rows as they lie, at most one in a hundred lies before the one whose key comes
 * before its own: "id" 1, 2, 4, 3, 5 has one.  ORDER BY knows the type's own order, whatever
 * search_path is.
 */
int
earlykey_in_order(struct db *db, const struct plan *plan, bool *ordered, struct err *e)
{
	const struct schema *s = plan->schema;
	struct buf sql = BUF_INIT, columns = BUF_INIT, names = BUF_INIT;
	PGresult *res;
	size_t i;

	for (i = 0; i < s->nprimary_key; i++) {
		int at = schema_find(s, s->primary_key[i]);

		buf_adds(&columns, ", ");
		ident_add_quoted(&columns, plan->columns[at].target);
		buf_addf(&names, "%sk%zu", i > 0 ? ", " : "", i);
	}
	buf_addf(&sql,
		 "SELECT pg_catalog.count(*) FILTER (WHERE c OPERATOR(pg_catalog.<) before)"
		 " OPERATOR(pg_catalog.*) 100 OPERATOR(pg_catalog.<=) pg_catalog.count(*) FROM"
		 " (SELECT c, pg_catalog.lag(c) OVER (ORDER BY %s) AS before FROM"
		 " (SELECT ctid%s FROM ",
		 buf_cstr(&names), buf_cstr(&columns));
	relname_add_quoted(&plan->target, &sql);
	buf_addf(&sql, " LIMIT 20000) AS r (c, %s)) AS r", buf_cstr(&names));
	res = db_query(db, e, buf_cstr(&sql), 0, NULL);
	if (res != NULL)
		*ordered = PQgetvalue(res, 0, 0)[0] == 't';
	PQclear(res);
	buf_release(&sql);
	buf_release(&columns);
	buf_release(&names);
	return res != NULL ? 0 : -1;
}
