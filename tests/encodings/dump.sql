-- Every character of every encoding that the server converts to UTF8: encoding, bytes in
-- hex, UTF-8 in hex.  Of GB18030's characters beyond the basic plane, which are in one
-- row with Unicode's, the first and the last of each pair of leading bytes are tried,
-- or with -v all=1 all of them.
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset fieldsep '\t'
\if :{?all}
\else
\set all 0
\endif
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.try(b bytea, enc text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN convert_from(b, enc);
EXCEPTION WHEN OTHERS THEN
	RETURN NULL;
END $$;

CREATE TEMP VIEW encoding AS
	SELECT pg_encoding_to_char(conforencoding) AS enc,
		pg_encoding_max_length(conforencoding) AS width
	FROM pg_conversion WHERE contoencoding = pg_char_to_encoding('UTF8')
	AND conforencoding <> contoencoding AND condefault;
CREATE TEMP TABLE single AS
	SELECT enc, width, b, u FROM (SELECT enc, width, b, pg_temp.try(b, enc) AS u FROM encoding,
		LATERAL (SELECT set_byte('\x00'::bytea, 0, i) AS b FROM generate_series(1, 255) i) x) y
	WHERE u IS NOT NULL;
CREATE TEMP VIEW lead AS -- bytes that are no character by themselves
	SELECT enc, width, set_byte('\x00'::bytea, 0, i) AS b FROM encoding, generate_series(128, 255) i
	WHERE width > 1 AND (enc, set_byte('\x00'::bytea, 0, i)) NOT IN (SELECT enc, b FROM single);
CREATE TEMP VIEW longer AS
	SELECT enc, b || set_byte('\x00'::bytea, 0, j) AS b FROM lead, generate_series(1, 255) j
	UNION ALL
	SELECT enc, b || set_byte(set_byte('\x0000'::bytea, 0, i), 1, j)
	FROM lead, generate_series(128, 255) i, generate_series(128, 255) j
	WHERE enc LIKE 'EUC%' AND b IN ('\x8e', '\x8f')
	UNION ALL
	SELECT enc, b || set_byte(set_byte(set_byte('\x000000'::bytea, 0, i), 1, j), 2, k)
	FROM lead, generate_series(161, 168) i, generate_series(161, 254) j, generate_series(161, 254) k
	WHERE enc = 'EUC_TW' AND b = '\x8e'
	UNION ALL
	SELECT enc, b || set_byte(set_byte(set_byte('\x000000'::bytea, 0, i), 1, j), 2, k)
	FROM lead, generate_series(48, 57) i, generate_series(129, 254) j, generate_series(48, 57) k
	WHERE enc = 'GB18030' AND (b <= '\x84' OR b = '\xe3' OR :all = 1 OR ((j, k) IN ((129, 48), (254, 57))));

SELECT enc, encode(b, 'hex'), encode(convert_to(u, 'UTF8'), 'hex') FROM single
UNION ALL
SELECT enc, encode(b, 'hex'), encode(convert_to(u, 'UTF8'), 'hex')
FROM (SELECT enc, b, pg_temp.try(b, enc) AS u FROM longer) x WHERE u IS NOT NULL
ORDER BY 1, 2;
