-- the same, and they come in order

-- SQL_HOLD: keep other writers out
LOCK TABLE ONLY "public"."orders" IN SHARE ROW EXCLUSIVE MODE;

-- SQL_PRESENT: count the rows that are there; if there are some, as far as is needed
SELECT pg_catalog.count(*)
    FROM (SELECT
    FROM ONLY "public"."orders"
    WHERE (
nr > 0 -- only
) LIMIT $1::bigint) AS r;

-- SQL_BESIDE: read the keys that are there
COPY (SELECT o.k2, o.k1
    FROM (SELECT "id" AS k1, "nr" AS k2
    FROM ONLY "public"."orders"
    WHERE (
nr > 0 -- only
)) AS o
    WHERE o.k1 IS DISTINCT
    FROM NULL
    ORDER BY o.k2, o.k1) TO STDOUT (FORMAT binary);

-- SQL_GONE: create the table of absent keys; if there are some
CREATE TEMPORARY TABLE pg_temp.portl_absent_16384 (k1 bigint, k2 integer)
    USING heap ON COMMIT DROP;

-- SQL_GONE_COPY: copy the absent keys; if there are some
COPY pg_temp.portl_absent_16384 (k2, k1)
    FROM STDIN (FORMAT binary);

-- SQL_DELETE_LAST: delete the absent rows; if there are some, and not too many
SET LOCAL enable_seqscan = off;
SET LOCAL jit = off;
DELETE
    FROM ONLY "public"."orders" AS t
    USING pg_temp.portl_absent_16384 AS g
    WHERE t."id" OPERATOR(pg_catalog.=) g.k1 AND t."nr" OPERATOR(pg_catalog.=) g.k2;
SET LOCAL enable_seqscan TO DEFAULT;
SET LOCAL jit TO DEFAULT;
