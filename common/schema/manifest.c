/*
 * The manifest documents, to and from JSON, and the comparison of a member with what they
 * promise.
 */
#include "common/schema/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/pack.h"
#include "common/base/relname.h"
#include "common/base/shelf.h"
#include "common/base/xalloc.h"
#include "common/schema/header.h"
#include "common/schema/headerpack.h"
#include "common/schema/schema.h"

/*
 * Bytes of members' documents that make a document full.  Read, it takes ten times as much.
 */
#define ENOUGH ((size_t)1 << 16)

/* The headers, and the one that was asked for last. */
struct manifest_headers {
	struct shelf *shelf;
	struct header *held; /* or NULL */
	size_t at;           /* its member */
	bool is_signed;
	struct manifest_run run; /* then */
};

struct manifest *
manifest_new(const char *id)
{
	struct manifest *m = xcalloc(1, sizeof(*m));

	m->id = xstrdup(id);
	m->headers = xcalloc(1, sizeof(*m->headers));
	m->headers->shelf = shelf_new();
	return m;
}

void
manifest_sign(struct manifest *m, const struct manifest_run *run)
{
	m->headers->is_signed = true;
	m->headers->run = *run;
}

static void
sign(struct header *h, const struct manifest_run *run)
{
	h->producer = run->producer;
	h->run = run->run;
	h->created = run->created;
	h->backend = run->backend;
	h->bare = run->bare;
	h->dry_run = run->dry_run;
}

struct header *
manifest_copy(const struct manifest *m, size_t i)
{
	struct unpack from;
	struct header *h;

	from.at = shelf_get(m->headers->shelf, i, &from.left);
	h = headerpack_take(&from);
	if (m->headers->is_signed)
		sign(h, &m->headers->run);
	return h;
}

const struct header *
manifest_header(const struct manifest *m, size_t i)
{
	struct manifest_headers *hs = m->headers;

	if (hs->held != NULL && hs->at == i)
		return hs->held;
	header_free(hs->held);
	hs->held = manifest_copy(m, i);
	hs->at = i;
	return hs->held;
}

static uint64_t value_mark(json_t *value);

/* However its members are ordered. */
static uint64_t
object_mark(json_t *object, const char *without)
{
	uint64_t sum = JSON_OBJECT;
	const char *key;
	json_t *value;

	json_object_foreach(object, key,
			    value) if (without == NULL || strcmp(key, without) != 0)
		sum += XXH3_64bits_withSeed(key, strlen(key), value_mark(value));
	return sum;
}

static uint64_t
array_mark(json_t *array)
{
	uint64_t sum = JSON_ARRAY;
	size_t i;

	for (i = 0; i < json_array_size(array); i++) {
		uint64_t next = value_mark(json_array_get(array, i));

		sum = XXH3_64bits_withSeed(&next, sizeof(next), sum);
	}
	return sum;
}

static uint64_t
value_mark(json_t *value)
{
	json_int_t n = json_integer_value(value);
	double x = json_real_value(value);

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return object_mark(value, NULL);
	case JSON_ARRAY:
		return array_mark(value);
	case JSON_STRING:
		return XXH3_64bits_withSeed(json_string_value(value), json_string_length(value),
					    JSON_STRING);
	case JSON_INTEGER:
		return XXH3_64bits_withSeed(&n, sizeof(n), JSON_INTEGER);
	case JSON_REAL:
		return XXH3_64bits_withSeed(&x, sizeof(x), JSON_REAL);
	default:
		return json_typeof(value);
	}
}

/* What a document comes to, whatever set it is of. */
static uint64_t
mark(json_t *doc)
{
	return object_mark(doc, "set");
}

static void
count_rows(struct manifest *m, const struct header *h)
{
	int64_t rows = h->is_sequence ? 0 : h->rows_estimate;

	m->rows_rough = m->rows_rough || h->rows_rough;
	m->rows = m->rows < 0 || rows < 0 || m->rows > INT64_MAX - rows ? -1 : m->rows + rows;
}

static void
make_room(struct manifest *m, size_t room)
{
	m->room = room;
	m->members = xrealloc(m->members, room * sizeof(*m->members));
}

/* Nothing that a document says is believed at once. */
static void
grow(struct manifest *m)
{
	size_t room = m->room > 0 ? 2 * m->room : 16;

	make_room(m, room > m->total && m->total > m->n ? m->total : room);
}

void
manifest_expect(struct manifest *m, size_t n)
{
	if (n > m->room)
		make_room(m, n);
}

static void
add(struct manifest *m, struct header *header, uint64_t sum)
{
	struct buf b = BUF_INIT;

	if (m->n == m->room)
		grow(m);
	header->set = intern(m->id);
	header->number = m->n + 1;
	m->members[m->n++] = (struct manifest_member){
		.relation = header->schema.relation,
		.mark = sum,
		.keys_of = (unsigned)header->keys_of,
		.is_sequence = header->is_sequence,
	};
	count_rows(m, header);
	headerpack_add(&b, header);
	shelf_put(m->headers->shelf, b.data, b.len);
	buf_release(&b);
	header_free(header);
}

void
manifest_add(struct manifest *m, struct header *header)
{
	add(m, header, 0);
	m->total = m->n;
}

bool
manifest_is_document(const json_t *doc)
{
	return json_object_get(doc, "manifest") != NULL;
}

json_t *
manifest_to_json(const struct manifest *m, size_t *from)
{
	json_t *members = json_array();
	size_t len = 0;

	for (; *from < m->n && len < ENOUGH; (*from)++) {
		json_t *doc = header_to_json(manifest_header(m, *from));

		if (doc == NULL) {
			json_decref(members);
			return NULL;
		}
		len += json_dumpb(doc, NULL, 0, JSON_COMPACT);
		json_object_del(doc, "set");
		json_array_append_new(members, doc);
	}
	return json_pack("{s:i, s:{s:s, s:I, s:o}}", "version", HEADER_VERSION_SET, "manifest",
			 "id", m->id, "of", (json_int_t)m->total, "members", members);
}

static int
damaged(struct err *e, const char *what)
{
	return err_set(e, EXIT_STREAM, "the set's manifest is damaged: %s", what);
}

/* Does the last one have the keys of the relation whose rows are the member before? */
static bool
follows(const struct manifest *m)
{
	const struct manifest_member *rows = m->n > 1 ? &m->members[m->n - 2] : NULL;
	const struct manifest_member *keys = &m->members[m->n - 1];

	return rows != NULL && keys->keys_of == m->n - 1 && rows->keys_of == 0 &&
	       !rows->is_sequence && !keys->is_sequence &&
	       relname_equal(&rows->relation, &keys->relation);
}

static int
take_members(struct manifest *m, const json_t *members, struct err *e)
{
	size_t i;

	for (i = 0; i < json_array_size(members); i++) {
		json_t *doc = json_array_get(members, i);
		struct header *header = header_from_json(doc, e);
		bool bare;

		if (header == NULL)
			return -1;
		bare = header->bare;
		add(m, header, mark(doc));
		if (bare)
			return damaged(e, "a member without an end document");
		if (m->members[m->n - 1].relation.name == NULL)
			return damaged(e, "a member that is no relation");
		if (m->members[m->n - 1].keys_of > 0 && !follows(m))
			return damaged(e, "keys that do not follow their rows");
	}
	return 0;
}

int
manifest_take_json(struct manifest **m, const json_t *doc, struct err *e)
{
	const json_t *body = json_object_get(doc, "manifest");
	const json_t *version = json_object_get(doc, "version");
	const char *id = json_string_value(json_object_get(body, "id"));
	json_int_t of = json_integer_value(json_object_get(body, "of"));
	const json_t *members = json_object_get(body, "members");

	if (!json_is_integer(version) || json_integer_value(version) != HEADER_VERSION_SET)
		return err_set(e, EXIT_STREAM,
			       "the set has version %lld, this program reads version %d",
			       (long long)json_integer_value(version), HEADER_VERSION_SET);
	if (id == NULL || of < 1 || of > HEADER_SET_MAX || json_array_size(members) == 0)
		return damaged(e, "no id, no number of members, or no member");
	if (*m == NULL) {
		*m = manifest_new(id);
		(*m)->total = (size_t)of;
	}
	if (strcmp((*m)->id, id) != 0 || (*m)->total != (size_t)of)
		return damaged(e, "its documents are of different sets");
	if (json_array_size(members) > (*m)->total - (*m)->n)
		return damaged(e, "it has more members than it says");
	return take_members(*m, members, e);
}

char *
manifest_name(const struct manifest *m, size_t i)
{
	char *name = relname_text(&m->members[i].relation), *keys;

	if (m->members[i].keys_of == 0)
		return name;
	keys = xasprintf("the keys of %s", name);
	free(name);
	return keys;
}

int
manifest_check(const struct manifest *m, size_t i, const struct header *header, json_t *doc,
	       struct err *e)
{
	char *name = manifest_name(m, i);

	if (header->set == NULL || strcmp(header->set, m->id) != 0)
		err_set(e, EXIT_STREAM,
			"a stream that is not of this set stands where %s is expected, "
			"which is number %zu of %zu",
			name, i + 1, m->total);
	else if (header->number != i + 1)
		err_set(e, EXIT_STREAM,
			"number %zu of the set stands where number %zu is expected, "
			"which is %s",
			header->number, i + 1, name);
	else if (mark(doc) != m->members[i].mark)
		err_set(e, EXIT_STREAM,
			"%s, number %zu of the set, is not as its manifest says", name, i + 1);
	free(name);
	return e->code == EXIT_DONE ? 0 : -1;
}

size_t
manifest_relations(const struct manifest *m)
{
	size_t n = 0, i;

	for (i = 0; i < m->n; i++)
		n += m->members[i].keys_of == 0;
	return n;
}

void
manifest_free(struct manifest *m)
{
	if (m == NULL)
		return;
	header_free(m->headers->held);
	shelf_free(m->headers->shelf);
	free(m->headers);
	free(m->members);
	free(m->id);
	free(m);
}
