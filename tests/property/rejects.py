#!/usr/bin/env python3
"""Random loads with --rejects against rows that are applied one by one in savepoints.

Under a deferrable constraint one row may mend what another breaks: there all rows that COPY
takes are applied together first, and one by one only if that fails.

    rejects.py [--seed N] [--cases N | --minutes N] [--only CASE]

Each case makes a table with random constraints, indexes, triggers, foreign keys and
policies, and a stream of rows of which many break some of these.  portl-load puts it in;
then the same table in its first state gets the same rows from a loop in PL/pgSQL.  What
is in the table, and which rows are refused, must be the same.
"""
import json
import os
import subprocess
import tempfile

from session import Psql, finish, literal, numbers, parser, report, rng_of

COLUMNS = ["id", "v", "n", "f", "p", "u", "x", "c", "w"]
TYPES = {"id": "integer", "v": "varchar(4)", "n": "numeric(4,1)", "f": "integer", "p": "integer",
         "u": "integer", "x": "int4range", "c": "pair", "w": "text"}

FUNCTIONS = """
CREATE TYPE pair AS (a integer, b integer);
CREATE FUNCTION strict_even(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN IF $1 < 0 THEN RAISE EXCEPTION 'negative'; END IF; RETURN $1 / 2; END $$;
CREATE FUNCTION before_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_ARGV[0] = 'normalize' THEN new.v := lower(new.v); new.n := COALESCE(new.n, 1);
    ELSIF TG_ARGV[0] = 'raise' AND new.w = 'raise' THEN RAISE EXCEPTION 'no';
    ELSIF TG_ARGV[0] = 'state' AND new.w = 'raise' THEN
        RAISE EXCEPTION 'no' USING ERRCODE = 'ZX001';
    ELSIF TG_ARGV[0] = 'suppress' AND new.w = 'raise' THEN RETURN NULL;
    ELSIF TG_ARGV[0] = 'key' AND TG_OP = 'INSERT' THEN new.id := new.id % 5;
    ELSIF TG_ARGV[0] = 'mend' THEN new.v := left(COALESCE(new.v, 'm'), 1); new.u := NULL;
    END IF; RETURN new; END $$;
CREATE FUNCTION after_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF new.w = 'late' THEN RAISE EXCEPTION 'late'; END IF; RETURN NULL; END $$;
"""

# DDL that may be there or not, and the odds.
FEATURES = [
    (.3, "ALTER TABLE t ALTER v SET NOT NULL"),
    (.3, "ALTER TABLE t ADD CHECK (v <> 'bad')"),
    (.2, "ALTER TABLE t ADD CHECK (10 / n > 0)"),
    (.2, "ALTER TABLE t ALTER c SET NOT NULL"),
    (.25, "ALTER TABLE t ADD UNIQUE (u)"),
    (.1, "CREATE UNIQUE INDEX ON t (u) WHERE n > 1"),
    (.1, "CREATE UNIQUE INDEX ON t (strict_even(u))"),
    (.1, "CREATE UNIQUE INDEX ON t (lower(v))"),
    (.1, "ALTER TABLE t ADD UNIQUE (u) DEFERRABLE"),
    (.1, "CREATE UNIQUE INDEX ON t (u, n)"),
    (.15, "ALTER TABLE t ADD EXCLUDE USING gist (x WITH &&)"),
    (.1, "ALTER TABLE t ADD EXCLUDE (u WITH =) WHERE (n > 2)"),
    (.2, "ALTER TABLE t ADD FOREIGN KEY (f) REFERENCES r"),
    (.1, "ALTER TABLE t ADD FOREIGN KEY (f) REFERENCES r NOT VALID"),
    (.1, "ALTER TABLE t ADD FOREIGN KEY (f) REFERENCES r;"
         "RESET ROLE; ALTER TABLE t DISABLE TRIGGER ALL; SET ROLE loader"),
    (.1, "ALTER TABLE t ADD FOREIGN KEY (f) REFERENCES r; ALTER TABLE r ENABLE ROW LEVEL SECURITY"),
    (.1, "ALTER TABLE t ADD FOREIGN KEY (f) REFERENCES r MATCH FULL ON UPDATE CASCADE"),
    (.1, "CREATE TABLE heir () INHERITS (t); INSERT INTO heir (id, v, u, c)"
         " VALUES (3, 'h', 3, '(1,1)')"),
    (.1, "CREATE TABLE base (v varchar(4)); ALTER TABLE t INHERIT base"),
    (.1, "CREATE TRIGGER a AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION after_row()"),
    (.1, "ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;"
         "CREATE POLICY p ON t USING (true) WITH CHECK (n IS NULL OR n < 5)"),
]
KINDS = ["normalize", "raise", "state", "suppress", "key", "mend"]


class Case:
    """A table, how it is loaded, and the rows."""

    def __init__(self, rng):
        self.mode = rng.choice(["fail", "fail", "skip", "overwrite", "merge"])
        self.first = self.mode != "fail" and rng.random() < .2
        self.self_key = rng.random() < .15
        if self.self_key:  # whether two rows that go in together see each other is open then
            self.first = False
        self.ddl = [sql for odds, sql in FEATURES if rng.random() < odds and not self.self_key]
        self.trigger = rng.choice(KINDS) if rng.random() < .3 and not self.self_key else None
        self.primary = self.mode != "fail" or self.self_key or rng.random() < .6
        self.checks = any("ADD CHECK" in sql or "NOT NULL" in sql for sql in self.ddl)
        if self.self_key:
            self.ddl = ["ALTER TABLE t ADD CHECK (v <> 'bad')"] * (rng.random() < .5) \
                + ["ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES t"]
        if self.trigger:
            self.ddl.append("CREATE TRIGGER b BEFORE INSERT OR UPDATE ON t FOR EACH ROW "
                            "EXECUTE FUNCTION before_row('%s')" % self.trigger)
        self.many = rng.choice([4, 8, 15, 40, 250])
        self.odds = .06 if self.many > 40 and rng.random() < .7 else 1
        self.rows = [self.row(rng, i) for i in range(1, self.many + 1)]
        for row, after in zip(self.rows, self.rows[1:]):
            if row["p"] is not None and row["p"] == after["id"]:
                after["p"] = None  # those that need one another go in together
        self.old = [self.row(rng, 0) for _ in range(rng.choice([0, 0, 2, 4]))]

    def row(self, rng, nr):
        def pick(good, bad, odds=.1):
            return rng.choice(bad) if rng.random() < odds * self.odds else rng.choice(good)
        row = {"id": str(rng.randint(1, self.many)) if rng.random() < .3 * self.odds else str(nr),
               "v": pick(["a", "B", "ok", None], ["bad", "much too long", "base"]),
               "n": pick(["1", "2.5", "3", None], ["0", "x", "99999", "9"]),
               "f": pick(["1", "2", None], ["7", "3"]),
               "p": None, "u": pick([str(nr), None, str(nr + 50)], ["1", "2", "-1"]),
               "x": pick(["[%d,%d)" % (nr * 3, nr * 3 + 3), None], ["[1,90)", "[2,1]"]),
               "c": pick(["(1,2)", "(,)", "(1,)"], [None, "(x,1)"]),
               "w": pick(["-", None], ["raise", "late"])}
        if nr and rng.random() < .05 * self.odds:
            row["id"] = rng.choice(["x", None, "99999999999"])
        if self.self_key and nr:
            row["p"] = pick([None, str(nr), str(rng.randint(1, nr))], ["-1"], .15)
            row["id"] = str(nr)  # equal keys meet in another order
            if row["p"] is None and rng.random() < .1:
                row["p"] = str(nr + 1)
        return row

    def setup(self):
        out = ["DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s AUTHORIZATION loader;",
               "SET search_path = s, public; SET ROLE loader;",
               "CREATE TABLE r (f integer PRIMARY KEY); INSERT INTO r VALUES (1), (2), (3);",
               "CREATE TABLE t (%s);" % ", ".join("%s %s" % (c, TYPES[c]) for c in COLUMNS)]
        if self.primary:
            out.append("ALTER TABLE t ADD PRIMARY KEY (id);")
        out += [sql + ";" for sql in self.ddl]
        for nr, row in enumerate(self.old):
            out.append("DO $do$ BEGIN INSERT INTO t VALUES (%s); EXCEPTION WHEN OTHERS THEN "
                       "NULL; END $do$;" % ", ".join(
                           literal(str(nr + 1)) if c == "id" else literal(row[c]) for c in COLUMNS))
        out.append("CREATE TABLE before AS SELECT * FROM ONLY t;")
        out.append("CREATE TABLE source (nr integer, state text, %s);"
                   % ", ".join(c + " text" for c in COLUMNS))
        for nr, row in enumerate(self.rows, 1):
            out.append("INSERT INTO source VALUES (%d, NULL, %s);"
                       % (nr, ", ".join(literal(row[c]) for c in COLUMNS)))
        out.append("RESET ROLE;")
        return "\n".join(out)

    def statement(self):
        """The INSERT of one row "s", as a format() with its columns."""
        sets = [c for c in COLUMNS if c != "id"]
        new = {c: "excluded.%s" % c for c in sets}
        if self.mode == "merge":
            new = {c: "COALESCE(excluded.%s, t.%s)" % (c, c) for c in sets}
        sql = "INSERT INTO t VALUES (%s)" % ", ".join(["%s"] * len(COLUMNS))
        if self.mode == "skip":
            sql += " ON CONFLICT (id) DO NOTHING"
        elif self.mode != "fail":
            sql += " ON CONFLICT (id) DO UPDATE SET %s WHERE record_image_ne(ROW(%s), ROW(%s))" % (
                ", ".join("%s = %s" % (c, new[c]) for c in sets),
                ", ".join("t." + c for c in sets), ", ".join(new[c] for c in sets))
        return sql

    def oracle(self):
        """Apply the rows; their states become in, or the SQLSTATE."""
        keyed = self.mode != "fail"
        look = keyed and (self.trigger is not None or (self.mode == "merge" and self.checks))
        order = {"fail": "nr", "skip": "id::int, nr"}.get(self.mode, "rank, id::int, nr")
        if self.first:
            order = "rank, id::int, nr"
        values = ", ".join("quote_nullable(s.%s) || '::%s'" % (c, TYPES[c])
                           if look else "quote_nullable(s.%s)" % c for c in COLUMNS)
        looked = ""
        if look:
            sets = [c for c in COLUMNS if c != "id"]
            fill = ", ".join("COALESCE(s.%s::text::%s, o.%s)" % (c, TYPES[c], c)
                             if self.mode == "merge" else "s.%s::text::%s" % (c, TYPES[c])
                             for c in sets)
            looked = """SELECT * INTO o FROM ONLY t WHERE id = s.id::int;
                IF FOUND AND %s THEN said := 'in'; END IF;
                IF o.id IS NOT NULL AND said IS NULL AND '%s' = 'merge' THEN %s END IF;""" % (
                    "true" if self.mode == "skip" else
                    "NOT record_image_ne(ROW(%s), ROW(%s))" % (", ".join("o." + c for c in sets), fill),
                    self.mode, " ".join("s.%s := COALESCE(s.%s, o.%s::text);" % (c, c, c) for c in sets))
        together = any("DEFERRABLE" in sql for sql in self.ddl)
        return """SET search_path = s, public; SET ROLE loader;
            TRUNCATE ONLY t; ALTER TABLE t DISABLE TRIGGER USER; %(off)s
            INSERT INTO t SELECT * FROM before; ALTER TABLE t ENABLE TRIGGER USER; %(on)s
            DO $do$ DECLARE s record; o t; said text; progress boolean := true; now_at bigint := 1;
                together boolean := %(together)s; key int; written int[] := '{}'; wrote bigint;
            BEGIN
            FOR s IN SELECT * FROM source LOOP -- what no COPY takes
                BEGIN %(cast)s
                IF s.id IS NULL AND %(keyed)s THEN RAISE not_null_violation; END IF;
                EXCEPTION WHEN OTHERS THEN UPDATE source SET state = SQLSTATE WHERE nr = s.nr; END;
            END LOOP;
            LOOP BEGIN
            IF together THEN SET CONSTRAINTS ALL DEFERRED; END IF;
            WHILE progress LOOP
            progress := false;
            FOR s IN SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY id::int ORDER BY nr) AS rank
                    FROM source AS q WHERE q.state IS NULL) AS q WHERE q.state IS NULL ORDER BY %(order)s LOOP
                IF together AND %(ranks)s AND s.rank <> now_at THEN -- those before are one statement
                    SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; now_at := s.rank;
                    written := '{}';
                END IF;
                IF %(first)s AND EXISTS (SELECT FROM source AS q WHERE q.state = 'in' AND q.id::int = s.id::int) THEN
                    UPDATE source SET state = 'dup' WHERE nr = s.nr; CONTINUE;
                END IF;
                said := NULL;
                BEGIN
                    %(looked)s
                    IF said IS NULL THEN
                        key := %(key)s; -- none that one statement writes twice
                        IF together AND key = ANY (written) THEN RAISE cardinality_violation; END IF;
                        EXECUTE format(%(insert)s, %(values)s);
                        GET DIAGNOSTICS wrote = ROW_COUNT;
                        IF wrote > 0 THEN written := written || key; END IF;
                    END IF;
                    said := 'in';
                EXCEPTION WHEN OTHERS THEN said := SQLSTATE; END;
                IF said <> 'in' AND together THEN RAISE 'not together'; END IF;
                IF said = '23503' AND %(self)s AND NOT %(first)s THEN CONTINUE; END IF;
                UPDATE source SET state = said WHERE nr = s.nr;
                progress := progress OR said = 'in';
            END LOOP;
            END LOOP;
            SET CONSTRAINTS ALL IMMEDIATE; EXIT;
            EXCEPTION WHEN OTHERS THEN
                IF NOT together THEN RAISE; END IF;
                together := false; progress := true;
            END; END LOOP;
            UPDATE source AS q SET state = '23503' WHERE q.state IS NULL;
            END $do$; RESET ROLE;""" % {
                "off": "ALTER TABLE t NO FORCE ROW LEVEL SECURITY;",
                "on": "ALTER TABLE t FORCE ROW LEVEL SECURITY;" if any("FORCE" in d for d in self.ddl) else "",
                "cast": " ".join("PERFORM s.%s::%s;" % (c, TYPES[c].split("(")[0]) for c in COLUMNS)
                        + " IF length(s.v) > 4 OR abs(s.n::numeric) >= 1000 THEN RAISE string_data_right_truncation; END IF;",
                "keyed": "true" if keyed else "false", "order": order,
                "first": "true" if self.first else "false",
                "ranks": "false" if self.mode in ("fail", "skip") else "true", "self": "true" if self.self_key else "false",
                "key": "s.id::int % 5" if self.trigger == "key" and self.mode not in ("fail", "skip") else "NULL",
                "together": "true" if together else "false", "looked": looked, "insert": literal(self.statement()), "values": values}

    def arguments(self):
        args = ["-t", "s.t", "--bare", "--conflict=" + self.mode, "--columns=" + ",".join(COLUMNS)]
        return args + (["--duplicates=first"] if self.first else [])


TABLE = "SELECT * FROM ONLY s.t ORDER BY t::text;"


def check(case, psql, directory):
    psql.run(case.setup())
    rows = os.path.join(directory, "rows")
    rejects = os.path.join(directory, "rejects")
    with open(rows, "w", encoding="utf-8") as file:
        for row in case.rows:
            file.write(json.dumps({c: row[c] for c in COLUMNS if row[c] is not None}) + "\n")
    if os.path.exists(rejects):
        os.unlink(rejects)
    result = subprocess.run(["portl-load", "-U", "loader", "--rejects=" + rejects, "--log-format=json"]
                            + case.arguments() + [rows], stderr=subprocess.PIPE, text=True)
    got = psql.run(TABLE)
    refused = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    refused = sorted((r["row"], r["sqlstate"]) for r in refused if r.get("event") == "reject")
    problems = []
    if result.returncode not in (0, 3):
        return ["exit status %d" % result.returncode, result.stderr]
    psql.run(case.oracle())
    want = psql.run(TABLE)
    bad = [(int(nr), state) for nr, state in
           psql.run("SELECT nr, state FROM s.source WHERE state NOT IN ('in', 'dup') ORDER BY nr;")]
    if got != want:
        problems.append("table is\n    %s\n  wanted\n    %s" % (
            "\n    ".join(map(str, got)), "\n    ".join(map(str, want))))
    if [nr for nr, _ in refused] != [nr for nr, _ in bad]:
        problems.append("refused %s\n  wanted %s" % (refused, bad))
    with open(rejects, encoding="utf-8") as file:
        kept = [json.loads(line) for line in file]
    kept = [str(row["id"]) for row in kept if "$portl" not in row]
    if kept != [str(case.rows[nr - 1]["id"]) for nr, _ in refused]:
        problems.append("the file has %s, not the rows %s" % (kept, [nr for nr, _ in refused]))
    if problems:
        problems.append(result.stderr)
    return problems


def main():
    args = parser(400).parse_args()
    psql = Psql()
    psql.run("SET client_min_messages = error;" + FUNCTIONS +
             "CREATE ROLE loader LOGIN; GRANT ALL ON SCHEMA public TO loader; GRANT CREATE, TEMP ON DATABASE %s TO loader;"
             % os.environ.get("PGDATABASE", "postgres"))
    failed = done = 0
    with tempfile.TemporaryDirectory() as directory:
        for number in numbers(args):
            case = Case(rng_of(args, number))
            problems = check(case, psql, directory)
            done += 1
            if problems:
                failed += 1
                report(args, number, problems, case.setup() + "\nportl-load " + " ".join(case.arguments()))
                if failed == 5:
                    break
    finish(args, done, failed)


main()
