/*
 * The kinds of sinks, and from the options to the sink that they mean.
 */
#ifndef LOAD_SINKS_H
#define LOAD_SINKS_H

struct cli_kind;
struct load_options;
struct receipt;
struct sink;

/* Each the first member of its struct sink_kind; ends with NULL. */
extern const struct cli_kind *const sinks_kinds[];

/*
 * sinks_new(options, receipt):
 * Return the sink that the options ask for; free it with sink_free().  Both are
 * borrowed.
 */
struct sink *sinks_new(const struct load_options *options, struct receipt *receipt);

#endif /* LOAD_SINKS_H */
