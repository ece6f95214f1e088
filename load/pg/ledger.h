/*
 * The ledger: a schema at the target with the table of states, which is written in the
 * transaction of the rows that it is about (portl-incremental(7)).
 */
#ifndef LOAD_LEDGER_H
#define LOAD_LEDGER_H

#include <stdbool.h>

struct buf;
struct db;
struct err;
struct load_options;

/*
 * ledger_add_states(schema, sql):
 * Append the name of the table of states in that schema, as SQL takes it.
 */
void ledger_add_states(const char *schema, struct buf *sql);

/*
 * ledger_find(db, schema, make, there, e):
 * Outside a transaction: is the ledger ${*there}, and may the role use it?  ${make} it where it
 * is missing.  A role that may not fills ${e} (EXIT_TARGET), with the statements that are for
 * an administrator.
 */
int ledger_find(struct db *db, const char *schema, bool make, bool *there, struct err *e)
	__attribute__((warn_unused_result));

/*
 * ledger_print(options, e):
 * Connect and print the position of the state that the options name, or a line for each
 * state that there is, on standard output.
 */
int ledger_print(const struct load_options *options, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_LEDGER_H */
