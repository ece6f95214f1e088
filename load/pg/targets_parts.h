/*
 * What load/pg/targets*.c share.  Nobody else includes this.
 */
#ifndef LOAD_TARGETS_PARTS_H
#define LOAD_TARGETS_PARTS_H

#include <stddef.h>
#include <xxhash.h>

struct target;
struct targets;

/*
 * targets_wake(ts, i), targets_sleep(ts, i), targets_drop(ts, i):
 * Have relation ${i} awake, from 0, and return it; let it sleep as it is now, if it can; forget
 * it, which leaves one that has slept as it was then.
 */
struct target *targets_wake(struct targets *ts, size_t i) __attribute__((returns_nonnull));
void targets_sleep(struct targets *ts, size_t i);
void targets_drop(struct targets *ts, size_t i);

/*
 * targets_note(ts):
 * Have all that is awake and planned in its brief.
 */
void targets_note(struct targets *ts);

/*
 * targets_mark(identity):
 * Return what stands for it there.
 */
XXH128_hash_t targets_mark(const char *identity);

#endif /* LOAD_TARGETS_PARTS_H */
