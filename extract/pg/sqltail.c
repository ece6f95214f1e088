/*
 * Lexical structure as in the PostgreSQL manual's "SQL Syntax": only as much of it as
 * finds where a token ends.
 */
#include "extract/pg/sqltail.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/xalloc.h"

static const char *
skip_line(const char *p)
{
	return p + strcspn(p, "\r\n");
}

/* Comments of C's kind nest. */
static const char *
skip_comment(const char *p)
{
	size_t depth = 0;

	do {
		if (strncmp(p, "/*", 2) == 0) {
			depth++;
			p += 2;
		} else if (strncmp(p, "*/", 2) == 0) {
			depth--;
			p += 2;
		} else {
			p++;
		}
	} while (depth > 0 && *p != '\0');
	return p;
}

/* A doubled quote reads as two strings side by side, which comes to the same. */
static const char *
skip_quoted(const char *p, bool escapes)
{
	char quote = *p++;

	while (*p != '\0' && *p != quote)
		p += escapes && *p == '\\' && p[1] != '\0' ? 2 : 1;
	return *p != '\0' ? p + 1 : p;
}

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* $tag$ … $tag$, or a lone dollar. */
static const char *
skip_dollar(const char *p)
{
	const char *tag_end = p + 1, *end;
	char *tag;

	while (is_name(*tag_end))
		tag_end++;
	if (*tag_end != '$' || isdigit((unsigned char)p[1]))
		return p + 1;
	tag = xstrndup(p, (size_t)(tag_end + 1 - p));
	end = strstr(tag_end + 1, tag);
	end = end != NULL ? end + strlen(tag) : p + strlen(p);
	free(tag);
	return end;
}

/* A name with the dollars inside it; E and a quote begin a string with escapes. */
static const char *
skip_word(const char *p)
{
	const char *begin = p;

	while (is_name(*p) || *p == '$')
		p++;
	if (p == begin + 1 && (*begin == 'E' || *begin == 'e') && *p == '\'')
		return skip_quoted(p, true);
	return p;
}

static const char *
skip_token(const char *p)
{
	if (*p == '\'' || *p == '"')
		return skip_quoted(p, false);
	if (*p == '$')
		return skip_dollar(p);
	return is_name(*p) ? skip_word(p) : p + 1;
}

char *
sqltail_trim(const char *text)
{
	const char *p = text, *end = NULL; /* the first semicolon behind the last token */

	while (*p != '\0') {
		if (isspace((unsigned char)*p)) {
			p++;
		} else if (strncmp(p, "--", 2) == 0) {
			p = skip_line(p);
		} else if (strncmp(p, "/*", 2) == 0) {
			p = skip_comment(p);
		} else if (*p == ';') {
			end = end != NULL ? end : p;
			p++;
		} else {
			end = NULL;
			p = skip_token(p);
		}
	}
	return end != NULL ? xstrndup(text, (size_t)(end - text)) : xstrdup(text);
}
