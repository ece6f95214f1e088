/*
 * Which members of a set are loaded: all, or the one that -t names.
 */
#ifndef LOAD_SETCHOICE_H
#define LOAD_SETCHOICE_H

#include <stdbool.h>

struct err;
struct load_options;
struct manifest;

/*
 * setchoice_make(chosen, o, set, e):
 * Store which members are loaded, for the caller to free.  Options that are for one relation
 * only are refused for several; a name that no member has is.
 */
int setchoice_make(bool **chosen, const struct load_options *o, const struct manifest *set,
		   struct err *e) __attribute__((warn_unused_result));

#endif /* LOAD_SETCHOICE_H */
