/*
 * How a table is made that takes another's place: each statement written by the server, which
 * quotes names and knows definitions.  Names of a schema (indexes, statistics, sequences) are
 * the old table's until it is dropped, so that they are given behind that.
 *
 * Triggers and policies come last, for they may speak of the table by its name.
 */
#include "load/replace/replace_parts.h"

/* A list of storage options as it stands behind WITH or SET. */
#define OPTIONS(list, prefix) \
	"(SELECT string_agg(format('" prefix "%I = %L', split_part(o, '=', 1)," \
	" substr(o, strpos(o, '=') + 1)), ', ') FROM unnest(" list ") AS o)"

/*
 * aside and old: as they are written.  Without a table aside, where $2 is NULL, they are the
 * same, and so are names.  nr: a primary key comes first.
 */
#define FACTS \
	"WITH t AS (SELECT c.*, n.nspname, format('%I.%I', n.nspname, coalesce($2::text," \
	"  c.relname)) AS aside," \
	" format('%I.%I', n.nspname, c.relname) AS old FROM pg_class c" \
	" JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1)," \
	" cols AS (SELECT a.*, format('ALTER TABLE %s ALTER COLUMN %I ', t.aside, a.attname) AS alter" \
	" FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0" \
	" AND NOT a.attisdropped)," \
	" ix AS (SELECT i.*, x.relname AS name, x.reltablespace AS space, k.contype," \
	" k.condeferrable, k.condeferred, k.oid AS conid, CASE WHEN $2::text IS NULL" \
	" THEN x.relname::text ELSE format('%s_%s', $2::text, row_number()" \
	"  OVER (ORDER BY i.indexrelid)) END AS tmp, CASE WHEN indisprimary THEN 0::int8" \
	" ELSE i.indexrelid::int8 END AS nr FROM pg_index i" \
	" JOIN pg_class x ON x.oid = i.indexrelid LEFT JOIN pg_constraint k" \
	" ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')" \
	" WHERE i.indrelid = $1)," \
	" seqs AS (SELECT d.deptype, n.nspname, s.relname, a.attname, q.*, format('%s_s%s'," \
	" $2::text, a.attnum) AS tmp, a.attidentity FROM pg_depend d" \
	" JOIN pg_sequence q ON q.seqrelid = d.objid JOIN pg_class s ON s.oid = d.objid" \
	" JOIN pg_namespace n ON n.oid = s.relnamespace JOIN pg_attribute a" \
	" ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid" \
	" WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass" \
	" AND d.refobjid = $1 AND d.deptype IN ('a', 'i'))," \
	" sts AS (SELECT s.*, format('%I.%I', n.nspname, s.stxname) AS st, format('%I.%I', n.nspname," \
	" format('%s_t%s', $2::text, row_number() OVER (ORDER BY s.oid))) AS tmp" \
	" FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace" \
	" WHERE s.stxrelid = $1)"

/*
 * LIKE brings types, collations, NOT NULL, and what is INCLUDED.  An identity goes on where the
 * old one stands; an ALTER SEQUENCE that changes nothing keeps nextval() out until that is
 * gone.
 */
#define MAKE \
	" SELECT 1, 1, 0::int8, 0, format('CREATE %sTABLE %s (LIKE %s INCLUDING DEFAULTS" \
	" INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMMENTS%s)" \
	" USING %I%s TABLESPACE %I', CASE t.relpersistence WHEN 'u' THEN 'UNLOGGED ' END," \
	" t.aside, t.old, CASE WHEN current_setting('server_version_num')::int >= 140000" \
	" THEN ' INCLUDING COMPRESSION' END, m.amname," \
	" ' WITH (' || " OPTIONS( \
		"t.reloptions", \
		"") " || ')', s.spcname) FROM t" \
		    " JOIN pg_am m ON m.oid = t.relam JOIN pg_database b ON b.datname = current_database()" \
		    " JOIN pg_tablespace s ON s.oid = coalesce(nullif(t.reltablespace, 0), b.dattablespace)" \
		    " UNION ALL SELECT 1, 2, 0, 0, format('ALTER TABLE %s OWNER TO %I', aside," \
		    " pg_get_userbyid(relowner)) FROM t WHERE pg_get_userbyid(relowner) <> current_user" \
		    " UNION ALL SELECT 1, 3, 0, 0, format('ALTER TABLE %s SET (%s)', t.aside, " OPTIONS( \
			    "x.reloptions", \
			    "toast.") ") FROM t JOIN pg_class x ON x.oid = t.reltoastrelid" \
				      " WHERE x.reloptions IS NOT NULL" \
				      " UNION ALL SELECT 1, 4, attnum, 0, format('%sSET STATISTICS %s', alter, attstattarget)" \
				      " FROM cols WHERE attstattarget >= 0" \
				      " UNION ALL SELECT 1, 5, attnum, 0, format('%sSET (%s)', alter, " OPTIONS( \
					      "attoptions", \
					      "") ") FROM cols WHERE attoptions IS NOT NULL" \
						  " UNION ALL SELECT 1, 6, 0, 0, format('ALTER TABLE %s ALTER COLUMN %I ADD GENERATED %s AS" \
						  " IDENTITY (SEQUENCE NAME %I.%I START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s" \
						  " CACHE %s %sCYCLE)', t.aside, attname, CASE attidentity WHEN 'a' THEN 'ALWAYS'" \
						  "  ELSE 'BY DEFAULT' END, s.nspname, tmp, seqstart, seqincrement, seqmin, seqmax, seqcache," \
						  " CASE WHEN NOT seqcycle THEN 'NO ' END) FROM t, seqs s WHERE s.deptype = 'i'" \
						  " UNION ALL SELECT 1, 8, seqrelid, 0, format('ALTER SEQUENCE %I.%I INCREMENT BY %s'," \
						  " s.nspname, s.relname, seqincrement) FROM seqs s WHERE deptype = 'i'" \
						  " UNION ALL SELECT 1, 8, seqrelid, 1, format('SELECT pg_catalog.setval(%L::regclass," \
						  " last_value, is_called) FROM %I.%I', format('%I.%I', s.nspname, tmp), s.nspname, s.relname)" \
						  " FROM seqs s WHERE deptype = 'i'" \
						  " UNION ALL SELECT 1, 7, 0, 0, format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (%s)', aside," \
						  " $2::text, pg_get_partition_constraintdef(oid)) FROM t WHERE relispartition"

#define INDEXES \
	" UNION ALL SELECT 2, 1, nr, 1, format('SET LOCAL default_tablespace = %L'," \
	" coalesce((SELECT spcname FROM pg_tablespace WHERE oid = space), '')) FROM ix" \
	" UNION ALL SELECT 2, 1, nr, 2, format('CREATE %sINDEX %I ON %s ', unique_, tmp," \
	" t.aside) || substr(pg_get_indexdef(indexrelid), length(format('CREATE %sINDEX %I ON %s '," \
	" unique_, name, t.old)) + 1) FROM t, ix, LATERAL (SELECT CASE WHEN indisunique" \
	"  THEN 'UNIQUE ' END) AS u (unique_) WHERE contype IS DISTINCT FROM 'x'" \
	" UNION ALL SELECT 2, 1, nr, 3, format('ALTER TABLE ONLY %s ADD CONSTRAINT %I %s', t.aside," \
	" tmp, CASE contype WHEN 'x' THEN pg_get_constraintdef(conid) ELSE" \
	"  format('%s USING INDEX %I%s%s', CASE contype WHEN 'p' THEN 'PRIMARY KEY'" \
	"   ELSE 'UNIQUE' END, tmp, CASE WHEN condeferrable THEN ' DEFERRABLE' END," \
	"   CASE WHEN condeferred THEN ' INITIALLY DEFERRED' END) END)" \
	" FROM t, ix WHERE contype IS NOT NULL" \
	" UNION ALL SELECT 2, 1, nr, 4, format('ALTER INDEX %I.%I ALTER COLUMN %s" \
	" SET STATISTICS %s', t.nspname, tmp, a.attnum, a.attstattarget) FROM t, ix" \
	" JOIN pg_attribute a ON a.attrelid = ix.indexrelid WHERE a.attstattarget >= 0" \
	" UNION ALL SELECT 2, 1, nr, 5, format('COMMENT ON INDEX %I.%I IS %L', t.nspname," \
	" tmp, d.description) FROM t, ix JOIN pg_description d ON d.objoid = ix.indexrelid" \
	" AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0" \
	" UNION ALL SELECT 2, 1, nr, 5, format('COMMENT ON CONSTRAINT %I ON %s IS %L', tmp," \
	" t.aside, d.description) FROM t, ix JOIN pg_description d ON d.objoid = ix.conid" \
	" AND d.classoid = 'pg_constraint'::regclass" \
	" UNION ALL SELECT 2, 2, indexrelid, 0, format('ALTER TABLE %s CLUSTER ON %I', t.aside, tmp)" \
	" FROM t, ix WHERE indisclustered" \
	" UNION ALL SELECT 2, 2, 0, 1, format('ALTER TABLE %s REPLICA IDENTITY %s', t.aside," \
	" CASE t.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE" \
	"  'USING INDEX ' || quote_ident((SELECT tmp FROM ix WHERE indisreplident)) END)" \
	" FROM t WHERE t.relreplident <> 'd' AND ($2::text IS NOT NULL" \
	"  OR EXISTS (SELECT FROM ix WHERE indisreplident))"

/*
 * A self-reference is to the table aside, which becomes the one that it names.  Statistics
 * are there before ANALYZE, which fills them.
 */
#define BUILD \
	" UNION ALL SELECT 2, 3, k.oid, 0, format('ALTER TABLE %s ADD CONSTRAINT %I %s', t.aside," \
	" k.conname, CASE k.confrelid WHEN $1 THEN replace(def, format(' REFERENCES %s(', t.old)," \
	"  format(' REFERENCES %s(', t.aside)) ELSE def END) FROM t, pg_constraint k," \
	" pg_get_constraintdef(k.oid) AS def WHERE k.conrelid = $1 AND k.contype = 'f'" \
	" AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.oid = k.conparentid" \
	"  AND o.conrelid = $1)" \
	" UNION ALL SELECT 2, 3, k.oid, 1, format('COMMENT ON CONSTRAINT %I ON %s IS %L'," \
	" k.conname, t.aside, d.description) FROM t, pg_constraint k JOIN pg_description d" \
	" ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass" \
	" WHERE k.conrelid = $1 AND k.contype = 'f'" \
	" UNION ALL SELECT 2, 4, s.oid, n, v.sql FROM t, sts s, pg_get_statisticsobjdef(s.oid) AS def," \
	" LATERAL (VALUES (0, format('CREATE STATISTICS %s%s FROM %s', s.tmp, substr(left(def," \
	"  -length(format(' FROM %s', t.old))), length(format('CREATE STATISTICS %s', st)) + 1)," \
	"  t.aside)), (1, CASE WHEN s.stxstattarget >= 0" \
	"  THEN format('ALTER STATISTICS %s SET STATISTICS %s', s.tmp, s.stxstattarget) END))" \
	" AS v (n, sql)" \
	" UNION ALL SELECT 2, 5, 0, 0, format('ANALYZE %s', aside) FROM t"

#define TAKE_PLACE \
	" UNION ALL SELECT 3, 1, seqrelid, 0, format('ALTER SEQUENCE %I.%I OWNED BY %s.%I'," \
	" s.nspname, s.relname, t.aside, attname) FROM t, seqs s WHERE deptype = 'a'" \
	" UNION ALL SELECT 3, 3, 0, 0, format('DROP TABLE %s', old) FROM t" \
	" UNION ALL SELECT 3, 4, 0, 0, format('ALTER TABLE %s RENAME TO %I', aside, relname) FROM t" \
	" UNION ALL SELECT 3, 5, indexrelid, 0, CASE WHEN contype IS NULL" \
	"  THEN format('ALTER INDEX %I.%I RENAME TO %I', t.nspname, tmp, name)" \
	"  ELSE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', t.old, tmp, name) END" \
	" FROM t, ix" \
	" UNION ALL SELECT 3, 6, seqrelid, 0, format('ALTER SEQUENCE %I.%I RENAME TO %I', s.nspname," \
	" tmp, s.relname) FROM seqs s WHERE deptype = 'i'" \
	" UNION ALL SELECT 3, 7, 0, 0, format('ALTER TABLE %s ATTACH PARTITION %s %s'," \
	" i.inhparent::regclass, t.old, pg_get_expr(t.relpartbound, t.oid)) FROM t" \
	" JOIN pg_inherits i ON i.inhrelid = t.oid WHERE t.relispartition" \
	" UNION ALL SELECT 3, 7, 0, 1, format('ALTER TABLE %s DROP CONSTRAINT %I', old, $2::text)" \
	" FROM t WHERE relispartition"

/* Roles of a policy: 0 is PUBLIC. */
#define HANG_ON \
	" UNION ALL SELECT 3, 8, s.oid, n, v.sql FROM sts s, LATERAL (VALUES" \
	" (0, format('ALTER STATISTICS %s RENAME TO %I', s.tmp, s.stxname)), (1, CASE" \
	"  WHEN pg_get_userbyid(s.stxowner) <> current_user" \
	"  THEN format('ALTER STATISTICS %s OWNER TO %I', st, pg_get_userbyid(s.stxowner)) END)," \
	" (2, format('COMMENT ON STATISTICS %s IS %L', st, obj_description(s.oid," \
	"  'pg_statistic_ext')))) AS v (n, sql)" \
	" UNION ALL SELECT 3, 9, g.oid, n, v.sql FROM t, pg_trigger g, LATERAL (VALUES" \
	" (0, pg_get_triggerdef(g.oid)), (1, format('ALTER TABLE %s %s TRIGGER %I', t.old," \
	"  CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'" \
	"  WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END, g.tgname))," \
	" (2, CASE WHEN obj_description(g.oid, 'pg_trigger') IS NOT NULL THEN" \
	"  format('COMMENT ON TRIGGER %I ON %s IS %L', g.tgname, t.old," \
	"  obj_description(g.oid, 'pg_trigger')) END)) AS v (n, sql)" \
	" WHERE g.tgrelid = $1 AND " REPLACE_OWN_TRIGGER " AND (g.tgparentid = 0 OR n > 0)" \
	" UNION ALL SELECT 3, 10, p.oid, 0, format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s'," \
	" p.polname, t.old, CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END," \
	" CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'" \
	"  WHEN 'd' THEN 'DELETE' ELSE 'ALL' END, (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC'" \
	"  ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(polroles) AS r)," \
	" ' USING (' || pg_get_expr(polqual, polrelid) || ')'," \
	" ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')')" \
	" FROM t JOIN pg_policy p ON p.polrelid = t.oid" \
	" UNION ALL SELECT 3, 10, p.oid, 1, format('COMMENT ON POLICY %I ON %s IS %L', p.polname," \
	" t.old, d.description) FROM t JOIN pg_policy p ON p.polrelid = t.oid" \
	" JOIN pg_description d ON d.objoid = p.oid AND d.classoid = 'pg_policy'::regclass" \
	" UNION ALL SELECT 3, 11, 0, 0, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', old)" \
	" FROM t WHERE relrowsecurity" \
	" UNION ALL SELECT 3, 11, 0, 1, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', old)" \
	" FROM t WHERE relforcerowsecurity"

/* ALTER DEFAULT PRIVILEGES may have given the new table what the old one has not. */
#define GRANT_IT \
	" UNION ALL SELECT 3, 12, 0, 0, format('REVOKE ALL ON TABLE %s FROM %s', t.old," \
	" (SELECT string_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC'" \
	"  ELSE quote_ident(pg_get_userbyid(a.grantee)) END, ', ') FROM (SELECT grantee" \
	"  FROM pg_default_acl d, aclexplode(d.defaclacl) WHERE d.defaclobjtype = 'r'" \
	"  UNION ALL SELECT 0 UNION ALL SELECT t.relowner) AS a)) FROM t WHERE relacl IS NOT NULL" \
	" OR EXISTS (SELECT FROM pg_default_acl WHERE defaclobjtype = 'r')" \
	" UNION ALL SELECT 3, 12, 1, a.nr, format('GRANT %s ON TABLE %s TO %s%s', a.privilege_type," \
	" t.old, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee))" \
	" END, CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END) FROM t," \
	" aclexplode(coalesce(relacl, acldefault('r', relowner))) WITH ORDINALITY" \
	" AS a (grantor, grantee, privilege_type, is_grantable, nr) WHERE relacl IS NOT NULL" \
	" OR EXISTS (SELECT FROM pg_default_acl WHERE defaclobjtype = 'r')" \
	" UNION ALL SELECT 3, 12, 2 + attnum, a.nr, format('GRANT %s (%I) ON TABLE %s TO %s%s'," \
	" a.privilege_type, attname, t.old, CASE a.grantee WHEN 0 THEN 'PUBLIC'" \
	"  ELSE quote_ident(pg_get_userbyid(a.grantee)) END, CASE WHEN a.is_grantable" \
	"  THEN ' WITH GRANT OPTION' END) FROM t, cols, aclexplode(attacl) WITH ORDINALITY" \
	" AS a (grantor, grantee, privilege_type, is_grantable, nr)" \
	" UNION ALL SELECT 3, 13, 0, 0, format('COMMENT ON TABLE %s IS %L', t.old, d.description)" \
	" FROM t JOIN pg_description d ON d.objoid = t.oid AND d.classoid = 'pg_class'::regclass" \
	" AND d.objsubid = 0"

#define WRITTEN \
	") AS s (phase, step, id, n, sql) WHERE sql IS NOT NULL" \
	" ORDER BY phase, step, id, n, sql"

const char replace_statements_sql[] = FACTS
	" SELECT phase, sql FROM (" MAKE INDEXES BUILD TAKE_PLACE HANG_ON GRANT_IT WRITTEN;

/* What hangs on a constraint goes with it.  A partition's indexes are its tree's. */
const char replace_statements_indexes[] = FACTS
	" SELECT phase, sql FROM (SELECT 0, 0, 0::int8, 0, 'it is a partition' FROM t"
	" WHERE relispartition UNION ALL SELECT 1, 1, nr, 0, CASE WHEN contype IS NULL"
	" THEN format('DROP INDEX %I.%I', t.nspname, name)"
	" ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', t.old, name) END FROM t, ix" INDEXES
		WRITTEN;

/* Dropping a foreign key locks the table that it refers to as dropping a table does. */
const char replace_statements_locks[] =
	"SELECT (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = $1),"
	" (SELECT string_agg(DISTINCT confrelid::regclass::text, ', ') FROM pg_constraint"
	"  WHERE conrelid = $1 AND contype = 'f' AND confrelid <> $1),"
	" ARRAY(SELECT $1::oid UNION SELECT inhparent FROM pg_inherits WHERE inhrelid = $1"
	"  UNION SELECT confrelid FROM pg_constraint WHERE conrelid = $1 AND contype = 'f')";

const char replace_statements_names[] =
	"SELECT x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid"
	" WHERE i.indrelid = $1 ORDER BY i.indexrelid";
