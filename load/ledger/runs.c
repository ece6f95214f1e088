/*
 * READ COMMITTED is what makes the last part known: whoever holds the run's row sees in the
 * next statement what was committed before it got the row.
 */
#include "load/ledger/runs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"
#include "common/pg/session.h"
#include "load/ledger/digestsum.h"
#include "load/ledger/ledger.h"

#define EQUALS " OPERATOR(pg_catalog.=) "
/* The advisory lock of part $1 of run $2, 0: of the run. */
#define LOCK_OF(number, run) \
	"pg_catalog.hashtextextended('portl ' OPERATOR(pg_catalog.||) " run \
	" OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) (" number \
	")::pg_catalog.int8::pg_catalog.text, 0)"

#define PARAMS 9
#define LIKELY ((size_t)8) /* parts that are looked for before all are counted */

/*
 * As ${sql}, where {run} and {part} stand for the tables; parameters are the run's id and
 * what else is given, up to a NULL that is the last.
 */
static PGresult *
ask(const struct run *r, struct db *db, const char *sql, int n, const char *const *more,
    struct err *e)
{
	const char *params[PARAMS + 1] = {r->id}, *open;
	struct buf text = BUF_INIT;
	PGresult *res;
	int i;

	for (i = 0; i < n; i++)
		params[i + 1] = more[i];
	while ((open = strchr(sql, '{')) != NULL) {
		buf_add(&text, sql, (size_t)(open - sql));
		ledger_add(r->ledger, open[1] == 'r' ? "run" : "part", &text);
		sql = strchr(open, '}') + 1;
	}
	buf_adds(&text, sql);
	res = db_query(db, e, buf_cstr(&text), n + 1, params);
	buf_release(&text);
	return res;
}

static int
run(const struct run *r, struct db *db, const char *sql, int n, const char *const *more,
    struct err *e)
{
	PGresult *res = ask(r, db, sql, n, more, e);

	PQclear(res);
	return res != NULL ? 0 : -1;
}

static const char *
number_text(char text[24], uint64_t number)
{
	snprintf(text, 24, "%" PRIu64, number);
	return text;
}

/* ---- the run ---- */

static int
refuse_other(const struct run *r, struct err *e)
{
	err_set(e, EXIT_TARGET, "run %s is one of another plan: the plan was changed", r->id);
	return err_hint(e, "Go on with the plan that the run began with, or make a new one.");
}

static int
insert(const struct run *r, struct db *db, struct err *e)
{
	static const char sql[] =
		"INSERT INTO {run} (id, plan, parts, made) VALUES ($1, $2, $3::pg_catalog.int8,"
		" pg_catalog.clock_timestamp()) ON CONFLICT (id) DO NOTHING";
	char parts[24];
	const char *more[] = {r->plan, number_text(parts, r->parts)};
	int rc = session_begin(db, SESSION_WRITE, -1, e);

	if (rc == 0)
		rc = run(r, db, sql, 2, more, e);
	return session_end(db, rc, e);
}

/*
 * Parts are counted where none of those is missing that would be, if some are: whoever comes
 * with each of many parts would count them all each time.
 */
static const char look_sql[] =
	"SELECT r.plan" EQUALS "$2 AND r.parts" EQUALS "$3::pg_catalog.int8,"
	" r.published IS NOT NULL,"
	" EXISTS (SELECT FROM {part} AS p WHERE p.run" EQUALS "$1 AND p.number" EQUALS
	"$4::pg_catalog.int8),"
	" CASE WHEN coalesce((SELECT pg_catalog.bool_and(EXISTS (SELECT FROM {part} AS p WHERE p.run" EQUALS
	"$1 AND p.number" EQUALS "u.number))"
	" FROM pg_catalog.unnest($5::pg_catalog.int8[]) AS u (number)), true)"
	" THEN (SELECT pg_catalog.count(*) FROM {part} AS p WHERE p.run" EQUALS "$1"
	" AND p.number OPERATOR(pg_catalog.<=) r.parts)" EQUALS "r.parts ELSE false END"
	" FROM {run} AS r WHERE r.id" EQUALS "$1";

/*
 * Parts that are most likely missing if any is, apart from part ${number}: its neighbours, for
 * those who bring them one after the other, and some from everywhere.
 */
static void
add_likely(const struct run *r, size_t number, struct buf *array)
{
	size_t i;

	for (i = 0; number > 0 && i < LIKELY; i++) {
		size_t step = i == 0 ? 1 : i == 1 ? r->parts - 1 : r->parts / LIKELY * i;
		size_t other = (number - 1 + step) % r->parts + 1;
		char text[24];

		if (other != number)
			pgarray_add(array, number_text(text, other));
	}
	pgarray_end(array);
}

static int
look(const struct run *r, struct db *db, size_t number, struct run_found *f, struct err *e)
{
	char parts[24], wanted[24];
	struct buf likely = BUF_INIT;
	const char *more[] = {r->plan, number_text(parts, r->parts),
			      number_text(wanted, number), NULL};
	PGresult *res;
	int rc;

	add_likely(r, number, &likely);
	more[3] = buf_cstr(&likely);
	res = ask(r, db, look_sql, 4, more, e);
	rc = res != NULL ? 0 : -1;
	buf_release(&likely);

	*f = (struct run_found){.known = res != NULL && PQntuples(res) > 0};
	if (f->known && !db_is_true(res, 0, 0)) {
		rc = refuse_other(r, e);
	} else if (f->known) {
		f->published = db_is_true(res, 0, 1);
		f->part = db_is_true(res, 0, 2);
		f->all = db_is_true(res, 0, 3);
	}
	PQclear(res);
	return rc;
}

int
runs_look(const struct run *r, struct db *db, size_t number, struct run_found *f, struct err *e)
{
	bool inside = PQtransactionStatus(db->conn) == PQTRANS_INTRANS;
	int rc = inside ? 0 : session_begin(db, SESSION_PLAN, -1, e);

	if (rc == 0)
		rc = look(r, db, number, f, e);
	if (!inside)
		session_rollback(db);
	return rc;
}

int
runs_register(const struct run *r, struct db *db, struct err *e)
{
	struct run_found f;

	if (runs_look(r, db, 0, &f, e) != 0)
		return -1;
	if (f.known)
		return 0;
	return insert(r, db, e) == 0 ? runs_look(r, db, 0, &f, e) : -1;
}

/* What was counted since this statement came to the server was counted while it waited. */
static int
lock(const struct run *r, struct db *db, const char *rest, struct run_found *f, struct err *e)
{
	char *sql = xasprintf("SELECT coalesce(counted OPERATOR(pg_catalog.>=)"
			      " pg_catalog.statement_timestamp(), false)%s",
			      rest);
	PGresult *res = ask(r, db, sql, 0, NULL, e);
	int rc = res != NULL ? look(r, db, 0, f, e) : -1;

	f->counted = res != NULL && PQntuples(res) > 0 && db_is_true(res, 0, 0);
	PQclear(res);
	free(sql);
	return rc;
}

int
runs_await(const struct run *r, struct db *db, struct run_found *f, struct err *e)
{
	return lock(r, db, " FROM {run} WHERE id" EQUALS "$1 FOR SHARE", f, e);
}

int
runs_hold(const struct run *r, struct db *db, struct run_found *f, struct err *e)
{
	return lock(r, db,
		    ", pg_catalog.pg_try_advisory_xact_lock_shared(" LOCK_OF(
			    "0", "$1") ") FROM {run} WHERE id" EQUALS "$1 FOR UPDATE",
		    f, e);
}

/* ${column} becomes now. */
static int
stamp(const struct run *r, struct db *db, const char *column, struct err *e)
{
	char *sql = xasprintf(
		"UPDATE {run} SET %s = pg_catalog.clock_timestamp() WHERE id" EQUALS "$1",
		column);
	int rc = run(r, db, sql, 0, NULL, e);

	free(sql);
	return rc;
}

int
runs_counted(const struct run *r, struct db *db, struct err *e)
{
	return stamp(r, db, "counted", e);
}

int
runs_publish(const struct run *r, struct db *db, struct err *e)
{
	return stamp(r, db, "published", e);
}

/* ---- parts ---- */

static int
try_lock(const struct run *r, struct db *db, const char *function, size_t number, bool *had,
	 struct err *e)
{
	char text[24], *sql;
	const char *more[] = {number_text(text, number)};
	PGresult *res;

	sql = xasprintf("SELECT pg_catalog.pg_try_advisory_xact_lock%s(%s)", function,
			LOCK_OF("$2", "$1"));
	res = ask(r, db, sql, 1, more, e);
	free(sql);
	*had = res != NULL && db_is_true(res, 0, 0);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

static int
refuse_busy(const struct run *r, size_t number, struct err *e)
{
	err_set(e, EXIT_AGAIN, "part %zu of run %s is being brought by another process", number,
		r->id);
	snprintf(e->sqlstate, sizeof(e->sqlstate), "55P03");
	return err_hint(e, "If that one is dead, the server will notice soon; try again.");
}

int
runs_take(const struct run *r, struct db *db, size_t number, struct err *e)
{
	struct run_found f;
	bool had = false;

	if (try_lock(r, db, "_shared", 0, &had, e) != 0)
		return -1;
	if (!had)
		return err_set(e, EXIT_AGAIN, "run %s is being removed", r->id);
	if (number > 0 && try_lock(r, db, "", number, &had, e) != 0)
		return -1;
	if (!had)
		return refuse_busy(r, number, e);
	if (look(r, db, number, &f, e) != 0)
		return -1;
	if (!f.known)
		return err_set(e, EXIT_AGAIN, "run %s has just been removed", r->id);
	return f.part ? err_set(e, EXIT_AGAIN, "part %zu of run %s has just come", number,
				r->id)
		      : 0;
}

int
runs_agree(const struct run *r, struct db *db, const char *snapshot, bool *agree, struct err *e)
{
	/* of those who bring parts each compares its own with the first and the last of them */
	static const char one[] =
		"SELECT coalesce(pg_catalog.bool_and(coalesce(p.snapshot, '')" EQUALS
		"$3), true) FROM {part} AS p WHERE p.run" EQUALS "$1 AND (p.number" EQUALS
		"(SELECT pg_catalog.min(n.number) FROM {part} AS n WHERE n.run" EQUALS
		"$1) OR p.number" EQUALS
		"(SELECT pg_catalog.max(n.number) FROM {part} AS n WHERE n.run" EQUALS
		"$1 AND n.number OPERATOR(pg_catalog.<=) $2::pg_catalog.int8))";
	static const char all[] =
		"SELECT coalesce(pg_catalog.min(coalesce(p.snapshot, ''))" EQUALS
		"pg_catalog.max(coalesce(p.snapshot, '')), true)"
		" FROM {part} AS p WHERE p.run" EQUALS
		"$1 AND p.number OPERATOR(pg_catalog.<=) $2::pg_catalog.int8";
	char parts[24];
	const char *more[] = {number_text(parts, r->parts), snapshot};
	PGresult *res = snapshot != NULL ? ask(r, db, one, 2, more, e)
					 : ask(r, db, all, 1, more, e);

	*agree = res != NULL && db_is_true(res, 0, 0);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

int
runs_clear(const struct run *r, struct db *db, struct err *e)
{
	bool had = false;

	if (run(r, db, "SELECT FROM {run} WHERE id" EQUALS "$1 FOR UPDATE NOWAIT", 0, NULL,
		e) != 0)
		return -1;
	if (try_lock(r, db, "", 0, &had, e) != 0)
		return -1;
	return had ? 0
		   : err_set(e, EXIT_AGAIN, "parts of run %s are being brought just now",
			     r->id);
}

int
runs_store(const struct run *r, struct db *db, const struct run_part *part, struct err *e)
{
	static const char sql[] =
		"INSERT INTO {part}"
		" (run, number, relation, rows, digest, position, snapshot, whole, xid, at)"
		" VALUES ($1, $2::pg_catalog.int8, $3::pg_catalog.int8, $4::pg_catalog.int8, $5,"
		" $6, $7, $8, CASE WHEN $9::pg_catalog.bool THEN"
		" pg_catalog.pg_current_xact_id()::pg_catalog.xid::pg_catalog.text END,"
		" pg_catalog.clock_timestamp())";
	char number[24], relation[24], rows[24];
	const char *more[] = {number_text(number, part->number),
			      number_text(relation, part->relation),
			      number_text(rows, part->rows),
			      part->digest,
			      part->position,
			      part->snapshot,
			      part->whole,
			      part->traced ? "t" : "f"};

	return run(r, db, sql, 8, more, e);
}

/* It is kept as a part behind the plan's. */
int
runs_recount(const struct run *r, struct db *db, size_t relation, uint64_t rows,
	     const char *whole, struct err *e)
{
	const struct run_part part = {.number = r->parts + relation,
				      .relation = relation,
				      .rows = rows,
				      .digest = "",
				      .whole = whole};
	char text[24];
	const char *more[] = {number_text(text, part.number)};

	if (run(r, db,
		"DELETE FROM {part} WHERE run" EQUALS "$1 AND number" EQUALS
		"$2::pg_catalog.int8",
		1, more, e) != 0)
		return -1;
	return runs_store(r, db, &part, e);
}

int
runs_forget(const struct run *r, struct db *db, size_t relation, struct err *e)
{
	char text[24];
	const char *more[] = {number_text(text, relation)};

	if (relation > 0)
		return run(r, db,
			   "DELETE FROM {part} WHERE run" EQUALS "$1 AND relation" EQUALS
			   "$2::pg_catalog.int8",
			   1, more, e);
	if (run(r, db, "DELETE FROM {part} WHERE run" EQUALS "$1", 0, NULL, e) != 0)
		return -1;
	return run(r, db, "DELETE FROM {run} WHERE id" EQUALS "$1", 0, NULL, e);
}

int
runs_total(const struct run *r, struct db *db, size_t relation, struct run_total *t,
	   struct err *e)
{
	char text[24];
	const char *more[] = {number_text(text, relation)};
	PGresult *res = ask(
		r, db,
		"SELECT rows, digest, position, number, whole, xid FROM {part} WHERE run" EQUALS
		"$1 AND relation" EQUALS "$2::pg_catalog.int8 ORDER BY number",
		1, more, e);
	int i;

	*t = (struct run_total){.traced = true};
	for (i = 0; res != NULL && i < PQntuples(res); i++) {
		bool anew = strtoull(PQgetvalue(res, i, 3), NULL, 10) > r->parts;

		if (anew)
			t->rows = 0; /* it was counted once more */
		t->rows += strtoull(PQgetvalue(res, i, 0), NULL, 10);
		t->traced = t->traced && !anew &&
			    (!PQgetisnull(res, i, 5) ||
			     strcmp(PQgetvalue(res, i, 0), "0") == 0);
		digestsum_add(t->digest, PQgetvalue(res, i, 1), i == 0);
		if (t->position == NULL && !PQgetisnull(res, i, 2))
			t->position = xstrdup(PQgetvalue(res, i, 2));
		free(t->whole); /* the last one's: of one snapshot, or of what came last */
		t->whole = PQgetisnull(res, i, 4) ? NULL : xstrdup(PQgetvalue(res, i, 4));
	}
	PQclear(res);
	return res != NULL ? 0 : -1;
}

static void
add_trace(const struct run *r, const char *table, struct buf *sql)
{
	buf_addf(
		sql,
		"WITH is_there AS (SELECT x::pg_catalog.text AS xid, n FROM"
		" (SELECT xmin, pg_catalog.count(*) FROM %s GROUP BY xmin) AS g (x, n)),"
		" was_brought AS (SELECT xid, pg_catalog.sum(rows)::pg_catalog.int8 AS n FROM ",
		table);
	ledger_add(r->ledger, "part", sql);
	buf_adds(sql, " AS p WHERE p.run" EQUALS "$1 AND p.relation" EQUALS
		      "$2::pg_catalog.int8 AND p.rows OPERATOR(pg_catalog.>) 0 GROUP BY xid)"
		      " SELECT (SELECT coalesce(pg_catalog.sum(n), 0) FROM is_there),"
		      " NOT EXISTS (SELECT FROM is_there AS i FULL JOIN was_brought AS b"
		      " ON i.xid" EQUALS "b.xid WHERE i.n IS NULL OR b.n IS NULL"
		      " OR i.n OPERATOR(pg_catalog.<>) b.n)");
}

int
runs_count(const struct run *r, struct db *db, size_t relation, const struct run_total *total,
	   uint64_t *rows, bool *intact, struct err *e)
{
	struct buf table = BUF_INIT, sql = BUF_INIT;
	char text[24];
	const char *params[] = {r->id, number_text(text, relation)};
	PGresult *res;

	runs_add_table(r, relation, &table);
	if (total->traced)
		add_trace(r, buf_cstr(&table), &sql);
	else
		buf_addf(&sql, "SELECT pg_catalog.count(*), true FROM %s", buf_cstr(&table));
	res = db_query(db, e, buf_cstr(&sql), total->traced ? 2 : 0, params);
	*rows = res != NULL ? strtoull(PQgetvalue(res, 0, 0), NULL, 10) : 0;
	*intact = res != NULL && *rows == total->rows && db_is_true(res, 0, 1);
	PQclear(res);
	buf_release(&table);
	buf_release(&sql);
	return res != NULL ? 0 : -1;
}

/* Who is at work holds locks; of a 64-bit key classid has the upper half. */
#define HELD \
	"WITH held AS (SELECT (l.classid::pg_catalog.int8 OPERATOR(pg_catalog.<<) 32)" \
	" OPERATOR(pg_catalog.|) l.objid::pg_catalog.int8 AS key" \
	" FROM pg_catalog.pg_locks AS l" \
	" WHERE l.locktype" EQUALS "'advisory' AND l.granted AND l.objsubid" EQUALS "1" \
	" AND l.database" EQUALS "(SELECT oid FROM pg_catalog.pg_database" \
	" WHERE datname" EQUALS "pg_catalog.current_database()))"

static const char list_sql[] = HELD
	" SELECT p.number, 'done', p.relation, p.rows, p.digest, p.position,"
	" pg_catalog.date_trunc('second', p.at)::pg_catalog.text FROM {part} AS p"
	" WHERE p.run" EQUALS "$1 AND p.number OPERATOR(pg_catalog.<=) $2::pg_catalog.int8"
	" UNION ALL"
	" SELECT s.n, 'running', NULL, NULL, NULL, NULL, NULL"
	" FROM pg_catalog.generate_series(1, $2::pg_catalog.int8) AS s (n)"
	" WHERE " LOCK_OF("s.n", "$1") EQUALS
	"ANY (SELECT key FROM held)"
	" AND NOT EXISTS (SELECT FROM {part} AS p WHERE p.run" EQUALS "$1 AND p.number" EQUALS
	"s.n) ORDER BY 1";

PGresult *
runs_list(const struct run *r, struct db *db, struct err *e)
{
	char parts[24];
	const char *more[] = {number_text(parts, r->parts)};

	return ask(r, db, list_sql, 1, more, e);
}

#define IS_TABLE(id) \
	"c.relkind" EQUALS "'r' AND c.relname OPERATOR(pg_catalog.~)" \
	" pg_catalog.concat('^portl_', " id ", '_[0-9]+$')"

/*
 * Tables of a run are known by its id.  Whoever asks for the size of one waits for those who
 * keep it for themselves, as a publication does.
 */
static const char all_sql[] = HELD
	" SELECT r.id, pg_catalog.date_trunc('second', r.made)::pg_catalog.text,"
	" pg_catalog.date_trunc('second', q.quiet)::pg_catalog.text, r.parts, p.there,"
	" r.published IS NOT NULL, " LOCK_OF("0", "r.id") EQUALS
	"ANY (SELECT key FROM held), t.n, t.bytes, pg_catalog.pg_size_pretty(t.bytes)"
	" FROM {run} AS r CROSS JOIN LATERAL (SELECT pg_catalog.max(p.at) AS at,"
	" pg_catalog.count(*) FILTER (WHERE p.number OPERATOR(pg_catalog.<=) r.parts) AS there"
	" FROM {part} AS p WHERE p.run" EQUALS "r.id) AS p"
	" CROSS JOIN LATERAL (SELECT pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)"
	" greatest(r.made, p.at, r.counted, r.published) AS quiet) AS q"
	" CROSS JOIN LATERAL (SELECT pg_catalog.count(*) AS n,"
	" coalesce(pg_catalog.sum(CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_locks AS l"
	" WHERE l.relation" EQUALS "c.oid AND l.mode" EQUALS "'AccessExclusiveLock')"
	" THEN pg_catalog.pg_total_relation_size(c.oid) END), 0)::pg_catalog.int8 AS bytes"
	" FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n"
	" ON n.oid" EQUALS "c.relnamespace WHERE n.nspname" EQUALS
	"$3::pg_catalog.text AND " IS_TABLE(
		"r.id") ") AS t"
			" WHERE r.id" EQUALS "coalesce($1, r.id)"
			" AND q.quiet OPERATOR(pg_catalog.>=) pg_catalog.make_interval("
			"secs => greatest($2::pg_catalog.float8, 0)) ORDER BY r.made, r.id";

PGresult *
runs_all(const char *ledger, const char *id, int64_t seconds, struct db *db, struct err *e)
{
	const struct run any = {.ledger = ledger, .id = id};
	char text[24];
	const char *more[] = {text, ledger};

	snprintf(text, sizeof(text), "%" PRId64, seconds);
	return ask(&any, db, all_sql, 2, more, e);
}

static const char some_sql[] =
	"SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', t.nspname, t.relname), ', '),"
	" pg_catalog.array_agg(pg_catalog.substring(t.relname, '[0-9]+$')) FROM ("
	"SELECT n.nspname, c.relname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace"
	" AS n ON n.oid" EQUALS "c.relnamespace WHERE n.nspname" EQUALS
	"$2::pg_catalog.text AND " IS_TABLE(
		"$1::pg_catalog.text") " LIMIT $3::pg_catalog.int8) AS t";

int
runs_drop_tables(const struct run *r, size_t most, struct db *db, bool *none, struct err *e)
{
	char text[24];
	const char *params[] = {r->id, r->ledger, number_text(text, most)};
	const char *more[1];
	PGresult *res = db_query(db, e, some_sql, 3, params);
	int rc = res != NULL ? 0 : -1;

	*none = rc == 0 && PQgetisnull(res, 0, 0);
	if (rc == 0 && !*none) {
		more[0] = PQgetvalue(res, 0, 1);
		rc = db_exec(db, e, "DROP TABLE %s", PQgetvalue(res, 0, 0));
		if (rc == 0)
			rc = run(r, db,
				 "DELETE FROM {part} WHERE run" EQUALS "$1 AND relation" EQUALS
				 "ANY ($2::pg_catalog.int8[])",
				 1, more, e);
	}
	PQclear(res);
	return rc;
}

char *
runs_table(const struct run *r, size_t relation)
{
	return xasprintf("portl_%s_%zu", r->id, relation);
}

void
runs_add_table(const struct run *r, size_t relation, struct buf *sql)
{
	char *name = runs_table(r, relation);

	ident_add_quoted(sql, r->ledger);
	buf_addc(sql, '.');
	ident_add_quoted(sql, name);
	free(name);
}
