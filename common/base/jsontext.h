/*
 * Any text as a JSON string.
 */
#ifndef COMMON_JSONTEXT_H
#define COMMON_JSONTEXT_H

#include <jansson.h>

/*
 * jsontext(text):
 * Return a JSON string of ${text}, or JSON null for NULL, for the caller to
 * json_decref(); if it is not UTF-8, each byte beyond ASCII becomes a question mark.
 */
json_t *jsontext(const char *text);

#endif /* COMMON_JSONTEXT_H */
