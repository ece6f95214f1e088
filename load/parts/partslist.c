/*
 * The ledger lists what is done or running; all else of the plan is missing.
 */
#include "load/parts/partslist.h"

#include <jansson.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/jsontext.h"
#include "common/base/relname.h"
#include "common/base/shown.h"
#include "common/os/writeall.h"
#include "common/parts/partplan.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/schema/position.h"
#include "load/ledger/ledger.h"
#include "load/ledger/runplan.h"
#include "load/options/options.h"

/* What there is of the run; res NULL: nothing. */
struct list {
	const struct partplan *plan;
	struct run_found run;
	PGresult *res;
};

static int
look(struct list *l, const struct run *run, struct db *db, struct err *e)
{
	struct run_found found;
	int rc = session_begin(db, SESSION_PLAN, -1, e);

	if (rc == 0)
		rc = runs_look(run, db, 0, &found, e);
	if (rc == 0 && found.known) {
		l->run = found;
		l->res = runs_list(run, db, e);
		rc = l->res != NULL ? 0 : -1;
	}
	session_rollback(db);
	return rc;
}

/* Row of part ${number}, or -1; ${*at} is where those of lesser numbers end. */
static int
row_of(const struct list *l, size_t number, int *at)
{
	int n = l->res != NULL ? PQntuples(l->res) : 0;

	while (*at < n && strtoull(PQgetvalue(l->res, *at, RUNS_NUMBER), NULL, 10) < number)
		(*at)++;
	return *at < n && strtoull(PQgetvalue(l->res, *at, RUNS_NUMBER), NULL, 10) == number
		       ? *at
		       : -1;
}

static const char *
field(const struct list *l, int row, enum runs_column column, const char *none)
{
	return row < 0 || PQgetisnull(l->res, row, (int)column)
		       ? none
		       : PQgetvalue(l->res, row, (int)column);
}

/* The partition, where a part is one's. */
static char *
name_of(const struct list *l, size_t i)
{
	const struct partplan_part *p = &l->plan->parts[i];

	return relname_text(p->leaf.name != NULL ? &p->leaf
						 : &partplan_relation_of(l->plan, p)->id);
}

static void
print_text(const struct list *l)
{
	size_t i, done = 0;
	int at = 0;

	printf("%8s  %-8s %14s  %-22s  %s\n", "part", "state", "rows", "at", "relation");
	for (i = 0; i < l->plan->nparts; i++) {
		int row = row_of(l, i + 1, &at);
		struct buf name = BUF_INIT;
		char *text = name_of(l, i);

		shown_add(&name, text);
		printf("%8zu  %-8s %14s  %-22s  %s\n", i + 1,
		       field(l, row, RUNS_STATE, "missing"), field(l, row, RUNS_ROWS, ""),
		       field(l, row, RUNS_AT, ""), buf_cstr(&name));
		done += strcmp(field(l, row, RUNS_STATE, ""), "done") == 0;
		buf_release(&name);
		free(text);
	}
	printf("run %s: %zu of %zu parts done, %s\n", l->plan->id, done, l->plan->nparts,
	       l->run.published ? "published" : "not published");
}

static json_t *
part_json(const struct list *l, size_t i, int row)
{
	const char *state = field(l, row, RUNS_STATE, "missing");
	const char *rows = field(l, row, RUNS_ROWS, NULL);
	char *name = name_of(l, i);
	json_t *doc = json_pack("{s:I, s:s, s:o}", "number", (json_int_t)i + 1, "status", state,
				"relation", jsontext(name));

	if (rows != NULL)
		json_object_set_new(doc, "rows", json_integer(strtoll(rows, NULL, 10)));
	if (field(l, row, RUNS_AT, NULL) != NULL)
		json_object_set_new(doc, "at", jsontext(field(l, row, RUNS_AT, NULL)));
	if (field(l, row, RUNS_DIGEST, "")[0] != '\0')
		json_object_set_new(doc, "rows_digest",
				    jsontext(field(l, row, RUNS_DIGEST, NULL)));
	free(name);
	return doc;
}

static void
print_json(const struct list *l)
{
	json_t *parts = json_array(), *doc;
	size_t i;
	int at = 0;

	for (i = 0; i < l->plan->nparts; i++)
		json_array_append_new(parts, part_json(l, i, row_of(l, i + 1, &at)));
	doc = json_pack("{s:s, s:b, s:o}", "run", l->plan->id, "published",
			(int)l->run.published, "parts", parts);
	json_dumpf(doc, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(doc);
}

/* It has a value, and no position. */
static bool
is_sequence(const struct list *l, size_t i)
{
	const struct partplan_relation *r = partplan_relation_of(l->plan, &l->plan->parts[i]);

	return json_object_get(r->header, "sequence") != NULL;
}

static int
print_positions(const struct list *l, struct err *e)
{
	const char *before = "";
	size_t i;
	int at = 0;

	for (i = 0; i < l->plan->nparts; i++) {
		int row = row_of(l, i + 1, &at);

		if (strcmp(field(l, row, RUNS_STATE, ""), "done") != 0)
			return err_set(e, EXIT_DATA, "part %zu of run %s is missing", i + 1,
				       l->plan->id);
		if (is_sequence(l, i))
			continue;
		printf("%s%s", before, field(l, row, RUNS_POSITION, POSITION_NONE));
		before = ",";
	}
	putchar('\n');
	return 0;
}

int
partslist_print(const struct load_options *options, struct err *e)
{
	struct list l = {.plan = options->plan};
	char mark[RUNPLAN_MARK + 1];
	struct db db = DB_INIT;
	struct run run;
	bool there = false;
	struct err why = ERR_INIT;
	int rc = runplan_make(&run, options->plan, options->ledger, mark, e);

	if (rc == 0)
		rc = db_connect(&db, &options->common.db, e);
	/* whoever only looks needs no more than SELECT */
	if (rc == 0 &&
	    ledger_find(&db, options->ledger, LEDGER_RUNS, false, &there, &why) != 0 &&
	    why.code != EXIT_TARGET) {
		err_take(e, &why);
		rc = -1;
	}
	if (rc == 0 && there)
		rc = look(&l, &run, &db, e);
	ledger_explain(&why, e);
	if (rc == 0 && options->parts == LOAD_PRINT_POSITION)
		rc = print_positions(&l, e);
	else if (rc == 0 && options->json)
		print_json(&l);
	else if (rc == 0)
		print_text(&l);
	PQclear(l.res);
	db_close(&db);
	return rc == 0 ? writeall_finish(stdout, e) : -1;
}
