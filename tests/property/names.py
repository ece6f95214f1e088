#!/usr/bin/env python3
"""What names mean changes at random while extracts run: each stream is one committed state.

    names.py [--seed N] [--cases N | --minutes N]

Wants portl-extract, portl-load and psql on PATH, and libpq's environment pointing at a
server of its own.  In every committed state each thing that is read, table, view,
function or query, holds the ids 1 to ROWS, each once, all of one generation.  Sessions
change, each in one transaction, what a name leads to: they swap tables of other column
types, repoint views, rename schemas and materialized views, move rows between
partitions and children, replace functions, truncate and fill again.  A stream that
ends well holds exactly one such state, and its header tells what its bytes are, or the
rows would not come out as numbers; anything else has to be refused, by a message that
is known.  A case is one extract; the seed draws what the sessions do and what is read,
not how they meet.
"""
import collections
import random
import re
import subprocess
import threading

from session import Psql, numbers, parser

ROWS = 300
TYPES = ("integer", "bigint", "text", "numeric", "varchar(20)", "smallint", "double precision")
PLAIN = "id integer, gen integer, pad text"
READS = (["-t", "s.t"], ["-t", "s.t", "--columns=id,gen"], ["-t", "s.t", "--where=id > 0"],
         ["-c", "SELECT id, gen FROM s.t"], ["-t", "v"], ["-c", "TABLE v"], ["-t", "m"],
         ["-c", "SELECT id, gen FROM m"], ["-t", "p"], ["-c", "SELECT id, gen FROM p"],
         ["-t", "h", "--exclude-columns=pad"], ["-c", "SELECT id, gen FROM h"], ["-c", "SELECT id, gen FROM f()"],
         ["-t", "fv"], ["-U", "part", "-t", "s.t", "--columns=id,gen"])
REFUSED = (r"was altered while the rows were read", r"altered again and again", r"deadlock detected",
           r"could not open relation", r"cache lookup failed", r"tuple concurrently",
           r"does not exist", r"relation with OID", r"lock timeout")


def made(name, columns="id integer, gen {0}, pad text", rng=random):
    """A table without rows, its columns in any order, of any type that holds generations."""
    parts = [part.format(rng.choice(TYPES)) for part in columns.split(", ")]
    rng.shuffle(parts)
    return f"CREATE TABLE {name} ({', '.join(parts)}); GRANT SELECT (id, gen) ON {name} TO part;"


def filled(name, generation):
    """Its rows; whoever waits for what the transaction holds waits some more."""
    return (f"INSERT INTO {name} (id, gen, pad) SELECT i, {generation}, repeat('x', 300)"
            f" FROM generate_series(1, {ROWS}) i; SELECT pg_sleep(random() * 0.2);")


class Changes:
    """One session's changes: what is made before, for a snapshot knows it then; the transaction."""

    def __init__(self, rng, number):
        self.rng, self.number, self.count = rng, number, 0

    def new(self):
        self.count += 1
        return f"n{self.number}_{self.count}", self.number * 10000 + self.count % 9999

    def swap(self):
        name, generation = self.new()
        return (made("s." + name, rng=self.rng), f"ALTER TABLE s.t RENAME TO {name}_old;"
                f"ALTER TABLE s.{name} RENAME TO t;" + filled("s.t", generation) + f"DROP TABLE s.{name}_old;")

    def refill(self):
        _, generation = self.new()
        return "", "TRUNCATE s.t;" + filled("s.t", generation)

    def schema(self):
        name, generation = self.new()
        return (f"CREATE SCHEMA {name}; GRANT USAGE ON SCHEMA {name} TO part;" + made(name + ".t", rng=self.rng),
                f"LOCK s.t; ALTER SCHEMA s RENAME TO {name}_old; ALTER SCHEMA {name} RENAME TO s;" +
                filled("s.t", generation) + f"DROP SCHEMA {name}_old CASCADE;")

    def alter(self):
        return "", f"ALTER TABLE s.t ALTER gen TYPE {self.rng.choice(TYPES)} USING trunc(gen::numeric);"

    def repoint(self):
        name, generation = self.new()
        return (made(name, PLAIN, self.rng), f"CREATE OR REPLACE VIEW v AS SELECT id, gen FROM {name};" +
                filled(name, generation))

    def matview(self):
        name, generation = self.new()
        kind = self.rng.choice(TYPES)
        return (f"CREATE MATERIALIZED VIEW {name} AS SELECT i AS id, {generation}::{kind} AS gen FROM generate_series(1, {ROWS}) i;",
                f"ALTER MATERIALIZED VIEW m RENAME TO {name}_old; ALTER MATERIALIZED VIEW {name} RENAME TO m;"
                f"SELECT pg_sleep(random() * 0.2); DROP MATERIALIZED VIEW {name}_old;")

    def partition(self):
        name, generation = self.new()
        return (f"CREATE TABLE {name} (gen integer, id integer NOT NULL)",
                f"LOCK p; ALTER TABLE p DETACH PARTITION p2; DROP TABLE p2; ALTER TABLE {name} RENAME TO p2;"
                f"UPDATE p SET gen = {generation}; INSERT INTO p2 SELECT {generation}, i FROM generate_series(101, {ROWS}) i;"
                f"ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (101) TO (1000); SELECT pg_sleep(random() * 0.2);")

    def heir(self):
        name, generation = self.new()
        return (f"CREATE TABLE {name} (id integer, gen integer, pad text)", f"LOCK h; DELETE FROM h;" +
                filled(name, generation) + f"ALTER TABLE {name} INHERIT h;")

    def replace(self):
        name, generation = self.new()
        return (made(name, PLAIN, self.rng), filled(name, generation) +
                f"CREATE OR REPLACE FUNCTION f() RETURNS TABLE (id integer, gen integer) LANGUAGE plpgsql AS "
                f"'BEGIN RETURN QUERY SELECT x.id, x.gen FROM {name} x; END';")


def change(stop, rng, number, kinds, done):
    changes = Changes(rng, number)
    while not stop.is_set():
        kind = rng.choice(kinds)
        before, script = getattr(changes, kind)()
        ran = subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-c", before or "SELECT 1", "-c",
                              f"BEGIN; {script} COMMIT"], check=False,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if ran.returncode == 0:
            done[kind] += 1
        elif not stop.is_set() and b"deadlock" not in ran.stderr:
            done["failed: " + kind + ran.stderr.decode()] += 1


def prepare(rng):
    psql = Psql()
    psql.run("DO $$BEGIN CREATE ROLE part LOGIN; EXCEPTION WHEN duplicate_object THEN END$$; CREATE SCHEMA s;"
             "GRANT USAGE ON SCHEMA s TO part;" + made("s.t", rng=rng) + filled("s.t", 1) + made("n0", PLAIN, rng) + filled("n0", 1) +
             "CREATE VIEW v AS SELECT id, gen FROM n0;"
             f"CREATE MATERIALIZED VIEW m AS SELECT i AS id, 1 AS gen FROM generate_series(1, {ROWS}) i;"
             "CREATE TABLE p (id integer NOT NULL, gen integer) PARTITION BY RANGE (id);"
             "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (101);"
             "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (101) TO (1000);"
             f"INSERT INTO p SELECT i, 1 FROM generate_series(1, {ROWS}) i;"
             f"CREATE TABLE h (id integer, gen integer, pad text); INSERT INTO h SELECT i, 1 FROM generate_series(1, {ROWS}) i;"
             "CREATE FUNCTION f() RETURNS TABLE (id integer, gen integer) LANGUAGE plpgsql AS "
             "'BEGIN RETURN QUERY SELECT x.id, x.gen FROM n0 x; END';"
             "CREATE VIEW fv AS SELECT id, gen FROM f();")
    psql.close()


def fault(out):
    """Why these rows are no committed state, or None."""
    lines = out.decode().split("\n")
    names = lines[0].split(",")
    if "id" not in names or "gen" not in names:
        return "columns: " + lines[0]
    rows = [line.split(",") for line in lines[1:] if line]
    ids = collections.Counter(row[names.index("id")] for row in rows)
    generations = {row[names.index("gen")] for row in rows}
    if set(ids) != {str(i) for i in range(1, ROWS + 1)} or set(ids.values()) != {1}:
        return f"{len(rows)} rows, {len(ids)} ids"
    return None if len(generations) == 1 else f"generations {sorted(generations)[:4]}"


def read(rng):
    what = rng.choice(READS)
    sent = subprocess.run(["portl-extract", "--lock-wait-timeout=5000", "-o", "-", *what], capture_output=True, check=False)
    if sent.returncode == 0:
        got = subprocess.run(["portl-load", "-q", "--csv=-"], input=sent.stdout, capture_output=True, check=False)
        why = fault(got.stdout) if got.returncode == 0 else got.stderr.decode()
        return what, "good" if why is None else "WRONG " + why
    text = sent.stderr.decode()
    for pattern in REFUSED:
        if re.search(pattern, text):
            return what, "refused: " + pattern
    return what, "WRONG " + text


def main():
    args = parser(1000).parse_args()
    rng = random.Random(args.seed)
    prepare(rng)
    groups = (["swap", "refill", "schema", "alter"], ["repoint", "matview"], ["partition", "heir", "replace"])
    stop, done = threading.Event(), collections.Counter()
    threads = [threading.Thread(target=change, args=(stop, random.Random(f"{args.seed} {i}"), i + 1, kinds, done))
               for i, kinds in enumerate(groups)]
    for thread in threads:
        thread.start()
    tally, wrong = collections.Counter(), []
    try:
        for number in numbers(args):
            what, verdict = read(random.Random(f"{args.seed} read {number}"))
            tally[verdict.split(" ")[0] if verdict.startswith("WRONG") else verdict] += 1
            if verdict.startswith("WRONG"):
                wrong.append((number, what, verdict))
                print(f"case {number}: {' '.join(what)}: {verdict}", flush=True)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    cases = sum(tally.values())
    for verdict, count in tally.most_common() + done.most_common():
        print(f"{count} {verdict}")
    print(f"seed {args.seed}: {cases} extracts, {len(wrong)} wrong")
    raise SystemExit(1 if wrong or not tally["good"] else 0)


if __name__ == "__main__":
    main()
