/*
 * A database as something to compare with (--verify): a sink that writes nothing.
 */
#ifndef LOAD_SINK_VERIFY_H
#define LOAD_SINK_VERIFY_H

struct sink;

/*
 * sink_verify_new():
 * Return an unopened sink; the factory fills in the base.
 */
struct sink *sink_verify_new(void);

#endif /* LOAD_SINK_VERIFY_H */
