-- --replace

-- SQL_HOLD: keep other writers out
LOCK TABLE ONLY "public"."orders" IN SHARE ROW EXCLUSIVE MODE;

-- SQL_ASIDE: create the table aside
the table aside;

-- SQL_COPY: copy the rows
COPY "public"."portl_replace_0123456789abcdef" ("id", "note", "changed")
    FROM STDIN (FORMAT binary, FREEZE);

-- SQL_BUILD: index and check the rows aside
its indexes;

-- SQL_EXCHANGE: exchange the tables
it takes the place;
