/*
 * The direct route: COPY into the target itself.
 */
#ifndef LOAD_ROUTE_DIRECT_H
#define LOAD_ROUTE_DIRECT_H

#include "load/route/route.h"

extern const struct route_ops route_direct_ops;

#endif /* LOAD_ROUTE_DIRECT_H */
