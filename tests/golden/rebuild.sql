-- --truncate --indexes=rebuild

-- SQL_UNINDEX: drop the indexes
its indexes go;

-- SQL_TRUNCATE: empty the table
TRUNCATE TABLE "public"."orders";

-- SQL_LOCK: lock the table; only parsed
INSERT INTO "public"."orders" DEFAULT VALUES;

-- SQL_COPY: copy the rows
COPY "public"."orders" ("id", "note", "changed")
    FROM STDIN (FORMAT binary, FREEZE);

-- SQL_INDEXES: build the indexes
its indexes come;
