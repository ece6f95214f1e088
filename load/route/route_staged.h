/*
 * The staged route: COPY into a temporary table, then INSERT … SELECT into the
 * target, in rounds.
 */
#ifndef LOAD_ROUTE_STAGED_H
#define LOAD_ROUTE_STAGED_H

#include "load/route/route.h"

extern const struct route_ops route_staged_ops;

#endif /* LOAD_ROUTE_STAGED_H */
