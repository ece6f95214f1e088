/*
 * What the builders of SQL write, without a server: plans are made by hand, a shape each,
 * and all their statements compared with tests/golden/SHAPE.sql.  UPDATE=1 writes these
 * files anew, for somebody to read what has become different.  That a statement does what
 * it is for is shown where it is run, by tests/load.
 */
#include <dirent.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/pack.h"
#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "load/match/plan.h"
#include "load/plan/planner.h"
#include "load/plan/planpack.h"
#include "load/plan/statements.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"
#include "tests/unit/sql_shapes.h"
#include "tests/unit/tap.h"

#define NAME(id) [id] = #id
static const char *const names[STATEMENTS] = {
	NAME(SQL_ADD),        NAME(SQL_UNINDEX),     NAME(SQL_INDEXES),   NAME(SQL_STAGE),
	NAME(SQL_NUMBERS),    NAME(SQL_BAD),         NAME(SQL_NUMBER),    NAME(SQL_STAGE_COPY),
	NAME(SQL_TWICE),      NAME(SQL_CREATE),      NAME(SQL_TRUNCATE),  NAME(SQL_KEY_FIRST),
	NAME(SQL_LOCK),       NAME(SQL_COPY),        NAME(SQL_KEYS),      NAME(SQL_KEYS_INDEX),
	NAME(SQL_KEYS_LEAVE), NAME(SQL_ALONE),       NAME(SQL_QUEUE),     NAME(SQL_AWAIT),
	NAME(SQL_LOCK_OLD),   NAME(SQL_ZERO),        NAME(SQL_UPDATES),   NAME(SQL_AGAIN),
	NAME(SQL_UNSORTED),   NAME(SQL_THERE),       NAME(SQL_INDEX),     NAME(SQL_SETTINGS),
	NAME(SQL_MERGE),      NAME(SQL_RESET),       NAME(SQL_SORTED),    NAME(SQL_RESTART),
	NAME(SQL_INSERT),     NAME(SQL_REACHED),     NAME(SQL_REST),      NAME(SQL_ROUNDS),
	NAME(SQL_NULLS),      NAME(SQL_LATEST),      NAME(SQL_ROUND),     NAME(SQL_DROP_REST),
	NAME(SQL_LINE),       NAME(SQL_NEXT),        NAME(SQL_PIECE),     NAME(SQL_PIECE_ROW),
	NAME(SQL_LEAVE),      NAME(SQL_GUESS),       NAME(SQL_LACKING),   NAME(SQL_BEHIND),
	NAME(SQL_THIN),       NAME(SQL_IN_LINE),     NAME(SQL_DROP_LINE), NAME(SQL_CLEAN),
	NAME(SQL_COUNTS),     NAME(SQL_FIND),        NAME(SQL_LAST),      NAME(SQL_GATHER),
	NAME(SQL_DROP),       NAME(SQL_KEY),         NAME(SQL_CAST),      NAME(SQL_MISSING),
	NAME(SQL_CUT_VALUES), NAME(SQL_CUT_REFS),    NAME(SQL_CUT_TWICE), NAME(SQL_HOLD),
	NAME(SQL_PRESENT),    NAME(SQL_ABSENT),      NAME(SQL_STILL),     NAME(SQL_DELETE),
	NAME(SQL_LOST),       NAME(SQL_DELETE_LAST), NAME(SQL_ASIDE),     NAME(SQL_BUILD),
	NAME(SQL_EXCHANGE),   NAME(SQL_SHARED),      NAME(SQL_LIKE),      NAME(SQL_PLACE),
	NAME(SQL_BESIDE),     NAME(SQL_GONE),        NAME(SQL_GONE_COPY),
};

/* Statements that some shape has. */
static bool seen[STATEMENTS];

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

/* As a set's plans do: it comes back from its bytes, and is as good as it was. */
static void
sleep_and_wake(struct made *m)
{
	struct buf b = BUF_INIT;
	struct unpack from;
	struct plan *p;

	if (!planpack_may(m->p))
		return;
	planpack_add(&b, m->p);
	from = (struct unpack){b.data, b.len};
	p = planpack_take(&from);
	p->rules = m->p->rules;
	p->header = m->p->header;
	p->schema = m->p->schema;
	planner_free(m->p);
	m->p = p;
	buf_release(&b);
}

static char *
write_all(const struct shape *shape)
{
	struct buf b = BUF_INIT;
	enum statement id;
	struct made m;

	begin(&m);
	shape->make(&m);
	sleep_and_wake(&m);
	statements_write(m.p);
	sleep_and_wake(&m);
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
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f != NULL) {
		fputs(text, f);
		fclose(f);
	}
}

/* The first line that is not the same, as wanted and as got. */
static void
show_difference(const char *want, const char *got)
{
	size_t same = 0, line = 0;

	for (; want[same] != '\0' && want[same] == got[same]; same++) {
		if (want[same] == '\n')
			line = same + 1;
	}
	printf("# want: %.*s\n# got:  %.*s\n", (int)strcspn(want + line, "\n"), want + line,
	       (int)strcspn(got + line, "\n"), got + line);
}

static void
check(const struct shape *shape)
{
	char *path = xasprintf("golden/%s.sql", shape->name), *got = write_all(shape);
	char *want;

	if (getenv("UPDATE") != NULL)
		write_file(path, got);
	want = read_file(path);
	if (!ok(strcmp(got, want) == 0, "%s: %s", shape->name, shape->what))
		show_difference(want, got);
	free(want);
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
