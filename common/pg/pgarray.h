/*
 * A parameter that is an array, as the server's array_in() reads it (PostgreSQL manual,
 * "Array Input and Output Syntax").
 */
#ifndef COMMON_PGARRAY_H
#define COMMON_PGARRAY_H

struct buf;

/*
 * pgarray_add(b, text), pgarray_add_oid(b, oid):
 * Append an element to the array that ${b}, empty at first, is to be.
 */
void pgarray_add(struct buf *b, const char *text);
void pgarray_add_oid(struct buf *b, unsigned oid);

/*
 * pgarray_end(b):
 * All elements are there, or there are none: return the array's text, which is ${b}'s.
 */
const char *pgarray_end(struct buf *b) __attribute__((returns_nonnull));

#endif /* COMMON_PGARRAY_H */
