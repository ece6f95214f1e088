/*
 * The greatest value is looked for as an index finds it, in the order that rows are compared
 * by then: that of pg_catalog, not of the type's own operators.  One ahead of the clock would
 * make all rows invisible that come until then, so that the clock is the limit.
 */
#include "extract/pg/cursor.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "extract/options/options.h"
#include "extract/pg/member.h"

/* cursor_check() has passed. */
static const struct relation_column *
column_of(const struct member *m)
{
	return &m->rel->columns[relation_column_find(m->rel, m->rows->cursor)];
}

int
cursor_check(const struct member *m, struct err *e)
{
	if (m->rel != NULL && relation_column_find(m->rel, m->rows->cursor) >= 0)
		return 0;
	return m->rel == NULL
		       ? err_usage(e, "cursor", "--cursor is for relations, not for queries")
		       : err_usage(e, "cursor", "%s \"%s\" has no column \"%s\"",
				   relation_kind_name(m->rel->kind), m->rel->id.name,
				   m->rows->cursor);
}

/* Its type, domains unwrapped, without modifiers; for the caller to free. */
static char *
base_of(const struct relation_column *c)
{
	char *base = xstrdup(c->plain), *from = strchr(base, '(');
	char *to = from != NULL && strchr(base, '"') == NULL ? strchr(from, ')') : NULL;

	if (to != NULL)
		memmove(from, to + 1, strlen(to + 1) + 1);
	return base;
}

/* What no value of the type that comes later may be below. */
static const char *
clock_of(const char *base)
{
	static const char *const clocks[][2] = {
		{"timestamp with time zone", "pg_catalog.now()"},
		{"timestamp without time zone", "LOCALTIMESTAMP"},
		{"date", "CURRENT_DATE"},
	};
	size_t i;

	for (i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++)
		if (strcmp(base, clocks[i][0]) == 0)
			return clocks[i][1];
	return NULL;
}

/* No more than ${clock}, if there is one. */
static char *
value_sql(const struct member *m, const struct relation_column *c, const char *clock)
{
	struct buf sql = BUF_INIT;

	buf_adds(&sql, "SELECT pg_catalog.format('%s', ");
	buf_adds(&sql, clock != NULL ? "LEAST(v, " : "v");
	if (clock != NULL)
		buf_addf(&sql, "%s)", clock);
	buf_adds(&sql, ") FROM (SELECT ");
	ident_add_quoted(&sql, c->name);
	buf_adds(&sql, member_is_only(m) ? " AS v FROM ONLY " : " AS v FROM ");
	relname_add_quoted(&m->rel->id, &sql);
	buf_adds(&sql, " WHERE ");
	ident_add_quoted(&sql, c->name);
	buf_adds(&sql, " IS NOT NULL");
	if (m->rows->where != NULL)
		buf_addf(&sql, " AND (\n%s\n)", m->rows->where);
	buf_adds(&sql, " ORDER BY 1 USING OPERATOR(pg_catalog.>) LIMIT 1) AS portl");
	return buf_detach(&sql);
}

/* Does nothing come behind it?  Of dates and times the clock does. */
static bool
is_beyond(const char *base, const char *value)
{
	if (strcmp(base, "interval") == 0)
		return strcmp(value, "infinity") == 0;
	return (strcmp(base, "numeric") == 0 || strcmp(base, "real") == 0 ||
		strcmp(base, "double precision") == 0) &&
	       (strcmp(value, "NaN") == 0 || strcmp(value, "Infinity") == 0);
}

static int
greatest(const struct member *m, const struct relation_column *c, const char *base,
	 const char *clock, struct db *db, char **value, char **why, struct err *e)
{
	char *sql = value_sql(m, c, clock);
	PGresult *res = db_query(db, e, sql, 0, NULL);

	free(sql);
	if (res == NULL)
		return err_prefix(e, "--cursor=%s: ", c->name);
	if (PQntuples(res) > 0)
		*value = xstrdup(PQgetvalue(res, 0, 0));
	if (*value != NULL && is_beyond(base, *value))
		*why = xasprintf("no row could come behind the greatest \"%s\", which is %s",
				 c->name, *value);
	PQclear(res);
	return 0;
}

/*
 * ${value}, which may be NULL, less the overlap, which is an interval of dates and times, else
 * of the column's type.
 */
static char *
bound(const struct member *m, const struct relation_column *c, const char *value, struct db *db,
      struct err *e)
{
	const char *params[] = {value, m->rows->overlap};
	char *base, *sql, *text = NULL;
	PGresult *res;

	if (m->rows->overlap == NULL)
		return xstrdup(value);
	base = base_of(c);
	sql = xasprintf("SELECT format('%%s', (b)::%s), (b)::%s > v"
			" FROM (SELECT $1::%s AS v, $1::%s - $2::%s AS b) AS portl",
			base, base, base, base, clock_of(base) != NULL ? "interval" : base);
	res = db_query(db, e, sql, 2, params);
	free(base);
	free(sql);
	if (res == NULL) {
		err_prefix(e, "--overlap=%s cannot be taken from type %s: ", m->rows->overlap,
			   c->type);
		return NULL;
	}
	if (db_is_true(res, 0, 1))
		err_usage(e, "overlap", "--overlap=%s goes forward and not back",
			  m->rows->overlap);
	else
		text = xstrdup(PQgetvalue(res, 0, 0));
	PQclear(res);
	return text;
}

/* Not only the next run, which nobody may look at, finds that it cannot be taken. */
static int
check_overlap(const struct member *m, const struct relation_column *c, struct db *db,
	      struct err *e)
{
	char *none = m->rows->overlap != NULL ? bound(m, c, NULL, db, e) : NULL;

	free(none);
	return m->rows->overlap == NULL || none != NULL ? 0 : -1;
}

/*
 * May rows that come have numbers from before?  What another server has written has its
 * numbers, and a materialized view shows rows later than they were written.
 */
static const char foreign_sql[] =
	"WITH RECURSIVE r(oid) AS (SELECT $1::oid UNION SELECT x.oid FROM r CROSS JOIN LATERAL ("
	" SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = r.oid UNION ALL"
	" SELECT d.refobjid FROM pg_rewrite w JOIN pg_depend d ON d.objid = w.oid"
	" AND d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass"
	" WHERE w.ev_class = r.oid AND w.ev_type = '1') AS x(oid))"
	" SELECT EXISTS (SELECT FROM r JOIN pg_class c USING (oid) WHERE c.relkind IN ('f', 'm')"
	" OR EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = c.oid)"
	" OR EXISTS (SELECT FROM pg_rewrite w JOIN pg_depend d ON d.objid = w.oid"
	" AND d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_proc'::regclass"
	" JOIN pg_proc p ON p.oid = d.refobjid WHERE w.ev_class = c.oid AND w.ev_type = '1'"
	" AND p.provolatile <> 'i'))";

/* 1, 0 or -1. */
static int
is_foreign(const struct member *m, struct db *db, struct err *e)
{
	PGresult *res = db_query_oid(db, e, foreign_sql, m->rel->oid);
	int rc = res != NULL ? db_is_true(res, 0, 0) : -1;

	PQclear(res);
	return rc;
}

int
cursor_value(const struct member *m, const char *xmin, struct db *db, struct path *path,
	     char **value, char **why, struct err *e)
{
	const struct relation_column *c;
	char *base, *clock = NULL;
	int foreign = 1, rc = 0;

	if (cursor_check(m, e) != 0)
		return -1;
	c = column_of(m);
	if (check_overlap(m, c, db, e) != 0)
		return -1;
	base = base_of(c);
	if (strcmp(base, "xid8") == 0) {
		clock = xasprintf("'%s'::pg_catalog.xid8", xmin);
		foreign = is_foreign(m, db, e);
	}
	if (foreign == 0)
		*value = xstrdup(xmin);
	else if (foreign < 0 || path_restore(path, db, e) != 0 ||
		 greatest(m, c, base, clock != NULL ? clock : clock_of(base), db, value, why,
			  e) != 0 ||
		 path_narrow(path, db, e) != 0)
		rc = -1;
	free(clock);
	free(base);
	return rc;
}

/*
 * Children by inheritance need not forbid what their parent does, foreign tables do not
 * enforce it, and views have values of domains that do.
 */
static bool
has_no_null(const struct member *m, const struct relation_column *c)
{
	return c->not_null_itself && m->rel->kind == 'r' &&
	       (member_is_only(m) || !m->rel->has_children);
}

char *
cursor_condition(const struct member *m, const char *value, struct db *db, struct err *e)
{
	const struct relation_column *c = column_of(m);
	char *from = bound(m, c, value, db, e), *literal;
	struct buf sql = BUF_INIT;

	if (from == NULL)
		return NULL;
	literal = PQescapeLiteral(db->conn, from, strlen(from));
	if (literal == NULL) {
		err_set(e, EXIT_CONN, "%s", PQerrorMessage(db->conn));
		free(from);
		return NULL;
	}
	ident_add_quoted(&sql, c->name);
	buf_addf(&sql, " OPERATOR(pg_catalog.>=) %s", literal);
	if (!has_no_null(m, c)) {
		buf_adds(&sql, " OR ");
		ident_add_quoted(&sql, c->name);
		buf_adds(&sql, " IS NULL");
	}
	PQfreemem(literal);
	free(from);
	return buf_detach(&sql);
}
