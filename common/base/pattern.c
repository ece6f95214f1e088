/*
 * A name is scanned once, into what it is literally and into a regular expression; which of
 * the two counts depends on whether a character with a meaning stood outside of quotes.
 */
#include "common/base/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"

#define NAME_MAX_BYTES 63 /* NAMEDATALEN - 1; the server cuts longer names */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* What a scan of one name leaves. */
struct scan {
	struct buf literal, regex;
	bool is_set;
	bool any;    /* there is a name, if only an empty one in quotes */
	size_t kept; /* bytes of the literal that are not blanks at its end */
};

/* A character that stands for itself. */
static void
take_literal(struct scan *s, char c)
{
	buf_addc(&s->literal, c);
	if (c != '\0' && strchr("|*+?()[]{}.^$\\", c) != NULL)
		buf_addc(&s->regex, '\\');
	buf_addc(&s->regex, c);
	s->any = true;
}

static void
take_plain(struct scan *s, char c)
{
	if (is_upper(c))
		c = (char)(c + 32);
	if (strchr("|*+?()[]{}^\\", c) == NULL) {
		take_literal(s, c);
		return;
	}
	if (c == '*')
		buf_addc(&s->regex, '.');
	buf_addc(&s->regex, c == '?' ? '.' : c);
	buf_addc(&s->literal, c);
	s->is_set = s->any = true;
}

/* Returns what is behind the closing quote, or NULL. */
static const char *
take_quoted(struct scan *s, const char *p)
{
	s->any = true;
	for (p++; *p != '\0'; p++) {
		if (*p == '"' && p[1] != '"')
			return p + 1;
		if (*p == '"')
			p++;
		take_literal(s, *p);
	}
	return NULL;
}

static int
take_part(struct scan *s, struct pattern_part *part, const char *whole, struct err *e)
{
	struct buf regex = BUF_INIT;

	while (s->literal.len > s->kept) { /* blanks, which are themselves in both */
		s->literal.len--;
		s->regex.len--;
	}
	if (!s->any || s->literal.len == 0)
		return err_set(e, EXIT_USAGE, "a name is missing in \"%s\"", whole);
	if (!s->is_set && s->literal.len > NAME_MAX_BYTES)
		return err_set(e, EXIT_USAGE,
			       "the name \"%s\" is longer than PostgreSQL's 63 bytes",
			       buf_cstr(&s->literal));
	part->is_set = s->is_set;
	if (s->is_set) {
		buf_addf(&regex, "^(%s)$", buf_cstr(&s->regex));
		part->name = buf_detach(&regex);
	} else {
		part->name = buf_detach(&s->literal);
	}
	return 0;
}

/* One name, up to a dot or the end; returns where it ends, or NULL with ${e} filled. */
static const char *
scan_part(const char *p, const char *whole, struct pattern_part *part, struct err *e)
{
	struct scan s = {.any = false};
	int rc = 0;

	while (is_blank(*p))
		p++;
	while (p != NULL && *p != '\0' && *p != '.') {
		bool blank = is_blank(*p);

		if (*p == '"')
			p = take_quoted(&s, p);
		else
			take_plain(&s, *p++);
		if (!blank)
			s.kept = s.literal.len;
	}
	if (p == NULL)
		rc = err_set(e, EXIT_USAGE, "a quote is not closed in %s", whole);
	else
		rc = take_part(&s, part, whole, e);
	buf_release(&s.literal);
	buf_release(&s.regex);
	return rc == 0 ? p : NULL;
}

static struct pattern *
append(struct pattern_list *list, const char *text)
{
	list->list = xrealloc(list->list, (list->n + 1) * sizeof(*list->list));
	list->list[list->n] = (struct pattern){.text = text};
	return &list->list[list->n++];
}

int
pattern_add(struct pattern_list *list, const char *text, struct err *e)
{
	struct pattern *new = append(list, text);
	const char *p = scan_part(text, text, &new->name, e);

	if (p != NULL && *p == '.') {
		new->schema = new->name;
		new->name = (struct pattern_part){.name = NULL};
		p = scan_part(p + 1, text, &new->name, e);
	}
	if (p == NULL)
		return -1;
	if (*p == '\0')
		return 0;
	err_set(e, EXIT_USAGE, "\"%s\" is not a table name", text);
	return err_hint(e, "Write TABLE or SCHEMA.TABLE; put names with special characters in "
			   "double quotes: -t '\"my.table\"'.");
}

int
pattern_add_schema(struct pattern_list *list, const char *text, struct err *e)
{
	struct pattern *new = append(list, text);
	const char *p = scan_part(text, text, &new->name, e);

	if (p == NULL)
		return -1;
	if (*p == '\0')
		return 0;
	err_set(e, EXIT_USAGE, "\"%s\" is not the name of a schema", text);
	return err_hint(e, "Tables are chosen with -t SCHEMA.TABLE.");
}

bool
pattern_is_exact(const struct pattern *p)
{
	return !p->schema.is_set && !p->name.is_set;
}

char *
pattern_keep_case(const char *text)
{
	struct buf b = BUF_INIT;
	bool quoted = false;

	for (; *text != '\0'; text++) {
		if (*text == '"')
			quoted = !quoted;
		if (is_upper(*text) && !quoted)
			buf_addf(&b, "\"%c\"", *text);
		else
			buf_addc(&b, *text);
	}
	return buf_detach(&b);
}

void
pattern_list_release(struct pattern_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		free(list->list[i].schema.name);
		free(list->list[i].name.name);
	}
	free(list->list);
	*list = (struct pattern_list){.n = 0};
}
