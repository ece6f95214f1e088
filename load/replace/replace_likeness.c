/*
 * All that two tables have in common of which one is made to take the other's place: rows of
 * the catalog as they are, with the columns that a server of another version may add, but for
 * what only one relation can have.  Expressions hold OIDs and column numbers, so that their
 * text stands for them.  The server may word an index's expression otherwise when the index is
 * made from that text, such as v IN ('a', 'b'); so without $2 such texts are left out.
 */
#include "load/replace/replace_parts.h"

/* Of a relation's row in pg_class: what it is made of, and what VACUUM and others note. */
#define NOT_CLASS \
	"'{oid,reltype,relfilenode,relpages,reltuples,relallvisible,relallfrozen," \
	"reltoastrelid,relhasindex,relhasrules,relhastriggers,relhassubclass,relfrozenxid," \
	"relminmxid,relrewrite,relacl,relnatts,relpartbound}'::text[]"

/*
 * A primary key that is made makes a NOT NULL that was inherited the table's own as well; as
 * long as there is the key, it cannot go anyway.
 */
#define KEY_IS_LOCAL \
	" - CASE WHEN k.contype = 'n' AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid" \
	" = $1 AND i.indisprimary AND k.conkey[1] = ANY (i.indkey)) THEN 'conislocal' ELSE '' END"

/* What a macro with arguments would be here, clang-format takes for a call. */

const char replace_likeness_sql[] =
	"SELECT string_agg(line, E'\\n' ORDER BY line COLLATE \"C\") FROM ("
	"SELECT jsonb_build_array('table', to_jsonb(c) - " NOT_CLASS ","
	" pg_get_expr(c.relpartbound, c.oid), (SELECT to_jsonb(x.reloptions) FROM pg_class x"
	"  WHERE x.oid = c.reltoastrelid), obj_description(c.oid, 'pg_class'))::text"
	" FROM pg_class c WHERE c.oid = $1"
	" UNION ALL SELECT jsonb_build_array('grant', a.grantor, a.grantee, a.privilege_type,"
	" a.is_grantable)::text FROM pg_class c,"
	" aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a WHERE c.oid = $1"
	" UNION ALL SELECT jsonb_build_array('column', row_number() OVER (ORDER BY a.attnum),"
	" to_jsonb(a) - '{attrelid,attnum,attcacheoff,attndims,atthasmissing,attmissingval,"
	"attacl}'::text[],"
	" pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum))::text"
	" FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid"
	" AND d.adnum = a.attnum WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped"
	" UNION ALL SELECT jsonb_build_array('column grant', a.attname, g.grantor, g.grantee,"
	" g.privilege_type, g.is_grantable)::text FROM pg_attribute a, aclexplode(a.attacl) g"
	" WHERE a.attrelid = $1 AND NOT a.attisdropped"
	/* what it is called to each partition that it refers to is up to the server */
	" UNION ALL SELECT jsonb_build_array('constraint', to_jsonb(k) - '{oid,conrelid,conindid,"
	"conparentid,confrelid,conkey,confkey,conbin,connoinherit}'::text[] - CASE WHEN EXISTS"
	" (SELECT FROM pg_constraint o WHERE o.oid = k.conparentid AND o.conrelid = $1)"
	" THEN 'conname' ELSE '' END" KEY_IS_LOCAL ", k.conparentid <> 0,"
	" k.connoinherit AND k.contype IN ('c', 'n'),"
	" CASE WHEN $2::bool OR k.contype <> 'x' THEN pg_get_constraintdef(k.oid) END,"
	" obj_description(k.oid, 'pg_constraint'))::text"
	" FROM pg_constraint k WHERE k.conrelid = $1"
	" UNION ALL SELECT jsonb_build_array('index', to_jsonb(i) - '{indexrelid,indrelid,indkey,"
	"indexprs,indpred,indcheckxmin}'::text[], to_jsonb(x) - " NOT_CLASS ","
	" CASE WHEN $2::bool OR i.indexprs IS NULL AND i.indpred IS NULL"
	" THEN pg_get_indexdef(x.oid) END, (SELECT h.inhparent FROM pg_inherits h"
	"  WHERE h.inhrelid = x.oid), (SELECT jsonb_agg(to_jsonb(a)"
	" - '{attrelid,attcacheoff,attndims,attname}'"
	"  ::text[] ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = x.oid),"
	" obj_description(x.oid, 'pg_class'))::text FROM pg_index i JOIN pg_class x"
	" ON x.oid = i.indexrelid WHERE i.indrelid = $1"
	" UNION ALL SELECT jsonb_build_array('trigger', to_jsonb(g) - '{oid,tgrelid,tgconstraint,"
	"tgconstrindid,tgattr,tgqual,tgparentid}'::text[], g.tgparentid <> 0,"
	" pg_get_triggerdef(g.oid), obj_description(g.oid, 'pg_trigger'))::text"
	" FROM pg_trigger g WHERE g.tgrelid = $1 AND " REPLACE_OWN_TRIGGER
	" UNION ALL SELECT jsonb_build_array('policy', to_jsonb(p) - '{oid,polrelid,polqual,"
	"polwithcheck}'::text[], pg_get_expr(p.polqual, p.polrelid),"
	" pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy'))::text"
	" FROM pg_policy p WHERE p.polrelid = $1"
	" UNION ALL SELECT jsonb_build_array('rule', pg_get_ruledef(r.oid))::text"
	" FROM pg_rewrite r WHERE r.ev_class = $1"
	" UNION ALL SELECT jsonb_build_array('statistics', to_jsonb(s) - '{oid,stxrelid,stxkeys,"
	"stxexprs}'::text[], pg_get_statisticsobjdef(s.oid),"
	" obj_description(s.oid, 'pg_statistic_ext'))::text"
	" FROM pg_statistic_ext s WHERE s.stxrelid = $1"
	" UNION ALL SELECT jsonb_build_array('sequence', to_jsonb(x) - " NOT_CLASS ", x.relacl,"
	" to_jsonb(q) - '{seqrelid}'::text[], d.deptype, a.attname,"
	" obj_description(x.oid, 'pg_class'))"
	"::text FROM pg_depend d JOIN pg_sequence q ON q.seqrelid = d.objid"
	" JOIN pg_class x ON x.oid = d.objid JOIN pg_attribute a ON a.attrelid = d.refobjid"
	" AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass"
	" AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1"
	" AND d.deptype IN ('a', 'i')"
	" UNION ALL SELECT jsonb_build_array('parent', i.inhparent, i.inhseqno)::text"
	" FROM pg_inherits i WHERE i.inhrelid = $1"
	") AS lines (line)";
