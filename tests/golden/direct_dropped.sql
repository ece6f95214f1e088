-- a column of the stream is dropped

-- SQL_LOCK: lock the table; only parsed
INSERT INTO "public"."orders" DEFAULT VALUES;

-- SQL_COPY: copy the rows
COPY "public"."orders" ("id", "changed")
    FROM STDIN (FORMAT binary);
