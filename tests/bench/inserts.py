#!/usr/bin/python3
"""inserts.py SET: the rows of mixed in database src into that of dst, as a client does it
that knows INSERT only: statements of 1,000 rows, in one transaction.  SET is what ON
CONFLICT sets.  execute_values is psycopg2's own way to send many rows in one statement."""
import sys

import psycopg2
from psycopg2.extras import execute_values

with psycopg2.connect(dbname="src") as source, psycopg2.connect(dbname="dst") as target:
    rows = source.cursor("rows")  # a cursor of the server's: not all rows at once
    rows.itersize = 10000
    # detail is jsonb, and stays text
    rows.execute("SELECT id, created, customer, status, amount, paid, note, detail::text FROM mixed")
    execute_values(
        target.cursor(),
        "INSERT INTO mixed VALUES %s ON CONFLICT (id) DO UPDATE SET " + sys.argv[1],
        rows,
        page_size=1000,
    )
