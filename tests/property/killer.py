"""What happens to a run in parts: processes of either side, backends, the server."""
import json
import os
import signal
import subprocess
import threading
import time

from session import Psql

OURS = ("portl", "portl-extract", "portl-load")
ALL_THERE = "SELECT count(*) > 0 AND bool_and(at IS NOT NULL) AND count(*) >= NPARTS FROM portl_ledger.part;"
COMMITTING = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = 'dst' AND application_name = 'portl-load'" \
    " AND query = 'COMMIT' AND wait_event = 'PgSleep';"
PUBLISHED = "SELECT count(*) > 0 FROM portl_ledger.run WHERE published IS NOT NULL;"
# COMMIT of a publication takes a while where this is.
TRAP = """CREATE OR REPLACE FUNCTION public.trap() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(0.05 + random() * 0.25); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER trap AFTER UPDATE ON portl_ledger.run DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION trap();"""


def processes(root):
    """(pid, name) of the processes below ROOT that are the programs under test, or their lines."""
    parents, names = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace").read()
            except OSError:
                continue
            names[int(entry)] = stat[stat.index("(") + 1:stat.rindex(")")]
            parents[int(entry)] = int(stat[stat.rindex(")") + 1:].split()[1])
    found, below = [], {root}
    for pid in sorted(parents):  # parents are made before their children, but for a wrap
        if parents[pid] in below:
            below.add(pid)
            if names[pid] in OURS or names[pid] == "ssh":
                found.append((pid, names[pid]))
    return found


def restart(directory):
    """The server ends at once, and starts again, on a busy machine at the second or third try."""
    script = """. tests/lib/cluster.sh
        for try in 1 2 3 4 5; do
            cluster_stop "$1" immediate && cluster_start "$1" && exit
            sleep 1
        done
        exit 1"""
    subprocess.run(["sh", "-c", script, "-", directory], check=True, stdout=subprocess.DEVNULL)


def order(event):
    """Times come before moments, which have an order, too."""
    return event[0] if isinstance(event[0], float) else 1000 + ("all", "commit", "published").index(event[0])


class Killer(threading.Thread):
    """During one attempt, from start() to end(): EVENTS are (when, what).  WHEN is a time in
    seconds, or all, commit, published: the moment of a publication."""

    def __init__(self, world, plan, events):
        super().__init__(daemon=True)
        self.world, self.plan, self.events = world, plan, sorted(events, key=order)
        self.over, self.happened = threading.Event(), []

    def end(self):
        self.over.set()
        self.join()

    def run(self):
        began = time.monotonic()
        psql = Psql("dst", lenient=True)
        for when, what in self.events:
            try:
                if not self.wait(psql, when, began):
                    break
                if getattr(self, what)():
                    self.happened.append((when if isinstance(when, str) else "%.2f s" % when, what))
            except (SystemExit, OSError, ValueError):
                psql = Psql("dst", lenient=True)
        psql.close()

    def wait(self, psql, when, began):
        """Until it is time; False when the attempt is over before."""
        if not isinstance(when, str):
            return not self.over.wait(max(0, began + when - time.monotonic()))
        query = {"all": ALL_THERE, "commit": COMMITTING, "published": PUBLISHED}[when]
        while not self.over.wait(0.015):
            if os.path.exists(self.plan) and psql.run(query.replace("NPARTS", str(self.nparts()))) == [["t"]]:
                return when != "all" or not self.over.wait(self.world.rng.random() * 0.1)
        return False

    def nparts(self):
        with open(self.plan, encoding="utf-8") as plan:
            return len(json.load(plan)["parts"])

    def strike(self, names, how):
        there = [pid for pid, name in processes(os.getpid()) if name in names]
        if not there:
            return False
        try:
            os.kill(self.world.rng.choice(there), how)
        except OSError:
            return False
        return True

    def kill_part(self):
        return self.strike(("portl-extract", "portl-load", "ssh"), signal.SIGKILL)

    def end_part(self):
        return self.strike(("portl-extract", "portl-load", "ssh"), signal.SIGTERM)

    def kill_front(self):
        return self.strike(("portl",), signal.SIGKILL)

    def end_front(self):
        return self.strike(("portl",), self.world.rng.choice((signal.SIGTERM, signal.SIGINT, signal.SIGHUP)))

    def backend(self, database):
        psql = Psql("postgres", lenient=True)
        rows = psql.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'portl-%'"
                        f" AND datname = '{database}' ORDER BY random() LIMIT 1;")
        psql.close()
        return rows != []

    def source_backend(self):
        return self.backend("src")

    def target_backend(self):
        return self.backend("dst")

    def crash(self):
        restart(self.world.directory)
        return True


KINDS = ("kill_part",) * 3 + ("end_part",) * 3 + ("kill_front",) * 2 + ("end_front",) + ("source_backend",) * 2 + \
    ("target_backend",) * 3 + ("crash",)
