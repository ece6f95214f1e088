/*
 * Statements are those of the table, in its order, whether or not the rows will turn out
 * to need them: what was sent is said by the events "sql".
 */
#include "load/plan/plan_log.h"

#include <stdlib.h>

#include "common/base/jsontext.h"
#include "common/base/relname.h"
#include "common/pg/relation.h"
#include "common/talk/log.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

/* [{"source":…,"target":…}, …]; a target of null is a column that is dropped. */
static json_t *
columns_json(const struct plan *p)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < p->ncolumns; i++)
		json_array_append_new(list, json_pack("{s:o, s:o}", "source",
						      jsontext(p->columns[i].source), "target",
						      jsontext(p->columns[i].target)));
	return list;
}

/* All that may be run, in that order. */
static json_t *
statements_json(const struct plan *p)
{
	json_t *list = json_array();
	enum statement id;

	for (id = 0; id < STATEMENTS; id++)
		if (p->sql[id] != NULL)
			json_array_append_new(list, jsontext(p->sql[id]));
	return list;
}

void
plan_log(const struct plan *p)
{
	char *relation;
	json_t *doc;
	bool direct;

	if (!log_is_kept())
		return;
	relation = relname_text(&p->target);
	doc = json_object();
	json_object_set_new(doc, "relation", jsontext(relation));
	json_object_set_new(doc, "kind",
			    jsontext(p->rel != NULL ? relation_kind_name(p->rel->kind) : NULL));
	direct = p->route == PLAN_DIRECT || plan_stage_is_named(p->stage);
	json_object_set_new(doc, "route", json_string(direct ? "direct" : "staged"));
	json_object_set_new(doc, "conflict", json_string(p->rules->conflict->word));
	json_object_set_new(doc, "columns", columns_json(p));
	json_object_set_new(doc, "statements", statements_json(p));
	log_record("plan", doc, "loading into %s%s", relation,
		   p->rel == NULL ? ", to be created" : "");
	free(relation);
}

void
plan_log_file(const struct plan *p, const char *path)
{
	log_record("plan",
		   json_pack("{s:o, s:s, s:o}", "relation", jsontext(path), "kind", "CSV file",
			     "columns", columns_json(p)),
		   "writing %zu columns to %s", p->ncolumns, path);
}
