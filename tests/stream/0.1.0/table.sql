-- What the streams beside this file hold: written by portl-extract 0.1.0 (commit 60e95d3)
-- from a database of PostgreSQL 15 that had just run this, with
--
--   portl-extract -d old -t items >binary.portl
--   portl-extract -d old -t items --values=text -Z zstd >text.portl.zst
--   portl-extract -d old -t items -F ndjson >ndjson.portl
--   portl-extract -d old -t items -F ndjson --quote-numbers -Z zstd:9 >quoted.portl.zst
--   portl-extract -d old -t nothing >empty.portl
--   portl-extract -d old -t missing >aborted.portl
CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"');
CREATE DOMAIN cents AS int CHECK (VALUE >= 0);
CREATE TYPE pair AS (a cents, b mood[]);
CREATE TABLE items (id bigint PRIMARY KEY, "Name" text NOT NULL, price numeric(12,2), ratio float8,
    at timestamptz, day date, took interval, raw bytea, tags text[], cost cents, m mood, p pair,
    span int4range, doc jsonb, old json, addr inet, u uuid, code character(4), bits varbit,
    twice int GENERATED ALWAYS AS (cost * 2) STORED);
INSERT INTO items VALUES
    (1, 'plain', 1.10, 0.1, '2026-11-24 18:42:15.123456+00', '2026-11-24', '1 day 02:03:04.5', '\x00ff', '{a,NULL,""}',
     5, 'sad', (3, '{sad}'), '[1,5)', '{"a": [1.0, null]}', '{"b":1,  "b":2}', '10.0.0.1/8',
     '00000000-0000-0000-0000-000000000001', 'ab', B'101'),
    (9007199254740993, E'tab\tline\n\\N "quoted" Ж', 'NaN', '-Infinity', 'infinity', '-infinity', '-1 year 2 mons -3 days',
     '', '[2:3]={x,y}', 0, 'it''s "ok"', (NULL, NULL), 'empty', '"\u00e9"', '[]', '::1',
     'ffffffff-ffff-ffff-ffff-ffffffffffff', '', B''),
    (-9223372036854775808, '', NULL, '-0', '0044-03-15 12:00:00+00 BC', NULL, NULL, NULL, '{}', NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO items (id, "Name", price, ratio, raw)
SELECT n, 'row ' || n, n / 7.0, 1 / n::float8, decode(md5(n::text), 'hex') FROM generate_series(2, 40) AS n;
CREATE TABLE nothing (a int PRIMARY KEY, b text);
