#!/usr/bin/env python3
"""Random tables with random rows, there and back again, compared bit by bit.

    tables.py [--seed N] [--cases N | --minutes N] [--only CASE] [--jobs N]

Wants portl-extract, portl-load and psql on PATH, and libpq's environment pointing
at a server of its own.  A case is a relation of a random kind (table, partitioned,
inherited, view) with random types, constraints, names and values in database a.  It
travels to b and back to a in several forms:

    a --binary--> b, created  --NDJSON--> a, there already
    a --NDJSON--> b, there already  --binary--> a, created
    a --text----> b, there already  --CSV file--> a, there already

A quarter of the tables with a key goes on: rows are deleted and written again, what has
changed and the keys of all are sent, and a comparison says that both sides are equal, and
that they are not when one row has gone.

After each step the rows on both sides are compared by the values' binary forms
(their text where that form holds OIDs, which differ between the databases), created
tables by the catalog.  The tables that are there already have other column orders,
kinds, constraints and columns, and are loaded in various modes.
"""
import contextlib
import json
import os
import struct
import subprocess
import tempfile
import threading

from session import Psql, finish, ident, numbers, parser, report, rng_of
from shapes import COLLATIONS, PATTERNS, Column, Names, Table, Types, is_query
from values import quote, setup

OPTIONS = ("-c client_min_messages=error -c search_path=pg_catalog -c timezone=UTC -c datestyle=ISO "
           "-c intervalstyle=postgres -c extra_float_digits=3 -c bytea_output=hex -c lc_monetary=C "
           "-c quote_all_identifiers=off -c standard_conforming_strings=on -c client_encoding=UTF8 "
           "-c array_nulls=on -c default_text_search_config=pg_catalog.simple -c xmloption=content")

# What roles and databases may be set to; none of it may change a value.
ODD = {"datestyle": ["'SQL, DMY'", "'German'", "'Postgres, YMD'"], "intervalstyle": ["sql_standard", "iso_8601"],
       "timezone": ["'Asia/Kathmandu'", "'America/St_Johns'"], "bytea_output": ["escape"],
       "extra_float_digits": ["-15"], "standard_conforming_strings": ["off"], "array_nulls": ["off"],
       "quote_all_identifiers": ["on"], "client_encoding": ["LATIN1"], "xmloption": ["document"],
       "default_text_search_config": ["'pg_catalog.german'"], "transform_null_equals": ["on"],
       "escape_string_warning": ["off"], "lc_monetary": ["'C.UTF-8'"]}


class Case:
    def __init__(self, rng, world):
        self.rng = rng
        plain = rng.choice([0.2, 0.9])
        self.names = Names(rng, plain)  # types and relations share their names
        self.schema = ident(self.names.new() if rng.random() < 0.5 else "s%d" % rng.randint(1, 10 ** 9))
        self.types = Types(rng, self.schema, self.names, world.builtin, world.extensions)
        self.table = Table(rng, self.types)
        for column in self.table.columns:
            if column.collation not in world.collations:
                column.collation = None
        self.sql = {}
        self.sql["a"] = ["CREATE SCHEMA %s;" % self.schema] + self.types.ddl["a"]
        self.sql["b"] = ["CREATE SCHEMA %s;" % self.schema] + self.types.ddl["b"]
        self.portable = all(c.type.portable for c in self.table.columns)
        self.source = self.new_relation()
        self.make_source()
        self.hops = []
        self.plan()

    def new_relation(self):
        return self.schema + "." + ident(self.names.new())

    # --- relations ---------------------------------------------------------------

    def make_source(self):
        rng, table, add = self.rng, self.table, self.sql["a"].append
        kind = rng.choice(["table"] * 5 + ["unlogged", "partitioned", "partitioned", "child", "view", "matview"])
        inner = self.source if kind not in ("view", "matview") else self.new_relation()
        if kind == "partitioned":
            kind = self.create_partitioned("a", inner, table.columns, table.key)
        else:
            self.create_table("a", inner, table.columns, table.key, unlogged=kind == "unlogged")
        half = table.nrows // 2 if kind == "child" else table.nrows
        add(table.insert(rng, inner, 0, half))
        if kind == "child":
            self.create_child(inner, half)
        order = list(table.columns)
        if kind in ("view", "matview"):
            rng.shuffle(order)
            add("CREATE %s %s AS SELECT %s FROM %s;" % (
                {"view": "VIEW", "matview": "MATERIALIZED VIEW"}[kind], self.source,
                ", ".join(ident(c.name) for c in order), inner))
        # Of a view nothing is known to be generated; a parent's key does not hold its children.
        self.computes = kind not in ("view", "matview")
        self.has_key = kind not in ("view", "matview", "child")
        if self.computes and rng.random() < 0.2:
            # Which of the lengths of ranges makes a double, and some servers' have none.
            add("DO $do$ BEGIN EXECUTE %s; EXCEPTION WHEN numeric_value_out_of_range THEN END $do$;"
                % quote("ANALYZE " + inner))

    def create_table(self, db, name, columns, key, unlogged=False, plain=False, relaxed=False):
        """With columns that are dropped again, and constraints."""
        rng, add = self.rng, self.sql[db].append
        parts = [c.ddl(plain, relaxed) for c in columns]
        dropped = [ident(self.table.names.new()) for _ in range(rng.choice([0, 0, 0, 1, 2]))] if len(parts) < 1590 else []
        for name_ in dropped:
            parts.insert(rng.randint(0, len(parts)), name_ + rng.choice([" int4", " text DEFAULT 'x'", " numeric NOT NULL DEFAULT 0"]))
        add("CREATE %sTABLE %s (%s);" % ("UNLOGGED " if unlogged else "", name, ", ".join(parts)))
        for name_ in dropped:
            add("ALTER TABLE %s DROP %s;" % (name, name_))
        if key:
            order = rng.sample(key, len(key))
            add("ALTER TABLE %s ADD %s (%s);" % (name, rng.choice(["PRIMARY KEY"] * 4 + ["UNIQUE"]) if relaxed else "PRIMARY KEY",
                                                 ", ".join(ident(c.name) for c in order)))

    def create_partitioned(self, db, name, columns, key, plain=False):
        """By hash of a column of the key, or by ranges; a plain table where there is nothing to go by."""
        rng, add = self.rng, self.sql[db].append
        by = key[0] if key else next((c for c in columns if c.type.name == "int4" and c.type.builtin and not c.generated), None)
        if by is None:
            self.create_table(db, name, columns, key, plain=plain)
            return "table"
        hashed = by.type.sql != "int4" or rng.random() < 0.5
        add("CREATE TABLE %s (%s) PARTITION BY %s (%s);" % (
            name, ", ".join(c.ddl(plain) for c in columns), "HASH" if hashed else "RANGE", ident(by.name)))
        bounds = ["WITH (MODULUS 2, REMAINDER 0)", "WITH (MODULUS 2, REMAINDER 1)"] if hashed else \
            ["FROM (MINVALUE) TO (100)", "FROM (100) TO (MAXVALUE)", None]
        loose = not any(c.generated or c.identity or c.check for c in columns)
        for bound in bounds:
            values = "FOR VALUES " + bound if bound else "DEFAULT"
            part = self.new_relation()
            if loose and rng.random() < 0.5:
                self.create_table(db, part, rng.sample(columns, len(columns)), [])
                add("ALTER TABLE %s ATTACH PARTITION %s %s;" % (name, part, values))
            else:
                add("CREATE TABLE %s PARTITION OF %s %s;" % (part, name, values))
        if key:
            add("ALTER TABLE %s ADD PRIMARY KEY (%s);" % (name, ", ".join(ident(c.name) for c in key)))
        return "partitioned"

    def create_child(self, parent, first):
        table, child = self.table, self.new_relation()
        extra = ident(table.names.new())
        self.sql["a"].append("CREATE TABLE %s (%s text DEFAULT 'only here') INHERITS (%s);" % (child, extra, parent))
        columns = table.insertable()
        # Of an identity column a child has nothing but the NOT NULL.
        if columns or not table.columns:
            self.sql["a"].append(table.insert(self.rng, child, first, table.nrows - first, columns))

    def create_target(self, db, plain):
        """A relation that is there already; returns its name and options for portl-load."""
        rng, name = self.rng, self.new_relation()
        columns = rng.sample(self.table.columns, len(self.table.columns))
        key = self.table.key if rng.random() < 0.7 else []
        kind = rng.choice(["table"] * 4 + ["unlogged", "partitioned", "view"])
        if kind == "partitioned" and self.table.key:
            key = self.table.key
        if kind == "view" and not columns:
            kind = "table"
        inner = self.new_relation() if kind == "view" else name
        if kind == "partitioned":
            self.create_partitioned(db, inner, columns, key, plain)
        else:
            relaxed = kind != "view" and rng.random() < 0.3
            self.create_table(db, inner, columns + self.extra(), key, kind == "unlogged",
                              plain or kind == "view", relaxed)
        if kind == "view":
            self.sql[db].append("CREATE VIEW %s AS SELECT %s FROM %s;" % (
                name, ", ".join(ident(c.name) for c in rng.sample(columns, len(columns))), inner))
        return name, self.load_mode(key if kind != "view" else [])

    def extra(self):
        """Columns of the target's own."""
        made = []
        few = self.table.insertable() and len(self.table.columns) < 1000  # COPY has to name one
        for _ in range(self.rng.choice([0, 0, 1, 2]) if few else 0):
            column = Column(self.table.names.new(), self.types.builtin[0])
            if self.rng.random() < 0.5:
                column.default, column.not_null = "5", True
            made.append(column)
        return made

    def load_mode(self, key):
        rng, options = self.rng, []
        if key and rng.random() < 0.3:
            # To merge, old and new values are compared in one SELECT, which has its limits.
            merges = ["merge"] if len(self.table.columns) < 800 else []
            options += ["--conflict=" + rng.choice(["skip", "overwrite"] + merges),
                        "--key=" + ",".join(ident(c.name) for c in key)]
        if rng.random() < 0.15:
            options += ["--commit=batch", "--batch-size=%d" % rng.randint(1, 30)]
        elif rng.random() < 0.15:
            options += ["--rejects=REJECTS"]
        return options

    # --- the journey -------------------------------------------------------------

    def plan(self):
        a, b, source = "a", "b", self.source
        there = {}
        created = [source, self.new_relation()]
        plain = {"a1": True, "b2": not self.computes or self.rng.random() < 0.4,
                 "b3": not self.computes or self.rng.random() < 0.4, "a3": True}
        for place, is_plain in plain.items():
            there[place] = self.create_target(place[0], is_plain)
        hop = self.hops.append
        hop((a, source, b, created[0], "binary", None))
        hop((b, created[0], a, there["a1"][0], "ndjson", there["a1"][1]))
        hop((a, source, b, there["b2"][0], "ndjson", there["b2"][1]))
        hop((b, there["b2"][0], a, created[1], "binary", None))
        hop((a, source, b, there["b3"][0], "text", there["b3"][1]))
        # A CSV file says nothing of types: these would cut longer text, so they are refused.
        if self.table.columns and not any(c.type.cuts for c in self.table.columns):
            hop((b, there["b3"][0], a, there["a3"][0], "csv", there["a3"][1]))

    def commands(self, hop, names, directory):
        """The pipes of one step, as lists of two commands."""
        source_db, source, target_db, target, form, options = hop
        rng = self.rng
        columns = ["--columns=" + ",".join(ident(c.name) for c in self.table.columns)] \
            if source != self.source and self.table.columns else []
        extract = ["portl-extract", "-q", "-d", names[source_db], "-t", source] + columns
        extract += {"binary": [], "ndjson": ["-F", "ndjson"] + rng.choice([[], ["--quote-numbers"]]),
                    "text": ["--values=text"], "csv": rng.choice([[], ["--values=text"]])}[form]
        if form == "csv" and any("." in c.type.sql or is_query(c.type) for c in self.table.columns):
            extract[:] = [o for o in extract if o != "--values=text"] + ["--values=text"]  # only the server knows how these look
        if rng.random() < 0.1:
            extract += ["-Z", "zstd:1"]
        load = ["portl-load", "-d", names[target_db], "-t", target]
        rejects = os.path.join(directory, "rejects")
        load += ["--create"] if options is None else [o.replace("REJECTS", rejects) for o in options]
        if form != "csv":
            return [[extract, load]]
        # No server is known to have written a CSV file: {NULL}, or an XML fragment, is there what the role says.
        load[load.index("-d") + 1] = "dbname=%s options='-c array_nulls=on -c xmloption=content'" % names[target_db]
        file = os.path.join(directory, "file.csv")
        return [[extract, ["portl-load", "-q", "--csv", file]],
                [["portl-extract", "-q", "--csv", file], load + ["-q"]]]

    def image(self, relation, mode):
        """A query: the number of rows, and a digest of them in whatever order."""
        row = ", ".join(c.compared(mode) for c in self.sorted_columns())
        return ("SELECT count(*), md5(string_agg(h, '' ORDER BY h)) FROM (SELECT md5(record_send(ROW(%s))) COLLATE \"C\" AS h FROM %s) AS x;"
                % (row, relation))

    def sorted_columns(self):
        return sorted(self.table.columns, key=lambda c: c.name)

    def mode(self, form):
        if form == "binary" and self.portable:
            return "exact"
        return "ndjson" if form == "ndjson" else "text"

    def definition(self, relation):
        return """SELECT jsonb_agg(jsonb_build_array(attname, format_type(atttypid, atttypmod), collname, attnotnull,
                array_position(indkey::int2[], attnum), attgenerated, attidentity) ORDER BY attnum)
            FROM pg_attribute a LEFT JOIN pg_collation l ON l.oid = attcollation
            LEFT JOIN pg_index ON indrelid = attrelid AND indisprimary
            WHERE attrelid = '%s'::regclass AND attnum > 0 AND NOT attisdropped;""" % relation.replace("'", "''")

    def wanted(self, described, with_key):
        """What --create makes of it: generated and identity columns are plain ones."""
        own = {column.name for column in self.table.columns}
        made = [column[:5] + ["", ""] for column in json.loads(described or "[]") if column[0] in own]
        return made if with_key else [column[:4] + [None, "", ""] for column in made]

    def describe(self):
        return "\n".join(["-- database a:"] + self.sql["a"] + ["-- database b:"] + self.sql["b"])


class World:
    """Two databases, and what their server can do."""

    def __init__(self, args):
        rng = rng_of(args, -1)
        admin = Psql("postgres", OPTIONS)
        self.names = {"a": "tables_a_%d" % os.getpid(), "b": "tables_b_%d" % os.getpid()}
        for name in self.names.values():
            admin.run("CREATE DATABASE %s TEMPLATE template0;" % name)
            for setting, choices in ODD.items():
                if rng.random() < 0.4:
                    admin.run("ALTER DATABASE %s SET %s = %s;" % (name, setting, rng.choice(choices)))
        self.builtin, self.extensions = setup(admin)
        self.collations = {row[0] for row in admin.run("SELECT collname FROM pg_collation;")} & set(COLLATIONS)
        for key, name in self.names.items():
            psql = Psql(name, OPTIONS)
            shift = "".join("CREATE TYPE public.shift%d AS (a int);" % i for i in range(9)) if key == "b" else ""
            psql.run(shift + "".join("CREATE EXTENSION %s SCHEMA public;" % e for e in self.extensions))
            psql.run("CREATE TABLE public.patterns (i int4, float4 float4, float8 float8);")
            psql.close()
        self.patterns(rng)
        admin.close()

    def patterns(self, rng):
        data = b"PGCOPY\n\xff\r\n\0" + bytes(8)
        for i in range(PATTERNS):
            high = rng.getrandbits(8) if i % 2 else 0x7ff0 >> 4 | rng.getrandbits(1) << 7  # half of them NaNs
            four = bytes([0x7f if i % 2 == 0 else high, 0x80 | rng.getrandbits(7)]) + rng.getrandbits(16).to_bytes(2, "big")
            eight = bytes([0x7f if i % 2 == 0 else high, 0xf0 | rng.getrandbits(4)]) + rng.getrandbits(48).to_bytes(6, "big")
            data += struct.pack(">hii", 3, 4, i) + struct.pack(">i", 4) + four + struct.pack(">i", 8) + eight
        data += b"\xff\xff"
        subprocess.run(["psql", "-Xq", "-d", self.names["a"], "-c", "COPY public.patterns FROM STDIN (FORMAT binary)"],
                       input=data, check=True)

    def drop(self):
        admin = Psql("postgres", OPTIONS)
        for name in self.names.values():
            admin.run("DROP DATABASE %s WITH (FORCE);" % name)
        admin.close()


def run_pipe(commands):
    """Both statuses, and what both said."""
    with tempfile.TemporaryFile() as said:
        source = subprocess.Popen(commands[0], stdout=subprocess.PIPE, stderr=said)
        target = subprocess.Popen(commands[1], stdin=source.stdout, stderr=said)
        source.stdout.close()
        status = target.wait(), source.wait()
        said.seek(0)
        return status, said.read().decode("utf-8", "replace")


def differing(case, hop, psql, mode):
    """The names of the columns whose values differ."""
    found = []
    for column in case.table.columns:
        query = "SELECT md5(string_agg(h, '' ORDER BY h)) FROM (SELECT md5(record_send(ROW(%s))) COLLATE \"C\" AS h FROM %%s) AS x;" \
            % column.compared(mode).replace("%", "%%")
        if psql[hop[0]].run(query % hop[1]) != psql[hop[2]].run(query % hop[3]):
            found.append("%s %s" % (column.name, column.type.sql))
    return found


ENVELOPE = 'portl-extract: error: a column called "$portl" cannot be told from the envelope'


def check_hop(case, hop, psql, world, directory):
    for commands in case.commands(hop, world.names, directory):
        status, said = run_pipe(commands)
        if ENVELOPE in said and any(c.name == "$portl" for c in case.table.columns):
            return check_hop(case, hop[:4] + ("binary", hop[5]), psql, world, directory)
        if status != (0, 0) or said:
            return ["%s\n  | %s\n  exit %d, %d: %s" % (*map(repr, commands), *status, said)]
    mode = case.mode(hop[4])
    here, there = psql[hop[0]].run(case.image(hop[1], mode)), psql[hop[2]].run(case.image(hop[3], mode))
    problems = []
    if here != there:
        problems.append("%s rows here, %s there; other values in: %s"
                        % (here[0][0], there[0][0], ", ".join(differing(case, hop, psql, mode))))
    if hop[5] is None:
        want = case.wanted(psql[hop[0]].run(case.definition(hop[1]))[0][0], hop[1] != case.source or case.has_key)
        got = json.loads(psql[hop[2]].run(case.definition(hop[3]))[0][0] or "[]")
        order = {c[0]: i for i, c in enumerate(got)}
        if hop[1] != case.source:
            want.sort(key=lambda c: order.get(c[0], 0))
        if want != got:
            problems.append("created as %s\n  wanted %s" % (got, want))
    if problems:
        problems.append("%r | %r" % tuple(commands))
    return problems


def position_of(case, world):
    """None where there is none, as for values of reg* types."""
    text = subprocess.run(["portl-extract", "-q", "-d", world.names["a"], "-t", case.source, "--dry-run", "-F", "ndjson"],
                          stdout=subprocess.PIPE, check=True).stdout
    return json.loads(text.split(b"\n")[0])["$portl"].get("position")


def check_again(case, hop, psql, world):
    """The source changes, and its copy follows: ${hop} is the one that has made it."""
    rng = case.rng
    source, target = hop[1], hop[3]
    extract = ["portl-extract", "-q", "-d", world.names["a"], "-t", source]
    load = ["portl-load", "-q", "-d", world.names["b"], "-t", target]
    verify = [extract + rng.choice([[], ["--order=key"]]), load + ["--verify"]]
    since = position_of(case, world)
    changes = ["SELECT setseed(%s);" % rng.random(), "DELETE FROM %s WHERE random() < %s;" % (source, rng.choice([0, 0.3, 1]))]
    fixed = {c.name for c in case.table.key}
    for column in [c for c in case.table.insertable() if c.name not in fixed][:1]:
        changes.append("UPDATE %s SET %s = %s WHERE random() < 0.3;" % (source, ident(column.name), ident(column.name)))
    psql["a"].run("\n".join(changes))
    follow = [extract + ["--with-keys"] + (["--since=" + since] if since else []),
              load + ["--conflict=overwrite", "--delete", "--max-delete=100%"]]
    steps = [(follow, 0), (verify, 0)]
    if psql["a"].run("SELECT count(*) FROM %s;" % source)[0][0] != "0":
        steps += [("DELETE FROM %s WHERE ctid = (SELECT ctid FROM %s LIMIT 1);" % (target, target), 0), (verify, 6)]
    for commands, expected in steps:
        if isinstance(commands, str):
            psql["b"].run(commands)
            continue
        status, said = run_pipe(commands)
        if status != (expected, 0):
            return ["%s\n  | %s\n  exit %d, %d, not %d: %s" % (*map(repr, commands), *status, expected, said)]
        mode = case.mode("binary")
        here, there = psql["a"].run(case.image(source, mode)), psql["b"].run(case.image(target, mode))
        if (here == there) != (expected == 0):
            return ["behind %r | %r: %s rows here, %s there" % (*commands, here[0][0], there[0][0])]
    return []


def goes_on(case):
    return case.has_key and case.table.key and not any(c.name == "$portl" for c in case.table.columns)


def check(case, psql, world, directory):
    for name, session in psql.items():
        session.run("BEGIN;\n" + "\n".join(case.sql[name]) + "\nCOMMIT;")
    problems = []
    for hop in case.hops:
        problems = check_hop(case, hop, psql, world, directory)
        if problems:
            break
    if not problems and goes_on(case) and case.rng.random() < 0.4: # a quarter of all
        problems = check_again(case, case.hops[0], psql, world)
    for session in psql.values():
        session.run("DROP SCHEMA %s CASCADE;" % case.schema)
    return problems


class Campaign:
    """Cases taken in turn by as many workers as there are cores."""

    def __init__(self, args):
        self.args, self.world = args, World(args)
        self.numbers = numbers(args)
        self.lock = threading.Condition()
        self.schemas = set()  # of the cases that are at work
        self.done, self.failed, self.rows, self.hops, self.broken = 0, 0, 0, 0, None

    def next(self):
        with self.lock:
            return next(self.numbers, None)

    @contextlib.contextmanager
    def claimed(self, schema):
        """Cases share the databases, and may draw the same name."""
        with self.lock:
            self.lock.wait_for(lambda: schema not in self.schemas)
            self.schemas.add(schema)
        try:
            yield
        finally:
            with self.lock:
                self.schemas.remove(schema)
                self.lock.notify_all()

    def work(self, directory):
        psql = {key: Psql(name, OPTIONS) for key, name in self.world.names.items()}
        try:
            while self.failed < 5 and self.broken is None:
                number = self.next()
                if number is None:
                    break
                case = Case(rng_of(self.args, number), self.world)
                with self.claimed(case.schema):
                    problems = check(case, psql, self.world, directory)
                with self.lock:
                    self.done += 1
                    self.rows += case.table.nrows
                    self.hops += len(case.hops)
                    if problems:
                        self.failed += 1
                        report(self.args, number, problems,
                               case.describe() if self.args.only is not None else "  (its SQL with --only)")
        except BaseException as error:  # a case that cannot be set up is a fault of the test
            self.broken = "case %d: %s" % (number, error)
        for session in psql.values():
            session.close()

    def run(self, jobs):
        with tempfile.TemporaryDirectory() as directory:
            threads = []
            for i in range(jobs):
                own = os.path.join(directory, str(i))
                os.mkdir(own)
                threads.append(threading.Thread(target=self.work, args=[own]))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.world.drop()


def main():
    options = parser(2000)
    options.add_argument("--jobs", type=int, default=os.cpu_count())
    args = options.parse_args()
    campaign = Campaign(args)
    campaign.run(args.jobs)
    if campaign.broken:
        raise SystemExit("seed %d: %s" % (args.seed, campaign.broken))
    finish(args, campaign.done, campaign.failed,
           " (%d rows, %d ways)" % (campaign.rows, campaign.hops))


if __name__ == "__main__":
    main()
