/*
 * Values that need a cast are staged as what they are, then assigned to columns of the target's
 * types, as a load would do it; all others are read by these types at once.
 *
 * Where there is a key, rows are joined by it, and pairs compared by their images.  Where there
 * is none, or the stream has a key twice, rows that are written alike are counted on both
 * sides.
 */
#include "load/verify/staging.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/stream/stream_chunk.h"
#include "load/match/plan.h"
#include "load/stage/plan_stage.h"
#include "load/verify/compared.h"
#include "load/verify/tally.h"

static bool
needs_casts(const struct compared *c)
{
	size_t i;

	for (i = 0; i < c->plan->ncolumns; i++)
		if (c->plan->columns[i].target != NULL && c->plan->columns[i].way != PLAN_SAME)
			return true;
	return false;
}

/* "raw" holds values as they come, "rows" as they would be loaded. */
static void
add_table(const struct staging *s, struct buf *sql, const char *what)
{
	buf_addf(sql, "pg_temp.portl_%s_%s", what, s->id);
}

static const char *
entry(const struct staging *s)
{
	return needs_casts(s->c) ? "raw" : "rows";
}

/* An empty table with the target's types, modifiers and collations. */
static void
add_create(const struct staging *s, struct buf *sql, bool raw)
{
	const struct plan *p = s->c->plan;
	const char *comma = "";
	size_t i;

	buf_addf(sql, "CREATE TEMPORARY TABLE portl_%s_%s USING heap ON COMMIT DROP AS SELECT ",
		 raw ? "raw" : "rows", s->id);
	for (i = 0; i < p->ncolumns; i++) {
		const struct plan_column *c = &p->columns[i];

		if (c->target == NULL)
			continue;
		buf_adds(sql, comma);
		comma = ", ";
		if (raw && c->way != PLAN_SAME) {
			buf_adds(sql, "CAST(NULL AS ");
			ident_add_type(sql, c->stage_type);
			buf_adds(sql, ") AS ");
		}
		ident_add_quoted(sql, c->target);
	}
	buf_adds(sql, " FROM ");
	relname_add_quoted(&p->target, sql);
	buf_adds(sql, " WITH NO DATA; ");
}

int
staging_create(struct staging *s, struct db *db, const struct compared *c, struct err *e)
{
	struct buf sql = BUF_INIT;
	int rc;

	*s = (struct staging){.db = db, .c = c};
	runid_make(s->id);
	add_create(s, &sql, false);
	if (needs_casts(c))
		add_create(s, &sql, true);
	rc = db_exec(db, e, "%s", buf_cstr(&sql));
	buf_release(&sql);
	return rc;
}

/* ---- the stream ---- */

int
staging_begin(struct staging *s, struct err *e)
{
	struct buf sql = BUF_INIT;
	int rc;

	buf_adds(&sql, "COPY ");
	add_table(s, &sql, entry(s));
	buf_addf(&sql, " FROM STDIN (FORMAT %s)", s->c->plan->text ? "text" : "binary");
	rc = feed_begin(&s->feed, s->db, buf_cstr(&sql), s->c->plan->text, e);
	buf_release(&sql);
	return rc;
}

int
staging_write(struct staging *s, const struct stream_chunk *chunk, struct err *e)
{
	return feed_write(&s->feed, chunk->data, chunk->len, e);
}

int
staging_end(struct staging *s, struct err *e)
{
	uint64_t rows = 0;

	if (feed_end(&s->feed, &rows, e) != 0)
		return -1;
	s->rows += rows;
	return 0;
}

/* ---- the comparison ---- */

/* Casts to some types cut (plan_loss.h), and what is cut might equal what is there. */
static int
refuse_cut(struct staging *s, size_t i, struct err *e)
{
	const struct plan *p = s->c->plan;
	const struct plan_column *c = &p->columns[i];
	struct buf sql = BUF_INIT;
	char *found;
	int rc;

	buf_adds(&sql, "SELECT 1 WHERE EXISTS (SELECT FROM ");
	add_table(s, &sql, "raw");
	buf_adds(&sql, " WHERE CAST(");
	plan_add_value(p, &sql, i, c->target);
	buf_adds(&sql, " AS ");
	ident_add_type(&sql, c->stage_type);
	buf_adds(&sql, ") OPERATOR(pg_catalog.<>) ");
	ident_add_quoted(&sql, c->target);
	buf_addc(&sql, ')');
	found = db_query_text(s->db, e, buf_cstr(&sql), 0, NULL);
	rc = found == NULL ? -1 : 0;
	if (rc == 0 && found[0] != '\0')
		rc = err_set(e, EXIT_DATA, "column \"%s\": value too long for type %s",
			     c->target, c->cast_type);
	buf_release(&sql);
	free(found);
	return rc;
}

/* INSERT assigns, so that nothing is cut that a load would refuse. */
static int
cast_rows(struct staging *s, struct err *e)
{
	const struct plan *p = s->c->plan;
	struct buf sql = BUF_INIT;
	const char *comma = "";
	size_t i;
	int rc;

	if (!needs_casts(s->c))
		return 0;
	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].target != NULL && p->columns[i].may_be_cut &&
		    refuse_cut(s, i, e) != 0)
			return -1;
	buf_adds(&sql, "INSERT INTO ");
	add_table(s, &sql, "rows");
	buf_adds(&sql, " SELECT ");
	for (i = 0; i < p->ncolumns; i++) {
		if (p->columns[i].target == NULL)
			continue;
		buf_adds(&sql, comma);
		plan_add_value(p, &sql, i, p->columns[i].target);
		comma = ", ";
	}
	buf_adds(&sql, " FROM ");
	add_table(s, &sql, "raw");
	rc = db_exec(s->db, e, "%s", buf_cstr(&sql));
	buf_release(&sql);
	return rc;
}

/* Field ${i} of the one side, or what of it tells whether it is another (plan_images.c). */
static void
add_image(const struct staging *s, struct buf *sql, char side, size_t field)
{
	bool images = s->c->plan->columns[compared_column(s->c, field)].images;

	buf_addf(sql,
		 images ? "pg_catalog.textin(pg_catalog.record_out(ROW(%c.c%zu)))" : "%c.c%zu",
		 side, field);
}

static void
add_images(const struct staging *s, struct buf *sql, char side)
{
	size_t n = compared_field(s->c, s->c->plan->ncolumns), i;

	buf_adds(sql, "ROW(");
	for (i = 0; i < n; i++) {
		buf_adds(sql, i > 0 ? ", " : "");
		add_image(s, sql, side, i);
	}
	buf_adds(sql, ")");
}

/* The staged rows as "s", the target's as "t", with "h" to tell that there is one. */
static void
add_side(const struct staging *s, struct buf *sql, char side)
{
	size_t n = compared_field(s->c, s->c->plan->ncolumns), i;

	buf_adds(sql, "(SELECT true, x.* FROM (");
	if (side == 't') {
		compared_rows(s->c, sql);
	} else {
		buf_adds(sql, "SELECT * FROM ");
		add_table(s, sql, "rows");
	}
	buf_addf(sql, ") AS x) AS %c (h", side);
	for (i = 0; i < n; i++)
		buf_addf(sql, ", c%zu", i);
	buf_adds(sql, ")");
}

static void
add_join(const struct staging *s, struct buf *sql)
{
	const struct plan_stage *st = s->c->plan->stage;
	size_t i;

	add_side(s, sql, 's');
	buf_adds(sql, s->c->extras ? " FULL JOIN " : " LEFT JOIN ");
	add_side(s, sql, 't');
	for (i = 0; i < s->c->nkey; i++) {
		size_t field = compared_field(s->c, s->c->key[i]);

		buf_addf(sql, "%s t.c%zu%s %s s.c%zu", i > 0 ? " AND" : " ON", field,
			 st->key_collation[i], st->key_equal[i], field);
	}
}

/* The numbers of fields that differ. */
static void
add_different(const struct staging *s, struct buf *sql)
{
	size_t n = compared_field(s->c, s->c->plan->ncolumns), i;

	buf_adds(sql, "pg_catalog.array_to_string(ARRAY[");
	for (i = 0; i < n; i++) {
		buf_addf(sql, "%sCASE WHEN pg_catalog.record_image_ne(ROW(", i > 0 ? ", " : "");
		add_image(s, sql, 's', i);
		buf_adds(sql, "), ROW(");
		add_image(s, sql, 't', i);
		buf_addf(sql, ")) THEN '%zu' END", i);
	}
	buf_adds(sql, "]::pg_catalog.text[], ',')");
}

/* Rows that differ: what they are, their key, the fields. */
static void
add_by_key(const struct staging *s, struct buf *sql)
{
	size_t i;

	buf_adds(sql,
		 "SELECT CASE WHEN t.h IS NULL THEN 0 WHEN s.h IS NULL THEN 1 ELSE 2 END, ");
	for (i = 0; i < s->c->nkey; i++) {
		size_t field = compared_field(s->c, s->c->key[i]);

		buf_addf(sql, "COALESCE(s.c%zu, t.c%zu), ", field, field);
	}
	add_different(s, sql);
	buf_adds(sql, " FROM ");
	add_join(s, sql);
	buf_adds(sql, " WHERE t.h IS NULL OR s.h IS NULL OR pg_catalog.record_image_ne(");
	add_images(s, sql, 's');
	buf_adds(sql, ", ");
	add_images(s, sql, 't');
	buf_adds(sql, ")");
}

/* How many more the stream has of rows that are written alike, and what is written. */
static void
add_by_row(const struct staging *s, struct buf *sql)
{
	const char *sides = "st";

	buf_adds(sql, "SELECT n, image FROM (SELECT pg_catalog.sum(side) AS n, image FROM (");
	for (; *sides != '\0'; sides++) {
		size_t n = compared_field(s->c, s->c->plan->ncolumns), i;

		buf_adds(sql, *sides == 't' ? " UNION ALL " : "");
		buf_addf(sql, "SELECT %s AS side, pg_catalog.textin(pg_catalog.record_out(ROW(",
			 *sides == 's' ? "1" : "-1");
		for (i = 0; i < n; i++)
			buf_addf(sql, "%s%c.c%zu", i > 0 ? ", " : "", *sides, i);
		buf_adds(sql, "))) COLLATE pg_catalog.\"C\" AS image FROM ");
		add_side(s, sql, *sides);
	}
	buf_addf(sql, ") AS u GROUP BY image) AS g WHERE n OPERATOR(pg_catalog.%s) 0",
		 s->c->extras ? "<>" : ">");
}

/* With a key that comes twice a row would be found equal twice. */
static int
has_twice(struct staging *s, bool *twice, struct err *e)
{
	struct buf sql = BUF_INIT;
	char *found;
	size_t i;

	buf_adds(&sql, "SELECT 1 WHERE EXISTS (SELECT FROM ");
	add_side(s, &sql, 's');
	for (i = 0; i < s->c->nkey; i++)
		buf_addf(&sql, "%s s.c%zu", i > 0 ? "," : " GROUP BY",
			 compared_field(s->c, s->c->key[i]));
	buf_adds(&sql, " HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1)");
	found = db_query_text(s->db, e, buf_cstr(&sql), 0, NULL);
	buf_release(&sql);
	*twice = found != NULL && found[0] != '\0';
	free(found);
	return found != NULL ? 0 : -1;
}

/* A line of add_by_key()'s, or of add_by_row()'s. */
static int
take_line(struct tally *t, const char *line, size_t len, struct err *e)
{
	char *rest;
	long long n = strtoll(line, &rest, 10);
	const char *row = rest + 1;
	size_t size = len - (size_t)(row - line);

	if (!t->by_row)
		return tally_text(t, (enum difference)n, row, size, e);
	for (; n != 0; n += n > 0 ? -1 : 1)
		if (tally_text(t, n > 0 ? DIFFERENCE_MISSING : DIFFERENCE_EXTRA, row, size,
			       e) != 0)
			return -1;
	return 0;
}

/* A message of the server's is a line. */
static int
take_lines(struct staging *s, struct tally *t, struct err *e)
{
	struct buf line = BUF_INIT;
	size_t room = 8192, n = 0;
	enum db_row got;
	int rc = 0;

	while ((got = db_copy_out_get(s->db, buf_reserve(&line, room), room, &n, -1, e)) ==
	       DB_ROW) {
		line.len += n;
		if (line.data[line.len - 1] != '\n')
			continue;
		buf_cstr(&line);
		rc = take_line(t, line.data, line.len - 1, e);
		if (rc != 0)
			break;
		line.len = 0;
	}
	buf_release(&line);
	return rc != 0 || got != DB_ROWS_END ? -1 : 0;
}

int
staging_compare(struct staging *s, struct tally *tally, struct err *e)
{
	struct buf sql = BUF_INIT;
	int rc = cast_rows(s, e);

	tally->by_row = s->c->nkey == 0;
	if (rc == 0 && !tally->by_row)
		rc = has_twice(s, &tally->by_row, e);
	buf_adds(&sql, "COPY (");
	if (tally->by_row)
		add_by_row(s, &sql);
	else
		add_by_key(s, &sql);
	buf_adds(&sql, ") TO STDOUT");
	if (rc == 0)
		rc = db_copy_out(s->db, e, buf_cstr(&sql));
	if (rc == 0)
		rc = take_lines(s, tally, e);
	tally->counts.equal = s->rows - tally->counts.missing - tally->counts.different;
	buf_release(&sql);
	return rc;
}
