/*
 * What becomes of a value's parts in a column of another type: the elements of arrays, the
 * bounds of ranges and multiranges, the attributes of composites.  One walk goes over the
 * parts of both types; a domain is what it stands on.  What it finds is what plan_loss.h
 * says of two parts.
 */
#ifndef LOAD_PLAN_LEAVES_H
#define LOAD_PLAN_LEAVES_H

#include <jansson.h>
#include <stdbool.h>

/* A type without modifiers and with them, and what the types that it names are made of. */
struct plan_leaves_side {
	const json_t *types;
	const char *base, *type;
};

/* A value's type in the stream, and that of the column. */
struct plan_leaves {
	struct plan_leaves_side from, to;
};

/*
 * plan_leaves_loss(of, text, by_text):
 * Return the first loss of a part, for the caller to free, or NULL.  ${text}: values come
 * as text, so that a string, if it has no parts, is looked at row by row (digits.h) and
 * nothing is said of its digits; of a type not known ("") only those of parts are spoken of.
 * ${by_text}: input functions read the values.
 */
char *plan_leaves_loss(const struct plan_leaves *of, bool text, bool by_text);

/*
 * plan_leaves_cut(of):
 * Return how much the column keeps of a part before it cuts silently, as plan_loss_cut()
 * does, or NULL.
 */
const char *plan_leaves_cut(const struct plan_leaves *of);

/*
 * plan_leaves_is_row_by_row(types, base):
 * Tell whether values of the type are their own text, or arrays of such: then a text that
 * is cut differs from what it was.  A composite's or a range's may differ anyway.
 */
bool plan_leaves_is_row_by_row(const json_t *types, const char *base);

/*
 * plan_leaves_have(of, base):
 * Tell whether a part has this type on both sides.
 */
bool plan_leaves_have(const struct plan_leaves *of, const char *base);

#endif /* LOAD_PLAN_LEAVES_H */
