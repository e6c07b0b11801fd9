"""Do claims wait while old history is deleted, and does the space come back?"""

import re
import subprocess
import sys
import threading
import time

import duties
import server
from answer import PROCESSORS_ARE_SHARED, Answer, Chart, Table, Target
from contestants import Contestant
from figures import count, decimals, median, percentile
from history import fill
from load import WARM_UP_SECONDS
from server import Failed
from terminal import at, say

NAME = "cleanup"
TITLE = "cleanup"

_CLIENTS = 8
_WINDOW_SECONDS = 8
# Fewer say nothing about the slowest of a hundred.
_LEAST_CLAIMS = 1_000
_MOST_P99 = 2
# Index pages that were emptied are used again one vacuum later, so the first rounds still grow.
_FIRST_ROUND = 3
# Free space is found page by page: a table that is refilled may end some pages later.
_MOST_GROWTH = 1.02


class Claims(Contestant):
    """Claims of a chain that began in 2020, so that low slots are old."""

    script, database = "claim", "bench_cleanup"

    def prepare(self):
        server.fresh_database(self.database, extension=True)
        duties.register_aztec_chain(server, self.database, genesis="'2020-01-01+00'", duration="1 s")


class Cleanup(threading.Thread):
    """What pg_cron runs every minute, where nothing up to a slot is to be kept. `beside`: so many claiming clients, warm by then."""

    def __init__(self, database, last_slot, beside=0):
        super().__init__()
        self.database, self.last_slot, self.beside, self.said, self.failure = database, last_slot, beside, "", None
        self.began = self.ended = 0

    def run(self):
        try:
            age = f"extract(epoch FROM now() - '2020-01-01+00'::timestamptz)::bigint - {self.last_slot + 1}"
            server.ask(self.database, f"SELECT slashguard.set_chain_option('{duties.CHAIN}', 'retention', to_jsonb(({age}) || ' s'))")
            if self.beside:
                server.wait_for_sessions(self.database, self.beside)
                time.sleep(2 * WARM_UP_SECONDS)
            self.began = time.time()
            self.said = server.notices(self.database, "CALL slashguard.run_maintenance()")
            self.ended = time.time()
        except Failed as failure:
            self.failure = failure

    def check(self, rows):
        if self.failure:
            raise self.failure
        deleted = re.search(r"(\d+) old rows deleted", self.said)
        if not deleted or int(deleted[1]) != rows:
            raise Failed(f"cleanup: {rows} old duties, and maintenance said: {self.said}")


def ask(plan):
    claims = Claims("claims")
    claims.prepare()
    rate = int(claims.run(_CLIENTS, plan.round_seconds).per_second / 2)
    rows, last_slot = plan.cleanup_rows, 0
    alone, beside, busy, seconds = [], [], [], []
    for number in range(plan.rounds):
        last_slot = fill(claims.database, rows, last_slot + 1, TITLE)
        at(f"{TITLE}, round {number + 1} of {plan.rounds}: claims alone")
        alone.append(_p99(claims, rate))
        at(f"{TITLE}, round {number + 1} of {plan.rounds}: claims beside a busy processor")
        busy.append(_p99_beside_a_loop(claims, rate))
        at(f"{TITLE}, round {number + 1} of {plan.rounds}: claims beside the deletion")
        cleanup = Cleanup(claims.database, last_slot, beside=_CLIENTS)
        cleanup.start()
        runs = []
        while cleanup.is_alive():
            runs.append(claims.run(_CLIENTS, _WINDOW_SECONDS, rate=rate, latencies=True))
        cleanup.join()
        cleanup.check(rows)
        met = [latency for run in runs for ended, latency in run.timed if cleanup.began <= ended <= cleanup.ended]
        if len(met) < _LEAST_CLAIMS:
            raise Failed("cleanup: the deletion was over before claims were measured beside it. Raise CLEANUP_ROWS.")
        beside.append(percentile(sorted(met), 0.99))
        seconds.append(cleanup.ended - cleanup.began)
        said = f"{decimals(alone[-1])} ms alone, {decimals(busy[-1])} ms beside a loop, {decimals(beside[-1])} ms beside the deletion of {decimals(seconds[-1], 1)} s"
        say(f"{TITLE}, round {number + 1} of {plan.rounds}: p99 of a claim {said}")
    sizes = _sizes(claims.database, plan, last_slot)
    server.drop_database(claims.database)
    return _answer(plan, rate, alone, busy, beside, seconds, sizes)


def _p99(claims, rate):
    return percentile(claims.run(_CLIENTS, _WINDOW_SECONDS, rate=rate, latencies=True).latencies, 0.99)


def _p99_beside_a_loop(claims, rate):
    """What any process does to claims that keeps a processor to itself, and touches nothing of the database."""
    loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        return _p99(claims, rate)
    finally:
        loop.kill()
        loop.wait()


def _sizes(database, plan, last_slot):
    """Bytes after each round of filling, deleting and vacuuming."""
    sizes = []
    for number in range(plan.cleanup_rounds):
        last_slot = fill(database, plan.cleanup_rows, last_slot + 1, f"{TITLE}, size, round {number + 1} of {plan.cleanup_rounds}")
        at(f"{TITLE}, size, round {number + 1} of {plan.cleanup_rounds}: deletion")
        cleanup = Cleanup(database, last_slot)
        cleanup.run()
        cleanup.check(plan.cleanup_rows)
        # What autovacuum does within its minute.
        server.ask(database, "VACUUM slashguard.claim")
        sizes.append(server.bytes_of(database, "slashguard.claim"))
        say(f"{TITLE}, size, round {number + 1} of {plan.cleanup_rounds}: {decimals(sizes[-1] / 1e6, 0)} MB")
    return sizes


def _answer(plan, rate, alone, busy, beside, seconds, sizes):
    factor = median(with_it / without for with_it, without in zip(beside, alone))
    growth = sizes[-1] / sizes[min(_FIRST_ROUND, len(sizes)) - 1]
    half = [median(times) for times in (alone, busy, beside)]
    rows = [["p99 of a claim, ms", *(decimals(time) for time in half)], ["the deletion, s", "", "", decimals(median(seconds), 1)]]
    heading = f"{count(plan.cleanup_rows)} old duties are deleted while {_CLIENTS} clients claim {count(rate)} a second (half of what they can):"
    size_rows = [[f"{number + 1}", decimals(size / 1e6, 0)] for number, size in enumerate(sizes)]
    needs = f"beside a loop that touches no database it is {decimals(median(with_it / without for with_it, without in zip(busy, alone)))} times. {PROCESSORS_ARE_SHARED}"
    return Answer(
        tables=[
            Table(heading, ["", "alone", "beside a loop that keeps one processor busy", "beside the deletion"], rows),
            Table(f"Size after {count(plan.cleanup_rows)} more duties came and went:", ["round", "MB"], size_rows),
        ],
        charts=[Chart(NAME, "p99 of a claim", "ms", [("", [("alone", half[0]), ("beside a busy loop", half[1]), ("beside a cleanup", half[2])])])],
        targets=[
            Target(f"claims while {count(plan.cleanup_rows)} duties are deleted: p99 at most {_MOST_P99} times", decimals(factor), factor <= _MOST_P99, needs),
            Target(f"no growth over {len(sizes)} rounds of cleanup (from round {_FIRST_ROUND} on at most {_MOST_GROWTH} times)", decimals(growth), growth <= _MOST_GROWTH),
        ],
        figures={"claims_a_second": rate, "p99_alone_ms": alone, "p99_beside_loop_ms": busy, "p99_beside_ms": beside, "deletion_seconds": seconds, "bytes": sizes},
    )
