"""How many duty cycles a second: beside the raw limit of the server, and beside the Aztec client's own statements."""

from answer import Answer, Chart, Table, Target
from contestants import Aztec, RawInsert, RawUpdate, Slashguard
from figures import count, decimals, harmonic
from rounds import measure

NAME = "duty_cycle"
TITLE = "duty cycle"

_OF_LIMIT = {1: 0.85, 8: 0.85, 32: 0.75}
_OF_AZTEC = {1: 1.35, 32: 1.6}


def ask(plan):
    insert, update = RawInsert("raw insert"), RawUpdate("raw update")
    slashguard, aztec = Slashguard("slashguard"), Aztec("Aztec's statements")
    contestants = [insert, update, slashguard, aztec]
    for contestant in contestants:
        contestant.prepare()
    answer = Answer(figures={"unit": "cycles a second", "clients": {}})
    rows, groups = [], []
    for clients in plan.clients:
        medians, rates = measure(contestants, clients, plan, TITLE)
        limit = harmonic(medians[insert.name], medians[update.name])
        ours, theirs = medians[slashguard.name], medians[aztec.name]
        of_limit, of_aztec = ours / limit, ours / theirs
        rows.append(
            [str(clients), count(medians[insert.name]), count(medians[update.name]), count(limit), count(ours), count(theirs)]
            + [decimals(of_limit), decimals(of_aztec)]
        )
        groups.append((f"{clients} clients", [("raw limit", limit), (slashguard.name, ours), (aztec.name, theirs)]))
        answer.figures["clients"][clients] = {"rounds": rates, "medians": medians, "limit": limit, "of_limit": of_limit, "of_aztec": of_aztec}
        answer.targets += _target(_OF_LIMIT, clients, "of the raw limit", of_limit)
        answer.targets += _target(_OF_AZTEC, clients, "times Aztec's statements", of_aztec)
    for contestant in contestants:
        contestant.check()
    columns = ["clients", "raw insert", "raw update", "limit of a cycle", "slashguard", "Aztec's", "of limit", "of Aztec's"]
    answer.tables.append(Table(f"Duty cycles (claim and record) a second, median of {plan.rounds} rounds:", columns, rows))
    answer.charts.append(Chart(NAME, "Duty cycles: claim and record", "a second", groups))
    return answer


def _target(least, clients, words, measured):
    if clients not in least:
        return []
    return [Target(f"duty cycle, {clients} clients: at least {least[clients]} {words}", decimals(measured), measured >= least[clients])]
