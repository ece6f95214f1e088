/*
 * Binary values as text, without a server: what the types' output functions write
 * with Portl's session settings (DateStyle=ISO, IntervalStyle=postgres,
 * extra_float_digits=3, bytea_output=hex, lc_monetary=C) and TimeZone=UTC.
 * Sources: PostgreSQL's send and output functions.
 */
#ifndef COMMON_PGVALUE_H
#define COMMON_PGVALUE_H

#include <jansson.h>
#include <stddef.h>

struct buf;
struct err;
struct pgvalue;

/*
 * pgvalue_new(base, types):
 * Return what it takes to read values of the type called ${base} (a name without
 * modifiers) in a stream whose header has ${types}; NULL if that is not known.
 * Known are most of pg_catalog, citext, hstore and ltree, and all enums, domains,
 * arrays, ranges, multiranges and composites of known types.  The caller frees it
 * with pgvalue_free().
 */
struct pgvalue *pgvalue_new(const char *base, const json_t *types);

/*
 * pgvalue_text(v, data, len, out):
 * Append the text of a value of ${len} bytes, not NULL.  Returns 0, or -1 if the
 * bytes are no value of the type; ${out} may then hold a part of a text.
 */
int pgvalue_text(const struct pgvalue *v, const char *data, size_t len, struct buf *out)
	__attribute__((warn_unused_result));

/*
 * pgvalue_free(v):
 * Free.  NULL does nothing.
 */
void pgvalue_free(struct pgvalue *v);

#endif /* COMMON_PGVALUE_H */
