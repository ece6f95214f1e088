/*
 * Which column of the stream goes into which of the table.
 */
#ifndef LOAD_PLAN_MATCH_H
#define LOAD_PLAN_MATCH_H

struct plan;
struct reasons;

/*
 * plan_match(p, why):
 * Fill p->columns and p->keep: match columns by name after mapping.
 */
void plan_match(struct plan *p, struct reasons *why);

#endif /* LOAD_PLAN_MATCH_H */
