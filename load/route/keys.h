/*
 * Leaving out rows whose key is no value of the target's type.  It comes first, because the
 * order of insertion is the order of the keys.
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
