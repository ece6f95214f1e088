#!/usr/bin/env python3
"""What the tests have not run, and why.

    report.py COVERAGE.JSON REASONS

COVERAGE.JSON is gcovr's.  REASONS holds paragraphs: a line with the reason, then
indented lines `FILE FUNCTION [TEXT]`, each a function of which lines that were not
run are explained by it: all of those that hold TEXT, or all.  `*` is any function.

Prints the lines that were not run, first those without a reason; the last lines are
the shares of functions and lines.  Fails if a function was never called, if fewer
than LINES of 100 lines were run, or if a line has no reason.
"""
import json
import sys

LINES = 98


def read_reasons(path):
    reasons, reason = [], None
    for line in open(path, encoding="utf-8"):
        words = line.split(None, 2)
        if not words or line.startswith("#"):
            continue
        if line[0] not in " \t":
            reason = line.strip()
        else:
            reasons.append((words[0], words[1], words[2].strip() if len(words) > 2 else "", reason))
    return reasons


def reason_for(reasons, used, file, function, text):
    for rule in reasons:
        a_file, a_function, a_text, reason = rule
        if a_file in (file, "*") and a_function in (function, "*") and a_text in text:
            used.add(rule)
            return reason
    return None


def not_run(covered):
    """(file, line, function, text) of each line that was not run."""
    source = open(covered["file"], encoding="utf-8").read().split("\n")
    starts = sorted((f["lineno"], f["name"]) for f in covered["functions"])
    for line in covered["lines"]:
        if line["count"] == 0 and not line.get("gcovr/noncode"):
            number = line["line_number"]
            function = [name for start, name in starts if start <= number][-1:] or ["-"]
            yield covered["file"], number, function[0], source[number - 1].strip()


def main():
    files = json.load(open(sys.argv[1], encoding="utf-8"))["files"]
    reasons = read_reasons(sys.argv[2])
    functions = {(f["file"], g["name"]): g["execution_count"] for f in files for g in f["functions"]}
    lines = [line["count"] for f in files for line in f["lines"] if not line.get("gcovr/noncode")]
    found, used = {}, set()
    for covered in files:
        for file, number, function, text in not_run(covered):
            reason = reason_for(reasons, used, file, function, text)
            found.setdefault(reason, []).append("%s:%d: %s: %s" % (file, number, function, text))
    bare = found.pop(None, [])
    for reason, places in sorted(found.items()):
        print("%s (%d lines)\n  %s" % (reason, len(places), "\n  ".join(places)))
    for rule in reasons:
        if rule not in used:
            print("explains nothing: %s %s %s" % rule[:3])
    if bare:
        print("Not run, and nobody says why (%d lines):\n  %s" % (len(bare), "\n  ".join(bare)))
    never = sorted(name for name, count in functions.items() if count == 0)
    for file, name in never:
        print("never called: %s in %s" % (name, file))
    run = sum(count > 0 for count in lines)
    share = 100 * run / len(lines)
    print("functions: %.1f %% (%d of %d)" % (100 - 100 * len(never) / len(functions),
                                             len(functions) - len(never), len(functions)))
    print("lines: %.1f %% (%d of %d)" % (share, run, len(lines)))
    sys.exit(1 if never or bare or share < LINES else 0)


main()
