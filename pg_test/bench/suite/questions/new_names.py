"""Do those who work wait when new validators, nodes and chains appear beside them?"""

from answer import Answer, Chart, Table, Target
from contestants import Slashguard
from figures import count, decimals, percentile
from load import finish, start
from rounds import Rates
from terminal import at, say
import duties

NAME = "new_names"
TITLE = "new names"

_CLIENTS = 8
# New names a second, and new chains a second.
_NAMES, _CHAINS = 100, 10
# The target says "without a dip"; rounds differ by so much by themselves.
_LEAST = 0.9


def ask(plan):
    contestant = Slashguard("slashguard")
    contestant.database = "bench_new_names"
    contestant.prepare()
    beside = {"known names": [("known_names", _NAMES + _CHAINS)], "new names": [("new_names", _NAMES), ("new_chains", _CHAINS)]}
    rates, slowest = Rates(beside), Rates(beside)
    contestant.run(_CLIENTS, 1)
    for number in range(plan.rounds):
        order = list(beside) if number % 2 else list(beside)[::-1]
        for name in order:
            at(f"{TITLE}, {_CLIENTS} clients, round {number + 1} of {plan.rounds}: beside {name}")
            run = _run_beside(contestant, plan.round_seconds, beside[name])
            rates.add(name, run.per_second)
            slowest.add(name, percentile(run.latencies, 0.99))
        said = "  ".join(f"beside {name} {count(of[-1])}" for name, of in rates.rounds.items())
        say(f"{TITLE}, {_CLIENTS} clients, round {number + 1} of {plan.rounds}:  {said} a second")
    contestant.check()
    ratio = rates.ratio("new names", "known names")
    rows = [[f"beside {name}", count(rates.median(name)), decimals(slowest.median(name))] for name in beside]
    heading = f"Duty cycles a second of {_CLIENTS} clients while {_NAMES} new validators and nodes and {_CHAINS} new chains appear a second:"
    target = f"new validators, nodes and chains in mid-storm: no dip (at least {_LEAST} of the rate beside known names)"
    return Answer(
        tables=[Table(heading, ["", "cycles a second", "p99 ms"], rows)],
        charts=[Chart(NAME, "Duty cycles beside new names", "a second", [("", [(name, rates.median(name)) for name in beside])])],
        targets=[Target(target, decimals(ratio), ratio >= _LEAST)],
        figures={"rates": rates.rounds, "p99_ms": slowest.rounds, "ratio": ratio},
    )


def _run_beside(contestant, seconds, loads):
    # For longer than what is measured.
    others = [start(contestant.database, script, 1, seconds + 1, duties.next_variables(), rate=rate) for script, rate in loads]
    run = contestant.run(_CLIENTS, seconds, latencies=True)
    for other in others:
        finish(other)
    return run
