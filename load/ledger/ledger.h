/*
 * The ledger: a schema at the target whose tables say what has been loaded.  They are written
 * in the transaction of the rows that they are about: states (portl-incremental(7)), runs in
 * parts and their parts (portl-parts(7)).
 */
#ifndef LOAD_LEDGER_H
#define LOAD_LEDGER_H

#include <stdbool.h>

struct buf;
struct db;
struct err;

/* Which of its tables are meant. */
enum ledger_tables {
	LEDGER_STATES,
	LEDGER_RUNS /* runs and parts; tables of a run stand beside them */
};

/*
 * ledger_add(schema, table, sql):
 * Append the name of a table in that schema, as SQL takes it.
 */
void ledger_add(const char *schema, const char *table, struct buf *sql);

/*
 * ledger_find(db, schema, tables, make, there, e):
 * Outside a transaction: are the ledger's ${tables} ${*there}, and may the role use them?
 * ${make} them where they are missing.  A role that may not fills ${e} (EXIT_TARGET), with the
 * statements that are for an administrator.
 */
int ledger_find(struct db *db, const char *schema, enum ledger_tables tables, bool make,
		bool *there, struct err *e) __attribute__((warn_unused_result));

/*
 * ledger_explain(why, e):
 * Whoever only reads goes on where ledger_find() has failed by ${why} with EXIT_TARGET.  Where
 * ${e} is that reading is not allowed either, it becomes ${why}, which names what is to be
 * granted.  Releases ${why}.
 */
void ledger_explain(struct err *why, struct err *e);

/*
 * ledger_expect(db, schema, e):
 * Outside a transaction: fail (EXIT_TARGET) where there is no such schema.
 */
int ledger_expect(struct db *db, const char *schema, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_LEDGER_H */
