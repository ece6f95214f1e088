/*
 * Patterns of relations as psql and pg_dump have them (PostgreSQL manual, psql, "Patterns"):
 * * is any text, ? any character, a dot parts schema and name, letters fold to lower case;
 * between double quotes all characters are themselves.  What else has a meaning in regular
 * expressions has it here, but for $.
 */
#ifndef COMMON_PATTERN_H
#define COMMON_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* One name: exactly that, or all that a regular expression of PostgreSQL matches. */
struct pattern_part {
	char *name;  /* owned; NULL: none is given */
	bool is_set; /* the name is a regular expression, anchored at both ends */
};

struct pattern {
	const char *text; /* as typed; borrowed */
	struct pattern_part schema, name;
};

struct pattern_list {
	struct pattern *list;
	size_t n;
};

/*
 * pattern_add(list, text, e):
 * Parse [SCHEMA.]NAME and append it; ${text} is borrowed.
 */
int pattern_add(struct pattern_list *list, const char *text, struct err *e)
	__attribute__((warn_unused_result));

/*
 * pattern_add_schema(list, text, e):
 * The same for a pattern of schemas alone, which becomes the name.
 */
int pattern_add_schema(struct pattern_list *list, const char *text, struct err *e)
	__attribute__((warn_unused_result));

/*
 * pattern_is_exact(p):
 * Tell whether it is the name of one relation at most.
 */
bool pattern_is_exact(const struct pattern *p);

/*
 * pattern_keep_case(text):
 * Return the text with upper-case letters quoted, so that none is folded; the caller frees
 * it.
 */
char *pattern_keep_case(const char *text) __attribute__((returns_nonnull));

/*
 * pattern_list_release(list):
 * Free the patterns.
 */
void pattern_list_release(struct pattern_list *list);

#endif /* COMMON_PATTERN_H */
