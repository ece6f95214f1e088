/*
 * The tables of a run are targets like others: rows that have changed are upserted by the
 * source's primary key, rows whose key is gone are deleted.  The columns of a staging table
 * are c1, c2 … in the order of the stream.
 */
#include "load/pg/catchup.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "load/options/options.h"
#include "load/pg/publication.h"
#include "load/rules/rules.h"
#include "load/sink/sink.h"

/* What the table of relation ${i}, from 0, calls the stream's column, for the caller to free.
 */
static char *
column_of(const struct publication *p, size_t i, const struct schema *s, const char *name)
{
	const struct load_rules *rules = &p->rules[i];
	size_t j;

	if (rules->parts.what == PARTS_PUBLISH)
		return xasprintf("c%d", schema_find(s, name) + 1);
	for (j = 0; j < rules->from->n; j++)
		if (strcmp(rules->from->names[j], name) == 0)
			return xstrdup(rules->to->names[j]);
	return xstrdup(name);
}

static void
add_key(const struct publication *p, size_t i, const struct schema *s, struct ident_list *key)
{
	size_t j;

	for (j = 0; j < s->nprimary_key; j++) {
		char *name = column_of(p, i, s, s->primary_key[j]);

		ident_list_add(key, name);
		free(name);
	}
}

static void
add_list(struct buf *sql, const struct ident_list *names)
{
	size_t i;

	for (i = 0; i < names->n; i++) {
		buf_adds(sql, i > 0 ? ", " : "");
		ident_add_quoted(sql, names->names[i]);
	}
}

/* ---- the key ---- */

static const char has_key_sql[] =
	"SELECT 1 FROM pg_catalog.pg_index WHERE indrelid OPERATOR(pg_catalog.=)"
	" $1::pg_catalog.regclass AND indisunique LIMIT 1";

/*
 * Of several rows of a key any one stays: what is right comes in the last stream.  Where all
 * tables are published, rows of one without a replica identity cannot be deleted.
 */
static int
delete_doubles(struct db *db, bool primary, const char *table, const char *columns,
	       struct err *e)
{
	if (primary && db_exec(db, e, "ALTER TABLE %s REPLICA IDENTITY FULL", table) != 0)
		return -1;
	if (db_exec(db, e,
		    "DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM"
		    " (SELECT ctid, row_number() OVER (PARTITION BY %s) AS r FROM %s) AS s"
		    " WHERE r > 1))",
		    table, columns, table) != 0)
		return -1;
	return primary ? db_exec(db, e, "ALTER TABLE %s REPLICA IDENTITY DEFAULT", table) : 0;
}

static int
add_unique(struct db *db, bool primary, const char *table, const char *columns, struct err *e)
{
	const char *before = primary ? "ALTER TABLE" : "CREATE UNIQUE INDEX ON";
	const char *behind = primary ? "ADD PRIMARY KEY" : "";
	struct err why = ERR_INIT;

	if (db_exec(db, &why, "SAVEPOINT portl_key; %s %s %s (%s)", before, table, behind,
		    columns) == 0)
		return db_exec(db, e, "RELEASE SAVEPOINT portl_key");
	if (strcmp(why.sqlstate, "23505") != 0) {
		err_take(e, &why);
		return -1;
	}
	err_release(&why);
	if (db_exec(db, e, "ROLLBACK TO SAVEPOINT portl_key; RELEASE SAVEPOINT portl_key") !=
		    0 ||
	    delete_doubles(db, primary, table, columns, e) != 0)
		return -1;
	return db_exec(db, e, "%s %s %s (%s)", before, table, behind, columns);
}

static int
prepare_table(struct publication *p, size_t i, struct db *db, struct err *e)
{
	/* one that is attached gets the keys of the other partition later */
	bool primary = p->rules[i].parts.what == PARTS_PLACE && !p->rules[i].replace;
	struct header *header = header_from_json(p->options->plan->relations[i].header, e);
	struct ident_list key = {.n = 0};
	struct buf table = BUF_INIT, columns = BUF_INIT;
	char *has = NULL;
	int rc = -1;

	if (header == NULL)
		goto done;
	relname_add_quoted(&p->tables[i], &table);
	add_key(p, i, &header->schema, &key);
	add_list(&columns, &key);
	has = db_query_text(db, e, has_key_sql, 1, (const char *const[]){buf_cstr(&table)});
	if (has == NULL)
		goto done;
	rc = has[0] != '\0' ? 0
			    : add_unique(db, primary, buf_cstr(&table), buf_cstr(&columns), e);
done:
	header_free(header);
	ident_list_release(&key);
	buf_release(&table);
	buf_release(&columns);
	free(has);
	return rc;
}

static bool
is_caught_up(const struct publication *p, size_t i)
{
	return p->rules[i].parts.what != PARTS_NONE;
}

int
catchup_prepare(struct publication *p, struct db *db, struct err *e)
{
	size_t n = p->options->plan->nrelations, i;
	char *path = NULL;
	int rc = session_begin(db, SESSION_WRITE, p->options->common.lock_timeout, e);

	if (rc == 0)
		rc = session_narrow_path(db, &path, e);
	if (rc == 0)
		rc = publication_hold(p, db, e);
	for (i = 0; rc == 0 && i < n; i++)
		if (is_caught_up(p, i))
			rc = prepare_table(p, i, db, e);
	if (rc == 0)
		rc = catchup_store(p, db, e);
	rc = session_end(db, rc, e);
	free(path);
	return rc;
}

/* ---- the stream ---- */

static int
refuse(const struct publication *p, const char *what, struct err *e)
{
	err_set(e, EXIT_STREAM, "the input is not the last stream of run %s: %s", p->run.id,
		what);
	return err_hint(e, "It is what portl-extract --plan=FILE --catch-up writes.");
}

static const char exists_sql[] =
	"SELECT 1 FROM pg_catalog.pg_attribute WHERE attrelid OPERATOR(pg_catalog.=)"
	" $1::pg_catalog.regclass AND attname OPERATOR(pg_catalog.=) $2 AND attnum"
	" OPERATOR(pg_catalog.>) 0";

/* Columns that are not staged are dropped again. */
static int
map_staged(const struct publication *p, size_t i, const struct schema *s,
	   struct catchup_names *names, struct db *db, struct err *e)
{
	struct buf table = BUF_INIT;
	size_t j;
	int rc = session_begin(db, SESSION_PLAN, -1, e);

	relname_add_quoted(&p->tables[i], &table);
	for (j = 0; rc == 0 && j < s->ncolumns; j++) {
		char *column = column_of(p, i, s, s->columns[j].name);
		char *is = db_query_text(db, e, exists_sql, 2,
					 (const char *const[]){buf_cstr(&table), column});

		rc = is != NULL ? 0 : -1;
		ident_list_add(&names->from, s->columns[j].name);
		ident_list_add(&names->to, is != NULL && is[0] != '\0' ? column : "");
		free(column);
		free(is);
	}
	session_rollback(db);
	buf_release(&table);
	return rc;
}

static struct load_rules
rules_for(const struct publication *p, size_t i, const struct catchup_names *names)
{
	const struct load_rules *own = &p->rules[i];
	bool staged = own->parts.what == PARTS_PUBLISH;

	return (struct load_rules){
		.target = p->tables[i],
		.from = staged ? &names->from : own->from,
		.to = staged ? &names->to : own->to,
		.key = &names->key,
		.conflict = rules_conflict(CONFLICT_OVERWRITE),
		.duplicates = DUPLICATES_LAST,
		.extra = EXTRA_ERROR,
		.rounding = ROUNDING_IGNORE,
		.absent = {.what = ABSENT_DELETE, .most = 100, .percent = true},
		.lock_timeout = own->lock_timeout,
	};
}

/* Members ${m} and the next are the changes and the keys of relation ${i}. */
static int
expect_relation(struct catchup *c, const struct publication *p, size_t i,
		const struct manifest *set, size_t m, struct db *db, struct err *e)
{
	const struct partplan_relation *r = &p->options->plan->relations[i];
	const struct header *rows;

	if (m + 1 >= set->n || !relname_equal(&set->members[m].relation, &r->id) ||
	    set->members[m + 1].keys_of != m + 1)
		return refuse(p,
			      "it has not the plan's relations, each with the keys of all rows",
			      e);
	rows = manifest_header(set, m);
	if (rows->part.run == NULL || strcmp(rows->part.run, p->run.id) != 0)
		return refuse(p, "it is of another run", e);
	if (rows->since == NULL)
		return refuse(p, "it has not what has changed since the parts were read", e);
	free(p->totals[i].whole);
	p->totals[i].whole = xstrdup_null(rows->position);
	add_key(p, i, &rows->schema, &c->names[i].key);
	if (p->rules[i].parts.what == PARTS_PUBLISH &&
	    map_staged(p, i, &rows->schema, &c->names[i], db, e) != 0)
		return -1;
	c->rules[m] = c->rules[m + 1] = rules_for(p, i, &c->names[i]);
	c->rules[m].exact = true;
	return 0;
}

static bool
is_sequence(const struct publication *p, size_t i)
{
	return json_object_get(p->options->plan->relations[i].header, "sequence") != NULL;
}

int
catchup_expect(struct catchup *c, const struct publication *p, struct sink_set *set,
	       struct db *db, struct err *e)
{
	size_t n = p->options->plan->nrelations, i, m = 0;

	c->n = n;
	c->names = xcalloc(n + 1, sizeof(*c->names));
	c->rules = xcalloc(set->manifest->n + 2, sizeof(*c->rules));
	for (i = 0; i < n; i++) {
		if (is_sequence(p, i))
			m++; /* it has a value, and no rows */
		if (!is_caught_up(p, i))
			continue;
		if (expect_relation(c, p, i, set->manifest, m, db, e) != 0)
			return -1;
		m += 2;
	}
	if (m != set->manifest->n)
		return refuse(p, "it has more relations than the plan", e);
	set->rules = c->rules;
	return 0;
}

int
catchup_store(const struct publication *p, struct db *db, struct err *e)
{
	size_t i;

	for (i = 0; i < p->options->plan->nrelations; i++) {
		const struct run_total any = {.rows = 0};
		uint64_t rows;
		bool intact;

		if (!is_caught_up(p, i))
			continue;
		if (runs_count(&p->run, db, i + 1, &any, &rows, &intact, e) != 0 ||
		    runs_recount(&p->run, db, i + 1, rows, p->totals[i].whole, e) != 0)
			return -1;
		p->totals[i].rows = p->rules[i].parts.rows = rows;
		p->totals[i].digest[0] = '\0';
		p->totals[i].traced = false;
	}
	return 0;
}

void
catchup_release(struct catchup *c)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		ident_list_release(&c->names[i].from);
		ident_list_release(&c->names[i].to);
		ident_list_release(&c->names[i].key);
	}
	free(c->names);
	free(c->rules);
	*c = (struct catchup){.n = 0};
}
