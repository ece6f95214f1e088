-- --add-columns, and the table lacks one

-- SQL_ADD: add the columns
ALTER TABLE "public"."orders" ADD COLUMN "more" pg_catalog.text;

-- SQL_LOCK: lock the table; only parsed
INSERT INTO "public"."orders" DEFAULT VALUES;

-- SQL_COPY: copy the rows
COPY "public"."orders" ("id", "more")
    FROM STDIN (FORMAT binary);
