#!/usr/bin/env python3
"""Random tables, compared with what was loaded of them: equal, until something is changed.

    verify.py [--seed N] [--cases N | --minutes N] [--only CASE] [--jobs N]

The relations are those of tables.py.  Each is sent from database a to b in a random form and
compared there, in key order and in none; then one row of b is changed, taken away, or is more
than a has, and the comparison has to find just that.
"""
import json
import os
import subprocess

import tables
from session import ident


def extract(case, world, database, relation, form, order):
    columns = ["--columns=" + ",".join(ident(c.name) for c in case.table.columns)] \
        if relation != case.source and case.table.columns else []
    return ["portl-extract", "-q", "-d", world.names[database], "-t", relation, "--order=" + order] + columns + \
        (["--values=text"] if form == "text" else [])


def verify(case, world, stream, target, directory):
    """Status, counts (equal, missing, extra, different), lines, what was said, whether rows were merged."""
    paths = {name: os.path.join(directory, name) for name in ("summary", "differences", "log")}
    for path in paths.values():
        if os.path.exists(path):
            os.unlink(path)
    run = subprocess.run(["portl-load", "-q", "-d", world.names["b"], "-t", target, "--verify",
                          "--summary", paths["summary"], "--differences", paths["differences"],
                          "--log-file", paths["log"], "--log-format=json", stream],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    counts, lines, merged = None, [], None
    if run.returncode in (0, 6):
        found = json.load(open(paths["summary"]))["verified"]
        counts = [found[k] for k in ("equal", "missing", "extra", "different")]
        lines = [json.loads(line) for line in open(paths["differences"])]
        merged = any('"merged":true' in line.replace(" ", "") for line in open(paths["log"]))
    return run.returncode, counts, lines, run.stderr.decode("utf-8", "replace"), merged


def compare(case, world, stream, target, directory, want, what):
    status, counts, lines, said, merged = verify(case, world, stream, target, directory)
    wanted = [want[0], want[1], want[2], want[3]]
    if status != (0 if sum(want[1:]) == 0 else 6) or counts != wanted or len(lines) != sum(want[1:]):
        return ["%s%s: status %s, equal, missing, extra, different are %s and should be %s; %s %s"
                % (what, " (merged)" if merged else "", status, counts, wanted, lines[:5], said)]
    STATS[what] = STATS.get(what, 0) + 1
    if merged:
        STATS["merged"] = STATS.get("merged", 0) + 1
    return []


STATS = {}


def change(case, psql, target):
    """Set one value of one row to NULL, or to that of another row; whether that made a difference."""
    rng = case.rng
    free = [c for c in case.table.columns if not c.not_null and c not in case.table.key]
    if not free:
        return False
    column = ident(rng.choice(free).name)
    rows = psql["b"].run("SELECT ctid FROM %s WHERE %s IS NOT NULL LIMIT 1;" % (target, column))
    if not rows:
        return False
    psql["b"].run("UPDATE %s SET %s = NULL WHERE ctid = '%s';" % (target, column, rows[0][0]))
    return True


def check_changes(case, psql, world, directory, streams, target, n):
    has_key = bool(psql["b"].run("SELECT 1 FROM pg_index WHERE indrelid = '%s'::regclass AND indisprimary;"
                                 % target.replace("'", "''")))
    copy = case.new_relation()
    psql["b"].run("CREATE TABLE %s (LIKE %s INCLUDING ALL); INSERT INTO %s SELECT * FROM %s;" % (copy, target, copy, target))
    problems = []
    if n > 0:
        psql["b"].run("DELETE FROM %s WHERE ctid IN (SELECT ctid FROM %s LIMIT 1);" % (copy, copy))
        for stream in streams:
            problems += compare(case, world, stream, copy, directory, (n - 1, 1, 0, 0), "missing")
        less = os.path.join(directory, "less")
        with open(less, "wb") as out:
            for order in ("auto", "any"):
                out.truncate(0)
                out.seek(0)
                subprocess.run(extract(case, world, "b", copy, "binary", order), stdout=out, check=True)
                problems += compare(case, world, less, target, directory, (n - 1, 0, 1, 0), "extra")
    if change(case, psql, target):
        want = (n - 1, 0, 0, 1) if has_key else (n - 1, 1, 1, 0)
        for stream in streams:
            problems += compare(case, world, stream, target, directory, want, "different")
    return problems


def check(case, psql, world, directory):
    for name, session in psql.items():
        session.run("BEGIN;\n" + "\n".join(case.sql[name]) + "\nCOMMIT;")
    form = case.rng.choice(["binary", "binary", "text"])
    target = case.new_relation()
    streams, problems = [], []
    for order in ("auto", "any"):
        streams.append(os.path.join(directory, order))
        with open(streams[-1], "wb") as out:
            subprocess.run(extract(case, world, "a", case.source, form, order), stdout=out, check=True)
    subprocess.run(["portl-load", "-q", "-d", world.names["b"], "-t", target, "--create", streams[1]], check=True)
    n = int(psql["b"].run("SELECT count(*) FROM %s;" % target)[0][0])
    for stream in streams:
        problems += compare(case, world, stream, target, directory, (n, 0, 0, 0), "equal")
    if not problems:
        problems = check_changes(case, psql, world, directory, streams, target, n)
    for session in psql.values():
        session.run("DROP SCHEMA %s CASCADE;" % case.schema)
    return [("form %s: " % form) + p for p in problems]


tables.check = check
try:
    tables.main()
finally:
    print(STATS)
