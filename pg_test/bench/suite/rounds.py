"""Rounds that take turns, so that what a noisy machine does to one contestant it does to all."""

from figures import count, median
from terminal import at, say


def measure(contestants, clients, plan, title):
    """The median of each contestant's rate, and all rates, by name. The first round warms up and does not count."""
    rates = {contestant.name: [] for contestant in contestants}
    for number in range(plan.rounds + 1):
        # Who goes first changes: what a round leaves behind for the next does not always meet the same one.
        first = number % len(contestants)
        for contestant in contestants[first:] + contestants[:first]:
            where = f"round {number} of {plan.rounds}" if number else "warming up"
            at(f"{title}, {clients} clients, {where}: {contestant.name}")
            run = contestant.run(clients, plan.round_seconds if number else 1)
            if number:
                rates[contestant.name].append(run.per_second)
        if number:
            said = "  ".join(f"{name} {count(of[-1])}" for name, of in rates.items())
            say(f"{title}, {clients} clients, round {number} of {plan.rounds}:  {said} a second")
    return {name: median(of) for name, of in rates.items()}, rates
