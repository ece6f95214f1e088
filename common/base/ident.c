/*
 * A scanner for identifiers on the command line and in job files.
 */
#include "common/base/ident.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"

#define NAME_MAX_BYTES 63 /* NAMEDATALEN - 1; the server cuts longer names */

static const char *
skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n')
		p++;
	return p;
}

static const char *
scan_quoted(const char *p, struct buf *name)
{
	for (p++; *p != '\0'; p++) {
		if (*p == '"' && p[1] != '"')
			return p + 1;
		if (*p == '"')
			p++;
		buf_addc(name, *p);
	}
	return NULL; /* no closing quote */
}

static const char *
scan_plain(const char *p, struct buf *name)
{
	while (*p != '\0' && strchr(".,=\"", *p) == NULL) {
		buf_addc(name, *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p);
		p++;
	}
	while (name->len > 0 && strchr(" \t\n", name->data[name->len - 1]) != NULL)
		name->len--;
	return p;
}

/* Scan one name of at most so many bytes; returns what is behind it, or NULL with ${e} filled.
 */
static const char *
scan_name(const char *p, const char *whole, size_t most, char **out, struct err *e)
{
	struct buf name = BUF_INIT;

	p = skip_blanks(p);
	p = *p == '"' ? scan_quoted(p, &name) : scan_plain(p, &name);
	if (p == NULL) {
		err_set(e, EXIT_USAGE, "a quote is not closed in the name %s", whole);
	} else if (name.len == 0) {
		err_set(e, EXIT_USAGE, "a name is missing in \"%s\"", whole);
	} else if (name.len > most) {
		err_set(e, EXIT_USAGE, "the name \"%s\" is longer than PostgreSQL's 63 bytes",
			buf_cstr(&name));
	} else {
		*out = buf_detach(&name);
		return skip_blanks(p);
	}
	buf_release(&name);
	return NULL;
}

int
ident_parse_qualified(const char *text, char **schema, char **name, struct err *e)
{
	const char *p;

	*schema = NULL;
	*name = NULL;
	p = scan_name(text, text, NAME_MAX_BYTES, name, e);
	if (p != NULL && *p == '.') {
		*schema = *name;
		*name = NULL;
		p = scan_name(p + 1, text, NAME_MAX_BYTES, name, e);
	}
	if (p != NULL && *p == '\0')
		return 0;
	if (p != NULL) {
		err_set(e, EXIT_USAGE, "\"%s\" is not a table name", text);
		err_hint(e, "Write TABLE or SCHEMA.TABLE; put names with special characters in "
			    "double quotes: -t '\"my.table\"'.");
	}
	free(*schema);
	free(*name);
	*schema = *name = NULL;
	return -1;
}

int
ident_parse_list(const char *text, struct ident_list *list, struct err *e)
{
	const char *p = text;

	for (;;) {
		char *name = NULL;

		p = scan_name(p, text, SIZE_MAX, &name, e);
		if (p == NULL)
			return -1;
		list->names = xrealloc(list->names, (list->n + 1) * sizeof(*list->names));
		list->names[list->n++] = name;
		if (*p == '\0')
			return 0;
		if (*p != ',')
			return err_set(e, EXIT_USAGE, "\"%s\" is not a list of names", text);
		p++;
	}
}

/* The text between two of ${quote}, each of ${doubled} in it twice. */
static void
add_quoted(struct buf *out, const char *text, size_t len, char quote, const char *doubled)
{
	size_t i;

	buf_addc(out, quote);
	for (i = 0; i < len; i++) {
		if (strchr(doubled, text[i]) != NULL)
			buf_addc(out, text[i]);
		buf_addc(out, text[i]);
	}
	buf_addc(out, quote);
}

void
ident_add_quoted(struct buf *sql, const char *name)
{
	add_quoted(sql, name, strlen(name), '"', "\"");
}

void
ident_add_literal(struct buf *sql, const char *text)
{
	/* E'' reads backslashes in one way, whatever standard_conforming_strings says */
	buf_adds(sql, strchr(text, '\\') != NULL ? " E" : "");
	add_quoted(sql, text, strlen(text), '\'', "'\\");
}

char *
ident_typed(const char *name)
{
	struct buf out = BUF_INIT;

	if (name[0] != '\0' &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0')
		return xstrdup(name);
	ident_add_quoted(&out, name);
	return buf_detach(&out);
}

char *
ident_keep_case(const char *text)
{
	struct buf out = BUF_INIT;
	const char *p = text;

	while (*p != '\0') {
		size_t len = strcspn(p, ".,\""), end = len;

		while (end > 0 && strchr(" \t\n", p[end - 1]) != NULL)
			end--;
		len = *p == '"' ? 1 + strcspn(p + 1, "\"") : len;
		if (*p == '"') {
			len += p[len] == '"';
			buf_add(&out, p, len);
		} else if (skip_blanks(p) < p + end) {
			const char *name = skip_blanks(p);

			add_quoted(&out, name, (size_t)(p + end - name), '"', "\"");
		}
		p += len;
		if (*p == '.' || *p == ',')
			buf_addc(&out, *p++);
	}
	return buf_detach(&out);
}

/* The grammar knows these: no search_path leads elsewhere, and no schema goes before them. */
static bool
is_keyword(const char *type)
{
	static const char *const words[] = {
		"bigint",   "bit",     "boolean", "character", "double", "integer",
		"interval", "numeric", "real",    "smallint",  "time",   "timestamp",
	};
	size_t i, len = strcspn(type, " ([");

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len && strncmp(type, words[i], len) == 0)
			return true;
	return false;
}

size_t
ident_schema_len(const char *type)
{
	bool quoted = false;
	size_t i;

	for (i = 0; type[i] != '\0' && (quoted || type[i] != '.'); i++)
		quoted = quoted != (type[i] == '"');
	return type[i] == '.' ? i + 1 : 0;
}

void
ident_add_type(struct buf *sql, const char *type)
{
	if (!is_keyword(type) && ident_schema_len(type) == 0)
		buf_adds(sql, "pg_catalog.");
	buf_adds(sql, type);
}

void
ident_list_add(struct ident_list *list, const char *name)
{
	list->names = xrealloc(list->names, (list->n + 1) * sizeof(char *));
	list->names[list->n++] = xstrdup(name);
}

int
ident_list_has(const struct ident_list *list, const char *name)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (strcmp(list->names[i], name) == 0)
			return 1;
	return 0;
}

void
ident_list_release(struct ident_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct ident_list){.names = NULL};
}
