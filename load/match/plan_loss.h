/*
 * What a value loses, though PostgreSQL does not call it an error, when it
 * becomes another type's.  Types are named as format_type() names them.  Neither has parts:
 * plan_leaves.h takes values apart.
 */
#ifndef LOAD_PLAN_LOSS_H
#define LOAD_PLAN_LOSS_H

#include <stdbool.h>

/* A type without modifiers and with them, domains unwrapped. */
struct plan_loss_type {
	const char *base, *type;
};

/*
 * plan_loss(from, to, by_text):
 * Return what may be lost, as the end of a sentence that begins with the type
 * ("is rounded to numeric(10,2)"), for the caller to free; NULL if nothing is.
 * ${by_text}: the target's input function reads the text, else INSERT casts.
 */
char *plan_loss(const struct plan_loss_type *from, const struct plan_loss_type *to,
		bool by_text);

/*
 * plan_loss_is_counted(from, to):
 * Tell whether a value that comes as text is looked at by itself (digits.h), since its type,
 * such as a CSV file's, does not say what the other type's digits would lose.
 */
bool plan_loss_is_counted(const struct plan_loss_type *from, const struct plan_loss_type *to);

/*
 * plan_loss_is_string(base):
 * Tell whether the type says nothing of what its values look like.
 */
bool plan_loss_is_string(const char *base);

/*
 * plan_loss_cut(from_base, to_base):
 * Return how much of a value ${to_base} keeps before it cuts silently ("63
 * bytes"), or NULL if it does not cut what ${from_base} can hold.
 */
const char *plan_loss_cut(const char *from_base, const char *to_base);

#endif /* LOAD_PLAN_LOSS_H */
