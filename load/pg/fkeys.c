/*
 * The server checks a foreign key when the statement ends that wrote the row, or at COMMIT
 * if the constraint is deferred.  A set comes in the order of its sender's foreign keys; where
 * the target's ask for another one, they are deferred, and what cannot be is refused.
 */
#include "load/pg/fkeys.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"
#include "common/pg/session.h"
#include "common/pg/relation.h"
#include "load/match/cascades.h"
#include "load/match/plan.h"
#include "load/match/reasons.h"
#include "load/match/waits.h"
#include "load/rules/rules.h"

/*
 * The foreign keys from and to the relations $1, and from and to what is above and below them
 * in a tree of partitions; what a partition has of its root's is no key of its own.  Of
 * several relations that a key touches, the first has its children, and the last has its
 * parents.  number is the place in $1, from 1; whole: all of the key's children are in it.
 * Of unique and exclusion constraints those that are deferred.  $2: relations whose indexes are
 * dropped for the time.
 */
static const char keys_sql[] =
	"WITH member AS MATERIALIZED"
	" (SELECT * FROM unnest($1::oid[]) WITH ORDINALITY AS m (oid, number)),"
	" fk AS MATERIALIZED (SELECT * FROM pg_constraint c WHERE conparentid = 0 AND (contype = 'f'"
	" AND (to_jsonb(c) ->> 'conenforced') IS DISTINCT FROM 'false'"
	" OR contype IN ('u', 'p', 'x') AND condeferred)),"
	" touched (rel, number, whole) AS (SELECT oid, number, true FROM member"
	" UNION ALL SELECT a.relid, number, false"
	" FROM member, pg_partition_ancestors(member.oid) AS a (relid) WHERE a.relid <> member.oid"
	" UNION ALL SELECT f.oid, m.number, true"
	" FROM (SELECT conrelid FROM fk UNION SELECT confrelid FROM fk) AS f (oid),"
	" pg_partition_ancestors(f.oid) AS a (relid) JOIN member m ON m.oid = a.relid),"
	" place AS (SELECT rel, min(number) AS first, max(number) AS last, bool_or(whole) AS whole"
	" FROM touched GROUP BY rel)"
	" SELECT quote_ident(n.nspname) || '.' || quote_ident(k.conname), k.conname,"
	" format('%I.%I', m.nspname, r.relname), child.first, parent.last, child.whole,"
	" k.condeferrable, k.condeferred, pg_has_role(r.relowner, 'USAGE'),"
	" format('ALTER TABLE %I.%I DROP CONSTRAINT %I', m.nspname, r.relname, k.conname),"
	" format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', m.nspname, r.relname, k.conname,"
	"  pg_get_constraintdef(k.oid)),"
	" format('COMMENT ON CONSTRAINT %I ON %I.%I IS %L', k.conname, m.nspname, r.relname,"
	"  d.description), d.description IS NOT NULL,"
	" k.convalidated AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstraint = k.oid"
	"  AND t.tgenabled <> 'O'),"
	" row_security_active(k.conrelid) OR row_security_active(k.confrelid),"
	" has_table_privilege(k.confrelid, 'REFERENCES')"
	"  OR has_any_column_privilege(k.confrelid, 'REFERENCES'),"
	" EXISTS (SELECT FROM pg_constraint o WHERE o.connamespace = k.connamespace"
	"  AND o.conname = k.conname AND o.oid <> k.oid AND NOT o.condeferrable),"
	" k.contype = 'f', EXISTS (SELECT FROM pg_constraint o WHERE o.connamespace = k.connamespace"
	"  AND o.conname = k.conname AND o.oid <> k.oid AND o.condeferred AND o.conparentid = 0),"
	" k.confrelid = ANY ($2::oid[]), k.conrelid = ANY ($2::oid[]),"
	" nullif(k.confrelid, 0)::regclass, k.confrelid, k.conrelid"
	" FROM fk k JOIN pg_namespace n ON n.oid = k.connamespace"
	" JOIN pg_class r ON r.oid = k.conrelid JOIN pg_namespace m ON m.oid = r.relnamespace"
	" LEFT JOIN place child ON child.rel = k.conrelid"
	" LEFT JOIN place parent ON parent.rel = k.confrelid"
	" LEFT JOIN pg_description d ON d.classoid = 'pg_constraint'::regclass"
	" AND d.objoid = k.oid AND d.objsubid = 0"
	" WHERE child.rel IS NOT NULL OR parent.rel IS NOT NULL ORDER BY child.first, k.oid";

/* What becomes a struct fkeys. */
struct draft {
	struct buf defer, add;
	struct fkeys_dropped *dropped;
	size_t ndropped;
	struct fkeys_late *late;
	size_t nlate;
};

enum {
	NAME,
	WORD,
	TABLE,
	CHILD,
	PARENT,
	WHOLE,
	DEFERRABLE,
	DEFERRED,
	OWNED,
	DROP,
	ADD,
	NOTE,
	NOTED,
	PLAIN, /* it comes back as it was, and all rows are checked then */
	HIDDEN,
	GRANTED,
	AMBIGUOUS,
	FOREIGN,
	SHARED, /* its name */
	HANGS,  /* on an index that is dropped */
	GOES,   /* so do indexes of the table */
	REFERRED,
	PARENT_OID,
	CHILD_OID
};

/* Of all, or of those that are ${chosen}. */
static char *
array(const unsigned *oids, const bool *chosen, size_t n)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < n; i++)
		if (chosen == NULL || chosen[i])
			pgarray_add_oid(&b, oids[i]);
	pgarray_end(&b);
	return buf_detach(&b);
}

static size_t
number(const PGresult *res, int row, int col)
{
	return PQgetisnull(res, row, col) ? 0 : strtoul(PQgetvalue(res, row, col), NULL, 10);
}

static void
add_sql(struct buf *sql, const char *text)
{
	buf_addf(sql, "%s%s", sql->len > 0 ? "; " : "", text);
}

static void
recheck(struct draft *k, const PGresult *res, int row, struct reasons *why)
{
	const char *against = NULL;

	if (!db_is_true(res, row, OWNED))
		against = "only the owner of the table may drop";
	else if (!db_is_true(res, row, GRANTED))
		against = "the REFERENCES privilege is missing to add again";
	else if (db_is_true(res, row, HIDDEN))
		against = "row security would hide rows from the check of";
	if (against != NULL) {
		reasons_add(why, "--foreign-keys=recheck: %s foreign key \"%s\" of %s", against,
			    PQgetvalue(res, row, WORD), PQgetvalue(res, row, TABLE));
		return;
	}
	k->dropped = xrealloc(k->dropped, (k->ndropped + 1) * sizeof(*k->dropped));
	k->dropped[k->ndropped++] = (struct fkeys_dropped){
		.sql = xstrdup(PQgetvalue(res, row, DROP)),
		.child = (unsigned)number(res, row, CHILD_OID),
		.parent = (unsigned)number(res, row, PARENT_OID),
		.table = xstrdup(PQgetvalue(res, row, TABLE)),
		.referred = xstrdup(PQgetvalue(res, row, REFERRED)),
	};
	add_sql(&k->add, PQgetvalue(res, row, ADD));
	if (db_is_true(res, row, NOTED))
		add_sql(&k->add, PQgetvalue(res, row, NOTE));
}

/* The child comes before its parent. */
static void
defer(struct draft *k, const struct load_rules *rules, const PGresult *res, int row,
      struct reasons *why)
{
	if (!db_is_true(res, row, DEFERRABLE))
		reasons_add(why,
			    "%s comes before a table that its foreign key \"%s\" refers to, "
			    "and that cannot be deferred; make it DEFERRABLE, or use "
			    "--foreign-keys=recheck",
			    PQgetvalue(res, row, TABLE), PQgetvalue(res, row, WORD));
	else if (db_is_true(res, row, AMBIGUOUS))
		reasons_add(why,
			    "%s comes before a table that its foreign key \"%s\" refers to, "
			    "and another constraint of this name in its schema cannot be "
			    "deferred; rename one",
			    PQgetvalue(res, row, TABLE), PQgetvalue(res, row, WORD));
	else if (rules->batches)
		reasons_add(why,
			    "%s comes before a table that its foreign key \"%s\" refers to; "
			    "batches cannot be committed so",
			    PQgetvalue(res, row, TABLE), PQgetvalue(res, row, WORD));
	else if (!db_is_true(res, row, DEFERRED))
		buf_addf(&k->defer, "%s%s", k->defer.len > 0 ? ", " : "SET CONSTRAINTS ",
			 PQgetvalue(res, row, NAME));
}

/* What comes deferred, and all that it asks for is there when its own rows are. */
static void
add_late(struct draft *k, size_t at, const PGresult *res, int row)
{
	struct buf *sql;

	if (!db_is_true(res, row, DEFERRED) || db_is_true(res, row, SHARED))
		return;
	if (!db_is_true(res, row, FOREIGN) && db_is_true(res, row, GOES))
		return;
	if (k->nlate == 0 || k->late[k->nlate - 1].at != at) { /* they come in order */
		k->late = xrealloc(k->late, (k->nlate + 1) * sizeof(*k->late));
		k->late[k->nlate++] = (struct fkeys_late){.at = at};
	}
	sql = &k->late[k->nlate - 1].sql;
	buf_addf(sql, "%s%s", sql->len > 0 ? ", " : "SET CONSTRAINTS ",
		 PQgetvalue(res, row, NAME));
}

/*
 * One that is NOT VALID, or off, would come back checking less, or more.  One of more than the
 * partition that is loaded is checked for all partitions, which is for need only.
 */
static bool
is_rechecked(const PGresult *res, int row, bool too_early)
{
	return db_is_true(res, row, FOREIGN) && db_is_true(res, row, PLAIN) &&
	       (db_is_true(res, row, WHOLE) ||
		(too_early && !db_is_true(res, row, DEFERRABLE)));
}

/* What refers to a key is in the way when that is dropped. */
static void
refuse_hanging(const PGresult *res, int row, const char *remedy, struct reasons *why)
{
	reasons_add(why, "--indexes=rebuild: foreign key \"%s\" of %s%s refers to %s%s",
		    PQgetvalue(res, row, WORD), PQgetvalue(res, row, TABLE),
		    number(res, row, CHILD) == 0 ? ", which is not among the relations," : "",
		    PQgetvalue(res, row, REFERRED), remedy);
}

static void
settle(struct draft *k, const struct load_rules *rules, const PGresult *res, int row,
       struct reasons *why)
{
	size_t child = number(res, row, CHILD), parent = number(res, row, PARENT);

	if (child == 0) {
		if (db_is_true(res, row, HANGS))
			refuse_hanging(res, row, "", why);
		if (rules->truncate && rules->together)
			reasons_add(why,
				    "--truncate: foreign key \"%s\" of %s, which is not among "
				    "the relations, refers to one of them",
				    PQgetvalue(res, row, WORD), PQgetvalue(res, row, TABLE));
		return;
	}
	if (rules->recheck && is_rechecked(res, row, parent > child))
		recheck(k, res, row, why);
	else if (db_is_true(res, row, HANGS))
		refuse_hanging(res, row,
			       rules->recheck || !db_is_true(res, row, PLAIN)
				       ? ", and cannot be added again as it is"
				       : "; use --foreign-keys=recheck",
			       why);
	else if (parent > child)
		defer(k, rules, res, row, why);
	else
		add_late(k, child - 1, res, row);
}

/* What a relation does to one before it; what to itself, its own plan says. */
static int
check_cascades(struct db *db, const struct load_rules *rules, const char *oids,
	       struct reasons *why, struct err *e)
{
	PGresult *res;
	int row;

	if (!rules->conflict->sets)
		return 0;
	res = cascades_find(db, oids, rules->recheck, e);
	for (row = 0; row < PQntuples(res); row++)
		if (number(res, row, CASCADES_TO) < number(res, row, CASCADES_FROM))
			cascades_refuse(res, row, why);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

static int
refuse(struct reasons *why, struct err *e)
{
	if (why->n == 0)
		return 0;
	err_set(e, EXIT_TARGET, "foreign keys are in the way");
	err_detail(e, "%s", buf_cstr(&why->text));
	reasons_release(why);
	return -1;
}

/* With ${end} behind it, or NULL. */
static char *
text_of(struct buf *sql, const char *end)
{
	if (sql->len == 0)
		return NULL;
	buf_adds(sql, end);
	return buf_detach(sql);
}

static void
take(struct fkeys *k, struct draft *draft)
{
	size_t i;

	*k = (struct fkeys){
		.defer = text_of(&draft->defer, " DEFERRED"),
		.dropped = draft->dropped,
		.ndropped = draft->ndropped,
		.add = text_of(&draft->add, ""),
		.late = draft->late,
		.nlate = draft->nlate,
	};
	for (i = 0; i < k->nlate; i++) {
		buf_adds(&k->late[i].sql, " IMMEDIATE");
		buf_cstr(&k->late[i].sql);
	}
}

int
fkeys_plan(struct fkeys *k, struct db *db, const struct load_rules *rules, const unsigned *oids,
	   const bool *unindexed, size_t n, struct err *e)
{
	struct reasons why = {.n = 0};
	struct draft draft = {.late = NULL};
	char *all = array(oids, NULL, n), *some = array(oids, unindexed, n);
	const char *params[] = {all, some};
	PGresult *res = NULL;
	int row, rc;

	fkeys_release(k);
	rc = session_begin(db, SESSION_PLAN, rules->lock_timeout, e);
	if (rc == 0)
		rc = session_set_path(db, "pg_catalog", e);
	if (rc == 0)
		res = db_query(db, e, keys_sql, 2, params);
	for (row = 0; row < PQntuples(res); row++)
		settle(&draft, rules, res, row, &why);
	rc = res != NULL ? check_cascades(db, rules, all, &why, e) : -1;
	if (rc == 0)
		rc = refuse(&why, e);
	take(k, &draft);
	PQclear(res);
	free(all);
	free(some);
	session_rollback(db);
	return rc;
}

static int
by_number(const void *a, const void *b)
{
	const struct fkeys_late *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

const char *
fkeys_late(const struct fkeys *k, size_t at)
{
	const struct fkeys_late key = {.at = at}, *found = NULL;

	if (k->nlate > 0)
		found = bsearch(&key, k->late, k->nlate, sizeof(key), by_number);
	return found != NULL ? found->sql.data : NULL;
}

int
fkeys_defer(const struct fkeys *k, struct db *db, struct err *e)
{
	return k->defer != NULL ? db_exec(db, e, "%s", k->defer) : 0;
}

/* It locks both tables against all others, and the sender may read either. */
static int
drop(const struct fkeys_dropped *d, struct db *db, const struct header *header, struct err *e)
{
	struct relation child = {.oid = d->child}, parent = {.oid = d->parent};
	struct plan of = {.header = header, .rel = &child, .target = {.name = d->table}};
	char *lock = xasprintf("LOCK TABLE %s IN ACCESS EXCLUSIVE MODE", d->table);
	int rc = waits_run(db, &of, lock, e);

	free(lock);
	of.rel = &parent;
	of.target.name = d->referred;
	return rc == 0 ? waits_run(db, &of, d->sql, e) : -1;
}

int
fkeys_drop(const struct fkeys *k, struct db *db, const struct header *header, struct err *e)
{
	size_t i;

	for (i = 0; i < k->ndropped; i++)
		if (drop(&k->dropped[i], db, header, e) != 0)
			return -1;
	return 0;
}

int
fkeys_restore(const struct fkeys *k, struct db *db, struct err *e)
{
	return db_exec(db, e, "%s", k->add);
}

void
fkeys_release(struct fkeys *k)
{
	size_t i;

	free(k->defer);
	free(k->add);
	for (i = 0; i < k->ndropped; i++) {
		free(k->dropped[i].sql);
		free(k->dropped[i].table);
		free(k->dropped[i].referred);
	}
	free(k->dropped);
	for (i = 0; i < k->nlate; i++)
		buf_release(&k->late[i].sql);
	free(k->late);
	*k = (struct fkeys){.defer = NULL};
}
