/*
 * What a plan holds, and its text.
 */
#include "common/parts/partplan.h"

#include <jansson.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan_parts.h"
#include "common/stream/output.h"

const char *const partplan_snapshots[] = {[PARTPLAN_HELD] = "held", [PARTPLAN_OWN] = "own"};

void
partplan_init(struct partplan *plan, const char *id)
{
	*plan = (struct partplan){.id = xstrdup(id)};
}

/* Room for one more of ${n}, which is doubled when it is a power of two. */
static void *
grow(void *list, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return list;
	return xrealloc(list, (n > 0 ? 2 * n : 1) * size);
}

struct partplan_relation *
partplan_add_relation(struct partplan *plan)
{
	struct partplan_relation *r;

	plan->relations = grow(plan->relations, plan->nrelations, sizeof(*plan->relations));
	r = &plan->relations[plan->nrelations++];
	*r = (struct partplan_relation){.bytes = -1, .rows_rough = -1};
	return r;
}

struct partplan_part *
partplan_add_part(struct partplan *plan)
{
	struct partplan_part *p;

	plan->parts = grow(plan->parts, plan->nparts, sizeof(*plan->parts));
	p = &plan->parts[plan->nparts++];
	*p = (struct partplan_part){.from_block = -1, .to_block = -1, .bytes = -1};
	return p;
}

static void
release_part(struct partplan_part *p)
{
	free(p->column);
	free(p->from);
	free(p->to);
}

void
partplan_join(struct partplan *plan)
{
	struct partplan_part *whole;
	size_t i;

	for (i = 0; i < plan->nparts; i++)
		release_part(&plan->parts[i]);
	plan->nparts = 0;
	whole = partplan_add_part(plan);
	whole->relation = 1;
	whole->bytes = plan->relations[0].bytes;
}

const struct partplan_part *
partplan_part(const struct partplan *plan, const char *path, int64_t number, struct err *e)
{
	if (number >= 1 && (uint64_t)number <= plan->nparts)
		return &plan->parts[number - 1];
	err_usage(e, "part", "%s has no part %lld: its parts are 1 to %zu", path,
		  (long long)number, plan->nparts);
	return NULL;
}

const struct partplan_relation *
partplan_relation_of(const struct partplan *plan, const struct partplan_part *part)
{
	return &plan->relations[part->relation - 1];
}

bool
partplan_is_sequence(const struct partplan_relation *relation)
{
	return json_object_get(relation->header, "sequence") != NULL;
}

char *
partplan_part_name(const struct partplan *plan, const struct partplan_part *part)
{
	char *relation = relname_text(&partplan_relation_of(plan, part)->id), *name;

	name = xasprintf("part %zu of %zu, %s", (size_t)(part - plan->parts) + 1, plan->nparts,
			 relation);
	free(relation);
	return name;
}

/* ---- to text ---- */

/* A document that is being made; what is not valid UTF-8 makes no JSON. */
struct making {
	json_t *doc;
	bool bad;
};

static void
put_text(struct making *m, const char *member, const char *text)
{
	if (text != NULL && json_object_set_new(m->doc, member, json_string(text)) != 0)
		m->bad = true;
}

/* One that is not known, -1, is left out. */
static void
put_number(struct making *m, const char *member, int64_t number)
{
	if (number >= 0)
		json_object_set_new(m->doc, member, json_integer((json_int_t)number));
}

static void
put_words(struct making *m, const char *member, const struct ident_list *words)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < words->n; i++)
		if (json_array_append_new(list, json_string(words->names[i])) != 0)
			m->bad = true;
	json_object_set_new(m->doc, member, list);
}

static void
put_relation(struct making *m, const struct partplan_relation *r, size_t number)
{
	put_number(m, "number", (int64_t)number);
	put_text(m, "schema", r->id.schema);
	put_text(m, "name", r->id.name);
	if (r->only)
		json_object_set_new(m->doc, "only", json_true());
	put_number(m, "bytes", r->bytes);
	put_number(m, "rows_rough", r->rows_rough);
	put_text(m, "target_schema", r->target.schema);
	put_text(m, "target_name", r->target.name);
	put_text(m, "way", r->way);
	put_text(m, "reason", r->reason);
	if (r->header != NULL)
		json_object_set(m->doc, "header", r->header);
}

static void
put_part(struct making *m, const struct partplan_part *p, size_t number)
{
	put_number(m, "number", (int64_t)number);
	put_number(m, "relation", (int64_t)p->relation);
	put_text(m, "leaf_schema", p->leaf.schema);
	put_text(m, "leaf_name", p->leaf.name);
	put_number(m, "from_block", p->from_block);
	put_number(m, "to_block", p->to_block);
	put_text(m, "column", p->column);
	put_text(m, "from", p->from);
	put_text(m, "to", p->to);
	put_number(m, "bytes", p->bytes);
}

static void
put_head(struct making *m, const struct partplan *plan)
{
	put_number(m, "portl_plan", PARTPLAN_VERSION);
	put_text(m, "id", plan->id);
	put_text(m, "made", plan->made);
	put_text(m, "source", plan->source);
	put_text(m, "snapshot", partplan_snapshots[plan->snapshot]);
	if (plan->asked)
		json_object_set_new(m->doc, "asked", json_true());
	put_text(m, "job", plan->job);
	put_words(m, "extract", &plan->extract);
	put_words(m, "load", &plan->load);
}

/* Append the document and begin another one. */
static void
end_document(struct making *m, struct buf *text)
{
	char *line = json_dumps(m->doc, 0);

	if (line == NULL)
		m->bad = true;
	else
		buf_adds(text, line);
	free(line);
	json_object_clear(m->doc);
}

static void
add_head(struct making *m, const struct partplan *plan, struct buf *text)
{
	const char *member;
	json_t *value;

	put_head(m, plan);
	json_object_foreach(m->doc, member, value)
	{
		char *line = json_dumps(value, JSON_ENCODE_ANY);

		if (line == NULL)
			m->bad = true;
		else
			buf_addf(text, "%s \"%s\": %s", text->len > 0 ? ",\n" : "{", member,
				 line);
		free(line);
	}
	json_object_clear(m->doc);
}

static int
make_text(const struct partplan *plan, struct buf *text)
{
	struct making m = {.doc = json_object()};
	size_t i;

	add_head(&m, plan, text);
	buf_adds(text, ",\n \"relations\": [");
	for (i = 0; i < plan->nrelations; i++) {
		buf_adds(text, i > 0 ? ",\n  " : "\n  ");
		put_relation(&m, &plan->relations[i], i + 1);
		end_document(&m, text);
	}
	buf_adds(text, "],\n \"parts\": [");
	for (i = 0; i < plan->nparts; i++) {
		buf_adds(text, i > 0 ? ",\n  " : "\n  ");
		put_part(&m, &plan->parts[i], i + 1);
		end_document(&m, text);
	}
	buf_adds(text, "]}\n");
	json_decref(m.doc);
	return m.bad ? -1 : 0;
}

int
partplan_write(const struct partplan *plan, const char *path, struct err *e)
{
	struct buf text = BUF_INIT;
	struct output *out = NULL;
	int rc = make_text(plan, &text);

	if (rc != 0)
		err_set(e, EXIT_DATA, "the plan cannot be written: a name is not valid UTF-8");
	else
		out = output_open(path, e);
	if (out == NULL || output_write(out, text.data, text.len, e) != 0 ||
	    output_finish(out, e) != 0)
		rc = -1;
	output_free(out);
	buf_release(&text);
	return rc;
}

/* ---- the end ---- */

static void
release_relation(struct partplan_relation *r)
{
	free(r->way);
	free(r->reason);
	json_decref(r->header);
}

void
partplan_release(struct partplan *plan)
{
	size_t i;

	for (i = 0; i < plan->nparts; i++)
		release_part(&plan->parts[i]);
	for (i = 0; i < plan->nrelations; i++)
		release_relation(&plan->relations[i]);
	ident_list_release(&plan->extract);
	ident_list_release(&plan->load);
	free(plan->parts);
	free(plan->relations);
	free(plan->id);
	free(plan->made);
	free(plan->source);
	free(plan->job);
	*plan = (struct partplan){.id = NULL};
}
