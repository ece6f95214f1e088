/*
 * What the builders of SQL write, without a server: plans are made by hand, a shape each,
 * and all their statements compared with tests/golden/SHAPE.sql.  UPDATE=1 writes these
 * files anew, for somebody to read what has become different.  That a statement does what
 * it is for is shown where it is run, by tests/load.
 */
#include <dirent.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "common/rows/keyrun.h"
#include "common/schema/header.h"
#include "load/match/plan.h"
#include "load/plan/planner.h"
#include "load/plan/statements.h"
#include "load/rules/rules.h"
#include "load/stage/plan_rejects.h"
#include "load/stage/plan_stage.h"
#include "tests/unit/tap.h"

#define COLUMNS 8 /* there is room for */

#define NAME(id) [id] = #id
static const char *const names[STATEMENTS] = {
	NAME(SQL_STAGE),      NAME(SQL_BAD),     NAME(SQL_NUMBER),    NAME(SQL_STAGE_COPY),
	NAME(SQL_TWICE),      NAME(SQL_CREATE),  NAME(SQL_TRUNCATE),  NAME(SQL_KEY_FIRST),
	NAME(SQL_LOCK),       NAME(SQL_COPY),    NAME(SQL_KEYS),      NAME(SQL_KEYS_INDEX),
	NAME(SQL_KEYS_LEAVE), NAME(SQL_ALONE),   NAME(SQL_QUEUE),     NAME(SQL_LOCK_OLD),
	NAME(SQL_ZERO),       NAME(SQL_UPDATES), NAME(SQL_AGAIN),     NAME(SQL_UNSORTED),
	NAME(SQL_THERE),      NAME(SQL_INDEX),   NAME(SQL_SETTINGS),  NAME(SQL_MERGE),
	NAME(SQL_RESET),      NAME(SQL_SORTED),  NAME(SQL_RESTART),   NAME(SQL_INSERT),
	NAME(SQL_REACHED),    NAME(SQL_REST),    NAME(SQL_ROUNDS),    NAME(SQL_CHANGES),
	NAME(SQL_LATEST),     NAME(SQL_ROUND),   NAME(SQL_DROP_REST), NAME(SQL_LINE),
	NAME(SQL_NEXT),       NAME(SQL_PIECE),   NAME(SQL_LEAVE),     NAME(SQL_GUESS),
	NAME(SQL_BEHIND),     NAME(SQL_THIN),    NAME(SQL_IN_LINE),   NAME(SQL_DROP_LINE),
	NAME(SQL_CLEAN),      NAME(SQL_COUNTS),  NAME(SQL_FIND),      NAME(SQL_LAST),
	NAME(SQL_GATHER),     NAME(SQL_DROP),    NAME(SQL_KEY),
};

/* Statements that some shape has. */
static bool seen[STATEMENTS];

struct made {
	struct plan *p;
	struct plan_stage *st; /* p->stage */
	struct relation *rel;  /* p->rel, unless that is to be created */
	struct header *header;
	struct load_rules rules;
	struct ident_list none;
};

/* Column ${name}: what the stream sends as ${from} goes into the table's ${to}. */
static struct plan_column *
add_column(struct made *m, const char *name, const char *from, const char *to)
{
	struct plan *p = m->p;
	size_t i = p->ncolumns++;

	schema_add_column(&m->header->schema, name, from, NULL);
	p->columns[i] = (struct plan_column){
		.source = name, .target = xstrdup(name), .position = (int)m->rel->ncolumns};
	p->keep[i] = true;
	m->rel->columns[m->rel->ncolumns++] = (struct relation_column){
		.name = xstrdup(name), .type = xstrdup(to), .base = xstrdup(to)};
	return &p->columns[i];
}

static void
begin(struct made *m)
{
	struct plan *p = xcalloc(1, sizeof(*p));

	*m = (struct made){.p = p, .header = header_new()};
	m->rel = xcalloc(1, sizeof(*m->rel));
	m->rel->columns = xcalloc(COLUMNS, sizeof(*m->rel->columns));
	m->rel->kind = 'r';
	m->rel->oid = 16384;
	m->rules = (struct load_rules){.from = &m->none,
				       .to = &m->none,
				       .key = &m->none,
				       .conflict = rules_conflict(CONFLICT_FAIL)};
	p->rules = &m->rules;
	p->header = m->header;
	p->schema = &m->header->schema;
	p->columns = xcalloc(COLUMNS, sizeof(*p->columns));
	p->keep = xcalloc(COLUMNS, sizeof(*p->keep));
	p->rel = m->rel;
	relname_set(&p->target, "public", "orders");
}

static void
three_columns(struct made *m)
{
	add_column(m, "id", "bigint", "bigint");
	add_column(m, "note", "text", "text");
	add_column(m, "changed", "timestamp with time zone", "timestamp with time zone");
}

static void
stage(struct made *m)
{
	m->st = xcalloc(1, sizeof(*m->st));
	strcpy(m->st->id, "0123456789abcdef");
	m->st->newer = -1;
	m->p->stage = m->st;
	m->p->route = PLAN_STAGED;
}

static void
add_key(struct made *m, size_t column)
{
	struct plan_stage *st = m->st;

	if (st->key == NULL) {
		st->key = xcalloc(COLUMNS, sizeof(*st->key));
		st->key_equal = xcalloc(COLUMNS, sizeof(*st->key_equal));
		st->key_collation = xcalloc(COLUMNS, sizeof(*st->key_collation));
		st->index = 16390;
	}
	st->key_equal[st->nkey] = xstrdup("OPERATOR(pg_catalog.=)");
	st->key_collation[st->nkey] = xstrdup("");
	st->key[st->nkey++] = column;
}

/* Rows may conflict by column 0, and nothing of the table is in the way of anything. */
static void
upsert(struct made *m, enum rules_conflict word)
{
	stage(m);
	m->rules.conflict = rules_conflict(word);
	m->st->facts.counted = true;
	m->st->sets = m->rules.conflict->sets;
	m->st->once = m->rules.conflict->keeps;
	m->st->plain = !m->st->once;
	add_key(m, 0);
}

/* The catalog has something that counting by the server's own counters does not see. */
static void
not_plain(struct made *m)
{
	m->st->facts.counted = false;
	m->st->plain = false;
}

static void
reject(struct made *m)
{
	m->rules.rejects = true;
	m->st->plain = false;
	m->st->rejects = xcalloc(1, sizeof(*m->st->rejects));
	m->st->rejects->line = m->rules.conflict->has_key;
	m->st->rejects->first = m->rules.conflict->has_key &&
				m->rules.duplicates != DUPLICATES_LAST;
}

/* The table is not there. */
static void
create(struct made *m)
{
	struct plan *p = m->p;
	size_t i;

	for (i = 0; i < p->ncolumns; i++) {
		p->columns[i].position = -1;
		p->columns[i].new_type = xstrdup(m->rel->columns[i].type);
		p->columns[i].new_base = xstrdup(m->rel->columns[i].base);
	}
	schema_add_key(&m->header->schema, p->columns[0].source);
	p->schema->columns[0].not_null = true;
	relation_free(m->rel);
	m->rel = p->rel = NULL;
	m->rules.create = true;
	if (m->st != NULL) {
		not_plain(m);
		m->st->index = 0;
	}
}

static void
direct(struct made *m)
{
	three_columns(m);
}

static void
direct_text(struct made *m)
{
	three_columns(m);
	m->p->text = true;
}

static void
direct_dropped(struct made *m)
{
	three_columns(m);
	free(m->p->columns[1].target);
	m->p->columns[1] = (struct plan_column){.source = "note", .position = -1};
	m->p->keep[1] = false;
}

static void
create_direct(struct made *m)
{
	three_columns(m);
	create(m);
	m->p->columns[1].new_collation = xstrdup("pg_catalog.\"C\"");
}

static void
create_batches(struct made *m)
{
	create_direct(m);
	m->rules.batches = true;
}

static void
create_overwrite(struct made *m)
{
	three_columns(m);
	upsert(m, CONFLICT_OVERWRITE);
	m->st->folds = true;
	create(m);
}

static void
truncate_direct(struct made *m)
{
	three_columns(m);
	m->rules.truncate = true;
}

static void
truncate_batches(struct made *m)
{
	truncate_direct(m);
	m->rules.batches = true;
}

static void
skip(struct made *m)
{
	three_columns(m);
	upsert(m, CONFLICT_SKIP);
}

/* All rows of a key are written. */
static void
in_rounds(struct made *m)
{
	three_columns(m);
	upsert(m, CONFLICT_OVERWRITE);
}

static void
overwrite_checks(struct made *m)
{
	in_rounds(m);
	m->st->facts.checks = true;
}

static void
overwrite(struct made *m)
{
	in_rounds(m);
	m->st->folds = true;
}

static void
overwrite_by_merge(struct made *m)
{
	overwrite(m);
	m->st->merges = true;
	m->st->key_columns = xcalloc(1, sizeof(*m->st->key_columns));
	m->st->key_columns[0] = (struct keyrun_column){0, KEYRUN_SIGNED, 8};
}

static void
merge(struct made *m)
{
	three_columns(m);
	upsert(m, CONFLICT_MERGE);
}

static void
merge_by_merge(struct made *m)
{
	merge(m);
	m->st->merges = true;
}

static void
newer(struct made *m)
{
	in_rounds(m);
	m->rules.newer = "changed";
	m->st->newer = 2;
}

static void
duplicates_first(struct made *m)
{
	in_rounds(m);
	m->rules.duplicates = DUPLICATES_FIRST;
	m->st->plain = false;
}

static void
duplicates_error(struct made *m)
{
	in_rounds(m);
	m->rules.duplicates = DUPLICATES_ERROR;
	m->st->plain = false;
}

static void
casts(struct made *m)
{
	struct plan_column *c;

	add_column(m, "id", "bigint", "bigint");
	c = add_column(m, "price", "double precision", "numeric(10,2)");
	c->way = PLAN_CAST;
	c->stage_type = xstrdup("double precision");
	c = add_column(m, "mood", "text", "public.mood");
	c->way = PLAN_TEXT;
	c->stage_type = xstrdup("text");
	c->cast_type = xstrdup("public.mood");
	stage(m);
}

static void
casts_overwrite(struct made *m)
{
	casts(m);
	free(m->st);
	upsert(m, CONFLICT_OVERWRITE);
}

static void
composite_key(struct made *m)
{
	overwrite(m);
	add_key(m, 2);
}

static void
key_alone(struct made *m)
{
	add_column(m, "id", "bigint", "bigint");
	upsert(m, CONFLICT_OVERWRITE);
	m->st->sets = m->st->plain = false;
	m->st->once = true;
}

static void
nulls_not_distinct(struct made *m)
{
	in_rounds(m);
	m->st->null_keys = true;
}

static void
partitioned(struct made *m)
{
	overwrite(m);
	m->rel->kind = 'p';
}

static void
triggers_after(struct made *m)
{
	in_rounds(m);
	not_plain(m);
	m->st->facts.after_triggers = true;
}

static void
triggers_before_update(struct made *m)
{
	in_rounds(m);
	not_plain(m);
	m->st->facts.update_triggers = true;
}

static void
triggers_before_insert(struct made *m)
{
	merge(m);
	not_plain(m);
	m->st->facts.insert_triggers = m->st->look_first = true;
}

static void
identity_always(struct made *m)
{
	overwrite(m);
	m->rel->columns[1].identity_always = true;
}

static void
rejects_insert(struct made *m)
{
	three_columns(m);
	stage(m);
	reject(m);
}

static void
rejects_late(struct made *m)
{
	rejects_insert(m);
	m->st->rejects->late = m->st->rejects->line = true;
}

static void
rejects_overwrite(struct made *m)
{
	in_rounds(m);
	reject(m);
}

static void
rejects_self(struct made *m)
{
	rejects_overwrite(m);
	m->st->rejects->late = m->st->rejects->self = true;
}

static void
rejects_skip(struct made *m)
{
	skip(m);
	reject(m);
}

/* A key may have no value, which is seen before the rows are ranked by it. */
static void
rejects_key_cast(struct made *m)
{
	rejects_overwrite(m);
	m->p->columns[0].way = PLAN_TEXT;
	m->p->columns[0].stage_type = xstrdup("text");
	m->p->columns[0].cast_type = xstrdup("bigint");
}

static void
rejects_first(struct made *m)
{
	in_rounds(m);
	m->rules.duplicates = DUPLICATES_FIRST;
	reject(m);
}

static void
rejects_error(struct made *m)
{
	in_rounds(m);
	m->rules.duplicates = DUPLICATES_ERROR;
	reject(m);
}

/* Names that would end a quoted one, a constant or a statement, were they not quoted. */
static void
hostile_names(struct made *m)
{
	add_column(m, "\"; DROP TABLE t; --", "bigint", "bigint");
	add_column(m, "it's\\", "text", "\"we\"\"ird\".\"ty pe\"");
	add_column(m, "$1 %s\n*/ /*", "text", "text");
	upsert(m, CONFLICT_MERGE);
	relname_set(&m->p->target, "sch\"ema", "\xc3\xa4 'b' \\ \"c\"");
	m->rel->columns[1].collation = xstrdup("\"co\"\"ll\".\"a'te\"");
}

static const struct shape {
	const char *name, *what;
	void (*make)(struct made *m);
} shapes[] = {
	{"direct", "COPY into the table", direct},
	{"direct_text", "the same with rows of text", direct_text},
	{"direct_dropped", "a column of the stream is dropped", direct_dropped},
	{"create", "--create, with the stream's primary key", create_direct},
	{"create_batches", "--create --commit=batch", create_batches},
	{"create_overwrite", "--create --conflict=overwrite", create_overwrite},
	{"truncate", "--truncate", truncate_direct},
	{"truncate_batches", "--truncate --commit=batch", truncate_batches},
	{"skip", "--conflict=skip", skip},
	{"overwrite", "--conflict=overwrite", overwrite},
	{"overwrite_checks", "the same, and the table has CHECK constraints", overwrite_checks},
	{"overwrite_by_merge", "the same where MERGE can do it and keys are watched",
	 overwrite_by_merge},
	{"merge", "--conflict=merge", merge},
	{"merge_by_merge", "the same where MERGE can do it", merge_by_merge},
	{"newer", "--conflict=overwrite --newer=changed", newer},
	{"duplicates_first", "--conflict=overwrite --duplicates=first", duplicates_first},
	{"duplicates_error", "--conflict=overwrite --duplicates=error", duplicates_error},
	{"casts", "an assignment cast, and a type that reads the text", casts},
	{"casts_overwrite", "the same with --conflict=overwrite", casts_overwrite},
	{"composite_key", "--conflict=overwrite --key=id,changed", composite_key},
	{"key_alone", "--conflict=overwrite, and the stream carries keys only", key_alone},
	{"nulls_not_distinct", "the key's index is NULLS NOT DISTINCT", nulls_not_distinct},
	{"partitioned", "--conflict=overwrite into a partitioned table", partitioned},
	{"triggers_after", "it has AFTER triggers", triggers_after},
	{"triggers_before_update", "it has BEFORE UPDATE triggers", triggers_before_update},
	{"triggers_before_insert", "it has BEFORE INSERT triggers; --conflict=merge",
	 triggers_before_insert},
	{"identity_always", "a column is GENERATED ALWAYS AS IDENTITY", identity_always},
	{"rejects", "--rejects", rejects_insert},
	{"rejects_late", "--rejects, constraints are checked behind the rows", rejects_late},
	{"rejects_overwrite", "--rejects --conflict=overwrite", rejects_overwrite},
	{"rejects_self", "the same, and rows refer to each other", rejects_self},
	{"rejects_skip", "--rejects --conflict=skip", rejects_skip},
	{"rejects_key_cast", "--rejects --conflict=overwrite, the key is read from text",
	 rejects_key_cast},
	{"rejects_first", "--rejects --conflict=overwrite --duplicates=first", rejects_first},
	{"rejects_error", "--rejects --conflict=overwrite --duplicates=error", rejects_error},
	{"hostile_names", "names that have to be quoted; --conflict=merge", hostile_names},
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

/* Words before which a line of a golden file ends, for who reads it. */
static bool
begins_line(const char *sql)
{
	static const char *const words[] = {
		"FROM ",        "WHERE ",     "SELECT ",     "JOIN ",  "LEFT ",
		"ON CONFLICT ", "WHEN ",      "ORDER BY ",   "USING ", "VALUES ",
		"WINDOW ",      "RETURNING ", "UPDATE SET ",
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(sql, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* Some spaces outside quotes become ends of lines. */
static void
add_sql(struct buf *b, const char *sql)
{
	char quote = '\0';

	for (; *sql != '\0'; sql++) {
		if (quote == '\0' && (*sql == '"' || *sql == '\''))
			quote = *sql;
		else if (*sql == quote)
			quote = '\0';
		if (quote == '\0' && *sql == ' ' && sql[-1] == ';')
			buf_addc(b, '\n');
		else if (quote == '\0' && *sql == ' ' && begins_line(sql + 1))
			buf_adds(b, "\n    ");
		else
			buf_addc(b, *sql);
	}
}

static char *
write_all(const struct shape *shape)
{
	struct buf b = BUF_INIT;
	enum statement id;
	struct made m;

	begin(&m);
	shape->make(&m);
	statements_write(m.p);
	buf_addf(&b, "-- %s\n", shape->what);
	for (id = 0; id < STATEMENTS; id++) {
		const char *when = statements_when(m.p, id);

		if (m.p->sql[id] == NULL)
			continue;
		seen[id] = true;
		buf_addf(&b, "\n-- %s: %s%s%s\n", names[id], statements_label(id),
			 when != NULL ? "; " : "", when != NULL ? when : "");
		add_sql(&b, m.p->sql[id]);
		buf_adds(&b, ";\n");
	}
	planner_free(m.p);
	header_free(m.header);
	return buf_detach(&b);
}

static char *
read_file(const char *path)
{
	struct buf b = BUF_INIT;
	FILE *f = fopen(path, "r");
	int c;

	while (f != NULL && (c = getc(f)) != EOF)
		buf_addc(&b, (char)c);
	if (f != NULL)
		fclose(f);
	return buf_detach(&b);
}

static void
write_to(FILE *f, const char *text, int (*finish)(FILE *f))
{
	if (f != NULL) {
		fputs(text, f);
		finish(f);
	}
}

static void
check(const struct shape *shape)
{
	char *path = xasprintf("golden/%s.sql", shape->name), *got = write_all(shape);
	char *diff = xasprintf("diff -u %s - | sed 's/^/# /'", path), *want;

	if (getenv("UPDATE") != NULL)
		write_to(fopen(path, "w"), got, fclose);
	want = read_file(path);
	if (!ok(strcmp(got, want) == 0, "%s: %s", shape->name, shape->what))
		write_to(popen(diff, "w"), got, pclose);
	free(want);
	free(diff);
	free(got);
	free(path);
}

/* Each file is a shape's. */
static void
check_folder(void)
{
	DIR *dir = opendir("golden");
	const struct dirent *entry;
	size_t n = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		n += strstr(entry->d_name, ".sql") != NULL;
	if (dir != NULL)
		closedir(dir);
	is_int((long long)n, (long long)SHAPES, "golden/ has a file for each shape");
}

int
main(void)
{
	enum statement id;
	size_t i;

	for (i = 0; i < SHAPES; i++)
		check(&shapes[i]);
	for (id = 0; id < STATEMENTS; id++)
		ok(seen[id] && names[id] != NULL, "some shape has %s",
		   names[id] != NULL ? names[id] : "a statement without a name here");
	check_folder();
	return tap_done();
}
