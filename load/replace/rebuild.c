/*
 * The plan of --indexes=rebuild.  The server writes the statements and reasons, as those of
 * --replace (replace_statements.c, replace_against.c).
 */
#include "load/replace/rebuild.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "load/match/plan.h"
#include "load/match/reasons.h"
#include "load/replace/replace_parts.h"
#include "load/rules/rules.h"

/* NULL for those that there are none of; ${*part}: it is a partition. */
static int
read_statements(struct rebuild *r, bool *part, const struct plan *p, struct db *db,
		struct err *e)
{
	struct buf phases[] = {BUF_INIT, BUF_INIT, BUF_INIT};
	char *oid = xasprintf("%u", p->rel->oid);
	const char *params[] = {oid, NULL};
	PGresult *res = db_query(db, e, replace_statements_indexes, 2, params);
	int i;

	for (i = 0; i < PQntuples(res); i++) {
		struct buf *b = &phases[atoi(PQgetvalue(res, i, 0))];

		buf_addf(b, "%s%s", b->len > 0 ? "; " : "", PQgetvalue(res, i, 1));
	}
	*part = phases[0].len > 0;
	r->drop = phases[1].len > 0 ? buf_detach(&phases[1]) : NULL;
	r->build = r->drop != NULL ? buf_detach(&phases[2]) : NULL;
	for (i = 0; i < 3; i++)
		buf_release(&phases[i]);
	free(oid);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

static int
add_reasons(const struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	PGresult *res = db_query_oid(db, e, replace_against_indexes, p->rel->oid);
	int i;

	for (i = 0; i < PQntuples(res); i++)
		reasons_add(why, "--indexes=rebuild: %s", PQgetvalue(res, i, 1));
	PQclear(res);
	return res != NULL ? 0 : -1;
}

/* Indexes of a tree belong together: of one of several relations they are left alone. */
static void
stay(struct plan *p, const char *what, struct reasons *why)
{
	p->indexes_stay = what;
	if (!p->rules->together)
		reasons_add(why, "--indexes=rebuild: %s, and its indexes stay", what);
}

/*
 * Of that many rows, what an index takes longer to be filled with each than to be built behind
 * all is less than it takes to find out how it is built.
 */
#define FEW 20000

/* Servers before 14 say 0 of a table of which nothing is known. */
static bool
is_small(const struct header *h)
{
	return h != NULL && h->rows_estimate >= (h->server_version < 140000) &&
	       h->rows_estimate < FEW;
}

int
rebuild_plan(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	struct rebuild *r;
	bool part;

	if (!p->rules->rebuild || p->rel == NULL || p->rules->keys == KEYS_ALONE)
		return 0;
	if (p->rules->together && is_small(p->header)) {
		p->indexes_stay = "few rows come";
		return 0;
	}
	if (p->rel->kind == 'p' || p->rel->engine != NULL) {
		stay(p, p->rel->kind == 'p' ? "it is partitioned" : p->rel->engine, why);
		return 0;
	}
	if (p->rel->kind != 'r') {
		reasons_add(why, "--indexes=rebuild: a %s has no indexes",
			    relation_kind_name(p->rel->kind));
		return 0;
	}
	p->rebuild = r = xcalloc(1, sizeof(*r));
	if (read_statements(r, &part, p, db, e) != 0)
		return -1;
	if (r->drop != NULL && !part)
		return add_reasons(p, db, why, e);
	if (part)
		stay(p, "it is a partition", why);
	rebuild_free(r);
	p->rebuild = NULL;
	return 0;
}

int
rebuild_look(const struct plan *p, struct db *db, bool *same, struct err *e)
{
	struct rebuild now;
	bool part;

	if (read_statements(&now, &part, p, db, e) != 0)
		return -1;
	*same = !part && now.drop != NULL && strcmp(now.drop, p->sql[SQL_UNINDEX]) == 0 &&
		strcmp(now.build, p->sql[SQL_INDEXES]) == 0;
	free(now.drop);
	free(now.build);
	return 0;
}

void
rebuild_free(struct rebuild *r)
{
	if (r == NULL)
		return;
	free(r->drop);
	free(r->build);
	free(r);
}
