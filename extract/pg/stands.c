/*
 * A row of the answer is one catalog row: what it is to people, its OID, its version.
 *
 * Functions have no lock, and are looked up again at each call.  Those of a view, a
 * policy or a generated column stand in pg_depend; those of the user's text, and of
 * other functions' bodies, are found by their names: each function in the database
 * whose name occurs there, which is more than are called, never less, but for names
 * that are put together at run time.  Their version is xmin, so that one that was
 * replaced and put back is seen as well.
 *
 * The planner cannot know how little a walk finds, and would think just-in-time
 * compilation worth its seconds: the caller switches it off.
 *
 * A label that is added to an enum is no change: the snapshot has no value with it.
 */
#include "extract/pg/stands.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"

#define USERS " >= 16384 " /* what is not initdb's */
#define WORDS(text) "regexp_split_to_table(" text ", '[^[:alnum:]_$]+') AS word"
#define IS_WORD "p.proname IN (word::name, lower(word)::name)"

/* Relations that were locked only after the snapshot was taken. */
#define LATE "((SELECT oids FROM late)::oid[])"

/* Their columns; what others are wanted, and a bracket, go behind. */
#define COLUMNS \
	"columns(relid, list) AS (" \
	" SELECT a.attrelid, string_agg(format('%L %s %s %s %s', a.attname, a.atttypid," \
	"  a.atttypmod, a.attgenerated, a.attisdropped), ',' ORDER BY a.attnum)" \
	" FROM pg_attribute a WHERE a.attnum > 0 AND (a.attrelid = ANY " LATE

#define RELATIONS \
	"SELECT format('%s \"%s\"', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'f'" \
	"  THEN 'foreign table' WHEN 'm' THEN 'materialized view' ELSE 'table' END, c.relname)," \
	"  c.oid, concat_ws(' ', c.relkind, c.relrowsecurity, c.relforcerowsecurity, l.list," \
	"  (SELECT string_agg(format('%s %s', i.inhrelid, i.inhparent), ',' ORDER BY i.inhrelid," \
	"   i.inhparent) FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent))," \
	"  (SELECT string_agg(format('%s %s', r.oid, r.xmin), ',' ORDER BY r.oid)" \
	"   FROM pg_rewrite r WHERE r.ev_class = c.oid)," \
	"  (SELECT string_agg(format('%s %s', y.oid, y.xmin), ',' ORDER BY y.oid)" \
	"   FROM pg_policy y WHERE y.polrelid = c.oid)," \
	"  (SELECT format('%s %s %s %s', x.ftserver, x.ftoptions, v.srvfdw, v.srvoptions)" \
	"   FROM pg_foreign_table x JOIN pg_foreign_server v ON v.oid = x.ftserver" \
	"   WHERE x.ftrelid = c.oid))" \
	" FROM pg_class c LEFT JOIN columns l ON l.relid = c.oid WHERE c.oid = ANY " LATE \
	" ORDER BY 2, 1"

static const char stands_sql[] =
	"WITH RECURSIVE late(oids) AS (SELECT $3::oid[]), rule(classid, objid) AS ("
	" SELECT 'pg_rewrite'::regclass, oid FROM pg_rewrite WHERE ev_class = ANY ($2::oid[])"
	" UNION ALL SELECT 'pg_policy'::regclass, oid FROM pg_policy WHERE polrelid = ANY ($2)"
	" UNION ALL SELECT 'pg_attrdef'::regclass, oid FROM pg_attrdef WHERE adrelid = ANY ($2)"
	"), uses(classid, objid) AS ("
	" SELECT d.refclassid, d.refobjid FROM pg_depend d JOIN rule r"
	" ON r.classid = d.classid AND r.objid = d.objid"
	"), reach(oid, source) AS ("
	" SELECT p.oid, p.prosrc FROM pg_proc p WHERE p.oid" USERS "AND ("
	" p.oid IN (SELECT p.oid FROM " WORDS(
		"$1::text") " JOIN pg_proc p ON " IS_WORD ")"
			    " OR p.oid IN (SELECT objid FROM uses WHERE classid = 'pg_proc'::regclass)"
			    " OR p.oid IN (SELECT o.oprcode FROM pg_operator o WHERE o.oid" USERS
			    "  AND (strpos($1, o.oprname::text) > 0"
			    "  OR o.oid IN (SELECT objid FROM uses WHERE classid = 'pg_operator'::regclass))))"
			    " UNION SELECT p.oid, p.prosrc FROM reach r CROSS JOIN LATERAL ("
			    "  SELECT p.oid FROM " WORDS(
				    "r.source") " JOIN pg_proc p ON " IS_WORD
						"  UNION ALL SELECT d.refobjid FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass"
						"  AND d.objid = r.oid AND d.refclassid = 'pg_proc'::regclass) AS called(oid)"
						" JOIN pg_proc p ON p.oid = called.oid WHERE p.oid" USERS
						"), type(oid) AS ("
						" SELECT unnest((SELECT $4::oid[])) UNION SELECT sub.oid FROM type w"
						" JOIN pg_type t ON t.oid = w.oid CROSS JOIN LATERAL ("
						"  SELECT t.typelem WHERE t.typelem <> 0 UNION ALL SELECT t.typbasetype"
						"  UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid"
						"  UNION ALL SELECT a.atttypid FROM pg_attribute a WHERE t.typtype = 'c'"
						"  AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS sub(oid)"
						"), " COLUMNS
						" OR a.attrelid IN (SELECT t.typrelid FROM type JOIN pg_type t USING (oid))) GROUP BY 1)"
						" SELECT format('function \"%s\"', p.proname), p.oid, p.xmin::text"
						" FROM pg_proc p WHERE p.oid IN (SELECT oid FROM reach)"
						" UNION ALL SELECT format('type \"%s\"', t.typname), t.oid, concat_ws(' ', t.typtype,"
						"  t.typbasetype, t.typtypmod, t.typoutput::oid, t.typsend::oid, c.list)"
						" FROM type JOIN pg_type t USING (oid) LEFT JOIN columns c ON c.relid = t.typrelid"
						" WHERE t.oid" USERS
						"UNION ALL SELECT format('type \"%s\"', t.typname), e.oid, format('%s %s', e.xmin,"
						"  e.enumlabel) FROM type JOIN pg_type t USING (oid) JOIN pg_enum e ON e.enumtypid = t.oid"
						" UNION ALL " RELATIONS;

static const char tables_sql[] = "WITH late(oids) AS (SELECT $1::oid[]), " COLUMNS
				 ") GROUP BY 1) " RELATIONS;

/* All of them, or those that LOCK has not taken before the snapshot. */
static char *
relations(const struct reads *reads, const struct reads *locked, enum reads_reach reach)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < reads->n; i++)
		if (locked == NULL || !reads_is_locked(locked, reads->list[i].oid, reach))
			pgarray_add_oid(&b, reads->list[i].oid);
	pgarray_end(&b);
	return buf_detach(&b);
}

static char *
array(const unsigned *oids, size_t n)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < n; i++)
		pgarray_add_oid(&b, oids[i]);
	pgarray_end(&b);
	return buf_detach(&b);
}

PGresult *
stands_read(struct db *db, const char *text, const struct reads *reads,
	    const struct reads *locked, enum reads_reach reach, const unsigned *types,
	    size_t ntypes, struct err *e)
{
	char *all = relations(reads, NULL, reach), *late = relations(reads, locked, reach);
	char *oids = array(types, ntypes);
	const char *params[] = {text != NULL ? text : "", all, late, oids};
	PGresult *res = db_query(db, e, stands_sql, 4, params);

	free(all);
	free(late);
	free(oids);
	return res;
}

PGresult *
stands_tables(struct db *db, const struct reads *reads, struct err *e)
{
	char *all = relations(reads, NULL, READS_NOTHING);
	PGresult *res = db_query(db, e, tables_sql, 1, (const char *const[]){all});

	free(all);
	return res;
}

static bool
has_row(const PGresult *res, const PGresult *from, int row)
{
	int i;

	for (i = 0; i < PQntuples(res); i++)
		if (strcmp(PQgetvalue(res, i, 1), PQgetvalue(from, row, 1)) == 0 &&
		    strcmp(PQgetvalue(res, i, 2), PQgetvalue(from, row, 2)) == 0)
			return true;
	return false;
}

const char *
stands_changed(const PGresult *before, const PGresult *now)
{
	int i;

	for (i = 0; i < PQntuples(before); i++)
		if (!has_row(now, before, i))
			return PQgetvalue(before, i, 0);
	return NULL;
}
