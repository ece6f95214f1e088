/*
 * Catalog queries, all under the snapshot that reads the rows.  What a role may not ask, or a
 * server that only resembles PostgreSQL does not know, must not end a run that needs no
 * position: a savepoint stands before it.
 */
#include "extract/pg/sincefacts.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"

/* The timeline that the server writes: pg_control's is that of the last checkpoint. */
static const char server_sql[] =
	"SELECT s.system_identifier, d.oid, left(pg_walfile_name(pg_current_wal_lsn()), 8),"
	" pg_snapshot_xmin(w), pg_snapshot_xmax(w), pg_current_wal_insert_lsn()"
	" FROM pg_control_system() s, pg_current_snapshot() w, pg_database d"
	" WHERE d.datname = current_database()";

static const char columns_sql[] =
	"SELECT a.attrelid, a.attnum, a.attname, format('%s %L %s %s %s %L', a.attnum, a.attname,"
	" format_type(a.atttypid, a.atttypmod), a.attcollation, a.attgenerated,"
	" CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END)"
	" FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid"
	" AND d.adnum = a.attnum AND a.attgenerated <> ''"
	" WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped"
	" ORDER BY a.attrelid, a.attnum";

/*
 * inhdetachpending, from 14 on: rows of such a partition are no longer seen.  The snapshot
 * knows what it was; locks have kept what it is.
 */
static const char leaves_sql[] =
	"WITH RECURSIVE tree(root, descends, oid) AS ("
	" SELECT r.oid, r.descends AND r.leaf = 0, o.oid"
	" FROM unnest($1::oid[], $2::bool[], $3::oid[]) AS r(oid, descends, leaf),"
	" unnest(ARRAY[r.oid, nullif(r.leaf, 0)]) AS o(oid) WHERE o.oid IS NOT NULL"
	" UNION ALL SELECT t.root, true, i.inhrelid FROM tree t"
	" JOIN pg_inherits i ON i.inhparent = t.oid"
	" WHERE t.descends AND to_jsonb(i) ->> 'inhdetachpending' IS DISTINCT FROM 'true')"
	" SELECT DISTINCT t.root, c.oid, c.relkind,"
	" coalesce(m.amhandler = 'heap_tableam_handler'::regproc, false), r.relnatts,"
	" CASE WHEN r.relkind = 'v' THEN pg_get_viewdef(r.oid) END, c.relfilenode, c.relnatts"
	" FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_class r ON r.oid = t.root"
	" LEFT JOIN pg_am m ON m.oid = c.relam"
	" WHERE c.relkind <> 'p' OR c.oid = t.root ORDER BY 1, 2";

static int
read_server(struct sincefacts *f, struct db *db, struct err *e)
{
	PGresult *res = db_query(db, e, server_sql, 0, NULL);

	if (res == NULL)
		return -1;
	f->system = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	f->database = (unsigned)strtoul(PQgetvalue(res, 0, 1), NULL, 10);
	f->timeline = (unsigned)strtoul(PQgetvalue(res, 0, 2), NULL, 16);
	f->xmin = strtoull(PQgetvalue(res, 0, 3), NULL, 10);
	f->next = strtoull(PQgetvalue(res, 0, 4), NULL, 10);
	f->wal = xstrdup(PQgetvalue(res, 0, 5));
	PQclear(res);
	return 0;
}

static int
read_relations(struct sincefacts *f, struct db *db, const struct sincefacts_of *of, size_t n,
	       struct err *e)
{
	struct buf oids = BUF_INIT, descends = BUF_INIT, leaves = BUF_INIT;
	const char *params[3];
	size_t i;

	for (i = 0; i < n; i++) {
		pgarray_add_oid(&oids, of[i].oid);
		pgarray_add(&descends, of[i].only ? "f" : "t");
		pgarray_add_oid(&leaves, of[i].leaf);
	}
	params[0] = pgarray_end(&oids);
	params[1] = pgarray_end(&descends);
	params[2] = pgarray_end(&leaves);
	f->columns = db_query(db, e, columns_sql, 1, params);
	if (f->columns != NULL)
		f->leaves = db_query(db, e, leaves_sql, 3, params);
	buf_release(&oids);
	buf_release(&leaves);
	buf_release(&descends);
	return f->leaves != NULL ? 0 : -1;
}

static int
is_standby(struct db *db, bool *yes, struct err *e)
{
	char *text = db_query_text(db, e, "SELECT pg_is_in_recovery()", 0, NULL);

	*yes = text != NULL && text[0] == 't';
	free(text);
	return text != NULL ? 0 : -1;
}

int
sincefacts_read(struct sincefacts *f, struct db *db, const struct sincefacts_of *of, size_t n,
		struct err *e)
{
	struct err refused = ERR_INIT;
	bool standby;

	*f = (struct sincefacts){.why = NULL};
	if (is_standby(db, &standby, e) != 0)
		return -1;
	if (standby) {
		f->why = xstrdup("the server is a standby, whose snapshots say too little of "
				 "transactions that are running");
		return 0;
	}
	if (db_exec(db, e, "SAVEPOINT portl_since") != 0)
		return -1;
	if (read_server(f, db, &refused) == 0 && read_relations(f, db, of, n, &refused) == 0)
		return db_exec(db, e, "RELEASE SAVEPOINT portl_since");
	if (refused.sqlstate[0] == '\0' || db_is_lost(db)) {
		err_take(e, &refused);
		return -1;
	}
	f->why = xasprintf("the server says: %s", refused.msg);
	err_release(&refused);
	return db_exec(db, e, "ROLLBACK TO SAVEPOINT portl_since");
}

char *
sincefacts_changing(struct db *db, const char *condition, struct err *e)
{
	/*
	 * In age(x) and now() the word is a call; columns may have any of the other names, in
	 * quotes or behind a dot.  isopen in t.isopen is a call as well, of a function of rows.
	 */
	static const char sql[] =
		"SELECT m[2] FROM regexp_matches(lower($1),"
		" '([.\"]?)([[:alnum:]_$]+)(\"?[[:space:]]*[(])?', 'g') WITH ORDINALITY AS r(m, n)"
		" WHERE m[1] = '' AND m[2] IN ('select', 'table', 'values', 'current_date',"
		" 'current_time', 'current_timestamp', 'localtime', 'localtimestamp', 'user',"
		" 'current_user', 'session_user', 'system_user', 'current_role',"
		" 'current_catalog', 'current_schema')"
		" OR m[2] IN ('today', 'tomorrow', 'yesterday', 'regclass', 'regtype', 'regproc',"
		" 'regprocedure', 'regoper', 'regoperator', 'regconfig', 'regdictionary',"
		" 'regrole', 'regnamespace', 'regcollation')"
		" OR m[2] IN ('now', 'age', 'clock_timestamp', 'statement_timestamp',"
		" 'transaction_timestamp', 'timeofday', 'random', 'current_setting')"
		" AND (m[3] IS NOT NULL OR m[2] = 'now')"
		" OR EXISTS (SELECT FROM pg_proc p WHERE p.proname = m[2] AND m[3] IS NOT NULL"
		" AND (p.provolatile = 'v' OR p.provolatile = 's' AND (p.oid >= 16384"
		" OR p.proname NOT IN ('pg_column_size', 'pg_typeof') AND p.proname ~ '^(pg_|txid_|"
		"has_|inet_[cs]|to_reg|current_|(obj|col|shobj)_description|(table|schema|database)"
		"_to_xml|mxid_age|row_security_active|getpgusername|format_type|version$)'))"
		" OR p.proname = m[2] AND p.provolatile <> 'i' AND p.pronargs = 1 AND EXISTS"
		" (SELECT FROM pg_type y WHERE y.oid = p.proargtypes[0] AND y.typtype = 'c'))"
		" UNION ALL (SELECT m[1] FROM regexp_matches($1, '[-+*/<>=~!@#%^&|`?]+', 'g') AS r(m)"
		" WHERE EXISTS (SELECT FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode"
		" WHERE o.oid >= 16384 AND o.oprname IN (m[1], rtrim(m[1], '+-'))"
		" AND p.provolatile <> 'i'))"
		" LIMIT 1";
	const char *params[] = {condition};

	return db_query_text(db, e, sql, 1, params);
}

void
sincefacts_release(struct sincefacts *f)
{
	free(f->why);
	free(f->wal);
	PQclear(f->columns);
	PQclear(f->leaves);
	*f = (struct sincefacts){.why = NULL};
}
