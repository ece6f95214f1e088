/*
 * The route over a temporary table for --rejects: rows that the server refuses
 * are left out and written to a file.
 */
#ifndef LOAD_ROUTE_REJECTS_H
#define LOAD_ROUTE_REJECTS_H

#include "load/route/route.h"

extern const struct route_ops route_rejects_ops;

#endif /* LOAD_ROUTE_REJECTS_H */
