"""Is a ledger slower when it has grown?"""

import server
from answer import Answer, Chart, Table, Target
from contestants import Slashguard
from figures import count, decimals, percentile
from history import fill
from rounds import Rates
from terminal import at, say

NAME = "growth"
TITLE = "growth"

_CLIENTS = 8
_LEAST = 0.8
_WANTED_ROWS = 100_000_000


def ask(plan):
    small, large = Slashguard("small"), Slashguard("large")
    rates, slowest = Rates(["small", "large"]), Rates(["small", "large"])
    for contestant, rows in ((small, plan.small_history_rows), (large, plan.history_rows)):
        contestant.database = f"bench_growth_{contestant.name}"
        contestant.prepare()
        # Makes the validators and the node.
        contestant.run(_CLIENTS, 1)
        fill(contestant.database, rows, 1, f"{TITLE}, {contestant.name}")
        contestant.cycles += rows
        at(f"{TITLE}, {contestant.name}: VACUUM")
        server.ask(contestant.database, "VACUUM (FREEZE, ANALYZE) slashguard.claim")
    for number in range(plan.rounds + 1):
        for contestant in (small, large) if number % 2 else (large, small):
            at(f"{TITLE}, {_CLIENTS} clients, round {number} of {plan.rounds}: {contestant.name}")
            run = contestant.run(_CLIENTS, plan.round_seconds, latencies=True)
            if number:
                rates.add(contestant.name, run.per_second)
                slowest.add(contestant.name, percentile(run.latencies, 0.99))
        if number:
            said = "  ".join(f"{name} {count(of[-1])}" for name, of in rates.rounds.items())
            say(f"{TITLE}, {_CLIENTS} clients, round {number} of {plan.rounds}:  {said} a second")
    sizes = {one.name: server.bytes_of(one.database, "slashguard.claim") for one in (small, large)}
    for contestant in (small, large):
        contestant.check()
        server.drop_database(contestant.database)
    return _answer(plan, rates, slowest, sizes)


def _answer(plan, rates, slowest, sizes):
    history = {"small": plan.small_history_rows, "large": plan.history_rows}
    rows = [
        [f"{count(history[name])} duties", count(rates.median(name)), decimals(slowest.median(name)), decimals(sizes[name] / 1e9, 1)]
        for name in rates.rounds
    ]
    rate, latency = rates.ratio("large", "small"), slowest.ratio("small", "large")
    short = "" if plan.history_rows >= _WANTED_ROWS else f" (measured with {count(plan.history_rows)})"
    which = f"{count(_WANTED_ROWS)} duties on disk{short}, beside {count(plan.small_history_rows)}: at least {_LEAST}"
    heading = f"Duty cycles of {_CLIENTS} clients on top of history:"
    groups = [(f"{count(history[name])} duties", [("cycles", rates.median(name))]) for name in rates.rounds]
    return Answer(
        tables=[Table(heading, ["", "cycles a second", "p99 ms", "GB"], rows)],
        charts=[Chart(NAME, "Duty cycles on top of history", "a second", groups)],
        targets=[
            Target(f"{which} of the rate", decimals(rate), rate >= _LEAST),
            Target(f"{which} as quick at p99", decimals(latency), latency >= _LEAST),
        ],
        figures={"rows": history, "rates": rates.rounds, "p99_ms": slowest.rounds, "bytes": sizes, "of_rate": rate, "of_p99": latency},
    )
