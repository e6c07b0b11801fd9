"""Rounds that take turns, so that what a noisy machine does to one contestant it does to all."""

from figures import clients_text, count, median
from terminal import at, say


class Rates:
    """The rates of all rounds. What is compared is compared within a round, where it was measured next to each other."""

    def __init__(self, names):
        self.rounds = {name: [] for name in names}

    def add(self, name, rate):
        self.rounds[name].append(rate)

    def derive(self, name, function, *names):
        """One more name, made of others round by round."""
        self.rounds[name] = [function(*rates) for rates in zip(*(self.rounds[of] for of in names))]

    def median(self, name):
        return median(self.rounds[name])

    def ratio(self, name, to):
        return median(ours / theirs for ours, theirs in zip(self.rounds[name], self.rounds[to]))


def measure(contestants, clients, plan, title):
    """The rates of contestants, and the microseconds that the server's processor spends on a cycle.

    Where somebody has not run before, a round to warm up comes first and does not count.
    """
    names = [contestant.name for contestant in contestants]
    rates, processor = Rates(names), Rates(names)
    for number in range(1 if all(contestant.cycles for contestant in contestants) else 0, plan.rounds + 1):
        # Who goes first changes: what a round leaves behind for the next does not always meet the same one.
        first = number % len(contestants)
        for contestant in contestants[first:] + contestants[:first]:
            where = f"round {number} of {plan.rounds}" if number else "warming up"
            at(f"{title}, {clients_text(clients)}, {where}: {contestant.name}")
            run = contestant.run(clients, plan.round_seconds if number else 1)
            if number:
                rates.add(contestant.name, run.per_second)
                processor.add(contestant.name, run.processor_us)
        if number:
            said = "  ".join(f"{name} {count(of[-1])}" for name, of in rates.rounds.items())
            say(f"{title}, {clients_text(clients)}, round {number} of {plan.rounds}:  {said} a second")
    return rates, processor
