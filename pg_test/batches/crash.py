"""crash.py tell FILE: batches one after the other, and a line for each duty that was granted, until the server is gone.
crash.py check FILE: whether all of it is on record. Its last line is `N passed, N failed`.
"""

import itertools
import sys

import psycopg

from report import close, same

SIZE = 40
what, path = sys.argv[1:]


def tell():
    validators = [f"0x{n:040x}" for n in range(1, SIZE + 1)]
    # Of the session, and in vain.
    session = psycopg.connect("", dbname="crash", autocommit=True, options="-c synchronous_commit=off")
    with open(path, "w", encoding="ascii") as told:
        for slot in itertools.count(1):
            try:
                answers = session.execute("CALL slashguard.acquire_duties('chain', %s::text[], %s, 'ATTESTATION', %s::text[], 'node')",
                                          (validators, slot, [f"0x{slot:064x}"] * SIZE)).fetchone()[0]
            except psycopg.Error:
                return
            # Each begins with its outcome.
            if answers.count("(acquired,") == SIZE:
                told.write(f"{slot}\n")
                told.flush()


def check():
    with open(path, encoding="ascii") as told:
        slots = [int(line) for line in told]
    with psycopg.connect("", dbname="crash") as session:
        rows = session.execute("SELECT slot, count(*) FROM slashguard.duties WHERE slot = ANY (%s) AND message_hash = '0x' || lpad(to_hex(slot), 64, '0') GROUP BY 1",
                               (slots,)).fetchall()
    on_record = dict(rows)
    same("many batches were granted before the server was killed", True, len(slots) >= 20)
    same("all that was granted is on record", [], [slot for slot in slots if on_record.get(slot) != SIZE])
    close()


{"tell": tell, "check": check}[what]()
