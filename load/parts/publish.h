/*
 * Publishing a run in parts, by whoever brought the last part or for --publish.
 */
#ifndef LOAD_PUBLISH_H
#define LOAD_PUBLISH_H

#include <stdbool.h>

struct err;
struct load_options;
struct receipt;

/*
 * publish_run(options, receipt, e):
 * Connect and publish what the options' plan says, unless that has been done; tell ${receipt},
 * on failure too.
 */
int publish_run(const struct load_options *options, struct receipt *receipt, struct err *e)
	__attribute__((warn_unused_result));

/*
 * publish_untold(options, e):
 * The same without a receipt, for whoever has one of another thing.
 */
int publish_untold(const struct load_options *options, struct err *e)
	__attribute__((warn_unused_result));

/*
 * publish_may_pass(options, e):
 * Is ${e} what passes when others have done what they do?  Of a run in parts that has a
 * status of its own.
 */
bool publish_may_pass(const struct load_options *options, const struct err *e);

#endif /* LOAD_PUBLISH_H */
