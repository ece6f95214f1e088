/*
 * Which database it is that is read: a plan is for no other.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "extract/options/options.h"
#include "extract/pg/source_pg_parts.h"

int
source_pg_origin(struct source_pg *s, char **source, struct err *e)
{
	static const char sql[] =
		"SELECT pg_catalog.format('%s/%s', s.system_identifier, d.oid)"
		" FROM pg_catalog.pg_control_system() s, pg_catalog.pg_database d"
		" WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()";
	struct err refused = ERR_INIT;

	*source = NULL;
	if (db_exec(&s->db, e, "SAVEPOINT portl_source") != 0)
		return -1;
	*source = db_query_text(&s->db, &refused, sql, 0, NULL);
	if (*source != NULL)
		return db_exec(&s->db, e, "RELEASE SAVEPOINT portl_source");
	if (refused.sqlstate[0] == '\0' || db_is_lost(&s->db)) {
		err_take(e, &refused);
		return -1;
	}
	err_release(&refused);
	return db_exec(&s->db, e, "ROLLBACK TO SAVEPOINT portl_source");
}

int
source_pg_origin_check(struct source_pg *s, struct err *e)
{
	const struct extract_options *o = s->base.options;
	char *now;
	int rc;

	if (o->plan.source == NULL)
		return 0;
	rc = source_pg_origin(s, &now, e);
	if (rc == 0 && now != NULL && strcmp(now, o->plan.source) != 0)
		rc = err_set(e, EXIT_USAGE, "%s is the plan of another database", o->plan_path);
	free(now);
	return rc;
}
