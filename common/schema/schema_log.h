/*
 * A stream's header in the log.
 */
#ifndef COMMON_SCHEMA_LOG_H
#define COMMON_SCHEMA_LOG_H

struct schema;

/*
 * schema_log(s, doing):
 * Log the event "stream": whose rows, which columns; ${doing} is "writing" or "reading".
 */
void schema_log(const struct schema *s, const char *doing);

#endif /* COMMON_SCHEMA_LOG_H */
