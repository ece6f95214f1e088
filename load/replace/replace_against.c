/*
 * What keeps a table from being replaced.  Of its parts we know how each is made anew.
 * Whatever else the catalog says to depend on the table or on a part of it, of whatever kind,
 * would go on with the old one, and is a reason; so that a kind that nobody has thought of is
 * refused and not forgotten (PostgreSQL manual, pg_depend).
 */
#include "load/replace/replace_parts.h"

/* Under pg_catalog alone, so that every name in a definition is qualified. */
#define REL "'pg_class'::regclass"

/* Sequences of its columns: deptype a is serial, which goes on; i is identity. */
#define PARTS \
	"WITH t AS (SELECT c.*, n.nspname FROM pg_class c" \
	" JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1)," \
	" own AS (SELECT d.objid AS id, d.deptype FROM pg_depend d" \
	" JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'" \
	" WHERE d.classid = " REL " AND d.refclassid = " REL " AND d.refobjid = $1" \
	" AND d.deptype IN ('a', 'i'))," \
	" rels AS (SELECT $1::oid AS id UNION ALL SELECT reltoastrelid FROM t" \
	" UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = $1" \
	" OR indrelid = (SELECT reltoastrelid FROM t) AND indrelid <> 0" \
	" UNION ALL SELECT id FROM own)," \
	" types AS (SELECT y.oid AS id, y.typarray FROM pg_type y" \
	" JOIN rels ON rels.id <> 0 AND y.typrelid = rels.id)," \
	" parts (class, id) AS (SELECT " REL "::oid, id FROM rels WHERE id <> 0" \
	" UNION ALL SELECT 'pg_type'::regclass, id FROM types" \
	" UNION ALL SELECT 'pg_type'::regclass, typarray FROM types" \
	" UNION ALL SELECT 'pg_attrdef'::regclass, oid FROM pg_attrdef WHERE adrelid = $1" \
	" UNION ALL SELECT 'pg_constraint'::regclass, oid FROM pg_constraint" \
	" WHERE conrelid = $1" \
	" UNION ALL SELECT 'pg_trigger'::regclass, g.oid FROM pg_trigger g" \
	" WHERE g.tgrelid = $1 OR g.tgconstraint IN (SELECT oid FROM pg_constraint" \
	"  WHERE conrelid = $1)" \
	" UNION ALL SELECT 'pg_policy'::regclass, oid FROM pg_policy WHERE polrelid = $1" \
	" UNION ALL SELECT 'pg_rewrite'::regclass, oid FROM pg_rewrite WHERE ev_class = $1" \
	" UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext" \
	" WHERE stxrelid = $1)"

/* What it is, and who may: (sort, reason). */
#define ITSELF \
	" SELECT 1, 'it is no table' FROM t WHERE relkind <> 'r'" \
	" UNION ALL SELECT 1, 'it is a temporary table' FROM t WHERE relpersistence = 't'" \
	" UNION ALL SELECT 1, format('only its owner %I, or a member of that role, can replace it'," \
	" pg_get_userbyid(relowner)) FROM t WHERE NOT pg_has_role(relowner, 'USAGE')" \
	" UNION ALL SELECT 1, format('no CREATE privilege on schema %I', nspname) FROM t" \
	" WHERE NOT has_schema_privilege(relnamespace, 'CREATE')" \
	" UNION ALL SELECT 1, format('this role may not SET ROLE to its owner %I'," \
	" pg_get_userbyid(relowner)) FROM t WHERE pg_has_role(relowner, 'USAGE') AND NOT CASE" \
	" WHEN current_setting('server_version_num')::int >= 160000" \
	" THEN pg_has_role(relowner, 'SET') ELSE true END" \
	" UNION ALL SELECT 1, format('its owner %I has no CREATE privilege on schema %I'," \
	" pg_get_userbyid(relowner), nspname) FROM t, pg_roles r WHERE r.rolname = current_user" \
	" AND NOT r.rolsuper AND r.oid <> relowner" \
	" AND NOT has_schema_privilege(relowner, relnamespace, 'CREATE')" \
	" UNION ALL SELECT 1, format('row security is active for this role, and rows would be" \
	" written without it') FROM t WHERE row_security_active(oid)" \
	" UNION ALL SELECT 1, format('it is a table of type %s', format_type(reloftype, NULL))" \
	" FROM t WHERE reloftype <> 0" \
	" UNION ALL SELECT 1, format('table %s inherits from it', inhrelid::regclass)" \
	" FROM pg_inherits WHERE inhparent = $1" \
	" UNION ALL SELECT 1, format('it inherits from table %s', i.inhparent::regclass)" \
	" FROM pg_inherits i, t WHERE i.inhrelid = $1 AND NOT t.relispartition" \
	" UNION ALL SELECT 1, format('%s has a default partition, %s, which would be read as a" \
	" whole', i.inhparent::regclass, p.partdefid::regclass) FROM pg_inherits i, t," \
	" pg_partitioned_table p WHERE i.inhrelid = $1 AND t.relispartition" \
	" AND p.partrelid = i.inhparent AND p.partdefid <> 0" \
	" UNION ALL SELECT 1, format('it is a partition, and only the owner of %s, or a member of" \
	" that role, can exchange it', r.oid::regclass) FROM pg_inherits i, t, pg_class r" \
	" WHERE i.inhrelid = $1 AND t.relispartition AND r.oid = i.inhparent" \
	" AND NOT pg_has_role(r.relowner, 'USAGE')" \
	" UNION ALL SELECT 1, format('column \"%s\" of a partition is an identity column', attname)" \
	" FROM pg_attribute a, t WHERE attrelid = $1 AND attidentity <> '' AND relispartition" \
	" AND NOT attisdropped"

/* Indexes that we do not make anew. */
#define INDEXES \
	" UNION ALL SELECT 2, format('constraint \"%s\" has options or a tablespace', conname)" \
	" FROM pg_constraint k JOIN pg_class x ON x.oid = k.conindid WHERE conrelid = $1" \
	" AND contype = 'x' AND (x.reloptions IS NOT NULL OR x.reltablespace <> 0)" \
	" UNION ALL SELECT 2, format('index \"%s\" is not valid', x.relname) FROM pg_index i" \
	" JOIN pg_class x ON x.oid = i.indexrelid WHERE indrelid = $1" \
	" AND NOT (indisvalid AND indisready AND indislive)" \
	" UNION ALL SELECT 2, format('index \"%s\" does not say how it is made', x.relname)" \
	" FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid, t WHERE indrelid = $1" \
	" AND NOT starts_with(pg_get_indexdef(x.oid), format('CREATE %sINDEX %I ON %I.%I ', CASE" \
	"  WHEN indisunique THEN 'UNIQUE ' ELSE '' END, x.relname, t.nspname, t.relname))"

/* What we do not make anew, or not as it is.  Of tgtype, 4 is INSERT, 32 TRUNCATE. */
#define HANGING \
	" UNION ALL SELECT 2, format('foreign key \"%s\" refers to %s, which this role may not" \
	" lock (UPDATE, DELETE or TRUNCATE)', conname, confrelid::regclass) FROM pg_constraint" \
	" WHERE conrelid = $1 AND contype = 'f'" \
	" AND NOT has_table_privilege(confrelid, 'UPDATE, DELETE, TRUNCATE')" \
	" UNION ALL SELECT 2, format('rule \"%s\"', rulename) FROM pg_rewrite r" \
	" WHERE ev_class = $1" \
	" UNION ALL SELECT 2, format('trigger \"%s\" would not fire for the rows', tgname)" \
	" FROM pg_trigger g WHERE tgrelid = $1 AND " REPLACE_OWN_TRIGGER \
	" AND tgtype & 36 <> 0" \
	" AND tgenabled IN ('O', 'A')" \
	" UNION ALL SELECT 2, format('foreign key \"%s\" has triggers that are disabled', conname)" \
	" FROM pg_constraint k WHERE conrelid = $1 AND EXISTS (SELECT FROM pg_trigger g" \
	" WHERE g.tgconstraint = k.oid AND g.tgisinternal AND g.tgenabled <> 'O')" \
	" UNION ALL SELECT 2, format('constraint \"%s\" is not valid or not enforced', conname)" \
	" FROM pg_constraint k WHERE conrelid = $1 AND (NOT convalidated" \
	" OR to_jsonb(k) ->> 'conenforced' = 'false')" \
	" UNION ALL SELECT 2, format('constraint \"%s\" is of a period', conname)" \
	" FROM pg_constraint k WHERE conrelid = $1 AND to_jsonb(k) ->> 'conperiod' = 'true'" INDEXES \
	" UNION ALL SELECT DISTINCT 2, format('%s has granted privileges on it to %s'," \
	" pg_get_userbyid(a.grantor), CASE a.grantee WHEN 0 THEN 'PUBLIC'" \
	"  ELSE pg_get_userbyid(a.grantee) END) FROM t, LATERAL (SELECT relacl AS acl" \
	" UNION ALL SELECT attacl FROM pg_attribute WHERE attrelid = $1) AS acls," \
	" aclexplode(acls.acl) a WHERE a.grantor <> t.relowner" \
	" UNION ALL SELECT 2, format('sequence %s of an identity column has privileges or a" \
	" comment of its own', own.id::regclass) FROM own JOIN pg_class s ON s.oid = own.id" \
	" WHERE own.deptype = 'i' AND (s.relacl IS NOT NULL" \
	" OR obj_description(s.oid, 'pg_class') IS NOT NULL)" \
	" UNION ALL SELECT 2, 'its row type has a comment' FROM t" \
	" WHERE obj_description(t.reltype, 'pg_type') IS NOT NULL" \
	" UNION ALL SELECT DISTINCT 2, format('%s has a security label'," \
	" pg_describe_object(l.classoid, l.objoid, l.objsubid)) FROM pg_seclabel l" \
	" JOIN parts ON l.classoid = parts.class AND l.objoid = parts.id" \
	" UNION ALL SELECT DISTINCT 2, format('%s belongs to %s'," \
	" pg_describe_object(d.classid, d.objid, 0)," \
	" pg_describe_object(d.refclassid, d.refobjid, 0)) FROM pg_depend d" \
	" JOIN parts ON d.classid = parts.class AND d.objid = parts.id" \
	" WHERE d.deptype IN ('e', 'x')"

/*
 * A subscriber of a published table would see neither the rows go nor the new ones come; one
 * of all tables would be sent rows of a name that it does not know.
 */
#define PUBLISHED \
	" UNION ALL SELECT DISTINCT 3, format('it is in publication \"%s\"', v.pubname)" \
	" FROM pg_publication_tables v JOIN pg_class c ON c.relname = v.tablename" \
	" JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = v.schemaname" \
	" WHERE c.oid = $1 OR c.oid IN (SELECT relid FROM pg_partition_ancestors($1))" \
	" UNION ALL SELECT 3, 'a subscription writes it' FROM pg_subscription_rel" \
	" WHERE srrelid = $1"

const char replace_against_sql[] = PARTS
	" SELECT DISTINCT sort, reason FROM (" ITSELF HANGING PUBLISHED
	" UNION ALL SELECT 4, pg_describe_object(d.classid, d.objid, d.objsubid)"
	" || ' depends on ' || CASE WHEN d.refobjid = $1 AND d.refclassid = " REL
	" THEN 'it' ELSE pg_describe_object(d.refclassid, d.refobjid, 0) END"
	" FROM pg_depend d JOIN parts p ON d.refclassid = p.class AND d.refobjid = p.id"
	" WHERE NOT EXISTS (SELECT FROM parts q WHERE q.class = d.classid AND q.id = d.objid)"
	" AND NOT EXISTS (SELECT FROM own WHERE own.deptype = 'a' AND own.id = p.id"
	"  AND p.class = " REL ")"
	" AND d.classid <> 'pg_publication_rel'::regclass"
	") AS r (sort, reason) ORDER BY sort, reason";

/* Foreign keys are looked at together with those of other relations, but for idle ones. */
const char replace_against_indexes[] =
	"WITH t AS (SELECT c.*, n.nspname FROM pg_class c"
	" JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1),"
	" parts (class, id, name) AS (SELECT " REL
	"::oid, x.oid, format('index \"%s\"', x.relname)"
	" FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = $1"
	" UNION ALL SELECT 'pg_constraint'::regclass, oid, format('constraint \"%s\"', conname)"
	" FROM pg_constraint WHERE conrelid = $1 AND contype IN ('p', 'u', 'x'))"
	" SELECT DISTINCT sort, reason FROM (SELECT 1, format('only its owner %I, or a member of"
	" that role, may drop its indexes', pg_get_userbyid(relowner)) FROM t"
	" WHERE NOT pg_has_role(relowner, 'USAGE')"
	" UNION ALL SELECT 1, format('no CREATE privilege on schema %I', nspname) FROM t"
	" WHERE NOT has_schema_privilege(relnamespace, 'CREATE')"
	" UNION ALL SELECT 1, format('no CREATE privilege on tablespace %I', spcname)"
	" FROM pg_tablespace s WHERE NOT has_tablespace_privilege(s.oid, 'CREATE') AND s.oid IN"
	" (SELECT x.reltablespace FROM parts JOIN pg_class x ON x.oid = parts.id"
	"  WHERE parts.class = " REL ")"
	" UNION ALL SELECT 2, format('constraint \"%s\" is of a period', conname)"
	" FROM pg_constraint k WHERE conrelid = $1 AND contype IN ('p', 'u')"
	" AND to_jsonb(k) ->> 'conperiod' = 'true'" INDEXES
	" UNION ALL SELECT 2, format('%s belongs to %s', p.name,"
	" pg_describe_object(d.refclassid, d.refobjid, 0)) FROM pg_depend d"
	" JOIN parts p ON d.classid = p.class AND d.objid = p.id WHERE d.deptype IN ('e', 'x')"
	" UNION ALL SELECT 3, pg_describe_object(d.classid, d.objid, 0) || ' depends on '"
	" || p.name FROM pg_depend d JOIN parts p ON d.refclassid = p.class"
	" AND d.refobjid = p.id WHERE d.deptype = 'n' AND NOT EXISTS (SELECT FROM pg_constraint k"
	"  WHERE d.classid = 'pg_constraint'::regclass AND k.oid = d.objid AND k.contype = 'f'"
	"  AND (to_jsonb(k) ->> 'conenforced') IS DISTINCT FROM 'false')"
	") AS r (sort, reason) ORDER BY sort, reason";
