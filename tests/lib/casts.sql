-- The matrix of casts.bats: every pair of these types, and what the server itself makes
-- of their values, as INSERT assigns them or as input functions read their text.

CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE feel AS ENUM ('ok', 'happy', 'sad');
CREATE DOMAIN price AS numeric(12,4) CHECK (value > -1000);

CREATE TABLE kinds (k int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ty text, samples text[]);
INSERT INTO kinds (ty, samples) VALUES
    ('boolean', '{true,false}'),
    ('smallint', '{0,1,-32768}'),
    ('integer', '{0,1,-5,16777217,2147483647}'),
    ('bigint', '{0,-1,7,9007199254740993,4294967295}'),
    ('numeric', '{0,1.5,-2,0.10,12345678901234567890.123456789,NaN}'),
    ('numeric(8,2)', '{0,1.50,-2.00,123456.78}'),
    ('price', '{0,1.5,123.4567}'),
    ('real', '{0,1.5,0.1,0.123456,1e10,16777216,NaN}'),
    ('double precision', '{0,2.5,0.1,1e300,3.141592653589793,9007199254740992}'),
    ('money', '{0,1.25,-3}'),
    ('oid', '{0,5,4294967295}'),
    ('text', '{"","a ",abc,é,"abc                                                 "}'),
    ('character varying(20)', '{"","a ",abc,"abc     "}'),
    ('character varying(5)', '{"","a ",abc}'),
    ('character(20)', '{"",a,abc}'),
    ('name', '{a,"b ","abc                                            "}'),
    ('"char"', '{a," ",""}'),
    ('uuid', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'),
    ('bytea', '{"","\\xdeadbeef"}'),
    ('date', '{2020-01-01,infinity,"0044-03-15 BC"}'),
    ('time', '{00:00,12:34:56.789012}'),
    ('time with time zone', '{00:00+00,12:34:56.789012-03:30}'),
    ('timestamp', '{2020-01-01 00:00,2020-06-01 12:34:56.789012,2020-03-29 02:30,-infinity}'),
    ('timestamp(0)', '{2020-01-01 00:00,2020-03-29 02:30:01}'),
    ('timestamp with time zone', '{2020-01-01 00:00+00,2020-10-25 00:30+00,2020-10-25 01:30+00}'),
    ('interval', '{0,"1 mon 2 days 03:04:05.678901",03:04:05}'),
    ('interval year to month', '{0,"1 year 2 mons"}'),
    ('json', '{1,"{\"b\": 1, \"a\":  2, \"b\": 3}","null"}'),
    ('jsonb', '{1,"{\"a\": 2}","null"}'),
    ('inet', '{10.0.0.1,10.0.0.1/8,::1}'),
    ('cidr', '{10.0.0.0/8,::1}'),
    ('macaddr', '{08:00:2b:01:02:03}'),
    ('bit(8)', '{10101010}'),
    ('bit varying(16)', '{101,10101010}'),
    ('point', '{"(1,2.5)"}'),
    ('int4range', '{"[1,5)",empty,"(,)"}'),
    ('int8range', '{"[1,5)",empty}'),
    ('tsrange', '{"[2020-01-01 00:00:00,infinity)"}'),
    ('integer[]', '{"{}","{1,NULL}","[0:1]={7,8}"}'),
    ('bigint[]', '{"{}","{1,9007199254740993}"}'),
    ('double precision[]', '{"{0.1,2.5}"}'),
    ('text[]', '{"{}","{1,2}","{a\"b}"}'),
    ('mood[]', '{"{sad,ok}"}'),
    ('mood', '{sad,ok}'),
    ('feel', '{sad,ok,happy}'),
    ('tsvector', '{"''a'':1"}');

-- One row a pair and value: what INSERT makes of it (assigned), or, where it has no
-- assignment cast or by_text is asked for, what the input function makes of its text.
CREATE TABLE oracle (s int, t int, n int, value text, assigned bool, ok bool, want text,
    back text, PRIMARY KEY (s, t, n));

CREATE FUNCTION is_assignable(s text, one text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO %I SELECT NULL::%s WHERE false', one, s);
    RETURN true;
EXCEPTION WHEN datatype_mismatch THEN
    RETURN false;
END $$;

-- From t's text to s: by a cast, by way of numeric or text; NULL if there is no way.
CREATE FUNCTION way_back(value text, t text, s text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    way text;
    back text;
BEGIN
    FOREACH way IN ARRAY '{%L::%s::%s, %L::%s::numeric::%s, %L::%s::text::%s}'::text[] LOOP
        CONTINUE WHEN t LIKE 'character(%' AND way NOT LIKE '%text%'; -- keeps the padding
        BEGIN
            EXECUTE 'SELECT format(''%s'', ' || format(way, value, t, s) || ')' INTO back;
            RETURN back;
        EXCEPTION WHEN others THEN
            NULL;
        END;
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION ask(s kinds, t kinds, n int, lit text, assigned bool, by_text bool)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    value text;
    by_cast text; -- without the padding of character(n)
    want text;
BEGIN
    EXECUTE format('SELECT format(''%%s'', v), v::text FROM (SELECT %L::%s) AS x(v)', lit, s.ty)
        INTO value, by_cast;
    IF assigned AND NOT by_text THEN
        EXECUTE format('INSERT INTO %I SELECT %L::%s RETURNING CASE WHEN v IS NOT NULL THEN format(''%%s'', v) END',
            'one' || t.k, lit, s.ty) INTO want;
    ELSE
        EXECUTE format('INSERT INTO %I VALUES (%L) RETURNING CASE WHEN v IS NOT NULL THEN format(''%%s'', v) END',
            'one' || t.k, CASE WHEN by_text THEN value ELSE by_cast END) INTO want;
    END IF;
    INSERT INTO oracle VALUES (s.k, t.k, n, value, assigned, true, want,
        way_back(want, t.ty, s.ty));
EXCEPTION WHEN others THEN
    INSERT INTO oracle VALUES (s.k, t.k, n, value, assigned, false, sqlerrm, NULL);
END $$;

-- Fill oracle.  Strings bring along what the other type can read.
CREATE PROCEDURE ask_all(by_text bool) LANGUAGE plpgsql AS $$
DECLARE
    s kinds;
    t kinds;
    lit text;
    assigned bool;
    lits text[];
    n int;
BEGIN
    TRUNCATE oracle;
    FOR s IN TABLE kinds LOOP
        FOR t IN TABLE kinds LOOP
            assigned := is_assignable(s.ty, 'one' || t.k);
            lits := s.samples;
            IF s.ty ~ '^(text|character|name)' THEN
                lits := lits || t.samples;
            END IF;
            FOR n IN 1 .. cardinality(lits) LOOP
                PERFORM ask(s, t, n, lits[n], assigned, by_text);
            END LOOP;
        END LOOP;
    END LOOP;
END $$;

-- A table for each source type, with a column for each target type, that has the values
-- which that takes; and in the schema taken a table of the same name that takes them.
CREATE PROCEDURE make_tables() LANGUAGE plpgsql AS $$
DECLARE
    s kinds;
BEGIN
    CREATE SCHEMA taken;
    FOR s IN TABLE kinds LOOP
        EXECUTE format('CREATE TABLE one%s (v %s)', s.k, s.ty);
        EXECUTE format('CREATE TABLE source%s (n int, %s)', s.k,
            (SELECT string_agg(format('c%s %s', k, s.ty), ', ') FROM kinds));
        EXECUTE format('CREATE TABLE taken.source%s (n int, %s)', s.k,
            (SELECT string_agg(format('c%s %s', k, ty), ', ') FROM kinds));
    END LOOP;
END $$;

CREATE PROCEDURE fill_sources() LANGUAGE plpgsql AS $$
DECLARE
    s kinds;
BEGIN
    FOR s IN TABLE kinds LOOP
        EXECUTE format('TRUNCATE source%s', s.k);
        EXECUTE format('INSERT INTO source%s SELECT n, %s FROM oracle WHERE s = %s GROUP BY n',
            s.k, (SELECT string_agg(format('(max(value) FILTER (WHERE ok AND t = %s))::%s',
                k, s.ty), ', ' ORDER BY k) FROM kinds), s.k);
    END LOOP;
END $$;

-- What the plans said, and what the loads did.
CREATE TABLE predicted (s int, t int, way text, loss text, PRIMARY KEY (s, t));
CREATE TABLE outcome (s int, t int, n int, got text, PRIMARY KEY (s, t, n));

CREATE PROCEDURE drop_refused() LANGUAGE plpgsql AS $$
DECLARE
    p record;
BEGIN
    FOR p IN SELECT s, string_agg(format('DROP c%s', t), ', ') AS drops FROM predicted
             WHERE way = 'refused' GROUP BY s LOOP
        EXECUTE format('ALTER TABLE source%s %s', p.s, p.drops);
    END LOOP;
END $$;

CREATE PROCEDURE take_outcome() LANGUAGE plpgsql AS $$
DECLARE
    s kinds;
    t kinds;
BEGIN
    FOR s IN TABLE kinds LOOP
        FOR t IN TABLE kinds LOOP
            EXECUTE format('INSERT INTO outcome SELECT %s, %s, n, format(''%%s'', c%s)'
                ' FROM taken.source%s WHERE c%s IS NOT NULL', s.k, t.k, t.k, s.k, t.k);
        END LOOP;
    END LOOP;
END $$;

-- The rules of portl-load(1), from the catalog.
CREATE VIEW rules AS
SELECT s.k AS s, t.k AS t, s.ty AS from_type, t.ty AS to_type,
       CASE WHEN t.ty = 'name' AND a.typlen NOT IN (1, 2, 4, 8, 12)
                 AND s.ty NOT IN ('name', 'uuid')
              OR t.ty = '"char"' AND s.ty <> '"char"' THEN 'refused'
            WHEN EXISTS (SELECT FROM oracle o WHERE o.s = s.k AND o.t = t.k AND assigned)
            THEN 'cast'
            WHEN coalesce(e.typcategory, a.typcategory) IN ('S', 'E')
                 AND (e.oid IS NULL OR b.typcategory = 'A') THEN 'cast through text'
            WHEN a.typcategory = 'R' AND b.typcategory = 'R' AND (s.ty, t.ty) IN (VALUES
                 ('int4range', 'int8range')) THEN 'cast through text'
            ELSE 'refused' END AS way,
       EXISTS (SELECT FROM oracle o WHERE o.s = s.k AND o.t = t.k AND ok
               AND (back IS DISTINCT FROM value
                    -- there and back again, but meanwhile another number
                    OR want <> value AND 'oid' IN (s.ty, t.ty)
                       AND 'integer' IN (s.ty, t.ty))) AS lossy
  FROM kinds s CROSS JOIN kinds t
  JOIN pg_type a ON a.oid = s.ty::regtype JOIN pg_type b ON b.oid = t.ty::regtype
  LEFT JOIN pg_type e ON e.oid = a.typelem AND a.typcategory = 'A';
