/*
 * A CSV file as a source: read as COPY … (FORMAT csv) reads it, but strictly;
 * every value leaves as text.  No server is asked.
 */
#ifndef EXTRACT_SOURCE_CSV_H
#define EXTRACT_SOURCE_CSV_H

struct source;

/*
 * source_csv_new():
 * Return an unopened source; the factory fills in the base.
 */
struct source *source_csv_new(void);

#endif /* EXTRACT_SOURCE_CSV_H */
