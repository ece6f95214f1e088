#!/usr/bin/env python3
"""Random plans of parts, with writers at the source and faults at all places: readers see what
was there, then exactly one snapshot.

    plans.py [--seed N] [--cases N | --minutes N] [--only CASE] [--quiet] [--kind held|own]
             [--verbose] [--spoil row|peek|left]

Wants portl, portl-extract, portl-load and psql on PATH, and libpq's environment pointing at
a server of its own in $PGHOST (run.sh sees to that).  A case is one plan, of one to three
tables that are made anew, renamed into place, written by one statement or part by part.
It is brought by portl run, or by portl part or the two programs by hand, some parts twice
at a time, and as often as it takes; killed are processes of either side, their backends,
the front end, the server, at any time and before, in and after a publication's COMMIT.
--quiet leaves all of this out: the writers alone.

A reader looks at the target all the time: it is as it was, or is the new one, and that for
good; with --commit=part each part is there as a whole or not at all.  Which snapshot the
new one is, the rows of the writers say that it has, and the journal of the source says what
that held (writers.py).  When faults have ended the next attempts have to succeed; portl drop
leaves nothing.  The seed draws plan and faults, not how they meet.

--spoil does to each case what has to be found: a row is changed after the publication, is seen
before it, or a table is left in the ledger's schema.  Each case has to fail then.
"""
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

from killer import KINDS, TRAP, Killer, processes, restart
from session import Psql, finish, literal, numbers, parser, report, rng_of
from writers import COLUMNS, WRITERS, Writer, definition, seen, source_sql

OLD = 10 ** 9  # ids of rows that only the target has
PATIENCE = 300  # seconds that one command may take
ATTEMPTS = 3  # that may be needed when nothing is killed any more
# What may be said of a command that was hit: nothing of rows or tables.
PASSING = (0, 1, 2, 4, 75, 255)
HOPELESS = r"snapshot(?!=)|has no primary key|needs one snapshot"

# Rows that writers have come and go; their own stay.
WHERE = "id < 0 OR w IS DISTINCT FROM 2"

LOOK = r"""
CREATE OR REPLACE FUNCTION look(names text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE name text; one text; found text := '';
BEGIN
    FOREACH name IN ARRAY names LOOP
        one := 'none';
        IF EXISTS (SELECT FROM pg_class WHERE relname = name AND relnamespace = 'public'::regnamespace) THEN
            EXECUTE format('SELECT count(*) || md5(coalesce(string_agg(t::text, $1 ORDER BY id, t::text), $1)) FROM %I t', name)
                INTO one USING '';
        END IF;
        found := found || ' ' || one;
    END LOOP;
    RETURN found;
END $$;
"""
LEFT = r"""
SELECT 'relation ' || relname FROM pg_class WHERE relnamespace = 'portl_ledger'::regnamespace
    AND relkind NOT IN ('i', 't') AND relname NOT IN ('run', 'part', 'states')
UNION ALL SELECT 'run ' || id FROM portl_ledger.run UNION ALL SELECT 'part ' || run || '.' || number FROM portl_ledger.part
UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'portl_ledger'::regnamespace AND typrelid = 0 AND typelem = 0
UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'portl_ledger'::regnamespace
UNION ALL SELECT 'other ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
    AND relkind IN ('r', 'S') AND relname !~ '^(t[123](_[0-9])?|whose)$';
"""

Table = collections.namedtuple("Table", "name key bounds fill width rows old")


class World:
    """The server, and what cases share."""

    def __init__(self, files):
        self.rng, self.files, self.directory = None, files, os.environ["PGHOST"]
        self.psql = {}
        # A hand that passes words to a shell, as ssh does.
        self.via = os.path.join(files, "ssh")
        with open(self.via, "w", encoding="ascii") as out:
            out.write('#!/bin/sh\nsh -c "$*"\n')
        os.chmod(self.via, 0o755)

    def sql(self, database, script):
        """Run it, over a connection that may have been lost since."""
        for _ in range(150):  # the server may be recovering from a crash
            try:
                if database not in self.psql:
                    self.psql[database] = Psql(database, "-c client_min_messages=warning")
                return self.psql[database].run(script)
            except (SystemExit, OSError):
                self.psql.pop(database, None)
                time.sleep(0.2)
        raise SystemExit("the server does not take: " + script[:2000])

    def make_ledger(self):
        """A run makes it."""
        self.sql("src", "CREATE TABLE IF NOT EXISTS warm (id int);")
        subprocess.run("portl run -q --parts=1 -d src -t warm -- -d dst --create && psql -Xqd dst -c 'DROP TABLE warm'",
                       shell=True, check=True)


class Case:
    """What is moved, and how."""

    def __init__(self, rng, args):
        self.rng = rng
        self.kind = args.kind or rng.choice(("held", "own") if args.quiet else ("held", "held", "own"))
        self.by_hand = rng.random() < 0.4
        self.mode = rng.choice(("error", "skip", "overwrite", "overwrite", "merge", "delete", "truncate"))
        self.each = self.kind == "held" and rng.random() < 0.15  # --commit=part
        if self.each:
            self.mode, self.by_hand = rng.choice(("error", "skip", "overwrite", "merge")), True
        keyless = self.kind == "held" and self.by_hand and not self.each and self.mode in ("error", "truncate")
        self.tables = [self.some_table("t%d" % i, keyless) for i in range(1, rng.choice((2, 2, 3, 4)))]
        self.cut = rng.choice((["--parts=8"], ["--parts=8"], ["--part-size=%dkB" % rng.choice((64, 96, 128))]))
        if all(t.key for t in self.tables) and rng.random() < 0.15:
            self.cut = ["--split-by=id", "--parts=8"]
        self.where = len(self.tables) == 1 and self.mode != "delete" and rng.random() < 0.3
        self.jobs, self.retries = rng.randrange(1, 5), rng.choice((0, 1, 1, 2))
        self.form = rng.choice(([], [], ["--format=ndjson"], ["-Z", "zstd"], ["--values=text"]))
        self.via = not self.by_hand and rng.random() < 0.15
        self.quiet = args.quiet
        self.attacks = 0 if args.quiet else rng.choice((1, 1, 2, 3))
        self.trap = not args.quiet and rng.random() < 0.5

    def some_table(self, name, keyless):
        rng = self.rng
        rows = rng.randrange(200, 1000)
        key = rng.choice(("id", "id", "k, id")) if not keyless or rng.random() < 0.5 else ""
        bounds = sorted(rng.sample(range(1, rows), rng.choice((1, 2)))) if rng.random() < 0.2 else []
        old = None
        if self.each or rng.random() < 0.65:
            low = [] if self.each or self.mode == "error" or key == "" else \
                [(i, "k%d" % (i % 7), "old", None if i % 3 else 1) for i in sorted(rng.sample(range(1, 2 * rows), rng.randrange(rows)))]
            old = low + [(OLD + i, "k0", "only here", 1) for i in range(rng.randrange(3) * 20)]
        return Table(name, key, bounds, rng.choice((100, 100, 60)), rng.choice((100, 400, 900)), rows, old)

    def extract_words(self):
        names = [w for t in self.tables for w in ("-t", t.name)]
        return ["-d", "src"] + names + (["--where=" + WHERE] if self.where else []) + self.cut + self.form

    def read(self, rows):
        """Of the source's ROWS those that are asked for."""
        return [r for r in rows if not self.where or r[0] < 0 or r[3] != 2]

    def load_words(self):
        words = {"delete": ["--conflict=overwrite", "--delete", "--max-delete=100%"], "truncate": ["--truncate"],
                 "error": []}.get(self.mode, ["--conflict=" + self.mode])
        return ["-d", "dst"] + words + (["--commit=part"] if self.each else ["--create"])

    def target_sql(self):
        sql = ["DROP TABLE IF EXISTS t1, t2, t3, whose CASCADE;"]
        for table in self.tables:
            if table.old is not None:
                sql.append(definition(table._replace(bounds=[])))
                if table.old:
                    sql.append(f"INSERT INTO {table.name} VALUES " + ", ".join(
                        "(%d, %s, %s, %s)" % (i, literal(k), literal(v), "NULL" if w is None else w) for i, k, v, w in table.old) + ";")
        return "\n".join(sql)

    def result(self, table, rows):
        """What the target is to hold when ROWS have been written to it."""
        if table.old is None or self.mode in ("delete", "truncate"):
            return sorted(rows, key=str)
        if table.key == "":
            return sorted(rows + table.old, key=str)
        there, merged = {r[0]: r for r in table.old}, {r[0]: r for r in rows}
        for key in set(there) & set(merged):
            old, new = there[key], merged[key]
            if self.mode == "skip":
                merged[key] = old
            elif self.mode == "merge":
                merged[key] = tuple(o if n is None else n for o, n in zip(old, new))
        return sorted({**there, **merged}.values(), key=str)

    def describe(self):
        return "%s, %s%s%s, portl %s -- %s; targets: %s" % (
            self.kind, "by hand" if self.by_hand else "portl run -j %d" % self.jobs, ", trap" if self.trap else "",
            ", over there" if self.via else "", " ".join(self.extract_words()), " ".join(self.load_words()),
            ", ".join("%s (%s) %s" % (t.name, t.key, "none" if t.old is None else "%d rows" % len(t.old)) for t in self.tables))


class Reader(threading.Thread):
    """What others see: each state of the target once, in their order."""

    def __init__(self, case, stop):
        super().__init__(daemon=True)
        self.case, self.stop, self.seen, self.looks = case, stop, [], 0
        there = [t.name for t in case.tables if t.old is not None]
        self.script = "BEGIN ISOLATION LEVEL REPEATABLE READ;" + (f"LOCK {', '.join(there)} IN ACCESS SHARE MODE;" if there else "")
        if case.each:
            self.script += "SELECT string_agg(part || ':' || n, ',' ORDER BY part) FROM" \
                " (SELECT part, count(t.id) n FROM whose LEFT JOIN (" + \
                " UNION ALL ".join(f"SELECT {r} AS rel, id FROM {t.name}" for r, t in enumerate(case.tables, 1)) + \
                ") t USING (rel, id) GROUP BY part) x;"
        else:
            self.script += "SELECT look(ARRAY['%s']);" % "', '".join(t.name for t in case.tables)
        self.script += "COMMIT;"

    def look(self, psql):
        found = psql.run(self.script)
        if len(found) != 1:
            raise SystemExit("psql")
        self.looks += 1
        if not self.seen or self.seen[-1] != found[0][0]:
            self.seen.append(found[0][0])

    def wait_for(self, looks):
        while self.looks < looks:
            time.sleep(0.01)

    def run(self):
        rng = random.Random()
        while not self.stop.is_set():
            psql = Psql("dst", lenient=True)
            try:
                while not self.stop.is_set():
                    self.look(psql)
                    time.sleep(rng.random() * 0.1)
            except (SystemExit, OSError):
                time.sleep(0.05)
            psql.close()


class Trial:
    """One case, on the server."""

    def __init__(self, world, case, tally, spoil=None):
        self.world, self.case, self.tally, self.spoil = world, case, tally, spoil
        self.plan = os.path.join(world.files, "plan")
        self.problems, self.history, self.happened = [], [], []
        self.began = self.bound = None
        self.holder = self.session = self.reader = None
        self.truth = None  # the held snapshot's rows, where we could read them

    # ---- commands ----

    def command(self, words, wait=PATIENCE):
        """Run it; status and what it says.  One that does not end is a problem."""
        with tempfile.TemporaryFile("w+") as said:
            ran = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
                                   shell=isinstance(words, str))
            try:
                status = ran.wait(wait)
            except subprocess.TimeoutExpired:
                self.problems.append(f"{words} does not end: {processes(os.getpid())}")
                for pid, _ in processes(os.getpid()):
                    os.kill(pid, 9)
                status = ran.wait()
            said.seek(0)
            text = said.read()
        self.history.append("%s: %s %s" % (words if isinstance(words, str) else " ".join(words), status, text.strip()))
        if status == 1:
            self.tally["said with status 1: " + re.sub(r"[0-9]+|run [^ ]*", "N", text.strip().split("\n")[-1])[:110]] += 1
        return (128 - status if status < 0 else status), text

    def attempt(self, words, attacks):
        """The same, while that happens to it."""
        killer = self.start_killer(attacks)
        status, text = self.command(words)
        self.end_killer(killer)
        self.tally["attempt: status %d" % status] += 1
        return status, text

    def start_killer(self, attacks):
        killer = Killer(self.world, self.plan, attacks)
        killer.start()
        return killer

    def end_killer(self, killer):
        killer.end()
        for what in killer.happened:
            self.tally["%s%s" % (what[1], "" if what[0].endswith(" s") else " at " + what[0])] += 1
            self.history.append("  meanwhile: %s, %s" % what)
            self.happened.append(what[1])

    def attacks(self):
        rng = self.case.rng
        made = []
        for _ in range(rng.choice((1, 1, 2, 3))):
            when = rng.choice((rng.random() * 0.3, rng.random(), rng.random() * 2, "all", "published") +
                              (("commit",) * 4 if self.case.trap else ()))
            made.append((when, rng.choice(KINDS)))
        return made

    def marks(self):
        return {int(w): int(n) for w, n in self.world.sql("src", "SELECT writer, n FROM counter WHERE writer > 0;")}

    # ---- by portl run ----

    def run(self):
        case = self.case
        options = ["-j", str(case.jobs), "--retries=%d" % case.retries] + (["--via=" + self.world.via] if case.via else [])
        for attempt in range(case.attacks + ATTEMPTS):
            if os.path.exists(self.plan):
                words = ["portl", "run", "--resume=" + self.plan] + options
            else:
                words = ["portl", "run", "--keep=" + self.plan] + options + (["--own"] if case.kind == "own" else []) + \
                    case.extract_words() + ["--"] + case.load_words()
                self.bound = self.marks()
            status, text = self.attempt(words, self.attacks() if attempt < case.attacks else [])
            if status == 0:
                return True
            if attempt >= case.attacks and status not in (2, 75):
                self.problems.append("nothing was killed, and its status is %d: %s" % (status, text))
                return False
            if status not in PASSING and status < 128:
                self.problems.append("status %d: %s" % (status, text))
        self.problems.append("not done after %d attempts that nobody disturbed" % ATTEMPTS)
        return False

    # ---- by hand ----

    def make_plan(self):
        case = self.case
        status, text = self.command(["portl", "plan", "-o", self.plan] + (["--own"] if case.kind == "own" else []) +
                                    case.extract_words() + ["--"] + case.load_words())
        if status != 0:
            self.problems.append("no plan: " + text)
        return status == 0

    def hold(self):
        """Have the snapshot held, by portl hold or by us; read it all, and by what part each row comes."""
        names = ", ".join(t.name for t in self.case.tables)
        self.session = Psql("src")
        if self.case.rng.random() < 0.5 and not self.case.each:
            self.holder = subprocess.Popen(["portl", "hold", self.plan], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            snapshot = self.holder.stdout.readline().strip()
            self.session.run(f"BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '{snapshot}';")
        else:
            self.session.run(f"BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK {names} IN ACCESS SHARE MODE;")
            snapshot = self.session.run("SELECT pg_export_snapshot();")[0][0]
        self.truth = [self.session.run(f"SELECT {COLUMNS} FROM {t.name} ORDER BY id;") for t in self.case.tables]
        if self.case.each:
            self.say_whose()
            self.reader.start()
        return snapshot

    def say_whose(self):
        """For the reader: which rows a part is to bring."""
        plan, rows = json.load(open(self.plan, encoding="utf-8")), []
        for part in plan["parts"]:
            relation = plan["relations"][part["relation"] - 1]["name"]
            name, where = part.get("leaf_name", relation), []
            if "from_block" in part:
                where.append("ctid >= '(%d,0)'" % part["from_block"])
            if "to_block" in part:
                where.append("ctid < '(%d,0)'" % part["to_block"])
            if "from" in part:
                where.append("%s >= '%s'" % (part["column"], part["from"]))
            if "to" in part:
                where.append("%s < '%s'" % (part["column"], part["to"]))
            if self.case.where:
                where.append("(%s)" % WHERE)
            found = self.session.run(f"SELECT id FROM {name}{' WHERE ' if where else ''}{' AND '.join(where)};")
            rows += ["(%s, %s, %d)" % (relation[1:], i, part["number"]) for (i,) in found]
        self.world.sql("dst", "CREATE TABLE whose (rel int, id int, part int); INSERT INTO whose VALUES " + ", ".join(rows) + ";")

    def let_go(self):
        if self.holder is not None:
            self.holder.stdin.close()
            self.holder.wait()
        if self.session is not None:
            self.session.close()
        self.holder = self.session = None

    def bring(self, snapshot, missing, patience):
        """These parts by pipes, each of one or of several, many at a time, some by two; statuses."""
        rng, todo, statuses = self.case.rng, list(missing), []
        rng.shuffle(todo)
        todo += [k for k in todo if rng.random() < 0.15]
        held = f" --snapshot={snapshot}" if snapshot else ""
        lists = []
        while todo:
            n = rng.choice((1, 1, 1, 2, 3, 4))
            lists.append(",".join(str(k) for k in todo[:n]))
            del todo[:n]
        given = [f"--plan={self.plan} --part={k}" for k in lists]
        ways = [rng.choice((f"exec portl part {self.plan} {k}{held}",
                            f"set -o pipefail; portl-extract {part}{held} | portl-load -q {part}"))
                for k, part in zip(lists, given)]

        def work():
            while ways and time.monotonic() < patience:
                try:
                    words = ways.pop()
                except IndexError:
                    return
                statuses.append(self.command(["bash", "-c", words]))

        hands = [threading.Thread(target=work) for _ in range(self.case.jobs)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        return statuses

    def by_hand(self):
        """True when it is done, False where the snapshot is gone or a problem was found."""
        case = self.case
        self.bound = self.marks()
        if not self.make_plan():
            return False
        snapshot = self.hold() if case.kind == "held" else None
        for attempt in range(case.attacks + ATTEMPTS):
            killer = self.start_killer(self.attacks() if attempt < case.attacks else [])
            said = self.bring(snapshot, self.missing(), time.monotonic() + PATIENCE)
            if case.kind == "own" and attempt == 0:
                self.bound = self.marks()
            said.append(self.command(["portl", "publish", self.plan]))
            self.end_killer(killer)
            if said[-1][0] == 0:
                return True
            if self.is_wrong(said, attempt):
                return False
            if case.kind == "held" and any(re.search(HOPELESS, text) for status, text in said):
                return self.is_hopeless()
        self.problems.append("by hand: not done after %d attempts that nobody disturbed" % ATTEMPTS)
        return False

    def missing(self):
        """The server may be on its way down just now; then all parts are tried."""
        listed = subprocess.run(["portl", "parts", self.plan, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                text=True, check=False)
        found = json.loads(listed.stdout)["parts"] if listed.returncode == 0 else json.load(open(self.plan, encoding="utf-8"))["parts"]
        return [p["number"] for p in found if p.get("status") != "done"]

    def is_wrong(self, said, attempt):
        for status, text in said:
            self.tally["by hand: status %d" % status] += 1
            if status not in PASSING and status < 128 and not re.search(HOPELESS, text):
                self.problems.append("status %d: %s" % (status, text))
        return self.problems != []

    def is_hopeless(self):
        """The snapshot is gone.  Is that so?  Then the front end may take over, if all have keys."""
        ends = {"crash", "source_backend"} | ({"kill_front", "end_front", "kill_part", "end_part"} if self.holder else set())
        if not ends & set(self.happened):
            self.problems.append("the snapshot is gone, and nobody has ended it")
            return False
        self.let_go()
        if self.case.each or not all(t.key for t in self.case.tables):
            self.tally["given up, for there is no snapshot"] += 1
            return False
        self.truth = None
        self.tally["taken over by portl run --resume"] += 1
        return self.run()

    # ---- the judge ----

    def target(self, table):
        return sorted((int(i), k, v, None if w is None else int(w))
                      for i, k, v, w in self.world.sql("dst", f"SELECT {COLUMNS} FROM {table.name};"))

    def judge(self):
        case, rows = self.case, {}
        for table in case.tables:
            rows[table.name] = sorted(self.target(table), key=str)
        marks = {-i: w for i, k, v, w in rows["t1"] if i < 0}
        if set(marks) != set(range(1, WRITERS + 1)):
            self.problems.append("of the writers' rows there are %r" % marks)
            return
        if any(marks[w] < self.bound[w] for w in marks):
            self.problems.append("the snapshot (%r) is older than the run (%r)" % (marks, self.bound))
        for number, (table, query) in enumerate(zip(case.tables, seen(marks, len(case.tables)))):
            wanted = self.typed(self.world.sql("src", query))
            if self.truth is not None and self.typed(self.truth[number]) != wanted:
                self.problems.append("%s: the journal's snapshot is not the one that was held: %s"
                                     % (table.name, difference(self.typed(self.truth[number]), wanted)))
            wanted = case.result(table, case.read(wanted))
            if rows[table.name] != wanted:
                self.problems.append("%s: %s" % (table.name, difference(rows[table.name], wanted)))

    @staticmethod
    def typed(rows):
        return sorted(((int(i), k, v, None if w is None else int(w)) for i, k, v, w in rows), key=str)

    def judge_reader(self, seen_states, old, new):
        """Old, then new; or of each part nothing, then all."""
        if not self.case.each:
            if seen_states not in ([old], [old, new], [new]):
                self.problems.append("readers saw %r; old is %r, new is %r" % (seen_states, old, new))
            return
        full = dict(self.world.sql("dst", "SELECT part, count(*) FROM whose GROUP BY 1;"))
        before = {part: 0 for part in full}
        for state in seen_states:
            now = dict(pair.split(":") for pair in state.split(","))
            for part, count in now.items():
                if count not in ("0", full[part]) or int(count) < before[part]:
                    self.problems.append("readers saw %s rows of part %s, which has %s" % (count, part, full[part]))
                before[part] = int(count)

    def check_again(self):
        """Another publication changes nothing; nothing is left of what is dropped."""
        status, text = self.command(["portl", "publish", self.plan])
        if status != 0:
            self.problems.append("a second portl publish: status %d: %s" % (status, text))

    def check_drop(self):
        status, text = self.command(["portl", "drop", self.plan])
        for _ in range(3):  # orphans of a front end that was killed may be about to end
            if status not in (2, 75):
                break
            time.sleep(1)
            status, text = self.command(["portl", "drop", self.plan])
        if status != 0:
            self.problems.append("portl drop: status %d: %s" % (status, text))
        left = [name for (name,) in self.world.sql("dst", LEFT)]
        if left:
            self.problems.append("left behind: " + ", ".join(left))

    def spoil_begin(self):
        """A row is there before its time, for as long as a reader may need to see it."""
        if self.spoil == "peek":
            self.world.sql("dst", "CREATE TABLE IF NOT EXISTS t1 (id int, k text, v text, w numeric); INSERT INTO t1 VALUES (2147483647, 'k0');")
            self.reader.wait_for(self.reader.looks + 2)
            self.world.sql("dst", "DELETE FROM t1 WHERE id = 2147483647;" if self.case.tables[0].old is not None else "DROP TABLE t1;")

    def spoil_end(self):
        if self.spoil == "row":
            self.world.sql("dst", "UPDATE t1 SET v = v || '!' WHERE id = (SELECT max(id) FROM t1);")
        elif self.spoil == "left":
            self.world.sql("dst", "CREATE TABLE portl_ledger.rows_of_nobody ();")

    # ---- all of it ----

    def prepare(self):
        rng = self.case.rng
        self.world.sql("src", source_sql(self.case.tables))
        self.world.sql("dst", LOOK + self.case.target_sql() + "DROP FUNCTION IF EXISTS trap() CASCADE;")
        if self.case.trap:
            self.world.make_ledger()
            self.world.sql("dst", TRAP)
        elif rng.random() < 0.1:
            self.world.sql("dst", "DROP SCHEMA IF EXISTS portl_ledger CASCADE;")
        if os.path.exists(self.plan):
            os.unlink(self.plan)
        self.look = "SELECT look(ARRAY['%s']);" % "', '".join(t.name for t in self.case.tables)
        return self.world.sql("dst", self.look)[0][0]

    def check(self):
        case, stop = self.case, threading.Event()
        old = self.prepare()
        writers = [Writer(i, random.Random(case.rng.random()), case.tables, stop, case.kind == "own") for i in range(1, WRITERS + 1)]
        for writer in writers:
            writer.start()
        reader = self.reader = Reader(case, stop)
        if not case.each:
            reader.start()
            self.spoil_begin()
        done = self.by_hand() if case.by_hand else self.run()
        if os.path.exists(self.plan) and done:
            self.check_again()
            self.spoil_end()
        stop.set()
        for thread in writers + ([reader] if reader.is_alive() else []):
            thread.join()
        self.let_go()
        if not self.problems and done:
            self.judge()
        if not self.problems:
            self.judge_reader(reader.seen, old, self.world.sql("dst", self.look)[0][0])
        self.world.sql("dst", "DROP FUNCTION IF EXISTS trap() CASCADE;")
        if os.path.exists(self.plan):
            self.check_drop()
        self.tally["looks of readers"] += reader.looks
        self.tally["transactions of writers"] += sum(w.done for w in writers)
        self.tally["%s%s: %s" % (case.kind, ", part by part" if case.each else "", "exact" if done else "given up")] += 1
        return self.problems


def difference(found, wanted):
    """A few rows of either side that the other has not."""
    less, more = collections.Counter(wanted) - collections.Counter(found), collections.Counter(found) - collections.Counter(wanted)
    return "%d rows are missing, %s; %d too many, %s" % (sum(less.values()), list(less)[:5], sum(more.values()), list(more)[:5])


def options():
    made = parser(500)
    made.add_argument("--quiet", action="store_true", help="nothing is killed")
    made.add_argument("--kind", choices=("held", "own"))
    made.add_argument("--spoil", choices=("row", "peek", "left"), help="each case has to fail")
    made.add_argument("--verbose", action="store_true", help="each case is told")
    return made.parse_args()


def main():
    args, tally = options(), collections.Counter()
    done = failed = 0
    with tempfile.TemporaryDirectory() as files:
        os.chmod(files, 0o755)
        admin = Psql("postgres")
        for name in ("src", "dst"):
            admin.run(f"CREATE DATABASE {name};")
        admin.close()
        world = World(files)
        for number in numbers(args):
            world.rng = rng_of(args, number)
            case = Case(world.rng, args)
            trial = Trial(world, case, tally, args.spoil)
            began = time.monotonic()
            problems = trial.check()
            if args.verbose:
                print("case %d, %.1f s: %s\n  %s" % (number, time.monotonic() - began, case.describe(),
                                                   "\n  ".join(trial.history)), flush=True)
            done += 1
            if problems:
                failed += 1
                report(args, number, problems, "  " + case.describe() + "\n  " + "\n  ".join(trial.history))
            if failed == 5:
                break
    for what, count in sorted(tally.items()):
        print("%7d %s" % (count, what))
    finish(args, done, failed)


main()
