-- Every relation of the database that can be read, with two statements: one prints how
-- its columns are called and what they are, one a digest of its rows that depends on
-- neither their order nor on OIDs.  A column counts by its binary form, or by its text
-- where that form is missing, holds OIDs (of types made here, too), or is not what is
-- kept (xml).  Columns: schema, name, kind, select list, types.  "only" names one relation.
SELECT n.nspname, c.relname, c.relkind,
       coalesce(l.list, ''), coalesce(l.types, '')
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
       SELECT string_agg(
                CASE WHEN t.typname ~ '^_?xml$' THEN format('%I::text', a.attname)
                     WHEN t.oid < 16384 AND t.typsend::oid <> 0 AND t.typname !~ '^_?(reg|refcur)'
                          AND t.typname !~ '^_?(oidvector|int2vector)$' AND t.typtype <> 'p'
                     THEN format('%s(%I)', t.typsend::regproc, a.attname)
                     ELSE quote_ident(a.attname) END, ', ' ORDER BY a.attname COLLATE "C") AS list,
              string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', '
                ORDER BY a.attname COLLATE "C") AS types
         FROM pg_attribute a
         JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS l
 WHERE n.nspname !~ '^pg_|^information_schema$'
   AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
   AND (:'only' = '' OR c.oid = to_regclass(:'only'))
 ORDER BY 1, 2;
