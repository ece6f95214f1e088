#!/usr/bin/env python3
"""house.py OBJECTS [--count]: hold the house against its plan, tests/lint/arrows.txt.

A module is foo.c and foo.h; it uses another one where it includes its header or where
its object needs a symbol that the other's defines (so that a circle through a shared
header is seen as well).  Said are

  - an arrow between folders that the plan does not allow,
  - a circle between modules, or between folders in the plan itself,
  - a header that is not there, or that is named without its folder,
  - a module without an object below OBJECTS, for it would hide a circle,
  - a private header (foo_parts.h) that another folder includes,
  - a foo.c that has neither foo.h nor a foo_parts.h of its folder to be a part of.

--count prints how many modules, arrows and lines there are, folder by folder.
"""
import collections
import os
import re
import subprocess
import sys

TOPS = ("common", "extract", "load")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def sources():
    for top in TOPS:
        for folder, _, names in os.walk(top):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield f"{folder}/{name}"


def stem(path):
    return path.rsplit(".", 1)[0]


def read_plan(path):
    """Lines "FOLDER: FOLDER …"; a word that begins with @ stands for what its line says."""
    plan = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            line = line.split("#", 1)[0].strip()
            if not line:
                continue
            name, _, targets = line.partition(":")
            allowed = set()
            for word in targets.split():
                allowed |= plan[word] if word.startswith("@") else {word}
            plan[name.strip()] = allowed
    return plan


def includes(paths):
    uses = collections.defaultdict(set)
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for target in INCLUDE.findall(f.read()):
                if stem(target) != stem(path):
                    uses[path].add(target)
    return uses


def symbols(objects, modules):
    """What each module's object needs of other modules' objects."""
    defined, needed = {}, {}
    paths = [path for path in (f"{objects}/{module}.o" for module in sorted(modules)) if os.path.exists(path)]
    out = subprocess.run(["nm", "-A", "-f", "posix", *paths], check=True, text=True, stdout=subprocess.PIPE).stdout
    for path, name, kind in (line.split()[:3] for line in out.splitlines()):
        module = path.removeprefix(objects + "/").removesuffix(".o:")
        if kind == "U":
            needed.setdefault(module, set()).add(name)
        elif kind.isupper():
            defined.setdefault((module.split("/")[0], name), module)
    uses = collections.defaultdict(set)
    for module, names in needed.items():
        top = module.split("/")[0]
        for name in names:
            target = defined.get((top, name)) or defined.get(("common", name))
            if target and target != module:
                uses[module].add(target)
    return uses


def circles(graph):
    """Tarjan's strongly connected components of more than one module."""
    index, low, stack, on, found = {}, {}, [], set(), []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        on.add(v)
        for w in graph.get(v, ()):
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in on:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            ring = []
            while True:
                w = stack.pop()
                on.discard(w)
                ring.append(w)
                if w == v:
                    break
            if len(ring) > 1:
                found.append(sorted(ring))

    sys.setrecursionlimit(10000)
    for v in sorted(graph):
        if v not in index:
            visit(v)
    return found


def main():
    objects, count = sys.argv[1], "--count" in sys.argv[2:]
    plan = read_plan("tests/lint/arrows.txt")
    paths = list(sources())
    modules = {stem(p) for p in paths}
    headers = {stem(p) for p in paths if p.endswith(".h")}
    bodies = {stem(p) for p in paths if p.endswith(".c")}
    said = []

    graph = collections.defaultdict(set)
    for path, targets in includes(paths).items():
        for target in sorted(targets):
            if "/" not in target:
                said.append(f'{path}: "{target}" is included without its folder')
                continue
            here, there = os.path.dirname(path), os.path.dirname(target)
            if here != there and there not in plan.get(here, set()):
                said.append(f"{path}: {here}/ may not use {there}/ ({target})")
            if here != there and target.endswith("_parts.h"):
                said.append(f"{path}: {target} is private to {there}/")
            if target not in paths:
                said.append(f"{path}: there is no {target}")
            if path.endswith(".c") or not target.endswith("_parts.h"):
                graph[stem(path)].add(stem(target))
    for module, targets in symbols(objects, bodies).items():
        graph[module] |= targets
    for module in list(graph):
        # what is declared in foo_parts.h is defined in the files that it lists
        graph[module] = {t for t in graph[module] if not t.endswith("_parts")}
    for ring in circles(graph):
        said.append("circle: " + " ".join(ring))
    for ring in circles(plan):
        said.append("tests/lint/arrows.txt: a circle of folders: " + " ".join(ring))
    for body in sorted(bodies - headers):
        name = os.path.basename(body)
        whole = [h for h in headers if os.path.dirname(h) == os.path.dirname(body)
                 and h.endswith("_parts")
                 and name.startswith(os.path.basename(h)[:-len("_parts")] + "_")]
        if not whole and name != "main":
            said.append(f"{body}.c: no {name}.h, and it is a part of nothing")
    for body in sorted(bodies):
        if not os.path.exists(f"{objects}/{body}.o"):
            said.append(f"{body}.c: no object below {objects}")
    for folder in sorted({os.path.dirname(p) for p in paths}):
        if folder not in plan:
            said.append(f"{folder}/: not in tests/lint/arrows.txt")

    if count:
        lines = collections.Counter()
        for path in paths:
            with open(path, encoding="utf-8") as f:
                lines[os.path.dirname(path)] += sum(1 for _ in f)
        for folder in sorted(lines):
            own = [m for m in bodies if os.path.dirname(m) == folder]
            out = {os.path.dirname(t) for m in own for t in graph[m]} - {folder}
            print(f"{folder:16} {len(own):3} modules {lines[folder]:6} lines -> "
                  + " ".join(sorted(out)))
        print(f"{len(modules)} modules, {sum(len(t) for t in graph.values())} arrows, "
              f"{sum(lines.values())} lines")
    for line in said:
        print(line)
    return 1 if said else 0


sys.exit(main())
