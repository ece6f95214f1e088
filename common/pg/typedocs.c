/*
 * Type documents.  One recursive query walks the type graph; the documents are
 * made on the server by the same SQL at either end, so that equal types give
 * equal documents.
 */
#include "common/typedocs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/db.h"
#include "common/err.h"
#include "common/exttype.h"
#include "common/xalloc.h"

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
	"   json_agg(json_build_array(a.attname, format_type(a.atttypid, NULL))"
	"   ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.typrelid"
	"   AND a.attnum > 0 AND NOT a.attisdropped))"
	"  WHEN 'r' THEN json_build_object('kind', 'range', 'subtype', (SELECT"
	"   format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid))"
	"  %s"
	"  ELSE json_build_object('kind', 'base', 'extension', (SELECT x.extname"
	"   FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid"
	"   WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'"
	"   AND d.refclassid = 'pg_extension'::regclass)) END END,"
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

static bool
is_plain(unsigned oid)
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
		if (!is_plain(oids[i]))
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

	if (PQgetvalue(res, i, 5)[0] == 't')
		note(&docs->refused, name, "has no values that could be read elsewhere");
	else if (PQgetvalue(res, i, 2)[0] == 't')
		note(&docs->text_only, name, "has no binary form");
	if (PQgetvalue(res, i, 3)[0] == 't') {
		note(&docs->text_only, name, "is an OID in binary form");
		if (docs->search_path == NULL)
			docs->search_path = xstrdup(name);
	}
	if (PQgetvalue(res, i, 4)[0] == 't')
		note(&docs->text_only, name, "loses its declaration in binary form");
	if (PQgetvalue(res, i, 1)[0] == 't')
		return 0; /* the same everywhere */
	doc = json_loads(PQgetvalue(res, i, 6), 0, &why);
	if (doc == NULL)
		return err_set(e, EXIT_DATA, "cannot describe type %s: %s", name, why.text);
	json_object_set_new(docs->types, name, doc);
	return 0;
}

int
typedocs_fetch(struct db *db, const unsigned *oids, size_t n, struct typedocs *docs,
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

void
typedocs_release(struct typedocs *docs)
{
	json_decref(docs->types);
	free(docs->text_only);
	free(docs->search_path);
	free(docs->refused);
	*docs = (struct typedocs){.types = NULL};
}

#define DEPTH_MAX 32 /* types inside types; a damaged document may be a circle */

const char *
typedocs_kind(const json_t *types, const char *base)
{
	const char *kind =
		json_string_value(json_object_get(json_object_get(types, base), "kind"));

	return kind != NULL ? kind : "";
}

/* The document of ${base} if that is a domain, else NULL. */
static const json_t *
domain_doc(const json_t *types, const char *base)
{
	const json_t *doc = json_object_get(types, base);

	if (strcmp(typedocs_kind(types, base), "domain") != 0 ||
	    !json_is_string(json_object_get(doc, "base")))
		return NULL;
	return doc;
}

const char *
typedocs_unwrap(const json_t *types, const char *base)
{
	const json_t *doc;
	int depth;

	for (depth = 0; depth < DEPTH_MAX; depth++) {
		doc = domain_doc(types, base);
		if (doc == NULL)
			break;
		base = json_string_value(json_object_get(doc, "base"));
	}
	return base;
}

const char *
typedocs_modified(const json_t *types, const char *base, const char *type)
{
	const json_t *doc;
	int depth;

	for (depth = 0; depth < DEPTH_MAX; depth++) {
		doc = domain_doc(types, base);
		if (doc == NULL)
			break;
		base = json_string_value(json_object_get(doc, "base"));
		type = json_string_value(json_object_get(doc, "type"));
		if (type == NULL)
			type = base;
	}
	return type;
}

/* text and varchar read each other's bytes and check lengths by themselves. */
static const char *
family(const char *base)
{
	return strcmp(base, "character varying") == 0 ? "text" : base;
}

static int
same_label_set(const json_t *a, const json_t *b)
{
	size_t i, j;

	if (json_array_size(a) != json_array_size(b))
		return 0;
	for (i = 0; i < json_array_size(a); i++) {
		for (j = 0; j < json_array_size(b); j++)
			if (json_equal(json_array_get(a, i), json_array_get(b, j)))
				break;
		if (j == json_array_size(b))
			return 0;
	}
	return 1;
}

static char *
differ(const char *type, const char *what, const json_t *a, const json_t *b)
{
	char *here = json_dumps(a, JSON_COMPACT | JSON_ENCODE_ANY);
	char *there = json_dumps(b, JSON_COMPACT | JSON_ENCODE_ANY);
	char *text = xasprintf("type %s has %s %s in the stream but %s here", type, what,
			       here != NULL ? here : "none", there != NULL ? there : "none");

	free(here);
	free(there);
	return text;
}

static char *same_bytes(const json_t *a_types, const char *a, const json_t *b_types,
			const char *b, int depth);

/* ${compare} is same_bytes() or same_fields(). */
static char *
same_attributes(const json_t *a_types, const json_t *a, const json_t *b_types, const json_t *b,
		const char *type, int depth,
		char *(*compare)(const json_t *, const char *, const json_t *, const char *,
				 int))
{
	const json_t *la = json_object_get(a, "attributes");
	const json_t *lb = json_object_get(b, "attributes");
	char *why = NULL;
	size_t i;

	if (json_array_size(la) != json_array_size(lb))
		return differ(type, "the attributes", la, lb);
	for (i = 0; why == NULL && i < json_array_size(la); i++) {
		const json_t *pa = json_array_get(la, i), *pb = json_array_get(lb, i);
		const char *ta = json_string_value(json_array_get(pa, 1));
		const char *tb = json_string_value(json_array_get(pb, 1));

		if (!json_equal(json_array_get(pa, 0), json_array_get(pb, 0)) || ta == NULL ||
		    tb == NULL)
			return differ(type, "the attributes", la, lb);
		why = compare(a_types, ta, b_types, tb, depth + 1);
	}
	return why;
}

/* Both documents are of types with the same name. */
static char *
same_document(const json_t *a_types, const json_t *a, const json_t *b_types, const json_t *b,
	      const char *type, int depth)
{
	static const char *const parts[] = {"element", "subtype", "range"};
	const json_t *ka = json_object_get(a, "kind"), *kb = json_object_get(b, "kind");
	const char *kind = json_string_value(ka);
	size_t i;

	if (kind == NULL || !json_equal(ka, kb))
		return differ(type, "the kind", ka, kb);
	if (strcmp(kind, "enum") == 0)
		return same_label_set(json_object_get(a, "labels"),
				      json_object_get(b, "labels"))
			       ? NULL
			       : differ(type, "the labels", json_object_get(a, "labels"),
					json_object_get(b, "labels"));
	if (strcmp(kind, "composite") == 0)
		return same_attributes(a_types, a, b_types, b, type, depth, same_bytes);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *pa = json_string_value(json_object_get(a, parts[i]));
		const char *pb = json_string_value(json_object_get(b, parts[i]));

		if (pa != NULL && pb != NULL)
			return same_bytes(a_types, pa, b_types, pb, depth + 1);
	}
	if (!json_equal(json_object_get(a, "extension"), json_object_get(b, "extension")))
		return differ(type, "the extension", json_object_get(a, "extension"),
			      json_object_get(b, "extension"));
	return NULL;
}

static char *
same_bytes(const json_t *a_types, const char *a, const json_t *b_types, const char *b,
	   int depth)
{
	const json_t *da, *db;
	const char *wa = typedocs_unwrap(a_types, a), *wb = typedocs_unwrap(b_types, b);

	if (depth > DEPTH_MAX)
		return xasprintf("type %s is nested too deeply", a);
	if (exttype_same(a_types, wa, b_types, wb))
		return NULL;
	/* The same domain must stand on the same type; other domains are just values. */
	if (strcmp(a, b) == 0 && strcmp(family(wa), family(wb)) != 0)
		return xasprintf("type %s is a domain over %s in the stream but over %s here",
				 a, wa, wb);
	if (strcmp(family(wa), family(wb)) != 0)
		return xasprintf("type %s of the stream is not type %s", a, b);
	da = json_object_get(a_types, wa);
	db = json_object_get(b_types, wb);
	if (da == NULL && db == NULL)
		return NULL; /* both in pg_catalog */
	if (da == NULL || db == NULL)
		return xasprintf("type %s is not described in the stream", wa);
	return same_document(a_types, da, b_types, db, wa, depth);
}

char *
typedocs_same_bytes(const json_t *a_types, const char *a, const json_t *b_types, const char *b)
{
	return same_bytes(a_types, a, b_types, b, 0);
}

static char *
same_fields(const json_t *a_types, const char *a, const json_t *b_types, const char *b,
	    int depth)
{
	const char *wa = typedocs_unwrap(a_types, a), *wb = typedocs_unwrap(b_types, b);
	const json_t *da = json_object_get(a_types, wa), *db = json_object_get(b_types, wb);
	const char *ea = json_string_value(json_object_get(da, "element"));
	const char *eb = json_string_value(json_object_get(db, "element"));

	if (depth > DEPTH_MAX)
		return xasprintf("type %s is nested too deeply", a);
	if (ea != NULL && eb != NULL)
		return same_fields(a_types, ea, b_types, eb, depth + 1);
	if (json_object_get(da, "attributes") == NULL ||
	    json_object_get(db, "attributes") == NULL)
		return NULL;
	return same_attributes(a_types, da, b_types, db, wa, depth, same_fields);
}

char *
typedocs_same_fields(const json_t *a_types, const char *a, const json_t *b_types, const char *b)
{
	return same_fields(a_types, a, b_types, b, 0);
}

int
typedocs_is_container(const json_t *types, const char *base)
{
	const char *kind = typedocs_kind(types, typedocs_unwrap(types, base));

	return strcmp(kind, "array") == 0 || strcmp(kind, "composite") == 0;
}
