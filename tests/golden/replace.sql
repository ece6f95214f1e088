-- --replace

-- SQL_HOLD: keep other writers out
LOCK TABLE ONLY "public"."orders" IN SHARE ROW EXCLUSIVE MODE;

-- (null): create the table aside
the table aside;

-- SQL_COPY: copy the rows
COPY "public"."portl_replace_0123456789abcdef" ("id", "note", "changed")
    FROM STDIN (FORMAT binary, FREEZE);

-- (null): index and check the rows aside
its indexes;

-- (null): exchange the tables
it takes the place;
