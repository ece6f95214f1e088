-- What the campaign moves.  The same script makes the source's database and the target's, so
-- that the target can say by itself what it should hold.

CREATE TABLE good (id int PRIMARY KEY, n numeric, x text, at timestamptz);
INSERT INTO good
    SELECT i, i / 7.0, CASE WHEN i % 5 > 0 THEN 'name ' || i || E'\t\\' END,
           '2025-01-01 00:00+00'::timestamptz + i * interval '1 hour'
      FROM generate_series(1, 20000) i;

-- Every thirteenth row breaks the target's CHECK.
CREATE TABLE bad (LIKE good INCLUDING ALL);
INSERT INTO bad SELECT id, CASE WHEN id % 13 = 0 THEN -n ELSE n END, x, at FROM good;

-- Each size has a table of its own, for a table is what most people send.
SELECT format('CREATE TABLE %s_%s (LIKE good INCLUDING ALL);
               INSERT INTO %1$s_%2$s SELECT * FROM %1$s WHERE id <= %2$s ORDER BY id', name, size)
  FROM unnest('{good,bad}'::text[]) name, unnest('{0,1,10,300,3000,20000}'::int[]) size
\gexec

-- And a schema, which is sent as a set: between its parent and its child.
SELECT format('CREATE SCHEMA set_%1$s;
               CREATE TABLE set_%1$s.a (id int PRIMARY KEY, x text);
               INSERT INTO set_%1$s.a SELECT i, repeat(''x'', i) FROM generate_series(1, 50) i;
               CREATE TABLE set_%1$s.t (LIKE good INCLUDING ALL);
               INSERT INTO set_%1$s.t SELECT * FROM good_%1$s ORDER BY id;
               CREATE TABLE set_%1$s.z (id int PRIMARY KEY, a int NOT NULL REFERENCES set_%1$s.a);
               INSERT INTO set_%1$s.z SELECT i, 1 + i %% 50 FROM generate_series(1, 100) i', size)
  FROM unnest('{0,1,10,300,3000,20000}'::int[]) size
\gexec

-- What the target has before: some keys of its own, and for conflicts some of the source's.
CREATE TABLE old (LIKE good INCLUDING ALL);
INSERT INTO old SELECT -i, i, 'old', now() FROM generate_series(1, 20) i;
INSERT INTO old SELECT i, i, 'old', CASE WHEN i % 3 = 0 THEN now() END
                  FROM generate_series(2, 2000, 2) i;

CREATE FUNCTION before(how text) RETURNS SETOF good LANGUAGE sql STABLE AS
$$ SELECT * FROM old WHERE how <> 'create' AND how NOT LIKE 'verify=%'
      AND (id < 0 OR split_part(how, '+', 1) IN ('skip', 'overwrite', 'merge'))
   UNION ALL SELECT * FROM good WHERE how LIKE 'verify=%' AND id <= split_part(how, '=', 2)::int $$;

-- The rows that the target takes of the first so many of the stream.
CREATE FUNCTION taken(source text, upto int) RETURNS SETOF good LANGUAGE sql STABLE AS
$$ SELECT * FROM good WHERE source = 'good' AND id <= upto
   UNION ALL SELECT * FROM bad WHERE source = 'bad' AND id <= upto AND n >= 0 $$;

-- And what it holds then.
CREATE FUNCTION expected(how text, source text, upto int) RETURNS SETOF good LANGUAGE sql STABLE AS
$$
    SELECT coalesce(i.id, b.id),
           CASE WHEN i.id IS NULL OR (how = 'skip' AND b.id IS NOT NULL) THEN b.n
                WHEN how LIKE 'merge%' THEN coalesce(i.n, b.n) ELSE i.n END,
           CASE WHEN i.id IS NULL OR (how = 'skip' AND b.id IS NOT NULL) THEN b.x
                WHEN how LIKE 'merge%' THEN coalesce(i.x, b.x) ELSE i.x END,
           CASE WHEN i.id IS NULL OR (how = 'skip' AND b.id IS NOT NULL) THEN b.at
                WHEN how LIKE 'merge%' THEN coalesce(i.at, b.at) ELSE i.at END
      FROM taken(source, upto) i FULL JOIN before(how) b ON b.id = i.id
     WHERE how <> 'truncate' AND how NOT LIKE '%+delete' OR i.id IS NOT NULL
$$;

-- How much of a set's other members is there: "50 100" is all.
CREATE FUNCTION others() RETURNS text LANGUAGE plpgsql STABLE AS
$$
DECLARE n int; m int;
BEGIN
    IF to_regclass('a') IS NOT NULL THEN SELECT count(*) INTO n FROM a; END IF;
    IF to_regclass('z') IS NOT NULL THEN SELECT count(*) INTO m FROM z; END IF;
    RETURN format('%s %s', coalesce(n, 0), coalesce(m, 0));
END
$$;

CREATE FUNCTION print_of(rows text) RETURNS text LANGUAGE plpgsql STABLE AS
$$
DECLARE print text;
BEGIN
    EXECUTE format('SELECT count(*) || '':'' || md5(coalesce(string_agg(r::text, e''\n'' ORDER BY r.id), ''''))
                      FROM %s r', rows) INTO print;
    RETURN print;
END
$$;

CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;

-- The target anew.  "apply" and "commit": the row with this id makes the transaction wait for
-- advisory lock 42 when its statement or the transaction ends.
CREATE PROCEDURE renew(how text, space text, wait_in text, wait_id int, keep boolean DEFAULT false) LANGUAGE plpgsql AS
$$
BEGIN
    SET LOCAL client_min_messages = warning;
    IF keep THEN -- a state is about this table
        DELETE FROM t;
        IF space <> '' THEN EXECUTE format('ALTER TABLE t SET TABLESPACE %I', space); END IF;
    ELSE
        DROP TABLE IF EXISTS t, refused, z, a;
        CREATE TABLE refused (LIKE good);
        IF how = 'create' THEN RETURN; END IF;
        CREATE TABLE a (LIKE set_0.a INCLUDING ALL);
        CREATE TABLE z (LIKE set_0.z INCLUDING ALL, FOREIGN KEY (a) REFERENCES a);
        EXECUTE format('CREATE TABLE t (LIKE good INCLUDING INDEXES, CHECK (n >= 0)) %s',
                       CASE WHEN space <> '' THEN 'TABLESPACE ' || space END);
    END IF;
    INSERT INTO t SELECT * FROM before(how);
    IF wait_in = 'apply' THEN
        EXECUTE format('CREATE TRIGGER w AFTER INSERT OR UPDATE ON t FOR EACH ROW
            WHEN (new.id = %s) EXECUTE FUNCTION wait()', wait_id);
    ELSIF wait_in = 'commit' THEN
        EXECUTE format('CREATE CONSTRAINT TRIGGER w AFTER INSERT OR UPDATE ON t DEFERRABLE
            INITIALLY DEFERRED FOR EACH ROW WHEN (new.id = %s) EXECUTE FUNCTION wait()', wait_id);
    END IF;
END
$$;
