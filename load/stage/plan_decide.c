/*
 * The choice of the route, and all decisions about staging.  Facts of the target are read
 * first, by one query; decisions are made from facts and rules, and nothing changes them
 * afterwards.
 */
#include "load/stage/plan_decide.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xalloc.h"
#include "common/os/runid.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/schema/schema.h"
#include "load/match/cascades.h"
#include "load/match/plan.h"
#include "load/match/reasons.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"
#include "load/stage/plan_absent.h"
#include "load/stage/plan_images.h"
#include "load/stage/plan_suspects.h"
#include "load/stage/plan_key.h"
#include "load/stage/plan_merge.h"

#define COLUMNS_MAX 1599 /* the server's limit, less the row number */
#define OUTPUT_MAX 1664  /* its limit of what one SELECT gives */

/*
 * In the order of read_facts().  Of tgtype, 1 is ROW, 2 BEFORE, 4 INSERT, 16 UPDATE,
 * 64 INSTEAD.
 */
static const char facts_sql[] =
	"WITH tree AS (SELECT relid FROM pg_partition_tree($1::oid) UNION SELECT $1::oid),"
	" trg AS (SELECT tgtype, tgisinternal FROM pg_trigger JOIN tree ON tgrelid = relid"
	" WHERE tgenabled <> 'D'),"
	" own AS (SELECT pg_constraint.* FROM pg_constraint JOIN tree ON conrelid = relid),"
	" fk AS (SELECT conrelid, confrelid, confkey, confupdtype"
	" FROM pg_constraint JOIN tree ON confrelid = relid WHERE contype = 'f')"
	" SELECT has_database_privilege(current_database(), 'TEMP'),"
	" EXISTS (SELECT FROM pg_rewrite WHERE ev_class = $1 AND ev_type = '2'),"
	" EXISTS (SELECT FROM trg WHERE tgtype & 71 = 7),"
	" EXISTS (SELECT FROM trg WHERE tgtype & 83 = 19)"
	" AND current_setting('track_counts')::bool,"
	" EXISTS (SELECT FROM trg WHERE NOT tgisinternal AND tgtype & 66 = 0),"
	" EXISTS (SELECT FROM own WHERE contype IN ('u', 'x', 'p') AND condeferrable),"
	" EXISTS (SELECT FROM own WHERE contype = 'c'),"
	" current_setting('track_counts')::bool"
	" AND NOT EXISTS (SELECT FROM trg WHERE NOT tgisinternal)"
	" AND NOT EXISTS (SELECT FROM fk WHERE conrelid IN (SELECT relid FROM tree)"
	" AND confupdtype <> 'a'),"
	" EXISTS (SELECT FROM trg WHERE NOT tgisinternal AND tgtype & 20 <> 0),"
	" EXISTS (SELECT FROM trg WHERE NOT tgisinternal AND tgtype & 66 = 0 AND tgtype & 20 <> 0)"
	" OR EXISTS (SELECT FROM pg_index JOIN tree ON indrelid = relid WHERE NOT indimmediate)"
	" OR EXISTS (SELECT FROM own WHERE contype = 'f')"
	" OR EXISTS (SELECT FROM pg_class JOIN tree ON oid = relid WHERE relkind = 'f'),"
	" EXISTS (SELECT FROM fk WHERE NOT EXISTS (SELECT FROM pg_index"
	" WHERE indrelid = confrelid AND indisprimary AND confkey <@ indkey::int2[])),"
	" EXISTS (SELECT FROM own WHERE contype = 'f' AND confrelid IN (SELECT relid FROM tree)),"
	" EXISTS (SELECT FROM fk), EXISTS (SELECT FROM fk WHERE confupdtype IN ('c', 'n', 'd')),"
	" EXISTS (SELECT FROM pg_constraint AS c"
	" JOIN pg_depend AS d ON classid = 'pg_constraint'::regclass AND objid = c.oid"
	" LEFT JOIN pg_operator AS o ON refclassid = 'pg_operator'::regclass AND o.oid = refobjid"
	" JOIN pg_proc AS p ON p.oid = CASE WHEN refclassid = 'pg_proc'::regclass THEN refobjid"
	" ELSE oprcode END WHERE contype = 'c' AND provolatile <> 'i'"
	" AND (conrelid IN (SELECT relid FROM tree) OR contypid IN"
	" (SELECT atttypid FROM pg_attribute JOIN tree ON attrelid = relid)))";

/* Rows of nothing have nothing that could be refused. */
static bool
rejects(const struct plan *p)
{
	return p->rules->rejects && p->ncolumns > 0;
}

static bool
needs_stage(const struct plan *p)
{
	size_t i;

	if (p->rules->parts.what == PARTS_STAGE || p->rules->parts.what == PARTS_PUBLISH)
		return true;
	if (p->rules->conflict->has_key || p->stage_reason != NULL)
		return true;
	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].target != NULL && p->columns[i].way != PLAN_SAME)
			return true;
	return false;
}

static int
read_facts(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	struct target_facts *f = &p->stage->facts;
	bool rules = false;
	bool *const to[] = {&f->temp,
			    &rules,
			    &f->insert_triggers,
			    &f->update_triggers,
			    &f->after_triggers,
			    &f->late_unique,
			    &f->checks,
			    &f->counted,
			    &f->triggers,
			    &f->late,
			    &f->late_keys,
			    &f->self,
			    &f->referred,
			    &f->follows,
			    &f->looks};
	PGresult *res = db_query_oid(db, e, facts_sql, p->rel != NULL ? p->rel->oid : 0);
	size_t i;

	if (res == NULL)
		return -1;
	for (i = 0; i < sizeof(to) / sizeof(to[0]); i++)
		*to[i] = db_is_true(res, 0, (int)i);
	PQclear(res);
	f->counted = f->counted && p->rel != NULL && !p->rel->remote;
	if (p->rel != NULL && p->rel->remote && p->rules->conflict->sets)
		reasons_add(why,
			    "%s, and updates are counted by a sequence, which other servers "
			    "do not know; --conflict=skip needs none",
			    p->rel->engine);
	if (p->rules->conflict->has_key && rules && p->rel != NULL && p->rel->kind != 'v')
		reasons_add(
			why,
			"it has rules for UPDATE, with which PostgreSQL cannot do --conflict=%s",
			p->rules->conflict->word);
	return 0;
}

/*
 * Does COPY name each row that the target refuses?  Not so what is checked behind the rows, or
 * by a trigger, or on another server; and what looks at other rows does not find those that
 * COPY has read and not yet written.  All columns are loaded, for a row that is refused is
 * written as it came.
 */
static bool
names_refused(const struct plan *p)
{
	const struct target_facts *f = &p->stage->facts;
	size_t i;

	if (p->rel != NULL && (strchr("rp", p->rel->kind) == NULL || p->rel->engine != NULL))
		return false;
	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].target == NULL)
			return false;
	return !f->triggers && !f->late && !f->looks;
}

/* By the stream, or perhaps by the table itself. */
static bool
may_change(const struct plan *p, const char *column, bool generated)
{
	size_t i;

	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].target != NULL && strcmp(p->columns[i].target, column) == 0)
			return plan_stage_sets(p, i) && !plan_stage_is_key(p, i);
	return generated || p->stage->facts.update_triggers;
}

/* Of the table alone; what others of a set do to it fkeys_plan() knows. */
static int
check_cascades(const struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	char *oid;
	PGresult *res;
	int row;

	if (!p->stage->facts.follows || !p->rules->conflict->sets)
		return 0;
	oid = xasprintf("{%u}", p->rel->oid);
	res = cascades_find(db, oid, p->rules->recheck, e);
	free(oid);
	for (row = 0; row < PQntuples(res); row++)
		if (may_change(p, PQgetvalue(res, row, CASCADES_COLUMN),
			       db_is_true(res, row, CASCADES_GENERATED)))
			cascades_refuse(res, row, why);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

/* May an incoming NULL meet a constraint that the old row's value satisfies? */
static bool
nulls_hurt(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->ncolumns; i++) {
		const struct plan_column *c = &p->columns[i];
		bool null_free = p->schema != NULL && p->schema->columns[i].not_null &&
				 c->way == PLAN_SAME;

		if (!null_free && plan_stage_sets(p, i) && p->rel != NULL &&
		    (p->stage->facts.checks || p->rel->columns[c->position].not_null))
			return true;
	}
	return false;
}

/* Do staged values enter the target as they are, and has it nothing to say of a row's sum? */
static bool
takes_as_staged(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].target != NULL && p->columns[i].way != PLAN_SAME)
			return false;
	if (p->stage->facts.checks || (p->rel != NULL && p->rel->row_security))
		return false;
	for (i = 0; p->rel != NULL && i < p->rel->ncolumns; i++)
		if (p->rel->columns[i].generated)
			return false;
	return true;
}

/* Can one SELECT give a row, and of each column where its value is? */
static bool
fits(const struct plan *p)
{
	size_t i, n = 0, sets = 0;

	for (i = 0; i < p->ncolumns; i++) {
		n += p->columns[i].target != NULL;
		sets += plan_stage_sets(p, i);
	}
	return n + p->stage->nkey + sets + 6 <= OUTPUT_MAX;
}

/*
 * Rows of one key that are written one by one cost the square of their number: the server
 * passes by all versions of the row that the transaction has made.  So it is computed what
 * they come to, and only that is written, where nobody could tell: no trigger sees a row, and
 * all that the table demands of one by itself is known to be so, but for NULLs, which are
 * looked for.  (That it clashes with other rows is not noticed then: it would not be there at
 * COMMIT either.)  What is there is looked for by the key's operators, which a table that is
 * made on the way does not show.
 */
static bool
folds(const struct plan *p)
{
	const struct plan_stage *st = p->stage;
	const struct load_rules *o = p->rules;
	bool looks = st->newer >= 0 || o->conflict->fills;

	return st->sets && !st->null_keys && !o->conflict->keeps && !o->rejects &&
	       o->duplicates == DUPLICATES_LAST &&
	       (p->rel != NULL ? st->facts.counted : !looks) && takes_as_staged(p) && fits(p);
}

/*
 * ON CONFLICT fires BEFORE INSERT triggers and checks constraints for a row
 * before it finds the old one.  Where that matters, look for the old row first.
 */
static int
decide(struct plan *p, struct db *db, struct err *e)
{
	struct plan_stage *st = p->stage;
	bool simple;
	size_t i;

	for (i = 0; i < p->ncolumns && p->rules->conflict->sets; i++)
		st->sets = st->sets || plan_stage_sets(p, i);
	st->look_first = st->facts.insert_triggers ||
			 (p->rules->conflict->fills && nulls_hurt(p));
	st->once = p->rules->conflict->keeps || (!st->sets && !st->look_first);
	/* With --duplicates=first, rows that are not written may be unchanged or skipped. */
	simple = st->facts.counted && !st->look_first && !p->rules->rejects &&
		 (st->once || p->rules->duplicates == DUPLICATES_LAST);
	st->plain = simple && !st->once;
	st->folds = folds(p);
	return plan_merge(p, simple, db, e);
}

/* How refused rows are found. */
static void
decide_rejects(struct plan *p)
{
	const struct target_facts *f = &p->stage->facts;
	struct plan_rejects *pr = xcalloc(1, sizeof(*pr));
	bool keyed = p->rules->conflict->has_key;
	/* nobody has looked at what a view shows, or what is on another server */
	bool plain = p->rel == NULL || strchr("rp", p->rel->kind) != NULL;

	pr->named = !needs_stage(p) && names_refused(p);
	pr->stays = !f->temp || p->ncolumns > COLUMNS_MAX;
	pr->triggers = f->triggers || !plain;
	pr->late = f->late || !plain || (keyed && (f->late_keys || f->triggers));
	pr->first = keyed && p->rules->duplicates != DUPLICATES_LAST;
	pr->self = f->self && !pr->first;
	pr->alone = (f->late_unique || !plain) && (p->rules->conflict->sets || f->triggers);
	pr->line = keyed || pr->self;
	p->stage->rejects = pr;
}

/* The privilege, and how wide the widest of all statements' tables and results will be. */
static void
check_stage(const struct plan *p, struct reasons *why)
{
	const struct plan_stage *st = p->stage;
	bool rounds = p->rules->conflict->has_key && !st->once &&
		      p->rules->duplicates == DUPLICATES_LAST;
	size_t i, n = 0, sets = 0;

	if (!st->facts.temp)
		reasons_add(why, "rows have to be staged in a temporary table, and there is no "
				 "TEMP privilege on the database");
	for (i = 0; i < p->ncolumns; i++) {
		n += p->keep[i];
		sets += p->rules->conflict->has_key && plan_stage_sets(p, i);
	}
	if (n + rounds > COLUMNS_MAX)
		reasons_add(why,
			    "rows have to be staged in a temporary table, which holds %d "
			    "columns, not %zu",
			    COLUMNS_MAX - rounds, n);
	/* with n, r, found, each key once more, and the old values */
	else if (st->look_first && n + 3 + st->nkey + sets > OUTPUT_MAX)
		reasons_add(why,
			    "%s, so that rows are compared before they are inserted, which "
			    "PostgreSQL cannot do with %zu columns",
			    st->facts.insert_triggers
				    ? "it has BEFORE INSERT triggers"
				    : "a NULL that is merged may break its constraints",
			    n);
}

int
plan_decide(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	size_t i;

	if (!needs_stage(p) && !rejects(p))
		return 0;
	p->route = PLAN_STAGED;
	p->stage = xcalloc(1, sizeof(*p->stage));
	p->stage->newer = -1;
	runid_make(p->stage->id);
	for (i = 0; rejects(p) && i < p->ncolumns; i++)
		p->keep[i] = true; /* a row that is refused is written as it came */
	if (read_facts(p, db, why, e) != 0)
		return -1;
	if (p->rules->conflict->has_key) {
		if (plan_key(p, db, why, e) != 0 || plan_images(p, db, e) != 0 ||
		    decide(p, db, e) != 0 || plan_absent(p, db, why, e) != 0 ||
		    check_cascades(p, db, why, e) != 0)
			return -1;
	}
	if (rejects(p))
		decide_rejects(p);
	if (!plan_stage_is_named(p->stage))
		check_stage(p, why);
	return rejects(p) ? plan_suspects(p, db, e) : 0;
}
