"""Random types, columns and relations, and the DDL that makes them."""
from session import ident
from values import BUILTIN, EXTENSIONS, NASTY, Type, cut, nasty, quote, range_of

PATTERNS = 64  # rows of public.patterns: bit patterns of floats, NaNs with payloads too
COLLATIONS = ["C", "POSIX", "ucs_basic", "und-x-icu", "de-x-icu"]
RESERVED = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}


class Names:
    """Names that were not used before, from plain ones to what breaks quoting."""

    def __init__(self, rng, plain):
        self.rng, self.plain, self.used = rng, plain, set()

    def new(self):
        while True:
            name = self.some()
            if name and name not in self.used and name not in RESERVED:
                self.used.add(name)
                return name

    def some(self):
        rng = self.rng
        kind = rng.random()
        if kind < self.plain:
            return "c%d" % rng.randint(1, 10 ** 6)
        if kind < self.plain + 0.1:
            return rng.choice(["select", "A", "Table", "$portl", "'; drop table t; --", "excluded",
                               "user", "a.b", "\u0418\u043c\u044f", "portl", "nr", "oid"])
        if kind < self.plain + 0.2:
            return cut(rng.choice(["n", "\u044f", "\U0001f600", '"']) * 63, 63 - 3) + "%03d" % rng.randint(0, 999)
        return cut(nasty(rng), 63)


class Types:
    """The types that one case may use: the server's, and some of its own."""

    def __init__(self, rng, schema, names, builtin, extensions):
        self.rng, self.schema = rng, schema
        self.builtin = builtin
        self.pool = list(builtin)
        self.pool += [EXTENSIONS[name] for name in extensions] * 2
        self.names = names
        self.ddl = {"a": [], "b": []}  # the same types, but for dropped attributes and label order
        for _ in range(rng.choice([0, 0, 1, 2, 4])):
            made = rng.choice([self.enum, self.domain, self.composite, self.range])()
            self.pool += [made] * 4

    def both(self, text):
        for ddl in self.ddl.values():
            ddl.append(text)

    def qualified(self):
        return self.schema + "." + ident(self.names.new())

    def any(self):
        """A type, or an array of it; but of a domain over xml no array, which is refused, see member()."""
        made = self.rng.choice(self.pool)
        alone = made.name in ("oidvector", "int2vector") or made.is_xml and made.name != "xml"
        return array_of(made) if self.rng.random() < 0.2 and not alone else made

    def member(self):
        """Any but xml, which would lose its declaration inside of a type, and is refused there."""
        made = self.any()
        return self.member() if made.is_xml else made

    def enum(self, fixed=False):
        rng, name = self.rng, self.qualified()
        labels = sorted({cut(nasty(rng, 4), 63) for _ in range(rng.randint(1, 8))})
        for ddl in self.ddl.values():
            if not fixed:
                rng.shuffle(labels)
            ddl.append("CREATE TYPE %s AS ENUM (%s);" % (name, ", ".join(map(quote, labels))))
        labels.sort()
        return Type(name, lambda r: "%s::%s" % (quote(r.choice(labels)), name), compare="text")

    def domain(self):
        rng, name, base = self.rng, self.qualified(), self.any()
        check = rng.choice(["", " CHECK (VALUE IS NULL OR octet_length(VALUE::text) >= 0)"])
        self.both("CREATE DOMAIN %s AS %s%s;" % (name, base.sql, check))
        made = Type(name, lambda r: "%s::%s" % (base.value(r), name), base.compare, base.portable)
        made.send, made.json, made.floats = base.send, base.json, base.floats
        made.is_query, made.cuts, made.is_xml = is_query(base), base.cuts, base.is_xml
        return made

    def composite(self):
        rng, name = self.rng, self.qualified()
        members = [self.member() for _ in range(rng.randint(1, 4))]
        names = [self.names.new() for _ in members]
        attributes = ["%s %s" % (ident(n), t.sql) for n, t in zip(names, members)]
        for ddl in self.ddl.values():
            dropped = ident(self.names.new())
            if rng.random() < 0.3:
                place = rng.randint(0, len(attributes))
                ddl.append("CREATE TYPE %s AS (%s);" % (name, ", ".join(attributes[:place] + [dropped + " int4"] + attributes[place:])))
                ddl.append("ALTER TYPE %s DROP ATTRIBUTE %s;" % (name, dropped))
            else:
                ddl.append("CREATE TYPE %s AS (%s);" % (name, ", ".join(attributes)))

        def make(r):
            return "ROW(%s)::%s" % (", ".join("NULL" if r.random() < 0.2 else t.value(r) for t in members), name)
        made = Type(name, make, compare="text", portable=all(t.portable for t in members))
        made.cuts = any(t.cuts for t in members)
        return made

    def range(self):
        rng, name = self.rng, self.qualified()
        element = self.enum(fixed=True) if rng.random() < 0.3 else rng.choice([t for t in self.builtin if t.subtype])
        multi, options = self.qualified(), ""
        if any(t.name == "int4multirange" for t in self.builtin):
            options = ", MULTIRANGE_TYPE_NAME = " + multi
        else:
            multi = None
        self.both("CREATE TYPE %s AS RANGE (SUBTYPE = %s%s);" % (name, element.sql, options))
        made = Type(name, range_of(name, element), compare="text")
        if multi and rng.random() < 0.5:
            made = Type(multi, range_of(name, element, multi), compare="text")
        made.cuts = element.cuts
        return made


def is_query(t):
    return getattr(t, "is_query", t.name == "tsquery")


def array_of(element):
    sql = element.sql + "[]"

    def make(rng):
        def item():
            return "NULL" if rng.random() < 0.15 else element.value(rng)
        shape = rng.random()
        if shape < 0.15:
            return "'{}'::" + sql
        if shape < 0.8:
            return "ARRAY[%s]::%s" % (", ".join(item() for _ in range(rng.randint(1, 4))), sql)
        width = rng.randint(1, 3)
        inner = ", ".join("[%s]" % ", ".join(item() for _ in range(width)) for _ in range(rng.randint(1, 2)))
        made = "ARRAY[%s]::%s" % (inner, sql)
        if shape < 0.9:
            return made
        low = rng.randint(-5, 5)
        return "('[%d:%d]=' || ARRAY[%s]::%s::text)::%s" % (low, low + width - 1, ", ".join(item() for _ in range(width)), sql, sql)
    made = Type(sql, make, element.compare, element.portable)
    # The binary form has the element's OID, which only the server's own have in common.
    made.send = "array_send" if element.compare == "send" and "." not in element.sql else None
    made.is_query, made.json, made.cuts = is_query(element), element.json, element.cuts
    made.is_xml = element.is_xml
    if made.is_query:
        made.compare = "text"
    return made


class Column:
    def __init__(self, name, kind):
        self.name, self.type = name, kind
        self.collation = self.default = self.generated = self.identity = self.check = None
        self.not_null, self.null_rate, self.distinct = False, 0.2, None

    def ddl(self, plain=False, relaxed=False):
        parts = [ident(self.name), self.type.sql]
        if self.collation:
            parts.append("COLLATE " + ident(self.collation))
        if self.not_null and not relaxed:
            parts.append("NOT NULL")
        if self.generated and not plain:
            parts.append("GENERATED ALWAYS AS (%s) STORED" % self.generated)
        if self.identity and not plain:
            parts.append("GENERATED %s AS IDENTITY" % self.identity)
        if self.default:
            parts.append("DEFAULT " + self.default)
        if self.check:
            parts.append("CHECK (%s)" % self.check)
        return " ".join(parts)

    def value(self, rng, i):
        if self.default and rng.random() < 0.1:
            return "DEFAULT"
        if self.distinct:
            at = self.distinct(i)
            return "%s::%s" % (quote(self.type.distinct(at)), self.type.sql)
        if not self.not_null and rng.random() < self.null_rate:
            return "NULL"
        if self.type.name in ("float4", "float8") and self.type.floats and rng.random() < 0.3:
            return "(SELECT %s FROM public.patterns WHERE i = %d)" % (self.type.name, rng.randrange(PATTERNS))
        return self.type.value(rng)

    def compared(self, mode):
        """The expression by which two databases compare the column, see Case.modes."""
        q = ident(self.name)
        if self.type.json and mode == "ndjson":  # the line breaks in it become blanks
            return "translate(%s::text, E'\\n\\r', '  ')" % q
        if self.type.compare == "text" or self.type.send is None:
            return q + "::text"
        if mode != "exact" and self.type.floats:  # text has but one NaN
            return "%s(CASE WHEN %s = 'NaN' THEN 'NaN' ELSE %s END)" % (self.type.send, q, q)
        if mode != "exact" and is_query(self.type):  # text does not show all parentheses
            return "%s(%s::text::tsquery)" % (self.type.send, q)
        return "%s(%s)" % (self.type.send, q)


class Table:
    """Columns with constraints, and rows for them."""

    def __init__(self, rng, types):
        self.names = Names(rng, rng.choice([0.2, 0.8, 0.99]))
        width = rng.choice([0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 8, 13, 13, 20, 40])
        if rng.random() < 0.01:
            width = rng.choice([150, 1590])
        self.columns = [self.column(rng, types, width) for _ in range(width)]
        self.key = self.make_key(rng)
        for column in self.columns:
            self.adorn(rng, column)
        self.generate(rng, types)
        rng.shuffle(self.columns)
        self.nrows = rng.choice([0, 1, 2, 5, 10, 20, 40])
        if len(self.columns) <= 3 and rng.random() < 0.1:
            self.nrows = 500
        self.nrows = min(self.nrows, 1 + 2000 // max(width, 1))

    def column(self, rng, types, width):
        return Column(self.names.new(), types.any() if width < 150 else rng.choice(BUILTIN[:3]))

    def make_key(self, rng):
        """One, two or three columns that get distinct values together."""
        fit = [c for c in self.columns if c.type.distinct]
        if not fit or rng.random() < 0.3:
            return []
        key = rng.sample(fit, min(len(fit), rng.choice([1, 1, 2, 3])))
        for column, at in zip(key, [lambda i: i] if len(key) == 1 else
                              [lambda i: i // 3, lambda i: i % 3, lambda i: i % 5]):
            column.distinct, column.not_null = at, True
        return key

    def adorn(self, rng, column):
        if column.type.collates and rng.random() < 0.3:
            column.collation = rng.choice(COLLATIONS)
        # The server gives two sequences of long names the same name.
        if column.type.name in ("int2", "int4", "int8") and rng.random() < 0.2 and column.type.builtin \
                and len(column.name.encode()) < 20:
            column.identity, column.not_null = rng.choice(["ALWAYS", "BY DEFAULT"]), True
        elif not column.distinct and rng.random() < 0.2:
            column.default = column.type.value(rng)
            if "SELECT" in column.default or "regrole" in column.default:  # a default cannot have them
                column.default = None
        column.not_null = column.not_null or rng.random() < 0.15
        column.null_rate = rng.choice([0.1, 0.1, 0.5, 1.0])
        if rng.random() < 0.1:
            q = ident(column.name)
            column.check = "%s IS NULL OR octet_length(%s::text) >= 0" % (q, q)

    def generate(self, rng, types):
        """Columns that the server computes from others, or from nothing."""
        base = list(self.columns)
        known = {t.sql: t for t in types.builtin}
        for _ in range(rng.choice([0, 0, 0, 1, 2])):
            source = rng.choice(base) if base and rng.random() < 0.9 else None
            q = ident(source.name) if source else None
            if source is None:
                kind, text = "int4", "7"
            elif source.type.sql in ("text", "varchar"):
                kind, text = "text", "upper(%s COLLATE \"C\")" % q
            elif source.type.sql in ("int2", "int8", "int4"):
                kind, text = source.type.sql, "%s %% 7::%s" % (q, source.type.sql)
            elif source.type.sql == "float8":
                kind, text = "float8", "-" + q
            else:
                kind, text = "bool", "%s IS NOT NULL" % q
            made = Column(self.names.new(), known[kind])
            made.generated = text
            self.columns.append(made)

    def insertable(self):
        return [c for c in self.columns if not c.generated]

    def insert(self, rng, relation, first, count, columns=None):
        """The statement that makes rows first to first + count - 1."""
        columns = self.insertable() if columns is None else columns
        if count == 0:
            return ""
        if not columns:
            return "INSERT INTO %s SELECT FROM generate_series(1, %d);" % (relation, count) \
                if not self.columns else ("INSERT INTO %s DEFAULT VALUES;" % relation) * count
        rows = ["(%s)" % ", ".join(c.value(rng, i) for c in columns) for i in range(first, first + count)]
        return "INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES %s;" % (
            relation, ", ".join(ident(c.name) for c in columns), ",\n".join(rows))
