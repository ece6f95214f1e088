#!/usr/bin/env python3
"""tables.py [DUMP]: make extract/csv/encodings.zst of what a server says (the connection
is libpq's), or of what tests/encodings/dump.sql has printed.

For each encoding: its name, a NUL, the number of runs, and the runs, of characters that
follow one another both there and in Unicode: code, Unicode, how many.  Numbers are
varints; code and Unicode are differences from where the run before ended, their sign in
the lowest bit.  A code is the character's bytes as one big-endian number, GB18030's four
bytes 2^24 + the number of the character in their order (extract/csv/encoding.c reads it).
Two code points c, d for one character are c + (d << 16).
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.path.join(HERE, "../../extract/csv/encodings.zst")


def dump():
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding="ascii") as f:
            return f.read()
    return subprocess.run(["psql", "-X", "-f", os.path.join(HERE, "dump.sql")], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def code_of(raw, enc):
    if enc == "GB18030" and len(raw) == 4:
        return (1 << 24) + (((raw[0] - 0x81) * 10 + raw[1] - 0x30) * 126 + raw[2] - 0x81) * 10 \
            + raw[3] - 0x30
    return int.from_bytes(raw, "big")


def point_of(text):
    points = [ord(c) for c in text]
    return points[0] if len(points) == 1 else points[0] + (points[1] << 16)


def runs_of(pairs):
    runs = []
    for code, point in sorted(pairs):
        last = runs[-1] if runs else None
        if last and code - last[0] == point - last[1] and (
                code == last[0] + last[2] or (code >> 24 == 1 and point > 0x10000)):
            last[2] = code - last[0] + 1
        else:
            runs.append([code, point, 1])
    return runs


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def signed(n):
    return varint(n << 1 if n >= 0 else (-n << 1) | 1)


def main():
    pairs = {}
    for line in dump().splitlines():
        enc, raw, text = line.split("\t")
        pairs.setdefault(enc, []).append((code_of(bytes.fromhex(raw), enc),
                                          point_of(bytes.fromhex(text).decode())))
    out = bytearray()
    for enc in sorted(pairs):
        runs = runs_of(pairs[enc])
        out += enc.encode() + b"\0" + varint(len(runs))
        code_end = point_end = 0
        for code, point, n in runs:
            out += signed(code - code_end) + signed(point - point_end) + varint(n)
            code_end, point_end = code + n, point + n
    raw = TARGET + ".raw"
    with open(raw, "wb") as f:
        f.write(out)
    subprocess.run(["zstd", "-q", "-f", "-19", "--long=20", "--rm", raw, "-o", TARGET],
                   check=True)
    print(f"{len(pairs)} encodings, {len(out)} bytes, compressed {os.path.getsize(TARGET)}")


main()
