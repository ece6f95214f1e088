-- COPY into the table

-- SQL_LOCK: lock the table; only parsed
INSERT INTO "public"."orders" DEFAULT VALUES;

-- SQL_COPY: copy the rows
COPY "public"."orders" ("id", "note", "changed")
    FROM STDIN (FORMAT binary);
