/*
 * Keys come as text, and are read by the server's own input functions.
 */
#include "common/pg/keylist.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/jsontext.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"

static const struct {
	const char *type;
	bool string;
} types[] = {
	{"smallint", false},
	{"integer", false},
	{"bigint", false},
	{"oid", false},
	{"xid8", false},
	{"numeric", false},
	{"real", false},
	{"double precision", false},
	{"boolean", false},
	{"text", true},
	{"character varying", true},
	{"character", true},
	{"name", true},
	{"bytea", false},
	{"uuid", false},
	{"date", false},
	{"time without time zone", false},
	{"time with time zone", false},
	{"timestamp without time zone", false},
	{"timestamp with time zone", false},
	{"interval", false},
	{"inet", false},
	{"cidr", false},
	{"macaddr", false},
	{"macaddr8", false},
	{"pg_lsn", false},
	{"jsonb", true},
};

#define NTYPES (sizeof(types) / sizeof(types[0]))

static size_t
find_type(const char *type)
{
	size_t i;

	for (i = 0; i < NTYPES && strcmp(types[i].type, type) != 0; i++)
		continue;
	return i;
}

bool
keylist_takes(const char *type)
{
	return find_type(type) < NTYPES;
}

/* ---- a line ---- */

json_t *
keylist_line(const struct relname *relation)
{
	return json_pack("{s:o, s:o, s:[], s:[], s:[]}", "schema", jsontext(relation->schema),
			 "name", jsontext(relation->name), "columns", "types", "keys");
}

static const char *
text_of(const json_t *line, const char *member, size_t i)
{
	return json_string_value(json_array_get(json_object_get(line, member), i));
}

size_t
keylist_ncolumns(const json_t *line)
{
	return json_array_size(json_object_get(line, "columns"));
}

const char *
keylist_column(const json_t *line, size_t i)
{
	return text_of(line, "columns", i);
}

static bool
is_key(const json_t *key, size_t n)
{
	size_t i;

	if (!json_is_array(key) || json_array_size(key) != n)
		return false;
	for (i = 0; i < n; i++) {
		const json_t *value = json_array_get(key, i);

		if (!json_is_string(value) && !json_is_integer(value) &&
		    !json_is_boolean(value))
			return false;
	}
	return true;
}

static bool
is_line(const json_t *line)
{
	const json_t *keys = json_object_get(line, "keys");
	size_t n = keylist_ncolumns(line), i;

	if (n == 0 || !json_is_array(keys))
		return false;
	for (i = 0; i < n; i++) {
		const char *type = text_of(line, "types", i);

		if (keylist_column(line, i) == NULL || type == NULL || !keylist_takes(type))
			return false;
	}
	for (i = 0; i < json_array_size(keys); i++)
		if (!is_key(json_array_get(keys, i), n))
			return false;
	return true;
}

int
keylist_read(struct keylist *list, const char *path, struct err *e)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	ssize_t n;
	int rc = 0;

	if (file == NULL)
		return err_errno(e, "could not read \"%s\"", path);
	while (rc == 0 && (n = getline(&text, &size, file)) > 0) {
		list->list = xrealloc(list->list, (list->n + 1) * sizeof(void *));
		list->list[list->n] = json_loadb(text, (size_t)n, 0, NULL);
		if (!is_line(list->list[list->n++]))
			rc = err_usage(e, "only-keys", "%s: line %zu does not name keys", path,
				       list->n);
	}
	if (rc == 0 && ferror(file))
		rc = err_errno(e, "could not read \"%s\"", path);
	free(text);
	fclose(file);
	return rc;
}

static bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

const json_t *
keylist_find(const struct keylist *list, const struct relname *relation)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		const json_t *line = list->list[i];
		const char *name = json_string_value(json_object_get(line, "name"));
		const char *schema = json_string_value(json_object_get(line, "schema"));

		if (is_same(name, relation != NULL ? relation->name : NULL) &&
		    (name == NULL || is_same(schema, relation->schema)))
			return line;
	}
	return NULL;
}

void
keylist_release(struct keylist *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		json_decref(list->list[i]);
	free(list->list);
	*list = (struct keylist){.list = NULL};
}

/* ---- the condition ---- */

static void
add_text(const json_t *value, struct buf *text)
{
	text->len = 0;
	if (json_is_string(value))
		buf_adds(text, json_string_value(value));
	else if (json_is_integer(value))
		buf_addf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		buf_adds(text, json_is_true(value) ? "true" : "false");
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((*text & 0x80) != 0)
			return false;
	return true;
}

/* Would a statement with these strings be refused by a database of another encoding? */
static bool
may_not_be_there(const json_t *line, size_t column, const struct db *db)
{
	const char *encoding = PQparameterStatus(db->conn, "server_encoding");
	const json_t *keys = json_object_get(line, "keys");
	size_t i;

	if (encoding == NULL || strcmp(encoding, "UTF8") == 0 ||
	    strcmp(encoding, "SQL_ASCII") == 0 ||
	    !types[find_type(text_of(line, "types", column))].string)
		return false;
	for (i = 0; i < json_array_size(keys); i++)
		if (!is_ascii(
			    json_string_value(json_array_get(json_array_get(keys, i), column))))
			return true;
	return false;
}

/* Without the blanks that a cast of char(n) drops. */
static void
to_bytes(struct buf *text, bool padded)
{
	struct buf hex = BUF_INIT;
	size_t i;

	while (padded && text->len > 0 && text->data[text->len - 1] == ' ')
		text->len--;
	buf_adds(&hex, "\\x");
	for (i = 0; i < text->len; i++)
		buf_addf(&hex, "%02x", (unsigned char)text->data[i]);
	text->len = 0;
	buf_adds(text, buf_cstr(&hex));
	buf_release(&hex);
}

/* A column, and the values it is to have, as an array. */
struct keylist_part {
	const json_t *line;
	size_t column;
	const char *name;
	bool bytes; /* may_not_be_there() */
};

static const char *
type_of(const struct keylist_part *p)
{
	return text_of(p->line, "types", p->column);
}

static void
add_name(const struct keylist_part *p, struct buf *sql)
{
	buf_adds(sql, p->bytes ? "pg_catalog.convert_to(CAST(" : "");
	ident_add_quoted(sql, p->name);
	buf_adds(sql, p->bytes ? " AS pg_catalog.text), 'UTF8')" : "");
}

static void
add_values(const struct keylist_part *p, struct buf *sql)
{
	const json_t *keys = json_object_get(p->line, "keys");
	bool padded = strcmp(type_of(p), "character") == 0; /* which by itself means one */
	struct buf array = BUF_INIT, text = BUF_INIT;
	size_t i;

	for (i = 0; i < json_array_size(keys); i++) {
		add_text(json_array_get(json_array_get(keys, i), p->column), &text);
		if (p->bytes)
			to_bytes(&text, padded);
		pgarray_add(&array, buf_cstr(&text));
	}
	buf_adds(sql, "CAST(");
	ident_add_literal(sql, pgarray_end(&array));
	buf_adds(sql, " AS ");
	ident_add_type(sql, p->bytes ? "bytea" : padded ? "bpchar" : type_of(p));
	buf_adds(sql, "[])");
	buf_release(&array);
	buf_release(&text);
}

/*
 * The planner makes the keys distinct before it joins by them, as the default collation has
 * it; under another that takes two of them for one a row would come twice.  So strings are
 * compared by their bytes as well.
 */
static bool
is_string(const struct keylist_part *p)
{
	return !p->bytes && types[find_type(type_of(p))].string &&
	       strcmp(type_of(p), "jsonb") != 0;
}

static void
add_rows(const struct keylist_part *parts, size_t n, struct buf *sql)
{
	size_t i;

	buf_adds(sql, "(");
	for (i = 0; i < n; i++) {
		buf_adds(sql, i > 0 ? ", " : "");
		add_name(&parts[i], sql);
		if (is_string(&parts[i])) {
			buf_adds(sql, ", ");
			add_name(&parts[i], sql);
			buf_adds(sql, " COLLATE pg_catalog.\"C\"");
		}
	}
	buf_adds(sql, ") OPERATOR(pg_catalog.=) ANY (SELECT ");
	for (i = 0; i < n; i++)
		buf_addf(sql, is_string(&parts[i]) ? "%sk.c%zu, k.c%zu" : "%sk.c%zu",
			 i > 0 ? ", " : "", i, i);
	buf_adds(sql, " FROM ROWS FROM (");
	for (i = 0; i < n; i++) {
		buf_adds(sql, i > 0 ? ", pg_catalog.unnest(" : "pg_catalog.unnest(");
		add_values(&parts[i], sql);
		buf_adds(sql, ")");
	}
	buf_adds(sql, ") AS k (");
	for (i = 0; i < n; i++)
		buf_addf(sql, "%sc%zu", i > 0 ? ", " : "", i);
	buf_adds(sql, "))");
}

void
keylist_add_condition(const json_t *line, const char *const *names, const struct db *db,
		      struct buf *sql)
{
	size_t n = keylist_ncolumns(line), i;
	struct keylist_part *parts = xcalloc(n, sizeof(*parts));

	for (i = 0; i < n; i++)
		parts[i] = (struct keylist_part){.line = line,
						 .column = i,
						 .name = names[i],
						 .bytes = may_not_be_there(line, i, db)};
	if (n > 1) {
		add_rows(parts, n, sql);
	} else {
		add_name(&parts[0], sql);
		buf_adds(sql, " OPERATOR(pg_catalog.=) ANY (");
		add_values(&parts[0], sql);
		buf_adds(sql, ")");
	}
	free(parts);
}
