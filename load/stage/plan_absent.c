/*
 * A row is deleted only if a stream that is proved whole, of all rows there are, has not its
 * key; what the stream says nothing of stays, and so do rows of other tables.
 */
#include "load/stage/plan_absent.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/schema/schema.h"
#include "common/schema/typedocs.h"
#include "load/match/plan.h"
#include "load/match/reasons.h"
#include "load/rules/rules.h"
#include "load/sides/tuplekey.h"
#include "load/stage/plan_stage.h"

/* Of pg_rewrite's ev_type, 4 is DELETE. */
static const char facts_sql[] =
	"SELECT has_table_privilege($1::oid, 'DELETE'),"
	" EXISTS (SELECT FROM pg_rewrite WHERE ev_class = $1 AND ev_type = '4')";

/* Foreign keys by which rows of other tables, or other rows of this one, go or change. */
static const char cascades_sql[] =
	"SELECT DISTINCT k.conname, format('%I.%I', n.nspname, r.relname) FROM pg_constraint k"
	" JOIN pg_class r ON r.oid = k.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace"
	" WHERE k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd') AND k.conparentid = 0"
	" AND k.confrelid IN (SELECT $1::oid UNION SELECT relid FROM pg_partition_tree($1)"
	" UNION SELECT relid FROM pg_partition_ancestors($1)) ORDER BY 1, 2";

/* Does the stream have all rows, so that one that it has not is gone? */
#define WITH_KEYS (HEADER_PARTIAL_WHERE | HEADER_PARTIAL_SINCE)
#define BY_KEYS "have portl-extract send the keys of all (--with-keys), or "

static void
check_stream(const struct plan *p, struct reasons *why)
{
	const struct rules_absent_rows *a = &p->rules->absent;
	const struct header *h = p->header;
	char *words;

	if (h == NULL || h->bare) {
		reasons_add(why, "--delete: the stream has no end document, so that nothing "
				 "proves that a row is not in it");
		return;
	}
	if (a->scope != NULL)
		return;
	if (a->edited)
		reasons_add(why, "--delete: the stream was edited on the way; say with --scope "
				 "which rows of the table it has all of");
	words = header_partial_text(h->partial);
	if (h->partial & HEADER_PARTIAL_UNSAID)
		reasons_add(why,
			    "--delete: the stream does not say that it has all rows of its "
			    "relation; say with --scope which rows of the table it has all of");
	else if (h->partial != 0)
		reasons_add(why,
			    "--delete: the stream has not all rows of its relation (%s); %ssay "
			    "with --scope which rows of the table it has all of",
			    words, h->partial & WITH_KEYS ? BY_KEYS : "");
	free(words);
}

static int
check_facts(const struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	PGresult *res = db_query_oid(db, e, facts_sql, p->rel->oid);

	if (res == NULL)
		return -1;
	if (!db_is_true(res, 0, 0)) {
		reasons_add(why, "--delete: no DELETE privilege");
		reasons_grant(&why->grants, "DELETE");
	}
	if (db_is_true(res, 0, 1))
		reasons_add(why, "--delete: it has rules for DELETE, so that what is done is "
				 "not what is asked for");
	PQclear(res);
	return 0;
}

static int
check_cascades(const struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	PGresult *res;
	int i;

	if (p->rules->absent.what == ABSENT_CASCADE)
		return 0;
	res = db_query_oid(db, e, cascades_sql, p->rel->oid);
	if (res == NULL)
		return -1;
	for (i = 0; i < PQntuples(res); i++)
		reasons_add(why,
			    "--delete: foreign key \"%s\" would delete or change rows of %s "
			    "along with those that they refer to; --delete=cascade lets it",
			    PQgetvalue(res, i, 0), PQgetvalue(res, i, 1));
	PQclear(res);
	return 0;
}

/* Planning it shows what it may read. */
static int
try_scope(const struct plan *p, struct db *db, struct err *no)
{
	const char *text = p->rules->absent.scope;
	struct buf from = BUF_INIT;
	PGresult *res = NULL;
	char *sql;

	buf_adds(&from, relation_only(p->rel));
	relname_add_quoted(&p->target, &from);
	if (db_is_expression(db, no, buf_cstr(&from), text) == 0) {
		sql = xasprintf("EXPLAIN SELECT FROM %s WHERE (\n%s\n)", buf_cstr(&from), text);
		res = db_query(db, no, sql, 0, NULL);
		free(sql);
	}
	PQclear(res);
	buf_release(&from);
	return res != NULL ? 0 : -1;
}

/* The text is the user's, and so is search_path while it is read. */
int
plan_absent_scope(const struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	struct err no = ERR_INIT;
	int rc;

	if (p->rules->absent.scope == NULL)
		return 0;
	if (db_exec(db, e, "SAVEPOINT portl") != 0 ||
	    session_set_path(db, p->search_path, e) != 0)
		return -1;
	rc = try_scope(p, db, &no);
	if (rc != 0 && no.sqlstate[0] == '\0') {
		err_take(e, &no);
		return -1;
	}
	if (rc != 0)
		reasons_add(why, "--scope: %s", no.msg);
	err_release(&no);
	return db_exec(db, e, "ROLLBACK TO SAVEPOINT portl; RELEASE SAVEPOINT portl");
}

/*
 * Where another stream says what is absent, its rows are counted behind this one's, and only
 * as far as is needed: a whole look through the table before costs more than most runs bring.
 * Not where the difference is more than the rows that were inserted.
 */
static bool
counts_late(const struct plan *p)
{
	return p->rules->keys != KEYS_OF_ROWS && p->rules->absent.scope == NULL &&
	       !p->stage->facts.triggers && !p->rel->row_security && !p->rel->remote;
}

/* Are equal values of the column's type sent as what every server sorts in one way? */
static bool
is_sorted_alike(const struct plan *p, size_t i)
{
	const struct plan_column *c = &p->columns[i];
	const struct schema_column *from = &p->schema->columns[i];
	const struct relation_column *to = &p->rel->columns[c->position];

	return c->way == PLAN_SAME && c->loss == NULL && !to->collatable &&
	       strcmp(typedocs_modified(p->schema->types, from->base, from->type), to->plain) ==
		       0 &&
	       tuplekey_kind(to->plain, false) != TUPLEKEY_NO &&
	       ident_list_has(&p->header->order, from->name);
}

/*
 * May the target's keys pass beside those of the stream?  In one order, and compared as the
 * key's index does it; and written under no other key, for the rows are there already.
 */
static bool
passes(const struct plan *p)
{
	const struct load_rules *o = p->rules;
	const struct plan_stage *st = p->stage;
	size_t i;

	if (o->keys != KEYS_ALONE || o->rejects || o->absent.several || o->absent.edited ||
	    o->parts.what != PARTS_NONE || p->text || p->header->server_version == 0 ||
	    st->null_keys || st->facts.insert_triggers || p->rel->remote ||
	    p->ncolumns != st->nkey || p->header->order.n != st->nkey)
		return false;
	for (i = 0; i < p->ncolumns; i++)
		if (!plan_stage_is_key(p, i) || !is_sorted_alike(p, i))
			return false;
	return true;
}

int
plan_absent(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	const struct load_rules *o = p->rules;
	struct plan_stage *st = p->stage;

	if (o->absent.what == ABSENT_STAY)
		return 0;
	if (o->keys != KEYS_FOLLOW)
		check_stream(p, why);
	/* what is to be created has no rows, and what is no table no key */
	if (p->rel == NULL || (p->rel->kind != 'r' && p->rel->kind != 'p') || st->index == 0)
		return 0;
	st->deletes = true;
	st->counts_late = counts_late(p);
	if (o->keys == KEYS_FOLLOW)
		return 0;
	st->finds = true;
	st->passes = why->n == 0 && passes(p);
	/*
	 * Before the stream's rows, which may have unique values of theirs; but not while
	 * others refer to them, as they may until all rows are here, nor where a trigger may
	 * give a row the key of one that is there.
	 */
	st->delete_first = o->keys == KEYS_OF_ROWS && !o->absent.several &&
			   !st->facts.referred && !st->facts.insert_triggers;
	if (check_facts(p, db, why, e) != 0 || check_cascades(p, db, why, e) != 0)
		return -1;
	return plan_absent_scope(p, db, why, e);
}
