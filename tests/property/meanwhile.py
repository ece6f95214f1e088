#!/usr/bin/env python3
"""The target changes at random while loads run: what they commit is whole and undoes nothing.

    meanwhile.py [--seed N] [--cases N | --minutes N]

Wants portl-extract, portl-load and psql on PATH, and libpq's environment pointing at a
server of its own.  A case is one load, into one of two targets:

s.t, while sessions let its name pass to tables of other column types, rename its schema,
alter its columns, make rules and triggers and drop them.  No table is ever dropped.  A
load that ends well has left each row of its own generation once, in one table; one that
is refused has left none, and says why by a message that is known.

u, while sessions add 1 to numbers that the loads do not carry, or carry as NULL for
merge, and delete and insert rows.  What they committed is counted; in the end each number
is what was counted for it.

The seed draws what the sessions do and what is loaded, not how they meet.
"""
import collections
import random
import re
import subprocess
import threading
import time

from session import Psql, numbers, parser

ROWS = 200
IDS = 20
TYPES = ("integer", "bigint", "text", "numeric", "varchar(20)", "timestamptz", "smallint", "double precision")
REFUSED = (r"was altered just now", r"altered again and again", r"deadlock detected", r"lock timeout",
           r"does not exist", r"cannot be (converted|assigned)", r"no assignment cast", r"is of type",
           r"has a rule", r"rules? ", r"could not open relation", r"out of range", r"fits? ", r"binary",
           r"null value in column", r"relation with OID", r"is busy", r"invalid input syntax", r"tuple concurrently")
TABLES = ("SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
          " WHERE relkind = 'r' AND relname ~ '^(t|n[0-9]|old)' AND nspname ~ '^(s|m[0-9]|was)'")


def made(name, rng):
    kinds = [rng.choice([t for t in TYPES if t != "timestamptz"]), rng.choice(TYPES)]
    columns = ["id integer", f"gen {kinds[0]}", f"val {kinds[1]}"]
    rng.shuffle(columns)
    return f"CREATE TABLE {name} ({', '.join(columns)});"


class Names:
    """One session's changes of s.t."""

    def __init__(self, rng, number):
        self.rng, self.number, self.count = rng, number, 0

    def new(self):
        self.count += 1
        return f"{self.number}_{self.count}"

    def swap(self):
        new = self.new()
        return made(f"s.n{new}", self.rng), (f"ALTER TABLE s.t RENAME TO old{new};"
                                             f"ALTER TABLE s.n{new} RENAME TO t; SELECT pg_sleep(random() * 0.1)")

    def schema(self):
        new = self.new()
        return (f"CREATE SCHEMA m{new};" + made(f"m{new}.t", self.rng),
                f"LOCK s.t; ALTER SCHEMA s RENAME TO was{new}; ALTER SCHEMA m{new} RENAME TO s;"
                "SELECT pg_sleep(random() * 0.1)")

    def alter(self):
        kind = self.rng.choice([t for t in TYPES if t != "timestamptz"])
        return "", f"ALTER TABLE s.t ALTER gen TYPE {kind} USING trunc(gen::text::numeric)"

    def rule(self):
        what = self.rng.choice(("NOTHING", "INSERT INTO s.other VALUES (NEW.id)"))
        return ("CREATE TABLE IF NOT EXISTS s.other (id integer)",
                f"CREATE OR REPLACE RULE r AS ON INSERT TO s.t DO INSTEAD {what}; SELECT pg_sleep(random() * 0.1)")

    def unrule(self):
        return "", "DROP RULE IF EXISTS r ON s.t"

    def trigger(self):
        when = "BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION"
        return "", f"DROP TRIGGER IF EXISTS g ON s.t; CREATE TRIGGER g {when} halve()"

    def untrigger(self):
        return "", "DROP TRIGGER IF EXISTS g ON s.t"


def change_names(stop, rng, number, done, turn):
    names = Names(rng, number)
    kinds = ("swap", "schema", "alter", "rule", "unrule", "unrule", "trigger", "untrigger", "untrigger")
    while not stop.is_set():
        kind = rng.choice(kinds)
        before, script = getattr(names, kind)()
        with turn:
            ran = subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-c", before or "SELECT 1", "-c",
                                  f"BEGIN; {script}; COMMIT"], check=False, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE)
        done[kind if ran.returncode == 0 else "failed: " + kind] += 1
        time.sleep(rng.random() * 0.2)


class Ledger:
    """What the sessions have committed of u's numbers."""

    def __init__(self):
        self.lock, self.x, self.w, self.done = threading.Lock(), collections.Counter(), collections.Counter(), 0

    def add(self, number, x, w):
        with self.lock:
            self.x[number] += x
            self.w[number] += w
            self.done += 1


def change_rows(stop, rng, ledger):
    psql = Psql(options="-c client_min_messages=error")
    while not stop.is_set():
        number, sleep = rng.randrange(IDS), "SELECT ''::text WHERE pg_sleep(random() * 0.02) IS NULL;"
        what = rng.randrange(5)
        if what == 0:
            script, sign = f"DELETE FROM u WHERE id = {number} RETURNING coalesce(x, 0), w", -1
        elif what == 1:
            script, sign = f"INSERT INTO u VALUES ({number}, 1, 1, 0) ON CONFLICT DO NOTHING RETURNING x, w", 1
        else:
            script, sign = f"UPDATE u SET x = coalesce(x, 0) + 1, w = w + 1 WHERE id = {number} RETURNING 1, 1", 1
        for x, w in [row for row in psql.run(f"BEGIN; {script}; {sleep} COMMIT;") if len(row) == 2]:
            ledger.add(number, sign * int(x), sign * int(w))
    psql.close()


def feed(command, data, rng):
    """Run it; it gets the header, a part, and the rest with time between them."""
    ran = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    cuts = sorted(rng.randrange(len(data)) for _ in range(2))
    try:
        for begin, end in zip([0] + cuts, cuts + [len(data)]):
            ran.stdin.write(data[begin:end])
            ran.stdin.flush()
            time.sleep(rng.random() * 0.1)
        ran.stdin.close()
    except BrokenPipeError:
        pass
    ran.stdin = None
    return ran.communicate()[1].decode(), ran.returncode


def stream(query, *options):
    return subprocess.run(["portl-extract", "-q", "-c", query, "-o", "-", *options], check=True, stdout=subprocess.PIPE).stdout


def refused(text):
    for pattern in REFUSED:
        if re.search(pattern, text):
            return "refused: " + pattern
    return "WRONG " + text


def look(psql, generation):
    """Which tables have rows of it: how many, and how many of them are right."""
    found = {}
    for schema, table in psql.run(TABLES + ";"):
        for count, good in psql.run(f"SELECT count(*), count(*) FILTER (WHERE val::text = (id + 1000)::text)"
                                    f" FROM {schema}.{table} WHERE gen::text = '{generation}';"):
            if int(count):
                found[f"{schema}.{table}"] = int(count), int(good)
    return found


def load_names(rng, number, psql, turns):
    """Load generation NUMBER into s.t, then look where it is, while no name changes."""
    generation = number + 1
    data = stream(f"SELECT i AS id, {generation % 30000} AS gen, i + 1000 AS val FROM generate_series(1, {ROWS}) i",
                  rng.choice(("--values=binary", "--values=text", "--format=ndjson")))
    more = rng.choice(([], ["--commit=end"], ["--dry-run"]))
    text, status = feed(["portl-load", "-t", "s.t", "--lock-wait-timeout=5000", *more], data, rng)
    with turns[0], turns[1]:
        found = look(psql, generation % 30000)
    want = [(ROWS, ROWS)] if status == 0 and "--dry-run" not in more else []
    if list(found.values()) != want:
        return f"WRONG status {status}, found {found}: {text}"
    return "good" if status == 0 else refused(text)


def load_rows(rng, psql):
    """Load into u: y, and x as NULL, and w as NULL or not at all."""
    mode = rng.choice(("merge", "merge", "overwrite", "skip"))
    columns = "y" if mode == "overwrite" else rng.choice(("y", "NULL::integer AS x, y", "NULL::integer AS x, NULL::integer AS w, y"))
    what = columns.replace("y", f"{rng.randrange(1000)} AS y")
    count = rng.randrange(1, 3)
    data = stream(f"SELECT i % {IDS} AS id, {what} FROM generate_series(1, {IDS * count}) i", rng.choice(("--values=binary", "--format=ndjson")))
    more = rng.choice(([], ["--commit=end"], ["--batch-size=10", "--commit=batch"]))
    text, status = feed(["portl-load", "-t", "u", "--key=id", "--conflict=" + mode, *more], data, rng)
    return "good" if status == 0 else refused(text)


def prepare(rng):
    psql = Psql(options="-c client_min_messages=error")
    psql.run("CREATE SCHEMA s;" + made("s.t", rng) +
             "CREATE FUNCTION halve() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
             "CREATE TABLE u (id integer PRIMARY KEY, x integer, w integer NOT NULL DEFAULT 0, y integer);")
    return psql


def main():
    args = parser(1000).parse_args()
    rng, ledger = random.Random(args.seed), Ledger()
    psql = prepare(rng)
    stop, done, tally, wrong = threading.Event(), collections.Counter(), collections.Counter(), 0
    turns = threading.Lock(), threading.Lock()
    sessions = []
    for i in (0, 1):
        sessions.append(threading.Thread(target=change_names, args=(stop, random.Random(f"{args.seed} n{i}"), i, done, turns[i])))
        sessions.append(threading.Thread(target=change_rows, args=(stop, random.Random(f"{args.seed} r{i}"), ledger)))
    for session in sessions:
        session.start()
    try:
        for number in numbers(args):
            draw = random.Random(f"{args.seed} load {number}")
            which = draw.choice(("s.t", "u"))
            verdict = load_names(draw, number, psql, turns) if which == "s.t" else load_rows(draw, psql)
            tally[which + " " + verdict.split(" ")[0] if "WRONG" in verdict else which + " " + verdict] += 1
            if "WRONG" in verdict:
                wrong += 1
                print(f"case {number}: {which}: {verdict}", flush=True)
    finally:
        stop.set()
        for session in sessions:
            session.join()
    for number, x, w in psql.run("SELECT i, coalesce(x, 0), coalesce(w, 0) FROM"
                                 f" generate_series(0, {IDS - 1}) i LEFT JOIN u ON id = i;"):
        if (ledger.x[int(number)], ledger.w[int(number)]) != (int(x), int(w)):
            wrong += 1
            print(f"u {number}: x {x}, w {w}; committed {ledger.x[int(number)]}, {ledger.w[int(number)]}")
    psql.close()
    for verdict, count in tally.most_common() + done.most_common() + [("updates", ledger.done)]:
        print(f"{count} {verdict}")
    print(f"seed {args.seed}: {sum(tally.values())} cases, {wrong} failed")
    raise SystemExit(1 if wrong or not tally["u good"] or not tally["s.t good"] else 0)


if __name__ == "__main__":
    main()
