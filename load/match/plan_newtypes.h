/*
 * What this server knows of the types, collations and names of columns that are to be created.
 */
#ifndef LOAD_PLAN_NEWTYPES_H
#define LOAD_PLAN_NEWTYPES_H

#include <libpq-fe.h>

struct db;
struct err;
struct plan;

/*
 * plan_newtypes(p, db, e):
 * Look them up, a row for each column to be created, in stream order: the type's OID; the
 * collation, qualified and quoted; the type without modifiers; whether the name is too long;
 * the type with modifiers; whether it is a pseudo-type; whether a system column has the name.
 * What does not exist is NULL; a name that the server cannot even read is noted in ${p}.
 * NULL on failure.  In an open transaction, whose search_path is pg_catalog.
 */
PGresult *plan_newtypes(struct plan *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_NEWTYPES_H */
