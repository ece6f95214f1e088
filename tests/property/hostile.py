#!/usr/bin/env python3
"""Headers that try to be SQL, against a server that logs every statement.

    hostile.py [--seed N] [--cases N | --minutes N] [--only CASE]

Wants portl-load and psql on PATH, and libpq's environment pointing at a database of its
own, of a server that logs to PGHOST/log.  Each case puts a call of a function, the canary,
into some of a header's strings and loads the stream in a random mode.  Whatever comes of
it, the canary is never called, and stands in no statement but as a quoted identifier or a
constant.
"""
import json
import os
import re
import struct
import subprocess

from session import Psql, finish, numbers, parser, report, rng_of

CALL = "public.portl_canary()"
PAYLOADS = [
    "integer), {c}, (1", "integer, {c}", "{c}", "numeric({c})", "integer USING {c}",
    "text) DEFAULT ({c}", "x'); SELECT {c}; --", 'x"); SELECT {c}; --', "integer[{c}]",
    "pg_catalog.default, {c}", "integer DEFAULT {c}", "text CHECK ({c})", "int4) , ({c}",
    "integer)), (({c}", "integer AS {c}", "\"C\", {c}", "C) , ({c}", "\\'); SELECT {c}; --",
]
# what to_regtype() may meet without an error is what later statements may be made of
QUIET = PAYLOADS[:2] + PAYLOADS[11:14]
QUOTED = re.compile(r"""E'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"(?:[^"]|"")*\"""", re.S)
STATEMENT = re.compile(r"(?:statement: |execute [^:]*: |STATEMENT:  )")


def header_of(rng):
    """A header, and which of its strings was given what."""
    columns = [{"name": "id", "type": "integer", "base": "integer", "not_null": True},
               {"name": "n", "type": "numeric(5,1)", "base": "numeric"},
               {"name": "v", "type": "text", "base": "text", "collation": 'pg_catalog."C"'}]
    doc = {"version": 1, "producer": "p", "run": "r", "relation": {"schema": "public", "name": "t"},
           "columns": columns, "types": {"public.m": {"kind": "enum", "labels": ["a"]}},
           "primary_key": ["id"], "encoding": "UTF8", "bare": True}
    places = [(c, k) for c in columns for k in ("name", "type", "base", "collation")]
    places += [(columns[1], "base")] * 6
    places += [(doc["relation"], k) for k in ("schema", "name")] + [(doc, "backend"), (doc, "run")]
    done = []
    for where, key in rng.sample(places, rng.choice([1, 1, 1, 2, 3])):
        some = QUIET if key == "base" else PAYLOADS
        where[key] = rng.choice(some).format(c=CALL)
        done.append((key, where[key]))
    if rng.random() < 0.1:
        doc["primary_key"] = [PAYLOADS[6].format(c=CALL)]
    if rng.random() < 0.2:
        name = rng.choice(PAYLOADS).format(c=CALL)
        doc["types"][name] = {"kind": "domain", "base": rng.choice(PAYLOADS).format(c=CALL)}
        columns[1]["base"] = columns[1]["type"] = name
    return doc, done


def stream_of(rng, doc):
    if rng.random() < 0.6:
        row = {"id": 1, "n": 2, "v": "x"}
        return (json.dumps({"$portl": doc}) + "\n" + json.dumps(row) + "\n").encode()
    text = json.dumps(dict(doc, values=rng.choice(["binary", "text"]))).encode()
    chunk = b"PRTL" + struct.pack(">I", len(text)) + text
    return b"PGCOPY\n\xff\r\n\0" + struct.pack(">II", 0, len(chunk)) + chunk + b"\xff\xff"


def options_of(rng):
    made = rng.choice([["--create"], ["--create"], ["-t", "t"], ["-t", "new", "--create"]])
    mode = rng.choice(["fail", "skip", "overwrite", "overwrite", "merge"])
    made = made + ["--conflict=" + mode]
    if mode in ("overwrite", "merge") and rng.random() < 0.7:
        made.append("--newer=n")
    if rng.random() < 0.4:
        made.append("--check=plan")
    if rng.random() < 0.2:
        made.append("--rejects=/dev/null")
    return made + ["--bare", "-q", "--extra-columns=ignore"]


def statements(text):
    """Each statement in a piece of the server's log, which indents lines after the first."""
    found = []
    for line in text.split("\n"):
        match = STATEMENT.search(line)
        if match:
            found.append(line[match.end():])
        elif line.startswith("\t") and found:
            found[-1] += "\n" + line[1:]
        elif found and found[-1] != "":
            found.append("")
    return found


def main():
    args = parser(300).parse_args()
    log = os.path.join(os.environ["PGHOST"], "log")
    psql = Psql(options="-c client_min_messages=warning")
    psql.run("""CREATE FUNCTION public.portl_canary() RETURNS integer LANGUAGE plpgsql AS
        'BEGIN RETURN 1; END'; DO $$ BEGIN EXECUTE format(
        'ALTER DATABASE %I SET log_statement = ''all''', current_database()); EXECUTE format(
        'ALTER DATABASE %I SET track_functions = ''all''', current_database()); END $$;""")
    done = failed = taken = 0
    for number in numbers(args):
        rng = rng_of(args, number)
        doc, where = header_of(rng)
        options = options_of(rng)
        psql.run("DROP TABLE IF EXISTS public.t, public.new;" + (
            "CREATE TABLE public.t (id int PRIMARY KEY, n numeric(5,1), v text);"
            if rng.random() < 0.4 else ""))
        start = os.path.getsize(log)
        run = subprocess.run(["portl-load"] + options, input=stream_of(rng, doc),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        with open(log, "rb") as f:
            f.seek(start)
            text = f.read().decode("utf-8", "replace")
        problems = ["it is SQL in: " + s for s in statements(text)
                    if "portl_canary" in QUOTED.sub("", s) and "CREATE FUNCTION" not in s]
        if not statements(text) and run.returncode not in (4, 64):
            problems.append("the server has logged nothing")
        if run.returncode < 0:
            problems.append("killed by signal %d" % -run.returncode)
        if problems:
            failed += 1
            report(args, number, problems, "  %s %s\n  %s" % (
                options, where, run.stderr.decode("utf-8", "replace")))
        taken += run.returncode == 0
        done += 1
    calls = psql.run(
                     "SELECT count(*) FROM pg_stat_user_functions WHERE funcname = 'portl_canary';")
    if calls[0][0] != "0":
        failed += 1
        print("the canary was called")
    psql.close()
    finish(args, done, failed, ", %d loaded" % taken)


if __name__ == "__main__":
    main()
