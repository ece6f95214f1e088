/*
 * In the order that lets no change escape: what identifies a relation, then what there is to
 * know of it.  Whoever alters it in between is seen by the comparison behind the lock.
 */
#include "load/match/known.h"

#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "load/match/identity.h"

/* Those that were found, by their OIDs. */
struct found {
	struct relation *rel;
	size_t at; /* in the list */
};

static int
by_oid(const void *a, const void *b)
{
	unsigned x = ((const struct found *)a)->rel->oid;
	unsigned y = ((const struct found *)b)->rel->oid;

	return (x > y) - (x < y);
}

/* ${found} of ${n}, in the order of OIDs. */
static int
read_facts(struct db *db, const struct found *found, size_t n, struct known *list,
	   struct err *e)
{
	struct relation **rels = xcalloc(n + 1, sizeof(void *));
	struct plan_target_facts *facts = xcalloc(n + 1, sizeof(*facts));
	size_t i;
	int rc;

	for (i = 0; i < n; i++)
		rels[i] = found[i].rel;
	rc = relation_read_all(db, rels, n, e);
	if (rc == 0)
		rc = plan_target_facts(db, rels, n, facts, e);
	for (i = 0; rc == 0 && i < n; i++)
		list[found[i].at].facts = facts[i];
	free(rels);
	free(facts);
	return rc;
}

/* What has the names. */
static int
find(struct db *db, const struct relname *const *names, size_t n, struct known *list,
     struct err *e)
{
	struct relation **rels = xcalloc(n + 1, sizeof(void *));
	size_t i;
	int rc = relation_find_all(db, names, n, rels, e);

	for (i = 0; i < n; i++)
		list[i].rel = rels[i];
	free(rels);
	return rc;
}

int
known_read(struct db *db, const struct relname *const *names, size_t n, struct known *list,
	   struct err *e)
{
	struct found *found = xcalloc(n + 1, sizeof(*found));
	size_t i, m = 0;
	int rc = find(db, names, n, list, e);

	for (i = 0; i < n; i++)
		if (list[i].rel != NULL)
			found[m++] = (struct found){list[i].rel, i};
	qsort(found, m, sizeof(*found), by_oid);
	if (rc == 0)
		rc = session_set_path(db, "pg_catalog", e);
	if (rc == 0 && m > 0)
		rc = read_facts(db, found, m, list, e);
	free(found);
	return rc;
}

int
known_find(struct db *db, const struct relname *name, struct known *k, struct err *e)
{
	k->rel = relation_find(db, name->schema, name->name, e);
	if (k->rel == NULL)
		return -1;
	/* before all else that is read of it, so that no change escapes */
	k->identity = identity_read(db, k->rel->oid, &k->rel->id, e);
	if (k->identity == NULL || session_set_path(db, "pg_catalog", e) != 0 ||
	    relation_read(db, k->rel, e) != 0)
		return -1;
	return plan_target_facts(db, &k->rel, 1, &k->facts, e);
}

void
known_release(struct known *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(list[i].identity);
		relation_free(list[i].rel);
		list[i] = (struct known){.rel = NULL};
	}
}
