"""bulk.py: a committee of 31,250 attestations in one call, on a chain of 100,000 validators with history. All are granted, and their signatures
recorded, in little memory and with Postgres' own number of locks. How long it takes is measured elsewhere.
"""

import threading

import psycopg

from report import check, close, same

VALIDATORS, SIZE, EPOCH = 100_000, 31_250, 125
MOST_KILOBYTES = 256 * 1024
database = psycopg.connect("", dbname="bulk", autocommit=True)


def ask(query, *values):
    return database.execute(query, values).fetchone()[0]


def validator(number):
    return f"0x{number:096x}"


class Watched:
    """The memory of the backend beside what all share: the greatest that was seen."""

    def __init__(self, pid):
        self.status, self.greatest, self.ended = f"/proc/{pid}/status", 0, threading.Event()
        self.thread = threading.Thread(target=self.look)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def look(self):
        while not self.ended.wait(0.002):
            with open(self.status, encoding="ascii") as lines:
                self.greatest = max(self.greatest, *(int(line.split()[1]) for line in lines if line.startswith("RssAnon")))


def peak(pid):
    """The greatest of all memory since the backend began. Of the server's shared buffers a backend counts what it has touched, which is
    nobody's alone: so this is shown, and not held against anything."""
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def call(session, text, *values):
    return session.execute(text, values).fetchone()[0]


def burst(name, first):
    """One call for SIZE validators, and one with their signatures, in a backend of its own."""
    validators = [validator(first + n) for n in range(SIZE)]
    root, signature = "0x" + "01" * 32, "0x" + "51" * 96
    session = psycopg.connect("", dbname="bulk", autocommit=True)
    pid = session.info.backend_pid
    with Watched(pid) as watched:
        answers = call(session, """CALL slashguard.acquire_attestations('bulk', %s::text[], %s::bigint[], %s::bigint[], %s::text[], 'node-1', lease_ms => 3600000)""",
                      validators, [EPOCH - 1] * SIZE, [EPOCH] * SIZE, [root] * SIZE)
    # Taken apart by another backend.
    rows = database.execute("SELECT a.outcome, a.lock_token FROM unnest(%s::slashguard.acquisition[]) AS a", (answers,)).fetchall()
    acquired = sum(outcome == "acquired" for outcome, _ in rows)
    same(f"{name}: all are granted", SIZE, acquired)
    same(f"{name}: each with a token of its own", SIZE, len({token for _, token in rows}))
    same(f"{name}: all are on record", SIZE, ask("""SELECT count(*) FROM slashguard.claim AS c JOIN slashguard.validator AS v ON v.id = c.validator_id
        WHERE c.slot = %s AND v.key >= decode(lpad(to_hex(%s::bigint), 96, '0'), 'hex') AND v.key < decode(lpad(to_hex(%s::bigint), 96, '0'), 'hex')""",
                                                    EPOCH * 32, first, first + SIZE))
    print(f"{name}: {watched.greatest // 1024} MB of its own, {peak(pid) // 1024} MB with shared buffers")
    check(f"{name}: it took little memory", 0 < watched.greatest < MOST_KILOBYTES, watched.greatest)
    with Watched(pid) as watched:
        answers = call(session, "CALL slashguard.record_signatures(%s::text[], %s::text[])", [token for _, token in rows], [signature] * SIZE)
    recorded = database.execute("SELECT count(r.recorded_at) FROM unnest(%s::slashguard.recording[]) AS r", (answers,)).fetchone()[0]
    same(f"{name}: all signatures are recorded", SIZE, recorded)
    print(f"{name}, recording: {watched.greatest // 1024} MB of its own, {peak(pid) // 1024} MB with shared buffers")
    check(f"{name}: recording took little memory", 0 < watched.greatest < MOST_KILOBYTES, watched.greatest)
    session.close()


same("the number of locks is Postgres' own", "64", ask("SHOW max_locks_per_transaction"))
ask("""SELECT slashguard.register_chain('bulk', 'ethereum', '0x' || repeat('0b', 32), now() - interval '4000.2 hours', '1 hour',
    '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null, "retention": null}')""")
chain = ask("SELECT id FROM slashguard.chain WHERE name = 'bulk'")
# By hand, as no caller could in this time: who has voted in each of the last epochs.
database.execute("""INSERT INTO slashguard.validator (chain_id, key, first_seen) SELECT %s, decode(lpad(to_hex(n), 96, '0'), 'hex'), now()
    FROM generate_series(1, %s) AS n""", (chain, VALIDATORS))
database.execute("INSERT INTO slashguard.node (name) VALUES ('node-0')")
for epoch in range(EPOCH - 4, EPOCH):
    database.execute("""INSERT INTO slashguard.claim (chain_id, slot, validator_id, duty_type_id, block_index, message_hash, node_id, secret, granted_at,
            lease_until, signed_at, signature, source_epoch)
        SELECT v.chain_id, %s, v.id, 2, -1, decode(repeat('0a', 32), 'hex'), n.id, gen_random_uuid(), now(), now(), now(), decode(repeat('51', 96), 'hex'), %s
          FROM slashguard.validator AS v, slashguard.node AS n WHERE v.chain_id = %s AND n.name = 'node-0'""", (epoch * 32, epoch - 1, chain))
database.execute("VACUUM ANALYZE slashguard.claim")
burst("known validators", 1)
# Imported history bounds each of them by itself.
database.execute("UPDATE slashguard.validator SET history_source_epoch = 100, history_target_epoch = 101 WHERE id % 2 = 0")
burst("validators half of whom have imported history", 1 + SIZE)
close()
