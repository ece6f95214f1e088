/*
 * The parts of the queries for rows that the server would refuse.  plan_sift.c
 * puts them together; nobody else includes this.
 */
#ifndef LOAD_SIFTSQL_H
#define LOAD_SIFTSQL_H

#include <stdbool.h>
#include <stddef.h>

struct plan;
struct plan_rejects;
struct stagesql;

/*
 * siftsql_columns(p):
 * Return the columns that are loaded, as a literal of text[], for the caller to free.
 */
char *siftsql_columns(const struct plan *p);

/*
 * siftsql_add_proposed(w, first, alias):
 * Append each row, or the first of each key, as the INSERT proposes it; with its
 * number and its place in the temporary table in columns that nobody has,
 * portl_n_* and portl_p_*.
 */
void siftsql_add_proposed(struct stagesql *w, bool first, const char *alias);

/*
 * siftsql_add_found(w, why):
 * Append what begins a query whose rows come from siftsql_add_proposed() and are
 * refused for reason ${why}: SELECT n, why, place FROM.
 */
void siftsql_add_found(struct stagesql *w, size_t why);

/*
 * siftsql_add_reason(pr, sqlstate, column, constraint, msg):
 * Return the number of one more reason; takes ${msg}, copies the others, which may
 * be NULL but for ${sqlstate}.
 */
size_t siftsql_add_reason(struct plan_rejects *pr, const char *sqlstate, const char *column,
			  const char *constraint, char *msg);

/*
 * siftsql_add_sift(w, sqlstate, once):
 * What has been written gives n, why and place, and may give the number of suspects:
 * make it a query that leaves these rows out, one more of w->st->rejects.
 * ${once}: what is left out changes nothing for the others.
 */
void siftsql_add_sift(struct stagesql *w, const char *sqlstate, bool once);

#endif /* LOAD_SIFTSQL_H */
