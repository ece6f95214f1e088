/*
 * Reading where a sequence stands and moving it are one statement: another
 * session's nextval() between the two is a matter of microseconds, and
 * PostgreSQL has no lock that would keep it out.
 */
#include "load/pg/sequences.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/err.h"
#include "common/base/pack.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/talk/log.h"
#include "load/match/plan.h"
#include "load/match/reasons.h"

struct sequence {
	char *name;     /* as in SQL, qualified */
	char *move_sql; /* NULL: may not be moved */
	bool indexed;   /* its column's greatest value is found at once */
};

/* Deptype a is serial, i identity. */
static const char owned_sql[] =
	"SELECT w.number, a.attname, pg_catalog.quote_ident(n.nspname) || '.' ||"
	" pg_catalog.quote_ident(s.relname), q.seqincrement > 0, q.seqmin, q.seqmax,"
	" pg_catalog.has_sequence_privilege(s.oid, 'UPDATE')"
	" AND pg_catalog.has_sequence_privilege(s.oid, 'SELECT')"
	" AND pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'),"
	" EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = a.attrelid"
	" AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid)"
	" FROM unnest($1::oid[]) WITH ORDINALITY AS w (oid, number)"
	" JOIN pg_catalog.pg_depend d"
	" ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = w.oid"
	" JOIN pg_catalog.pg_class s ON s.oid = d.objid"
	" JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace"
	" JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid"
	" JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
	" WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
	" AND d.deptype IN ('a', 'i')"
	" ORDER BY w.number, a.attnum, s.oid";

enum { NUMBER, COLUMN, NAME, UPWARDS, MIN, MAX, ALLOWED, INDEXED };

/* Does a type, domains unwrapped and perhaps with modifiers, have one of the names? */
static bool
is_any(const char *plain, const char *const *names, size_t n)
{
	size_t len = strcspn(plain, "("), i;

	for (i = 0; i < n; i++)
		if (strlen(names[i]) == len && strncmp(names[i], plain, len) == 0)
			return plain[len] == '\0' || plain[strlen(plain) - 1] == ')';
	return false;
}

static bool
is_float(const char *plain)
{
	static const char *const names[] = {"real", "double precision"};

	return is_any(plain, names, sizeof(names) / sizeof(names[0]));
}

static bool
is_number(const char *plain)
{
	static const char *const names[] = {"bigint", "integer", "smallint", "numeric"};

	return is_float(plain) || is_any(plain, names, sizeof(names) / sizeof(names[0]));
}

/* The greatest bigint is rounded to 2^63, which is none. */
static void
add_float_limit(struct buf *sql, const char *column)
{
	buf_adds(sql, " AND ");
	ident_add_quoted(sql, column);
	buf_adds(sql, " OPERATOR(pg_catalog.<) '9223372036854775808'::pg_catalog.float8");
}

/*
 * Of the values that the sequence can reach, the farthest; a sequence that was
 * never called gives its last_value itself next.
 */
static char *
move_sql(const struct plan *plan, const char *plain, const PGresult *res, int row)
{
	bool up = PQgetvalue(res, row, UPWARDS)[0] == 't';
	struct buf sql = BUF_INIT;

	buf_addf(&sql, "SELECT pg_catalog.setval(");
	ident_add_literal(&sql, PQgetvalue(res, row, NAME));
	buf_addf(&sql, "::pg_catalog.regclass, v) FROM (SELECT pg_catalog.%s(",
		 up ? "max" : "min");
	ident_add_quoted(&sql, PQgetvalue(res, row, COLUMN));
	buf_adds(&sql, ")::bigint AS v FROM ");
	relname_add_quoted(&plan->target, &sql);
	buf_adds(&sql, " WHERE ");
	ident_add_quoted(&sql, PQgetvalue(res, row, COLUMN));
	buf_addf(&sql, " OPERATOR(pg_catalog.>=) '%s'::bigint AND ", PQgetvalue(res, row, MIN));
	ident_add_quoted(&sql, PQgetvalue(res, row, COLUMN));
	buf_addf(&sql, " OPERATOR(pg_catalog.<=) '%s'::bigint", PQgetvalue(res, row, MAX));
	if (is_float(plain))
		add_float_limit(&sql, PQgetvalue(res, row, COLUMN));
	buf_addf(&sql,
		 ") AS loaded, %s AS s WHERE v OPERATOR(pg_catalog.%s) s.last_value"
		 " OR v OPERATOR(pg_catalog.=) s.last_value AND NOT s.is_called",
		 PQgetvalue(res, row, NAME), up ? ">" : "<");
	return buf_detach(&sql);
}

static bool
is_known(const struct sequences *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->items[i].name, name) == 0)
			return true;
	return false;
}

static struct sequence *
new_item(struct sequences *s, const char *name)
{
	s->items = xrealloc(s->items, (s->n + 1) * sizeof(*s->items));
	s->items[s->n] = (struct sequence){.name = xstrdup(name)};
	return &s->items[s->n++];
}

static void
add(struct sequences *s, const struct plan *plan, const PGresult *res, int row)
{
	const char *column = PQgetvalue(res, row, COLUMN), *plain;
	int place = relation_column_find(plan->rel, column);
	struct sequence *item;

	if (place < 0 || plan_column_into(plan, column) < 0 ||
	    is_known(s, PQgetvalue(res, row, NAME)))
		return;
	plain = plan->rel->columns[place].plain;
	item = new_item(s, PQgetvalue(res, row, NAME));
	item->indexed = PQgetvalue(res, row, INDEXED)[0] == 't';
	if (!is_number(plain))
		log_warning("sequence %s stays where it is: its column \"%s\" is of type %s, "
			    "which is no number (--no-sync-sequences says that this is meant)",
			    item->name, column, plain);
	else if (PQgetvalue(res, row, ALLOWED)[0] == 't')
		item->move_sql = move_sql(plan, plain, res, row);
	else
		log_warning("sequence %s stays behind the loaded values: moving it needs "
			    "SELECT and UPDATE on it and SELECT on column \"%s\" "
			    "(--no-sync-sequences says that this is meant)",
			    item->name, column);
	if (item->move_sql != NULL && plan->rel->row_security)
		log_warning("sequence %s is moved past the values of column \"%s\" that row "
			    "security shows to this role, and stays behind others "
			    "(--no-sync-sequences leaves it alone)",
			    item->name, column);
}

static PGresult *
read_owned(struct db *db, const unsigned *oids, size_t n, struct err *e)
{
	struct buf array = BUF_INIT;
	const char *params[1];
	PGresult *res;
	size_t i;

	for (i = 0; i < n; i++)
		pgarray_add_oid(&array, oids[i]);
	params[0] = pgarray_end(&array);
	res = db_query(db, e, owned_sql, 1, params);
	buf_release(&array);
	return res;
}

int
sequences_add(struct db *db, const unsigned *oids, size_t n,
	      struct sequences_of (*of)(void *arg, size_t i), void *arg, struct err *e)
{
	char *path = NULL;
	PGresult *res = NULL;
	int row, rc = -1;
	size_t i = 0;

	while (i < n && oids[i] == 0)
		i++;
	if (i == n)
		return 0;
	if (session_narrow_path(db, &path, e) != 0)
		goto done;
	res = read_owned(db, oids, n, e);
	if (res == NULL)
		goto done;
	for (row = 0; row < PQntuples(res); row++) {
		struct sequences_of to =
			of(arg, strtoul(PQgetvalue(res, row, NUMBER), NULL, 10) - 1);

		add(to.sequences, to.plan, res, row);
	}
	rc = session_set_path(db, path, e);
done:
	PQclear(res);
	free(path);
	return rc;
}

static const char own_sql[] =
	"SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), q.seqincrement > 0,"
	" has_sequence_privilege(c.oid, 'UPDATE') AND has_sequence_privilege(c.oid, 'SELECT'),"
	" CASE WHEN q.seqincrement > 0 THEN $3::bigint > q.seqmax ELSE $3::bigint < q.seqmin END,"
	" format_type(q.seqtypid, NULL), q.seqmin, q.seqmax"
	" FROM pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid"
	" JOIN pg_namespace n ON n.oid = c.relnamespace"
	" WHERE n.nspname = $1 AND c.relname = $2";

/* One that was never called gives its last_value itself next. */
static char *
reach_sql(const char *name, bool up, const struct header_sequence *there)
{
	const char *called = there->is_called ? "true" : "false";
	struct buf sql = BUF_INIT;

	buf_adds(&sql, "SELECT pg_catalog.setval(");
	ident_add_literal(&sql, name);
	buf_addf(&sql, "::pg_catalog.regclass, '%" PRId64 "'::bigint, %s) FROM %s AS s",
		 there->last_value, called, name);
	buf_addf(&sql,
		 " WHERE s.last_value OPERATOR(pg_catalog.%s) '%" PRId64 "'::bigint"
		 " OR s.last_value OPERATOR(pg_catalog.=) '%" PRId64 "'::bigint"
		 " AND %s AND NOT s.is_called",
		 up ? "<" : ">", there->last_value, there->last_value, called);
	return buf_detach(&sql);
}

enum { OWN_NAME, OWN_UPWARDS, OWN_ALLOWED, OWN_BEYOND, OWN_TYPE, OWN_MIN, OWN_MAX };

static void
add_own(struct sequences *s, const PGresult *res, const struct header_sequence *there)
{
	struct sequence *item = new_item(s, PQgetvalue(res, 0, OWN_NAME));

	item->move_sql = reach_sql(item->name, db_is_true(res, 0, OWN_UPWARDS), there);
}

/* What is against moving it, all of it. */
static int
refuse_own(const PGresult *res, const struct relname *name, int64_t value, struct err *e)
{
	struct reasons why = {.n = 0};
	char *text = relname_text(name);
	int rc;

	if (PQntuples(res) == 0) {
		err_set(e, EXIT_TARGET,
			"sequence \"%s\" does not exist; create it first, as pg_dump "
			"--section=pre-data does, or leave it out with --exclude-table of "
			"portl-extract",
			text);
		free(text);
		return -1;
	}
	if (!db_is_true(res, 0, OWN_ALLOWED))
		reasons_add(&why, "moving it needs SELECT and UPDATE on it");
	if (db_is_true(res, 0, OWN_BEYOND))
		reasons_add(&why, "it is of type %s and goes from %s to %s; alter it first",
			    PQgetvalue(res, 0, OWN_TYPE), PQgetvalue(res, 0, OWN_MIN),
			    PQgetvalue(res, 0, OWN_MAX));
	rc = why.n > 0 ? -1 : 0;
	if (rc != 0) {
		err_set(e, EXIT_TARGET, "sequence \"%s\" cannot be moved to %" PRId64, text,
			value);
		err_detail(e, "%s", buf_cstr(&why.text));
		err_hint(e, "--no-sync-sequences leaves it alone.");
	}
	reasons_release(&why);
	free(text);
	return rc;
}

int
sequences_expect(struct sequences *s, struct db *db, const struct relname *name,
		 const struct header_sequence *there, struct err *e)
{
	char value[24];
	const char *params[] = {name->schema, name->name, value};
	bool inside = PQtransactionStatus(db->conn) == PQTRANS_INTRANS;
	PGresult *res = NULL;
	int rc = inside ? 0 : session_begin(db, SESSION_PLAN, -1, e);

	snprintf(value, sizeof(value), "%" PRId64, there->last_value);
	if (rc == 0 && !inside)
		rc = session_set_path(db, "pg_catalog", e);
	if (rc == 0)
		res = db_query(db, e, own_sql, 3, params);
	rc = res != NULL ? refuse_own(res, name, there->last_value, e) : -1;
	if (rc == 0)
		add_own(s, res, there);
	PQclear(res);
	if (!inside)
		session_rollback(db);
	return rc;
}

int
sequences_move(const struct sequences *s, struct db *db, bool last, struct err *e)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->items[i].move_sql != NULL && (s->items[i].indexed || last) &&
		    db_exec(db, e, "%s", s->items[i].move_sql) != 0)
			return -1;
	return 0;
}

bool
sequences_wait(const struct sequences *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->items[i].move_sql != NULL && !s->items[i].indexed)
			return true;
	return false;
}

void
sequences_pack(struct buf *to, const struct sequences *s)
{
	size_t i;

	buf_add(to, &s->n, sizeof(s->n));
	for (i = 0; i < s->n; i++) {
		buf_add(to, &s->items[i].indexed, sizeof(s->items[i].indexed));
		pack_text(to, s->items[i].name);
		pack_text(to, s->items[i].move_sql);
	}
}

void
sequences_unpack(struct unpack *from, struct sequences *s)
{
	size_t i;

	pack_take_bytes(from, &s->n, sizeof(s->n));
	s->items = s->n > 0 ? xcalloc(s->n, sizeof(*s->items)) : NULL;
	for (i = 0; i < s->n; i++) {
		pack_take_bytes(from, &s->items[i].indexed, sizeof(s->items[i].indexed));
		s->items[i].name = pack_take_text(from);
		s->items[i].move_sql = pack_take_text(from);
	}
}

void
sequences_release(struct sequences *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->items[i].name);
		free(s->items[i].move_sql);
	}
	free(s->items);
	*s = (struct sequences){.n = 0};
}
