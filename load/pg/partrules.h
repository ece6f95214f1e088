/*
 * The ways in which a relation of a plan of parts is published, and the rules that follow.
 */
#ifndef LOAD_PARTRULES_H
#define LOAD_PARTRULES_H

#include <stdbool.h>

#include "load/rules/rules.h"

struct err;
struct load_options;
struct partplan_relation;

enum partrules_way {
	WAY_RENAME, /* the table is filled aside, and gets its name at the end */
	WAY_ATTACH, /* a partition is filled aside, and attached instead of the one that is
		       there */
	WAY_APPLY,  /* rows are staged by all parts, and written by one statement at the end */
	WAY_PART    /* each part is committed by itself */
};

/*
 * partrules_way(relation, way, e):
 * Store which way the plan says.  None, or one that is not known, fills ${e} (EXIT_JOBFILE).
 */
int partrules_way(const struct partplan_relation *relation, enum partrules_way *way,
		  struct err *e) __attribute__((warn_unused_result));

/*
 * partrules_word(way):
 * Return the word that stands for it in a plan.
 */
const char *partrules_word(enum partrules_way way) __attribute__((returns_nonnull));

/*
 * partrules_make(options, relation, way, publish, table, rules):
 * Fill ${rules} with those by which a part of the relation is loaded by way of ${table}, or,
 * with ${publish}, all of it is.  They borrow all of these.
 */
void partrules_make(const struct load_options *options,
		    const struct partplan_relation *relation, enum partrules_way way,
		    bool publish, const struct relname *table, struct load_rules *rules);

#endif /* LOAD_PARTRULES_H */
