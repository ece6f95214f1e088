/*
 * A row of the ledger is locked from the first row of a transaction to its end.  Two first
 * runs insert the same row, of which one waits for the other and then finds its position.
 *
 * With batches the lock ends with each of them, and another run may come in between: each
 * transaction leaves a token, and one that finds another's has been overtaken.  The position
 * stays as it was up to the last batch, so that whoever goes on from it brings all rows again.
 */
#include "load/pg/state.h"

#include <inttypes.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/schema/position.h"
#include "load/ledger/ledger.h"
#include "load/match/plan.h"
#include "load/options/options.h"
#include "load/pg/target.h"
#include "load/pg/targets.h"
#include "load/rules/rules.h"

struct state_entry {
	const struct target *target; /* borrowed */
	char *source;                /* the relation that is read; owned */
	char *since;                 /* owned, NULL: all rows */
	char *position;              /* owned, NULL: of parts that are to come */
	char *columns;               /* which goes where, as text to be compared; owned */
	json_t *names;               /* of the target's columns, as members; owned */
	bool adds;                   /* columns, in this run */
};

/* ---- what a stream says ---- */

static int
name_it(const struct state *s, const struct state_entry *x, struct err *e)
{
	return s->n > 1 ? err_prefix(e, "%s: ", x->source) : -1;
}

/* Whoever made the stream: what is stored is what extract takes. */
static int
check_word(const char *word, struct err *e)
{
	struct err why = ERR_INIT;
	struct position p;
	int rc = position_parse(&p, word, strlen(word), &why);

	if (rc != 0)
		err_set(e, EXIT_STREAM, "the header's position is none: %s", why.msg);
	position_release(&p);
	err_release(&why);
	return rc;
}

static int
check_header(const struct header *h, struct err *e)
{
	if (h != NULL && h->position != NULL && h->schema.relation.name != NULL)
		return check_word(h->position, e);
	err_set(e, EXIT_TARGET, "a state needs the stream's position, and it has none: %s",
		h == NULL                ? "it has no header"
		: h->no_position != NULL ? h->no_position
					 : "only tables of a PostgreSQL server have one");
	return -1;
}

/* By which rules is a position true of the target when the stream is loaded? */
static int
check_rules(const struct state_entry *x, const struct load_rules *rules, struct err *e)
{
	if (x->since != NULL && !rules->conflict->sets)
		return err_set(
			e, EXIT_TARGET,
			"the stream has what changed: that needs --conflict=overwrite or "
			"--conflict=merge");
	if (x->since != NULL && rules->truncate)
		return err_set(e, EXIT_TARGET,
			       "the stream has only what changed: --truncate would remove the "
			       "rest");
	if (!rules->conflict->keeps)
		return 0;
	err_set(e, EXIT_TARGET,
		"a state is about the stream's rows, of which --conflict=%s leaves some out",
		rules->conflict->word);
	return err_hint(e, "Use --conflict=overwrite or --conflict=merge.");
}

/* Whatever their order in the stream. */
static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static json_t *
names_of(const struct plan *p)
{
	json_t *names = json_object();
	size_t i;

	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].target != NULL)
			json_object_set_new(names, p->columns[i].target, json_true());
	return names;
}

static bool
adds_columns(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].target != NULL && p->columns[i].position < 0)
			return p->rel != NULL;
	return false;
}

static char *
columns_of(const struct plan *p)
{
	char **pairs = xcalloc(p->ncolumns + 1, sizeof(*pairs));
	struct buf text = BUF_INIT;
	size_t i, n = 0;

	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].target != NULL) {
			struct buf pair = BUF_INIT;

			ident_add_quoted(&pair, p->columns[i].source);
			buf_addc(&pair, '=');
			ident_add_quoted(&pair, p->columns[i].target);
			pairs[n++] = buf_detach(&pair);
		}
	if (n > 0)
		qsort(pairs, n, sizeof(*pairs), by_text);
	for (i = 0; i < n; i++) {
		buf_addf(&text, "%s%s", i > 0 ? "," : "", pairs[i]);
		free(pairs[i]);
	}
	free(pairs);
	return buf_detach(&text);
}

static void
describe(struct state_entry *x, const struct target *t)
{
	x->target = t;
	x->source = relname_text(&t->plan->header->schema.relation);
	x->columns = columns_of(t->plan);
	x->names = names_of(t->plan);
	x->adds = adds_columns(t->plan);
}

static int
take_stream(struct state *s, struct state_entry *x, const struct target *t, struct err *e)
{
	const struct header *h = t->plan->header;

	if (check_header(h, e) != 0)
		return -1;
	describe(x, t);
	x->position = xstrdup(h->position);
	if (h->since != NULL && strcmp(h->since, POSITION_NONE) != 0)
		x->since = xstrdup(h->since);
	if (s->options->reset_state && x->since != NULL) {
		err_set(e, EXIT_TARGET,
			"--reset-state needs all rows, and the stream has only what changed");
		return err_hint(e, "Run portl-extract --since=none.");
	}
	return check_rules(x, &t->rules, e) == 0 ? 0 : name_it(s, x, e);
}

/* Keys of all rows are no rows, and have no position. */
static bool
is_of_keys(const struct target *t)
{
	return t->plan->header != NULL && t->plan->header->keys_of > 0;
}

/* The first of the targets, or of their partitions, that a crash would empty. */
static const char unlogged_sql[] =
	"SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class AS c"
	" JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
	" WHERE c.relpersistence OPERATOR(pg_catalog.=) 'u' AND c.relkind"
	" OPERATOR(pg_catalog.=) 'r' AND c.oid IN (SELECT o FROM pg_catalog.unnest($1::pg_catalog.oid[])"
	" AS o UNION ALL SELECT p.relid FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS o,"
	" pg_catalog.pg_partition_tree(o) AS p) ORDER BY 1 LIMIT 1";

static int
check_logged(const struct state *s, struct db *db, struct err *e)
{
	struct buf oids = BUF_INIT;
	const char *params[1];
	PGresult *res;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->list[i].target->plan->rel != NULL)
			pgarray_add_oid(&oids, s->list[i].target->plan->rel->oid);
	params[0] = pgarray_end(&oids);
	res = db_query(db, e, unlogged_sql, 1, params);
	if (res != NULL && PQntuples(res) > 0) {
		err_set(e, EXIT_TARGET,
			"the state would outlive the rows: %s is UNLOGGED, and a server that "
			"crashes empties it",
			PQgetvalue(res, 0, 0));
		err_hint(e,
			 "ALTER TABLE %s SET LOGGED, or bring all rows each time, without "
			 "--state.",
			 PQgetvalue(res, 0, 0));
	}
	buf_release(&oids);
	PQclear(res);
	return e->code == EXIT_DONE ? 0 : -1;
}

/* ---- what is stored ---- */

static void
add_sources(const struct state *s, struct buf *sources, struct buf *targets)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct buf name = BUF_INIT;

		relname_add_quoted(&s->list[i].target->name, &name);
		pgarray_add(sources, s->list[i].source);
		pgarray_add(targets, buf_cstr(&name));
		buf_release(&name);
	}
}

/* As ${sql}, which has one %s: the table.  Parameters: name, sources, targets, ${last}. */
static PGresult *
run(const struct state *s, struct db *db, const char *before, const char *behind,
    const char *last, struct err *e)
{
	struct buf sources = BUF_INIT, targets = BUF_INIT, sql = BUF_INIT;
	const char *params[4] = {s->options->state, NULL, NULL, last};
	PGresult *res;

	add_sources(s, &sources, &targets);
	params[1] = pgarray_end(&sources);
	params[2] = pgarray_end(&targets);
	buf_adds(&sql, before);
	ledger_add(s->options->ledger, "states", &sql);
	buf_adds(&sql, behind);
	res = db_query(db, e, buf_cstr(&sql), last != NULL ? 4 : 3, params);
	buf_release(&sources);
	buf_release(&targets);
	buf_release(&sql);
	return res;
}

#define EQUALS " OPERATOR(pg_catalog.=) "
#define UNNEST \
	"ROWS FROM (pg_catalog.unnest($2::pg_catalog.text[])," \
	" pg_catalog.unnest($3::pg_catalog.text[])) AS s(source, target)"

/*
 * What is stored of columns begins with how many attributes the table had, those that are
 * dropped among them: attributes behind these are newer than the rows.
 */
static const char find_sql[] =
	"SELECT t.source, t.position, t.target, pg_catalog.to_regclass(s.target)::pg_catalog.oid,"
	" t.run, pg_catalog.regexp_replace(t.columns, '^[0-9]+:', ''),"
	" (SELECT pg_catalog.json_agg(a.attname) FROM pg_catalog.pg_attribute AS a"
	" WHERE a.attrelid" EQUALS "pg_catalog.to_regclass(s.target) AND NOT a.attisdropped"
	" AND a.attnum OPERATOR(pg_catalog.>)"
	" CASE WHEN t.columns OPERATOR(pg_catalog.~) '^[0-9]+:'"
	" THEN pg_catalog.split_part(t.columns, ':', 1)::pg_catalog.int4 END) FROM " UNNEST
	" JOIN ";
static const char found_sql[] = " AS t ON t.name" EQUALS "$1 AND t.source" EQUALS "s.source"
				" ORDER BY t.source";

enum {
	FOUND_SOURCE,
	FOUND_POSITION,
	FOUND_TARGET,
	FOUND_NOW,
	FOUND_RUN,
	FOUND_COLUMNS,
	FOUND_NEW
};

static int
refuse(const struct state *s, struct err *e, const char *what, const char *hint)
{
	err_set(e, EXIT_TARGET, "the stream does not join state \"%s\": %s", s->options->state,
		what);
	return err_hint(e, "%s", hint);
}

#define AGAIN "The next run goes on from what portl-load --print-state says."
#define FULL "A full run is needed: portl-extract --since=none, into portl-load --reset-state."

/* Of parts. */
#define OVER "--reset-state starts over. A run that is not in parts goes on from the position."

/* Two positions that differ: which of them is further? */
static int
refuse_other(const struct state *s, const struct state_entry *x, const char *stored,
	     struct err *e)
{
	struct position was, since;
	struct err ignored = ERR_INIT;
	const char *what = "it goes on from another position than the one that is stored";
	bool read = position_parse(&was, stored, strlen(stored), &ignored) == 0;

	read = position_parse(&since, x->since, strlen(x->since), &ignored) == 0 && read;
	if (strcmp(x->position, stored) == 0)
		what = "it has been loaded before";
	else if (read && was.xid > since.xid)
		what = "another run has overtaken it";
	else if (read && was.xid < since.xid)
		what = "a run before it is missing";
	position_release(&was);
	position_release(&since);
	err_release(&ignored);
	return refuse(s, e, what, AGAIN);
}

/* ${stored} NULL: nothing is. */
static int
compare(const struct state *s, const struct state_entry *x, const char *stored, struct err *e)
{
	if (s->options->reset_state)
		return 0;
	if (stored == NULL && x->since != NULL)
		return refuse(s, e, "it has only what changed, and nothing is stored", FULL);
	if (stored != NULL && x->since == NULL)
		return refuse(s, e, "it has all rows, and a position is stored already",
			      x->position != NULL
				      ? "portl-load --reset-state starts over. " AGAIN
				      : OVER);
	if (stored == NULL || strcmp(stored, x->since) == 0)
		return 0;
	return refuse_other(s, x, stored, e);
}

/* Does the stream load a column that old rows have never had? */
static bool
loads_new(const struct state_entry *x, const PGresult *res, int row)
{
	json_t *names = json_loads(PQgetvalue(res, row, FOUND_NEW), 0, NULL), *name;
	bool found = x->adds;
	size_t i;

	json_array_foreach(names, i, name)
		found = found || json_object_get(x->names, json_string_value(name)) != NULL;
	json_decref(names);
	return found;
}

static int
compare_row(const struct state *s, const struct state_entry *x, const PGresult *res, int row,
	    struct err *e)
{
	bool any = !PQgetisnull(res, row, FOUND_POSITION);

	if (s->begun && strcmp(PQgetvalue(res, row, FOUND_RUN), s->token) != 0)
		return refuse(s, e, "another run has overtaken it", AGAIN);
	if (any && !s->options->reset_state &&
	    strcmp(PQgetvalue(res, row, FOUND_TARGET), PQgetvalue(res, row, FOUND_NOW)) != 0)
		return refuse(s, e, "it is about another table, or the table was made anew",
			      FULL);
	if (any && !s->options->reset_state &&
	    (strcmp(PQgetvalue(res, row, FOUND_COLUMNS), x->columns) != 0 ||
	     loads_new(x, res, row)))
		return refuse(
			s, e,
			"it loads other columns than those before it, which old rows have "
			"not got",
			FULL);
	return compare(s, x, any ? PQgetvalue(res, row, FOUND_POSITION) : NULL, e);
}

static int
compare_all(struct state *s, const PGresult *res, struct err *e)
{
	size_t i;
	int row, rc = 0;

	for (i = 0; rc == 0 && i < s->n; i++) {
		struct state_entry *x = &s->list[i];

		for (row = 0; res != NULL && row < PQntuples(res); row++)
			if (strcmp(PQgetvalue(res, row, FOUND_SOURCE), x->source) == 0)
				break;
		rc = res != NULL && row < PQntuples(res) ? compare_row(s, x, res, row, e)
							 : compare(s, x, NULL, e);
		if (rc != 0)
			name_it(s, x, e);
	}
	return rc;
}

/* In a transaction that only reads. */
static int
look(struct state *s, struct db *db, struct err *e)
{
	PGresult *res = NULL;
	int rc = session_begin(db, SESSION_PLAN, s->options->common.lock_timeout, e);

	if (rc == 0)
		rc = check_logged(s, db, e);
	if (rc == 0 && s->there) {
		res = run(s, db, find_sql, found_sql, NULL, e);
		rc = res != NULL ? 0 : -1;
	}
	session_rollback(db);
	if (rc == 0)
		rc = compare_all(s, res, e);
	PQclear(res);
	return rc;
}

int
state_expect(struct state *s, const struct load_options *options, const struct targets *targets,
	     struct db *db, struct err *e)
{
	bool make = !options->common.dry_run && options->common.check == CHECK_NOT;
	size_t i;

	if (options->state == NULL)
		return 0;
	state_release(s);
	*s = (struct state){.options = options, .targets = targets};
	s->list = xcalloc(targets->n + 1, sizeof(*s->list));
	runid_make(s->token);
	for (i = 0; i < targets->n; i++)
		if (!is_of_keys(targets->list[i]) &&
		    take_stream(s, &s->list[s->n++], targets->list[i], e) != 0)
			return -1;
	if (ledger_find(db, options->ledger, LEDGER_STATES, make, &s->there, e) != 0)
		return -1;
	return look(s, db, e);
}

int
state_check_parts(const struct load_options *options, const struct targets *targets,
		  struct db *db, struct err *e)
{
	struct state s = {.options = options, .targets = targets};
	size_t i;
	int rc;

	if (options->state == NULL || options->reset_state)
		return 0;
	s.list = xcalloc(targets->n + 1, sizeof(*s.list));
	for (i = 0; i < targets->n; i++)
		if (targets->list[i]->plan->header != NULL)
			describe(&s.list[s.n++], targets->list[i]);
	rc = ledger_find(db, options->ledger, LEDGER_STATES, false, &s.there, e);
	if (rc == 0)
		rc = look(&s, db, e);
	state_release(&s);
	return rc;
}

/* ---- in the loading transaction ---- */

bool
state_is_kept(const struct state *s)
{
	return s->options != NULL;
}

int
state_lock(struct state *s, struct db *db, struct err *e)
{
	static const char insert[] = " (name, source) SELECT $1, s.source FROM " UNNEST
				     " ORDER BY s.source ON CONFLICT (name, source) DO NOTHING";
	static const char found_locked[] = " AS t ON t.name" EQUALS "$1 AND t.source" EQUALS
					   "s.source"
					   " ORDER BY t.source FOR UPDATE OF t";
	static const char sign[] = " AS t SET run = $4 FROM " UNNEST " WHERE t.name" EQUALS
				   "$1 AND t.source" EQUALS "s.source";
	PGresult *res, *done;
	int rc;

	if (!state_is_kept(s) || s->locked || !s->there)
		return 0;
	done = run(s, db, "INSERT INTO ", insert, NULL, e);
	PQclear(done);
	res = done != NULL ? run(s, db, find_sql, found_locked, NULL, e) : NULL;
	rc = res != NULL ? compare_all(s, res, e) : -1;
	PQclear(res);
	if (rc != 0)
		return -1;
	done = run(s, db, "UPDATE ", sign, s->token, e);
	PQclear(done);
	s->locked = done != NULL;
	return s->locked ? 0 : -1;
}

void
state_unlocked(struct state *s, bool kept)
{
	s->begun = s->begun || (kept && s->locked);
	s->locked = false;
}

static int
store_one(const struct state *s, const struct state_entry *x, struct db *db, struct err *e)
{
	struct buf sql = BUF_INIT, target = BUF_INIT;
	char rows[24];
	const char *params[] = {s->options->state, x->source, x->position, NULL, rows, NULL,
				x->columns};
	char *shown = relname_text(&x->target->name);
	PGresult *res;

	snprintf(rows, sizeof(rows), "%" PRIu64, x->target->rows_before);
	relname_add_quoted(&x->target->name, &target);
	params[3] = buf_cstr(&target);
	params[5] = shown;
	buf_adds(&sql, "UPDATE ");
	ledger_add(s->options->ledger, "states", &sql);
	buf_adds(
		&sql,
		" SET position = $3, target = pg_catalog.to_regclass($4)::pg_catalog.oid,"
		" relation = $6, columns = (SELECT relnatts::pg_catalog.text FROM pg_catalog.pg_class"
		" WHERE oid" EQUALS "pg_catalog.to_regclass($4)) OPERATOR(pg_catalog.||) ':'"
		" OPERATOR(pg_catalog.||) $7, rows = $5::pg_catalog.int8, runs = coalesce(runs, 0)"
		" OPERATOR(pg_catalog.+) 1, stored = pg_catalog.clock_timestamp()"
		" WHERE name OPERATOR(pg_catalog.=) $1 AND source"
		" OPERATOR(pg_catalog.=) $2 RETURNING target IS NOT NULL");
	res = db_query(db, e, buf_cstr(&sql), 7, params);
	if (res != NULL && (PQntuples(res) != 1 || !db_is_true(res, 0, 0)))
		err_set(e, EXIT_DATA,
			"the state of %s was not stored: its row in the ledger is "
			"gone, or the table is",
			x->source);
	buf_release(&sql);
	buf_release(&target);
	free(shown);
	PQclear(res);
	return e->code == EXIT_DONE ? 0 : -1;
}

int
state_store(struct state *s, struct db *db, struct err *e)
{
	size_t i;
	int rc = state_lock(s, db, e); /* a stream without rows may not have */

	for (i = 0; rc == 0 && i < s->n; i++)
		rc = store_one(s, &s->list[i], db, e);
	return rc;
}

char *
state_words(const struct state *s)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < s->n; i++)
		buf_addf(&b, "%s%s", i > 0 ? "," : "", s->list[i].position);
	return buf_detach(&b);
}

void
state_release(struct state *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->list[i].source);
		free(s->list[i].since);
		free(s->list[i].position);
		free(s->list[i].columns);
		json_decref(s->list[i].names);
	}
	free(s->list);
	*s = (struct state){.options = NULL};
}
