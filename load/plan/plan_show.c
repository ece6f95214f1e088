/*
 * A table of columns ("stream, type -> target, type, values"), one sentence on the route, and,
 * with -vv, the statements in their order.
 */
#include "load/plan/plan_show.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/shown.h"
#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "common/talk/log.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/plan/statements.h"
#include "load/stage/plan_stage.h"

enum cell { SOURCE, SOURCE_TYPE, TARGET, TARGET_TYPE, VALUES, CELLS };

char *
plan_show_name(const char *text)
{
	struct buf b = BUF_INIT;

	shown_add_name(&b, text);
	return buf_detach(&b);
}

/* In characters, for UTF-8. */
static size_t
width_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

static const char *
way_name(const struct plan *p, const struct plan_column *c)
{
	if (c->refused)
		return "refused";
	if (c->target == NULL)
		return "dropped";
	if (c->way == PLAN_CAST)
		return "cast";
	if (c->way == PLAN_TEXT)
		return "cast through text";
	return p->text ? "read from text" : "as they are";
}

static void
fill_row(const struct plan *p, size_t i, char **cells)
{
	const struct plan_column *c = &p->columns[i];
	const char *type = p->schema != NULL ? p->schema->columns[i].type : "?";
	const char *here = type;

	if (p->rel != NULL)
		here = c->position >= 0 ? p->rel->columns[c->position].type : "";
	cells[SOURCE] = plan_show_name(c->source);
	cells[SOURCE_TYPE] = plan_show_name(type);
	cells[TARGET] = plan_show_name(c->target != NULL ? c->target : "-");
	cells[TARGET_TYPE] = plan_show_name(c->target != NULL ? here : "");
	cells[VALUES] = c->loss != NULL ? xasprintf("%s; %s", way_name(p, c), c->loss)
					: xstrdup(way_name(p, c));
}

/* Columns of the table that the stream does not carry. */
static size_t
fill_left_over(const struct plan *p, char *(*rows)[CELLS])
{
	size_t i, j, n = 0;

	for (i = 0; p->rel != NULL && i < p->rel->ncolumns; i++) {
		const struct relation_column *rc = &p->rel->columns[i];

		for (j = 0; j < p->ncolumns; j++)
			if (p->columns[j].position == (int)i)
				break;
		if (j < p->ncolumns)
			continue;
		rows[n][SOURCE] = xstrdup("-");
		rows[n][SOURCE_TYPE] = xstrdup("");
		rows[n][TARGET] = plan_show_name(rc->name);
		rows[n][TARGET_TYPE] = plan_show_name(rc->type);
		rows[n][VALUES] = xstrdup(rc->generated     ? "generated"
					  : rc->has_default ? "default"
					  : rc->not_null    ? "refused"
							    : "NULL");
		n++;
	}
	return n;
}

static void
print_rows(char *(*rows)[CELLS], size_t n)
{
	size_t width[CELLS] = {0}, i, c;

	for (i = 0; i < n; i++)
		for (c = 0; c < CELLS; c++)
			if (width_of(rows[i][c]) > width[c])
				width[c] = width_of(rows[i][c]);
	for (i = 0; i < n; i++) {
		fputs("  ", stderr);
		for (c = 0; c < CELLS; c++) {
			const char *gap = c == SOURCE_TYPE ? "  -> " : "  ";
			int pad = (int)(width[c] - width_of(rows[i][c]));

			if (c + 1 < CELLS)
				fprintf(stderr, "%s%*s%s", rows[i][c], pad, "", gap);
			else
				fprintf(stderr, "%s\n", rows[i][c]);
		}
	}
}

static void
show_columns(const struct plan *p)
{
	static const char *const heads[CELLS] = {"stream", "type", "target", "type", "values"};
	size_t most = 1 + p->ncolumns + (p->rel != NULL ? p->rel->ncolumns : 0), n = 0, i, c;
	char *(*rows)[CELLS] = xcalloc(most, sizeof(*rows));

	for (c = 0; c < CELLS; c++)
		rows[n][c] = xstrdup(heads[c]);
	for (n = 1, i = 0; i < p->ncolumns; i++)
		fill_row(p, i, rows[n++]);
	n += fill_left_over(p, rows + n);
	print_rows(rows, n);
	for (i = 0; i < n; i++)
		for (c = 0; c < CELLS; c++)
			free(rows[i][c]);
	free(rows);
}

static bool
has_casts(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].way != PLAN_SAME)
			return true;
	return false;
}

/* Why rows are staged; the caller frees it. */
static char *
stage_reason(const struct plan *p)
{
	if (p->stage_reason != NULL)
		return xstrdup(p->stage_reason);
	if (has_casts(p))
		return xstrdup("values are cast");
	if (!p->rules->conflict->has_key)
		return xstrdup("--rejects");
	return xasprintf("--conflict=%s", p->rules->conflict->word);
}

static void
show_route(const struct plan *p)
{
	char *reason;

	if (p->route == PLAN_DIRECT) {
		fputs("Rows go straight into it by COPY.\n", stderr);
		return;
	}
	if (p->rules->keys == KEYS_ALONE) {
		fputs("Keys are staged in a temporary table, to tell which rows are absent.\n",
		      stderr);
		return;
	}
	if (plan_stage_is_named(p->stage)) {
		fputs("Rows go straight into it by COPY; if many are refused, the others are "
		      "staged in a temporary table.\n",
		      stderr);
		return;
	}
	reason = stage_reason(p);
	fprintf(stderr, "Rows are staged in a temporary table and inserted from there: %s.\n",
		reason);
	free(reason);
}

static void
show_indexes(const struct plan *p)
{
	if (p->sql[SQL_UNINDEX] != NULL)
		fputs("Its indexes are dropped before the rows and built behind them.\n",
		      stderr);
	if (p->indexes_stay != NULL)
		fprintf(stderr, "Its indexes stay: %s.\n", p->indexes_stay);
}

/* Which of them are run depends on the rows, and on other loaders. */
static void
show_statements(const struct plan *p)
{
	struct buf line = BUF_INIT;
	enum statement id;

	for (id = 0; id < STATEMENTS; id++) {
		const char *when = statements_when(p, id);

		if (!statements_is_step(p, id))
			continue;
		if (when != NULL)
			fprintf(stderr, "  -- %s:\n", when);
		line.len = 0;
		shown_add(&line, p->sql[id]);
		fprintf(stderr, "  %s;\n", buf_cstr(&line));
	}
	buf_release(&line);
}

void
plan_show(const struct plan *p)
{
	bool dry_run = p->rules->dry_run || (p->header != NULL && p->header->dry_run);
	bool check = p->rules->check; /* has a shorter table */
	char *schema, *name;

	if ((!log_verbose() && (!dry_run || check)) || log_is_json())
		return;
	schema = plan_show_name(p->target.schema != NULL ? p->target.schema : "");
	name = plan_show_name(p->target.name);
	fprintf(stderr, "Plan for %s.%s (%s):\n", schema, name,
		p->rel == NULL ? "to be created" : relation_kind_name(p->rel->kind));
	free(schema);
	free(name);
	show_columns(p);
	if (p->sql[SQL_COPY] == NULL && p->sql[SQL_STAGE_COPY] == NULL)
		return; /* refused */
	show_route(p);
	show_indexes(p);
	if (log_shows_sql())
		show_statements(p);
}

char *
plan_show_line(const struct plan *p)
{
	struct buf b = BUF_INIT;
	size_t i;

	buf_addf(&b, "%zu columns, ", p->ncolumns);
	if (p->rules->keys == KEYS_ALONE) {
		buf_adds(&b, "keys, to tell which rows are absent");
	} else if (p->route == PLAN_DIRECT || plan_stage_is_named(p->stage)) {
		buf_adds(&b, "straight by COPY");
	} else {
		char *reason = stage_reason(p);

		buf_addf(&b, "staged and inserted (%s)", reason);
		free(reason);
	}
	if (p->sql[SQL_ADD] != NULL)
		buf_addf(&b, ", behind %s", p->sql[SQL_ADD]);
	for (i = 0; p->stage != NULL && i < p->stage->nkey; i++) {
		char *name = plan_show_name(p->columns[p->stage->key[i]].target);

		buf_addf(&b, "%s%s", i > 0 ? ", " : ", key ", name);
		free(name);
	}
	if (p->stage != NULL && p->stage->finds)
		buf_adds(&b, ", absent rows are deleted");
	if (p->sql[SQL_UNINDEX] != NULL)
		buf_adds(&b, ", indexes are built behind the rows");
	if (p->indexes_stay != NULL)
		buf_addf(&b, ", indexes stay: %s", p->indexes_stay);
	return buf_detach(&b);
}
