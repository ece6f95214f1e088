#!/usr/bin/env python3
"""Four times the rows cost about four times the work: no plan and no loop turns quadratic.

    costs.py [--seed N] [--cases N | --minutes N] [--only CASE]

Wants portl-load and psql on PATH, and libpq's environment pointing at a server of its own.
A case is a target (its key's types and collations, other indexes, a trigger, statistics
that are there, missing or old), rows that are there, rows that come (keys distinct, ten,
or skewed; sorted or not) and a way to load them.  It is loaded twice, with ROWS and with
four times as many.  The work is what the server counts: tuples that scans return and
fetch, and blocks that they look at.  A case fails where the second load takes more than
LIMIT times the first one's work for each row, or LIMIT times its time and over 5 seconds.

Many rows of one key cost the square of their number where each has to be written, as
portl-load(1) says of --duplicates: with a trigger, a CHECK constraint or --rejects.  There
keys are distinct.
"""
import os
import random
import subprocess
import tempfile
import time

from session import Psql, finish, numbers, parser, report, rng_of

ROWS = 1500
LIMIT = 3
KEYS = (("k int", "k"), ("k bigint", "k"), ("k text", "k"), ('k text', 'k COLLATE "C"'), ('k text COLLATE "C"', 'k COLLATE "POSIX"'),
        ("k numeric", "k"), ("k uuid", "k"), ("k int, l text", "k, l"), ("k date, l int", "l, k"))


class Case:
    def __init__(self, rng):
        self.columns, self.index = rng.choice(KEYS)
        self.names = [column.split()[0] for column in self.columns.split(", ")]
        self.there = rng.choice((0, 1, 1, 30))
        self.statistics = rng.choice(("none", "fresh", "of an empty table"))
        self.distribution = rng.choice(("distinct", "distinct", "ten", "skewed"))
        self.sorted = rng.random() < 0.5
        self.mode = rng.choice(("overwrite", "overwrite", "merge", "skip", "newer"))
        self.second = rng.random() < 0.3
        self.trigger = rng.random() < 0.2
        self.check = rng.random() < 0.5
        self.bad = rng.choice((0, 0, 1, 5)) if self.check else 0
        self.options = rng.choice(([], [], ["--commit=end"], ["--batch-size=500", "--commit=batch"]))
        self.rejects = self.bad > 0 or rng.random() < 0.2
        if self.mode != "skip" and (self.trigger or self.check or self.rejects):
            self.distribution = "distinct"

    def __str__(self):
        return ", ".join(f"{name}: {value}" for name, value in vars(self).items())

    def key(self, number):
        """The key's values of a number, as text."""
        values = []
        for column in self.columns.split(", "):
            kind = column.split()[1]
            values.append({"uuid": "%08x-0000-4000-8000-%012x" % ((number * 2654435761) % (1 << 32), number),
                           "date": "%04d-%02d-01" % (2000 + number // 12 % 5000, number % 12 + 1)}.get(kind, str(number)))
        return values

    def rows(self, rng, count):
        """What comes: keys, a value, a time."""
        for number in range(count):
            if self.distribution == "ten":
                number = rng.randrange(10)
            elif self.distribution == "skewed":
                number = min(int(rng.paretovariate(0.4)), count)
            elif not self.sorted:
                number = number * 7919 % count
            value = -1 if self.bad and rng.random() < 0.001 * self.bad else number % 1000
            yield self.key(number) + [str(value), "2024-01-01 00:%02d:%02d" % (number // 60 % 60, number % 60)]

    def prepare(self, psql, count):
        sql = [f"DROP TABLE IF EXISTS c; CREATE TABLE c ({self.columns}, v int{' CHECK (v >= 0)' if self.check else ''},"
               f" at timestamp) WITH (autovacuum_enabled = off); CREATE UNIQUE INDEX c_key ON c ({self.index});"]
        if self.statistics == "of an empty table":
            sql.append("ANALYZE c;")
        if self.second:
            sql.append("CREATE INDEX ON c (v);")
        if self.trigger:
            sql.append("CREATE TRIGGER g BEFORE INSERT OR UPDATE ON c FOR EACH ROW EXECUTE FUNCTION same();")
        if self.there:
            sql.append("COPY c FROM STDIN;\n" + "".join("\t".join(self.key(number) + ["1", "2023-01-01"]) + "\n"
                                                        for number in range(self.there * count)) + "\\.\n")
        if self.statistics == "fresh":
            sql.append("ANALYZE c;")
        psql.run("\n".join(sql))

    def load(self, rng, count, directory):
        """Run portl-load with so many rows."""
        path = os.path.join(directory, "rows.csv")
        with open(path, "w", encoding="ascii") as file:
            file.write(",".join(self.names + ["v", "at"]) + "\n")
            for row in self.rows(rng, count):
                file.write(",".join(row) + "\n")
        stream = subprocess.run(["portl-extract", "-q", "--csv", path, "-o", "-"], check=True, stdout=subprocess.PIPE).stdout
        mode = ["--conflict=overwrite", "--newer=at"] if self.mode == "newer" else ["--conflict=" + self.mode]
        rejects = ["--rejects=" + os.path.join(directory, "rejects")] if self.rejects else []
        return subprocess.run(["portl-load", "-q", "-t", "c", "--key=" + ",".join(self.names),
                               *mode, *rejects, *self.options], input=stream, capture_output=True, check=False)


def work(psql):
    """What the server counts: a backend tells its counts when it ends, and ours when it is asked to."""
    while psql.run("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                   " AND backend_type = 'client backend' AND pid <> pg_backend_pid();")[0][0] != "0":
        time.sleep(0.01)
    psql.run("DO $$ BEGIN IF current_setting('server_version_num')::int >= 150000 THEN"
             " PERFORM pg_stat_force_next_flush(); END IF; END $$;")
    psql.run("SELECT pg_stat_clear_snapshot();")
    row = psql.run("SELECT tup_returned + tup_fetched + blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database();")
    return int(row[0][0])


def check(case, args, number, psql, directory):
    """The problems of a case."""
    took = []
    for count in (ROWS, 4 * ROWS):
        case.prepare(psql, count)
        before, start = work(psql), time.monotonic()
        ran = case.load(rng_of(args, number), count, directory)
        seconds = time.monotonic() - start
        if ran.returncode not in (0, 3):
            return [f"status {ran.returncode}: {ran.stderr.decode()}"]
        took.append(((work(psql) - before) / count, seconds))
    (few, short), (many, long) = took
    problems = []
    if many > LIMIT * few:
        problems.append(f"work for a row: {few:.0f} with {ROWS} rows, {many:.0f} with {4 * ROWS}")
    if long > 4 * LIMIT * short and long > 5:
        problems.append(f"{short:.1f} s with {ROWS} rows, {long:.1f} s with {4 * ROWS}")
    return problems


def main():
    args = parser(500).parse_args()
    psql = Psql(options="-c client_min_messages=error")
    psql.run("CREATE OR REPLACE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';")
    done = failed = 0
    with tempfile.TemporaryDirectory() as directory:
        for number in numbers(args):
            case = Case(rng_of(args, number))
            problems = check(case, args, number, psql, directory)
            done += 1
            if problems:
                failed += 1
                report(args, number, problems, str(case))
    psql.close()
    finish(args, done, failed)


if __name__ == "__main__":
    main()
