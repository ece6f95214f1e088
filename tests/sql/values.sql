-- Every built-in type with its extremes: a column a type, as many rows as the longest
-- list has values; `arrays` holds each column of `scalars` as one array, NULLs included.
-- What a server is too old for, stands as something else (tests/stream/values.bats says so).

SELECT :SERVER_VERSION_NUM >= 140000 AS has_14, :SERVER_VERSION_NUM >= 150000 AS has_15 \gset
\set infinities '\'Infinity\', \'-Infinity\''
\set most_hours '\'2562047788:00:54.775807\''
\set endless '\'[-Infinity,Infinity]\''
\set int4multi int4multirange
\set nummulti nummultirange
\set tstzmulti tstzmultirange
\set minus_2 -2
\if :has_14
\else
	\set infinities '1, -1'
	\set endless '\'[-1,1]\''
	\set int4multi text
	\set nummulti text
	\set tstzmulti text
\endif
\if :has_15
\else
	\set most_hours '\'2147483647:00:54.775807\''
	\set minus_2 0
\endif

CREATE TABLE scalars AS SELECT * FROM ROWS FROM (
	generate_series(1, 12),
	unnest('{-32768,32767,0,-1}'::smallint[]),
	unnest('{-2147483648,2147483647,0}'::integer[]),
	unnest('{-9223372036854775808,9223372036854775807,0,9007199254740993}'::bigint[]),
	unnest(ARRAY['NaN', :infinities, 0, 0.000, -0.10, 1.10, 1e-16383,
		repeat('9', 131072), '-' || repeat('123456789', 14563) || '.' || repeat('987654321', 1820),
		12345678901234567890.12345678901234567890, 10000]::numeric[]),
	unnest('{-99999.99,99999.99,0.01,0.00,NaN}'::numeric(7,2)[]),
	unnest(CASE WHEN :minus_2 = 0 THEN '{123,-456,0}' ELSE '{12300,-45600,0}' END::numeric(3,:minus_2)[]),
	unnest('{NaN,Infinity,-Infinity,-0,0,1.4e-45,1.17549435e-38,3.4028235e38,0.1,16777217}'::real[]),
	unnest('{NaN,Infinity,-Infinity,-0,0,5e-324,2.2250738585072014e-308,1.7976931348623157e308,0.1,0.30000000000000004,9007199254740993}'::float8[]),
	unnest('{-92233720368547758.08,92233720368547758.07,0,0.01}'::money[]),
	unnest(ARRAY['', ' ', '\.', '\N', 'NULL', 'null', E'tab\t lf\n cr\r crlf\r\n bs\\ \\n \b\f\v',
		U&'line\2028separator', U&'e\0301 combining \+01F600 four bytes', '"quoted" ''and'' `that`',
		repeat('long ', 20000), E'\x01\x7f']),
	unnest('{"",abc,"a  "}'::varchar(3)[]),
	unnest('{"","a","abcdef","  b"}'::char(6)[]),
	unnest('{"",x,"\\\\"}'::"char"[]),
	unnest(ARRAY['', 'x', repeat('n', 63), 'a "b" ''c'' \']::name[]),
	unnest(ARRAY['', '\x00', '\x5c5c78', '\xdeadbeef00ff']::bytea[] ||
		(SELECT string_agg(set_byte('\x00', 0, i), NULL ORDER BY i) FROM generate_series(0, 255) i)),
	unnest('{t,f}'::boolean[]),
	unnest('{infinity,-infinity,4713-01-01 BC,5874897-12-31,2000-01-01,1999-12-31,0001-01-01,0001-12-31 BC}'::date[]),
	unnest('{00:00,24:00,23:59:59.999999}'::time[]),
	unnest('{00:00+15:59:59,24:00-15:59:59,12:34:56.789+05:45,01:02:03.5-00:44:30}'::timetz[]),
	unnest('{infinity,-infinity,4713-01-01 00:00:00 BC,294276-12-31 23:59:59.999999,2000-01-01,1999-12-31 23:59:59.999999,0044-03-15 BC}'::timestamp[]),
	unnest('{infinity,-infinity,4713-01-01 00:00:00 BC,294276-12-31 23:59:59.999999,2000-01-01,1800-01-01,2021-10-31 02:30:00+02}'::timestamptz[]),
	unnest('{12:34:56.789,23:59:59.999}'::time(3)[]),
	unnest('{2001-02-03 04:05:06.7,1969-12-31 23:59:59}'::timestamp(1)[]),
	unnest(ARRAY['-1 year 2 mons -3 days +04:05:06.7', '178000000 years', '-178000000 years', '0',
		'-2147483648 days', '1 mon -1 day', '-00:00:00.000001', :most_hours,
		'-1 year -2 mons +3 days -04:05:06', '1 day 24:00:00', '30 days', '1 mon']::interval[]),
	unnest('{1 year 2 mons,-3 mons}'::interval year to month[]),
	unnest('{00000000-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-ffffffffffff}'::uuid[]),
	unnest(ARRAY['null', '"\u0000"', E' {"a" : 1 ,\t"a":\n2} ', '[]', '1e400', '"\ud83d\ude00"', '""', '1.10']::json[]),
	unnest(ARRAY['null', '{"b": [1.10, 1e3, null, "x"], "a": {}}', '""', '0.000', '123456789012345678901234567890.5', '[]', 'true', '"\"\\\u2028"']::jsonb[]),
	unnest(ARRAY['$', 'strict $.a[*] ? (@.b like_regex "^x" flag "i")', '$."a b"[last]']::jsonpath[]),
	unnest(ARRAY['', '<a/>', 'text <b c="d">&amp;</b>', E'\n <x/>\n', '<?xml version="1.0" encoding="UTF-8"?><a/>',
		E'<?xml version="1.0"?>\n<a/>', '<?xml version="1.0" standalone="yes"?><a>ü</a>',
		'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>']::xml[]),
	unnest('{10101,00000}'::bit(5)[]),
	unnest(ARRAY['', '1', repeat('10', 1000)]::varbit[]),
	unnest('{192.168.0.1,192.168.0.1/24,0.0.0.0/0,::1,2001:db8::/32,::ffff:1.2.3.4}'::inet[]),
	unnest('{192.168.0.0/24,10.0.0.0/8,2001:db8::/32,1.2.3.4/32}'::cidr[]),
	unnest('{08:00:2b:01:02:03,ff:ff:ff:ff:ff:ff}'::macaddr[]),
	unnest('{08:00:2b:01:02:03:04:05}'::macaddr8[]),
	unnest(ARRAY['(1.5,-0)', '(NaN,Infinity)', '(5e-324,1.7976931348623157e308)']::point[]),
	unnest(ARRAY['{1,-1,0}', '{0,0.1,3}']::line[]),
	unnest(ARRAY['[(0,0),(1,1)]', '[(0.1,0.2),(0.3,0.30000000000000004)]']::lseg[]),
	unnest(ARRAY['(1,1),(0,0)', '(0.1,0.2),(-1e300,-5e-324)']::box[]),
	unnest(ARRAY['((0,0),(1,1))', '[(0,0),(1,1),(2,0)]']::path[]),
	unnest(ARRAY['((0,0),(1,1),(2,0))', '((0.1,0.1))']::polygon[]),
	unnest(ARRAY['<(0,0),1>', '<(0.1,-0.2),1e-300>']::circle[]),
	unnest(ARRAY['', '''a b'':1A,2B ''c\\d'':16383', '''Кот'' ''it''''s'':3C']::tsvector[]),
	unnest(ARRAY['', '''a'' & ( ''b'' | !''c d'' )', '''x'' <-> ''y'':*AB', '( ''a'' <3> ''b'' ) <-> ''c''']::tsquery[]),
	unnest('{empty,"(,)","[1,5)","(,7)","[-2147483648,)"}'::int4range[]),
	unnest('{empty,"[-9223372036854775808,9223372036854775807)"}'::int8range[]),
	unnest(ARRAY['empty', '(,)', '[0.10,1.100]', '(NaN,)', :endless]::numrange[]),
	unnest('{"[-infinity,infinity]","(2000-01-01 00:00:00.000001,)"}'::tsrange[]),
	unnest('{"[-infinity,infinity)","(,2000-01-01 00:00:00+00)"}'::tstzrange[]),
	unnest('{empty,"[2000-01-01,infinity)","[-infinity,)"}'::daterange[]),
	unnest(ARRAY['{}', '{(,)}', '{[1,2),[5,9)}']:::int4multi[]),
	unnest(ARRAY['{}', '{[0.10,0.2],(3,)}']:::nummulti[]),
	unnest(ARRAY['{}', '{[2000-01-01 00:00:00+00,2000-01-02 00:00:00+00)}']:::tstzmulti[]),
	unnest('{0,4294967295}'::oid[]),
	unnest('{0,4294967295}'::xid[]),
	unnest('{0,18446744073709551615}'::xid8[]),
	unnest('{0,4294967295}'::cid[]),
	unnest(ARRAY['(0,0)', '(4294967295,65535)']::tid[]),
	unnest('{0/0,FFFFFFFF/FFFFFFFF}'::pg_lsn[]),
	unnest('{10:20:10\,14\,15,1:1:}'::txid_snapshot[]),
	unnest('{10:20:10\,14\,15}'::pg_snapshot[]),
	unnest(ARRAY['', '1 2 4294967295']::oidvector[]),
	unnest(ARRAY['', '-32768 0 32767']::int2vector[]),
	unnest('{"<unnamed portal 1>"}'::refcursor[])
) AS x(id, int2, int4, int8, num, num_7_2, num_3_minus2, float4, float8, money, text, varchar3,
	char6, char1, name, bytea, bool, date, time, timetz, ts, tstz, time3, ts1, interval,
	interval_ym, uuid, json, jsonb, jsonpath, xml, bit5, varbit, inet, cidr, macaddr, macaddr8,
	point, line, lseg, box, path, polygon, circle, tsvector, tsquery, int4range, int8range,
	numrange, tsrange, tstzrange, daterange, int4multi, nummulti, tstzmulti, oid, xid, xid8,
	cid, tid, lsn, txid_snapshot, pg_snapshot, oidvector, int2vector, refcursor);

SELECT format('CREATE TABLE arrays AS SELECT %s FROM scalars', string_agg(
	format('array_agg(%I ORDER BY id) AS %1$I', attname), ', ' ORDER BY attnum))
  FROM pg_attribute
 WHERE attrelid = 'scalars'::regclass AND attnum > 0 AND atttypid NOT IN ('oidvector'::regtype, 'int2vector'::regtype)
\gexec

INSERT INTO arrays (id, int4, text, float8, numrange) VALUES
	(NULL, '{}', '{}', '{}', '{}'),
	('[0:1]={1,2}', '[-3:-2][5:6]={{1,2},{3,NULL}}', '{{{a,"NULL"},{NULL,""}}}', '[2147483646:2147483646]={1}', '{empty,NULL}'),
	('{{1},{2}}', '{NULL}', ARRAY[E'"\\{},', E'\t\n', '{"a"}', ' x '], '{NULL,NaN}', ARRAY[]::numrange[]);

-- Names inside these depend on search_path, or have no binary form.
CREATE TABLE named AS SELECT * FROM ROWS FROM (
	unnest(ARRAY['pg_class', 'pg_catalog.pg_type', 'information_schema.tables', 'scalars', '-']::regclass[]),
	unnest(ARRAY['int4', 'text', 'numeric', 'int4[]', 'timestamptz']::regtype[]),
	unnest(ARRAY['now', 'pg_catalog.pg_sleep']::regproc[]),
	unnest(ARRAY['lower(text)', 'abs(integer)']::regprocedure[]),
	unnest(ARRAY['+(integer,integer)', '-(NONE,integer)']::regoperator[]),
	unnest(ARRAY['english', 'simple']::regconfig[]),
	unnest(ARRAY['simple', 'english_stem']::regdictionary[]),
	unnest(ARRAY['pg_catalog', 'public']::regnamespace[]),
	unnest(ARRAY[current_user, 'pg_monitor']::regrole[]),
	unnest(ARRAY['"C"', '"POSIX"']::regcollation[]),
	unnest(ARRAY[makeaclitem(10, 10, 'SELECT', true)])
) AS x(regclass, regtype, regproc, regprocedure, regoperator, regconfig, regdictionary, regnamespace,
	regrole, regcollation, aclitem);
