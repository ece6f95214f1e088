"""Random values of every built-in type, as SQL expressions, and what the types are like.

A Type knows how it is written in DDL, makes a random value (never NULL) as an
expression of just that type, and says how two databases can compare it:

    send    by its binary form, bit by bit
    text    by its output: the binary form holds OIDs, or there is none
"""
import struct

NASTY = ["", " ", "\\.", "\\N", "NULL", "null", "\t", "\n", "\r", "\r\n", "\\", "\\\\", "\\n",
         "\b\f\v", "\u2028", "\u2029", "\u0085", "e\u0301", "\u00e4", "\u0416", "\u65e5\u672c",
         "\U0001f600", "\ufeff", "\x01", "\x1a", "\x7f", '"', "'", "`", ",", ";", "{", "}", "[", "]",
         "(", ")", ":", "=>", "$1", "%s", "$$", "--", "/*", "<&>", "x", "y", "0", "-", "\ufffd",
         "\\x00", "\\u0000", "\ud7ff", "\ue000", '{"$portl":{"end":true}}', "PGCOPY\n"]


def nasty(rng, most=12):
    """Text of whatever breaks quoting, escapes, lines, encodings."""
    if rng.random() < 0.02:
        return rng.choice(NASTY[1:]) * rng.randint(1, 20000)
    made = []
    for _ in range(rng.choice([0, 1, 1, 2, 3, 5, most])):
        if rng.random() < 0.8:
            made.append(rng.choice(NASTY))
        else:
            code = rng.choice([rng.randint(1, 0xff), rng.randint(1, 0xd7ff),
                               rng.randint(0xe000, 0x10ffff)])
            made.append(chr(code))
    return "".join(made)


def cut(text, size):
    """At most size bytes of UTF-8, whole characters."""
    return text.encode()[:size].decode("utf-8", "ignore")


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def floating(rng, size):
    """Any bit pattern; the digits of a NaN's are lost in text, see nan_pattern."""
    kind, code, bits = (">d", ">Q", 64) if size == 8 else (">f", ">I", 32)
    if rng.random() < 0.3:
        return rng.choice(["NaN", "Infinity", "-Infinity", "0", "-0", "0.1", "-1.5", "1e-5",
                           "5e-324" if size == 8 else "1e-45",
                           "1.7976931348623157e308" if size == 8 else "3.4028235e38"])
    value = struct.unpack(kind, struct.pack(code, rng.getrandbits(bits)))[0]
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))


def finite(rng):
    value = floating(rng, 8)
    return "0.30000000000000004" if value[-1] in "Ny" else value


def digits(rng, most):
    return "".join(rng.choice("0123456789") for _ in range(rng.randint(1, most)))


def numeric(rng):
    if rng.random() < 0.3:
        return rng.choice(["NaN", "0", "0.000", "-0.10", "1e-16383", "9" * 2000, "1e5", "-1.10",
                           "10000", "1" + "0" * 400, "0.00001234", "9999999999999999.9999"])
    text = rng.choice(["", "-"]) + digits(rng, rng.choice([3, 20, 60]))
    return text if rng.random() < 0.4 else text + "." + digits(rng, rng.choice([1, 4, 30]))


def limited(rng, precision, scale):
    value = rng.randint(-10 ** precision + 1, 10 ** precision - 1)
    return "NaN" if rng.random() < 0.05 else "%de%d" % (value, -scale)


def integer(bits):
    top = 1 << (bits - 1)

    def make(rng):
        return str(rng.choice([-top, top - 1, 0, -1, rng.randint(-top, top - 1), rng.randint(-9, 99)]))
    return make


def unsigned(bits):
    def make(rng):
        return str(rng.choice([0, (1 << bits) - 1, rng.getrandbits(bits)]))
    return make


def clock(rng):
    if rng.random() < 0.1:
        return rng.choice(["24:00:00", "00:00:00", "23:59:59.999999"])
    return "%02d:%02d:%02d.%06d" % (rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59),
                                    rng.choice([0, 500000, rng.randint(0, 999999)]))


def zone(rng):
    return "%s%02d:%02d:%02d" % (rng.choice("+-"), rng.randint(0, 15), rng.randint(0, 59),
                                 rng.choice([0, 0, rng.randint(0, 59)]))


def day(rng):
    if rng.random() < 0.2:
        return rng.choice(["infinity", "-infinity", "4713-01-01 BC", "5874897-12-31", "2000-01-01",
                           "0001-01-01", "0001-12-31 BC", "1999-12-31"])
    if rng.random() < 0.1:
        return "%04d-%02d-%02d BC" % (rng.randint(1, 4712), rng.randint(1, 12), rng.randint(1, 28))
    return "%04d-%02d-%02d" % (rng.randint(1, 9999), rng.randint(1, 12), rng.randint(1, 28))


def moment(rng):
    if rng.random() < 0.2:
        return rng.choice(["infinity", "-infinity", "4713-01-01 00:00:00 BC", "0044-03-15 BC",
                           "294276-12-31 23:59:59.999999", "2000-01-01", "1999-12-31 23:59:59.999999"])
    return "%04d-%02d-%02d %s" % (rng.randint(1, 9999), rng.randint(1, 12), rng.randint(1, 28), clock(rng))


def rounded_moment(rng):
    """For timestamps with fewer digits: the last one would be rounded out of range."""
    return moment(rng).replace("294276-12-31", "294276-12-30")


def duration(rng):
    if rng.random() < 0.2:
        return rng.choice(["0", "178000000 years", "-178000000 years", "-2147483648 days", "1 mon -1 day",
                           "-1 year 2 mons -3 days +04:05:06.7", "-00:00:00.000001",
                           "596523:14:07.999999", "1 day 24:00:00"])
    # Servers before 15 read no more than 32 bits of any unit.
    seconds, micros = divmod(rng.randint(0, 10 ** 15), 10 ** 6)
    return "%d mons %d days %s%d:%02d:%02d.%06d" % (
        rng.randint(-2000, 2000), rng.randint(-40000, 40000), rng.choice("+-"),
        seconds // 3600, seconds // 60 % 60, seconds % 60, micros)


def json_text(rng, deep=2, keys_once=False):
    kind = rng.randint(0, 7 if deep else 4)
    if kind == 0:
        return rng.choice(["null", "true", "false"])
    if kind <= 2:
        return rng.choice(["0", "-1.10", "1e3", "9007199254740993", "0.000", "1" * 40, "-0", "1.0E+2"])
    if kind <= 4:
        text = "".join("\\u%04x" % ord(c) if c < " " else "\\" + c if c in '"\\' else c
                       for c in nasty(rng, 4))
        return '"' + text + '"'
    blank = rng.choice(["", "", " ", "\n", "\t ", "\r\n"])
    inner = [json_text(rng, deep - 1, keys_once) for _ in range(rng.randint(0, 3))]
    if kind == 5:
        return "[" + blank + ("," + blank).join(inner) + blank + "]"
    keys = ["a", "a", "b c", "\\u00e9", "$portl", ""]
    return "{" + blank + ",".join('%s"%s"%s:%s%s' % (blank, rng.choice(keys), blank, blank, v)
                                  for v in inner) + "}"


def xml_text(rng):
    return rng.choice(["", "<a/>", "text <b c=\"d\">&amp;</b>", "\n <x/>\n", "<a>\u00fc\u2028</a>",
                       "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>", "<?xml version=\"1.0\"?>\n<a/>",
                       "<a><![CDATA[\\N\t]]></a>", "<a>&#9;</a>"])


def words(rng):
    return " ".join("".join(rng.choice("ab\u0416'\\\"&|!:* ") for _ in range(rng.randint(1, 6)))
                    for _ in range(rng.randint(1, 6)))


def address(rng):
    if rng.random() < 0.5:
        return "%s/%d" % (".".join(str(rng.randint(0, 255)) for _ in range(4)), rng.choice([32, 32, rng.randint(0, 32)]))
    return "%s/%d" % (":".join("%x" % rng.getrandbits(16) for _ in range(8)), rng.choice([128, 128, rng.randint(0, 128)]))


def octets(count):
    def make(rng):
        return ":".join("%02x" % rng.getrandbits(8) for _ in range(count))
    return make


def pair(rng, number=finite):
    return "(%s,%s)" % (number(rng), number(rng))


def points(rng, least):
    return ",".join(pair(rng) for _ in range(rng.randint(least, 4)))


def bits(least, most):
    def make(rng):
        return "".join(rng.choice("01") for _ in range(rng.randint(least, most)))
    return make


def octet_string(rng):
    return "\\x" + bytes(rng.getrandbits(8) for _ in range(rng.choice([0, 1, 3, 20, 300]))).hex()


def one_of(*choices):
    return lambda rng: rng.choice(choices)


class Type:
    """A type; sql is how DDL writes it, base what a value is cast to."""

    def __init__(self, sql, make, compare="send", portable=True, collates=False, distinct=None,
                 subtype=False, name=None):
        self.sql, self.compare, self.portable = sql, compare, portable
        self.make, self.collates, self.distinct = make, collates, distinct
        self.subtype = subtype          # can be what a range is made of
        self.name = name or sql         # in pg_type
        self.send = None                # the send function's name
        self.json = self.floats = self.builtin = False
        self.cuts = self.name in ("name", "char")
        self.is_xml = sql == "xml"      # or made of it

    def value(self, rng):
        return self.make(rng)


def plain(sql, text, **more):
    """A type whose values are written as text and read by its input function."""
    return Type(sql, lambda rng: "%s::%s" % (quote(text(rng)), sql), **more)


def expression(sql, make, **more):
    return Type(sql, lambda rng: "(%s)::%s" % (make(rng), sql), **more)


def spread(i):
    """Distinct numbers in no order."""
    return (i * 7919 + 13) % 100003


def string(sql, size, blanks=True, **more):
    def text(rng):
        made = nasty(rng)[:size]
        return made if blanks else made.rstrip(" ")
    return plain(sql, text, collates=True, **more)


def range_of(name, element, multi=False):
    """Of ordered element values; the constructor puts bounds into order."""
    def one(rng):
        if rng.random() < 0.15:
            return "'empty'::%s" % name
        low = "NULL" if rng.random() < 0.15 else element.value(rng)
        high = "NULL" if rng.random() < 0.15 else element.value(rng)
        kind = rng.choice(["[)", "[]", "()", "(]"])
        if "NULL" in (low, high):
            return "%s(%s, %s, '%s')" % (name, low, high, kind)
        return ("(SELECT CASE WHEN a <= b THEN %s(a, b, '%s') ELSE %s(b, a, '%s') END FROM (SELECT %s AS a, %s AS b) x)"
                % (name, kind, name, kind, low, high))

    def several(rng):
        return "%s(%s)" % (multi, ", ".join(one(rng) for _ in range(rng.randint(0, 3))))
    return several if multi else one


def small_number(rng):
    return "%d.%02d" % (rng.randint(-10 ** 6, 10 ** 6), rng.randint(0, 99))


# Bounds that every range takes: canonical forms add one to the greatest.
BOUNDS = {
    "int4": plain("int4", lambda rng: str(rng.randint(-2 ** 31, 2 ** 31 - 2))),
    "int8": plain("int8", lambda rng: str(rng.randint(-2 ** 63, 2 ** 63 - 2))),
    "num": plain("numeric", numeric),
    "ts": plain("timestamp", moment),
    "tstz": plain("timestamptz", moment),
    "date": plain("date", lambda rng: "%04d-%02d-%02d" % (rng.randint(1, 9999), rng.randint(1, 12), rng.randint(1, 28))),
}


def ranges():
    for name, element in BOUNDS.items():
        yield Type(name + "range", range_of(name + "range", element))
        yield Type(name + "multirange", range_of(name + "range", element, name + "multirange"))


def reg(name, *choices):
    return plain(name, one_of(*choices), compare="text", portable=False)


BUILTIN = [
    plain("int2", integer(16), distinct=lambda i: str(i - 9), subtype=True),
    plain("int4", integer(32), distinct=lambda i: str(spread(i)), subtype=True),
    plain("int8", integer(64), distinct=lambda i: str(spread(i) - 2 ** 60), subtype=True),
    plain("numeric", numeric, distinct=lambda i: "%d.%d" % (spread(i), i % 10), subtype=True),
    plain("numeric(7,2)", lambda rng: limited(rng, 7, 2), name="numeric"),
    plain("numeric(30,15)", lambda rng: limited(rng, 30, 15), name="numeric"),
    plain("numeric(38)", lambda rng: limited(rng, 38, 0), name="numeric"),
    plain("float4", lambda rng: floating(rng, 4), subtype=True),
    plain("float8", lambda rng: floating(rng, 8), subtype=True),
    plain("money", lambda rng: rng.choice(["-92233720368547758.08", "92233720368547758.07", "0.01", small_number(rng)])),
    string("text", 10 ** 6, distinct=lambda i: NASTY[i % len(NASTY)] + "|" + str(spread(i)), subtype=True),
    string("varchar", 10 ** 6, distinct=lambda i: str(i) + "|" + NASTY[i % len(NASTY)]),
    string("varchar(5)", 5, name="varchar"),
    string("bpchar", 100, blanks=False),
    string("char(6)", 6, name="bpchar"),
    plain('"char"', lambda rng: rng.choice(["", "x", "\\", "~", " ", "\t"]), name="char"),
    plain("name", lambda rng: cut(nasty(rng), 63), collates=True),
    plain("bytea", octet_string, distinct=lambda i: "\\x%08x" % spread(i)),
    plain("bool", one_of("t", "f")),
    plain("date", day, distinct=lambda i: "%04d-01-%02d" % (1000 + i // 28, 1 + i % 28), subtype=True),
    plain("time", clock, subtype=True),
    plain("time(3)", clock, name="time"),
    plain("timetz", lambda rng: clock(rng) + zone(rng)),
    plain("timestamp", moment, subtype=True),
    plain("timestamp(1)", rounded_moment, name="timestamp"),
    plain("timestamptz", moment, distinct=lambda i: "2000-01-01 00:00:%02d.%06d+00" % (i % 60, spread(i)), subtype=True),
    plain("timestamptz(0)", rounded_moment, name="timestamptz"),
    plain("interval", duration, subtype=True),
    plain("interval year to month", duration, name="interval"),
    plain("interval second(2)", duration, name="interval"),
    plain("uuid", lambda rng: "%032x" % rng.getrandbits(128), distinct=lambda i: "%032x" % (spread(i) << 90), subtype=True),
    plain("json", json_text),
    plain("jsonb", json_text),
    plain("jsonpath", one_of("$", 'strict $.a[*] ? (@.b like_regex "^x" flag "i")', '$."a b\\n"[last]', "$.**{2 to 4}.c + 1.50")),
    plain("xml", xml_text, compare="text", portable=False),
    plain("bit(5)", bits(5, 5), name="bit"),
    plain("bit", bits(1, 1)),
    plain("varbit", bits(0, 70)),
    plain("varbit(9)", bits(0, 9), name="varbit"),
    plain("inet", address, subtype=True),
    expression("cidr", lambda rng: "network(%s::inet)" % quote(address(rng))),
    plain("macaddr", octets(6)),
    plain("macaddr8", octets(8)),
    plain("point", lambda rng: pair(rng, lambda r: floating(r, 8))),
    plain("line", lambda rng: "{%s,%s,%s}" % (rng.choice(["1", "-0.1"]), finite(rng), finite(rng))),
    plain("lseg", lambda rng: "[%s,%s]" % (pair(rng), pair(rng))),
    plain("box", lambda rng: "%s,%s" % (pair(rng), pair(rng))),
    plain("path", lambda rng: rng.choice(["(%s)", "[%s]"]) % points(rng, 1)),
    plain("polygon", lambda rng: "(%s)" % points(rng, 1)),
    plain("circle", lambda rng: "<%s,%s>" % (pair(rng), finite(rng).lstrip("-"))),
    expression("tsvector", lambda rng: "setweight(to_tsvector('simple', %s), '%s')" % (quote(words(rng)), rng.choice("ABCD"))),
    expression("tsquery", lambda rng: "%s('simple', %s) %s '%s'::tsquery" % (
        rng.choice(["plainto_tsquery", "phraseto_tsquery"]), quote(words(rng)), rng.choice(["&&", "||"]),
        rng.choice(["x", "'a b':*AB", "!''''", "q <3> r"]).replace("'", "''"))),
    plain("oid", unsigned(32)),
    plain("xid", unsigned(32)),
    plain("xid8", unsigned(64)),
    plain("cid", unsigned(32)),
    plain("tid", lambda rng: "(%d,%d)" % (rng.getrandbits(32), rng.getrandbits(16))),
    plain("pg_lsn", lambda rng: "%X/%X" % (rng.getrandbits(32), rng.getrandbits(32))),
    plain("txid_snapshot", one_of("10:20:10,14,15", "1:1:")),
    plain("pg_snapshot", one_of("10:20:10,14,15", "1:1:")),
    plain("refcursor", lambda rng: nasty(rng), compare="text"),
    plain("oidvector", one_of("", "1 2 4294967295"), compare="text", portable=False),
    plain("int2vector", one_of("", "-32768 0 32767"), compare="text", portable=False),
    expression("aclitem", lambda rng: "makeaclitem(10, 10, '%s', true)" % rng.choice(["SELECT", "UPDATE"]),
               compare="text", portable=False),
    reg("regclass", "pg_class", "pg_catalog.pg_type", "information_schema.tables", "-"),
    reg("regtype", "int4", "text", "numeric", "int4[]", "timestamptz"),
    reg("regproc", "now", "pg_catalog.pg_sleep"),
    reg("regprocedure", "lower(text)", "abs(integer)"),
    reg("regoper", "pg_catalog.||/", "pg_catalog.|/"),
    reg("regoperator", "+(integer,integer)", "-(NONE,integer)"),
    reg("regconfig", "english", "simple"),
    reg("regdictionary", "simple", "english_stem"),
    reg("regnamespace", "pg_catalog", "public"),
    reg("regrole", "pg_monitor", "-"),
    reg("regcollation", '"C"', '"POSIX"'),
] + list(ranges())

# Types of pg_catalog that no column of a user's holds: no input, or none that takes a value.
INTERNAL = {"gtsvector", "pg_node_tree", "pg_ndistinct", "pg_dependencies", "pg_mcv_list",
            "pg_brin_bloom_summary", "pg_brin_minmax_multi_summary"}

EXTENSIONS = {
    "hstore": plain("public.hstore", lambda rng: ", ".join(
        '"%s"=>%s' % (nasty(rng, 3).replace("\\", "\\\\").replace('"', '\\"'), rng.choice(["NULL", '""', '"x,=>"']))
        for _ in range(rng.randint(0, 3))), compare="text"),
    "citext": plain("public.citext", nasty, compare="text", collates=True),
    "ltree": plain("public.ltree", one_of("", "Top.Sub_1.x", "a", ".".join("abc")), compare="text"),
    "cube": plain("public.cube", lambda rng: "(%s,%s),(%s,0.1)" % (finite(rng), finite(rng), finite(rng)), compare="text"),
}


def setup(psql):
    """What this server has; fails if it has a type that nobody here makes values of."""
    have = {row[0]: row[1] for row in psql.run(
        "SELECT typname, typsend::text FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace"
        " AND typtype IN ('b', 'r', 'm') AND typcategory <> 'A' OR typname IN ('oidvector', 'int2vector');")}
    missing = set(have) - INTERNAL - {t.name for t in BUILTIN}
    if missing:
        raise SystemExit("no values for the types: " + ", ".join(sorted(missing)))
    known = [t for t in BUILTIN if t.name in have]
    for t in known:
        t.send, t.builtin = have[t.name], True
        t.json, t.floats = t.name == "json", t.name in ("float4", "float8")
    names = [row[0] for row in psql.run("SELECT name FROM pg_available_extensions;")]
    extensions = [name for name in EXTENSIONS if name in names]
    return known, extensions
