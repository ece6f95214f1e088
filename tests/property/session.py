"""What the random tests share: one long psql, quoting, the loop over numbered cases."""
import argparse
import itertools
import os
import random
import subprocess
import sys
import time

SEP = "\x1f"
NULL = "\x1e"


class Psql:
    """One psql that runs script after script, with options for its server process; a lenient
    one goes on behind an error and says nothing of it."""

    def __init__(self, dbname=None, options="", lenient=False):
        command = ["psql", "-XAtq", "-F", SEP, "-P", "null=" + NULL] + ([] if lenient else ["-v", "ON_ERROR_STOP=1"])
        self.process = subprocess.Popen(
            command + (["-d", dbname] if dbname else []),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if lenient else None,
            env=dict(os.environ, PGOPTIONS=options))

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()
        self.process.stdout.close()

    def run(self, script):
        self.process.stdin.write((script + "\n\\echo done\n").encode())
        self.process.stdin.flush()
        rows = []
        while True:
            line = self.process.stdout.readline().decode()
            if line == "":
                raise SystemExit("psql failed at: " + script[:2000])
            line = line.rstrip("\n")
            if line == "done":
                return rows
            rows.append([None if v == NULL else v for v in line.split(SEP)])


def literal(value):
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def ident(name):
    return '"' + name.replace('"', '""') + '"'


def parser(cases):
    """The options that every random test has: which seed, how many cases, or one alone."""
    made = argparse.ArgumentParser()
    made.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"),
                      help="random unless told; the last line says which")
    made.add_argument("--cases", type=int, default=cases)
    made.add_argument("--minutes", type=float, help="as many cases as these take")
    made.add_argument("--only", type=int)
    return made


def numbers(args):
    """The numbers of the cases: the only one, or so many, or until time is over."""
    if args.only is not None:
        yield args.only
        return
    stop = time.monotonic() + 60 * args.minutes if args.minutes else None
    for number in itertools.count():
        if number == args.cases if stop is None else time.monotonic() >= stop:
            return
        yield number


def rng_of(args, number):
    return random.Random("%d:%d" % (args.seed, number))


def report(args, number, problems, description):
    print("case %d of seed %d (%s --seed %d --only %d):"
          % (number, args.seed, os.path.basename(sys.argv[0]), args.seed, number))
    print("  " + "\n  ".join(problems))
    print(description, flush=True)


def finish(args, done, failed, more=""):
    """The last line, and the exit status."""
    print("seed %d: %d cases, %d failed%s" % (args.seed, done, failed, more))
    sys.exit(1 if failed or not done else 0)
