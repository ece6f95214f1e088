/*
 * A plan for people: what goes where, in which way, by which statements.
 */
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
		here = c->place >= 0 ? p->rel->columns[c->place].type : "";
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
			if (p->columns[j].place == (int)i)
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
	reason = stage_reason(p);
	fprintf(stderr, "Rows are staged in a temporary table and inserted from there: %s.\n",
		reason);
	free(reason);
}

static void
show_statement(const char *sql)
{
	struct buf line = BUF_INIT;

	if (sql == NULL)
		return;
	shown_add(&line, sql);
	fprintf(stderr, "  %s;\n", buf_cstr(&line));
	buf_release(&line);
}

static void
show_case(const char *text)
{
	fprintf(stderr, "  -- %s:\n", text);
}

/* Which lock it is depends on the rows, and on other loaders. */
static void
show_locks(const struct plan_stage *st)
{
	if (st->alone_sql != NULL) {
		if (st->key_columns != NULL)
			show_case("unless the keys are seen to ascend");
		show_statement(st->alone_sql);
		show_case(st->key_columns != NULL ? "if they are, or if that gives 0"
						  : "if that gives 0");
	}
	show_statement(st->queue_sql);
}

/* Whether there is an index for them depends on the number of rows, here and there. */
static void
show_merge(const struct plan_stage *st)
{
	show_statement(st->there_sql);
	show_case("if that gives 1 and 1");
	show_statement(st->index_sql);
	show_case("if it gives 1 and 1 or 0, and 1 again behind it");
	show_statement(st->settings_sql);
	show_statement(st->merge_sql);
	show_statement(st->reset_sql);
}

/* Which INSERT it is depends on the rows. */
static void
show_inserts(const struct plan_stage *st)
{
	if (st->sorted_sql != NULL) {
		if (st->again_sql != NULL) {
			show_case(
				"unless the keys are seen to be distinct, with the lock alone");
			show_statement(st->again_sql);
		}
		if (st->alone_sql != NULL)
			show_case(st->key_columns != NULL
					  ? "without it, unless they are seen to ascend"
					  : "without it");
		show_statement(st->unsorted_sql);
		show_case(st->alone_sql != NULL ? "if so, or if that finds nothing"
						: "if that finds nothing");
		if (st->merge_sql != NULL)
			show_merge(st);
		if (st->merge_sql != NULL && st->once)
			show_case("instead of MERGE, if a key may come twice");
		if (st->merge_sql == NULL || st->once)
			show_statement(st->sorted_sql);
		show_case("else, or if it fails");
	}
	show_statement(st->insert_sql);
	show_statement(st->rest_sql);
}

/* In the order in which they are run. */
static void
show_statements(const struct plan *p)
{
	const struct plan_stage *st = p->stage;

	show_statement(p->create_sql);
	show_statement(p->truncate_sql);
	if (p->key_first)
		show_statement(p->key_sql);
	if (st != NULL)
		show_statement(st->create_sql);
	show_statement(p->copy_sql);
	if (st != NULL) {
		show_statement(st->twice_sql);
		show_locks(st);
		show_statement(st->lock_sql);
		show_inserts(st);
	}
	if (!p->key_first)
		show_statement(p->key_sql);
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
	if (p->copy_sql == NULL)
		return; /* refused */
	show_route(p);
	if (log_shows_sql())
		show_statements(p);
}

char *
plan_show_line(const struct plan *p)
{
	struct buf b = BUF_INIT;
	size_t i;

	buf_addf(&b, "%zu columns, ", p->ncolumns);
	if (p->route == PLAN_DIRECT) {
		buf_adds(&b, "straight by COPY");
	} else {
		char *reason = stage_reason(p);

		buf_addf(&b, "staged and inserted (%s)", reason);
		free(reason);
	}
	for (i = 0; p->stage != NULL && i < p->stage->nkey; i++) {
		char *name = plan_show_name(p->columns[p->stage->key[i]].target);

		buf_addf(&b, "%s%s", i > 0 ? ", " : ", key ", name);
		free(name);
	}
	return buf_detach(&b);
}
