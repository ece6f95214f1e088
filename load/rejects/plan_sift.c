/*
 * Constraints as queries over the staged rows.  One that would refuse a row which
 * INSERT takes must not be here, for then a row were lost; one that misses some
 * costs time only.  So where a trigger or the old rows have a say, there are none.
 */
#include "load/rejects/plan_sift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "load/match/plan.h"
#include "load/options.h"
#include "load/rejects/plan_rejects.h"
#include "load/rejects/siftsql.h"
#include "load/stage/plan_stage.h"
#include "load/stage/stagesql.h"

/*
 * $2: the columns that are loaded.  Run under the user's search_path, as what it
 * gives will be: so each name in an expression means there what it does here.
 */
static const char checks_sql[] =
	"SELECT conname, pg_catalog.pg_get_expr(conbin, conrelid) FROM pg_catalog.pg_constraint c"
	" WHERE conrelid OPERATOR(pg_catalog.=) $1::pg_catalog.oid"
	" AND contype OPERATOR(pg_catalog.=) 'c' AND coalesce(pg_catalog.to_jsonb(c)"
	" OPERATOR(pg_catalog.->>) 'conenforced', 't') OPERATOR(pg_catalog.<>) 'false'"
	" AND NOT EXISTS (SELECT FROM pg_catalog.unnest(conkey) AS k"
	" LEFT JOIN pg_catalog.pg_attribute"
	" ON attrelid OPERATOR(pg_catalog.=) conrelid AND attnum OPERATOR(pg_catalog.=) k"
	" AND k OPERATOR(pg_catalog.>) 0 WHERE attname IS NULL"
	" OR attname OPERATOR(pg_catalog.<>) ALL ($2::pg_catalog.text[])) ORDER BY conname";

/* The condition between a row "f" of the other table and one "t" of ours. */
static const char foreign_sql[] =
	"SELECT conname, string_agg(format('t.%I IS NOT NULL', ours.attname), ' AND '),"
	" string_agg(format('f.%I OPERATOR(%I.%s) t.%I', theirs.attname, s.nspname, o.oprname,"
	" ours.attname), ' AND '),"
	" CASE WHEN r.relkind = 'r' THEN 'ONLY ' ELSE '' END || format('%I.%I', n.nspname,"
	" r.relname), c.confrelid = c.conrelid"
	" FROM pg_constraint c JOIN pg_class r ON r.oid = c.confrelid"
	" JOIN pg_namespace n ON n.oid = r.relnamespace,"
	" unnest(conkey, confkey, conpfeqop) AS k(mine, other, op)"
	" JOIN pg_operator o ON o.oid = op JOIN pg_namespace s ON s.oid = o.oprnamespace,"
	" pg_attribute ours, pg_attribute theirs"
	" WHERE c.conrelid = $1 AND contype = 'f' AND NOT condeferred AND convalidated"
	" AND confmatchtype = 's' AND to_jsonb(c)->>'conperiod' IS DISTINCT FROM 'true'"
	" AND ours.attrelid = conrelid AND ours.attnum = mine AND theirs.attrelid = confrelid"
	" AND theirs.attnum = other GROUP BY c.oid, c.confrelid, c.conrelid, conname, n.nspname,"
	" r.relname, r.relkind HAVING bool_and(ours.attname = ANY ($2::text[])) ORDER BY conname";

/* Indexes that compare as their columns' types do, in the order in which they are asked. */
static const char unique_sql[] =
	"SELECT c.relname, string_agg(format('t.%I', a.attname), ', '),"
	" string_agg(format('t.%I IS NOT NULL', a.attname), ' AND '),"
	" string_agg(format('o.%I OPERATOR(%I.%s) t.%I', a.attname, s.nspname, p.oprname,"
	" a.attname), ' AND ')"
	" FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
	" JOIN pg_am ON pg_am.oid = c.relam AND amname = 'btree',"
	" unnest(indkey, indclass, indcollation) WITH ORDINALITY AS k(num, class, coll, nth)"
	" JOIN pg_opclass oc ON oc.oid = class"
	" JOIN pg_amop ON amopfamily = opcfamily AND amoplefttype = opcintype"
	" AND amoprighttype = opcintype AND amopstrategy = 3"
	" JOIN pg_operator p ON p.oid = amopopr JOIN pg_namespace s ON s.oid = p.oprnamespace,"
	" pg_attribute a WHERE i.indrelid = $1 AND indisunique AND indimmediate AND indisvalid"
	" AND indpred IS NULL AND indexprs IS NULL AND nth <= indnkeyatts"
	" AND to_jsonb(i)->>'indnullsnotdistinct' IS DISTINCT FROM 'true'"
	" AND a.attrelid = indrelid AND a.attnum = num"
	" GROUP BY i.indexrelid, c.relname, indnkeyatts"
	" HAVING count(*) = indnkeyatts AND bool_and(opcdefault AND coll = attcollation"
	" AND a.attname = ANY ($2::text[])) ORDER BY i.indexrelid";

/* ---- the constraints ---- */

static PGresult *
query(const struct plan *p, struct db *db, const char *sql, struct err *e)
{
	char oid[16], *columns = siftsql_columns(p);
	const char *params[] = {oid, columns};
	PGresult *res;

	snprintf(oid, sizeof(oid), "%u", p->rel != NULL ? p->rel->oid : 0);
	res = db_query(db, e, sql, 2, params);
	free(columns);
	return res;
}

static PGresult *
query_checks(struct stagesql *w, struct err *e)
{
	PGresult *res = NULL;

	if (session_restore_path(w->db, w->p->search_path, e) == 0)
		res = query(w->p, w->db, checks_sql, e);
	if (res != NULL && session_restore_path(w->db, "pg_catalog", e) != 0) {
		PQclear(res);
		res = NULL;
	}
	return res;
}

/* NOT NULL and CHECK need a look at each row by itself: all in one query. */
static int
sift_rows(struct stagesql *w, bool first, size_t *known, struct err *e)
{
	PGresult *res = query_checks(w, e);
	struct plan_rejects *pr = w->st->rejects;
	const char *table = w->p->rel->name;
	size_t i, reasons = pr->nreasons;
	int row;

	if (res == NULL)
		return -1;
	*known += (size_t)PQntuples(res);
	buf_addf(&w->sql,
		 "SELECT n, why, place FROM (SELECT portl_n_%s AS n, portl_p_%s AS place, CASE",
		 w->st->id, w->st->id);
	for (i = 0; i < w->p->rel->ncolumns; i++) {
		const struct relation_column *rc = &w->p->rel->columns[i];

		if (!rc->not_null || plan_column_into(w->p, rc->name) < 0)
			continue;
		stagesql_add(w, " WHEN t.");
		db_add_ident(w->db, &w->sql, rc->name);
		buf_addf(&w->sql, " IS NULL THEN %zu",
			 siftsql_add_reason(
				 pr, "23502", rc->name, NULL,
				 xasprintf("null value in column \"%s\" of relation \"%s\" "
					   "violates not-null constraint",
					   rc->name, table)));
	}
	for (row = 0; row < PQntuples(res); row++) {
		const char *name = PQgetvalue(res, row, 0);

		buf_addf(&w->sql, " WHEN NOT (%s) THEN %zu", PQgetvalue(res, row, 1),
			 siftsql_add_reason(
				 pr, "23514", NULL, name,
				 xasprintf("new row for relation \"%s\" violates check "
					   "constraint \"%s\"",
					   table, name)));
	}
	PQclear(res);
	if (pr->nreasons == reasons) {
		buf_release(&w->sql);
		return 0;
	}
	stagesql_add(w, " END AS why FROM ");
	siftsql_add_proposed(w, first, "t");
	stagesql_add(w, ") AS x WHERE why IS NOT NULL");
	siftsql_add_sift(w, "23514", !first);
	return 0;
}

/* Of rows that may be left as they are, only those are certain that find no old row. */
static void
add_not_there(struct stagesql *w)
{
	const char *parting = " AND NOT EXISTS (SELECT FROM ";
	size_t j;

	stagesql_add(w, parting);
	stagesql_add_target(w);
	stagesql_add(w, " AS o WHERE ");
	for (j = 0; j < w->st->nkey; j++) {
		const char *name = w->p->columns[w->st->key[j]].target;

		stagesql_add(w, j > 0 ? " AND o." : "o.");
		db_add_ident(w->db, &w->sql, name);
		buf_addf(&w->sql, " %s t.", w->st->key_equal[j]);
		db_add_ident(w->db, &w->sql, name);
	}
	stagesql_add(w, ")");
}

static int
sift_foreign(struct stagesql *w, bool first, size_t *known, struct err *e)
{
	PGresult *res = query(w->p, w->db, foreign_sql, e);
	bool unsure = w->p->options->conflict != CONFLICT_FAIL &&
		      (w->p->options->conflict == CONFLICT_SKIP || w->st->newer >= 0 || first);
	int row;

	if (res == NULL)
		return -1;
	*known += (size_t)PQntuples(res);
	for (row = 0; row < PQntuples(res); row++) {
		const char *name = PQgetvalue(res, row, 0), *equal = PQgetvalue(res, row, 2);

		if (unsure && (w->st->null_keys || w->st->key_equal == NULL))
			continue;
		siftsql_add_found(w,
				  siftsql_add_reason(
					  w->st->rejects, "23503", NULL, name,
					  xasprintf("insert or update on table \"%s\" violates "
						    "foreign key constraint \"%s\"",
						    w->p->rel->name, name)));
		siftsql_add_proposed(w, unsure, "t");
		buf_addf(&w->sql, " WHERE %s AND NOT EXISTS (SELECT FROM %s AS f WHERE %s)",
			 PQgetvalue(res, row, 1), PQgetvalue(res, row, 3), equal);
		if (PQgetvalue(res, row, 4)[0] == 't') { /* or in a row that comes along */
			stagesql_add(w, " AND NOT EXISTS (SELECT FROM ");
			siftsql_add_proposed(w, false, "f");
			buf_addf(&w->sql, " WHERE %s)", equal);
		}
		if (unsure)
			add_not_there(w);
		siftsql_add_sift(w, "23503", !unsure && PQgetvalue(res, row, 4)[0] != 't');
	}
	PQclear(res);
	return 0;
}

/* Rows that the table has. */
static void
sift_present(struct stagesql *w, const PGresult *res, int row)
{
	const char *name = PQgetvalue(res, row, 0);

	siftsql_add_found(
		w, siftsql_add_reason(
			   w->st->rejects, "23505", NULL, name,
			   xasprintf("duplicate key value violates unique constraint \"%s\"",
				     name)));
	siftsql_add_proposed(w, false, "t");
	stagesql_add(w, " WHERE EXISTS (SELECT FROM ");
	stagesql_add_target(w);
	buf_addf(&w->sql, " AS o WHERE %s)", PQgetvalue(res, row, 3));
	siftsql_add_sift(w, "23505", true);
}

/*
 * Rows that an earlier one is equal to which will be inserted for certain: no
 * index has one before that.  Its reason is that of the first index.  Where these
 * are all that have an equal one, as "suspects" tells, there are no more to find.
 *
 *	WITH w AS (SELECT * FROM (SELECT n, place, the first with this row's value by
 *	    each index AS f0, f1 … FROM proposed) AS x WHERE f0 < n OR f1 < n …)
 *	SELECT n, min(why), place, (SELECT count(*) FROM w) AS suspects
 *	FROM (SELECT n, place, 0 AS why FROM w WHERE f0 < n
 *	    AND NOT EXISTS (the row f0 in w) UNION ALL …) AS y GROUP BY n, place
 */
static void
sift_equals(struct stagesql *w, const PGresult *res, size_t base)
{
	const char *id = w->st->id;
	int i, n = PQntuples(res);

	buf_addf(&w->sql,
		 "WITH w AS MATERIALIZED (SELECT * FROM (SELECT portl_n_%s AS n, "
		 "portl_p_%s AS place",
		 id, id);
	for (i = 0; i < n; i++)
		buf_addf(&w->sql,
			 ", CASE WHEN %s THEN pg_catalog.min(portl_n_%s) OVER "
			 "(PARTITION BY %s) ELSE portl_n_%s END AS f%d",
			 PQgetvalue(res, i, 2), id, PQgetvalue(res, i, 1), id, i);
	stagesql_add(w, " FROM ");
	siftsql_add_proposed(w, false, "t");
	for (i = 0; i < n; i++)
		buf_addf(&w->sql, "%sf%d OPERATOR(pg_catalog.<) n",
			 i > 0 ? " OR " : ") AS x WHERE ", i);
	stagesql_add(w, ") SELECT n, pg_catalog.min(why) AS why, place,"
			" (SELECT pg_catalog.count(*) FROM w) AS suspects FROM (");
	for (i = 0; i < n; i++)
		buf_addf(&w->sql,
			 "%sSELECT n, place, %zu AS why FROM w WHERE f%d OPERATOR(pg_catalog.<)"
			 " n AND NOT EXISTS (SELECT FROM w AS d"
			 " WHERE d.n OPERATOR(pg_catalog.=) w.f%d)",
			 i > 0 ? " UNION ALL " : "", base + (size_t)i, i, i);
	stagesql_add(w, ") AS y GROUP BY n, place");
	siftsql_add_sift(w, "23505", false);
}

/* With --conflict=fail; rows of the stream only if nothing else could refuse one. */
static int
sift_unique(struct stagesql *w, size_t known, size_t all, struct err *e)
{
	PGresult *res = query(w->p, w->db, unique_sql, e);
	const struct plan_rejects *pr = w->st->rejects;
	size_t base = pr->nreasons;
	int row;

	if (res == NULL)
		return -1;
	for (row = 0; row < PQntuples(res); row++)
		sift_present(w, res, row);
	if (row > 0 && known + (size_t)row >= all && !pr->late && !pr->unsure &&
	    w->p->rel->kind == 'r')
		sift_equals(w, res, base);
	PQclear(res);
	return 0;
}

int
plan_sift_constraints(struct stagesql *w, bool first, size_t all, struct err *e)
{
	size_t known = 0;

	/* A NULL that the old row's value replaces breaks no CHECK, nor a foreign key. */
	if ((!w->st->look_first && sift_rows(w, first, &known, e) != 0) ||
	    sift_foreign(w, first, &known, e) != 0)
		return -1;
	return w->p->options->conflict == CONFLICT_FAIL ? sift_unique(w, known, all, e) : 0;
}

/* ---- strings ---- */

/* How many characters the target's column takes, or 0. */
static int
most_characters(const struct stagesql *w, size_t i)
{
	const struct relation_column *rc = stagesql_column(w, i);
	int n;

	if (w->p->columns[i].target == NULL || w->p->columns[i].way == PLAN_SAME ||
	    rc == NULL ||
	    (strcmp(rc->base, "character varying") != 0 && strcmp(rc->base, "character") != 0))
		return 0;
	return sscanf(rc->type + strcspn(rc->type, "("), "(%d)", &n) == 1 ? n : 0;
}

void
plan_sift_lengths(struct stagesql *w)
{
	const char *lead = "SELECT n, why, place FROM (SELECT n, ctid AS place, CASE";
	size_t i, reasons = w->st->rejects->nreasons;

	for (i = 0; i < w->p->ncolumns; i++) {
		const struct relation_column *rc = stagesql_column(w, i);
		int most = most_characters(w, i);

		if (most == 0)
			continue;
		stagesql_add(w, lead);
		lead = "";
		stagesql_add(w, " WHEN pg_catalog.rtrim(pg_catalog.substr(CAST(");
		stagesql_add_typed(w, i);
		buf_addf(&w->sql,
			 " AS pg_catalog.text), %d), ' ') OPERATOR(pg_catalog.<>) '' THEN %zu",
			 most + 1,
			 siftsql_add_reason(w->st->rejects, "22001", rc->name, NULL,
					    xasprintf("value too long for type %s", rc->type)));
	}
	if (w->st->rejects->nreasons == reasons)
		return;
	stagesql_add(w, " END AS why");
	stagesql_add_from(w, STAGESQL_FIRST);
	stagesql_add(w, ") AS x WHERE why IS NOT NULL");
	siftsql_add_sift(w, "22001", true);
}
