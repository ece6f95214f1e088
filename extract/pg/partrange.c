/*
 * Blocks are a range of ctid, which servers from 14 on read as such.  The last part has no
 * end: what the table has grown by since the plan is its.
 *
 * Values are compared by the operators of pg_catalog, in the order of which the plan has been
 * made; each part begins where another one ends, so that a row is in one of them whatever the
 * order is, if only no range ends before it begins.  NULLs are the last part's: a column that
 * is NOT NULL may have some in children by inheritance, or in a view, by its domain.
 */
#include "extract/pg/partrange.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"

static char *
of_blocks(const struct partplan_part *part)
{
	struct buf sql = BUF_INIT;

	if (part->from_block > 0)
		buf_addf(&sql, "ctid OPERATOR(pg_catalog.>=) '(%" PRId64 ",0)'::pg_catalog.tid",
			 part->from_block);
	if (part->to_block >= 0)
		buf_addf(&sql,
			 "%sctid OPERATOR(pg_catalog.<) '(%" PRId64 ",0)'::pg_catalog.tid",
			 sql.len > 0 ? " AND " : "", part->to_block);
	return sql.len > 0 ? buf_detach(&sql) : NULL;
}

static void
add_value(struct buf *sql, const struct relation_column *c, const char *text)
{
	ident_add_literal(sql, text);
	buf_adds(sql, "::");
	ident_add_type(sql, c->type);
}

static void
add_bound(struct buf *sql, const struct relation_column *c, const char *operator,
	  const char * text)
{
	ident_add_quoted(sql, c->name);
	buf_addf(sql, " OPERATOR(pg_catalog.%s) ", operator);
	add_value(sql, c, text);
}

static char *
of_values(const struct partplan_part *part, const struct relation_column *c)
{
	struct buf sql = BUF_INIT;

	if (part->from != NULL)
		add_bound(&sql, c, ">=", part->from);
	if (part->from != NULL && part->to != NULL)
		buf_adds(&sql, " AND ");
	if (part->to != NULL)
		add_bound(&sql, c, "<", part->to);
	if (part->from != NULL && part->to == NULL) {
		buf_adds(&sql, " OR ");
		ident_add_quoted(&sql, c->name);
		buf_adds(&sql, " IS NULL");
	}
	return sql.len > 0 ? buf_detach(&sql) : NULL;
}

/* By the column's own collation, which its rows are compared by. */
static int
check_order(const struct partplan_part *part, const struct relation_column *c, struct db *db,
	    struct err *e)
{
	struct buf sql = BUF_INIT;
	char *answer;
	int rc;

	if (part->from == NULL || part->to == NULL)
		return 0;
	buf_adds(&sql, "SELECT ");
	add_value(&sql, c, part->from);
	if (c->collation != NULL)
		buf_addf(&sql, " COLLATE %s", c->collation);
	buf_adds(&sql, " OPERATOR(pg_catalog.<) ");
	add_value(&sql, c, part->to);
	answer = db_query_text(db, e, buf_cstr(&sql), 0, NULL);
	buf_release(&sql);
	if (answer == NULL)
		return -1;
	rc = answer[0] == 't'
		     ? 0
		     : err_set(e, EXIT_JOBFILE,
			       "the plan's range of \"%s\" ends before it begins", c->name);
	free(answer);
	return rc;
}

int
partrange_condition(const struct partplan_part *part, const struct relation *rel, struct db *db,
		    char **range, struct err *e)
{
	const struct relation_column *c;
	int place;

	*range = NULL;
	if (part->column == NULL) {
		*range = of_blocks(part);
		return 0;
	}
	place = relation_column_find(rel, part->column);
	if (place < 0)
		return err_set(e, EXIT_DATA, "\"%s\" has no column \"%s\" any more",
			       rel->id.name, part->column);
	c = &rel->columns[place];
	if (check_order(part, c, db, e) != 0)
		return -1;
	*range = of_values(part, c);
	return 0;
}
