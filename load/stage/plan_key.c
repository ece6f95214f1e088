/*
 * The key by which rows conflict: ON CONFLICT takes a unique index on exactly
 * these columns, not partial, not on expressions, not deferrable (PostgreSQL
 * manual, INSERT, "ON CONFLICT Clause").  Everything is asked of the catalog
 * now, so that the refusal comes before the first row and names the index.
 */
#include "load/stage/plan_key.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/err.h"
#include "common/base/nearest.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/schema/schema.h"
#include "load/match/plan.h"
#include "load/match/reasons.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

/*
 * Indexes on exactly the wanted columns, or on expressions of them.  "strange": equal
 * means something else than it means to GROUP BY on the column.  ON CONFLICT takes all
 * unique indexes on its columns, by which values ever they are equal, so that a strange one
 * comes first and is refused beside the best.
 */
static const char indexes_sql[] =
	"WITH wanted AS (SELECT array_agg(k COLLATE \"C\" ORDER BY k COLLATE \"C\") AS names"
	" FROM unnest(%s) AS k), parts AS (SELECT i.indexrelid, a.attname::text COLLATE \"C\""
	" AS name, NOT o.opcdefault AND o.opcname !~ '_pattern_ops$' OR k.coll <> a.attcollation"
	" AND EXISTS (SELECT FROM pg_collation l WHERE l.oid IN (k.coll, a.attcollation)"
	" AND NOT l.collisdeterministic) AS strange"
	" FROM pg_index i CROSS JOIN ROWS FROM (unnest(i.indkey::int2[]),"
	" unnest(i.indclass::oid[]), unnest(i.indcollation::oid[]))"
	" WITH ORDINALITY AS k(attnum, class, coll, ord)"
	" JOIN pg_opclass o ON o.oid = k.class"
	" JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
	" WHERE i.indrelid = $1 AND k.ord <= i.indnkeyatts), used AS ("
	" SELECT d.objid AS indexrelid, a.attname::text COLLATE \"C\" AS name FROM pg_depend d"
	" JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
	" WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass"
	" AND d.refobjid = $1 AND d.refobjsubid > 0)"
	" SELECT i.indexrelid, x.relname, i.indisunique AND NOT i.indisexclusion,"
	" i.indpred IS NULL, i.indexprs IS NULL, i.indimmediate,"
	" i.indisvalid AND i.indisready AND i.indislive,"
	" NOT EXISTS (SELECT FROM parts p WHERE p.indexrelid = i.indexrelid AND p.strange), %s,"
	" i.indisunique AND i.indisexclusion"
	" FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid CROSS JOIN wanted"
	" WHERE i.indrelid = $1 AND CASE WHEN i.indexprs IS NULL"
	" THEN i.indnkeyatts = cardinality(names) AND names = (SELECT array_agg(name ORDER BY"
	" name) FROM parts p WHERE p.indexrelid = i.indexrelid)"
	" ELSE i.indisunique AND names <@ (SELECT array_agg(name) FROM used u"
	" WHERE u.indexrelid = i.indexrelid) END"
	" ORDER BY i.indexprs IS NULL DESC, i.indisunique DESC, i.indpred IS NULL DESC,"
	" i.indimmediate, i.indisvalid DESC, 8, x.relname";

enum { INDEX, NAME, UNIQUE, WHOLE, PLAIN, IMMEDIATE, VALID, USUAL, NULL_KEYS, PERIOD };

static const char equal_sql[] =
	"SELECT a.attname, format('OPERATOR(%I.%s)', n.nspname, p.oprname),"
	" COALESCE((SELECT format(' COLLATE %I.%I', s.nspname, l.collname) FROM pg_collation l"
	" JOIN pg_namespace s ON s.oid = l.collnamespace"
	" WHERE l.oid = k.coll AND k.coll <> a.attcollation), '')"
	" FROM pg_index i CROSS JOIN ROWS FROM (unnest(i.indkey::int2[]),"
	" unnest(i.indclass::oid[]), unnest(i.indcollation::oid[]))"
	" WITH ORDINALITY AS k(attnum, class, coll, ord)"
	" JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
	" JOIN pg_opclass o ON o.oid = k.class"
	" JOIN pg_amop m ON m.amopfamily = o.opcfamily AND m.amoplefttype = o.opcintype"
	" AND m.amoprighttype = o.opcintype AND m.amopstrategy = 3"
	" JOIN pg_operator p ON p.oid = m.amopopr JOIN pg_namespace n ON n.oid = p.oprnamespace"
	" WHERE i.indexrelid = $1 AND k.ord <= i.indnkeyatts ORDER BY k.ord";

static void
no_key_column(const struct relation *rel, const char *name, struct reasons *why)
{
	const char **words = xcalloc(rel->ncolumns, sizeof(*words)), *near;
	char *typed;
	size_t i;

	for (i = 0; i < rel->ncolumns; i++)
		words[i] = rel->columns[i].name;
	near = nearest_word(name, words, rel->ncolumns);
	free(words);
	typed = ident_typed(near != NULL ? near : name);
	reasons_add(why, "--key: the table has no column \"%s\"%s%s%s", name,
		    near != NULL ? "; perhaps --key '" : "", near != NULL ? typed : "",
		    near != NULL ? "'" : "");
	free(typed);
}

/* Find stream columns for the key's names; the number of those not found. */
static size_t
place_key(struct plan *p, const char *const *names, size_t n, struct reasons *why)
{
	struct plan_stage *st = p->stage;
	size_t i, missing = 0;

	st->key = xcalloc(n, sizeof(*st->key));
	for (i = 0; i < n; i++) {
		int at = plan_column_into(p, names[i]);

		if (at >= 0) {
			st->key[st->nkey++] = (size_t)at;
			continue;
		}
		missing++;
		if (p->rel != NULL && relation_column_find(p->rel, names[i]) < 0)
			no_key_column(p->rel, names[i], why);
		else
			reasons_add(why, "the stream does not carry \"%s\" of the key",
				    names[i]);
	}
	return missing;
}

/* ("a", "b"), for people */
static char *
list_key(const struct plan *p)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < p->stage->nkey; i++)
		buf_addf(&b, "%s\"%s\"", i > 0 ? ", " : "(",
			 p->columns[p->stage->key[i]].target);
	buf_addc(&b, ')');
	return buf_detach(&b);
}

/* Row 0 of indexes_sql is the best there is; what it lacks, or NULL. */
static const char *
lack(const PGresult *res)
{
	if (!db_is_true(res, 0, PLAIN))
		return "is on an expression";
	if (db_is_true(res, 0, PERIOD))
		return "is WITHOUT OVERLAPS, and ON CONFLICT cannot use such a one";
	if (!db_is_true(res, 0, UNIQUE))
		return "is not unique";
	if (!db_is_true(res, 0, WHOLE))
		return "is partial";
	if (!db_is_true(res, 0, IMMEDIATE))
		return "is deferrable, and ON CONFLICT cannot use such a one";
	if (!db_is_true(res, 0, VALID))
		return "is not valid; REINDEX it";
	if (!db_is_true(res, 0, USUAL))
		return "has an operator class or collation by which other values are equal";
	return NULL;
}

/*
 * The key in the order of the index, whatever --key says, so that rows staged by that
 * order meet those of the target side by side; and its operators.
 */
static int
follow_index(struct plan *p, struct db *db, const char *index, struct err *e)
{
	struct plan_stage *st = p->stage;
	const char *params[] = {index};
	PGresult *res = db_query(db, e, equal_sql, 1, params);
	size_t i;

	if (res == NULL)
		return -1;
	st->key_equal = xcalloc(st->nkey, sizeof(*st->key_equal));
	st->key_collation = xcalloc(st->nkey, sizeof(*st->key_collation));
	for (i = 0; i < st->nkey; i++) {
		st->key[i] = (size_t)plan_column_into(p, PQgetvalue(res, (int)i, 0));
		st->key_equal[i] = xstrdup(PQgetvalue(res, (int)i, 1));
		st->key_collation[i] = xstrdup(PQgetvalue(res, (int)i, 2));
	}
	PQclear(res);
	return 0;
}

static PGresult *
query_indexes(const struct plan *p, struct db *db, struct err *e)
{
	struct buf names = BUF_INIT;
	PGresult *res;
	char *sql;
	size_t i;

	buf_adds(&names, "ARRAY[");
	for (i = 0; i < p->stage->nkey; i++) {
		buf_adds(&names, i > 0 ? ", " : "");
		ident_add_literal(&names, p->columns[p->stage->key[i]].target);
	}
	buf_adds(&names, "]::text[]");
	sql = xasprintf(indexes_sql, buf_cstr(&names),
			PQserverVersion(db->conn) >= 150000 ? "i.indnullsnotdistinct"
							    : "false");
	res = db_query_oid(db, e, sql, p->rel->oid);
	free(sql);
	buf_release(&names);
	return res;
}

static int
check_index(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	PGresult *res = query_indexes(p, db, e);
	char *columns;
	int rc = 0;

	if (res == NULL)
		return -1;
	columns = list_key(p);
	if (PQntuples(res) == 0)
		reasons_add(why, "it has no unique index on exactly the key %s", columns);
	else if (lack(res) != NULL)
		reasons_add(why, "the index \"%s\" on the key %s %s", PQgetvalue(res, 0, NAME),
			    columns, lack(res));
	else
		rc = follow_index(p, db, PQgetvalue(res, 0, INDEX), e);
	if (PQntuples(res) > 0) {
		p->stage->null_keys = db_is_true(res, 0, NULL_KEYS);
		p->stage->index = (unsigned)strtoul(PQgetvalue(res, 0, INDEX), NULL, 10);
	}
	free(columns);
	PQclear(res);
	return rc;
}

/* A table that --create makes has the key of the stream's header and no other. */
static void
check_created(struct plan *p, struct reasons *why)
{
	size_t i, j, n = p->schema != NULL ? p->schema->nprimary_key : 0, known = 0;

	for (i = 0; i < p->stage->nkey; i++)
		for (j = 0; j < n; j++)
			known += strcmp(p->columns[p->stage->key[i]].source,
					p->schema->primary_key[j]) == 0;
	if (known != n || p->stage->nkey != n)
		reasons_add(why, "--create makes the stream's primary key and no other; "
				 "create the table and its index first");
}

/* Types without an order cannot be newer; the server knows. */
static int
check_comparable(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	const struct plan_column *c = &p->columns[p->stage->newer];
	const char *type = p->rel != NULL ? p->rel->columns[c->position].base : c->new_base;
	struct err no = ERR_INIT;
	PGresult *res;
	char *sql;
	int rc;

	if (db_exec(db, e, "SAVEPOINT portl") != 0)
		return -1;
	sql = xasprintf("SELECT GREATEST(NULL::%s, NULL::%s)", type, type);
	res = db_query(db, &no, sql, 0, NULL);
	rc = res != NULL ? 0 : -1;
	PQclear(res);
	free(sql);
	if (db_exec(db, e, "ROLLBACK TO SAVEPOINT portl; RELEASE SAVEPOINT portl") != 0)
		return -1;
	if (rc != 0)
		reasons_add(why, "--newer: values of type %s have no order", type);
	err_release(&no);
	return 0;
}

static int
check_newer(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	const char *name = p->rules->newer;

	p->stage->newer = plan_column_into(p, name);
	if (p->stage->newer < 0) {
		reasons_add(why, "--newer: the stream does not carry \"%s\"", name);
		return 0;
	}
	if (!plan_stage_sets(p, (size_t)p->stage->newer)) {
		reasons_add(why, "--newer: \"%s\" is never updated, being part of a key", name);
		return 0;
	}
	return check_comparable(p, db, why, e);
}

/* What the ${i}th column of the stream's primary key is called in the table. */
static const char *
created_key(const struct plan *p, size_t i)
{
	int at = schema_find(p->schema, p->schema->primary_key[i]);
	const char *target = at >= 0 ? p->columns[at].target : NULL;

	return target != NULL ? target : p->schema->primary_key[i];
}

/* Whose names: --key, or the primary key of the target, or of the stream if it is created. */
static bool
find_names(struct plan *p, struct reasons *why)
{
	const struct load_rules *o = p->rules;
	size_t n = o->key->n > 0       ? o->key->n
		   : p->rel != NULL    ? p->rel->nprimary_key
		   : p->schema != NULL ? p->schema->nprimary_key
				       : 0;
	const char **names = xcalloc(n, sizeof(*names));
	size_t i, missing;

	for (i = 0; i < n; i++)
		names[i] = o->key->n > 0    ? o->key->names[i]
			   : p->rel != NULL ? p->rel->primary_key[i]
					    : created_key(p, i);
	if (n == 0)
		reasons_add(why,
			    "--conflict=%s needs a key, and it has no primary key; name the "
			    "columns of a unique index with --key",
			    o->conflict->word);
	missing = place_key(p, names, n, why);
	free(names);
	return n > 0 && missing == 0;
}

int
plan_key(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	if (p->rel != NULL && p->rel->kind == 'v') {
		reasons_add(why, "--conflict=%s needs a unique index, and a view has none",
			    p->rules->conflict->word);
		return 0;
	}
	if (find_names(p, why)) {
		if (p->rel == NULL)
			check_created(p, why);
		else if (check_index(p, db, why, e) != 0)
			return -1;
	}
	return p->rules->newer != NULL && p->rules->keys != KEYS_ALONE
		       ? check_newer(p, db, why, e)
		       : 0;
}
