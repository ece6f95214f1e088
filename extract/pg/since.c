/*
 * Every transaction before the xmin of a snapshot has ended, so that whatever a later
 * snapshot sees and this one did not was written by that xmin or a later one, whether by a
 * transaction, by a part of it or by one that was prepared.  A row's own xmin has 32 bits and
 * survives freezing; age() compares it within 2^31 of now, so that the position has to be
 * younger than that.  A frozen row that is older may look new: it comes twice, never not at
 * all.
 *
 * What makes old rows new without writing them is found out by what the position says
 * besides: a partition that it does not know is read whole, all else needs a full run.
 */
#include "extract/pg/since.h"

#include <inttypes.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "common/schema/position.h"
#include "extract/options/options.h"
#include "extract/pg/cursor.h"
#include "extract/pg/member.h"
#include "extract/pg/partpos.h"
#include "extract/pg/reads.h"
#include "extract/pg/sincefacts.h"

/* Transactions that may begin between the snapshot and the first row, at the very most. */
#define XID_MARGIN (UINT64_C(1) << 24)
#define XID_HALF (UINT64_C(1) << 31)

struct work {
	struct db *db;
	struct path *path;
	const struct extract_options *options;
	struct sincefacts facts;
	struct position *words; /* of --since */
	size_t nwords;
};

/* ---- why there is no position ---- */

/* What is known of the member without asking the server. */
static const char *
reason_of_choice(const struct member *m, const struct extract_options *o)
{
	if (m->rel == NULL || m->rel->kind == 'S')
		return m->rel == NULL ? "it is a query" : "it is a sequence";
	if (m->rows->limit >= 0 || m->only != NULL)
		return m->only == NULL ? "--limit leaves rows out"
				       : "--only-keys leaves rows out";
	if (o->row_security)
		return "--enable-row-security leaves rows out that policies hide";
	if (m->rows->cursor == NULL && m->rel->engine != NULL)
		return m->rel->engine;
	if (m->rows->cursor == NULL && m->rel->oid < READS_FIRST)
		return "it is a system catalog, whose rows are also changed in place";
	if (m->narrow)
		return "it has values of a reg* type, whose text changes with what they name";
	if (m->roles)
		return "it has values of type aclitem, whose text changes with the names of roles";
	if (m->rows->cursor == NULL && m->rel->kind == 'v')
		return "it is a view, whose rows have no xmin (see --cursor)";
	return m->rows->cursor == NULL && m->rel->kind == 'f'
		       ? "it is a foreign table, whose rows have no xmin (see --cursor)"
		       : NULL;
}

static unsigned
oid_at(const PGresult *res, int row, int column)
{
	return (unsigned)strtoul(PQgetvalue(res, row, column), NULL, 10);
}

/* The first of the rows of ${res}, which are sorted by their first column. */
static int
first_row(const PGresult *res, unsigned oid)
{
	int low = 0, high = PQntuples(res);

	while (low < high) {
		int at = low + (high - low) / 2;

		if (oid_at(res, at, 0) < oid)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

static bool
is_of(const PGresult *res, int row, unsigned oid)
{
	return row < PQntuples(res) && oid_at(res, row, 0) == oid;
}

/* All that holds rows has to give them an xmin. */
static char *
reason_of_leaves(const struct work *w, const struct member *m)
{
	const PGresult *res = w->facts.leaves;
	int row = first_row(res, m->rel->oid);

	for (; m->rows->cursor == NULL && is_of(res, row, m->rel->oid); row++) {
		char kind = PQgetvalue(res, row, SINCE_LEAF_KIND)[0];

		if (kind != 'p' && !db_is_true(res, row, SINCE_LEAF_HEAP))
			return xstrdup(
				kind == 'f' ? "a foreign table is among its partitions, whose "
					      "rows have no xmin"
					    : "its access method is not heap");
	}
	return NULL;
}

static int
reason_of_rows(const struct work *w, const struct member *m, char **why, struct err *e)
{
	char *word;

	if (m->rows->where == NULL)
		return 0;
	word = sincefacts_changing(w->db, m->rows->where, e);
	if (word == NULL)
		return -1;
	if (word[0] != '\0')
		*why = xasprintf("its condition on rows says \"%s\", which may mean other rows "
				 "at another time",
				 word);
	free(word);
	return 0;
}

/* ${*why} stays NULL where there is nothing against it; the caller frees it. */
static int
find_reason(const struct work *w, const struct member *m, char **why, struct err *e)
{
	const char *known = reason_of_choice(m, w->options);

	if (known == NULL)
		known = w->facts.why;
	if (known != NULL) {
		*why = xstrdup(known);
		return 0;
	}
	*why = reason_of_leaves(w, m);
	return *why == NULL ? reason_of_rows(w, m, why, e) : 0;
}

/* ---- the position ---- */

static uint64_t
digest_of(struct buf *b)
{
	uint64_t digest = XXH3_64bits(b->len > 0 ? b->data : "", b->len);

	buf_release(b);
	return digest;
}

static bool
is_read(const struct member *m, const char *column)
{
	return schema_find(&m->header->schema, column) >= 0 ||
	       (m->rows->cursor != NULL && strcmp(column, m->rows->cursor) == 0);
}

/* Those that are read, whatever their order. */
static uint64_t
digest_columns(const struct work *w, const struct member *m)
{
	const PGresult *res = w->facts.columns;
	struct buf b = BUF_INIT;
	int row = first_row(res, m->rel->oid);

	for (; is_of(res, row, m->rel->oid); row++)
		if (is_read(m, PQgetvalue(res, row, SINCE_COLUMN_NAME)))
			buf_addf(&b, "%s\n", PQgetvalue(res, row, SINCE_COLUMN_FACTS));
	return digest_of(&b);
}

static uint64_t
digest_made(const struct member *m, const char *view)
{
	char *types = json_dumps(m->header->schema.types, JSON_COMPACT | JSON_SORT_KEYS);
	struct buf b = BUF_INIT;

	buf_addf(&b, "%s\n%s", types != NULL ? types : "", view);
	free(types);
	return digest_of(&b);
}

static uint64_t
digest_rows(const struct member *m)
{
	return m->rows->where != NULL ? XXH3_64bits(m->rows->where, strlen(m->rows->where)) : 0;
}

static void
take_leaves(const struct work *w, const struct member *m, struct position *p)
{
	const PGresult *res = w->facts.leaves;
	int row = first_row(res, m->rel->oid), first = row;

	for (; is_of(res, row, m->rel->oid); row++) {
		p->natts = oid_at(res, row, SINCE_LEAF_NATTS);
		p->made = digest_made(m, PQgetvalue(res, row, SINCE_LEAF_VIEW));
	}
	if (row - first <= 1)
		return; /* nothing but itself; a partitioned table is its own leaf as well */
	p->leaves = xcalloc((size_t)(row - first), sizeof(*p->leaves));
	for (row = first; is_of(res, row, m->rel->oid); row++)
		p->leaves[p->nleaves++] = (struct position_leaf){
			oid_at(res, row, SINCE_LEAF_OID), oid_at(res, row, SINCE_LEAF_OWN)};
}

/* As find_reason(): a cursor may have none either. */
static int
make_position(struct work *w, const struct member *m, struct position *p, char **why,
	      struct err *e)
{
	char xmin[24];

	*p = (struct position){
		.kind = m->rows->cursor != NULL ? POSITION_CURSOR : POSITION_XMIN,
		.system = w->facts.system,
		.database = w->facts.database,
		.timeline = w->facts.timeline,
		.xid = w->facts.xmin,
		.relation = m->rel->oid,
		.columns = digest_columns(w, m),
		.rows = digest_rows(m),
	};
	take_leaves(w, m, p);
	if (p->kind == POSITION_XMIN)
		return 0;
	p->column = xstrdup(m->rows->cursor);
	snprintf(xmin, sizeof(xmin), "%" PRIu64, p->xid);
	return cursor_value(m, xmin, w->db, w->path, &p->value, why, e);
}

/* ---- what a word of --since allows ---- */

static int refuse(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int
refuse(struct err *e, const char *fmt, ...)
{
	va_list ap;
	char *why;

	va_start(ap, fmt);
	why = xvasprintf(fmt, ap);
	va_end(ap);
	err_set(e, EXIT_TARGET, "a full run is needed: %s", why);
	free(why);
	return err_hint(e, "A full run is portl-extract --since=none, into portl-load "
			   "--reset-state where it keeps the state.");
}

static int
check_server(const struct position *was, const struct position *now, struct err *e)
{
	if (was->system != now->system)
		return refuse(e,
			      "the position was made on another server (system identifier "
			      "%" PRIu64 ", not %" PRIu64 ")",
			      was->system, now->system);
	if (was->database != now->database)
		return refuse(e, "the position was made in another database");
	if (was->timeline != now->timeline)
		return refuse(e,
			      "the server is on timeline %u, the position on %u: what was "
			      "committed in between may be lost and its transactions given out "
			      "again",
			      now->timeline, was->timeline);
	if (was->xid > now->xid)
		return refuse(e,
			      "the position is newer than the snapshot (transaction %" PRIu64
			      ", not %" PRIu64 "): the server was set back",
			      was->xid, now->xid);
	return 0;
}

/* Of the columns that are read, one that the relation had not got. */
static const char *
added_column(const struct work *w, const struct member *m, const struct position *was)
{
	const PGresult *res = w->facts.columns;
	int row = first_row(res, m->rel->oid);

	for (; is_of(res, row, m->rel->oid); row++)
		if (oid_at(res, row, SINCE_COLUMN_NUMBER) > was->natts &&
		    is_read(m, PQgetvalue(res, row, SINCE_COLUMN_NAME)))
			return PQgetvalue(res, row, SINCE_COLUMN_NAME);
	return NULL;
}

static int
check_relation(const struct work *w, const struct member *m, const struct position *was,
	       const struct position *now, struct err *e)
{
	const char *added = added_column(w, m, was);

	if (was->relation != now->relation)
		return refuse(e,
			      "the position is that of another relation, or it was made anew");
	if (added != NULL)
		return refuse(e,
			      "column \"%s\" was added, and old rows have got it without being "
			      "written",
			      added);
	if (was->columns != now->columns)
		return refuse(e, "other columns are read, or they were altered");
	if (was->rows != now->rows)
		return refuse(e, "the condition on rows is another one");
	if (was->made != now->made)
		return refuse(e, m->rel->kind == 'v' ? "the view was altered, or a type of its "
						       "columns"
						     : "a type of its columns was altered");
	return 0;
}

static int
check_kind(const struct position *was, const struct position *now, uint64_t next, struct err *e)
{
	if (was->kind != now->kind)
		return refuse(e, was->kind == POSITION_CURSOR
					 ? "the position is a cursor's, and none is given"
					 : "the position is none of a cursor");
	if (was->kind == POSITION_CURSOR)
		return strcmp(was->column, now->column) == 0
			       ? 0
			       : refuse(e, "the position is that of cursor \"%s\", not \"%s\"",
					was->column, now->column);
	if (next - was->xid >= XID_HALF - XID_MARGIN)
		return refuse(e,
			      "the position is %" PRIu64
			      " transactions old, and rows know theirs within 2^31 only",
			      next - was->xid);
	return 0;
}

/* ---- the condition ---- */

/*
 * The bound is a query, which is run once and not for each row; and it stands first, for it
 * turns away almost every row of a large table, so that the other is not asked.
 */
static char *
xmin_condition(const struct position *was)
{
	return xasprintf(
		"pg_catalog.age(xmin) OPERATOR(pg_catalog.<=) (SELECT pg_catalog.age('%" PRIu32
		"'::pg_catalog.xid)) AND pg_catalog.age(xmin) OPERATOR(pg_catalog.>=) 0",
		(uint32_t)was->xid);
}

/* What holds rows that the position does not speak for: all of them are new. */
static void
add_new_leaves(struct buf *sql, const struct position *was, const struct position *now)
{
	const char *comma = " OR tableoid OPERATOR(pg_catalog.=) ANY ('{";
	size_t i, n = 0;

	for (i = 0; i < now->nleaves; i++)
		if (!position_has_leaf(was, &now->leaves[i]))
			buf_addf(sql, "%s%u", n++ > 0 ? "," : comma, now->leaves[i].oid);
	if (n > 0)
		buf_adds(sql, "}'::pg_catalog.oid[])");
}

static int
narrow(struct work *w, struct member *m, const struct position *was, const struct position *now,
       struct err *e)
{
	struct buf sql = BUF_INIT;
	char *condition;

	if (was->kind == POSITION_CURSOR && was->value == NULL)
		condition = xstrdup("true"); /* there were no rows */
	else if (was->kind == POSITION_CURSOR)
		condition = cursor_condition(m, was->value, w->db, e);
	else
		condition = xmin_condition(was);
	if (condition == NULL)
		return -1;
	buf_adds(&sql, condition);
	add_new_leaves(&sql, was, now);
	free(condition);
	return member_narrow(m, buf_detach(&sql), w->db, w->path, e);
}

/* ---- all of it ---- */

/* The furthest: one of a former name is kept as well.  Of one relation any word is meant. */
static const struct position *
find_word(const struct work *w, const struct member *m)
{
	const struct position *word = NULL;
	size_t i;

	for (i = 0; i < w->nwords; i++)
		if (w->words[i].relation == m->rel->oid &&
		    (word == NULL || w->words[i].xid > word->xid))
			word = &w->words[i];
	return word != NULL || m->in_set || w->nwords == 0 ? word : &w->words[0];
}

/* ---- parts ---- */

/* Of what a part reads: by name, files are other ones after a rewrite. */
static uint64_t
digest_files(const struct work *w, const struct member *m)
{
	const PGresult *res = w->facts.leaves;
	struct buf b = BUF_INIT;
	int row = first_row(res, m->rel->oid);

	for (; is_of(res, row, m->rel->oid); row++)
		if (m->leaf == NULL || oid_at(res, row, SINCE_LEAF_OID) == m->leaf->oid)
			buf_addf(&b, "%u %s\n", oid_at(res, row, SINCE_LEAF_OID),
				 PQgetvalue(res, row, SINCE_LEAF_FILE));
	return digest_of(&b);
}

/* A part of a leaf says nothing of the others. */
static void
tell_part(const struct work *w, struct member *m, struct position *now)
{
	struct header_part *part = &m->header->part;

	now->value = partpos_value(&w->options->plan, part->number, digest_files(w, m));
	if (m->leaf != NULL) {
		struct position_leaf *leaf = xcalloc(1, sizeof(*leaf));
		size_t i;

		leaf->oid = m->leaf->oid;
		for (i = 0; i < now->nleaves; i++)
			if (now->leaves[i].oid == leaf->oid)
				*leaf = now->leaves[i];
		free(now->leaves);
		now->leaves = leaf;
		now->nleaves = 1;
	}
	part->position = position_word(now);
}

static int
apply_word(struct work *w, struct member *m, const struct position *now, const char *why,
	   struct err *e)
{
	const struct position *was;

	if (w->options->since_words == NULL || (m->rel != NULL && m->rel->kind == 'S'))
		return 0;
	if (why != NULL)
		return err_set(e, EXIT_TARGET, "nothing can be read since a position: %s", why);
	was = find_word(w, m);
	m->header->since = was != NULL ? position_word(was) : xstrdup(POSITION_NONE);
	if (was == NULL)
		return 0;
	if (check_server(was, now, e) != 0 || check_relation(w, m, was, now, e) != 0 ||
	    check_kind(was, now, w->facts.next, e) != 0)
		return -1;
	return narrow(w, m, was, now, e);
}

static int
apply_one(struct work *w, struct member *m, struct err *e)
{
	struct position now = {.leaves = NULL};
	char *why = NULL, *name;
	int rc = m->rows->cursor != NULL ? cursor_check(m, e) : 0;

	if (m->header->keys_of > 0) /* all keys, whatever has changed */
		return 0;
	if (rc == 0)
		rc = find_reason(w, m, &why, e);
	if (rc == 0 && why == NULL)
		rc = make_position(w, m, &now, &why, e);
	if (rc == 0 && why != NULL)
		m->header->no_position = intern(why);
	else if (rc == 0 && (m->part == NULL || w->options->snapshot != NULL))
		m->header->position = position_word(&now);
	if (rc == 0 && why == NULL && m->part != NULL)
		tell_part(w, m, &now);
	else if (rc == 0)
		rc = apply_word(w, m, &now, why, e);
	if (rc != 0 && m->rel != NULL) {
		name = relname_text(&m->rel->id);
		err_prefix(e, "%s: ", name);
		free(name);
	}
	position_release(&now);
	free(why);
	return rc;
}

static int
parse_words(struct work *w, const char *text, struct err *e)
{
	size_t len;

	if (text == NULL || strcmp(text, POSITION_NONE) == 0)
		return 0;
	for (;; text += len + 1) {
		len = strcspn(text, ",");
		w->words = xrealloc(w->words, (w->nwords + 1) * sizeof(*w->words));
		if (position_parse(&w->words[w->nwords++], text, len, e) != 0) {
			e->option = xstrdup("since");
			return err_prefix(e, "--since: ");
		}
		if (text[len] == '\0')
			return 0;
	}
}

static int
read_facts(struct work *w, const struct member *members, size_t n, struct err *e)
{
	struct sincefacts_of *of = xcalloc(n, sizeof(*of));
	bool own = w->options->snapshot == NULL;
	const struct member *m;
	size_t k = 0;
	int rc = 0;

	for (m = members; m < members + n; m++)
		if (reason_of_choice(m, w->options) == NULL)
			of[k++] = (struct sincefacts_of){m->rel->oid, member_is_only(m),
							 own ? member_leaf(m) : 0};
	if (k > 0)
		rc = sincefacts_read(&w->facts, w->db, of, k, e);
	free(of);
	return rc;
}

/* Once its positions are told. */
static void
take_wal(struct sincefacts *facts, char **wal)
{
	if (facts->wal == NULL)
		return;
	free(*wal);
	*wal = facts->wal;
	facts->wal = NULL;
}

int
since_apply(struct db *db, struct path *path, struct member *members, size_t n,
	    const struct extract_options *options, char **wal, struct err *e)
{
	struct work w = {.db = db, .path = path, .options = options};
	size_t i;
	int rc = parse_words(&w, options->since_words, e);

	if (rc == 0 && options->catch_up && w.nwords > 0)
		rc = partpos_merge(&options->plan, w.words, &w.nwords, e);
	if (rc == 0)
		rc = path_narrow(path, db, e);
	if (rc == 0)
		rc = read_facts(&w, members, n, e);
	for (i = 0; rc == 0 && i < n; i++)
		rc = apply_one(&w, &members[i], e);
	for (i = 0; i < w.nwords; i++)
		position_release(&w.words[i]);
	free(w.words);
	take_wal(&w.facts, wal);
	sincefacts_release(&w.facts);
	return rc;
}

int
since_apply_known(struct db *db, struct path *path, struct member *m,
		  const struct extract_options *options, struct sincefacts *facts, bool known,
		  char **wal, struct err *e)
{
	struct work w = {.db = db, .path = path, .options = options, .facts = *facts};
	int rc = path_narrow(path, db, e);

	if (rc == 0 && !known)
		rc = read_facts(&w, m, 1, e);
	if (rc == 0)
		rc = apply_one(&w, m, e);
	take_wal(&w.facts, wal);
	*facts = w.facts;
	return rc;
}
