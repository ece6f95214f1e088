-- parts have filled a table that is to be created

-- SQL_CREATE: create the table
CREATE TABLE "led""ger"."portl_0123456789abcdef_1" ("id" bigint NOT NULL, "note" pg_catalog.text COLLATE pg_catalog."C", "changed" timestamp with time zone) WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false);

-- SQL_COPY: copy the rows
COPY "led""ger"."portl_0123456789abcdef_1" ("id", "note", "changed")
    FROM STDIN (FORMAT binary);

-- SQL_KEY: add the primary key
ALTER TABLE "led""ger"."portl_0123456789abcdef_1" ADD PRIMARY KEY ("id");

-- SQL_LIKE: create one that is like it; undone
CREATE TABLE "public"."orders" ("id" bigint NOT NULL, "note" pg_catalog.text COLLATE pg_catalog."C", "changed" timestamp with time zone);
ALTER TABLE "public"."orders" ADD PRIMARY KEY ("id");

-- SQL_PLACE: give it its name
ALTER TABLE "led""ger"."portl_0123456789abcdef_1" SET SCHEMA "public";
ALTER TABLE "public"."portl_0123456789abcdef_1" RENAME TO "orders";
ALTER TABLE "public"."orders" RESET (autovacuum_enabled, toast.autovacuum_enabled);
COMMENT ON TABLE "public"."orders" IS NULL;
