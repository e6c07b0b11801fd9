"""Many clients ask for withdrawals of few recipients at once, while their backends are terminated. Then what they were told is held
against what was promised, and the views against a recount. In a second storm the ledger is sabotaged, and the same judge must
find it out.

Usage: storm.py FOLDER SECONDS SEED. The database PGDATABASE is new. The last line is `N passed, N failed`."""

import collections
import json
import multiprocessing
import pathlib
import random
import sys
import time

import client
import judge
import psycopg

CLIENTS, QUORUM, LIMIT = 16, 2, 100
# For what never comes.
PATIENCE = 120
folder, seconds, seed = pathlib.Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
counted = {"passed": 0, "failed": 0}

# What has to have happened before a storm is over: else it has shown nothing.
COVERAGE = ["acquired", "conflict", "other_content", "daily_limit", "in_progress", "already_signed", "taken over",
            "the same request again", "lost", "recorded", "released", "certainly unsigned"]


def check(name, faults, must_find=False):
    faults = list(faults)
    good = bool(faults) == must_find
    counted["passed" if good else "failed"] += 1
    print(f"ok: {name}" if good else f"FAILED: {name}", flush=True)
    if must_find:
        faults = faults[:1] or ["nothing was found"]
    for fault in faults[:20]:
        print(f"    {fault}", flush=True)


def seen(events):
    count = collections.Counter()
    for event in events:
        if event["what"] == "ask":
            count.update({event["outcome"] or "lost", event["cause"], event["how"]} - {None})
        elif event["what"] == "record" and event["result"]:
            count[event["result"]] += 1
        elif event["result"]:
            count["certainly unsigned" if event["certainly"] else "released"] += 1
    return count


class Storm:
    """Clients in processes of their own, for a time and until enough has happened."""

    def __init__(self, admin, name):
        self.admin = admin
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        self.dice = random.Random(f"{seed} {name}")
        self.name = name

    def round(self, number, asks, length, disturb):
        stop = multiprocessing.Event()
        files = [self.folder / f"{number}-{place}.json" for place in range(CLIENTS)]
        clients = [
            multiprocessing.Process(target=client.run, args=(place, f"{seed} {self.name} {number}", "", asks, stop, file))
            for place, file in enumerate(files)
        ]
        for process in clients:
            process.start()
        end = time.monotonic() + length
        while time.monotonic() < end:
            time.sleep(0.05)
            disturb()
        stop.set()
        for process in clients:
            process.join(PATIENCE)
            if process.exitcode != 0:
                process.kill()
                raise SystemExit(f"a client ended with {process.exitcode}")
        return [event for file in files for event in json.loads(file.read_text())]

    def run(self, length, disturb, is_over):
        asks = multiprocessing.Value("Q", 1)
        events, number, began = [], 0, time.monotonic()
        while True:
            events += self.round(number, asks, length, disturb)
            number += 1
            if is_over(events) or time.monotonic() - began > PATIENCE:
                return events

    def terminate_one(self):
        """A client's backend, wherever it is."""
        pids = self.admin.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'bridge %'").fetchall()
        if pids and self.dice.random() < 0.5:
            self.admin.execute("SELECT pg_terminate_backend(%s)", self.dice.choice(pids))


def prepare(admin):
    admin.execute("CREATE EXTENSION slashguard")
    # Noon: all of it is one day, whenever it runs.
    (offset,) = admin.execute(
        "SELECT extract(epoch FROM date_trunc('day', now(), 'UTC') + interval '12 hours' - now())::int").fetchone()
    admin.execute(f"ALTER DATABASE {admin.info.dbname} SET slashguard.clock_offset = {offset}")


def register(admin, identity):
    admin.execute("SELECT slashguard.register_chain('storm', 'bridge', %s, options => %s)", (
        f"1:0x{identity:040x}", json.dumps({
            "first_use": "trust", "signature_scheme": "none", "allow_unsigned_release": True, "quorum": QUORUM,
            "daily_limit": str(LIMIT)})))


SIGNED = """SELECT validator, withdrawal_request_id, message_hash, signature, signed_at FROM slashguard.duties
             WHERE chain = 'storm' AND duty_type = 'WITHDRAWAL' AND state = 'signed'"""
SHOWN = "SELECT signer, request_id, message_hash, signature FROM slashguard.withdrawal_signatures WHERE chain = 'storm'"
WAITING = """SELECT request_id, recipient, amount::int, sequence, message_hash, signatures, {} FROM slashguard.{}_withdrawals
              WHERE chain = 'storm' AND quorum = {}"""
# Straight from the tables: what each recipient has of messages that some signer did not release.
TOTALS = """SELECT '0x' || encode(recipient, 'hex'), sum(amount)
              FROM (SELECT DISTINCT w.withdrawal_request_id, w.message_hash, w.recipient, w.amount, w.sequence
                      FROM slashguard.withdrawal AS w
                      JOIN slashguard.claim AS c ON (c.slot, c.validator_id, c.message_hash)
                                                    = (w.withdrawal_request_id, w.validator_id, w.message_hash)
                     WHERE c.released_at IS NULL) AS standing
             GROUP BY recipient"""


def waiting(admin, name, moment):
    return set(admin.execute(WAITING.format(moment, name, QUORUM)).fetchall())


def hold_against_promises(admin, events):
    said, faults = judge.contents(events)
    check("no signer was granted two messages for one request", judge.two_messages(events))
    check("no signer was granted one hash for two contents", faults)
    check("no recipient was granted more than the limit at any time", judge.over_the_limit(events, LIMIT))
    check("nor has it more on record", (
        f"{recipient[-6:]} has {total}" for recipient, total in admin.execute(TOTALS).fetchall() if total > LIMIT))
    check("the signatures that relayers read are those that were recorded",
          judge.signatures(events, admin.execute(SHOWN).fetchall()))
    signed = admin.execute(SIGNED).fetchall()
    pending, ready = judge.recount(events, [(signer, request, of, at) for signer, request, of, _, at in signed], QUORUM)
    check("pending withdrawals are those of a recount",
          judge.differences("pending_withdrawals", pending, waiting(admin, "pending", "first_signed_at")))
    check("ready withdrawals are those of a recount",
          judge.differences("ready_withdrawals", ready, waiting(admin, "ready", "ready_at")))
    check("some are pending and some are ready", (what for what, rows in (("pending", pending), ("ready", ready)) if not rows))


# What only a superuser can do, who takes the ledger's own guards away first.
UNGUARD = "ALTER TABLE slashguard.claim DISABLE TRIGGER ALL"
HIDE = """UPDATE slashguard.claim SET signature = NULL
           WHERE ctid = (SELECT ctid FROM slashguard.claim WHERE signature IS NOT NULL LIMIT 1)"""
FORGET = "DELETE FROM slashguard.claim WHERE random() < 0.2"


def main():
    admin = psycopg.connect("", autocommit=True)
    prepare(admin)
    admin.close()
    admin = psycopg.connect("", autocommit=True)
    register(admin, 1)
    storm = Storm(admin, "storm")
    events = storm.run(seconds, storm.terminate_one, lambda events: not [what for what in COVERAGE if not seen(events)[what]])
    count = seen(events)
    print(f"{len(events)} calls of {CLIENTS} clients, seed {seed}: "
          + ", ".join(f"{number} {what}" for what, number in sorted(count.items())), flush=True)
    check("everything has happened that can", (f"nothing was: {what}" for what in COVERAGE if not count[what]))
    hold_against_promises(admin, events)
    admin.execute(UNGUARD)
    admin.execute(HIDE)
    check("a signature that is lost is found out", judge.signatures(events, admin.execute(SHOWN).fetchall()), must_find=True)

    admin.execute("DROP EXTENSION slashguard CASCADE")
    admin.execute("CREATE EXTENSION slashguard")
    register(admin, 2)
    admin.execute("SELECT slashguard.set_chain_option('storm', 'daily_limit', 'null')")
    admin.execute(UNGUARD)
    events = Storm(admin, "sabotaged").run(
        1, lambda: admin.execute(FORGET), lambda events: any(judge.two_messages(events)) and any(judge.over_the_limit(events, LIMIT)))
    check("claims that are forgotten are found out", judge.two_messages(events), must_find=True)
    check("a limit that does not hold is found out", judge.over_the_limit(events, LIMIT), must_find=True)
    print(f"{counted['passed']} passed, {counted['failed']} failed")
    return 1 if counted["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
