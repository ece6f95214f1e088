/*
 * Publishing a run in parts, by whoever brought the last part or for --publish.
 */
#ifndef LOAD_PUBLISH_H
#define LOAD_PUBLISH_H

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

#endif /* LOAD_PUBLISH_H */
