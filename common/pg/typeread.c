/*
 * Type documents as the server tells them.  One recursive query walks the type graph;
 * the documents are made there by the same SQL at either end, so that equal types give
 * equal documents.
 */
#include "common/pg/typeread.h"

#include <jansson.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/schema/typedocs.h"

/*
 * Multiranges came with version 14.  The planner is kept from multiplying its
 * guesses, or it would think the query worth 0.5 s of just-in-time compilation:
 * a list that it cannot see has ten members.
 */
static const char walk_sql[] =
	"WITH RECURSIVE walk(oid) AS ("
	" SELECT unnest((SELECT $1::oid[])) UNION SELECT sub.oid FROM walk w"
	" JOIN pg_type t ON t.oid = w.oid CROSS JOIN LATERAL ("
	"  SELECT t.typelem WHERE t.typelem <> 0 AND t.typlen = -1"
	"  UNION ALL SELECT t.typbasetype WHERE t.typtype = 'd'"
	"  UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid"
	"  %s"
	"  UNION ALL SELECT a.atttypid FROM pg_attribute a WHERE t.typtype = 'c'"
	"   AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped"
	" ) AS sub(oid))"
	" SELECT format_type(t.oid, NULL), t.typnamespace = 'pg_catalog'::regnamespace,"
	" t.typsend = 0 OR t.typreceive = 0"
	" OR t.oid IN ('oidvector'::regtype, 'int2vector'::regtype)," /* not read if empty */
	" t.typnamespace = 'pg_catalog'::regnamespace AND t.typname ~ '^reg[a-z]+$',"
	" t.oid = 'xml'::regtype, t.typtype = 'p',"
	" CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN"
	"  json_build_object('kind', 'array', 'element', format_type(t.typelem, NULL),"
	"   'delimiter', (SELECT e.typdelim FROM pg_type e WHERE e.oid = t.typelem))"
	" ELSE CASE t.typtype"
	"  WHEN 'd' THEN json_build_object('kind', 'domain',"
	"   'base', format_type(t.typbasetype, NULL),"
	"   'type', format_type(t.typbasetype, t.typtypmod))"
	"  WHEN 'e' THEN json_build_object('kind', 'enum', 'labels', (SELECT"
	"   json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e"
	"   WHERE e.enumtypid = t.oid))"
	"  WHEN 'c' THEN json_build_object('kind', 'composite', 'attributes', (SELECT"
	"   json_agg(CASE a.atttypmod WHEN -1"
	"    THEN json_build_array(a.attname, format_type(a.atttypid, NULL))"
	"    ELSE json_build_array(a.attname, format_type(a.atttypid, NULL),"
	"     format_type(a.atttypid, a.atttypmod)) END"
	"   ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.typrelid"
	"   AND a.attnum > 0 AND NOT a.attisdropped))"
	"  WHEN 'r' THEN json_build_object('kind', 'range', 'subtype', (SELECT"
	"   format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid))"
	"  %s"
	"  ELSE json_build_object('kind', 'base') END END,"
	" (SELECT x.extname FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid"
	"   WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'"
	"   AND d.refclassid = 'pg_extension'::regclass),"
	" t.oid FROM pg_type t WHERE t.oid = ANY (ARRAY(SELECT oid FROM walk)) ORDER BY 1";

static const char walk_multirange[] =
	"UNION ALL SELECT r.rngtypid FROM pg_range r WHERE r.rngmultitypid = t.oid";
static const char doc_multirange[] =
	"WHEN 'm' THEN json_build_object('kind', 'multirange', 'range', (SELECT"
	" format_type(r.rngtypid, NULL) FROM pg_range r WHERE r.rngmultitypid = t.oid))";

/*
 * Types about which there is nothing to say: they are in pg_catalog, they have a
 * binary form, and it says everything.  Their OIDs are PostgreSQL's for good;
 * walk_sql is dear in a session that has seen no catalog yet.
 */
static const unsigned plain_types[] = {
	16,   1000, /* boolean, boolean[] */
	17,   1001, /* bytea */
	20,   1016, /* bigint */
	21,   1005, /* smallint */
	23,   1007, /* integer */
	25,   1009, /* text */
	114,  199,  /* json */
	700,  1021, /* real */
	701,  1022, /* double precision */
	869,  1041, /* inet */
	1042, 1014, /* character */
	1043, 1015, /* character varying */
	1082, 1182, /* date */
	1083, 1183, /* time */
	1114, 1115, /* timestamp */
	1184, 1185, /* timestamp with time zone */
	1186, 1187, /* interval */
	1700, 1231, /* numeric */
	2950, 2951, /* uuid */
	3802, 3807, /* jsonb */
};

bool
typeread_is_plain(unsigned oid)
{
	size_t i;

	for (i = 0; i < sizeof(plain_types) / sizeof(plain_types[0]); i++)
		if (plain_types[i] == oid)
			return true;
	return false;
}

/* Those that the server has to be asked about, as an array; NULL: none. */
static char *
asked_about(const unsigned *oids, size_t n)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < n; i++)
		if (!typeread_is_plain(oids[i]))
			buf_addf(&b, "%c%u", b.len > 0 ? ',' : '{', oids[i]);
	if (b.len == 0)
		return NULL;
	buf_addc(&b, '}');
	return buf_detach(&b);
}

/* Keep the first reason; there is one to print. */
static void
note(char **slot, const char *type, const char *what)
{
	if (*slot == NULL)
		*slot = xasprintf("type %s %s", type, what);
}

static int
take_row(const PGresult *res, int i, struct typedocs *docs, struct err *e)
{
	const char *name = PQgetvalue(res, i, 0);
	json_error_t why;
	json_t *doc;

	if (db_is_true(res, i, 5))
		note(&docs->refused, name, "has no values that could be read elsewhere");
	else if (db_is_true(res, i, 2))
		note(&docs->text_only, name, "has no binary form");
	if (db_is_true(res, i, 3)) {
		note(&docs->text_only, name, "is an OID in binary form");
		if (docs->search_path == NULL)
			docs->search_path = xstrdup(name);
	}
	if (strcmp(name, "aclitem") == 0)
		docs->roles = true;
	if (db_is_true(res, i, 4))
		note(&docs->text_only, name, "loses its declaration in binary form");
	if (db_is_true(res, i, 1))
		return 0; /* the same everywhere */
	doc = json_loads(PQgetvalue(res, i, 6), 0, &why);
	if (doc == NULL)
		return err_set(e, EXIT_DATA, "cannot describe type %s: %s", name, why.text);
	if (!PQgetisnull(res, i, 7))
		json_object_set_new(doc, "extension", json_string(PQgetvalue(res, i, 7)));
	json_object_set_new(docs->types, name, doc);
	return 0;
}

int
typeread_docs(struct db *db, const unsigned *oids, size_t n, struct typedocs *docs,
	      struct err *e)
{
	bool multi = PQserverVersion(db->conn) >= 140000;
	char *array = asked_about(oids, n);
	const char *params[] = {array};
	struct buf sql = BUF_INIT;
	PGresult *res;
	int i, rc = 0;

	*docs = (struct typedocs){.types = json_object()};
	if (array == NULL)
		return 0;
	buf_addf(&sql, walk_sql, multi ? walk_multirange : "", multi ? doc_multirange : "");
	res = db_query(db, e, buf_cstr(&sql), 1, params);
	for (i = 0; res != NULL && rc == 0 && i < PQntuples(res); i++)
		rc = take_row(res, i, docs, e);
	if (res == NULL)
		rc = -1;
	PQclear(res);
	buf_release(&sql);
	free(array);
	return rc;
}
