"""A source that is written to all the time, and what it held at any moment.

Tables are of one shape: id, k, v, w.  Each transaction of a writer raises that writer's
number, and writes it to its own row of the first table, whose id is minus the writer; triggers
keep a journal of all rows that were written, with those numbers.  So who finds the writers'
rows in a copy knows which transactions its snapshot has seen, and the journal says which rows
that snapshot has: no clock and no snapshot of ours is asked.
"""
import threading
import time

from session import Psql, literal

WRITERS = 2
COLUMNS = "id, k, v, w"

# Row locks are kept until COMMIT, so for one row the journal's order is that of transactions.
JOURNAL = """
CREATE TABLE counter (writer int PRIMARY KEY, n bigint NOT NULL);
CREATE TABLE journal (seq bigserial PRIMARY KEY, writer int, n bigint, rel int, there bool, id int, k text, v text, w numeric);
CREATE SEQUENCE fresh START 100000;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE me int := current_setting('app.writer'); num bigint := (SELECT n FROM counter WHERE writer = me); r int := TG_ARGV[0];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        EXECUTE format('INSERT INTO journal (writer, n, rel, there, id) SELECT $1, $2, $3, false, id FROM %s', TG_RELID::regclass)
            USING me, num, r;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO journal (writer, n, rel, there, id) SELECT me, num, r, false, id FROM was;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO journal (writer, n, rel, there, id, k, v, w) SELECT me, num, r, true, id, k, v, w FROM now;
    END IF;
    RETURN NULL;
END $$;
"""
DROP = "DROP TABLE IF EXISTS {} CASCADE; DROP FUNCTION IF EXISTS note() CASCADE; DROP SEQUENCE IF EXISTS fresh;"


def definition(table):
    """Of a source or a target: a key, none, or partitions."""
    key = {"id": ", PRIMARY KEY (id)", "k, id": ", PRIMARY KEY (k, id)", "": ""}[table.key]
    sql = f"CREATE TABLE {table.name} (id int, k text COLLATE \"C\", v text, w numeric{key})"
    if not table.bounds:
        return sql + " WITH (fillfactor = %d);" % table.fill
    edges = ["MINVALUE"] + [str(b) for b in table.bounds] + ["MAXVALUE"]
    return sql + " PARTITION BY RANGE (id);" + "".join(
        f"CREATE TABLE {table.name}_{i} PARTITION OF {table.name} FOR VALUES FROM ({a}) TO ({b});"
        for i, (a, b) in enumerate(zip(edges, edges[1:])))


def source_sql(tables):
    """All of a source, journal included; a table's number is its place, from 1."""
    sql = [DROP.format("t1, t2, t3, journal, counter"), JOURNAL, "SET app.writer = 0; INSERT INTO counter SELECT i, 0"
           f" FROM generate_series(0, {WRITERS}) i;"]
    for number, table in enumerate(tables, 1):
        sql.append(definition(table))
        for event, names in (("INSERT", "NEW TABLE now"), ("DELETE", "OLD TABLE was"), ("UPDATE", "OLD TABLE was NEW TABLE now")):
            sql.append(f"CREATE TRIGGER {event.lower()}s AFTER {event} ON {table.name} REFERENCING {names}"
                       f" FOR EACH STATEMENT EXECUTE FUNCTION note({number});")
        sql.append(f"CREATE TRIGGER empties BEFORE TRUNCATE ON {table.name} EXECUTE FUNCTION note({number});")
        sql.append(f"INSERT INTO {table.name} SELECT i, 'k' || i % 7, repeat('x', 20 + i * 7 % {table.width}),"
                   f" nullif(i % 5, 0) FROM generate_series(1, {table.rows}) i;")
    sql.append(f"INSERT INTO t1 SELECT -i, 'k0', 'writer', 0 FROM generate_series(1, {WRITERS}) i; ANALYZE;")
    return "\n".join(sql)


def seen(marks, count):
    """The rows of each table as a snapshot with these numbers of the writers has them."""
    values = ", ".join(f"({w}, {n}::bigint)" for w, n in [(0, 0)] + sorted(marks.items()))
    return [f"SELECT {COLUMNS} FROM (SELECT DISTINCT ON (id) j.* FROM journal j JOIN (VALUES {values}) m(writer, n)"
            f" ON j.writer = m.writer AND j.n <= m.n WHERE rel = {r} ORDER BY id, seq DESC) x WHERE there;"
            for r in range(1, count + 1)]


class Writer(threading.Thread):
    """One of them.  What it does is drawn; when it is done is not."""

    def __init__(self, number, rng, tables, stop, may_rewrite):
        super().__init__(daemon=True)
        self.number, self.rng, self.tables, self.stop, self.may_rewrite = number, rng, tables, stop, may_rewrite
        self.done = 0

    def run(self):
        while not self.stop.is_set():
            psql = Psql("src", f"-c app.writer={self.number} -c deadlock_timeout=50 -c lock_timeout=500", lenient=True)
            try:
                while not self.stop.is_set():
                    psql.run(self.script())
                    self.done += 1
                    time.sleep(self.rng.random() * 0.1)
            except (SystemExit, OSError):  # the server is gone, for a while
                time.sleep(0.1)
            psql.close()

    def script(self):
        rng, index = self.rng, self.rng.randrange(len(self.tables))
        name = self.tables[index].name
        if rng.random() < 0.04:
            return f"VACUUM {'FULL ' if self.may_rewrite else ''}{name};"
        mark = f"UPDATE t1 SET w = (SELECT n FROM counter WHERE writer = {self.number}) WHERE id = {-self.number};"
        changes = "".join(self.change(self.tables[rng.randrange(len(self.tables))])
                          for _ in range(rng.choice((1, 1, 2, 3))))
        if index > 0 and self.may_rewrite and rng.random() < 0.04:
            changes += f"TRUNCATE {name}; INSERT INTO {name} SELECT i, 'k' || i % 7, 'again' FROM generate_series(1, 900) i;"
        both = [mark, changes]
        rng.shuffle(both)
        return "BEGIN; UPDATE counter SET n = n + 1 WHERE writer = %d; %s %s;" % (
            self.number, " ".join(both), rng.choice(("COMMIT", "COMMIT", "COMMIT", "ROLLBACK")))

    def change(self, table):
        rng, name = self.rng, table.name
        kind = rng.randrange(6 if table.key else 4)
        if kind == 0:
            return f"UPDATE {name} SET v = {literal('w%d' % rng.randrange(10 ** 6))} WHERE id > 0 AND id % 53 = {rng.randrange(53)};"
        if kind == 1:
            return f"DELETE FROM {name} WHERE id > 0 AND id % 97 = {rng.randrange(97)};"
        if kind == 2:
            return (f"INSERT INTO {name} SELECT i, 'k' || i % 7, {literal('n%d' % rng.randrange(10 ** 6))} FROM"
                    f" (SELECT nextval('fresh')::int AS i FROM generate_series(1, {rng.randrange(1, 30)})) n;")
        if kind == 3:
            return f"UPDATE {name} SET w = nullif({rng.randrange(3)}, 0) WHERE id > 0 AND id % 41 = {rng.randrange(41)};"
        if kind == 4:
            return (f"SAVEPOINT a; UPDATE {name} SET v = v || 'a' WHERE id > 0 AND id % 31 = 3; ROLLBACK TO a;"
                    f"INSERT INTO {name} SELECT i, 'k' || i % 7, 'back' FROM generate_series({rng.randrange(1, 90)}, {table.rows}, 91) i"
                    " ON CONFLICT DO NOTHING;")
        return (f"UPDATE {name} SET id = id + 3001, k = 'k' || (id + 3001) % 7"
                f" WHERE id BETWEEN 1 AND 90000 AND id % 89 = {rng.randrange(89)};")
