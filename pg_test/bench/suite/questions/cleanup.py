"""Do claims wait while old history is deleted, and does the space come back?"""

import threading
import time

import duties
import server
from answer import Answer, Chart, Table, Target
from contestants import Contestant
from figures import count, decimals, percentile
from history import fill
from server import Failed
from terminal import at, say

NAME = "cleanup"
TITLE = "cleanup"

_CLIENTS = 8
_WINDOW_SECONDS = 4
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
    """Deletes batch by batch, as run_maintenance does, until nothing is left up to a slot."""

    def __init__(self, database, last_slot):
        super().__init__()
        self.database, self.last_slot, self.deleted, self.failure = database, last_slot, 0, None

    def run(self):
        try:
            age = f"now() - ('2020-01-01+00'::timestamptz + make_interval(secs => {self.last_slot + 1}))"
            while batch := server.ask_number(self.database, f"SELECT slashguard.cleanup_old_duties({age}, '{duties.CHAIN}')"):
                self.deleted += batch
        except Failed as failure:
            self.failure = failure

    def check(self, rows):
        if self.failure:
            raise self.failure
        if self.deleted != rows:
            raise Failed(f"cleanup: {rows} old duties, and {self.deleted} were deleted")


def ask(plan):
    claims = Claims("claims")
    claims.prepare()
    rate = int(claims.run(_CLIENTS, plan.round_seconds).per_second / 2)
    rows, last_slot = plan.cleanup_rows, 0
    alone, beside = [], []
    for number in range(plan.rounds):
        last_slot = fill(claims.database, rows, last_slot + 1, TITLE)
        at(f"{TITLE}, round {number + 1} of {plan.rounds}: claims alone")
        alone.append(_p99(claims, rate))
        cleanup = Cleanup(claims.database, last_slot)
        cleanup.start()
        window = []
        while cleanup.is_alive():
            at(f"{TITLE}, round {number + 1} of {plan.rounds}: claims beside the deletion, {count(cleanup.deleted)} rows gone")
            p99 = _p99(claims, rate)
            if cleanup.is_alive():
                window.append(p99)
        cleanup.join()
        cleanup.check(rows)
        if not window:
            raise Failed("cleanup: the deletion was over before claims were measured beside it. Raise CLEANUP_ROWS.")
        beside.append(max(window))
        say(f"{TITLE}, round {number + 1} of {plan.rounds}: p99 of a claim {decimals(alone[-1])} ms alone, {decimals(beside[-1])} ms beside it")
    sizes = _sizes(claims.database, plan, last_slot)
    server.drop_database(claims.database)
    return _answer(plan, rate, alone, beside, sizes)


def _p99(claims, rate):
    return percentile(claims.run(_CLIENTS, _WINDOW_SECONDS, rate=rate, latencies=True).latencies, 0.99)


def _sizes(database, plan, last_slot):
    """Bytes after each round of filling, deleting and vacuuming."""
    sizes = []
    for number in range(plan.cleanup_rounds):
        last_slot = fill(database, plan.cleanup_rows, last_slot + 1, f"{TITLE}, size, round {number + 1} of {plan.cleanup_rounds}")
        cleanup = Cleanup(database, last_slot)
        cleanup.start()
        while cleanup.is_alive():
            at(f"{TITLE}, size, round {number + 1} of {plan.cleanup_rounds}: {count(cleanup.deleted)} rows gone")
            time.sleep(0.2)
        cleanup.check(plan.cleanup_rows)
        # What autovacuum does within its minute.
        server.ask(database, "VACUUM slashguard.claim")
        sizes.append(server.bytes_of(database, "slashguard.claim"))
        say(f"{TITLE}, size, round {number + 1} of {plan.cleanup_rounds}: {decimals(sizes[-1] / 1e6, 0)} MB")
    return sizes


def _answer(plan, rate, alone, beside, sizes):
    factor = sorted(with_it / without for with_it, without in zip(beside, alone))[len(alone) // 2]
    growth = sizes[-1] / sizes[min(_FIRST_ROUND, len(sizes)) - 1]
    half = [sorted(times)[len(times) // 2] for times in (alone, beside)]
    rows = [["p99 of a claim, ms", decimals(half[0]), decimals(half[1])]]
    heading = f"{count(plan.cleanup_rows)} old duties are deleted while {_CLIENTS} clients claim {count(rate)} a second (half of what they can):"
    size_rows = [[f"{number + 1}", decimals(size / 1e6, 0)] for number, size in enumerate(sizes)]
    return Answer(
        tables=[
            Table(heading, ["", "without", f"with, the worst {_WINDOW_SECONDS} s"], rows),
            Table(f"Size after {count(plan.cleanup_rows)} more duties came and went:", ["round", "MB"], size_rows),
        ],
        charts=[Chart(NAME, "p99 of a claim", "ms", [("", [("alone", half[0]), ("beside a cleanup", half[1])])])],
        targets=[
            Target(f"claims while {count(plan.cleanup_rows)} duties are deleted: p99 at most {_MOST_P99} times", decimals(factor), factor <= _MOST_P99),
            Target(f"no growth over {len(sizes)} rounds of cleanup (from round {_FIRST_ROUND} on at most {_MOST_GROWTH} times)", decimals(growth), growth <= _MOST_GROWTH),
        ],
        figures={"claims_a_second": rate, "p99_alone_ms": alone, "p99_beside_ms": beside, "bytes": sizes},
    )
