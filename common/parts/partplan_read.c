/*
 * A plan from its text.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan_parts.h"
#include "common/parts/planframe.h"

/* An object of the plan that is being read. */
struct reading {
	const json_t *doc;
	const char *what; /* "part", "relation" or "plan" */
	size_t number;    /* of the part or relation, 0: of none */
	struct err *e;
};

static int
misshapen(const struct reading *r, const char *member, const char *why)
{
	if (r->number > 0)
		return err_set(r->e, EXIT_JOBFILE, "%s %zu: \"%s\" %s", r->what, r->number,
			       member, why);
	return err_set(r->e, EXIT_JOBFILE, "\"%s\" %s", member, why);
}

/* The member's text in ${*text}; left as it is where there is none. */
static int
take_text(const struct reading *r, const char *member, char **text)
{
	const json_t *value = json_object_get(r->doc, member);

	if (value == NULL)
		return 0;
	if (!json_is_string(value))
		return misshapen(r, member, "is no text");
	*text = xstrdup(json_string_value(value));
	return 0;
}

static int
take_number(const struct reading *r, const char *member, int64_t least, int64_t most,
	    int64_t *number)
{
	const json_t *value = json_object_get(r->doc, member);

	if (value == NULL)
		return 0;
	*number = json_integer_value(value);
	if (!json_is_integer(value) || *number < least || *number > most)
		return misshapen(r, member, "is no such number");
	return 0;
}

/* A relation's name, whose members begin with ${prefix}; or none, where ${may_lack}. */
static int
take_name(const struct reading *r, const char *prefix, bool may_lack, struct relname *name)
{
	char *schema = xasprintf("%sschema", prefix), *last = xasprintf("%sname", prefix);
	char *space = NULL, *word = NULL;
	int rc = take_text(r, schema, &space);

	if (rc == 0)
		rc = take_text(r, last, &word);
	if (rc == 0 && (word == NULL || word[0] == '\0') &&
	    !(may_lack && word == NULL && space == NULL))
		rc = misshapen(r, last, "is missing");
	relname_set(name, space, word);
	free(space);
	free(word);
	free(schema);
	free(last);
	return rc;
}

/* Its own number, which has to be its place. */
static int
check_number(const struct reading *r)
{
	int64_t number = -1;

	if (take_number(r, "number", 1, PARTPLAN_MAX, &number) != 0)
		return -1;
	if (number != (int64_t)r->number)
		return misshapen(r, "number", "is not its place in the list");
	return 0;
}

static int
take_relation(const struct reading *r, struct partplan_relation *rel)
{
	json_t *header = json_object_get(r->doc, "header");

	rel->only = json_is_true(json_object_get(r->doc, "only"));
	rel->header = json_incref(header);
	if (header != NULL && !json_is_object(header))
		return misshapen(r, "header", "is no object");
	if (check_number(r) != 0 || take_name(r, "", false, &rel->id) != 0 ||
	    take_number(r, "bytes", 0, INT64_MAX, &rel->bytes) != 0 ||
	    take_number(r, "rows_rough", 0, INT64_MAX, &rel->rows_rough) != 0 ||
	    take_name(r, "target_", true, &rel->target) != 0 ||
	    take_text(r, "way", &rel->way) != 0 || take_text(r, "reason", &rel->reason) != 0)
		return -1;
	return rel->id.schema != NULL ? 0 : misshapen(r, "schema", "is missing");
}

static int
take_part(const struct reading *r, const struct partplan *plan, struct partplan_part *p)
{
	int64_t relation = 0;

	if (check_number(r) != 0 ||
	    take_number(r, "relation", 1, (int64_t)plan->nrelations, &relation) != 0 ||
	    take_name(r, "leaf_", true, &p->leaf) != 0 ||
	    take_number(r, "from_block", 0, PARTPLAN_BLOCKS_MAX, &p->from_block) != 0 ||
	    take_number(r, "to_block", 1, PARTPLAN_BLOCKS_MAX, &p->to_block) != 0 ||
	    take_text(r, "column", &p->column) != 0 || take_text(r, "from", &p->from) != 0 ||
	    take_text(r, "to", &p->to) != 0 ||
	    take_number(r, "bytes", 0, INT64_MAX, &p->bytes) != 0)
		return -1;
	if (relation == 0)
		return misshapen(r, "relation", "is missing");
	p->relation = (size_t)relation;
	if (p->leaf.name != NULL && p->leaf.schema == NULL) /* one leaf has one name */
		return misshapen(r, "leaf_schema", "is missing");
	if (p->to_block >= 0 && p->to_block <= p->from_block)
		return misshapen(r, "to_block", "is not behind \"from_block\"");
	if (p->from_block < 0 && p->to_block >= 0)
		return misshapen(r, "from_block", "is missing");
	if (p->column == NULL && (p->from != NULL || p->to != NULL))
		return misshapen(r, "column", "is missing");
	return 0;
}

static int
take_words(const struct reading *r, const char *member, struct ident_list *words)
{
	const json_t *list = json_object_get(r->doc, member);
	size_t i;

	if (list != NULL && !json_is_array(list))
		return misshapen(r, member, "is no list of words");
	for (i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));

		if (word == NULL)
			return misshapen(r, member, "is no list of words");
		ident_list_add(words, word);
	}
	return 0;
}

static int
take_snapshot(const struct reading *r, enum partplan_snapshot *snapshot)
{
	const char *word = json_string_value(json_object_get(r->doc, "snapshot"));
	size_t i;

	for (i = 0; word != NULL && i < 2; i++)
		if (strcmp(word, partplan_snapshots[i]) == 0) {
			*snapshot = (enum partplan_snapshot)i;
			return 0;
		}
	return misshapen(r, "snapshot", "is neither \"held\" nor \"own\"");
}

static int
take_head(const struct reading *r, struct partplan *plan)
{
	const json_t *version = json_object_get(r->doc, "portl_plan");

	if (!json_is_integer(version))
		return err_set(r->e, EXIT_JOBFILE, "it is no plan: no \"portl_plan\"");
	if (json_integer_value(version) != PARTPLAN_VERSION)
		return err_set(r->e, EXIT_JOBFILE,
			       "the plan has version %lld, this program reads version %d",
			       (long long)json_integer_value(version), PARTPLAN_VERSION);
	if (take_text(r, "id", &plan->id) != 0 || take_text(r, "made", &plan->made) != 0 ||
	    take_text(r, "source", &plan->source) != 0 ||
	    take_snapshot(r, &plan->snapshot) != 0 || take_text(r, "job", &plan->job) != 0 ||
	    take_words(r, "extract", &plan->extract) != 0 ||
	    take_words(r, "load", &plan->load) != 0)
		return -1;
	plan->asked = json_is_true(json_object_get(r->doc, "asked"));
	return plan->id != NULL && plan->id[0] != '\0' ? 0 : misshapen(r, "id", "is missing");
}

/* A list of objects that has at least one. */
static const json_t *
list_of(const struct reading *r, const char *member)
{
	const json_t *list = json_object_get(r->doc, member);
	size_t i;

	if (json_array_size(list) == 0 || json_array_size(list) > PARTPLAN_MAX) {
		misshapen(r, member, "is no list of them");
		return NULL;
	}
	for (i = 0; i < json_array_size(list); i++)
		if (!json_is_object(json_array_get(list, i))) {
			misshapen(r, member, "is no list of them");
			return NULL;
		}
	return list;
}

static int
take_lists(const struct reading *r, struct partplan *plan)
{
	const json_t *relations = list_of(r, "relations"), *parts = list_of(r, "parts");
	struct reading one = {.what = "relation", .e = r->e};
	size_t i;

	if (relations == NULL || parts == NULL)
		return -1;
	for (i = 0; i < json_array_size(relations); i++) {
		one.doc = json_array_get(relations, i);
		one.number = i + 1;
		if (take_relation(&one, partplan_add_relation(plan)) != 0)
			return -1;
	}
	one.what = "part";
	for (i = 0; i < json_array_size(parts); i++) {
		one.doc = json_array_get(parts, i);
		one.number = i + 1;
		if (take_part(&one, plan, partplan_add_part(plan)) != 0)
			return -1;
	}
	return partplan_check(plan, r->e);
}

static int
read_text(const char *path, struct buf *text, struct err *e)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0) {
		err_errno(e, "cannot be read");
		e->code = EXIT_JOBFILE;
		return -1;
	}
	rc = planframe_read(fd, text, e);
	if (fd != STDIN_FILENO)
		close(fd);
	return rc;
}

static json_t *
load(const char *path, struct err *e)
{
	struct buf text = BUF_INIT;
	json_error_t why;
	json_t *doc = NULL;

	if (read_text(path, &text, e) == 0) {
		doc = json_loadb(buf_cstr(&text), text.len, JSON_REJECT_DUPLICATES, &why);
		if (doc == NULL)
			err_set(e, EXIT_JOBFILE, "line %d: %s", why.line, why.text);
		else if (!json_is_object(doc))
			err_set(e, EXIT_JOBFILE, "it is no plan: no object");
	}
	buf_release(&text);
	return doc;
}

int
partplan_read(struct partplan *plan, const char *path, struct err *e)
{
	json_t *doc = load(path, e);
	struct reading r = {.doc = doc, .what = "plan", .e = e};
	int rc = -1;

	*plan = (struct partplan){.id = NULL};
	if (e->code == EXIT_DONE && take_head(&r, plan) == 0 && take_lists(&r, plan) == 0)
		rc = 0;
	json_decref(doc);
	return rc == 0 ? 0 : err_prefix(e, "%s: ", strcmp(path, "-") == 0 ? "stdin" : path);
}
