/*
 * The header document, to and from JSON, and its facts for the log.  Unknown members are
 * skipped, so that a version may add some; a number that cannot be is not known.
 */
#include "common/schema/header.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/jsontext.h"
#include "common/base/xalloc.h"
#include "common/talk/log.h"

/* As the document has them. */
static const struct {
	const char *word;
	unsigned bit;
} partials[] = {
	{"where", HEADER_PARTIAL_WHERE}, {"limit", HEADER_PARTIAL_LIMIT},
	{"query", HEADER_PARTIAL_QUERY}, {"row_security", HEADER_PARTIAL_ROW_SECURITY},
	{"since", HEADER_PARTIAL_SINCE}, {"rejects", HEADER_PARTIAL_REJECTS},
	{"keys", HEADER_PARTIAL_KEYS},   {"other", HEADER_PARTIAL_OTHER},
};

#define PARTIALS (sizeof(partials) / sizeof(partials[0]))

struct header *
header_new(void)
{
	struct header *h = xcalloc(1, sizeof(*h));

	h->rows_estimate = -1;
	h->partial = HEADER_PARTIAL_UNSAID;
	schema_init(&h->schema);
	return h;
}

static json_t *
values_to_json(const struct header *h)
{
	return json_string(h->values == HEADER_TEXT ? "text" : "binary");
}

static json_t *
estimate_to_json(const struct header *h)
{
	return h->rows_estimate < 0 ? json_null() : json_integer(h->rows_estimate);
}

char *
header_partial_text(unsigned partial)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < PARTIALS; i++)
		if (partial & partials[i].bit)
			buf_addf(&b, "%s%s", b.len > 0 ? ", " : "", partials[i].word);
	return buf_detach(&b);
}

static json_t *
partial_to_json(unsigned partial)
{
	json_t *words = json_array();
	size_t i;

	for (i = 0; i < PARTIALS; i++)
		if (partial & partials[i].bit)
			json_array_append_new(words, json_string(partials[i].word));
	return words;
}

/* A word that is not known is a reason as well; what is no word at all says nothing. */
static unsigned
partial_from_json(const json_t *words)
{
	unsigned partial = json_is_array(words) ? 0 : HEADER_PARTIAL_UNSAID;
	size_t i, j;

	for (i = 0; i < json_array_size(words); i++) {
		const char *word = json_string_value(json_array_get(words, i));

		for (j = 0; j < PARTIALS; j++)
			if (word != NULL && strcmp(word, partials[j].word) == 0)
				break;
		partial |= j < PARTIALS ? partials[j].bit : HEADER_PARTIAL_OTHER;
	}
	return partial;
}

static void
put_text(json_t *doc, const char *member, const char *text)
{
	if (text != NULL)
		json_object_set_new(doc, member, jsontext(text));
}

static json_t *
part_to_json(const struct header_part *part)
{
	json_t *doc = json_object();

	put_text(doc, "run", part->run);
	json_object_set_new(doc, "number", json_integer((json_int_t)part->number));
	json_object_set_new(doc, "of", json_integer((json_int_t)part->of));
	put_text(doc, "position", part->position);
	put_text(doc, "snapshot", part->snapshot);
	return doc;
}

static json_t *
order_to_json(const struct header *h, int *bad)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < h->order.n; i++)
		*bad |= json_array_append_new(list, json_string(h->order.names[i]));
	return list;
}

json_t *
header_to_json(const struct header *h)
{
	json_t *doc = json_object();
	int bad; /* names that are not valid UTF-8 make no JSON */

	json_object_set_new(doc, "version",
			    json_integer(h->set != NULL ? HEADER_VERSION_SET : HEADER_VERSION));
	json_object_set_new(doc, "producer", json_string(h->producer ? h->producer : ""));
	json_object_set_new(doc, "run", json_string(h->run ? h->run : ""));
	if (h->created != NULL)
		json_object_set_new(doc, "created", json_string(h->created));
	json_object_set_new(doc, "values", values_to_json(h));
	bad = schema_put_json(&h->schema, doc);
	if (h->order.n > 0)
		json_object_set_new(doc, "order", order_to_json(h, &bad));
	json_object_set_new(doc, "encoding", json_string("UTF8"));
	json_object_set_new(doc, "rows_estimate", estimate_to_json(h));
	if (h->rows_rough)
		json_object_set_new(doc, "rows_rough", json_true());
	json_object_set_new(doc, "server_version", json_integer(h->server_version));
	if (h->backend != NULL)
		json_object_set_new(doc, "backend", json_string(h->backend));
	json_object_set_new(doc, "dry_run", json_boolean(h->dry_run));
	json_object_set_new(doc, h->bare ? "bare" : "rows_digest", json_true());
	if (h->part.run != NULL)
		json_object_set_new(doc, "part", part_to_json(&h->part));
	put_text(doc, "position", h->position);
	put_text(doc, "no_position", h->no_position);
	put_text(doc, "since", h->since);
	if (h->file != NULL) /* one that is no UTF-8 is left out */
		json_object_set_new(doc, "csv",
				    json_pack("{s:s, s:I}", "file", h->file, "first_line",
					      (json_int_t)h->first_line));
	if ((h->partial & HEADER_PARTIAL_UNSAID) == 0)
		json_object_set_new(doc, "partial", partial_to_json(h->partial));
	if (h->keys_of > 0)
		json_object_set_new(doc, "keys_of", json_integer((json_int_t)h->keys_of));
	if (h->set != NULL)
		json_object_set_new(
			doc, "set",
			json_pack("{s:s, s:I}", "id", h->set, "number", (json_int_t)h->number));
	if (h->is_sequence)
		json_object_set_new(doc, "sequence",
				    json_pack("{s:I, s:b}", "last_value",
					      (json_int_t)h->sequence.last_value, "is_called",
					      h->sequence.is_called));
	if (bad == 0)
		return doc;
	json_decref(doc);
	return NULL;
}

static int
check_version(const json_t *doc, struct err *e)
{
	const json_t *version = json_object_get(doc, "version");

	if (json_is_true(json_object_get(doc, "end"))) {
		err_set(e, EXIT_STREAM, "the stream begins with its end line");
		err_hint(e, "Its lines are not in the order in which they were written; "
			    "sort or tac may stand only behind --bare.");
		return -1;
	}
	if (!json_is_integer(version))
		return schema_damaged(e, "no version");
	if (json_integer_value(version) == HEADER_VERSION ||
	    json_integer_value(version) == HEADER_VERSION_SET)
		return 0;
	return err_set(e, EXIT_STREAM,
		       "the stream has version %lld, this program reads versions %d and %d",
		       (long long)json_integer_value(version), HEADER_VERSION,
		       HEADER_VERSION_SET);
}

static int
read_values(struct header *h, const json_t *doc, struct err *e)
{
	const char *values = json_string_value(json_object_get(doc, "values"));
	const char *encoding = json_string_value(json_object_get(doc, "encoding"));

	if (values == NULL || strcmp(values, "binary") == 0)
		h->values = HEADER_BINARY;
	else if (strcmp(values, "text") == 0)
		h->values = HEADER_TEXT;
	else
		return schema_damaged(e, "\"values\" is neither \"binary\" nor \"text\"");
	if (encoding != NULL && strcmp(encoding, "UTF8") != 0)
		return err_set(e, EXIT_STREAM, "the stream's encoding is %s, not UTF8",
			       encoding);
	return 0;
}

static int
read_set(struct header *h, const json_t *set, struct err *e)
{
	json_int_t number = json_integer_value(json_object_get(set, "number"));

	if (set == NULL)
		return 0;
	h->set = intern_null(json_string_value(json_object_get(set, "id")));
	if (h->set == NULL || number < 1 || number > HEADER_SET_MAX)
		return schema_damaged(e, "no id or no number in \"set\"");
	h->number = (size_t)number;
	return 0;
}

static int
read_part(struct header *h, const json_t *part, struct err *e)
{
	json_int_t number = json_integer_value(json_object_get(part, "number"));
	json_int_t of = json_integer_value(json_object_get(part, "of"));

	if (part == NULL)
		return 0;
	h->part = (struct header_part){
		.run = xstrdup_null(json_string_value(json_object_get(part, "run"))),
		.position = xstrdup_null(json_string_value(json_object_get(part, "position"))),
		.snapshot = xstrdup_null(json_string_value(json_object_get(part, "snapshot"))),
		.number = (size_t)number,
		.of = (size_t)of,
	};
	if (!json_is_integer(json_object_get(part, "number")) || h->part.run == NULL ||
	    number < 0 || number > of || of < 1 || of > HEADER_SET_MAX)
		return schema_damaged(e, "no run or no number in \"part\"");
	return 0;
}

/* Members whose keys these are come before. */
static int
read_keys(struct header *h, const json_t *keys_of, struct err *e)
{
	json_int_t number = json_integer_value(keys_of);

	if (keys_of == NULL)
		return 0;
	if (number < 1 || number > HEADER_SET_MAX)
		return schema_damaged(e, "\"keys_of\" is no member's number");
	h->keys_of = (size_t)number;
	return 0;
}

static int
read_sequence(struct header *h, const json_t *sequence, struct err *e)
{
	const json_t *last = json_object_get(sequence, "last_value");
	const json_t *called = json_object_get(sequence, "is_called");

	if (sequence == NULL)
		return 0;
	if (!json_is_integer(last) || !json_is_boolean(called) || h->schema.ncolumns > 0)
		return schema_damaged(e, "no value in \"sequence\", or columns beside it");
	h->is_sequence = true;
	h->sequence = (struct header_sequence){
		.last_value = json_integer_value(last),
		.is_called = json_is_true(called),
	};
	return 0;
}

static int
read_order(struct header *h, const json_t *order, struct err *e)
{
	size_t i;

	if (order != NULL &&
	    (!json_is_array(order) || json_array_size(order) > h->schema.ncolumns))
		return schema_damaged(e, "\"order\" is not a list of columns");
	for (i = 0; i < json_array_size(order); i++) {
		const char *name = json_string_value(json_array_get(order, i));

		if (name == NULL || schema_find(&h->schema, name) < 0 ||
		    ident_list_has(&h->order, name))
			return schema_damaged(e, "\"order\" is not a list of columns");
		ident_list_add(&h->order, name);
	}
	return 0;
}

static int
fill(struct header *h, const json_t *doc, struct err *e)
{
	json_int_t server = json_integer_value(json_object_get(doc, "server_version"));
	const json_t *estimate = json_object_get(doc, "rows_estimate");
	const json_t *csv = json_object_get(doc, "csv");

	if (check_version(doc, e) != 0 || read_values(h, doc, e) != 0 ||
	    schema_take_json(&h->schema, doc, e) != 0 ||
	    read_set(h, json_object_get(doc, "set"), e) != 0 ||
	    read_part(h, json_object_get(doc, "part"), e) != 0 ||
	    read_keys(h, json_object_get(doc, "keys_of"), e) != 0 ||
	    read_sequence(h, json_object_get(doc, "sequence"), e) != 0 ||
	    read_order(h, json_object_get(doc, "order"), e) != 0)
		return -1;
	h->producer = intern_null(json_string_value(json_object_get(doc, "producer")));
	h->run = intern_null(json_string_value(json_object_get(doc, "run")));
	if (json_is_integer(estimate) && json_integer_value(estimate) >= 0)
		h->rows_estimate = json_integer_value(estimate);
	h->rows_rough = json_is_true(json_object_get(doc, "rows_rough"));
	h->server_version = server >= 0 && server <= INT_MAX ? (int)server : 0;
	h->created = intern_null(json_string_value(json_object_get(doc, "created")));
	h->backend = intern_null(json_string_value(json_object_get(doc, "backend")));
	h->dry_run = json_is_true(json_object_get(doc, "dry_run"));
	h->bare = json_is_true(json_object_get(doc, "bare"));
	h->partial = partial_from_json(json_object_get(doc, "partial"));
	h->rows_digest = json_is_true(json_object_get(doc, "rows_digest"));
	h->position = xstrdup_null(json_string_value(json_object_get(doc, "position")));
	h->no_position = intern_null(json_string_value(json_object_get(doc, "no_position")));
	h->since = xstrdup_null(json_string_value(json_object_get(doc, "since")));
	h->file = xstrdup_null(json_string_value(json_object_get(csv, "file")));
	h->first_line = json_integer_value(json_object_get(csv, "first_line"));
	return 0;
}

struct header *
header_from_json(const json_t *doc, struct err *e)
{
	struct header *h = header_new();

	if (fill(h, doc, e) == 0)
		return h;
	header_free(h);
	return NULL;
}

/* ---- log ---- */

static json_t *
facts(const struct header *h, const char *relation)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "producer", jsontext(h->producer));
	json_object_set_new(doc, "relation", jsontext(relation));
	json_object_set_new(doc, "columns", schema_names_json(&h->schema));
	json_object_set_new(doc, "values", values_to_json(h));
	json_object_set_new(doc, "rows_estimate", estimate_to_json(h));
	json_object_set_new(doc, "bare", json_boolean(h->bare));
	json_object_set_new(doc, "dry_run", json_boolean(h->dry_run));
	return doc;
}

void
header_log(const struct header *h, const char *doing)
{
	const struct relname *from = &h->schema.relation;
	char *relation;

	if (!log_is_kept())
		return;
	relation = from->name != NULL ? relname_text(from) : NULL;
	log_record("stream", facts(h, relation), "%s the rows of %s, %zu columns", doing,
		   relation != NULL ? relation : "a query", h->schema.ncolumns);
	free(relation);
}

void
header_free(struct header *h)
{
	if (h == NULL)
		return;
	schema_release(&h->schema);
	ident_list_release(&h->order);
	free(h->part.run);
	free(h->part.position);
	free(h->part.snapshot);
	free(h->position);
	free(h->since);
	free(h->file);
	free(h);
}
