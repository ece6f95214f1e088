#!/usr/bin/env python3
"""Random schemas with random foreign keys, each sent as one set.

A case is a few tables, some of them partitioned or children by inheritance, with foreign keys
of the source and others of the target: to themselves, in cycles, deferrable or not.  Either
all tables arrive equal, or the set is refused, nothing is touched, and the order of its
members proves that it had to be: one comes before a table that it refers to by a key that
cannot be deferred.
"""
import json
import os
import subprocess
import tempfile

from session import Psql, finish, ident, numbers, parser, report, rng_of

WORDS = ["order", "Item", "a b", "x\"y", "tab\tname", "\u0418\u043c\u044f", "select", "t", "line", "price"]


class Table:
    def __init__(self, rng, number):
        self.name = "%s%d" % (rng.choice(WORDS), number)
        self.kind = rng.choice(["plain"] * 4 + ["partitioned"])
        self.rows = rng.choice([0, 1, 7, 40, 300])
        self.refs = []     # columns r0, r1 …: the table that each refers to
        self.parent = None  # inherits from it

    def sql(self, schema):
        name = schema + "." + ident(self.name)
        if self.parent is not None:
            return "CREATE TABLE %s (PRIMARY KEY (id)) INHERITS (%s.%s);" % (name, schema, ident(self.parent.name))
        columns = ["id int PRIMARY KEY", "x text"] + ["r%d int" % i for i in range(len(self.refs))]
        made = "CREATE TABLE %s (%s)" % (name, ", ".join(columns))
        if self.kind == "plain":
            return made + ";"
        parts = "".join(" CREATE TABLE %s.%s PARTITION OF %s FOR VALUES FROM (%s) TO (%s);"
                        % (schema, ident(self.name + "_" + low), name, low.replace("low", "MINVALUE"), high)
                        for low, high in (("low", "10"), ("10", "MAXVALUE")))
        return made + " PARTITION BY RANGE (id);" + parts


class Case:
    def __init__(self, rng):
        self.rng = rng
        self.tables = [Table(rng, i) for i in range(rng.randint(2, 7))]
        for table in self.tables:
            table.refs = [rng.choice(self.tables) for _ in range(rng.choice([0, 0, 1, 1, 2]))]
        for i in range(rng.choice([0, 0, 1])):
            heir = Table(rng, 90 + i)
            heir.parent = rng.choice(self.tables)
            if heir.parent.kind == "plain":
                heir.refs, heir.kind = heir.parent.refs, "plain"
                self.tables.append(heir)
        rng.shuffle(self.tables)
        self.keys = {side: self.some_keys() for side in "ab"}
        self.create = rng.random() < 0.15
        if self.create:
            self.keys["b"] = []
        self.form = rng.choice([[], ["-F", "ndjson"], ["--values=text"], ["-Z", "zstd:1"]])
        self.options = self.some_options()

    def some_keys(self):
        """(table, number of its column, deferrable)"""
        rng, keys = self.rng, []
        for table in self.tables:
            if table.parent is None:
                keys += [(table, i, rng.choice(["", "", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"]))
                         for i in range(len(table.refs)) if rng.random() < 0.7]
        return keys

    def some_options(self):
        if self.create:
            return ["--create"]
        options = self.rng.choice([[], [], ["--truncate", "--min-rows=0"], ["--conflict=overwrite"], ["--conflict=skip"]])
        if self.rng.random() < 0.7:
            return options
        options = options + ["--foreign-keys=recheck"]
        rebuild = self.rng.random() < 0.7 and not any("--conflict" in o for o in options)
        return options + (["--indexes=rebuild"] if rebuild else [])

    def ordered(self):
        """An heir is created behind its parent."""
        return sorted(self.tables, key=lambda t: t.parent is not None)

    def add_keys(self, side):
        return "".join("ALTER TABLE s.%s ADD FOREIGN KEY (r%d) REFERENCES s.%s%s;"
                       % (ident(t.name), i, ident(t.refs[i].name), how) for t, i, how in self.keys[side])

    def fill(self, table):
        """References are to rows that are there, or NULL; heirs' rows are nobody's parents."""
        rng, rows = self.rng, []
        first = 1000 if table.parent is not None else 0
        for i in range(table.rows):
            refs = [str(rng.randrange(r.rows)) if r.rows and rng.random() < 0.8 else "NULL" for r in table.refs]
            rows.append("(%s)" % ", ".join([str(first + i), "'v%d'" % rng.randrange(5)] + refs))
        rng.shuffle(rows)
        return "INSERT INTO s.%s VALUES %s;" % (ident(table.name), ", ".join(rows)) if rows else ""

    def source_sql(self):
        return "\n".join(["CREATE SCHEMA s;"] + [t.sql("s") for t in self.ordered()]
                         + [self.fill(t) for t in self.tables] + [self.add_keys("a")])

    def target_sql(self):
        if self.create:
            return "CREATE SCHEMA s;"
        old = []
        if "--truncate" in self.options or "--conflict=overwrite" in self.options:
            old = ["INSERT INTO s.%s (id, x) SELECT i, 'old' FROM generate_series(0, %d) i;"
                   % (ident(t.name), t.rows - 1) for t in self.tables if t.parent is None and t.rows]
        return "\n".join(["CREATE SCHEMA s;"] + [t.sql("s") for t in self.ordered()] + old + [self.add_keys("b")])

    def image(self, psql):
        return [psql.run("SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM ONLY s.%s t;" % ident(t.name))
                if t.kind == "plain" else
                psql.run("SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM s.%s t;" % ident(t.name))
                for t in self.tables]

    def must_refuse(self, members):
        """Is one that cannot be deferred before what it refers to?"""
        if "--foreign-keys=recheck" in self.options:
            return False
        at = {name: i for i, name in enumerate(members)}
        return any(how == "" and at[t.name] < at[t.refs[i].name] for t, i, how in self.keys["b"])


def check(case, psql, names, directory):
    """The problems, and whether it was refused as it had to be."""
    psql["a"].run("DROP SCHEMA IF EXISTS s CASCADE;" + case.source_sql())
    psql["b"].run("DROP SCHEMA IF EXISTS s CASCADE;" + case.target_sql())
    file = os.path.join(directory, "set")
    extract = ["portl-extract", "-d", names["a"], "--schema=s", "-o", file] + case.form
    load = ["portl-load", "-d", names["b"], file] + case.options
    sent = subprocess.run(extract, stderr=subprocess.PIPE, text=True)
    if sent.returncode != 0:
        return ["%r: exit %d: %s" % (extract, sent.returncode, sent.stderr)], False
    listed = subprocess.run(["portl-ls", "--json", file], stdout=subprocess.PIPE, check=True, text=True).stdout
    members = [json.loads(line)["relation"]["name"] for line in listed.splitlines()]
    if sorted(members) != sorted(t.name for t in case.tables):
        return ["members are %r" % members], False
    before = case.image(psql["b"]) if not case.create else None
    indexes = psql["b"].run(INDEXES)
    took = subprocess.run(load, stderr=subprocess.PIPE, text=True)
    if case.must_refuse(members):
        problems = [] if took.returncode == 5 else ["%r: exit %d, not 5: %s" % (load, took.returncode, took.stderr)]
        return problems + (["it was refused, and rows have changed"] if case.image(psql["b"]) != before else []), True
    if took.returncode != 0:
        return ["%r (members %r): exit %d: %s" % (load, members, took.returncode, took.stderr)], False
    here, there = case.image(psql["a"]), case.image(psql["b"])
    return ["%s has other rows" % t.name for t, a, b in zip(case.tables, here, there) if a != b] \
        + keys_differ(case, psql["b"]) \
        + (["other indexes"] if not case.create and psql["b"].run(INDEXES) != indexes else []), False


INDEXES = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid >= 16384 AND indisvalid ORDER BY 1;"


def keys_differ(case, psql):
    """All foreign keys are there as before, and valid."""
    there = psql.run("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND convalidated;")[0][0]
    return [] if int(there) == len(case.keys["b"]) else ["%s foreign keys, not %d" % (there, len(case.keys["b"]))]


def main():
    args = parser(300).parse_args()
    admin = Psql("postgres")
    names = {side: "sets_%s_%d" % (side, os.getpid()) for side in "ab"}
    for name in names.values():
        admin.run("CREATE DATABASE %s;" % name)
    psql = {side: Psql(name, "-c client_min_messages=warning") for side, name in names.items()}
    done = failed = refused = 0
    with tempfile.TemporaryDirectory() as directory:
        for number in numbers(args):
            case = Case(rng_of(args, number))
            problems, was_refused = check(case, psql, names, directory)
            done += 1
            refused += was_refused
            if problems:
                failed += 1
                report(args, number, problems, case.source_sql() + "\n-- target:\n" + case.target_sql())
            if failed == 5:
                break
    for session in psql.values():
        session.close()
    for name in names.values():
        admin.run("DROP DATABASE %s;" % name)
    admin.close()
    finish(args, done, failed, " (%d refused as they had to be)" % refused)


main()
