/*
 * Publishing a run in parts, by whoever brought the last part or for --publish.
 */
#ifndef LOAD_PUBLISH_H
#define LOAD_PUBLISH_H

#include <stdbool.h>

struct err;
struct load_options;
struct receipt;
struct receipt_part;

/*
 * publish_run(options, receipt, e):
 * Connect and publish what the options' plan says, unless that has been done; tell ${receipt},
 * on failure too.
 */
int publish_run(const struct load_options *options, struct receipt *receipt, struct err *e)
	__attribute__((warn_unused_result));

/*
 * publish_part(options, part, e):
 * The same without a receipt, for whoever has one of a part: ${part} is told of it.
 */
int publish_part(const struct load_options *options, struct receipt_part *part, struct err *e)
	__attribute__((warn_unused_result));

/*
 * publish_may_pass(options, e):
 * Is ${e} what passes when others have done what they do?  Of a run in parts that has a
 * status of its own.
 */
bool publish_may_pass(const struct load_options *options, const struct err *e);

#endif /* LOAD_PUBLISH_H */
