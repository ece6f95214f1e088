/*
 * A lock on a table keeps everything but its schema's name, so that the schema's row is
 * part of what is compared: its xmin changes with each ALTER SCHEMA, also where another
 * one brings the old name back.
 *
 * What partitions have in common counts once: one more of the same kind, or an index that
 * is built anew, changes nothing.
 */
#include "load/match/identity.h"

#include <stdio.h>

#include "common/base/relname.h"
#include "common/pg/db.h"

#define IS " OPERATOR(pg_catalog.=) "
#define IN_TREE IS "ANY (SELECT oid FROM tree)"
#define LINE " UNION SELECT pg_catalog.format("

/* Node trees are compared by digest; they hold OIDs, not names. */
#define HASH(tree) "pg_catalog.md5(" tree "::pg_catalog.text)"

/* It runs under the user's search_path, too. */
static const char identity_sql[] =
	"WITH RECURSIVE this AS (SELECT c.oid, n.oid AS space, n.xmin FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_namespace n ON n.oid" IS "c.relnamespace"
	" WHERE n.nspname" IS "$1::pg_catalog.name AND c.relname" IS "$2::pg_catalog.name"
	" AND ($3::pg_catalog.oid" IS "0::pg_catalog.oid OR c.oid" IS "$3::pg_catalog.oid)),"
	" tree (oid) AS (SELECT oid FROM this UNION SELECT below.oid FROM tree, LATERAL ("
	"SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c"
	" ON c.oid" IS "i.inhrelid AND c.relispartition WHERE i.inhparent" IS "tree.oid"
	" UNION ALL SELECT d.refobjid FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d"
	" ON d.classid" IS "'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid" IS "r.oid"
	" AND d.refclassid" IS "'pg_catalog.pg_class'::pg_catalog.regclass"
	" WHERE r.ev_class" IS "tree.oid AND r.ev_type" IS "'1') AS below (oid)),"
	" lines (line) AS (SELECT pg_catalog.format('is %s %s %s', oid, space, xmin) FROM this" LINE
	"'class %s %s %s %s %s', relkind, relpersistence, relowner, relrowsecurity,"
	" relforcerowsecurity) FROM pg_catalog.pg_class WHERE oid" IN_TREE LINE
	"'column %L %s %s %s %s %s %s', attname, atttypid, atttypmod, attcollation, attnotnull,"
	" attidentity, attgenerated) FROM pg_catalog.pg_attribute WHERE attrelid" IN_TREE
	" AND attnum OPERATOR(pg_catalog.>) 0 AND NOT attisdropped" LINE
	"'rule %s %s %s %s', ev_type, ev_enabled, is_instead, " HASH(
		"ev_action") ")"
			     " FROM pg_catalog.pg_rewrite WHERE ev_class" IN_TREE LINE
			     "'constraint %s %s %s %s %s %s', contype, condeferrable, condeferred, convalidated,"
			     " confrelid, " HASH(
				     "conbin") ") FROM pg_catalog.pg_constraint WHERE conrelid" IN_TREE
				     LINE "'referred to %s', confupdtype) FROM pg_catalog.pg_constraint WHERE contype" IS
					       "'f'"
					       " AND confrelid" IN_TREE LINE
					       "'trigger %L %s %s %s %s %s', tgname, tgfoid, tgtype, tgenabled, tgattr, " HASH(
						       "tgqual") ")"
								 " FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgrelid" IN_TREE
									 LINE
								 "'policy %L %s %s %s %s %s', polname, polcmd, polpermissive, polroles, " HASH(
									 "polqual") ","
										    " " HASH(
											    "polwithcheck") ") FROM pg_catalog.pg_policy WHERE polrelid" IN_TREE
											    LINE "'unique %s %s %s %s %s %s', indkey, indclass, indcollation, indimmediate,"
													    " " HASH("indpred") ", " HASH(
														    "indexprs") ") FROM pg_catalog.pg_index"
																" WHERE indisunique AND indisvalid AND indrelid" IN_TREE
																")"
																" SELECT pg_catalog.string_agg(line, E'\\n' ORDER BY line) FROM lines";

char *
identity_read(struct db *db, unsigned oid, const struct relname *name, struct err *e)
{
	char number[24];
	const char *params[] = {name->schema, name->name, number};

	snprintf(number, sizeof(number), "%u", oid);
	return db_query_text(db, e, identity_sql, 3, params);
}
