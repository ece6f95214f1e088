/*
 * The kinds of sources, and which of them the options ask for.
 */
#ifndef EXTRACT_SOURCES_H
#define EXTRACT_SOURCES_H

struct cli_kind;
struct extract_options;
struct source;

/* Each the first member of its struct source_kind; ends with NULL. */
extern const struct cli_kind *const sources_kinds[];

/*
 * sources_make(options):
 * Return the source that the options ask for; free it with source_free().
 */
struct source *sources_make(const struct extract_options *options);

#endif /* EXTRACT_SOURCES_H */
