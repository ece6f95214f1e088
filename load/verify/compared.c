/*
 * A row is compared by the bytes of its values where these are the same on all servers, by
 * their images in the target's server else.
 *
 * The first needs the rows in one order on both sides, and a binary or text form in which
 * equal values are equal bytes: no OID of a user's type, no name that search_path shortens, no
 * offset of a time zone, nothing that has been cast.
 */
#include "load/verify/compared.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/keylist.h"
#include "common/pg/keyorder.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/schema/typedocs.h"
#include "load/match/plan.h"
#include "load/match/plan_match.h"
#include "load/match/plan_types.h"
#include "load/match/reasons.h"
#include "load/plan/planner.h"
#include "load/stage/plan_absent.h"
#include "load/stage/plan_images.h"
#include "load/stage/plan_key.h"
#include "load/stage/plan_stage.h"

/* ---- which relation, which columns ---- */

static int
find_target(struct compared *c, struct db *db, struct err *e)
{
	struct plan *p = c->plan;
	const struct relname *name = &c->rules.target;

	if (name->name == NULL && p->schema != NULL)
		name = &p->schema->relation;
	if (name->name == NULL)
		return err_set(e, EXIT_USAGE,
			       "the stream does not name a table: say with which to compare it "
			       "with -t");
	p->rel = relation_find(db, name->schema, name->name, e);
	if (p->rel == NULL) {
		e->code = e->code == EXIT_DATA ? EXIT_TARGET : e->code;
		return -1;
	}
	relname_set(&p->target, p->rel->id.schema, p->rel->id.name);
	c->name = relname_text(&p->target);
	if (session_set_path(db, "pg_catalog", e) != 0)
		return -1;
	return relation_read(db, p->rel, e);
}

static const char may_read_sql[] =
	"SELECT has_column_privilege(attrelid, attnum, 'SELECT') FROM pg_attribute"
	" WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum";

static int
check_privileges(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	PGresult *may = db_query_oid(db, e, may_read_sql, p->rel->oid);
	size_t i;

	if (may == NULL)
		return -1;
	for (i = 0; i < p->ncolumns; i++) {
		int position = p->columns[i].position;

		if (position >= 0 && position < PQntuples(may) && !db_is_true(may, position, 0))
			plan_refuse(p, i, why, NULL, "may not be read: no SELECT privilege");
	}
	PQclear(may);
	return 0;
}

size_t
compared_field(const struct compared *c, size_t i)
{
	size_t field = 0, j;

	for (j = 0; j < i; j++)
		field += c->plan->columns[j].target != NULL;
	return field;
}

size_t
compared_column(const struct compared *c, size_t field)
{
	size_t i;

	for (i = 0; i < c->plan->ncolumns; i++)
		if (c->plan->columns[i].target != NULL && field-- == 0)
			break;
	return i;
}

char *
compared_type(const struct compared *c, size_t i)
{
	const struct relation_column *rc = &c->plan->rel->columns[c->plan->columns[i].position];
	const char *open = strchr(rc->plain, '('), *close;
	struct buf b = BUF_INIT;

	/* "timestamp(3) with time zone"; a quoted name of a user's type stays as it is */
	close = open != NULL ? strchr(open, ')') : NULL;
	if (close == NULL || strchr(rc->plain, '"') != NULL)
		return xstrdup(rc->plain);
	buf_add(&b, rc->plain, (size_t)(open - rc->plain));
	buf_adds(&b, close + 1);
	return buf_detach(&b);
}

/* ---- the key ---- */

/* Children may repeat the keys of their parent. */
static bool
has_unique_rows(const struct compared *c)
{
	const struct relation *rel = c->plan->rel;

	return rel->kind == 'p' || rel->engine != NULL ||
	       (rel->kind == 'r' && (!rel->has_children || c->alone));
}

/* --key, or the primary key, where the stream carries it. */
static int
find_key(struct compared *c, struct db *db, struct reasons *why, struct err *e)
{
	struct plan *p = c->plan;
	struct reasons lacks = {.n = 0};
	bool asked = c->rules.key->n > 0;
	size_t i;
	int rc = 0;

	p->stage = xcalloc(1, sizeof(*p->stage));
	p->stage->newer = -1;
	if (has_unique_rows(c) || asked)
		rc = plan_key(p, db, &lacks, e);
	for (i = 0; i < p->stage->nkey; i++) {
		const struct plan_column *col = &p->columns[p->stage->key[i]];

		if (col->position >= 0 && !p->rel->columns[col->position].not_null)
			reasons_add(&lacks,
				    "--key: column \"%s\" may be NULL, and rows are "
				    "not found by what they lack",
				    col->target);
	}
	if (rc == 0 && lacks.n == 0 && has_unique_rows(c)) {
		c->key = p->stage->key;
		c->nkey = p->stage->nkey;
	} else if (rc == 0 && asked) {
		reasons_add(why, "%.*s", (int)strcspn(buf_cstr(&lacks.text), "\n"),
			    buf_cstr(&lacks.text));
	}
	reasons_release(&lacks);
	return rc;
}

/* ---- how ---- */

static bool
has_word(const char *text, const char *word)
{
	return strstr(text, word) != NULL;
}

/* Are equal values of the type equal bytes, wherever they are written? */
static bool
is_stable(const json_t *types, const char *type, bool text)
{
	const char *base = typedocs_unwrap(types, type);
	char *item;
	bool stable;

	if (json_object_get(types, base) != NULL)
		return strcmp(typedocs_kind(types, base), "enum") == 0;
	item = xstrndup(base, strcspn(base, "["));
	stable = strncmp(item, "reg", 3) != 0 && strcmp(item, "xml") != 0 &&
		 strcmp(item, "record") != 0;
	if (text) /* whose session shows another offset, which servers before 15 cut */
		stable = stable && !has_word(item, "with time zone") &&
			 strncmp(item, "tstz", 4) != 0 && strcmp(item, "\"char\"") != 0;
	free(item);
	return stable;
}

/* Does the value of stream column ${i} come as the bytes that the target would send? */
static bool
comes_as_it_is(const struct plan *p, size_t i)
{
	const struct plan_column *c = &p->columns[i];
	const struct schema_column *from = &p->schema->columns[i];
	const struct relation_column *to = &p->rel->columns[c->position];

	return c->way == PLAN_SAME && c->loss == NULL &&
	       strcmp(typedocs_modified(p->schema->types, from->base, from->type), to->plain) ==
		       0 &&
	       is_stable(p->schema->types, from->base, p->text);
}

/* The order of the stream's rows is that of the key, whichever of its columns weighs more. */
static bool
take_order(struct compared *c, const struct header *header)
{
	size_t i, j;

	if (header->order.n != c->nkey)
		return false;
	c->order = (struct tuplekey){
		.text = c->plan->text,
		.list = xcalloc(c->nkey, sizeof(*c->order.list)),
	};
	for (i = 0; i < header->order.n; i++) {
		size_t at = (size_t)schema_find(c->plan->schema, header->order.names[i]);
		char *type;

		for (j = 0; j < c->nkey && c->key[j] != at; j++)
			continue;
		if (j == c->nkey)
			return false;
		type = compared_type(c, at);
		c->order.list[i] = (struct tuplekey_column){
			.field = compared_field(c, at),
			.kind = tuplekey_kind(type, c->plan->text),
		};
		free(type);
		if (c->order.list[i].kind == TUPLEKEY_NO)
			return false;
		c->order.n++;
	}
	return true;
}

static const char *
why_unmerged(struct compared *c, const struct compared_stream *stream)
{
	const struct plan *p = c->plan;
	size_t i;

	if (stream->header == NULL || stream->header->order.n == 0)
		return "the stream is in no order (portl-extract --order=key)";
	if (stream->ndjson || stream->edited)
		return "the rows do not come in the form in which a server wrote them";
	if (stream->header->server_version == 0)
		return "no server wrote the stream";
	if (c->nkey == 0)
		return "no key of the table is in the stream";
	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].target != NULL && !comes_as_it_is(p, i))
			return "a column has another type, or one whose form is not the same "
			       "on all servers";
	if (!take_order(c, stream->header))
		return "the order of the stream is not that of a key whose types are sorted "
		       "in the same way everywhere";
	return NULL;
}

static int
check_stage(const struct compared *c, struct db *db, struct reasons *why, struct err *e)
{
	char *may;

	if (c->unmerged == NULL)
		return 0;
	if (c->plan->rel->standby) {
		reasons_add(why, "rows would have to be staged, which a standby cannot do: %s",
			    c->unmerged);
		return 0;
	}
	may = db_query_text(db, e,
			    "SELECT pg_catalog.has_database_privilege("
			    "pg_catalog.current_database()::pg_catalog.text, 'TEMP')",
			    0, NULL);
	if (may == NULL)
		return -1;
	if (may[0] != 't')
		reasons_add(why,
			    "rows have to be staged in a temporary table, and there is no "
			    "TEMP privilege on the database: %s",
			    c->unmerged);
	free(may);
	return 0;
}

/* Of the target's rows those that the stream's were chosen by, too. */
static int
choose_rows(struct compared *c, const struct db *db, const json_t *keys, struct err *e)
{
	size_t n = keylist_ncolumns(keys), i;
	const char **names = xcalloc(n, sizeof(*names));
	struct buf sql = BUF_INIT;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		ssize_t at = schema_find(c->plan->schema, keylist_column(keys, i));

		names[i] = at >= 0 ? c->plan->columns[at].target : NULL;
		if (names[i] == NULL)
			rc = err_usage(e, "only-keys",
				       "--only-keys: column \"%s\" is not compared",
				       keylist_column(keys, i));
	}
	if (rc == 0) {
		keylist_add_condition(keys, names, db, &sql);
		c->only = buf_detach(&sql);
	}
	free(names);
	return rc;
}

static int
decide(struct compared *c, struct db *db, const struct compared_stream *stream,
       struct reasons *why, struct err *e)
{
	struct plan *p = c->plan;

	plan_match(p, why);
	if (plan_types(p, db, why, e) != 0)
		return -1;
	if (why->n > 0)
		return 0;
	if (check_privileges(p, db, why, e) != 0 || find_key(c, db, why, e) != 0 ||
	    plan_images(p, db, e) != 0 || plan_absent_scope(p, db, why, e) != 0)
		return -1;
	if (stream->keys != NULL && choose_rows(c, db, stream->keys, e) != 0)
		return -1;
	c->unmerged = why_unmerged(c, stream);
	return check_stage(c, db, why, e);
}

/* Why rows are not in the stream that may be among those compared with. */
static unsigned
partial_of(const struct compared_stream *stream)
{
	return stream->header->partial & ~(stream->keys != NULL ? HEADER_PARTIAL_KEYS : 0u);
}

int
compared_plan(struct compared *c, struct db *db, const struct compared_stream *stream,
	      struct err *e)
{
	struct reasons why = {.n = 0};
	int rc = -1;

	c->plan = planner_new(&c->rules, stream->header, stream->text);
	c->plan->search_path = db_query_text(
		db, e, "SELECT pg_catalog.current_setting('search_path')", 0, NULL);
	c->extras = c->rules.absent.scope != NULL ||
		    (!stream->part && stream->header != NULL && partial_of(stream) == 0);
	if (c->plan->search_path != NULL && find_target(c, db, e) == 0)
		rc = decide(c, db, stream, &why, e);
	if (rc == 0)
		rc = reasons_report(&why, c->name, e);
	if (rc == 0)
		rc = session_set_path(db, c->plan->search_path, e);
	reasons_release(&why);
	return rc;
}

void
compared_rows(const struct compared *c, struct buf *sql)
{
	const struct plan *p = c->plan;
	const char *comma = "";
	size_t i;

	buf_adds(sql, "SELECT ");
	for (i = 0; i < p->ncolumns; i++) {
		if (p->columns[i].target == NULL)
			continue;
		buf_adds(sql, comma);
		ident_add_quoted(sql, p->columns[i].target);
		comma = ", ";
	}
	buf_adds(sql, " FROM ");
	buf_adds(sql, c->alone ? relation_only(p->rel) : "");
	relname_add_quoted(&p->target, sql);
	if (c->rules.absent.scope != NULL)
		buf_addf(sql, " WHERE (\n%s\n)", c->rules.absent.scope);
	if (c->only != NULL)
		buf_addf(sql, " %s %s", c->rules.absent.scope != NULL ? "AND" : "WHERE",
			 c->only);
}

static void
add_order(const struct compared *c, const struct db *db, struct buf *sql)
{
	const char **names = xcalloc(c->order.n, sizeof(*names));
	size_t i;

	for (i = 0; i < c->order.n; i++)
		names[i] = c->plan->columns[compared_column(c, c->order.list[i].field)].target;
	keyorder_add(c->plan->rel, names, c->order.n, db, sql);
	free(names);
}

void
compared_copy(const struct compared *c, const struct db *db, struct buf *sql)
{
	buf_adds(sql, "COPY (");
	compared_rows(c, sql);
	add_order(c, db, sql);
	buf_addf(sql, ") TO STDOUT (FORMAT %s)", c->plan->text ? "text" : "binary");
}

void
compared_release(struct compared *c)
{
	planner_free(c->plan);
	free(c->name);
	free(c->only);
	free(c->order.list);
	tuplekey_release(&c->order);
	*c = (struct compared){.plan = NULL};
}
