/*
 * A CSV file as a sink: what COPY … TO … (FORMAT csv, HEADER) would write, made
 * without a server.
 */
#ifndef LOAD_SINK_CSV_H
#define LOAD_SINK_CSV_H

struct sink;

/*
 * sink_csv_new():
 * Return an unopened sink; the factory fills in the base.
 */
struct sink *sink_csv_new(void);

#endif /* LOAD_SINK_CSV_H */
