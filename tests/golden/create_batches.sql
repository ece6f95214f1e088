-- --create --commit=batch

-- SQL_CREATE: create the table
CREATE TABLE "public"."orders" ("id" bigint NOT NULL, "note" pg_catalog.text COLLATE pg_catalog."C", "changed" timestamp with time zone);

-- SQL_KEY_FIRST: add the primary key
ALTER TABLE "public"."orders" ADD PRIMARY KEY ("id");

-- SQL_COPY: copy the rows
COPY "public"."orders" ("id", "note", "changed")
    FROM STDIN (FORMAT binary);
