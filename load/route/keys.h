/*
 * Keys that are no values of the target's type: such rows have no place among the
 * others, so they are left out before these are put in order.
 */
#ifndef LOAD_KEYS_H
#define LOAD_KEYS_H

struct err;
struct route;

/*
 * keys_check(r, e):
 * Leave out the staged rows whose key cannot be cast.
 */
int keys_check(struct route *r, struct err *e) __attribute__((warn_unused_result));

#endif /* LOAD_KEYS_H */
