#!/usr/bin/env python3
"""Random small loads against a plain model of rows applied one by one.

    conflict.py [--seed N] [--cases N | --minutes N] [--only CASE]

Wants portl-extract, portl-load and psql on PATH, and libpq's environment
pointing at a database of its own.  Each case makes a table with some rows and a
stream with some rows, loads it in a random mode, and compares the table, the
receipt, the exit status, what triggers saw, and which rows were not touched.
The model knows nothing of SQL: a list of rows, and a loop.  Where no trigger sees each row,
rows of one key are folded, which must not be told from the outside.
"""
import json
import os
import subprocess
import tempfile
from decimal import Decimal

from session import Psql, finish, ident, literal, numbers, parser, report, rng_of


# A column: its type in the target, types that a source may have, its values as text.
KEYS = [
    ("integer", ["integer", "bigint", "text"], ["1", "2", "3", "4", "5"]),
    ("text", ["text"], ["a", "b", "c'", 'D"', ""]),
    ("numeric", ["numeric", "text"], ["1", "1.0", "2", "2.00", "3"]),
]
PAYLOADS = [
    ("text", ["text", "varchar(20)"], [None, "", "x", "y", "\\N"]),
    ("numeric", ["numeric"], [None, "1.0", "1.00", "7"]),
    ("json", ["json"], [None, "{}", "{ }", "null"]),
    ("integer", ["integer", "smallint", "bigint"], [None, "0", "1", "2"]),
]
VERSION = ("integer", ["integer", "bigint"], [None, "1", "2", "3", "4"])


class Case:
    """What is loaded into what, and how."""

    def __init__(self, rng, formats):
        self.mode = rng.choice(["fail", "skip", "overwrite", "merge", "overwrite", "merge"])
        self.names, self.types = [], []
        self.nkey = rng.choice([1, 1, 2])
        columns = [rng.choice(KEYS) for _ in range(self.nkey)]
        columns += [rng.choice(PAYLOADS) for _ in range(rng.randint(0, 3))]
        self.version = None
        if rng.random() < 0.6:
            self.version = len(columns)
            columns.append(VERSION)
        self.columns = columns
        self.names = [rng.choice(["a", "B c", 'q"', "t", "o", "n", "excluded", "c1", "s"])
                      + str(i) for i in range(len(columns))]
        self.null_keys = rng.random() < 0.2
        self.primary = not self.null_keys and rng.random() < 0.7
        self.partitioned = rng.random() < 0.2 and not self.null_keys
        self.trigger = rng.random() < 0.3
        self.after = self.trigger or rng.random() < 0.3
        # An incoming NULL hurts before the old row is looked for, except in a merge.
        self.not_null = None
        payload = range(self.nkey, len(columns))
        if self.mode == "merge" and payload and rng.random() < 0.3:
            self.not_null = rng.choice(list(payload))
        self.newer = (self.version is not None and self.mode in ("overwrite", "merge")
                      and self.version != self.not_null and rng.random() < 0.6)
        self.carried = [i for i in range(len(columns))
                        if i < self.nkey or i == self.not_null or rng.random() < 0.9
                        or (self.newer and i == self.version)]
        rng.shuffle(self.carried)
        self.duplicates = rng.choice([None, None, None, "last", "first", "error"])
        self.batch = None
        if self.mode == "fail":
            self.duplicates = rng.choice([None, "error"])
        nrows = rng.choice([0, 1, 2, 3, 5, 8, 13, 21, 21, 55, 89])  # many of one key
        if self.duplicates in (None, "last") and rng.random() < 0.4:
            self.batch = rng.randint(1, nrows + 2)
        self.source_types = [rng.choice(columns[i][1]) for i in range(len(columns))]
        self.format = rng.choice(formats)
        self.values = rng.choice(["binary", "text"]) if self.format == "binary" else None
        null_rate = rng.choice([0, 0, 0.1]) if not self.null_keys else 0.3
        self.old = self.unique([self.row(rng, 0 if self.primary or not self.null_keys else 0.3)
                                for _ in range(rng.choice([0, 1, 3, 6]))])
        self.new = [self.row(rng, null_rate) for _ in range(nrows)]
        if rng.random() < 0.5:  # some rows that change nothing
            self.new += [rng.choice(self.old)[:] for _ in range(2) if self.old]
        for row in self.old:
            if self.not_null is not None and row[self.not_null] is None:
                row[self.not_null] = self.default(self.not_null)
        # --delete, of rows that are not spared; foreign keys have them go behind all others
        self.delete = self.mode != "fail" and not self.batch and rng.random() < 0.5
        self.spared = rng.choice([None, rng.choice(self.columns[0][2])])
        self.referred = self.delete and rng.random() < 0.4

    def is_absent(self, row):
        key = self.key(row)
        return (key not in {self.key(r) for r in self.new} and (self.null_keys or None not in key)
                and (self.spared is None or key[0] != self.key([self.spared] + row[1:])[0]))

    def row(self, rng, null_rate):
        row = [rng.choice(c[2]) for c in self.columns]
        for i in range(self.nkey):
            if rng.random() < null_rate:
                row[i] = None
        return row

    def default(self, i):
        return {"text": "dflt", "numeric": "0", "json": "[]", "integer": "9"}[self.columns[i][0]]

    def key(self, row):
        return tuple(None if row[i] is None else
                     Decimal(row[i]) if self.columns[i][0] == "numeric" else row[i]
                     for i in range(self.nkey))

    def unique(self, rows):
        seen, kept = set(), []
        for row in rows:
            if self.key(row) not in seen:
                seen.add(self.key(row))
                kept.append(row)
        return kept

    def sql(self):
        quoted = [ident(n) for n in self.names]
        defs = []
        for i, column in enumerate(self.columns):
            text = quoted[i] + " " + column[0]
            if i >= self.nkey:
                text += " DEFAULT " + literal(self.default(i))
            if i == self.not_null:
                text += " NOT NULL"
            defs.append(text)
        keys = ", ".join(quoted[:self.nkey])
        out = ["DROP TABLE IF EXISTS refers, target, source, seen;"]
        out.append("CREATE TABLE target (%s)%s;" % (", ".join(defs),
                   " PARTITION BY HASH (%s)" % quoted[0] if self.partitioned else ""))
        if self.partitioned:
            for i in range(2):
                out.append("CREATE TABLE target%d PARTITION OF target FOR VALUES WITH "
                           "(MODULUS 2, REMAINDER %d);" % (i, i))
        if self.primary:
            out.append("ALTER TABLE target ADD PRIMARY KEY (%s);" % keys)
        else:
            out.append("CREATE UNIQUE INDEX ON target (%s)%s;"
                       % (", ".join(reversed(quoted[:self.nkey])),
                          " NULLS NOT DISTINCT" if self.null_keys else ""))
        if self.referred:
            out.append("CREATE TABLE refers (%s, FOREIGN KEY (%s) REFERENCES target (%s));"
                       % (", ".join(d.split(" DEFAULT ")[0] for d in defs[:self.nkey]), keys, keys))
        for row in self.old:
            out.append("INSERT INTO target VALUES (%s);" % ", ".join(map(literal, row)))
        out.append("CREATE TABLE seen (op text, at text);")
        if self.trigger:
            out.append("CREATE TRIGGER before BEFORE INSERT ON target FOR EACH ROW "
                       "EXECUTE FUNCTION note();")
        if self.after:
            out.append("CREATE TRIGGER after AFTER INSERT OR UPDATE ON target FOR EACH ROW "
                       "EXECUTE FUNCTION note();")
        out.append("CREATE TABLE source (nr int, %s);" % ", ".join(
            "%s %s" % (quoted[i], self.source_types[i]) for i in self.carried))
        for nr, row in enumerate(self.new):
            out.append("INSERT INTO source VALUES (%d, %s);"
                       % (nr, ", ".join(literal(row[i]) for i in self.carried)))
        self.query = "SELECT %s FROM source ORDER BY nr" % ", ".join(
            quoted[i] for i in self.carried)
        self.select = "SELECT ctid, %s FROM target;" % ", ".join(quoted)
        self.key_option = ",".join(quoted[:self.nkey])
        self.newer_option = quoted[self.version] if self.newer else None
        return "BEGIN;\n" + "\n".join(out) + "\nCOMMIT;"

    def arguments(self):
        args = ["-t", "target", "--conflict=" + self.mode]
        if self.mode != "fail" and not self.primary:
            args += ["--key", self.key_option]
        if self.newer:
            args += ["--newer", self.newer_option]
        if self.duplicates:
            args += ["--duplicates=" + self.duplicates]
        if self.delete:
            args += ["--delete", "--max-delete=100%", "--scope=" + (
                "true" if self.spared is None else "%s IS DISTINCT FROM %s"
                % (ident(self.names[0]), literal(self.spared)))]
        if self.batch:
            args += ["--commit=batch", "-b", str(self.batch)]
        return args


class Refused(Exception):
    def __init__(self, row):
        self.row = row


def number(value):
    return None if value is None else int(value)


def apply(case, table, row, nr, counts, seen, touched):
    """Apply one row; ``table`` maps a key to a row."""
    key = case.key(row)
    if not case.null_keys and None in key and (case.mode != "fail" or case.primary):
        raise Refused(nr)
    unique = case.null_keys or None not in key
    if key in seen and unique and case.duplicates == "error":
        raise Refused(nr)
    again = key in seen
    seen.add(key)
    old = table.get(key) if unique else None
    if again and case.duplicates == "first":
        counts["skipped"] += 1
    elif old is None:
        fresh = [row[i] if i in case.carried else case.default(i)
                 for i in range(len(case.columns))]
        if case.not_null is not None and fresh[case.not_null] is None:
            raise Refused(None)
        table[key if unique else (key, nr)] = fresh
        counts["inserted"] += 1
        touched.add(key)
    elif case.mode == "fail":
        raise Refused(nr)
    elif case.mode == "skip":
        counts["skipped"] += 1
    else:
        if case.newer:
            was, now = number(old[case.version]), number(row[case.version])
            if now is None or (was is not None and now <= was):
                counts["skipped"] += 1
                return
        changed = old[:]
        for i in case.carried:
            if i < case.nkey:
                continue
            if case.mode == "overwrite" or row[i] is not None:
                changed[i] = row[i]
        if changed == old:
            counts["unchanged"] += 1
        else:
            table[key] = changed
            counts["updated"] += 1
            touched.add(key)


def model(case):
    """The table, the counts, the keys touched, and the row refused (0: which one is open)."""
    table = {case.key(row): row for row in case.old}
    total = dict.fromkeys(["inserted", "updated", "unchanged", "skipped"], 0)
    touched, size = set(), case.batch or max(len(case.new), 1)
    for start in range(0, len(case.new), size):
        trial, counts, marks = dict(table), dict(total), set(touched)
        seen = set()
        # A NULL in a key is found while rows come in, before any is applied.
        batch = case.new[start:start + size]
        if case.mode != "fail" and not case.null_keys:
            for i, row in enumerate(batch):
                if None in case.key(row):
                    return table, total, touched, start + i + 1
        try:
            for i, row in enumerate(batch):
                apply(case, trial, row, start + i + 1, counts, seen, marks)
        except Refused as refused:
            return table, total, touched, refused.row or 0
        table, total, touched = trial, counts, marks
    if case.delete:
        table = {k: r for k, r in table.items() if not case.is_absent(r)}
    return table, total, touched, None


def check(case, psql, summary):
    psql.run(case.sql())
    before = {case.key(r[1:]): r[0] for r in psql.run(case.select)}
    extract = ["portl-extract", "-c", case.query, "-F", case.format]
    if case.values:
        extract.append("--values=" + case.values)
    load = ["portl-load", "--summary", summary] + case.arguments()
    source = subprocess.Popen(extract, stdout=subprocess.PIPE)
    result = subprocess.run(load, stdin=source.stdout, stderr=subprocess.PIPE, text=True)
    source.stdout.close()
    source.wait()
    after = psql.run(case.select)
    ops = dict(psql.run("SELECT op, count(*) FROM seen GROUP BY op;"))
    table, counts, touched, refused = model(case)
    with open(summary, encoding="utf-8") as file:
        receipt = json.load(file)

    problems = []
    got = sorted(map(repr, (r[1:] for r in after)))
    want = sorted(map(repr, table.values()))
    if got != want:
        problems.append("table is %s\n  wanted %s" % (got, want))
    if result.returncode != (0 if refused is None else 1):
        problems.append("exit status %d" % result.returncode)
    # COPY may see a NULL, or a conflict in another partition, before an earlier conflict.
    bad = [refused] + [i + 1 for i, row in enumerate(case.new) if None in case.key(row)]
    if case.mode == "fail" and case.partitioned:
        keys = [case.key(row) for row in case.old + case.new]
        bad += [i + 1 for i in range(len(case.new)) if keys[len(case.old) + i] in
                keys[:len(case.old) + i]]
    if refused and not any("stdin:%d:" % i in result.stderr for i in bad):
        problems.append("the message does not name row %d" % refused)
    rows = receipt["rows"]
    if {k: rows[k] for k in counts if refused is None or k != "skipped"} != \
            {k: counts[k] for k in counts if refused is None or k != "skipped"}:
        problems.append("receipt %s, wanted %s" % (rows, counts))
    if rows["deleted"] != (sum(map(case.is_absent, case.old)) if case.delete and refused is None else 0):
        problems.append("%d deleted" % rows["deleted"])
    if refused is None and rows["read"] != sum(counts.values()):
        problems.append("read %d of %d" % (rows["read"], len(case.new)))
    committed = refused is None or (case.batch is not None and sum(counts.values()) > 0)
    if receipt["committed"] != committed:
        problems.append("committed: %s" % receipt["committed"])
    if case.after and (int(ops.get("AFTER INSERT", 0)) != counts["inserted"] or
                       int(ops.get("AFTER UPDATE", 0)) != counts["updated"]):
        problems.append("triggers saw %s, wanted %s" % (ops, counts))
    if case.trigger and counts["inserted"] + counts["updated"] > int(ops.get("BEFORE INSERT", 0)):
        problems.append("BEFORE triggers saw %s" % ops)
    if case.trigger and counts["unchanged"] and case.duplicates != "first" and \
            len(case.new) == counts["unchanged"] + counts["skipped"] and \
            case.mode != "skip" and "BEFORE INSERT" in ops:
        problems.append("BEFORE triggers fired for unchanged rows")
    if not case.partitioned:
        for row in after:
            key = case.key(row[1:])
            if key in before and key not in touched and before[key] != row[0]:
                problems.append("row %r has moved" % (key,))
    if problems:
        problems.append(result.stderr)
    return problems


def describe(case):
    return "\n".join([case.sql(), "portl-load " + " ".join(case.arguments()),
                      "stream: %s %s" % (case.format, case.values)])


def main():
    options = parser(2000)
    options.add_argument("--formats", default="binary,ndjson")
    args = options.parse_args()
    psql = Psql()
    psql.run("""SET client_min_messages = error;
        CREATE OR REPLACE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO seen VALUES (TG_WHEN || ' ' || TG_OP, TG_TABLE_NAME); RETURN NEW; END $$;""")
    failed = done = 0
    with tempfile.TemporaryDirectory() as directory:
        for number_ in numbers(args):
            case = Case(rng_of(args, number_), args.formats.split(","))
            problems = check(case, psql, os.path.join(directory, "summary"))
            done += 1
            if problems:
                failed += 1
                report(args, number_, problems, describe(case))
                if failed == 5:
                    break
    finish(args, done, failed)


main()
