/*
 * A table is cut by its blocks: a part is as many of them as make about its share of bytes,
 * what is kept beside them included.  Where several tables hold the rows and may not be read
 * one by one, the same blocks of all of them are a part.  With a column, its values are cut,
 * at the quantiles of a sample.
 */
#include "extract/pg/partcut.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/talk/log.h"
#include "extract/options/options.h"

#define SAMPLE 4096 /* blocks that are read to find out how values are spread */
#define PARTS_MAX 100000

struct cutting {
	struct partplan *plan;
	const struct extract_options *options;
	int64_t part_bytes;
	struct db *db;
	struct err *e;
};

static struct partplan_part *
add_part(struct cutting *c, const struct partcut_of *of, int64_t bytes)
{
	struct partplan_part *p = partplan_add_part(c->plan);

	p->relation = of->relation;
	p->bytes = bytes;
	return p;
}

/* How many parts make ${bytes}; unknown: as many as were asked for. */
static int64_t
count_parts(const struct cutting *c, int64_t bytes)
{
	int64_t n = bytes >= 0 ? (bytes + c->part_bytes - 1) / c->part_bytes
			       : c->options->nparts;

	if (n > PARTS_MAX)
		return PARTS_MAX;
	return n > 1 ? n : 1;
}

/* ---- by blocks ---- */

/* Those of all leaves together that are before block ${end}. */
static int64_t
blocks_before(const struct partcut_leaf *leaves, size_t n, int64_t end)
{
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += leaves[i].blocks < end ? leaves[i].blocks : end;
	return sum;
}

/* The first block that has ${share} blocks of all leaves before it, or more. */
static int64_t
block_behind(const struct partcut_leaf *leaves, size_t n, int64_t most, int64_t share)
{
	int64_t low = 0, high = most;

	while (low < high) {
		int64_t at = low + (high - low) / 2;

		if (blocks_before(leaves, n, at) < share)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

/* The same range of blocks of all ${n} leaves is a part; ${leaf}: of that one by name. */
static void
cut_blocks(struct cutting *c, const struct partcut_of *of, const struct partcut_leaf *leaves,
	   size_t n, const struct partcut_leaf *leaf)
{
	int64_t most = 0, bytes = 0, total, from = 0, parts, i;
	size_t j;

	for (j = 0; j < n; j++) {
		most = leaves[j].blocks > most ? leaves[j].blocks : most;
		bytes += leaves[j].bytes;
	}
	total = blocks_before(leaves, n, most);
	parts = count_parts(c, bytes);
	for (i = 1; i <= parts; i++) {
		int64_t to = i < parts ? block_behind(leaves, n, most, total * i / parts) : -1;
		int64_t end = to >= 0 ? to : most;
		struct partplan_part *p;

		if (i < parts && (to <= from || to >= most))
			continue;
		p = add_part(c, of,
			     total > 0 ? (int64_t)((double)bytes / (double)total *
						   (double)(blocks_before(leaves, n, end) -
							    blocks_before(leaves, n, from)))
				       : bytes);
		if (leaf != NULL)
			relname_set(&p->leaf, leaf->schema, leaf->name);
		if (from > 0 || to >= 0) {
			p->from_block = from;
			p->to_block = to;
		}
		from = to;
	}
}

/* All of it, so that it can be sampled, too. */
static bool
is_heap(const struct partcut_of *of)
{
	size_t i;

	for (i = 0; i < of->nleaves; i++)
		if (!of->leaves[i].by_blocks || of->leaves[i].blocks < 0)
			return false;
	return of->nleaves > 0 && of->rel->engine == NULL;
}

static bool
are_in_blocks(const struct partcut_of *of)
{
	return of->may_range && is_heap(of);
}

static bool
are_readable(const struct partcut_of *of)
{
	size_t i;

	for (i = 0; i < of->nleaves; i++)
		if (!of->leaves[i].readable)
			return false;
	return of->nleaves > 0;
}

static void
cut_leaves(struct cutting *c, const struct partcut_of *of)
{
	size_t i;

	for (i = 0; i < of->nleaves; i++) {
		const struct partcut_leaf *leaf = &of->leaves[i];
		struct partplan_part *p;

		if (of->may_range && leaf->by_blocks && leaf->blocks >= 0) {
			cut_blocks(c, of, leaf, 1, leaf);
			continue;
		}
		p = add_part(c, of, leaf->bytes);
		relname_set(&p->leaf, leaf->schema, leaf->name);
	}
}

/* ---- by values ---- */

static void
add_sample(struct buf *sql, const struct partcut_of *of)
{
	int64_t blocks = 0;
	size_t i;

	for (i = 0; i < of->nleaves; i++)
		blocks += of->leaves[i].blocks > 0 ? of->leaves[i].blocks : 0;
	if (blocks > SAMPLE && is_heap(of))
		buf_addf(sql, " TABLESAMPLE SYSTEM (%.6f)", 100.0 * SAMPLE / (double)blocks);
}

/* The first value of each share of the sample but the first, in the order that the parts are
 * compared by, not in that of the type's own operators. */
static PGresult *
read_bounds(struct cutting *c, const struct partcut_of *of, int64_t parts)
{
	struct buf sql = BUF_INIT;
	PGresult *res;

	buf_adds(
		&sql,
		"SELECT format('%s', v) FROM (SELECT DISTINCT v FROM (SELECT v, count(*) OVER () AS n,"
		" row_number() OVER (ORDER BY v USING OPERATOR(pg_catalog.<)) AS i"
		" FROM (SELECT ");
	ident_add_quoted(&sql, c->options->split_by);
	buf_adds(&sql, of->only ? " AS v FROM ONLY " : " AS v FROM ");
	relname_add_quoted(&of->rel->id, &sql);
	add_sample(&sql, of);
	buf_addf(&sql,
		 ") AS sample WHERE v IS NOT NULL) AS sorted"
		 " WHERE i > 1 AND (i - 1) * %" PRId64 " / n <> (i - 2) * %" PRId64
		 " / n) AS bounds"
		 " ORDER BY v USING OPERATOR(pg_catalog.<)",
		 parts, parts);
	res = db_query(c->db, c->e, buf_cstr(&sql), 0, NULL);
	buf_release(&sql);
	if (res == NULL)
		err_prefix(c->e, "--split-by=%s: ", c->options->split_by);
	return res;
}

static int
cut_values(struct cutting *c, const struct partcut_of *of)
{
	int64_t parts = count_parts(c, of->bytes);
	PGresult *res = read_bounds(c, of, parts);
	int i, n = res != NULL ? PQntuples(res) : -1;

	for (i = 0; i <= n; i++) {
		struct partplan_part *p = add_part(c, of,
						   of->bytes >= 0 ? of->bytes / (n + 1) : -1);

		p->column = xstrdup(c->options->split_by);
		p->from = i > 0 ? xstrdup(PQgetvalue(res, i - 1, 0)) : NULL;
		p->to = i < n ? xstrdup(PQgetvalue(res, i, 0)) : NULL;
	}
	PQclear(res);
	return n >= 0 ? 0 : -1;
}

/* ---- all ---- */

/* Rows of another server are read by a snapshot over there, which no two processes share. */
static bool
may_cut_values(const struct cutting *c, const struct partcut_of *of)
{
	const char *column = c->options->split_by;
	char *name;

	if (column == NULL || count_parts(c, of->bytes) <= 1 ||
	    relation_column_find(of->rel, column) < 0)
		return false;
	if (!of->elsewhere)
		return true;
	name = relname_text(&of->rel->id);
	log_warning(
		"%s is not cut by \"%s\": its rows are on another server, whose snapshot only "
		"one process has",
		name, column);
	free(name);
	return false;
}

static int
cut(struct cutting *c, const struct partcut_of *of)
{
	if (may_cut_values(c, of))
		return cut_values(c, of);
	if (of->partitioned && are_readable(of) && of->bytes > c->part_bytes)
		cut_leaves(c, of);
	else if (are_in_blocks(of))
		cut_blocks(c, of, of->leaves, of->nleaves, NULL);
	else
		add_part(c, of, of->bytes);
	return 0;
}

/* Of what is not known it may be much. */
static int
by_size(const void *a, const void *b)
{
	const struct partplan_part *p = a, *q = b;

	if (p->bytes != q->bytes)
		return p->bytes < 0 ? -1 : q->bytes < 0 ? 1 : p->bytes < q->bytes ? 1 : -1;
	if (p->relation != q->relation)
		return p->relation < q->relation ? -1 : 1;
	return (p->from_block > q->from_block) - (p->from_block < q->from_block);
}

static bool
has_column(const struct partcut_of *of, size_t n, const char *column)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (relation_column_find(of[i].rel, column) >= 0)
			return true;
	return false;
}

int
partcut_all(struct partplan *plan, const struct partcut_of *of, size_t n,
	    const struct extract_options *options, struct db *db, struct err *e)
{
	struct cutting c = {.plan = plan,
			    .options = options,
			    .part_bytes = options->part_bytes,
			    .db = db,
			    .e = e};
	int64_t total = 0;
	size_t i;

	if (options->split_by != NULL && !has_column(of, n, options->split_by))
		return err_usage(e, "split-by", "--split-by: there is no column \"%s\"",
				 options->split_by);
	for (i = 0; i < n; i++)
		total += of[i].bytes > 0 ? of[i].bytes : 0;
	if (options->nparts > 0)
		c.part_bytes = total / options->nparts + 1;
	for (i = 0; i < n; i++)
		if (cut(&c, &of[i]) != 0)
			return -1;
	qsort(plan->parts, plan->nparts, sizeof(*plan->parts), by_size);
	return 0;
}
