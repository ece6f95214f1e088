-- --delete, the stream has the keys of all rows

-- SQL_STAGE: create the temporary table
CREATE TEMPORARY TABLE pg_temp.portl_stage_0123456789abcdef (c1 bigint NOT NULL)
    USING heap ON COMMIT DROP;

-- SQL_STAGE_COPY: stage the rows
COPY pg_temp.portl_stage_0123456789abcdef (c1)
    FROM STDIN (FORMAT binary, FREEZE);

-- SQL_HOLD: keep other writers out
LOCK TABLE ONLY "public"."orders" IN SHARE ROW EXCLUSIVE MODE;

-- SQL_ABSENT: look for rows that are absent
CREATE TEMPORARY TABLE pg_temp.portl_absent_16384
    USING heap ON COMMIT DROP AS
    SELECT o.k1
    FROM (SELECT "id" AS k1
    FROM ONLY "public"."orders") AS o
    WHERE o.k1 IS DISTINCT
    FROM NULL AND NOT EXISTS (SELECT
    FROM (SELECT "c1" AS k1
    FROM pg_temp.portl_stage_0123456789abcdef) AS s
    WHERE o.k1 OPERATOR(pg_catalog.=) s.k1);

-- SQL_PRESENT: count the rows that are there; if there are some, as far as is needed
SELECT pg_catalog.count(*)
    FROM (SELECT
    FROM ONLY "public"."orders" LIMIT $1::bigint) AS r;

-- SQL_DROP: drop the temporary table
DROP TABLE pg_temp.portl_stage_0123456789abcdef;

-- SQL_DELETE_LAST: delete the absent rows; if there are some, and not too many
SET LOCAL enable_seqscan = off;
SET LOCAL jit = off;
DELETE
    FROM ONLY "public"."orders" AS t
    USING pg_temp.portl_absent_16384 AS g
    WHERE t."id" OPERATOR(pg_catalog.=) g.k1;
SET LOCAL enable_seqscan TO DEFAULT;
SET LOCAL jit TO DEFAULT;
