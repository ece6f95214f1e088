/*
 * A relation as a whole is described by its catalog rows alone when it is a member of a set,
 * for a round trip each would be dear; all else is parsed by the server, which also proves
 * that a user's text is one statement.
 */
#include "extract/pg/member.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/pack.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "common/schema/typedocs.h"
#include "common/talk/log.h"
#include "extract/options/options.h"
#include "extract/pg/describe.h"
#include "extract/pg/select.h"

bool
member_is_sequence(const struct member *m)
{
	return m->in_set && m->rel->kind == 'S';
}

bool
member_has_user_text(const struct member *m)
{
	return m->query != NULL || m->rows->where != NULL;
}

bool
member_is_plain(const struct member *m)
{
	const struct relation *rel = m->leaf != NULL ? m->leaf : m->rel;

	return rel != NULL && rel->kind == 'r' && rel->engine == NULL &&
	       (!rel->has_children || m->in_set) && !rel->row_security &&
	       m->rows->where == NULL;
}

bool
member_is_only(const struct member *m)
{
	return m->in_set && relation_only(m->rel)[0] != '\0';
}

unsigned
member_leaf(const struct member *m)
{
	return m->leaf != NULL ? m->leaf->oid : 0;
}

/* Which may repeat its keys, and whose rows are read, too. */
static bool
has_children(const struct member *m)
{
	return m->rel->kind == 'r' && m->rel->engine == NULL && m->rel->has_children &&
	       !m->in_set;
}

static bool
is_of_leaf(const struct member *m)
{
	return m->ranged && m->leaf != NULL;
}

static unsigned
flags_of(const struct member *m)
{
	return (m->ordered ? SELECT_ORDERED : 0) |
	       (m->rel != NULL && (member_is_only(m) || is_of_leaf(m)) ? SELECT_ONLY : 0);
}

static struct select
select_of(const struct member *m)
{
	return (struct select){
		.rows = m->rows,
		.rel = m->rel,
		.leaf = is_of_leaf(m) ? &m->leaf->id : NULL,
		.condition = m->ranged ? m->range : m->since,
		.keys = m->only,
		.query = m->query,
		.flags = flags_of(m),
	};
}

static bool
is_sent(const struct extract_rows *rows, const char *column)
{
	return !ident_list_has(&rows->exclude_list, column) &&
	       (rows->columns.n == 0 || ident_list_has(&rows->column_list, column));
}

/* Why the rows have no key to be put in order by, for the caller to free; or NULL. */
static char *
lacks_key(const struct member *m)
{
	const struct relation *rel = m->rel;
	size_t i;

	if (rel == NULL)
		return xstrdup("a query has no primary key");
	if (has_children(m))
		return xasprintf("\"%s\" has children, which may repeat its keys",
				 rel->id.name);
	if (rel->nprimary_key == 0)
		return xasprintf("%s \"%s\" has no primary key", relation_kind_name(rel->kind),
				 rel->id.name);
	for (i = 0; i < rel->nprimary_key; i++)
		if (!is_sent(m->rows, rel->primary_key[i]))
			return xasprintf("column \"%s\" of the primary key is not sent",
					 rel->primary_key[i]);
	return NULL;
}

/* Is the order of the key's index that of every server?  Keys alone come so at no cost. */
static bool
is_sorted_everywhere(const struct relation *rel)
{
	size_t i;

	for (i = 0; i < rel->nprimary_key; i++) {
		int at = relation_column_find(rel, rel->primary_key[i]);

		if (at < 0 || rel->columns[at].collatable)
			return false;
	}
	return true;
}

static int
choose_order(struct member *m, int order, struct err *e)
{
	char *lack;

	m->ordered = false;
	if (m->key_rows != NULL && is_sorted_everywhere(m->rel))
		order = ORDER_AUTO;
	if (order == ORDER_ANY || (m->rel != NULL && member_is_sequence(m)))
		return 0;
	lack = lacks_key(m);
	m->ordered = lack == NULL;
	if (lack != NULL && order == ORDER_KEY) {
		err_set(e, EXIT_DATA, "--order=key: %s", lack);
		err_hint(e, "--order=auto sends such rows in any order.");
	}
	free(lack);
	return e->code == EXIT_DONE ? 0 : -1;
}

static int
build_select(struct member *m, struct db *db, struct path *path, struct err *e)
{
	struct select of = select_of(m);

	if (member_has_user_text(m) && path_restore(path, db, e) != 0)
		return -1;
	free(m->select);
	m->select = select_build(&of, db, e);
	return m->select != NULL ? 0 : -1;
}

/* Binary where values mean the same everywhere, else text; refuse what cannot travel. */
static int
choose_values(struct member *m, const struct extract_options *o, const struct typedocs *docs,
	      struct err *e)
{
	bool text = o->values == VALUES_TEXT || o->format == EXTRACT_NDJSON;

	if (docs->refused != NULL)
		return err_set(e, EXIT_DATA, "cannot send these rows: %s", docs->refused);
	if (docs->text_only != NULL && o->values == VALUES_BINARY) {
		err_set(e, EXIT_DATA, "cannot send binary values: %s", docs->text_only);
		return err_hint(e, "Use --values=auto or --values=text.");
	}
	if (docs->text_only != NULL && !text)
		log_info("values travel as text: %s", docs->text_only);
	m->header->values = text || docs->text_only != NULL ? HEADER_TEXT : HEADER_BINARY;
	/* Names inside reg* values must be qualified, so the path stays narrow. */
	m->narrow = docs->search_path != NULL;
	m->roles = docs->roles;
	if (!m->narrow || !member_has_user_text(m))
		return 0;
	err_set(e, EXIT_DATA,
		"cannot send type %s from a query: its text depends on search_path",
		docs->search_path);
	return err_hint(e, "Cast the column to text or to oid in the query.");
}

/* In a set the fault is one of many relations'. */
static int
name_it(const struct member *m, struct err *e)
{
	char *name;

	if (m->in_set) {
		name = relname_text(&m->rel->id);
		err_prefix(e, "%s: ", name);
		free(name);
	}
	return -1;
}

/* Only where it can be cast to text an xml keeps its declaration; see select_copy(). */
static int
check_xml(const struct schema *schema, const struct typedocs *docs, struct err *e)
{
	size_t i;

	for (i = 0; json_object_size(docs->types) > 0 && i < schema->ncolumns; i++) {
		const struct schema_column *c = &schema->columns[i];
		const char *base = typedocs_unwrap(docs->types, c->base);

		if (strcmp(base, "xml") == 0 || strcmp(base, "xml[]") == 0 ||
		    !typedocs_holds(docs->types, base, "xml"))
			continue;
		err_set(e, EXIT_DATA,
			"cannot send column \"%s\": an xml inside of type %s would lose its "
			"declaration",
			c->name, c->type);
		return err_hint(e, "Send its parts by a query, or leave it out with "
				   "--exclude-columns.");
	}
	return 0;
}

static int
describe_types(struct member *m, const struct extract_options *o, struct db *db,
	       struct typecache *cache, struct err *e)
{
	struct schema *schema = &m->header->schema;
	const struct typedocs *docs = typecache_docs(cache, db, m->types, schema->ncolumns, e);

	if (docs == NULL)
		return -1;
	if (check_xml(schema, docs, e) != 0 || choose_values(m, o, docs, e) != 0)
		return name_it(m, e);
	json_object_update(schema->types, docs->types);
	return 0;
}

/* Other conditions stand beside the user's, which has to end where it does. */
static int
check_where(const struct member *m, struct db *db, struct err *e)
{
	struct buf from = BUF_INIT;
	int rc;

	if (m->rows->where == NULL || m->key_rows != NULL)
		return 0;
	if (m->rel != NULL)
		relname_add_quoted(&m->rel->id, &from);
	else
		buf_addf(&from, "(\n%s\n) AS portl", m->query);
	rc = db_is_expression(db, e, buf_cstr(&from), m->rows->where);
	buf_release(&from);
	return rc == 0 ? 0 : err_prefix(e, "--where: ");
}

/* As the server sees the statement. */
static int
describe_statement(struct member *m, struct db *db, struct path *path, struct err *e)
{
	PGresult *described = db_describe(db, e, m->select);
	int rc = -1;

	free(m->types);
	m->types = xcalloc(described != NULL ? (size_t)PQnfields(described) : 0,
			   sizeof(*m->types));
	if (described != NULL && PQnparams(described) > 0)
		err_set(e, EXIT_USAGE,
			"the query has parameters ($1); nobody gives them values");
	else if (described != NULL && check_where(m, db, e) == 0 &&
		 path_narrow(path, db, e) == 0)
		rc = describe_columns(db, described, m->rel, &m->header->schema, m->types, e);
	PQclear(described);
	return rc;
}

/* Locked, and named by the catalog: what the statement would yield is known. */
static bool
is_known(const struct member *m)
{
	return m->in_set && (m->rel->kind == 'r' || m->rel->kind == 'p') &&
	       !select_is_narrowed(m->rows);
}

int
member_describe(struct member *m, const struct extract_options *options, struct db *db,
		struct path *path, struct typecache *cache, struct err *e)
{
	int rc;

	m->planned = -1;
	free(m->since);
	m->since = NULL;
	m->ranged = false;
	if (choose_order(m, options->order, e) != 0 || build_select(m, db, path, e) != 0)
		return name_it(m, e);
	if (is_known(m)) {
		free(m->types);
		m->types = xcalloc(m->rel->ncolumns, sizeof(*m->types));
		describe_relation(m->rel, &m->header->schema, m->types);
	} else {
		rc = describe_statement(m, db, path, e);
		if (rc < 0)
			name_it(m, e);
		if (rc != 0)
			return rc;
	}
	if (path_narrow(path, db, e) != 0)
		return -1;
	return describe_types(m, options, db, cache, e);
}

int
member_narrow(struct member *m, char *condition, struct db *db, struct path *path,
	      struct err *e)
{
	free(m->since);
	m->since = condition;
	return build_select(m, db, path, e) == 0 ? path_narrow(path, db, e) : -1;
}

int
member_take_range(struct member *m, char *range, struct db *db, struct path *path,
		  struct err *e)
{
	free(m->range);
	m->range = range;
	m->ranged = true;
	return build_select(m, db, path, e);
}

int
member_plan(struct member *m, struct db *db, struct path *path, struct err *e)
{
	if (path_be(path, m->narrow, db, e) == 0 &&
	    select_plan(db, m->select, &m->planned, e) == 0)
		return 0;
	return name_it(m, e);
}

/* A whole table has been counted by ANALYZE; for all else the planner has a guess. */
static void
estimate_rows(struct member *m)
{
	struct header *header = m->header;

	if (m->rel != NULL && m->rows->where == NULL && m->since == NULL && m->part == NULL &&
	    m->only == NULL)
		header->rows_estimate = m->rel->rows_estimate;
	header->rows_rough = header->rows_estimate <= 0 && m->planned >= 0;
	if (header->rows_rough)
		header->rows_estimate = m->planned;
	if (m->rows->limit >= 0 && m->rows->limit < header->rows_estimate)
		header->rows_estimate = m->rows->limit;
}

/* Policies are looked for on tables; what a view or another server reads is not known. */
static bool
is_open(const struct relation *rel)
{
	return strchr("rpm", rel->kind) != NULL && !rel->row_security;
}

static unsigned
why_partial(const struct member *m, bool hides)
{
	unsigned partial = 0;

	if (m->rows->where != NULL && m->key_rows == NULL)
		partial |= HEADER_PARTIAL_WHERE;
	if (m->rows->limit >= 0)
		partial |= HEADER_PARTIAL_LIMIT;
	if (m->since != NULL)
		partial |= HEADER_PARTIAL_SINCE;
	if (m->only != NULL)
		partial |= HEADER_PARTIAL_KEYS;
	if (m->rel == NULL)
		return partial | HEADER_PARTIAL_QUERY;
	return hides && !is_open(m->rel) ? partial | HEADER_PARTIAL_ROW_SECURITY : partial;
}

void
member_finish(struct member *m, bool hides, const struct db *db)
{
	const struct relation *rel = m->rel;
	struct schema *schema = &m->header->schema;
	size_t i;

	m->header->server_version = PQserverVersion(db->conn);
	m->header->partial = why_partial(m, hides);
	estimate_rows(m);
	if (rel == NULL)
		return;
	relname_set(&schema->relation, rel->id.schema, rel->id.name);
	if (has_children(m))
		return; /* children may repeat their parent's keys */
	for (i = 0; i < rel->nprimary_key; i++)
		if (schema_find(schema, rel->primary_key[i]) < 0)
			return; /* a part of a key is no key */
	for (i = 0; i < rel->nprimary_key; i++)
		schema_add_key(schema, rel->primary_key[i]);
	for (i = 0; m->ordered && i < rel->nprimary_key; i++)
		ident_list_add(&m->header->order, rel->primary_key[i]);
}

int
member_copy(const struct member *m, struct db *db, struct path *path, bool dry, struct err *e)
{
	struct select of = select_of(m);
	char *sql = select_copy(&of, m->header, m->select);
	int rc;

	/* The one table means the same under every path, but values may not. */
	rc = m->in_set && member_is_plain(m) && !m->narrow ? 0
							   : path_be(path, m->narrow, db, e);
	if (rc == 0)
		rc = dry ? select_try(db, sql, m->select, e) : db_copy_out(db, e, sql);
	free(sql);
	return rc == 0 ? 0 : name_it(m, e);
}

bool
member_stands_on_more(const struct member *m)
{
	size_t i;

	if (json_object_size(m->header->schema.types) > 0)
		return true;
	for (i = 0; i < m->rel->ncolumns; i++)
		if (m->rel->columns[i].generated)
			return true;
	return false;
}

/* What the member reads that has the keys of ${rel}'s rows. */
static struct extract_rows *
key_rows(const struct relation *rel, const char *where)
{
	struct extract_rows *rows = xcalloc(1, sizeof(*rows));
	size_t i;

	*rows = (struct extract_rows){
		.limit = -1, .where = where, .columns.n = rel->nprimary_key};
	rows->column_list.names = xcalloc(rel->nprimary_key, sizeof(char *));
	for (i = 0; i < rel->nprimary_key; i++)
		rows->column_list.names[rows->column_list.n++] = xstrdup(rel->primary_key[i]);
	return rows;
}

int
member_add_keys(struct member *m, bool asked, struct err *e)
{
	const struct relation *rel = m->rel;
	const char *where = asked ? m->rows->where : NULL;
	struct extract_rows *rows;

	if (rel->nprimary_key == 0) {
		err_usage(e, "with-keys",
			  "the keys of \"%s\" cannot be sent: it has no primary key",
			  rel->id.name);
		return err_hint(e, "Leave out --with-keys, or give it one.");
	}
	rows = key_rows(rel, where);
	m->keys = xcalloc(1, sizeof(*m->keys));
	*m->keys = (struct member){.rel = m->rel,
				   .rows = rows,
				   .in_set = true,
				   .key_rows = rows,
				   .key_where = where,
				   .planned = -1};
	return 0;
}

void
member_pack(struct buf *to, const struct member *m)
{
	struct member bare = *m;

	bare.rel = NULL; /* pointers that are of no use later */
	bare.header = NULL;
	bare.keys = NULL;
	bare.types = NULL;
	bare.select = bare.since = NULL;
	buf_add(to, &bare, sizeof(bare));
	relation_pack(to, m->rel);
	pack_text(to, m->select);
	pack_text(to, m->since);
}

void
member_unpack(struct member *m, struct unpack *from, struct header *header)
{
	pack_take_bytes(from, m, sizeof(*m));
	m->rel = relation_unpack(from);
	m->select = pack_take_text(from);
	m->since = pack_take_text(from);
	if (m->key_rows != NULL)
		m->rows = m->key_rows = key_rows(m->rel, m->key_where);
	m->header = header;
	m->keys = NULL;
	m->types = NULL;
}

void
member_release(struct member *m)
{
	if (m->keys != NULL) {
		m->keys->rel = NULL; /* the member's own */
		member_release(m->keys);
		free(m->keys);
	}
	if (m->key_rows != NULL)
		ident_list_release(&m->key_rows->column_list);
	free(m->key_rows);
	relation_free(m->rel);
	free(m->select);
	free(m->since);
	free(m->range);
	relation_free(m->leaf);
	free(m->types);
	if (m->in_set)
		header_free(m->header);
	*m = (struct member){.rel = NULL};
}
